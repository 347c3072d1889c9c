//! The life of resources goes on by itself.

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::job::{Due, Reconciler};
use platform::op::ApiError;

use crate::Cx;
use crate::app::App;
use crate::subscriptions::service::life;
use crate::subscriptions::store;

/// Ends terms, grace periods, retention periods and holds (rules 1.2, 1.3): one step of one set a run.
pub struct Live;

impl Reconciler<App> for Live {
    const NAME: &'static str = "subscriptions.live";

    async fn due(tx: &mut Tx, until: Instant, limit: i64) -> Result<Vec<Due>, DbError> {
        let mut due = store::life::due(tx, until, limit).await?;
        // The members of a set walk together.
        due.sort_unstable();
        due.dedup();
        Ok(due)
    }

    async fn run(cx: &mut Cx, key: &str) -> Result<String, ApiError> {
        life::walk(cx, key).await
    }
}
