//! What falls due on orders.

use domain::calendar::Instant;
use domain::order::OrderEvent;
use platform::db::{DbError, Tx};
use platform::job::{Due, Reconciler, leave_a_trail};
use platform::op::{ApiError, Operation};

use super::api::pay::CancelCustomerOrder;
use super::{service, store};
use crate::Cx;
use crate::app::App;

/// Cancels orders whose time to pay is over (rule 1.8).
pub struct CancelUnpaid;

impl Reconciler<App> for CancelUnpaid {
    const NAME: &'static str = "orders.cancel_unpaid";

    async fn due(tx: &mut Tx, until: Instant, limit: i64) -> Result<Vec<Due>, DbError> {
        store::overdue(tx, until, limit).await
    }

    async fn run(cx: &mut Cx, key: &str) -> Result<String, ApiError> {
        let order = service::lock(cx, key).await?;
        // Paid or cancelled since it was listed: there is nothing left to do.
        if order.pay_before.is_none_or(|deadline| cx.now < deadline) {
            return Ok("no longer due".to_owned());
        }
        let order = service::cancel(cx, order, OrderEvent::TimeOut).await?;
        let id = order.id.clone();
        leave_a_trail(cx, &order.account, &CancelCustomerOrder::SPEC, &(id.clone(), id)).await?;
        Ok("cancelled".to_owned())
    }
}
