//! Runs every check on one snapshot.

use std::sync::Arc;

use platform::db::{DbError, Tx};
use platform::op::Host;

use super::Identity;
use crate::app::{App, FEATURES};

/// Recomputes every identity of every feature. Books of any size are read in whole, so this takes its time; it
/// locks nothing.
pub async fn verify(app: &Arc<App>) -> Result<Vec<Identity>, DbError> {
    let mut tx = app.db().begin_read().await?;
    let verdict = identities(&mut tx).await;
    tx.rollback().await;
    verdict
}

/// The same within a transaction; a snapshot, lest what other requests write meanwhile looks like a fault.
pub(super) async fn identities(tx: &mut Tx) -> Result<Vec<Identity>, DbError> {
    let mut verdict = Vec::new();
    for check in FEATURES.iter().flat_map(|feature| feature.checks) {
        verdict.extend(check.identities(tx).await?);
    }
    Ok(verdict)
}
