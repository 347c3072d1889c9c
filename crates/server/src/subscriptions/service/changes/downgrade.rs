//! A cheaper specification: the resource is it at once, or when the cloud has made it so, and what it costs less for the
//! rest of the term goes back, without a fee (rule 2.6). Where the cloud cannot, nothing has moved.
//!
//! What goes back is a difference of list prices. It is taken from the charges that paid the time to come, and of each goes
//! back the share of the list price that balances paid of it: of what a discount or a coupon took off nothing goes back,
//! and coupons are not returned.
//!
//! ```text
//!  term      ├──used──┊────────────┤              the rest becomes a charge of its own
//!  renewal            ┊            ├───────────┤  is all to come
//!  upgrade        ├───┊────────────────────────┤  is part of both
//!            difference of this │ and of this
//! ```
//!
//! The difference is divided by the time that is left of each term. That of a term is taken from its upgrades, the last of
//! them first, each up to what its own list price has left for that time, by the hours of its charge; what upgrades
//! cannot give comes from the purchase or the renewal itself. So what was upgraded and is taken back gives back what was
//! paid for the upgrade, whatever the purchase was paid with. Of no charge goes back more than is left of it.
//!
//! What goes back is rounded to cents once, from the exact difference and the exact shares, and the cents go to the charges
//! that lost most by the cut. What a list price has left for each of several terms is told by eight decimals, as many as
//! the rule asks for, and what goes back of a charge by ten.
//!
//! The charges are split when the order is carried out, where it was asked for: of what the cloud could not do they know
//! nothing.

use std::cmp::Ordering;

use domain::calendar::{Instant, PeriodType};
use domain::money::{Charge, Exact, Overflow, Rounding, Scaled};
use domain::order::{OrderType, SourceType};
use domain::promotion::Modifier;
use domain::site::SiteProfile;
use domain::subscription::change::{Remaining, remaining};
use domain::subscription::refund::RefundError;
use platform::db::DbError;
use platform::op::ApiError;

use super::{Buyer, changed, resource_of};
use crate::app::Provisioner;
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, NewReturn, ReturnLine, ReturnPart, ReturnRow, Share};
use crate::subscriptions::quotas;
use crate::subscriptions::service::cloud::{self, Action};
use crate::subscriptions::service::unsubscribing;
use crate::subscriptions::store::charges::{self, ChargeKind, ResourceCharge};
use crate::subscriptions::store::{self, Resource};
use crate::{Cx, codes};

/// Decimals of what a list price has left for each of several terms (rule 2.6).
const SHARE_DECIMALS: u32 = 8;
/// Decimals of what goes back of a charge.
const DUE_DECIMALS: u32 = 10;
const CENT: Charge = Charge::cents(1);

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
    let parts = parts(paid, ahead, &taken);
    check_invoices(cx, &resource, &parts).await?;
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

/// What an invoice was issued for gives nothing back (CBC.99003643).
async fn check_invoices(cx: &mut Cx, resource: &Resource, parts: &[ReturnPart]) -> Result<(), ApiError> {
    let gives = |part: &&ReturnPart| part.back.money.is_positive();
    let giving: Vec<ReturnPart> = parts.iter().filter(gives).cloned().collect();
    if !unsubscribing::is_invoiced(cx, &giving).await? {
        return Ok(());
    }
    let name = resource.resource_id.as_deref().unwrap_or(&resource.id);
    Err(codes::INVOICED_NOT_UNSUBSCRIBABLE.because(
        format!("An invoice was issued for what a cheaper specification of resource {name} would give back. Return the invoice first."),
        format!("资源 {name} 降低规格需退还的费用已开具发票，请先退回发票。"),
    ))
}

/// The order is carried out: its resources are what they are to be, and their charges bear what went back.
pub(in crate::subscriptions::service) async fn returned(
    cx: &mut Cx,
    order: &Order,
    lines: &[Line],
) -> Result<(), ApiError> {
    split_off(cx, order, lines).await?;
    unsubscribing::note(cx, order).await?;
    for line in lines {
        let resource = store::lock(&mut cx.tx, &order.account, resource_of(order, line)?).await?;
        let was_visible = resource.is_visible();
        let resource = Resource { open_order: None, ..changed(resource, line, cx.now) };
        store::update(&mut cx.tx, &resource, was_visible).await?;
        super::notify(cx, order, &resource).await?;
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

/// What goes back, by charge. A rest that something is taken of is numbered as the charge that it becomes when the order
/// is carried out; the order holds its resource until then, so that no other charge gets the number.
fn parts(paid: &[ResourceCharge], ahead: Vec<Ahead>, taken: &[Taken]) -> Vec<ReturnPart> {
    let mut next_no = paid.last().map_or(1, |last| last.charge_no + 1);
    let mut parts = Vec::with_capacity(taken.len());
    for (Ahead { mut charge, used, .. }, taken) in ahead.into_iter().zip(taken) {
        if taken.money.is_zero() && taken.list.is_zero() {
            continue;
        }
        if used.is_some() {
            charge.charge_no = next_no;
            next_no += 1;
        }
        parts.push(ReturnPart {
            charge_no: charge.charge_no,
            base_order: charge.order,
            back: Share { money: taken.money, benefits: Vec::new(), list: taken.list },
            consumed: Charge::ZERO,
            fee: Charge::ZERO,
        });
    }
    parts
}

/// Makes the rests that an order takes something of charges of their own, from when it was asked for.
async fn split_off(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<(), ApiError> {
    let rows = orders::rows_of(cx, order).await?;
    for line in lines {
        let id = resource_of(order, line)?;
        let paid = charges::of_resource(&mut cx.tx, &order.account, id).await?;
        let last_no = paid.last().map_or(0, |last| last.charge_no);
        let is_new = |row: &&ReturnRow| row.resource == id && row.charge_no > last_no;
        let new: Vec<&ReturnRow> = rows.iter().filter(is_new).collect();
        let mut rests = Vec::with_capacity(new.len());
        for Ahead { charge, used, .. } in
            to_come(&paid, order.created_at, cx.site.profile()).map_err(broken)?
        {
            let row = new.iter().find(|row| row.base_order == charge.order);
            if let (Some(used), Some(row)) = (used, row) {
                charges::update(&mut cx.tx, &used).await?;
                rests.push(ResourceCharge { charge_no: row.charge_no, ..charge });
            }
        }
        charges::insert(&mut cx.tx, &rests).await?;
    }
    Ok(())
}

/// What goes back of one charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Taken {
    /// Of what balances paid.
    money: Charge,
    /// Of the list price.
    list: Charge,
}

/// What goes back of one charge, before it is rounded.
#[derive(Clone, Copy)]
struct Due {
    money: Exact,
    list: Exact,
}

/// What goes back of each charge for a difference of list prices.
fn take(ahead: &[Ahead], difference: Exact, now: Instant, unit: PeriodType) -> Result<Vec<Taken>, Overflow> {
    let is_term = |at: &usize| ahead[*at].charge.kind != ChargeKind::Upgrade;
    let span = |charge: &ResourceCharge| (charge.begins_at.max(now), charge.ends_at);
    let owns: Vec<usize> = (0..ahead.len()).filter(is_term).collect();
    let terms: Vec<(Instant, Instant)> = owns.iter().map(|at| span(&ahead[*at].charge)).collect();
    let weights: Vec<i64> = terms.iter().map(|(from, until)| weight(*from, *until, unit)).collect();
    let all: i64 = weights.iter().sum();
    let mut due = vec![Due { money: Exact::zero(), list: Exact::zero() }; ahead.len()];
    if all > 0 {
        let lists: Vec<Vec<Exact>> =
            ahead.iter().map(|one| lists(one, &terms, now, unit)).collect::<Result<_, _>>()?;
        for (term, weight) in weights.into_iter().enumerate() {
            let of_it =
                if weight == all { difference } else { difference.times_int(weight)?.div_int(all)? };
            let of_term: Vec<Exact> = lists.iter().map(|own| own[term]).collect();
            take_of_term(of_it, (owns[term], &of_term), ahead, &mut due)?;
        }
    }
    let money = in_cents(ahead, &due)?;
    let taken = |((one, due), money): ((&Ahead, &Due), Charge)| {
        Ok(Taken { money, list: due.list.settle(Rounding::HalfUp)?.min(one.charge.list_left()) })
    };
    ahead.iter().zip(&due).zip(money).map(taken).collect()
}

/// Takes what is due of a term at list prices from the charges that paid it: from upgrades up to what their list prices
/// have left for it, the last of them first, and then from its own.
fn take_of_term(
    mut due: Exact,
    (own, lists): (usize, &[Exact]),
    ahead: &[Ahead],
    taken: &mut [Due],
) -> Result<(), Overflow> {
    let is_upgrade = |at: &usize| ahead[*at].charge.kind == ChargeKind::Upgrade;
    for at in (0..ahead.len()).rev().filter(is_upgrade) {
        let part = if due.compare(lists[at])? == Ordering::Less { due } else { lists[at] };
        due = due.checked_sub(part)?;
        taken[at].add(part, &ahead[at])?;
    }
    taken[own].add(due, &ahead[own])?;
    // Of what was cheaper when it was bought no more goes back than is left.
    let left = Exact::from_charge(ahead[own].charge.left());
    if taken[own].money.compare(left)? == Ordering::Greater {
        taken[own].money = left;
    }
    Ok(())
}

impl Due {
    /// So much more at list prices, and what balances paid of that.
    fn add(&mut self, list: Exact, of: &Ahead) -> Result<(), Overflow> {
        // The share of a charge is that of every part of it.
        let (money, whole) = (of.whole.0.units(), of.whole.1.units());
        let paid = match (money, whole) {
            (0, _) | (_, 0) => Exact::zero(),
            _ if money == whole => list,
            _ => Exact::from_shown(list.times_int(money)?.div_int(whole)?.show(DUE_DECIMALS)?)?,
        };
        self.list = self.list.checked_add(list)?;
        self.money = self.money.checked_add(paid)?;
        Ok(())
    }
}

/// What goes back of each charge in cents: the sum is rounded, every part is cut, and the cents that are left go to those
/// that lost most, the first of them before the others. None has more than is left of it.
fn in_cents(ahead: &[Ahead], due: &[Due]) -> Result<Vec<Charge>, Overflow> {
    let all = Exact::sum(due.iter().map(|due| due.money))?.settle(Rounding::HalfUp)?;
    let cut = |(one, due): (&Ahead, &Due)| {
        let part = due.money.settle(Rounding::Truncate)?;
        let lost = due.money.checked_sub(Exact::from_charge(part))?.show(DUE_DECIMALS)?.units;
        Ok((part.min(one.charge.left()), lost))
    };
    let cut: Vec<(Charge, i128)> = ahead.iter().zip(due).map(cut).collect::<Result<_, Overflow>>()?;
    let mut parts: Vec<Charge> = cut.iter().map(|(part, _)| *part).collect();
    let mut order: Vec<usize> = (0..parts.len()).filter(|at| !due[*at].money.is_zero()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(cut[*at].1));
    let sum = Charge::sum(parts.iter().copied()).ok_or(Overflow)?;
    let mut left = all.checked_sub(sum).ok_or(Overflow)?;
    for at in order.iter().chain(&order) {
        if left.is_positive() && parts[*at] < ahead[*at].charge.left() {
            parts[*at] = parts[*at].checked_add(CENT).ok_or(Overflow)?;
            left = left.checked_sub(CENT).ok_or(Overflow)?;
        }
    }
    Ok(parts)
}

/// What the list price of a charge has left for each of the terms, by the time that is left of them.
fn lists(
    one: &Ahead,
    terms: &[(Instant, Instant)],
    now: Instant,
    unit: PeriodType,
) -> Result<Vec<Exact>, Overflow> {
    let (from, until) = (one.charge.begins_at.max(now), one.charge.ends_at);
    let shared = |term: &(Instant, Instant)| weight(from.max(term.0), until.min(term.1), unit);
    let weights: Vec<i64> = terms.iter().map(shared).collect();
    let all: i64 = weights.iter().sum();
    let (left, whole) = one.unused;
    let of_term = |weight: &i64| {
        if all == 0 {
            return Ok(Exact::zero());
        }
        let part = Exact::from_charge(one.whole.1).times_int(left)?.div_int(whole)?;
        Exact::from_shown(part.times_int(*weight)?.div_int(all)?.show(SHARE_DECIMALS)?)
    };
    weights.iter().map(of_term).collect()
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
