//! Changing the specification or the size of a resource (rule 2.6).
//!
//! ```text
//!                      costs more, or the same                costs less
//!  change ─ difference ──────────────────────▶ order 3 ─paid─▶ │
//!      of list prices                             │            ▼
//!      for the rest of the term                   │      order 3 that gives the difference back
//!                                                 ▼            ▼
//!      it is another one, or the difference goes back ◀─ the cloud reports ─▶ it stays; what was paid goes back
//! ```
//!
//! With the immediate provisioner there is nothing to wait for: the report is as good as there.
//!
//! Both prices are list prices of the day, of one unit of the term that was bought; what they differ by is for the whole
//! time that is paid, further terms too, and for no more months, or days, than were bought of it. What has begun is
//! charged at the old specification. The amount is fixed when the order is placed, however late it is paid (rule 1.8). A
//! discount applies to the difference in one of the three forms of the rule.
//!
//! A resource is changed by itself: a disk grows without its machine. While an order waits, it holds the resource.

mod downgrade;

pub(super) use self::downgrade::returned;

use domain::calendar::{Instant, PeriodType, Term};
use domain::money::{Charge, Exact, Overflow};
use domain::order::OrderType;
use domain::subscription::ExpirePolicy;
use domain::subscription::change::bought;
use domain::subscription::refund::Period;
use platform::db::DbError;
use platform::op::{ApiError, Refusal};
use serde_json::json;

use super::cloud::{self, Action};
use super::ordering::{self, Buyer, How, resource_of};
use super::renewals::promotion_of;
use super::sets::Set;
use super::{to_on_demand, trials};
use crate::app::Provisioner;
use crate::catalog::model::Catalog;
use crate::orders::errors::OrderError;
use crate::orders::fulfilment::{AuthResult, Fulfilled, Shortage};
use crate::orders::model::{BaseProduct, Line, Order, Rest};
use crate::orders::service::{self as orders, LineEnd, NewLine, Placed};
use crate::pricing::service::price_unit;
use crate::subscriptions::store::charges::{self, ChargeKind, ResourceCharge};
use crate::subscriptions::store::{self, Resource};
use crate::webhooks::service as webhooks;
use crate::{Cx, codes};

/// What a resource is to become; what is left out stays.
#[derive(Debug, Clone)]
pub(in crate::subscriptions) struct Wanted {
    /// Specification of the same resource type.
    pub resource_spec: Option<String>,
    /// Size of a linear product.
    pub resource_size: Option<i64>,
    /// Unit of the size.
    pub size_measure_id: Option<i64>,
}

/// Where a request names what is wanted.
const AT: &str = "resource";

/// What came of a request for a change.
#[derive(Debug)]
pub(in crate::subscriptions) enum Changed {
    /// An order was placed: it costs something, or nothing.
    Ordered(Placed),
    /// The difference went back by this order.
    Returned(Box<Order>),
}

/// Changes a resource of the caller's, or orders the change.
///
/// # Errors
/// CBC.99003012, CBC.7281, CBC.99003100, CBC.99003144, CBC.0101 for a resource that is not in use, CBC.0100 for what is
/// no change, CBC.99003643 for what would give back what has an invoice, those of pricing and of payment.
pub(in crate::subscriptions) async fn change(
    cx: &mut Cx,
    id: &str,
    wanted: &Wanted,
    auto_pay: bool,
) -> Result<Changed, OrderError> {
    let found = super::named::find(cx, id).await?;
    let buyer = ordering::buyer(cx, &found.account).await?;
    let resource = super::named::lock(cx, &found, id).await?;
    check(cx, &resource).await?;
    let catalog = cx.app.catalog.current();
    let paid = charges::of_resource(&mut cx.tx, &resource.account, &resource.id).await?;
    let change = price(cx, &catalog, &resource, &paid, wanted)?;
    check_stays_convertible(&catalog, &resource, &change.line)?;
    if let Some(less) = change.less {
        let order = downgrade::carry_out(cx, buyer, resource, change.line, (less, &paid)).await?;
        return Ok(Changed::Returned(Box::new(order)));
    }
    Ok(Changed::Ordered(order(cx, buyer, &resource, change.line, auto_pay).await?))
}

async fn order(
    cx: &mut Cx,
    buyer: Buyer,
    resource: &Resource,
    line: Line,
    auto_pay: bool,
) -> Result<Placed, OrderError> {
    let itself = Set { primary: resource.clone(), attached: Vec::new() };
    let promotion = promotion_of(cx, &itself).await?;
    let how = How { auto_pay, auto_renew: resource.auto_renew, promotion };
    ordering::place(cx, buyer, OrderType::Change, vec![line], how).await
}

/// Whether a locked resource can be changed at all.
async fn check(cx: &mut Cx, resource: &Resource) -> Result<(), ApiError> {
    let name = resource.resource_id.as_deref().unwrap_or(&resource.id);
    ordering::check_not_held(cx, name, resource.open_order.as_deref()).await?;
    if resource.is_trial {
        return Err(codes::INVALID_VALUE.because(
            format!("Resource {name} is a trial. Change it to commercial use first."),
            format!("资源 {name} 为试用资源，请先转为商用。"),
        ));
    }
    if !resource.is_in_term(cx.now) {
        return Err(codes::INVALID_VALUE.because(
            format!(
                "Resource {name} is not in use: it has expired or is frozen. Renew or unfreeze it first."
            ),
            format!("资源 {name} 已到期或被冻结，请先续订或解冻。"),
        ));
    }
    Ok(())
}

/// What is to become pay-per-use at its expiry does not become what cannot be.
fn check_stays_convertible(catalog: &Catalog, resource: &Resource, line: &Line) -> Result<(), Refusal> {
    let is_set_up = resource.expire_policy == ExpirePolicy::ToOnDemand.code();
    if !is_set_up || to_on_demand::not_by_use(catalog, &line.product_id).is_none() {
        return Ok(());
    }
    let spec = &line.resource_spec_code;
    Err(Refusal::because(
        "resource_spec",
        format!(
            "{spec} cannot be billed by use, and the resource is to become pay-per-use at its expiry. Cancel that first \
             (operation CANCEL of to-on-demand), or choose another specification"
        ),
        format!(
            "{spec} 不支持按需计费，而该资源已设置到期转按需。请先取消到期转按需（to-on-demand 的 operation 为 CANCEL），或选择其他规格"
        ),
    ))
}

/// A change with its price.
struct Change {
    /// The line that orders it; its list price is what the change costs, or what goes back at list prices.
    line: Line,
    /// By how much the new specification costs less, exactly; `None`: it does not.
    less: Option<Exact>,
}

/// What a change of a resource in use costs at list prices (rule 2.6).
fn price(
    cx: &Cx,
    catalog: &Catalog,
    resource: &Resource,
    paid: &[ResourceCharge],
    wanted: &Wanted,
) -> Result<Change, ApiError> {
    let unit = PeriodType::from_code(resource.period_type).expect("stored from the same table of codes");
    let new = NewLine {
        cloud_service_type: resource.service_type_code.clone(),
        resource_type: resource.resource_type_code.clone(),
        resource_spec: wanted.resource_spec.clone().unwrap_or_else(|| resource.resource_spec_code.clone()),
        region: resource.region_code.clone(),
        available_zone: resource.available_zone.clone(),
        resource_size: wanted.resource_size.or(resource.spec_size),
        size_measure_id: wanted.size_measure_id.or(resource.spec_size_measure_id),
        // The price of one unit; the line's own is worked out of it below.
        term: Term { period: unit, count: 1 },
        subscription_num: 1,
        resource_name: resource.resource_name.clone(),
        project_id: resource.project_id.clone(),
        enterprise_project_id: resource.enterprise_project_id.clone(),
        attached_to: None,
    };
    let line = orders::price_line(cx, catalog, &new, AT)?;
    if line.product_id == resource.product_id && line.resource_size == resource.spec_size {
        return Err(no_change(wanted).into());
    }
    let (old, price_version) =
        price_unit(catalog, cx.now, &resource.product_id, unit).ok_or_else(|| no_old_price(resource))?;
    let (new, _) =
        price_unit(catalog, cx.now, &line.product_id, unit).ok_or_else(|| no_old_price(resource))?;
    let from = resource.effective_at.map_or(cx.now, |begin| begin.max(cx.now));
    let until = resource.expires_at.expect("a resource in use has a term");
    let rest = Rest {
        unit_price: old.to_string(),
        price_version,
        from_ms: from.ms(),
        until_ms: until.ms(),
        bought: bought(&terms(resource, paid), from, unit),
    };
    let over_limit = |_: Overflow| codes::AMOUNT_OVER_LIMIT.error();
    let difference =
        difference(&rest, unit, (new, line.resource_size), resource.spec_size).map_err(over_limit)?;
    let is_less = difference.compare(Exact::zero()).is_ok_and(std::cmp::Ordering::is_lt);
    let less = if is_less { Some(Exact::zero().checked_sub(difference).map_err(over_limit)?) } else { None };
    let official = less.unwrap_or(difference).settle(cx.site.profile().order_rounding).map_err(over_limit)?;
    let line = Line {
        period_num: resource.period_num,
        official,
        payable: official,
        resource: Some(resource.id.clone()),
        base_product: Some(base_product(catalog, resource, Some(rest))),
        ..line
    };
    Ok(Change { line, less })
}

/// Nothing else is asked for than what the resource is.
fn no_change(wanted: &Wanted) -> Refusal {
    match (&wanted.resource_spec, wanted.resource_size) {
        (None, None) => Refusal::because(
            "resource_spec",
            "is required, or resource_size: say what the resource is to be",
            "与 resource_size 至少填写一个",
        ),
        (None, Some(_)) => Refusal::because(
            "resource_size",
            "must be another than the resource's own; what is not sold by size has none",
            "必须与资源当前大小不同；不按大小销售的产品没有大小",
        ),
        (Some(_), _) => Refusal::because(
            "resource_spec",
            "must differ from what the resource is, or resource_size must",
            "与 resource_size 至少一个必须与资源当前规格或大小不同",
        ),
    }
}

/// The terms that were bought, each in one piece whatever parts changes made of its charge. Those that were taken back
/// are none of them, and neither is that of a trial, which ended when it became commercial.
fn terms(resource: &Resource, paid: &[ResourceCharge]) -> Vec<Period> {
    let is_term = |charge: &&ResourceCharge| charge.kind != ChargeKind::Upgrade && !charge.is_taken_back();
    let mut terms: Vec<(&ResourceCharge, Period)> = Vec::new();
    for charge in paid.iter().filter(is_term) {
        match terms.iter_mut().find(|(first, _)| first.is_part_of(charge)) {
            Some((_, whole)) => {
                whole.effective_at = whole.effective_at.min(charge.begins_at);
                whole.expires_at = whole.expires_at.max(charge.ends_at);
            }
            None => terms.push((charge, charge.period())),
        }
    }
    let terms = terms.into_iter().map(|(_, term)| term);
    terms.filter(|term| Some(term.effective_at) >= resource.effective_at).collect()
}

/// (new price × new size − old price × old size) × rest of the term.
fn difference(
    rest: &Rest,
    unit: PeriodType,
    (new, new_size): (Exact, Option<i64>),
    old_size: Option<i64>,
) -> Result<Exact, Overflow> {
    let new = new.times_int(new_size.unwrap_or(1))?;
    rest.remaining(unit).at_price(new.checked_sub(rest.old_price(old_size)?)?)
}

fn no_old_price(resource: &Resource) -> ApiError {
    let spec = &resource.resource_spec_code;
    codes::PRODUCT_NOT_FOUND.because(
        format!("The catalogue has no price of {spec} any more, so the difference cannot be told."),
        format!("产品目录中已没有 {spec} 的价格，无法计算差价。"),
    )
}

/// What a resource is before a change, as the details of its order show it.
pub(super) fn base_product(catalog: &Catalog, resource: &Resource, rest: Option<Rest>) -> BaseProduct {
    let product = catalog.find_product_by_id(&resource.product_id);
    BaseProduct {
        product_id: resource.product_id.clone(),
        resource_spec_code: resource.resource_spec_code.clone(),
        description: resource.description.clone(),
        category_code: product.and_then(|product| product.category.clone()),
        size: resource.spec_size,
        size_measure_id: resource.spec_size_measure_id,
        rest,
    }
}

/// A resource as a line makes it.
pub(super) fn changed(resource: Resource, line: &Line, now: Instant) -> Resource {
    Resource {
        resource_spec_code: line.resource_spec_code.clone(),
        product_id: line.product_id.clone(),
        description: line.description.clone(),
        spec_size: line.resource_size,
        spec_size_measure_id: line.size_measure_id,
        updated_at: now,
        ..resource
    }
}

/// Which resources of an order that is about to be paid can no longer be changed; all are locked.
pub(super) async fn admit(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<Vec<Shortage>, ApiError> {
    let mut gone = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let resource = store::lock(&mut cx.tx, &order.account, resource_of(order, line)?).await?;
        if !resource.is_in_term(cx.now) {
            gone.push(Shortage { line: at, auth_result: AuthResult::Other });
        }
    }
    Ok(gone)
}

/// An upgrade was paid: the resource is, or the cloud makes it, what was asked for.
pub(super) async fn paid(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<Vec<Fulfilled>, ApiError> {
    let mut outcomes = Vec::with_capacity(lines.len());
    for line in lines {
        let resource = store::lock(&mut cx.tx, &order.account, resource_of(order, line)?).await?;
        outcomes.push(match cx.app.provisioner {
            Provisioner::Immediate => {
                let (effective_at, expires_at) = finish(cx, order, line, resource).await?.1;
                Fulfilled::Done { effective_at, expires_at }
            }
            Provisioner::External => {
                let target = changed(resource.clone(), line, cx.now);
                cloud::tell(cx, Some(order), &[&target], Action::Change).await?;
                let held = Resource { open_order: Some(order.id.clone()), ..resource };
                store::update(&mut cx.tx, &held, true).await?;
                Fulfilled::Waiting
            }
        });
    }
    Ok(outcomes)
}

/// The resource is what was asked for, and what was paid for that is a charge of its own.
async fn finish(
    cx: &mut Cx,
    order: &Order,
    line: &Line,
    resource: Resource,
) -> Result<(Resource, (Instant, Instant)), ApiError> {
    let was_visible = resource.is_visible();
    let resource = Resource { open_order: None, ..changed(resource, line, cx.now) };
    store::update(&mut cx.tx, &resource, was_visible).await?;
    let ends_at =
        resource.expires_at.ok_or_else(|| DbError::Other(format!("{} has no term", resource.id)))?;
    // A change that the cloud reported late is charged to the end all the same, and one of a resource whose term has not
    // begun is for that term.
    let begins_at = resource.effective_at.map_or(cx.now, |begin| begin.max(cx.now)).min(ends_at);
    if !line.official.is_zero() {
        let charge_no = charges::next_no(&mut cx.tx, &resource.account, &resource.id).await?;
        let term = (resource.term(), begins_at, ends_at);
        let charge = charge_of(&resource, order, line, ChargeKind::Upgrade, charge_no, term);
        charges::insert(&mut cx.tx, &[charge]).await?;
    }
    notify(cx, order, &resource).await?;
    Ok((resource, (begins_at, ends_at)))
}

/// Who listens is told that a resource is another by an order.
pub(super) async fn notify(cx: &mut Cx, order: &Order, resource: &Resource) -> Result<(), DbError> {
    let mut event = cloud::event(webhooks::RESOURCE_CHANGED, order.partner.as_deref(), resource);
    event.data["order_id"] = json!(order.id);
    webhooks::notify(cx, &[event]).await
}

/// What a line about one resource collected for a period of it.
pub(super) fn charge_of(
    resource: &Resource,
    order: &Order,
    line: &Line,
    kind: ChargeKind,
    charge_no: i64,
    (term, begins_at, ends_at): (Term, Instant, Instant),
) -> ResourceCharge {
    let share = orders::share_of(line, 0);
    ResourceCharge {
        account: resource.account.clone(),
        resource: resource.id.clone(),
        charge_no,
        kind,
        order: order.id.clone(),
        line_no: line.line_no,
        term,
        begins_at,
        ends_at,
        list: share.list,
        money: share.money,
        benefits: share.benefits,
        returned_money: Charge::ZERO,
        returned_list: Charge::ZERO,
        promotion: line.promotion(),
    }
}

/// The cloud has changed a resource, or could not and says why; both are locked. Answers the resource as it is then, and
/// the order that gave the money of a failed change back. Of what was cheaper no money has moved before.
pub(super) async fn reported(
    cx: &mut Cx,
    order: Order,
    resource: Resource,
    failure: Option<&str>,
) -> Result<(Resource, Option<String>), ApiError> {
    if order.open_lines == 0 {
        return Ok((resource, None));
    }
    // What was deleted meanwhile can no longer be changed.
    let is_done = failure.is_none() && resource.is_visible();
    if order.gives_back {
        return Ok((downgrade::reported(cx, order, &resource, is_done).await?, None));
    }
    // A change is an order of one line.
    let line = orders::get_line(cx, &order, 1).await?;
    if is_done {
        let (resource, (effective_at, expires_at)) = match order.order_type {
            OrderType::TrialToCommercial => trials::finish(cx, &order, &line, resource).await?,
            _ => finish(cx, &order, &line, resource).await?,
        };
        orders::finish_line(cx, order, line, LineEnd::Done { effective_at, expires_at }).await?;
        return Ok((resource, None));
    }
    let resource = Resource { open_order: None, updated_at: cx.now, ..resource };
    store::update(&mut cx.tx, &resource, resource.is_visible()).await?;
    let refund = orders::refund(cx, &order, &line, &orders::share_of(&line, 0)).await?;
    orders::finish_line(cx, order, line, LineEnd::Failed).await?;
    Ok((resource, refund.map(|refund| refund.id)))
}
