//! The catalogue in memory: what is sold, where, at what price. Built once per import, then only read.

use std::collections::HashMap;

use domain::calendar::{Instant, PeriodType, Term};
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
    /// Promotional: a new purchase is not returned for nothing within five days, but as at any other time (rule 2.2).
    NoFiveDayReturn,
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
    /// Numbers of months in which it is sold; `None`: any.
    pub months: Option<Vec<u32>>,
    /// Numbers of years in which it is sold; `None`: any.
    pub years: Option<Vec<u32>>,
    /// Years from now beyond which it cannot be renewed (rule 1.4.6).
    pub max_years: u32,
    /// Price versions, earliest first, not overlapping.
    pub versions: Vec<Version<PeriodPrices>>,
}

impl PeriodOffer {
    /// Whether it is sold in this number of periods; whether it has a price for them is another question.
    pub fn admits(&self, term: Term) -> bool {
        let counts = match term.period {
            PeriodType::Month => self.months.as_ref(),
            PeriodType::Year => self.years.as_ref(),
            PeriodType::Week | PeriodType::Day | PeriodType::Hour => None,
        };
        counts.is_none_or(|counts| counts.contains(&term.count))
    }
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
    /// Reset cycle (rule 7.3): hour, day, week, month, year; present where the quota resets.
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
    /// Whether a resource of it stands alone; resources of other products are attached to one.
    pub main: bool,
    /// Yearly/monthly side.
    pub period: Option<PeriodOffer>,
    /// Pay-per-use sides.
    pub usage: Vec<UsageOffer>,
    /// Present on resource packages.
    pub package: Option<Package>,
}

impl Flag {
    /// Every flag with its name in the document.
    pub const NAMES: [(&'static str, Self); 12] = [
        ("marketplace", Self::Marketplace),
        ("bundle", Self::Bundle),
        ("trial", Self::Trial),
        ("add_on", Self::AddOn),
        ("spot", Self::Spot),
        ("off_sale", Self::OffSale),
        ("not_unsubscribable", Self::NotUnsubscribable),
        ("no_five_day_return", Self::NoFiveDayReturn),
        ("not_convertible", Self::NotConvertible),
        ("dev_cloud_package", Self::DevCloudPackage),
        ("savings_plan", Self::SavingsPlan),
        ("hardware", Self::Hardware),
    ];

    /// The flag of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(own, _)| *own == name).map(|(_, flag)| *flag)
    }
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
#[derive(Debug, Default)]
pub struct Catalog {
    /// Number of the import; 0 before the first.
    pub version: i64,
    /// Measurement units, in document order.
    pub measures: Vec<Measure>,
    /// Conversions between units of one type, in document order.
    pub conversions: Vec<Conversion>,
    /// Regions, in document order.
    pub regions: Vec<Region>,
    /// Services, in document order.
    pub services: Vec<Service>,
    /// Resource types, in document order.
    pub resource_types: Vec<ResourceType>,
    /// Usage types, in document order.
    pub usage_types: Vec<UsageType>,
    /// Products, in document order.
    pub products: Vec<Product>,
    /// Index into `measures`, by id.
    pub(super) by_measure: HashMap<i64, usize>,
    /// Ratio of a larger unit to a smaller one.
    pub(super) by_units: HashMap<(i64, i64), i64>,
    /// Index into `regions`, by code.
    pub(super) by_region: HashMap<String, usize>,
    /// Index into `services`, by code.
    pub(super) by_service: HashMap<String, usize>,
    /// Index into `resource_types`, by code.
    pub(super) by_resource_type: HashMap<String, usize>,
    /// Indices into `products`, by specification: few share one, and a borrowed key needs no allocation.
    pub(super) by_spec: HashMap<String, Vec<usize>>,
    /// Index into `products`, by the product id of a yearly/monthly or pay-per-use side.
    pub(super) by_product_id: HashMap<String, usize>,
}

impl Catalog {
    /// The measurement unit of an id.
    pub fn find_measure(&self, id: i64) -> Option<&Measure> {
        self.by_measure.get(&id).map(|&index| &self.measures[index])
    }

    /// The region of a code. The documents write `eu-west-101` in examples and `eu_west_101` in prose; both name it.
    pub fn find_region(&self, code: &str) -> Option<&Region> {
        let index = match self.by_region.get(code) {
            None if code.contains('_') => self.by_region.get(&code.replace('_', "-")),
            found => found,
        };
        index.map(|&index| &self.regions[index])
    }

    /// The service of a code.
    pub fn find_service(&self, code: &str) -> Option<&Service> {
        self.by_service.get(code).map(|&index| &self.services[index])
    }

    /// The resource type of a code.
    pub fn find_resource_type(&self, code: &str) -> Option<&ResourceType> {
        self.by_resource_type.get(code).map(|&index| &self.resource_types[index])
    }

    /// The product, on sale or not, that has this product id on one of its sides.
    pub fn find_product_by_id(&self, product_id: &str) -> Option<&Product> {
        self.by_product_id.get(product_id).map(|&index| &self.products[index])
    }

    /// The product, on sale or not, of a specification. A zone narrows only products that declare zones, and is
    /// compared without case; where several zones sell different products and none is named, the first counts.
    pub fn find_product(&self, place: &Place<'_>) -> Option<&Product> {
        let region = self.find_region(place.region)?;
        let fits = |product: &&Product| {
            product.service == place.service
                && product.resource_type == place.resource_type
                && product.regions.contains(&region.code)
                && place.zone.is_none_or(|zone| {
                    product.zones.is_empty() || product.zones.iter().any(|own| own.eq_ignore_ascii_case(zone))
                })
        };
        self.by_spec.get(place.spec)?.iter().map(|&index| &self.products[index]).find(fits)
    }

    /// How a quantity in `from` becomes one in `to`: `None` where the units are unknown or of different families.
    pub fn convert(&self, from: i64, to: i64) -> Option<domain::rating::Conversion> {
        if from == to {
            return self.by_measure.contains_key(&from).then_some(domain::rating::Conversion::ONE);
        }
        if let Some(&ratio) = self.by_units.get(&(from, to)) {
            return domain::rating::Conversion::new(ratio, 1);
        }
        domain::rating::Conversion::new(1, *self.by_units.get(&(to, from))?)
    }
}

/// What names a product (rule 3.1).
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Service code.
    pub service: &'a str,
    /// Resource type code.
    pub resource_type: &'a str,
    /// Specification.
    pub spec: &'a str,
    /// Region code.
    pub region: &'a str,
    /// Zone, where the caller names one.
    pub zone: Option<&'a str>,
}
