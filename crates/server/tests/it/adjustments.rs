//! Facts about prices of waiting orders that the operator adjusts (609).

use serde_json::{Value, json};

use crate::accounts::disk;
use crate::changes::explained;
use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{LIST, ORDERS, PAY, cash, details, payment, place, status};
use crate::paying::{auto, bill, coupon, coupon_is, grant, id_of, pay_with, place_with};

async fn adjust(app: &TestApp, order: &str, body: Value) -> Reply {
    app.post("operator", &format!("{ORDERS}/{order}/adjust"), body).await
}

on_both! {
    async fn an_adjustment_is_spread_over_the_lines_and_recorded_by_an_order(app) {
        let order = place(&app, "acme", json!([disk(10_000), disk(5_000)])).await;
        let done = adjust(&app, &order, json!({"amount": "120", "reason": "goodwill"})).await.ok(201);
        assert_eq!(done["base_order_id"], order.as_str());
        assert_eq!((&done["adjusted_amount"], &done["amount_after_discount"]), (&json!("30"), &json!("120")));
        assert_eq!(bill(&app, "acme", &order).await, ["150 = 609:30 + 120", "100 = 609:20 + 80", "50 = 609:10 + 40"]);
        let record = done["order_id"].as_str().unwrap();
        assert_eq!(bill(&app, "acme", record).await, ["30 = 609:30 + 0", "20 = 609:20 + 0", "10 = 609:10 + 0"]);
        let shown = details(&app, "acme", record).await;
        assert_eq!((&shown["order_info"]["order_type"], &shown["order_info"]["status"]), (&json!(15), &json!(5)));
        assert_eq!(app.get("acme", &format!("{LIST}?order_type=15")).await.ok(200)["total_count"], 1);
        let why = explained(&app, "acme", record).await;
        assert_eq!(why["orders"][0]["base_order_id"], order.as_str());
        let why = explained(&app, "acme", &order).await;
        assert_eq!(why["orders"][0]["modifiers"][0]["name"], "goodwill");

        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9880");
        explained(&app, "acme", &order).await;
        let message = adjust(&app, &order, json!({"amount": "10"})).await.refused(400, "CBC.99003106");
        assert!(message.contains(&order), "{message}");
        app.finish().await;
    }

    // The type of discount of an adjusted order cannot be changed (SDK, DiscountSimpleInfo).
    async fn an_adjusted_order_takes_no_other_discount_and_coupons_reduce_what_is_left(app) {
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        let discount = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let paper = coupon(&app, "acme", "30", &[("baseValue", "60")]).await;
        let record = adjust(&app, &order, json!({"amount": 80})).await.ok(201)["order_id"].as_str().unwrap().to_owned();
        let body = pay_with(&order, Some((&discount, 2)), &[(&paper, 301)]);
        let message = app.post("acme", PAY, body).await.refused(400, "CBC.99003108");
        assert!(message.contains(&discount) && message.contains(&record), "{message}");
        app.post("acme", PAY, pay_with(&order, Some((&record, 609)), &[(&paper, 301)])).await.ok(204);
        assert_eq!(bill(&app, "acme", &order).await[0], "100 = 609:20 301:30 + 50; coupon 30");
        assert_eq!(cash(&app, "acme").await, "9950");
        explained(&app, "acme", &order).await;
        app.finish().await;
    }

    // It alone is listed, may be named by a payment, and holds where it is not.
    async fn an_adjustment_is_among_the_discounts_of_its_order(app) {
        let order = place(&app, "acme", json!([disk(10_000), disk(5_000), disk(5_000)])).await;
        let discounts = format!("/v2/orders/customer-orders/order-discounts?order_id={order}");
        assert_eq!(app.get("acme", &discounts).await.ok(200), json!({"discounts": []}));
        let done = adjust(&app, &order, json!({"amount": "150"})).await.ok(201);
        let record = done["order_id"].as_str().unwrap();
        let granted = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let listed = app.get("acme", &discounts).await.ok(200);
        let shown = details(&app, "acme", &order).await;
        let id = |at: usize| shown["order_line_items"][at]["order_line_item_id"].clone();
        assert_eq!(listed["discounts"][0], json!({
            "discount_id": record, "discount_value": "50", "discount_type": 609,
            "orders": [{"order_id": order, "order_line_items": [
                {"order_line_item_ids": [id(0)], "discount_mode": 2, "discount_amount": 25, "discount_ratio": 0.75},
                {"order_line_item_ids": [id(1), id(2)], "discount_mode": 2, "discount_amount": 25, "discount_ratio": 0.75},
            ]}],
        }));
        assert_eq!(listed["discounts"][1], Value::Null, "no other goes with it");
        app.post("acme", PAY, pay_with(&order, Some((record, 2)), &[])).await.refused(400, "CBC.99003108");
        app.post("acme", PAY, pay_with(&order, Some((&granted, 609)), &[])).await.refused(400, "CBC.99003108");
        app.post("acme", PAY, pay_with(&order, Some((record, 609)), &[])).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9850");
        app.finish().await;
    }

    async fn a_later_adjustment_takes_the_place_of_an_earlier_one(app) {
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        for (amount, bill_of) in [("80", "100 = 609:20 + 80"), ("90", "100 = 609:10 + 90"), ("0", "100 = 609:100 + 0"), ("100", "100 = + 100")] {
            adjust(&app, &order, json!({"amount": amount})).await.ok(201);
            assert_eq!(bill(&app, "acme", &order).await[0], bill_of);
            explained(&app, "acme", &order).await;
        }
        assert_eq!(app.get("acme", LIST).await.ok(200)["total_count"], 5);
        app.finish().await;
    }

    async fn an_order_for_nothing_waits_until_it_is_paid_with_nothing(app) {
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        adjust(&app, &order, json!({"amount": "0"})).await.ok(201);
        assert_eq!(status(&app, "acme", &order).await, 6);
        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!((status(&app, "acme", &order).await, cash(&app, "acme").await), (json!(5), "10000".to_owned()));
        explained(&app, "acme", &order).await;
        app.finish().await;
    }

    async fn coupons_that_an_order_was_placed_with_reduce_the_adjusted_price_or_are_let_go(app) {
        let (discount, paper) = (grant(&app, "acme", 605, "ratio", "0.9", json!({})).await, coupon(&app, "acme", "30", &[("baseValue", "60")]).await);
        let more = json!({"discount_id": discount, "coupon_id": paper});
        let order = id_of(&place_with(&app, "acme", json!([disk(10_000)]), more).await);
        assert_eq!(bill(&app, "acme", &order).await[0], "100 = 605:10 301:30 + 60; coupon 30");
        let done = adjust(&app, &order, json!({"amount": "80"})).await.ok(201);
        assert_eq!(done["amount_after_discount"], "50");
        assert_eq!(bill(&app, "acme", &order).await[0], "100 = 609:20 301:30 + 50; coupon 30");
        assert_eq!(coupon_is(&app, "acme", &paper).await, format!("2 30 held by {order}"));
        // Below what the coupon demands: it is free again.
        adjust(&app, &order, json!({"amount": "40"})).await.ok(201);
        assert_eq!(bill(&app, "acme", &order).await[0], "100 = 609:60 + 40");
        assert_eq!(coupon_is(&app, "acme", &paper).await, "2 30");
        app.finish().await;
    }

    async fn a_sub_order_is_adjusted_by_itself_and_paid_with_the_others(app) {
        let whole = id_of(&place_with(&app, "acme", json!([disk(10_000), disk(20_000)]), json!({"combined": true})).await);
        let shown = details(&app, "acme", &whole).await;
        let subs: Vec<&str> = shown["order_info"]["sub_order_infos"].as_array().unwrap().iter().map(|one| one["order_id"].as_str().unwrap()).collect();
        adjust(&app, &whole, json!({"amount": "1"})).await.refused(400, "CBC.30000010");
        adjust(&app, subs[1], json!({"amount": "150"})).await.ok(201);
        app.post("acme", PAY, payment(&whole)).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9750");
        explained(&app, "acme", &whole).await;
        app.finish().await;
    }

    async fn what_cannot_be_adjusted_says_why(app) {
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        for amount in [json!("100.01"), json!("-1"), json!("1.001"), json!("much"), json!("99999999999999999999")] {
            let message = adjust(&app, &order, json!({"amount": amount})).await.refused(400, "CBC.0100");
            assert!(message.starts_with("amount"), "{message}");
        }
        adjust(&app, "CS0000000000000000", json!({"amount": "1"})).await.refused(400, "CBC.30000010");
        let paid = id_of(&place_with(&app, "acme", json!([disk(100)]), auto(json!({}))).await);
        adjust(&app, &paid, json!({"amount": "0.5"})).await.refused(400, "CBC.99003106");
        app.post("acme", &format!("{ORDERS}/{order}/adjust"), json!({"amount": "1"})).await.refused(403, "CBC.0151");
        app.finish().await;
    }

    async fn a_record_is_no_first_purchase(app) {
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        adjust(&app, &order, json!({"amount": "60"})).await.ok(201);
        let paper = coupon(&app, "acme", "30", &[("firstOrderInService", "1")]).await;
        app.post("acme", PAY, pay_with(&order, None, &[(&paper, 301)])).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9970");
        app.finish().await;
    }
}
