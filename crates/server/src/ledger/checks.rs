//! What `verify` recomputes of the books themselves.

use platform::db::{DbError, Tx};

use super::store::checks as store;
use crate::verify::{Boxed, Check, FINDINGS_MAX, Identity};

/// The books.
pub struct Books;

/// The check as the application takes it.
pub const BOOKS: Books = Books;

impl Check for Books {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(recompute(tx))
    }
}

async fn recompute(tx: &mut Tx) -> Result<Vec<Identity>, DbError> {
    let (above, below) = store::sides(tx).await?;
    let unbalanced = store::list_unbalanced(tx, FINDINGS_MAX).await?;
    let (stored, posted) = store::balances(tx).await?;
    let wrong = store::list_wrong_balances(tx, FINDINGS_MAX).await?;
    let (totals, counted) = store::totals(tx).await?;
    let miscounted = store::list_wrong_totals(tx, FINDINGS_MAX).await?;
    let (accounts, enough) = store::count_floors(tx).await?;
    let low = store::list_below_floor(tx, FINDINGS_MAX).await?;
    let (postings, same) = store::count_currencies(tx).await?;
    let mixed = store::list_mixed(tx, FINDINGS_MAX).await?;
    let given_back = store::count_given_back(tx).await?;
    let too_much = store::list_given_back_too_much(tx, FINDINGS_MAX).await?;
    let limited = i64::try_from(too_much.len()).expect("the list has a limit");
    let (payments, paid) = store::count_payments(tx).await?;
    let others = store::list_other_payments(tx, FINDINGS_MAX).await?;
    Ok(vec![
        Identity::of("ledger.zero_sum", above, below, &unbalanced),
        Identity::of("ledger.balances", stored, posted, &wrong),
        Identity::of("ledger.totals", totals, counted, &miscounted),
        Identity::of("ledger.floors", accounts, enough, &low),
        Identity::of("ledger.currencies", postings, same, &mixed),
        Identity::of("ledger.given_back", given_back, given_back - limited, &too_much),
        Identity::of("ledger.paid_once", payments, paid, &others),
    ])
}
