//! Runs every check on one snapshot.

use std::sync::Arc;

use platform::db::DbError;

use super::Identity;
use crate::app::App;

/// Recomputes every identity of every feature.
pub async fn verify(_app: &Arc<App>) -> Result<Vec<Identity>, DbError> {
    todo!()
}
