//! The own API: changing the specification or the size of a resource.

use domain::order::OrderStatus;
use platform::input;
use platform::op::{Audit, Json, Limit, Method, Mode, OPERATOR_OR_CUSTOMER, Operation, Right, Sites, Spec};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::orders::model::Order;
use crate::orders::service::Placed;
use crate::subscriptions::service::changes::{self, Changed, Wanted};
use crate::subscriptions::service::ordering::check_right_to_pay;

input! {
    /// What a resource is to become; what is left out stays.
    pub struct ChangeResourceInput: strict {
        /// The resource, as the cloud or we name it.
        pub id: String = path("id"),
        /// Specification of the same resource type.
        pub resource_spec: Option<String> = body("resource_spec").length(128),
        /// Size of a linear product.
        pub resource_size: Option<i64> = body("resource_size").range(1, 2_147_483_647),
        /// Unit of the size.
        pub size_measure_id: Option<i64> = body("size_measure_id").range(0, 2_147_483_647),
        /// Pay the difference now, with the discount that takes off most and fitting coupons.
        pub auto_pay: bool = body("auto_pay").default("false"),
    }
}

/// An order about a resource.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct OrderedOutput {
    /// The order.
    order_id: String,
    /// What is to be paid from balances, or was; below zero: what goes back. Decimal text.
    amount: String,
    /// Its currency.
    currency: &'static str,
    /// What state it is in: 6 pending payment, 3 processing, 5 completed.
    status: i64,
    /// From when on it can no longer be paid.
    pending_payment_end_time: Option<String>,
    /// Why it was not paid although `auto_pay` asked for it.
    payment_error: Option<PaymentError>,
}

/// Why an order was not paid.
#[derive(Debug, Serialize, JsonSchema)]
struct PaymentError {
    /// The code, as those of a purchase.
    error_code: &'static str,
    /// What it means here.
    error_msg: String,
}

impl OrderedOutput {
    /// Of an order.
    pub(super) fn of(order: &Order) -> Self {
        let waits = order.status == OrderStatus::PendingPayment;
        Self {
            order_id: order.id.clone(),
            amount: order.payable.to_string(),
            currency: order.currency.code(),
            status: order.status.code(),
            pending_payment_end_time: order.pay_before.filter(|_| waits).map(|end| end.to_wire()),
            payment_error: None,
        }
    }

    /// Of an order that was placed, in the language of the request.
    pub(super) fn of_placed(cx: &Cx, placed: &Placed) -> Self {
        let order = placed.orders.first().expect("placing makes at least one order");
        let payment_error = placed.unpaid.as_ref().map(|error| PaymentError {
            error_code: error.code.code,
            error_msg: error.message(cx.request.language).to_owned(),
        });
        Self { payment_error, ..Self::of(order) }
    }
}

/// `POST /openbss/v1/resources/{id}/change`.
pub(in crate::subscriptions) struct ChangeResource;

impl Operation<App> for ChangeResource {
    type Input = ChangeResourceInput;
    type Output = Json<OrderedOutput>;
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "ChangeResource",
        method: Method::Post,
        path: "/openbss/v1/resources/{id}/change",
        about: "Changes the specification or the size of a yearly/monthly resource for the rest of its term.",
        sites: Sites::All,
        callers: OPERATOR_OR_CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "changeResource"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: CHANGE_ERRORS,
        is_secret: false,
        doc: "own API; rule 2.6",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, OrderError> {
        check_right_to_pay(cx, input.auto_pay)?;
        let wanted = Wanted {
            resource_spec: input.resource_spec,
            resource_size: input.resource_size,
            size_measure_id: input.size_measure_id,
        };
        let output = match changes::change(cx, &input.id, &wanted, input.auto_pay).await? {
            Changed::Ordered(placed) => OrderedOutput::of_placed(cx, &placed),
            Changed::Returned(order) => OrderedOutput::of(&order),
        };
        cx.audited = Some((input.id, output.order_id.clone()));
        Ok(Json(output))
    }
}

/// What an order about a resource is refused with, beside what belongs to every operation.
pub(super) const ORDER_ERRORS: &[&platform::op::Code] = &[
    &codes::RESOURCE_ID_NOT_FOUND,
    &codes::ACCOUNT_FROZEN,
    &codes::RESOURCE_IN_UNPAID_ORDER,
    &codes::ORDER_IN_PROGRESS,
    &codes::INVALID_VALUE,
    &codes::PRODUCT_NOT_FOUND,
    &codes::RESOURCE_CAPACITY_INSUFFICIENT,
    &codes::AMOUNT_OVER_LIMIT,
];

/// What a change is refused with: as other orders about a resource, and what has an invoice gives nothing back.
const CHANGE_ERRORS: &[&platform::op::Code] = &[
    &codes::RESOURCE_ID_NOT_FOUND,
    &codes::ACCOUNT_FROZEN,
    &codes::RESOURCE_IN_UNPAID_ORDER,
    &codes::ORDER_IN_PROGRESS,
    &codes::INVALID_VALUE,
    &codes::PRODUCT_NOT_FOUND,
    &codes::RESOURCE_CAPACITY_INSUFFICIENT,
    &codes::AMOUNT_OVER_LIMIT,
    &codes::INVOICED_NOT_UNSUBSCRIBABLE,
];
