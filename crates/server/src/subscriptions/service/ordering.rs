//! Orders about resources that are there, placed through the own API: by the customer, or by staff of the operator.

use std::sync::Arc;

use domain::calendar::pending_payment_end;
use domain::order::{OrderStatus, OrderType, SourceType};
use platform::db::DbError;
use platform::op::{AccountKind, ApiError, Right};

use crate::Cx;
use crate::codes;
use crate::identity::service::{Account, find_account, payer_of, standing};
use crate::orders::errors::OrderError;
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, Placed, Prepared};

/// Who placed an order that staff of the operator placed (004 table 8-14).
const STAFF: &str = "Operation personnel";

/// Whose an order is, and who places it.
#[derive(Debug, Clone)]
pub(in crate::subscriptions) struct Buyer {
    /// The customer.
    pub customer: Arc<Account>,
    /// Who places it, as the details of an order show it.
    pub user_name: String,
}

/// The owner of a resource that the caller names, as a buyer.
///
/// # Errors
/// CBC.7281 where the owner, or who pays for it, is frozen; the database's.
pub(in crate::subscriptions) async fn buyer(cx: &mut Cx, account: &str) -> Result<Buyer, ApiError> {
    let app = cx.app.clone();
    let customer = find_account(&app, &mut cx.tx, account).await?;
    let customer =
        customer.ok_or_else(|| DbError::Other(format!("{account} owns a resource and is unknown")))?;
    let payer = payer_of(&customer).to_owned();
    if standing(&mut cx.tx, &payer, account).await?.is_frozen {
        return Err(codes::ACCOUNT_FROZEN.error());
    }
    let user_name = match cx.principal.kind {
        AccountKind::Operator => STAFF.to_owned(),
        _ => cx.principal.user_name.clone(),
    };
    Ok(Buyer { customer, user_name })
}

/// Whether the caller may pay what it asks to be paid at once.
///
/// # Errors
/// CBC.0151.
pub(in crate::subscriptions) fn check_right_to_pay(cx: &Cx, auto_pay: bool) -> Result<(), ApiError> {
    if !auto_pay || cx.principal.has(Right::Pay) {
        return Ok(());
    }
    let (en, zh) = ("auto_pay: this user has no right to pay.", "auto_pay：该用户没有支付权限。");
    Err(codes::ACCESS_DENIED.because(en, zh))
}

/// How an order is to be paid, and what is to become of its resources.
#[derive(Debug, Clone)]
pub(in crate::subscriptions) struct How {
    /// It is paid at once, if that is possible.
    pub auto_pay: bool,
    /// Its resources are to be renewed automatically.
    pub auto_renew: bool,
    /// The promotional discount of the resource's history (rule 3.3).
    pub promotion: Option<String>,
}

/// Places one order of priced lines.
pub(in crate::subscriptions) async fn place(
    cx: &mut Cx,
    buyer: Buyer,
    order_type: OrderType,
    lines: Vec<Line>,
    how: How,
) -> Result<Placed, OrderError> {
    let prepared = Prepared {
        customer: buyer.customer,
        user_name: buyer.user_name,
        order_type,
        source_type: SourceType::Customer,
        groups: vec![lines],
        is_combined: false,
        auto_pay: how.auto_pay,
        auto_renew: how.auto_renew,
        begin_at: None,
        pay_before: pending_payment_end(cx.now),
        discount: None,
        coupon: None,
        promotion: how.promotion,
    };
    orders::place_prepared(cx, prepared).await
}

/// Refuses a second order about a resource: one that waits for payment is to be paid or cancelled first, any other has to
/// be finished (CBC.99003100, CBC.99003144).
///
/// # Errors
/// These, and the database's.
pub(in crate::subscriptions) async fn check_not_held(
    cx: &mut Cx,
    resource: &str,
    open_order: Option<&str>,
) -> Result<(), ApiError> {
    let Some(id) = open_order else { return Ok(()) };
    let holder = holder(cx, id).await?;
    let code = if holder.is_unpaid() { &codes::RESOURCE_IN_UNPAID_ORDER } else { &codes::ORDER_IN_PROGRESS };
    if let Some((en, zh)) = holder.awaits_approval() {
        return Err(code.because(format!("Resource {resource}: {en}"), format!("资源 {resource}：{zh}")));
    }
    let id = &holder.id;
    Err(code.because(
        format!("Resource {resource} is held by order {id}. {}", code.en),
        format!("资源 {resource} 被订单 {id} 占用。{}", code.zh),
    ))
}

/// An order that holds resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    /// The id to pay or to cancel it by.
    pub(super) id: String,
    /// What it waits for.
    status: OrderStatus,
}

impl Holder {
    /// It waits for payment.
    pub(super) fn is_unpaid(&self) -> bool {
        self.status == OrderStatus::PendingPayment
    }

    /// That it gives money back and waits for approval, in English and Chinese; `None`: it waits for something else.
    pub(super) fn awaits_approval(&self) -> Option<(String, String)> {
        let id = &self.id;
        (self.status == OrderStatus::PendingApproval).then(|| {
            (
                format!(
                    "a refund order, {id}, waits for approval. Try again when it is approved or rejected."
                ),
                format!("退款订单 {id} 待审批。请在审批通过或驳回后重试。"),
            )
        })
    }
}

/// The order that holds a resource.
///
/// # Errors
/// The database's; an order that is not there holds nothing.
pub(super) async fn holder(cx: &mut Cx, id: &str) -> Result<Holder, DbError> {
    let order = orders::find(&mut cx.tx, id).await?;
    let order = order.ok_or_else(|| DbError::Other(format!("order {id} holds a resource and is none")))?;
    Ok(Holder { id: order.payable_id().to_owned(), status: order.status })
}

/// Our id of the resource that a line is about.
pub(super) fn resource_of<'l>(order: &Order, line: &'l Line) -> Result<&'l str, DbError> {
    let named = line.resource.as_deref();
    named.ok_or_else(|| {
        DbError::Other(format!("line {} of order {} is about no resource", line.line_no, order.id))
    })
}
