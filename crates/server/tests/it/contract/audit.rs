//! The audit trail through the wire: one row for each change that was asked for, carried out or refused.

use platform::op::Host;
use serde_json::{Value, json};

use super::calls::{payment, place, user};
use crate::harness::TestApp;
use crate::on_both;

/// One row: operation, event, status, error code, resource id.
type Row = (String, String, i64, Option<String>, Option<String>);

const ROWS: &str = "select operation, event, status, error_code, resource_id, request \
    from audit_events order by at, id limit 1000";

/// The rows since the last look; the trail only grows.
async fn rows_since(app: &TestApp, seen: &mut Vec<Row>) -> Vec<Row> {
    let mut tx = app.app.db().begin_read().await.expect("a snapshot");
    let rows = tx.all(ROWS, &[]).await.expect("the trail is read");
    tx.rollback().await;
    let mut all: Vec<Row> = rows
        .iter()
        .map(|row| {
            let opt = |column| row.opt_text(column).map(str::to_owned);
            (row.text(0).to_owned(), row.text(1).to_owned(), row.int(2), opt(3), opt(4))
        })
        .collect();
    let now = all.clone();
    for old in seen.iter() {
        let at = all.iter().position(|row| row == old).expect("no row of the trail is changed or lost");
        all.swap_remove(at);
    }
    *seen = now;
    all
}

on_both! {
    async fn each_change_leaves_one_row_whether_done_or_refused(app) {
        let mut seen = Vec::new();
        rows_since(&app, &mut seen).await;
        let top_ups = format!("/openbss/v1/accounts/{}/top-ups", app.domain("acme"));
        let pay = "/v3/orders/customer-orders/pay";
        let cancel = "/v2/orders/customer-orders/cancel";

        app.post("operator", &top_ups, json!({"amount": "1.00", "trans_id": "t"})).await.ok(201);
        let rows = rows_since(&app, &mut seen).await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0].2, &rows[0].3), (201, &None), "{rows:?}");

        let order = place(&app, "acme").await;
        let rows = rows_since(&app, &mut seen).await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0].2, &rows[0].4), (201, &Some(order.clone())), "the row names what was made");

        app.post("acme", pay, payment(&order)).await.ok(204);
        let rows = rows_since(&app, &mut seen).await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0].0.as_str(), rows[0].1.as_str()), ("PayOrders", "payCustomerOrderV3"));
        assert_eq!((rows[0].2, &rows[0].4), (204, &Some(order.clone())));

        app.post("acme", pay, payment(&order)).await.refused(400, "CBC.99003106");
        let rows = rows_since(&app, &mut seen).await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0].2, rows[0].3.as_deref()), (400, Some("CBC.99003106")));

        let body = json!({"order_id": order});
        app.call("acme", "PUT", cancel, Some(body)).await.refused(400, "CBC.99005010");
        let rows = rows_since(&app, &mut seen).await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0].1.as_str(), rows[0].3.as_deref()), ("cancelCustomerOrder", Some("CBC.99005010")));
        app.finish().await;
    }

    async fn what_the_system_cancels_is_in_the_customers_trail(app) {
        let order = place(&app, "acme").await;
        app.advance_to("2026-01-23T00:00:00Z").await;
        let mut tx = app.app.db().begin_read().await.expect("a snapshot");
        let rows = tx
            .all(
                "select account_id, operation, event, user_id, user_name, access_key, status, request_id, at, request \
                 from audit_events where resource_id = $1 and user_id = 'system' order by at, id limit 10",
                platform::params![&order],
            )
            .await
            .expect("the trail is read");
        tx.rollback().await;
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!(row.text(0), app.domain("acme"));
        assert_eq!((row.text(1), row.text(2)), ("CancelCustomerOrder", "cancelCustomerOrder"));
        assert_eq!((row.text(3), row.text(4), row.opt_text(5)), ("system", "system", None));
        assert_eq!((row.int(6), row.text(7)), (204, "job:orders.cancel_unpaid"));
        let at = domain::calendar::Instant::parse_utc("2026-01-22T15:59:59Z").expect("well-formed");
        assert_eq!((row.int(8), row.text(9)), (at.ms(), "SystemAction"));
        app.finish().await;
    }

    async fn operations_with_transactions_of_their_own_leave_one_row_too(app) {
        let mut seen = Vec::new();
        rows_since(&app, &mut seen).await;
        let users = format!("/openbss/v1/accounts/{}/users", app.domain("acme"));
        for (status, error) in [(201, None), (400, Some("CBC.0101"))] {
            let reply = app.post("acme", &users, json!({"name": "twice", "rights": ["read"]})).await;
            assert_eq!(reply.status, status, "{}", reply.text());
            let rows = rows_since(&app, &mut seen).await;
            assert_eq!(rows.len(), 1, "{rows:?}");
            assert_eq!((rows[0].2, rows[0].3.as_deref()), (i64::from(status), error));
        }
        let document = app.get("operator", "/openbss/v1/catalog").await.text();
        let yaml = [("content-type", "application/yaml")];
        let imported = app.signed(&app.key("operator"), "PUT", "/openbss/v1/catalog", &document, &yaml).await;
        assert_eq!(imported.status, 200, "{}", imported.text());
        let rows = rows_since(&app, &mut seen).await;
        assert_eq!(rows.iter().map(|row| row.2).collect::<Vec<_>>(), [200], "{rows:?}");
        app.finish().await;
    }

    async fn what_never_reached_the_operation_leaves_no_row(app) {
        let mut seen = Vec::new();
        rows_since(&app, &mut seen).await;
        let pay = "/v3/orders/customer-orders/pay";
        app.plain("POST", pay, "{}", &[]).await.refused(401, "APIG.0301");
        app.post("north", pay, payment("CS2601151600ABCDEFGH")).await.refused(403, "CBC.0155");
        app.post("acme", pay, json!({"use_coupon": "NO"})).await.refused(400, "CBC.0100");
        app.get("acme", "/v2/orders/customer-orders").await.ok(200);
        assert_eq!(rows_since(&app, &mut seen).await, Vec::new());
        app.finish().await;
    }

    async fn no_secret_stands_in_the_trail(app) {
        let key = user(&app, "acme", "auditor", &["read"], None).await;
        let login = json!({"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": "acme", "password": "a-wrong-Password-1", "domain": {"name": "acme"},
        }}}}});
        app.plain("POST", "/v3/auth/tokens", &login.to_string(), &[("content-type", "application/json")]).await;
        let mut tx = app.app.db().begin_read().await.expect("a snapshot");
        let rows = tx.all(ROWS, &[]).await.expect("the trail is read");
        tx.rollback().await;
        assert!(!rows.is_empty());
        for row in rows {
            let request = row.text(5);
            assert!(!request.contains(&key.secret_key), "{request}");
            assert!(!request.contains("a-wrong-Password-1"), "{request}");
        }
        app.finish().await;
    }
}

#[test]
fn bodies_of_operations_with_secrets_are_declared_so() {
    let is_named_secret = |name: &str| ["password", "secret", "secret_key", "token"].contains(&name);
    for entry in server::app::registry(true).entries() {
        let bears = |schema: &Value| {
            let mut found = false;
            walk(schema, &mut |name| found |= is_named_secret(name));
            found
        };
        let takes_one = (entry.params)()
            .iter()
            .any(|described| is_named_secret(described.param.name) || bears(&described.schema));
        assert!(!takes_one || entry.spec.is_secret, "{} takes a secret and does not say so", entry.spec.id);
    }
}

/// Visits the names of all properties below a schema.
fn walk(schema: &Value, visit: &mut impl FnMut(&str)) {
    if let Some(properties) = schema["properties"].as_object() {
        for (name, inner) in properties {
            visit(name);
            walk(inner, visit);
        }
    }
    if !schema["items"].is_null() {
        walk(&schema["items"], visit);
    }
}
