//! What becomes of a large refund, and of its resource, while it waits for the operator.

use serde_json::{Value, json};

use super::{UNSUBSCRIBE, asked, bought, ids, renewed, resources, returned, rows, volume};
use crate::accounts::EXTERNAL;
use crate::expiry::{listen, told};
use crate::funds::top_up;
use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{ORDERS, cash, details, with};

/// Approves or rejects a refund order.
async fn decide(app: &TestApp, refund: &str, what: &str) -> Reply {
    app.post("operator", &format!("/openbss/v1/orders/{refund}/{what}"), json!({})).await
}

/// Freezes or unfreezes acme with its resources.
async fn account(app: &TestApp, what: &str) {
    let path = format!("/openbss/v1/accounts/{}/{what}", app.domain("acme"));
    let mut body = json!({"freeze_type": "ACCOUNT_AND_RESOURCE"});
    if what == "freeze" {
        body["reason"] = json!("unpaid bills");
    }
    app.post("operator", &path, body).await.ok(200);
}

/// A disk of 5,000 for a month that was renewed for a year of 60,000; the order of the month, and the id.
async fn renewed_for_a_year(app: &TestApp) -> (String, String) {
    top_up(app, "acme", "90000", "large").await;
    let order = bought(app, "acme", json!([with(volume(1_000_000), "period_type", json!(2))])).await;
    let id = ids(app, "acme", &order).await.remove(0);
    let body = json!({"resource_ids": [id], "period_type": 3, "period_num": 1, "is_auto_pay": 1});
    app.post("acme", super::RENEW, body).await.ok(200);
    (order, id)
}

/// How often the cloud is told to delete something.
async fn deletions(app: &TestApp) -> usize {
    let items = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
    items["items"].as_array().unwrap().iter().filter(|item| item["action"] == "delete").count()
}

on_both! {
    async fn large_renewed_terms_wait_too_and_end_as_they_were_asked_for(app) {
        let (order, id) = renewed_for_a_year(&app).await;
        let refund = returned(&app, "acme", &[&id], 2).await;
        app.advance_to("2026-02-10T00:00:00Z").await;
        decide(&app, &refund, "approve").await.ok(200);
        assert_eq!(resources(&app, "acme", &order).await[0]["expire_time"], "2026-02-15T15:59:59Z");
        app.advance_to("2026-02-16T00:00:00Z").await;
        assert_eq!(resources(&app, "acme", &order).await[0]["status"], 5);
        app.finish().await;
    }

    async fn renewed_terms_that_begin_before_the_approval_can_only_be_rejected(app) {
        let (order, id) = renewed_for_a_year(&app).await;
        let refund = returned(&app, "acme", &[&id], 2).await;
        app.advance_to("2026-02-16T00:00:00Z").await;
        let held = cash(&app, "acme").await;
        let message = decide(&app, &refund, "approve").await.refused(400, "CBC.99003128");
        assert!(message.contains("2026-02-15T15:59:59Z"), "{message}");
        decide(&app, &refund, "reject").await.ok(200);
        let now = resources(&app, "acme", &order).await.remove(0);
        assert_eq!((&now["status"], &now["expire_time"]), (&json!(2), &json!("2027-02-15T15:59:59Z")));
        assert_eq!(cash(&app, "acme").await, held);
        app.finish().await;
    }

    // The hold ends 15 days after the freeze, before the term does.
    async fn a_resource_that_was_frozen_meanwhile_is_deleted_when_its_hold_ends(app) {
        let (order, id) = renewed_for_a_year(&app).await;
        let refund = returned(&app, "acme", &[&id], 2).await;
        account(&app, "freeze").await;
        decide(&app, &refund, "approve").await.ok(200);
        app.advance_to("2026-01-31T00:00:00Z").await;
        assert_eq!(resources(&app, "acme", &order).await, Vec::<Value>::new());
        app.finish().await;
    }

    // What was approved late is renewed by itself at the next 03:00, since the fifth day before its end is over.
    async fn approved_in_time_the_resource_is_renewed_when_its_earlier_end_comes(app) {
        top_up(&app, "acme", "90000", "large").await;
        let lines = json!([with(volume(1_000_000), "period_type", json!(2))]);
        let body = json!({"lines": lines, "auto_pay": true, "auto_renew": true});
        let order = app.post("acme", ORDERS, body).await.ok(201)["order_id"].as_str().unwrap().to_owned();
        let id = ids(&app, "acme", &order).await.remove(0);
        let body = json!({"resource_ids": [id], "period_type": 3, "period_num": 1, "is_auto_pay": 1});
        app.post("acme", super::RENEW, body).await.ok(200);
        let refund = returned(&app, "acme", &[&id], 2).await;
        app.advance_to("2026-02-11T20:00:00Z").await;
        let shown = resources(&app, "acme", &order).await.remove(0);
        assert_eq!((&shown["status"], &shown["expire_time"]), (&json!(2), &json!("2027-02-15T15:59:59Z")));
        decide(&app, &refund, "approve").await.ok(200);
        let shown = resources(&app, "acme", &order).await.remove(0);
        assert_eq!((&shown["status"], &shown["expire_time"]), (&json!(2), &json!("2026-02-15T15:59:59Z")));
        app.advance_to("2026-02-12T18:59:00Z").await;
        assert_eq!(resources(&app, "acme", &order).await[0]["expire_time"], "2026-02-15T15:59:59Z");
        app.advance_to("2026-02-12T19:00:00Z").await;
        let shown = resources(&app, "acme", &order).await.remove(0);
        assert_eq!((&shown["status"], &shown["expire_time"]), (&json!(2), &json!("2026-03-15T15:59:59Z")));
        app.finish().await;
    }

    // What the freeze has deleted before its renewed term began was never used in that term.
    async fn renewed_terms_of_what_was_deleted_before_them_go_back_however_late_that_is_approved(app) {
        let (order, id) = renewed_for_a_year(&app).await;
        let refund = returned(&app, "acme", &[&id], 2).await;
        let held = cash(&app, "acme").await;
        account(&app, "freeze").await;
        app.advance_to("2026-03-01T00:00:00Z").await;
        assert_eq!(resources(&app, "acme", &order).await, Vec::<Value>::new());
        listen(&app, "acme").await;
        decide(&app, &refund, "approve").await.ok(200);
        assert_ne!(cash(&app, "acme").await, held);
        assert_eq!(told(&app, "webhook").await, ["order.refunded"]);
        account(&app, "unfreeze").await;
        assert_eq!(resources(&app, "acme", &order).await, Vec::<Value>::new());
        app.finish().await;
    }

    // Deleted after it has been used in the renewed term: that is not given back.
    async fn renewed_terms_of_what_was_deleted_in_them_can_only_be_rejected(app) {
        let (_, id) = renewed_for_a_year(&app).await;
        let refund = returned(&app, "acme", &[&id], 2).await;
        app.advance_to("2026-02-20T00:00:00Z").await;
        account(&app, "freeze").await;
        app.advance_to("2026-04-01T00:00:00Z").await;
        decide(&app, &refund, "approve").await.refused(400, "CBC.99003128");
        decide(&app, &refund, "reject").await.ok(200);
        app.finish().await;
    }

    async fn what_its_freeze_deleted_meanwhile_is_paid_back_and_not_deleted_twice(app: EXTERNAL) {
        top_up(&app, "acme", "30000", "large").await;
        let body = json!({"lines": [volume(800_000)], "auto_pay": true});
        let order = app.post("acme", ORDERS, body).await.ok(201)["order_id"].as_str().unwrap().to_owned();
        let ours = app.get("operator", "/openbss/v1/provisioning").await.ok(200)["items"][0]["id"].clone();
        let provided = format!("/openbss/v1/resources/{}/provisioned", ours.as_str().unwrap());
        app.post("operator", &provided, json!({"resource_id": "vol-1"})).await.ok(200);
        assert_eq!(cash(&app, "acme").await, "32000");
        let refund = returned(&app, "acme", &["vol-1"], 1).await;
        account(&app, "freeze").await;
        app.advance_to("2026-02-01T00:00:00Z").await;
        assert_eq!(resources(&app, "acme", &order).await, Vec::<Value>::new());
        assert_eq!(deletions(&app).await, 1);
        listen(&app, "acme").await;
        let approved = decide(&app, &refund, "approve").await.ok(200);
        assert_eq!((&approved["status"], &approved["amount"]), (&json!(5), &json!("-7200")));
        // As at the request: all but the fee of 10 %.
        assert_eq!(cash(&app, "acme").await, "39200");
        assert_eq!(deletions(&app).await, 1);
        assert_eq!(told(&app, "webhook").await, ["order.refunded"]);
        account(&app, "unfreeze").await;
        assert_eq!(resources(&app, "acme", &order).await, Vec::<Value>::new());
        assert_eq!(deletions(&app).await, 1);
        super::explained(&app, "acme", &refund).await;
        app.finish().await;
    }

    async fn what_its_retention_deleted_meanwhile_is_paid_back_as_it_was_asked_for(app) {
        top_up(&app, "acme", "30000", "large").await;
        let order = bought(&app, "acme", json!([volume(800_000)])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let refund = returned(&app, "acme", &[&id], 1).await;
        app.advance_to("2027-03-01T00:00:00Z").await;
        assert_eq!(resources(&app, "acme", &order).await, Vec::<Value>::new());
        decide(&app, &refund, "approve").await.ok(200);
        assert_eq!(cash(&app, "acme").await, "39200");
        app.finish().await;
    }

    async fn what_was_frozen_meanwhile_stays_closed_when_its_account_is_unfrozen(app) {
        top_up(&app, "acme", "30000", "large").await;
        let order = bought(&app, "acme", json!([volume(800_000)])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let refund = returned(&app, "acme", &[&id], 1).await;
        account(&app, "freeze").await;
        decide(&app, &refund, "approve").await.ok(200);
        assert_eq!(resources(&app, "acme", &order).await, Vec::<Value>::new());
        account(&app, "unfreeze").await;
        assert_eq!(resources(&app, "acme", &order).await, Vec::<Value>::new());
        app.advance_to("2026-03-01T00:00:00Z").await;
        app.finish().await;
    }

    async fn whoever_asks_meanwhile_is_told_that_a_refund_waits_for_approval(app) {
        top_up(&app, "acme", "30000", "large").await;
        let order = bought(&app, "acme", json!([volume(800_000)])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let refund = returned(&app, "acme", &[&id], 1).await;
        let about = |message: &str| {
            assert!(message.contains("waits for approval") && message.contains(&refund), "{message}");
        };
        let renewal = json!({"resource_ids": [id], "period_type": 3, "period_num": 1});
        about(&app.post("acme", super::RENEW, renewal.clone()).await.refused(400, "CBC.99003144"));
        about(&asked(&app, "acme", &[&id], 1).await.refused(400, "CBC.99003651"));
        let rate = "/v2/bills/ratings/period-resources/renew-rate";
        let priced = app.post("acme", rate, renewal).await;
        assert!(priced.text().contains("CBC.30050011"), "{}", priced.text());
        about(&priced.text());
        let change = json!({"resource_size": 20_000});
        let path = format!("/openbss/v1/resources/{id}/change");
        about(&app.post("acme", &path, change).await.refused(400, "CBC.99003144"));
        let turn = json!({"resource_ids": [id], "operation": "SET_UP"});
        about(&app.post("acme", "/v2/orders/subscriptions/resources/to-on-demand", turn).await.refused(400, "CBC.99003623"));
        let body = json!({"resource_ids": [id], "unsubscribe_type": 1}).to_string();
        let headers = [("content-type", "application/json"), ("x-language", "zh_CN")];
        let chinese = app.signed(&app.key("acme"), "POST", UNSUBSCRIBE, &body, &headers).await;
        assert!(chinese.text().contains("待审批"), "{}", chinese.text());
        app.finish().await;
    }

    async fn what_is_done_waits_neither_for_approval_nor_for_another_price(app) {
        let order = bought(&app, "acme", json!([volume(100_000)])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        renewed(&app, "acme", &id, 1).await;
        let refund = returned(&app, "acme", &[&id], 2).await;
        assert_eq!(details(&app, "acme", &refund).await["order_info"]["status"], 5);
        for what in ["approve", "reject"] {
            for done in [&order, &refund] {
                let message = decide(&app, done, what).await.refused(400, "CBC.99003106");
                assert!(message.contains("not waiting for approval"), "{message}");
            }
        }
        let adjust = format!("/openbss/v1/orders/{order}/adjust");
        let message = app.post("operator", &adjust, json!({"amount": "1"})).await.refused(400, "CBC.99003106");
        assert!(message.contains("cannot be adjusted") && !message.contains("paid"), "{message}");
        assert_eq!(rows(&app, "acme", &refund).await.len(), 1);
        app.finish().await;
    }
}
