//! Money in, money spent, money given back.

use domain::money::Charge;
use platform::db::DbError;

use crate::Cx;

/// Why a payment was refused.
#[derive(Debug)]
pub enum PayError {
    /// CBC.99005003.
    Insufficient,
    /// CBC.7281.
    Frozen,
    /// The database.
    Db(DbError),
}

impl From<DbError> for PayError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// Takes `amount` from the payer's funds for an order (this issue: cash, then credit lines) and posts it.
/// A zero amount posts nothing. The cause of the journal is the order, so an order is charged once.
pub async fn pay_order(_cx: &mut Cx, _payer: &str, _order: &str, _amount: Charge) -> Result<(), PayError> {
    todo!()
}

/// Gives `amount` of `base_order` back to where it came from, for the refund order `refund_order`.
pub async fn refund_order(
    _cx: &mut Cx,
    _payer: &str,
    _base_order: &str,
    _refund_order: &str,
    _amount: Charge,
) -> Result<(), DbError> {
    todo!()
}

/// Puts money into the cash balance; idempotent by `trans_id`. Used by the operation and by the demo seed.
pub async fn top_up(_cx: &mut Cx, _account: &str, _amount: Charge, _trans_id: &str) -> Result<(), DbError> {
    todo!()
}

/// Grants a credit line. Used by the operation and by the demo seed.
pub async fn grant_credit(
    _cx: &mut Cx,
    _account: &str,
    _amount: Charge,
    _expires_at: Option<domain::calendar::Instant>,
) -> Result<(), DbError> {
    todo!()
}
