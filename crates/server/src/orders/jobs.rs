//! What falls due on orders.

use domain::calendar::Instant;
use domain::order::OrderEvent;
use platform::db::{DbError, Tx};
use platform::job::{Due, Reconciler};
use platform::op::store::{AuditEntry, audit};
use platform::op::{AccountKind, ApiError, Operation, Principal};

use super::api::pay::CancelCustomerOrder;
use super::model::Order;
use super::{service, store};
use crate::Cx;
use crate::app::App;

/// What the audit trail keeps in the place of a request where there was none.
const SYSTEM_ACTION: &str = "SystemAction";

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
        leave_a_trail(cx, &order).await?;
        Ok("cancelled".to_owned())
    }
}

/// The customer's audit trail shows what the system did to the order, in the transaction that does it. The row is
/// that of a cancellation, by the user of the system and a job's request: no access key, no caller.
async fn leave_a_trail(cx: &mut Cx, order: &Order) -> Result<(), DbError> {
    let customer = Principal {
        account: order.account.clone(),
        account_name: cx.principal.account_name.clone(),
        kind: AccountKind::Customer,
        user: cx.principal.user.clone(),
        user_name: cx.principal.user_name.clone(),
        rights: cx.principal.rights,
        actions: None,
        access_key: None,
        via: None,
        project: None,
    };
    let facts = cx.request.clone();
    let entry = AuditEntry {
        spec: &CancelCustomerOrder::SPEC,
        principal: &customer,
        facts: &facts,
        now: cx.now,
        resource: Some(&(order.id.clone(), order.id.clone())),
        status: CancelCustomerOrder::SPEC.success,
        error_code: None,
        request: SYSTEM_ACTION.as_bytes(),
    };
    audit(&mut cx.tx, cx.ids.as_mut(), &entry).await
}
