//! Why an order operation refuses, with the documented codes.

use domain::order::{OrderStatus, Refusal};
use platform::db::DbError;
use platform::op::{ApiError, Code, Refusal as Refused};

use crate::accounts::service::PayError;
use crate::codes;

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
    /// No such discount for this order.
    Discount(String),
    /// No such coupon to spend.
    Coupon(String),
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
            other => Self::Api(DbError::Other(format!("{other:?}")).into()),
        }
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

impl From<OrderError> for ApiError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotFound(order) => about(&codes::ORDER_NOT_FOUND, &order),
            OrderError::NotPayable(order, status) => in_state(&codes::ORDER_STATE_CHANGED, &order, status),
            OrderError::Overdue(order) => about(&codes::PAYMENT_OVERDUE, &order),
            OrderError::NotCancelable(order, status) => {
                in_state(&codes::ORDER_NOT_CANCELABLE, &order, status)
            }
            OrderError::Insufficient(order) => about(&codes::INSUFFICIENT_BALANCE, &order),
            OrderError::Frozen => codes::ACCOUNT_FROZEN.error(),
            OrderError::Discount(order) => about(&codes::DISCOUNT_NOT_APPLICABLE, &order),
            OrderError::Coupon(order) => about(&codes::COUPON_USED, &order),
            OrderError::Api(error) => error,
        }
    }
}
