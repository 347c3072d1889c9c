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
//! upgrades first, the last of them before the others. It is never more than what is left of that. What goes back is
//! rounded to cents once, from the exact difference and the exact share; shares of terms that several charges paid are
//! told by eight decimals, as many as the rule asks for, and amounts of several terms by ten.

use std::cmp::Ordering;

use domain::calendar::{Instant, PeriodType};
use domain::money::{Charge, Exact, Overflow, Rounding, Scaled, split};
use domain::order::{OrderType, SourceType};
use domain::promotion::Modifier;
use domain::site::SiteProfile;
use domain::subscription::change::{Remaining, remaining};
use domain::subscription::refund::RefundError;
use platform::db::DbError;
use platform::op::ApiError;

use super::{Buyer, changed, resource_of};
use crate::Cx;
use crate::app::Provisioner;
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, NewReturn, ReturnLine, ReturnPart, Share};
use crate::subscriptions::quotas;
use crate::subscriptions::service::cloud::{self, Action};
use crate::subscriptions::service::unsubscribing;
use crate::subscriptions::store::charges::{self, ChargeKind, ResourceCharge};
use crate::subscriptions::store::{self, Resource};

/// Decimals that shares of what was paid are told by (rule 2.6).
const SHARE_DECIMALS: u32 = 8;
/// Decimals of what goes back of each of several terms.
const DUE_DECIMALS: u32 = 10;

/// Makes a locked resource what a line says, or has the cloud do so, and gives the difference back, exact as it is, of
/// what was paid.
pub(super) async fn carry_out(
    cx: &mut Cx,
    buyer: Buyer,
    resource: Resource,
    line: Line,
    (difference, paid): (Exact, &[ResourceCharge]),
) -> Result<Order, ApiError> {
    let lines = std::slice::from_ref(&line);
    let short = quotas::admit_lines(cx, &resource.account, lines).await?;
    if !short.is_empty() {
        let name = resource.resource_id.as_deref().unwrap_or(&resource.id);
        return Err(orders::shortage(cx, name, lines, &short));
    }
    let unit = PeriodType::from_code(resource.period_type).expect("stored from the same table of codes");
    let ahead = to_come(paid, cx.now, cx.site.profile()).map_err(broken)?;
    let taken = take(&ahead, difference, cx.now, unit).map_err(|overflow| broken(overflow.into()))?;
    let parts = split_off(cx, paid, ahead, &taken).await?;
    let line = Line { effective_at: Some(cx.now), expires_at: resource.expires_at, ..line };
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
    /// What is left of the money and of the list price of the whole charge, used up or not.
    whole: (Charge, Charge),
    /// How much of that is to come, as numerator and denominator.
    unused: (i64, i64),
}

/// What was paid for the time to come, in the order of payment.
fn to_come(paid: &[ResourceCharge], now: Instant, site: &SiteProfile) -> Result<Vec<Ahead>, RefundError> {
    let mut ahead = Vec::with_capacity(paid.len());
    for charge in paid.iter().filter(|charge| !charge.is_taken_back() && charge.ends_at > now) {
        let (period, whole) = (charge.period(), (charge.left(), charge.list_left()));
        let hours = period.used(now, site.refund_unit);
        if hours.used == 0 {
            ahead.push(Ahead { charge: charge.clone(), used: None, whole, unused: (1, 1) });
            continue;
        }
        let left = (hours.total - hours.used, hours.total);
        let unused = |amount| period.left_of(amount, now, site);
        let amounts = (unused(charge.left())?, unused(charge.list_left())?);
        let benefit = |own: &Modifier| Ok(Modifier { amount: unused(own.amount)?, ..own.clone() });
        let mut benefits = charge.benefits.iter().map(benefit).collect::<Result<Vec<_>, RefundError>>()?;
        benefits.retain(|own| !own.amount.is_zero());
        let mut used = charge.clone();
        let rest = used.split_off(now, amounts, benefits).ok_or(Overflow)?;
        ahead.push(Ahead { charge: rest, used: Some(used), whole, unused: left });
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
    for (Ahead { mut charge, used, .. }, taken) in ahead.into_iter().zip(taken) {
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
    /// Of the money, in cents: those of all terms are all that can go back.
    money: Charge,
    /// Of the money and of the list price as both are, in units of the last decimal of a share.
    exact: (i64, i64),
}

/// What goes back of each charge for a difference of list prices.
fn take(ahead: &[Ahead], difference: Exact, now: Instant, unit: PeriodType) -> Result<Vec<Taken>, Overflow> {
    let is_term = |charge: &&ResourceCharge| charge.kind != ChargeKind::Upgrade;
    let span = |charge: &ResourceCharge| (charge.begins_at.max(now), charge.ends_at);
    let terms: Vec<(Instant, Instant)> =
        ahead.iter().map(|one| &one.charge).filter(is_term).map(span).collect();
    let weights: Vec<i64> = terms.iter().map(|(from, until)| weight(*from, *until, unit)).collect();
    let all: i64 = weights.iter().sum();
    let mut money = vec![Charge::ZERO; ahead.len()];
    if all > 0 {
        let slices: Vec<Vec<Slice>> =
            ahead.iter().map(|one| slices(one, &terms, now, unit)).collect::<Result<_, _>>()?;
        let (mut exact, mut before) = (Exact::zero(), Charge::ZERO);
        for (term, weight) in weights.into_iter().enumerate() {
            let of_term: Vec<Slice> = slices.iter().map(|own| own[term]).collect();
            let due = if weight == all { difference } else { difference.times_int(weight)?.div_int(all)? };
            exact = exact.checked_add(paid_share(due, &of_term, ahead)?)?;
            // Each term has the cents by which it moves the one sum that is rounded.
            let sum = exact.settle(Rounding::HalfUp)?;
            take_of_term(&of_term, sum.checked_sub(before).ok_or(Overflow)?, ahead, &mut money)?;
            before = sum;
        }
    }
    let taken = |(one, money): (&Ahead, Charge)| {
        let (all, list) = (one.charge.left(), one.charge.list_left());
        let list = if money.is_positive() { share(list, money, all)?.min(list) } else { Charge::ZERO };
        Ok(Taken { money, list })
    };
    ahead.iter().zip(money).map(taken).collect()
}

/// What balances paid of what is due of a term at list prices.
fn paid_share(due: Exact, slices: &[Slice], ahead: &[Ahead]) -> Result<Exact, Overflow> {
    let paying: Vec<usize> = (0..slices.len()).filter(|at| slices[*at].exact.1 > 0).collect();
    let (money, list) = match *paying {
        [] => return Ok(Exact::zero()),
        // The share of one charge is that of every part of it.
        [only] => (ahead[only].whole.0.units(), ahead[only].whole.1.units()),
        _ => {
            let add = |(money, list): (i64, i64), slice: &Slice| {
                Some((money.checked_add(slice.exact.0)?, list.checked_add(slice.exact.1)?))
            };
            slices.iter().try_fold((0, 0), add).ok_or(Overflow)?
        }
    };
    if money == list {
        return Ok(due);
    }
    Exact::from_shown(due.times_int(money)?.div_int(list)?.show(DUE_DECIMALS)?)
}

/// Takes what is due of a term from the charges that paid it, upgrades first and the last of them before the others.
fn take_of_term(
    slices: &[Slice],
    mut due: Charge,
    ahead: &[Ahead],
    taken: &mut [Charge],
) -> Result<(), Overflow> {
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
    one: &Ahead,
    terms: &[(Instant, Instant)],
    now: Instant,
    unit: PeriodType,
) -> Result<Vec<Slice>, Overflow> {
    let (from, until) = (one.charge.begins_at.max(now), one.charge.ends_at);
    let shared = |term: &(Instant, Instant)| weight(from.max(term.0), until.min(term.1), unit);
    let weights: Vec<i64> = terms.iter().map(shared).collect();
    let all: i64 = weights.iter().sum();
    let exact = |amount: Charge, weight: i64| {
        if all == 0 {
            return Ok(0);
        }
        let (left, whole) = one.unused;
        let part = Exact::from_charge(amount).times_int(left)?.div_int(whole)?;
        let part = part.times_int(weight)?.div_int(all)?.show(SHARE_DECIMALS)?;
        i64::try_from(part.units).map_err(|_| Overflow)
    };
    let slice = |(money, weight): (Charge, &i64)| {
        Ok(Slice { money, exact: (exact(one.whole.0, *weight)?, exact(one.whole.1, *weight)?) })
    };
    split(one.charge.left(), &weights).into_iter().zip(&weights).map(slice).collect()
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
