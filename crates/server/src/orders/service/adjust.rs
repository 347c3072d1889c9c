//! The operator takes something off the price of an order that waits for payment (609).
//!
//! The adjustment is spread over the lines by their list prices, and stays whatever the order is paid with: coupons and
//! the rules of funds see what is left. No other discount goes with it, neither on the order nor on what is paid together
//! with it. A later one takes its place. An order of type 15 records each of them: its list price is what was taken off,
//! reduced to nothing by the same.
//!
//! An order that was placed with a discount is no longer reduced by it. Coupons reduce what is left, as far as they still
//! go; one that no longer does is let go.

use std::collections::BTreeSet;

use domain::id::OrderId;
use domain::money::{Charge, Scaled, split};
use domain::order::{OrderStatus, OrderType, SourceType};
use domain::promotion::{Modifier, ModifierType};
use platform::op::Refusal;

use super::charge::{Bill, Chosen, Named, adjustments_of, apply, benefits_of};
use super::pay::check_payable;
use crate::Cx;
use crate::orders::errors::OrderError;
use crate::orders::model::{Line, LineState, Order};
use crate::orders::store;
use crate::promotions::service as promotions;

/// Who placed an order that staff of the operator placed (004 table 8-14).
const STAFF: &str = "Operation personnel";
/// The name of the modifier where the operator gave no reason.
const NAME: &str = "Order price adjustment";

/// Sets what an order that waits for payment is to cost instead of its list price, before the discounts and coupons that
/// it is paid with. Answers the order that records it, and the order as it is then.
///
/// # Errors
/// [`OrderError::NotFound`]; [`OrderError::NotAdjustable`] and [`OrderError::Overdue`] where it does not wait for payment
/// any more; CBC.0100 for more than the list price.
pub async fn adjust(
    cx: &mut Cx,
    id: &str,
    amount: Charge,
    reason: Option<String>,
) -> Result<(Order, Order), OrderError> {
    let mut bills = lock(cx, id).await?;
    let at = bills.iter().position(|bill| bill.order.id == id);
    let at = at.ok_or_else(|| OrderError::NotFound(id.to_owned()))?;
    check_payable(&bills[at].order, cx.now).map_err(|refusal| match refusal {
        OrderError::NotPayable(order, status) => OrderError::NotAdjustable(order, status),
        other => other,
    })?;
    let off = bills[at].order.official.checked_sub(amount).filter(|off| !off.is_negative());
    let Some(off) = off else { return Err(above_list(bills[at].order.official).into()) };

    let held = benefits_of(&bills);
    let record = record_of(cx, &bills[at], off, reason);
    spread(&mut bills[at].lines, off, &record.order);
    replan(cx, &mut bills).await?;
    let used = benefits_of(&bills);
    let dropped: Vec<String> =
        held.into_iter().filter(|held| !used.contains(held)).map(|held| held.id).collect();
    if !dropped.is_empty() {
        let first = &bills[at].order;
        let (payer, holder) = (first.payer.clone(), first.combined.as_ref().unwrap_or(&first.id).clone());
        promotions::release(cx, &payer, &dropped, &holder).await?;
    }
    for bill in &bills {
        store::update(&mut cx.tx, &bill.order).await?;
        store::update_lines(&mut cx.tx, &bill.order, &bill.lines, true).await?;
    }
    store::insert(&mut cx.tx, &record.order, &record.lines).await?;
    Ok((record.order, bills.swap_remove(at).order))
}

/// The order and what is paid together with it, locked in the order of their ids.
async fn lock(cx: &mut Cx, id: &str) -> Result<Vec<Bill>, OrderError> {
    let found = store::find(&mut cx.tx, id).await?;
    let found = found.ok_or_else(|| OrderError::NotFound(id.to_owned()))?;
    let orders = match &found.combined {
        Some(combined) => store::lock_combined(&mut cx.tx, combined).await?,
        None => store::lock_any(&mut cx.tx, id).await?.into_iter().collect(),
    };
    let mut bills = Vec::with_capacity(orders.len());
    for order in orders {
        let lines = store::lines(&mut cx.tx, &order).await?;
        bills.push(Bill { order, lines });
    }
    Ok(bills)
}

fn above_list(list: Charge) -> Refusal {
    Refusal::because(
        "amount",
        format!("must not be above the list price of the order, {list}"),
        format!("不能高于订单的官网价 {list}"),
    )
}

/// Takes an amount off some lines, in proportion to their list prices, instead of what was taken off before.
fn spread(lines: &mut [Line], off: Charge, record: &Order) {
    let weights: Vec<i64> = lines.iter().map(|line| line.official.units()).collect();
    let name = record.reason.as_deref().unwrap_or(NAME);
    for (line, share) in lines.iter_mut().zip(split(off, &weights)) {
        line.adjusted = share;
        line.modifiers.retain(|modifier| modifier.kind != ModifierType::PriceAdjustment);
        if !share.is_zero() {
            line.modifiers.insert(0, adjustment(record, name, share));
        }
    }
}

fn adjustment(record: &Order, name: &str, amount: Charge) -> Modifier {
    let kind = ModifierType::PriceAdjustment;
    Modifier { kind, source: record.id.clone(), name: name.to_owned(), amount }
}

/// Reduces orders by the coupons that they were placed with, and by the discount where nothing is adjusted; where that no
/// longer goes, by nothing but the adjustments.
async fn replan(cx: &mut Cx, bills: &mut [Bill]) -> Result<(), OrderError> {
    let is_discount = |modifier: &&Modifier| {
        modifier.kind != ModifierType::PriceAdjustment
            && modifier.kind != ModifierType::DiscountCoupon
            && !modifier.kind.is_benefit()
    };
    let is_adjusted = adjustments_of(bills).next().is_some();
    let discount = bills.iter().flat_map(|bill| &bill.order.modifiers).find(is_discount);
    let discount = discount.filter(|_| !is_adjusted);
    let placed_with = Chosen {
        discount: discount.map(|modifier| Named { id: modifier.source.clone(), pay_type: None }),
        coupons: benefits_of(bills),
        promotion: None,
        is_automatic: false,
    };
    match apply(cx, bills, &placed_with).await {
        Ok(_) => Ok(()),
        Err(OrderError::Plan(_)) => {
            let nothing = Chosen { discount: None, coupons: Vec::new(), ..placed_with };
            apply(cx, bills, &nothing).await.map(drop)
        }
        Err(other) => Err(other),
    }
}

/// The order that records an adjustment: completed as it is made, and free.
fn record_of(cx: &mut Cx, bill: &Bill, off: Charge, reason: Option<String>) -> Bill {
    let mut order = Order {
        id: OrderId::make(cx.now, cx.ids.as_mut()).into(),
        order_type: OrderType::FeeAdjustment,
        status: OrderStatus::Completed,
        source_type: SourceType::System,
        official: off,
        payable: Charge::ZERO,
        modifiers: Vec::new(),
        tax: Charge::ZERO,
        tax_rate: None,
        combined: None,
        begin_at: None,
        handed_over_at: None,
        user_name: STAFF.to_owned(),
        auto_pay: false,
        auto_renew: false,
        base_order: Some(bill.order.id.clone()),
        reason,
        reason_type: None,
        created_at: cx.now,
        paid_at: Some(cx.now),
        pay_before: None,
        open_lines: 0,
        ..bill.order.clone()
    };
    let name = order.reason.clone().unwrap_or_else(|| NAME.to_owned());
    let of = |amount: Charge, order: &Order| match amount.is_zero() {
        true => Vec::new(),
        false => vec![adjustment(order, &name, amount)],
    };
    order.modifiers = of(off, &order);
    let weights: Vec<i64> = bill.lines.iter().map(|line| line.official.units()).collect();
    let recorded = |(line, share): (&Line, Charge)| Line {
        official: share,
        payable: Charge::ZERO,
        modifiers: of(share, &order),
        adjusted: share,
        state: LineState::Done,
        resource: None,
        ..line.clone()
    };
    let lines: Vec<Line> = bill.lines.iter().zip(split(off, &weights)).map(recorded).collect();
    let projects: BTreeSet<&str> = lines.iter().map(Line::enterprise_project).collect();
    order.enterprise_projects = projects.into_iter().map(str::to_owned).collect();
    Bill { order, lines }
}
