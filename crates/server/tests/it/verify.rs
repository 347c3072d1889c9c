//! The books are recomputed, and planted faults are named.

use platform::op::Host;
use serde_json::{Value, json};
use server::accounts::service::{pay_order, refund_order};

use crate::harness::TestApp;
use crate::on_both;

async fn verdict(app: &TestApp) -> Value {
    app.get("operator", "/openbss/v1/verify").await.ok(200)
}

/// Names of the identities that do not hold, each with its detail.
fn broken(verdict: &Value) -> Vec<(String, String)> {
    let sides = verdict["identities"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let wrong = sides.iter().filter(|side| side["holds"] == false);
    wrong.map(|side| (text(&side["name"]), text(&side["detail"]))).collect()
}

/// Changes rows behind the product's back.
async fn plant(app: &TestApp, sql: &str) {
    let mut tx = app.app.db().begin_write().await.expect("a transaction");
    assert_eq!(tx.exec(sql, &[]).await.expect("the statement runs"), 1, "{sql}");
    tx.commit().await.expect("durable");
}

/// Pays 5500.00 of `globex`, gives 100.00 back, and tops `acme` up.
async fn trade(app: &TestApp) {
    let mut cx = platform::job::context(&app.app, "test").await.expect("a transaction");
    let globex = app.domain("globex");
    pay_order(&mut cx, &globex, "CS1", domain::money::Charge::cents(550_000)).await.expect("paid");
    refund_order(&mut cx, &globex, "CS1", "CR1", domain::money::Charge::cents(10_000))
        .await
        .expect("given back");
    cx.tx.take().expect("there").commit().await.expect("durable");
    let path = format!("/openbss/v1/accounts/{}/top-ups", app.domain("acme"));
    app.post("operator", &path, json!({"amount": 7, "trans_id": "t"})).await.ok(201);
}

/// Plants a fault and expects these identities, and no others, to be named with this text in their detail.
async fn expect(app: &TestApp, sql: &str, named: &[&str], detail: &str) {
    plant(app, sql).await;
    let verdict = verdict(app).await;
    assert_eq!(verdict["holds"], false, "{sql}");
    let found = broken(&verdict);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, named, "{sql}: {verdict}");
    for (name, text) in &found {
        assert!(text.contains(detail), "{sql}: {name} says {text:?} and not {detail:?}");
    }
}

on_both! {
    async fn sound_books_hold_and_show_both_sides(app) {
        trade(&app).await;
        let verdict = verdict(&app).await;
        assert_eq!(verdict["holds"], true, "{verdict}");
        assert_eq!(verdict["checked_at"], "2026-01-15T08:00:00Z");
        let sides = verdict["identities"].as_array().expect("a list");
        for name in ["ledger.zero_sum", "ledger.balances", "ledger.floors", "ledger.currencies", "ledger.given_back",
            "top_ups.postings", "credit_lines.postings"] {
            let side = sides.iter().find(|side| side["name"] == name).unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!(side["left"], side["right"], "{side}");
            assert_eq!(side["detail"], Value::Null, "{side}");
            assert_ne!(side["left"], "0", "{name} compares nothing with nothing");
        }
        for tenant in ["acme", "north", "harbor"] {
            app.get(tenant, "/openbss/v1/verify").await.refused(403, "CBC.0151");
        }
        app.finish().await;
    }

    async fn a_changed_posting_is_named(app) {
        trade(&app).await;
        let account = format!("{}:cash", app.domain("acme"));
        let sql = format!("update postings set amount = amount + 1 where ledger_account_id = '{account}' and account_seq = 2");
        expect(&app, &sql, &["ledger.zero_sum", "ledger.balances", "top_ups.postings"], "").await;
        let found = broken(&verdict(&app).await);
        assert!(found[1].1.contains(&account), "{found:?}");
        assert!(found[2].1.contains("top_up t of"), "{found:?}");
    }

    async fn a_deleted_posting_is_named(app) {
        trade(&app).await;
        let sql = "delete from postings where journal_id in \
            (select id from journals where cause = 'pay_order/CS1/') and seq = 1";
        let account = format!("{}:cash", app.domain("globex"));
        plant(&app, sql).await;
        let found = broken(&verdict(&app).await);
        assert_eq!(found[0].0, "ledger.zero_sum");
        assert!(found.iter().any(|(name, detail)| name == "ledger.balances" && detail.contains(&account)), "{found:?}");
    }

    async fn postings_moved_between_journals_are_named_though_sums_agree(app) {
        trade(&app).await;
        plant(&app, "update postings set amount = amount + 5 where ledger_account_id = 'house:revenue' and amount > 0").await;
        plant(&app, "update postings set amount = amount - 5 where ledger_account_id = 'house:revenue' and amount < 0").await;
        let verdict = verdict(&app).await;
        let found = broken(&verdict);
        assert_eq!(found.len(), 1, "{verdict}");
        assert_eq!(found[0].0, "ledger.zero_sum");
        assert_eq!(found[0].1.matches("journal ").count(), 2, "{found:?}");
    }

    async fn a_changed_balance_is_named(app) {
        trade(&app).await;
        let account = format!("{}:cash", app.domain("acme"));
        let sql = format!("update ledger_accounts set balance = balance + 100 where id = '{account}'");
        expect(&app, &sql, &["ledger.balances"], &account).await;
    }

    async fn money_moved_between_balances_is_named_though_the_sum_agrees(app) {
        trade(&app).await;
        let [from, to] = ["acme", "globex"].map(|tenant| format!("{}:cash", app.domain(tenant)));
        plant(&app, &format!("update ledger_accounts set balance = balance - 100 where id = '{from}'")).await;
        let sql = format!("update ledger_accounts set balance = balance + 100 where id = '{to}'");
        expect(&app, &sql, &["ledger.balances"], &from).await;
    }

    async fn a_broken_chain_is_named(app) {
        trade(&app).await;
        let account = format!("{}:cash", app.domain("acme"));
        let sql = format!("update postings set balance_after = balance_after - 1 where ledger_account_id = '{account}' and account_seq = 1");
        expect(&app, &sql, &["ledger.balances"], &account).await;
    }

    async fn a_changed_top_up_is_named(app) {
        trade(&app).await;
        expect(&app, "update top_ups set amount = amount + 1 where trans_id = 't'", &["top_ups.postings"], "top_up t of").await;
    }

    async fn a_lost_top_up_is_named(app) {
        trade(&app).await;
        expect(&app, "delete from top_ups where trans_id = 't'", &["top_ups.postings"], "journals").await;
    }

    async fn a_renamed_top_up_is_named(app) {
        trade(&app).await;
        expect(&app, "update top_ups set trans_id = 'u' where trans_id = 't'", &["top_ups.postings"], "top_up u of").await;
    }

    async fn a_changed_credit_line_is_named(app) {
        let sql = format!("update credit_lines set amount = amount * 2 where account_id = '{}'", app.domain("globex"));
        expect(&app, &sql, &["credit_lines.postings"], "grant_credit").await;
    }

    async fn an_account_below_its_floor_is_named(app) {
        let account = format!("{}:cash", app.domain("acme"));
        let sql = format!("update ledger_accounts set floor = balance + 1 where id = '{account}'");
        expect(&app, &sql, &["ledger.floors"], &account).await;
    }

    async fn a_mixed_currency_is_named(app) {
        trade(&app).await;
        expect(&app, "update journals set currency = 'EUR' where cause = 'pay_order/CS1/'", &["ledger.currencies"], "cash").await;
    }

    async fn a_refund_that_refers_to_another_payment_is_named(app) {
        trade(&app).await;
        expect(&app, "update journals set gives_back = 'nothing' where cause = 'refund_order/CR1/'", &["ledger.given_back"], "nothing").await;
    }
}
