//! What a payment took and what came back of it, told journal by journal.

use domain::calendar::Instant;
use domain::ledger::LedgerAccount;
use domain::money::Charge;
use platform::db::{DbError, Row, Tx};
use platform::params;

use super::{FUNDS_MAX, parse_account};

/// The most refunds of one payment that are told: an order has no more resources.
const BACK_MAX: i64 = 1_000;

platform::statements! {
    /// The journal of a cause.
    const OF_CAUSE = "select id, cause, posted_at from journals where cause = $1";
    /// The journals that give back a journal, the earliest first.
    const BACK_OF = "select id, cause, posted_at from journals where gives_back = $1 order by id limit $2";
    /// What a journal moved on customers' accounts, the first posting first.
    const MOVED_BY = "select ledger_account_id, amount from postings \
        where journal_id = $1 and account_seq is not null order by seq limit $2";
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

/// What a journal moved, in the order of its postings.
async fn told(tx: &mut Tx, journal: &Row) -> Result<Vec<Told>, DbError> {
    let id = journal.text(0);
    let posting = |row: &Row| {
        Ok(Told {
            journal: id.to_owned(),
            cause: journal.text(1).to_owned(),
            at: Instant::from_ms(journal.int(2)),
            account: parse_account(row.text(0))?,
            amount: Charge::cents(row.int(1)),
        })
    };
    tx.all(MOVED_BY, params![id, FUNDS_MAX]).await?.iter().map(posting).collect()
}

/// What the journal of a cause moved; nothing where there is no such journal.
pub async fn of_cause(tx: &mut Tx, cause: &str) -> Result<Vec<Told>, DbError> {
    match tx.opt(OF_CAUSE, params![cause]).await? {
        Some(journal) => told(tx, &journal).await,
        None => Ok(Vec::new()),
    }
}

/// What came back of a journal, journal by journal.
pub async fn back_of(tx: &mut Tx, journal: &str) -> Result<Vec<Told>, DbError> {
    let mut back = Vec::new();
    for journal in tx.all(BACK_OF, params![journal, BACK_MAX]).await? {
        back.extend(told(tx, &journal).await?);
    }
    Ok(back)
}
