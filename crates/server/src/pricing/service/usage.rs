//! Prices of usage.

use domain::calendar::Instant;
use domain::money::Exact;
use domain::quantity::{Quantity, QuantityError};
use domain::rating::rate_usage;
use platform::op::{ApiError, Refusal};

use super::{Bought, Wanted, item_of, over_limit, version_name, within_limit};
use crate::catalog::model::{Catalog, Place, Product, UsageOffer, in_force};
use crate::codes::{NO_SUCH_BILLING_ITEM, WRONG_USAGE_UNIT};
use crate::pricing::discounts::Priced;

/// What a pay-per-use inquiry names.
#[derive(Debug, Clone)]
pub struct UsageQuery<'a> {
    /// Where the line stands in the request, for messages.
    pub at: &'a str,
    /// Which product.
    pub place: Place<'a>,
    /// Size of a linear product.
    pub resource_size: Option<i64>,
    /// Unit of the size.
    pub size_measure_id: Option<i64>,
    /// Usage factor, compared without case.
    pub usage_factor: &'a str,
    /// How much is used, by one subscription.
    pub usage_value: Quantity,
    /// Unit of the usage.
    pub usage_measure_id: i64,
    /// How many subscriptions.
    pub subscription_num: i64,
}

/// A priced usage.
#[derive(Debug, Clone)]
pub struct PricedUsage<'a> {
    /// The product.
    pub product: &'a Product,
    /// Its side for the usage factor.
    pub offer: &'a UsageOffer,
    /// Catalogue version and start of the price version, as of [`PricedPeriod`].
    pub price_version: String,
    /// List price, unrounded.
    pub list: Exact,
    /// The same as discounts look at it; its units are of usage, × size × subscriptions.
    pub priced: Priced<'a>,
}

/// Prices one usage by the catalogue at `now`. Codes: PRODUCT_NOT_FOUND, NO_SUCH_BILLING_ITEM, WRONG_USAGE_UNIT,
/// AMOUNT_OVER_LIMIT, CBC.0100 naming the field.
pub fn price_usage<'a>(
    catalog: &'a Catalog,
    now: Instant,
    query: &UsageQuery<'_>,
) -> Result<PricedUsage<'a>, ApiError> {
    let wanted = Wanted { at: query.at, place: query.place };
    let product = wanted.product_on_sale(catalog)?;
    if product.usage.is_empty() {
        return Err(wanted.not_found("is not sold pay-per-use.", "不支持按需购买。"));
    }
    let of_factor = |offer: &&UsageOffer| offer.factor.eq_ignore_ascii_case(query.usage_factor);
    let offer = product.usage.iter().find(of_factor).ok_or_else(|| no_such_item(query, product))?;
    let conversion = catalog
        .convert(query.usage_measure_id, offer.measure)
        .ok_or_else(|| wrong_unit(catalog, query, offer))?;
    let version = in_force(&offer.versions, now).ok_or_else(|| wanted.no_price())?;
    let size = wanted.size(product, query.resource_size, query.size_measure_id)?;
    let list = rate_usage(&version.price, query.usage_value, conversion, size, query.subscription_num)
        .map_err(|_| over_limit(query.at))
        .and_then(|list| within_limit(query.at, list))?;
    let bought = Bought {
        service_type: &product.service,
        resource_type: &product.resource_type,
        product_id: &offer.product_id,
        region: wanted.region(catalog),
        term: None,
        priced_in: None,
        subscription_num: query.subscription_num,
        size,
    };
    let units = conversion
        .apply(query.usage_value)
        .and_then(|usage| usage.times_int(query.subscription_num)?.times_int(size.unwrap_or(1)))
        .map_err(|_| over_limit(query.at))?;
    let priced = Priced { item: item_of(catalog, &bought), list, units };
    Ok(PricedUsage { product, offer, price_version: version_name(catalog, version), list, priced })
}

/// Reads a usage that somebody names; `field` is named where it is none.
pub fn usage_value(field: &str, text: &str) -> Result<Quantity, Refusal> {
    Quantity::parse(text).map_err(|error| {
        let (en, zh) = match error {
            QuantityError::NotANumber => ("must be a decimal number", "必须为十进制数"),
            QuantityError::Negative => ("must not be negative", "不能为负数"),
            QuantityError::TooPrecise => ("must have at most 10 decimals", "最多 10 位小数"),
            QuantityError::TooLarge => ("is too large", "过大"),
        };
        Refusal::because(field, en, zh)
    })
}

fn no_such_item(query: &UsageQuery<'_>, product: &Product) -> ApiError {
    let known: Vec<&str> = product.usage.iter().map(|offer| offer.factor.as_str()).collect();
    let (at, factor, known) = (query.at, query.usage_factor, known.join(", "));
    NO_SUCH_BILLING_ITEM.because(
        format!("{at}.usage_factor: {} is not billed by {factor}; it is billed by {known}.", product.spec),
        format!("{at}.usage_factor：{} 不按 {factor} 计费，其使用量因子为 {known}。", product.spec),
    )
}

fn wrong_unit(catalog: &Catalog, query: &UsageQuery<'_>, offer: &UsageOffer) -> ApiError {
    let allowed =
        catalog.measures.iter().filter(|measure| catalog.convert(measure.id, offer.measure).is_some());
    let allowed: Vec<String> = allowed.map(|measure| measure.id.to_string()).collect();
    let (at, unit, allowed) = (query.at, query.usage_measure_id, allowed.join(", "));
    WRONG_USAGE_UNIT.because(
        format!("{at}.usage_measure_id: {unit} does not measure {}; allowed are {allowed}.", offer.factor),
        format!("{at}.usage_measure_id：{unit} 不能用于 {}，可用的单位为 {allowed}。", offer.factor),
    )
}
