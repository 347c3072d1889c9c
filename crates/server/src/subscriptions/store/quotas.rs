//! All SQL of `resource_quotas`, and the numbers of resources that they are compared with.

use domain::calendar::Instant;
use platform::db::{Composed, DbError, Row, Tx, Value};
use platform::params;

/// The account of a row that holds for all accounts together: a region's capacity.
pub const EVERYBODY: &str = "";

platform::statements! {
    /// Whether there is any capacity, and any quota of an account.
    const ANY = "select cast(case when exists (select 1 from resource_quotas where account_id = '') \
        then 1 else 0 end as bigint), cast(case when exists (select 1 from resource_quotas where account_id = $1) \
        then 1 else 0 end as bigint)";
    /// One quota, locked.
    const LOCK = "select quota from resource_quotas \
        where account_id = $1 and region_code = $2 and resource_spec_code = $3 {for_update}";
    /// Sets a quota.
    const PUT = "insert into resource_quotas (account_id, region_code, resource_spec_code, quota, updated_at) \
        values ($1, $2, $3, $4, $5) on conflict (account_id, region_code, resource_spec_code) do update \
        set quota = excluded.quota, updated_at = excluded.updated_at";
    /// Deletes a quota.
    const DELETE = "delete from resource_quotas \
        where account_id = $1 and region_code = $2 and resource_spec_code = $3";
    /// How many resources of a specification an account has in a region, up to a number.
    const COUNT_OF_ACCOUNT = "select count(*) from (select id from resources where region_code = $1 \
        and resource_spec_code = $2 and account_id = $3 and status in (0, 2, 4, 5) order by id limit $4) found";
    /// How many resources of a specification all accounts have in a region, up to a number.
    const COUNT_OF_ALL = "select count(*) from (select id from resources where region_code = $1 \
        and resource_spec_code = $2 and status in (0, 2, 4, 5) order by account_id, id limit $3) found";
    /// How many resources of an account wait for the cloud to make them this specification, up to a number.
    const CHANGING_OF_ACCOUNT = "select count(*) from (select t.id from provisioning_tasks t join resources r \
        on r.account_id = t.account_id and r.id = t.resource_key where t.region_code = $1 \
        and t.resource_spec_code = $2 and t.account_id = $3 and t.state = 'waiting' and t.action = 'change' \
        and r.resource_spec_code <> t.resource_spec_code and r.status in (0, 2, 4, 5) order by t.id limit $4) found";
    /// How many of all accounts do, up to a number.
    const CHANGING_OF_ALL = "select count(*) from (select t.id from provisioning_tasks t join resources r \
        on r.account_id = t.account_id and r.id = t.resource_key where t.region_code = $1 \
        and t.resource_spec_code = $2 and t.state = 'waiting' and t.action = 'change' \
        and r.resource_spec_code <> t.resource_spec_code and r.status in (0, 2, 4, 5) order by t.account_id, t.id limit $3) found";
}

/// Every statement text, combinations of optional filters included.
pub fn statements() -> Vec<String> {
    let mut texts: Vec<String> = STATEMENTS.iter().map(|(_, text)| (*text).to_owned()).collect();
    for filter in [None, Some("a")] {
        texts.push(counted(filter).sql().to_owned());
        texts.push(paged(filter, 0, 1).sql().to_owned());
    }
    texts
}

/// A quota, or a capacity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Whose; [`EVERYBODY`] for a capacity.
    pub account: String,
    /// Region.
    pub region: String,
    /// Specification.
    pub spec: String,
    /// The most resources that may be there.
    pub quota: i64,
    /// When it was set.
    pub updated_at: Instant,
}

/// Whether there is any capacity, and any quota of `account`.
pub async fn any(tx: &mut Tx, account: &str) -> Result<(bool, bool), DbError> {
    let row = tx.one(ANY, params![account]).await?;
    Ok((row.int(0) > 0, row.int(1) > 0))
}

/// A quota or capacity, locked for this transaction.
pub async fn lock(tx: &mut Tx, account: &str, region: &str, spec: &str) -> Result<Option<i64>, DbError> {
    Ok(tx.opt(LOCK, params![account, region, spec]).await?.map(|row| row.int(0)))
}

/// Sets a quota or capacity.
pub async fn put(tx: &mut Tx, quota: &Quota) -> Result<(), DbError> {
    let Quota { account, region, spec, quota, updated_at } = quota;
    tx.exec(PUT, params![account, region, spec, *quota, updated_at.ms()]).await?;
    Ok(())
}

/// Deletes a quota or capacity; `false`: there is none.
pub async fn delete(tx: &mut Tx, account: &str, region: &str, spec: &str) -> Result<bool, DbError> {
    Ok(tx.exec(DELETE, params![account, region, spec]).await? > 0)
}

/// How many resources of a specification are in a region, of an account or of all: those that wait for the cloud, are
/// in use, frozen or expired, and those that the cloud is about to make so. No more than `most` of either are counted.
pub async fn count_resources(
    tx: &mut Tx,
    account: &str,
    region: &str,
    spec: &str,
    most: i64,
) -> Result<i64, DbError> {
    let mut sum = 0;
    if account == EVERYBODY {
        for text in [COUNT_OF_ALL, CHANGING_OF_ALL] {
            sum += tx.one(text, params![region, spec, most]).await?.int(0);
        }
    } else {
        for text in [COUNT_OF_ACCOUNT, CHANGING_OF_ACCOUNT] {
            sum += tx.one(text, params![region, spec, account, most]).await?.int(0);
        }
    }
    Ok(sum)
}

fn counted(account: Option<&str>) -> Composed<'_> {
    let mut statement = Composed::default();
    statement.push("select count(*) from resource_quotas", []);
    if let Some(account) = account {
        statement.push(" where account_id = ?", [Value::from(account)]);
    }
    statement
}

fn paged(account: Option<&str>, offset: i64, limit: i64) -> Composed<'_> {
    let mut statement = Composed::default();
    statement.push(
        "select account_id, region_code, resource_spec_code, quota, updated_at from resource_quotas",
        [],
    );
    if let Some(account) = account {
        statement.push(" where account_id = ?", [Value::from(account)]);
    }
    statement.push(
        " order by account_id, region_code, resource_spec_code limit ? offset ?",
        [Value::from(limit), Value::from(offset)],
    );
    statement
}

/// A page of quotas, of one account or of all with the capacities first, and how many there are.
pub async fn page(
    tx: &mut Tx,
    account: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<Quota>), DbError> {
    let count = counted(account);
    let total = tx.one(count.sql(), count.params()).await?.int(0);
    let page = paged(account, offset, limit);
    let quota = |mut row: Row| Quota {
        account: row.take_text(0),
        region: row.take_text(1),
        spec: row.take_text(2),
        quota: row.int(3),
        updated_at: Instant::from_ms(row.int(4)),
    };
    let rows = tx.all(page.sql(), page.params()).await?;
    Ok((total, rows.into_iter().map(quota).collect()))
}
