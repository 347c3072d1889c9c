//! Facts about ways of paying that change: pay-per-use to yearly/monthly and back, and trials that become commercial.

use serde_json::{Value, json};

use crate::accounts::{disk as sized, top_ups};
use crate::changes::{QUERY, bought, explained, resource};
use crate::expiry::told;
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{CANCEL, PAY, cash, details, disk, machine, payment, place, status, with};
use crate::paying::{CHINA, coupon, coupon_is, pay_with};

pub(crate) const REGISTER: &str = "/openbss/v1/on-demand-resources";
const INSTANTLY: &str = "/v2/orders/subscriptions/resources/to-on-demand/instantly";

/// Registers a machine that costs 182.07 a month, or what else is said.
pub(crate) async fn register(app: &TestApp, tenant: &str, more: Value) -> Value {
    let mut body = json!({
        "customer_id": app.domain(tenant),
        "cloud_service_type": "hws.service.type.ec2",
        "resource_type": "hws.resource.type.vm",
        "resource_spec": "s3.medium.4.linux",
        "region": "ap-southeast-1",
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    app.post("operator", REGISTER, body).await.ok(201)
}

pub(crate) async fn listed(app: &TestApp, tenant: &str) -> Vec<Value> {
    let body = app.get(tenant, REGISTER).await.ok(200);
    let found = body["resources"].as_array().unwrap().clone();
    assert_eq!(body["total_count"], found.len());
    found
}

pub(crate) fn for_months(number: i64, more: Value) -> Value {
    let mut body = json!({"period_type": 2, "period_num": number});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

on_both! {
    async fn pay_per_use_resources_are_registered_listed_and_released(app) {
        let one = register(&app, "acme", json!({"resource_id": "vm-1", "resource_name": "web"})).await;
        assert_eq!((&one["resource_id"], &one["begin_time"]), (&json!("vm-1"), &json!("2026-01-15T08:00:00Z")));
        let other = register(&app, "globex", json!({"resource_id": "vm-1"})).await;
        assert_eq!(listed(&app, "acme").await, std::slice::from_ref(&one));
        assert_eq!(listed(&app, "operator").await.len(), 2);
        let path = format!("{REGISTER}?customer_id={}", app.domain("globex"));
        assert_eq!(app.get("operator", &path).await.ok(200)["resources"][0]["id"], other["id"]);
        app.get("acme", &path).await.refused(403, "CBC.0151");
        // Two customers have a resource of this name.
        app.call("operator", "DELETE", &format!("{REGISTER}/vm-1"), None).await.refused(400, "CBC.0101");
        let path = format!("{REGISTER}/{}", one["id"].as_str().unwrap());
        app.call("operator", "DELETE", &path, None).await.ok(204);
        app.call("operator", "DELETE", &path, None).await.refused(400, "CBC.99003012");
        assert!(listed(&app, "acme").await.is_empty());
        app.call("operator", "DELETE", &format!("{REGISTER}/vm-1"), None).await.ok(204);
        app.finish().await;
    }

    async fn what_is_registered_is_sold_by_use_and_its_name_is_free(app) {
        register(&app, "acme", json!({"resource_id": "vm-1"})).await;
        let base = json!({
            "customer_id": app.domain("acme"), "cloud_service_type": "hws.service.type.ebs",
            "resource_type": "hws.resource.type.volume", "resource_spec": "SSD", "region": "ap-southeast-1",
            "resource_size": 40, "size_measure_id": 17,
        });
        for (field, value, code, named) in [
            ("resource_id", json!("vm-1"), "CBC.0100", "resource_id"),
            ("customer_id", json!(app.domain("north")), "CBC.0100", "customer_id"),
            ("resource_spec", json!("none"), "CBC.99006006", "resource_spec"),
            ("resource_size", Value::Null, "CBC.0100", "resource_size"),
            ("size_measure_id", json!(15), "CBC.0100", "size_measure_id"),
            ("region", json!("nowhere"), "CBC.99006006", "region"),
        ] {
            let message = app.post("operator", REGISTER, with(base.clone(), field, value)).await.refused(400, code);
            assert!(message.contains(named), "{message}");
        }
        let address = with(with(base, "cloud_service_type", json!("hws.service.type.obs")), "resource_type", json!("hws.resource.type.obs.package"));
        let message = app.post("operator", REGISTER, with(address, "resource_spec", json!("obs.storage.40gb"))).await.refused(400, "CBC.99006006");
        assert!(message.contains("pay-per-use"), "{message}");
        app.finish().await;
    }

    async fn a_name_of_the_cloud_is_of_one_resource_of_a_customer(app: crate::accounts::EXTERNAL) {
        let order = place(&app, "acme", json!([machine(), machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        register(&app, "acme", json!({"resource_id": "vm-1"})).await;
        let waiting = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let [one, other] = [0, 1].map(|at| {
            let id = waiting["items"][at]["id"].as_str().unwrap().to_owned();
            (format!("/openbss/v1/resources/{id}/provisioned"), id)
        });
        let message = app.post("operator", &one.0, json!({"resource_id": "vm-1"})).await.refused(400, "CBC.0100");
        assert!(message.contains("resource_id"), "{message}");
        // Without a name of the cloud's ours is its name.
        register(&app, "acme", json!({"resource_id": other.1})).await;
        app.post("operator", &other.0, json!({})).await.refused(400, "CBC.0100");
        app.post("operator", &one.0, json!({"resource_id": "vm-2"})).await.ok(200);
        app.post("operator", &other.0, json!({"resource_id": "vm-3"})).await.ok(200);
        app.finish().await;
    }

    async fn of_registrations_of_one_name_at_once_one_is_made(app) {
        let body = json!({
            "customer_id": app.domain("acme"), "cloud_service_type": "hws.service.type.ec2",
            "resource_type": "hws.resource.type.vm", "resource_spec": "s3.medium.4.linux",
            "region": "ap-southeast-1", "resource_id": "vm-1",
        });
        let ask = || app.post("operator", REGISTER, body.clone());
        let (one, two, three, four) = tokio::join!(ask(), ask(), ask(), ask());
        let mut statuses = [one.status, two.status, three.status, four.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 400, 400, 400]);
        assert_eq!(listed(&app, "acme").await.len(), 1);
        app.finish().await;
    }

    async fn a_pay_per_use_resource_becomes_monthly_when_its_order_is_paid(app) {
        let used = register(&app, "acme", json!({"resource_id": "vm-1", "resource_name": "web"})).await;
        let asked = app.post("acme", &format!("{REGISTER}/vm-1/to-period"), for_months(2, json!({"auto_renew": true}))).await.ok(201);
        assert_eq!((asked["amount"].as_str(), &asked["status"]), (Some("364.14"), &json!(6)));
        let order = asked["order_id"].as_str().unwrap();
        assert_eq!(details(&app, "acme", order).await["order_info"]["order_type"], 11);
        // It waits, and nothing else can be done with the resource.
        let id = used["id"].as_str().unwrap();
        app.post("acme", &format!("{REGISTER}/{id}/to-period"), for_months(1, json!({}))).await.refused(400, "CBC.99003100");
        app.call("operator", "DELETE", &format!("{REGISTER}/{id}"), None).await.refused(400, "CBC.99003100");
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await.ok(204);
        app.post("globex", &format!("{REGISTER}/{id}/to-period"), for_months(1, json!({}))).await.refused(400, "CBC.99003012");

        let asked = app.post("acme", &format!("{REGISTER}/{id}/to-period"), for_months(1, json!({"auto_pay": true}))).await.ok(201);
        assert_eq!((asked["amount"].as_str(), &asked["status"]), (Some("182.07"), &json!(5)));
        assert_eq!(cash(&app, "acme").await, "9817.93");
        let now = resource(&app, "acme", true).await;
        assert_eq!((&now["resource_id"], &now["resource_name"]), (&json!("vm-1"), &json!("web")));
        assert_eq!((&now["status"], &now["expire_time"]), (&json!(2), &json!("2026-02-15T15:59:59Z")));
        assert!(listed(&app, "acme").await.is_empty());
        explained(&app, "acme", asked["order_id"].as_str().unwrap()).await;
        app.finish().await;
    }

    async fn a_yearly_resource_is_pay_per_use_at_once_and_yearly_again(app: CHINA) {
        let id = bought(&app, "acme", json!([machine(), disk()])).await;
        let before = cash(&app, "acme").await;
        let done = app.post("acme", INSTANTLY, json!({"resource_ids": [id]})).await.ok(200);
        let result = &done["to_ondemand_service_results"][0];
        assert_eq!((&result["resource_id"], &result["result"]), (&json!(id), &json!("SUCCESS")));
        let order = result["order_id"].as_str().unwrap();
        let shown = details(&app, "acme", order).await;
        // Nothing of the first hour is used, and there is no fee.
        assert_eq!(shown["order_info"]["order_type"], 10);
        assert_eq!(shown["order_info"]["amount_after_discount"].to_string(), "-187.67");
        assert_eq!(shown["order_info"]["amount_info"]["commission_amount"].to_string(), "0");
        assert_eq!((before.as_str(), cash(&app, "acme").await.as_str()), ("9812.33", "10000"));
        explained(&app, "acme", order).await;
        assert_eq!(app.post("acme", QUERY, json!({})).await.ok(200)["total_count"], 0);
        let used = listed(&app, "acme").await;
        assert_eq!(used.len(), 2);
        let main = used.iter().find(|one| one["resource_id"] == id.as_str()).unwrap();
        let child = used.iter().find(|one| one["parent_id"] == main["id"]).unwrap();

        // What is attached follows its primary.
        let child = child["resource_id"].as_str().unwrap();
        app.post("acme", &format!("{REGISTER}/{child}/to-period"), for_months(1, json!({}))).await.refused(400, "CBC.0100");
        let again = app.post("acme", &format!("{REGISTER}/{id}/to-period"), for_months(1, json!({"auto_pay": true}))).await.ok(201);
        assert_eq!(again["amount"], "187.67");
        assert_eq!(cash(&app, "acme").await, before);
        assert_eq!(resource(&app, "acme", false).await["parent_resource_id"], id.as_str());
        // And once more: the name stays, and each of our ids is used once.
        let done = app.post("acme", INSTANTLY, json!({"resource_ids": [id]})).await.ok(200);
        assert_eq!(done["to_ondemand_service_results"][0]["result"], "SUCCESS");
        app.post("acme", &format!("{REGISTER}/{id}/to-period"), for_months(1, json!({"auto_pay": true}))).await.ok(201);
        assert_eq!(resource(&app, "acme", true).await["resource_id"], id.as_str());
        app.finish().await;
    }

    async fn both_ways_of_turning_are_told_to_webhooks(app: CHINA) {
        let id = bought(&app, "acme", json!([machine(), disk()])).await;
        app.post("acme", "/openbss/v1/webhooks", json!({"url": "http://127.0.0.1:9/", "events": ["resource.to_on_demand", "resource.to_period"]})).await.ok(201);
        let done = app.post("acme", INSTANTLY, json!({"resource_ids": [id]})).await.ok(200);
        assert_eq!(done["to_ondemand_service_results"][0]["result"], "SUCCESS");
        assert_eq!(told(&app, "webhook").await, ["resource.to_on_demand", "resource.to_on_demand"]);
        let order = app.post("acme", &format!("{REGISTER}/{id}/to-period"), for_months(1, json!({}))).await.ok(201)["order_id"].clone();
        assert_eq!(told(&app, "webhook").await.len(), 2, "it is not paid");
        app.post("acme", PAY, payment(order.as_str().unwrap())).await.ok(204);
        assert_eq!(told(&app, "webhook").await[2..], ["resource.to_period", "resource.to_period"]);
        let outbox = app.get("operator", "/openbss/v1/sandbox/outbox?limit=1000").await.ok(200);
        let data = |what: &str| -> Vec<Value> {
            let body = |item: &Value| serde_json::from_str::<Value>(item["body"].as_str().unwrap()).unwrap();
            let items = outbox["items"].as_array().unwrap().iter().filter(|item| item["subject"] == what);
            items.map(|item| body(item)["data"].clone()).collect()
        };
        for one in data("resource.to_on_demand") {
            assert_eq!((&one["reason"], &one["status"]), (&json!("instantly"), &json!(3)), "{one}");
            assert_eq!(one["expire_time"], "2026-01-15T08:00:00Z");
        }
        for one in data("resource.to_period") {
            assert_eq!((&one["order_id"], &one["expire_time"]), (&order, &json!("2026-02-15T15:59:59Z")), "{one}");
        }
        app.finish().await;
    }

    // 31 days and 8 hours, of which 9 days and 18 hours are used.
    async fn what_is_left_goes_back_without_a_fee_and_without_the_cash_coupon(app: CHINA) {
        let paper = coupon(&app, "acme", "82.07", &[]).await;
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, pay_with(&order, None, &[(&paper, 301)])).await.ok(204);
        let id = resource(&app, "acme", true).await["resource_id"].clone();
        app.advance_to("2026-01-25T02:40:00Z").await;
        let done = app.post("acme", INSTANTLY, json!({"resource_ids": [id, "none", id]})).await.ok(200);
        let results = done["to_ondemand_service_results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        assert_eq!((&results[1]["result"], &results[1]["error_code"]), (&json!("FAIL"), &json!("CBC.99003012")));
        let shown = details(&app, "acme", results[0]["order_id"].as_str().unwrap()).await;
        // 100 × 234 / 752 = 31.12 are used.
        assert_eq!(shown["order_info"]["amount_after_discount"].to_string(), "-68.88");
        assert_eq!(shown["order_info"]["amount_info"]["consumed_amount"].to_string(), "31.12");
        assert_eq!(coupon_is(&app, "acme", &paper).await, "3 0");
        app.finish().await;
    }

    async fn terms_to_come_go_back_whole(app: CHINA) {
        let id = bought(&app, "acme", json!([machine()])).await;
        let renewal = json!({"resource_ids": [id], "period_type": 2, "period_num": 3, "is_auto_pay": 1});
        app.post("acme", "/v2/orders/subscriptions/resources/renew", renewal).await.ok(200);
        app.advance_to("2026-01-25T02:40:00Z").await;
        let done = app.post("acme", INSTANTLY, json!({"resource_ids": [id]})).await.ok(200);
        let shown = details(&app, "acme", done["to_ondemand_service_results"][0]["order_id"].as_str().unwrap()).await;
        // 546.21 of the renewal, and 182.07 less 56.65.
        assert_eq!(shown["order_info"]["amount_after_discount"].to_string(), "-671.63");
        app.finish().await;
    }

    // Rule 2.5 asks for approval where something is given up.
    async fn a_large_refund_needs_no_approval(app: CHINA) {
        app.post("operator", &top_ups(&app, "acme"), json!({"amount": "100000", "trans_id": "t"})).await.ok(201);
        let attached = with(sized(1_500_000), "attached_to_line", json!(0));
        let mut lines = vec![attached; 5];
        lines[0] = with(machine(), "period_type", json!(3));
        let id = bought(&app, "acme", json!(lines)).await;
        let done = app.post("acme", INSTANTLY, json!({"resource_ids": [id]})).await.ok(200);
        let result = &done["to_ondemand_service_results"][0];
        assert_eq!(result["result"], "SUCCESS");
        assert_eq!(status(&app, "acme", result["order_id"].as_str().unwrap()).await, 5);
        assert_eq!(listed(&app, "acme").await.len(), 5);
        assert_eq!(cash(&app, "acme").await, "110000");
        app.finish().await;
    }

    async fn what_cannot_turn_pay_per_use_says_why(app: CHINA) {
        let id = bought(&app, "acme", json!([machine(), disk()])).await;
        let child = resource(&app, "acme", false).await["resource_id"].clone();
        let code = async |ids: Value| {
            let done = app.post("acme", INSTANTLY, json!({"resource_ids": ids})).await.ok(200);
            let result = done["to_ondemand_service_results"][0].clone();
            assert_eq!((&result["result"], &result["order_id"]), (&json!("FAIL"), &Value::Null));
            result["error_code"].as_str().unwrap().to_owned()
        };
        assert_eq!(code(json!([child])).await, "CBC.0100");
        let waiting = app.post("acme", "/v2/orders/subscriptions/resources/renew", json!({"resource_ids": [id], "period_type": 2, "period_num": 1})).await.ok(200);
        assert_eq!(code(json!([id])).await, "CBC.99003623");
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": waiting["order_ids"][0]}))).await.ok(204);
        app.post("acme", INSTANTLY, json!({"resource_ids": vec!["x"; 11]})).await.refused(400, "CBC.0100");
        let account = format!("/openbss/v1/accounts/{}", app.domain("acme"));
        app.post("operator", &format!("{account}/freeze"), json!({"reason": "r"})).await.ok(200);
        app.post("acme", INSTANTLY, json!({"resource_ids": [id]})).await.refused(400, "CBC.99003626");
        app.post("operator", &format!("{account}/unfreeze"), json!({})).await.ok(200);
        app.advance_to("2026-02-15T16:00:00Z").await;
        assert_eq!(code(json!([id])).await, "CBC.99003610");
        app.finish().await;
    }

    async fn a_trial_becomes_commercial_from_the_payment_on(app) {
        let trial = with(machine(), "resource_spec", json!("s3.small.1.linux.trial"));
        place(&app, "acme", json!([trial])).await;
        let id = resource(&app, "acme", true).await["resource_id"].as_str().unwrap().to_owned();
        let path = format!("/openbss/v1/resources/{id}/to-commercial");
        // A trial is neither renewed nor changed.
        let renewal = json!({"resource_ids": [id], "period_type": 2, "period_num": 1});
        assert!(app.post("acme", "/v2/orders/subscriptions/resources/renew", renewal).await.status == 400);
        app.post("acme", &format!("/openbss/v1/resources/{id}/change"), json!({"resource_spec": "s3.small.1.linux"})).await.refused(400, "CBC.0101");
        app.post("acme", &path, for_months(1, json!({}))).await.refused(400, "CBC.0100");

        app.advance_to("2026-01-31T10:00:00Z").await;
        let to = json!({"resource_spec": "s3.small.1.linux", "auto_renew": true});
        let asked = app.post("acme", &path, for_months(1, to.clone())).await.ok(201);
        assert_eq!((asked["amount"].as_str(), &asked["status"]), (Some("9.6"), &json!(6)));
        let order = asked["order_id"].as_str().unwrap();
        app.post("acme", &path, for_months(1, to)).await.refused(400, "CBC.99003100");
        app.post("acme", PAY, payment(order)).await.ok(204);
        assert_eq!(status(&app, "acme", order).await, 5);
        assert_eq!(cash(&app, "acme").await, "9990.4");
        let shown = details(&app, "acme", order).await;
        assert_eq!(shown["order_info"]["order_type"], 14);
        assert!(shown["order_line_items"][0]["base_product_info"].is_object());
        let now = resource(&app, "acme", true).await;
        assert_eq!((&now["resource_id"], &now["expire_time"]), (&json!(id), &json!("2026-02-28T15:59:59Z")));
        assert_eq!(now["expire_policy"], 3);
        explained(&app, "acme", order).await;
        // Commercial once and for all.
        app.post("acme", &path, for_months(1, json!({"resource_spec": "s3.small.1.linux"}))).await.refused(400, "CBC.0101");
        let back = app.post("acme", "/v2/orders/subscriptions/resources/unsubscribe", json!({"resource_ids": [id], "unsubscribe_type": 1})).await.ok(200);
        let refund = details(&app, "acme", back["order_ids"][0].as_str().unwrap()).await;
        assert_eq!(refund["order_info"]["amount_after_discount"].to_string(), "-8.64");
        app.finish().await;
    }

    async fn what_has_not_begun_cannot_turn_pay_per_use(app: CHINA) {
        let body = json!({"lines": [machine()], "auto_pay": true, "effective_time": "2026-03-01T00:00:00Z"});
        app.post("acme", "/openbss/v1/orders", body).await.ok(201);
        let id = resource(&app, "acme", true).await["resource_id"].clone();
        let done = app.post("acme", INSTANTLY, json!({"resource_ids": [id]})).await.ok(200);
        assert_eq!(done["to_ondemand_service_results"][0]["error_code"], "CBC.99003609");
        app.finish().await;
    }

    async fn what_has_an_invoice_stays_what_it_is(app: CHINA) {
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let id = resource(&app, "acme", true).await["resource_id"].clone();
        let path = format!("/openbss/v1/orders/{order}/invoice");
        for (is_invoiced, wanted) in [(true, json!("CBC.99003643")), (false, json!(null))] {
            app.call("operator", "PUT", &path, Some(json!({"is_invoiced": is_invoiced}))).await.ok(200);
            let done = app.post("acme", INSTANTLY, json!({"resource_ids": [id]})).await.ok(200);
            assert_eq!(done["to_ondemand_service_results"][0]["error_code"], wanted);
        }
        app.finish().await;
    }
}
