//! Notifications that were sent or given up are deleted 30 days after their event: until then an operator can look
//! up what a receiver was told. They go at the full hour after that, so that moving a sandbox clock over a year of
//! sales is not a transaction for each of them.

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::job::{Due, Reconciler};
use platform::op::ApiError;

use super::store;
use crate::Cx;
use crate::app::App;

/// How long a notification is kept, in commercial time from its event.
const LIFE_MS: i64 = 30 * 24 * HOUR_MS;
/// Most rows that one statement deletes.
const BATCH: i64 = 500;
/// Most statements of one run: 500,000 notifications.
const BATCHES_MAX: usize = 1_000;
const HOUR_MS: i64 = 3_600_000;

/// Deletes notifications that were sent or given up.
pub(super) struct DeleteEndedNotifications;

impl Reconciler<App> for DeleteEndedNotifications {
    const NAME: &'static str = "webhooks.delete_ended_notifications";

    async fn due(tx: &mut Tx, until: Instant, _: i64) -> Result<Vec<Due>, DbError> {
        let oldest = store::oldest_ended(tx, until.floor_hour().plus_ms(-LIFE_MS)).await?;
        let due = oldest.map(|written| {
            let hour_after = written.plus_ms(LIFE_MS + HOUR_MS - 1).floor_hour();
            Due { at: hour_after, key: hour_after.to_wire() }
        });
        Ok(due.into_iter().collect())
    }

    async fn run(cx: &mut Cx, key: &str) -> Result<String, ApiError> {
        let until = Instant::parse_utc(key).unwrap_or(cx.now).min(cx.now).plus_ms(-LIFE_MS);
        let mut deleted = 0;
        for _ in 0..BATCHES_MAX {
            match store::delete_ended(&mut cx.tx, until, BATCH).await? {
                0 => break,
                count => deleted += count,
            }
        }
        Ok(format!("{deleted} notifications deleted"))
    }
}
