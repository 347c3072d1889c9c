//! Facts about price inquiries, through the wire.

use serde_json::{Value, json};

use crate::harness::{Options, Reply, TestApp};
use crate::on_both;

pub(crate) const ON_DEMAND: &str = "/v2/bills/ratings/on-demand-resources";
pub(crate) const PERIOD: &str = "/v2/bills/ratings/period-resources/subscribe-rate";
const PROJECT: &str = "06488a0000000832f55c016b0e337d70";

/// The documented inquiry (004 4.2.1), with the braces and quotes that the print lost.
pub(crate) fn documented_on_demand() -> Value {
    json!({
        "project_id": PROJECT,
        "product_infos": [
            {"id": "1", "cloud_service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm",
             "resource_spec": "c3.3xlarge.2.linux", "region": "eu-west-101", "usage_factor": "Duration",
             "usage_value": 2, "usage_measure_id": 4, "subscription_num": 1, "available_zone": null},
            {"id": "2", "cloud_service_type": "hws.service.type.ebs", "resource_type": "hws.resource.type.volume",
             "resource_spec": "SSD", "region": "eu-west-101", "usage_factor": "Duration", "usage_value": 2,
             "usage_measure_id": 4, "subscription_num": 1, "resource_size": 10, "size_measure_id": 17},
            {"id": "3", "cloud_service_type": "hws.service.type.vpc", "resource_type": "hws.resource.type.ip",
             "resource_spec": "5_bgp", "region": "eu-west-101", "usage_factor": "Duration", "usage_value": 3,
             "usage_measure_id": 4, "subscription_num": 1, "available_zone": null},
            {"id": "4", "cloud_service_type": "hws.service.type.vpc",
             "resource_type": "hws.resource.type.bandwidth", "resource_spec": "12_sbgp", "region": "eu-west-101",
             "usage_factor": "upflow", "usage_value": 4, "usage_measure_id": 10, "subscription_num": 1,
             "available_zone": "cn-north-1a", "resource_size": 1, "size_measure_id": 15},
        ],
        "inquiry_precision": 1,
    })
}

/// The documented inquiry (004 4.2.2), repaired, with the product that costs the documented amount.
pub(crate) fn documented_period() -> Value {
    let product = |id: &str, service: &str, kind: &str, spec: &str, size: Value, measure: Value| {
        json!({
            "id": id, "cloud_service_type": service, "resource_type": kind, "resource_spec": spec,
            "region": "eu-west-101", "available_zone": "eu-west-101a", "resource_size": size,
            "size_measure_id": measure, "period_type": 2, "period_num": 1, "subscription_num": 1,
        })
    };
    let (vpc, none) = ("hws.service.type.vpc", Value::Null);
    json!({
        "project_id": PROJECT,
        "product_infos": [
            product("1", "hws.service.type.ec2", "hws.resource.type.vm", "s3.medium.4.linux", none.clone(), none.clone()),
            product("2", vpc, "hws.resource.type.ip", "5_bgp", none, json!(15)),
            product("3", "hws.service.type.ebs", "hws.resource.type.volume", "GPSSD", json!(40), json!(17)),
            product("4", vpc, "hws.resource.type.bandwidth", "19_bgp", json!(40), json!(15)),
        ],
    })
}

/// The documented inquiry with one product, whose members are replaced (or, by `absent`, removed).
pub(crate) fn one(mut inquiry: Value, index: usize, changes: &[(&str, Value)]) -> Value {
    let mut product = inquiry["product_infos"][index].clone();
    let members = product.as_object_mut().expect("an object");
    for (name, value) in changes {
        if *value == absent() {
            members.remove(*name);
        } else {
            members.insert((*name).to_owned(), value.clone());
        }
    }
    inquiry["product_infos"] = json!([product]);
    inquiry
}

fn absent() -> Value {
    json!({"absent": true})
}

impl TestApp {
    async fn on_demand(&self, index: usize, changes: &[(&str, Value)]) -> Reply {
        self.post("acme", ON_DEMAND, one(documented_on_demand(), index, changes)).await
    }

    async fn period(&self, index: usize, changes: &[(&str, Value)]) -> Reply {
        self.post("acme", PERIOD, one(documented_period(), index, changes)).await
    }

    /// The list price as it stands in the answer, digit by digit.
    async fn on_demand_amount(&self, index: usize, changes: &[(&str, Value)]) -> String {
        amount(&self.on_demand(index, changes).await)
    }

    async fn period_amount(&self, index: usize, changes: &[(&str, Value)]) -> String {
        amount(&self.period(index, changes).await)
    }
}

fn amount(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let text = reply.text();
    let (_, rest) = text.split_once("\"official_website_amount\":").expect("an amount");
    rest.split([',', '}']).next().expect("digits").to_owned()
}

fn china() -> Options {
    Options { site: domain::site::Site::Cn, ..Options::default() }
}

on_both! {
    async fn the_documented_pay_per_use_inquiry_returns_the_documented_amounts(app) {
        let answer = app.post("acme", ON_DEMAND, documented_on_demand()).await.ok(200);
        let product = |id: &str, product_id: &str, amount: Value| json!({
            "id": id, "product_id": product_id, "amount": amount, "discount_amount": 0,
            "official_website_amount": amount, "measure_id": 1, "discount_rating_results": [],
        });
        assert_eq!(answer, json!({
            "amount": 8.128, "discount_amount": 0, "official_website_amount": 8.128,
            "measure_id": 1, "currency": "USD",
            "product_rating_results": [
                product("1", "00301-243025-0--0_merge", json!(5.48)),
                product("2", "00301-290407774-0--1", json!(0.028)),
                product("3", "00301-238601-0--0_merge", json!(0.06)),
                product("4", "00301-290407706-0--1", json!(2.56)),
            ],
        }));
        app.finish().await;
    }

    async fn the_documented_yearly_monthly_inquiry_returns_the_documented_amounts(app) {
        let answer = app.post("acme", PERIOD, documented_period()).await.ok(200);
        let product = |id: &str, product_id: &str, amount: Value| json!({
            "id": id, "product_id": product_id, "official_website_amount": amount, "measure_id": 1,
            "installment_official_website_amount": null, "installment_period_type": null,
        });
        assert_eq!(answer, json!({
            "official_website_rating_result": {
                "official_website_amount": 529.67, "measure_id": 1,
                "installment_official_website_amount": null, "installment_period_type": null,
                "product_rating_results": [
                    product("1", "OFFI777523764289028104", json!(182.07)),
                    product("2", "OFFI777346878061772800", json!(0)),
                    product("3", "OFFI776402238127517698", json!(5.6)),
                    product("4", "OFFI777135464818663425", json!(342)),
                ],
            },
            "optional_discount_rating_results": [],
            "currency": "USD",
        }));
        app.finish().await;
    }

    async fn the_currency_is_the_sites(app: china()) {
        let answer = app.post("acme", ON_DEMAND, documented_on_demand()).await.ok(200);
        assert_eq!(answer["currency"], "CNY");
        app.finish().await;
    }

    async fn usage_converts_into_the_unit_of_the_price(app) {
        // 2.74 an hour. A second is 2.74 / 3600 = 0.00076111..., cut and not rounded.
        for (value, unit, wanted) in [
            (json!(1), 4, "2.74"), (json!(30), 5, "1.37"), (json!(1), 0, "65.76"), (json!("0.5"), 4, "1.37"),
            (json!(1), 6, "0.0007611111"), (json!(3600), 6, "2.74"), (json!(0), 4, "0"),
        ] {
            let changes = [("usage_value", value.clone()), ("usage_measure_id", json!(unit))];
            assert_eq!(app.on_demand_amount(0, &changes).await, wanted, "{value} of {unit}");
        }
        // 0.64 a GB.
        for (value, unit, wanted) in [(json!(512), 11, "0.32"), (json!(1), 9, "655.36"), (json!(1), 13, "0.0000000005")] {
            let changes = [("usage_value", value), ("usage_measure_id", json!(unit))];
            assert_eq!(app.on_demand_amount(3, &changes).await, wanted, "unit {unit}");
        }
        app.finish().await;
    }

    async fn amounts_have_six_decimals_unless_ten_are_asked_for(app) {
        let mut inquiry = one(documented_on_demand(), 0, &[("usage_measure_id", json!(6)), ("usage_value", json!(1))]);
        for (precision, wanted) in [
            (json!(0), "0.000761"), (json!(1), "0.0007611111"), (json!("1"), "0.0007611111"), (Value::Null, "0.000761"),
        ] {
            inquiry["inquiry_precision"] = precision;
            assert_eq!(amount(&app.post("acme", ON_DEMAND, inquiry.clone()).await), wanted);
        }
        inquiry["inquiry_precision"] = json!(2);
        let message = app.post("acme", ON_DEMAND, inquiry).await.refused(400, "CBC.0100");
        assert!(message.starts_with("inquiry_precision"), "{message}");
        app.finish().await;
    }

    async fn a_total_is_the_sum_of_the_amounts_beside_it(app) {
        let mut inquiry = one(documented_on_demand(), 0, &[("usage_measure_id", json!(6)), ("usage_value", json!(1))]);
        inquiry["inquiry_precision"] = json!(0);
        let mut second = inquiry["product_infos"][0].clone();
        second["id"] = json!("second");
        inquiry["product_infos"].as_array_mut().expect("a list").push(second);
        let answer = app.post("acme", ON_DEMAND, inquiry).await;
        assert!(answer.text().starts_with("{\"amount\":0.001522,"), "{}", answer.text());
        app.finish().await;
    }

    async fn subscriptions_and_sizes_multiply(app) {
        assert_eq!(app.on_demand_amount(0, &[("subscription_num", json!(100))]).await, "548");
        let changes = [("resource_size", json!(32768)), ("subscription_num", json!(3))];
        assert_eq!(app.on_demand_amount(1, &changes).await, "275.2512");
        assert_eq!(app.period_amount(2, &[("subscription_num", json!(10_000))]).await, "56000");
        app.finish().await;
    }

    async fn tiers_are_graduated_or_by_volume(app) {
        let obs = |factor: &str, value: Value, unit: i64| {
            [("cloud_service_type", json!("hws.service.type.obs")), ("resource_type", json!("hws.resource.type.obs")),
             ("resource_spec", json!("obs.standard")), ("usage_factor", json!(factor)), ("usage_value", value),
             ("usage_measure_id", json!(unit))]
        };
        // 1,000,000 at 0.0000015 and 9,000,000 at 0.0000012 and 1,000,000 at 0.000001.
        for (value, wanted) in [(1_000_000, "1.5"), (10_000_000, "12.3"), (11_000_000, "13.3")] {
            assert_eq!(app.on_demand_amount(0, &obs("REQNUMBER", json!(value), 14)).await, wanted);
        }
        // Exactly the bound still belongs to its step.
        for (value, wanted) in [(json!(10_240), "921.6"), (json!(10_241), "819.28"), (json!(60_000), "4200")] {
            assert_eq!(app.on_demand_amount(0, &obs("upflow", value, 10)).await, wanted);
        }
        app.finish().await;
    }

    async fn terms_take_the_longest_priced_period_first(app) {
        for (period_type, period_num, wanted) in [
            (2, 1, "182.07"), (2, 3, "546.21"), (2, 12, "1820.7"), (2, 14, "2184.84"), (3, 1, "1820.7"), (3, 3, "5462.1"),
        ] {
            let changes = [("period_type", json!(period_type)), ("period_num", json!(period_num))];
            assert_eq!(app.period_amount(0, &changes).await, wanted, "{period_num} of {period_type}");
        }
        // A year without a price of its own is twelve months.
        assert_eq!(app.period_amount(3, &[("period_type", json!(3))]).await, "4104");
        app.finish().await;
    }

    async fn a_price_changes_when_its_version_begins(app) {
        let large = [("resource_spec", json!("s3.large.4.linux"))];
        let hour = [("resource_spec", json!("s3.large.4.linux")), ("usage_value", json!(1))];
        assert_eq!(app.period_amount(0, &large).await, "60");
        assert_eq!(app.on_demand_amount(0, &hour).await, "0.12");
        app.advance_to("2026-06-30T23:59:59+08:00").await;
        assert_eq!(app.period_amount(0, &large).await, "60");
        app.advance_to("2026-07-01T00:00:00+08:00").await;
        assert_eq!(app.period_amount(0, &large).await, "54");
        assert_eq!(app.on_demand_amount(0, &hour).await, "0.11");
        app.finish().await;
    }

    async fn zones_narrow_products_that_declare_them(app) {
        let win = |zone: Value| [("resource_spec", json!("s3.xlarge.4.win")), ("available_zone", zone)];
        for zone in [json!("eu-west-101a"), json!("EU-WEST-101A"), json!(""), Value::Null, absent()] {
            assert_eq!(app.period_amount(0, &win(zone)).await, "168");
        }
        let message = app.period(0, &win(json!("eu-west-101b"))).await.refused(400, "CBC.99006006");
        assert!(message.starts_with("product_infos[0].available_zone"), "{message}");
        app.finish().await;
    }

    async fn the_region_may_have_underscores_as_in_the_documents_prose(app) {
        assert_eq!(app.period_amount(0, &[("region", json!("eu_west_101"))]).await, "182.07");
        app.finish().await;
    }

    async fn what_is_not_found_is_named(app) {
        for (name, value) in [
            ("cloud_service_type", "hws.service.type.none"), ("resource_type", "hws.resource.type.none"),
            ("resource_type", "hws.resource.type.ip"), ("resource_spec", "s9.tiny"), ("region", "moon-1"),
        ] {
            for reply in [app.on_demand(0, &[(name, json!(value))]).await, app.period(0, &[(name, json!(value))]).await] {
                let message = reply.refused(400, "CBC.99006006");
                assert!(message.starts_with(&format!("product_infos[0].{name}")), "{message}");
            }
        }
        // Off sale; not sold by the period asked for; sold by the other model only.
        app.period(0, &[("resource_spec", json!("s1.medium.4.linux"))]).await.refused(400, "CBC.99006006");
        app.on_demand(0, &[("resource_spec", json!("s1.medium.4.linux"))]).await.refused(400, "CBC.99006006");
        app.period(0, &[("period_type", json!(0))]).await.refused(400, "CBC.99006006");
        app.period(0, &[("resource_spec", json!("c3.3xlarge.2.linux"))]).await.refused(400, "CBC.99006006");
        app.on_demand(0, &[("resource_spec", json!("s3.small.1.linux.trial"))]).await.refused(400, "CBC.99006006");
        app.finish().await;
    }

    async fn each_error_of_the_table_has_its_code(app) {
        app.on_demand(0, &[("usage_factor", json!("upflow"))]).await.refused(400, "CBC.99006074");
        let message = app.on_demand(0, &[("usage_measure_id", json!(10))]).await.refused(400, "CBC.99006050");
        assert!(message.starts_with("product_infos[0].usage_measure_id"), "{message}");
        app.on_demand(0, &[("usage_measure_id", json!(9999))]).await.refused(400, "CBC.99006050");
        let huge = [("usage_value", json!(9_000_000_000_000_000_000_i64))];
        app.on_demand(0, &huge).await.refused(400, "CBC.99006055");
        let forever = [("period_num", json!(2_147_483_647)), ("subscription_num", json!(10_000))];
        app.period(0, &forever).await.refused(400, "CBC.99006055");
        app.finish().await;
    }

    async fn wrong_parameters_are_named(app) {
        let cases: &[(usize, &str, Value)] = &[
            (0, "id", absent()), (0, "id", json!("")), (0, "id", json!("x".repeat(65))),
            (0, "cloud_service_type", Value::Null), (0, "resource_type", json!("x".repeat(401))),
            (0, "resource_spec", absent()), (0, "region", json!({})), (0, "usage_factor", json!("")),
            (0, "usage_value", json!(-1)), (0, "usage_value", json!("many")), (0, "usage_value", absent()),
            (0, "usage_value", json!("0.00000000001")), (0, "usage_value", json!("1e40")),
            (0, "usage_measure_id", json!(10_000)), (0, "usage_measure_id", Value::Null),
            (0, "subscription_num", json!(0)), (0, "subscription_num", json!(10_001)), (0, "subscription_num", absent()),
            (0, "available_zone", json!("x".repeat(65))), (0, "resource_size", json!(0)),
            // A linear product needs its size, in its unit, within its bounds.
            (1, "resource_size", Value::Null), (1, "size_measure_id", absent()), (1, "size_measure_id", json!(15)),
            (1, "resource_size", json!(32_769)), (1, "resource_size", json!(2_147_483_648_i64)),
        ];
        for (index, name, value) in cases {
            let message = app.on_demand(*index, &[(name, value.clone())]).await.refused(400, "CBC.0100");
            assert!(message.starts_with(&format!("product_infos[0].{name}")), "{name} {value}: {message}");
        }
        let cases: &[(usize, &str, Value)] = &[
            (0, "period_type", json!(1)), (0, "period_type", json!(5)), (0, "period_type", absent()),
            (0, "period_num", json!(0)), (0, "period_num", json!(2_147_483_648_i64)), (0, "period_num", Value::Null),
            (0, "subscription_num", json!(10_001)), (2, "resource_size", absent()), (2, "size_measure_id", json!(14)),
            (0, "fee_installment_mode", json!("HALF_PAY")), (0, "fee_installment_mode", json!("SOME")),
        ];
        for (index, name, value) in cases {
            let message = app.period(*index, &[(name, value.clone())]).await.refused(400, "CBC.0100");
            assert!(message.starts_with(&format!("product_infos[0].{name}")), "{name} {value}: {message}");
        }
        app.finish().await;
    }

    async fn an_inquiry_has_a_project_and_one_to_a_hundred_products_with_ids_of_their_own(app) {
        for path in [ON_DEMAND, PERIOD] {
            let sample = if path == PERIOD { documented_period() } else { documented_on_demand() };
            for (field, value) in [
                ("project_id", Value::Null), ("project_id", json!("x".repeat(65))), ("product_infos", json!([])),
                ("product_infos", Value::Null), ("product_infos", json!("none")), ("product_infos", json!([null])),
            ] {
                let mut inquiry = sample.clone();
                inquiry[field] = value;
                let message = app.post("acme", path, inquiry).await.refused(400, "CBC.0100");
                assert!(message.starts_with(field), "{message}");
            }
            let many = |count: usize| {
                let mut inquiry = sample.clone();
                let products = (0..count).map(|id| {
                    let mut product = sample["product_infos"][0].clone();
                    product["id"] = json!(id.to_string());
                    product
                });
                inquiry["product_infos"] = products.collect();
                inquiry
            };
            app.post("acme", path, many(100)).await.ok(200);
            app.post("acme", path, many(101)).await.refused(400, "CBC.0100");
            let mut twice = many(3);
            twice["product_infos"][2]["id"] = json!("0");
            let message = app.post("acme", path, twice).await.refused(400, "CBC.0100");
            assert!(message.starts_with("product_infos[2].id"), "{message}");
        }
        app.finish().await;
    }

    async fn numbers_are_read_as_text_too_and_absences_are_as_documented(app) {
        let changes = [("usage_value", json!("2")), ("usage_measure_id", json!("4")), ("subscription_num", json!("1"))];
        assert_eq!(app.on_demand_amount(0, &changes).await, "5.48");
        let changes = [("usage_factor", json!("dURATION")), ("resource_size", Value::Null), ("size_measure_id", absent())];
        assert_eq!(app.on_demand_amount(0, &changes).await, "5.48");
        for mode in [json!("NA"), json!(""), Value::Null, absent()] {
            assert_eq!(app.period_amount(0, &[("fee_installment_mode", mode)]).await, "182.07");
        }
        app.finish().await;
    }

    async fn only_customers_inquire(app) {
        for tenant in ["operator", "north", "summit"] {
            app.post(tenant, ON_DEMAND, documented_on_demand()).await.refused(403, "CBC.0151");
            app.post(tenant, PERIOD, documented_period()).await.refused(403, "CBC.0151");
        }
        app.finish().await;
    }
}
