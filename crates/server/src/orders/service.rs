//! Use-cases of orders: found, cancelled, fulfilled; placing, paying and refunding have files of their own.

mod adjust;
mod charge;
pub(super) mod explain;
mod fitting;
mod pay;
mod pending;
mod place;
mod refund;
mod returning;

use domain::calendar::Instant;
use domain::order::{OrderEvent, transition};
use platform::db::{DbError, Tx};
use platform::op::ApiError;
use serde_json::json;

use super::errors::OrderError;
use super::model::{Line, LineState, Order};
use super::store;
use crate::Cx;
use crate::identity::service::standing;
use crate::promotions::service as promotions;
use crate::webhooks::service::{self as webhooks, Event};

pub use super::store::list::{Filter, Page, Scope};
pub use adjust::adjust;
pub use charge::{Bill, Chosen, Facts, Named, adjustments_of};
pub use fitting::fitting_coupons;
pub use pay::{check_payable, pay, shortage};
pub use pending::find_payable;
pub use place::{NewLine, NewOrder, Placed, Prepared, place, place_prepared, price_line};
pub use refund::{NewReturn, ReturnLine, ReturnPart, Share, refund, share_of};
pub use returning::{
    ReturnKind, ReturnRow, ReturnedCharge, approve, drop_return, finish_return, give_back, give_back_all,
    give_back_later, reject, rows_of,
};

/// A page of orders, and how many there are in all.
pub async fn list(
    tx: &mut Tx,
    scope: &Scope,
    filter: &Filter,
    page: Page,
) -> Result<(i64, Vec<Order>), DbError> {
    store::list::list(tx, scope, filter, page).await
}

/// An order, whoever owns it; the caller checks who may see it.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Order>, DbError> {
    store::find(tx, id).await
}

/// Every line of an order.
pub async fn lines(tx: &mut Tx, order: &Order) -> Result<Vec<Line>, DbError> {
    store::lines(tx, order).await
}

/// Writes what changed of a locked order.
pub async fn update(cx: &mut Cx, order: &Order) -> Result<(), DbError> {
    store::update(&mut cx.tx, order).await
}

/// What completed refund orders say of charges of resources, behind one of them: its account, our id of its resource,
/// its number. For checks.
pub async fn returned_after(
    tx: &mut Tx,
    last: (&str, &str, i64),
    limit: i64,
) -> Result<Vec<ReturnedCharge>, DbError> {
    store::returns::of_charges(tx, last, limit).await
}

/// A page of the lines of an order, and how many it has.
pub async fn lines_page(
    tx: &mut Tx,
    order: &Order,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<Line>), DbError> {
    store::lines_page(tx, order, offset, limit).await
}

/// An order that `account` owns or pays for, locked for this transaction.
pub async fn lock_own(cx: &mut Cx, account: &str, id: &str) -> Result<Order, OrderError> {
    let order = store::lock(&mut cx.tx, account, id).await?;
    order.ok_or_else(|| OrderError::NotFound(id.to_owned()))
}

/// The sub-orders of a combined order that `account` owns or pays for, locked; none where there is no such combined
/// order of its.
pub async fn lock_combined(cx: &mut Cx, account: &str, id: &str) -> Result<Vec<Order>, OrderError> {
    let mut orders = store::lock_combined(&mut cx.tx, id).await?;
    orders.retain(|order| order.account == account || order.payer == account);
    Ok(orders)
}

/// The sub-orders of a combined order, whoever owns them; the caller checks who may see them.
pub async fn find_combined(tx: &mut Tx, id: &str) -> Result<Vec<Order>, DbError> {
    store::find_combined(tx, id).await
}

/// A unified accounting member has paid by hand: the order waits for its master from now on (rule 4.10). Paying once
/// more by hand is refused, for a payment is in progress (CBC.99000088), and so is a frozen member (CBC.7281).
pub async fn hand_over(cx: &mut Cx, mut order: Order) -> Result<(), OrderError> {
    if standing(&mut cx.tx, &order.account, &order.account).await?.is_frozen {
        return Err(OrderError::Frozen);
    }
    if order.handed_over_at.is_some() {
        return Err(OrderError::InProgress(order.id));
    }
    order.handed_over_at = Some(cx.now);
    Ok(store::update(&mut cx.tx, &order).await?)
}

/// An order that `account` placed, locked for this transaction: who merely pays for it does not have a say.
pub async fn lock_placed(cx: &mut Cx, account: &str, id: &str) -> Result<Order, OrderError> {
    let order = store::lock_placed(&mut cx.tx, account, id).await?;
    order.ok_or_else(|| OrderError::NotFound(id.to_owned()))
}

/// An order that a stored row names, locked for this transaction, for features above.
pub async fn lock(cx: &mut Cx, id: &str) -> Result<Order, DbError> {
    let order = store::lock_any(&mut cx.tx, id).await?;
    order.ok_or_else(|| DbError::Other(format!("order {id} is named by a row and does not exist")))
}

/// One line of an order.
pub async fn get_line(cx: &mut Cx, order: &Order, line_no: i64) -> Result<Line, DbError> {
    store::line(&mut cx.tx, order, line_no).await
}

/// Locks the resources that orders of one combined order are about, before anything is locked that comes after resources.
pub async fn lock_resources(cx: &mut Cx, orders: &[Order]) -> Result<(), ApiError> {
    let Some(first) = orders.first() else { return Ok(()) };
    let mut bills = Vec::with_capacity(orders.len());
    for order in orders {
        bills.push(Bill { order: order.clone(), lines: store::lines(&mut cx.tx, order).await? });
    }
    pay::lock(cx, first, &pay::all_lines(&bills)).await
}

/// Cancels an order that waits for payment: the customer no longer wants it, or its time is over. Coupons that it
/// held can be used again.
pub async fn cancel(cx: &mut Cx, mut order: Order, cause: OrderEvent) -> Result<Order, OrderError> {
    order.status = transition(order.state(), cause, cx.now)
        .map_err(|refusal| OrderError::of_refusal(&order.id, refusal))?;
    order.pay_before = None;
    store::update(&mut cx.tx, &order).await?;
    // Resources before coupons.
    pay::let_go(cx, &order).await?;
    let held: Vec<String> = charge::benefits_of_order(&order).into_iter().map(|held| held.id).collect();
    if !held.is_empty() {
        let holder = order.combined.as_ref().unwrap_or(&order.id);
        promotions::release(cx, &order.payer, &held, holder).await?;
    }
    webhooks::notify(cx, &[event(webhooks::ORDER_CANCELED, &order)]).await?;
    Ok(order)
}

/// How a line ended that the cloud worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// It is there, with its term.
    Done {
        /// Begin of the term.
        effective_at: Instant,
        /// End of the term.
        expires_at: Instant,
    },
    /// Nothing of it could be provided.
    Failed,
}

/// Notes how a line of a locked order ended; the order completes with its last line.
pub async fn finish_line(
    cx: &mut Cx,
    mut order: Order,
    mut line: Line,
    end: LineEnd,
) -> Result<(), ApiError> {
    match end {
        LineEnd::Failed => line.state = LineState::Failed,
        LineEnd::Done { effective_at, expires_at } => {
            line.state = LineState::Done;
            line.effective_at = Some(effective_at);
            line.expires_at = Some(expires_at);
        }
    }
    store::update_line(&mut cx.tx, &order, &line).await?;
    order.open_lines -= 1;
    if order.open_lines > 0 {
        return store::update(&mut cx.tx, &order).await.map_err(ApiError::from);
    }
    let failed = store::lines_in_state(&mut cx.tx, &order, LineState::Failed).await?;
    let done = store::lines_in_state(&mut cx.tx, &order, LineState::Done).await?;
    let cause = match (failed, done) {
        (0, _) => OrderEvent::LinesProvisioned,
        (_, 0) => OrderEvent::AllFailed,
        (_, _) => OrderEvent::SomeFailed,
    };
    order.status = transition(order.state(), cause, cx.now)
        .map_err(|refusal| OrderError::of_refusal(&order.id, refusal))?;
    store::update(&mut cx.tx, &order).await?;
    webhooks::notify(cx, &[event(webhooks::ORDER_COMPLETED, &order)]).await?;
    Ok(())
}

/// What a webhook is told of an order.
fn event<'a>(name: &'static str, order: &'a Order) -> Event<'a> {
    let data = json!({
        "order_id": order.id,
        "customer_id": order.account,
        "order_type": order.order_type.code(),
        "status": order.status.code(),
        "official_amount": order.official.to_string(),
        "amount_after_discount": order.payable.to_string(),
        "currency": order.currency.code(),
        "base_order_id": order.base_order,
    });
    Event { name, account: &order.account, partner: order.partner.as_deref(), data }
}
