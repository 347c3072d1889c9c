//! Prices of things that may be bought, exact until somebody shows or pays them.

mod usage;

use domain::calendar::{Instant, PeriodType, Term};
use domain::money::{Charge, Exact, Overflow};
use domain::promotion::Item;
use domain::quantity::Quantity;
use domain::rating::{PeriodPrices, RatingError, rate_period};
use platform::op::ApiError;
use platform::op::Refusal;

pub use self::usage::{PricedUsage, UsageQuery, price_usage, usage_value};
use super::discounts::Priced;
use crate::catalog::model::{Catalog, Flag, Linear, PeriodOffer, Place, Product, Version, in_force};
use crate::codes::{AMOUNT_OVER_LIMIT, PRODUCT_NOT_FOUND};

/// The largest list price that is answered, of one product or of a whole inquiry: ten million millions. It keeps
/// every amount that a purchase can lead to far inside 64 bits of cents.
pub const LIST_AMOUNT_MAX: Charge = Charge::cents(1_000_000_000_000_000);

/// Most decimals of an amount of an inquiry, unless the caller asks for more (rule 3.5).
pub const DECIMALS: u32 = 6;
/// The same where `inquiry_precision` is 1.
pub const DECIMALS_MAX: u32 = 10;

/// What a yearly/monthly purchase names.
#[derive(Debug, Clone)]
pub struct PeriodQuery<'a> {
    /// Where the line stands in the request, for messages: `product_infos[2]`, `lines[0]`.
    pub at: &'a str,
    /// Service code.
    pub cloud_service_type: &'a str,
    /// Resource type code.
    pub resource_type: &'a str,
    /// Specification.
    pub resource_spec: &'a str,
    /// Region.
    pub region: &'a str,
    /// Zone, compared without case.
    pub available_zone: Option<&'a str>,
    /// Size of a linear product.
    pub resource_size: Option<i64>,
    /// Unit of the size.
    pub size_measure_id: Option<i64>,
    /// Term bought.
    pub term: Term,
    /// How many.
    pub subscription_num: i64,
}

/// What is bought, by the names that discounts and coupons look at.
#[derive(Debug, Clone, Copy)]
pub struct Bought<'a> {
    /// Service code.
    pub service_type: &'a str,
    /// Resource type code.
    pub resource_type: &'a str,
    /// Product id.
    pub product_id: &'a str,
    /// Region, in the catalogue's spelling.
    pub region: &'a str,
    /// Term; None for pay-per-use.
    pub term: Option<Term>,
    /// Unit in which it is priced ([`priced_in`]); None for pay-per-use.
    pub priced_in: Option<PeriodType>,
    /// How many.
    pub subscription_num: i64,
    /// Size of a linear product.
    pub size: Option<i64>,
}

/// What discounts and coupons look at. Whether it is a KooGallery product is the catalogue's to say; a product that
/// is no longer in it is told by its service.
pub fn item_of<'a>(catalog: &Catalog, bought: &Bought<'a>) -> Item<'a> {
    let is_service_of_gallery =
        catalog.find_service(bought.service_type).is_some_and(|service| service.is_marketplace);
    let product = catalog.find_product_by_id(bought.product_id);
    Item {
        service_type: bought.service_type,
        resource_type: bought.resource_type,
        product_id: bought.product_id,
        region: bought.region,
        period: bought.term.map(|term| term.period),
        priced_in: bought.priced_in,
        period_num: bought.term.map_or(1, |term| i64::from(term.count)),
        subscription_num: bought.subscription_num,
        size: bought.size,
        is_marketplace: is_service_of_gallery || product.is_some_and(|product| product.is(Flag::Marketplace)),
    }
}

/// How many pricing units a term costs: periods × subscriptions × size, in the unit of the term.
///
/// # Errors
/// [`Overflow`].
pub fn units_of(term: Term, num: i64, size: Option<i64>) -> Result<Exact, Overflow> {
    whole(i64::from(term.count))?.times_int(num)?.times_int(size.unwrap_or(1))
}

fn whole(number: i64) -> Result<Exact, Overflow> {
    Quantity::from_int(number).map(Exact::from_quantity).map_err(|_| Overflow)
}

/// The unit in which the catalogue prices a term: months where a year is asked for that has no price of its own
/// (rules 3.4, 3.10), and otherwise the unit of the term.
pub fn priced_in(prices: &PeriodPrices, asked: PeriodType) -> PeriodType {
    match asked {
        PeriodType::Year if prices.price(PeriodType::Year).is_none() => PeriodType::Month,
        PeriodType::Year | PeriodType::Month | PeriodType::Week | PeriodType::Day | PeriodType::Hour => asked,
    }
}

/// A priced purchase: its product, and its exact list price.
#[derive(Debug, Clone)]
pub struct PricedPeriod<'a> {
    /// The product.
    pub product: &'a Product,
    /// Its yearly/monthly side.
    pub offer: &'a PeriodOffer,
    /// Catalogue version and start of the price version, for `explain`: `3/2020-01-01T00:00:00Z`.
    pub price_version: String,
    /// List price, unrounded.
    pub list: Exact,
    /// The same as discounts look at it.
    pub priced: Priced<'a>,
}

/// Prices one yearly/monthly purchase by the catalogue at `now`. Codes: PRODUCT_NOT_FOUND, AMOUNT_OVER_LIMIT,
/// CBC.0100 naming the field.
pub fn price_period<'a>(
    catalog: &'a Catalog,
    now: Instant,
    query: &PeriodQuery<'_>,
) -> Result<PricedPeriod<'a>, ApiError> {
    let wanted = Wanted {
        at: query.at,
        place: Place {
            service: query.cloud_service_type,
            resource_type: query.resource_type,
            spec: query.resource_spec,
            region: query.region,
            zone: query.available_zone,
        },
    };
    let product = wanted.product_on_sale(catalog)?;
    let offer = product.period.as_ref().ok_or_else(|| {
        wanted.not_found("is not sold by the year, month or other period.", "不支持按包年/包月等周期购买。")
    })?;
    let version = in_force(&offer.versions, now).ok_or_else(|| wanted.no_price())?;
    if !offer.admits(query.term) {
        return Err(wanted.not_found(
            "is not sold for this number of periods; choose another.",
            "不支持该周期数，请选择其他周期数。",
        ));
    }
    let size = wanted.size(product, query.resource_size, query.size_measure_id)?;
    let list = rate_period(&version.price, query.term, size, query.subscription_num)
        .map_err(|error| match error {
            RatingError::NotSold => wanted.not_found(
                "is not sold for this period_type; choose another.",
                "不支持该 period_type，请选择其他周期。",
            ),
            RatingError::Overflow(_) => over_limit(query.at),
        })
        .and_then(|list| within_limit(query.at, list))?;
    let sold = Sold { catalog, product, offer, version, region: wanted.region(catalog) };
    sold.priced(query.term, query.subscription_num, size, list).map_err(|_| over_limit(query.at))
}

/// A product with the version of its price that counts.
struct Sold<'a> {
    catalog: &'a Catalog,
    product: &'a Product,
    offer: &'a PeriodOffer,
    version: &'a Version<PeriodPrices>,
    /// In the catalogue's spelling.
    region: &'a str,
}

impl<'a> Sold<'a> {
    fn priced(
        &self,
        term: Term,
        num: i64,
        size: Option<i64>,
        list: Exact,
    ) -> Result<PricedPeriod<'a>, Overflow> {
        let Self { catalog, product, offer, version, region } = *self;
        let bought = Bought {
            service_type: &product.service,
            resource_type: &product.resource_type,
            product_id: &offer.product_id,
            region,
            term: Some(term),
            priced_in: Some(priced_in(&version.price, term.period)),
            subscription_num: num,
            size,
        };
        let priced = Priced { item: item_of(catalog, &bought), list, units: units_of(term, num, size)? };
        Ok(PricedPeriod { product, offer, price_version: version_name(catalog, version), list, priced })
    }
}

/// A resource that is to be renewed, as the catalogue looks for it.
#[derive(Debug, Clone)]
pub struct RenewalQuery<'a> {
    /// Which product.
    pub place: Place<'a>,
    /// Its size.
    pub size: Option<i64>,
    /// Unit of the size.
    pub size_measure_id: Option<i64>,
    /// What it is renewed for.
    pub term: Term,
}

/// Why a renewal has no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpriced {
    /// The product is not in the catalogue any more.
    ProductGone,
    /// It is there, without a yearly/monthly price at this time.
    NoPrice,
    /// It has no price for this period type.
    PeriodNotSold,
    /// It is sold in other numbers of periods only.
    NumberNotSold,
    /// It is sold by size in another unit than the resource has.
    WrongUnit,
    /// The amount exceeds [`LIST_AMOUNT_MAX`].
    TooMuch,
}

/// Prices the renewal of a resource by the catalogue at `now`. A product that is off sale can be renewed as long as
/// it has a price (rule 1.5.10: what renews automatically goes on doing so), and sizes that are no longer sold can
/// be kept.
///
/// # Errors
/// [`Unpriced`].
pub fn price_renewal<'a>(
    catalog: &'a Catalog,
    now: Instant,
    query: &RenewalQuery<'_>,
) -> Result<PricedPeriod<'a>, Unpriced> {
    let product = catalog.find_product(&query.place).ok_or(Unpriced::ProductGone)?;
    let offer = product.period.as_ref().ok_or(Unpriced::NoPrice)?;
    let version = in_force(&offer.versions, now).ok_or(Unpriced::NoPrice)?;
    let size = match (&product.linear, query.size) {
        (None, _) => None,
        (Some(linear), Some(size)) if query.size_measure_id == Some(linear.measure) => Some(size),
        (Some(_), _) => return Err(Unpriced::WrongUnit),
    };
    if !version.price.is_sold(query.term.period) {
        return Err(Unpriced::PeriodNotSold);
    }
    if !offer.admits(query.term) {
        return Err(Unpriced::NumberNotSold);
    }
    let list = rate_period(&version.price, query.term, size, 1).map_err(|error| match error {
        RatingError::NotSold => Unpriced::PeriodNotSold,
        RatingError::Overflow(_) => Unpriced::TooMuch,
    })?;
    let list = within_limit("", list).map_err(|_| Unpriced::TooMuch)?;
    let region = catalog.find_region(query.place.region).map_or("", |region| &region.code);
    let sold = Sold { catalog, product, offer, version, region };
    sold.priced(query.term, 1, size, list).map_err(|_| Unpriced::TooMuch)
}

/// What one unit of a term costs of a product, on sale or not, by the catalogue at `now`: the exact list price of one
/// subscription of size one, and the name of its price version as in [`PricedPeriod`]. `None`: the catalogue has no such
/// product, or no price of it for that unit.
pub fn price_unit(
    catalog: &Catalog,
    now: Instant,
    product_id: &str,
    unit: PeriodType,
) -> Option<(Exact, String)> {
    let offer = catalog.find_product_by_id(product_id)?.period.as_ref()?;
    let version = in_force(&offer.versions, now)?;
    let price = rate_period(&version.price, Term { period: unit, count: 1 }, None, 1).ok()?;
    Some((price, version_name(catalog, version)))
}

/// Refuses a list price above [`LIST_AMOUNT_MAX`].
pub(super) fn within_limit(at: &str, list: Exact) -> Result<Exact, ApiError> {
    match list.compare(Exact::from_charge(LIST_AMOUNT_MAX)) {
        Ok(order) if order.is_le() => Ok(list),
        Ok(_) | Err(_) => Err(over_limit(at)),
    }
}

pub(super) fn over_limit(at: &str) -> ApiError {
    AMOUNT_OVER_LIMIT.because(
        format!("{at}: the amount exceeds the upper limit of {LIST_AMOUNT_MAX}; ask for less at once."),
        format!("{at}：金额超过上限 {LIST_AMOUNT_MAX}，请减少单次询价的数量。"),
    )
}

fn version_name<P>(catalog: &Catalog, version: &Version<P>) -> String {
    format!("{}/{}", catalog.version, version.valid_from.to_wire())
}

/// A product that somebody asks for, and where in the request.
struct Wanted<'a> {
    at: &'a str,
    place: Place<'a>,
}

impl Wanted<'_> {
    /// The region of a product that was found, in the catalogue's spelling.
    fn region<'c>(&self, catalog: &'c Catalog) -> &'c str {
        catalog.find_region(self.place.region).map_or("", |region| &region.code)
    }

    fn product_on_sale<'c>(&self, catalog: &'c Catalog) -> Result<&'c Product, ApiError> {
        let Some(product) = catalog.find_product(&self.place) else { return Err(self.missing(catalog)) };
        if product.is(Flag::OffSale) {
            return Err(self.not_found("is no longer on sale.", "已停售。"));
        }
        Ok(product)
    }

    /// Says which of the five names misses, since the caller cannot see the whole catalogue.
    fn missing(&self, catalog: &Catalog) -> ApiError {
        let Place { service, resource_type, spec, region, zone } = self.place;
        let owner = catalog.find_resource_type(resource_type).map(|known| known.service.as_str());
        let has = |region: &str, zone| catalog.find_product(&Place { region, zone, ..self.place }).is_some();
        let (field, value) = if catalog.find_service(service).is_none() {
            ("cloud_service_type", service)
        } else if owner != Some(service) {
            ("resource_type", resource_type)
        } else if catalog.find_region(region).is_none() {
            ("region", region)
        } else if !catalog.regions.iter().any(|region| has(&region.code, None)) {
            ("resource_spec", spec)
        } else if !has(region, None) {
            ("region", region)
        } else {
            ("available_zone", zone.unwrap_or_default())
        };
        let at = self.at;
        PRODUCT_NOT_FOUND.because(
            format!("{at}.{field}: no product on sale matches {value}."),
            format!("{at}.{field}：没有与 {value} 匹配的在售产品。"),
        )
    }

    fn not_found(&self, en: &str, zh: &str) -> ApiError {
        let (at, spec) = (self.at, self.place.spec);
        PRODUCT_NOT_FOUND.because(format!("{at}: {spec} {en}"), format!("{at}：{spec} {zh}"))
    }

    fn no_price(&self) -> ApiError {
        self.not_found("has no price at this time.", "当前没有生效的价格。")
    }

    /// The size of a linear product. That of another product is not read: the documents' own examples send one.
    fn size(
        &self,
        product: &Product,
        size: Option<i64>,
        measure: Option<i64>,
    ) -> Result<Option<i64>, ApiError> {
        let Some(Linear { measure: wanted, min, max }) = product.linear else { return Ok(None) };
        let refuse = |name: &str, en: String, zh: String| {
            ApiError::from(Refusal::because(format!("{}.{name}", self.at), en, zh))
        };
        let spec = &product.spec;
        let Some(size) = size else {
            return Err(refuse(
                "resource_size",
                format!("is required: {spec} is sold by size, from {min} to {max}"),
                format!("为必填参数：{spec} 为线性产品，取值范围为 {min} 到 {max}"),
            ));
        };
        match measure {
            Some(measure) if measure == wanted => {}
            Some(_) => {
                return Err(refuse(
                    "size_measure_id",
                    format!("must be {wanted} for {spec}"),
                    format!("对 {spec} 必须为 {wanted}"),
                ));
            }
            None => {
                return Err(refuse(
                    "size_measure_id",
                    format!("is required: {spec} is sold by size in unit {wanted}"),
                    format!("为必填参数：{spec} 为线性产品，单位为 {wanted}"),
                ));
            }
        }
        if !(min..=max).contains(&size) {
            return Err(refuse(
                "resource_size",
                format!("must be from {min} to {max} for {spec}"),
                format!("对 {spec} 的取值范围为 {min} 到 {max}"),
            ));
        }
        Ok(Some(size))
    }
}
