//! Facts about documents that need no database: what is read, what is refused and where.

use domain::site::Site;
use platform::op::Refusal;
use platform::op::node::Node;

use super::model::{Catalog, Place};
use super::yaml::Format;
use super::{build, document, yaml};

const DEMO: &str = include_str!("../../data/demo-catalog.yaml");

fn catalog(text: &str) -> Result<Catalog, Refusal> {
    let node = yaml::parse(text, Format::of(text))?;
    let mut catalog = build::build(document::decode(&node)?)?;
    build::localize(&mut catalog, Site::Cn);
    Ok(catalog)
}

fn shape(catalog: &Catalog) -> String {
    format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        catalog.measures,
        catalog.conversions,
        catalog.regions,
        catalog.services,
        catalog.resource_types,
        catalog.usage_types,
        catalog.products
    )
}

#[test]
fn the_demo_catalogue_is_in_order_and_its_currency_is_the_sites() {
    let catalog = catalog(DEMO).expect("in order");
    assert_eq!(catalog.find_measure(1).expect("currency").name.en, "CNY");
    assert_eq!(catalog.find_measure(3).expect("hundredth").abbreviation, "0.01 CNY");
    assert_eq!(catalog.products.len(), DEMO.matches("\n  - spec:").count());
    let place = Place {
        service: "hws.service.type.vpc",
        resource_type: "hws.resource.type.bandwidth",
        spec: "12_sbgp",
        region: "eu_west_101",
        zone: Some("cn-north-1a"),
    };
    assert_eq!(
        catalog.find_product(&place).expect("sold in every zone").usage[0].product_id,
        "00301-290407706-0--1"
    );
}

/// Every measure type of 004 4.1.5 has a unit.
#[test]
fn every_documented_measure_type_has_a_unit_in_the_demo_catalogue() {
    let catalog = catalog(DEMO).expect("in order");
    let documented = [
        1, 2, 3, 4, 6, 7, 9, 10, 11, 12, 15, 16, 17, 18, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30, 31, 40, 41,
        103, 104,
    ];
    for kind in documented {
        assert!(catalog.measures.iter().any(|measure| measure.kind == kind), "type {kind}");
    }
}

#[test]
fn a_document_is_the_same_in_both_formats() {
    let node = yaml::parse(DEMO, Format::Yaml).expect("YAML");
    let (json, block) = (yaml::to_json(&node), yaml::to_yaml(&node));
    assert_eq!(Format::of(&json), Format::Json);
    let wanted = shape(&catalog(DEMO).expect("in order"));
    assert_eq!(shape(&catalog(&json).expect("JSON")), wanted);
    assert_eq!(shape(&catalog(&block).expect("YAML again")), wanted);
    assert_eq!(yaml::to_json(&yaml::parse(&block, Format::Yaml).expect("YAML")), json);
}

/// A zone narrows only products that declare zones, without regard to case.
#[test]
fn a_zone_narrows_products_with_zones_only() {
    let catalog = catalog(DEMO).expect("in order");
    let find = |spec: &str, zone| {
        catalog
            .find_product(&Place {
                service: "hws.service.type.ec2",
                resource_type: "hws.resource.type.vm",
                spec,
                region: "eu-west-101",
                zone,
            })
            .is_some()
    };
    assert!(find("s3.xlarge.4.win", None));
    assert!(find("s3.xlarge.4.win", Some("EU-WEST-101A")));
    assert!(!find("s3.xlarge.4.win", Some("eu-west-101b")));
    assert!(find("s3.medium.4.linux", Some("nowhere")));
}

#[test]
fn units_convert_within_a_family_only() {
    let catalog = catalog(DEMO).expect("in order");
    assert!(catalog.convert(6, 4).is_some(), "second to hour");
    assert!(catalog.convert(0, 4).is_some(), "day to hour");
    assert!(catalog.convert(4, 4).is_some());
    assert!(catalog.convert(10, 4).is_none(), "GB to hour");
    assert!(catalog.convert(9999, 9999).is_none(), "no such unit");
}

/// Each case: what is replaced in the demo catalogue, by what, and the start of the refusal.
const REFUSED: &[(&str, &str, &str)] = &[
    ("format: openbss-catalog/1", "format: openbss-catalog/9", "format must be one of"),
    ("abbreviation: h}", "abbreviation: h, colour: red}", "measures[4].colour is not known here"),
    ("{id: 5, type: 2,", "{id: 4, type: 2,", "measures[5].id stands twice: 4"),
    ("{id: 5, type: 2,", "{id: five, type: 2,", "measures[5].id must be an integer"),
    ("{id: 5, type: 2,", "{type: 2,", "measures[5].id is required"),
    (
        "{from: 0, to: 4, ratio: 24, type: 2}",
        "{from: 0, to: 4, ratio: 25, type: 2}",
        "conversions[3].ratio contradicts",
    ),
    (
        "{from: 0, to: 4, ratio: 24, type: 2}",
        "{from: 0, to: 10, ratio: 24, type: 2}",
        "conversions[3].to is of type 3",
    ),
    (
        "{from: 0, to: 4, ratio: 24, type: 2}",
        "{from: 0, to: 4, ratio: 0, type: 2}",
        "conversions[3].ratio must be at least 1",
    ),
    (
        "{from: 0, to: 4, ratio: 24, type: 2}",
        "{from: 4, to: 777, ratio: 24, type: 2}",
        "conversions[3].to names measure 777",
    ),
    (
        "service: hws.service.type.rds\n    name: {en_US: RDS DB",
        "service: hws.service.type.nope\n    name: {en_US: RDS DB",
        "resource_types[11].service names hws.service.type.nope",
    ),
    (
        "code: hws.service.type.vpc\n    name",
        "code: hws.service.type.offline\n    name",
        "services[1].code stands twice",
    ),
    (
        "zones: [eu-west-101a, cn-north-1a, ap-southeast-1a]",
        "zones: [eu-west-101z]",
        ".zones names eu-west-101z in its regions",
    ),
    ("- spec: SAS\n", "- spec: SSD\n", ".spec stands twice: SSD of hws.resource.type.volume"),
    ("flags: [spot]", "flags: [shiny]", ".flags has shiny; known are"),
    ("factor: spotDuration", "factor: unheardOf", ".usage[0].factor names usage type unheardOf"),
    (
        "product_id: 00301-990027-0--1\n        measure: 4",
        "product_id: 00301-990027-0--1\n        measure: 10",
        ".usage[0].measure is of measure type 3",
    ),
    (
        "product_id: 00301-990029-0--1",
        "product_id: 00301-990027-0--1",
        ".product_id stands twice: 00301-990027-0--1",
    ),
    (
        "price: \"2.74\"",
        "price: \"-2.74\"",
        "products[0].usage[0].versions[0].price is refused: a price is negative",
    ),
    (
        "price: \"2.74\"",
        "price: \"2.74000000001\"",
        "products[0].usage[0].versions[0].price has more than 10 decimals",
    ),
    ("price: \"2.74\"", "price: cheap", "price must be a decimal number"),
    ("price: \"2.74\"", "prise: \"2.74\"", "products[0].usage[0].versions[0].prise is not known here"),
    (
        "valid_to: \"2026-06-30T16:00:00Z\"\n          prices",
        "valid_to: \"2026-08-30T16:00:00Z\"\n          prices",
        ".period.versions[1].valid_from must not be before",
    ),
    (
        "valid_to: \"2026-06-30T16:00:00Z\"\n          prices",
        "valid_to: \"2019-06-30T16:00:00Z\"\n          prices",
        ".period.versions[0].valid_to must be after",
    ),
    ("prices: {day: \"800.00\"}", "prices: {}", ".period.versions[0].prices is refused: there is no price"),
    (
        "{up_to: \"10000000\", price: \"0.0000012\"}",
        "{up_to: \"10\", price: \"0.0000012\"}",
        ".tiers is refused: the tiers must ascend",
    ),
    ("reuse: once", "reuse: reset", ".package.cycle goes with reuse: reset"),
    (
        "{en_US: Hour, zh_CN: 小时}, abbreviation: h}",
        "{en_US: Hour}, abbreviation: h}",
        "measures[4].name.zh_CN is required",
    ),
    ("measures:", "measures: &a", "must not have anchors"),
    ("measures:\n", "measures: !!seq\n", "must not have tags"),
    ("regions:\n", "format: twice\nregions:\n", "has the key \"format\" twice"),
];

#[test]
fn a_bad_document_is_refused_with_its_line_and_reason() {
    for (from, to, wanted) in REFUSED {
        assert!(DEMO.contains(from), "nothing to replace: {from}");
        let text = DEMO.replacen(from, to, 1);
        let refusal = catalog(&text).expect_err(to).text();
        assert!(refusal.contains(wanted), "{to}: {refusal}");
        let line: usize = refusal
            .strip_prefix("line ")
            .and_then(|rest| rest.split(':').next()?.parse().ok())
            .unwrap_or_else(|| panic!("no line: {refusal}"));
        let changed = DEMO.split(from).next().expect("a first part").lines().count();
        let own = line.abs_diff(changed);
        assert!(own <= 20, "{to}: line {line}, changed near {changed}: {refusal}");
    }
}

#[test]
fn what_is_not_a_document_is_refused() {
    for text in [
        "",
        "# nothing\n",
        "a: [",
        "- 1",
        "{",
        "{\"format\": \"openbss-catalog/1\"",
        "a: 1\n---\nb: 2\n",
        "\u{0}",
    ] {
        assert!(catalog(text).is_err(), "{text:?}");
    }
    let deep = format!("format: {}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(catalog(&deep).is_err());
    let deep = format!("format: {}{}", "[".repeat(40), "]".repeat(40));
    assert!(catalog(&deep).expect_err("deep").text().contains("deeper"));
    let bomb = "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    assert!(catalog(bomb).expect_err("bomb").text().contains("anchors"));
}

#[test]
fn an_empty_catalogue_can_be_imported() {
    let catalog = catalog("format: openbss-catalog/1\n").expect("in order");
    assert!(catalog.products.is_empty());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

    /// Whatever is sent is read or refused; the parser underneath never brings the server down.
    #[test]
    fn no_text_breaks_the_reader(text in "[-?:,\\[\\]{}#&*!|>'\"%@` \n\t\r~a-c0-2.e\\\\\u{0}\u{feff}\u{85}\u{1F600}]{0,80}") {
        let _ = yaml::parse(&text, Format::Yaml);
        let _ = yaml::parse(&text, Format::Json);
    }

    /// What is written is read back as it was.
    #[test]
    fn any_text_survives_being_written(text in "[^\u{0}]{0,40}", key in "[^\u{0}]{1,20}") {
        let node = Node::Object(vec![(key, Node::List(vec![Node::Object(vec![("value".into(), Node::Text(text))])]))]);
        let json = yaml::to_json(&node);
        proptest::prop_assert_eq!(&yaml::to_json(&yaml::parse(&json, Format::Json).expect("JSON")), &json);
        let block = yaml::to_yaml(&node);
        proptest::prop_assert_eq!(yaml::to_json(&yaml::parse(&block, Format::Yaml).expect("YAML")), json, "{}", block);
    }
}
