//! The catalogue in memory: what is sold, where, at what price. Built once per import, then only read.

use std::collections::HashMap;

use domain::calendar::Instant;
use domain::rating::{PeriodPrices, UsagePrice};
use platform::op::Language;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Text {
    /// The text in `language`.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::ZhCn => &self.zh,
            Language::EnUs => &self.en,
        }
    }
}

/// A measurement unit (004 4.1.5).
#[derive(Debug, Clone)]
pub struct Measure {
    /// Id on the wire.
    pub id: i64,
    /// Measure type.
    pub kind: i64,
    /// Name.
    pub name: Text,
    /// Abbreviation.
    pub abbreviation: String,
}

/// 1 `from` = `ratio` `to` (004 4.1.6).
#[derive(Debug, Clone, Copy)]
pub struct Conversion {
    /// The larger unit.
    pub from: i64,
    /// The smaller unit.
    pub to: i64,
    /// How many of the smaller make one of the larger.
    pub ratio: i64,
    /// Measure type of both.
    pub kind: i64,
}

/// A region and its zones.
#[derive(Debug, Clone)]
pub struct Region {
    /// Code.
    pub code: String,
    /// Name.
    pub name: Text,
    /// Codes of its zones.
    pub zones: Vec<String>,
}

/// A cloud service type (004 4.1.1).
#[derive(Debug, Clone)]
pub struct Service {
    /// Code.
    pub code: String,
    /// Name.
    pub name: Text,
    /// Abbreviation.
    pub abbreviation: String,
    /// Whether it is a KooGallery service: those stay out of 004 4.1.1 and 4.1.3.
    pub is_marketplace: bool,
}

/// A resource type (004 4.1.2).
#[derive(Debug, Clone)]
pub struct ResourceType {
    /// Code.
    pub code: String,
    /// Code of the service it belongs to.
    pub service: String,
    /// Name.
    pub name: Text,
    /// Description.
    pub description: Text,
}

/// A usage type (004 4.1.4).
#[derive(Debug, Clone)]
pub struct UsageType {
    /// Code, for example `Duration`.
    pub code: String,
    /// Code of the resource type.
    pub resource_type: String,
    /// Name.
    pub name: Text,
    /// Measure type of its units.
    pub measure_kind: i64,
}

/// What sets a product apart from an ordinary one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flag {
    /// Sold through KooGallery.
    Marketplace,
    /// A bundle of products.
    Bundle,
    /// A trial.
    Trial,
    /// Bandwidth added to another resource.
    AddOn,
    /// A spot instance.
    Spot,
    /// No longer sold; what was sold lives on.
    OffSale,
    /// Cannot be unsubscribed from.
    NotUnsubscribable,
    /// Cannot turn pay-per-use.
    NotConvertible,
    /// A DevCloud package.
    DevCloudPackage,
    /// A savings plan.
    SavingsPlan,
    /// Hardware: unpaid orders live one hour.
    Hardware,
}

/// Sizes of a linear product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linear {
    /// Measurement unit of the size.
    pub measure: i64,
    /// Smallest size.
    pub min: i64,
    /// Largest size.
    pub max: i64,
}

/// A price with the time it holds: from `valid_from`, before `valid_to`.
#[derive(Debug, Clone)]
pub struct Version<P> {
    /// First instant.
    pub valid_from: Instant,
    /// First instant it no longer holds.
    pub valid_to: Option<Instant>,
    /// The price.
    pub price: P,
}

/// The yearly/monthly side of a product.
#[derive(Debug, Clone)]
pub struct PeriodOffer {
    /// Product id.
    pub product_id: String,
    /// Price versions, earliest first, not overlapping.
    pub versions: Vec<Version<PeriodPrices>>,
}

/// The pay-per-use side of a product, for one usage factor.
#[derive(Debug, Clone)]
pub struct UsageOffer {
    /// Usage factor, compared without case.
    pub factor: String,
    /// Product id.
    pub product_id: String,
    /// Unit that the price is for.
    pub measure: i64,
    /// Price versions, earliest first, not overlapping.
    pub versions: Vec<Version<UsagePrice>>,
}

/// A resource package: what it may be used for.
#[derive(Debug, Clone)]
pub struct Package {
    /// Usage type it deducts.
    pub usage_type: String,
    /// Quota of one cycle, exact decimal digits.
    pub quota: domain::quantity::Quantity,
    /// Unit of the quota.
    pub measure: i64,
    /// Whether the quota resets.
    pub resets: bool,
    /// Reset cycle (`rules.md` 7.3): hour, day, week, month, year.
    pub cycle: Option<String>,
}

/// A product: one specification of a resource type.
#[derive(Debug, Clone)]
pub struct Product {
    /// Specification code.
    pub spec: String,
    /// Service code.
    pub service: String,
    /// Resource type code.
    pub resource_type: String,
    /// Description.
    pub description: Text,
    /// Product catalogue code.
    pub category: Option<String>,
    /// Regions it is sold in.
    pub regions: Vec<String>,
    /// Zones it is sold in; empty: every zone of its regions.
    pub zones: Vec<String>,
    /// Present on products whose size is chosen.
    pub linear: Option<Linear>,
    /// What sets it apart.
    pub flags: Vec<Flag>,
    /// Yearly/monthly side.
    pub period: Option<PeriodOffer>,
    /// Pay-per-use sides.
    pub usage: Vec<UsageOffer>,
    /// Present on resource packages.
    pub package: Option<Package>,
}

impl Product {
    /// Whether it has `flag`.
    pub fn is(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }
}

/// The version of a price that holds at `now`.
pub fn in_force<P>(versions: &[Version<P>], now: Instant) -> Option<&Version<P>> {
    versions.iter().find(|v| v.valid_from <= now && v.valid_to.is_none_or(|to| now < to))
}

/// One catalogue, indexed.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Number of the import.
    pub version: i64,
    /// Measurement units by id.
    pub measures: Vec<Measure>,
    /// Conversions between units of one type.
    pub conversions: Vec<Conversion>,
    /// Regions.
    pub regions: Vec<Region>,
    /// Services, in document order.
    pub services: Vec<Service>,
    /// Resource types, in document order.
    pub resource_types: Vec<ResourceType>,
    /// Usage types, in document order.
    pub usage_types: Vec<UsageType>,
    /// Products, in document order.
    pub products: Vec<Product>,
    /// Index into `products`: (service, resource type, spec, region). Zones narrow further.
    pub(super) by_key: HashMap<(String, String, String, String), Vec<usize>>,
    /// Index into `services`.
    pub(super) by_service: HashMap<String, usize>,
    /// Index into `resource_types`.
    pub(super) by_resource_type: HashMap<String, usize>,
}
