//! Renewals that come late: the new term begins at the old expiry all the same (rule 1.4.1).

use serde_json::json;

use super::codes::EXTERNAL;
use super::{RENEW, buy, expiry, order_of, paid_renewal, renewal, resource};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{ORDERS, PAY, machine, payment, status};

on_both! {
    async fn a_renewal_in_retention_starts_at_the_original_expiry(app) {
        // The example of rule 1.4.1: expired on 30 April, renewed on 18 May, ends on 31 May.
        app.advance_to("2026-03-31T08:00:00Z").await;
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        assert_eq!(expiry(&app, "acme", &id).await, "2026-04-30T15:59:59Z");
        app.advance_to("2026-05-18T08:00:00Z").await;
        order_of(app.post("acme", RENEW, paid_renewal(&[&id], 2, 1)).await);
        let shown = resource(&app, "acme", &id).await;
        assert_eq!(shown["expire_time"], "2026-05-31T15:59:59Z");
        assert_eq!((&shown["status"], &shown["expire_policy"]), (&json!(2), &json!(0)));
        app.finish().await;
    }

    async fn a_renewal_in_grace_starts_at_the_original_expiry(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        app.advance_to("2026-02-20T08:00:00Z").await;
        let order = order_of(app.post("acme", RENEW, renewal(&[&id], 2, 1)).await);
        app.advance_to("2026-02-21T08:00:00Z").await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let shown = resource(&app, "acme", &id).await;
        assert_eq!(shown["expire_time"], "2026-03-15T15:59:59Z");
        assert_eq!((&shown["status"], &shown["expire_policy"]), (&json!(2), &json!(0)));
        app.finish().await;
    }

    async fn a_renewal_of_what_is_deleted_before_it_is_paid_is_refused(app) {
        // Kept until 17 March: 15 days of grace, 15 of retention.
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        app.advance_to("2026-03-16T08:00:00Z").await;
        let order = order_of(app.post("acme", RENEW, renewal(&[&id], 2, 1)).await);
        app.advance_to("2026-03-18T08:00:00Z").await;
        let reply = app.post("acme", PAY, payment(&order)).await;
        assert_eq!(reply.json()["quota_infos"][0]["auth_result"], 99, "{}", reply.text());
        reply.refused(400, "CBC.99003141");
        assert_eq!(status(&app, "acme", &order).await, 6);
        let body = app.post("acme", RENEW, renewal(&[&id], 2, 1)).await;
        assert_eq!(body.json()["expiredResourceIds"], json!([id]));
        body.refused(400, "CBC.99003016");
        app.finish().await;
    }

    async fn the_time_of_a_late_renewal_may_be_over_when_it_is_paid(app) {
        // Expired on 31 January and renewed on 1 March for a month, which ended on 28 February: it is in grace again.
        app.advance_to("2026-12-31T08:00:00Z").await;
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        app.advance_to("2027-03-01T08:00:00Z").await;
        order_of(app.post("acme", RENEW, paid_renewal(&[&id], 2, 1)).await);
        assert_eq!(expiry(&app, "acme", &id).await, "2027-02-28T15:59:59Z");
        app.advance_to("2027-03-01T08:01:00Z").await;
        assert_eq!(resource(&app, "acme", &id).await["status"], 5);
        order_of(app.post("acme", RENEW, paid_renewal(&[&id], 2, 1)).await);
        assert_eq!(expiry(&app, "acme", &id).await, "2027-03-31T15:59:59Z");
        app.finish().await;
    }

    async fn what_was_frozen_works_again_and_the_cloud_is_told(app: EXTERNAL) {
        app.post("acme", ORDERS, json!({"lines": [machine()], "auto_pay": true})).await.ok(201);
        assert_eq!(waiting(&app).await, ["create"]);
        let items = app.get("operator", PROVISIONING).await.ok(200)["items"].clone();
        let provided = format!("/openbss/v1/resources/{}/provisioned", items[0]["id"].as_str().unwrap());
        app.post("operator", &provided, json!({"resource_id": "vm-1"})).await.ok(200);
        app.advance_to("2026-03-10T08:00:00Z").await;
        assert_eq!(resource(&app, "acme", "vm-1").await["status"], 4);
        assert_eq!(waiting(&app).await, ["freeze"]);
        order_of(app.post("acme", RENEW, paid_renewal(&["vm-1"], 2, 1)).await);
        assert_eq!(resource(&app, "acme", "vm-1").await["status"], 2, "at once, whatever the cloud is at");
        assert_eq!(waiting(&app).await, ["freeze", "unfreeze"]);
        // In time again there is nothing to tell.
        order_of(app.post("acme", RENEW, paid_renewal(&["vm-1"], 2, 1)).await);
        assert_eq!(waiting(&app).await, ["freeze", "unfreeze"]);
        app.finish().await;
    }

    async fn what_is_frozen_for_security_is_renewed_and_stays_frozen(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let path = |what: &str| format!("/openbss/v1/resources/{id}/{what}");
        app.post("operator", &path("freeze"), json!({"reason": "mining"})).await.ok(200);
        order_of(app.post("acme", RENEW, paid_renewal(&[&id], 2, 1)).await);
        let shown = resource(&app, "acme", &id).await;
        assert_eq!((&shown["status"], &shown["expire_time"]), (&json!(4), &json!("2026-03-15T15:59:59Z")));
        app.advance_to("2026-02-20T08:00:00Z").await;
        app.post("operator", &path("unfreeze"), json!({})).await.ok(200);
        assert_eq!(resource(&app, "acme", &id).await["status"], 2, "the renewed term runs");
        app.finish().await;
    }
}

const PROVISIONING: &str = "/openbss/v1/provisioning";

/// What the cloud still has to do, what has waited longest first.
async fn waiting(app: &TestApp) -> Vec<String> {
    let found = app.get("operator", PROVISIONING).await.ok(200);
    let action = |item: &serde_json::Value| item["action"].as_str().unwrap().to_owned();
    found["items"].as_array().unwrap().iter().map(action).collect()
}
