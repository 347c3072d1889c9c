//! All SQL of the checks of resources' states.

use platform::db::{DbError, Tx};
use platform::params;

platform::statements! {
    /// How many resources customers see.
    const VISIBLE = "select count(*) from resources where status in (2, 4, 5)";
    /// How many resources go on by themselves.
    const DUE = "select count(*) from resources where due_at is not null";
    /// Resources whose status does not agree with what stands beside it: the next instant of each is the end of what
    /// its status says, and of one that is frozen with its account the end of the fifteenth day after at the latest.
    const IMPOSSIBLE = "select id from resources where (status in (2, 4, 5) and due_at is null) \
        or (status not in (2, 4, 5) and (due_at is not null or renew_at is not null or held_at is not null)) \
        or (status = 2 and (grace_until is not null or held_at is not null or secured_at is not null)) \
        or (status = 5 and (grace_until is null or held_at is not null or secured_at is not null)) \
        or (status = 4 and grace_until is null and held_at is null and secured_at is null) \
        or (renew_at is not null and (auto_renew = 0 or parent_id is not null)) \
        or (renew_at is null and auto_renew = 1 and status in (2, 4, 5) and parent_id is null and is_trial = 0) \
        or (status = 2 and due_at <> expires_at) or (status = 5 and due_at <> grace_until) \
        or (grace_until is null and retained_until is not null) \
        or (status in (4, 5) and grace_until is not null \
            and (grace_until < expires_at or retained_until is null or retained_until < grace_until)) \
        or (status = 4 and held_at is null and secured_at is null and due_at <> retained_until) \
        or (status = 4 and (held_at is not null or secured_at is not null) \
            and due_at not in (coalesce(grace_until, expires_at), coalesce(retained_until, expires_at)) \
            and (held_at is null or due_at not between held_at + 1295999000 and held_at + 1382400000)) \
        order by id limit $1";
    /// Pay-per-use resources of which the same is true: what is held is deleted at the end of the fifteenth day after.
    const IMPOSSIBLE_ON_DEMAND = "select id from on_demand_resources where status not in (2, 3) \
        or (status = 2 and ended_at is not null) or (status = 3 and (ended_at is null or held_at is not null)) \
        or (held_at is null and due_at is not null) or (held_at is not null and due_at is null) \
        or due_at not between held_at + 1295999000 and held_at + 1382400000 order by id limit $1";
    /// Resources in their term, or in grace after it, whose last paid period ends at another instant than their term;
    /// periods that were taken back before they began are none.
    /// What was a trial before counts from its commercial term on.
    const UNPAID = "select r.id from resources r where r.status in (2, 5) and r.expires_at <> \
        (select max(c.ends_at) from resource_charges c where c.account_id = r.account_id and c.resource_key = r.id \
        and c.ends_at > c.begins_at \
        and (c.kind <> 'purchase' or not exists (select 1 from resource_charges t where t.account_id = c.account_id \
        and t.resource_key = c.resource_key and t.kind = 'commercial'))) order by r.id limit $1";
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

/// Resources in states that there are not, or whose term is not what was paid for, by id.
pub(in crate::subscriptions) async fn impossible(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    let mut found = Vec::new();
    for sql in [IMPOSSIBLE, IMPOSSIBLE_ON_DEMAND, UNPAID] {
        found.extend(tx.all(sql, params![limit]).await?.into_iter().map(|mut row| row.take_text(0)));
    }
    Ok(found)
}

/// The ids of the orders that hold resources.
pub(in crate::subscriptions) async fn holding(tx: &mut Tx, limit: i64) -> Result<Vec<String>, DbError> {
    let rows = tx.all(HOLDING, params![limit]).await?;
    Ok(rows.into_iter().map(|mut row| row.take_text(0)).collect())
}
