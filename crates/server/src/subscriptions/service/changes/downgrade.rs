//! A cheaper specification: the resource is it at once, and what it costs less for the rest of the term goes back, without
//! a fee (rule 2.6).
//!
//! What goes back is the difference of list prices, in the share of the list price that balances paid: of what a discount
//! or a coupon took off nothing goes back, and coupons are not returned. It is taken from what was paid for time to come,
//! the last charge first, and is never more than what is left of that. A charge that it is taken from is cut in two: what
//! is used up stays what it cost, and the rest costs less, so that an unsubscription afterwards counts both rightly.

use std::cmp::Ordering;

use domain::calendar::Instant;
use domain::money::{Charge, Exact, Overflow, Rounding, Scaled};
use domain::order::{OrderType, SourceType};
use domain::promotion::Modifier;
use domain::site::SiteProfile;
use domain::subscription::refund::{HandlingFee, Period, RefundError};
use platform::db::DbError;
use platform::op::ApiError;

use super::{Buyer, Change, changed};
use crate::Cx;
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, NewReturn, ReturnLine, ReturnPart, Share};
use crate::subscriptions::service::cloud::{self, Action};
use crate::subscriptions::service::unsubscribing;
use crate::subscriptions::store::charges::{self, ResourceCharge};
use crate::subscriptions::store::{self, Resource};

/// Makes a locked resource what is wanted, and gives the difference back.
pub(super) async fn carry_out(
    cx: &mut Cx,
    buyer: Buyer,
    resource: Resource,
    change: Change,
) -> Result<Order, ApiError> {
    let paid = charges::of_resource(&mut cx.tx, &resource.account, &resource.id).await?;
    let taken = take(&paid, change.line.official, cx.now, cx.site.profile()).map_err(broken)?;
    let resource = changed(resource, &change.line, cx.now);
    store::update(&mut cx.tx, &resource, resource.is_visible()).await?;
    let mut parts = Vec::with_capacity(taken.len());
    for Taken { at, money, list } in taken {
        parts.push(ReturnPart {
            charge_no: cut(cx, &paid[at]).await?,
            base_order: paid[at].order.clone(),
            back: Share { money, benefits: Vec::new(), list },
            consumed: Charge::ZERO,
            fee: Charge::ZERO,
        });
    }
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
    let order = orders::give_back(cx, &back).await?;
    unsubscribing::note(cx, &order).await?;
    cloud::tell(cx, Some(&order), &[&resource], Action::Change).await?;
    Ok(order)
}

/// Cuts a charge into what is used up of it and the rest; answers the number of the rest. One of which nothing is used is
/// left as it is.
async fn cut(cx: &mut Cx, charge: &ResourceCharge) -> Result<i64, ApiError> {
    let site = cx.site.profile();
    let unused = |amount| unused(charge, amount, cx.now, site).map_err(broken);
    let (money, list) = (unused(charge.left())?, unused(charge.list_left())?);
    if charge.begins_at >= cx.now || money == charge.left() && list == charge.list_left() {
        return Ok(charge.charge_no);
    }
    let (mut used_up, mut left) = (Vec::new(), Vec::new());
    for benefit in &charge.benefits {
        let rest = unused(benefit.amount)?;
        let used = benefit.amount.checked_sub(rest).ok_or_else(|| broken(Overflow.into()))?;
        for (amount, into) in [(used, &mut used_up), (rest, &mut left)] {
            if !amount.is_zero() {
                into.push(Modifier { amount, ..benefit.clone() });
            }
        }
    }
    let less = |whole: Charge, rest| whole.checked_sub(rest).ok_or_else(|| broken(Overflow.into()));
    let used = ResourceCharge {
        list: less(charge.list, list)?,
        money: less(charge.money, money)?,
        benefits: used_up,
        ends_at: cx.now,
        ..charge.clone()
    };
    let rest = ResourceCharge {
        charge_no: charges::next_no(&mut cx.tx, &charge.account, &charge.resource).await?,
        begins_at: cx.now,
        list,
        money,
        benefits: left,
        returned_money: Charge::ZERO,
        returned_list: Charge::ZERO,
        ..charge.clone()
    };
    charges::cut(&mut cx.tx, &used, &rest).await?;
    Ok(rest.charge_no)
}

fn broken(error: RefundError) -> DbError {
    DbError::Other(format!("what is left of a charge cannot be told: {error}"))
}

/// What goes back of one charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Taken {
    /// Its index.
    at: usize,
    /// Of what balances paid.
    money: Charge,
    /// Of the list price.
    list: Charge,
}

/// What goes back of the charges of a resource for a difference of list prices, the last charge first.
fn take(
    paid: &[ResourceCharge],
    difference: Charge,
    now: Instant,
    site: &SiteProfile,
) -> Result<Vec<Taken>, RefundError> {
    let mut left = Vec::with_capacity(paid.len());
    for charge in paid {
        left.push((
            unused(charge, charge.left(), now, site)?,
            unused(charge, charge.list_left(), now, site)?,
        ));
    }
    let sum = |part: fn(&(Charge, Charge)) -> Charge| Charge::sum(left.iter().map(part)).ok_or(Overflow);
    let (money, list) = (sum(|left| left.0)?, sum(|left| left.1)?);
    if !list.is_positive() || !money.is_positive() {
        return Ok(Vec::new());
    }
    let mut due = share(difference, money, list)?.min(money);
    let mut taken = Vec::new();
    for (at, (money, list)) in left.into_iter().enumerate().rev() {
        let part = due.min(money);
        if !part.is_positive() {
            continue;
        }
        due = due.checked_sub(part).ok_or(Overflow)?;
        taken.push(Taken { at, money: part, list: share(list, part, money)?.min(list) });
    }
    Ok(taken)
}

/// What is not used up of an amount of a charge.
fn unused(
    charge: &ResourceCharge,
    amount: Charge,
    now: Instant,
    site: &SiteProfile,
) -> Result<Charge, RefundError> {
    let period = Period { term: charge.term, effective_at: charge.begins_at, expires_at: charge.ends_at };
    Ok(period.settle(amount, now, site, HandlingFee::Waived)?.refund)
}

/// `amount × part / whole`, half up to cents.
fn share(amount: Charge, part: Charge, whole: Charge) -> Result<Charge, Overflow> {
    if Exact::from_charge(part).compare(Exact::from_charge(whole))? == Ordering::Equal {
        return Ok(amount);
    }
    Exact::from_charge(amount).times_int(part.units())?.div_int(whole.units())?.settle(Rounding::HalfUp)
}
