//! All SQL of how accounts want their resources renewed, and of when automatic renewals are due.

use domain::calendar::Instant;
use domain::subscription::renewal::{DeductionDays, ExpireDay};
use platform::db::{DbError, Row, Tx};
use platform::job::Due;
use platform::params;

use super::Resource;

platform::statements! {
    /// The configuration of an account.
    const FIND = "select deduction_days, expire_day from renew_configs where account_id = $1";
    /// Sets it.
    const PUT = "insert into renew_configs (account_id, deduction_days, expire_day, updated_at) \
        values ($1, $2, $3, $4) on conflict (account_id) do update set \
        deduction_days = excluded.deduction_days, expire_day = excluded.expire_day, updated_at = excluded.updated_at";
    /// What is to be renewed automatically now.
    const DUE = "select renew_at, id from resources where renew_at <= $1 order by renew_at, account_id, id limit $2";
    /// What automatic renewal changes of a resource by itself.
    const SET_RENEWAL = "update resources set auto_renew = $3, renew_times = $4, renew_at = $5, expire_policy = $6, \
        renew_period_type = $7, renew_period_num = $8, updated_at = $9 where account_id = $1 and id = $2";
    /// On which instants terms end that are to be renewed automatically.
    const EXPIRIES = "select distinct expires_at from resources where account_id = $1 and renew_at is not null \
        and expires_at > $2 order by expires_at limit $3";
    /// Moves the attempts that are still to come of the terms that end at an instant.
    const RESCHEDULE = "update resources set renew_at = $3 where account_id = $1 and expires_at = $2 \
        and renew_at is not null and renew_at > $4";
}

/// The most instants of expiry that are read at once.
const EXPIRIES_MAX: i64 = 500;

/// How an account's resources are renewed automatically (003 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::subscriptions) struct RenewConfig {
    /// Days before the expiry of the first attempt.
    pub(in crate::subscriptions) deduction_days: DeductionDays,
    /// On which day of the month renewed terms end; `None`: on their own.
    pub(in crate::subscriptions) expire_day: Option<ExpireDay>,
}

impl RenewConfig {
    /// Of an account that never set anything.
    pub(in crate::subscriptions) const DEFAULT: Self =
        Self { deduction_days: DeductionDays::DEFAULT, expire_day: None };
}

/// The configuration of an account.
pub(in crate::subscriptions) async fn find(tx: &mut Tx, account: &str) -> Result<RenewConfig, DbError> {
    let Some(row) = tx.opt(FIND, params![account]).await? else { return Ok(RenewConfig::DEFAULT) };
    let stored = "only numbers of this type are stored";
    Ok(RenewConfig {
        deduction_days: DeductionDays::from_days(row.int(0)).expect(stored),
        expire_day: row.opt_int(1).map(|day| ExpireDay::from_number(day).expect(stored)),
    })
}

/// Sets the configuration of an account.
pub(in crate::subscriptions) async fn put(
    tx: &mut Tx,
    account: &str,
    config: &RenewConfig,
    now: Instant,
) -> Result<(), DbError> {
    let day = config.expire_day.map(ExpireDay::number);
    tx.exec(PUT, params![account, config.deduction_days.days(), day, now.ms()]).await?;
    Ok(())
}

/// What is to be renewed automatically at or before `until`, the longest due first.
pub(in crate::subscriptions) async fn due(
    tx: &mut Tx,
    until: Instant,
    limit: i64,
) -> Result<Vec<Due>, DbError> {
    let rows = tx.all(DUE, params![until.ms(), limit]).await?;
    let due = |mut row: Row| Due { at: Instant::from_ms(row.int(0)), key: row.take_text(1) };
    Ok(rows.into_iter().map(due).collect())
}

/// Writes what automatic renewal changes of a resource by itself.
pub(in crate::subscriptions) async fn set_renewal(tx: &mut Tx, resource: &Resource) -> Result<(), DbError> {
    let params = params![
        &resource.account,
        &resource.id,
        resource.auto_renew,
        resource.renew_times,
        resource.renew_at.map(Instant::ms),
        resource.expire_policy,
        resource.renewal.map(|term| term.period.code()),
        resource.renewal.map(|term| i64::from(term.count)),
        resource.updated_at.ms(),
    ];
    tx.send(SET_RENEWAL, params).await
}

/// The next instants after `after` at which terms of an account end that are to be renewed automatically; fewer than
/// there are only where they are more than one page: then the last of them leads to the next.
pub(in crate::subscriptions) async fn expiries(
    tx: &mut Tx,
    account: &str,
    after: Option<Instant>,
) -> Result<Vec<Instant>, DbError> {
    let after = after.unwrap_or(Instant::MIN);
    let rows = tx.all(EXPIRIES, params![account, after.ms(), EXPIRIES_MAX]).await?;
    Ok(rows.iter().map(|row| Instant::from_ms(row.int(0))).collect())
}

/// Moves the attempts after `now` of an account's terms that end at `expires_at`.
pub(in crate::subscriptions) async fn reschedule(
    tx: &mut Tx,
    account: &str,
    expires_at: Instant,
    renew_at: Instant,
    now: Instant,
) -> Result<(), DbError> {
    tx.send(RESCHEDULE, params![account, expires_at.ms(), renew_at.ms(), now.ms()]).await
}

/// Every statement of this store.
pub(super) fn statements() -> Vec<String> {
    STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()).collect()
}
