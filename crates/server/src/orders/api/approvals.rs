//! The operator decides on refund orders that wait for approval (rule 2.5), and notes that an invoice was issued.

use platform::input;
use platform::op::{Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Right, Sites, Spec};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::orders::model::{Order, WrittenOrderId};
use crate::orders::service;

input! {
    /// A refund order is approved.
    pub struct ApproveOrderInput {
        /// Order id, in any case.
        pub order_id: WrittenOrderId = path("order_id"),
    }

    /// A refund order is rejected.
    pub struct RejectOrderInput {
        /// Order id, in any case.
        pub order_id: WrittenOrderId = path("order_id"),
    }

    /// An invoice was issued, or was returned.
    pub struct SetOrderInvoiceInput {
        /// Order id, in any case.
        pub order_id: WrittenOrderId = path("order_id"),
        /// Whether there is one.
        pub is_invoiced: bool = body("is_invoiced"),
    }
}

/// What became of an order.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct DecidedOrder {
    order_id: String,
    customer_id: String,
    /// 5: its money went back; 4: it was rejected.
    status: i64,
    /// What it gives back, below zero.
    amount: String,
    currency: &'static str,
}

fn decided(order: Order) -> Json<DecidedOrder> {
    Json(DecidedOrder {
        status: order.status.code(),
        amount: order.payable.to_string(),
        currency: order.currency.code(),
        order_id: order.id,
        customer_id: order.account,
    })
}

/// Whether an order has an invoice.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct InvoicedOrder {
    order_id: String,
    customer_id: String,
    /// What it bought cannot be unsubscribed from while it is.
    is_invoiced: bool,
}

/// An order, whoever owns it, locked.
async fn lock(cx: &mut Cx, id: WrittenOrderId) -> Result<Order, OrderError> {
    let id = id.into_stored();
    cx.audited = Some((id.clone(), id.clone()));
    match service::find(&mut cx.tx, &id).await? {
        Some(order) => Ok(service::lock(cx, &order.id).await?),
        None => Err(OrderError::NotFound(id)),
    }
}

/// `POST /openbss/v1/orders/{order_id}/approve`.
pub(in crate::orders) struct ApproveOrder;

impl Operation<App> for ApproveOrder {
    type Input = ApproveOrderInput;
    type Output = Json<DecidedOrder>;
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "ApproveOrder",
        method: Method::Post,
        path: "/openbss/v1/orders/{order_id}/approve",
        about: "Approves a large refund that waits: its money goes back, with the amounts of the request. One of renewed terms of which the first has begun meanwhile can only be rejected.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("order", "approveOrder"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::ORDER_NOT_FOUND, &codes::ORDER_STATE_CHANGED, &codes::NO_RENEWAL_TO_UNSUBSCRIBE],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, OrderError> {
        let order = lock(cx, input.order_id).await?;
        Ok(decided(service::approve(cx, order).await?))
    }
}

/// `POST /openbss/v1/orders/{order_id}/reject`.
pub(in crate::orders) struct RejectOrder;

impl Operation<App> for RejectOrder {
    type Input = RejectOrderInput;
    type Output = Json<DecidedOrder>;
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "RejectOrder",
        method: Method::Post,
        path: "/openbss/v1/orders/{order_id}/reject",
        about: "Rejects a large refund that waits: the order is cancelled, and its resources live on.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("order", "rejectOrder"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::ORDER_NOT_FOUND, &codes::ORDER_STATE_CHANGED],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, OrderError> {
        let order = lock(cx, input.order_id).await?;
        Ok(decided(service::reject(cx, order).await?))
    }
}

/// `PUT /openbss/v1/orders/{order_id}/invoice`.
pub(in crate::orders) struct SetOrderInvoice;

impl Operation<App> for SetOrderInvoice {
    type Input = SetOrderInvoiceInput;
    type Output = Json<InvoicedOrder>;
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "SetOrderInvoice",
        method: Method::Put,
        path: "/openbss/v1/orders/{order_id}/invoice",
        about: "Notes that an invoice was issued for an order, so that what it bought cannot be unsubscribed from.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("order", "setOrderInvoice"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::ORDER_NOT_FOUND],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, OrderError> {
        let mut order = lock(cx, input.order_id).await?;
        order.is_invoiced = input.is_invoiced;
        service::update(cx, &order).await?;
        Ok(Json(InvoicedOrder {
            order_id: order.id,
            customer_id: order.account,
            is_invoiced: order.is_invoiced,
        }))
    }
}
