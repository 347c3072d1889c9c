//! What falls due on money.

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::job::{Due, Reconciler};
use platform::op::ApiError;

use super::{service, store};
use crate::Cx;
use crate::app::App;

/// Takes back what is left of credit lines that have ended. It leaves no audit row: its journal is among the changes
/// of credit that the customer lists.
pub struct ExpireCredit;

impl Reconciler<App> for ExpireCredit {
    const NAME: &'static str = "accounts.expire_credit";

    async fn due(tx: &mut Tx, until: Instant, limit: i64) -> Result<Vec<Due>, DbError> {
        store::ended(tx, until, limit).await
    }

    async fn run(cx: &mut Cx, key: &str) -> Result<String, ApiError> {
        let Some((account, line)) = key.split_once('/') else {
            return Err(DbError::Other(format!("{key:?} names no credit line")).into());
        };
        service::expire_credit(cx, account, line).await?;
        Ok("expired".to_owned())
    }
}
