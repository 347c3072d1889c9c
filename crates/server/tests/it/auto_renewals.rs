//! Automatic renewal through the wire: on and off, when it is tried, what it pays with, and what comes of a failure.

mod attempts;
mod unified;

use platform::job::Ran;
use serde_json::{Value, json};

use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{PAY, disk, machine, payment, place, with};
use crate::paying::place_with;

pub(crate) const QUERY: &str = "/v2/orders/suscriptions/resources/query";
pub(crate) const RENEW: &str = "/v2/orders/subscriptions/resources/renew";
pub(crate) const CONFIG: &str = "/v2/orders/subscriptions/resources/renew/config";
const OUTBOX: &str = "/openbss/v1/sandbox/outbox";

fn path(id: &str) -> String {
    format!("/v2/orders/subscriptions/resources/autorenew/{id}")
}

/// Turns automatic renewal of a resource on.
pub(crate) async fn turn_on(app: &TestApp, tenant: &str, id: &str, body: Value) -> Reply {
    app.post(tenant, &path(id), body).await
}

/// Turns automatic renewal of a resource off.
pub(crate) async fn turn_off(app: &TestApp, tenant: &str, id: &str) -> Reply {
    app.call(tenant, "DELETE", &path(id), None).await
}

/// Buys lines, paid at once; the ids of the resources, primaries first.
pub(crate) async fn buy(app: &TestApp, tenant: &str, lines: Value, more: Value) -> Vec<String> {
    let placed = place_with(app, tenant, lines, with(more, "auto_pay", json!(true))).await;
    assert_eq!(placed["status"], 5, "{placed}");
    let body = json!({"order_id": placed["order_id"], "limit": 500});
    let mut found = app.post(tenant, QUERY, body).await.ok(200)["data"].as_array().unwrap().clone();
    found.sort_by_key(|one| one["is_main_resource"] == 0);
    found.iter().map(|one| one["resource_id"].as_str().unwrap().to_owned()).collect()
}

/// A machine that is renewed automatically.
pub(crate) async fn renewing(app: &TestApp, tenant: &str) -> String {
    buy(app, tenant, json!([machine()]), json!({"auto_renew": true})).await.remove(0)
}

/// What the customer sees of a resource.
pub(crate) async fn seen(app: &TestApp, tenant: &str, id: &str) -> Value {
    let body = json!({"resource_ids": [id], "only_main_resource": 1});
    let found = app.post(tenant, QUERY, body).await.ok(200);
    assert_eq!(found["total_count"], 1, "{found}");
    found["data"][0].clone()
}

/// When the term of a resource ends.
pub(crate) async fn expiry(app: &TestApp, tenant: &str, id: &str) -> String {
    seen(app, tenant, id).await["expire_time"].as_str().unwrap().to_owned()
}

async fn policy(app: &TestApp, id: &str) -> Value {
    seen(app, "acme", id).await["expire_policy"].clone()
}

/// The attempts among what ran: when, and what came of them.
pub(crate) fn attempts(ran: &[Ran]) -> Vec<(String, String)> {
    let own = ran.iter().filter(|ran| ran.job == "subscriptions.renew");
    own.map(|ran| {
        assert!(ran.is_done, "{ran:?}");
        (ran.at.to_wire(), ran.outcome.split(" by order").next().unwrap().to_owned())
    })
    .collect()
}

/// The mails of the outbox, the latest first.
pub(crate) async fn mails(app: &TestApp) -> Vec<Value> {
    let body = app.get("operator", &format!("{OUTBOX}?limit=1000")).await.ok(200);
    let all = body["items"].as_array().unwrap();
    all.iter().filter(|one| one["channel"] == "mail").cloned().collect()
}

on_both! {
    async fn it_is_turned_on_and_off_and_shown(app) {
        let id = buy(&app, "acme", json!([machine()]), json!({})).await.remove(0);
        assert_eq!(policy(&app, &id).await, 0);
        turn_off(&app, "acme", &id).await.refused(400, "CBC.99003605");
        turn_on(&app, "acme", &id, json!({})).await.ok(204);
        assert_eq!(policy(&app, &id).await, 3);
        // Once more changes nothing, with or without a body.
        turn_on(&app, "acme", &id, json!({})).await.ok(204);
        app.call("acme", "POST", &path(&id), None).await.ok(204);
        assert_eq!(policy(&app, &id).await, 3);
        turn_off(&app, "acme", &id).await.ok(204);
        assert_eq!(policy(&app, &id).await, 0);
        turn_off(&app, "acme", &id).await.refused(400, "CBC.99003605");
        let ran = app.advance_to("2026-02-14T00:00:00Z").await;
        assert_eq!(attempts(&ran), [], "it is off");
        app.finish().await;
    }

    async fn a_set_is_on_or_off_as_a_whole(app) {
        let ids = buy(&app, "acme", json!([machine(), disk()]), json!({})).await;
        for (named, other) in [(&ids[0], &ids[1]), (&ids[1], &ids[0])] {
            turn_on(&app, "acme", named, json!({})).await.ok(204);
            assert_eq!((policy(&app, named).await, policy(&app, other).await), (json!(3), json!(3)));
            turn_off(&app, "acme", other).await.ok(204);
            assert_eq!((policy(&app, named).await, policy(&app, other).await), (json!(0), json!(0)));
        }
        turn_on(&app, "acme", &ids[1], json!({})).await.ok(204);
        let ran = app.advance_to("2026-02-08T00:00:00Z").await;
        assert_eq!(attempts(&ran).len(), 1, "one attempt renews both: {ran:?}");
        for id in &ids {
            assert_eq!(expiry(&app, "acme", id).await, "2026-03-15T15:59:59Z");
        }
        app.finish().await;
    }

    async fn it_takes_the_place_of_a_conversion_on_expiry(app) {
        let id = buy(&app, "acme", json!([machine()]), json!({})).await.remove(0);
        let conversion = "/v2/orders/subscriptions/resources/to-on-demand";
        app.post("acme", conversion, json!({"operation": "SET_UP", "resource_ids": [id]})).await.ok(200);
        assert_eq!(policy(&app, &id).await, 1);
        turn_on(&app, "acme", &id, json!({})).await.ok(204);
        assert_eq!(policy(&app, &id).await, 3);
        let ran = app.advance_to("2026-02-08T00:00:00Z").await;
        assert_eq!(attempts(&ran).len(), 1);
        assert_eq!(expiry(&app, "acme", &id).await, "2026-03-15T15:59:59Z");
        app.finish().await;
    }

    async fn what_cannot_be_renewed_is_not_turned_on(app) {
        let id = buy(&app, "acme", json!([machine()]), json!({})).await.remove(0);
        turn_on(&app, "acme", "unknown", json!({})).await.refused(400, "CBC.99003012");
        turn_on(&app, "globex", &id, json!({})).await.refused(400, "CBC.99003012");
        turn_off(&app, "globex", &id).await.refused(400, "CBC.99003012");
        for tenant in ["north", "summit", "operator"] {
            turn_on(&app, tenant, &id, json!({})).await.refused(403, "CBC.0151");
            turn_off(&app, tenant, &id).await.refused(403, "CBC.0151");
        }
        for body in [json!({"auto_renew_times": 100}), json!({"auto_renew_times": -1}), json!({"period_type": "DAY"})] {
            turn_on(&app, "acme", &id, body).await.refused(400, "CBC.0100");
        }
        let long = "x".repeat(65);
        turn_on(&app, "acme", &long, json!({})).await.refused(400, "CBC.0100");
        turn_off(&app, "acme", &long).await.refused(400, "CBC.0100");

        let freeze = format!("/openbss/v1/accounts/{}/freeze", app.domain("acme"));
        app.post("operator", &freeze, json!({"reason": "arrears"})).await.ok(200);
        turn_on(&app, "acme", &id, json!({})).await.refused(400, "CBC.99003602");
        let unfreeze = format!("/openbss/v1/accounts/{}/unfreeze", app.domain("acme"));
        app.post("operator", &unfreeze, json!({})).await.ok(200);
        turn_on(&app, "acme", &id, json!({})).await.ok(204);
        app.finish().await;
    }

    async fn what_is_off_sale_is_renewed_on_and_not_turned_on_anew(app) {
        let old = renewing(&app, "acme").await;
        let new = buy(&app, "acme", json!([machine()]), json!({})).await.remove(0);
        let spec = "spec: s3.medium.4.linux\n";
        crate::explain::reprice(&app, spec, &format!("{spec}    flags: [off_sale]\n")).await;
        let told = turn_on(&app, "acme", &new, json!({})).await.refused(400, "CBC.99003602");
        assert!(told.contains("no longer sold"), "{told}");
        let ran = app.advance_to("2026-02-08T00:00:00Z").await;
        assert_eq!(attempts(&ran), [("2026-02-07T19:00:00Z".to_owned(), "renewed until 2026-03-15T15:59:59Z".to_owned())]);
        assert_eq!(expiry(&app, "acme", &old).await, "2026-03-15T15:59:59Z");
        app.finish().await;
    }

    async fn an_order_that_asks_for_it_buys_what_is_renewed(app) {
        let id = renewing(&app, "acme").await;
        assert_eq!(policy(&app, &id).await, 3);
        // Paid by hand, it is the same.
        let placed = place_with(&app, "globex", json!([machine()]), json!({"auto_renew": true})).await;
        app.post("globex", PAY, payment(placed["order_id"].as_str().unwrap())).await.ok(204);
        let plain = place(&app, "globex", json!([machine()])).await;
        app.post("globex", PAY, payment(&plain)).await.ok(204);
        let ran = app.advance_to("2026-02-08T00:00:00Z").await;
        assert_eq!(attempts(&ran).len(), 2, "{ran:?}");
        app.finish().await;
    }

    async fn a_renewal_is_an_order_of_the_system(app) {
        let id = renewing(&app, "acme").await;
        let ran = app.advance_to("2026-02-08T00:00:00Z").await;
        let outcome = ran.iter().find(|ran| ran.job == "subscriptions.renew").unwrap().outcome.clone();
        let order = outcome.rsplit(' ').next().unwrap();
        let shown = crate::orders::details(&app, "acme", order).await;
        assert_eq!(shown["order_info"]["order_type"], 2);
        assert_eq!(shown["order_info"]["source_type"], 8);
        assert_eq!(shown["order_info"]["status"], 5);
        assert_eq!(shown["order_info"]["user_name"], "Operation system");
        assert_eq!(shown["order_info"]["payment_time"], "2026-02-07T19:00:00Z");
        assert_eq!(shown["order_line_items"][0]["effective_time"], "2026-02-15T15:59:59Z");
        assert_eq!(shown["order_line_items"][0]["expire_time"], "2026-03-15T15:59:59Z");
        assert_eq!(crate::orders::cash(&app, "acme").await, "9635.86");
        assert_eq!(mails(&app).await, Vec::<Value>::new(), "nobody needs to know");

        let mut tx = platform::op::Host::db(app.app.as_ref()).begin_read().await.unwrap();
        let rows = tx.all("select event, resource_id, request_id from audit_events where account_id = $1 and \
            event = 'renewResources'", platform::params![app.domain("acme")]).await.unwrap();
        tx.rollback().await;
        let rows: Vec<_> = rows.iter().map(|row| (row.text(1).to_owned(), row.text(2).to_owned())).collect();
        assert_eq!(rows, [(id, "job:subscriptions.renew".to_owned())]);
        app.finish().await;
    }
}
