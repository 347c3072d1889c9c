//! Renewing: a further term that begins where the last one ends (rule 1.4).

use platform::db::DbError;
use platform::op::ApiError;

use crate::Cx;
use crate::orders::fulfilment::Fulfilled;
use crate::orders::model::{Line, Order};

/// A renewal was paid: the terms of its resources are longer.
pub(super) async fn paid(_: &mut Cx, order: &Order, _: &[Line]) -> Result<Vec<Fulfilled>, ApiError> {
    Err(DbError::Other(format!("order {} cannot be carried out", order.id)).into())
}
