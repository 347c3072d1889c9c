//! Money in, balances, payments and refunds.

use std::sync::Arc;

use domain::money::Charge;
use domain::site::Site;
use platform::db::DbError;
use platform::job::context;
use serde_json::{Value, json};
use server::accounts::service::{PayError, Payment, Refund, pay_orders, refund_orders};
use server::app::Provisioner;

use crate::harness::{Options, Reply, TestApp};
use crate::on_both;
use crate::orders::{PAY, payment, place, status};

const BALANCES: &str = "/v2/accounts/customer-accounts/balances";

/// The cloud provides what was paid, or fails to.
pub(crate) const EXTERNAL: Options =
    Options { site: Site::Intl, provisioner: Provisioner::External, throttle: false, is_sandbox: true };

pub(crate) fn top_ups(app: &TestApp, tenant: &str) -> String {
    format!("/openbss/v1/accounts/{}/top-ups", app.domain(tenant))
}

pub(crate) fn credit(app: &TestApp, tenant: &str) -> String {
    format!("/openbss/v1/accounts/{}/credit", app.domain(tenant))
}

/// The balances as `type amount [of line]`, then the debt; read as text, so that no digit passes a float.
pub(crate) async fn shown(app: &TestApp, tenant: &str) -> String {
    let body = app.get(tenant, BALANCES).await.ok(200);
    let mut rows = Vec::new();
    for row in body["account_balances"].as_array().expect("a list") {
        rows.push(match &row["credit_amount"] {
            Value::Null => format!("{} {}", row["account_type"], row["amount"]),
            line => format!("{} {} of {line}", row["account_type"], row["amount"]),
        });
    }
    format!("{}; debt {}", rows.join(", "), body["debt_amount"])
}

/// A disk for a year that costs this many cents: a GB is 0.50.
pub(crate) fn disk(cents: i64) -> Value {
    assert_eq!(cents % 50, 0, "a GB for a year is 0.50");
    volume("SATA", cents / 50, 3)
}

fn volume(spec: &str, size: i64, period_type: i64) -> Value {
    json!({
        "cloud_service_type": "hws.service.type.ebs", "resource_type": "hws.resource.type.volume",
        "resource_spec": spec, "region": "ap-southeast-1", "resource_size": size, "size_measure_id": 17,
        "period_type": period_type, "period_num": 1,
    })
}

/// Lines that cost this many cents together: whatever is no multiple of 0.50 needs disks for a month, at 0.05
/// and 0.09 a GB.
fn goods(cents: i64) -> Value {
    let rest = 50 + cents % 50;
    let dear = 4 * rest % 5;
    json!([disk(cents - rest), volume("SATA", (rest - 9 * dear) / 5, 2), volume("SAS", dear, 2)])
}

pub(crate) async fn pay(app: &TestApp, payer: &str, order: &str) -> Reply {
    app.post(payer, PAY, payment(order)).await
}

/// Places an order of one disk and pays it.
pub(crate) async fn buy(app: &TestApp, tenant: &str, cents: i64) -> String {
    let order = place(app, tenant, json!([disk(cents)])).await;
    pay(app, tenant, &order).await.ok(204);
    order
}

/// Asks for the money of an order again, below the order that would have stopped it.
async fn charge(app: &TestApp, payer: &str, order: &str, cents: i64) -> Result<(), PayError> {
    let mut cx = context(&app.app, "test").await.expect("a transaction");
    let payer = app.domain(payer);
    let money = Charge::cents(cents);
    let payment =
        Payment { payer: &payer, customer: &payer, order, money, benefits: &[], list: money, projects: &[] };
    let paid = pay_orders(&mut cx, &[payment], None).await;
    // A refusal is committed too: it must have written nothing.
    cx.tx.take().expect("the transaction is there").commit().await.expect("durable");
    paid.map(|_| ())
}

fn back<'a>(payer: &'a str, base_order: &'a str, refund_order: &'a str, cents: i64) -> Refund<'a> {
    let money = Charge::cents(cents);
    Refund {
        payer,
        base_order,
        refund_order,
        money,
        projects: &[],
        benefits: &[],
        tax_rate: None,
        list: money,
    }
}

/// Gives money back, below the orders that decide how much.
async fn refund(app: &TestApp, payer: &str, base: &str, order: &str, cents: i64) -> Result<(), DbError> {
    let mut cx = context(&app.app, "test").await.expect("a transaction");
    let refunded = refund_orders(&mut cx, &[back(&app.domain(payer), base, order, cents)]).await;
    cx.tx.take().expect("the transaction is there").commit().await.expect("durable");
    refunded.map(|_| ())
}

/// The disks that wait for the cloud: price in cents, and id.
pub(crate) async fn waiting(app: &TestApp) -> Vec<(i64, String)> {
    let body = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
    let of = |item: &Value| {
        (item["resource_size"].as_i64().expect("a disk") * 50, item["id"].as_str().expect("an id").to_owned())
    };
    body["items"].as_array().expect("a list").iter().map(of).collect()
}

/// The cloud cannot provide a resource; the answer names the order that gave its money back.
pub(crate) async fn fail(app: &TestApp, id: &str) -> String {
    let path = format!("/openbss/v1/resources/{id}/failed");
    let body = app.post("operator", &path, json!({"reason": "no capacity"})).await.ok(200);
    body["refund_order_id"].as_str().expect("its money went back").to_owned()
}

on_both! {
    async fn a_top_up_counts_once_for_each_trans_id(app) {
        let path = top_ups(&app, "acme");
        let body = json!({"amount": "12.50", "trans_id": "bank/1 ä"});
        let first = app.post("operator", &path, body.clone()).await.ok(201);
        assert_eq!(first["account_id"], app.domain("acme"));
        assert_eq!(first["trans_id"], "bank/1 ä");
        assert_eq!(first["amount"], "12.5");
        assert_eq!((&first["balance"], &first["repaid"]), (&json!("10012.5"), &json!("0")));
        assert_eq!(first["account_type"], 1);
        assert_eq!(first["currency"], "USD");
        assert_eq!(first["time"], "2026-01-15T08:00:00Z");
        app.post("operator", &path, json!({"amount": 1, "trans_id": "bank/2"})).await.ok(201);
        app.advance_to("2026-01-16T08:00:00Z").await;
        // The first answer again, though time has passed and the balance has changed.
        assert_eq!(app.post("operator", &path, json!({"amount": 12.5, "trans_id": "bank/1 ä"})).await.ok(201), first);
        let other = app.post("operator", &path, json!({"amount": "12.51", "trans_id": "bank/1 ä"})).await;
        assert!(other.refused(400, "CBC.0101").contains("trans_id"));
        assert_eq!(shown(&app, "acme").await, "1 10013.5; debt 0");
        // Another account's ids are its own.
        let elsewhere = app.post("operator", &top_ups(&app, "globex"), body).await.ok(201);
        assert_eq!(elsewhere["balance"], "5012.5");
        app.finish().await;
    }

    async fn only_positive_amounts_of_cents_come_in(app) {
        let before = shown(&app, "acme").await;
        for path in [top_ups(&app, "acme"), credit(&app, "acme")] {
            for amount in [
                "0", "\"0\"", "0.00", "-1", "\"-1\"", "1.001", "\"1.001\"", "1e-3", "\"abc\"", "1e30", "1e999999999",
                "1000000000.01", "9223372036854775807", "99999999999999999999999999", "\"\"", "null", "NaN",
                "\"NaN\"", "\"Infinity\"", "true", "[]", "[1]", "{}", "\"1,000\"", "\" 1\"", "\"0x10\"", "\"１\"",
            ] {
                let body = format!("{{\"amount\": {amount}, \"trans_id\": \"a\"}}");
                let reply = app.signed(&app.key("operator"), "POST", &path, &body, &[]).await;
                let message = reply.refused(400, "CBC.0100");
                assert!(amount == "NaN" || message.contains("amount"), "{amount}: {message}");
            }
            let missing = app.post("operator", &path, json!({"trans_id": "a"})).await;
            assert!(missing.refused(400, "CBC.0100").contains("amount"));
        }
        for trans_id in [json!(""), json!(null), json!("x".repeat(65)), json!({})] {
            let body = json!({"amount": 1, "trans_id": trans_id});
            let reply = app.post("operator", &top_ups(&app, "acme"), body).await;
            assert!(reply.refused(400, "CBC.0100").contains("trans_id"));
        }
        // No text of a body may hold U+0000; which member does is not said.
        let body = json!({"amount": 1, "trans_id": "a\u{0}b"});
        app.post("operator", &top_ups(&app, "acme"), body).await.refused(400, "CBC.0100");
        assert_eq!(shown(&app, "acme").await, before);
        app.finish().await;
    }

    async fn money_comes_in_for_customers_and_partners_and_from_the_operator_only(app) {
        let body = json!({"amount": 1, "trans_id": "a"});
        for account in ["no-such-account", "house", "%27", &app.domain("operator")] {
            for (what, body) in [("top-ups", body.clone()), ("credit", json!({"amount": 1}))] {
                let path = format!("/openbss/v1/accounts/{account}/{what}");
                let message = app.post("operator", &path, body).await.refused(400, "CBC.0100");
                assert!(message.contains("domain_id"), "{message}");
            }
        }
        app.post("operator", &top_ups(&app, "north"), body.clone()).await.ok(201);
        for tenant in ["acme", "north", "harbor", "summit"] {
            app.post(tenant, &top_ups(&app, tenant), body.clone()).await.refused(403, "CBC.0151");
            app.post(tenant, &credit(&app, tenant), body.clone()).await.refused(403, "CBC.0151");
        }
        assert_eq!(shown(&app, "acme").await, "1 10000; debt 0");
        app.finish().await;
    }

    async fn balances_are_each_customers_own(app) {
        let body = app.get("acme", BALANCES).await.ok(200);
        let row = json!({
            "account_id": body["account_balances"][0]["account_id"], "account_type": 1, "amount": 10000,
            "currency": "USD", "designated_amount": 0, "credit_amount": null, "measure_id": 1,
        });
        assert_eq!(body, json!({
            "account_balances": [row], "debt_amount": 0, "measure_id": 1, "currency": "USD",
        }));
        assert_eq!(shown(&app, "globex").await, "1 5000, 2 2000 of 2000; debt 0");
        assert_eq!(shown(&app, "globex-lab").await, "1 0; debt 0");
        for tenant in ["lighthouse", "meadow", "brook"] {
            app.get(tenant, BALANCES).await.refused(400, "CBC.99000049");
        }
        for tenant in ["operator", "north", "harbor", "summit"] {
            app.get(tenant, BALANCES).await.refused(403, "CBC.0151");
        }
        app.finish().await;
    }

    async fn credit_lasts_until_it_expires_and_lines_add_up(app) {
        let path = credit(&app, "acme");
        for past in ["2026-01-15T08:00:00Z", "2025-01-01T00:00:00Z"] {
            let reply = app.post("operator", &path, json!({"amount": 5, "expire_time": past})).await;
            assert!(reply.refused(400, "CBC.0100").contains("expire_time"));
        }
        for malformed in ["2026-02-30T00:00:00Z", "2026-02-01", "tomorrow"] {
            let reply = app.post("operator", &path, json!({"amount": 5, "expire_time": malformed})).await;
            assert!(reply.refused(400, "CBC.0100").contains("expire_time"));
        }
        let line = app.post("operator", &path, json!({"amount": "5.50", "expire_time": "2026-02-01T00:00:00Z"})).await.ok(201);
        assert_eq!(line["amount"], "5.5");
        assert_eq!(line["expire_time"], "2026-02-01T00:00:00Z");
        assert_eq!(line["account_id"], app.domain("acme"));
        let endless = app.post("operator", &path, json!({"amount": 10})).await.ok(201);
        assert_eq!(endless["expire_time"], Value::Null);
        assert_ne!(endless["credit_id"], line["credit_id"]);
        assert_eq!(shown(&app, "acme").await, "1 10000, 2 15.5 of 15.5; debt 0");
        app.advance_to("2026-01-31T23:59:59Z").await;
        assert_eq!(shown(&app, "acme").await, "1 10000, 2 15.5 of 15.5; debt 0");
        app.advance_to("2026-02-01T00:00:00Z").await;
        assert_eq!(shown(&app, "acme").await, "1 10000, 2 10 of 10; debt 0");
        app.finish().await;
    }

    async fn concurrent_top_ups_lose_nothing_and_count_once(app) {
        let app = Arc::new(app);
        let tasks: Vec<_> = (0..16).map(|task| {
            let app = app.clone();
            tokio::spawn(async move {
                let path = top_ups(&app, "acme");
                for n in 0..4 {
                    let own = json!({"amount": "0.03", "trans_id": format!("{task}-{n}")});
                    app.post("operator", &path, own).await.ok(201);
                    let shared = json!({"amount": "0.50", "trans_id": format!("shared-{n}")});
                    app.post("operator", &path, shared).await.ok(201);
                }
            })
        }).collect();
        for task in tasks {
            task.await.expect("no task panics");
        }
        // 64 × 0.03 + 4 × 0.50
        assert_eq!(shown(&app, "acme").await, "1 10003.92; debt 0");
        Arc::into_inner(app).expect("every task has ended").finish().await;
    }

    async fn an_order_is_paid_from_cash_then_from_credit_and_once(app) {
        let first = buy(&app, "globex", 480_000).await;
        assert_eq!(shown(&app, "globex").await, "1 200, 2 2000 of 2000; debt 0");
        pay(&app, "globex", &first).await.refused(400, "CBC.99003106");
        charge(&app, "globex", &first, 480_000).await.expect("it was paid before");
        assert_eq!(shown(&app, "globex").await, "1 200, 2 2000 of 2000; debt 0");
        let expire_time = "2026-02-01T00:00:00Z";
        app.post("operator", &credit(&app, "globex"), json!({"amount": 100, "expire_time": expire_time})).await.ok(201);
        // 200 cash, 100 of the line that expires, 50 of the one that does not.
        let second = buy(&app, "globex", 35_000).await;
        assert_eq!(shown(&app, "globex").await, "1 0, 2 1950 of 2100; debt 150");
        let third = place(&app, "globex", goods(195_001)).await;
        let message = pay(&app, "globex", &third).await.refused(400, "CBC.99005003");
        assert!(message.contains(&third), "{message}");
        assert_eq!(status(&app, "globex", &third).await, 6);
        charge(&app, "globex", &second, 35_000).await.expect("it was paid before, though money is short now");
        let address = json!({
            "cloud_service_type": "hws.service.type.vpc", "resource_type": "hws.resource.type.ip",
            "resource_spec": "5_bgp", "region": "ap-southeast-1", "period_type": 2, "period_num": 1,
        });
        let free = place(&app, "globex", json!([address])).await;
        assert_eq!(status(&app, "globex", &free).await, 5, "nothing is due");
        assert_eq!(shown(&app, "globex").await, "1 0, 2 1950 of 2100; debt 150");
        // Expired credit pays nothing, and what was taken of it stays owed.
        app.advance_to("2026-02-01T00:00:00Z").await;
        assert_eq!(shown(&app, "globex").await, "1 0, 2 1950 of 2000; debt 150");
        let fourth = place(&app, "globex", goods(195_001)).await;
        pay(&app, "globex", &fourth).await.refused(400, "CBC.99005003");
        buy(&app, "globex", 195_000).await;
        let fifth = place(&app, "globex", json!([volume("SATA", 1, 2)])).await;
        pay(&app, "globex", &fifth).await.refused(400, "CBC.99005003");
        assert_eq!(shown(&app, "globex").await, "1 0, 2 0 of 2000; debt 2100");
        app.finish().await;
    }

    async fn amounts_to_the_cent_are_paid_to_the_cent(app) {
        for cents in [195_001, 10_049, 33_333] {
            let order = place(&app, "acme", goods(cents)).await;
            pay(&app, "acme", &order).await.ok(204);
        }
        // 10000 − 1950.01 − 100.49 − 333.33
        assert_eq!(shown(&app, "acme").await, "1 7616.17; debt 0");
        app.finish().await;
    }

    async fn refunds_go_back_to_the_funds_that_paid_and_never_exceed_them(app: EXTERNAL) {
        let order = place(&app, "globex", json!([disk(20_000), disk(40_000), disk(490_000)])).await;
        pay(&app, "globex", &order).await.ok(204);
        assert_eq!(shown(&app, "globex").await, "1 0, 2 1500 of 2000; debt 500");
        let mut disks = waiting(&app).await;
        disks.sort_unstable();
        let first = fail(&app, &disks[0].1).await;
        assert_eq!(shown(&app, "globex").await, "1 0, 2 1700 of 2000; debt 300", "credit first");
        assert_eq!(fail(&app, &disks[0].1).await, first, "the same report again");
        refund(&app, "globex", &order, &first, 20_000).await.expect("the same refund order again");
        assert_eq!(shown(&app, "globex").await, "1 0, 2 1700 of 2000; debt 300");
        fail(&app, &disks[1].1).await;
        assert_eq!(shown(&app, "globex").await, "1 100, 2 2000 of 2000; debt 0", "the rest of credit, then cash");
        assert!(refund(&app, "globex", &order, "CR3", 490_001).await.is_err(), "a cent too much");
        let unpaid = place(&app, "globex", json!([disk(50)])).await;
        assert!(refund(&app, "globex", &unpaid, "CR4", 1).await.is_err(), "never paid");
        assert!(refund(&app, "globex", "CS9", "CR4", 1).await.is_err(), "never placed");
        refund(&app, "globex", &order, "CR5", 0).await.expect("nothing goes back");
        assert_eq!(shown(&app, "globex").await, "1 100, 2 2000 of 2000; debt 0");
        fail(&app, &disks[2].1).await;
        assert_eq!(shown(&app, "globex").await, "1 5000, 2 2000 of 2000; debt 0", "all of it");
        assert_eq!(status(&app, "globex", &order).await, 5);
        assert!(refund(&app, "globex", &order, "CR6", 1).await.is_err(), "there is nothing left");
        app.finish().await;
    }

    async fn concurrent_payments_never_spend_the_same_money(app) {
        let mut orders = Vec::new();
        for _ in 0..16 {
            orders.push(place(&app, "globex", json!([disk(70_000)])).await);
        }
        let app = Arc::new(app);
        let tasks: Vec<_> = orders.into_iter().map(|order| {
            let app = app.clone();
            // Money for ten of them; the eleventh needs more than is left, cash and credit together.
            tokio::spawn(async move { (pay(&app, "globex", &order).await, order) })
        }).collect();
        let mut paid = 0;
        for task in tasks {
            let (reply, order) = task.await.expect("no task panics");
            if reply.status == 204 {
                paid += 1;
                assert_eq!(status(&app, "globex", &order).await, 5);
            } else {
                reply.refused(400, "CBC.99005003");
                assert_eq!(status(&app, "globex", &order).await, 6);
            }
        }
        assert_eq!(paid, 10);
        assert_eq!(shown(&app, "globex").await, "1 0, 2 0 of 2000; debt 2000");
        Arc::into_inner(app).expect("every task has ended").finish().await;
    }

    async fn concurrent_failures_give_each_share_back_once(app: EXTERNAL) {
        // Eight machines of 30.00; each is reported twice, all at once.
        let order = json!([{
            "cloud_service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm",
            "resource_spec": "s2.medium.4.linux", "region": "ap-southeast-1", "period_type": 2, "period_num": 1,
            "subscription_num": 8,
        }]);
        let order = place(&app, "acme", order).await;
        pay(&app, "acme", &order).await.ok(204);
        assert_eq!(shown(&app, "acme").await, "1 9760; debt 0");
        let body = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let ids: Vec<String> = body["items"].as_array().expect("a list").iter()
            .map(|item| item["id"].as_str().expect("an id").to_owned()).collect();
        let app = Arc::new(app);
        let tasks: Vec<_> = ids.iter().chain(&ids).cloned().map(|id| {
            let app = app.clone();
            tokio::spawn(async move { fail(&app, &id).await })
        }).collect();
        let mut refunds = std::collections::BTreeSet::new();
        for task in tasks {
            refunds.insert(task.await.expect("no task panics"));
        }
        assert_eq!(refunds.len(), 8);
        assert_eq!(shown(&app, "acme").await, "1 10000; debt 0");
        assert_eq!(status(&app, "acme", &order).await, 5);
        Arc::into_inner(app).expect("every task has ended").finish().await;
    }

    /// The lock of the accounts alone, without that of the order above them: so these refunds have no orders, and
    /// that is what `verify` says of them.
    async fn concurrent_refunds_never_exceed_the_payment(app) {
        let order = buy(&app, "acme", 10_000).await;
        let app = Arc::new(app);
        let tasks: Vec<_> = (0..8).map(|task| {
            let (app, base) = (app.clone(), order.clone());
            tokio::spawn(async move {
                let mut cx = context(&app.app, "test").await.expect("a transaction");
                let order = format!("CR{task}");
                let done = refund_orders(&mut cx, &[back(&app.domain("acme"), &base, &order, 3_000)]).await;
                let tx = cx.tx.take().expect("the transaction is there");
                match done {
                    Ok(_) => tx.commit().await.is_ok(),
                    Err(_) => { tx.rollback().await; false }
                }
            })
        }).collect();
        let mut done = 0;
        for task in tasks {
            done += i64::from(task.await.expect("no task panics"));
        }
        assert_eq!(done, 3);
        assert_eq!(shown(&app, "acme").await, "1 9990; debt 0");
        let verdict = server::verify::service::verify(&app.app).await.expect("verify runs");
        let broken: Vec<_> = verdict.iter().filter(|identity| !identity.holds).collect();
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert_eq!(broken[0].name, "orders.postings");
        // These refunds were posted without orders.
        let detail = broken[0].detail.as_deref().unwrap_or_default();
        assert_eq!(detail.matches("refund_order/CR").count(), 3, "{detail}");
        assert!(detail.ends_with("has no order; 1 journals are due and there are 4"), "{detail}");
    }

    async fn the_china_site_keeps_yuan(app: Options { site: Site::Cn, ..Options::default() }) {
        let body = app.get("acme", BALANCES).await.ok(200);
        assert_eq!(body["currency"], "CNY");
        assert_eq!(body["account_balances"][0]["currency"], "CNY");
        app.finish().await;
    }
}
