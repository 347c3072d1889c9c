//! What a payment took and what came back of it, told journal by journal.

use domain::calendar::Instant;
use domain::ledger::LedgerAccount;
use domain::money::Charge;
use platform::db::{DbError, Row, Tx};
use platform::params;

use super::{FUNDS_MAX, parse_account};

/// The most postings of refunds of one payment that are told.
const BACK_MAX: i64 = 10_000;

platform::statements! {
    /// What the journal of a cause moved on customers' accounts.
    const OF_CAUSE = "select j.id, j.cause, j.posted_at, p.ledger_account_id, p.amount \
        from journals j join postings p on p.journal_id = j.id \
        where j.cause = $1 and p.account_seq is not null order by p.seq limit $2";
    /// What the journals that give back a journal moved on customers' accounts, the earliest first.
    const BACK_OF = "select j.id, j.cause, j.posted_at, p.ledger_account_id, p.amount \
        from journals j join postings p on p.journal_id = j.id \
        where j.gives_back = $1 and p.account_seq is not null order by j.id, p.seq limit $2";
}

/// A posting on a customer's account, with the journal that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The journal.
    pub journal: String,
    /// Text of its cause.
    pub cause: String,
    /// When it was posted.
    pub at: Instant,
    /// The account.
    pub account: LedgerAccount,
    /// By how much it changed; below zero where it paid.
    pub amount: Charge,
}

fn told(mut row: Row) -> Result<Told, DbError> {
    Ok(Told {
        account: parse_account(row.text(3))?,
        amount: Charge::cents(row.int(4)),
        at: Instant::from_ms(row.int(2)),
        journal: row.take_text(0),
        cause: row.take_text(1),
    })
}

/// What the journal of a cause moved, in the order of its postings; nothing where there is no such journal.
pub async fn of_cause(tx: &mut Tx, cause: &str) -> Result<Vec<Told>, DbError> {
    tx.all(OF_CAUSE, params![cause, FUNDS_MAX]).await?.into_iter().map(told).collect()
}

/// What came back of a journal, journal by journal.
pub async fn back_of(tx: &mut Tx, journal: &str) -> Result<Vec<Told>, DbError> {
    tx.all(BACK_OF, params![journal, BACK_MAX]).await?.into_iter().map(told).collect()
}
