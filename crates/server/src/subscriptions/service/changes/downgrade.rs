//! A cheaper specification: the resource is it at once, and what it costs less for the rest of the term goes back, without
//! a fee (rule 2.6).
//!
//! What goes back is the difference of list prices, in the share of the list price that balances paid: of what a discount
//! or a coupon took off nothing goes back, and coupons are not returned. It is taken from what was paid for time to come,
//! the last charge first, and is never more than what is left of that.

use std::cmp::Ordering;

use domain::calendar::Instant;
use domain::money::{Charge, Exact, Overflow, Rounding, Scaled};
use domain::order::{OrderType, SourceType};
use domain::site::SiteProfile;
use domain::subscription::refund::{HandlingFee, Period, RefundError};
use platform::db::DbError;
use platform::op::ApiError;

use super::{Buyer, Change, changed};
use crate::Cx;
use crate::orders::model::{Line, Order};
use crate::orders::service::{NewReturn, ReturnLine, ReturnPart, Share};
use crate::subscriptions::service::cloud::{self, Action};
use crate::subscriptions::store::charges::{self, ResourceCharge};
use crate::subscriptions::store::{self, Resource};

/// Makes a locked resource what is wanted, and gives the difference back.
pub(super) async fn carry_out(
    cx: &mut Cx,
    buyer: Buyer,
    resource: Resource,
    change: Change,
) -> Result<Order, ApiError> {
    let mut paid = charges::of_resource(&mut cx.tx, &resource.account, &resource.id).await?;
    let taken = take(&paid, change.line.official, cx.now, cx.site.profile()).map_err(broken)?;
    let resource = changed(resource, &change.line, cx.now);
    store::update(&mut cx.tx, &resource, resource.is_visible()).await?;
    let mut parts = Vec::with_capacity(taken.len());
    for Taken { at, money, list } in taken {
        let charge = &mut paid[at];
        charge.returned_money = charge.returned_money.checked_add(money).ok_or_else(overflow)?;
        charge.returned_list = charge.returned_list.checked_add(list).ok_or_else(overflow)?;
        charges::update(&mut cx.tx, charge).await?;
        parts.push(ReturnPart {
            charge_no: charge.charge_no,
            base_order: charge.order.clone(),
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
    let order = give_back(cx, &back).await?;
    cloud::tell(cx, Some(&order), &[&resource], Action::Change).await?;
    Ok(order)
}

fn overflow() -> DbError {
    DbError::Other("what goes back overflows".to_owned())
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
            unused(charge, charge.money.checked_sub(charge.returned_money), now, site)?,
            unused(charge, charge.list.checked_sub(charge.returned_list), now, site)?,
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
    amount: Option<Charge>,
    now: Instant,
    site: &SiteProfile,
) -> Result<Charge, RefundError> {
    let period = Period { term: charge.term, effective_at: charge.begins_at, expires_at: charge.ends_at };
    Ok(period.settle(amount.ok_or(Overflow)?, now, site, HandlingFee::Waived)?.refund)
}

/// `amount × part / whole`, half up to cents.
fn share(amount: Charge, part: Charge, whole: Charge) -> Result<Charge, Overflow> {
    if Exact::from_charge(part).compare(Exact::from_charge(whole))? == Ordering::Equal {
        return Ok(amount);
    }
    Exact::from_charge(amount).times_int(part.units())?.div_int(whole.units())?.settle(Rounding::HalfUp)
}

// Until refund orders of several charges are there.
async fn give_back(_: &mut Cx, back: &NewReturn) -> Result<Order, ApiError> {
    Err(DbError::Other(format!("{back:?}")).into())
}
