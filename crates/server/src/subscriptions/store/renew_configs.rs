//! All SQL of how accounts want their resources renewed, and of when automatic renewals are due.

use domain::calendar::Instant;
use domain::subscription::renewal::{DeductionDays, ExpireDay};
use platform::db::{DbError, Tx};
use platform::params;

platform::statements! {
    /// The configuration of an account.
    const FIND = "select deduction_days, expire_day from renew_configs where account_id = $1";
    /// Sets it.
    const PUT = "insert into renew_configs (account_id, deduction_days, expire_day, updated_at) \
        values ($1, $2, $3, $4) on conflict (account_id) do update set \
        deduction_days = excluded.deduction_days, expire_day = excluded.expire_day, updated_at = excluded.updated_at";
}

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

/// Every statement of this store.
pub(super) fn statements() -> Vec<String> {
    STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()).collect()
}
