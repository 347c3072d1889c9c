//! Unsubscribing (rules 2.1 to 2.5).
//!
//! ```text
//!  named resources ──▶ units: a set, or what is attached to one by itself ──check──▶ refused, with the code
//!                        │
//!                        └─amounts──▶ a refund order for each ──carried out, or approved──▶ 3 closed (everything)
//!                                                                                      └──▶ an earlier end (renewed terms)
//! ```
//!
//! A request is carried out as a whole or not at all. What goes back is decided by the charges of each resource
//! ([`amounts`]); the order says it, and the resources follow when it is carried out ([`returned`]), which is at once
//! but for large refunds. Until those are approved the order holds its resources; the amounts stay those of the request.
//!
//! Within five days of a purchase, on sites that know that, a set goes back for nothing as long as the quota of the
//! calendar year (GMT+8) suffices; it counts once, bundles once for the order that bought them, and every attempt that is
//! rejected uncounts. Everything collected for it so far goes back then, upgrades too: what was bought is what is
//! returned. What the catalogue excludes is returned as at any other time; what was bought decides, whatever it has been
//! changed to.
//!
//! A resource that was deleted while its order waited for approval stays as it is: the money goes back, since it was asked
//! for in time, and nobody is told again that the resource is gone. Renewed terms that have begun meanwhile were used, so
//! that their order can only be rejected.

mod amounts;
mod blocked;

use std::collections::BTreeMap;

use domain::calendar::Instant;
use domain::money::Charge;
use domain::order::{OrderType, SourceType};
use domain::subscription::ResourceStatus;
use domain::subscription::refund::HandlingFee;
use platform::db::DbError;
use platform::op::ApiError;
use serde_json::json;

use self::amounts::Terms;
use super::sets::{self, Set};
use super::{auto_renewals, cloud, life};
use crate::Cx;
use crate::catalog::model::Flag;
use crate::codes;
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, NewReturn, ReturnLine, ReturnPart};
use crate::subscriptions::store::charges::{self, ResourceCharge};
use crate::subscriptions::store::five_days::{self, Counts};
use crate::subscriptions::store::{self, Resource, WAITING};
use crate::webhooks::service::{self as webhooks, Event};

/// What is given back (`unsubscribe_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::subscriptions) enum Scope {
    /// 1: the resource with all its terms.
    Everything,
    /// 2: the renewed terms that have not begun.
    RenewedTerms,
}

/// A request to unsubscribe.
#[derive(Debug, Clone)]
pub(in crate::subscriptions) struct Unsubscription {
    /// Whose resources.
    pub(in crate::subscriptions) account: String,
    /// Who asks.
    pub(in crate::subscriptions) user_name: String,
    /// As the cloud names them, each once.
    pub(in crate::subscriptions) resource_ids: Vec<String>,
    /// What is given back.
    pub(in crate::subscriptions) scope: Scope,
    /// Why, by kind.
    pub(in crate::subscriptions) reason_type: Option<i64>,
    /// Why, in words.
    pub(in crate::subscriptions) reason: Option<String>,
}

/// What is given back by one order: a set, or one resource that is attached to a primary.
struct Unit {
    /// As it was named.
    named: String,
    /// It is a primary with all that is attached to it.
    is_set: bool,
    /// The primary of the set that it is, or is of.
    primary: Resource,
    /// The resources, locked; the primary first.
    members: Vec<Resource>,
}

/// Unsubscribes, and answers the refund orders: one for each unit, in the order in which they are named.
///
/// # Errors
/// The codes of 004 8.4.3.
pub(in crate::subscriptions) async fn unsubscribe(
    cx: &mut Cx,
    asked: &Unsubscription,
) -> Result<Vec<Order>, ApiError> {
    let units = units(cx, asked).await?;
    for unit in &units {
        blocked::check(cx, unit, asked.scope).await?;
    }
    let mut quota = Quota::of(cx, asked).await?;
    let mut returns = Vec::with_capacity(units.len());
    let mut counted = Vec::with_capacity(units.len());
    for unit in &units {
        let collected = collected(cx, unit).await?;
        let free = quota.take(cx, unit, &collected).await?;
        returns.push(new_return(cx, asked, unit, &collected, free.as_ref()).await?);
        counted.push(free.map(|free| free.counts));
    }
    let placed = orders::give_back_all(cx, &returns).await?;
    for (order, counts) in placed.iter().zip(counted) {
        if let Some(counts) = counts {
            five_days::count(&mut cx.tx, &asked.account, quota.year, &order.id, &counts).await?;
        }
    }
    Ok(placed)
}

/// What may still be returned for nothing in this calendar year (rule 2.2).
struct Quota {
    /// The site knows such returns, and whole resources are returned.
    applies: bool,
    year: i64,
    left: i64,
    /// The orders whose bundles were counted by this request.
    bundles: Vec<String>,
}

/// What of a unit is returned for nothing.
struct Free {
    /// Whether each of its members is.
    members: Vec<bool>,
    /// What it takes of the quota.
    counts: Counts,
}

impl Quota {
    /// Locked where it matters: two requests never both take the last.
    async fn of(cx: &mut Cx, asked: &Unsubscription) -> Result<Self, DbError> {
        let site = cx.site.profile();
        let year = i64::from(cx.now.date().year());
        let applies = asked.scope == Scope::Everything && site.has_five_day_return;
        let left = match applies {
            true => {
                let used = five_days::lock(&mut cx.tx, &asked.account, year).await?;
                i64::from(site.five_day_returns_a_year) - used
            }
            false => 0,
        };
        Ok(Self { applies, year, left, bundles: Vec::new() })
    }

    /// Whether what was collected for a unit goes back for nothing. It counts once then; the bundles of an order count once
    /// together, whenever they are returned.
    async fn take(
        &mut self,
        cx: &mut Cx,
        unit: &Unit,
        collected: &[Vec<ResourceCharge>],
    ) -> Result<Option<Free>, DbError> {
        if !self.applies {
            return Ok(None);
        }
        let catalog = cx.app.catalog.current();
        let (mut members, mut is_bundle) = (Vec::with_capacity(unit.members.len()), false);
        for (member, own) in unit.members.iter().zip(collected) {
            let line = bought_by(cx, member).await?;
            let product = catalog.find_product_by_id(&line.product_id);
            let is = |flag| product.is_some_and(|product| product.is(flag));
            members.push(amounts::is_new(own, cx.now) && !is(Flag::NoFiveDayReturn));
            is_bundle |= is(Flag::Bundle);
        }
        if !members.contains(&true) {
            return Ok(None);
        }
        let bundle = is_bundle.then(|| unit.primary.order.clone());
        let is_counted = match &bundle {
            None => false,
            Some(order) if self.bundles.contains(order) => true,
            Some(order) => five_days::of_bundle(&mut cx.tx, &unit.primary.account, order).await?.is_some(),
        };
        if !is_counted && self.left <= 0 {
            return Ok(None);
        }
        let used = i64::from(!is_counted);
        self.left -= used;
        self.bundles.extend(bundle.clone());
        Ok(Some(Free { members, counts: Counts { used, bundle } }))
    }
}

/// The line by which a resource was bought.
async fn bought_by(cx: &mut Cx, resource: &Resource) -> Result<Line, DbError> {
    let order = orders::find(&mut cx.tx, &resource.order).await?;
    let order = order.ok_or_else(|| DbError::Other(format!("resource {} has no order", resource.id)))?;
    orders::get_line(cx, &order, resource.line_no).await
}

async fn collected(cx: &mut Cx, unit: &Unit) -> Result<Vec<Vec<ResourceCharge>>, DbError> {
    let mut collected = Vec::with_capacity(unit.members.len());
    for member in &unit.members {
        collected.push(charges::of_resource(&mut cx.tx, &member.account, &member.id).await?);
    }
    Ok(collected)
}

/// What the named resources are parts of, locked in the order of the ids of their primaries. What is attached to a
/// primary that is named too goes with it.
async fn units(cx: &mut Cx, asked: &Unsubscription) -> Result<Vec<Unit>, ApiError> {
    let mut found = Vec::with_capacity(asked.resource_ids.len());
    for id in &asked.resource_ids {
        found.push(find(cx, &asked.account, id).await?);
    }
    let mut locked: BTreeMap<String, Option<Set>> =
        found.iter().map(|one| (primary_of(one).to_owned(), None)).collect();
    for (primary, set) in &mut locked {
        let one = found.iter().find(|one| primary_of(one) == primary).expect("collected from them");
        *set = Some(sets::lock(cx, one).await?);
    }
    let is_named = |primary: &str| found.iter().any(|one| one.id == primary);
    let mut units = Vec::with_capacity(found.len());
    for (one, named) in found.iter().zip(&asked.resource_ids) {
        let set = locked.get(primary_of(one)).and_then(Option::as_ref).expect("it was locked");
        let is_set = one.parent.is_none();
        if !is_set && is_named(primary_of(one)) {
            continue;
        }
        let members: Vec<Resource> =
            set.members().filter(|member| is_set || member.id == one.id).cloned().collect();
        if members.is_empty() {
            // Closed since it was found.
            return Err(blocked::about(named, &codes::UNSUBSCRIPTION_RESOURCE_GONE));
        }
        units.push(Unit { named: named.clone(), is_set, primary: set.primary.clone(), members });
    }
    Ok(units)
}

fn primary_of(resource: &Resource) -> &str {
    resource.parent.as_deref().unwrap_or(&resource.id)
}

/// A resource as it is named; what waits for the cloud has no name of the cloud's yet, and may be named by ours.
async fn find(cx: &mut Cx, account: &str, id: &str) -> Result<Resource, ApiError> {
    if let Some(found) = sets::find(cx, account, id).await? {
        let is_closed = found.status == ResourceStatus::Closed.code();
        return if is_closed {
            Err(blocked::about(id, &codes::UNSUBSCRIPTION_RESOURCE_GONE))
        } else {
            Ok(found)
        };
    }
    let ours = store::find(&mut cx.tx, id).await?;
    let is_waiting = |one: &Resource| one.account == account && one.status == WAITING;
    Err(match ours.is_some_and(|one| is_waiting(&one)) {
        true => blocked::about(id, &codes::UNSUBSCRIPTION_RESOURCE_GONE),
        false => blocked::about(id, &codes::RESOURCE_ID_NOT_FOUND),
    })
}

/// The refund order of a unit, to be made.
async fn new_return(
    cx: &mut Cx,
    asked: &Unsubscription,
    unit: &Unit,
    collected: &[Vec<ResourceCharge>],
    free: Option<&Free>,
) -> Result<NewReturn, ApiError> {
    let site = cx.site.profile();
    let mut lines: Vec<ReturnLine> = Vec::with_capacity(unit.members.len());
    for (at, (member, own)) in unit.members.iter().zip(collected).enumerate() {
        let is_free = free.is_some_and(|free| free.members[at]);
        let terms = Terms { scope: asked.scope, now: cx.now, site, is_free, fee: HandlingFee::Due };
        let parts = amounts::parts(own, &terms).map_err(|_| codes::AMOUNT_OVER_LIMIT.error())?;
        if parts.is_empty() && asked.scope == Scope::RenewedTerms {
            continue;
        }
        if is_invoiced(cx, &parts).await? {
            let id = member.resource_id.as_ref().unwrap_or(&member.id);
            return Err(blocked::about(id, &codes::INVOICED_NOT_UNSUBSCRIBABLE));
        }
        let template = template(cx, member, asked.scope, own).await?;
        let attached_to = if lines.is_empty() { None } else { Some(1) };
        lines.push(ReturnLine { template: Line { attached_to, ..template }, parts });
    }
    if lines.is_empty() {
        return Err(blocked::about(&unit.named, &codes::NO_RENEWAL_TO_UNSUBSCRIBE));
    }
    let amounts = lines.iter().flat_map(|line| &line.parts).map(|part| part.back.money);
    let refund = Charge::sum(amounts).ok_or_else(|| codes::AMOUNT_OVER_LIMIT.error())?;
    Ok(NewReturn {
        account: asked.account.clone(),
        order_type: OrderType::Unsubscription,
        source_type: SourceType::Customer,
        user_name: asked.user_name.clone(),
        reason: asked.reason.clone(),
        reason_type: asked.reason_type,
        lines,
        needs_approval: refund > site.large_refund_above,
    })
}

/// Whether an invoice was issued for an order of which something is to go back: nothing does then (CBC.99003643).
pub(super) async fn is_invoiced(cx: &mut Cx, parts: &[ReturnPart]) -> Result<bool, DbError> {
    for part in parts {
        let base = orders::find(&mut cx.tx, &part.base_order).await?;
        if base.is_some_and(|base| base.is_invoiced) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The line by which a resource was bought, as the resource is now. It ends at the new end of its term, or now.
async fn template(
    cx: &mut Cx,
    member: &Resource,
    scope: Scope,
    own: &[ResourceCharge],
) -> Result<Line, ApiError> {
    let line = bought_by(cx, member).await?;
    let ends_at = match scope {
        Scope::Everything => Some(cx.now),
        Scope::RenewedTerms => amounts::end_of_begun(own, cx.now).or(member.effective_at),
    };
    Ok(Line {
        product_id: member.product_id.clone(),
        resource_spec_code: member.resource_spec_code.clone(),
        description: member.description.clone(),
        resource_size: member.spec_size,
        size_measure_id: member.spec_size_measure_id,
        effective_at: member.effective_at,
        expires_at: ends_at,
        resource: Some(member.id.clone()),
        base_product: None,
        ..line
    })
}

/// What goes back of resources that are given up now without a fee, since they turn pay-per-use (rule 1.7): one line each,
/// the first of them the primary.
///
/// # Errors
/// CBC.99006055 for an amount that does not fit; the database's.
pub(super) async fn lines_without_fee(
    cx: &mut Cx,
    members: &[&Resource],
) -> Result<Vec<ReturnLine>, ApiError> {
    let mut lines: Vec<ReturnLine> = Vec::with_capacity(members.len());
    for member in members {
        let own = charges::of_resource(&mut cx.tx, &member.account, &member.id).await?;
        let site = cx.site.profile();
        let (scope, fee) = (Scope::Everything, HandlingFee::Waived);
        let terms = Terms { scope, now: cx.now, site, is_free: false, fee };
        let parts = amounts::parts(&own, &terms).map_err(|_| codes::AMOUNT_OVER_LIMIT.error())?;
        let template = template(cx, member, scope, &own).await?;
        let attached_to = if lines.is_empty() { None } else { Some(1) };
        lines.push(ReturnLine { template: Line { attached_to, ..template }, parts });
    }
    Ok(lines)
}

/// What a refund order gives back is noted on the charges of the resources that it is about.
pub(super) async fn note(cx: &mut Cx, order: &Order) -> Result<(), ApiError> {
    let rows = orders::rows_of(cx, order).await?;
    for of_resource in rows.chunk_by(|one, next| one.resource == next.resource) {
        let resource = &of_resource[0].resource;
        let mut known = charges::of_resource(&mut cx.tx, &order.account, resource).await?;
        for of_charge in of_resource.chunk_by(|one, next| one.charge_no == next.charge_no) {
            let no = of_charge[0].charge_no;
            let charge = known.iter_mut().find(|charge| charge.charge_no == no);
            let noted = charge
                .and_then(|charge| of_charge.iter().try_for_each(|row| charge.note(row)).map(|()| charge));
            let Some(charge) = noted else {
                let what = format!("order {} returns more than charge {no} of resource {resource}", order.id);
                return Err(DbError::Other(what).into());
            };
            charges::update(&mut cx.tx, charge).await?;
        }
    }
    Ok(())
}

/// An unsubscription is carried out: its resources are closed, or end where their last begun term does.
pub(super) async fn returned(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<(), ApiError> {
    note(cx, order).await?;
    let mut closed = Vec::new();
    let mut changed = Vec::with_capacity(lines.len());
    for line in lines {
        let named = line.resource.as_deref();
        let named = named.ok_or_else(|| DbError::Other(format!("order {} is about nothing", order.id)))?;
        let mut resource = store::lock(&mut cx.tx, &order.account, named).await?;
        let was_visible = resource.is_visible();
        resource.open_order = None;
        // The end of a line that gives everything back is the instant of the request.
        match line.expires_at.filter(|end| *end > order.created_at) {
            Some(end) => shorten(cx, order, &mut resource, end).await?,
            None if was_visible => {
                close(&mut resource, cx.now);
                closed.push(resource.clone());
            }
            // It was deleted while the order waited for approval.
            None => {}
        }
        store::update(&mut cx.tx, &resource, was_visible).await?;
        changed.extend(was_visible.then_some(resource));
    }
    let gone: Vec<&Resource> = closed.iter().collect();
    cloud::tell(cx, None, &gone, cloud::Action::Delete).await?;
    let events: Vec<Event<'_>> = changed.iter().map(|resource| event(order, resource)).collect();
    Ok(webhooks::notify(cx, &events).await?)
}

fn close(resource: &mut Resource, now: Instant) {
    resource.status = ResourceStatus::Closed.code();
    resource.expires_at = Some(now);
    resource.updated_at = now;
    resource.auto_renew = false;
    resource.renew_times = None;
    resource.renew_at = None;
    resource.due_at = None;
    // It may have been frozen while the order waited for approval.
    resource.held_at = None;
    resource.secured_at = None;
}

/// The renewed terms of a resource that were to come are gone.
///
/// # Errors
/// CBC.99003128 where the first of them has begun while the order waited for approval: it has been used since, so the order
/// is to be rejected.
async fn shorten(cx: &mut Cx, order: &Order, resource: &mut Resource, end: Instant) -> Result<(), ApiError> {
    // What was deleted before that was never used further.
    let used_until = if resource.is_visible() { Some(cx.now) } else { resource.expires_at };
    if used_until.is_none_or(|until| end <= until) {
        let id = resource.resource_id.as_ref().unwrap_or(&resource.id);
        let (order, at) = (&order.id, end.to_wire());
        return Err(codes::NO_RENEWAL_TO_UNSUBSCRIBE.because(
            format!("Order {order} gives back a term of resource {id} that began at {at}. Reject the order."),
            format!("订单 {order} 退订的资源 {id} 的续订周期已于 {at} 开始，请驳回该订单。"),
        ));
    }
    for mut charge in charges::of_resource(&mut cx.tx, &resource.account, &resource.id).await? {
        if charge.ends_at > end {
            charge.end_by(end);
            charges::update(&mut cx.tx, &charge).await?;
        }
    }
    resource.updated_at = cx.now;
    // Its freeze has deleted it meanwhile: what was to come of it goes back all the same.
    if !resource.is_visible() {
        return Ok(());
    }
    // It ends in time to come, so what has moved it on was its hold alone.
    resource.expires_at = Some(end);
    resource.due_at = life::next_due(cx, resource)?;
    auto_renewals::schedule_all(&mut cx.tx, std::slice::from_mut(resource), cx.now).await?;
    Ok(())
}

/// An unsubscription was rejected: its resources are let go, and it does not count against the quota of the year.
pub(super) async fn rejected(cx: &mut Cx, order: &Order) -> Result<(), ApiError> {
    Ok(five_days::uncount(&mut cx.tx, &order.account, &order.id).await?)
}

fn event<'a>(order: &'a Order, resource: &'a Resource) -> Event<'a> {
    let mut event = cloud::event(webhooks::RESOURCE_UNSUBSCRIBED, order.partner.as_deref(), resource);
    event.data["order_id"] = json!(order.id);
    event
}
