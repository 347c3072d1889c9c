//! Trials that become commercial.

use platform::db::DbError;
use platform::op::ApiError;

use crate::Cx;
use crate::orders::fulfilment::Fulfilled;
use crate::orders::model::{Line, Order};

/// The first commercial term of a trial was paid.
pub(super) async fn paid(_: &mut Cx, order: &Order, _: &[Line]) -> Result<Vec<Fulfilled>, ApiError> {
    Err(DbError::Other(format!("order {} cannot be carried out", order.id)).into())
}
