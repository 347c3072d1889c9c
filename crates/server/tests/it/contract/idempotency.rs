//! `Idempotency-Key`: the same request again is answered again and done once.

use futures_util::future::join_all;
use platform::op::{Method, Mode, Right};
use serde_json::{Value, json};

use super::calls::{
    Complaints, admitted, call, cash, concrete, integers, payment, place, purchase, region, served,
};
use crate::harness::{Reply, TestApp};
use crate::on_both;

const ORDERS: &str = "/openbss/v1/orders";
const PAY: &str = "/v3/orders/customer-orders/pay";
const CANCEL: &str = "/v2/orders/customer-orders/cancel";

async fn keyed(app: &TestApp, tenant: &str, method: &str, path: &str, body: &Value, key: &str) -> Reply {
    let headers = [("idempotency-key", key)];
    app.signed(&app.key(tenant), method, path, &body.to_string(), &headers).await
}

fn is_hit(reply: &Reply) -> bool {
    reply.headers.get("idempotency-hit").is_some_and(|value| value == "true")
}

/// Orders, journals and top-ups: what must not grow by a repetition.
async fn things(app: &TestApp) -> Vec<i64> {
    let sql = "select (select count(*) from orders), (select count(*) from journals), \
        (select count(*) from top_ups), (select count(*) from audit_events)";
    integers(app, sql, 4).await
}

/// Calls twice with one key, then with the key and another body.
async fn repeated(
    app: &TestApp,
    tenant: &str,
    method: &str,
    path: &str,
    body: &Value,
    other: &Value,
    status: u16,
) {
    let key = format!("key of {method} {path}");
    let first = keyed(app, tenant, method, path, body, &key).await;
    assert_eq!(first.status, status, "{}", first.text());
    assert!(!is_hit(&first), "the first call is no repetition");
    let (money, before) = (cash(app, "acme").await, things(app).await);
    let again = keyed(app, tenant, method, path, body, &key).await;
    assert!(is_hit(&again), "{path}: the repetition says so");
    assert_eq!((again.status, again.body), (first.status, first.body), "{path}: the same answer");
    assert_eq!(again.headers.get("content-type"), first.headers.get("content-type"), "{path}");
    keyed(app, tenant, method, path, other, &key).await.refused(400, "CBC.0101");
    assert_eq!(
        (cash(app, "acme").await, things(app).await[..3].to_vec()),
        (money, before[..3].to_vec()),
        "{path}"
    );
}

on_both! {
    async fn a_repeated_request_is_answered_again_and_done_once(app) {
        let top_ups = format!("/openbss/v1/accounts/{}/top-ups", app.domain("acme"));
        let top_up = json!({"amount": "10.00", "trans_id": "t-1"});
        let other = json!({"amount": "10.00", "trans_id": "t-2"});
        repeated(&app, "operator", "POST", &top_ups, &top_up, &other, 201).await;

        let order = purchase(region(domain::site::Site::Intl));
        let mut other = order.clone();
        other["lines"][0]["period_num"] = json!(2);
        repeated(&app, "acme", "POST", ORDERS, &order, &other, 201).await;

        let (one, two) = (place(&app, "acme").await, place(&app, "acme").await);
        repeated(&app, "acme", "POST", PAY, &payment(&one), &payment(&two), 204).await;
        repeated(&app, "acme", "PUT", CANCEL, &json!({"order_id": two}), &json!({"order_id": one}), 204).await;
        app.finish().await;
    }

    async fn a_refusal_is_not_remembered(app) {
        let cost = "CS2601151600ABCDEFGH";
        keyed(&app, "acme", "POST", PAY, &payment(cost), "k").await.refused(400, "CBC.30000010");
        let order = place(&app, "acme").await;
        let paid = keyed(&app, "acme", "POST", PAY, &payment(&order), "k").await;
        assert_eq!((paid.status, is_hit(&paid)), (204, false), "{}", paid.text());
        app.finish().await;
    }

    async fn a_key_belongs_to_one_caller_and_one_operation(app) {
        let order = purchase(region(domain::site::Site::Intl));
        let acme = keyed(&app, "acme", "POST", ORDERS, &order, "k").await;
        let globex = keyed(&app, "globex", "POST", ORDERS, &order, "k").await;
        assert!(!is_hit(&globex), "another account's key");
        let (acme, globex) = (acme.ok(201), globex.ok(201));
        assert_ne!(acme["order_id"], globex["order_id"]);
        let paid = keyed(&app, "acme", "POST", PAY, &payment(acme["order_id"].as_str().expect("an id")), "k").await;
        assert_eq!((paid.status, is_hit(&paid)), (204, false), "another operation's key");
        app.finish().await;
    }

    async fn a_key_is_forgotten_after_a_day(app) {
        let order = purchase(region(domain::site::Site::Intl));
        let first = keyed(&app, "acme", "POST", ORDERS, &order, "k").await.ok(201);
        app.advance_to("2026-01-16T07:59:59Z").await;
        let within = keyed(&app, "acme", "POST", ORDERS, &order, "k").await;
        assert!(is_hit(&within));
        app.advance_to("2026-01-16T08:00:01Z").await;
        let after = keyed(&app, "acme", "POST", ORDERS, &order, "k").await;
        assert!(!is_hit(&after));
        assert_ne!(after.ok(201)["order_id"], first["order_id"]);
        app.finish().await;
    }

    async fn one_key_at_the_same_time_has_one_effect(app) {
        let order = purchase(region(domain::site::Site::Intl));
        let replies = join_all((0..8).map(|_| keyed(&app, "acme", "POST", ORDERS, &order, "k"))).await;
        let hits = replies.iter().filter(|reply| is_hit(reply)).count();
        assert_eq!(hits, 7, "{replies:?}");
        let ids: std::collections::BTreeSet<String> =
            replies.into_iter().map(|reply| reply.ok(201)["order_id"].to_string()).collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
        assert_eq!(app.get("acme", "/v2/orders/customer-orders").await.ok(200)["total_count"], 1);
        app.finish().await;
    }

    async fn one_order_paid_by_sixteen_at_once_is_charged_once(app) {
        let order = place(&app, "acme").await;
        let replies = join_all((0..16).map(|_| app.post("acme", PAY, payment(&order)))).await;
        let paid = replies.iter().filter(|reply| reply.status == 204).count();
        assert_eq!(paid, 1, "{replies:?}");
        for reply in replies.into_iter().filter(|reply| reply.status != 204) {
            reply.refused(400, "CBC.99003106");
        }
        // 10000.00 at first; 182.07 for the machine and 5.60 for 40 GB of disk.
        assert_eq!(cash(&app, "acme").await, "9812.33");
        app.finish().await;
    }

    async fn an_unusable_key_is_refused(app) {
        let order = purchase(region(domain::site::Site::Intl));
        for key in ["", &"k".repeat(129)] {
            keyed(&app, "acme", "POST", ORDERS, &order, key).await.refused(400, "CBC.0100");
        }
        assert!(!is_hit(&keyed(&app, "acme", "POST", ORDERS, &order, &"k".repeat(128)).await));
        app.finish().await;
    }

    async fn an_operation_with_secrets_refuses_the_header(app) {
        let mut complaints = Complaints::default();
        let mut tried = 0;
        for entry in served(&app).filter(|e| e.spec.is_secret && e.spec.method != Method::Get) {
            let spec = entry.spec;
            let tenant = admitted(spec);
            let path = concrete(spec, &app.domain(tenant));
            let reply = call(&app, spec, &app.key(tenant), &path, b"{}", &[("idempotency-key", "k")]).await;
            complaints.refused(spec.id, &reply, 400, "CBC.0100");
            complaints.unless(reply.text().contains("Idempotency-Key"), || format!("{}: not named", spec.id));
            tried += 1;
        }
        complaints.unless(tried > 0, || "no operation bears secrets".to_owned());
        complaints.none();
        app.finish().await;
    }
}

/// Changes that take no `Idempotency-Key`, with the reason: repeating each is harmless by itself.
const TAKE_NO_KEY: &[(&str, &str)] = &[
    ("MoveSandboxClock", "a tool of tests, and no commerce"),
    ("ResetSandbox", "it takes the record of its own key away"),
    ("CreateSandboxFault", "a tool of tests, and no commerce"),
    ("DeleteSandboxFaults", "what is gone stays gone"),
];

#[test]
fn every_change_takes_a_key_or_is_listed_or_bears_a_secret() {
    let mut listed: std::collections::BTreeSet<&str> = TAKE_NO_KEY.iter().map(|(id, _)| *id).collect();
    for entry in server::app::registry(true).entries() {
        let spec = entry.spec;
        let changes = spec.right != Right::Read && spec.mode != Mode::Read;
        if changes && !spec.takes_key() && !spec.is_secret {
            assert!(listed.remove(spec.id), "{} takes no Idempotency-Key", spec.id);
        }
    }
    assert!(listed.is_empty(), "listed for nothing: {listed:?}");
}
