//! Combined orders are looked at, and paid, as a whole; and what stops a payment besides: a frozen customer, and what
//! another process has changed.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::accounts::{EXTERNAL, credit, disk, pay, shown, top_ups, waiting};
use crate::contract::calls::integers;
use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{ORDERS, place, status, with};
use crate::paying::{coupon, grant, pay_with, place_with};
use crate::verify::{expect, plant};

async fn limit(app: &TestApp, tenant: &str, limit: Value) {
    let path = format!("/openbss/v1/accounts/{}/spending-limits", app.domain(tenant));
    app.call("operator", "PUT", &path, Some(limit)).await.ok(200);
}

/// What is used of each limit.
async fn used(app: &TestApp, tenant: &str) -> Vec<String> {
    let path = format!("/openbss/v1/accounts/{}/spending-limits", app.domain(tenant));
    let body = app.get("operator", &path).await.ok(200);
    let text = |row: &Value| format!("{} {}", row["kind"].as_str().unwrap(), row["used"].as_str().unwrap());
    body["limits"].as_array().unwrap().iter().map(text).collect()
}

/// Places a combined order, each line of which is an order.
async fn combine(app: &TestApp, tenant: &str, lines: Vec<Value>) -> String {
    let placed = place_with(app, tenant, json!(lines), json!({"combined": true})).await;
    placed["order_id"].as_str().expect("an id").to_owned()
}

fn of_project(cents: i64, project: &str) -> Value {
    with(disk(cents), "enterprise_project_id", json!(project))
}

async fn freeze(app: &TestApp, tenant: &str, what: &str) {
    let path = format!("/openbss/v1/accounts/{}/{what}", app.domain(tenant));
    app.post("operator", &path, json!({"reason": "review"})).await.ok(200);
}

async fn bring(app: &TestApp, tenant: &str, amount: &str, trans_id: &str, account_type: i64) -> Reply {
    let body = json!({"amount": amount, "trans_id": trans_id, "account_type": account_type});
    app.post("operator", &top_ups(app, tenant), body).await
}

on_both! {
    async fn a_combined_order_is_one_payment_of_the_day(app) {
        limit(&app, "acme", json!({"kind": "transactions", "amount": "1"})).await;
        let (first, second) =
            (combine(&app, "acme", vec![disk(100), disk(200)]).await, combine(&app, "acme", vec![disk(50)]).await);
        pay(&app, "acme", &first).await.ok(204);
        assert_eq!(used(&app, "acme").await, ["transactions 1"]);
        pay(&app, "acme", &second).await.refused(400, "CBC.99008056");
        app.finish().await;
    }

    async fn a_combined_order_that_is_paid_at_once_is_one_payment_too(app) {
        limit(&app, "acme", json!({"kind": "transactions", "amount": "1"})).await;
        let body = json!({"lines": [disk(100), disk(200)], "combined": true, "auto_pay": true});
        assert_eq!(app.post("acme", ORDERS, body).await.ok(201)["status"], 5);
        assert_eq!(used(&app, "acme").await, ["transactions 1"]);
        app.finish().await;
    }

    async fn a_combined_order_names_the_first_of_the_reasons_of_all_its_sub_orders(app) {
        // The first alone exceeds the balance, the second a limit that is looked at before.
        limit(&app, "acme", json!({"kind": "project", "subject": "p1", "amount": "99"})).await;
        let order = combine(&app, "acme", vec![disk(1_000_050), of_project(10_000, "p1")]).await;
        pay(&app, "acme", &order).await.refused(400, "CBC.99003155");
        let path = format!("/openbss/v1/accounts/{}/spending-limits/project?subject=p1", app.domain("acme"));
        app.call("operator", "DELETE", &path, None).await.ok(204);
        let message = pay(&app, "acme", &order).await.refused(400, "CBC.99005003");
        assert!(message.contains(&order), "{message}");
        app.finish().await;
    }

    async fn every_project_of_a_combined_order_that_is_short_is_told(app) {
        for project in ["p1", "p2"] {
            limit(&app, "acme", json!({"kind": "project", "subject": project, "amount": "150"})).await;
        }
        // Of p1 either would fit; p3 has no limit.
        let lines = vec![of_project(10_000, "p1"), of_project(5_000, "p3"), of_project(20_000, "p2"), of_project(10_000, "p1")];
        let order = combine(&app, "acme", lines).await;
        let reply = pay(&app, "acme", &order).await;
        assert_eq!(reply.json()["enterprise_project_auth_result"], json!([
            {"enterprise_project_id": "p1", "enterprise_project_name": "p1", "auth_status": 10},
            {"enterprise_project_id": "p2", "enterprise_project_name": "p2", "auth_status": 10},
        ]));
        // What is needed is that of all sub-orders together.
        let message = reply.refused(400, "CBC.99003155");
        let wanted = format!(
            "Order {order}: the fund quota of enterprise project p1 is 150; 0 of it is used, and the order needs 200; \
             the fund quota of enterprise project p2 is 150; 0 of it is used, and the order needs 200."
        );
        assert!(message.starts_with(&wanted), "{message}");
        assert_eq!(used(&app, "acme").await, ["project 0", "project 0"]);
        app.finish().await;
    }

    async fn sub_orders_share_coupons_balances_and_credit_in_their_order(app: EXTERNAL) {
        let paper = coupon(&app, "globex", "100", &[]).await;
        limit(&app, "globex", json!({"kind": "expenditure_quota", "amount": "6000"})).await;
        let order = combine(&app, "globex", vec![disk(300_000), disk(300_000)]).await;
        app.post("globex", crate::orders::PAY, pay_with(&order, None, &[(&paper, 301)])).await.ok(204);
        assert_eq!(shown(&app, "globex").await, "1 0, 2 1100 of 2000; debt 900");
        assert_eq!(used(&app, "globex").await, ["expenditure_quota 5900"]);
        let sql = "select count(*), cast(sum(amount) as bigint) from debts";
        assert_eq!(integers(&app, sql, 2).await, [1, 90_000], "only the second needed credit");
        for (_, id) in waiting(&app).await {
            crate::accounts::fail(&app, &id).await;
        }
        assert_eq!(used(&app, "globex").await, ["expenditure_quota 0"]);
        assert_eq!(shown(&app, "globex").await, "1 5000, 2 2000 of 2000; debt 0");
        assert_eq!(crate::paying::coupon_is(&app, "globex", &paper).await, "2 100");
        app.finish().await;
    }

    async fn a_frozen_member_buys_nothing_with_its_masters_money(app) {
        let order = place(&app, "globex-ops", json!([disk(100)])).await;
        freeze(&app, "globex-ops", "freeze").await;
        // Neither by its own hand, nor by its master's, nor at once.
        pay(&app, "globex-ops", &order).await.refused(400, "CBC.7281");
        pay(&app, "globex", &order).await.refused(400, "CBC.7281");
        let unpaid = app.post("globex-ops", ORDERS, json!({"lines": [disk(100)], "auto_pay": true})).await.ok(201);
        assert_eq!((&unpaid["status"], &unpaid["payment_error"]["error_code"]), (&json!(6), &json!("CBC.7281")));
        assert_eq!(shown(&app, "globex").await, "1 5000, 2 2000 of 2000; debt 0");
        freeze(&app, "globex-ops", "unfreeze").await;
        pay(&app, "globex-ops", &order).await.ok(204);
        pay(&app, "globex", &order).await.ok(204);
        assert_eq!(status(&app, "globex-ops", &order).await, 5);
        app.finish().await;
    }

    async fn what_another_process_has_just_frozen_or_settled_elsewhere_does_not_pay(app) {
        let order = place(&app, "acme", json!([disk(100)])).await;
        let id = app.domain("acme");
        // This process remembers the account, and nothing tells it of the change.
        shown(&app, "acme").await;
        plant(&app, &format!("update accounts set frozen = 1 where id = '{id}'")).await;
        pay(&app, "acme", &order).await.refused(400, "CBC.7281");
        plant(&app, &format!("update accounts set frozen = 0, country = 'DE' where id = '{id}'")).await;
        shown(&app, "acme").await;
        pay(&app, "acme", &order).await.refused(400, "CBC.99006093");
        plant(&app, &format!("update accounts set country = null where id = '{id}'")).await;
        pay(&app, "acme", &order).await.ok(204);
        app.finish().await;
    }

    async fn a_refund_order_carries_the_tax_that_it_gives_back(app: EXTERNAL) {
        let rates = json!({"rates": [{"country": "DE", "rate": "0.19", "valid_from": "2025-01-01T00:00:00Z"}]});
        app.call("operator", "PUT", "/openbss/v1/tax-rates", Some(rates)).await.ok(200);
        let country = format!("/openbss/v1/accounts/{}/country", app.domain("acme"));
        app.call("operator", "PUT", &country, Some(json!({"country": "DE"}))).await.ok(200);
        let order = place(&app, "acme", json!([disk(100), disk(150), disk(250)])).await;
        pay(&app, "acme", &order).await.ok(204);
        let mut disks = waiting(&app).await;
        disks.sort_unstable();
        let mut refunds = Vec::new();
        for (at, tax) in ["-0.16", "-0.24", "-0.4"].into_iter().enumerate() {
            let refund = crate::accounts::fail(&app, &disks[at].1).await;
            let told = app.get("acme", &format!("/openbss/v1/explain?order_id={refund}")).await.ok(200);
            assert_eq!(told["orders"][0]["tax"], json!({"amount": tax, "rate": "0.19"}), "{told}");
            refunds.push(refund);
        }
        let change = |by: &str, id: &str| format!("update orders set tax_amount = tax_amount {by} where id = '{id}'");
        for (fault, cure, id) in [("- 1", "+ 1", &order), ("+ 1", "- 1", &refunds[1])] {
            expect(&app, &change(fault, id), &["orders.taxes"], id).await;
            plant(&app, &change(cure, id)).await;
        }
        // The sums agree, and still each is wrong.
        plant(&app, &change("+ 1", &refunds[0])).await;
        expect(&app, &change("- 1", &refunds[1]), &["orders.taxes"], &refunds[0]).await;
        for (by, id) in [("- 1", &refunds[0]), ("+ 1", &refunds[1])] {
            plant(&app, &change(by, id)).await;
        }
        app.finish().await;
    }

    async fn what_cost_nothing_and_failed_is_no_longer_used_of_a_budget(app: EXTERNAL) {
        limit(&app, "lighthouse", json!({"kind": "budget", "amount": "1000"})).await;
        let all = grant(&app, "lighthouse", 607, "ratio", "0.0001", json!({})).await;
        let two = with(disk(100), "subscription_num", json!(2));
        let order = place(&app, "lighthouse", json!([two])).await;
        app.post("lighthouse", crate::orders::PAY, pay_with(&order, Some((&all, 3)), &[])).await.ok(204);
        assert_eq!(used(&app, "lighthouse").await, ["budget 2"]);
        let disks = waiting(&app).await;
        for ((_, id), left) in disks.iter().zip(["budget 1", "budget 0"]) {
            let path = format!("/openbss/v1/resources/{id}/failed");
            let failed = app.post("operator", &path, json!({"reason": "no capacity"})).await.ok(200);
            assert_eq!(failed["refund_order_id"], Value::Null);
            assert_eq!(used(&app, "lighthouse").await, [left]);
        }
        app.finish().await;
    }

    async fn one_top_up_repays_any_number_of_debts(app) {
        app.post("operator", &credit(&app, "globex-lab"), json!({"amount": 1_000})).await.ok(201);
        for _ in 0..3 {
            let order = combine(&app, "globex-lab", (0..80).map(|_| disk(50)).collect()).await;
            pay(&app, "globex-lab", &order).await.ok(204);
        }
        let sql = "select count(*), cast(sum(case when left_amount > 0 then 1 else 0 end) as bigint), \
            cast(sum(left_amount) as bigint) from debts";
        assert_eq!(integers(&app, sql, 3).await, [240, 240, 12_000]);
        let done = bring(&app, "globex-lab", "0.80", "first", 1).await.ok(201);
        assert_eq!((&done["repaid"], &done["balance"]), (&json!("0.8"), &json!("0")));
        assert_eq!(integers(&app, sql, 3).await, [240, 239, 11_920]);
        let done = bring(&app, "globex-lab", "105.20", "second", 1).await.ok(201);
        assert_eq!((&done["repaid"], &done["balance"]), (&json!("105.2"), &json!("0")));
        assert_eq!(integers(&app, sql, 3).await, [240, 28, 1_400]);
        let done = bring(&app, "globex-lab", "20", "third", 1).await.ok(201);
        assert_eq!((&done["repaid"], &done["balance"]), (&json!("14"), &json!("6")));
        assert_eq!(shown(&app, "globex-lab").await, "1 6, 2 1000 of 1000; debt 0");
        app.finish().await;
    }

    async fn a_bonus_repays_debts_first_and_a_deposit_never(app) {
        app.post("operator", &credit(&app, "globex-lab"), json!({"amount": 100})).await.ok(201);
        let order = place(&app, "globex-lab", json!([disk(5_000)])).await;
        pay(&app, "globex-lab", &order).await.ok(204);
        let done = bring(&app, "globex-lab", "20", "deposit", 7).await.ok(201);
        assert_eq!((&done["repaid"], &done["balance"]), (&json!("0"), &json!("20")));
        let done = bring(&app, "globex-lab", "30", "bonus", 5).await.ok(201);
        assert_eq!((&done["repaid"], &done["balance"]), (&json!("30"), &json!("0")));
        let done = bring(&app, "globex-lab", "30", "more", 5).await.ok(201);
        assert_eq!((&done["repaid"], &done["balance"]), (&json!("20"), &json!("10")));
        assert_eq!(shown(&app, "globex-lab").await, "1 0, 2 100 of 100, 5 10, 7 20; debt 0");
        app.finish().await;
    }

    async fn top_ups_and_payments_at_once_leave_no_debt_beside_cash(app) {
        app.post("operator", &credit(&app, "globex-lab"), json!({"amount": 10_000})).await.ok(201);
        let mut orders = Vec::new();
        for _ in 0..16 {
            orders.push(place(&app, "globex-lab", json!([disk(10_000)])).await);
        }
        let app = Arc::new(app);
        let tasks: Vec<_> = orders.into_iter().enumerate().map(|(number, order)| {
            let app = app.clone();
            tokio::spawn(async move {
                let trans_id = format!("t{number}");
                let (paid, brought) =
                    tokio::join!(pay(&app, "globex-lab", &order), bring(&app, "globex-lab", "77", &trans_id, 1));
                paid.ok(204);
                brought.ok(201);
            })
        }).collect();
        for task in tasks {
            task.await.expect("no task panics");
        }
        assert_eq!(shown(&app, "globex-lab").await, "1 0, 2 9632 of 10000; debt 368");
        Arc::into_inner(app).expect("every task has ended").finish().await;
    }
}
