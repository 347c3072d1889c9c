//! A cheaper specification: the resource is it at once, or when the cloud has made it so, and what it costs less for the
//! rest of the term goes back, without a fee (rule 2.6). Where the cloud cannot, nothing has moved.
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

use super::{Buyer, Change, changed, resource_of};
use crate::Cx;
use crate::app::Provisioner;
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, NewReturn, ReturnLine, ReturnPart, Share};
use crate::subscriptions::service::cloud::{self, Action};
use crate::subscriptions::service::unsubscribing;
use crate::subscriptions::store::charges::{self, ResourceCharge};
use crate::subscriptions::store::{self, Resource};

/// Makes a locked resource what is wanted, or has the cloud do so, and gives the difference back.
pub(super) async fn carry_out(
    cx: &mut Cx,
    buyer: Buyer,
    resource: Resource,
    change: Change,
) -> Result<Order, ApiError> {
    let paid = charges::of_resource(&mut cx.tx, &resource.account, &resource.id).await?;
    let taken = take(&paid, change.line.official, cx.now, cx.site.profile()).map_err(broken)?;
    let part = |taken: &Taken| ReturnPart {
        charge_no: paid[taken.at].charge_no,
        base_order: paid[taken.at].order.clone(),
        back: Share { money: taken.money, benefits: Vec::new(), list: taken.list },
        consumed: Charge::ZERO,
        fee: Charge::ZERO,
    };
    let parts = taken.iter().map(part).collect();
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
