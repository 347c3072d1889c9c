//! Why an order operation refuses, with the documented codes.

mod limit;
mod plan;

use domain::order::{OrderStatus, Refusal};
use domain::promotion::{PlanError, Unusable};
use platform::db::DbError;
use platform::op::{ApiError, Code, Refusal as Refused};

use crate::accounts::service::PayError;
use crate::codes;
use crate::orders::fulfilment::AuthResult;

/// Why an order operation refuses.
#[derive(Debug)]
pub enum OrderError {
    /// Unknown, or of another account: from outside there is no difference (rule 13).
    NotFound(String),
    /// It is not pending payment.
    NotPayable(String, OrderStatus),
    /// It is too late to pay.
    Overdue(String),
    /// It can no longer be cancelled.
    NotCancelable(String, OrderStatus),
    /// The money does not suffice.
    Insufficient(String),
    /// The account is frozen.
    Frozen,
    /// A discount, coupon or card that was chosen cannot be used (rules 4.3 to 4.5).
    Plan(PlanError),
    /// A coupon that an order is placed with would reduce it by nothing.
    GivesNothing(String),
    /// The effective time that the customer asked for has come before the payment.
    AfterEffectiveTime(String),
    /// It was paid by hand by a unified accounting member, and waits for its master.
    InProgress(String),
    /// It gives no money back that waits for approval.
    NotToApprove(String, OrderStatus),
    /// It is not pending payment, so that its price stands.
    NotAdjustable(String, OrderStatus),
    /// It is a sub-order of a combined order.
    Combined(String, String),
    /// What was bought cannot be provided: the body's `quota_infos`.
    Shortage(String, Vec<serde_json::Value>),
    /// A limit of what may be spent stands in the way.
    Limited(String, PayError),
    /// Anything that already has its code.
    Api(ApiError),
}

impl OrderError {
    /// From a refusal of the state machine.
    pub fn of_refusal(order: &str, refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotPayable(status) => Self::NotPayable(order.to_owned(), status),
            Refusal::Overdue => Self::Overdue(order.to_owned()),
            Refusal::NotCancelable(status) => Self::NotCancelable(order.to_owned(), status),
            // Our own code asked for something that no client can ask for.
            Refusal::NotDue | Refusal::WrongState(..) => {
                Self::Api(DbError::Other(format!("order {order}: {refusal}")).into())
            }
        }
    }

    /// From a refusal to pay.
    pub fn of_payment(order: &str, error: PayError) -> Self {
        match error {
            PayError::Insufficient => Self::Insufficient(order.to_owned()),
            PayError::Frozen => Self::Frozen,
            PayError::Db(error) => Self::Api(error.into()),
            other => Self::Limited(order.to_owned(), other),
        }
    }

    /// A discount that is named for an order with a price adjustment, which takes no other.
    pub fn beside_adjustment(id: &str, adjustment: &str) -> Self {
        plan::beside_adjustment(id, adjustment).into()
    }

    /// A coupon or card that cannot be spent.
    pub fn unusable(id: &str, why: Unusable) -> Self {
        Self::Plan(PlanError::Unusable(id.to_owned(), why))
    }

    /// Whether an order that was to be paid at once waits for payment instead: its payer can do something about the
    /// refusal. The inner error is what the customer is told.
    ///
    /// # Errors
    /// The refusal itself, where it does not.
    pub fn waits<T>(self) -> Result<Result<T, ApiError>, Self> {
        match self {
            Self::Insufficient(_) | Self::Frozen | Self::Shortage(..) | Self::Limited(..) => {
                Ok(Err(self.into()))
            }
            other => Err(other),
        }
    }
}

impl From<PlanError> for OrderError {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}

impl From<ApiError> for OrderError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<Refused> for OrderError {
    fn from(refused: Refused) -> Self {
        Self::Api(refused.into())
    }
}

impl From<DbError> for OrderError {
    fn from(error: DbError) -> Self {
        Self::Api(error.into())
    }
}

/// The general message of a code, with the order it is about in front.
fn about(code: &'static Code, order: &str) -> ApiError {
    code.because(format!("Order {order}: {}", code.en), format!("订单 {order}：{}", code.zh))
}

fn in_state(code: &'static Code, order: &str, status: OrderStatus) -> ApiError {
    let status = status.code();
    code.because(
        format!("Order {order} is in status {status}. {}", code.en),
        format!("订单 {order} 的状态为 {status}。{}", code.zh),
    )
}

/// What was bought cannot be provided; where it is about resources that have ended meanwhile, that is said.
fn short(order: &str, infos: Vec<serde_json::Value>) -> ApiError {
    let code = &codes::RESOURCE_CAPACITY_INSUFFICIENT;
    let error = match infos.iter().all(|info| info["auth_result"] == AuthResult::Other.code()) {
        true => code.because(
            format!(
                "Order {order}: the resource that it is about has expired, is frozen or was deleted since. Cancel the order."
            ),
            format!("订单 {order}：对应的资源已到期、已冻结或已删除，请取消该订单。"),
        ),
        false => about(code, order),
    };
    error.with("quota_infos", infos.into())
}

impl From<OrderError> for ApiError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotFound(order) => about(&codes::ORDER_NOT_FOUND, &order),
            OrderError::NotPayable(order, status) => in_state(&codes::ORDER_STATE_CHANGED, &order, status),
            OrderError::NotToApprove(order, status) => codes::ORDER_STATE_CHANGED.because(
                format!(
                    "Order {order} is not waiting for approval: it is in status {}. Only an unsubscription in status 1 \
                     can be approved or rejected.",
                    status.code()
                ),
                format!(
                    "订单 {order} 不是待审批订单，其状态为 {}。仅状态为 1（待审批）的退订订单可以审批或驳回。",
                    status.code()
                ),
            ),
            OrderError::NotAdjustable(order, status) => codes::ORDER_STATE_CHANGED.because(
                format!(
                    "Order {order} is in status {}, so its price cannot be adjusted. Only an order in status 6, which \
                     waits for payment, can be.",
                    status.code()
                ),
                format!("订单 {order} 的状态为 {}，不能调整价格。仅状态为 6（待支付）的订单可以调整。", status.code()),
            ),
            OrderError::Overdue(order) => about(&codes::PAYMENT_OVERDUE, &order),
            OrderError::NotCancelable(order, status) => {
                in_state(&codes::ORDER_NOT_CANCELABLE, &order, status)
            }
            OrderError::Insufficient(order) => about(&codes::INSUFFICIENT_BALANCE, &order),
            OrderError::Frozen => codes::ACCOUNT_FROZEN.error(),
            OrderError::Plan(error) => plan::refused(&error),
            OrderError::GivesNothing(coupon) => codes::DISCOUNT_NOT_APPLICABLE.because(
                format!("Coupon {coupon}: it would take nothing off the order. Place the order without it."),
                format!("优惠券 {coupon}：对该订单没有可抵扣的金额，请不使用该优惠券下单。"),
            ),
            OrderError::AfterEffectiveTime(order) => about(&codes::PAYMENT_AFTER_EFFECTIVE_TIME, &order),
            OrderError::InProgress(order) => about(&codes::PAYMENT_IN_PROGRESS, &order),
            OrderError::Combined(order, combined) => codes::COMBINED_ORDER_ONLY.because(
                format!("Order {order} is part of the combined order {combined}: use the id {combined}."),
                format!("订单 {order} 属于组合订单 {combined}，请使用 {combined}。"),
            ),
            OrderError::Shortage(order, infos) => short(&order, infos),
            OrderError::Limited(order, error) => limit::refused(&order, error),
            OrderError::Api(error) => error,
        }
    }
}
