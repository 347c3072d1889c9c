//! Idempotency keys are forgotten a day after their first use. A key is worth nothing from that millisecond on; its
//! row goes at the full hour after it, so that moving a sandbox clock is not a transaction for each key.

use domain::calendar::Instant;

use super::store::{self, KEY_LIFE_MS};
use super::{ApiError, Cx, Host};
use crate::db::{DbError, Tx};
use crate::job::{Due, Reconciler};
use crate::params;

/// Keys deleted by one statement.
const BATCH: i64 = 500;
/// Most statements of one run; what is left is still due.
const BATCHES_MAX: usize = 200;
const HOUR_MS: i64 = 3_600_000;

/// Deletes idempotency keys whose day is over.
pub struct ForgetKeys;

impl<H: Host> Reconciler<H> for ForgetKeys {
    const NAME: &'static str = "op.forget_idempotency_keys";

    async fn due(tx: &mut Tx, until: Instant, _: i64) -> Result<Vec<Due>, DbError> {
        let before = until.floor_hour().plus_ms(-KEY_LIFE_MS);
        let oldest = tx.opt(store::FIND_OLD_KEY, params![before.ms()]).await?;
        let due = oldest.map(|row| {
            let ends = Instant::from_ms(row.int(0)).plus_ms(KEY_LIFE_MS);
            let hour_after = ends.plus_ms(HOUR_MS - 1).floor_hour();
            Due { at: hour_after, key: hour_after.to_wire() }
        });
        Ok(due.into_iter().collect())
    }

    async fn run(cx: &mut Cx<H>, key: &str) -> Result<String, ApiError> {
        let until = Instant::parse_utc(key).unwrap_or(cx.now).min(cx.now).plus_ms(-KEY_LIFE_MS);
        let mut forgotten = 0;
        for _ in 0..BATCHES_MAX {
            match cx.tx.exec(store::DELETE_OLD_KEYS, params![until.ms(), BATCH]).await? {
                0 => break,
                count => forgotten += count,
            }
        }
        Ok(format!("{forgotten} idempotency keys forgotten"))
    }
}
