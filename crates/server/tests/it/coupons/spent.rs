//! Coupons and stored-value cards in orders: held, spent, given back, and what their lists say then.

use domain::site::Site;
use serde_json::{Value, json};

use super::{CARDS, ISSUE_CARD, RECORDS, change, found, issue, only};
use crate::accounts::{EXTERNAL, disk, fail, waiting};
use crate::harness::{Options, Reply, TestApp};
use crate::on_both;
use crate::orders::{CANCEL, ORDERS, PAY, cash, place, with};
use crate::paying;

/// Pays with coupons and cards, given as id and type.
async fn pay_with(app: &TestApp, order: &str, coupons: &[(&str, i64)]) -> Reply {
    app.post("acme", PAY, paying::pay_with(order, None, coupons)).await
}

/// An order of a disk for a year that costs this many cents.
async fn order_of(app: &TestApp, cents: i64) -> String {
    place(app, "acme", json!([disk(cents)])).await
}

on_both! {
    async fn a_coupon_pays_until_nothing_is_left(app) {
        let id = issue(&app, "acme", json!({})).await;
        let (first, second) = (order_of(&app, 6_000).await, order_of(&app, 6_000).await);
        pay_with(&app, &first, &[(&id, 301)]).await.ok(204);
        let shown = only(&app, "acme", "status=2").await;
        assert_eq!((&shown["balance"], &shown["order_id"]), (&json!(40), &json!(first)));
        assert_eq!(shown["reserve_time"], "2026-01-15T08:00:00Z");
        assert_eq!(cash(&app, "acme").await, "10000");
        pay_with(&app, &second, &[(&id, 301)]).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9980");
        let shown = only(&app, "acme", "status=3").await;
        assert_eq!((&shown["balance"], &shown["face_value"]), (&json!(0), &json!(100)));
        assert_eq!(shown["order_id"], format!("{first};{second}"));
        for order in [&first, &second] {
            assert_eq!(found(&app, "acme", &format!("order_id={order}")).await, std::slice::from_ref(&id));
            let part = &order[..order.len() - 1];
            assert_eq!(found(&app, "acme", &format!("order_id={part}")).await, Vec::<String>::new());
        }
        let third = order_of(&app, 1_000).await;
        pay_with(&app, &third, &[(&id, 301)]).await.refused(400, "CBC.99003112");
        change(&app, &id, "freeze").await.refused(400, "CBC.0101");
        change(&app, &id, "withdraw").await.refused(400, "CBC.0101");
        app.finish().await;
    }

    async fn a_coupon_for_one_use_is_used_whatever_is_left_of_it(app) {
        let id = issue(&app, "acme", json!({"limits": [{"limit_key": "usageTimes", "value1": 1}]})).await;
        let order = order_of(&app, 6_000).await;
        pay_with(&app, &order, &[(&id, 301)]).await.ok(204);
        let shown = only(&app, "acme", "status=3").await;
        assert_eq!(shown["balance"], 40);
        let next = order_of(&app, 1_000).await;
        pay_with(&app, &next, &[(&id, 301)]).await.refused(400, "CBC.99003112");
        app.finish().await;
    }

    async fn an_open_order_holds_the_coupon_that_it_was_placed_with(app) {
        let id = issue(&app, "acme", json!({})).await;
        let new = json!({"lines": [disk(6_000)], "coupon_id": id});
        let placed = app.post("acme", ORDERS, new.clone()).await.ok(201);
        let holder = placed["order_id"].as_str().expect("an id").to_owned();
        assert_eq!(only(&app, "acme", "status=2").await["lock_order_id"], holder.as_str());
        let other = order_of(&app, 1_000).await;
        pay_with(&app, &other, &[(&id, 301)]).await.refused(400, "CBC.99003112");
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": holder}))).await.ok(204);
        assert_eq!(only(&app, "acme", "").await["lock_order_id"], Value::Null);
        pay_with(&app, &other, &[(&id, 301)]).await.ok(204);
        let holder = app.post("acme", ORDERS, new).await.ok(201)["order_id"].as_str().expect("an id").to_owned();
        pay_with(&app, &holder, &[(&id, 301)]).await.ok(204);
        let shown = only(&app, "acme", "").await;
        assert_eq!((&shown["lock_order_id"], &shown["balance"]), (&Value::Null, &json!(30)));
        app.finish().await;
    }

    async fn what_is_frozen_withdrawn_expired_or_anothers_pays_nothing(app) {
        let frozen = issue(&app, "acme", json!({})).await;
        let withdrawn = issue(&app, "acme", json!({})).await;
        let later = issue(&app, "acme", json!({"valid_time": "2026-02-01T00:00:00Z"})).await;
        let expired = issue(&app, "acme", json!({"expire_time": "2026-01-16T00:00:00Z"})).await;
        let anothers = issue(&app, "globex", json!({})).await;
        change(&app, &frozen, "freeze").await.ok(200);
        change(&app, &withdrawn, "withdraw").await.ok(200);
        app.advance_to("2026-01-16T00:00:00Z").await;
        let order = order_of(&app, 1_000).await;
        for id in [&frozen, &withdrawn, &later, &expired, &anothers] {
            pay_with(&app, &order, &[(id, 301)]).await.refused(400, "CBC.99003112");
        }
        change(&app, &frozen, "unfreeze").await.ok(200);
        pay_with(&app, &order, &[(&frozen, 301)]).await.ok(204);
        app.finish().await;
    }

    async fn a_refund_makes_a_used_coupon_usable_again(app: EXTERNAL) {
        let spent = issue(&app, "acme", json!({"face_value": 60})).await;
        let once = issue(&app, "acme", json!({"limits": [{"limit_key": "usageTimes", "value1": 1}]})).await;
        for (cents, id) in [(6_000, &spent), (7_000, &once)] {
            let order = order_of(&app, cents).await;
            pay_with(&app, &order, &[(id, 301)]).await.ok(204);
        }
        assert_eq!(found(&app, "acme", "status=3").await.len(), 2);
        for (_, resource) in waiting(&app).await {
            fail(&app, &resource).await;
        }
        assert_eq!(found(&app, "acme", "status=2").await, [once.clone(), spent.clone()]);
        for (id, balance) in [(&spent, 60), (&once, 100)] {
            assert_eq!(only(&app, "acme", &format!("coupon_id={id}")).await["balance"], balance);
        }
        let order = order_of(&app, 1_000).await;
        pay_with(&app, &order, &[(&once, 301)]).await.ok(204);
        app.finish().await;
    }

    async fn a_coupon_for_one_payment_pays_again_when_all_of_it_is_back(app: EXTERNAL) {
        let once = issue(&app, "acme", json!({"limits": [{"limit_key": "usageTimes", "value1": 1}]})).await;
        let order = place(&app, "acme", json!([with(disk(6_000), "subscription_num", json!(2))])).await;
        pay_with(&app, &order, &[(&once, 301)]).await.ok(204);
        let next = order_of(&app, 1_000).await;
        let disks = waiting(&app).await;
        assert_eq!(disks.len(), 2);
        // Half of the 100.00 is back, and the other half still pays for a disk.
        fail(&app, &disks[0].1).await;
        assert_eq!(only(&app, "acme", "status=3").await["balance"], 50);
        pay_with(&app, &next, &[(&once, 301)]).await.refused(400, "CBC.99003112");
        fail(&app, &disks[1].1).await;
        assert_eq!(only(&app, "acme", "status=2").await["balance"], 100);
        pay_with(&app, &next, &[(&once, 301)]).await.ok(204);
        app.finish().await;
    }

    async fn money_that_goes_back_to_an_expired_or_withdrawn_coupon_pays_nothing(app: EXTERNAL) {
        let expired = issue(&app, "acme", json!({"face_value": 60, "expire_time": "2026-01-16T00:00:00Z"})).await;
        let withdrawn = issue(&app, "acme", json!({})).await;
        for (cents, id) in [(6_000, &expired), (7_000, &withdrawn)] {
            let order = order_of(&app, cents).await;
            pay_with(&app, &order, &[(id, 301)]).await.ok(204);
        }
        change(&app, &withdrawn, "withdraw").await.ok(200);
        app.advance_to("2026-01-16T00:00:00Z").await;
        for (_, resource) in waiting(&app).await {
            fail(&app, &resource).await;
        }
        for (id, status, balance) in [(&expired, 4, 60), (&withdrawn, 5, 70)] {
            let shown = only(&app, "acme", &format!("coupon_id={id}")).await;
            assert_eq!((&shown["status"], &shown["balance"]), (&json!(status), &json!(balance)));
            let order = order_of(&app, 1_000).await;
            pay_with(&app, &order, &[(id, 301)]).await.refused(400, "CBC.99003112");
        }
        // Withdrawn again, it gives up that as well.
        for _ in 0..2 {
            let empty = change(&app, &withdrawn, "withdraw").await.ok(200);
            assert_eq!((&empty["status"], &empty["balance"]), (&json!(5), &json!("0")));
        }
        app.finish().await;
    }

    async fn what_goes_back_to_a_withdrawn_card_is_withdrawn_too(app: Options { site: Site::Cn, ..EXTERNAL }) {
        let card = json!({"customer_id": app.domain("acme"), "face_value": 50, "expire_time": "2027-01-01T00:00:00Z"});
        let card = app.post("operator", ISSUE_CARD, card).await.ok(201)["card_id"].as_str().expect("an id").to_owned();
        let order = order_of(&app, 1_000).await;
        pay_with(&app, &order, &[(&card, 303)]).await.ok(204);
        let path = format!("{ISSUE_CARD}/{card}/withdraw");
        app.post("operator", &path, json!({})).await.ok(200);
        for (_, resource) in waiting(&app).await {
            fail(&app, &resource).await;
        }
        let balance = async || app.get("acme", CARDS).await.ok(200)["stored_value_cards"][0]["balance"].clone();
        assert_eq!(balance().await, "10");
        for _ in 0..2 {
            app.post("operator", &path, json!({})).await.ok(200);
            assert_eq!(balance().await, "0");
        }
        app.finish().await;
    }

    async fn every_kind_of_benefit_pays_together_and_is_given_back_on_the_china_site(
        app: Options { site: Site::Cn, ..EXTERNAL }
    ) {
        let share = issue(&app, "acme", json!({"coupon_type": 2, "face_value": "0.5"})).await;
        let money = issue(&app, "acme", json!({"face_value": 10})).await;
        let flexi = issue(&app, "acme", json!({"face_value": 20, "coupon_type": 4})).await;
        let card = json!({"customer_id": app.domain("acme"), "face_value": 5, "expire_time": "2027-01-01T00:00:00Z"});
        let card = app.post("operator", ISSUE_CARD, card).await.ok(201)["card_id"].as_str().expect("an id").to_owned();
        // Half of 100.00 is left; coupons pay 10.00 and 20.00 of it, cash the rest. Then the card pays 5.00 of 10.00.
        let first = order_of(&app, 10_000).await;
        pay_with(&app, &first, &[(&share, 300), (&money, 301), (&flexi, 302)]).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9980");
        let second = order_of(&app, 1_000).await;
        pay_with(&app, &second, &[(&card, 303)]).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9975");
        assert_eq!(found(&app, "acme", "status=3").await, [flexi.clone(), money.clone(), share.clone()]);
        assert_eq!(app.get("acme", &format!("{CARDS}?status=2")).await.ok(200)["total_count"], 1);
        let used = app.get("acme", &format!("{RECORDS}&trade_type=DEDEUCT")).await.ok(200);
        assert_eq!(used["total_count"], 1, "{used}");
        let used = &used["records"][0];
        assert_eq!(used["trade_detail_type"], "SOURCE_OPERAIION_DEDEUCT");
        assert_eq!((&used["trade_id"], &used["change_amount"]), (&json!(first), &json!("10")));
        assert_eq!((&used["balance_after_change"], &used["revenue_expense_type"]), (&json!("0"), &json!("EXPENSE")));
        let mut refund = String::new();
        for (cents, resource) in waiting(&app).await {
            let order = fail(&app, &resource).await;
            if cents == 10_000 {
                refund = order;
            }
        }
        assert_eq!(cash(&app, "acme").await, "10000");
        let usable = found(&app, "acme", "status=2").await;
        assert!(usable.contains(&money) && usable.contains(&flexi), "{usable:?}");
        let card = app.get("acme", &format!("{CARDS}?status=1")).await.ok(200);
        assert_eq!(card["stored_value_cards"][0]["balance"], "5");
        let back = app.get("acme", &format!("{RECORDS}&trade_type=REFUND")).await.ok(200);
        assert_eq!(back["total_count"], 1, "{back}");
        let back = &back["records"][0];
        assert_eq!(back["trade_detail_type"], "SOURCE_OPERAIION_UNSUBSCRIBE");
        assert_eq!((&back["trade_id"], &back["revenue_expense_type"]), (&json!(refund), &json!("REVENUE")));
        app.finish().await;
    }

    async fn automatic_payment_spends_the_coupon_that_expires_first(app) {
        issue(&app, "acme", json!({"face_value": 5})).await;
        let soon = issue(&app, "acme", json!({"face_value": 7, "expire_time": "2026-02-01T00:00:00Z"})).await;
        let new = json!({"lines": [disk(1_000)], "auto_pay": true});
        app.post("acme", ORDERS, new).await.ok(201);
        assert_eq!(found(&app, "acme", "status=3").await, [soon]);
        assert_eq!(cash(&app, "acme").await, "9997");
        app.finish().await;
    }

    async fn automatic_payment_finds_a_restricted_coupon_behind_a_hundred_others(app) {
        for _ in 0..101 {
            issue(&app, "acme", json!({"face_value": 1, "expire_time": "2026-02-01T00:00:00Z"})).await;
        }
        let disks = json!({"limits": [{"limit_key": "serviceType", "value1": "hws.service.type.ebs"}], "face_value": 9});
        let restricted = issue(&app, "acme", disks).await;
        let new = json!({"lines": [disk(1_000)], "auto_pay": true});
        app.post("acme", ORDERS, new).await.ok(201);
        assert_eq!(found(&app, "acme", "status=3").await, [restricted]);
        assert_eq!(cash(&app, "acme").await, "9999");
        app.finish().await;
    }
}
