//! What stands in the books about one payment, for whoever explains it.

use domain::ledger::Cause;
use platform::db::{DbError, Tx};

use crate::ledger::store::receipts as store;

pub use crate::ledger::store::receipts::Told;

/// What the journal of a cause moved on customers' accounts, in the order of its postings; nothing where it was never
/// posted.
pub async fn receipt(tx: &mut Tx, cause: &Cause) -> Result<Vec<Told>, DbError> {
    store::of_cause(tx, &cause.to_string()).await
}

/// What came back of a journal to customers' accounts, the earliest first; at most a bounded number.
pub async fn returns(tx: &mut Tx, journal: &str) -> Result<Vec<Told>, DbError> {
    store::back_of(tx, journal).await
}
