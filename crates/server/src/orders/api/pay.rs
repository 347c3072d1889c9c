//! 004 8.3.3 and 8.3.4: paying an order, or cancelling it unpaid.

use std::marker::PhantomData;

use domain::order::OrderEvent;
use domain::promotion::{Inapplicable, PlanError, Unusable};
use platform::input;
use platform::op::node::Node;
use platform::op::wire::{FromWire, Means, Param, Raw, Schema, take};
use platform::op::{Audit, CUSTOMER, Limit, Method, Mode, Operation, Refusal, Right, Sites, Spec};

use crate::Cx;
use crate::accounts::service::{Late, PayError};
use crate::app::App;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::orders::model::{Order, WrittenOrderId};
use crate::orders::service::{self, Chosen, Named};

/// A list that another parameter switches on. It is not looked at before: whatever stands in the place of a list
/// that is switched off is ignored (rule 4.4).
#[derive(Debug, Clone)]
pub struct Switched<T> {
    /// What stands there and how a list there is declared; `None`: nothing.
    found: Option<(Node, Param)>,
    /// What it is a list of.
    items: PhantomData<fn() -> T>,
}

impl<T: FromWire> FromWire for Switched<T> {
    fn from_wire(raw: Raw<'_>, param: &Param) -> Result<Self, Refusal> {
        let found = Some((Node::from_wire(raw, param)?, *param));
        Ok(Self { found, items: PhantomData })
    }
    fn unset() -> Option<Self> {
        Some(Self { found: None, items: PhantomData })
    }
    fn schema(param: &Param) -> Schema {
        Vec::<T>::schema(param)
    }
}

impl<T: FromWire> Switched<T> {
    /// The list, where `switch` says YES; `None`: it says NO.
    fn read(&self, switch: (&str, &str), name: &str) -> Result<Option<Vec<T>>, Refusal> {
        if switch.1 != "YES" {
            return Ok(None);
        }
        let list: Option<Vec<T>> = match &self.found {
            None => None,
            Some((node, param)) => {
                let declared = param.empty(Means::Unset).null(Means::Unset).quotes(Means::Refused);
                take(&declared, Some(Raw::Node(node)))?
            }
        };
        list.map(Some).ok_or_else(|| {
            Refusal::because(
                name,
                format!("is required where {} is YES", switch.0),
                format!("在 {} 为 YES 时为必填参数", switch.0),
            )
        })
    }
}

/// The most coupons and cards that a payment names (004 table 8-18).
pub(super) const COUPONS_MAX: i64 = 3;

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
        /// 0 promotion, 2 commercial, 3 granted by a partner, 609 what the operator took off, which holds anyway.
        pub kind: i64 = body("type").one_of(&["0", "2", "3", "609"]),
    }

    /// 004 8.3.3.
    pub struct PayOrdersInput {
        /// Order id, in any case.
        pub order_id: WrittenOrderId = body("order_id"),
        /// Whether coupons pay: NO means that none does, and one that the order was placed with is let go.
        pub use_coupon: String = body("use_coupon").one_of(&["YES", "NO"]),
        /// Whether a discount applies: NO means that none does, whatever the order was placed with.
        pub use_discount: String = body("use_discount").one_of(&["YES", "NO"]),
        /// The coupons and cards, at most three and all that pay; ignored unless `use_coupon` is YES. A unified
        /// accounting member names none.
        pub coupon_infos: Switched<CouponSimpleInfo> = body("coupon_infos").items(1, 3)
            .empty(Value).null(Value).quotes(Value),
        /// The discount; ignored unless `use_discount` is YES. A unified accounting member names none.
        pub discount_infos: Switched<DiscountSimpleInfo> = body("discount_infos").items(1, 1)
            .empty(Value).null(Value).quotes(Value),
    }

    /// 004 8.3.4.
    pub struct CancelCustomerOrderInput {
        /// Order id, in any case.
        pub order_id: WrittenOrderId = body("order_id"),
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
        about: "Pays an order that waits for payment: with a discount, coupons and cards, then by the month or from balances.",
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
        let order_id = input.order_id.into_stored();
        cx.audited = Some((order_id.clone(), order_id.clone()));
        let coupons = input.coupon_infos.read(("use_coupon", &input.use_coupon), "coupon_infos")?;
        let discounts = input.discount_infos.read(("use_discount", &input.use_discount), "discount_infos")?;
        let account = cx.account().to_owned();
        let discount = discounts.and_then(|named| named.into_iter().next());
        let coupons = coupons.unwrap_or_default();
        let chosen = Chosen {
            discount: discount.map(|named| named_by(named.id, named.kind)),
            coupons: coupons.into_iter().map(|named| named_by(named.id, named.kind)).collect(),
            promotion: None,
            is_automatic: false,
        };
        let (orders, late) = find_payable(cx, &account, &order_id).await?;
        // A unified member that pays by hand leaves the order to its enterprise master (004 8.3.3, rule 4.10).
        if orders.iter().any(|order| order.payer != account) {
            for order in &orders {
                service::check_payable(order, cx.now)?;
            }
            refuse_named(&chosen)?;
            for order in orders {
                let sub_order_of = order.combined.clone().filter(|_| late.is_some());
                let id = order.id.clone();
                service::hand_over(cx, order).await?;
                // Said last; the refusal rolls back what was handed over.
                if let Some(combined) = sub_order_of {
                    return Err(OrderError::Combined(id, combined));
                }
            }
            return Ok(());
        }
        let combined = orders.first().and_then(|order| order.combined.clone());
        service::pay(cx, orders, &chosen, late).await.map_err(|error| named_in(error, combined))?;
        Ok(())
    }
}

/// A unified member pays with nothing of its own, and its master's is not its to name: to it there is no discount and
/// no coupon.
fn refuse_named(chosen: &Chosen) -> Result<(), OrderError> {
    if let Some(named) = &chosen.discount {
        return Err(PlanError::DiscountMisfit(named.id.clone(), Inapplicable::Unknown).into());
    }
    match chosen.coupons.first() {
        Some(named) => Err(OrderError::unusable(&named.id, Unusable::Unknown)),
        None => Ok(()),
    }
}

/// Whoever tried to pay a sub-order is told by which id it is paid.
fn named_in(error: OrderError, combined: Option<String>) -> OrderError {
    match (error, combined) {
        (OrderError::Limited(order, PayError::Late(Late::Combined)), Some(combined)) => {
            OrderError::Combined(order, combined)
        }
        (error, _) => error,
    }
}

fn named_by(id: String, pay_type: i64) -> Named {
    Named { id, pay_type: Some(pay_type) }
}

/// The order of an id, or all sub-orders of a combined order; a sub-order by itself is refused, but only after what
/// comes before in the order of evaluation (rule 4.11).
async fn find_payable(
    cx: &mut Cx,
    account: &str,
    id: &str,
) -> Result<(Vec<Order>, Option<Late>), OrderError> {
    match service::lock_own(cx, account, id).await {
        Ok(order) => {
            let late = order.combined.is_some().then_some(Late::Combined);
            Ok((vec![order], late))
        }
        Err(OrderError::NotFound(id)) => {
            let orders = service::lock_combined(cx, account, &id).await?;
            if orders.is_empty() { Err(OrderError::NotFound(id)) } else { Ok((orders, None)) }
        }
        Err(error) => Err(error),
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
        let order_id = input.order_id.into_stored();
        cx.audited = Some((order_id.clone(), order_id.clone()));
        let account = cx.account().to_owned();
        let orders = match service::lock_placed(cx, &account, &order_id).await {
            Ok(order) => vec![order],
            Err(OrderError::NotFound(id)) => {
                let mut orders = service::lock_combined(cx, &account, &id).await?;
                orders.retain(|order| order.account == account);
                if orders.is_empty() {
                    return Err(OrderError::NotFound(id));
                }
                orders
            }
            Err(error) => return Err(error),
        };
        if orders.len() > 1 {
            service::lock_resources(cx, &orders).await?;
        }
        for order in orders {
            let sub_order_of = order.combined.clone().filter(|combined| *combined != order_id);
            let order = service::cancel(cx, order, OrderEvent::Cancel).await?;
            // Said after the state was looked at; the refusal rolls back what was cancelled.
            if let Some(combined) = sub_order_of {
                return Err(OrderError::Combined(order.id, combined));
            }
        }
        Ok(())
    }
}
