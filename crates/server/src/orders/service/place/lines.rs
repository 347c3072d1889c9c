//! The lines of an order: what is checked of them before anything is priced, and their prices by the catalogue of the
//! moment.

use std::collections::BTreeMap;

use domain::calendar::{PeriodType, Term};
use domain::money::Charge;
use domain::order::OrderType;
use platform::op::{ApiError, Refusal};

use crate::Cx;
use crate::catalog::model::{Catalog, Flag};
use crate::codes;
use crate::orders::model::{Description, Line, LineState};
use crate::pricing::service::{PeriodQuery, price_period};

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

/// A priced line, and what its product says about the order as a whole.
pub(super) struct Priced {
    pub(super) line: Line,
    pub(super) is_trial: bool,
    pub(super) is_hardware: bool,
}

/// An order makes a bounded number of resources.
pub(super) fn check_number(lines: &[NewLine]) -> Result<(), Refusal> {
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
pub(super) fn check_attachment(lines: &[NewLine], index: usize) -> Result<(), Refusal> {
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
pub(super) fn price(
    cx: &Cx,
    catalog: &Catalog,
    new: &NewLine,
    line_no: i64,
    at: &str,
) -> Result<Priced, ApiError> {
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
pub(super) fn number(index: usize) -> i64 {
    i64::try_from(index).expect("an order has few lines") + 1
}

/// A trial is an order of its own kind, so it cannot share one with anything else.
pub(super) fn order_type(lines: &[Priced]) -> Result<OrderType, ApiError> {
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
pub(super) fn by_primary(lines: Vec<Line>) -> Vec<Vec<Line>> {
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
