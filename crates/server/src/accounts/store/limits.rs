//! All SQL of `spending_limits` and `limit_uses`.

use domain::calendar::Instant;
use platform::db::{DbError, Row, Tx, Value};
use platform::params;

use crate::accounts::limits::{Kind, Limit, Period};

/// The most limits of one account, so that every list of them is bounded.
pub const LIMITS_MAX: i64 = 200;

macro_rules! limit_columns {
    () => {
        "account_id, kind, subject, id, amount, period, cycle, used, used_before, counts_from, updated_at"
    };
}

platform::statements! {
    /// The limits of an account.
    const LIST = concat!("select ", limit_columns!(), " from spending_limits where account_id = $1 \
        order by kind, subject limit $2");
    /// The same, locked.
    const LOCK = concat!("select ", limit_columns!(), " from spending_limits where account_id = $1 \
        order by kind, subject limit $2 {for_update}");
    /// One limit.
    const FIND = concat!("select ", limit_columns!(), " from spending_limits \
        where account_id = $1 and kind = $2 and subject = $3");
    /// The same, locked.
    const LOCK_ONE = concat!("select ", limit_columns!(), " from spending_limits \
        where account_id = $1 and kind = $2 and subject = $3 {for_update}");
    /// How many limits an account has.
    const COUNT = "select count(*) from spending_limits where account_id = $1";
    /// A new limit; no row changes where there is one.
    const INSERT = concat!("insert into spending_limits (", limit_columns!(), ") \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing");
    /// What setting a limit changes.
    const SET = "update spending_limits set amount = $4, period = $5, cycle = $6, used = $7, used_before = $8, \
        counts_from = $9, updated_at = $10 where account_id = $1 and kind = $2 and subject = $3";
    /// What using a limit changes.
    const UPDATE_USE = "update spending_limits set cycle = $4, used = $5, used_before = $6, updated_at = $7 \
        where account_id = $1 and kind = $2 and subject = $3";
    /// Deletes a limit.
    const DELETE = "delete from spending_limits where account_id = $1 and kind = $2 and subject = $3";
    /// What the payment of an order counted against limits, locked.
    const LOCK_USES = "select kind, subject, limit_id, limit_account_id, cycle, amount, left_amount \
        from limit_uses where account_id = $1 and order_id = $2 order by kind, subject limit $3 {for_update}";
    /// What is used of all limits of money, and what payments counted in the cycles that these count. Numbers are not
    /// kept as uses.
    const SUM_USED = "select (select cast(coalesce(sum(used + used_before), 0) as bigint) from spending_limits \
        where kind not in ('attempts', 'transactions')), (select cast(coalesce(sum(u.left_amount), 0) as bigint) \
        from limit_uses u join spending_limits l on l.id = u.limit_id and l.account_id = u.limit_account_id \
        where u.cycle = l.cycle or (l.period = 'once' and u.cycle >= l.counts_from and u.cycle < l.cycle))";
    /// Limits of which another amount is used than payments counted in their cycle, or before it.
    const LIST_WRONG = "select l.account_id, l.kind, l.subject from spending_limits l \
        left join limit_uses u on u.limit_id = l.id and u.limit_account_id = l.account_id \
        where l.kind not in ('attempts', 'transactions') \
        group by l.account_id, l.kind, l.subject, l.used, l.used_before \
        having l.used <> sum(case when u.cycle = l.cycle then u.left_amount else 0 end) \
        or l.used_before <> sum(case when l.period = 'once' and u.cycle >= l.counts_from and u.cycle < l.cycle \
        then u.left_amount else 0 end) order by l.account_id, l.kind, l.subject limit $1";
    /// Uses of which more is left than was counted, or less than nothing.
    const LIST_IMPOSSIBLE = "select account_id, order_id from limit_uses \
        where left_amount < 0 or left_amount > amount order by account_id, order_id, kind, subject limit $1";
    /// How much of it has not been given back.
    const UPDATE_LEFT = "update limit_uses set left_amount = $5 \
        where account_id = $1 and order_id = $2 and kind = $3 and subject = $4";
}

const USES_HEAD: &str = "insert into limit_uses (account_id, order_id, kind, subject, limit_id, limit_account_id, cycle, \
    amount, left_amount) values";
const IF_NEW: &str = "on conflict do nothing";

/// Every statement text.
pub fn statements() -> Vec<String> {
    let fixed = STATEMENTS.iter().map(|(_, text)| (*text).to_owned());
    fixed.chain([format!("{USES_HEAD} ($1,$2,$3,$4,$5,$6,$7,$8,$9) {IF_NEW}")]).collect()
}

fn from_row(mut row: Row) -> Limit {
    Limit {
        account: row.take_text(0),
        kind: Kind::from_name(row.text(1)).expect("only names of kinds are stored"),
        subject: row.take_text(2),
        id: row.take_text(3),
        amount: row.int(4),
        period: Period::from_name(row.text(5)).expect("only names of periods are stored"),
        cycle: row.take_text(6),
        used: row.int(7),
        used_before: row.int(8),
        counts_from: row.take_text(9),
        updated_at: Instant::from_ms(row.int(10)),
    }
}

/// The limits of an account, by kind and subject.
pub async fn list(tx: &mut Tx, account: &str) -> Result<Vec<Limit>, DbError> {
    Ok(tx.all(LIST, params![account, LIMITS_MAX]).await?.into_iter().map(from_row).collect())
}

/// The limits of an account, locked for this transaction.
pub async fn lock(tx: &mut Tx, account: &str) -> Result<Vec<Limit>, DbError> {
    Ok(tx.all(LOCK, params![account, LIMITS_MAX]).await?.into_iter().map(from_row).collect())
}

/// One limit.
pub async fn find(tx: &mut Tx, account: &str, kind: Kind, subject: &str) -> Result<Option<Limit>, DbError> {
    Ok(tx.opt(FIND, params![account, kind.name(), subject]).await?.map(from_row))
}

/// One limit, locked for this transaction.
pub async fn lock_one(
    tx: &mut Tx,
    account: &str,
    kind: Kind,
    subject: &str,
) -> Result<Option<Limit>, DbError> {
    Ok(tx.opt(LOCK_ONE, params![account, kind.name(), subject]).await?.map(from_row))
}

/// How many limits an account has.
pub async fn count(tx: &mut Tx, account: &str) -> Result<i64, DbError> {
    Ok(tx.one(COUNT, params![account]).await?.int(0))
}

/// Writes a new limit.
///
/// # Errors
/// [`DbError::Retryable`] where another transaction was faster.
pub async fn insert(tx: &mut Tx, limit: &Limit) -> Result<(), DbError> {
    let inserted = tx
        .exec(
            INSERT,
            params![
                &limit.account,
                limit.kind.name(),
                &limit.subject,
                &limit.id,
                limit.amount,
                limit.period.name(),
                &limit.cycle,
                limit.used,
                limit.used_before,
                &limit.counts_from,
                limit.updated_at.ms()
            ],
        )
        .await?;
    match inserted {
        0 => Err(DbError::Retryable(format!("a limit of {} was set meanwhile", limit.account))),
        _ => Ok(()),
    }
}

/// Writes down how a limit was set.
pub async fn set(tx: &mut Tx, limit: &Limit) -> Result<(), DbError> {
    tx.exec(
        SET,
        params![
            &limit.account,
            limit.kind.name(),
            &limit.subject,
            limit.amount,
            limit.period.name(),
            &limit.cycle,
            limit.used,
            limit.used_before,
            &limit.counts_from,
            limit.updated_at.ms()
        ],
    )
    .await?;
    Ok(())
}

/// Writes down how much of a limit is used.
pub async fn update_use(tx: &mut Tx, limit: &Limit) -> Result<(), DbError> {
    tx.send(
        UPDATE_USE,
        params![
            &limit.account,
            limit.kind.name(),
            &limit.subject,
            &limit.cycle,
            limit.used,
            limit.used_before,
            limit.updated_at.ms()
        ],
    )
    .await
}

/// Deletes a limit; `false`: there is none.
pub async fn delete(tx: &mut Tx, account: &str, kind: Kind, subject: &str) -> Result<bool, DbError> {
    Ok(tx.exec(DELETE, params![account, kind.name(), subject]).await? > 0)
}

/// What the payment of an order counted against one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The order.
    pub order: String,
    /// Kind of the limit.
    pub kind: Kind,
    /// Subject of the limit.
    pub subject: String,
    /// Which limit of that kind and subject, for there may have been several.
    pub limit_id: String,
    /// Whose limit.
    pub limit_account: String,
    /// In which cycle it was counted.
    pub cycle: String,
    /// How much, in cents.
    pub amount: i64,
    /// How much of it has not been given back.
    pub left: i64,
}

impl Use {
    /// What `order` counts against `limit` now.
    pub fn of(limit: &Limit, order: &str, amount: i64) -> Self {
        Self {
            order: order.to_owned(),
            kind: limit.kind,
            subject: limit.subject.clone(),
            limit_id: limit.id.clone(),
            limit_account: limit.account.clone(),
            cycle: limit.cycle.clone(),
            amount,
            left: amount,
        }
    }
}

/// Writes down what a payment of `payer` counts; `false`: it was counted before.
pub async fn insert_uses(tx: &mut Tx, payer: &str, uses: &[Use]) -> Result<bool, DbError> {
    let row = |of: &Use| {
        vec![
            Value::from(payer.to_owned()),
            Value::from(of.order.clone()),
            Value::from(of.kind.name()),
            Value::from(of.subject.clone()),
            Value::from(of.limit_id.clone()),
            Value::from(of.limit_account.clone()),
            Value::from(of.cycle.clone()),
            Value::from(of.amount),
            Value::from(of.left),
        ]
    };
    let rows: Vec<Vec<Value<'_>>> = uses.iter().map(row).collect();
    Ok(tx.insert_many(USES_HEAD, &rows, IF_NEW).await? > 0)
}

/// What the payment of an order counted, locked for this transaction.
pub async fn lock_uses(tx: &mut Tx, payer: &str, order: &str) -> Result<Vec<Use>, DbError> {
    let rows = tx.all(LOCK_USES, params![payer, order, LIMITS_MAX]).await?;
    let of = |mut row: Row| Use {
        order: order.to_owned(),
        kind: Kind::from_name(row.text(0)).expect("only names of kinds are stored"),
        subject: row.take_text(1),
        limit_id: row.take_text(2),
        limit_account: row.take_text(3),
        cycle: row.take_text(4),
        amount: row.int(5),
        left: row.int(6),
    };
    Ok(rows.into_iter().map(of).collect())
}

/// Writes down how much of a use has not been given back.
pub async fn update_left(tx: &mut Tx, payer: &str, order: &str, of: &Use) -> Result<(), DbError> {
    tx.send(UPDATE_LEFT, params![payer, order, of.kind.name(), &of.subject, of.left]).await
}

/// What is used of all limits of money, and what payments counted against them and did not get back, in cents. For
/// checks.
pub async fn sum_used(tx: &mut Tx) -> Result<(i64, i64), DbError> {
    let row = tx.one(SUM_USED, &[]).await?;
    Ok((row.int(0), row.int(1)))
}

/// Limits and uses that contradict each other or themselves. For checks.
pub async fn list_wrong(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    let wrong = tx.all(LIST_WRONG, params![limit]).await?;
    let impossible = tx.all(LIST_IMPOSSIBLE, params![limit]).await?;
    let limit = |row: &Row| format!("limit {} {:?} of {}", row.text(1), row.text(2), row.text(0));
    let used = |row: &Row| format!("what order {} of {} counted", row.text(1), row.text(0));
    Ok(wrong.iter().map(limit).chain(impossible.iter().map(used)).collect())
}
