//! The own API: buying.

use domain::calendar::{Instant, PeriodType, Term};
use domain::money::Charge;
use platform::input;
use platform::op::{
    AccountKind, ApiError, Audit, Json, Limit, Method, Mode, OPERATOR_OR_CUSTOMER, Operation, Refusal, Right,
    Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::shown::wire_time;
use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::identity::service::find_account;
use crate::orders::errors::OrderError;
use crate::orders::model::Order;
use crate::orders::service::{NewLine, NewOrder, Placed, place};

/// Who placed an order that staff of the operator placed (004 table 8-14).
const STAFF: &str = "Operation personnel";

input! {
    /// A line to be bought.
    pub struct PlaceOrderLine {
        /// Service code.
        pub cloud_service_type: String = body("cloud_service_type"),
        /// Resource type code.
        pub resource_type: String = body("resource_type"),
        /// Specification.
        pub resource_spec: String = body("resource_spec").length(128),
        /// Region.
        pub region: String = body("region"),
        /// Zone.
        pub available_zone: Option<String> = body("available_zone"),
        /// Size of a linear product.
        pub resource_size: Option<i64> = body("resource_size").range(1, 2_147_483_647),
        /// Unit of the size.
        pub size_measure_id: Option<i64> = body("size_measure_id").range(0, 2_147_483_647),
        /// 0 day, 2 month, 3 year, 4 hour (004 4.2.2).
        pub period_type: i64 = body("period_type").one_of(&["0", "2", "3", "4"]),
        /// How many periods.
        pub period_num: i64 = body("period_num").range(1, 999),
        /// How many of the thing.
        pub subscription_num: i64 = body("subscription_num").range(1, 100).default("1"),
        /// Name of the resource.
        pub resource_name: Option<String> = body("resource_name").length(256),
        /// Project of the resource.
        pub project_id: Option<String> = body("project_id"),
        /// Enterprise project of the resource.
        pub enterprise_project_id: Option<String> = body("enterprise_project_id"),
        /// Number of the primary line, from 0.
        pub attached_to_line: Option<i64> = body("attached_to_line").range(0, 99),
    }

    /// A purchase.
    pub struct PlaceOrderInput {
        /// The customer; the operator names one, a customer buys for itself.
        pub customer_id: Option<String> = body("customer_id"),
        /// What is bought.
        pub lines: Vec<PlaceOrderLine> = body("lines").items(1, 100),
        /// Pay it now. Without discount_id the commercial or partner discount that takes off most is chosen, of those
        /// that go with coupon_id; without coupon_id then, as far as they go together with the discount, a discount
        /// coupon, a cash coupon, flexi-purchase coupons and stored-value cards; coupons with limits before those
        /// without, then the earliest to expire.
        pub auto_pay: bool = body("auto_pay").default("false"),
        /// Renew its resources automatically.
        pub auto_renew: bool = body("auto_renew").default("false"),
        /// When the resources are to begin (UTC), later than now; without it, when they are provided. From then on
        /// the order can no longer be paid.
        pub effective_time: Option<Instant> = body("effective_time"),
        /// Make an order of each primary line with what is attached to it; they are paid and cancelled together, by
        /// the id of the combined order.
        pub combined: bool = body("combined").default("false"),
        /// The coupon to place the order with: it holds the coupon until it is paid or cancelled. Only auto_pay pays
        /// with it; a payment by hand uses what it names itself.
        pub coupon_id: Option<String> = body("coupon_id"),
        /// The discount to place the order with, likewise. What is not named of the two, auto_pay chooses.
        pub discount_id: Option<String> = body("discount_id"),
    }
}

/// A placed order. Amounts are decimal text.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct PlaceOrderOutput {
    /// The id to pay and cancel it by; of a combined order the one that its sub-orders share.
    order_id: String,
    /// The sub-orders of a combined order; else the order itself.
    sub_order_ids: Vec<String>,
    /// The customer.
    customer_id: String,
    /// What it is for.
    order_type: i64,
    /// What state it is in: 6 pending payment, 3 processing, 5 completed.
    status: i64,
    /// List price.
    official_amount: String,
    /// What is to be paid from balances, after discounts, coupons and cards.
    amount_after_discount: String,
    /// The tax contained in what was paid.
    tax_amount: String,
    /// Currency of both.
    currency: &'static str,
    /// When it was placed.
    create_time: String,
    /// When it was paid.
    payment_time: Option<String>,
    /// From when on it can no longer be paid.
    pending_payment_end_time: Option<String>,
    /// Why it was not paid although `auto_pay` asked for it.
    payment_error: Option<PaymentError>,
}

/// Why an order was not paid.
#[derive(Debug, Serialize, JsonSchema)]
struct PaymentError {
    /// The code: CBC.99003141 quota or capacity, CBC.99003155 funds of the enterprise project, CBC.99003198 budget of
    /// the organisation, CBC.99000046 budget or expenditure quota, CBC.99006093 tax rate, CBC.99005003 balance,
    /// CBC.7281 frozen, CBC.99008040 attempts, CBC.99008056 payments of the day.
    error_code: &'static str,
    /// What it means here.
    error_msg: String,
}

fn answer(cx: &Cx, placed: &Placed) -> Result<PlaceOrderOutput, ApiError> {
    let order = placed.orders.first().expect("placing makes at least one order");
    let language = cx.request.language;
    let sum = |amount: fn(&Order) -> Charge| {
        Charge::sum(placed.orders.iter().map(amount)).ok_or_else(|| codes::AMOUNT_OVER_LIMIT.error())
    };
    Ok(PlaceOrderOutput {
        order_id: placed.id.clone(),
        sub_order_ids: placed.orders.iter().map(|order| order.id.clone()).collect(),
        customer_id: order.account.clone(),
        order_type: order.order_type.code(),
        status: order.status.code(),
        official_amount: sum(|order| order.official)?.to_string(),
        amount_after_discount: sum(|order| order.payable)?.to_string(),
        tax_amount: sum(|order| order.tax)?.to_string(),
        currency: order.currency.code(),
        create_time: order.created_at.to_wire(),
        payment_time: wire_time(order.paid_at),
        pending_payment_end_time: wire_time(order.pay_before),
        payment_error: placed.unpaid.as_ref().map(|error| PaymentError {
            error_code: error.code.code,
            error_msg: error.message(language).to_owned(),
        }),
    })
}

fn line(line: PlaceOrderLine) -> NewLine {
    let period = PeriodType::from_code(line.period_type).expect("one of the declared codes");
    let count = u32::try_from(line.period_num).expect("within the declared range");
    NewLine {
        cloud_service_type: line.cloud_service_type,
        resource_type: line.resource_type,
        resource_spec: line.resource_spec,
        region: line.region,
        available_zone: line.available_zone,
        resource_size: line.resource_size,
        size_measure_id: line.size_measure_id,
        term: Term { period, count },
        subscription_num: line.subscription_num,
        resource_name: line.resource_name,
        project_id: line.project_id,
        enterprise_project_id: line.enterprise_project_id,
        attached_to: line
            .attached_to_line
            .map(|line| usize::try_from(line).expect("within the declared range")),
    }
}

/// The customer that buys, and who is shown to have placed the order.
async fn buyer(cx: &mut Cx, named: Option<String>) -> Result<(String, String), ApiError> {
    let own = cx.account().to_owned();
    match (cx.principal.kind, named) {
        (AccountKind::Customer, Some(other)) if other != own => Err(codes::ACCESS_DENIED
            .because("customer_id: a customer buys for itself only.", "customer_id：客户只能为自己下单。")),
        (AccountKind::Customer, _) => Ok((own, cx.principal.user_name.clone())),
        (_, Some(customer)) => Ok((customer, STAFF.to_owned())),
        (_, None) => {
            Err(Refusal::because("customer_id", "is required for the operator", "运营方下单时为必填参数")
                .into())
        }
    }
}

/// `POST /openbss/v1/orders`.
pub(in crate::orders) struct PlaceOrder;

impl Operation<App> for PlaceOrder {
    type Input = PlaceOrderInput;
    type Output = Json<PlaceOrderOutput>;
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "PlaceOrder",
        method: Method::Post,
        path: "/openbss/v1/orders",
        about: "Places a purchase of yearly/monthly products, at the prices of this moment.",
        sites: Sites::All,
        callers: OPERATOR_OR_CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("order", "placeOrder"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[
            &codes::PRODUCT_NOT_FOUND,
            &codes::AMOUNT_OVER_LIMIT,
            &codes::DISCOUNT_NOT_APPLICABLE,
            &codes::COUPON_USED,
            &codes::COUPON_EXCLUDES_DISCOUNT,
            &codes::DISCOUNT_BELOW_COUPON_MINIMUM,
            &codes::DISCOUNT_EXCLUDES_CASH_COUPON,
            &codes::MARKETPLACE_COUPON_NOT_COMBINABLE,
        ],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, OrderError> {
        if input.auto_pay && !cx.principal.has(Right::Pay) {
            return Err(OrderError::Api(
                codes::ACCESS_DENIED
                    .because("auto_pay: this user has no right to pay.", "auto_pay：该用户没有支付权限。"),
            ));
        }
        let (customer, user_name) = buyer(cx, input.customer_id).await?;
        let app = cx.app.clone();
        let account = find_account(&app, &mut cx.tx, &customer).await?;
        let Some(customer) = account.filter(|account| account.kind == AccountKind::Customer) else {
            return Err(
                Refusal::because("customer_id", "is not the id of a customer", "不是客户账号 ID").into()
            );
        };
        let lines = input.lines.into_iter().map(line).collect();
        let new = NewOrder {
            customer,
            user_name,
            lines,
            auto_pay: input.auto_pay,
            auto_renew: input.auto_renew,
            begin_at: input.effective_time,
            is_combined: input.combined,
            discount: input.discount_id,
            coupon: input.coupon_id,
        };
        let placed = place(cx, &new).await?;
        cx.audited = Some((placed.id.clone(), placed.id.clone()));
        Ok(Json(answer(cx, &placed)?))
    }
}
