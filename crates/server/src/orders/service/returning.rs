//! Orders that give money back: made, approved where they are large, and carried out.
//!
//! ```text
//!  give_back ──▶ 5 completed: coupons, what it is about, money
//!      └─ needs approval ──▶ 1 pending approval ──approve──▶ 5   as at the request, whatever the clock says then
//!                                   └───────────reject───▶ 4
//!  give_back_later ──▶ 3 processing: the cloud has it to do ──finish_return──▶ 5
//!                                   └───────────drop_return──▶ 4
//! ```
//!
//! For each charge of a resource there is a row of what goes back, −(paid − used up), and one of the fee that is kept
//! (rules.md 13). The rows of a line sum to its amount, and those of one base order to the journal that moves it: money goes back to what had paid that
//! order, with the tax that it contained.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::OrderId;
use domain::ledger::LedgerAccount;
use domain::money::{Charge, Currency};
use domain::order::{OrderEvent, OrderStatus, transition};
use domain::promotion::{Modifier, ModifierType, sum_modifiers};
use domain::quantity::Quantity;
use platform::db::DbError;
use platform::op::ApiError;

use super::refund::{NewReturn, ReturnLine, ReturnPart};
use super::{event, pay};
use crate::Cx;
use crate::accounts::service::{Refund, refund_orders};
use crate::codes;
use crate::identity::service::{find_account, payer_of};
use crate::ledger::service as ledger;
use crate::orders::errors::OrderError;
use crate::orders::model::{Line, LineState, Order};
use crate::orders::store::{self, returns};
use crate::promotions::service::{self as promotions, Spent};
use crate::webhooks::service as webhooks;

pub use crate::orders::store::returns::{ReturnKind, ReturnRow, ReturnedCharge};

/// Whose a refund order is.
pub(super) struct Owner {
    /// The customer's own partner.
    pub(super) partner: Option<String>,
    /// Who had paid.
    pub(super) payer: String,
    /// Currency of all amounts.
    pub(super) currency: Currency,
}

/// A refund order with what belongs to it.
pub(super) struct Returned {
    order: Order,
    lines: Vec<Line>,
    rows: Vec<ReturnRow>,
}

/// Makes an order that gives money back. It is carried out at once: coupons and cards get back what is theirs, whoever
/// fulfils the lines is told, and the money goes to what had paid. Where it needs approval nothing moves until then,
/// and it holds the resources that it is about. An order may give nothing back.
///
/// The resources are locked by the caller. What becomes of them, and of their charges, is told to whoever fulfils the
/// lines of an unsubscription; of other orders it is the caller's business.
///
/// # Errors
/// The database's.
pub async fn give_back(cx: &mut Cx, new: &NewReturn) -> Result<Order, ApiError> {
    let mut made = give_back_all(cx, std::slice::from_ref(new)).await?;
    Ok(made.remove(0))
}

/// Makes several orders that give money back, of one customer, together: coupons of all before the money of all, so that
/// locks are taken in their order. As [`give_back`].
///
/// # Errors
/// The database's.
pub async fn give_back_all(cx: &mut Cx, all: &[NewReturn]) -> Result<Vec<Order>, ApiError> {
    let mut at_once = Vec::new();
    let mut later = Vec::new();
    for (place, new) in all.iter().enumerate() {
        let owner = owner_of(cx, new).await?;
        let returned = compose(cx, new, owner)?;
        if new.needs_approval { &mut later } else { &mut at_once }.push((place, returned));
    }
    let (places, returned): (Vec<usize>, Vec<Returned>) = at_once.into_iter().unzip();
    let made = make(cx, returned, true).await?;
    let mut made: BTreeMap<usize, Order> = places.into_iter().zip(made).collect();
    for (place, Returned { order, lines, rows }) in later {
        store::insert(&mut cx.tx, &order, &lines).await?;
        returns::insert(&mut cx.tx, &order, &rows).await?;
        pay::hold(cx, &order, &lines).await?;
        made.insert(place, order);
    }
    Ok(made.into_values().collect())
}

/// Makes an order that gives money back for what the cloud has yet to do: nothing moves before [`finish_return`], and it
/// holds the resources that it is about, which the caller has locked. Its amounts are those of this moment.
///
/// # Errors
/// The database's.
pub async fn give_back_later(cx: &mut Cx, new: &NewReturn) -> Result<Order, ApiError> {
    let owner = owner_of(cx, new).await?;
    let waiting = NewReturn { needs_approval: true, ..new.clone() };
    let Returned { mut order, mut lines, rows } = compose(cx, &waiting, owner)?;
    order.status = OrderStatus::Processing;
    for line in &mut lines {
        line.state = LineState::Provisioning;
    }
    store::insert(&mut cx.tx, &order, &lines).await?;
    returns::insert(&mut cx.tx, &order, &rows).await?;
    pay::hold(cx, &order, &lines).await?;
    Ok(order)
}

/// Whose the order is. The customer may have had another payer when it bought.
async fn owner_of(cx: &mut Cx, new: &NewReturn) -> Result<Owner, ApiError> {
    let app = cx.app.clone();
    let customer = find_account(&app, &mut cx.tx, &new.account).await?;
    let customer = customer.ok_or_else(|| DbError::Other(format!("there is no account {}", new.account)))?;
    let base = new.lines.iter().flat_map(|line| &line.parts).next();
    let payer = match base {
        Some(part) => base_order(cx, &part.base_order).await?.payer,
        None => payer_of(&customer).to_owned(),
    };
    Ok(Owner { partner: customer.partner_id.clone(), payer, currency: customer.currency })
}

/// The rows of a refund order.
///
/// # Errors
/// The database's.
pub async fn rows_of(cx: &mut Cx, order: &Order) -> Result<Vec<ReturnRow>, DbError> {
    returns::of_order(&mut cx.tx, order).await
}

async fn base_order(cx: &mut Cx, id: &str) -> Result<Order, DbError> {
    let found = store::find(&mut cx.tx, id).await?;
    found.ok_or_else(|| DbError::Other(format!("order {id} had collected money and does not exist")))
}

fn over_limit() -> ApiError {
    codes::AMOUNT_OVER_LIMIT.error()
}

fn negative(amount: Charge) -> Charge {
    amount.checked_neg().expect("an amount that was paid has a counterpart")
}

/// The order, its lines and its rows: amounts below zero, fee and what was used up above.
pub(super) fn compose(cx: &mut Cx, new: &NewReturn, owner: Owner) -> Result<Returned, ApiError> {
    let mut lines = Vec::with_capacity(new.lines.len());
    let mut rows = Vec::new();
    for (line_no, given) in (1_i64..).zip(&new.lines) {
        lines.push(line_of(given, line_no, new.needs_approval)?);
        let resource = given.template.resource.as_ref();
        let resource = resource.ok_or_else(|| DbError::Other(format!("line {line_no} names no resource")))?;
        for part in &given.parts {
            add_rows(&mut rows, part, line_no, resource)?;
        }
    }
    let sum = |amount: fn(&Line) -> Charge| Charge::sum(lines.iter().map(amount)).ok_or_else(over_limit);
    let projects: BTreeSet<&str> = lines.iter().map(Line::enterprise_project).collect();
    let first = lines.first().ok_or_else(|| DbError::Other("a refund order has no line".to_owned()))?;
    let modifiers = sum_modifiers(lines.iter().flat_map(|line| &line.modifiers)).ok_or_else(over_limit)?;
    let amount = sum(|line| line.payable)?;
    let is_done = !new.needs_approval;
    let order = Order {
        account: new.account.clone(),
        id: OrderId::make(cx.now, cx.ids.as_mut()).into(),
        order_type: new.order_type,
        status: if is_done { OrderStatus::Completed } else { OrderStatus::PendingApproval },
        source_type: new.source_type,
        service_type_code: first.service_type_code.clone(),
        enterprise_projects: projects.into_iter().map(str::to_owned).collect(),
        partner: owner.partner,
        payer: owner.payer,
        official: amount,
        payable: amount,
        modifiers,
        tax: Charge::ZERO,
        tax_rate: None,
        combined: None,
        begin_at: None,
        handed_over_at: None,
        currency: owner.currency,
        user_name: new.user_name.clone(),
        auto_pay: false,
        auto_renew: false,
        base_order: None,
        gives_back: true,
        fee: sum(|line| line.fee)?,
        consumed: sum(|line| line.consumed)?,
        is_invoiced: false,
        reason: new.reason.clone(),
        reason_type: new.reason_type,
        created_at: cx.now,
        paid_at: is_done.then_some(cx.now),
        pay_before: None,
        open_lines: if is_done { 0 } else { i64::try_from(lines.len()).expect("an order has few lines") },
    };
    Ok(Returned { order, lines, rows })
}

/// A line; the coupons and cards that get something back are its modifiers, below zero, and no part of its amount.
fn line_of(given: &ReturnLine, line_no: i64, waits: bool) -> Result<Line, ApiError> {
    let sum = |amount: fn(&ReturnPart) -> Charge| {
        Charge::sum(given.parts.iter().map(amount)).ok_or_else(over_limit)
    };
    let amount = negative(sum(|part| part.back.money)?);
    let benefits = given.parts.iter().flat_map(|part| &part.back.benefits);
    let modifiers = sum_modifiers(benefits).ok_or_else(over_limit)?;
    let back = |modifier: Modifier| Modifier { amount: negative(modifier.amount), ..modifier };
    Ok(Line {
        line_no,
        attached_to: given.template.attached_to.filter(|primary| *primary < line_no),
        subscription_num: 1,
        official: amount,
        payable: amount,
        modifiers: modifiers.into_iter().map(back).collect(),
        state: if waits { LineState::Waiting } else { LineState::Done },
        fee: sum(|part| part.fee)?,
        consumed: sum(|part| part.consumed)?,
        adjusted: Charge::ZERO,
        ..given.template.clone()
    })
}

fn add_rows(
    rows: &mut Vec<ReturnRow>,
    part: &ReturnPart,
    line_no: i64,
    resource: &str,
) -> Result<(), ApiError> {
    let before_fee = part.back.money.checked_add(part.fee).ok_or_else(over_limit)?;
    let refund = ReturnRow {
        row_no: i64::try_from(rows.len()).expect("an order has few rows") + 1,
        line_no,
        resource: resource.to_owned(),
        charge_no: part.charge_no,
        base_order: part.base_order.clone(),
        kind: ReturnKind::Refund,
        amount: negative(before_fee),
        consumed: part.consumed,
        list: part.back.list,
        benefits: part.back.benefits.clone(),
    };
    let fee = ReturnRow {
        row_no: refund.row_no + 1,
        kind: ReturnKind::Fee,
        amount: part.fee,
        consumed: Charge::ZERO,
        list: Charge::ZERO,
        benefits: Vec::new(),
        ..refund.clone()
    };
    // What was free, or is all gone, has nothing to tell.
    if refund.amount.is_zero()
        && refund.consumed.is_zero()
        && refund.list.is_zero()
        && refund.benefits.is_empty()
    {
        return Ok(());
    }
    rows.push(refund);
    rows.extend(fee.amount.is_positive().then_some(fee));
    Ok(())
}

/// What goes back of one base order.
struct Back {
    base: Order,
    money: Charge,
    projects: Vec<(String, Charge)>,
    benefits: Vec<Modifier>,
    list: Charge,
}

impl Back {
    fn refund<'a>(&'a self, refund_order: &'a str, benefits: &'a [(LedgerAccount, Charge)]) -> Refund<'a> {
        Refund {
            payer: &self.base.payer,
            base_order: &self.base.id,
            refund_order,
            money: self.money,
            projects: &self.projects,
            benefits,
            tax_rate: self.base.tax_rate,
            list: self.list,
        }
    }

    fn add(&mut self, row: &ReturnRow, line: &Line) -> Option<()> {
        let back = row.amount.checked_neg()?;
        self.money = self.money.checked_add(back)?;
        self.list = self.list.checked_add(row.list)?;
        self.benefits = sum_modifiers(self.benefits.iter().chain(&row.benefits))?;
        let project = line.enterprise_project();
        match self.projects.iter_mut().find(|(known, _)| known == project) {
            Some((_, sum)) => *sum = sum.checked_add(back)?,
            None => self.projects.push((project.to_owned(), back)),
        }
        Some(())
    }
}

/// What goes back, by base order, in the order of their ids.
async fn by_base(cx: &mut Cx, lines: &[Line], rows: &[ReturnRow]) -> Result<Vec<Back>, ApiError> {
    let mut backs: BTreeMap<&str, Back> = BTreeMap::new();
    for row in rows {
        if !backs.contains_key(row.base_order.as_str()) {
            let base = base_order(cx, &row.base_order).await?;
            let nothing = Charge::ZERO;
            let back =
                Back { base, money: nothing, projects: Vec::new(), benefits: Vec::new(), list: nothing };
            backs.insert(&row.base_order, back);
        }
        let line = lines.iter().find(|line| line.line_no == row.line_no);
        let line = line.ok_or_else(|| DbError::Other(format!("row {} has no line", row.row_no)))?;
        let back = backs.get_mut(row.base_order.as_str()).expect("it was put there");
        back.add(row, line).ok_or_else(over_limit)?;
    }
    Ok(backs.into_values().collect())
}

/// Writes refund orders and carries them out. `is_told`: whoever fulfils their lines changes what they are about.
pub(super) async fn make(
    cx: &mut Cx,
    returned: Vec<Returned>,
    is_told: bool,
) -> Result<Vec<Order>, ApiError> {
    let mut backs = Vec::with_capacity(returned.len());
    for Returned { lines, rows, .. } in &returned {
        backs.push(by_base(cx, lines, rows).await?);
    }
    let mut orders: Vec<Order> = returned.iter().map(|one| one.order.clone()).collect();
    // Coupons are locked before the counters of orders, as placing does, and those before the accounts of the ledger.
    return_benefits(cx, &orders, &backs).await?;
    for Returned { order, lines, rows } in &returned {
        store::insert(&mut cx.tx, order, lines).await?;
        returns::insert(&mut cx.tx, order, rows).await?;
    }
    for Returned { order, lines, .. } in returned.iter().filter(|_| is_told) {
        pay::returned(cx, order, lines).await?;
    }
    move_back(cx, &mut orders, &backs).await?;
    Ok(orders)
}

/// Approves a refund order that waits for it, and carries it out with the amounts of its request.
///
/// # Errors
/// [`OrderError`] where it does not wait for approval.
pub async fn approve(cx: &mut Cx, order: Order) -> Result<Order, OrderError> {
    carry_out(cx, order, OrderEvent::GiveBack).await
}

/// The cloud has done what an order gives money back for: it is carried out, with the amounts of its request.
///
/// # Errors
/// [`OrderError`] where it does not wait for the cloud.
pub async fn finish_return(cx: &mut Cx, order: Order) -> Result<Order, OrderError> {
    carry_out(cx, order, OrderEvent::LinesProvisioned).await
}

async fn carry_out(cx: &mut Cx, mut order: Order, cause: OrderEvent) -> Result<Order, OrderError> {
    order.status = decided(&order, cause, cx)?;
    order.paid_at = Some(cx.now);
    order.open_lines = 0;
    let mut lines = store::lines(&mut cx.tx, &order).await?;
    pay::lock(cx, &order, &lines).await?;
    let rows = returns::of_order(&mut cx.tx, &order).await?;
    let backs = by_base(cx, &lines, &rows).await?;
    let backs = [backs];
    return_benefits(cx, std::slice::from_ref(&order), &backs).await?;
    for line in &mut lines {
        line.state = LineState::Done;
    }
    store::update(&mut cx.tx, &order).await?;
    store::update_lines(&mut cx.tx, &order, &lines, false).await?;
    pay::returned(cx, &order, &lines).await?;
    move_back(cx, std::slice::from_mut(&mut order), &backs).await?;
    Ok(order)
}

/// Refuses a refund order that waits for approval: it is cancelled, and lets go of what it is about.
///
/// # Errors
/// [`OrderError`] where it does not wait for approval.
pub async fn reject(cx: &mut Cx, order: Order) -> Result<Order, OrderError> {
    give_up(cx, order, OrderEvent::Reject).await
}

/// The cloud could not do what an order gives money back for: it is cancelled, and lets go of what it is about.
///
/// # Errors
/// [`OrderError`] where it does not wait for the cloud.
pub async fn drop_return(cx: &mut Cx, order: Order) -> Result<Order, OrderError> {
    give_up(cx, order, OrderEvent::NothingDone).await
}

async fn give_up(cx: &mut Cx, mut order: Order, cause: OrderEvent) -> Result<Order, OrderError> {
    order.status = decided(&order, cause, cx)?;
    store::update(&mut cx.tx, &order).await?;
    pay::let_go(cx, &order).await?;
    webhooks::notify(cx, &[event(webhooks::ORDER_CANCELED, &order)]).await?;
    Ok(order)
}

fn decided(order: &Order, cause: OrderEvent, cx: &Cx) -> Result<OrderStatus, OrderError> {
    let status = transition(order.state(), cause, cx.now).ok().filter(|_| order.gives_back);
    status.ok_or_else(|| OrderError::NotToApprove(order.id.clone(), order.status))
}

/// Notes on coupons and cards what goes back to them, of all orders in the one order of their locks.
async fn return_benefits(cx: &mut Cx, orders: &[Order], backs: &[Vec<Back>]) -> Result<(), ApiError> {
    let mut due: Vec<(String, String, Spent)> = Vec::new();
    for (order, backs) in orders.iter().zip(backs) {
        let mut by_payer: BTreeMap<&str, Vec<Modifier>> = BTreeMap::new();
        for back in backs.iter().filter(|back| !back.benefits.is_empty()) {
            let known = by_payer.entry(&back.base.payer).or_default();
            *known = sum_modifiers(known.iter().chain(&back.benefits)).ok_or_else(over_limit)?;
        }
        for (payer, benefits) in by_payer {
            let one = |modifier: &Modifier| (payer.to_owned(), order.id.clone(), spent(modifier));
            due.extend(benefits.iter().map(one));
        }
    }
    // Coupons before cards, each by its id.
    due.sort_by_key(|(payer, order, spent)| {
        (payer.clone(), spent.kind == ModifierType::StoredValueCard, spent.id.clone(), order.clone())
    });
    for (payer, order, spent) in due {
        promotions::give_back(cx, &payer, &order, &[spent]).await?;
    }
    Ok(())
}

fn spent(modifier: &Modifier) -> Spent {
    Spent { id: modifier.source.clone(), kind: modifier.kind, amount: modifier.amount }
}

/// Moves the money of each base order of each refund order back by a journal of its own, notes the taxes in it, and
/// tells of the orders.
async fn move_back(cx: &mut Cx, orders: &mut [Order], backs: &[Vec<Back>]) -> Result<(), ApiError> {
    let mut parts = Vec::new();
    for (order, backs) in orders.iter().zip(backs) {
        for back in backs {
            let owner = ledger::owner_id(&back.base.payer)?;
            let account = |benefit: &Modifier| spent(benefit).account(&owner).map(|of| (of, benefit.amount));
            let benefits: Vec<_> = back.benefits.iter().filter_map(account).collect();
            parts.push((order.id.clone(), back, benefits));
        }
    }
    let refunds: Vec<Refund<'_>> =
        parts.iter().map(|(id, back, benefits)| back.refund(id, benefits)).collect();
    let mut taxes = refund_orders(cx, &refunds).await?.into_iter();
    for (order, backs) in orders.iter_mut().zip(backs) {
        let own: Vec<Charge> = taxes.by_ref().take(backs.len()).collect();
        let tax = Charge::sum(own.iter().copied()).ok_or_else(over_limit)?;
        if !tax.is_zero() {
            order.tax = negative(tax);
            order.tax_rate = rate_of(backs, &own);
            store::update(&mut cx.tx, order).await?;
        }
    }
    for order in orders.iter() {
        webhooks::notify(cx, &[event(webhooks::ORDER_REFUNDED, order)]).await?;
    }
    Ok(())
}

/// The rate of all taxes that go back; `None` where they have several.
fn rate_of(backs: &[Back], taxes: &[Charge]) -> Option<Quantity> {
    let taxed = backs.iter().zip(taxes).filter(|(_, tax)| !tax.is_zero());
    let mut rates = taxed.map(|(back, _)| back.base.tax_rate);
    let first = rates.next().flatten();
    if rates.all(|rate| rate == first) { first } else { None }
}
