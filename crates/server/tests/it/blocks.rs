//! What a frozen account, or one with arrears, may not do with its resources (rules 1.3, 10.6).

use serde_json::{Value, json};

use crate::expiry::{buy, shown};
use crate::funds::terms;
use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{PAY, machine, payment, place};

const SUBSCRIPTIONS: &str = "/v2/orders/subscriptions/resources";

async fn call(app: &TestApp, tenant: &str, what: &str, body: Value) -> Reply {
    app.post(tenant, &format!("{SUBSCRIPTIONS}/{what}"), body).await
}

async fn freeze(app: &TestApp, tenant: &str, scope: &str) {
    let path = format!("/openbss/v1/accounts/{}/freeze", app.domain(tenant));
    app.post("operator", &path, json!({"reason": "r", "freeze_type": scope})).await.ok(200);
}

fn renewal(id: &str) -> Value {
    json!({"resource_ids": [id], "period_type": 2, "period_num": 1, "is_auto_pay": 1})
}

fn unsubscription(id: &str) -> Value {
    json!({"resource_ids": [id], "unsubscribe_type": 1, "unsubscribe_reason_type": 5, "unsubscribe_reason": "r"})
}

on_both! {
    async fn a_frozen_account_unsubscribes_and_sees_and_nothing_else(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let order = place(&app, "acme", json!([machine()])).await;
        freeze(&app, "acme", "ACCOUNT").await;
        app.post("acme", PAY, payment(&order)).await.refused(400, "CBC.7281");
        call(&app, "acme", "renew", renewal(&id)).await.refused(400, "CBC.7281");
        let change = json!({"resource_spec": "s3.large.4.linux"});
        app.post("acme", &format!("/openbss/v1/resources/{id}/change"), change).await.refused(400, "CBC.7281");
        let wish = json!({"operation": "SET_UP", "resource_ids": [id]});
        call(&app, "acme", "to-on-demand", wish).await.refused(400, "CBC.99003626");
        assert_eq!(shown(&app, "acme", &id).await, "2/0 2026-02-15T15:59:59Z");
        call(&app, "acme", "unsubscribe", unsubscription(&id)).await.ok(200);
        assert_eq!(shown(&app, "acme", &id).await, "gone");
        app.finish().await;
    }

    async fn what_is_frozen_with_its_account_cannot_be_unsubscribed_either(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        freeze(&app, "acme", "ACCOUNT_AND_RESOURCE").await;
        call(&app, "acme", "renew", renewal(&id)).await.refused(400, "CBC.7281");
        call(&app, "acme", "unsubscribe", unsubscription(&id)).await.refused(400, "CBC.99003656");
        assert_eq!(shown(&app, "acme", &id).await, "4/0 2026-02-15T15:59:59Z");
        app.finish().await;
    }

    async fn arrears_keep_from_buying_and_renewing_and_what_is_there_goes_on(app) {
        // It has no cash that could repay what is due.
        let (tenant, end) = ("globex-lab", "2026-02-15T15:59:59Z");
        terms(&app, tenant, json!({"monthly": true, "limit_amount": "1000"})).await;
        let id = buy(&app, tenant, json!([machine()])).await.remove(0);
        app.advance_to("2026-02-15T16:00:00Z").await;
        assert_eq!(shown(&app, tenant, &id).await, format!("5/4 {end}"), "in grace it works on");
        let order = place(&app, tenant, json!([machine()])).await;
        let message = app.post(tenant, PAY, payment(&order)).await.refused(400, "CBC.99005003");
        assert!(message.contains("owed past its due date"), "{message}");
        call(&app, tenant, "renew", renewal(&id)).await.refused(400, "CBC.30050006");
        assert_eq!(shown(&app, tenant, &id).await, format!("5/4 {end}"));
        app.finish().await;
    }
}
