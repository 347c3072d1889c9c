//! Ways of paying, changed at once (rule 1.7).
//!
//! ```text
//!  pay-per-use ──order 11, paid──▶ yearly/monthly: the same name, and our id of it, for a term from the payment on
//!  yearly/monthly ──order 10, carried out──▶ pay-per-use: what is not used goes back without a fee
//! ```
//!
//! What is attached to a resource goes along, line by line. At the end of a term resources turn pay-per-use without an
//! order, which is not told here.

use domain::calendar::{Term, first_expiry};
use domain::order::{OrderType, SourceType};
use domain::subscription::{ExpirePolicy, ResourceStatus};
use platform::db::DbError;
use platform::op::{ApiError, Refusal};

use super::changes::charge_of;
use super::on_demand::{OnDemand, ended};
use super::ordering::{self, How, resource_of};
use super::to_on_demand::{self, Wish};
use super::{auto_renewals, cloud, life, sets, unsubscribing};
use crate::identity::service::standing;
use crate::orders::errors::OrderError;
use crate::orders::fulfilment::{AuthResult, Fulfilled, Shortage};
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, NewLine, NewReturn, Placed};
use crate::subscriptions::store::charges::{self, ChargeKind};
use crate::subscriptions::store::on_demand::{self, IN_USE};
use crate::subscriptions::store::{self, Resource};
use crate::webhooks::service as webhooks;
use crate::{Cx, codes};

/// The term that a resource is to have, and how it is to be paid.
#[derive(Debug, Clone)]
pub(in crate::subscriptions) struct WantedTerm {
    /// What is bought, in time.
    pub term: Term,
    /// It is paid at once, if that is possible.
    pub auto_pay: bool,
    /// It is renewed automatically.
    pub auto_renew: bool,
}

/// Orders that a pay-per-use resource of the caller's, with what is attached to it, becomes yearly/monthly.
///
/// # Errors
/// CBC.99003012, CBC.7281, CBC.99003100, CBC.99003144, CBC.0100 for an attached resource, those of pricing and of payment.
pub(in crate::subscriptions) async fn to_period(
    cx: &mut Cx,
    id: &str,
    wanted: &WantedTerm,
) -> Result<Placed, OrderError> {
    let found = super::named::find_on_demand(cx, id).await?;
    let buyer = ordering::buyer(cx, &found.account).await?;
    let set = super::named::lock_on_demand(cx, &found, id).await?;
    if let Some(parent) = found.parent.as_deref()
        && let Some(parent) = on_demand::find(&mut cx.tx, parent).await?.filter(|one| one.status == IN_USE)
    {
        return Err(Refusal::because(
            "id",
            format!("is attached to {}: name that one, and both become yearly/monthly", parent.resource_id),
            format!("为 {} 的附属资源，请指定主资源一并转换", parent.resource_id),
        )
        .into());
    }
    for one in &set {
        ordering::check_not_held(cx, &one.resource_id, one.open_order.as_deref()).await?;
    }
    let catalog = cx.app.catalog.current();
    let mut lines: Vec<Line> = Vec::with_capacity(set.len());
    for one in &set {
        let line = orders::price_line(cx, &catalog, &new_line(one, wanted.term), "resource")?;
        let line_no = i64::try_from(lines.len()).expect("a set has few resources") + 1;
        let attached_to = (line_no > 1).then_some(1);
        lines.push(Line { line_no, attached_to, resource: Some(one.id.clone()), ..line });
    }
    let how = How { auto_pay: wanted.auto_pay, auto_renew: wanted.auto_renew, promotion: None };
    ordering::place(cx, buyer, OrderType::ToPeriod, lines, how).await
}

fn new_line(one: &OnDemand, term: Term) -> NewLine {
    NewLine {
        cloud_service_type: one.service_type_code.clone(),
        resource_type: one.resource_type_code.clone(),
        resource_spec: one.resource_spec_code.clone(),
        region: one.region_code.clone(),
        available_zone: one.available_zone.clone(),
        resource_size: one.spec_size,
        size_measure_id: one.spec_size_measure_id,
        term,
        subscription_num: 1,
        resource_name: one.resource_name.clone(),
        project_id: one.project_id.clone(),
        enterprise_project_id: one.enterprise_project_id.clone(),
        attached_to: None,
    }
}

/// A pay-per-use resource that a line is about, locked.
async fn lock(cx: &mut Cx, order: &Order, line: &Line) -> Result<Option<OnDemand>, DbError> {
    let id = resource_of(order, line)?;
    let set = on_demand::lock_set(&mut cx.tx, &order.account, id).await?;
    Ok(set.into_iter().find(|one| one.id == id))
}

/// Locks the pay-per-use resources that lines are about, the primary first.
pub(super) async fn lock_all(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<(), DbError> {
    for line in lines {
        lock(cx, order, line).await?;
    }
    Ok(())
}

/// Which resources of an order that is about to be paid were released meanwhile; all are locked.
pub(super) async fn admit(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<Vec<Shortage>, ApiError> {
    let mut gone = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if lock(cx, order, line).await?.is_none() {
            gone.push(Shortage { line: at, auth_result: AuthResult::Other });
        }
    }
    Ok(gone)
}

/// An order waits, and holds the resources that it is about.
pub(super) async fn held(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<(), ApiError> {
    for line in lines {
        on_demand::hold(&mut cx.tx, &order.account, resource_of(order, line)?, Some(&order.id)).await?;
    }
    Ok(())
}

/// An order will not be paid, and holds nothing any more.
pub(super) async fn let_go(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<(), ApiError> {
    for line in lines {
        on_demand::hold(&mut cx.tx, &order.account, resource_of(order, line)?, None).await?;
    }
    Ok(())
}

/// The order was paid: its resources are yearly/monthly from now on, and no longer billed by use.
pub(super) async fn paid(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<Vec<Fulfilled>, ApiError> {
    let (mut resources, mut outcomes) = (Vec::new(), Vec::new());
    for line in lines {
        let expires_at = first_expiry(cx.now, line.term())
            .map_err(|error| DbError::Other(format!("the term of a line: {error}")))?;
        let used = lock(cx, order, line).await?;
        let used = used.ok_or_else(|| DbError::Other(format!("{:?} is no longer there", line.resource)))?;
        if used.held_at.is_some() {
            return Err(codes::ACCOUNT_FROZEN.error());
        }
        let ended = OnDemand { open_order: None, ..ended(used.clone(), cx.now) };
        on_demand::update(&mut cx.tx, &ended).await?;
        let primary = line.attached_to.and_then(|no| lines.iter().find(|other| other.line_no == no));
        let parent = primary.and_then(|primary| primary.resource.clone());
        let mut resource = resource(used, order, line, parent);
        resource.created_at = cx.now;
        resource.updated_at = cx.now;
        resource.effective_at = Some(cx.now);
        resource.expires_at = Some(expires_at);
        resource.due_at = Some(expires_at);
        resources.push(resource);
        outcomes.push(Fulfilled::Done { effective_at: cx.now, expires_at });
    }
    auto_renewals::schedule_all(&mut cx.tx, &mut resources, cx.now).await?;
    // Who freezes their account meanwhile waits for the pay-per-use ones, which are locked, and then finds these.
    store::insert(&mut cx.tx, &resources).await?;
    let charge = |(resource, line): (&Resource, &Line)| {
        let (begins_at, ends_at) = resource.effective_at.zip(resource.expires_at)?;
        Some(charge_of(resource, order, line, ChargeKind::ToPeriod, 1, (line.term(), begins_at, ends_at)))
    };
    let paid: Vec<_> = resources.iter().zip(lines).filter_map(charge).collect();
    charges::insert(&mut cx.tx, &paid).await?;
    let event = |resource| cloud::event(webhooks::RESOURCE_TO_PERIOD, order.partner.as_deref(), resource);
    let events: Vec<_> = resources.iter().map(event).collect();
    webhooks::notify(cx, &events).await?;
    Ok(outcomes)
}

/// The yearly/monthly resource that a pay-per-use one becomes; its instants are still to be set.
fn resource(used: OnDemand, order: &Order, line: &Line, parent: Option<String>) -> Resource {
    let policy = if order.auto_renew { ExpirePolicy::AutoRenew } else { ExpirePolicy::EnterGrace };
    Resource {
        account: used.account,
        id: used.id,
        resource_id: Some(used.resource_id),
        order: order.id.clone(),
        line_no: line.line_no,
        seq: 0,
        parent,
        resource_name: used.resource_name,
        region_code: line.region_code.clone(),
        available_zone: used.available_zone,
        service_type_code: line.service_type_code.clone(),
        resource_type_code: line.resource_type_code.clone(),
        resource_spec_code: line.resource_spec_code.clone(),
        project_id: line.project_id.clone(),
        enterprise_project_id: Some(line.enterprise_project().to_owned()),
        product_id: line.product_id.clone(),
        description: line.description.clone(),
        spec_size: line.resource_size,
        spec_size_measure_id: line.size_measure_id,
        status: ResourceStatus::InUse.code(),
        expire_policy: policy.code(),
        auto_renew: order.auto_renew,
        period_type: line.period_type.code(),
        period_num: line.period_num,
        created_at: order.created_at,
        effective_at: None,
        expires_at: None,
        updated_at: order.created_at,
        renew_times: None,
        renew_at: None,
        is_trial: false,
        open_order: None,
        due_at: None,
        grace_until: None,
        retained_until: None,
        held_at: None,
        secured_at: None,
        renewal: None,
    }
}

/// A resource that was asked to turn pay-per-use at once, by the name of the request.
#[derive(Debug)]
pub(in crate::subscriptions) struct Instantly {
    /// As it was named.
    pub named: String,
    /// The refund order; or why it stays what it is.
    pub outcome: Result<Order, ApiError>,
}

/// Primary resources of an account, with what is attached to them, turn pay-per-use at once: what is left of their terms
/// goes back without a fee, terms to come as a whole. Each stands by itself. However large, no refund waits for approval:
/// nothing is unsubscribed from.
///
/// # Errors
/// CBC.99003626 where the account is frozen; the database's.
pub(in crate::subscriptions) async fn instantly(
    cx: &mut Cx,
    account: &str,
    user_name: &str,
    ids: &[String],
) -> Result<Vec<Instantly>, ApiError> {
    if standing(&mut cx.tx, account, account).await?.is_frozen {
        return Err(codes::CONVERSION_BLOCKED_BY_FROZEN_ACCOUNT.error());
    }
    let mut found = Vec::with_capacity(ids.len());
    for (at, id) in ids.iter().enumerate() {
        if !ids[..at].contains(id) {
            let resource = sets::find(cx, account, id).await?;
            found.push((id.clone(), resource.filter(Resource::is_visible)));
        }
    }
    // Locked in the order of our ids, as everybody does; answered in the order of the request.
    let mut turns: Vec<usize> = (0..found.len()).collect();
    turns.sort_by(|one, other| {
        let key = |at: usize| found[at].1.as_ref().map(|resource| &resource.id);
        key(*one).cmp(&key(*other))
    });
    let mut outcomes: Vec<Option<Result<Order, ApiError>>> = found.iter().map(|_| None).collect();
    let (mut returns, mut places) = (Vec::new(), Vec::new());
    for at in turns {
        let (named, resource) = &found[at];
        match new_return(cx, user_name, named, resource.as_ref()).await? {
            Ok(new) => {
                returns.push(new);
                places.push(at);
            }
            Err(refusal) => outcomes[at] = Some(Err(refusal)),
        }
    }
    let placed = if returns.is_empty() { Vec::new() } else { orders::give_back_all(cx, &returns).await? };
    for (at, order) in places.into_iter().zip(placed) {
        outcomes[at] = Some(Ok(order));
    }
    let answer = |((named, _), outcome): ((String, _), Option<_>)| Instantly {
        named,
        outcome: outcome.expect("each is refused, or has its order"),
    };
    Ok(found.into_iter().zip(outcomes).map(answer).collect())
}

/// The refund order of a set that turns pay-per-use; the inner error is why it cannot.
async fn new_return(
    cx: &mut Cx,
    user_name: &str,
    named: &str,
    resource: Option<&Resource>,
) -> Result<Result<NewReturn, ApiError>, ApiError> {
    let Some(resource) = resource else { return Ok(Err(to_on_demand::unknown(named))) };
    if resource.parent.is_some() {
        let (en, zh) =
            ("must name primary resources; what is attached follows", "只能指定主资源，附属资源随主资源转换");
        return Ok(Err(Refusal::because("resource_ids", en, zh).into()));
    }
    let set = sets::lock(cx, resource).await?;
    if !set.primary.is_visible() {
        return Ok(Err(to_on_demand::unknown(named)));
    }
    let catalog = cx.app.catalog.current();
    if let Err(refusal) = to_on_demand::check(cx, &catalog, &set, Wish::SetUp).await {
        return Ok(Err(refusal));
    }
    if life::by_time(&set.primary, cx.now) != ResourceStatus::InUse {
        return Ok(Err(codes::GRACE_OR_RETENTION_NOT_CONVERTIBLE.error()));
    }
    if set.members().any(|one| one.effective_at.is_none_or(|begin| cx.now < begin)) {
        return Ok(Err(not_begun(named)));
    }
    let members: Vec<&Resource> = set.members().collect();
    let lines = unsubscribing::lines_without_fee(cx, &members).await?;
    for line in &lines {
        if unsubscribing::is_invoiced(cx, &line.parts).await? {
            return Ok(Err(invoiced(named)));
        }
    }
    Ok(Ok(NewReturn {
        account: resource.account.clone(),
        order_type: OrderType::ToOnDemand,
        source_type: SourceType::Customer,
        user_name: user_name.to_owned(),
        reason: None,
        reason_type: None,
        lines,
        // Rule 2.5 is about what is given up; this goes on, and is paid by use.
        needs_approval: false,
    }))
}

/// What an invoice was issued for gives nothing back (CBC.99003643).
fn invoiced(named: &str) -> ApiError {
    codes::INVOICED_NOT_UNSUBSCRIBABLE.because(
        format!("An invoice was issued for resource {named}, so it gives nothing back and cannot turn pay-per-use. Return the invoice first."),
        format!("资源 {named} 已开具发票，无法退费转按需计费。请先退回发票。"),
    )
}

/// What has not begun is not there to be billed by use: it is unsubscribed from, and bought by use (CBC.99003609).
fn not_begun(named: &str) -> ApiError {
    codes::PRODUCT_NOT_CONVERTIBLE.because(
        format!("The term of resource {named} has not begun, so it cannot turn pay-per-use. Unsubscribe from it, or wait."),
        format!("资源 {named} 的订购周期尚未开始，不能转为按需计费。请退订，或待其生效。"),
    )
}

/// An order that turns resources pay-per-use is carried out.
pub(super) async fn returned(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<(), ApiError> {
    unsubscribing::note(cx, order).await?;
    for line in lines {
        let resource = store::lock(&mut cx.tx, &order.account, resource_of(order, line)?).await?;
        let turned = super::on_demand::begin(cx, &resource, cx.now).await?;
        life::tell(cx, webhooks::RESOURCE_TO_ON_DEMAND, &turned, "instantly").await?;
    }
    Ok(())
}
