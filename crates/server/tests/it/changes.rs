//! Facts about changes of specification: what they cost by rule 2.6, what they hold, and what a cheaper one gives back.

#[path = "changes/paid.rs"]
mod paid;
#[path = "changes/races.rs"]
mod races;
#[path = "changes/returned.rs"]
mod returned;

use serde_json::{Value, json};

use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{CANCEL, PAY, cash, details, disk, machine, payment, place, status, with};

pub(crate) const QUERY: &str = "/v2/orders/suscriptions/resources/query";

/// A machine for 12 a month, or 120 a year.
pub(crate) fn small() -> Value {
    with(machine(), "resource_spec", json!("s2.small.1.linux"))
}

/// The specification that costs 30 a month, or 300 a year.
pub(crate) const MEDIUM: &str = "s2.medium.4.linux";

/// Asks for a change.
pub(crate) async fn change(app: &TestApp, tenant: &str, id: &str, body: Value) -> Reply {
    app.post(tenant, &format!("/openbss/v1/resources/{id}/change"), body).await
}

/// What the customer sees of its resources: the only one, or the first.
pub(crate) async fn resource(app: &TestApp, tenant: &str, main: bool) -> Value {
    let found = app.post(tenant, QUERY, json!({})).await.ok(200);
    let is_wanted = |one: &&Value| one["is_main_resource"] == i64::from(main);
    found["data"].as_array().unwrap().iter().find(is_wanted).expect("there is one").clone()
}

/// Buys lines, and answers the cloud's name of the primary resource.
pub(crate) async fn bought(app: &TestApp, tenant: &str, lines: Value) -> String {
    let order = place(app, tenant, lines).await;
    app.post(tenant, PAY, payment(&order)).await.ok(204);
    resource(app, tenant, true).await["resource_id"].as_str().unwrap().to_owned()
}

/// Whether the amounts of an order are explained from the catalogue and the books.
pub(crate) async fn explained(app: &TestApp, tenant: &str, order: &str) -> Value {
    let explained = app.get(tenant, &format!("/openbss/v1/explain?order_id={order}")).await.ok(200);
    assert_eq!(explained["adds_up"], true, "{explained:#}");
    explained
}

on_both! {
    // Bought on 15 January at 16:00 for a day, it ends with the 16th: 32 hours are left, and 24 were bought.
    async fn of_days_no_more_are_charged_than_were_bought(app) {
        let mut addon = with(machine(), "cloud_service_type", json!("hws.service.type.vpc"));
        addon["resource_type"] = json!("hws.resource.type.bandwidth.addon");
        addon["resource_spec"] = json!("19_bgp.addon");
        for (field, value) in [("period_type", 0), ("resource_size", 5), ("size_measure_id", 15)] {
            addon[field] = json!(value);
        }
        let id = crate::expiry::buy(&app, "acme", json!([addon])).await.remove(0);
        let asked = change(&app, "acme", &id, json!({"resource_size": 10})).await.ok(201);
        assert_eq!(asked["amount"], "3");
        let order = asked["order_id"].as_str().unwrap();
        let why = explained(&app, "acme", order).await;
        assert_eq!(why["orders"][0]["line_items"][0]["price"]["change"]["units_left"], "1");
        app.post("acme", PAY, payment(order)).await.ok(204);
        // 15 hours of the day are left.
        app.advance_to("2026-01-16T00:20:00Z").await;
        let asked = change(&app, "acme", &id, json!({"resource_size": 18})).await.ok(201);
        assert_eq!(asked["amount"], "3");
        explained(&app, "acme", asked["order_id"].as_str().unwrap()).await;
        app.finish().await;
    }

    // Rule 2.6: until 15 July, changed on 25 June at 18:40, there are left 5 days and 5 hours of June, and 15 days of July.
    async fn an_upgrade_costs_the_difference_for_the_hours_that_are_left(app) {
        app.advance_to("2026-06-15T02:30:00Z").await;
        let id = bought(&app, "acme", json!([small()])).await;
        app.advance_to("2026-06-25T10:40:00Z").await;
        let asked = change(&app, "acme", &id, json!({"resource_spec": MEDIUM})).await.ok(201);
        // 18 × (125/720 + 15/31) = 11.8347
        assert_eq!(asked["amount"], "11.83");
        assert_eq!(asked["status"], 6);
        assert_eq!(asked["currency"], "USD");
        let order = asked["order_id"].as_str().unwrap();
        assert_eq!(resource(&app, "acme", true).await["product_spec_desc"], "通用计算型|s2.small.1|1核|1GB|linux");

        let shown = details(&app, "acme", order).await;
        assert_eq!(shown["order_info"]["order_type"], 3);
        let item = &shown["order_line_items"][0];
        assert_eq!(item["base_product_info"]["product_spec_desc"], "通用计算型|s2.small.1|1核|1GB|linux");
        assert_eq!(item["base_product_info"]["commercial_resource"], "hws.resource.type.vm");
        assert_ne!(item["base_product_info"]["product_id"], item["product_id"]);
        let why = explained(&app, "acme", order).await;
        let price = &why["orders"][0]["line_items"][0]["price"];
        assert_eq!(price["unit_amount"], "30");
        assert_eq!(price["change"]["old_amount"], "12");
        assert_eq!(price["change"]["units_left"], "2935/4464");

        app.post("acme", PAY, payment(order)).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9976.17");
        assert_eq!(status(&app, "acme", order).await, 5);
        let now = resource(&app, "acme", true).await;
        assert_eq!(now["resource_id"], id.as_str());
        assert_eq!(now["expire_time"], "2026-07-15T15:59:59Z");
        assert_ne!(now["product_spec_desc"], "通用计算型|s2.small.1|1核|1GB|linux");
        let item = &details(&app, "acme", order).await["order_line_items"][0];
        assert_eq!(item["effective_time"], "2026-06-25T10:40:00Z");
        assert_eq!(item["expire_time"], "2026-07-15T15:59:59Z");
        explained(&app, "acme", order).await;
        app.finish().await;
    }

    // Days of years of 365, today not counted: 364 of them.
    async fn a_yearly_term_is_counted_in_days(app) {
        let id = bought(&app, "acme", json!([with(small(), "period_type", json!(3))])).await;
        app.advance_to("2026-01-16T08:00:00Z").await;
        let asked = change(&app, "acme", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})).await.ok(201);
        assert_eq!(asked["amount"], "179.51");
        assert_eq!(asked["status"], 5);
        assert_eq!(cash(&app, "acme").await, "9700.49");
        explained(&app, "acme", asked["order_id"].as_str().unwrap()).await;
        app.finish().await;
    }

    async fn an_attached_disk_grows_by_itself(app) {
        bought(&app, "acme", json!([machine(), disk()])).await;
        let disk = resource(&app, "acme", false).await;
        let id = disk["resource_id"].as_str().unwrap();
        let asked = change(&app, "acme", id, json!({"resource_size": 100, "auto_pay": true})).await.ok(201);
        // 60 GB at 0.14 for the month that was bought.
        assert_eq!(asked["amount"], "8.4");
        let now = resource(&app, "acme", false).await;
        assert_eq!(now["spec_size"].to_string(), "100");
        assert_eq!(now["parent_resource_id"], disk["parent_resource_id"]);
        app.finish().await;
    }

    async fn a_renewed_period_is_charged_too(app) {
        let id = bought(&app, "acme", json!([small()])).await;
        let renewal = json!({"resource_ids": [id], "period_type": 2, "period_num": 1, "expire_policy": 0, "is_auto_pay": 1});
        app.post("acme", "/v2/orders/subscriptions/resources/renew", renewal).await.ok(200);
        let asked = change(&app, "acme", &id, json!({"resource_spec": MEDIUM})).await.ok(201);
        // 18 × 2: January from 16:00 on the 15th, February, and March to the 15th are more than was bought.
        assert_eq!(asked["amount"], "36");
        let order = asked["order_id"].as_str().unwrap();
        let price = &explained(&app, "acme", order).await["orders"][0]["line_items"][0]["price"];
        assert_eq!(price["change"]["units_left"], "2");
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await.ok(204);
        // With a day of the first month the gift is gone: 14 days and 8 hours of January are left.
        app.advance_to("2026-01-17T08:00:00Z").await;
        let asked = change(&app, "acme", &id, json!({"resource_spec": MEDIUM})).await.ok(201);
        assert_eq!(asked["amount"], "35.03");
        // The first month is over, and of the second there are 13 days of February and 15 of March.
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": asked["order_id"]}))).await.ok(204);
        app.advance_to("2026-02-15T16:00:00Z").await;
        let asked = change(&app, "acme", &id, json!({"resource_spec": MEDIUM})).await.ok(201);
        assert_eq!(asked["amount"], "17.07");
        app.finish().await;
    }

    // Of a month that is bought on 31 January there are 15.5 hours of January and all of February.
    async fn no_more_is_charged_or_given_back_than_the_months_that_were_bought(app) {
        app.advance_to("2026-01-31T00:30:00Z").await;
        let id = bought(&app, "acme", json!([small()])).await;
        let up = change(&app, "acme", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})).await.ok(201);
        assert_eq!(up["amount"], "18");
        explained(&app, "acme", up["order_id"].as_str().unwrap()).await;
        let down = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        assert_eq!(down["amount"], "-18");
        // Parts of the same month are one term.
        let up = change(&app, "acme", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})).await.ok(201);
        assert_eq!(up["amount"], "18");
        assert_eq!(cash(&app, "acme").await, "9970");
        app.finish().await;
    }

    async fn an_order_that_waits_holds_its_resource_and_keeps_its_price(app) {
        let id = bought(&app, "acme", json!([small()])).await;
        let body = json!({"resource_spec": MEDIUM});
        let asked = change(&app, "acme", &id, body.clone()).await.ok(201);
        let first = asked["order_id"].as_str().unwrap();
        let message = change(&app, "acme", &id, body.clone()).await.refused(400, "CBC.99003100");
        assert!(message.contains(first), "{message}");
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": first}))).await.ok(204);
        let again = change(&app, "acme", &id, body).await.ok(201);
        assert_eq!(again["amount"], asked["amount"]);
        app.advance_to("2026-01-20T08:00:00Z").await;
        let second = again["order_id"].as_str().unwrap();
        app.post("acme", PAY, payment(second)).await.ok(204);
        explained(&app, "acme", second).await;
        let late = change(&app, "acme", &id, json!({"resource_spec": "s3.large.4.linux"})).await.ok(201);
        app.advance_to("2026-02-16T08:00:00Z").await;
        app.post("acme", PAY, payment(late["order_id"].as_str().unwrap())).await.refused(400, "CBC.99003106");
        app.finish().await;
    }

    async fn what_costs_the_same_is_changed_at_once_and_for_nothing(app) {
        let address = with(machine(), "cloud_service_type", json!("hws.service.type.vpc"));
        let address = with(with(address, "resource_type", json!("hws.resource.type.ip")), "resource_spec", json!("5_bgp"));
        let id = bought_free(&app, json!([address])).await;
        let asked = change(&app, "acme", &id, json!({"resource_spec": "5_sbgp"})).await.ok(201);
        assert_eq!((&asked["amount"], &asked["status"]), (&json!("0"), &json!(5)));
        assert_eq!(resource(&app, "acme", true).await["product_spec_desc"], "静态BGP公网IP");
        explained(&app, "acme", asked["order_id"].as_str().unwrap()).await;
        app.finish().await;
    }

    async fn what_cannot_be_changed_says_why(app) {
        let id = bought(&app, "acme", json!([small()])).await;
        let to = |spec: &str| json!({"resource_spec": spec});
        for (tenant, id, body, code) in [
            ("acme", id.as_str(), json!({}), "CBC.0100"),
            ("acme", &id, to("s2.small.1.linux"), "CBC.0100"),
            ("acme", &id, to("no.such"), "CBC.99006006"),
            ("acme", &id, to("s3.small.1.linux.trial"), "CBC.0100"),
            ("acme", "no-such", to(MEDIUM), "CBC.99003012"),
            ("globex", &id, to(MEDIUM), "CBC.99003012"),
        ] {
            change(&app, tenant, id, body.clone()).await.refused(400, code);
        }
        let account = format!("/openbss/v1/accounts/{}", app.domain("acme"));
        app.post("operator", &format!("{account}/freeze"), json!({"reason": "r"})).await.ok(200);
        change(&app, "acme", &id, to(MEDIUM)).await.refused(400, "CBC.7281");
        change(&app, "operator", &id, to(MEDIUM)).await.refused(400, "CBC.7281");
        app.post("operator", &format!("{account}/unfreeze"), json!({})).await.ok(200);
        app.advance_to("2026-02-15T16:00:00Z").await;
        let message = change(&app, "acme", &id, to(MEDIUM)).await.refused(400, "CBC.0101");
        assert!(message.contains("expired"), "{message}");
        app.finish().await;
    }

    async fn the_operator_changes_a_resource_for_its_customer(app) {
        let id = bought(&app, "acme", json!([small()])).await;
        let asked = change(&app, "operator", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})).await.ok(201);
        assert_eq!(asked["status"], 5);
        let shown = details(&app, "acme", asked["order_id"].as_str().unwrap()).await;
        assert_eq!(shown["order_info"]["user_name"], "Operation personnel");
        app.finish().await;
    }
}

/// What costs nothing is there as soon as it is ordered.
async fn bought_free(app: &TestApp, lines: Value) -> String {
    place(app, "acme", lines).await;
    resource(app, "acme", true).await["resource_id"].as_str().unwrap().to_owned()
}
