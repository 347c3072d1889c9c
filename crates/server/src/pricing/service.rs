//! Prices of things that may be bought, exact until somebody shows or pays them.

use domain::calendar::{Instant, Term};
use domain::money::Exact;
use platform::op::ApiError;

use crate::catalog::model::{Catalog, PeriodOffer, Product};

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
}

/// Prices one yearly/monthly purchase by the catalogue at `now`. Codes: PRODUCT_NOT_FOUND, AMOUNT_OVER_LIMIT,
/// CBC.0100 naming the field.
pub fn price_period<'a>(
    _catalog: &'a Catalog,
    _now: Instant,
    _query: &PeriodQuery<'_>,
) -> Result<PricedPeriod<'a>, ApiError> {
    todo!()
}
