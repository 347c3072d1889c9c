//! Facts about the price of renewals (004 4.2.3), through the wire.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{ORDERS, disk, machine, with};
use crate::paying::{bill, grant};
use crate::renewals::codes::{EXTERNAL, add_on, bundle, product, small};
use crate::renewals::{RENEW, attached_to, buy, order_of, paid_renewal, renewal};

pub(crate) const RATE: &str = "/v2/bills/ratings/period-resources/renew-rate";
const FAULTS: &str = "/openbss/v1/sandbox/faults";

async fn rate(app: &TestApp, ids: &[&str], period: (i64, i64)) -> Value {
    app.post("acme", RATE, renewal(ids, period.0, period.1)).await.ok(200)
}

/// The priced resources as `id amount`, then the sum.
fn prices(answer: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().expect("amounts are text").to_owned();
    let results = answer["renew_inquiry_results"].as_array().expect("a list");
    let one = |row: &Value| format!("{} {}", text(&row["resource_id"]), text(&row["amount"]));
    let sum = text(&answer["official_website_rating_result"]["official_website_amount"]);
    results.iter().map(one).chain([sum]).collect()
}

/// The resources without a price as `id code`.
fn failed(answer: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let infos = answer["fail_resource_infos"].as_array().expect("a list");
    assert!(infos.iter().all(|info| !text(&info["error_msg"]).is_empty()), "{answer}");
    infos.iter().map(|info| format!("{} {}", text(&info["resource_id"]), text(&info["error_code"]))).collect()
}

/// Resource `id` has no price, for this reason, beside `good`, which has.
async fn fails_beside(app: &TestApp, id: &str, good: &str, code: &str) {
    let answer = rate(app, &[id, good], (2, 1)).await;
    assert_eq!(failed(&answer), [format!("{id} {code}")]);
    assert_eq!(answer["renew_inquiry_results"].as_array().unwrap().len(), 1, "{answer}");
}

on_both! {
    async fn the_price_of_a_primary_holds_that_of_what_is_attached(app) {
        let ids = buy(&app, "acme", json!([machine(), disk(), small((2, 1))])).await;
        let answer = rate(&app, &[&ids[0], &ids[1]], (2, 3)).await;
        assert_eq!(prices(&answer), [format!("{} 563.01", ids[0]), format!("{} 90", ids[1]), "653.01".to_owned()]);
        assert_eq!(answer["currency"], "USD");
        assert_eq!(answer["optional_discount_rating_results"], json!([]));
        assert_eq!(failed(&answer), [""; 0]);
        let official = &answer["official_website_rating_result"];
        assert!(official["installment_official_website_amount"].is_null(), "{official}");
        assert!(official["installment_period_type"].is_null(), "{official}");
        let order = order_of(app.post("acme", RENEW, renewal(&[&ids[0]], 2, 3)).await);
        assert_eq!(bill(&app, "acme", &order).await[0], "563.01 = + 563.01", "the order costs what was told");
        app.finish().await;
    }

    async fn an_inquiry_changes_nothing_and_may_be_asked_while_frozen(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let freeze = format!("/openbss/v1/accounts/{}/freeze", app.domain("acme"));
        app.post("operator", &freeze, json!({"reason": "review"})).await.ok(200);
        assert_eq!(prices(&rate(&app, &[&id], (3, 1)).await), [format!("{id} 1820.7"), "1820.7".to_owned()]);
        app.finish().await;
    }

    async fn related_resources_are_those_of_the_same_order(app) {
        let ids = buy(&app, "acme", json!([machine(), disk(), small((2, 1)), small((2, 1))])).await;
        let other = buy(&app, "acme", json!([machine()])).await.remove(0);
        let mut body = renewal(&[&ids[1]], 2, 1);
        for (value, wanted) in [
            (Value::Null, vec![(&ids[1], "30")]),
            (json!(""), vec![(&ids[1], "30")]),
            (json!(false), vec![(&ids[1], "30")]),
            (json!("true"), vec![(&ids[1], "30"), (&ids[0], "187.67"), (&ids[2], "30")]),
        ] {
            body["include_relative_resources"] = value;
            let answer = app.post("acme", RATE, body.clone()).await.ok(200);
            let mut found = prices(&answer);
            found.pop();
            let mut wanted: Vec<String> = wanted.iter().map(|(id, amount)| format!("{id} {amount}")).collect();
            // The named one comes first, related ones in the order of their ids.
            wanted[1..].sort();
            assert_eq!(found, wanted);
        }
        // Named ones are not repeated, and what is held is told.
        order_of(app.post("acme", RENEW, renewal(&[&ids[2]], 2, 1)).await);
        let body = with(renewal(&[&ids[0], &other, &ids[1]], 2, 1), "include_relative_resources", json!(true));
        let answer = app.post("acme", RATE, body).await.ok(200);
        assert_eq!(answer["renew_inquiry_results"].as_array().unwrap().len(), 3);
        assert_eq!(failed(&answer), [format!("{} CBC.30050010", ids[2])]);
        app.finish().await;
    }

    async fn each_discount_is_a_result_of_its_own_and_one_is_the_best(app) {
        let ids = buy(&app, "acme", json!([machine(), disk(), small((2, 1))])).await;
        let of_disks = json!({"service_type": "hws.service.type.ebs"});
        let tenth = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let disks = grant(&app, "acme", 607, "ratio", "0.5", of_disks).await;
        let promotion = grant(&app, "acme", 700, "ratio", "0.1", json!({})).await;
        let answer = rate(&app, &[&ids[0], &ids[1]], (2, 1)).await;
        let results = answer["optional_discount_rating_results"].as_array().unwrap();
        let shown: Vec<[&str; 4]> = results.iter().map(|one| {
            ["discount_id", "official_website_amount", "discount_amount", "amount"].map(|name| one[name].as_str().unwrap())
        }).collect();
        assert_eq!(shown, [
            [&tenth, "217.67", "21.767", "195.903"],
            [&disks, "217.67", "2.8", "214.87"],
            [&promotion, "217.67", "195.903", "21.767"],
        ]);
        let kinds: Vec<_> = results.iter().map(|one| (one["discount_type"].as_i64(), one["best_offer"].as_i64())).collect();
        assert_eq!(kinds, [(Some(605), Some(1)), (Some(607), Some(0)), (Some(700), Some(0))]);
        assert!(results.iter().all(|one| one["installment_amount"].is_null() && one["discount_name"].is_string()));
        app.finish().await;
    }

    async fn a_member_sees_the_discounts_of_the_master_that_pays(app) {
        let id = buy(&app, "globex-ops", json!([machine()])).await.remove(0);
        let discount = grant(&app, "globex", 605, "ratio", "0.9", json!({})).await;
        let answer = app.post("globex-ops", RATE, renewal(&[&id], 2, 1)).await.ok(200);
        assert_eq!(answer["optional_discount_rating_results"][0]["discount_id"], discount.as_str());
        app.finish().await;
    }

    async fn a_resource_without_a_price_is_told_beside_the_others(app) {
        let ids = buy(&app, "acme", json!([machine(), disk(), small((2, 1))])).await;
        let child = attached_to(&app, "acme", &ids[0]).await;
        let others = buy(&app, "globex", json!([machine()])).await.remove(0);
        let trial = product("ec2", "vm", "s3.small.1.linux.trial", (2, 1));
        let days = product("offline", "general", "consulting.day", (0, 1));
        let (trial, add_on) = (buy(&app, "acme", json!([trial])).await, buy(&app, "acme", json!([add_on()])).await);
        let days = buy(&app, "acme", json!([days])).await;
        for (id, code) in [
            (&child, "CBC.30050007"),
            (&"nothing".to_owned(), "CBC.30050009"),
            (&others, "CBC.30050009"),
            (&trial[0], "CBC.30050013"),
            (&add_on[0], "CBC.30050013"),
            (&days[0], "CBC.30050008"),
        ] {
            fails_beside(&app, id, &ids[1], code).await;
        }
        let order = order_of(app.post("acme", RENEW, renewal(&[&ids[0]], 2, 1)).await);
        fails_beside(&app, &ids[0], &ids[1], "CBC.30050010").await;
        let cancel = json!({"order_id": order});
        app.call("acme", "PUT", crate::orders::CANCEL, Some(cancel)).await.ok(204);
        let answer = rate(&app, &[&child, "nothing"], (2, 1)).await;
        assert_eq!(prices(&answer), ["0"], "nothing has a price");
        app.finish().await;
    }

    async fn a_period_beyond_the_longest_term_or_of_another_number_does_not_exist(app) {
        let ids = buy(&app, "acme", json!([small((3, 1)), machine()])).await;
        order_of(app.post("acme", RENEW, paid_renewal(&[&ids[0]], 3, 3)).await);
        let answer = rate(&app, &[&ids[0], &ids[1]], (3, 2)).await;
        assert_eq!(failed(&answer), [format!("{} CBC.30050008", ids[0])]);
        let counts = json!({"month": [2]});
        app.change_product("s2.medium.4.linux", |product| product["period"]["counts"] = counts.clone()).await;
        fails_beside(&app, &ids[0], &ids[1], "CBC.30050008").await;
        app.finish().await;
    }

    async fn what_has_no_price_any_more_is_not_renewable(app) {
        let ids = buy(&app, "acme", json!([small((2, 1)), machine()])).await;
        app.change_product("s2.medium.4.linux", |product| {
            product["flags"] = json!(["off_sale"]);
            product["period"]["versions"][0]["valid_to"] = json!("2026-01-15T09:00:00Z");
        }).await;
        assert_eq!(failed(&rate(&app, &[&ids[0]], (2, 1)).await), [""; 0], "it is off sale, and has a price");
        app.advance_to("2026-01-15T09:00:00Z").await;
        fails_beside(&app, &ids[0], &ids[1], "CBC.30050013").await;
        app.finish().await;
    }

    async fn what_is_still_provided_changes(app: EXTERNAL) {
        let body = json!({"lines": [machine(), disk()], "auto_pay": true});
        app.post("acme", ORDERS, body).await.ok(201);
        let waiting = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let items = waiting["items"].as_array().unwrap();
        let main = items.iter().find(|item| item["parent_id"].is_null()).unwrap()["id"].as_str().unwrap();
        let provided = format!("/openbss/v1/resources/{main}/provisioned");
        app.post("operator", &provided, json!({"resource_id": "vm-1"})).await.ok(200);
        assert_eq!(failed(&rate(&app, &["vm-1"], (2, 1)).await), ["vm-1 CBC.30050011"]);
        app.finish().await;
    }

    async fn what_concerns_the_inquiry_refuses_all_of_it(app) {
        let ids = buy(&app, "acme", json!([small((2, 1)), with(disk(), "resource_size", json!(32_768)), machine()])).await;
        let mut both = renewal(&[&ids[0], &ids[1]], 2, 2);
        app.post("acme", RATE, renewal(&[&ids[0], &ids[1], &ids[0]], 2, 1)).await.refused(400, "CBC.30050012");
        app.change_product("GPSSD", |product| {
            product["period"]["versions"][0]["prices"]["month"] = json!("900000000");
        }).await;
        app.post("acme", RATE, both.clone()).await.refused(400, "CBC.99006055");
        app.change_product("GPSSD", |product| product["linear"]["measure"] = json!(14)).await;
        app.post("acme", RATE, both.clone()).await.refused(400, "CBC.99006050");
        app.change_catalogue(|catalogue| {
            catalogue["products"].as_array_mut().unwrap().retain(|product| product["spec"] != "GPSSD");
        }).await;
        app.post("acme", RATE, both.clone()).await.refused(400, "CBC.99006006");
        let foreign = buy(&app, "acme", json!([with(machine(), "project_id", json!("nobodys"))])).await.remove(0);
        both["resource_ids"] = json!([foreign, ids[1]]);
        let message = app.post("acme", RATE, both).await.refused(400, "CBC.99006073");
        assert!(message.contains("nobodys"), "{message}");
        app.finish().await;
    }

    async fn malformed_inquiries_name_the_field(app) {
        let good = json!({"resource_ids": ["a"], "period_type": 2, "period_num": 1});
        for (field, value) in [
            ("resource_ids", Value::Null), ("resource_ids", json!([])), ("resource_ids", json!("")),
            ("resource_ids", json!(vec!["a"; 11])), ("resource_ids", json!([null])),
            ("period_type", Value::Null), ("period_type", json!(1)), ("period_type", json!(4)),
            ("period_num", Value::Null), ("period_num", json!(0)), ("period_num", json!(12)), ("period_num", json!("x")),
            ("include_relative_resources", json!("maybe")), ("include_relative_resources", json!(2)),
        ] {
            let message = app.post("acme", RATE, with(good.clone(), field, value.clone())).await.refused(400, "CBC.0100");
            assert!(message.starts_with(field), "{field} {value}: {message}");
        }
        let years = with(with(good.clone(), "period_type", json!(3)), "period_num", json!(4));
        let message = app.post("acme", RATE, years).await.refused(400, "CBC.0100");
        assert!(message.starts_with("period_num"), "{message}");
        for other in ["operator", "north", "summit"] {
            app.post(other, RATE, good.clone()).await.refused(403, "CBC.0151");
        }
        app.finish().await;
    }

    async fn faults_that_no_rule_causes_can_be_injected(app) {
        let id = buy(&app, "acme", json!([bundle()])).await.remove(0);
        for code in ["CBC.99006016", "CBC.99006017", "CBC.99006024", "CBC.99006066", "CBC.0999"] {
            let fault = json!({"operation": "ListRenewRateOnPeriod", "error_code": code});
            app.post("operator", FAULTS, fault).await.ok(201);
            let status = if code == "CBC.0999" { 500 } else { 400 };
            app.post("acme", RATE, renewal(&[&id], 2, 1)).await.refused(status, code);
        }
        assert_eq!(prices(&rate(&app, &[&id], (2, 1)).await).len(), 2);
        app.finish().await;
    }
}
