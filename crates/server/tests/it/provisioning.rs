//! What the cloud is told to do with resources after their creation, and what it reports.

use domain::site::Site;
use serde_json::{Value, json};
use server::app::Provisioner;

use crate::expiry::{listen, shown, told};
use crate::harness::{Options, Reply, TestApp};
use crate::on_both;
use crate::orders::{ORDERS, PAY, details, disk, machine, payment, place, with};

const EXTERNAL: Options =
    Options { site: Site::Intl, provisioner: Provisioner::External, throttle: false, is_sandbox: true };

async fn report(app: &TestApp, id: &str, what: &str, body: Value) -> Reply {
    app.post("operator", &format!("/openbss/v1/resources/{id}/{what}"), body).await
}

async fn tasks(app: &TestApp) -> Vec<Value> {
    let body = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
    assert_eq!(body["total_count"], body["items"].as_array().unwrap().len());
    body["items"].as_array().unwrap().clone()
}

/// A machine of acme that the cloud has provided as `vm-1`; its id of ours.
async fn provided(app: &TestApp) -> String {
    let order = place(app, "acme", json!([machine()])).await;
    app.post("acme", PAY, payment(&order)).await.ok(204);
    let id = tasks(app).await[0]["id"].as_str().unwrap().to_owned();
    report(app, &id, "provisioned", json!({"resource_id": "vm-1"})).await.ok(200);
    id
}

on_both! {
    async fn the_cloud_freezes_at_the_end_of_grace_and_deletes_at_the_end_of_retention(app: EXTERNAL) {
        let id = provided(&app).await;
        listen(&app, "operator").await;
        listen(&app, "acme").await;
        app.advance_to("2026-03-02T00:00:00Z").await;
        assert!(tasks(&app).await.is_empty(), "in grace it works");
        app.advance_to("2026-03-03T00:00:00Z").await;
        let waiting = tasks(&app).await;
        assert_eq!((waiting.len(), &waiting[0]["action"]), (1, &json!("freeze")));
        assert_eq!((&waiting[0]["id"], &waiting[0]["resource_id"]), (&json!(id), &json!("vm-1")));
        assert_eq!(shown(&app, "acme", "vm-1").await, "4/5 2026-02-15T15:59:59Z", "at once");
        app.advance_to("2026-04-01T00:00:00Z").await;
        let actions: Vec<Value> = tasks(&app).await.iter().map(|task| task["action"].clone()).collect();
        assert_eq!(actions, ["freeze", "delete"]);
        assert_eq!(shown(&app, "acme", "vm-1").await, "gone");
        let events = told(&app, "webhook").await;
        let of = |name: &str| events.iter().filter(|event| *event == name).count();
        let counts = ["provisioning.freeze", "provisioning.delete", "resource.expired", "resource.frozen", "resource.closed"];
        // The operator hears of everything, the customer not of what the cloud is told.
        assert_eq!(counts.map(of), [1, 1, 2, 2, 2]);
        let first = report(&app, &id, "provisioned", json!({})).await.ok(200);
        assert_eq!((&first["action"], &first["state"]), (&json!("freeze"), &json!("provisioned")));
        let second = report(&app, &id, "provisioned", json!({})).await.ok(200);
        assert_eq!((&second["action"], &second["state"]), (&json!("delete"), &json!("provisioned")));
        assert_eq!(report(&app, &id, "provisioned", json!({})).await.ok(200), second, "repeated");
        report(&app, &id, "failed", json!({"reason": "no"})).await.refused(400, "CBC.0101");
        assert!(tasks(&app).await.is_empty());
        app.finish().await;
    }

    async fn what_the_cloud_cannot_freeze_goes_on_waiting_with_the_reason(app: EXTERNAL) {
        let id = provided(&app).await;
        app.advance_to("2026-03-03T00:00:00Z").await;
        let failed = report(&app, &id, "failed", json!({"reason": "host is down"})).await.ok(200);
        assert_eq!((&failed["state"], &failed["reason"]), (&json!("waiting"), &json!("host is down")));
        assert_eq!(failed["refund_order_id"], Value::Null);
        assert_eq!(tasks(&app).await[0]["reason"], "host is down");
        report(&app, &id, "failed", json!({"reason": "still"})).await.ok(200);
        assert_eq!(tasks(&app).await[0]["reason"], "still");
        let done = report(&app, &id, "provisioned", json!({"resource_id": "vm-1"})).await.ok(200);
        assert_eq!((&done["state"], &done["reason"]), (&json!("provisioned"), &Value::Null));
        assert!(tasks(&app).await.is_empty());
        assert_eq!(shown(&app, "acme", "vm-1").await, "4/5 2026-02-15T15:59:59Z");
        app.finish().await;
    }

    async fn what_was_to_be_attached_to_a_failed_resource_is_renewed_by_itself(app: EXTERNAL) {
        let body = json!({"lines": [machine(), disk()], "auto_pay": true, "auto_renew": true});
        app.post("acme", ORDERS, body).await.ok(201);
        let waiting = tasks(&app).await;
        let id = |is_attached: bool| {
            let is_it = |task: &&Value| task["parent_id"].is_string() == is_attached;
            waiting.iter().find(is_it).unwrap()["id"].as_str().unwrap().to_owned()
        };
        report(&app, &id(true), "provisioned", json!({})).await.ok(200);
        report(&app, &id(false), "failed", json!({"reason": "no room"})).await.ok(200);
        assert_eq!(shown(&app, "acme", &id(true)).await, "2/3 2026-02-15T15:59:59Z");
        app.advance_to("2026-02-10T00:00:00Z").await;
        assert_eq!(shown(&app, "acme", &id(true)).await, "2/3 2026-03-15T15:59:59Z");
        app.finish().await;
    }

    async fn a_line_ends_when_its_purchase_does_whatever_was_renewed_before_all_of_it_was_there(app: EXTERNAL) {
        let two = with(machine(), "subscription_num", json!(2));
        let order = place(&app, "acme", json!([two])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let waiting = tasks(&app).await;
        let ids: Vec<&str> = waiting.iter().map(|task| task["id"].as_str().unwrap()).collect();
        report(&app, ids[0], "provisioned", json!({})).await.ok(200);
        let renewal = json!({"resource_ids": [ids[0]], "period_type": 2, "period_num": 3, "is_auto_pay": 1});
        app.post("acme", "/v2/orders/subscriptions/resources/renew", renewal).await.ok(200);
        app.advance_to("2026-01-20T00:00:00Z").await;
        report(&app, ids[1], "provisioned", json!({})).await.ok(200);
        let shown = details(&app, "acme", &order).await;
        let line = &shown["order_line_items"][0];
        assert_eq!(line["effective_time"], "2026-01-15T08:00:00Z");
        assert_eq!(line["expire_time"], "2026-02-20T15:59:59Z");
        app.finish().await;
    }

    async fn a_report_may_name_its_task_and_must_name_the_resource_as_before(app: EXTERNAL) {
        let id = provided(&app).await;
        app.advance_to("2026-04-01T00:00:00Z").await;
        let waiting = tasks(&app).await;
        let delete = waiting.iter().find(|task| task["action"] == "delete").unwrap()["task_id"].clone();
        report(&app, &id, "provisioned", json!({"resource_id": "vm-2"})).await.refused(400, "CBC.0101");
        let message = report(&app, &id, "provisioned", json!({"task_id": "none"})).await.refused(400, "CBC.0100");
        assert!(message.contains("task_id"), "{message}");
        let done = report(&app, &id, "provisioned", json!({"task_id": delete})).await.ok(200);
        assert_eq!((&done["action"], &done["task_id"]), (&json!("delete"), &delete));
        assert_eq!(report(&app, &id, "provisioned", json!({"task_id": delete})).await.ok(200), done);
        let left = tasks(&app).await;
        assert_eq!((left.len(), &left[0]["action"]), (1, &json!("freeze")));
        app.finish().await;
    }
}
