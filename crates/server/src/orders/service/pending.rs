//! What can be paid now, as those see it who are about to pay it.

use domain::calendar::Instant;
use platform::db::Tx;

use super::charge::Bill;
use super::pay::check_payable;
use crate::orders::errors::OrderError;
use crate::orders::model::Order;
use crate::orders::store;

/// What is paid together with an order that `account` owns or pays for: the order itself, or all sub-orders of the
/// combined order that it names or belongs to. Nothing where it no longer, or not yet, waits for a payment.
///
/// # Errors
/// [`OrderError::NotFound`] where the account has no such order.
pub async fn find_payable(
    tx: &mut Tx,
    account: &str,
    id: &str,
    now: Instant,
) -> Result<Vec<Bill>, OrderError> {
    let is_own = |order: &Order| order.account == account || order.payer == account;
    let mut orders = match store::find(tx, id).await?.filter(is_own) {
        Some(Order { combined: Some(combined), .. }) => store::find_combined(tx, &combined).await?,
        Some(order) => vec![order],
        None => store::find_combined(tx, id).await?,
    };
    orders.retain(is_own);
    if orders.is_empty() {
        return Err(OrderError::NotFound(id.to_owned()));
    }
    if orders.iter().any(|order| check_payable(order, now).is_err()) {
        return Ok(Vec::new());
    }
    let mut bills = Vec::with_capacity(orders.len());
    for order in orders {
        let lines = store::lines(tx, &order).await?;
        bills.push(Bill { order, lines });
    }
    Ok(bills)
}
