//! Which funds pay, what is owed for it, and what repays it.

use std::sync::Arc;

use domain::id::DomainId;
use domain::ledger::{AccountKind, Journal, LedgerAccount};
use domain::money::{Charge, Currency};
use domain::site::Site;
use platform::job::context;
use serde_json::{Value, json};
use server::accounts::service::{Late, PayError, Payment, Refund, pay_orders, refund_orders};
use server::ledger::service as ledger;

use crate::accounts::{EXTERNAL, buy, credit, disk, fail, pay, shown, top_ups, waiting};
use crate::contract::calls::integers;
use crate::harness::{Options, TestApp};
use crate::on_both;
use crate::orders::{place, status};
use crate::verify::expect;

pub(crate) const CHANGES: &str = "/v2/accounts/customer-accounts/account-change-records";

fn settlement(app: &TestApp, tenant: &str) -> String {
    format!("/openbss/v1/accounts/{}/settlement", app.domain(tenant))
}

/// Sets the terms of monthly settlement.
pub(crate) async fn terms(app: &TestApp, tenant: &str, body: Value) -> Value {
    app.call("operator", "PUT", &settlement(app, tenant), Some(body)).await.ok(200)
}

pub(crate) async fn debts(app: &TestApp, tenant: &str) -> Value {
    app.get(tenant, &format!("/openbss/v1/accounts/{}/debts", app.domain(tenant))).await.ok(200)
}

/// Open debts as `what is left of what was taken`, the oldest first, with what they were taken from.
pub(crate) async fn open(app: &TestApp, tenant: &str) -> String {
    let body = debts(app, tenant).await;
    let items = body["debts"].as_array().expect("a list");
    assert_eq!(body["total_count"], items.len());
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let row = |debt: &Value| {
        let from = if debt["month"].is_null() { "credit".to_owned() } else { text(&debt["month"]) };
        format!("{} of {} {from}", text(&debt["left_amount"]), text(&debt["amount"]))
    };
    items.iter().map(row).collect::<Vec<_>>().join(", ")
}

/// Money comes in; what repaid debts, and the balance then.
pub(crate) async fn top_up(app: &TestApp, tenant: &str, amount: &str, trans_id: &str) -> (String, String) {
    let body = json!({"amount": amount, "trans_id": trans_id});
    let done = app.post("operator", &top_ups(app, tenant), body).await.ok(201);
    let text = |field: &str| done[field].as_str().expect("an amount").to_owned();
    (text("repaid"), text("balance"))
}

/// Everything of the books holds, though work may still wait.
pub(crate) async fn assert_sound(app: &TestApp) {
    let verdict = server::verify::service::verify(&app.app).await.expect("verify runs");
    let broken: Vec<_> = verdict.iter().filter(|identity| !identity.holds).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

on_both! {
    async fn cash_pays_before_bonus_and_bonus_before_credit_and_a_deposit_never(app) {
        let path = top_ups(&app, "globex");
        let bonus = json!({"amount": "100", "trans_id": "b", "account_type": 5});
        let first = app.post("operator", &path, bonus.clone()).await.ok(201);
        assert_eq!((&first["account_type"], &first["balance"], &first["repaid"]), (&json!(5), &json!("100"), &json!("0")));
        app.post("operator", &path, json!({"amount": 50, "trans_id": "d", "account_type": "7"})).await.ok(201);
        assert_eq!(shown(&app, "globex").await, "1 5000, 2 2000 of 2000, 5 100, 7 50; debt 0");
        assert_eq!(app.post("operator", &path, bonus).await.ok(201), first, "the same again");
        for (body, code) in [
            (json!({"amount": "100", "trans_id": "b"}), "CBC.0101"),
            (json!({"amount": "100", "trans_id": "b", "account_type": 7}), "CBC.0101"),
            (json!({"amount": "100", "trans_id": "c", "account_type": 2}), "CBC.0100"),
            (json!({"amount": "100", "trans_id": "c", "account_type": 3}), "CBC.0100"),
        ] {
            app.post("operator", &path, body).await.refused(400, code);
        }
        buy(&app, "globex", 515_000).await;
        assert_eq!(shown(&app, "globex").await, "1 0, 2 1950 of 2000, 5 0, 7 50; debt 50");
        assert_eq!(open(&app, "globex").await, "50 of 50 credit");
        let order = place(&app, "globex", json!([disk(195_050)])).await;
        pay(&app, "globex", &order).await.refused(400, "CBC.99005003");
        // A bonus repays what is owed before it is spent.
        app.post("operator", &path, json!({"amount": 60, "trans_id": "b2", "account_type": 5})).await.ok(201);
        assert_eq!(shown(&app, "globex").await, "1 0, 2 2000 of 2000, 5 10, 7 50; debt 0");
        buy(&app, "globex", 1_000).await;
        assert_eq!(shown(&app, "globex").await, "1 0, 2 2000 of 2000, 5 0, 7 50; debt 0");
        app.finish().await;
    }

    async fn the_credit_that_expires_first_pays_first_and_stays_owed(app) {
        let mut ids = Vec::new();
        for expire_time in [json!("2026-03-01T00:00:00Z"), json!(null), json!("2026-02-01T00:00:00Z")] {
            let body = json!({"amount": 100, "expire_time": expire_time});
            let line = app.post("operator", &credit(&app, "globex-lab"), body).await.ok(201);
            ids.push(line["credit_id"].clone());
        }
        buy(&app, "globex-lab", 15_000).await;
        let shown_debts = debts(&app, "globex-lab").await;
        let found: Vec<_> = shown_debts["debts"].as_array().expect("a list").iter()
            .map(|debt| (debt["credit_id"].clone(), debt["amount"].clone(), debt["due_time"].clone())).collect();
        let mut wanted = [(ids[2].clone(), json!("100"), Value::Null), (ids[0].clone(), json!("50"), Value::Null)];
        let mut sorted = found.clone();
        sorted.sort_by_key(|debt| debt.0.to_string());
        wanted.sort_by_key(|debt| debt.0.to_string());
        assert_eq!(sorted, wanted);
        app.advance_to("2026-02-10T00:00:00Z").await;
        assert_eq!(shown(&app, "globex-lab").await, "1 0, 2 150 of 200; debt 150");
        // The expired line is repaid too, though nothing can be taken from it again.
        assert_eq!(top_up(&app, "globex-lab", "160", "t").await, ("150".to_owned(), "10".to_owned()));
        assert_eq!(shown(&app, "globex-lab").await, "1 10, 2 200 of 200; debt 0");
        app.finish().await;
    }

    async fn a_month_is_owed_and_due_on_the_day_of_the_next(app) {
        // It has no cash that could repay what is due.
        let bonus = json!({"amount": "100", "trans_id": "b", "account_type": 5});
        app.post("operator", &top_ups(&app, "globex-lab"), bonus).await.ok(201);
        let set = terms(&app, "globex-lab", json!({"monthly": true, "limit_amount": "1000"})).await;
        assert_eq!(set, json!({
            "account_id": app.domain("globex-lab"), "monthly": true, "limit_amount": "1000", "due_day": 15,
            "debt_amount": "0", "currency": "USD", "update_time": "2026-01-15T08:00:00Z",
        }));
        buy(&app, "globex-lab", 30_000).await;
        assert_eq!(shown(&app, "globex-lab").await, "1 0, 5 100; debt 300", "no balance pays");
        let owed = debts(&app, "globex-lab").await;
        assert_eq!(owed["months"], json!([{
            "month": "202601", "amount": "300", "left_amount": "300", "due_time": "2026-02-15T15:59:59Z",
            "overdue": false,
        }]));
        assert_eq!(owed["debts"][0]["kind"], "settlement");
        // The limit bounds all open months, to the cent.
        app.advance_to("2026-01-31T16:00:00Z").await;
        buy(&app, "globex-lab", 70_000).await;
        let order = place(&app, "globex-lab", json!([disk(50)])).await;
        pay(&app, "globex-lab", &order).await.refused(400, "CBC.99005003");
        assert_eq!(open(&app, "globex-lab").await, "300 of 300 202601, 700 of 700 202602");
        assert_eq!(status(&app, "globex-lab", &order).await, 6);
        app.advance_to("2026-02-15T15:59:59Z").await;
        assert_eq!(debts(&app, "globex-lab").await["overdue_amount"], "0", "the last second is in time");
        terms(&app, "globex-lab", json!({"monthly": true, "due_day": 28})).await;
        buy(&app, "globex-lab", 50).await;
        app.advance_to("2026-02-15T16:00:00Z").await;
        let owed = debts(&app, "globex-lab").await;
        assert_eq!((&owed["overdue_amount"], &owed["debt_amount"]), (&json!("300"), &json!("1000.5")));
        assert_eq!((&owed["months"][1]["overdue"], &owed["months"][0]["overdue"]), (&json!(true), &json!(false)));
        let late = place(&app, "globex-lab", json!([disk(50)])).await;
        let message = pay(&app, "globex-lab", &late).await.refused(400, "CBC.99005003");
        assert!(message.contains("300 is owed past its due date") && message.contains(&late), "{message}");
        // Other terms do not pay what is owed.
        terms(&app, "globex-lab", json!({"monthly": false})).await;
        pay(&app, "globex-lab", &late).await.refused(400, "CBC.99005003");
        assert_eq!(top_up(&app, "globex-lab", "299.99", "t1").await, ("299.99".to_owned(), "0".to_owned()));
        pay(&app, "globex-lab", &late).await.refused(400, "CBC.99005003");
        assert_eq!(top_up(&app, "globex-lab", "0.01", "t2").await, ("0.01".to_owned(), "0".to_owned()));
        pay(&app, "globex-lab", &late).await.ok(204);
        assert_eq!(shown(&app, "globex-lab").await, "1 0, 5 99.5; debt 700.5");
        let shown_terms = app.get("operator", &settlement(&app, "globex-lab")).await.ok(200);
        assert_eq!((&shown_terms["monthly"], &shown_terms["limit_amount"], &shown_terms["debt_amount"]),
            (&json!(false), &Value::Null, &json!("700.5")));
        assert_eq!(debts(&app, "globex-lab").await["months"][1]["left_amount"], "0");
        app.finish().await;
    }

    async fn money_that_comes_in_repays_the_oldest_debt_first(app) {
        for (cents, at) in [(10_000, "2026-01-16T00:00:00Z"), (20_000, "2026-01-17T00:00:00Z")] {
            terms(&app, "globex", json!({"monthly": cents == 10_000})).await;
            if cents == 20_000 {
                buy(&app, "globex", 500_000).await;
            }
            buy(&app, "globex", cents).await;
            app.advance_to(at).await;
        }
        terms(&app, "globex", json!({"monthly": true})).await;
        buy(&app, "globex", 30_000).await;
        assert_eq!(open(&app, "globex").await, "100 of 100 202601, 200 of 200 credit, 300 of 300 202601");
        assert_eq!(shown(&app, "globex").await, "1 0, 2 1800 of 2000; debt 600");
        assert_eq!(top_up(&app, "globex", "150", "1").await, ("150".to_owned(), "0".to_owned()));
        assert_eq!(open(&app, "globex").await, "150 of 200 credit, 300 of 300 202601");
        assert_eq!(shown(&app, "globex").await, "1 0, 2 1850 of 2000; debt 450");
        assert_sound(&app).await;
        assert_eq!(top_up(&app, "globex", "500.07", "2").await, ("450".to_owned(), "50.07".to_owned()));
        assert_eq!(open(&app, "globex").await, "");
        assert_eq!(top_up(&app, "globex", "150", "1").await, ("150".to_owned(), "0".to_owned()), "the first answer");
        assert_eq!(shown(&app, "globex").await, "1 50.07, 2 2000 of 2000; debt 0");
        app.finish().await;
    }

    async fn a_refund_reduces_what_is_owed_for_its_order_and_what_was_repaid_is_cash(app: EXTERNAL) {
        terms(&app, "acme", json!({"monthly": true})).await;
        let other = place(&app, "acme", json!([disk(5_000)])).await;
        pay(&app, "acme", &other).await.ok(204);
        let order = place(&app, "acme", json!([disk(10_000), disk(20_000)])).await;
        app.advance_to("2026-01-16T00:00:00Z").await;
        pay(&app, "acme", &order).await.ok(204);
        assert_eq!(open(&app, "acme").await, "50 of 50 202601, 300 of 300 202601");
        let mut disks = waiting(&app).await;
        disks.sort_unstable();
        assert_eq!(disks[1].0, 10_000);
        fail(&app, &disks[1].1).await;
        assert_eq!(open(&app, "acme").await, "50 of 50 202601, 200 of 300 202601", "its own debt, not the oldest");
        // 50 of the other order, and 130 of this one.
        assert_eq!(top_up(&app, "acme", "180", "t").await, ("180".to_owned(), "10000".to_owned()));
        assert_eq!(open(&app, "acme").await, "70 of 300 202601");
        assert_sound(&app).await;
        fail(&app, &disks[2].1).await;
        assert_eq!(shown(&app, "acme").await, "1 10130; debt 0", "70 are owed no longer, 130 come back");
        fail(&app, &disks[0].1).await;
        assert_eq!(shown(&app, "acme").await, "1 10180; debt 0", "it was repaid, so all of it is cash");
        assert_sound(&app).await;
    }

    async fn credit_that_was_repaid_is_not_restored_twice(app: EXTERNAL) {
        let body = json!({"amount": 300});
        app.post("operator", &credit(&app, "globex-lab"), body).await.ok(201);
        let order = place(&app, "globex-lab", json!([disk(10_000), disk(20_000)])).await;
        pay(&app, "globex-lab", &order).await.ok(204);
        assert_eq!(shown(&app, "globex-lab").await, "1 0, 2 0 of 300; debt 300");
        assert_eq!(top_up(&app, "globex-lab", "250", "t").await, ("250".to_owned(), "0".to_owned()));
        let mut disks = waiting(&app).await;
        disks.sort_unstable();
        fail(&app, &disks[0].1).await;
        assert_eq!(shown(&app, "globex-lab").await, "1 50, 2 300 of 300; debt 0");
        fail(&app, &disks[1].1).await;
        assert_eq!(shown(&app, "globex-lab").await, "1 250, 2 300 of 300; debt 0");
        assert_sound(&app).await;
    }

    async fn a_reseller_model_customer_buys_on_its_partners_bill(app) {
        let order = buy(&app, "lighthouse", 20_000).await;
        assert_eq!(status(&app, "lighthouse", &order).await, 5);
        let sql = format!(
            "select cast(coalesce(sum(balance), 0) as bigint) from ledger_accounts where id = '{}:partner_due:202601'",
            app.domain("lighthouse")
        );
        assert_eq!(integers(&app, &sql, 1).await, [-20_000]);
        let owed = debts(&app, "lighthouse").await;
        assert_eq!((&owed["debt_amount"], &owed["total_count"]), (&json!("0"), &json!(0)), "its partner owes it");
        let refused = app.call("operator", "PUT", &settlement(&app, "lighthouse"), Some(json!({"monthly": true}))).await;
        refused.refused(400, "CBC.99000049");
        app.finish().await;
    }

    async fn a_master_owes_what_it_pays_for_a_member(app) {
        terms(&app, "globex", json!({"monthly": true, "limit_amount": 100})).await;
        let order = place(&app, "globex-ops", json!([disk(10_000)])).await;
        pay(&app, "globex", &order).await.ok(204);
        assert_eq!(open(&app, "globex").await, "100 of 100 202601");
        assert_eq!(open(&app, "globex-ops").await, "");
        app.finish().await;
    }

    async fn only_the_account_and_the_operator_see_debts_and_only_the_operator_sets_terms(app) {
        let path = |tenant: &str| format!("/openbss/v1/accounts/{}/debts", app.domain(tenant));
        app.get("operator", &path("acme")).await.ok(200);
        app.get("north", &path("north")).await.ok(200);
        for intruder in ["globex", "north", "globex-ops"] {
            let message = app.get(intruder, &path("acme")).await.refused(400, "CBC.0100");
            assert!(message.contains("domain_id"), "{message}");
            let body = Some(json!({"monthly": true}));
            app.call(intruder, "PUT", &settlement(&app, "acme"), body).await.refused(403, "CBC.0151");
            app.get(intruder, &settlement(&app, "acme")).await.refused(403, "CBC.0151");
        }
        for (body, field) in [
            (json!({}), "monthly"),
            (json!({"monthly": true, "limit_amount": 0}), "limit_amount"),
            (json!({"monthly": true, "limit_amount": "1.001"}), "limit_amount"),
            (json!({"monthly": true, "due_day": 29}), "due_day"),
            (json!({"monthly": true, "due_day": 0}), "due_day"),
        ] {
            let message = app.call("operator", "PUT", &settlement(&app, "acme"), Some(body)).await;
            let message = message.refused(400, "CBC.0100");
            assert!(message.contains(field), "{message}");
        }
        app.finish().await;
    }

    async fn concurrent_payments_by_the_month_stay_within_the_limit(app) {
        terms(&app, "acme", json!({"monthly": true, "limit_amount": 1_000})).await;
        let mut orders = Vec::new();
        for _ in 0..16 {
            orders.push(place(&app, "acme", json!([disk(10_000)])).await);
        }
        let app = Arc::new(app);
        let tasks: Vec<_> = orders.into_iter().enumerate().map(|(number, order)| {
            let app = app.clone();
            tokio::spawn(async move {
                // Money comes in meanwhile, and makes room for one more.
                if number == 7 {
                    top_up(&app, "acme", "100", "meanwhile").await;
                }
                pay(&app, "acme", &order).await
            })
        }).collect();
        let mut paid = 0_i64;
        for task in tasks {
            let reply = task.await.expect("no task panics");
            match reply.status {
                204 => paid += 1,
                _ => drop(reply.refused(400, "CBC.99005003")),
            }
        }
        let balances = shown(&app, "acme").await;
        assert!((10..=11).contains(&paid), "{paid} were paid");
        let owed = debts(&app, "acme").await["debt_amount"].as_str().expect("an amount").parse::<i64>().expect("whole");
        let cash: i64 = if owed == paid * 100 { 10_100 } else { 10_000 };
        assert!(owed <= 1_000 && owed == paid * 100 - (10_100 - cash), "{owed} {paid} {balances}");
        assert_eq!(balances, format!("1 {cash}; debt {owed}"));
        Arc::into_inner(app).expect("every task has ended").finish().await;
    }

    async fn payments_top_ups_and_refunds_at_once_leave_sound_books(app: EXTERNAL) {
        let mut orders = Vec::new();
        for tenant in ["acme", "globex", "globex-lab"] {
            app.post("operator", &credit(&app, tenant), json!({"amount": 5_000})).await.ok(201);
            for number in 0..6 {
                orders.push((tenant, number, place(&app, tenant, json!([disk(150_000 + 50 * number)])).await));
            }
        }
        terms(&app, "globex-lab", json!({"monthly": true, "limit_amount": 7_000})).await;
        let app = Arc::new(app);
        let tasks: Vec<_> = orders.into_iter().map(|(tenant, number, order)| {
            let app = app.clone();
            tokio::spawn(async move {
                let paid = pay(&app, tenant, &order).await.status == 204;
                top_up(&app, tenant, "333.33", &format!("t{number}")).await;
                if paid && number % 2 == 0 {
                    for (cents, id) in waiting(&app).await {
                        if cents == 150_000 + 50 * number {
                            fail(&app, &id).await;
                        }
                    }
                }
            })
        }).collect();
        for task in tasks {
            task.await.expect("no task panics");
        }
        assert_sound(&app).await;
        let sql = "select (select count(*) from debts), (select count(*) from journals where kind = 'refund_order')";
        assert!(integers(&app, sql, 2).await.iter().all(|number| *number > 3));
    }

    async fn coupons_pay_beside_balances_and_get_back_what_they_gave(app) {
        let mut cx = context(&app.app, "test").await.expect("a transaction");
        let payer = app.domain("acme");
        let owner = DomainId::parse(&payer).expect("an id");
        let coupon = LedgerAccount::piece_of(&owner, AccountKind::Coupon, "c1");
        ledger::ensure_account(&mut cx.tx, &coupon, Currency::Usd, Charge::ZERO, cx.now).await.expect("made");
        let issued = Journal::issue_benefit(&owner, &coupon, Charge::cents(500), Currency::Usd).expect("balanced");
        ledger::post(&mut cx.tx, cx.ids.as_mut(), cx.now, &issued).await.expect("posted");
        let benefits = |cents| [(coupon.clone(), Charge::cents(cents))];
        let money = Charge::cents(1_000);
        let all = benefits(500);
        let payment = Payment {
            payer: &payer, customer: &payer, order: "CS1", money, benefits: &all, list: money, projects: &[],
        };
        // A refusal that comes after money was looked at has written nothing.
        let payments = std::slice::from_ref(&payment);
        let hindered = pay_orders(&mut cx, payments, Some(Late::Combined)).await;
        assert!(matches!(hindered, Err(PayError::Late(Late::Combined))));
        let short = Payment { money: Charge::cents(1_000_001), ..payment.clone() };
        assert!(matches!(pay_orders(&mut cx, &[short], None).await, Err(PayError::Insufficient)));
        let held = async |cx: &mut server::Cx| {
            let cash = ledger::balances(&mut cx.tx, &payer, AccountKind::Cash).await.expect("read");
            let coupon = ledger::balances(&mut cx.tx, &payer, AccountKind::Coupon).await.expect("read");
            (cash[0].1, coupon[0].1)
        };
        let cents = |cash, coupon| (Charge::cents(cash), Charge::cents(coupon));
        assert_eq!(held(&mut cx).await, cents(1_000_000, 500));
        pay_orders(&mut cx, payments, None).await.expect("paid");
        assert_eq!(held(&mut cx).await, cents(999_000, 0));
        pay_orders(&mut cx, payments, None).await.expect("paid before");
        assert_eq!(held(&mut cx).await, cents(999_000, 0), "an order is charged once");
        let (some, most) = (benefits(200), benefits(301));
        let back = Refund {
            payer: &payer, base_order: "CS1", refund_order: "CR1", money: Charge::cents(400), benefits: &some,
            tax_rate: None, list: money, projects: &[],
        };
        refund_orders(&mut cx, std::slice::from_ref(&back)).await.expect("given back");
        refund_orders(&mut cx, std::slice::from_ref(&back)).await.expect("given back before");
        assert_eq!(held(&mut cx).await, cents(999_400, 200));
        let too_much = Refund { refund_order: "CR2", benefits: &most, ..back.clone() };
        assert!(refund_orders(&mut cx, &[too_much]).await.is_err(), "a cent more than it gave");
        let alone = Refund { refund_order: "CR3", money: Charge::ZERO, benefits: &benefits(300), ..back.clone() };
        refund_orders(&mut cx, &[alone]).await.expect("nothing of balances");
        assert_eq!(held(&mut cx).await, cents(999_400, 500));
        let other = benefits(100);
        let free = Payment { order: "CS2", money: Charge::ZERO, benefits: &other, ..payment };
        pay_orders(&mut cx, &[free], None).await.expect("a coupon pays alone");
        assert_eq!(held(&mut cx).await, cents(999_400, 400));
        cx.tx.take().expect("there").rollback().await;
        app.finish().await;
    }

    async fn refunds_reverse_the_tax_of_the_payment_to_the_cent(app: EXTERNAL) {
        let rates = json!({"rates": [{"country": "DE", "rate": "0.19", "valid_from": "2025-01-01T00:00:00Z"}]});
        app.call("operator", "PUT", "/openbss/v1/tax-rates", Some(rates)).await.ok(200);
        let country = format!("/openbss/v1/accounts/{}/country", app.domain("acme"));
        app.call("operator", "PUT", &country, Some(json!({"country": "DE"}))).await.ok(200);
        let order = place(&app, "acme", json!([disk(100), disk(150), disk(250)])).await;
        pay(&app, "acme", &order).await.ok(204);
        let sql = "select (select cast(coalesce(sum(amount), 0) as bigint) from postings where \
            ledger_account_id = 'house:tax'), (select cast(coalesce(sum(amount), 0) as bigint) from postings where \
            ledger_account_id = 'house:revenue')";
        // 5.00 × 0.19 / 1.19 = 0.798…
        assert_eq!(integers(&app, sql, 2).await, [80, 420]);
        let mut disks = waiting(&app).await;
        disks.sort_unstable();
        // Of 1.00: 0.1597; of 2.50: 0.399; of 5.00: 0.798. Each by itself would be 0.16, 0.24 and 0.40.
        for (at, left) in [[64, 336], [40, 210], [0, 0]].into_iter().enumerate() {
            fail(&app, &disks[at].1).await;
            assert_eq!(integers(&app, sql, 2).await, left, "after {}", disks[at].0);
        }
        assert_eq!(shown(&app, "acme").await, "1 10000; debt 0");
        assert_sound(&app).await;
    }

    async fn a_frozen_payer_is_told_so_after_its_balance_was_looked_at(app) {
        let (small, large) = (place(&app, "acme", json!([disk(50)])).await, place(&app, "acme", json!([disk(1_000_050)])).await);
        let freeze = format!("/openbss/v1/accounts/{}/freeze", app.domain("acme"));
        let body = json!({"freeze_type": "ACCOUNT", "reason": "r"});
        app.post("operator", &freeze, body).await.ok(200);
        pay(&app, "acme", &small).await.refused(400, "CBC.7281");
        pay(&app, "acme", &large).await.refused(400, "CBC.99005003");
        assert_eq!(shown(&app, "acme").await, "1 10000; debt 0");
        app.finish().await;
    }

    async fn debts_that_do_not_fit_their_accounts_are_named(app) {
        buy(&app, "globex", 505_000).await;
        terms(&app, "globex", json!({"monthly": true})).await;
        buy(&app, "globex", 7_000).await;
        let id = app.domain("globex");
        let change = |sql: &str, kind: &str| format!("update debts set {sql} where ledger_account_id like '{id}:{kind}:%'");
        for (fault, cure, kind, named) in [
            ("left_amount = left_amount - 1", "left_amount = left_amount + 1", "credit", "credit.debts"),
            ("left_amount = left_amount - 1", "left_amount = left_amount + 1", "settlement", "settlement.debts"),
        ] {
            expect(&app, &change(fault, kind), &[named], &id).await;
            crate::verify::plant(&app, &change(cure, kind)).await;
            assert_sound(&app).await;
        }
        let journals = "select journal_id from postings where ledger_account_id like '%:settlement:%'";
        let cause = format!("update journals set cause = cause || '2' where id in ({journals})");
        crate::verify::plant(&app, &cause).await;
        let verdict = server::verify::service::verify(&app.app).await.expect("verify runs");
        let broken: Vec<_> = verdict.iter().filter(|identity| !identity.holds).map(|identity| identity.name).collect();
        assert!(broken.contains(&"ledger.paid_once"), "{broken:?}");
    }
}

/// A site where records of changes are published.
pub(crate) const CHINA: Options = Options { site: Site::Cn, ..EXTERNAL };

/// Records as `detail, direction, amount, balance`, the latest first.
pub(crate) async fn records(app: &TestApp, tenant: &str, query: &str) -> Vec<String> {
    let body = app.get(tenant, &format!("{CHANGES}?{query}")).await.ok(200);
    assert_eq!(body["currency"], "CNY");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let row = |record: &Value| {
        let detail = text(&record["trade_detail_type"]).replace("SOURCE_OPERAIION_", "");
        let (amount, balance) = (text(&record["change_amount"]), text(&record["balance_after_change"]));
        format!("{detail} {} {amount} {balance}", text(&record["revenue_expense_type"]))
    };
    let rows: Vec<String> = body["records"].as_array().expect("a list").iter().map(row).collect();
    if !query.contains("limit") {
        assert_eq!(body["total_count"], rows.len(), "{query}");
    }
    rows
}

on_both! {
    async fn changes_of_cash_and_credit_are_recorded_with_their_balances(app: CHINA) {
        for amount in [100, 400] {
            app.post("operator", &credit(&app, "globex"), json!({"amount": amount})).await.ok(201);
        }
        app.advance_to("2026-01-16T00:00:00Z").await;
        let lines = json!([disk_in_china(510_000), disk_in_china(20_000)]);
        let order = place(&app, "globex", lines).await;
        pay(&app, "globex", &order).await.ok(204);
        app.advance_to("2026-02-16T00:00:00Z").await;
        let small = waiting(&app).await.into_iter().find(|(cents, _)| *cents == 20_000).expect("it waits").1;
        let refund = fail(&app, &small).await;
        top_up(&app, "globex", "120", "bank/7").await;
        let debit = "balance_type=BALANCE_TYPE_DEBIT";
        let credit = "balance_type=BALANCE_TYPE_CREDIT";
        assert_eq!(records(&app, "globex", debit).await, [
            "RECHARGE REVENUE 20 20", "DEDEUCT EXPENSE 5000 0", "RECHARGE REVENUE 5000 5000",
        ]);
        let found = records(&app, "globex", credit).await;
        assert_eq!(found[0], "RECHARGE REVENUE 100 2500", "{found:?}");
        assert_eq!(found[1], "UNSUBSCRIBE REVENUE 200 2400", "{found:?}");
        assert_eq!(found[2], "DEDEUCT EXPENSE 300 2200", "{found:?}");
        assert_eq!(found.len(), 6, "{found:?}");
        let mut granted: Vec<&str> = found[3..].iter().filter_map(|row| row.split(' ').nth(2)).collect();
        granted.sort_unstable();
        assert_eq!(granted, ["100", "2000", "400"]);
        assert!(found[3..].iter().all(|row| row.starts_with("ADJUST_CREDIT REVENUE ")), "{found:?}");
        assert!(found[3].ends_with(" 2500"), "{found:?}");
        let body = app.get("globex", &format!("{CHANGES}?{debit}&limit=1&offset=1")).await.ok(200);
        assert_eq!(body["total_count"], 3);
        assert_eq!(body["records"], json!([{
            "account_change_id": body["records"][0]["account_change_id"],
            "trade_detail_type": "SOURCE_OPERAIION_DEDEUCT", "trade_time": "2026-01-16T00:00:00Z", "trade_id": order,
            "change_amount": "5000", "balance_after_change": "0", "revenue_expense_type": "EXPENSE",
            "bill_cycle": "2026-01", "payment_channel_id": null, "payment_channel_no": null,
            "consume_time": "2026-01-16T00:00:00Z", "account_name": "globex", "cloud_service_type_name": null,
            "resource_type_name": null,
        }]));
        for (filter, wanted) in [
            ("revenue_expense_type=REVENUE", 2), ("revenue_expense_type=EXPENSE", 1), ("trade_type=RECHARGE", 2),
            ("trade_type=DEDEUCT", 1), ("trade_type=REFUND", 0), ("trade_type=BEADJUST", 0), ("trade_type=", 3),
            ("trade_time_begin=2026-01-16T00:00:00Z", 2), ("trade_time_end=2026-01-16T00:00:00Z", 2),
            ("trade_time_begin=2026-01-16T00:00:01Z&trade_time_end=2026-02-15T23:59:59Z", 0),
            ("payment_channel_id=2", 2), ("payment_channel_id=1,2,4", 2), ("payment_channel_id=11", 0),
            ("payment_channel_no=bank%2F7", 1), ("payment_channel_no=bank%2F8", 0), ("trade_id=bank%2F7", 1),
            ("trade_id=bank%2F7&payment_channel_no=other", 0), ("trade_id=nothing", 0), ("trade_id=", 3),
        ] {
            assert_eq!(records(&app, "globex", &format!("{debit}&{filter}")).await.len(), wanted, "{filter}");
        }
        assert_eq!(records(&app, "globex", &format!("{debit}&trade_id={order}")).await, ["DEDEUCT EXPENSE 5000 0"]);
        assert_eq!(records(&app, "globex", &format!("{credit}&trade_id={refund}")).await, ["UNSUBSCRIBE REVENUE 200 2400"]);
        assert_eq!(records(&app, "globex", &format!("{credit}&trade_type=ADJUST")).await.len(), 3);
        assert_eq!(records(&app, "globex", &format!("{credit}&payment_channel_id=11")).await.len(), 3);
        assert_eq!(records(&app, "acme", credit).await, Vec::<String>::new());
        for bad in ["", "balance_type=", "balance_type=CASH", &format!("{debit}&trade_type=CONSUMPTION"),
            &format!("{debit}&payment_channel_id=3"), &format!("{debit}&limit=101"), &format!("{debit}&offset=-1"),
            &format!("{debit}&trade_time_begin=yesterday")] {
            app.get("globex", &format!("{CHANGES}?{bad}")).await.refused(400, "CBC.0100");
        }
        app.get("lighthouse", &format!("{CHANGES}?{debit}")).await.refused(400, "CBC.99000049");
        app.get("north", &format!("{CHANGES}?{debit}")).await.refused(403, "CBC.0151");
        assert_sound(&app).await;
    }

    async fn records_of_changes_are_published_in_china_only(app) {
        app.get("acme", &format!("{CHANGES}?balance_type=BALANCE_TYPE_DEBIT")).await.refused(404, "APIG.0101");
        app.finish().await;
    }
}

/// [`disk`], where the China site sells it.
pub(crate) fn disk_in_china(cents: i64) -> Value {
    let mut line = disk(cents);
    line["region"] = json!("cn-north-1");
    line
}
