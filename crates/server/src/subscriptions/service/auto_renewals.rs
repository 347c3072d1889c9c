//! Automatic renewal: when it is tried next (rule 1.5).

use domain::calendar::Instant;
use domain::subscription::renewal::{Attempt, DeductionDays, first_attempt};
use platform::db::{DbError, Tx};

use crate::subscriptions::store::{Resource, renew_configs};

/// Sets when the automatic renewal of a resource is tried next; to be called wherever its term, its `auto_renew` or its
/// `renew_times` has changed. An attempt that would come after the expiry is due at once (rule 1.5.3). Only the primary
/// of a set has an attempt: it renews all of them.
pub(in crate::subscriptions) fn schedule(resource: &mut Resource, days: DeductionDays, now: Instant) {
    resource.renew_at = match resource.expires_at {
        Some(expires_at) if is_renewing(resource) => Some(match first_attempt(now, expires_at, days) {
            Attempt::Now => now,
            Attempt::At(at) => at,
        }),
        _ => None,
    };
}

/// Whether automatic renewal is on and has something to renew: what is closed is not visible any more.
fn is_renewing(resource: &Resource) -> bool {
    resource.auto_renew
        && resource.is_visible()
        && resource.parent.is_none()
        && resource.renew_times != Some(0)
}

/// How many days before the expiry the resources of an account are renewed.
pub(in crate::subscriptions) async fn deduction_days(
    tx: &mut Tx,
    account: &str,
) -> Result<DeductionDays, DbError> {
    Ok(renew_configs::find(tx, account).await?.deduction_days)
}

/// Schedules resources of one account whose terms begin or change now; it costs no statement where none of them is to be
/// renewed automatically.
pub(in crate::subscriptions) async fn schedule_all(
    tx: &mut Tx,
    resources: &mut [Resource],
    now: Instant,
) -> Result<(), DbError> {
    let days = match resources.iter().find(|resource| is_renewing(resource)) {
        Some(one) => deduction_days(tx, &one.account).await?,
        None => DeductionDays::DEFAULT,
    };
    for resource in resources {
        schedule(resource, days, now);
    }
    Ok(())
}
