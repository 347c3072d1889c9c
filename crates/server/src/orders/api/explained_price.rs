//! How a price inquiry comes to its amounts.

use domain::calendar::{Instant, Term};
use domain::money::{Exact, Overflow};
use domain::promotion::Discount;
use domain::quantity::Quantity;
use platform::op::{ApiError, Refusal};

use super::explained::{ExplainedItem, ExplainedModifier, price};
use crate::catalog::model::{Catalog, Place, Product};
use crate::codes;
use crate::orders::service::explain::{Derivation, Times, of_term, of_usage};
use crate::pricing::discounts::{Priced, Reduction, best, preferred, reductions};
use crate::pricing::service::{DECIMALS, DECIMALS_MAX, PeriodQuery, UsageQuery, price_period, price_usage};
use crate::promotions::service::written;

/// Where the parameters stand, for messages.
const AT: &str = "query";

/// What is inquired.
pub(super) struct Inquiry {
    /// Who would buy.
    pub customer: Option<String>,
    /// Under which discount.
    pub discount: Option<String>,
    /// Service code.
    pub cloud_service_type: String,
    /// Resource type code.
    pub resource_type: String,
    /// Specification.
    pub resource_spec: String,
    /// Region code.
    pub region: String,
    /// Zone.
    pub available_zone: Option<String>,
    /// Size of a linear product.
    pub resource_size: Option<i64>,
    /// Its unit.
    pub size_measure_id: Option<i64>,
    /// How many subscriptions.
    pub subscription_num: i64,
    /// The term or the usage.
    pub bought: Inquired,
}

/// A term, or a usage.
pub(super) enum Inquired {
    /// Yearly/monthly.
    Term(Term),
    /// Pay-per-use.
    Usage {
        /// Usage factor.
        factor: String,
        /// How much.
        value: Quantity,
        /// Its unit.
        measure_id: i64,
        /// Ten decimals are shown.
        is_precise: bool,
    },
}

/// A priced inquiry before its discount.
struct Found<'c> {
    product: &'c Product,
    product_id: &'c str,
    region: &'c str,
    derivation: Derivation,
    /// What pricing answers; the derivation must come to the same.
    list: Exact,
    decimals: u32,
    /// The discount under which the price is explained, and what it takes off.
    reduction: Option<(Discount, Exact)>,
}

/// Explains an inquiry by the catalogue at `now`.
pub(super) fn inquire(
    catalog: &Catalog,
    now: Instant,
    inquiry: &Inquiry,
    discounts: &[Discount],
) -> Result<ExplainedItem, ApiError> {
    let found = match &inquiry.bought {
        Inquired::Term(term) => of_period(catalog, now, inquiry, *term, discounts)?,
        Inquired::Usage { factor, value, measure_id, is_precise } => {
            let decimals = if *is_precise { DECIMALS_MAX } else { DECIMALS };
            let used = Used { factor, value: *value, measure_id: *measure_id, decimals };
            of_demand(catalog, now, inquiry, &used, discounts)?
        }
    };
    item(&found).map_err(|_| codes::AMOUNT_OVER_LIMIT.error())
}

fn times(product: &Product, inquiry: &Inquiry) -> Times {
    let size = product.linear.and(inquiry.resource_size.zip(inquiry.size_measure_id));
    Times { size, num: inquiry.subscription_num }
}

fn of_period<'c>(
    catalog: &'c Catalog,
    now: Instant,
    inquiry: &Inquiry,
    term: Term,
    discounts: &[Discount],
) -> Result<Found<'c>, ApiError> {
    let query = PeriodQuery {
        at: AT,
        cloud_service_type: &inquiry.cloud_service_type,
        resource_type: &inquiry.resource_type,
        resource_spec: &inquiry.resource_spec,
        region: &inquiry.region,
        available_zone: inquiry.available_zone.as_deref(),
        resource_size: inquiry.resource_size,
        size_measure_id: inquiry.size_measure_id,
        term,
        subscription_num: inquiry.subscription_num,
    };
    let priced = price_period(catalog, now, &query)?;
    let times = times(priced.product, inquiry);
    let choose_best = |found: &[Reduction<'_>]| Ok(best(found));
    Ok(Found {
        product: priced.product,
        product_id: &priced.offer.product_id,
        region: priced.priced.item.region,
        derivation: of_term(catalog, priced.offer, &priced.price_version, (term, None), times)?,
        list: priced.list,
        decimals: DECIMALS,
        reduction: reduce(discounts, now, priced.priced, inquiry.discount.as_deref(), choose_best)?,
    })
}

/// A usage that was read.
struct Used<'a> {
    factor: &'a str,
    value: Quantity,
    measure_id: i64,
    decimals: u32,
}

fn of_demand<'c>(
    catalog: &'c Catalog,
    now: Instant,
    inquiry: &Inquiry,
    used: &Used<'_>,
    discounts: &[Discount],
) -> Result<Found<'c>, ApiError> {
    let query = UsageQuery {
        at: AT,
        place: Place {
            service: &inquiry.cloud_service_type,
            resource_type: &inquiry.resource_type,
            spec: &inquiry.resource_spec,
            region: &inquiry.region,
            zone: inquiry.available_zone.as_deref(),
        },
        resource_size: inquiry.resource_size,
        size_measure_id: inquiry.size_measure_id,
        usage_factor: used.factor,
        usage_value: used.value,
        usage_measure_id: used.measure_id,
        subscription_num: inquiry.subscription_num,
    };
    let priced = price_usage(catalog, now, &query)?;
    let times = times(priced.product, inquiry);
    let metered = (used.value, used.measure_id);
    let choose_preferred = |found: &[Reduction<'_>]| {
        let preferred = preferred(found)?;
        Ok(preferred.and_then(|one| found.iter().position(|other| other.discount.id == one.discount.id)))
    };
    Ok(Found {
        product: priced.product,
        product_id: &priced.offer.product_id,
        region: priced.priced.item.region,
        derivation: of_usage(catalog, priced.offer, &priced.price_version, metered, times)?,
        list: priced.list,
        decimals: used.decimals,
        reduction: reduce(discounts, now, priced.priced, inquiry.discount.as_deref(), choose_preferred)?,
    })
}

/// The discount that was named, or the one that the inquiry would choose, and what it takes off.
fn reduce(
    discounts: &[Discount],
    now: Instant,
    priced: Priced<'_>,
    named: Option<&str>,
    choose: impl FnOnce(&[Reduction<'_>]) -> Result<Option<usize>, Overflow>,
) -> Result<Option<(Discount, Exact)>, ApiError> {
    let over_limit = |_| codes::AMOUNT_OVER_LIMIT.error();
    let found = reductions(discounts, now, &[priced]).map_err(over_limit)?;
    let chosen = match named {
        None => choose(&found).map_err(over_limit)?,
        Some(id) => {
            let at = found.iter().position(|one| one.discount.id == id);
            Some(at.ok_or_else(|| {
                Refusal::because(
                    "discount_id",
                    "is not the id of a discount of this customer that holds now and reduces this price",
                    "不是该客户当前有效且适用于该价格的折扣 ID",
                )
            })?)
        }
    };
    Ok(chosen.map(|at| (found[at].discount.clone(), found[at].total)))
}

/// What the inquiry shows: list price and discount cut after so many decimals, and what is left of them.
fn item(found: &Found<'_>) -> Result<ExplainedItem, Overflow> {
    let shown = |exact: Exact| Exact::from_shown(exact.show(found.decimals)?);
    let official = shown(found.list)?;
    let off = match &found.reduction {
        Some((_, off)) => shown(*off)?,
        None => Exact::zero(),
    };
    let payable = official.checked_sub(off)?;
    let modifier = |(discount, _): &(Discount, Exact)| {
        let (mode, value) = written(discount.mode);
        ExplainedModifier {
            kind: discount.kind.code(),
            id: discount.id.clone(),
            name: discount.name.clone(),
            mode: Some(mode),
            value: Some(value),
            amount: off.to_string(),
        }
    };
    let left = shown(found.derivation.exact)?;
    Ok(ExplainedItem {
        order_line_item_id: None,
        product_id: found.product_id.to_owned(),
        cloud_service_type: found.product.service.clone(),
        resource_type: found.product.resource_type.clone(),
        resource_spec: found.product.spec.clone(),
        region: found.region.to_owned(),
        price: Some(price(&found.derivation, left, "cut", found.decimals)?),
        official_amount: official.to_string(),
        modifiers: found.reduction.iter().map(modifier).collect(),
        payable_amount: payable.to_string(),
        adds_up: left == official && payable.compare(Exact::zero())?.is_ge(),
    })
}
