//! The own API: the operator takes something off the price of an order that waits for payment.

use domain::money::{AmountError, Charge};
use platform::input;
use platform::op::wire::Decimal;
use platform::op::{Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Refusal, Right, Sites, Spec};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::orders::model::WrittenOrderId;
use crate::orders::service;

input! {
    /// What an order is to cost.
    pub struct AdjustOrderInput: strict {
        /// The order; of a combined order one of its sub-orders.
        pub order_id: WrittenOrderId = path("order_id"),
        /// What it is to cost instead of its list price, before the discounts and coupons that it is paid with; at most
        /// its list price, which takes back an earlier adjustment.
        pub amount: Decimal = body("amount"),
        /// Why; it is shown as the name of the discount.
        pub reason: Option<String> = body("reason").length(256),
    }
}

/// An adjustment. Amounts are decimal text.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct AdjustOrderOutput {
    /// The order of type 15 that records it.
    order_id: String,
    /// The order that it is of.
    base_order_id: String,
    /// The list price of that order.
    official_amount: String,
    /// What was taken off it.
    adjusted_amount: String,
    /// What is to be paid for it from balances, after what it was placed with.
    amount_after_discount: String,
    /// Currency of all.
    currency: &'static str,
}

fn amount_in(amount: &Decimal) -> Result<Charge, Refusal> {
    let refuse = |en: &str, zh: &str| Err(Refusal::because("amount", en, zh));
    match Charge::parse(&amount.0) {
        Ok(amount) if amount.is_negative() => refuse("must not be below 0", "不能小于 0"),
        Ok(amount) => Ok(amount),
        Err(AmountError::TooLarge) => refuse("is above the list price of any order", "高于任何订单的官网价"),
        Err(AmountError::TooPrecise) => refuse("must have at most two decimals", "最多保留两位小数"),
        Err(AmountError::NotANumber) => {
            refuse("must be a decimal number such as 100.50", "必须为数字，例如 100.50")
        }
    }
}

/// `POST /openbss/v1/orders/{order_id}/adjust`.
pub(in crate::orders) struct AdjustOrder;

impl Operation<App> for AdjustOrder {
    type Input = AdjustOrderInput;
    type Output = Json<AdjustOrderOutput>;
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "AdjustOrder",
        method: Method::Post,
        path: "/openbss/v1/orders/{order_id}/adjust",
        about: "Takes something off the list price of an order that waits for payment (discount 609).",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("order", "adjustOrder"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[
            &codes::ORDER_NOT_FOUND,
            &codes::ORDER_STATE_CHANGED,
            &codes::PAYMENT_OVERDUE,
            &codes::PAYMENT_AFTER_EFFECTIVE_TIME,
            &codes::AMOUNT_OVER_LIMIT,
        ],
        is_secret: false,
        doc: "own API; order type 15",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, OrderError> {
        let amount = amount_in(&input.amount)?;
        let id = input.order_id.into_stored();
        let (record, order) = service::adjust(cx, &id, amount, input.reason).await?;
        cx.audited = Some((id.clone(), record.id.clone()));
        Ok(Json(AdjustOrderOutput {
            order_id: record.id,
            base_order_id: id,
            official_amount: order.official.to_string(),
            adjusted_amount: record.official.to_string(),
            amount_after_discount: order.payable.to_string(),
            currency: order.currency.code(),
        }))
    }
}
