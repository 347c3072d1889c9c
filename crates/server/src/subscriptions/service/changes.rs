//! Changing the specification of a resource (rule 2.6).

use platform::db::DbError;
use platform::op::ApiError;

use crate::Cx;
use crate::orders::fulfilment::Fulfilled;
use crate::orders::model::{Line, Order};
use crate::subscriptions::store::Resource;

/// An upgrade was paid: the resource is, or the cloud makes it, what was asked for.
pub(super) async fn paid(_: &mut Cx, order: &Order, _: &[Line]) -> Result<Vec<Fulfilled>, ApiError> {
    Err(DbError::Other(format!("order {} cannot be carried out", order.id)).into())
}

/// The cloud has changed a resource, or could not and says why; both are locked. Answers the resource as it is then, and
/// the order that gave the money of a failed change back.
pub(super) async fn reported(
    _: &mut Cx,
    order: Order,
    _: Resource,
    _: Option<&str>,
) -> Result<(Resource, Option<String>), ApiError> {
    Err(DbError::Other(format!("order {} cannot be carried out", order.id)).into())
}
