//! Changing the specification of a resource (rule 2.6).

use platform::db::DbError;
use platform::op::ApiError;

use crate::Cx;
use crate::orders::fulfilment::Fulfilled;
use crate::orders::model::{Line, Order};

/// An upgrade was paid: the resource is, or the cloud makes it, what was asked for.
pub(super) async fn paid(_: &mut Cx, order: &Order, _: &[Line]) -> Result<Vec<Fulfilled>, ApiError> {
    Err(DbError::Other(format!("order {} cannot be carried out", order.id)).into())
}
