//! How amounts came about, told through the wire: every sum is recomputed here from the texts of the answer.

mod recomputed;

use serde_json::{Value, json};

use recomputed::{Number, check_item, check_order, list};

use crate::accounts::EXTERNAL;
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{LIST, ORDERS, PAY, disk, machine, payment, place, with};
use crate::paying::{CHINA, grant};
use crate::pricing::{ON_DEMAND, PERIOD};

const EXPLAIN: &str = "/openbss/v1/explain";
const CATALOG: &str = "/openbss/v1/catalog";

/// Asks for an explanation of orders, and recomputes all of it.
pub(crate) async fn explained(app: &TestApp, tenant: &str, order: &str) -> Value {
    let answer = app.get(tenant, &format!("{EXPLAIN}?order_id={order}")).await.ok(200);
    let orders = list(&answer["orders"]);
    orders.iter().for_each(check_order);
    for field in ["official_amount", "payable_amount"] {
        assert_eq!(Number::sum(orders, field), Number::of(&answer[field]), "{answer}");
    }
    assert_eq!(answer["adds_up"], true, "{answer}");
    answer
}

/// Asks for an explanation of a price, and recomputes it.
async fn inquired(app: &TestApp, tenant: &str, query: &str) -> Value {
    let answer = app.get(tenant, &format!("{EXPLAIN}?{query}")).await.ok(200);
    assert_eq!(answer["explains"], "inquiry");
    check_item(&answer["inquiry"], false);
    for field in ["official_amount", "payable_amount", "adds_up"] {
        assert_eq!(answer[field], answer["inquiry"][field]);
    }
    answer["inquiry"].clone()
}

/// Issues a coupon or a card to acme, for a year, and answers its id.
async fn issued(app: &TestApp, what: &str, body: Value) -> String {
    let body = with(
        with(body, "customer_id", json!(app.domain("acme"))),
        "expire_time",
        json!("2027-01-15T00:00:00Z"),
    );
    let issued = app.post("operator", &format!("/openbss/v1/{what}"), body).await.ok(201);
    let id = if what == "coupons" { &issued["coupon_id"] } else { &issued["card_id"] };
    id.as_str().unwrap().to_owned()
}

/// Puts a catalogue in force in which a text was replaced; answers its number.
pub(crate) async fn reprice(app: &TestApp, was: &str, now: &str) -> Value {
    let operator = app.key("operator");
    let document = app.signed(&operator, "GET", CATALOG, "", &[("accept", "application/yaml")]).await.text();
    assert!(document.contains(was), "the catalogue has no {was}");
    let document = document.replace(was, now);
    let header = [("content-type", "application/yaml")];
    app.signed(&operator, "PUT", CATALOG, &document, &header).await.ok(200)["version"].clone()
}

/// The query of a machine, a disk or a database, for a term.
fn query(spec: &str, term: &str) -> String {
    let (service, kind) = match spec {
        "GPSSD" => ("hws.service.type.ebs", "hws.resource.type.volume"),
        "rds.mysql.s1.medium" => ("hws.service.type.rds", "hws.resource.type.rds.instance"),
        "obs.standard" => ("hws.service.type.obs", "hws.resource.type.obs"),
        _ => ("hws.service.type.ec2", "hws.resource.type.vm"),
    };
    format!(
        "cloud_service_type={service}&resource_type={kind}&resource_spec={spec}&region=ap-southeast-1&{term}"
    )
}

fn database() -> Value {
    let base = with(machine(), "resource_spec", json!("rds.mysql.s1.medium"));
    let base = with(base, "cloud_service_type", json!("hws.service.type.rds"));
    with(base, "resource_type", json!("hws.resource.type.rds.instance"))
}

on_both! {
    async fn an_order_that_waits_for_payment_has_prices_and_no_funds(app) {
        let order = place(&app, "acme", json!([machine(), disk()])).await;
        let answer = explained(&app, "acme", &order).await;
        assert_eq!((&answer["explains"], &answer["id"]), (&json!("order"), &json!(order)));
        assert_eq!((&answer["official_amount"], &answer["currency"]), (&json!("187.67"), &json!("USD")));
        let one = &answer["orders"][0];
        assert_eq!((&one["funds"], &one["tax"], &one["payment_time"]), (&json!([]), &Value::Null, &Value::Null));
        let price = &one["line_items"][1]["price"];
        assert_eq!(price["catalog_version"], 1);
        assert_eq!(price["valid_from"], "2020-01-01T00:00:00Z");
        assert_eq!(price["parts"], json!([{
            "period_type": 2, "above": null, "up_to": null, "units": "1", "unit_price": "0.14", "amount": "0.14",
        }]));
        assert_eq!((&price["resource_size"], &price["size_measure_id"]), (&json!(40), &json!(17)));
        assert_eq!((&price["exact_amount"], &price["rounding"]["amount"]), (&json!("5.6"), &json!("0")));
        app.finish().await;
    }

    async fn a_paid_order_names_the_funds_that_paid_it(app) {
        let order = place(&app, "acme", json!([machine(), disk()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let answer = explained(&app, "acme", &order.to_lowercase()).await;
        let funds = list(&answer["orders"][0]["funds"]);
        assert_eq!(funds.len(), 1);
        assert_eq!((&funds[0]["kind"], &funds[0]["amount"]), (&json!("cash"), &json!("187.67")));
        assert_eq!((&funds[0]["id"], &funds[0]["time"]), (&Value::Null, &json!("2026-01-15T08:00:00Z")));
        assert_eq!(funds[0]["journal_id"].as_str().unwrap().len(), 32);
        assert_eq!(explained(&app, "operator", &order).await, answer);
        app.finish().await;
    }

    async fn a_line_is_explained_by_the_id_that_its_order_shows(app) {
        let order = place(&app, "acme", json!([machine(), disk()])).await;
        let path = |line: &str| format!("{EXPLAIN}?order_line_item_id={line}");
        let answer = app.get("acme", &path(&format!("{order}-000002"))).await.ok(200);
        assert_eq!(answer["explains"], "order_line_item");
        assert_eq!((&answer["official_amount"], &answer["payable_amount"]), (&json!("5.6"), &json!("5.6")));
        let one = &answer["orders"][0];
        assert_eq!(one["official_amount"], "187.67");
        let items = list(&one["line_items"]);
        assert_eq!(items.len(), 1);
        check_item(&items[0], false);
        assert_eq!(items[0]["order_line_item_id"], format!("{order}-000002"));
        for unknown in ["-000003", "-000000", "-2", "-00000000002", "", "-", "-x"] {
            app.get("acme", &path(&format!("{order}{unknown}"))).await.refused(400, "CBC.30000010");
        }
        app.finish().await;
    }

    async fn a_discount_is_told_with_its_mode_and_value_until_it_is_withdrawn(app) {
        let discount = grant(&app, "acme", 605, "ratio", "0.85", json!({})).await;
        let body = json!({"lines": [machine(), disk()], "discount_id": discount, "auto_pay": true});
        let placed = app.post("acme", ORDERS, body).await.ok(201);
        let order = placed["order_id"].as_str().unwrap();
        let answer = explained(&app, "acme", order).await;
        let one = &answer["orders"][0];
        let modifier = |amount: &str| json!({
            "type": 605, "id": discount, "name": "Commercial discount", "mode": "ratio", "value": "0.85", "amount": amount,
        });
        // 182.07 × 0.15 = 27.3105 and 5.60 × 0.15 = 0.84
        assert_eq!(one["line_items"][0]["modifiers"], json!([modifier("27.31")]));
        assert_eq!(one["line_items"][1]["modifiers"], json!([modifier("0.84")]));
        assert_eq!(one["modifiers"], json!([modifier("28.15")]));
        assert_eq!((&one["payable_amount"], &one["funds"][0]["amount"]), (&json!("159.52"), &json!("159.52")));

        app.call("operator", "DELETE", &format!("/openbss/v1/discounts/{discount}"), None).await.ok(204);
        let later = explained(&app, "acme", order).await;
        let modifier = &later["orders"][0]["modifiers"][0];
        assert_eq!((&modifier["mode"], &modifier["amount"]), (&Value::Null, &json!("28.15")));
        app.finish().await;
    }

    async fn the_parts_of_many_purchases_add_up_to_the_last_digit(app) {
        // Prices with many digits, so that cents are rounded.
        reprice(&app, "prices: {month: \"0.14\"}", "prices: {month: \"0.1437251\"}").await;
        reprice(&app, "prices: {month: \"32.00\", year: \"320.00\"}", "prices: {month: \"32.0051\", year: \"319.99999\"}").await;
        app.post("operator", &format!("/openbss/v1/accounts/{}/top-ups", app.domain("acme")),
            json!({"amount": "100000000", "trans_id": "much"})).await.ok(201);
        let discounts = [
            None,
            Some(grant(&app, "acme", 605, "ratio", "0.8333333", json!({})).await),
            Some(grant(&app, "acme", 607, "amount_off", "3.01", json!({})).await),
            Some(grant(&app, "acme", 700, "fixed_price", "0.1234567", json!({})).await),
            Some(grant(&app, "acme", 606, "ratio", "0.0000001", json!({})).await),
        ];
        let mut rounded = 0;
        for (at, (size, num, term, count)) in
            [(1, 1, 2, 1), (7, 3, 2, 13), (40, 1, 2, 5), (333, 7, 2, 26), (999, 2, 3, 2), (32_768, 1, 2, 1)]
                .into_iter().enumerate()
        {
            let bought = |line: Value| {
                let line = with(with(line, "period_type", json!(term)), "period_num", json!(count));
                with(line, "subscription_num", json!(num))
            };
            let lines = json!([bought(database()), with(bought(disk()), "resource_size", json!(size))]);
            for discount in &discounts {
                let body = json!({"lines": lines, "discount_id": discount, "auto_pay": at % 2 == 0});
                let placed = app.post("acme", ORDERS, body).await.ok(201);
                assert_eq!(placed["payment_error"], Value::Null, "{placed}");
                let answer = explained(&app, "acme", placed["order_id"].as_str().unwrap()).await;
                assert_eq!(answer["official_amount"], placed["official_amount"]);
                assert_eq!(answer["payable_amount"], placed["amount_after_discount"]);
                let items = list(&answer["orders"][0]["line_items"]);
                rounded += items.iter().filter(|item| item["price"]["rounding"]["amount"] != "0").count();
                let term = format!(
                    "period_type={term}&period_num={count}&subscription_num={num}&resource_size={size}&size_measure_id=17{}",
                    discount.as_ref().map(|id| format!("&discount_id={id}")).unwrap_or_default()
                );
                let item = inquired(&app, "acme", &query("rds.mysql.s1.medium", &term)).await;
                assert_eq!(item["price"]["parts"], items[0]["price"]["parts"], "{term}");
                assert_eq!(item["price"]["exact_amount"], items[0]["price"]["exact_amount"], "{term}");
            }
        }
        assert!(rounded > 20, "only {rounded} list prices were rounded");
        app.finish().await;
    }

    async fn a_combined_order_is_explained_sub_order_by_sub_order(app) {
        let discount = grant(&app, "acme", 605, "amount_off", "100", json!({})).await;
        let body = json!({
            "lines": [machine(), disk(), database()], "combined": true, "discount_id": discount, "auto_pay": true,
        });
        let placed = app.post("acme", ORDERS, body).await.ok(201);
        let combined = placed["order_id"].as_str().unwrap();
        let answer = explained(&app, "acme", combined).await;
        assert_eq!(answer["explains"], "combined_order");
        let orders = list(&answer["orders"]);
        let ids: Vec<&Value> = orders.iter().map(|one| &one["order_id"]).collect();
        assert_eq!(ids, list(&placed["sub_order_ids"]).iter().collect::<Vec<_>>());
        assert_eq!(answer["payable_amount"], placed["amount_after_discount"]);
        let off = orders.iter().flat_map(|one| list(&one["modifiers"]));
        assert_eq!(Number::sum(off, "amount"), Number { num: 100, den: 1 });
        // Each sub-order was paid by a journal of its own.
        let sub = explained(&app, "acme", orders[1]["order_id"].as_str().unwrap()).await;
        assert_eq!((&sub["explains"], &sub["orders"]), (&json!("order"), &json!([orders[1]])));
        app.finish().await;
    }

    async fn what_came_back_is_told_by_the_order_and_by_its_refund_order(app: EXTERNAL) {
        let discount = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let body = json!({"lines": [machine(), disk()], "discount_id": discount, "auto_pay": true});
        let placed = app.post("acme", ORDERS, body).await.ok(201);
        let order = placed["order_id"].as_str().unwrap();
        for item in list(&app.get("operator", "/openbss/v1/provisioning").await.ok(200)["items"]) {
            let what = if item["parent_id"].is_null() { "provisioned" } else { "failed" };
            let path = format!("/openbss/v1/resources/{}/{what}", item["id"].as_str().unwrap());
            let body = if what == "failed" { json!({"reason": "no capacity"}) } else { json!({}) };
            app.post("operator", &path, body).await.ok(200);
        }
        let refunds = app.get("acme", &format!("{LIST}?order_type=4")).await.ok(200);
        let refund = refunds["order_infos"][0]["order_id"].as_str().unwrap();

        let answer = explained(&app, "acme", order).await;
        let told = list(&answer["orders"][0]["refunds"]);
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["order_id"], &told[0]["amount"]), (&json!(refund), &json!("5.04")));
        assert_eq!((&told[0]["funds"][0]["kind"], &told[0]["funds"][0]["amount"]), (&json!("cash"), &json!("5.04")));

        let answer = explained(&app, "acme", refund).await;
        let one = &answer["orders"][0];
        let row = &one["returns"][0];
        assert_eq!((&row["base_order_id"], &row["amount"]), (&json!(order), &json!("-5.04")));
        assert_eq!((&row["kind"], &one["payable_amount"]), (&json!("refund"), &json!("-5.04")));
        assert_eq!((&one["funds"][0]["amount"], &one["funds"][0]["journal_id"]),
            (&json!("-5.04"), &told[0]["funds"][0]["journal_id"]));
        app.finish().await;
    }

    async fn a_coupon_is_a_modifier_and_a_fund_and_gets_back_what_failed(app: EXTERNAL) {
        let discount = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let coupon = issued(&app, "coupons", json!({"face_value": "20.01"})).await;
        let body = json!({
            "lines": [machine(), disk()], "discount_id": discount, "coupon_id": coupon, "auto_pay": true,
        });
        let placed = app.post("acme", ORDERS, body).await.ok(201);
        let order = placed["order_id"].as_str().unwrap();
        let one = explained(&app, "acme", order).await["orders"][0].clone();
        let kinds: Vec<_> = list(&one["modifiers"]).iter().map(|one| one["type"].as_i64().unwrap()).collect();
        assert_eq!(kinds, [605, 301]);
        // 182.07 − 18.21 + 5.60 − 0.56 = 168.90, of which the coupon pays 20.01.
        assert_eq!(one["payable_amount"], "148.89");
        let fund = list(&one["funds"]).iter().find(|fund| fund["kind"] == "coupon").unwrap();
        assert_eq!((&fund["id"], &fund["amount"]), (&json!(coupon), &json!("20.01")));

        for item in list(&app.get("operator", "/openbss/v1/provisioning").await.ok(200)["items"]) {
            let path = format!("/openbss/v1/resources/{}/failed", item["id"].as_str().unwrap());
            app.post("operator", &path, json!({"reason": "no capacity"})).await.ok(200);
        }
        let one = explained(&app, "acme", order).await["orders"][0].clone();
        let back = Number::sum(list(&one["refunds"]), "amount");
        assert_eq!(back, Number::of(&json!("168.9")), "all of it came back");
        for refund in list(&one["refunds"]) {
            let of_refund = explained(&app, "acme", refund["order_id"].as_str().unwrap()).await;
            let of_refund = &of_refund["orders"][0];
            let funds = Number::sum(list(&of_refund["funds"]), "amount");
            assert_eq!(funds, Number::ZERO.minus(Number::of(&refund["amount"])), "{of_refund}");
        }
        app.finish().await;
    }

    async fn every_kind_of_coupon_and_card_is_told(app: CHINA) {
        let discount = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let year = json!({"face_value": "0.8", "coupon_type": 2});
        let benefits = [
            (300, issued(&app, "coupons", year).await),
            (301, issued(&app, "coupons", json!({"face_value": "10"})).await),
            (302, issued(&app, "coupons", json!({"face_value": "7.77", "coupon_type": 4})).await),
            (302, issued(&app, "coupons", json!({"face_value": "3.33", "coupon_type": 4})).await),
            (303, issued(&app, "stored-value-cards", json!({"face_value": "50"})).await),
        ];
        // A payment names three at most (004 8.3.3).
        for (benefits, paid) in [(&benefits[..3], "cash coupon flexi"), (&benefits[3..], "card cash flexi")] {
            let order = place(&app, "acme", json!([machine(), disk(), database()])).await;
            let coupons: Vec<Value> = benefits.iter().map(|(kind, id)| json!({"id": id, "type": kind})).collect();
            app.post("acme", PAY, json!({
                "order_id": order, "use_coupon": "YES", "coupon_infos": coupons,
                "use_discount": "YES", "discount_infos": [{"id": discount, "type": 2}],
            })).await.ok(204);
            let one = explained(&app, "acme", &order).await["orders"][0].clone();
            let told: Vec<_> = list(&one["modifiers"]).iter()
                .map(|one| (one["type"].as_i64().unwrap(), one["id"].as_str().unwrap().to_owned())).collect();
            for benefit in benefits {
                assert!(told.contains(benefit), "{benefit:?} is not among {told:?}");
            }
            let mut kinds: Vec<&str> = list(&one["funds"]).iter().map(|fund| fund["kind"].as_str().unwrap()).collect();
            kinds.sort_unstable();
            assert_eq!(kinds.join(" "), paid);
        }
        app.finish().await;
    }

    async fn an_order_keeps_the_price_version_that_it_was_placed_by(app) {
        let order = place(&app, "acme", json!([machine(), disk()])).await;
        let first = explained(&app, "acme", &order).await;
        let version = reprice(&app, "prices: {month: \"0.14\"}", "prices: {month: \"0.15\"}").await;
        assert_eq!(version, 2);
        assert_eq!(explained(&app, "acme", &order).await, first, "the old catalogue is read again");
        assert_eq!(first["orders"][0]["line_items"][1]["price"]["catalog_version"], 1);
        let later = place(&app, "acme", json!([machine(), disk()])).await;
        let later = explained(&app, "acme", &later).await;
        let price = &later["orders"][0]["line_items"][1]["price"];
        assert_eq!((&price["catalog_version"], &price["exact_amount"]), (&json!(2), &json!("6")));
        // Off the shelf altogether, and still explained.
        reprice(&app, "spec: GPSSD", "spec: GPSSD2").await;
        assert_eq!(explained(&app, "acme", &order).await, first);
        app.finish().await;
    }

    async fn a_yearly_monthly_inquiry_is_explained_to_the_digits_that_it_shows(app) {
        let term = "period_type=2&period_num=14&subscription_num=3";
        let item = inquired(&app, "acme", &query("rds.mysql.s1.medium", term)).await;
        let parts: Vec<_> = list(&item["price"]["parts"]).iter()
            .map(|part| (part["period_type"].as_i64().unwrap(), part["units"].as_str().unwrap())).collect();
        // Fourteen months are a year and two months, three times: (320 + 2 × 32) × 3.
        assert_eq!(parts, [(3, "1"), (2, "2")]);
        assert_eq!((&item["price"]["unit_amount"], &item["payable_amount"]), (&json!("384"), &json!("1152")));
        assert_eq!((&item["modifiers"], &item["product_id"]), (&json!([]), &json!("OFFI779000000000000047")));

        let small = grant(&app, "acme", 605, "ratio", "0.95", json!({})).await;
        let best = grant(&app, "acme", 607, "ratio", "0.3333333333", json!({})).await;
        let item = inquired(&app, "acme", &query("rds.mysql.s1.medium", term)).await;
        assert_eq!(item["modifiers"][0]["id"], best.as_str());
        let product = json!({
            "id": "1", "cloud_service_type": "hws.service.type.rds", "resource_type": "hws.resource.type.rds.instance",
            "resource_spec": "rds.mysql.s1.medium", "region": "ap-southeast-1", "period_type": 2, "period_num": 14,
            "subscription_num": 3,
        });
        let shown = app.post("acme", PERIOD, json!({"project_id": "p", "product_infos": [product]})).await.ok(200);
        for result in list(&shown["optional_discount_rating_results"]) {
            let id = result["discount_id"].as_str().unwrap();
            let term = format!("{term}&discount_id={id}");
            let item = inquired(&app, "acme", &query("rds.mysql.s1.medium", &term)).await;
            for (field, own) in [("amount", "payable_amount"), ("official_website_amount", "official_amount")] {
                assert_eq!(result[field].to_string(), item[own].as_str().unwrap());
            }
            assert_eq!(result["discount_amount"].to_string(), item["modifiers"][0]["amount"].as_str().unwrap());
        }
        let of_customer = format!("{term}&customer_id={}&discount_id={small}", app.domain("acme"));
        let item = inquired(&app, "operator", &query("rds.mysql.s1.medium", &of_customer)).await;
        assert_eq!(item["modifiers"][0]["value"], "0.95");
        let item = inquired(&app, "operator", &query("rds.mysql.s1.medium", term)).await;
        assert_eq!(item["modifiers"], json!([]), "nobody's price is the list price");
        // The master's discounts are its unified member's.
        grant(&app, "globex", 605, "ratio", "0.5", json!({})).await;
        let item = inquired(&app, "globex-ops", &query("rds.mysql.s1.medium", term)).await;
        assert_eq!(item["payable_amount"], "576");
        app.finish().await;
    }

    async fn a_pay_per_use_inquiry_is_explained_from_its_usage(app) {
        let usage = |value: &str, unit: i64, more: &str| {
            format!("usage_factor=duration&usage_value={value}&usage_measure_id={unit}{more}")
        };
        // 100 seconds of 0.066 an hour: no decimal holds it.
        let item = inquired(&app, "acme", &query("rds.mysql.s1.medium", &usage("100", 6, ""))).await;
        let price = &item["price"];
        assert_eq!((&price["usage"]["divisor"], &price["usage"]["units"]), (&json!(3600), &json!("1/36")));
        assert_eq!((&price["exact_amount"], &item["official_amount"]), (&json!("11/6000"), &json!("0.001833")));
        let item = inquired(&app, "acme", &query("rds.mysql.s1.medium", &usage("100", 6, "&inquiry_precision=1"))).await;
        assert_eq!(item["official_amount"], "0.0018333333");

        let calls = "usage_factor=reqNumber&usage_value=12000000&usage_measure_id=14&subscription_num=2";
        let item = inquired(&app, "acme", &query("obs.standard", calls)).await;
        let tiers: Vec<_> = list(&item["price"]["parts"]).iter()
            .map(|part| (part["units"].as_str().unwrap(), part["amount"].as_str().unwrap())).collect();
        assert_eq!(tiers, [("1000000", "1.5"), ("9000000", "10.8"), ("2000000", "2")]);
        assert_eq!(item["official_amount"], "28.6");

        grant(&app, "acme", 605, "ratio", "0.7777777", json!({})).await;
        let product = json!({
            "id": "1", "cloud_service_type": "hws.service.type.rds", "resource_type": "hws.resource.type.rds.instance",
            "resource_spec": "rds.mysql.s1.medium", "region": "ap-southeast-1", "usage_factor": "Duration",
            "usage_value": 1234567, "usage_measure_id": 6, "subscription_num": 3,
        });
        let body = json!({"project_id": "p", "product_infos": [product]});
        let shown = app.post("acme", ON_DEMAND, body).await.ok(200);
        let term = usage("1234567", 6, "&subscription_num=3");
        let item = inquired(&app, "acme", &query("rds.mysql.s1.medium", &term)).await;
        assert_eq!(shown["amount"].to_string(), item["payable_amount"].as_str().unwrap());
        assert_eq!(shown["discount_amount"].to_string(), item["modifiers"][0]["amount"].as_str().unwrap());
        app.finish().await;
    }

    async fn nobody_else_sees_an_explanation(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let unknown = app.get("globex", &format!("{EXPLAIN}?order_id=CS2601151600ABCDEFGH")).await;
        unknown.refused(400, "CBC.30000010");
        for intruder in ["globex", "globex-lab", "lighthouse", "north", "harbor", "summit"] {
            for path in [format!("order_id={order}"), format!("order_line_item_id={order}-000001")] {
                let reply = app.get(intruder, &format!("{EXPLAIN}?{path}")).await;
                assert!(!reply.text().contains(&app.domain("acme")), "{intruder}");
                reply.refused(400, "CBC.30000010");
            }
        }
        // Its partner sees an order, and not which credit line paid it.
        let order = place(&app, "brook", json!([machine()])).await;
        assert_eq!(explained(&app, "summit", &order).await, explained(&app, "brook", &order).await);
        app.get("north", &format!("{EXPLAIN}?order_id={order}")).await.refused(400, "CBC.30000010");
        // A distributor names the reseller whose customer it was.
        let order = place(&app, "lighthouse", json!([machine()])).await;
        let path = format!("{EXPLAIN}?order_id={order}");
        app.get("north", &path).await.refused(400, "CBC.30000010");
        let named = format!("{path}&indirect_partner_id={}", app.domain("harbor"));
        app.get("north", &named).await.ok(200);
        app.get("summit", &named).await.refused(400, "CBC.99000037");
        app.get("acme", &format!("{EXPLAIN}?{}&customer_id={}",
            query("s3.medium.4.linux", "period_type=2&period_num=1"), app.domain("globex"))).await.refused(403, "CBC.0151");
        app.get("north", &format!("{EXPLAIN}?{}", query("s3.medium.4.linux", "period_type=2&period_num=1")))
            .await.refused(403, "CBC.0151");
        app.plain("GET", &path, "", &[]).await.refused(401, "APIG.0301");
        app.finish().await;
    }

    async fn a_member_sees_what_its_master_paid_and_not_from_which_credit_line(app) {
        let lines = json!([with(machine(), "subscription_num", json!(30))]);
        let order = place(&app, "globex-ops", lines).await;
        app.post("globex", PAY, payment(&order)).await.ok(204);
        let of_master = explained(&app, "globex", &order).await;
        let funds = list(&of_master["orders"][0]["funds"]);
        let kinds: Vec<&str> = funds.iter().map(|fund| fund["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["cash", "credit"]);
        assert!(funds[1]["id"].is_string(), "{funds:?}");
        let of_member = explained(&app, "globex-ops", &order).await;
        let mut told = of_member.clone();
        told["orders"][0]["funds"][1]["id"] = funds[1]["id"].clone();
        assert_eq!((told, &of_member["orders"][0]["funds"][1]["id"]), (of_master, &Value::Null));
        app.finish().await;
    }

    async fn a_refusal_names_the_parameter(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        let term = "period_type=2&period_num=1";
        let machine = query("s3.medium.4.linux", term);
        let nobody = "0123456789abcdef0123456789abcdef";
        for (path, field) in [
            (String::new(), "order_id"),
            (format!("order_id={order}&order_line_item_id={order}-000001"), "order_line_item_id"),
            (format!("order_id={order}&period_type=2"), "period_type"),
            (format!("order_id={order}&customer_id=x"), "customer_id"),
            (format!("order_line_item_id={order}-000001&discount_id=x"), "discount_id"),
            (machine.replace("&period_num=1", ""), "period_num"),
            (machine.replace("period_type=2&", ""), "period_type"),
            (machine.replace("region=ap-southeast-1&", ""), "region"),
            (format!("{machine}&usage_factor=Duration"), "usage_factor"),
            (machine.replace("period_type=2", "period_type=7"), "period_type"),
            (format!("{machine}&subscription_num=0"), "subscription_num"),
            (format!("{machine}&discount_id={nobody}"), "discount_id"),
            (query("s3.medium.4.linux", "usage_factor=Duration&usage_measure_id=4"), "usage_value"),
            (query("s3.medium.4.linux", "usage_factor=Duration&usage_value=1"), "usage_measure_id"),
            (query("rds.mysql.s1.medium", "usage_factor=Duration&usage_value=-1&usage_measure_id=4"), "usage_value"),
            (query("GPSSD", term), "resource_size"),
        ] {
            let message = app.get("acme", &format!("{EXPLAIN}?{path}")).await.refused(400, "CBC.0100");
            assert!(message.contains(field), "{path}: {message}");
        }
        let message = app.get("operator", &format!("{EXPLAIN}?{machine}&customer_id={nobody}")).await;
        assert!(message.refused(400, "CBC.0100").contains("customer_id"));
        let message = app.get("acme", &format!("{EXPLAIN}?{}", query("nothing", term))).await;
        assert!(message.refused(400, "CBC.99006006").contains("resource_spec"));
        app.finish().await;
    }
}
