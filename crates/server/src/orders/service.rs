//! Use-cases of orders: found, paid, cancelled, fulfilled, refunded. Placing has a file of its own.

mod place;

use domain::calendar::Instant;
use domain::id::OrderId;
use domain::money::Charge;
use domain::order::{OrderEvent, OrderStatus, OrderType, SourceType, transition};
use platform::db::{DbError, Tx};
use platform::op::ApiError;
use serde_json::json;

use super::errors::OrderError;
use super::fulfilment::Fulfilled;
use super::model::{Line, LineState, Order};
use super::store;
use crate::Cx;
use crate::accounts::service::{PayError, Payment, Refund, pay_order, refund_order};
use crate::webhooks::service::{self as webhooks, Event};

pub use super::store::list::{Filter, Page, Scope};
pub use place::{NewLine, NewOrder, Placed, place};

/// Who placed an order that nobody placed (004 table 8-14).
const SYSTEM_USER: &str = "Operation system";

/// A page of orders, and how many there are in all.
pub async fn list(
    tx: &mut Tx,
    scope: &Scope,
    filter: &Filter,
    page: Page,
) -> Result<(i64, Vec<Order>), DbError> {
    store::list::list(tx, scope, filter, page).await
}

/// An order, whoever owns it; the caller checks who may see it.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Order>, DbError> {
    store::find(tx, id).await
}

/// A page of the lines of an order, and how many it has.
pub async fn lines_page(
    tx: &mut Tx,
    order: &Order,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<Line>), DbError> {
    store::lines_page(tx, order, offset, limit).await
}

/// An order that `account` owns or pays for, locked for this transaction.
pub async fn lock_own(cx: &mut Cx, account: &str, id: &str) -> Result<Order, OrderError> {
    let order = store::lock(&mut cx.tx, account, id).await?;
    order.ok_or_else(|| OrderError::NotFound(id.to_owned()))
}

/// An order that `account` placed, locked for this transaction: who merely pays for it does not have a say.
pub async fn lock_placed(cx: &mut Cx, account: &str, id: &str) -> Result<Order, OrderError> {
    let order = store::lock_placed(&mut cx.tx, account, id).await?;
    order.ok_or_else(|| OrderError::NotFound(id.to_owned()))
}

/// An order that a stored row names, locked for this transaction, for features above.
pub async fn lock(cx: &mut Cx, id: &str) -> Result<Order, DbError> {
    let order = store::lock_any(&mut cx.tx, id).await?;
    order.ok_or_else(|| DbError::Other(format!("order {id} is named by a row and does not exist")))
}

/// One line of an order.
pub async fn get_line(cx: &mut Cx, order: &Order, line_no: i64) -> Result<Line, DbError> {
    store::line(&mut cx.tx, order, line_no).await
}

/// Whether an order can be paid now, before anything else is looked at (rule 4.11).
pub fn check_payable(order: &Order, now: Instant) -> Result<OrderStatus, OrderError> {
    transition(order.state(), OrderEvent::Pay, now)
        .map_err(|refusal| OrderError::of_refusal(&order.id, refusal))
}

/// Pays an order from its payer's money and hands its lines to whoever fulfils them.
///
/// The money is taken last, so that the payer's account, for which every other payment of the same customer waits,
/// is locked for as short a time as possible. A refusal therefore comes after changes: whoever calls this rolls its
/// transaction back, as dispatch does.
pub async fn pay(cx: &mut Cx, mut order: Order) -> Result<Order, OrderError> {
    let status = check_payable(&order, cx.now)?;
    let lines = store::lines(&mut cx.tx, &order).await?;
    order.status = status;
    let order = settle(cx, order, lines).await?;
    take_money(cx, &order).await.map_err(|error| OrderError::of_payment(&order.id, error))?;
    Ok(order)
}

async fn take_money(cx: &mut Cx, order: &Order) -> Result<(), PayError> {
    if order.payable.is_zero() {
        return Ok(());
    }
    let payment = Payment {
        payer: &order.payer,
        customer: &order.account,
        order: &order.id,
        money: order.payable,
        benefits: &[],
        list: order.official,
        projects: &[],
        late: None,
    };
    pay_order(cx, &payment).await.map(|_| ())
}

/// What follows from the payment of an order that is already in its next status.
async fn settle(cx: &mut Cx, mut order: Order, mut lines: Vec<Line>) -> Result<Order, OrderError> {
    order.paid_at = Some(cx.now);
    order.pay_before = None;
    fulfil(cx, &order, &mut lines).await?;
    let open = lines.iter().filter(|line| line.state == LineState::Provisioning).count();
    order.open_lines = i64::try_from(open).expect("an order has few lines");
    if open == 0 {
        order.status = transition(order.state(), OrderEvent::LinesProvisioned, cx.now)
            .map_err(|refusal| OrderError::of_refusal(&order.id, refusal))?;
    }
    store::update(&mut cx.tx, &order).await?;
    store::update_lines(&mut cx.tx, &order, &lines).await?;
    let mut events = vec![event(webhooks::ORDER_PAID, &order)];
    if open == 0 {
        events.push(event(webhooks::ORDER_COMPLETED, &order));
    }
    webhooks::notify(cx, &events).await?;
    Ok(order)
}

/// Hands each line to the kind of product that claims it; an attached line goes where its primary line goes.
async fn fulfil(cx: &mut Cx, order: &Order, lines: &mut [Line]) -> Result<(), ApiError> {
    let app = cx.app.clone();
    let claimed = |line: &Line| app.fulfilments.iter().position(|kind| kind.claims(line));
    let primary = |line: &Line| match line.attached_to {
        None => claimed(line),
        Some(number) => lines.iter().find(|other| other.line_no == number).and_then(claimed),
    };
    let Some(owners) = lines.iter().map(primary).collect::<Option<Vec<usize>>>() else {
        return Err(DbError::Other(format!("nobody fulfils a line of order {}", order.id)).into());
    };
    for (number, kind) in app.fulfilments.iter().enumerate() {
        let places: Vec<usize> = (0..lines.len()).filter(|at| owners[*at] == number).collect();
        let claimed: Vec<Line> = places.iter().map(|at| lines[*at].clone()).collect();
        if claimed.is_empty() {
            continue;
        }
        let outcomes = kind.paid(cx, order, &claimed).await?;
        assert_eq!(outcomes.len(), claimed.len(), "a fulfilment answers for each line");
        for (at, outcome) in places.into_iter().zip(outcomes) {
            match outcome {
                Fulfilled::Waiting => lines[at].state = LineState::Provisioning,
                Fulfilled::Done { effective_at, expires_at } => {
                    lines[at].state = LineState::Done;
                    lines[at].effective_at = Some(effective_at);
                    lines[at].expires_at = Some(expires_at);
                }
            }
        }
    }
    Ok(())
}

/// Cancels an order that waits for payment: the customer no longer wants it, or its time is over.
pub async fn cancel(cx: &mut Cx, mut order: Order, cause: OrderEvent) -> Result<Order, OrderError> {
    order.status = transition(order.state(), cause, cx.now)
        .map_err(|refusal| OrderError::of_refusal(&order.id, refusal))?;
    order.pay_before = None;
    store::update(&mut cx.tx, &order).await?;
    webhooks::notify(cx, &[event(webhooks::ORDER_CANCELED, &order)]).await?;
    Ok(order)
}

/// How a line ended that the cloud worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// It is there, with its term.
    Done {
        /// Begin of the term.
        effective_at: Instant,
        /// End of the term.
        expires_at: Instant,
    },
    /// Nothing of it could be provided.
    Failed,
}

/// Notes how a line of a locked order ended; the order completes with its last line.
pub async fn finish_line(
    cx: &mut Cx,
    mut order: Order,
    mut line: Line,
    end: LineEnd,
) -> Result<(), ApiError> {
    match end {
        LineEnd::Failed => line.state = LineState::Failed,
        LineEnd::Done { effective_at, expires_at } => {
            line.state = LineState::Done;
            line.effective_at = Some(effective_at);
            line.expires_at = Some(expires_at);
        }
    }
    store::update_line(&mut cx.tx, &order, &line).await?;
    order.open_lines -= 1;
    if order.open_lines > 0 {
        return store::update(&mut cx.tx, &order).await.map_err(ApiError::from);
    }
    let failed = store::lines_in_state(&mut cx.tx, &order, LineState::Failed).await?;
    let done = store::lines_in_state(&mut cx.tx, &order, LineState::Done).await?;
    let cause = match (failed, done) {
        (0, _) => OrderEvent::LinesProvisioned,
        (_, 0) => OrderEvent::AllFailed,
        (_, _) => OrderEvent::SomeFailed,
    };
    order.status = transition(order.state(), cause, cx.now)
        .map_err(|refusal| OrderError::of_refusal(&order.id, refusal))?;
    store::update(&mut cx.tx, &order).await?;
    webhooks::notify(cx, &[event(webhooks::ORDER_COMPLETED, &order)]).await?;
    Ok(())
}

/// Gives `amount` of a line back by an order of the system's own, completed as it is made (rule 1.8): type 4,
/// source 8, negative amounts (rule 2.5). `None` where the line had cost nothing.
pub async fn refund(
    cx: &mut Cx,
    base: &Order,
    line: &Line,
    amount: Charge,
) -> Result<Option<Order>, ApiError> {
    if amount.is_zero() {
        return Ok(None);
    }
    let negative = amount.checked_neg().expect("an amount that was paid has a counterpart");
    let order = Order {
        account: base.account.clone(),
        id: OrderId::make(cx.now, cx.ids.as_mut()).into(),
        order_type: OrderType::Unsubscription,
        status: OrderStatus::Completed,
        source_type: SourceType::System,
        service_type_code: line.service_type_code.clone(),
        enterprise_projects: vec![line.enterprise_project().to_owned()],
        partner: base.partner.clone(),
        payer: base.payer.clone(),
        official: negative,
        payable: negative,
        modifiers: Vec::new(),
        tax: Charge::ZERO,
        tax_rate: base.tax_rate,
        combined: None,
        begin_at: None,
        handed_over_at: None,
        currency: base.currency,
        user_name: SYSTEM_USER.to_owned(),
        auto_pay: false,
        auto_renew: false,
        base_order: Some(base.id.clone()),
        created_at: cx.now,
        paid_at: Some(cx.now),
        pay_before: None,
        open_lines: 0,
    };
    let refunded = Line {
        line_no: 1,
        attached_to: None,
        official: negative,
        payable: negative,
        modifiers: Vec::new(),
        state: LineState::Done,
        ..line.clone()
    };
    store::insert(&mut cx.tx, &order, &[refunded]).await?;
    let back = Refund {
        payer: &base.payer,
        base_order: &base.id,
        refund_order: &order.id,
        money: amount,
        projects: &[(line.enterprise_project().to_owned(), amount)],
        benefits: &[],
        tax_rate: None,
        list: amount,
    };
    refund_order(cx, &back).await?;
    webhooks::notify(cx, &[event(webhooks::ORDER_REFUNDED, &order)]).await?;
    Ok(Some(order))
}

/// What a webhook is told of an order.
fn event<'a>(name: &'static str, order: &'a Order) -> Event<'a> {
    let data = json!({
        "order_id": order.id,
        "customer_id": order.account,
        "order_type": order.order_type.code(),
        "status": order.status.code(),
        "official_amount": order.official.to_string(),
        "amount_after_discount": order.payable.to_string(),
        "currency": order.currency.code(),
        "base_order_id": order.base_order,
    });
    Event { name, account: &order.account, partner: order.partner.as_deref(), data }
}
