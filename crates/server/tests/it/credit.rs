//! Credit lines end: what is left of them is taken back and recorded, and what was taken stays owed.

use std::sync::Arc;

use domain::calendar::Instant;
use platform::op::Host;
use serde_json::{Value, json};

use crate::accounts::{EXTERNAL, buy, credit, fail, pay, shown, waiting};
use crate::funds::{CHANGES, CHINA, assert_sound, disk_in_china, records, top_up};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::place;
use crate::verify::{expect, expect_each, plant};

const END: &str = "2026-02-01T00:00:00Z";
const RECORDS: &str = "balance_type=BALANCE_TYPE_CREDIT";

/// Grants a line that ends at [`END`]; its id.
async fn ending(app: &TestApp, tenant: &str, amount: &str) -> String {
    let body = json!({"amount": amount, "expire_time": END});
    let line = app.post("operator", &credit(app, tenant), body).await.ok(201);
    line["credit_id"].as_str().expect("an id").to_owned()
}

/// The change of credit that was recorded last.
async fn newest(app: &TestApp, tenant: &str) -> Value {
    app.get(tenant, &format!("{CHANGES}?{RECORDS}&limit=1")).await.ok(200)["records"][0].clone()
}

on_both! {
    async fn what_is_left_at_the_end_of_a_line_is_recorded_as_expired(app: CHINA) {
        let line = ending(&app, "globex", "400").await;
        let order = place(&app, "globex", json!([disk_in_china(490_000), disk_in_china(20_000)])).await;
        pay(&app, "globex", &order).await.ok(204);
        let ran = app.advance_to(END).await;
        let ran: Vec<_> = ran.iter().filter(|ran| ran.job == "accounts.expire_credit").collect();
        assert!(ran.len() == 1 && ran[0].is_done && ran[0].at.to_wire() == END, "{ran:?}");
        assert_eq!(ran[0].outcome, "300 expired");
        let sql = "select count(*) from audit_events where event = 'expireCredit'";
        assert_eq!(crate::contract::calls::integers(&app, sql, 1).await, [1]);
        assert_eq!(records(&app, "globex", RECORDS).await, [
            "EXPIRECLEAR EXPENSE 300 2000", "DEDEUCT EXPENSE 100 2300", "ADJUST_CREDIT REVENUE 400 2400",
            "ADJUST_CREDIT REVENUE 2000 2000",
        ]);
        let found = newest(&app, "globex").await;
        assert_eq!((&found["trade_time"], &found["trade_id"]), (&json!(END), &json!(line)));
        assert_eq!((&found["payment_channel_id"], &found["consume_time"]), (&Value::Null, &Value::Null));
        for (filter, wanted) in [
            ("trade_type=EXPIRED".to_owned(), 1), (format!("trade_id={line}"), 2), (format!("trade_id={order}"), 1),
            ("revenue_expense_type=EXPENSE".to_owned(), 2), ("payment_channel_id=11".to_owned(), 2),
            (format!("trade_time_begin={END}"), 1), ("trade_time_end=2026-01-31T23:59:59Z".to_owned(), 3),
        ] {
            assert_eq!(records(&app, "globex", &format!("{RECORDS}&{filter}")).await.len(), wanted, "{filter}");
        }
        assert_eq!(shown(&app, "globex").await, "1 0, 2 2000 of 2000; debt 100");
        assert_sound(&app).await;
        // What is repaid of it, or given back, cannot be spent again.
        assert_eq!(top_up(&app, "globex", "60", "t").await, ("60".to_owned(), "0".to_owned()));
        let small = waiting(&app).await.into_iter().find(|(cents, _)| *cents == 20_000).expect("it waits").1;
        let refund = fail(&app, &small).await;
        assert_eq!(shown(&app, "globex").await, "1 160, 2 2000 of 2000; debt 0");
        let found = records(&app, "globex", RECORDS).await;
        assert_eq!(found[..4], [
            "EXPIRECLEAR EXPENSE 40 2000", "UNSUBSCRIBE REVENUE 40 2040", "EXPIRECLEAR EXPENSE 60 2000",
            "RECHARGE REVENUE 60 2060",
        ]);
        assert_eq!(found.len(), 8, "{found:?}");
        for (offset, wanted) in found.iter().enumerate() {
            let page = records(&app, "globex", &format!("{RECORDS}&limit=1&offset={offset}")).await;
            assert_eq!(page, std::slice::from_ref(wanted));
        }
        let trade = newest(&app, "globex").await["trade_id"].as_str().expect("an id").replace('/', "%2F");
        assert!(trade.starts_with(&format!("{line}%2F")), "{trade}");
        assert_eq!(records(&app, "globex", &format!("{RECORDS}&trade_id={trade}")).await, found[..1]);
        assert_eq!(records(&app, "globex", &format!("{RECORDS}&trade_id={refund}")).await, found[1..2]);
        app.finish().await;
    }

    async fn a_line_that_was_used_up_ends_without_a_record(app: CHINA) {
        let line = ending(&app, "acme", "100").await;
        let order = place(&app, "acme", json!([disk_in_china(1_010_000)])).await;
        pay(&app, "acme", &order).await.ok(204);
        app.advance_to(END).await;
        assert_eq!(records(&app, "acme", RECORDS).await, ["DEDEUCT EXPENSE 100 0", "ADJUST_CREDIT REVENUE 100 100"]);
        assert_eq!(top_up(&app, "acme", "130", "t").await, ("100".to_owned(), "30".to_owned()));
        assert_eq!(records(&app, "acme", RECORDS).await[..2], ["EXPIRECLEAR EXPENSE 100 0", "RECHARGE REVENUE 100 100"]);
        assert_eq!(records(&app, "acme", &format!("{RECORDS}&trade_id={line}")).await.len(), 1, "its grant");
        app.finish().await;
    }

    async fn money_that_comes_in_while_a_line_ends_is_taken_back_once(app) {
        ending(&app, "globex-lab", "400").await;
        buy(&app, "globex-lab", 30_000).await;
        // The line has ended, and its job has not run yet.
        app.app.clock().advance_to(Instant::parse_utc(END).expect("well-formed"));
        let app = Arc::new(app);
        let tasks: Vec<_> = (0..8).map(|number| {
            let app = app.clone();
            tokio::spawn(async move {
                if number == 3 {
                    app.app.jobs.run_due(&app.app).await.expect("jobs run");
                }
                top_up(&app, "globex-lab", "30", &format!("t{number}")).await;
            })
        }).collect();
        for task in tasks {
            task.await.expect("no task panics");
        }
        assert_eq!(shown(&app, "globex-lab").await, "1 0; debt 60");
        Arc::into_inner(app).expect("every task has ended").finish().await;
    }

    async fn expired_credit_and_totals_of_credit_that_do_not_fit_the_books_are_named(app: EXTERNAL) {
        let line = ending(&app, "globex", "400").await;
        buy(&app, "globex", 510_000).await;
        app.advance_to(END).await;
        let total = format!("{}:credit", app.domain("globex"));
        let expired = |by: &str| format!("update credit_lines set expired_amount = expired_amount {by} where id = '{line}'");
        let kept = |by: &str| format!("update ledger_totals set balance = balance {by} where id = '{total}'");
        let after = |by: &str| {
            format!("update total_changes set balance_after = balance_after {by} where total_id = '{total}' and seq = 2")
        };
        expect_each(&app, &[(kept("+ 1"), kept("- 1"), &["ledger.totals"], &total),
            (after("+ 1"), after("- 1"), &["ledger.totals"], &total)]).await;
        plant(&app, &expired("+ 1")).await;
        let verdict = app.get("operator", "/openbss/v1/verify").await.ok(200);
        let wrong = verdict["identities"].as_array().expect("a list").iter().filter(|side| side["holds"] == false);
        let wrong: Vec<_> = wrong.map(|side| side["name"].clone()).collect();
        assert_eq!(wrong, ["credit.expired", "credit.debts"], "{verdict}");
        plant(&app, &expired("- 1")).await;
        expect(&app, &format!("delete from total_changes where total_id = '{total}' and seq = 3"),
            &["ledger.totals"], &total).await;
    }
}
