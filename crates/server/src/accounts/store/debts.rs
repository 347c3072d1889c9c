//! All SQL of `debts` and `settlement_terms`.

use domain::calendar::Instant;
use domain::ledger::{AccountKind, LedgerAccount};
use domain::money::{Charge, Scaled};
use platform::db::{DbError, Row, Tx, Value};
use platform::params;

use crate::ledger::service::CAUSES_AT_ONCE;

/// How many debts are read at a time.
const DEBTS_AT_ONCE: i64 = 200;
/// The most debts of one order: it is paid from each fund once, and funds are credit lines or a month.
const FUNDS_MAX: i64 = 1_000;
/// The most months that are shown: ten years.
const MONTHS_MAX: i64 = 120;

platform::statements! {
    /// The terms of an account, and what it owes past its due date; without terms they are zero.
    const STANDING = "select cast(coalesce(max(t.is_monthly), 0) as bigint), \
        (select cast(coalesce(sum(d.left_amount), 0) as bigint) from debts d where d.account_id = $1 \
        and d.left_amount > 0 and d.due_at is not null and d.due_at < $2) \
        from settlement_terms t where t.account_id = $1";
    /// The terms of an account.
    const FIND_TERMS = "select is_monthly, limit_amount, due_day, updated_at from settlement_terms \
        where account_id = $1";
    /// The terms of an account, locked: payments by monthly settlement follow each other.
    const LOCK_TERMS = "select is_monthly, limit_amount, due_day, updated_at from settlement_terms \
        where account_id = $1 {for_update}";
    /// The terms of an account, new or changed.
    const PUT_TERMS = "insert into settlement_terms (account_id, is_monthly, limit_amount, due_day, updated_at) \
        values ($1, $2, $3, $4, $5) on conflict (account_id) do update set is_monthly = excluded.is_monthly, \
        limit_amount = excluded.limit_amount, due_day = excluded.due_day, updated_at = excluded.updated_at";
    /// One debt.
    const INSERT = "insert into debts \
        (account_id, id, ledger_account_id, order_id, amount, left_amount, incurred_at, due_at) \
        values ($1, $2, $3, $4, $5, $5, $6, $7)";
    /// Open debts behind one of them, the oldest first, locked.
    const LOCK_OPEN = "select id, ledger_account_id, left_amount, incurred_at from debts where account_id = $1 \
        and left_amount > 0 and (incurred_at, id) > ($2, $3) order by incurred_at, id limit $4 {for_update}";
    /// Open debts that are due, behind one of them, the oldest first, locked in the same order.
    const LOCK_DUE = "select id, ledger_account_id, left_amount, incurred_at, due_at from debts \
        where account_id = $1 and left_amount > 0 and due_at is not null and due_at <= $2 \
        and (incurred_at, id) > ($3, $4) order by incurred_at, id limit $5 {for_update}";
    /// Who has open debts that are due, behind one of them, the earliest due date first.
    const LIST_DUE = "select distinct due_at, account_id from debts where left_amount > 0 \
        and due_at is not null and due_at <= $1 and (due_at, account_id) > ($2, $3) \
        order by due_at, account_id limit $4";
    /// Open debts of an order, locked in the same order.
    const LOCK_OF_ORDER = "select id, ledger_account_id, left_amount, incurred_at from debts \
        where account_id = $1 and order_id = $2 and left_amount > 0 order by incurred_at, id limit $3 {for_update}";
    /// What is left of a debt.
    const UPDATE_LEFT = "update debts set left_amount = $3 where account_id = $1 and id = $2";
    /// How many debts an account has open, and their sum.
    const SUM_OPEN = "select count(*), cast(coalesce(sum(left_amount), 0) as bigint) from debts \
        where account_id = $1 and left_amount > 0";
    /// A page of the open debts of an account, the oldest first.
    const LIST_OPEN = "select id, ledger_account_id, order_id, amount, left_amount, incurred_at, due_at from debts \
        where account_id = $1 and left_amount > 0 order by incurred_at, id limit $2 offset $3";
    /// The months of settlement of an account, the latest first.
    const LIST_MONTHS = "select ledger_account_id, cast(sum(amount) as bigint), \
        cast(sum(left_amount) as bigint), min(due_at) from debts where account_id = $1 \
        and ledger_account_id >= $2 and ledger_account_id < $3 \
        group by ledger_account_id order by ledger_account_id desc limit $4";
    /// What everybody owes by credit lines, and by monthly settlement.
    const SUM_ALL = "select \
        cast(coalesce(sum(case when due_at is null then left_amount else 0 end), 0) as bigint), \
        cast(coalesce(sum(case when due_at is null then 0 else left_amount end), 0) as bigint) \
        from debts where left_amount <> 0";
    /// What is owed by accounts of the ledger.
    const SUM_AMONG = "select ledger_account_id, cast(sum(left_amount) as bigint) from debts \
        where account_id in ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20) and ledger_account_id in ($21, $22, $23, $24, $25, $26, $27, $28, $29, $30, \
        $31, $32, $33, $34, $35, $36, $37, $38, $39, $40) and left_amount <> 0 \
        group by ledger_account_id order by ledger_account_id limit 20";
    /// Debts of which more is left than was taken, or less than nothing.
    const LIST_IMPOSSIBLE = "select account_id, id from debts where left_amount < 0 or left_amount > amount \
        order by account_id, id limit $1";
    /// Orders that took from one account of the ledger twice.
    const LIST_TWICE = "select ledger_account_id, order_id from debts group by ledger_account_id, order_id \
        having count(*) > 1 order by ledger_account_id, order_id limit $1";
}

/// The terms of monthly settlement of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Orders are paid by the month's debt, before any balance.
    pub is_monthly: bool,
    /// The most that may be owed in all; `None`: no limit.
    pub limit: Option<Charge>,
    /// Day of the next month at whose end a month's debt is due.
    pub due_day: i8,
    /// When they were last changed.
    pub updated_at: Instant,
}

impl Terms {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let day = row.int(2);
        let due_day = i8::try_from(day).map_err(|_| DbError::Other(format!("due_day is {day}")))?;
        Ok(Self {
            is_monthly: row.int(0) != 0,
            limit: row.opt_int(1).map(Charge::cents),
            due_day,
            updated_at: Instant::from_ms(row.int(3)),
        })
    }
}

/// How an account stands with those it owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// It pays by monthly settlement.
    pub is_monthly: bool,
    /// What it owes past its due date.
    pub overdue: Charge,
}

/// How an account stands at an instant.
pub async fn standing(tx: &mut Tx, account: &str, now: Instant) -> Result<Standing, DbError> {
    let row = tx.one(STANDING, params![account, now.ms()]).await?;
    Ok(Standing { is_monthly: row.int(0) != 0, overdue: Charge::cents(row.int(1)) })
}

/// The terms of an account; `None`: it never had any.
pub async fn find_terms(tx: &mut Tx, account: &str) -> Result<Option<Terms>, DbError> {
    tx.opt(FIND_TERMS, params![account]).await?.map(|row| Terms::from_row(&row)).transpose()
}

/// The terms of an account, locked.
pub async fn lock_terms(tx: &mut Tx, account: &str) -> Result<Option<Terms>, DbError> {
    tx.opt(LOCK_TERMS, params![account]).await?.map(|row| Terms::from_row(&row)).transpose()
}

/// Writes the terms of an account down.
pub async fn put_terms(tx: &mut Tx, account: &str, terms: Terms) -> Result<(), DbError> {
    let Terms { is_monthly, limit, due_day, updated_at } = terms;
    let limit = limit.map(Charge::units);
    let row = params![account, i64::from(is_monthly), limit, i64::from(due_day), updated_at.ms()];
    tx.exec(PUT_TERMS, row).await?;
    Ok(())
}

/// A debt to be written: what a payment took from credit or monthly settlement.
#[derive(Debug, Clone, Copy)]
pub struct NewDebt<'a> {
    /// Who owes.
    pub account: &'a str,
    /// Its id.
    pub id: &'a str,
    /// The account of the ledger that it was taken from.
    pub fund: &'a str,
    /// The order.
    pub order: &'a str,
    /// How much.
    pub amount: Charge,
    /// When.
    pub at: Instant,
    /// When it is due; `None`: credit without a due date.
    pub due_at: Option<Instant>,
}

/// Writes a debt down; all of it is open.
pub async fn insert(tx: &mut Tx, debt: NewDebt<'_>) -> Result<(), DbError> {
    let NewDebt { account, id, fund, order, amount, at, due_at } = debt;
    let row = params![account, id, fund, order, amount.units(), at.ms(), due_at.map(Instant::ms)];
    tx.send(INSERT, row).await
}

/// An open debt, locked by the transaction that read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDebt {
    /// Its id.
    pub id: String,
    /// The account of the ledger that it was taken from.
    pub fund: String,
    /// What is still owed.
    pub left: Charge,
    /// When it was incurred.
    pub at: Instant,
}

fn open_debt(mut row: Row) -> OpenDebt {
    OpenDebt {
        id: row.take_text(0),
        fund: row.take_text(1),
        left: Charge::cents(row.int(2)),
        at: Instant::from_ms(row.int(3)),
    }
}

/// Some of the open debts of an account behind `after`, the oldest first, locked; empty where there are no more.
pub async fn lock_open(
    tx: &mut Tx,
    account: &str,
    after: Option<&OpenDebt>,
) -> Result<Vec<OpenDebt>, DbError> {
    let (at, id) = after.map_or((i64::MIN, ""), |debt| (debt.at.ms(), debt.id.as_str()));
    let rows = tx.all(LOCK_OPEN, params![account, at, id, DEBTS_AT_ONCE]).await?;
    Ok(rows.into_iter().map(open_debt).collect())
}

/// Some of the open debts of an account that are due until `until` and stand behind `after`, the oldest first, locked,
/// each with its due date; empty where there are no more.
pub async fn lock_due(
    tx: &mut Tx,
    account: &str,
    until: Instant,
    after: Option<&OpenDebt>,
) -> Result<Vec<(OpenDebt, Instant)>, DbError> {
    let (at, id) = after.map_or((i64::MIN, ""), |debt| (debt.at.ms(), debt.id.as_str()));
    let rows = tx.all(LOCK_DUE, params![account, until.ms(), at, id, DEBTS_AT_ONCE]).await?;
    let due = |row: Row| {
        let due_at = Instant::from_ms(row.int(4));
        (open_debt(row), due_at)
    };
    Ok(rows.into_iter().map(due).collect())
}

/// Accounts with open debts that are due until `until`, behind `after`, by due date and then by account; an account
/// stands there once for each of its due dates.
pub async fn list_due(
    tx: &mut Tx,
    until: Instant,
    after: Option<&(Instant, String)>,
    limit: i64,
) -> Result<Vec<(Instant, String)>, DbError> {
    let (at, account) = after.map_or((i64::MIN, ""), |(at, account)| (at.ms(), account.as_str()));
    let due = |mut row: Row| (Instant::from_ms(row.int(0)), row.take_text(1));
    let rows = tx.all(LIST_DUE, params![until.ms(), at, account, limit]).await?;
    Ok(rows.into_iter().map(due).collect())
}

/// The open debts of an order, locked.
pub async fn lock_of_order(tx: &mut Tx, account: &str, order: &str) -> Result<Vec<OpenDebt>, DbError> {
    let rows = tx.all(LOCK_OF_ORDER, params![account, order, FUNDS_MAX]).await?;
    Ok(rows.into_iter().map(open_debt).collect())
}

/// Notes what is left of a locked debt.
pub async fn update_left(tx: &mut Tx, account: &str, id: &str, left: Charge) -> Result<(), DbError> {
    tx.send(UPDATE_LEFT, params![account, id, left.units()]).await
}

/// How many debts an account has open, and what they sum to.
pub async fn sum_open(tx: &mut Tx, account: &str) -> Result<(i64, Charge), DbError> {
    let row = tx.one(SUM_OPEN, params![account]).await?;
    Ok((row.int(0), Charge::cents(row.int(1))))
}

/// A debt as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    /// Its id.
    pub id: String,
    /// The account of the ledger that it was taken from.
    pub fund: String,
    /// The order.
    pub order: String,
    /// What was taken.
    pub amount: Charge,
    /// What is still owed.
    pub left: Charge,
    /// When it was incurred.
    pub at: Instant,
    /// When it is due.
    pub due_at: Option<Instant>,
}

/// A page of the open debts of an account, the oldest first.
pub async fn list_open(tx: &mut Tx, account: &str, offset: i64, limit: i64) -> Result<Vec<Debt>, DbError> {
    let debt = |mut row: Row| Debt {
        id: row.take_text(0),
        fund: row.take_text(1),
        order: row.take_text(2),
        amount: Charge::cents(row.int(3)),
        left: Charge::cents(row.int(4)),
        at: Instant::from_ms(row.int(5)),
        due_at: row.opt_int(6).map(Instant::from_ms),
    };
    Ok(tx.all(LIST_OPEN, params![account, limit, offset]).await?.into_iter().map(debt).collect())
}

/// A month of settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// Its account of the ledger.
    pub fund: String,
    /// What orders took.
    pub amount: Charge,
    /// What is still owed.
    pub left: Charge,
    /// When it is due.
    pub due_at: Instant,
}

/// The months of settlement of an account, the latest first; those of ten years.
pub async fn list_months(tx: &mut Tx, account: &str) -> Result<Vec<Month>, DbError> {
    let kind = AccountKind::Settlement.code();
    // `;` is the character after `:`.
    let (from, until) = (format!("{account}:{kind}:"), format!("{account}:{kind};"));
    let month = |mut row: Row| Month {
        fund: row.take_text(0),
        amount: Charge::cents(row.int(1)),
        left: Charge::cents(row.int(2)),
        due_at: Instant::from_ms(row.int(3)),
    };
    Ok(tx
        .all(LIST_MONTHS, params![account, &from, &until, MONTHS_MAX])
        .await?
        .into_iter()
        .map(month)
        .collect())
}

/// What everybody owes by credit lines, and by monthly settlement. For checks.
pub async fn sum_all(tx: &mut Tx) -> Result<(Charge, Charge), DbError> {
    let row = tx.one(SUM_ALL, &[]).await?;
    Ok((Charge::cents(row.int(0)), Charge::cents(row.int(1))))
}

/// What is owed by at most [`CAUSES_AT_ONCE`] accounts of the ledger; those without debts are left out. For checks.
pub async fn sum_among(tx: &mut Tx, funds: &[LedgerAccount]) -> Result<Vec<(String, Charge)>, DbError> {
    let Some(last) = funds.last() else { return Ok(Vec::new()) };
    assert!(funds.len() <= CAUSES_AT_ONCE, "the caller looks up a page at a time");
    let padded: Vec<_> = funds.iter().chain(std::iter::repeat(last)).take(CAUSES_AT_ONCE).collect();
    let owners: Vec<&str> =
        padded.iter().map(|fund| fund.owner().map_or("", |owner| owner.as_str())).collect();
    let ids: Vec<String> = padded.iter().map(|fund| fund.id()).collect();
    let owners = owners.into_iter().map(Value::from);
    let params: Vec<Value<'_>> = owners.chain(ids.iter().map(Value::from)).collect();
    let sum = |mut row: Row| (row.take_text(0), Charge::cents(row.int(1)));
    Ok(tx.all(SUM_AMONG, &params).await?.into_iter().map(sum).collect())
}

/// Debts that contradict themselves or each other. For checks.
pub async fn list_wrong(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    let impossible = tx.all(LIST_IMPOSSIBLE, params![limit]).await?;
    let twice = tx.all(LIST_TWICE, params![limit]).await?;
    let debt = |row: &Row| format!("debt {} of {}", row.text(1), row.text(0));
    let order = |row: &Row| format!("{} owes order {} twice", row.text(0), row.text(1));
    Ok(impossible.iter().map(debt).chain(twice.iter().map(order)).collect())
}
