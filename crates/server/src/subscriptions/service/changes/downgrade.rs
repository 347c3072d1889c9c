//! A cheaper specification: the resource is it at once, or when the cloud has made it so, and what it costs less for the
//! rest of the term goes back, without a fee (rule 2.6). Where the cloud cannot, nothing has moved.
//!
//! What goes back is the difference of list prices, in the share of the list price that balances paid: of what a discount
//! or a coupon took off nothing goes back, and coupons are not returned.
//!
//! ```text
//!  term      ├──used──┊────────────┤              the rest becomes a charge of its own
//!  renewal            ┊            ├───────────┤  is all to come
//!  upgrade        ├───┊────────────────────────┤  is part of both
//!            difference of this │ and of this
//! ```
//!
//! The difference is divided by the time that is left of each term, and taken from what was paid for that time: from
//! upgrades first, the last of them before the others. It is never more than what is left of that.

use std::cmp::Ordering;

use domain::calendar::{Instant, PeriodType};
use domain::money::{Charge, Exact, Overflow, Rounding, Scaled, split};
use domain::order::{OrderType, SourceType};
use domain::promotion::Modifier;
use domain::site::SiteProfile;
use domain::subscription::change::{Remaining, remaining};
use domain::subscription::refund::{Period, RefundError};
use platform::db::DbError;
use platform::op::ApiError;

use super::{Buyer, Change, changed, resource_of};
use crate::Cx;
use crate::app::Provisioner;
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, NewReturn, ReturnLine, ReturnPart, Share};
use crate::subscriptions::quotas;
use crate::subscriptions::service::cloud::{self, Action};
use crate::subscriptions::service::unsubscribing;
use crate::subscriptions::store::charges::{self, ChargeKind, ResourceCharge};
use crate::subscriptions::store::{self, Resource};

/// Makes a locked resource what is wanted, or has the cloud do so, and gives the difference back.
pub(super) async fn carry_out(
    cx: &mut Cx,
    buyer: Buyer,
    resource: Resource,
    change: Change,
) -> Result<Order, ApiError> {
    let short = quotas::admit_lines(cx, &resource.account, std::slice::from_ref(&change.line)).await?;
    if !short.is_empty() {
        let name = resource.resource_id.as_deref().unwrap_or(&resource.id);
        return Err(orders::shortage(cx, name, std::slice::from_ref(&change.line), &short));
    }
    let unit = PeriodType::from_code(resource.period_type).expect("stored from the same table of codes");
    let paid = charges::of_resource(&mut cx.tx, &resource.account, &resource.id).await?;
    let ahead = to_come(&paid, cx.now, cx.site.profile()).map_err(broken)?;
    let taken =
        take(&ahead, change.line.official, cx.now, unit).map_err(|overflow| broken(overflow.into()))?;
    let parts = split_off(cx, &paid, ahead, &taken).await?;
    let line = Line { effective_at: Some(cx.now), expires_at: resource.expires_at, ..change.line };
    let back = NewReturn {
        account: resource.account.clone(),
        order_type: OrderType::Change,
        source_type: SourceType::Customer,
        user_name: buyer.user_name,
        reason: None,
        reason_type: None,
        lines: vec![ReturnLine { template: line, parts }],
        needs_approval: false,
    };
    if cx.app.provisioner == Provisioner::Immediate {
        return orders::give_back(cx, &back).await;
    }
    let order = orders::give_back_later(cx, &back).await?;
    let target = changed(resource, &back.lines[0].template, cx.now);
    cloud::tell(cx, Some(&order), &[&target], Action::Change).await?;
    Ok(order)
}

/// The order is carried out: its resources are what they are to be, and their charges bear what went back.
pub(in crate::subscriptions::service) async fn returned(
    cx: &mut Cx,
    order: &Order,
    lines: &[Line],
) -> Result<(), ApiError> {
    unsubscribing::note(cx, order).await?;
    for line in lines {
        let resource = store::lock(&mut cx.tx, &order.account, resource_of(order, line)?).await?;
        let was_visible = resource.is_visible();
        let resource = Resource { open_order: None, ..changed(resource, line, cx.now) };
        store::update(&mut cx.tx, &resource, was_visible).await?;
    }
    Ok(())
}

/// The cloud has made a locked resource cheaper, or could not; answers it as it is then.
pub(super) async fn reported(
    cx: &mut Cx,
    order: Order,
    resource: &Resource,
    is_done: bool,
) -> Result<Resource, ApiError> {
    match is_done {
        true => orders::finish_return(cx, order).await?,
        false => orders::drop_return(cx, order).await?,
    };
    Ok(store::lock(&mut cx.tx, &resource.account, &resource.id).await?)
}

fn broken(error: RefundError) -> DbError {
    DbError::Other(format!("what is left of a charge cannot be told: {error}"))
}

/// What of a charge is for the time to come.
struct Ahead {
    /// The whole charge, or a new one that has still to be numbered.
    charge: ResourceCharge,
    /// The charge that the new one is the rest of: what is used up.
    used: Option<ResourceCharge>,
}

/// What was paid for the time to come, in the order of payment.
fn to_come(paid: &[ResourceCharge], now: Instant, site: &SiteProfile) -> Result<Vec<Ahead>, RefundError> {
    let mut ahead = Vec::with_capacity(paid.len());
    for charge in paid.iter().filter(|charge| !charge.is_taken_back() && charge.ends_at > now) {
        let period = Period { term: charge.term, effective_at: charge.begins_at, expires_at: charge.ends_at };
        if period.used(now, site.refund_unit).used == 0 {
            ahead.push(Ahead { charge: charge.clone(), used: None });
            continue;
        }
        let unused = |amount| period.left_of(amount, now, site);
        let amounts = (unused(charge.left())?, unused(charge.list_left())?);
        let benefit = |own: &Modifier| Ok(Modifier { amount: unused(own.amount)?, ..own.clone() });
        let mut benefits = charge.benefits.iter().map(benefit).collect::<Result<Vec<_>, RefundError>>()?;
        benefits.retain(|own| !own.amount.is_zero());
        let mut used = charge.clone();
        let rest = used.split_off(now, amounts, benefits).ok_or(Overflow)?;
        ahead.push(Ahead { charge: rest, used: Some(used) });
    }
    Ok(ahead)
}

/// Writes the rests that something is taken of as charges of their own, and answers what goes back.
async fn split_off(
    cx: &mut Cx,
    paid: &[ResourceCharge],
    ahead: Vec<Ahead>,
    taken: &[Taken],
) -> Result<Vec<ReturnPart>, DbError> {
    let (mut parts, mut rests) = (Vec::with_capacity(taken.len()), Vec::new());
    let mut next_no = paid.last().map_or(1, |last| last.charge_no + 1);
    for (Ahead { mut charge, used }, taken) in ahead.into_iter().zip(taken) {
        if !taken.money.is_positive() {
            continue;
        }
        if let Some(used) = used {
            charges::update(&mut cx.tx, &used).await?;
            charge.charge_no = next_no;
            next_no += 1;
            rests.push(charge.clone());
        }
        parts.push(ReturnPart {
            charge_no: charge.charge_no,
            base_order: charge.order,
            back: Share { money: taken.money, benefits: Vec::new(), list: taken.list },
            consumed: Charge::ZERO,
            fee: Charge::ZERO,
        });
    }
    charges::insert(&mut cx.tx, &rests).await?;
    Ok(parts)
}

/// What goes back of one charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Taken {
    /// Of what balances paid.
    money: Charge,
    /// Of the list price.
    list: Charge,
}

/// What of a charge is for one term.
#[derive(Clone, Copy)]
struct Slice {
    money: Charge,
    list: Charge,
}

/// What goes back of each charge for a difference of list prices.
fn take(ahead: &[Ahead], difference: Charge, now: Instant, unit: PeriodType) -> Result<Vec<Taken>, Overflow> {
    let is_term = |charge: &&ResourceCharge| charge.kind != ChargeKind::Upgrade;
    let span = |charge: &ResourceCharge| (charge.begins_at.max(now), charge.ends_at);
    let terms: Vec<(Instant, Instant)> =
        ahead.iter().map(|one| &one.charge).filter(is_term).map(span).collect();
    let mut money = vec![Charge::ZERO; ahead.len()];
    if !terms.is_empty() {
        let weights: Vec<i64> = terms.iter().map(|(from, until)| weight(*from, *until, unit)).collect();
        let slices: Vec<Vec<Slice>> =
            ahead.iter().map(|one| slices(&one.charge, &terms, now, unit)).collect();
        for (term, due) in split(difference, &weights).into_iter().enumerate() {
            let of_term: Vec<Slice> = slices.iter().map(|own| own[term]).collect();
            take_of_term(&of_term, due, ahead, &mut money)?;
        }
    }
    let taken = |(one, money): (&Ahead, Charge)| {
        let (all, list) = (one.charge.left(), one.charge.list_left());
        let list = if money.is_positive() { share(list, money, all)?.min(list) } else { Charge::ZERO };
        Ok(Taken { money, list })
    };
    ahead.iter().zip(money).map(taken).collect()
}

/// Takes what is due of a term from the charges that paid it, upgrades first and the last of them before the others.
fn take_of_term(
    slices: &[Slice],
    due: Charge,
    ahead: &[Ahead],
    taken: &mut [Charge],
) -> Result<(), Overflow> {
    let sum = |amount: fn(&Slice) -> Charge| Charge::sum(slices.iter().map(amount)).ok_or(Overflow);
    let (money, list) = (sum(|slice| slice.money)?, sum(|slice| slice.list)?);
    if !list.is_positive() || !money.is_positive() {
        return Ok(());
    }
    let mut due = share(due, money, list)?.min(money);
    let mut order: Vec<usize> = (0..slices.len()).rev().collect();
    order.sort_by_key(|at| ahead[*at].charge.kind != ChargeKind::Upgrade);
    for at in order {
        let part = due.min(slices[at].money);
        due = due.checked_sub(part).ok_or(Overflow)?;
        taken[at] = taken[at].checked_add(part).ok_or(Overflow)?;
    }
    Ok(())
}

/// What of a charge is for each of the terms, by the time that is left of them.
fn slices(
    charge: &ResourceCharge,
    terms: &[(Instant, Instant)],
    now: Instant,
    unit: PeriodType,
) -> Vec<Slice> {
    let (from, until) = (charge.begins_at.max(now), charge.ends_at);
    let shared = |term: &(Instant, Instant)| weight(from.max(term.0), until.min(term.1), unit);
    let weights: Vec<i64> = terms.iter().map(shared).collect();
    let (money, list) = (split(charge.left(), &weights), split(charge.list_left(), &weights));
    money.into_iter().zip(list).map(|(money, list)| Slice { money, list }).collect()
}

/// The time between two instants as a whole number, by which amounts are divided: in parts of what the price is for.
fn weight(from: Instant, until: Instant, unit: PeriodType) -> i64 {
    if until <= from {
        return 0;
    }
    match remaining(from, until, unit) {
        Remaining::Months(parts) => parts.fraction().0,
        Remaining::YearDays(days) => days,
        Remaining::Hours { left, .. } => left,
    }
}

/// `amount × part / whole`, half up to cents.
fn share(amount: Charge, part: Charge, whole: Charge) -> Result<Charge, Overflow> {
    if Exact::from_charge(part).compare(Exact::from_charge(whole))? == Ordering::Equal {
        return Ok(amount);
    }
    Exact::from_charge(amount).times_int(part.units())?.div_int(whole.units())?.settle(Rounding::HalfUp)
}
