//! The one door to the books.

use domain::calendar::Instant;
use domain::id::IdSource;
use domain::ledger::{Journal, LedgerAccount};
use domain::money::{Charge, Currency};
use platform::db::{DbError, Tx};

/// Why a journal was not posted.
#[derive(Debug)]
pub enum PostError {
    /// An account would fall below its floor.
    Insufficient(LedgerAccount),
    /// The database.
    Db(DbError),
}

impl From<DbError> for PostError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// A journal that stands in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its id.
    pub journal: String,
    /// Whether this call posted it; `false`: the same cause had been posted before.
    pub is_new: bool,
}

/// Makes sure an account exists.
pub async fn ensure_account(
    _tx: &mut Tx,
    _account: &LedgerAccount,
    _currency: Currency,
    _floor: Charge,
    _now: Instant,
) -> Result<(), DbError> {
    todo!()
}

/// Posts a journal: accounts locked in id order, floors checked, running balances kept.
pub async fn post(
    _tx: &mut Tx,
    _ids: &mut dyn IdSource,
    _now: Instant,
    _journal: &Journal,
) -> Result<Posted, PostError> {
    todo!()
}

/// The balance of an account, locked for this transaction; `None`: there is no such account.
pub async fn balance_for_update(_tx: &mut Tx, _account: &LedgerAccount) -> Result<Option<Charge>, DbError> {
    todo!()
}

/// The balances of all accounts of an owner.
pub async fn balances(_tx: &mut Tx, _owner: &str) -> Result<Vec<(LedgerAccount, Charge)>, DbError> {
    todo!()
}
