//! What falls due on pay-per-use resources.

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::job::{Due, Reconciler};
use platform::op::ApiError;

use crate::Cx;
use crate::app::App;
use crate::subscriptions::service::holds::by_use;
use crate::subscriptions::store::on_demand;

/// Deletes what an account holds that has been frozen for too long (rule 10.6): one set a run.
pub struct LiveOnDemand;

impl Reconciler<App> for LiveOnDemand {
    const NAME: &'static str = "subscriptions.live_on_demand";

    async fn due(tx: &mut Tx, until: Instant, limit: i64) -> Result<Vec<Due>, DbError> {
        let mut due = on_demand::due(tx, until, limit).await?;
        // The members of a set go together.
        due.sort_unstable();
        due.dedup();
        Ok(due)
    }

    async fn run(cx: &mut Cx, key: &str) -> Result<String, ApiError> {
        by_use::walk(cx, key).await
    }
}
