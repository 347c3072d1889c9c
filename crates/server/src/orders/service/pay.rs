//! Paying: what an order costs is fixed, its lines are handed to whoever fulfils them, and the money is taken.

use domain::calendar::Instant;
use domain::ledger::LedgerAccount;
use domain::money::Charge;
use domain::order::{OrderEvent, OrderStatus, transition};
use domain::promotion::{Modifier, ModifierType};
use platform::db::DbError;
use platform::op::ApiError;

use super::charge::{Bill, Chosen, apply, benefits_of};
use super::event;
use crate::Cx;
use crate::accounts::service::{Late, Payment, pay_orders};
use crate::codes;
use crate::ledger::service as ledger;
use crate::orders::errors::OrderError;
use crate::orders::fulfilment::{AuthResult, Fulfilled, Shortage};
use crate::orders::model::{Line, LineState, Order};
use crate::orders::store;
use crate::promotions::service::{self as promotions, Spent};
use crate::webhooks::service as webhooks;

/// Whether an order can be paid now, before anything else is looked at (rule 4.11).
pub fn check_payable(order: &Order, now: Instant) -> Result<OrderStatus, OrderError> {
    let status = transition(order.state(), OrderEvent::Pay, now)
        .map_err(|refusal| OrderError::of_refusal(&order.id, refusal))?;
    if order.begin_at.is_some_and(|begin| begin <= now) {
        return Err(OrderError::AfterEffectiveTime(order.id.clone()));
    }
    Ok(status)
}

/// Pays orders that are paid together from their payer's money: one, or all sub-orders of a combined order. They cost
/// their list price less what is chosen now; coupons that they were placed with are let go unless they are among it.
///
/// The money is taken last, so that the payer's account, for which every other payment of the same customer waits,
/// is locked for as short a time as possible. A refusal therefore comes after changes: whoever calls this rolls its
/// transaction back, as dispatch does.
pub async fn pay(
    cx: &mut Cx,
    orders: Vec<Order>,
    chosen: &Chosen,
    late: Option<Late>,
) -> Result<Vec<Order>, OrderError> {
    let mut bills = Vec::with_capacity(orders.len());
    for order in orders {
        check_payable(&order, cx.now)?;
        let lines = store::lines(&mut cx.tx, &order).await?;
        bills.push(Bill { order, lines });
    }
    let held = benefits_of(&bills);
    let was_reduced = is_reduced(&bills);
    let first = &bills.first().expect("at least one order is paid").order;
    lock(cx, first, &all_lines(&bills)).await?;
    let firsts = apply(cx, &mut bills, chosen).await?;
    let used = benefits_of(&bills);
    let dropped: Vec<String> =
        held.into_iter().filter(|held| !used.contains(held)).map(|held| held.id).collect();
    admit(cx, &bills).await?;
    let first = &bills.first().expect("at least one order is paid").order;
    let account = first.account.clone();
    let (payer, holder) = (first.payer.clone(), first.combined.as_ref().unwrap_or(&first.id).clone());
    if !dropped.is_empty() {
        promotions::release(cx, &payer, &dropped, &holder).await?;
    }
    if let Some(firsts) = firsts {
        firsts.check(cx, &account).await?;
    }
    let with_amounts = was_reduced || is_reduced(&bills);
    let mut paid = Vec::with_capacity(bills.len());
    for bill in &bills {
        paid.push(settle(cx, bill.clone(), with_amounts).await?);
    }
    spend(cx, &bills).await?;
    take_money(cx, &bills, &mut paid, late).await?;
    Ok(paid)
}

fn is_reduced(bills: &[Bill]) -> bool {
    bills.iter().any(|bill| !bill.order.modifiers.is_empty())
}

/// The lines of all orders of one payment, numbered as in one order.
pub(super) fn all_lines(bills: &[Bill]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for bill in bills {
        let before = i64::try_from(lines.len()).expect("an order has few lines");
        lines.extend(bill.lines.iter().map(|line| Line {
            line_no: line.line_no + before,
            attached_to: line.attached_to.map(|primary| primary + before),
            ..line.clone()
        }));
    }
    lines
}

/// Whether what was bought can be provided: quotas, capacity, and that it is still sold (CBC.99003141).
pub(super) async fn admit(cx: &mut Cx, bills: &[Bill]) -> Result<(), OrderError> {
    let first = &bills.first().expect("at least one order is paid").order;
    // All at once, since sub-orders share the room that there is.
    let lines = all_lines(bills);
    let app = cx.app.clone();
    let owners = owners(cx, first, &lines)?;
    let mut short: Vec<(usize, AuthResult)> = Vec::new();
    for (number, kind) in app.fulfilments.iter().enumerate() {
        let places: Vec<usize> = (0..lines.len()).filter(|at| owners[*at] == number).collect();
        let claimed: Vec<Line> = places.iter().map(|at| lines[*at].clone()).collect();
        if claimed.is_empty() {
            continue;
        }
        let found = kind.admit(cx, first, &claimed).await?;
        short.extend(found.into_iter().map(|one| (places[one.line], one.auth_result)));
    }
    short.sort_unstable_by_key(|(place, _)| *place);
    match quota_infos(cx, &lines, &short) {
        infos if infos.is_empty() => Ok(()),
        infos => Err(OrderError::Shortage(first.combined.as_ref().unwrap_or(&first.id).clone(), infos)),
    }
}

fn quota_infos(cx: &Cx, lines: &[Line], short: &[(usize, AuthResult)]) -> Vec<serde_json::Value> {
    short.iter().map(|(place, why)| quota_info(cx, &lines[*place], *why)).collect()
}

/// The refusal of lines about a resource that cannot be had, before any order is made of them (CBC.99003141).
pub fn shortage(cx: &Cx, resource: &str, lines: &[Line], short: &[Shortage]) -> ApiError {
    let code = &codes::RESOURCE_CAPACITY_INSUFFICIENT;
    let short: Vec<_> = short.iter().map(|one| (one.line, one.auth_result)).collect();
    let (en, zh) = (code.en, code.zh);
    code.because(format!("Resource {resource}: {en}"), format!("资源 {resource}：{zh}"))
        .with("quota_infos", quota_infos(cx, lines, &short).into())
}

/// A line that cannot be had, as 004 table 8-21 tells it; names in the language of the message.
fn quota_info(cx: &Cx, line: &Line, why: AuthResult) -> serde_json::Value {
    let catalog = cx.app.catalog.current();
    let language = cx.request.language;
    let service = catalog.find_service(&line.service_type_code).map(|found| found.name.get(language));
    let kind = catalog.find_resource_type(&line.resource_type_code).map(|found| found.name.get(language));
    serde_json::json!({
        "region": line.region_code,
        "service_type_code": line.service_type_code,
        "resource_type_code": line.resource_type_code,
        "resource_spec_code": line.resource_spec_code,
        "service_type_name": service,
        "resource_type_name": kind,
        "auth_result": why.code(),
        "available_zone": line.available_zone,
    })
}

/// Notes on coupons and cards what the orders take from them; once for all, since a coupon that pays several
/// sub-orders is used once.
pub(super) async fn spend(cx: &mut Cx, bills: &[Bill]) -> Result<(), OrderError> {
    let mut spent: Vec<Spent> = Vec::new();
    for modifier in bills.iter().flat_map(|bill| &bill.order.modifiers) {
        if !modifier.kind.is_benefit() && modifier.kind != ModifierType::DiscountCoupon {
            continue;
        }
        match spent.iter_mut().find(|known| known.id == modifier.source) {
            Some(known) => {
                known.amount =
                    known.amount.checked_add(modifier.amount).expect("no more than the coupon has");
            }
            None => spent.push(Spent {
                id: modifier.source.clone(),
                kind: modifier.kind,
                amount: modifier.amount,
            }),
        }
    }
    if spent.is_empty() {
        return Ok(());
    }
    let first = &bills.first().expect("at least one order is paid").order;
    let mut ids: Vec<&str> = bills.iter().map(|bill| bill.order.id.as_str()).collect();
    ids.extend(first.combined.as_deref());
    let holder = first.combined.as_ref().unwrap_or(&first.id).clone();
    let payer = first.payer.clone();
    promotions::spend(cx, &payer, &holder, &ids.join(","), &spent).await?;
    Ok(())
}

/// Takes the money of orders that are paid together, benefits and balances of each in one journal, and notes in
/// `orders` the tax that it contained.
pub(super) async fn take_money(
    cx: &mut Cx,
    bills: &[Bill],
    orders: &mut [Order],
    late: Option<Late>,
) -> Result<(), OrderError> {
    let mut parts = Vec::with_capacity(bills.len());
    for bill in bills {
        parts.push((benefits_paid(&bill.order)?, by_project(&bill.lines)));
    }
    let mut payments = Vec::with_capacity(bills.len());
    for (Bill { order, .. }, (benefits, projects)) in bills.iter().zip(&parts) {
        payments.push(Payment {
            payer: &order.payer,
            customer: &order.account,
            order: &order.id,
            money: order.payable,
            benefits,
            list: order.official,
            projects,
        });
    }
    let first = &bills.first().expect("at least one order is paid").order;
    // A sub-order that is to be paid by itself is the one that is refused.
    let whole = first.combined.as_ref().filter(|_| late.is_none()).unwrap_or(&first.id);
    let paid = pay_orders(cx, &payments, late).await;
    let paid = paid.map_err(|error| OrderError::of_payment(whole, error))?;
    for (order, paid) in orders.iter_mut().zip(paid) {
        if paid.tax_rate.is_some() {
            order.tax = paid.tax;
            order.tax_rate = paid.tax_rate;
            store::update(&mut cx.tx, order).await?;
        }
    }
    Ok(())
}

/// What coupons and cards of the payer pay, by their accounts of the ledger.
fn benefits_paid(order: &Order) -> Result<Vec<(LedgerAccount, Charge)>, DbError> {
    let owner = ledger::owner_id(&order.payer)?;
    let benefit = |modifier: &Modifier| {
        let spent = Spent { id: modifier.source.clone(), kind: modifier.kind, amount: modifier.amount };
        spent.account(&owner).map(|account| (account, modifier.amount))
    };
    Ok(order.modifiers.iter().filter_map(benefit).collect())
}

/// Amounts by enterprise project.
type Projects = Vec<(String, Charge)>;

/// What balances pay, by enterprise project.
fn by_project(lines: &[Line]) -> Projects {
    let mut projects = Projects::new();
    for line in lines {
        let project = line.enterprise_project();
        match projects.iter_mut().find(|(known, _)| known == project) {
            Some((_, sum)) => *sum = sum.checked_add(line.payable).expect("a part of the order's amount"),
            None => projects.push((project.to_owned(), line.payable)),
        }
    }
    projects
}

/// What follows from the payment of an order. `with_amounts`: its stored lines cost something else.
pub(super) async fn settle(cx: &mut Cx, bill: Bill, with_amounts: bool) -> Result<Order, OrderError> {
    let Bill { mut order, mut lines } = bill;
    order.status = check_payable(&order, cx.now)?;
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
    store::update_lines(&mut cx.tx, &order, &lines, with_amounts).await?;
    let mut events = vec![event(webhooks::ORDER_PAID, &order)];
    if open == 0 {
        events.push(event(webhooks::ORDER_COMPLETED, &order));
    }
    webhooks::notify(cx, &events).await?;
    Ok(order)
}

/// Which kind of product claims each line; an attached line goes where its primary line goes.
fn owners(cx: &Cx, order: &Order, lines: &[Line]) -> Result<Vec<usize>, DbError> {
    let claimed = |line: &Line| cx.app.fulfilments.iter().position(|kind| kind.claims(line));
    let primary = |line: &Line| match line.attached_to {
        None => claimed(line),
        Some(number) => lines.iter().find(|other| other.line_no == number).and_then(claimed),
    };
    let owners = lines.iter().map(primary).collect::<Option<Vec<usize>>>();
    owners.ok_or_else(|| DbError::Other(format!("nobody fulfils a line of order {}", order.id)))
}

/// Has who fulfils the lines of an order, or of orders that are paid together, lock the resources that they are about.
pub(super) async fn lock(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<(), ApiError> {
    if lines.iter().all(|line| line.resource.is_none()) {
        return Ok(());
    }
    let app = cx.app.clone();
    for (kind, lines) in by_kind(cx, order, lines)? {
        app.fulfilments[kind].lock(cx, order, &lines).await?;
    }
    Ok(())
}

/// Tells who fulfils the lines of an order that it waits for payment, so that the resources it is about are held.
pub(super) async fn hold(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<(), ApiError> {
    if lines.iter().all(|line| line.resource.is_none()) {
        return Ok(());
    }
    let app = cx.app.clone();
    for (kind, lines) in by_kind(cx, order, lines)? {
        app.fulfilments[kind].held(cx, order, &lines).await?;
    }
    Ok(())
}

/// Tells who fulfils the lines of an order that it will not be paid, so that the resources it is about are let go.
pub(super) async fn let_go(cx: &mut Cx, order: &Order) -> Result<(), ApiError> {
    let lines = store::lines(&mut cx.tx, order).await?;
    if lines.iter().all(|line| line.resource.is_none()) {
        return Ok(());
    }
    let app = cx.app.clone();
    for (kind, lines) in by_kind(cx, order, &lines)? {
        app.fulfilments[kind].let_go(cx, order, &lines).await?;
    }
    Ok(())
}

/// Tells who fulfils the lines of an order that gives money back that it is carried out: what they are about ends, or
/// changes.
pub(super) async fn returned(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<(), ApiError> {
    let app = cx.app.clone();
    for (kind, lines) in by_kind(cx, order, lines)? {
        app.fulfilments[kind].returned(cx, order, &lines).await?;
    }
    Ok(())
}

/// The lines of each kind of product that has some, by its place in the list of kinds.
fn by_kind(cx: &Cx, order: &Order, lines: &[Line]) -> Result<Vec<(usize, Vec<Line>)>, DbError> {
    let owners = owners(cx, order, lines)?;
    let claimed = |kind: usize| {
        let own = lines.iter().zip(&owners).filter(|(_, owner)| **owner == kind);
        own.map(|(line, _)| line.clone()).collect::<Vec<Line>>()
    };
    let kinds = (0..cx.app.fulfilments.len()).map(|kind| (kind, claimed(kind)));
    Ok(kinds.filter(|(_, lines)| !lines.is_empty()).collect())
}

/// Hands each line to the kind of product that claims it; an attached line goes where its primary line goes.
async fn fulfil(cx: &mut Cx, order: &Order, lines: &mut [Line]) -> Result<(), ApiError> {
    let app = cx.app.clone();
    let owners = owners(cx, order, lines)?;
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
