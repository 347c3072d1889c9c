//! All SQL of the checks of resources' states.

use platform::db::{DbError, Tx};
use platform::params;

platform::statements! {
    /// How many resources customers see.
    const VISIBLE = "select count(*) from resources where status in (2, 4, 5)";
    /// How many resources go on by themselves.
    const DUE = "select count(*) from resources where due_at is not null";
    /// Resources whose status does not agree with what stands beside it.
    const IMPOSSIBLE = "select id from resources where (status in (2, 4, 5) and due_at is null) \
        or (status not in (2, 4, 5) and (due_at is not null or renew_at is not null or held_at is not null)) \
        or (status = 2 and (grace_until is not null or held_at is not null or secured_at is not null)) \
        or (status = 5 and (grace_until is null or held_at is not null or secured_at is not null)) \
        or (status = 4 and grace_until is null and held_at is null and secured_at is null) \
        or (renew_at is not null and auto_renew = 0) \
        or (renew_at is null and auto_renew = 1 and status in (2, 4, 5) and parent_id is null and is_trial = 0) \
        order by id limit $1";
    /// Orders that hold resources.
    const HOLDING = "select distinct open_order_id from resources where open_order_id is not null \
        order by open_order_id limit $1";
}

pub(in crate::subscriptions) async fn visible(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(tx.one(VISIBLE, &[]).await?.int(0))
}

pub(in crate::subscriptions) async fn due(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(tx.one(DUE, &[]).await?.int(0))
}

/// Resources in states that there are not, by id.
pub(in crate::subscriptions) async fn impossible(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    let rows = tx.all(IMPOSSIBLE, params![limit]).await?;
    Ok(rows.into_iter().map(|mut row| row.take_text(0)).collect())
}

/// The ids of the orders that hold resources.
pub(in crate::subscriptions) async fn holding(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    let rows = tx.all(HOLDING, params![limit]).await?;
    Ok(rows.into_iter().map(|mut row| row.take_text(0)).collect())
}
