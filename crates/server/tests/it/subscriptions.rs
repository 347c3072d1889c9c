//! Resources, and the cloud that provides them.

use domain::site::Site;
use serde_json::{Value, json};
use server::app::Provisioner;

use crate::harness::{Options, TestApp};
use crate::on_both;
use crate::orders::{LIST, PAY, cash, details, disk, machine, payment, place, status, with};

const QUERY: &str = "/v2/orders/suscriptions/resources/query";
const PROVISIONING: &str = "/openbss/v1/provisioning";

const EXTERNAL: Options =
    Options { site: Site::Intl, provisioner: Provisioner::External, throttle: false, is_sandbox: true };

async fn report(app: &TestApp, id: &str, what: &str, body: Value) -> crate::harness::Reply {
    app.post("operator", &format!("/openbss/v1/resources/{id}/{what}"), body).await
}

/// What waits for the cloud: ids, what has waited longest first.
async fn waiting(app: &TestApp) -> Vec<String> {
    let body = app.get("operator", PROVISIONING).await.ok(200);
    let items = body["items"].as_array().unwrap();
    assert_eq!(body["total_count"], items.len());
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// How many resources a query finds, or the error code.
async fn count(app: &TestApp, body: Value) -> String {
    let reply = app.post("acme", QUERY, body).await;
    match reply.status {
        200 => reply.json()["total_count"].to_string(),
        _ => reply.json()["error_code"].as_str().unwrap().to_owned(),
    }
}

on_both! {
    async fn every_filter_and_absence_of_the_query_means_what_is_documented(app) {
        let order = place(&app, "acme", json!([machine(), disk(), with(machine(), "period_type", json!(3))])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let all = app.post("acme", QUERY, json!({"limit": 500})).await.ok(200);
        let data = all["data"].as_array().unwrap();
        let primary = data.iter().find(|one| one["expire_time"] == "2026-02-15T15:59:59Z" && one["is_main_resource"] == 1).unwrap();
        let attached = data.iter().find(|one| one["is_main_resource"] == 0).unwrap();
        let (main, child) = (primary["resource_id"].clone(), attached["resource_id"].clone());
        let cases = [
            (json!({}), "3"),
            (json!({"resource_ids": null, "order_id": null, "status_list": null, "expire_time_begin": null}), "3"),
            (json!({"resource_ids": [], "status_list": []}), "3"),
            (json!({"resource_ids": "", "order_id": "", "status_list": "", "only_main_resource": ""}), "3"),
            (json!({"offset": null, "limit": null, "offset": "", "limit": ""}), "3"),
            (json!({"expire_time_begin": "", "expire_time_end": ""}), "3"),
            (json!({"resource_ids": [main]}), "2"),
            (json!({"resource_ids": [main], "only_main_resource": 1}), "1"),
            (json!({"resource_ids": [main, child]}), "2"),
            (json!({"resource_ids": [child]}), "1"),
            (json!({"resource_ids": [child], "only_main_resource": 1}), "1"),
            (json!({"resource_ids": ["other"]}), "0"),
            (json!({"resource_ids": vec!["x"; 50]}), "0"),
            (json!({"resource_ids": vec!["x"; 51]}), "CBC.0100"),
            (json!({"resource_ids": [null]}), "CBC.0100"),
            (json!({"only_main_resource": 1}), "2"),
            (json!({"only_main_resource": "0"}), "3"),
            (json!({"only_main_resource": 2}), "CBC.0100"),
            (json!({"order_id": order}), "3"),
            (json!({"order_id": "CS0"}), "0"),
            (json!({"status_list": [2]}), "3"),
            (json!({"status_list": [3]}), "0"),
            (json!({"status_list": [4, 5]}), "0"),
            (json!({"status_list": [2, 3, 4, 5]}), "3"),
            (json!({"status_list": [1]}), "CBC.0100"),
            (json!({"status_list": vec![2; 11]}), "CBC.0100"),
            (json!({"expire_time_begin": "2026-02-15T15:59:59Z", "expire_time_end": "2026-02-15T15:59:59Z"}), "2"),
            (json!({"expire_time_begin": "2026-02-16T00:00:00Z"}), "1"),
            (json!({"expire_time_end": "2026-02-15T15:59:58Z"}), "0"),
            (json!({"expire_time_begin": "2026-03-01T00:00:00Z", "expire_time_end": "2026-02-01T00:00:00Z"}), "CBC.0100"),
            (json!({"expire_time_begin": "2026-02-16"}), "CBC.0100"),
            (json!({"service_type_code": "hws.service.type.EBS"}), "1"),
            (json!({"service_type_code": null}), "3"),
            (json!({"service_type_code": ""}), "CBC.0100"),
            (json!({"service_type_code": "none"}), "0"),
            (json!({"limit": 0}), "CBC.0100"),
            (json!({"limit": 501}), "CBC.0100"),
            (json!({"offset": 2_147_483_647}), "CBC.0100"),
            (json!({"offset": 2_147_483_646}), "3"),
            (json!({"customer_id": "anybody"}), "3"),
            (json!({"order_id": order, "status_list": [2], "service_type_code": "hws.service.type.ec2", "only_main_resource": 1}), "2"),
        ];
        for (body, wanted) in cases {
            assert_eq!(count(&app, body.clone()).await, wanted, "{body}");
        }
        let page = app.post("acme", QUERY, json!({"offset": 2, "limit": 2})).await.ok(200);
        assert_eq!(page["data"].as_array().unwrap().len(), 1);
        assert_eq!(app.post("globex", QUERY, json!({"resource_ids": [main]})).await.ok(200)["total_count"], 0);
        for tenant in ["north", "summit", "operator"] {
            app.post(tenant, QUERY, json!({})).await.refused(403, "CBC.0151");
        }
        app.finish().await;
    }

    async fn attached_resources_are_dealt_out_to_their_primaries(app) {
        let lines = json!([with(machine(), "subscription_num", json!(2)), with(disk(), "subscription_num", json!(4))]);
        let order = place(&app, "acme", lines).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let mains = app.post("acme", QUERY, json!({"only_main_resource": 1})).await.ok(200);
        for main in mains["data"].as_array().unwrap() {
            assert_eq!(count(&app, json!({"resource_ids": [main["resource_id"]]})).await, "3");
        }
        app.finish().await;
    }

    async fn the_cloud_provides_what_was_paid(app: EXTERNAL) {
        let order = place(&app, "acme", json!([machine(), disk()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!(status(&app, "acme", &order).await, 3);
        assert_eq!(count(&app, json!({})).await, "0");
        let items = app.get("operator", PROVISIONING).await.ok(200);
        assert_eq!(items["items"][0]["action"], "create");
        assert_eq!(items["items"][0]["customer_id"], app.domain("acme"));
        assert_eq!(items["items"][0]["order_id"], order.as_str());
        let ids = waiting(&app).await;
        assert_eq!(ids.len(), 2);

        app.advance_to("2026-01-31T10:00:00Z").await;
        let machine_at = items["items"].as_array().unwrap().iter().position(|one| one["parent_id"].is_null()).unwrap();
        let (machine, disk) = (&ids[machine_at], &ids[1 - machine_at]);
        let first = report(&app, machine, "provisioned", json!({"resource_id": "cloud-1"})).await.ok(200);
        assert_eq!(first["effective_time"], "2026-01-31T10:00:00Z");
        // 31 January and a month: month ends stick.
        assert_eq!(first["expire_time"], "2026-02-28T15:59:59Z");
        assert_eq!(status(&app, "acme", &order).await, 3);
        assert_eq!(waiting(&app).await, vec![disk.clone()]);
        let again = report(&app, machine, "provisioned", json!({"resource_id": "cloud-1"})).await.ok(200);
        assert_eq!(again, first);
        assert_eq!(report(&app, machine, "provisioned", json!({})).await.ok(200), first);
        report(&app, machine, "provisioned", json!({"resource_id": "cloud-2"})).await.refused(400, "CBC.0101");
        report(&app, machine, "failed", json!({"reason": "no"})).await.refused(400, "CBC.0101");
        report(&app, disk, "provisioned", json!({"resource_id": "cloud-1"})).await.refused(400, "CBC.0100");
        report(&app, "nothing", "provisioned", json!({})).await.refused(400, "CBC.99003012");

        report(&app, disk, "provisioned", json!({})).await.ok(200);
        let done = details(&app, "acme", &order).await;
        assert_eq!(done["order_info"]["status"], 5);
        assert_eq!(done["order_line_items"][0]["effective_time"], "2026-01-31T10:00:00Z");
        let found = app.post("acme", QUERY, json!({"resource_ids": ["cloud-1"]})).await.ok(200);
        assert_eq!(found["total_count"], 2);
        app.finish().await;
    }

    async fn what_the_cloud_cannot_provide_is_refunded_in_full(app: EXTERNAL) {
        let order = place(&app, "acme", json!([machine(), disk()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let items = app.get("operator", PROVISIONING).await.ok(200);
        for item in items["items"].as_array().unwrap() {
            let id = item["id"].as_str().unwrap();
            if item["parent_id"].is_null() {
                report(&app, id, "provisioned", json!({})).await.ok(200);
                continue;
            }
            let first = report(&app, id, "failed", json!({"reason": "no capacity"})).await.ok(200);
            assert_eq!(first["reason"], "no capacity");
            let again = report(&app, id, "failed", json!({"reason": "again"})).await.ok(200);
            assert_eq!(again, first, "a repeated report gives nothing back twice");
            report(&app, id, "provisioned", json!({})).await.refused(400, "CBC.0101");
        }
        assert_eq!(status(&app, "acme", &order).await, 5);
        assert_eq!(cash(&app, "acme").await, "9817.93");
        let refunds = app.get("acme", &format!("{LIST}?order_type=4")).await.ok(200);
        assert_eq!(refunds["total_count"], 1);
        let refund = &refunds["order_infos"][0];
        assert_eq!(refund["source_type"], 8);
        assert_eq!(refund["status"], 5);
        assert_eq!(refund["amount_after_discount"].to_string(), "-5.6");
        assert_eq!(refund["official_amount"].to_string(), "-5.6");
        assert_eq!(refund["amount_info"]["commission_amount"].to_string(), "0");
        let shown = details(&app, "acme", refund["order_id"].as_str().unwrap()).await;
        assert_eq!(shown["order_line_items"][0]["period_num"], Value::Null);
        assert_eq!(shown["order_line_items"][0]["amount_after_discount"].to_string(), "-5.6");
        assert_eq!(shown["order_info"]["user_name"], "Operation system");
        assert_eq!(app.get("acme", LIST).await.ok(200)["total_count"], 2);
        app.finish().await;
    }

    async fn shares_of_a_line_sum_to_what_was_paid(app: EXTERNAL) {
        // 3 × 182.07 in one line; every share goes back by an order of its own.
        let order = place(&app, "acme", json!([with(machine(), "subscription_num", json!(3))])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9453.79");
        for id in waiting(&app).await {
            report(&app, &id, "failed", json!({"reason": "gone"})).await.ok(200);
        }
        assert_eq!(cash(&app, "acme").await, "10000");
        assert_eq!(status(&app, "acme", &order).await, 5);
        assert_eq!(app.get("acme", &format!("{LIST}?order_type=4")).await.ok(200)["total_count"], 3);
        app.finish().await;
    }

    async fn only_the_operator_speaks_for_the_cloud(app: EXTERNAL) {
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let id = waiting(&app).await.remove(0);
        for tenant in ["acme", "north"] {
            app.get(tenant, PROVISIONING).await.refused(403, "CBC.0151");
            app.post(tenant, &format!("/openbss/v1/resources/{id}/provisioned"), json!({})).await.refused(403, "CBC.0151");
            app.post(tenant, &format!("/openbss/v1/resources/{id}/failed"), json!({"reason": "x"})).await.refused(403, "CBC.0151");
        }
        report(&app, &id, "failed", json!({})).await.refused(400, "CBC.0100");
        assert_eq!(status(&app, "acme", &order).await, 3);
        app.finish().await;
    }
}
