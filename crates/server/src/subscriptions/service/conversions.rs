//! A pay-per-use resource becomes yearly/monthly (order type 11, rule 1.7): the resource stays, under its name and under
//! our id of it, and is paid for a term from the payment on; what is attached to it goes along, line by line.

use domain::calendar::{Term, first_expiry};
use domain::order::OrderType;
use domain::subscription::{ExpirePolicy, ResourceStatus};
use platform::db::DbError;
use platform::op::{ApiError, Refusal};

use super::auto_renewals;
use super::changes::{charge_of, resource_of};
use super::on_demand::OnDemand;
use super::ordering::{self, How};
use crate::Cx;
use crate::orders::errors::OrderError;
use crate::orders::fulfilment::{AuthResult, Fulfilled, Shortage};
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, NewLine, Placed};
use crate::subscriptions::store::charges::{self, ChargeKind};
use crate::subscriptions::store::on_demand::{self, ENDED, IN_USE};
use crate::subscriptions::store::{self, Resource};

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
    let mut set = on_demand::lock_set(&mut cx.tx, &found.account, &found.id).await?;
    set.sort_by_key(|one| one.id != found.id);
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
    if lines.is_empty() {
        return Err(DbError::Other(format!("the pay-per-use resource {} is gone", found.id)).into());
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
        let ended = OnDemand { status: ENDED, open_order: None, ended_at: Some(cx.now), ..used.clone() };
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
    store::insert(&mut cx.tx, &resources).await?;
    let charge = |(resource, line): (&Resource, &Line)| {
        let (begins_at, ends_at) = resource.effective_at.zip(resource.expires_at)?;
        Some(charge_of(resource, order, line, ChargeKind::ToPeriod, 1, (line.term(), begins_at, ends_at)))
    };
    let paid: Vec<_> = resources.iter().zip(lines).filter_map(charge).collect();
    charges::insert(&mut cx.tx, &paid).await?;
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
    }
}
