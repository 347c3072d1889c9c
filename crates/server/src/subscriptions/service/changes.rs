//! Changing the specification of a resource (rule 2.6).

use domain::order::{OrderStatus, OrderType};
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

/// Whether an order waits for the cloud's report of a change. What else the cloud is told to change has happened
/// already, and its report ends the task only.
pub(in crate::subscriptions) fn awaits_report(order: &Order) -> bool {
    order.order_type == OrderType::Change && order.status == OrderStatus::Processing && !order.gives_back
}

/// The cloud has changed a resource, or could not, for an order that [`awaits_report`]: the resource is what was asked
/// for, or all that was paid goes back. Order and resource are locked; the answer is the id of the refund order.
pub(in crate::subscriptions) async fn reported(
    _: &mut Cx,
    order: Order,
    _: Resource,
    _: bool,
) -> Result<Option<String>, ApiError> {
    Err(DbError::Other(format!("order {} cannot be carried out", order.id)).into())
}
