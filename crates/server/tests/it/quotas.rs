//! Quotas of resources and the capacity of regions.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::accounts::EXTERNAL;
use crate::changes::{MEDIUM, bought, change};
use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{CANCEL, ORDERS, PAY, cash, disk, machine, payment, place, status, with};

const QUOTAS: &str = "/openbss/v1/quotas";
const SPEC: &str = "s3.medium.4.linux";

/// Sets a quota of machines; without a customer the capacity.
async fn set(app: &TestApp, customer: Option<&str>, quota: i64) -> Reply {
    set_of(app, SPEC, customer, quota).await
}

async fn set_of(app: &TestApp, spec: &str, customer: Option<&str>, quota: i64) -> Reply {
    let customer = customer.map(|tenant| app.domain(tenant));
    let body =
        json!({"customer_id": customer, "region": "ap-southeast-1", "resource_spec": spec, "quota": quota});
    app.call("operator", "PUT", QUOTAS, Some(body)).await
}

/// Some machines in one line.
fn machines(number: i64) -> Value {
    with(machine(), "subscription_num", json!(number))
}

async fn buy(app: &TestApp, tenant: &str, lines: Value) -> Reply {
    let order = place(app, tenant, lines).await;
    app.post(tenant, PAY, payment(&order)).await
}

/// Reports the oldest task of the cloud, and answers the name of its resource.
async fn report(app: &TestApp, what: &str) -> String {
    let waiting = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
    let id = waiting["items"][0]["id"].as_str().unwrap().to_owned();
    let body = if what == "failed" { json!({"reason": "r"}) } else { json!({}) };
    app.post("operator", &format!("/openbss/v1/resources/{id}/{what}"), body).await.ok(200);
    id
}

/// What a refused request says of its lines: specification and reason of each.
fn short(reply: &Reply) -> Vec<String> {
    let body = reply.json();
    assert_eq!((reply.status, body["error_code"].as_str().unwrap()), (400, "CBC.99003141"), "{body}");
    let infos = body["quota_infos"].as_array().unwrap();
    infos
        .iter()
        .map(|info| format!("{} {}", info["resource_spec_code"].as_str().unwrap(), info["auth_result"]))
        .collect()
}

/// Takes a specification off sale.
async fn take_off_sale(app: &TestApp, spec: &str) {
    let path = "/openbss/v1/catalog";
    let json = [("accept", "application/json")];
    let mut catalogue = app.signed(&app.key("operator"), "GET", path, "", &json).await.ok(200);
    let products = catalogue["products"].as_array_mut().unwrap();
    for product in products.iter_mut().filter(|product| product["spec"] == spec) {
        product["flags"] = json!(["off_sale"]);
    }
    app.call("operator", "PUT", path, Some(catalogue)).await.ok(200);
}

on_both! {
    async fn a_quota_limits_what_one_customer_has(app) {
        set(&app, Some("acme"), 2).await.ok(200);
        let order = place(&app, "acme", json!([machines(3), disk()])).await;
        let reply = app.post("acme", PAY, payment(&order)).await;
        assert_eq!(short(&reply), [format!("{SPEC} 1")]);
        let info = &reply.json()["quota_infos"][0];
        assert_eq!(info["region"], "ap-southeast-1");
        assert_eq!(info["service_type_code"], "hws.service.type.ec2");
        assert_eq!(info["resource_type_code"], "hws.resource.type.vm");
        assert!(info["service_type_name"].is_string() && info["resource_type_name"].is_string(), "{info}");
        assert_eq!(info["available_zone"], Value::Null);
        assert_eq!(cash(&app, "acme").await, "10000");
        assert_eq!(status(&app, "acme", &order).await, 6);
        buy(&app, "acme", json!([machines(2), disk()])).await.ok(204);
        assert_eq!(short(&buy(&app, "acme", json!([machine()])).await), [format!("{SPEC} 1")]);
        // Another customer, and another specification, have room.
        buy(&app, "globex", json!([machines(3)])).await.ok(204);
        buy(&app, "acme", json!([with(machine(), "resource_spec", json!("s3.small.1.linux"))])).await.ok(204);
        set(&app, Some("acme"), 3).await.ok(200);
        app.post("acme", PAY, payment(&order)).await.refused(400, "CBC.99003141");
        buy(&app, "acme", json!([machine()])).await.ok(204);
        app.finish().await;
    }

    async fn a_capacity_limits_what_all_have_and_a_quota_is_told_first(app) {
        set(&app, None, 2).await.ok(200);
        buy(&app, "acme", json!([machine()])).await.ok(204);
        assert_eq!(short(&buy(&app, "globex", json!([machines(2)])).await), [format!("{SPEC} 2")]);
        set(&app, Some("globex"), 1).await.ok(200);
        assert_eq!(short(&buy(&app, "globex", json!([machines(2)])).await), [format!("{SPEC} 1")]);
        buy(&app, "globex", json!([machine()])).await.ok(204);
        let unpaid = app.post("acme", ORDERS, json!({"lines": [machine()], "auto_pay": true})).await.ok(201);
        assert_eq!(unpaid["status"], 6);
        app.finish().await;
    }

    async fn a_line_that_does_not_fit_takes_no_room_from_the_next(app) {
        set(&app, Some("acme"), 3).await.ok(200);
        let reply = buy(&app, "acme", json!([machines(2), machines(2), machine()])).await;
        assert_eq!(short(&reply), [format!("{SPEC} 1")]);
        let reply = buy(&app, "acme", json!([machines(2), machines(2), machines(2)])).await;
        assert_eq!(short(&reply), [format!("{SPEC} 1"), format!("{SPEC} 1")]);
        app.finish().await;
    }

    async fn what_waits_for_the_cloud_counts_and_what_failed_does_not(app: EXTERNAL) {
        set(&app, Some("acme"), 1).await.ok(200);
        buy(&app, "acme", json!([machine()])).await.ok(204);
        assert_eq!(short(&buy(&app, "acme", json!([machine()])).await), [format!("{SPEC} 1")]);
        let waiting = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let id = waiting["items"][0]["id"].as_str().unwrap();
        app.post("operator", &format!("/openbss/v1/resources/{id}/failed"), json!({"reason": "r"})).await.ok(200);
        buy(&app, "acme", json!([machine()])).await.ok(204);
        app.finish().await;
    }

    // Whichever way it goes: large machines cost 60 a month, these 182.07 and small ones 12.
    async fn a_change_needs_room_as_a_purchase_does(app) {
        set(&app, Some("acme"), 0).await.ok(200);
        set_of(&app, "s3.small.1.linux", Some("acme"), 0).await.ok(200);
        let large = bought(&app, "acme", json!([with(machine(), "resource_spec", json!("s3.large.4.linux"))])).await;
        let asked = change(&app, "acme", &large, json!({"resource_spec": SPEC})).await.ok(201);
        let order = asked["order_id"].as_str().unwrap();
        assert_eq!(short(&app.post("acme", PAY, payment(order)).await), [format!("{SPEC} 1")]);
        assert_eq!((status(&app, "acme", order).await, cash(&app, "acme").await), (json!(6), "9940".to_owned()));
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await.ok(204);
        let asked = change(&app, "acme", &large, json!({"resource_spec": SPEC, "auto_pay": true})).await.ok(201);
        assert_eq!((&asked["status"], &asked["payment_error"]["error_code"]), (&json!(6), &json!("CBC.99003141")));
        let order = asked["order_id"].as_str().unwrap();
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await.ok(204);

        let cheaper = json!({"resource_spec": "s3.small.1.linux"});
        let refused = change(&app, "acme", &large, cheaper.clone()).await;
        assert_eq!(short(&refused), ["s3.small.1.linux 1"]);
        assert!(refused.json()["error_msg"].as_str().unwrap().contains(&large));
        set_of(&app, "s3.small.1.linux", None, 0).await.ok(200);
        set_of(&app, "s3.small.1.linux", Some("acme"), 1).await.ok(200);
        assert_eq!(short(&change(&app, "acme", &large, cheaper.clone()).await), ["s3.small.1.linux 2"]);
        assert_eq!(cash(&app, "acme").await, "9940");
        set_of(&app, "s3.small.1.linux", None, 1).await.ok(200);
        assert_eq!(change(&app, "acme", &large, cheaper).await.ok(201)["status"], 5);
        app.finish().await;
    }

    async fn a_change_counts_while_it_waits_for_the_cloud_and_not_once_it_failed(app: EXTERNAL) {
        // One is paid for, and one gives back.
        for (from, spec, is_paid) in [("s3.large.4.linux", SPEC, true), (MEDIUM, "s2.small.1.linux", false)] {
            let line = with(machine(), "resource_spec", json!(from));
            let mut ids = Vec::new();
            for _ in 0..2 {
                buy(&app, "acme", json!([line])).await.ok(204);
                ids.push(report(&app, "provisioned").await);
            }
            set_of(&app, spec, Some("acme"), 1).await.ok(200);
            let to = json!({"resource_spec": spec, "auto_pay": true});
            assert_eq!(change(&app, "acme", &ids[0], to.clone()).await.ok(201)["status"], 3);
            // It is not there yet, and has the only room.
            let second = change(&app, "acme", &ids[1], to.clone()).await;
            if is_paid {
                let asked = second.ok(201);
                assert_eq!(asked["payment_error"]["error_code"], "CBC.99003141");
                app.call("acme", "PUT", CANCEL, Some(json!({"order_id": asked["order_id"]}))).await.ok(204);
            } else {
                assert_eq!(short(&second), [format!("{spec} 1")]);
            }
            let another = with(machine(), "resource_spec", json!(spec));
            assert_eq!(short(&buy(&app, "acme", json!([another])).await), [format!("{spec} 1")]);
            report(&app, "failed").await;
            assert_eq!(change(&app, "acme", &ids[1], to).await.ok(201)["status"], 3);
            report(&app, "provisioned").await;
            assert_eq!(short(&buy(&app, "acme", json!([another])).await), [format!("{spec} 1")]);
        }
        app.finish().await;
    }

    async fn what_was_taken_off_sale_meanwhile_cannot_be_paid(app) {
        let order = place(&app, "acme", json!([machine(), disk(), with(disk(), "attached_to_line", Value::Null)])).await;
        take_off_sale(&app, SPEC).await;
        let reply = app.post("acme", PAY, payment(&order)).await;
        assert_eq!(short(&reply), [format!("{SPEC} 3"), "GPSSD 4".to_owned()]);
        app.finish().await;
    }

    async fn payments_at_once_never_take_the_last_room_together(app) {
        set(&app, None, 3).await.ok(200);
        let mut orders = Vec::new();
        for tenant in ["acme", "globex", "acme", "globex", "acme", "globex"] {
            orders.push((tenant, place(&app, tenant, json!([machine()])).await));
        }
        let app = Arc::new(app);
        let paying: Vec<_> = orders.into_iter().map(|(tenant, order)| {
            let app = app.clone();
            tokio::spawn(async move { app.post(tenant, PAY, payment(&order)).await })
        }).collect();
        let mut paid = 0;
        for one in paying {
            let reply = one.await.unwrap();
            match reply.status {
                204 => paid += 1,
                _ => assert_eq!(short(&reply), [format!("{SPEC} 2")]),
            }
        }
        assert_eq!(paid, 3);
        Arc::into_inner(app).unwrap().finish().await;
    }

    async fn quotas_are_set_listed_and_deleted(app) {
        let capacity = set(&app, None, 5).await.ok(200);
        assert_eq!(capacity, json!({
            "customer_id": null, "region": "ap-southeast-1", "resource_spec": SPEC, "quota": 5,
            "update_time": "2026-01-15T08:00:00Z",
        }));
        set(&app, Some("acme"), 2).await.ok(200);
        set(&app, Some("acme"), 0).await.ok(200);
        let all = app.get("operator", QUOTAS).await.ok(200);
        assert_eq!(all["total_count"], 2);
        assert_eq!(all["quotas"][0], capacity);
        let acme = app.domain("acme");
        let own = app.get("operator", &format!("{QUOTAS}?customer_id={acme}")).await.ok(200);
        assert_eq!((&own["total_count"], &own["quotas"][0]["quota"]), (&json!(1), &json!(0)));
        assert_eq!(short(&buy(&app, "acme", json!([machine()])).await), [format!("{SPEC} 1")]);
        let of = format!("region=ap_southeast_1&resource_spec={SPEC}");
        app.call("operator", "DELETE", &format!("{QUOTAS}?{of}&customer_id={acme}"), None).await.ok(204);
        buy(&app, "acme", json!([machine()])).await.ok(204);
        app.call("operator", "DELETE", &format!("{QUOTAS}?{of}"), None).await.ok(204);
        let message = app.call("operator", "DELETE", &format!("{QUOTAS}?{of}"), None).await.refused(400, "CBC.0100");
        assert!(message.contains("resource_spec has no such quota"), "{message}");
        for (field, value) in [
            ("customer_id", json!("nobody")), ("customer_id", json!(app.domain("north"))), ("region", json!("moon-1")),
            ("resource_spec", json!("no.such")), ("quota", json!(-1)), ("quota", Value::Null),
        ] {
            let body = with(json!({"region": "ap-southeast-1", "resource_spec": SPEC, "quota": 1}), field, value);
            let message = app.call("operator", "PUT", QUOTAS, Some(body.clone())).await.refused(400, "CBC.0100");
            assert!(message.contains(field), "{body}: {message}");
        }
        app.get("acme", QUOTAS).await.refused(403, "CBC.0151");
        app.finish().await;
    }
}
