//! Renewing: a further term that begins where the last one ends (rule 1.4).
//!
//! ```text
//!  set ──check──▶ blocked: why ([`Blocked`]), with the code of who asked
//!   │
//!   └─lines_of──▶ order of type 2, a line for each resource ──paid──▶ each term is longer; 5 and 4 become 2
//! ```
//!
//! A primary resource is renewed with what is attached to it, in one order. An order that waits for payment holds
//! the set, so what was checked when it was placed still holds when it is paid, but for the resource being deleted
//! meanwhile, which the payment is refused for.
//!
//! The price is that of the catalogue of the day, by what the resource is now. The term that automatic renewal
//! repeats stays that of the purchase (rule 1.5.5).

mod blocked;

use domain::calendar::{Instant, Term, next_expiry};
use domain::money::Charge;
use domain::subscription::renewal::exceeds;
use domain::subscription::{
    ExpirePolicy, KeepEnds, ResourceEvent, ResourceState, ResourceStatus, transition,
};
use platform::db::DbError;
use platform::op::ApiError;
use serde_json::json;

pub(in crate::subscriptions) use self::blocked::{Blocked, Why};
use super::auto_renewals;
use super::changes::charge_of;
use super::cloud;
use super::ordering::resource_of;
use super::sets::Set;
use crate::Cx;
use crate::catalog::model::{Catalog, Flag, Place, Product};
use crate::codes;
use crate::identity::service::{find_account, payer_of};
use crate::orders::fulfilment::{AuthResult, Fulfilled, Shortage};
use crate::orders::model::{Description, Line, LineState, Order};
use crate::pricing::service::{PricedPeriod, RenewalQuery, Unpriced, price_renewal};
use crate::promotions::service::list_discounts;
use crate::subscriptions::store::charges::ChargeKind;
use crate::subscriptions::store::{self, Resource};
use crate::webhooks::service::{self as webhooks, Event};

/// What stands in the way of renewing a set for a term; `None`: nothing. `is_frozen`: its account, or who pays, is.
/// Nothing is changed, and the set need not be locked.
///
/// # Errors
/// The database's.
pub(in crate::subscriptions) async fn check(
    cx: &mut Cx,
    set: &Set,
    term: Term,
    is_frozen: bool,
) -> Result<Option<Blocked>, DbError> {
    let primary = &set.primary;
    let blocked = |why| Ok(Some(Blocked::of(primary, why)));
    if is_frozen {
        return blocked(Why::Frozen);
    }
    if !primary.is_visible() {
        return blocked(Why::Gone);
    }
    if primary.parent.is_some() {
        return blocked(Why::Attached);
    }
    if let Some(order) = set.members().find_map(|resource| resource.open_order.clone()) {
        let holder = super::ordering::holder(cx, &order).await?;
        return blocked(match holder.awaits_approval() {
            Some(said) => Why::ToApprove(said),
            None if holder.is_unpaid() => Why::Unpaid(holder.id),
            None => Why::InProgress(holder.id),
        });
    }
    if set.is_growing() {
        return blocked(Why::Growing);
    }
    let catalog = cx.app.catalog.current();
    Ok(price(&catalog, cx.now, set, term).err())
}

/// What each resource of a set costs for a further term, the primary first. Everything is looked at that does not
/// depend on orders.
///
/// # Errors
/// [`Blocked`].
pub(in crate::subscriptions) fn price<'c>(
    catalog: &'c Catalog,
    now: Instant,
    set: &Set,
    term: Term,
) -> Result<Vec<PricedPeriod<'c>>, Blocked> {
    let mut prices = Vec::with_capacity(set.attached.len() + 1);
    for resource in set.members() {
        let place = place_of(resource);
        let product = catalog.find_product(&place);
        kind(resource, product).map_err(|why| Blocked::of(resource, why))?;
        let query = RenewalQuery {
            place,
            size: resource.spec_size,
            size_measure_id: resource.spec_size_measure_id,
            term,
        };
        let priced = price_renewal(catalog, now, &query);
        let priced = priced.map_err(|unpriced| Blocked::of(resource, why_unpriced(unpriced, term)))?;
        let max_years = priced.offer.max_years;
        let is_too_long = match resource.expires_at.map(|expiry| next_expiry(expiry, term)) {
            Some(Ok(expiry)) => exceeds(now, expiry, max_years),
            // Beyond the calendar; or never begun, which no visible resource is.
            Some(Err(_)) | None => true,
        };
        if is_too_long {
            return Err(Blocked::of(resource, Why::TooLong(max_years)));
        }
        prices.push(priced);
    }
    Ok(prices)
}

fn place_of(resource: &Resource) -> Place<'_> {
    Place {
        service: &resource.service_type_code,
        resource_type: &resource.resource_type_code,
        spec: &resource.resource_spec_code,
        region: &resource.region_code,
        zone: resource.available_zone.as_deref(),
    }
}

/// Whether resources of this kind are renewed at all (rule 1.4.2).
fn kind(resource: &Resource, product: Option<&Product>) -> Result<(), Why> {
    if resource.expire_policy == ExpirePolicy::ToOnDemand.code() {
        return Err(Why::BecomesOnDemand);
    }
    if resource.is_trial {
        return Err(Why::Trial);
    }
    let Some(product) = product else { return Err(Why::ProductGone) };
    match [(Flag::AddOn, Why::AddOn), (Flag::Spot, Why::Spot)].into_iter().find(|(flag, _)| product.is(*flag))
    {
        Some((_, why)) => Err(why),
        None => Ok(()),
    }
}

fn why_unpriced(unpriced: Unpriced, term: Term) -> Why {
    match unpriced {
        Unpriced::ProductGone => Why::ProductGone,
        Unpriced::NoPrice => Why::NoPrice,
        Unpriced::PeriodNotSold => Why::PeriodNotSold(term.period),
        Unpriced::NumberNotSold => Why::NumberNotSold(term),
        Unpriced::WrongUnit => Why::WrongUnit,
        Unpriced::TooMuch => Why::TooMuch,
    }
}

/// Whether a set is a discount bundle, which is renewed apart from everything else (CBC.99003634).
pub(in crate::subscriptions) fn is_bundle(catalog: &Catalog, set: &Set) -> bool {
    set.members()
        .any(|one| catalog.find_product(&place_of(one)).is_some_and(|product| product.is(Flag::Bundle)))
}

/// The lines that renew a set: the primary resource first, then what is attached to it, each settled to cents once.
/// A line whose `expires_at` is set is renewed until then, and otherwise for the term.
///
/// # Errors
/// The code of [`Blocked::on_renewal`] where [`check`] would have told that a resource has no price.
pub(in crate::subscriptions) fn lines_of(
    cx: &Cx,
    set: &Set,
    term: Term,
    catalog: &Catalog,
) -> Result<Vec<Line>, ApiError> {
    let prices = price(catalog, cx.now, set, term).map_err(|blocked| blocked.on_renewal())?;
    let rounding = cx.site.profile().order_rounding;
    let mut lines: Vec<Line> = Vec::with_capacity(prices.len());
    for (resource, priced) in set.members().zip(prices) {
        let amount = priced.list.settle(rounding).map_err(|_| codes::AMOUNT_OVER_LIMIT.error())?;
        let line_no = i64::try_from(lines.len()).expect("a set has few resources") + 1;
        lines.push(line(catalog, resource, &priced, (line_no, term, amount)));
    }
    Ok(lines)
}

fn line(
    catalog: &Catalog,
    resource: &Resource,
    priced: &PricedPeriod<'_>,
    (line_no, term, amount): (i64, Term, Charge),
) -> Line {
    // A size that the product no longer has means nothing, as in a purchase.
    let (resource_size, size_measure_id) = match priced.product.linear {
        Some(_) => (resource.spec_size, resource.spec_size_measure_id),
        None => (None, None),
    };
    let measure = size_measure_id.and_then(|id| catalog.find_measure(id));
    Line {
        line_no,
        attached_to: (line_no > 1).then_some(1),
        product_id: priced.offer.product_id.clone(),
        service_type_code: resource.service_type_code.clone(),
        resource_type_code: resource.resource_type_code.clone(),
        resource_spec_code: resource.resource_spec_code.clone(),
        region_code: resource.region_code.clone(),
        available_zone: resource.available_zone.clone(),
        resource_size,
        size_measure_id,
        period_type: term.period,
        priced_in: priced.priced.item.priced_in.unwrap_or(term.period),
        period_num: i64::from(term.count),
        subscription_num: 1,
        resource_name: resource.resource_name.clone(),
        project_id: resource.project_id.clone(),
        enterprise_project_id: resource.enterprise_project_id.clone(),
        description: Description::of(priced.product, resource_size, measure),
        category_code: priced.product.category.clone(),
        official: amount,
        payable: amount,
        modifiers: Vec::new(),
        price_version: priced.price_version.clone(),
        state: LineState::Waiting,
        effective_at: None,
        expires_at: None,
        resource: Some(resource.id.clone()),
        base_product: None,
        fee: Charge::ZERO,
        consumed: Charge::ZERO,
        adjusted: Charge::ZERO,
    }
}

/// The promotional discount that automatic payment may use again: of those that the primary resource was ever paid with,
/// the latest that still holds (rule 3.3).
///
/// # Errors
/// The database's.
pub(in crate::subscriptions) async fn promotion_of(
    cx: &mut Cx,
    set: &Set,
) -> Result<Option<String>, DbError> {
    let Resource { account, id, .. } = &set.primary;
    let used = store::charges::promotions(&mut cx.tx, account, id).await?;
    if used.is_empty() {
        return Ok(None);
    }
    let app = cx.app.clone();
    let owner = find_account(&app, &mut cx.tx, account).await?;
    let owner = owner.ok_or_else(|| DbError::Other(format!("resource {id} belongs to no account")))?;
    let granted = list_discounts(&app, &mut cx.tx, payer_of(&owner)).await?;
    let holds = |id: &String| granted.iter().any(|one| one.id == *id && one.is_valid(cx.now));
    Ok(used.into_iter().find(holds))
}

/// Which resources of a renewal that is about to be paid are no longer there; all are locked.
pub(super) async fn admit(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<Vec<Shortage>, ApiError> {
    let mut gone = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let resource = store::lock(&mut cx.tx, &order.account, resource_of(order, line)?).await?;
        if !resource.is_visible() {
            gone.push(Shortage { line: at, auth_result: AuthResult::Other });
        }
    }
    Ok(gone)
}

/// A renewal was paid: the terms of its resources are longer, and what had expired or was frozen works again.
pub(super) async fn paid(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<Vec<Fulfilled>, ApiError> {
    let mut outcomes = Vec::with_capacity(lines.len());
    let mut charges = Vec::with_capacity(lines.len());
    let mut renewed = Vec::with_capacity(lines.len());
    for line in lines {
        let mut resource = store::lock(&mut cx.tx, &order.account, resource_of(order, line)?).await?;
        let was_frozen = resource.status == ResourceStatus::Frozen.code();
        let (effective_at, expires_at) = renew(&mut resource, line, cx.now)?;
        // The next attempt of automatic renewal is computed from the new expiry (rule 1.5.7).
        auto_renewals::schedule_all(&mut cx.tx, std::slice::from_mut(&mut resource), cx.now).await?;
        store::update(&mut cx.tx, &resource, true).await?;
        let charge_no = store::charges::next_no(&mut cx.tx, &resource.account, &resource.id).await?;
        let term = (line.term(), effective_at, expires_at);
        charges.push(charge_of(&resource, order, line, ChargeKind::Renewal, charge_no, term));
        outcomes.push(Fulfilled::Done { effective_at, expires_at });
        renewed.push((resource, was_frozen));
    }
    store::charges::insert(&mut cx.tx, &charges).await?;
    let thawed = |(resource, was_frozen): &&(Resource, bool)| {
        *was_frozen && resource.status == ResourceStatus::InUse.code()
    };
    let thawed: Vec<&Resource> = renewed.iter().filter(thawed).map(|(resource, _)| resource).collect();
    cloud::tell(cx, None, &thawed, cloud::Action::Unfreeze).await?;
    let events: Vec<Event<'_>> = renewed.iter().map(|(resource, _)| event(order, resource)).collect();
    webhooks::notify(cx, &events).await?;
    Ok(outcomes)
}

/// The next term of a resource, which begins where the last one ends; answers its begin and end.
fn renew(resource: &mut Resource, line: &Line, now: Instant) -> Result<(Instant, Instant), DbError> {
    let impossible = |what: &dyn std::fmt::Display| {
        DbError::Other(format!("resource {} cannot be renewed: {what}", resource.id))
    };
    let begins_at = resource.expires_at.ok_or_else(|| impossible(&"it has no term"))?;
    let ends_at = match line.expires_at {
        Some(ends_at) => ends_at,
        None => next_expiry(begins_at, line.term()).map_err(|error| impossible(&error))?,
    };
    let state = ResourceState {
        status: ResourceStatus::from_code(resource.status).ok_or_else(|| impossible(&"its status"))?,
        policy: ExpirePolicy::from_code(resource.expire_policy).ok_or_else(|| impossible(&"its policy"))?,
        ends: KeepEnds {
            expires_at: begins_at,
            grace_ends_at: resource.grace_until.unwrap_or(begins_at),
            retention_ends_at: resource.retained_until.unwrap_or(begins_at),
        },
    };
    let after = transition(state, ResourceEvent::Renew, now).map_err(|refusal| impossible(&refusal))?;
    // A hold goes on whatever the term is: it is the operator's to end.
    resource.status = if resource.is_held() { ResourceStatus::Frozen.code() } else { after.status.code() };
    resource.expire_policy = after.policy.code();
    resource.expires_at = Some(ends_at);
    resource.due_at = Some(ends_at);
    resource.grace_until = None;
    resource.retained_until = None;
    resource.open_order = None;
    resource.updated_at = now;
    Ok((begins_at, ends_at))
}

fn event<'a>(order: &'a Order, resource: &'a Resource) -> Event<'a> {
    let mut event = cloud::event(webhooks::RESOURCE_RENEWED, order.partner.as_deref(), resource);
    event.data["order_id"] = json!(order.id);
    event
}
