//! 004 8.3.3 and 8.3.4: paying an order, or cancelling it unpaid.

use domain::order::OrderEvent;
use platform::input;
use platform::op::{Audit, CUSTOMER, Limit, Method, Mode, Operation, Refusal, Right, Sites, Spec};

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::orders::service;

input! {
    /// A coupon to pay with (004 table 8-19).
    pub struct CouponSimpleInfo {
        /// Coupon id.
        pub id: String = body("id"),
        /// 300 discount coupon, 301 cash coupon, 302 flexi-purchase coupon, 303 stored-value card.
        pub kind: i64 = body("type").range(300, 303),
    }

    /// A discount to pay with (004 table 8-20).
    pub struct DiscountSimpleInfo {
        /// Discount id.
        pub id: String = body("id"),
        /// 0 promotion, 2 commercial, 3 granted by a partner.
        pub kind: i64 = body("type").one_of(&["0", "2", "3"]),
    }

    /// 004 8.3.3.
    pub struct PayOrdersInput {
        /// Order id.
        pub order_id: String = body("order_id"),
        /// Whether coupons pay.
        pub use_coupon: String = body("use_coupon").one_of(&["YES", "NO"]),
        /// Whether a discount applies.
        pub use_discount: String = body("use_discount").one_of(&["YES", "NO"]),
        /// The coupons; ignored unless `use_coupon` is YES.
        pub coupon_infos: Option<Vec<CouponSimpleInfo>> = body("coupon_infos").items(1, 3),
        /// The discount; ignored unless `use_discount` is YES.
        pub discount_infos: Option<Vec<DiscountSimpleInfo>> = body("discount_infos").items(1, 1),
    }

    /// 004 8.3.4.
    pub struct CancelCustomerOrderInput {
        /// Order id.
        pub order_id: String = body("order_id"),
    }
}

/// A list that `switch` asks for; `None`: it does not.
fn chosen<'a, T>(switch: (&str, &str), list: (&str, &'a Option<Vec<T>>)) -> Result<Option<&'a [T]>, Refusal> {
    match (switch.1, list.1) {
        ("YES", Some(infos)) => Ok(Some(infos)),
        ("YES", None) => Err(Refusal::because(
            list.0,
            format!("is required where {} is YES", switch.0),
            format!("在 {} 为 YES 时为必填参数", switch.0),
        )),
        // NO: whatever the list says is ignored (rule 4.4).
        (_, _) => Ok(None),
    }
}

/// 004 8.3.3.
pub(in crate::orders) struct PayOrders;

impl Operation<App> for PayOrders {
    type Input = PayOrdersInput;
    type Output = ();
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "PayOrders",
        method: Method::Post,
        path: "/v3/orders/customer-orders/pay",
        about: "Pays an order that waits for payment: from cash, then from credit.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Pay,
        denied: &codes::DENIED_ON_ORDERS,
        mode: Mode::Write,
        audit: Audit::Event("order", "payCustomerOrderV3"),
        limit: Limit::PerSecond(10),
        success: 204,
        errors: &[
            &codes::BUDGET_INSUFFICIENT,
            &codes::ORDER_NOT_FOUND,
            &codes::ORDER_STATE_CHANGED,
            &codes::DISCOUNT_NOT_APPLICABLE,
            &codes::PAYMENT_OVERDUE,
            &codes::COUPON_USED,
            &codes::COUPON_EXCLUDES_DISCOUNT,
            &codes::DISCOUNT_BELOW_COUPON_MINIMUM,
            &codes::RESOURCE_CAPACITY_INSUFFICIENT,
            &codes::DISCOUNT_EXCLUDES_CASH_COUPON,
            &codes::ENTERPRISE_PROJECT_QUOTA_INSUFFICIENT,
            &codes::MARKETPLACE_COUPON_NOT_COMBINABLE,
            &codes::PAYMENT_AFTER_EFFECTIVE_TIME,
            &codes::ORGANIZATION_BUDGET_INSUFFICIENT,
            &codes::INSUFFICIENT_BALANCE,
            &codes::TAX_RATE_UNAVAILABLE,
            &codes::ACCOUNT_FROZEN,
            &codes::TOO_MANY_ATTEMPTS,
            &codes::PAYMENT_IN_PROGRESS,
            &codes::COMBINED_ORDER_ONLY,
            &codes::DAILY_TRANSACTIONS_EXCEEDED,
        ],
        is_secret: false,
        doc: "004 8.3.3",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<(), OrderError> {
        let coupons = chosen(("use_coupon", &input.use_coupon), ("coupon_infos", &input.coupon_infos))?;
        let discounts =
            chosen(("use_discount", &input.use_discount), ("discount_infos", &input.discount_infos))?;
        cx.audited = Some((input.order_id.clone(), input.order_id.clone()));
        let account = cx.account().to_owned();
        let order = service::lock_own(cx, &account, &input.order_id).await?;
        service::check_payable(&order, cx.now)?;
        // No discount and no coupon has been granted to anyone, so none that is named can be used (rule 13).
        if discounts.is_some() {
            return Err(OrderError::Discount(order.id));
        }
        if coupons.is_some() {
            return Err(OrderError::Coupon(order.id));
        }
        service::pay(cx, order).await?;
        Ok(())
    }
}

/// 004 8.3.4.
pub(in crate::orders) struct CancelCustomerOrder;

impl Operation<App> for CancelCustomerOrder {
    type Input = CancelCustomerOrderInput;
    type Output = ();
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "CancelCustomerOrder",
        method: Method::Put,
        path: "/v2/orders/customer-orders/cancel",
        about: "Cancels an order that waits for payment.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("order", "cancelCustomerOrder"),
        limit: Limit::PerSecond(10),
        success: 204,
        errors: &[&codes::ORDER_NOT_CANCELABLE, &codes::ORDER_NOT_FOUND, &codes::COMBINED_ORDER_ONLY],
        is_secret: false,
        doc: "004 8.3.4",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<(), OrderError> {
        cx.audited = Some((input.order_id.clone(), input.order_id.clone()));
        let account = cx.account().to_owned();
        let order = service::lock_own(cx, &account, &input.order_id).await?;
        service::cancel(cx, order, OrderEvent::Cancel).await?;
        Ok(())
    }
}
