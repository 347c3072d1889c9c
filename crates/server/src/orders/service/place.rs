//! Placing an order: the lines are priced by the catalogue of the moment, and what is decided here never changes.

mod lines;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::calendar::{Instant, pending_payment_end};
use domain::id::OrderId;
use domain::money::Charge;
use domain::order::{OrderStatus, OrderType, SourceType};
use platform::db::DbError;
use platform::op::{ApiError, Refusal};

pub use self::lines::{NewLine, price_line};
use self::lines::{by_primary, check_attachment, check_number, number, order_type, price};
use super::charge::{Bill, Chosen, Named, apply, benefits_of, benefits_of_order};
use super::pay::{admit, hold, settle, spend, take_money};
use crate::Cx;
use crate::codes;
use crate::identity::service::{Account, find_project_id, payer_of};
use crate::orders::errors::OrderError;
use crate::orders::model::{Line, Order};
use crate::orders::store;
use crate::promotions::service as promotions;

/// How long an order of hardware may be paid (rule 1.8).
const HARDWARE_PAYMENT_HOURS: i64 = 1;

/// A purchase.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// The customer.
    pub customer: Arc<Account>,
    /// Who places it, as the details of an order show it.
    pub user_name: String,
    /// Its lines.
    pub lines: Vec<NewLine>,
    /// It is to be paid now.
    pub auto_pay: bool,
    /// Its resources are to be renewed automatically.
    pub auto_renew: bool,
    /// When its resources are to begin; `None`: when they are provided.
    pub begin_at: Option<Instant>,
    /// Each primary line, with what is attached to it, becomes an order of its own; they are paid and cancelled
    /// together.
    pub is_combined: bool,
    /// The discount that it is placed with.
    pub discount: Option<String>,
    /// The coupon that it is placed with, and holds.
    pub coupon: Option<String>,
}

/// Orders that are about to be placed: their lines are priced.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The customer.
    pub customer: Arc<Account>,
    /// Who places them, as the details of an order show it.
    pub user_name: String,
    /// What they are for.
    pub order_type: OrderType,
    /// Where they come from.
    pub source_type: SourceType,
    /// The lines of each order, numbered from 1; several orders make a combined one, or each is its own.
    pub groups: Vec<Vec<Line>>,
    /// Several orders, or one that may be named by a combined id, are paid and cancelled together.
    pub is_combined: bool,
    /// They are to be paid now.
    pub auto_pay: bool,
    /// Their resources are to be renewed automatically.
    pub auto_renew: bool,
    /// When their resources are to begin; `None`: when they are provided.
    pub begin_at: Option<Instant>,
    /// From then on they can no longer be paid.
    pub pay_before: Instant,
    /// The discount that they are placed with.
    pub discount: Option<String>,
    /// The coupon that they are placed with, and hold.
    pub coupon: Option<String>,
    /// The promotional discount of their resources' history, which automatic payment may use again (rule 3.3).
    pub promotion: Option<String>,
}

/// A placed order, or the sub-orders of a combined one.
#[derive(Debug)]
pub struct Placed {
    /// The id to pay and cancel by: that of the order, or of the combined order.
    pub id: String,
    /// The order, or the sub-orders.
    pub orders: Vec<Order>,
    /// Why it was not paid although that was asked for: it waits for payment then.
    pub unpaid: Option<ApiError>,
}

/// Places an order. It is paid at once where that is asked for, or where it costs nothing; where the money does
/// not suffice it is kept and waits for payment.
pub async fn place(cx: &mut Cx, new: &NewOrder) -> Result<Placed, OrderError> {
    let catalog = cx.app.catalog.current();
    check_number(&new.lines)?;
    if new.begin_at.is_some_and(|begin| begin <= cx.now) {
        let (en, zh) = ("must be later than the current time", "必须晚于当前时间");
        return Err(Refusal::because("effective_time", en, zh).into());
    }
    let mut priced = Vec::with_capacity(new.lines.len());
    for (index, line) in new.lines.iter().enumerate() {
        check_attachment(&new.lines, index)?;
        priced.push(price(cx, &catalog, line, number(index), &format!("lines[{index}]"))?);
    }
    let order_type = order_type(&priced)?;
    let pay_before = match priced.iter().any(|priced| priced.is_hardware) {
        true => cx.now.plus_hours(HARDWARE_PAYMENT_HOURS),
        false => pending_payment_end(cx.now),
    };
    let mut lines: Vec<Line> = priced.into_iter().map(|priced| priced.line).collect();
    name_projects(cx, &new.customer.id, &mut lines).await?;
    let prepared = Prepared {
        customer: new.customer.clone(),
        user_name: new.user_name.clone(),
        order_type,
        source_type: SourceType::Customer,
        groups: if new.is_combined { by_primary(lines) } else { vec![lines] },
        is_combined: new.is_combined,
        auto_pay: new.auto_pay,
        auto_renew: new.auto_renew,
        begin_at: new.begin_at,
        pay_before,
        discount: new.discount.clone(),
        coupon: new.coupon.clone(),
        promotion: None,
    };
    place_prepared(cx, prepared).await
}

/// Places orders whose lines are priced. They are paid at once where that is asked for, or where they cost nothing;
/// where the money does not suffice they are kept and wait for payment, and hold the resources that they are about.
pub async fn place_prepared(cx: &mut Cx, mut new: Prepared) -> Result<Placed, OrderError> {
    let groups = std::mem::take(&mut new.groups);
    let mut bills = compose_all(cx, &new, groups)?;
    let id = bills[0].order.combined.as_ref().unwrap_or(&bills[0].order.id).clone();
    reserve(cx, &new, &id, &mut bills).await?;
    let is_free =
        bills.iter().all(|bill| bill.order.payable.is_zero() && benefits_of_order(&bill.order).is_empty());
    if !new.auto_pay && !is_free {
        return keep(cx, id, bills, None).await;
    }
    match pay_new(cx, &new, &bills).await? {
        Ok(orders) => Ok(Placed { id, orders, unpaid: None }),
        Err(refusal) => keep(cx, id, bills, Some(refusal)).await,
    }
}

/// The order waits for payment.
async fn keep(
    cx: &mut Cx,
    id: String,
    bills: Vec<Bill>,
    unpaid: Option<ApiError>,
) -> Result<Placed, OrderError> {
    for bill in &bills {
        store::insert(&mut cx.tx, &bill.order, &bill.lines).await?;
        hold(cx, &bill.order, &bill.lines).await?;
    }
    Ok(Placed { id, orders: bills.into_iter().map(|bill| bill.order).collect(), unpaid })
}

/// The discount and the coupon that the order is placed with: they fix its amounts, and it holds the coupon.
async fn reserve(cx: &mut Cx, new: &Prepared, id: &str, bills: &mut [Bill]) -> Result<(), OrderError> {
    if new.discount.is_none() && new.coupon.is_none() {
        return Ok(());
    }
    apply(cx, bills, &named_by(new, false)).await?;
    if let Some(coupon) = &new.coupon {
        // What it holds is let go with what it was reduced by, so it holds nothing else.
        if !benefits_of(bills).iter().any(|used| used.id == *coupon) {
            return Err(OrderError::GivesNothing(coupon.clone()));
        }
        let payer = bills[0].order.payer.clone();
        promotions::hold(cx, &payer, std::slice::from_ref(coupon), id).await?;
    }
    Ok(())
}

fn named_by(new: &Prepared, is_automatic: bool) -> Chosen {
    let named = |id: &String| Named { id: id.clone(), pay_type: None };
    Chosen {
        discount: new.discount.as_ref().map(named),
        coupons: new.coupon.iter().map(named).collect(),
        promotion: new.promotion.clone(),
        is_automatic,
    }
}

/// Pays orders that are about to be placed, with what they name; what they do not name is chosen where that was asked
/// for: the best discount, and fitting coupons.
/// The inner error is why they are to wait for payment; nothing was changed then.
async fn pay_new(
    cx: &mut Cx,
    new: &Prepared,
    bills: &[Bill],
) -> Result<Result<Vec<Order>, ApiError>, OrderError> {
    cx.tx.begin_part().await?;
    match insert_paid(cx, new, bills.to_vec()).await {
        Ok(orders) => Ok(Ok(orders)),
        // Frozen since the request began. What is about resources that are there is refused to frozen accounts as a
        // whole, and not half, whenever it is noticed; a purchase may wait.
        Err(OrderError::Frozen) if !matches!(new.order_type, OrderType::Purchase | OrderType::Trial) => {
            Err(OrderError::Frozen)
        }
        Err(refusal) => {
            let waits = refusal.waits()?;
            cx.tx.take_back_part().await?;
            Ok(waits)
        }
    }
}

/// The money is taken last, as by [`super::pay`]: whoever takes it first would wait for the rows of somebody who waits
/// for the money. A refusal therefore comes after changes.
async fn insert_paid(cx: &mut Cx, new: &Prepared, mut bills: Vec<Bill>) -> Result<Vec<Order>, OrderError> {
    let firsts = match new.auto_pay {
        true => apply(cx, &mut bills, &named_by(new, true)).await?,
        false => None,
    };
    admit(cx, &bills).await?;
    for bill in &bills {
        store::insert(&mut cx.tx, &bill.order, &bill.lines).await?;
    }
    if let Some(firsts) = firsts {
        firsts.check(cx, &new.customer.id).await?;
    }
    let mut orders = Vec::with_capacity(bills.len());
    for bill in &bills {
        orders.push(settle(cx, bill.clone(), false).await?);
    }
    spend(cx, &bills).await?;
    take_money(cx, &bills, &mut orders, None).await?;
    Ok(orders)
}

/// A line that names no project belongs to the customer's project of its region, where there is one.
async fn name_projects(cx: &mut Cx, customer: &str, lines: &mut [Line]) -> Result<(), DbError> {
    let mut by_region: BTreeMap<String, Option<String>> = BTreeMap::new();
    for line in lines.iter_mut().filter(|line| line.project_id.is_none()) {
        if !by_region.contains_key(&line.region_code) {
            let project = find_project_id(&mut cx.tx, customer, &line.region_code).await?;
            by_region.insert(line.region_code.clone(), project);
        }
        line.project_id = by_region.get(&line.region_code).cloned().flatten();
    }
    Ok(())
}

/// An order of each group of lines.
fn compose_all(cx: &mut Cx, new: &Prepared, groups: Vec<Vec<Line>>) -> Result<Vec<Bill>, OrderError> {
    let combined: Option<String> = new.is_combined.then(|| OrderId::make(cx.now, cx.ids.as_mut()).into());
    let mut bills = Vec::with_capacity(groups.len());
    for group in groups {
        bills.push(compose(cx, new, group, combined.as_ref())?);
    }
    // Sub-orders are read in the order of their ids, which is to be the order of their lines.
    let mut ids: Vec<String> = bills.iter().map(|bill| bill.order.id.clone()).collect();
    ids.sort_unstable();
    for (bill, id) in bills.iter_mut().zip(ids) {
        bill.order.id = id;
    }
    Ok(bills)
}

fn compose(
    cx: &mut Cx,
    new: &Prepared,
    lines: Vec<Line>,
    combined: Option<&String>,
) -> Result<Bill, OrderError> {
    let customer = &new.customer;
    let over_limit = || codes::AMOUNT_OVER_LIMIT.error();
    let projects: BTreeSet<&str> = lines.iter().map(Line::enterprise_project).collect();
    let order = Order {
        account: customer.id.clone(),
        id: OrderId::make(cx.now, cx.ids.as_mut()).into(),
        order_type: new.order_type,
        status: OrderStatus::PendingPayment,
        source_type: new.source_type,
        service_type_code: lines[0].service_type_code.clone(),
        enterprise_projects: projects.into_iter().map(str::to_owned).collect(),
        partner: customer.partner_id.clone(),
        payer: payer_of(customer).to_owned(),
        official: Charge::sum(lines.iter().map(|line| line.official)).ok_or_else(over_limit)?,
        payable: Charge::sum(lines.iter().map(|line| line.payable)).ok_or_else(over_limit)?,
        modifiers: Vec::new(),
        tax: Charge::ZERO,
        tax_rate: None,
        combined: combined.cloned(),
        begin_at: new.begin_at,
        handed_over_at: None,
        currency: customer.currency,
        user_name: new.user_name.clone(),
        auto_pay: new.auto_pay,
        auto_renew: new.auto_renew,
        base_order: None,
        gives_back: false,
        fee: Charge::ZERO,
        consumed: Charge::ZERO,
        is_invoiced: false,
        reason: None,
        reason_type: None,
        created_at: cx.now,
        paid_at: None,
        pay_before: Some(new.pay_before),
        open_lines: number(lines.len()) - 1,
    };
    Ok(Bill { order, lines })
}
