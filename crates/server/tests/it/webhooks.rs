//! Webhooks: a real receiver gets what was asked for, signed, at least once.

use std::sync::Arc;

use domain::site::Site;
use parking_lot::Mutex;
use platform::auth::secrets;
use platform::db::Tx;
use platform::op::Host;
use serde_json::{Value, json};
use server::app::Provisioner;
use server::webhooks::sender::deliver_due;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{Options, TestApp};
use crate::on_both;
use crate::orders::{CANCEL, PAY, machine, payment, place};

const WEBHOOKS: &str = "/openbss/v1/webhooks";

const EXTERNAL: Options =
    Options { site: Site::Intl, provisioner: Provisioner::External, throttle: false, is_sandbox: true };

/// What a receiver got: the head and the body of each request.
type Got = Arc<Mutex<Vec<(String, String)>>>;

/// A receiver on a port of its own that answers with these statuses, one after the other; the last one stays.
async fn receiver(statuses: &'static [u16]) -> (String, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let got: Got = Arc::default();
    let seen = got.clone();
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let mut bytes = Vec::new();
            let (head, body) = loop {
                let mut buffer = [0; 4096];
                let count = stream.read(&mut buffer).await.unwrap_or(0);
                bytes.extend_from_slice(&buffer[..count]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let length =
                        header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
                    if body.len() >= length || count == 0 {
                        break (head.to_owned(), body.to_owned());
                    }
                }
                if count == 0 {
                    return;
                }
            };
            seen.lock().push((head, body));
            let status = statuses.get(number).or(statuses.last()).expect("there is a status");
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _gone = stream.write_all(answer.as_bytes()).await;
        }
    });
    (format!("http://{address}/hook?a=1"), got)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

async fn subscribe(app: &TestApp, tenant: &str, url: &str, events: Value) -> Value {
    app.post(tenant, WEBHOOKS, json!({"url": url, "events": events})).await.ok(201)
}

fn events(got: &Got) -> Vec<String> {
    let name = |(_, body): &(String, String)| {
        let body: Value = serde_json::from_str(body).expect("JSON");
        body["event"].as_str().expect("a name").to_owned()
    };
    got.lock().iter().map(name).collect()
}

/// How many rows of the outbox are in a state.
async fn in_state(app: &TestApp, state: &str) -> i64 {
    let mut tx: Tx = app.app.db().begin_read().await.expect("a snapshot");
    let sql = "select count(*) from outbox where state = $1";
    let count = tx.one(sql, platform::params![state]).await.expect("it runs").int(0);
    tx.rollback().await;
    count
}

on_both! {
    async fn a_receiver_is_told_of_a_sale_and_can_check_the_signature(app) {
        let (url, got) = receiver(&[200]).await;
        let made = subscribe(&app, "acme", &url, Value::Null).await;
        assert_eq!(made["events"], json!(["*"]));
        let secret = made["secret"].as_str().unwrap();
        assert_eq!(secret.len(), 64);
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!(deliver_due(&app.app).await.unwrap(), 2);
        let mut names = events(&got);
        names.sort();
        assert_eq!(names, ["order.completed", "order.paid"]);
        for (head, body) in got.lock().iter() {
            assert!(head.starts_with("POST /hook?a=1 HTTP/1.1"), "{head}");
            let told: Value = serde_json::from_str(body).unwrap();
            assert_eq!(told["data"]["order_id"], order.as_str());
            assert_eq!(told["account_id"], app.domain("acme"));
            assert_eq!(told["time"], "2026-01-15T08:00:00Z");
            assert_eq!(header(head, "x-openbss-event"), told["event"].as_str());
            assert_eq!(header(head, "x-openbss-delivery"), told["id"].as_str());
            let signature = header(head, "x-openbss-signature").unwrap();
            let (time, mac) = signature.split_once(",v1=").unwrap();
            let signed = format!("{}.{body}", time.strip_prefix("t=").unwrap());
            assert_eq!(mac, secrets::hex(&secrets::hmac_sha256(secret.as_bytes(), signed.as_bytes())));
        }
        assert_eq!(deliver_due(&app.app).await.unwrap(), 0, "what was taken is not sent again");
        app.finish().await;
    }

    async fn every_change_of_a_resource_is_told_once(app) {
        let (url, got) = receiver(&[200]).await;
        subscribe(&app, "acme", &url, json!(["resource.changed"])).await;
        let id = crate::changes::bought(&app, "acme", json!([crate::changes::small()])).await;
        for spec in [crate::changes::MEDIUM, "s2.small.1.linux"] {
            let path = format!("/openbss/v1/resources/{id}/change");
            let body = json!({"resource_spec": spec, "auto_pay": true});
            let changed = app.post("acme", &path, body).await.ok(201);
            assert_eq!(deliver_due(&app.app).await.unwrap(), 1);
            let told: Value = serde_json::from_str(&got.lock().last().expect("it was told").1).unwrap();
            assert_eq!(told["event"], "resource.changed");
            assert_eq!(told["data"]["resource_spec"], spec);
            assert_eq!(told["data"]["order_id"], changed["order_id"]);
        }
        app.finish().await;
    }

    async fn what_is_not_taken_is_tried_again_later(app) {
        let (url, got) = receiver(&[500, 204]).await;
        subscribe(&app, "acme", &url, json!(["order.canceled"])).await;
        let order = place(&app, "acme", json!([machine()])).await;
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await.ok(204);
        assert_eq!(deliver_due(&app.app).await.unwrap(), 1);
        assert_eq!(in_state(&app, "waiting").await, 1);
        assert_eq!(deliver_due(&app.app).await.unwrap(), 0, "it pauses first");
        let mut tx = app.app.db().begin_write().await.unwrap();
        tx.exec("update outbox set not_before = 0", &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(deliver_due(&app.app).await.unwrap(), 1);
        assert_eq!(in_state(&app, "sent").await, 1);
        let got = got.lock().clone();
        assert_eq!(got.len(), 2);
        assert_eq!(got[0].1, got[1].1, "the same notification, with the same id");
        app.finish().await;
    }

    async fn everybody_hears_of_what_concerns_them_only(app: EXTERNAL) {
        let mut heard = Vec::new();
        for tenant in ["operator", "summit", "brook", "acme", "north"] {
            let (url, got) = receiver(&[200]).await;
            subscribe(&app, tenant, &url, json!(["*"])).await;
            heard.push((tenant, got));
        }
        let order = place(&app, "brook", json!([machine()])).await;
        let cancelled = place(&app, "brook", json!([machine()])).await;
        app.call("brook", "PUT", CANCEL, Some(json!({"order_id": cancelled}))).await.ok(204);
        let path = format!("/openbss/v1/accounts/{}/top-ups", app.domain("brook"));
        app.post("operator", &path, json!({"amount": "500", "trans_id": "t"})).await.ok(201);
        app.post("brook", PAY, payment(&order)).await.ok(204);
        while deliver_due(&app.app).await.unwrap() > 0 {}
        for (tenant, got) in heard {
            let mut names = events(&got);
            names.sort();
            let wanted: &[&str] = match tenant {
                "operator" => &["order.canceled", "order.paid", "provisioning.create"],
                "summit" | "brook" => &["order.canceled", "order.paid"],
                _ => &[],
            };
            assert_eq!(names, wanted, "{tenant}");
        }
        app.finish().await;
    }

    async fn webhooks_belong_to_their_account(app) {
        let made = subscribe(&app, "acme", "https://example.com/hook", json!(["order.paid", "order.canceled"])).await;
        let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
        let listed = app.get("acme", WEBHOOKS).await.ok(200);
        assert_eq!(listed["total_count"], 1);
        assert_eq!(listed["webhooks"][0]["events"], json!(["order.paid", "order.canceled"]));
        assert_eq!(listed["webhooks"][0].get("secret"), None, "a secret is told once");
        assert_eq!(app.get("globex", WEBHOOKS).await.ok(200)["total_count"], 0);
        app.call("globex", "DELETE", &path, None).await.refused(400, "CBC.0100");
        app.call("acme", "DELETE", &path, None).await.ok(204);
        app.call("acme", "DELETE", &path, None).await.refused(400, "CBC.0100");
        assert_eq!(app.get("acme", WEBHOOKS).await.ok(200)["total_count"], 0);
        app.finish().await;
    }

    async fn what_waits_for_a_removed_webhook_is_not_sent(app) {
        let (url, got) = receiver(&[200]).await;
        let made = subscribe(&app, "acme", &url, Value::Null).await;
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
        app.call("acme", "DELETE", &path, None).await.ok(204);
        assert_eq!(deliver_due(&app.app).await.unwrap(), 2);
        assert_eq!(in_state(&app, "failed").await, 2);
        assert!(got.lock().is_empty());
        app.finish().await;
    }

    async fn what_was_sent_or_given_up_is_deleted_a_month_later_and_nothing_else(app) {
        let (url, _) = receiver(&[200]).await;
        let made = subscribe(&app, "acme", &url, json!(["order.paid", "order.completed"])).await;
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!(deliver_due(&app.app).await.unwrap(), 2);
        let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        app.call("acme", "DELETE", &path, None).await.ok(204);
        assert_eq!(deliver_due(&app.app).await.unwrap(), 2);
        // A captured mail, and a notification that still waits.
        let mut tx = app.app.db().begin_write().await.unwrap();
        let row = "insert into outbox (id, channel, recipient, account_id, subject, body, state, attempts, \
            not_before, created_at) select $1, $2, 'r', 'a', 's', 'b', $3, 0, 9000000000000000, min(created_at) \
            from outbox";
        tx.exec(row, platform::params!["m", "mail", "captured"]).await.unwrap();
        tx.exec(row, platform::params!["w", "webhook", "waiting"]).await.unwrap();
        tx.commit().await.unwrap();
        // The sandbox begins at 2026-01-15T08:00:00Z.
        for (now, left) in [("2026-02-14T07:00:00Z", 2), ("2026-02-14T08:00:00Z", 0)] {
            app.post("operator", "/openbss/v1/sandbox/clock", json!({"to": now})).await.ok(200);
            assert_eq!(in_state(&app, "sent").await, left, "{now}");
            assert_eq!(in_state(&app, "failed").await, left, "{now}");
            assert_eq!(in_state(&app, "captured").await, 1, "{now}");
            assert_eq!(in_state(&app, "waiting").await, 1, "{now}");
        }
        app.finish().await;
    }

    async fn wrong_webhooks_are_refused(app) {
        for body in [
            json!({}),
            json!({"url": ""}),
            json!({"url": "ftp://example.com"}),
            json!({"url": "example.com/hook"}),
            json!({"url": "https://user:word@example.com/"}),
            json!({"url": format!("https://example.com/{}", "x".repeat(1024))}),
            json!({"url": "https://example.com/", "events": ["order.eaten"]}),
            json!({"url": "https://example.com/", "secret": "short"}),
        ] {
            app.post("acme", WEBHOOKS, body.clone()).await.refused(400, "CBC.0100");
        }
        for number in 0..20 {
            subscribe(&app, "acme", &format!("https://example.com/{number}"), Value::Null).await;
        }
        app.post("acme", WEBHOOKS, json!({"url": "https://example.com/"})).await.refused(400, "CBC.0101");
        app.finish().await;
    }
}
