//! What limits the spending of an account besides its balance: budgets, quotas and numbers of payments.

use super::service::{PayError, Payment};
use crate::Cx;

/// Limits that a payment passed, locked until it has been counted.
#[derive(Debug)]
pub(super) struct Passed;

/// Locks and checks the limits by amount, in the order of rule 4.11: fund quotas of enterprise projects, the
/// organisation's budget, the customer's budget (reseller model) and expenditure quota.
pub(super) async fn check_amounts(cx: &mut Cx, payment: &Payment<'_>) -> Result<Passed, PayError> {
    let _ = (cx, payment);
    Ok(Passed)
}

/// Checks the limits by number, which come last: attempts, then transactions of the day.
pub(super) async fn check_numbers(cx: &mut Cx, payment: &Payment<'_>) -> Result<(), PayError> {
    let _ = (cx, payment);
    Ok(())
}

/// Counts a payment that was made against every limit it passed.
pub(super) async fn count(cx: &mut Cx, payment: &Payment<'_>, passed: Passed) -> Result<(), PayError> {
    let _ = (cx, payment, passed);
    Ok(())
}
