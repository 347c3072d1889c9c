//! Expired tokens are deleted. A token is refused from the millisecond it expires; its row goes at the full hour
//! after that, so that moving a sandbox clock over a year of logins is not a transaction for each of them.

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::job::{Due, Reconciler};
use platform::op::ApiError;
use platform::params;

use super::store;
use crate::Cx;
use crate::app::App;

/// Most statements of one run: 500,000 tokens.
const BATCHES_MAX: usize = 1_000;
const HOUR_MS: i64 = 3_600_000;

/// Deletes expired tokens.
pub struct DeleteExpiredTokens;

impl Reconciler<App> for DeleteExpiredTokens {
    const NAME: &'static str = "identity.delete_expired_tokens";

    async fn due(tx: &mut Tx, until: Instant, _: i64) -> Result<Vec<Due>, DbError> {
        let oldest = tx.opt(store::FIND_EXPIRED_TOKEN, params![until.floor_hour().ms()]).await?;
        let due = oldest.map(|row| {
            let hour_after = Instant::from_ms(row.int(0)).plus_ms(HOUR_MS - 1).floor_hour();
            Due { at: hour_after, key: hour_after.to_wire() }
        });
        Ok(due.into_iter().collect())
    }

    async fn run(cx: &mut Cx, key: &str) -> Result<String, ApiError> {
        let until = Instant::parse_utc(key).unwrap_or(cx.now).min(cx.now);
        let mut deleted = 0;
        for _ in 0..BATCHES_MAX {
            match cx.tx.exec(store::DELETE_EXPIRED_TOKENS, params![until.ms(), store::EXPIRED_BATCH]).await? {
                0 => break,
                count => deleted += count,
            }
        }
        Ok(format!("{deleted} expired tokens deleted"))
    }
}
