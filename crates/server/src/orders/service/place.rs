//! Placing an order: the lines are priced by the catalogue of the moment, and what is decided here never changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::calendar::{Instant, PeriodType, Term, pending_payment_end};
use domain::id::OrderId;
use domain::money::Charge;
use domain::order::{OrderStatus, OrderType, SourceType};
use platform::db::DbError;
use platform::op::{ApiError, Refusal};

use super::charge::{Bill, Chosen, Named, apply, benefits_of, benefits_of_order};
use super::pay::{admit, hold, settle, spend, take_money};
use crate::Cx;
use crate::catalog::model::{Catalog, Flag};
use crate::codes;
use crate::identity::service::{Account, find_project_id, payer_of};
use crate::orders::errors::OrderError;
use crate::orders::model::{Description, Line, LineState, Order};
use crate::orders::store;
use crate::pricing::service::{PeriodQuery, price_period};
use crate::promotions::service as promotions;

/// How long an order of hardware may be paid (rule 1.8).
const HARDWARE_PAYMENT_HOURS: i64 = 1;

/// The longest term that is sold, where the product does not say otherwise (rule 1.4.6).
const TERM_YEARS_MAX: u32 = 5;
/// Days of [`TERM_YEARS_MAX`] years: any five in a row have at least one leap day.
const TERM_DAYS_MAX: u32 = TERM_YEARS_MAX * 365 + 1;
/// The most resources of one order. They are made in the paying transaction, which others wait for.
const RESOURCES_MAX: i64 = 1_000;

/// A line to be bought.
#[derive(Debug, Clone)]
pub struct NewLine {
    /// Service.
    pub cloud_service_type: String,
    /// Resource type.
    pub resource_type: String,
    /// Specification.
    pub resource_spec: String,
    /// Region.
    pub region: String,
    /// Zone.
    pub available_zone: Option<String>,
    /// Size of a linear product.
    pub resource_size: Option<i64>,
    /// Unit of the size.
    pub size_measure_id: Option<i64>,
    /// What is bought, in time.
    pub term: Term,
    /// How many.
    pub subscription_num: i64,
    /// Name of the resource.
    pub resource_name: Option<String>,
    /// Project of the resource.
    pub project_id: Option<String>,
    /// Enterprise project of the resource.
    pub enterprise_project_id: Option<String>,
    /// Index of the primary line, from 0.
    pub attached_to: Option<usize>,
}

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

/// A priced line, and what its product says about the order as a whole.
struct Priced {
    line: Line,
    is_trial: bool,
    is_hardware: bool,
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

/// An order makes a bounded number of resources.
fn check_number(lines: &[NewLine]) -> Result<(), Refusal> {
    let number = lines.iter().fold(0_i64, |sum, line| sum.saturating_add(line.subscription_num));
    if number <= RESOURCES_MAX {
        return Ok(());
    }
    Err(Refusal::because(
        "lines",
        format!(
            "must have subscription_num of at most {RESOURCES_MAX} in all, and these have {number}; place \
             several orders"
        ),
        format!("各行 subscription_num 之和不能超过 {RESOURCES_MAX}，当前为 {number}，请分多个订单购买"),
    ))
}

/// A term is no longer than is sold, whatever unit it is counted in.
fn check_term(term: Term, at: &str) -> Result<(), Refusal> {
    let max = match term.period {
        PeriodType::Year => TERM_YEARS_MAX,
        PeriodType::Month => TERM_YEARS_MAX * 12,
        PeriodType::Week => TERM_DAYS_MAX / 7,
        PeriodType::Day => TERM_DAYS_MAX,
        PeriodType::Hour => TERM_DAYS_MAX * 24,
    };
    if term.count <= max {
        return Ok(());
    }
    let period_type = term.period.code();
    Err(Refusal::because(
        format!("{at}.period_num"),
        format!("must be from 1 to {max} where period_type is {period_type}: {TERM_YEARS_MAX} years at most"),
        format!("在 period_type 为 {period_type} 时必须为 1 到 {max}：最长 {TERM_YEARS_MAX} 年"),
    ))
}

/// What a line is attached to must be an earlier primary line of the same region.
fn check_attachment(lines: &[NewLine], index: usize) -> Result<(), Refusal> {
    let Some(primary) = lines[index].attached_to else { return Ok(()) };
    let field = format!("lines[{index}].attached_to_line");
    let Some(primary) = lines[..index].get(primary) else {
        return Err(Refusal::because(
            field,
            format!("must be the number of an earlier line, from 0, and this is line {index}"),
            format!("必须为之前某行的序号（从 0 开始），当前为第 {index} 行"),
        ));
    };
    if primary.attached_to.is_some() {
        let (en, zh) =
            ("must name a primary line, and that one is attached itself", "必须指向主资源行，不能指向附属行");
        return Err(Refusal::because(field, en, zh));
    }
    if primary.term != lines[index].term {
        let (en, zh) = (
            "must name a line of the same period_type and period_num: what is attached lives as long as its primary",
            "必须指向订购周期相同的行，附属资源与主资源周期一致",
        );
        return Err(Refusal::because(field, en, zh));
    }
    if primary.region != lines[index].region {
        let (en, zh) = ("must name a line of the same region", "必须指向同一区域的行");
        return Err(Refusal::because(field, en, zh));
    }
    Ok(())
}

/// The only line of an order about a resource that is there, at the price of a new purchase; `at` is where the request
/// names it.
///
/// # Errors
/// Those of pricing, and CBC.0100 for a term that is longer than any that is sold, or for a trial.
pub fn price_line(cx: &Cx, catalog: &Catalog, new: &NewLine, at: &str) -> Result<Line, ApiError> {
    let priced = price(cx, catalog, new, 1, at)?;
    if priced.is_trial {
        let (en, zh) = ("must not be a trial product", "不能为试用产品");
        return Err(Refusal::because(format!("{at}.resource_spec"), en, zh).into());
    }
    Ok(priced.line)
}

/// Fixes the price of one line: settled to cents once, half up.
fn price(cx: &Cx, catalog: &Catalog, new: &NewLine, line_no: i64, at: &str) -> Result<Priced, ApiError> {
    check_term(new.term, at)?;
    let query = PeriodQuery {
        at,
        cloud_service_type: &new.cloud_service_type,
        resource_type: &new.resource_type,
        resource_spec: &new.resource_spec,
        region: &new.region,
        available_zone: new.available_zone.as_deref(),
        resource_size: new.resource_size,
        size_measure_id: new.size_measure_id,
        term: new.term,
        subscription_num: new.subscription_num,
    };
    let priced = price_period(catalog, cx.now, &query)?;
    let product = priced.product;
    let over_limit = |_| codes::AMOUNT_OVER_LIMIT.error();
    let amount = priced.list.settle(cx.site.profile().order_rounding).map_err(over_limit)?;
    // Regions may be written with underscores; one spelling is kept.
    let region = catalog.find_region(&new.region).map_or(&new.region, |region| &region.code);
    // A size that is sent for a product without one means nothing, and nothing of it is kept.
    let (resource_size, size_measure_id) = match product.linear {
        Some(_) => (new.resource_size, new.size_measure_id),
        None => (None, None),
    };
    let measure = size_measure_id.and_then(|id| catalog.find_measure(id));
    let line = Line {
        line_no,
        attached_to: new.attached_to.map(number),
        product_id: priced.offer.product_id.clone(),
        service_type_code: product.service.clone(),
        resource_type_code: product.resource_type.clone(),
        resource_spec_code: product.spec.clone(),
        region_code: region.clone(),
        available_zone: new.available_zone.clone(),
        resource_size,
        size_measure_id,
        period_type: new.term.period,
        priced_in: priced.priced.item.priced_in.unwrap_or(new.term.period),
        period_num: i64::from(new.term.count),
        subscription_num: new.subscription_num,
        resource_name: new.resource_name.clone(),
        project_id: new.project_id.clone(),
        enterprise_project_id: new.enterprise_project_id.clone(),
        description: Description::of(product, resource_size, measure),
        category_code: product.category.clone(),
        official: amount,
        payable: amount,
        modifiers: Vec::new(),
        price_version: priced.price_version,
        state: LineState::Waiting,
        effective_at: None,
        expires_at: None,
        resource: None,
        base_product: None,
        fee: Charge::ZERO,
        consumed: Charge::ZERO,
        adjusted: Charge::ZERO,
    };
    Ok(Priced { line, is_trial: product.is(Flag::Trial), is_hardware: product.is(Flag::Hardware) })
}

/// The number of a line, counted from 1.
fn number(index: usize) -> i64 {
    i64::try_from(index).expect("an order has few lines") + 1
}

/// A trial is an order of its own kind, so it cannot share one with anything else.
fn order_type(lines: &[Priced]) -> Result<OrderType, ApiError> {
    let trials = lines.iter().filter(|priced| priced.is_trial).count();
    match trials {
        0 => Ok(OrderType::Purchase),
        all if all == lines.len() => Ok(OrderType::Trial),
        _ => {
            let (en, zh) = (
                "must be trials all or none; order trials separately",
                "不能混合试用与非试用产品，请分开下单",
            );
            Err(Refusal::because("lines", en, zh).into())
        }
    }
}

/// The lines of each primary line with what is attached to it, numbered from 1.
fn by_primary(lines: Vec<Line>) -> Vec<Vec<Line>> {
    let mut groups: Vec<Vec<Line>> = Vec::new();
    let mut group_of: BTreeMap<i64, usize> = BTreeMap::new();
    for line in lines {
        let group = match line.attached_to {
            Some(primary) => group_of[&primary],
            None => {
                groups.push(Vec::new());
                groups.len() - 1
            }
        };
        group_of.insert(line.line_no, group);
        groups[group].push(line);
    }
    for group in &mut groups {
        for (at, line) in group.iter_mut().enumerate() {
            line.line_no = number(at);
            // The first line of a group is its only primary.
            line.attached_to = (at > 0).then_some(1);
        }
    }
    groups
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_years_are_as_long_in_every_unit() {
        let cases = [
            (PeriodType::Year, 5),
            (PeriodType::Month, 60),
            (PeriodType::Week, 260),
            (PeriodType::Day, 1_826),
            (PeriodType::Hour, 43_824),
        ];
        for (period, count) in cases {
            assert!(check_term(Term { period, count }, "lines[0]").is_ok(), "{count} {period:?}");
            assert!(
                check_term(Term { period, count: count + 1 }, "lines[0]").is_err(),
                "{count} and one {period:?}"
            );
        }
    }
}
