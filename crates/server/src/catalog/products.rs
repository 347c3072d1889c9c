//! Products of a document: their references, sides and prices.

use std::collections::{HashMap, HashSet};

use domain::calendar::{Instant, PeriodType};
use domain::money::{AmountError, Price};
use domain::quantity::{Quantity, QuantityError};
use domain::rating::{PeriodPrices, PriceError, Tier, TierMode, UsagePrice};
use domain::subscription::renewal::MAX_TERM_YEARS;
use platform::op::Refusal;
use platform::op::wire::Decimal;

use super::build::{text, twice, unknown};
use super::document::{
    LinearRow, Lined, PackageRow, PeriodRow, PricesRow, ProductRow, TiersRow, UsageRow, UsageVersionRow,
    refuse_at,
};
use super::model::{Catalog, Flag, Linear, Package, PeriodOffer, Product, UsageOffer, UsageType, Version};

/// Adds the products, whose references must be in `catalog` already.
pub(super) fn add(catalog: &mut Catalog, rows: Vec<Lined<ProductRow>>) -> Result<(), Refusal> {
    let factors = factors(&catalog.usage_types);
    for (at, Lined { line, value: row }) in rows.into_iter().enumerate() {
        let place = Place { line, at: format!("products[{at}]") };
        let product = product(catalog, &factors, &place, row)?;
        if overlaps(catalog, &product) {
            let what = format!("{} of {} in the same region and zone", product.spec, product.resource_type);
            return Err(twice(line, place.field("spec"), &what));
        }
        let number = catalog.products.len();
        let ids = product.period.iter().map(|side| &side.product_id);
        for id in ids.chain(product.usage.iter().map(|side| &side.product_id)) {
            if catalog.by_product_id.insert(id.clone(), number).is_some() {
                return Err(twice(line, place.field("product_id"), id));
            }
        }
        catalog.by_spec.entry(product.spec.clone()).or_default().push(number);
        catalog.products.push(product);
    }
    Ok(())
}

/// Where something stands, for refusals.
struct Place {
    line: Option<usize>,
    at: String,
}

impl Place {
    fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.at)
    }

    fn refuse(&self, name: &str, en: impl Into<String>, zh: impl Into<String>) -> Refusal {
        refuse_at(self.line, self.field(name), en.into(), zh.into())
    }

    fn within(&self, name: &str, line: Option<usize>) -> Self {
        Self { line: line.or(self.line), at: self.field(name) }
    }
}

/// Measure types by resource type and usage factor in small letters.
type Factors = HashMap<(String, String), i64>;

fn factors(usage_types: &[UsageType]) -> Factors {
    let key = |usage: &UsageType| (usage.resource_type.clone(), usage.code.to_ascii_lowercase());
    usage_types.iter().map(|usage| (key(usage), usage.measure_kind)).collect()
}

/// Whether an inquiry could mean a product before as well as `product`.
fn overlaps(catalog: &Catalog, product: &Product) -> bool {
    let meet = |a: &[String], b: &[String]| {
        a.iter().any(|item| b.iter().any(|other| other.eq_ignore_ascii_case(item)))
    };
    let is_same = |other: &Product| {
        other.service == product.service
            && other.resource_type == product.resource_type
            && meet(&other.regions, &product.regions)
            && (other.zones.is_empty() || product.zones.is_empty() || meet(&other.zones, &product.zones))
    };
    let before = catalog.by_spec.get(&product.spec).into_iter().flatten();
    before.map(|&index| &catalog.products[index]).any(is_same)
}

fn product(catalog: &Catalog, factors: &Factors, place: &Place, row: ProductRow) -> Result<Product, Refusal> {
    match catalog.find_resource_type(&row.resource_type) {
        None => return Err(unknown(place.line, place.field("resource_type"), &row.resource_type)),
        Some(known) if known.service != row.service => {
            return Err(place.refuse(
                "service",
                format!("is {}, but {} belongs to {}", row.service, row.resource_type, known.service),
                format!("为 {}，但 {} 属于 {}", row.service, row.resource_type, known.service),
            ));
        }
        Some(_) => {}
    }
    let zones = row.zones.unwrap_or_default();
    check_places(catalog, place, &row.regions, &zones)?;
    if row.period.is_none() && row.usage.as_ref().is_none_or(Vec::is_empty) {
        return Err(place.refuse(
            "period",
            "and usage are both missing: nothing is sold",
            "和 usage 都缺失：没有可售内容",
        ));
    }
    let flags = row.flags.unwrap_or_default();
    let flags = flags.iter().map(|name| flag(place, name)).collect::<Result<_, _>>()?;
    let package =
        row.package.map(|own| package(catalog, factors, place, &row.resource_type, own)).transpose()?;
    Ok(Product {
        linear: row.linear.map(|own| linear(catalog, place, own)).transpose()?,
        period: row.period.map(|side| period(place, side)).transpose()?,
        usage: usages(catalog, factors, place, &row.resource_type, row.usage.unwrap_or_default())?,
        spec: row.spec,
        service: row.service,
        resource_type: row.resource_type,
        description: text(&row.description),
        category: row.category,
        regions: row.regions,
        zones,
        flags,
        main: row.main,
        package,
    })
}

fn check_places(
    catalog: &Catalog,
    place: &Place,
    regions: &[String],
    zones: &[String],
) -> Result<(), Refusal> {
    let mut own_zones: HashSet<String> = HashSet::new();
    for (index, code) in regions.iter().enumerate() {
        // By the code itself: the underscored spelling is for callers, not for the document.
        let Some(region) = catalog.find_region(code).filter(|region| region.code == *code) else {
            return Err(unknown(place.line, place.field("regions"), code));
        };
        if regions[..index].contains(code) {
            return Err(twice(place.line, place.field("regions"), code));
        }
        own_zones.extend(region.zones.iter().map(|zone| zone.to_ascii_lowercase()));
    }
    match zones.iter().find(|zone| !own_zones.contains(&zone.to_ascii_lowercase())) {
        Some(zone) => Err(unknown(place.line, place.field("zones"), &format!("{zone} in its regions"))),
        None => Ok(()),
    }
}

fn flag(place: &Place, name: &str) -> Result<Flag, Refusal> {
    Flag::parse(name).ok_or_else(|| {
        let list = Flag::NAMES.map(|(name, _)| name).join(", ");
        place.refuse(
            "flags",
            format!("has {name}; known are {list}"),
            format!("包含 {name}；已知的有 {list}"),
        )
    })
}

fn linear(catalog: &Catalog, place: &Place, row: LinearRow) -> Result<Linear, Refusal> {
    if catalog.find_measure(row.measure).is_none() {
        return Err(unknown(place.line, place.field("linear.measure"), &format!("measure {}", row.measure)));
    }
    if row.min > row.max {
        return Err(place.refuse("linear.min", "must not be above max", "不能大于 max"));
    }
    Ok(Linear { measure: row.measure, min: row.min, max: row.max })
}

fn package(
    catalog: &Catalog,
    factors: &Factors,
    place: &Place,
    resource_type: &str,
    row: PackageRow,
) -> Result<Package, Refusal> {
    if !factors.contains_key(&(resource_type.to_owned(), row.usage_type.to_ascii_lowercase())) {
        let what = format!("usage type {} of {resource_type}", row.usage_type);
        return Err(unknown(place.line, place.field("package.usage_type"), &what));
    }
    if catalog.find_measure(row.measure).is_none() {
        return Err(unknown(place.line, place.field("package.measure"), &format!("measure {}", row.measure)));
    }
    let resets = row.reuse == "reset";
    if resets != row.cycle.is_some() {
        return Err(place.refuse(
            "package.cycle",
            "goes with reuse: reset, and only with it",
            "必须且只能与 reuse: reset 一起使用",
        ));
    }
    let quota = quantity(place, "package.quota", &row.quota)?;
    if quota.is_zero() {
        return Err(place.refuse("package.quota", "must be above zero", "必须大于零"));
    }
    Ok(Package { usage_type: row.usage_type, quota, measure: row.measure, resets, cycle: row.cycle })
}

fn period(place: &Place, side: Lined<PeriodRow>) -> Result<PeriodOffer, Refusal> {
    let place = place.within("period", side.line);
    let mut versions = Vec::new();
    for (at, Lined { line, value }) in side.value.versions.into_iter().enumerate() {
        let place = place.within(&format!("versions[{at}]"), line);
        let price = period_prices(&place, &value.prices)?;
        add_version(&place, &mut versions, value.valid_from, value.valid_to, price)?;
    }
    let small = |number: i64| u32::try_from(number).expect("within the declared range");
    let counts = |own: Option<Vec<i64>>| own.map(|own| own.into_iter().map(small).collect());
    let (months, years) = match side.value.counts {
        Some(row) => (counts(row.month), counts(row.year)),
        None => (None, None),
    };
    let max_years = side.value.max_years.map_or(MAX_TERM_YEARS, small);
    Ok(PeriodOffer { product_id: side.value.product_id, months, years, max_years, versions })
}

fn period_prices(place: &Place, row: &PricesRow) -> Result<PeriodPrices, Refusal> {
    let named = [
        ("prices.hour", PeriodType::Hour, &row.hour),
        ("prices.day", PeriodType::Day, &row.day),
        ("prices.month", PeriodType::Month, &row.month),
        ("prices.year", PeriodType::Year, &row.year),
    ];
    let mut prices = Vec::new();
    for (name, period, own) in named {
        if let Some(own) = own {
            prices.push((period, price(place, name, own)?));
        }
    }
    PeriodPrices::new(&prices).map_err(|error| price_refusal(place, "prices", error))
}

fn usages(
    catalog: &Catalog,
    factors: &Factors,
    place: &Place,
    resource_type: &str,
    sides: Vec<Lined<UsageRow>>,
) -> Result<Vec<UsageOffer>, Refusal> {
    let mut offers: Vec<UsageOffer> = Vec::new();
    for (at, Lined { line, value: side }) in sides.into_iter().enumerate() {
        let place = place.within(&format!("usage[{at}]"), line);
        if offers.iter().any(|other| other.factor.eq_ignore_ascii_case(&side.factor)) {
            return Err(twice(place.line, place.field("factor"), &side.factor));
        }
        let Some(kind) = factors.get(&(resource_type.to_owned(), side.factor.to_ascii_lowercase())) else {
            let what = format!("usage type {} of {resource_type}", side.factor);
            return Err(unknown(place.line, place.field("factor"), &what));
        };
        match catalog.find_measure(side.measure) {
            None => {
                return Err(unknown(
                    place.line,
                    place.field("measure"),
                    &format!("measure {}", side.measure),
                ));
            }
            Some(measure) if measure.kind != *kind => {
                return Err(place.refuse(
                    "measure",
                    format!("is of measure type {}, but usage type {} has {kind}", measure.kind, side.factor),
                    format!("度量类型为 {}，而使用量类型 {} 的度量类型为 {kind}", measure.kind, side.factor),
                ));
            }
            Some(_) => {}
        }
        offers.push(usage(&place, side)?);
    }
    Ok(offers)
}

fn usage(place: &Place, side: UsageRow) -> Result<UsageOffer, Refusal> {
    let mut versions = Vec::new();
    for (at, Lined { line, value }) in side.versions.into_iter().enumerate() {
        let place = place.within(&format!("versions[{at}]"), line);
        let price = usage_price(&place, &value)?;
        add_version(&place, &mut versions, value.valid_from, value.valid_to, price)?;
    }
    Ok(UsageOffer { factor: side.factor, product_id: side.product_id, measure: side.measure, versions })
}

fn usage_price(place: &Place, row: &UsageVersionRow) -> Result<UsagePrice, Refusal> {
    match (&row.price, &row.tiers) {
        (Some(flat), None) => UsagePrice::flat(price(place, "price", flat)?)
            .map_err(|error| price_refusal(place, "price", error)),
        (None, Some(own)) => tiers(place, own),
        (Some(_), Some(_)) | (None, None) => {
            Err(place.refuse("price", "or tiers must be given, and not both", "与 tiers 必须且只能有一个"))
        }
    }
}

fn tiers(place: &Place, row: &TiersRow) -> Result<UsagePrice, Refusal> {
    let mode = if row.mode == "volume" { TierMode::Volume } else { TierMode::Graduated };
    let mut tiers = Vec::new();
    for (at, step) in row.steps.iter().enumerate() {
        let name = |field: &str| format!("tiers.steps[{at}].{field}");
        let up_to = step.up_to.as_ref().map(|bound| quantity(place, &name("up_to"), bound)).transpose()?;
        tiers.push(Tier { up_to, price: price(place, &name("price"), &step.price)? });
    }
    UsagePrice::tiered(mode, tiers).map_err(|error| price_refusal(place, "tiers", error))
}

/// Versions ascend and do not overlap; a gap is a time in which the product is not sold.
fn add_version<P>(
    place: &Place,
    versions: &mut Vec<Version<P>>,
    valid_from: Instant,
    valid_to: Option<Instant>,
    price: P,
) -> Result<(), Refusal> {
    if valid_to.is_some_and(|end| end <= valid_from) {
        return Err(place.refuse("valid_to", "must be after valid_from", "必须晚于 valid_from"));
    }
    let is_after = |last: &Version<P>| last.valid_to.is_some_and(|end| end <= valid_from);
    if !versions.last().is_none_or(is_after) {
        return Err(place.refuse(
            "valid_from",
            "must not be before valid_to of the version before, which must have one",
            "不能早于上一版本的 valid_to，且上一版本必须有 valid_to",
        ));
    }
    versions.push(Version { valid_from, valid_to, price });
    Ok(())
}

fn price(place: &Place, name: &str, text: &Decimal) -> Result<Price, Refusal> {
    let price = Price::parse(&text.0).map_err(|error| match error {
        AmountError::NotANumber => place.refuse(name, "is not a decimal number", "不是十进制数"),
        AmountError::TooPrecise => place.refuse(name, "has more than 10 decimals", "小数位超过 10 位"),
        AmountError::TooLarge => place.refuse(name, "is too large", "过大"),
    })?;
    if price.is_negative() { Err(price_refusal(place, name, PriceError::Negative)) } else { Ok(price) }
}

fn quantity(place: &Place, name: &str, text: &Decimal) -> Result<Quantity, Refusal> {
    Quantity::parse(&text.0).map_err(|error| match error {
        QuantityError::NotANumber => place.refuse(name, "is not a decimal number", "不是十进制数"),
        QuantityError::Negative => place.refuse(name, "must not be negative", "不能为负数"),
        QuantityError::TooPrecise => place.refuse(name, "has more than 10 decimals", "小数位超过 10 位"),
        QuantityError::TooLarge => place.refuse(name, "is too large", "过大"),
    })
}

fn price_refusal(place: &Place, name: &str, error: PriceError) -> Refusal {
    let zh = match error {
        PriceError::Negative => "价格不能为负数",
        PriceError::Empty => "缺少价格",
        PriceError::NotAscending => "阶梯上限必须递增",
        PriceError::NotOpen => "只有最后一个阶梯可以且必须没有上限",
        PriceError::DuplicatePeriod => "同一周期类型有两个价格",
    };
    place.refuse(name, format!("is refused: {error}"), zh)
}
