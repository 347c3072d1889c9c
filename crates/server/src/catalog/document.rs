//! The catalogue document, as it is declared: fields, types and bounds of every value. What the values mean for
//! each other is checked in [`build`](super::build).

use domain::calendar::Instant;
use platform::input;
use platform::op::Refusal;
use platform::op::node::Node;
use platform::op::wire::{
    Decimal, FromWire, Input, Param, Problem, Raw, Schema, decode_object, object_schema,
};

/// A value with the line it stands on.
#[derive(Debug, Clone)]
pub struct Lined<T> {
    /// The line.
    pub line: Option<usize>,
    /// The value.
    pub value: T,
}

impl<T: FromWire> FromWire for Lined<T> {
    fn from_wire(raw: Raw<'_>, param: &Param) -> Result<Self, Refusal> {
        let line = match raw {
            Raw::Node(node) => node.line(),
            Raw::Text(_) => None,
        };
        Ok(Self { line, value: T::from_wire(raw, param)? })
    }
    fn schema(param: &Param) -> Schema {
        T::schema(param)
    }
}

/// The most measurement units, conversions, regions, services, resource types and usage types, each.
const ROWS_MAX: usize = 10_000;
/// The most products: a large public cloud sells about so many specifications.
const PRODUCTS_MAX: usize = 50_000;
/// The most versions of one price: one a month for fifty years.
const VERSIONS_MAX: usize = 600;
/// The most numbers of periods in which a product is sold.
const COUNTS_MAX: usize = 100;
/// The largest id that fits the documents' four digits.
const MEASURE_ID_MAX: i64 = 9_999;
/// The largest size of a linear product (004 tables 4-18 and 4-21).
const SIZE_MAX: i64 = 2_147_483_647;

input! {
    /// A text in both languages.
    pub struct TextRow {
        /// English.
        pub en: String = body("en_US").length(1024),
        /// Chinese.
        pub zh: String = body("zh_CN").length(1024),
    }

    /// A measurement unit (004 4.1.5).
    pub struct MeasureRow {
        /// Id on the wire.
        pub id: i64 = body("id").range(0, MEASURE_ID_MAX),
        /// Measure type.
        pub kind: i64 = body("type").range(1, 2_147_483_647),
        /// Name; `{currency}` stands for the currency of the site.
        pub name: TextRow = body("name"),
        /// Abbreviation.
        pub abbreviation: String = body("abbreviation"),
    }

    /// One `from` is `ratio` `to` (004 4.1.6).
    pub struct ConversionRow {
        /// The larger unit.
        pub from: i64 = body("from").range(0, MEASURE_ID_MAX),
        /// The smaller unit.
        pub to: i64 = body("to").range(0, MEASURE_ID_MAX),
        /// How many of the smaller make one of the larger.
        pub ratio: i64 = body("ratio").range(1, i64::MAX),
        /// Measure type of both.
        pub kind: i64 = body("type").range(1, 2_147_483_647),
    }

    /// A region.
    pub struct RegionRow {
        /// Code.
        pub code: String = body("code"),
        /// Name.
        pub name: TextRow = body("name"),
        /// Codes of its zones.
        pub zones: Option<Vec<String>> = body("zones").items(0, 100),
    }

    /// A cloud service type (004 4.1.1).
    pub struct ServiceRow {
        /// Code.
        pub code: String = body("code"),
        /// Name.
        pub name: TextRow = body("name"),
        /// Abbreviation.
        pub abbreviation: String = body("abbreviation").length(200),
        /// Whether it is a KooGallery service.
        pub marketplace: bool = body("marketplace").default("false"),
    }

    /// A resource type (004 4.1.2).
    pub struct ResourceTypeRow {
        /// Code.
        pub code: String = body("code"),
        /// Code of the service that owns it.
        pub service: String = body("service"),
        /// Name.
        pub name: TextRow = body("name"),
        /// Description.
        pub description: TextRow = body("description"),
    }

    /// A usage type (004 4.1.4).
    pub struct UsageTypeRow {
        /// Code.
        pub code: String = body("code"),
        /// Code of the resource type.
        pub resource_type: String = body("resource_type"),
        /// Name.
        pub name: TextRow = body("name"),
        /// Measure type of its units.
        pub measure_type: i64 = body("measure_type").range(1, 2_147_483_647),
    }

    /// Sizes of a linear product.
    pub struct LinearRow {
        /// Measurement unit of the size.
        pub measure: i64 = body("measure").range(0, MEASURE_ID_MAX),
        /// Smallest size.
        pub min: i64 = body("min").range(1, SIZE_MAX),
        /// Largest size.
        pub max: i64 = body("max").range(1, SIZE_MAX),
    }

    /// Prices of one period each; a period without a price is not sold.
    pub struct PricesRow {
        /// Of an hour.
        pub hour: Option<Decimal> = body("hour"),
        /// Of a day.
        pub day: Option<Decimal> = body("day"),
        /// Of a month.
        pub month: Option<Decimal> = body("month"),
        /// Of a year.
        pub year: Option<Decimal> = body("year"),
    }

    /// Numbers of periods in which a product is sold; those of a period that is not named are free.
    pub struct CountsRow {
        /// Of months.
        pub month: Option<Vec<i64>> = body("month").items(1, COUNTS_MAX).range(1, 999),
        /// Of years.
        pub year: Option<Vec<i64>> = body("year").items(1, COUNTS_MAX).range(1, 99),
    }

    /// A version of the yearly/monthly prices.
    pub struct PeriodVersionRow {
        /// First instant.
        pub valid_from: Instant = body("valid_from"),
        /// First instant it no longer holds.
        pub valid_to: Option<Instant> = body("valid_to"),
        /// The prices.
        pub prices: PricesRow = body("prices"),
    }

    /// The yearly/monthly side of a product.
    pub struct PeriodRow {
        /// Product id.
        pub product_id: String = body("product_id"),
        /// Numbers of months and years in which it is sold; left out, any.
        pub counts: Option<CountsRow> = body("counts"),
        /// Years from now beyond which it cannot be renewed; left out, five (rule 1.4.6).
        pub max_years: Option<i64> = body("max_years").range(1, 99),
        /// Versions, earliest first.
        pub versions: Vec<Lined<PeriodVersionRow>> = body("versions").items(1, VERSIONS_MAX),
    }

    /// One step of tiers.
    pub struct StepRow {
        /// Upper bound, which belongs to the step; left out in the last.
        pub up_to: Option<Decimal> = body("up_to"),
        /// Price of a unit.
        pub price: Decimal = body("price"),
    }

    /// Prices that depend on how much is used.
    pub struct TiersRow {
        /// `volume`: the total decides the price of all. `graduated`: each part has the price of its step.
        pub mode: String = body("mode").one_of(&["volume", "graduated"]),
        /// The steps, ascending.
        pub steps: Vec<StepRow> = body("steps").items(1, 100),
    }

    /// A version of a pay-per-use price: either flat or in tiers.
    pub struct UsageVersionRow {
        /// First instant.
        pub valid_from: Instant = body("valid_from"),
        /// First instant it no longer holds.
        pub valid_to: Option<Instant> = body("valid_to"),
        /// Price of a unit.
        pub price: Option<Decimal> = body("price"),
        /// Prices in tiers.
        pub tiers: Option<TiersRow> = body("tiers"),
    }

    /// The pay-per-use side of a product for one usage factor.
    pub struct UsageRow {
        /// Usage factor.
        pub factor: String = body("factor"),
        /// Product id.
        pub product_id: String = body("product_id"),
        /// Unit that the price is for.
        pub measure: i64 = body("measure").range(0, MEASURE_ID_MAX),
        /// Versions, earliest first.
        pub versions: Vec<Lined<UsageVersionRow>> = body("versions").items(1, VERSIONS_MAX),
    }

    /// What a resource package may be used for.
    pub struct PackageRow {
        /// Usage type it deducts.
        pub usage_type: String = body("usage_type"),
        /// Quota.
        pub quota: Decimal = body("quota"),
        /// Unit of the quota.
        pub measure: i64 = body("measure").range(0, MEASURE_ID_MAX),
        /// `reset`: the quota is new in every cycle. `once`: it is used up.
        pub reuse: String = body("reuse").one_of(&["reset", "once"]),
        /// Reset cycle.
        pub cycle: Option<String> = body("cycle").one_of(&["hour", "day", "week", "month", "year"]),
    }

    /// A product.
    pub struct ProductRow {
        /// Specification code.
        pub spec: String = body("spec").length(400),
        /// Service code.
        pub service: String = body("service"),
        /// Resource type code.
        pub resource_type: String = body("resource_type"),
        /// Description.
        pub description: TextRow = body("description"),
        /// Product catalogue code.
        pub category: Option<String> = body("category").length(256),
        /// Regions it is sold in.
        pub regions: Vec<String> = body("regions").items(1, 100),
        /// Zones it is sold in; left out, every zone of its regions.
        pub zones: Option<Vec<String>> = body("zones").items(0, 400),
        /// Present on products whose size is chosen.
        pub linear: Option<LinearRow> = body("linear"),
        /// What sets it apart.
        pub flags: Option<Vec<String>> = body("flags").items(0, 20),
        /// Whether a resource of it stands alone.
        pub main: bool = body("main").default("false"),
        /// Yearly/monthly side.
        pub period: Option<Lined<PeriodRow>> = body("period"),
        /// Pay-per-use sides, one for each usage factor.
        pub usage: Option<Vec<Lined<UsageRow>>> = body("usage").items(0, 50),
        /// Present on resource packages.
        pub package: Option<PackageRow> = body("package"),
    }

    /// The whole document.
    pub struct Document {
        /// Name and version of this format.
        pub format: String = body("format").one_of(&["openbss-catalog/1"]),
        /// Measurement units.
        pub measures: Option<Vec<Lined<MeasureRow>>> = body("measures").items(0, ROWS_MAX),
        /// Conversions between units of one type.
        pub conversions: Option<Vec<Lined<ConversionRow>>> = body("conversions").items(0, ROWS_MAX),
        /// Regions.
        pub regions: Option<Vec<Lined<RegionRow>>> = body("regions").items(0, ROWS_MAX),
        /// Services.
        pub services: Option<Vec<Lined<ServiceRow>>> = body("services").items(0, ROWS_MAX),
        /// Resource types.
        pub resource_types: Option<Vec<Lined<ResourceTypeRow>>> = body("resource_types").items(0, ROWS_MAX),
        /// Usage types.
        pub usage_types: Option<Vec<Lined<UsageTypeRow>>> = body("usage_types").items(0, ROWS_MAX),
        /// Products.
        pub products: Option<Vec<Lined<ProductRow>>> = body("products").items(0, PRODUCTS_MAX),
    }
}

/// Reads the declared values of a tree. A member that is not declared is refused: in a price list, a misspelt name
/// must not silently leave a price out.
pub fn decode(node: &Node) -> Result<Document, Refusal> {
    refuse_unknown(node, &object_schema(&Document::params()), "")?;
    decode_object(Raw::Node(node))
}

fn refuse_unknown(node: &Node, schema: &Schema, at: &str) -> Result<(), Refusal> {
    match node.bare() {
        Node::Object(members) => {
            let Some(known) = schema["properties"].as_object() else { return Ok(()) };
            for (key, value) in members {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                let Some(schema) = known.get(key) else {
                    let known: Vec<&str> = known.keys().map(String::as_str).collect();
                    let list = known.join(", ");
                    return Err(Refusal::because(
                        at,
                        format!("is not known here; known are {list}"),
                        format!("不是此处的已知字段，已知字段为 {list}"),
                    )
                    .on_line_of(value)
                    .on_line_of(node));
                };
                refuse_unknown(value, schema, &at)?;
            }
            Ok(())
        }
        Node::List(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| refuse_unknown(item, &schema["items"], &format!("{at}[{index}]"))),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::At(..) => Ok(()),
    }
}

/// A refusal of `field` on `line`.
pub fn refuse_at(line: Option<usize>, field: String, en: String, zh: String) -> Refusal {
    Refusal { line, ..Refusal::new(field, Problem::Other(en, zh)) }
}
