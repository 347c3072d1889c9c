//! The books are recomputed, and planted faults are named.

use platform::op::Host;
use serde_json::{Value, json};

use crate::accounts::{EXTERNAL, disk, fail, waiting};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{PAY, payment, place};

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
pub(crate) async fn plant(app: &TestApp, sql: &str) {
    let mut tx = app.app.db().begin_write().await.expect("a transaction");
    assert_eq!(tx.exec(sql, &[]).await.expect("the statement runs"), 1, "{sql}");
    tx.commit().await.expect("durable");
}

/// What [`trade`] left in the books.
struct Trade {
    /// Paid by `globex`, and still processing.
    order: String,
    /// Gave a part of it back, and is completed.
    refund: String,
    /// Paid by `acme`, and completed.
    done: String,
    /// Placed by `acme`, and waiting for payment.
    unpaid: String,
}

async fn order(app: &TestApp, tenant: &str, lines: Value) -> String {
    let order = place(app, tenant, lines).await;
    app.post(tenant, PAY, payment(&order)).await.ok(204);
    order
}

/// `globex` pays 5500.00 and gets 100.00 back for what the cloud cannot provide; `acme` is topped up, buys for
/// 50.00, gets that, and places an order that it does not pay.
async fn trade(app: &TestApp) -> Trade {
    let path = format!("/openbss/v1/accounts/{}/top-ups", app.domain("acme"));
    app.post("operator", &path, json!({"amount": 7, "trans_id": "t"})).await.ok(201);
    let first = order(app, "globex", json!([disk(540_000), disk(10_000)])).await;
    let done = order(app, "acme", json!([disk(5_000)])).await;
    let mut refund = String::new();
    for (cents, id) in waiting(app).await {
        match cents {
            10_000 => refund = fail(app, &id).await,
            5_000 => {
                let path = format!("/openbss/v1/resources/{id}/provisioned");
                app.post("operator", &path, json!({})).await.ok(200);
            }
            _ => {}
        }
    }
    let unpaid = place(app, "acme", json!([disk(5_000)])).await;
    Trade { order: first, refund, done, unpaid }
}

/// Plants faults one at a time, each on top of books that hold, and undoes each.
pub(crate) async fn expect_each(app: &TestApp, cases: &[(String, String, &[&str], &str)]) {
    for (fault, cure, named, detail) in cases {
        expect(app, fault, named, detail).await;
        plant(app, cure).await;
        let verdict = verdict(app).await;
        assert_eq!(verdict["holds"], true, "{cure}: {verdict}");
    }
}

/// Plants a fault and expects these identities, and no others, to be named with this text in their detail.
pub(crate) async fn expect(app: &TestApp, sql: &str, named: &[&str], detail: &str) {
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
    async fn sound_books_hold_and_show_both_sides(app: EXTERNAL) {
        trade(&app).await;
        let verdict = verdict(&app).await;
        assert_eq!(verdict["holds"], true, "{verdict}");
        assert_eq!(verdict["checked_at"], "2026-01-15T08:00:00Z");
        let sides = verdict["identities"].as_array().expect("a list");
        for name in ["ledger.zero_sum", "ledger.balances", "ledger.floors", "ledger.currencies", "ledger.given_back",
            "top_ups.postings", "credit_lines.postings", "orders.lines", "orders.states", "orders.counters", "orders.postings",
            "subscriptions.counters"] {
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

    async fn a_changed_posting_is_named(app: EXTERNAL) {
        trade(&app).await;
        let account = format!("{}:cash", app.domain("acme"));
        let sql = format!("update postings set amount = amount + 1 where ledger_account_id = '{account}' and account_seq = 2");
        expect(&app, &sql, &["ledger.zero_sum", "ledger.balances", "top_ups.postings"], "").await;
        let found = broken(&verdict(&app).await);
        assert!(found[1].1.contains(&account), "{found:?}");
        assert!(found[2].1.contains("top_up t of"), "{found:?}");
    }

    async fn a_deleted_posting_is_named(app: EXTERNAL) {
        let Trade { order, .. } = trade(&app).await;
        let account = format!("{}:cash", app.domain("globex"));
        plant(&app, &format!("delete from postings where ledger_account_id = '{account}' and journal_id in \
            (select id from journals where cause = 'pay_order/{order}/')")).await;
        let found = broken(&verdict(&app).await);
        assert_eq!(found[0].0, "ledger.zero_sum");
        assert!(found.iter().any(|(name, detail)| name == "ledger.balances" && detail.contains(&account)), "{found:?}");
        assert!(found.iter().any(|(name, detail)| name == "orders.postings" && *detail == order), "{found:?}");
    }

    async fn postings_moved_between_journals_are_named_though_sums_agree(app: EXTERNAL) {
        let Trade { order, refund, .. } = trade(&app).await;
        for (change, cause) in [("+ 5", format!("pay_order/{order}/")), ("- 5", format!("refund_order/{refund}/%"))] {
            plant(&app, &format!("update postings set amount = amount {change} where ledger_account_id = 'house:revenue' \
                and journal_id in (select id from journals where cause like '{cause}')")).await;
        }
        let verdict = verdict(&app).await;
        let found = broken(&verdict);
        assert_eq!(found[0].0, "ledger.zero_sum");
        assert_eq!(found[0].1.matches("journal ").count(), 2, "{found:?}");
        assert_eq!(found.len(), 1, "{verdict}");
    }

    async fn a_changed_balance_is_named(app: EXTERNAL) {
        trade(&app).await;
        let account = format!("{}:cash", app.domain("acme"));
        let sql = format!("update ledger_accounts set balance = balance + 100 where id = '{account}'");
        expect(&app, &sql, &["ledger.balances"], &account).await;
    }

    async fn money_moved_between_balances_is_named_though_the_sum_agrees(app: EXTERNAL) {
        trade(&app).await;
        let [from, to] = ["acme", "globex"].map(|tenant| format!("{}:cash", app.domain(tenant)));
        plant(&app, &format!("update ledger_accounts set balance = balance - 100 where id = '{from}'")).await;
        let sql = format!("update ledger_accounts set balance = balance + 100 where id = '{to}'");
        expect(&app, &sql, &["ledger.balances"], &from).await;
    }

    async fn a_broken_chain_is_named(app: EXTERNAL) {
        trade(&app).await;
        let account = format!("{}:cash", app.domain("acme"));
        let sql = format!("update postings set balance_after = balance_after - 1 where ledger_account_id = '{account}' and account_seq = 1");
        expect(&app, &sql, &["ledger.balances"], &account).await;
    }

    async fn a_changed_top_up_is_named(app: EXTERNAL) {
        trade(&app).await;
        expect(&app, "update top_ups set amount = amount + 1 where trans_id = 't'", &["top_ups.postings"], "top_up t of").await;
    }

    async fn a_lost_top_up_is_named(app: EXTERNAL) {
        trade(&app).await;
        expect(&app, "delete from top_ups where trans_id = 't'", &["top_ups.postings"], "journals").await;
    }

    async fn a_renamed_top_up_is_named(app: EXTERNAL) {
        trade(&app).await;
        expect(&app, "update top_ups set trans_id = 'u' where trans_id = 't'", &["top_ups.postings"], "top_up u of").await;
    }

    async fn a_changed_credit_line_is_named(app: EXTERNAL) {
        let account = app.domain("globex");
        let sql = format!("update credit_lines set amount = amount * 2 where account_id = '{account}'");
        expect(&app, &sql, &["credit_lines.postings", "credit.debts"], &account).await;
    }

    async fn an_account_below_its_floor_is_named(app: EXTERNAL) {
        let account = format!("{}:cash", app.domain("acme"));
        let sql = format!("update ledger_accounts set floor = balance + 1 where id = '{account}'");
        expect(&app, &sql, &["ledger.floors"], &account).await;
    }

    async fn a_mixed_currency_is_named(app: EXTERNAL) {
        let Trade { order, .. } = trade(&app).await;
        let sql = format!("update journals set currency = 'EUR' where cause = 'pay_order/{order}/'");
        expect(&app, &sql, &["ledger.currencies"], "cash").await;
    }

    async fn a_refund_that_refers_to_no_payment_is_named(app: EXTERNAL) {
        let Trade { refund, .. } = trade(&app).await;
        let sql = format!("update journals set gives_back = 'nothing' where cause like 'refund_order/{refund}/%'");
        expect(&app, &sql, &["ledger.given_back", "orders.postings"], "").await;
        let found = broken(&verdict(&app).await);
        assert!(found[0].1.contains("nothing") && found[1].1 == refund, "{found:?}");
    }

    async fn a_refund_of_another_orders_payment_is_named(app: EXTERNAL) {
        // globex paid both, and either payment is large enough: only the orders tell which one it was.
        let Trade { refund, .. } = trade(&app).await;
        let other = order(&app, "globex", json!([disk(90_000)])).await;
        let journal = format!("select id from journals where cause = 'pay_order/{other}/'");
        let sql = format!("update journals set gives_back = ({journal}) where cause like 'refund_order/{refund}/%'");
        expect(&app, &sql, &["orders.postings"], &refund).await;
    }

    async fn a_changed_amount_of_an_order_is_named(app: EXTERNAL) {
        let Trade { order, refund, done, unpaid } = trade(&app).await;
        let orders = |change: &str, id: &str| format!("update orders set {change} where id = '{id}'");
        let lines = |change: &str, id: &str| format!("update order_lines set {change} where order_id = '{id}' and line_no = 1");
        let (more, less) = ("payable_amount = payable_amount + 1", "payable_amount = payable_amount - 1");
        let (dearer, cheaper) = ("official_amount = official_amount + 1", "official_amount = official_amount - 1");
        for id in [&order, &refund, &done] {
            let of_line: &[&str] = match id == &refund {
                true => &["orders.lines", "orders.amounts", "orders.returns"],
                false => &["orders.lines", "orders.amounts"],
            };
            expect_each(&app, &[
                (orders(more, id), orders(less, id), &["orders.lines", "orders.amounts", "orders.postings"], id),
                (orders(dearer, id), orders(cheaper, id), &["orders.lines", "orders.amounts"], id),
                (lines(more, id), lines(less, id), of_line, id),
                (lines(dearer, id), lines(cheaper, id), &["orders.lines", "orders.amounts"], id),
            ]).await;
        }
        // No money has moved for it yet, so only its lines tell.
        expect_each(&app, &[(orders(more, &unpaid), orders(less, &unpaid), &["orders.lines", "orders.amounts"], &unpaid)]).await;
        // Both together are consistent, and still not what was paid.
        plant(&app, &orders(more, &done)).await;
        expect(&app, &lines(more, &done), &["orders.amounts", "orders.postings"], &done).await;
        app_holds_after(app, &[&orders(less, &done), &lines(less, &done)]).await;
    }

    async fn a_changed_row_of_a_refund_order_is_named(app: EXTERNAL) {
        let Trade { refund, order, .. } = trade(&app).await;
        let rows = |change: &str| format!("update order_returns set {change} where order_id = '{refund}'");
        let orders = |change: &str| format!("update orders set {change} where id = '{refund}'");
        let returned = &["orders.returns"];
        expect_each(&app, &[
            (rows("amount = amount - 1"), rows("amount = amount + 1"), &["orders.returns", "orders.postings"], &refund),
            (rows("consumed_amount = 1"), rows("consumed_amount = 0"), returned, &refund),
            (rows("line_no = 2"), rows("line_no = 1"), returned, &refund),
            (rows("order_id = 'CS1'"), format!("update order_returns set order_id = '{refund}'"),
                &["orders.returns", "orders.postings"], &refund),
            (rows("base_order_id = 'CS1'"), rows(&format!("base_order_id = '{order}'")), &["orders.postings"], &refund),
            (orders("fee_amount = 1"), orders("fee_amount = 0"), returned, &refund),
        ]).await;
        app.finish().await;
    }

    async fn amounts_moved_between_orders_are_named_though_the_sums_agree(app: EXTERNAL) {
        let Trade { order, done, .. } = trade(&app).await;
        plant(&app, &format!("update orders set payable_amount = payable_amount + 1 where id = '{order}'")).await;
        let sql = format!("update orders set payable_amount = payable_amount - 1 where id = '{done}'");
        expect(&app, &sql, &["orders.lines", "orders.amounts", "orders.postings"], &order).await;
        let found = broken(&verdict(&app).await);
        assert!(found.iter().all(|(_, detail)| detail.contains(&done)), "{found:?}");
    }

    async fn a_changed_status_of_an_order_is_named(app: EXTERNAL) {
        let Trade { order, refund, done, unpaid } = trade(&app).await;
        let to = |id: &str, status: i64| format!("update orders set status = {status} where id = '{id}'");
        // 3 processing, 4 cancelled, 5 completed, 6 pending payment.
        for (id, now, others) in [(&order, 3, [4, 5, 6]), (&refund, 5, [3, 4, 6]), (&done, 5, [3, 4, 6]), (&unpaid, 6, [3, 4, 5])] {
            for other in others {
                expect_each(&app, &[(to(id, other), to(id, now), &["orders.states"], id)]).await;
            }
        }
        app.finish().await;
    }

    async fn a_forged_payment_is_named(app: EXTERNAL) {
        let Trade { done, unpaid, .. } = trade(&app).await;
        // Everything about the rows looks paid; only the books know better.
        let lines = |state: &str, id: &str| format!("update order_lines set state = '{state}' where order_id = '{id}'");
        plant(&app, &lines("done", &unpaid)).await;
        let paid = format!("update orders set status = 5, paid_at = created_at, pay_before = null, open_lines = 0 where id = '{unpaid}'");
        expect(&app, &paid, &["orders.postings"], &unpaid).await;
        let pending = format!("update orders set status = 6, paid_at = null, pay_before = created_at + 1, open_lines = 1 where id = '{unpaid}'");
        plant(&app, &pending).await;
        // And the other way round: a payment forgotten, which leaves a journal without its order.
        plant(&app, &lines("waiting", &unpaid)).await;
        plant(&app, &lines("waiting", &done)).await;
        let forgotten = format!("update orders set status = 4, paid_at = null, open_lines = 1 where id = '{done}'");
        let detail = format!("pay_order/{done}/ has no order; 2 journals are due and there are 3");
        expect(&app, &forgotten, &["orders.postings"], &detail).await;
    }

    async fn a_deleted_payment_is_named(app: EXTERNAL) {
        let Trade { order, done, .. } = trade(&app).await;
        let sql = format!("delete from journals where cause = 'pay_order/{done}/'");
        plant(&app, &sql).await;
        let verdict = verdict(&app).await;
        let found = broken(&verdict);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["ledger.zero_sum", "orders.postings"], "{verdict}");
        assert!(found[0].1.starts_with("journal "), "{found:?}");
        assert_eq!(found[1].1, format!("{done}; 3 journals are due and there are 2"));
        assert!(!found[1].1.contains(&order), "{found:?}");
    }

    async fn a_payment_deleted_without_a_trace_in_the_ledger_is_named(app: EXTERNAL) {
        // The books balance and balances agree: only the order tells that it was paid.
        let Trade { done, .. } = trade(&app).await;
        let account = format!("{}:cash", app.domain("acme"));
        let journal = format!("select id from journals where cause = 'pay_order/{done}/'");
        for sql in [
            format!("delete from postings where ledger_account_id = '{account}' and journal_id in ({journal})"),
            format!("delete from postings where ledger_account_id = 'house:revenue' and journal_id in ({journal})"),
            format!("update ledger_accounts set balance = balance + 5000, last_seq = last_seq - 1 where id = '{account}'"),
        ] {
            plant(&app, &sql).await;
        }
        let sql = format!("delete from journals where cause = 'pay_order/{done}/'");
        expect(&app, &sql, &["orders.postings"], &done).await;
    }

    async fn a_deleted_refund_is_named(app: EXTERNAL) {
        let Trade { refund, .. } = trade(&app).await;
        plant(&app, &format!("delete from journals where cause like 'refund_order/{refund}/%'")).await;
        let found = broken(&verdict(&app).await);
        assert!(found.iter().any(|(name, detail)| name == "orders.postings" && detail.contains(&refund)), "{found:?}");
    }

    async fn a_deleted_order_is_named(app: EXTERNAL) {
        let Trade { unpaid, done, .. } = trade(&app).await;
        expect(&app, &format!("delete from orders where id = '{unpaid}'"), &["orders.lines", "orders.counters"], "").await;
        let found = broken(&verdict(&app).await);
        assert_eq!(found[0].1, unpaid);
        assert_eq!(found[1].1, app.domain("acme"));
        plant(&app, &format!("delete from orders where id = '{done}'")).await;
        let found = broken(&verdict(&app).await);
        assert!(found[0].1.contains(&unpaid) && found[0].1.contains(&done), "{found:?}");
        let postings = found.iter().find(|(name, _)| name == "orders.postings").expect("a journal is left over");
        assert_eq!(postings.1, format!("pay_order/{done}/ has no order; 2 journals are due and there are 3"));
    }

    async fn journals_without_an_order_are_named_as_far_as_a_list_goes(app: EXTERNAL) {
        let mut paid = Vec::new();
        for _ in 0..25 {
            paid.push(order(&app, "acme", json!([disk(50)])).await);
        }
        let gone = paid.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(",");
        let mut tx = app.app.db().begin_write().await.expect("a transaction");
        tx.exec(&format!("delete from orders where id in ({gone})"), &[]).await.expect("it runs");
        tx.commit().await.expect("durable");
        let found = broken(&verdict(&app).await);
        let (_, detail) = found.iter().find(|(name, _)| name == "orders.postings").expect("named");
        assert_eq!(detail.matches("has no order").count(), 20, "{detail}");
    }

    async fn a_changed_number_of_open_lines_is_named(app: EXTERNAL) {
        let Trade { order, done, unpaid, .. } = trade(&app).await;
        let number = |change: &str, id: &str| format!("update orders set open_lines = open_lines {change} where id = '{id}'");
        for id in [&order, &unpaid] {
            expect_each(&app, &[(number("+ 1", id), number("- 1", id), &["orders.states"], id)]).await;
        }
        let line = |state: &str| format!("update order_lines set state = '{state}' where order_id = '{done}'");
        expect_each(&app, &[(line("provisioning"), line("done"), &["orders.states"], &done)]).await;
        app.finish().await;
    }

    async fn a_lost_counter_is_named(app: EXTERNAL) {
        trade(&app).await;
        let acme = app.domain("acme");
        let sql = format!("delete from order_counters where account_id = '{acme}'");
        expect(&app, &sql, &["orders.counters"], &acme).await;
        let sql = format!("delete from resource_counters where account_id = '{acme}'");
        expect(&app, &sql, &["orders.counters", "subscriptions.counters"], &acme).await;
    }

    async fn a_changed_counter_of_resources_is_named(app: EXTERNAL) {
        trade(&app).await;
        let acme = app.domain("acme");
        let change = |by: &str| format!("update resource_counters set visible = visible {by} where account_id = '{acme}'");
        expect_each(&app, &[(change("+ 1"), change("- 1"), &["subscriptions.counters"], &acme)]).await;
        let sql = format!("update resources set status = 3, due_at = null where account_id = '{acme}' and status = 2");
        expect(&app, &sql, &["subscriptions.counters"], &acme).await;
    }

    async fn a_resource_that_hangs_is_named(app: EXTERNAL) {
        trade(&app).await;
        let acme = app.domain("acme");
        let found = app.post("acme", "/v2/orders/suscriptions/resources/query", json!({})).await.ok(200);
        let id = found["data"][0]["id"].as_str().expect("one is there").to_owned();
        let set = |what: &str| format!("update resources set {what} where account_id = '{acme}' and id = '{id}'");
        expect_each(&app, &[
            (set("due_at = null"), set("due_at = expires_at"), &["subscriptions.states"], &id),
            (set("grace_until = 1"), set("grace_until = null"), &["subscriptions.states"], &id),
            (set("held_at = 1"), set("held_at = null"), &["subscriptions.states"], &id),
            (set("status = 4"), set("status = 2"), &["subscriptions.states"], &id),
            (set("renew_at = 1"), set("renew_at = null"), &["subscriptions.states"], &id),
            (set("due_at = expires_at + 1"), set("due_at = expires_at"), &["subscriptions.states"], &id),
            (set("due_at = expires_at + 1, secured_at = 1, status = 4"),
                set("due_at = expires_at, secured_at = null, status = 2"), &["subscriptions.states"], &id),
            (set("due_at = expires_at - 1, held_at = 1, status = 4"),
                set("due_at = expires_at, held_at = null, status = 2"), &["subscriptions.states"], &id),
            (set("due_at = 7, grace_until = 7, retained_until = expires_at + 9, status = 5"),
                set("due_at = expires_at, grace_until = null, retained_until = null, status = 2"),
                &["subscriptions.states"], &id),
            (set("due_at = expires_at + 8, grace_until = expires_at + 8, retained_until = expires_at + 7, status = 5"),
                set("due_at = expires_at, grace_until = null, retained_until = null, status = 2"),
                &["subscriptions.states"], &id),
            (set("due_at = expires_at + 8, grace_until = expires_at + 7, retained_until = expires_at + 9, status = 4"),
                set("due_at = expires_at, grace_until = null, retained_until = null, status = 2"),
                &["subscriptions.states"], &id),
            (set("expires_at = expires_at + 1, due_at = expires_at + 1"),
                set("expires_at = expires_at - 1, due_at = expires_at - 1"), &["subscriptions.states"], &id),
            (set("open_order_id = 'none'"), set("open_order_id = null"), &["subscriptions.states"], "order none"),
        ]).await;
        app_holds_after(app, &[]).await;
    }

    async fn a_changed_counter_of_orders_is_named(app: EXTERNAL) {
        trade(&app).await;
        let acme = app.domain("acme");
        let sql = format!("update order_counters set orders = orders + 1 where account_id = '{acme}'");
        expect(&app, &sql, &["orders.counters"], &acme).await;
    }
}

/// Undoes what was planted; the test ends as every other.
async fn app_holds_after(app: TestApp, cures: &[&str]) {
    for cure in cures {
        plant(&app, cure).await;
    }
    app.finish().await;
}
