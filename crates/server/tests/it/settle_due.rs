//! What monthly settlement owes is repaid from cash when it is due.

use std::sync::Arc;

use domain::calendar::Instant;
use platform::job::{Ran, context};
use platform::op::Host;
use serde_json::{Value, json};
use server::accounts::service::{Settled, payable, settle_due};

use crate::accounts::{EXTERNAL, buy, disk, fail, pay, shown, waiting};
use crate::contract::calls::integers;
use crate::funds::{CHINA, assert_sound, debts, disk_in_china, open, records, terms, top_up};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::place;

const CLOCK: &str = "/openbss/v1/sandbox/clock";
/// How often, and how much, cash repaid what was due.
const SETTLEMENTS: &str = "select count(*), cast(coalesce(-sum(p.amount), 0) as bigint) from journals j \
    join postings p on p.journal_id = j.id where j.kind = 'settle_debts' and p.ledger_account_id like '%:cash'";

/// Orders are paid by the month.
async fn by_the_month(app: &TestApp, tenant: &str) {
    terms(app, tenant, json!({"monthly": true})).await;
}

/// Settlements among the jobs that ran, as `due instant: outcome`.
fn settlements(ran: &[Ran]) -> Vec<String> {
    let ours = ran.iter().filter(|ran| ran.job == "accounts.settle_due");
    ours.map(|ran| format!("{}: {}", ran.at.to_wire(), ran.outcome)).collect()
}

/// What is due now is done, as a server does every second.
async fn tick(app: &TestApp) -> Vec<String> {
    settlements(&app.app.jobs.run_due(&app.app).await.expect("jobs run"))
}

/// One settlement of an account, beside whatever else runs.
async fn settle(app: &TestApp, tenant: &str) -> Option<Settled> {
    let mut cx = context(&app.app, "test").await.expect("a transaction");
    let settled = settle_due(&mut cx, &app.domain(tenant)).await.expect("it is settled");
    cx.tx.take().expect("the transaction is there").commit().await.expect("durable");
    settled
}

/// The clock jumps over due dates while nothing runs.
fn jump(app: &TestApp, to: &str) {
    app.app.clock().advance_to(Instant::parse_utc(to).expect("well-formed"));
}

async fn overdue(app: &TestApp, tenant: &str) -> Value {
    debts(app, tenant).await["overdue_amount"].clone()
}

on_both! {
    async fn cash_repays_a_month_on_its_due_date_and_buying_goes_on(app) {
        by_the_month(&app, "acme").await;
        buy(&app, "acme", 10_000).await;
        buy(&app, "acme", 20_050).await;
        app.post("operator", CLOCK, json!({"to": "2026-02-15T15:59:58Z"})).await.ok(200);
        assert_eq!(shown(&app, "acme").await, "1 10000; debt 300.5", "nothing is due yet");
        let moved = app.post("operator", CLOCK, json!({"to": "2026-02-16T00:00:00Z"})).await.ok(200);
        assert_eq!(moved["ran"], json!([{
            "job": "accounts.settle_due", "at": "2026-02-15T15:59:59Z", "subject": app.domain("acme"),
            "outcome": "repaid 300.5, 0 still owed",
        }]));
        assert_eq!(shown(&app, "acme").await, "1 9699.5; debt 0");
        assert_eq!((open(&app, "acme").await, overdue(&app, "acme").await), (String::new(), json!("0")));
        let month = &debts(&app, "acme").await["months"][0];
        assert_eq!((&month["amount"], &month["left_amount"], &month["overdue"]), (&json!("300.5"), &json!("0"), &json!(false)));
        buy(&app, "acme", 5_000).await;
        assert_eq!(shown(&app, "acme").await, "1 9699.5; debt 50");
        assert_eq!((tick(&app).await, settle(&app, "acme").await), (Vec::new(), None), "once");
        assert_eq!(integers(&app, SETTLEMENTS, 2).await, [1, 30_050]);
        app.finish().await;
    }

    async fn it_stands_in_the_accounts_trail(app) {
        by_the_month(&app, "acme").await;
        buy(&app, "acme", 10_000).await;
        app.advance_to("2026-02-16T00:00:00Z").await;
        let sql = "select account_id, operation, event, resource_id, resource_name, user_name, access_key, status, \
            request_id, at, request from audit_events where user_id = 'system' order by at, id limit 10";
        let mut tx = app.app.db().begin_read().await.expect("a snapshot");
        let rows = tx.all(sql, &[]).await.expect("the trail is read");
        tx.rollback().await;
        assert_eq!(rows.len(), 1);
        let (row, acme) = (&rows[0], app.domain("acme"));
        let texts: Vec<&str> = [0, 1, 2, 3, 4, 5, 8, 10].into_iter().map(|at| row.text(at)).collect();
        assert_eq!(texts, [
            &acme, "SettleDueDebts", "settleDueDebts", &acme, "acme", "system", "job:accounts.settle_due", "SystemAction",
        ]);
        assert_eq!((row.opt_text(6), row.int(7)), (None, 200));
        assert_eq!(Instant::from_ms(row.int(9)).to_wire(), "2026-02-15T15:59:59Z");
        app.finish().await;
    }

    async fn too_little_cash_repays_the_oldest_and_the_rest_is_overdue(app) {
        top_up(&app, "globex-lab", "100", "t1").await;
        by_the_month(&app, "globex-lab").await;
        buy(&app, "globex-lab", 7_000).await;
        app.advance_to("2026-01-16T00:00:00Z").await;
        buy(&app, "globex-lab", 13_000).await;
        let ran = app.advance_to("2026-04-01T00:00:00Z").await;
        assert_eq!(settlements(&ran), ["2026-02-15T15:59:59Z: repaid 100, 100 still owed"], "it is not tried again");
        assert_eq!(open(&app, "globex-lab").await, "100 of 130 202601");
        assert_eq!(shown(&app, "globex-lab").await, "1 0; debt 100");
        assert_eq!(overdue(&app, "globex-lab").await, "100");
        let late = place(&app, "globex-lab", json!([disk(50)])).await;
        pay(&app, "globex-lab", &late).await.refused(400, "CBC.99005003");
        assert_eq!((tick(&app).await, tick(&app).await), (Vec::new(), Vec::new()));
        assert_eq!(top_up(&app, "globex-lab", "150", "t2").await, ("100".to_owned(), "50".to_owned()));
        pay(&app, "globex-lab", &late).await.ok(204);
        assert_eq!(shown(&app, "globex-lab").await, "1 50; debt 0.5");
        assert_eq!(integers(&app, SETTLEMENTS, 2).await, [1, 10_000]);
        app.finish().await;
    }

    async fn without_cash_nothing_runs_and_a_top_up_repays(app) {
        let bonus = json!({"amount": 500, "trans_id": "b", "account_type": 5});
        app.post("operator", &crate::accounts::top_ups(&app, "globex-lab"), bonus).await.ok(201);
        app.post("operator", &crate::accounts::credit(&app, "globex-lab"), json!({"amount": 500})).await.ok(201);
        by_the_month(&app, "globex-lab").await;
        buy(&app, "globex-lab", 10_000).await;
        let ran = app.advance_to("2026-03-01T00:00:00Z").await;
        assert_eq!(settlements(&ran), Vec::<String>::new(), "neither bonus nor credit repays");
        assert_eq!(settle(&app, "globex-lab").await.map(|settled| settled.repaid.to_string()).as_deref(), Some("0"));
        let late = place(&app, "globex-lab", json!([disk(50)])).await;
        pay(&app, "globex-lab", &late).await.refused(400, "CBC.99005003");
        top_up(&app, "globex-lab", "100", "t").await;
        pay(&app, "globex-lab", &late).await.ok(204);
        assert_eq!(shown(&app, "globex-lab").await, "1 0, 2 500 of 500, 5 500; debt 0.5");
        assert_eq!(integers(&app, SETTLEMENTS, 2).await, [0, 0]);
        app.finish().await;
    }

    async fn each_month_is_repaid_when_it_is_due_and_the_earlier_first(app) {
        top_up(&app, "globex-lab", "400", "t").await;
        by_the_month(&app, "globex-lab").await;
        buy(&app, "globex-lab", 30_000).await;
        app.advance_to("2026-02-10T00:00:00Z").await;
        buy(&app, "globex-lab", 20_000).await;
        let ran = app.advance_to("2026-04-01T00:00:00Z").await;
        assert_eq!(settlements(&ran), [
            "2026-02-15T15:59:59Z: repaid 300, 0 still owed", "2026-03-15T15:59:59Z: repaid 100, 100 still owed",
        ]);
        assert_eq!(open(&app, "globex-lab").await, "100 of 200 202602");
        app.finish().await;
    }

    async fn a_server_that_was_down_repays_several_months_at_once(app) {
        top_up(&app, "globex-lab", "400", "t").await;
        by_the_month(&app, "globex-lab").await;
        buy(&app, "globex-lab", 30_000).await;
        app.advance_to("2026-02-10T00:00:00Z").await;
        buy(&app, "globex-lab", 20_000).await;
        jump(&app, "2026-03-10T00:00:00Z");
        let late = place(&app, "globex-lab", json!([disk(50)])).await;
        pay(&app, "globex-lab", &late).await.refused(400, "CBC.99005003");
        jump(&app, "2026-05-01T00:00:00Z");
        assert_eq!(tick(&app).await, ["2026-02-15T15:59:59Z: repaid 400, 100 still owed"]);
        assert_eq!(open(&app, "globex-lab").await, "100 of 200 202602");
        let months = "select count(*), cast(sum(p.amount) as bigint) from journals j \
            join postings p on p.journal_id = j.id where j.kind = 'settle_debts'";
        assert_eq!(integers(&app, months, 2).await, [3, 0], "one journal: cash and two months");
        app.finish().await;
    }

    async fn settling_at_once_with_itself_and_with_top_ups_repays_once(app) {
        for (tenant, cash) in [("acme", None), ("globex-lab", Some("200"))] {
            if let Some(cash) = cash {
                top_up(&app, tenant, cash, "first").await;
            }
            by_the_month(&app, tenant).await;
            for _ in 0..5 {
                buy(&app, tenant, 10_000).await;
            }
        }
        jump(&app, "2026-02-16T00:00:00Z");
        let app = Arc::new(app);
        let tasks: Vec<_> = (0..12).map(|number| {
            let app = app.clone();
            let tenant = if number % 2 == 0 { "acme" } else { "globex-lab" };
            tokio::spawn(async move {
                match number {
                    6 | 7 => drop(top_up(&app, tenant, "150", "meanwhile").await),
                    _ => drop(settle(&app, tenant).await),
                }
            })
        }).collect();
        for task in tasks {
            task.await.expect("no task panics");
        }
        tick(&app).await;
        assert_eq!(shown(&app, "acme").await, "1 9650; debt 0");
        assert_eq!(shown(&app, "globex-lab").await, "1 0; debt 150");
        Arc::into_inner(app).expect("every task has ended").finish().await;
    }

    async fn nobody_without_cash_hides_those_who_have_some_and_no_debt_is_left_out(app) {
        by_the_month(&app, "acme").await;
        buy(&app, "acme", 10_000).await;
        jump(&app, "2026-02-16T00:00:00Z");
        let (acme, due_at) = (app.domain("acme"), Instant::parse_utc("2026-02-15T15:59:59Z").expect("well-formed"));
        let mut cx = context(&app.app, "test").await.expect("a transaction");
        let debt = "insert into debts (account_id, id, ledger_account_id, order_id, amount, left_amount, \
            incurred_at, due_at) values ($1, $2, $3, $2, 1, 1, $4, $5)";
        for number in 0..450_i64 {
            let id = format!("{number:032x}");
            let month = format!("{acme}:settlement:202601");
            let own = platform::params![&acme, &id, &month, due_at.ms() - number, due_at.ms()];
            cx.tx.exec(debt, own).await.expect("one more debt");
            if number < 50 {
                let poor = platform::params![&id, &id, format!("{id}:settlement:202601"), 0, due_at.ms() - number - 1];
                cx.tx.exec(debt, poor).await.expect("somebody who has no cash");
            }
        }
        let until = cx.now;
        assert_eq!(payable(&mut cx.tx, until, 200).await.expect("read"), [(due_at, acme.clone())]);
        assert_eq!(payable(&mut cx.tx, due_at.plus_ms(-1), 200).await.expect("read"), [], "it is not due before");
        let settled = settle_due(&mut cx, &acme).await.expect("settled").expect("it is due");
        assert_eq!((settled.repaid.to_string(), settled.left.to_string()), ("104.5".to_owned(), "0".to_owned()));
        assert_eq!(payable(&mut cx.tx, until, 200).await.expect("read"), []);
        cx.tx.take().expect("there").rollback().await;
        app.finish().await;
    }

    async fn cash_of_refunds_repays_what_is_overdue(app: EXTERNAL) {
        top_up(&app, "globex-lab", "130", "t").await;
        let paid = [place(&app, "globex-lab", json!([disk(10_000)])).await, place(&app, "globex-lab", json!([disk(3_000)])).await];
        for order in &paid {
            pay(&app, "globex-lab", order).await.ok(204);
        }
        let mut disks = waiting(&app).await;
        disks.sort_unstable();
        by_the_month(&app, "globex-lab").await;
        buy(&app, "globex-lab", 12_000).await;
        let ran = app.advance_to("2026-02-20T00:00:00Z").await;
        assert_eq!(settlements(&ran), Vec::<String>::new());
        // The clock stands still: both refunds come at one instant, and one debt is repaid twice.
        for (disk, outcome) in [(0, "repaid 30, 90 still owed"), (1, "repaid 90, 0 still owed")] {
            fail(&app, &disks[disk].1).await;
            assert_eq!(tick(&app).await, [format!("2026-02-15T15:59:59Z: {outcome}")]);
        }
        assert_eq!(shown(&app, "globex-lab").await, "1 10; debt 0");
        assert_eq!(overdue(&app, "globex-lab").await, "0");
        buy(&app, "globex-lab", 50).await;
        assert_sound(&app).await;
    }

    async fn an_order_that_was_repaid_from_cash_is_refunded_to_cash(app: EXTERNAL) {
        by_the_month(&app, "acme").await;
        let order = place(&app, "acme", json!([disk(10_000), disk(20_000)])).await;
        pay(&app, "acme", &order).await.ok(204);
        app.advance_to("2026-02-16T00:00:00Z").await;
        assert_eq!(shown(&app, "acme").await, "1 9700; debt 0");
        let explained = app.get("acme", &format!("/openbss/v1/explain?order_id={order}")).await.ok(200);
        assert_eq!(explained["adds_up"], true, "{explained}");
        let funds = explained["orders"][0]["funds"].as_array().expect("a list");
        let paid: Vec<_> = funds.iter().map(|fund| (&fund["kind"], &fund["id"], &fund["amount"])).collect();
        assert_eq!(paid, [(&json!("settlement"), &json!("202601"), &json!("300"))], "the month paid, whoever repaid it");
        let mut disks = waiting(&app).await;
        disks.sort_unstable();
        fail(&app, &disks[0].1).await;
        assert_eq!(shown(&app, "acme").await, "1 9800; debt 0");
        assert_sound(&app).await;
    }

    async fn a_master_repays_what_it_owes_for_members_even_while_it_is_frozen(app) {
        by_the_month(&app, "globex").await;
        let order = place(&app, "globex-ops", json!([disk(10_000)])).await;
        pay(&app, "globex", &order).await.ok(204);
        let freeze = format!("/openbss/v1/accounts/{}/freeze", app.domain("globex"));
        app.post("operator", &freeze, json!({"freeze_type": "ACCOUNT", "reason": "r"})).await.ok(200);
        app.advance_to("2026-02-16T00:00:00Z").await;
        assert_eq!(shown(&app, "globex").await, "1 4900, 2 2000 of 2000; debt 0");
        app.finish().await;
    }

    async fn in_china_it_is_recorded_as_an_expense_of_cash(app: CHINA) {
        by_the_month(&app, "globex").await;
        let order = place(&app, "globex", json!([disk_in_china(30_000)])).await;
        pay(&app, "globex", &order).await.ok(204);
        app.advance_to("2026-02-16T00:00:00Z").await;
        let debit = "balance_type=BALANCE_TYPE_DEBIT";
        assert_eq!(records(&app, "globex", debit).await, ["WRITEOFF EXPENSE 300 4700", "RECHARGE REVENUE 5000 5000"]);
        assert_eq!(records(&app, "globex", &format!("{debit}&trade_type=DEDEUCT")).await, ["WRITEOFF EXPENSE 300 4700"]);
        let path = format!("/v2/accounts/customer-accounts/account-change-records?{debit}&limit=1");
        let record = app.get("globex", &path).await.ok(200)["records"][0].clone();
        assert_eq!(record["trade_time"], "2026-02-15T15:59:59Z");
        assert_eq!((&record["payment_channel_id"], &record["consume_time"]), (&Value::Null, &Value::Null));
        let id = record["trade_id"].as_str().expect("text").replace('/', "%2F");
        assert_eq!(records(&app, "globex", &format!("{debit}&trade_id={id}")).await, ["WRITEOFF EXPENSE 300 4700"]);
        assert_eq!(records(&app, "globex", "balance_type=BALANCE_TYPE_CREDIT&trade_type=DEDEUCT").await, Vec::<String>::new());
        assert_sound(&app).await;
    }
}
