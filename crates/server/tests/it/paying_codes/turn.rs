//! The order of evaluation: a payment that could be refused for several reasons names the first (rule 4.11).

use serde_json::{Value, json};

use super::{freeze, limit, quota, set_clock, set_country, top_up, unlimit};
use crate::accounts::disk;
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{CANCEL, PAY, machine, payment, place, with};
use crate::paying::{coupon, grant, pay_with, place_with};

/// Pays for itself, is a member of an enterprise, and has no money.
const BUYER: &str = "globex-lab";

/// Every reason of the account's own at once: quota, funds of the project, budget of the organisation, expenditure
/// quota, tax rate, balance, freezing, attempts, payments.
async fn hinder(app: &TestApp) {
    quota(app, Some(BUYER), 0).await;
    limit(app, BUYER, json!({"kind": "project", "subject": "0", "amount": "0.01"})).await;
    limit(app, BUYER, json!({"kind": "organization", "amount": "0.01"})).await;
    limit(app, BUYER, json!({"kind": "expenditure_quota", "amount": "0.01"})).await;
    limit(app, BUYER, json!({"kind": "attempts", "amount": "0"})).await;
    limit(app, BUYER, json!({"kind": "transactions", "amount": "0"})).await;
    set_country(app, BUYER, Some("DE")).await;
    freeze(app, BUYER, "freeze").await;
}

/// Takes away the reason of a code.
async fn relieve(app: &TestApp, code: &str) {
    match code {
        "CBC.99003141" => quota(app, Some(BUYER), 100).await,
        "CBC.99003155" => unlimit(app, BUYER, "project?subject=0").await,
        "CBC.99003198" => unlimit(app, BUYER, "organization").await,
        "CBC.99000046" => unlimit(app, BUYER, "expenditure_quota").await,
        "CBC.99006093" => set_country(app, BUYER, None).await,
        "CBC.99005003" => top_up(app, BUYER, "5000").await,
        "CBC.7281" => freeze(app, BUYER, "unfreeze").await,
        "CBC.99008040" => unlimit(app, BUYER, "attempts").await,
        "CBC.99008056" => unlimit(app, BUYER, "transactions").await,
        _ => panic!("{code} is no reason of the account's"),
    }
}

/// The reasons of the account's, in their order; that of the order, a sub-order, comes between.
const IN_TURN: &[&str] = &[
    "CBC.99003141",
    "CBC.99003155",
    "CBC.99003198",
    "CBC.99000046",
    "CBC.99006093",
    "CBC.99005003",
    "CBC.7281",
];
const LAST: &[&str] = &["CBC.99008040", "CBC.99008056"];

on_both! {
    async fn a_payment_names_the_first_of_its_reasons(app) {
        let fitting = grant(&app, BUYER, 605, "ratio", "0.5", json!({})).await;
        let other = grant(&app, BUYER, 605, "ratio", "0.5", json!({"region": "eu-west-101"})).await;
        let excluding = coupon(&app, BUYER, "1", &[("simultaneousUseWithEmpowerDiscount", "0"), ("minConsumeDiscount", "0.9")]).await;
        let demanding = coupon(&app, BUYER, "1", &[("minConsumeDiscount", "0.9")]).await;
        let misfit = coupon(&app, BUYER, "1", &[("regionCode", "eu-west-101")]).await;
        let order = place(&app, BUYER, json!([machine()])).await;
        let lines = json!([machine(), disk(10_000)]);
        let placed = place_with(&app, BUYER, lines, json!({"combined": true})).await;
        let (whole, sub) = (placed["order_id"].as_str().unwrap(), placed["sub_order_ids"][0].as_str().unwrap());
        hinder(&app).await;

        let pay = |body: Value| app.post(BUYER, PAY, body);
        for (body, code) in [
            (pay_with(&order, Some((&other, 2)), &[("nobodys", 301)]), "CBC.99003108"),
            (pay_with(&order, Some((&fitting, 2)), &[("nobodys", 301)]), "CBC.99003112"),
            (pay_with(&order, Some((&fitting, 2)), &[(&misfit, 301)]), "CBC.99003108"),
            (pay_with(&order, Some((&fitting, 2)), &[(&excluding, 301)]), "CBC.99003116"),
            (pay_with(&order, Some((&fitting, 2)), &[(&demanding, 301)]), "CBC.99003117"),
        ] {
            pay(body).await.refused(400, code);
        }
        for code in IN_TURN {
            pay(payment(sub)).await.refused(400, code);
            relieve(&app, code).await;
        }
        pay(payment(sub)).await.refused(400, "CBC.99000089");
        for code in LAST {
            pay(payment(whole)).await.refused(400, code);
            relieve(&app, code).await;
        }
        pay(payment(whole)).await.ok(204);
        app.finish().await;
    }

    async fn the_state_of_an_order_comes_before_everything_else(app) {
        let misfit = grant(&app, BUYER, 605, "ratio", "0.5", json!({"region": "eu-west-101"})).await;
        let more = json!({"effective_time": "2026-01-16T00:00:00Z"});
        let mut orders = Vec::new();
        for _ in 0..2 {
            let placed = place_with(&app, BUYER, json!([machine()]), more.clone()).await;
            orders.push(placed["order_id"].as_str().unwrap().to_owned());
        }
        app.call(BUYER, "PUT", CANCEL, Some(json!({"order_id": orders[0]}))).await.ok(204);
        hinder(&app).await;
        let pay = |order: &str| app.post(BUYER, PAY, pay_with(order, Some((&misfit, 2)), &[("nobodys", 301)]));
        // Its effective time has come, and the order can still be paid.
        set_clock(&app, "2026-01-16T00:00:00Z");
        pay(&orders[1]).await.refused(400, "CBC.99003162");
        pay(&orders[0]).await.refused(400, "CBC.99003106");
        pay("CS2601151600ABCDEFGH").await.refused(400, "CBC.30000010");
        set_clock(&app, "2026-01-22T15:59:59Z");
        pay(&orders[1]).await.refused(400, "CBC.99003110");
        pay(&orders[0]).await.refused(400, "CBC.99003106");
        app.finish().await;
    }

    async fn what_a_unified_member_leaves_to_its_master_is_looked_at_by_state_first(app) {
        let lines = json!([machine(), disk(10_000)]);
        let more = json!({"combined": true, "effective_time": "2026-01-16T00:00:00Z"});
        let placed = place_with(&app, "globex-ops", lines, more).await;
        let (whole, sub) = (placed["order_id"].as_str().unwrap(), placed["sub_order_ids"][0].as_str().unwrap());
        let pay = |order: &str| app.post("globex-ops", PAY, payment(order));
        pay(sub).await.refused(400, "CBC.99000089");
        pay(whole).await.ok(204);
        // In flight comes before the combined order.
        pay(sub).await.refused(400, "CBC.99000088");
        set_clock(&app, "2026-01-16T00:00:00Z");
        pay(sub).await.refused(400, "CBC.99003162");
        set_clock(&app, "2026-01-22T15:59:59Z");
        pay(sub).await.refused(400, "CBC.99003110");
        app.finish().await;
    }

    async fn a_refused_payment_has_changed_nothing(app) {
        let paper = coupon(&app, "acme", "5", &[]).await;
        let held = coupon(&app, "acme", "7", &[]).await;
        let dear = with(machine(), "subscription_num", json!(100));
        let placed = place_with(&app, "acme", json!([dear]), json!({"coupon_id": held})).await;
        let order = placed["order_id"].as_str().unwrap();
        app.post("acme", PAY, pay_with(order, None, &[(&paper, 301)])).await.refused(400, "CBC.99005003");
        assert_eq!(crate::paying::coupon_is(&app, "acme", &paper).await, "2 5");
        assert_eq!(crate::paying::coupon_is(&app, "acme", &held).await, format!("2 7 held by {order}"));
        assert_eq!(crate::paying::bill(&app, "acme", order).await[0], "18207 = 301:7 + 18200; coupon 7");
        app.finish().await;
    }
}
