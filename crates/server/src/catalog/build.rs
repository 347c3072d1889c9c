//! From a document to a catalogue: what the values of a document must be for each other.
//!
//! Codes, ids and keys are unique; what is referred to is there; conversions agree with each other; price versions
//! ascend and do not overlap; no price is negative. The first fault refuses the whole document, with its line.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use domain::site::Site;
use platform::op::Refusal;

use super::document::{Document, Lined, RegionRow, TextRow, refuse_at};
use super::model::{Catalog, Conversion, Measure, Region, ResourceType, Service, Text, UsageType};
use super::products;

/// What stands for the site's currency in names and abbreviations of units.
const CURRENCY: &str = "{currency}";

/// Builds the catalogue of a decoded document: without a number, and the same on every site until [`localize`].
pub fn build(document: Document) -> Result<Catalog, Refusal> {
    let mut catalog = Catalog::default();
    measures(&mut catalog, &document)?;
    conversions(&mut catalog, &document)?;
    regions(&mut catalog, &document)?;
    services(&mut catalog, &document)?;
    resource_types(&mut catalog, &document)?;
    usage_types(&mut catalog, &document)?;
    products::add(&mut catalog, document.products.unwrap_or_default())?;
    Ok(catalog)
}

/// Puts the currency of the site into the names of units.
pub fn localize(catalog: &mut Catalog, site: Site) {
    let code = site.profile().currency.code();
    for measure in &mut catalog.measures {
        for text in [&mut measure.name.en, &mut measure.name.zh, &mut measure.abbreviation] {
            *text = text.replace(CURRENCY, code);
        }
    }
}

/// A text of the document.
pub(super) fn text(row: &TextRow) -> Text {
    Text { en: row.en.clone(), zh: row.zh.clone() }
}

/// The refusal of something that stands twice.
pub(super) fn twice(line: Option<usize>, field: String, what: &str) -> Refusal {
    refuse_at(line, field, format!("stands twice: {what}"), format!("重复：{what}"))
}

/// The refusal of a reference to nothing.
pub(super) fn unknown(line: Option<usize>, field: String, what: &str) -> Refusal {
    refuse_at(
        line,
        field,
        format!("names {what}, which this document does not have"),
        format!("引用了文档中不存在的 {what}"),
    )
}

/// Adds to a unique index.
fn index<K: Eq + Hash, T>(
    index: &mut HashMap<K, usize>,
    rows: &mut Vec<T>,
    key: K,
    row: T,
    refusal: impl FnOnce() -> Refusal,
) -> Result<(), Refusal> {
    if index.insert(key, rows.len()).is_some() {
        return Err(refusal());
    }
    rows.push(row);
    Ok(())
}

fn rows<T>(section: Option<&Vec<Lined<T>>>) -> impl Iterator<Item = (usize, &Lined<T>)> {
    section.into_iter().flatten().enumerate()
}

fn measures(catalog: &mut Catalog, document: &Document) -> Result<(), Refusal> {
    for (at, Lined { line, value }) in rows(document.measures.as_ref()) {
        let row = Measure {
            id: value.id,
            kind: value.kind,
            name: text(&value.name),
            abbreviation: value.abbreviation.clone(),
        };
        index(&mut catalog.by_measure, &mut catalog.measures, value.id, row, || {
            twice(*line, format!("measures[{at}].id"), &value.id.to_string())
        })?;
    }
    Ok(())
}

fn conversions(catalog: &mut Catalog, document: &Document) -> Result<(), Refusal> {
    for (at, Lined { line, value }) in rows(document.conversions.as_ref()) {
        let field = |name: &str| format!("conversions[{at}].{name}");
        for (name, id) in [("from", value.from), ("to", value.to)] {
            let Some(measure) = catalog.find_measure(id) else {
                return Err(unknown(*line, field(name), &format!("measure {id}")));
            };
            if measure.kind != value.kind {
                return Err(refuse_at(
                    *line,
                    field(name),
                    format!("is of type {}, not {}", measure.kind, value.kind),
                    format!("度量类型为 {}，而不是 {}", measure.kind, value.kind),
                ));
            }
        }
        let pair = (value.from, value.to);
        let is_known =
            catalog.by_units.contains_key(&pair) || catalog.by_units.contains_key(&(pair.1, pair.0));
        if is_known || pair.0 == pair.1 {
            return Err(twice(*line, format!("conversions[{at}]"), &format!("{} and {}", pair.0, pair.1)));
        }
        catalog.by_units.insert(pair, value.ratio);
        catalog.conversions.push(Conversion {
            from: value.from,
            to: value.to,
            ratio: value.ratio,
            kind: value.kind,
        });
    }
    agreeing(catalog, document)
}

/// Two conversions in a row must be the direct one, where there is one.
fn agreeing(catalog: &Catalog, document: &Document) -> Result<(), Refusal> {
    let mut onward: HashMap<i64, Vec<(i64, i64)>> = HashMap::new();
    for conversion in &catalog.conversions {
        onward.entry(conversion.from).or_default().push((conversion.to, conversion.ratio));
    }
    for (at, Lined { line, value }) in rows(document.conversions.as_ref()) {
        for (to, ratio) in onward.get(&value.to).into_iter().flatten() {
            let Some(direct) = catalog.by_units.get(&(value.from, *to)) else { continue };
            if value.ratio.checked_mul(*ratio) != Some(*direct) {
                return Err(refuse_at(
                    *line,
                    format!("conversions[{at}].ratio"),
                    format!(
                        "contradicts others: {} to {} to {to} is not {} to {to}",
                        value.from, value.to, value.from
                    ),
                    format!(
                        "与其他换算矛盾：{} 到 {} 再到 {to} 不等于 {} 到 {to}",
                        value.from, value.to, value.from
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn regions(catalog: &mut Catalog, document: &Document) -> Result<(), Refusal> {
    let mut zones: HashSet<String> = HashSet::new();
    for (at, Lined { line, value }) in rows(document.regions.as_ref()) {
        let RegionRow { code, name, zones: own } = value;
        let own = own.clone().unwrap_or_default();
        for zone in &own {
            // Zones are compared without case, so two that differ only in case are one.
            if !zones.insert(zone.to_ascii_lowercase()) {
                return Err(twice(*line, format!("regions[{at}].zones"), zone));
            }
        }
        let row = Region { code: code.clone(), name: text(name), zones: own };
        index(&mut catalog.by_region, &mut catalog.regions, code.clone(), row, || {
            twice(*line, format!("regions[{at}].code"), code)
        })?;
    }
    Ok(())
}

fn services(catalog: &mut Catalog, document: &Document) -> Result<(), Refusal> {
    for (at, Lined { line, value }) in rows(document.services.as_ref()) {
        let row = Service {
            code: value.code.clone(),
            name: text(&value.name),
            abbreviation: value.abbreviation.clone(),
            is_marketplace: value.marketplace,
        };
        index(&mut catalog.by_service, &mut catalog.services, value.code.clone(), row, || {
            twice(*line, format!("services[{at}].code"), &value.code)
        })?;
    }
    Ok(())
}

fn resource_types(catalog: &mut Catalog, document: &Document) -> Result<(), Refusal> {
    for (at, Lined { line, value }) in rows(document.resource_types.as_ref()) {
        if catalog.find_service(&value.service).is_none() {
            return Err(unknown(*line, format!("resource_types[{at}].service"), &value.service));
        }
        let row = ResourceType {
            code: value.code.clone(),
            service: value.service.clone(),
            name: text(&value.name),
            description: text(&value.description),
        };
        index(&mut catalog.by_resource_type, &mut catalog.resource_types, value.code.clone(), row, || {
            twice(*line, format!("resource_types[{at}].code"), &value.code)
        })?;
    }
    Ok(())
}

fn usage_types(catalog: &mut Catalog, document: &Document) -> Result<(), Refusal> {
    let kinds: HashSet<i64> = catalog.measures.iter().map(|measure| measure.kind).collect();
    let mut known: HashSet<(String, &str)> = HashSet::new();
    for (at, Lined { line, value }) in rows(document.usage_types.as_ref()) {
        let field = |name: &str| format!("usage_types[{at}].{name}");
        if catalog.find_resource_type(&value.resource_type).is_none() {
            return Err(unknown(*line, field("resource_type"), &value.resource_type));
        }
        if !kinds.contains(&value.measure_type) {
            return Err(unknown(
                *line,
                field("measure_type"),
                &format!("measure type {}", value.measure_type),
            ));
        }
        // Usage factors are compared without case (004 table 4-18).
        if !known.insert((value.code.to_ascii_lowercase(), &value.resource_type)) {
            return Err(twice(*line, field("code"), &value.code));
        }
        catalog.usage_types.push(UsageType {
            code: value.code.clone(),
            resource_type: value.resource_type.clone(),
            name: text(&value.name),
            measure_kind: value.measure_type,
        });
    }
    Ok(())
}
