//! All SQL of `top_ups` and `credit_lines`; debts and settlement terms, limits and tax rates have files of their own.

pub mod debts;
pub mod limits;
pub mod taxes;

use domain::calendar::Instant;
use domain::money::{Charge, Scaled};
use platform::db::{DbError, Row, Tx};
use platform::job::Due;
use platform::params;

/// The most credit lines that an account is ever granted, so that every list of them is bounded.
pub const CREDIT_LINES_MAX: i64 = 200;

platform::statements! {
    /// One top-up.
    const INSERT_TOP_UP = "insert into top_ups \
        (account_id, trans_id, account_type, amount, repaid, balance_after, journal_id, created_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// A top-up by the caller's id.
    const FIND_TOP_UP = "select account_type, amount, repaid, balance_after, created_at from top_ups \
        where account_id = $1 and trans_id = $2";
    /// One credit line.
    const INSERT_LINE = "insert into credit_lines \
        (account_id, id, amount, journal_id, expires_at, created_at, expired_at, expired_amount) \
        values ($1, $2, $3, $4, $5, $6, null, 0)";
    /// Credit lines that have ended and still hold what was left of them.
    const ENDED = "select expires_at, account_id, id from credit_lines where expired_at is null \
        and expires_at is not null and expires_at <= $1 order by expires_at, account_id, id limit $2";
    /// Marks that a line has ended, once.
    const MARK_ENDED = "update credit_lines set expired_at = $3 \
        where account_id = $1 and id = $2 and expired_at is null";
    /// Counts what was taken back of a line.
    const ADD_EXPIRED = "update credit_lines set expired_amount = expired_amount + $3 \
        where account_id = $1 and id = $2";
    /// How many lines an account was ever granted.
    const COUNT_LINES = "select count(*) from credit_lines where account_id = $1";
    /// The lines of an account, the earliest to expire first, those without end last.
    const LIST_LINES = "select id, amount, expires_at from credit_lines \
        where account_id = $1 order by expires_at nulls last, id limit $2";
    /// How many top-ups there are, and their sum.
    const SUM_TOP_UPS = "select count(*), cast(coalesce(sum(amount), 0) as bigint) from top_ups";
    /// How many credit lines there are, and their sum.
    const SUM_LINES = "select count(*), cast(coalesce(sum(amount), 0) as bigint) from credit_lines";
    /// What was taken back of all credit lines.
    const SUM_EXPIRED = "select cast(coalesce(sum(expired_amount), 0) as bigint) from credit_lines";
    /// The top-ups of all accounts behind one of them, page by page.
    const PAGE_TOP_UPS = "select account_id, trans_id, amount, journal_id, 0 from top_ups \
        where (account_id, trans_id) > ($1, $2) order by account_id, trans_id limit $3";
    /// The credit lines of all accounts behind one of them, page by page.
    const PAGE_LINES = "select account_id, id, amount, journal_id, expired_amount from credit_lines \
        where (account_id, id) > ($1, $2) order by account_id, id limit $3";
}

/// A credit line as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id, and the piece of its ledger account.
    pub id: String,
    /// What was granted.
    pub amount: Charge,
    /// From when on it cannot be used; `None`: until withdrawn.
    pub expires_at: Option<Instant>,
}

impl Line {
    fn from_row(mut row: Row) -> Self {
        Self {
            id: row.take_text(0),
            amount: Charge::cents(row.int(1)),
            expires_at: row.opt_int(2).map(Instant::from_ms),
        }
    }

    /// Whether money may be taken from it.
    pub fn is_usable(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// A top-up as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopUpRow {
    /// Type of the balance that got it.
    pub account_type: i64,
    /// How much came in.
    pub amount: Charge,
    /// How much of it paid debts.
    pub repaid: Charge,
    /// The balance right after it.
    pub balance_after: Charge,
    /// When.
    pub at: Instant,
}

/// A row of `credit_lines` to be written: a line that a journal granted.
#[derive(Debug, Clone, Copy)]
pub struct Brought<'a> {
    /// Whose.
    pub account: &'a str,
    /// Our id of it.
    pub id: &'a str,
    /// How much.
    pub amount: Charge,
    /// By which journal.
    pub journal: &'a str,
    /// When.
    pub at: Instant,
}

/// Writes a top-up down.
pub async fn insert_top_up(
    tx: &mut Tx,
    account: &str,
    trans_id: &str,
    journal: &str,
    row: TopUpRow,
) -> Result<(), DbError> {
    let params = params![
        account,
        trans_id,
        row.account_type,
        row.amount.units(),
        row.repaid.units(),
        row.balance_after.units(),
        journal,
        row.at.ms()
    ];
    tx.exec(INSERT_TOP_UP, params).await?;
    Ok(())
}

/// A top-up by the caller's id of it.
pub async fn find_top_up(tx: &mut Tx, account: &str, trans_id: &str) -> Result<Option<TopUpRow>, DbError> {
    let row = tx.opt(FIND_TOP_UP, params![account, trans_id]).await?;
    Ok(row.map(|row| TopUpRow {
        account_type: row.int(0),
        amount: Charge::cents(row.int(1)),
        repaid: Charge::cents(row.int(2)),
        balance_after: Charge::cents(row.int(3)),
        at: Instant::from_ms(row.int(4)),
    }))
}

/// Writes a credit line down.
pub async fn insert_line(tx: &mut Tx, line: Brought<'_>, expires_at: Option<Instant>) -> Result<(), DbError> {
    let Brought { account, id, amount, journal, at } = line;
    let expires_ms = expires_at.map(Instant::ms);
    tx.exec(INSERT_LINE, params![account, id, amount.units(), journal, expires_ms, at.ms()]).await?;
    Ok(())
}

/// Credit lines that have ended at `until` and still hold what was left of them, by the end of each; the key is
/// `account/id`.
pub async fn ended(tx: &mut Tx, until: Instant, limit: i64) -> Result<Vec<Due>, DbError> {
    let due =
        |row: &Row| Due { at: Instant::from_ms(row.int(0)), key: format!("{}/{}", row.text(1), row.text(2)) };
    Ok(tx.all(ENDED, params![until.ms(), limit]).await?.iter().map(due).collect())
}

/// Marks that a line has ended; `false`: it was marked before.
pub async fn mark_ended(tx: &mut Tx, account: &str, id: &str, now: Instant) -> Result<bool, DbError> {
    Ok(tx.exec(MARK_ENDED, params![account, id, now.ms()]).await? == 1)
}

/// Counts what was taken back of a line.
pub async fn add_expired(tx: &mut Tx, account: &str, id: &str, amount: Charge) -> Result<(), DbError> {
    tx.send(ADD_EXPIRED, params![account, id, amount.units()]).await
}

/// What was taken back of all credit lines. For checks.
pub async fn sum_expired(tx: &mut Tx) -> Result<Charge, DbError> {
    Ok(Charge::cents(tx.one(SUM_EXPIRED, &[]).await?.int(0)))
}

/// How many credit lines an account was ever granted.
pub async fn count_lines(tx: &mut Tx, account: &str) -> Result<i64, DbError> {
    Ok(tx.one(COUNT_LINES, params![account]).await?.int(0))
}

/// The credit lines of an account, expired ones included, in the order in which they are used.
pub async fn list_lines(tx: &mut Tx, account: &str) -> Result<Vec<Line>, DbError> {
    let rows = tx.all(LIST_LINES, params![account, CREDIT_LINES_MAX]).await?;
    Ok(rows.into_iter().map(Line::from_row).collect())
}

/// A row of `top_ups` or `credit_lines` as the checks read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// Whose.
    pub account: String,
    /// The caller's id of a top-up, our id of a line.
    pub id: String,
    /// How much.
    pub amount: Charge,
    /// By which journal.
    pub journal: String,
    /// What was taken back of a line since it ended.
    pub expired: Charge,
}

/// The two tables of money that came in, which the checks read alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `top_ups`.
    TopUps,
    /// `credit_lines`.
    CreditLines,
}

/// How many rows a table has, and the sum of their amounts.
pub async fn sum(tx: &mut Tx, table: Table) -> Result<(i64, Charge), DbError> {
    let sql = match table {
        Table::TopUps => SUM_TOP_UPS,
        Table::CreditLines => SUM_LINES,
    };
    let row = tx.one(sql, &[]).await?;
    Ok((row.int(0), Charge::cents(row.int(1))))
}

/// The next rows of a table behind account and id; the empty texts stand before the first.
pub async fn page(
    tx: &mut Tx,
    table: Table,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Booked>, DbError> {
    let sql = match table {
        Table::TopUps => PAGE_TOP_UPS,
        Table::CreditLines => PAGE_LINES,
    };
    let booked = |mut row: Row| Booked {
        account: row.take_text(0),
        id: row.take_text(1),
        amount: Charge::cents(row.int(2)),
        journal: row.take_text(3),
        expired: Charge::cents(row.int(4)),
    };
    Ok(tx.all(sql, params![after.0, after.1, limit]).await?.into_iter().map(booked).collect())
}
