//! Between yearly/monthly and pay-per-use (rule 1.7).

use platform::db::DbError;
use platform::op::ApiError;

use crate::Cx;
use crate::orders::fulfilment::Fulfilled;
use crate::orders::model::{Line, Order};

/// A pay-per-use resource was paid for a term: it is yearly/monthly from now on.
pub(super) async fn paid(_: &mut Cx, order: &Order, _: &[Line]) -> Result<Vec<Fulfilled>, ApiError> {
    Err(DbError::Other(format!("order {} cannot be carried out", order.id)).into())
}
