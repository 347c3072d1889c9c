//! Seeding and resetting a sandbox.

use std::sync::Arc;

use platform::op::ApiError;

use crate::app::App;

/// Fills a new data folder with the demo tenants and the demo catalogue; a filled one is left as it is.
pub async fn seed(_app: &Arc<App>) -> Result<(), ApiError> {
    todo!()
}
