//! All SQL of what was returned within five days of its purchase for nothing (rule 2.2).

use platform::db::{DbError, Tx};
use platform::params;

platform::statements! {
    /// The count of a year, if it is not there.
    const ENSURE = "insert into five_day_returns (account_id, year, used) values ($1, $2, 0) \
        on conflict (account_id, year) do nothing";
    /// The count of a year, locked.
    const LOCK = "select used from five_day_returns where account_id = $1 and year = $2 {for_update}";
    /// So many more, or fewer.
    const ADD = "update five_day_returns set used = used + $3 where account_id = $1 and year = $2";
    /// A refund order that counts.
    const INSERT_ORDER = "insert into five_day_orders (account_id, order_id, year, used, bundle_order_id) \
        values ($1, $2, $3, $4, $5)";
    /// A refund order of the bundles of an order, which counted as returned for nothing.
    const OF_BUNDLE = "select order_id, year from five_day_orders where account_id = $1 and bundle_order_id = $2 \
        order by order_id limit 1";
    /// A refund order counts from now on.
    const COUNT_ORDER = "update five_day_orders set used = 1 where account_id = $1 and order_id = $2";
    /// The year that a refund order counts in, how often, and for which bundles.
    const FIND = "select year, used, bundle_order_id from five_day_orders where account_id = $1 and order_id = $2";
    /// A refund order no longer counts.
    const DELETE_ORDER = "delete from five_day_orders where account_id = $1 and order_id = $2";
    /// What the counts are, and what the orders say.
    const SUMS = "select (select cast(coalesce(sum(used), 0) as bigint) from five_day_returns), \
        (select cast(coalesce(sum(used), 0) as bigint) from five_day_orders)";
    /// Accounts whose count of a year is not that of their orders.
    const BROKEN = "select c.account_id from five_day_returns c left join (select account_id, year, \
        cast(sum(used) as bigint) used from five_day_orders group by account_id, year) o \
        on o.account_id = c.account_id and o.year = c.year where coalesce(o.used, 0) <> c.used \
        order by c.account_id limit $1";
}

/// How many an account returned in a year, locked: two returns that ask whether there is room take turns.
pub(in crate::subscriptions) async fn lock(tx: &mut Tx, account: &str, year: i64) -> Result<i64, DbError> {
    tx.exec(ENSURE, params![account, year]).await?;
    Ok(tx.one(LOCK, params![account, year]).await?.int(0))
}

/// What a refund order takes of the quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::subscriptions) struct Counts {
    /// How much: 1, or 0 of bundles of which another refund order counts.
    pub used: i64,
    /// Of bundles, the order that bought them.
    pub bundle: Option<String>,
}

/// A refund order counts in a year.
pub(in crate::subscriptions) async fn count(
    tx: &mut Tx,
    account: &str,
    year: i64,
    order: &str,
    counts: &Counts,
) -> Result<(), DbError> {
    let Counts { used, bundle } = counts;
    tx.send(INSERT_ORDER, params![account, order, year, *used, bundle.as_deref()]).await?;
    tx.send(ADD, params![account, year, *used]).await
}

/// A refund order of the bundles of an order, with its year; `None`: none was returned for nothing.
pub(in crate::subscriptions) async fn of_bundle(
    tx: &mut Tx,
    account: &str,
    bundle: &str,
) -> Result<Option<(String, i64)>, DbError> {
    let row = tx.opt(OF_BUNDLE, params![account, bundle]).await?;
    Ok(row.map(|mut row| (row.take_text(0), row.int(1))))
}

/// A refund order that was rejected no longer counts; one that never did changes nothing. Where it counted for bundles,
/// another refund order of them does from now on.
pub(in crate::subscriptions) async fn uncount(
    tx: &mut Tx,
    account: &str,
    order: &str,
) -> Result<(), DbError> {
    let Some(row) = tx.opt(FIND, params![account, order]).await? else { return Ok(()) };
    let (year, used, bundle) = (row.int(0), row.int(1), row.opt_text(2).map(str::to_owned));
    tx.send(DELETE_ORDER, params![account, order]).await?;
    tx.send(ADD, params![account, year, -used]).await?;
    let Some(bundle) = bundle.filter(|_| used > 0) else { return Ok(()) };
    if let Some((other, year)) = of_bundle(tx, account, &bundle).await? {
        tx.send(COUNT_ORDER, params![account, &other]).await?;
        tx.send(ADD, params![account, year, 1_i64]).await?;
    }
    Ok(())
}

/// What the counts say, what their orders do, and accounts where they differ.
pub(in crate::subscriptions) async fn sums(
    tx: &mut Tx,
    limit: i64,
) -> Result<(i64, i64, Vec<String>), DbError> {
    let row = tx.one(SUMS, &[]).await?;
    let broken = tx.all(BROKEN, params![limit]).await?;
    let broken = broken.into_iter().map(|mut row| row.take_text(0)).collect();
    Ok((row.int(0), row.int(1), broken))
}
