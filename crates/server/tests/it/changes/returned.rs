//! What a cheaper specification gives back.

use domain::money::Scaled;
use serde_json::json;

use super::{MEDIUM, bought, change, explained, resource, small};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{PAY, cash, details, machine, payment, place, with};
use crate::paying::{CHINA, coupon, coupon_is, grant, pay_with};
use crate::unsubscribing::{self, renewed, returned, rows};

const INSTANTLY: &str = "/v2/orders/subscriptions/resources/to-on-demand/instantly";

/// The machine that costs 30 a month.
fn medium() -> serde_json::Value {
    with(machine(), "resource_spec", json!(MEDIUM))
}

on_both! {
    async fn a_downgrade_gives_the_difference_back_at_once_and_without_a_fee(app) {
        let id = bought(&app, "acme", json!([medium()])).await;
        app.advance_to("2026-01-25T10:40:00Z").await;
        let asked = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        // 18 × (149/744 + 15/28) = 13.2477
        assert_eq!((asked["amount"].as_str(), &asked["status"]), (Some("-13.25"), &json!(5)));
        assert_eq!(cash(&app, "acme").await, "9983.25");
        assert_eq!(resource(&app, "acme", true).await["product_spec_desc"], "通用计算型|s2.small.1|1核|1GB|linux");
        let order = asked["order_id"].as_str().unwrap();
        let shown = details(&app, "acme", order).await;
        assert_eq!(shown["order_info"]["order_type"], 3);
        assert_eq!(shown["order_info"]["amount_after_discount"].to_string(), "-13.25");
        assert_eq!(shown["order_info"]["amount_info"]["commission_amount"].to_string(), "0");
        assert!(shown["order_line_items"][0]["base_product_info"].is_object(), "{shown}");
        explained(&app, "acme", order).await;
        app.finish().await;
    }

    // Half of the price was paid, so half of the difference goes back.
    async fn of_what_a_discount_or_a_coupon_took_off_nothing_goes_back(app) {
        let half = grant(&app, "acme", 605, "ratio", "0.5", json!({})).await;
        let order = place(&app, "acme", json!([medium()])).await;
        app.post("acme", PAY, pay_with(&order, Some((&half, 2)), &[])).await.ok(204);
        let first = resource(&app, "acme", true).await["resource_id"].as_str().unwrap().to_owned();
        let back = change(&app, "acme", &first, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        // All of the month that was bought is left.
        assert_eq!(back["amount"], "-9");
        app.finish().await;
    }

    // 18 × (149/744 + 15/28) = 13.2477, and half of that is 6.6239; half of 13.25 were 6.63.
    async fn half_of_a_difference_is_rounded_once(app) {
        let half = grant(&app, "acme", 605, "ratio", "0.5", json!({})).await;
        let order = place(&app, "acme", json!([medium()])).await;
        app.post("acme", PAY, pay_with(&order, Some((&half, 2)), &[])).await.ok(204);
        let id = resource(&app, "acme", true).await["resource_id"].as_str().unwrap().to_owned();
        app.advance_to("2026-01-25T10:40:00Z").await;
        let back = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        assert_eq!(back["amount"], "-6.62");
        assert_eq!(cash(&app, "acme").await, "9991.62");
        explained(&app, "acme", back["order_id"].as_str().unwrap()).await;
        app.finish().await;
    }

    // Of the first month 13.2477 go back; of the second, for which half was paid, half of 18 × (13/28 + 15/31).
    async fn terms_that_were_paid_by_different_shares_are_rounded_together(app) {
        let id = bought(&app, "acme", json!([medium()])).await;
        let half = grant(&app, "acme", 605, "ratio", "0.5", json!({})).await;
        let renewal = json!({"resource_ids": [id], "period_type": 2, "period_num": 1, "expire_policy": 0, "is_auto_pay": 0});
        let asked = app.post("acme", "/v2/orders/subscriptions/resources/renew", renewal).await.ok(200);
        let order = asked["order_ids"][0].as_str().unwrap();
        app.post("acme", PAY, pay_with(order, Some((&half, 2)), &[])).await.ok(204);
        app.advance_to("2026-01-25T10:40:00Z").await;
        let back = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        assert_eq!(back["amount"], "-21.78");
        explained(&app, "acme", back["order_id"].as_str().unwrap()).await;
        app.finish().await;
    }

    async fn coupons_are_not_returned(app) {
        let paper = coupon(&app, "acme", "30", &[]).await;
        let order = place(&app, "acme", json!([medium()])).await;
        app.post("acme", PAY, pay_with(&order, None, &[(&paper, 301)])).await.ok(204);
        let id = resource(&app, "acme", true).await["resource_id"].as_str().unwrap().to_owned();
        let back = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        assert_eq!((back["amount"].as_str(), coupon_is(&app, "acme", &paper).await), (Some("0"), "3 0".to_owned()));
        assert_eq!(cash(&app, "acme").await, "10000");
        app.finish().await;
    }

    // Up and down again in the same hour is for nothing: what goes back is taken from the upgrade.
    async fn what_was_upgraded_and_is_downgraded_in_the_same_hour_costs_nothing(app) {
        let id = bought(&app, "acme", json!([small()])).await;
        let up = change(&app, "acme", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})).await.ok(201);
        let down = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        assert_eq!(format!("-{}", up["amount"].as_str().unwrap()), down["amount"]);
        assert_eq!(cash(&app, "acme").await, "9988");
        let why = explained(&app, "acme", down["order_id"].as_str().unwrap()).await;
        assert_eq!(why["orders"][0]["returns"][0]["base_order_id"], up["order_id"]);
        // Nothing is left that another one could give back but of the first term.
        let more = change(&app, "acme", &id, json!({"resource_spec": "s3.small.1.linux"})).await.ok(201);
        assert_eq!(more["amount"], "-2.4");
        app.finish().await;
    }

    // 30 for 752 hours, changed after 234 of them: 20.66 are left, and 18 × (158/744 + 15/28) of that go back. The fee is
    // a tenth of what was paid and not given back: 16.56.
    async fn after_a_downgrade_an_unsubscription_gives_back_what_is_left_of_both(app) {
        let id = bought(&app, "acme", json!([medium()])).await;
        app.advance_to("2026-01-25T02:40:00Z").await;
        let down = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        assert_eq!(down["amount"], "-13.44");
        let asked = json!({"resource_ids": [id], "unsubscribe_type": 1});
        let back = app.post("acme", "/v2/orders/subscriptions/resources/unsubscribe", asked).await.ok(200);
        let shown = details(&app, "acme", back["order_ids"][0].as_str().unwrap()).await;
        // 20.66 − 13.44, less the fee of a tenth of what was paid for the rest.
        let info = &shown["order_info"];
        assert_eq!(info["amount_info"]["consumed_amount"].to_string(), "0");
        assert_eq!(info["amount_after_discount"].to_string(), "-5.56");
        app.finish().await;
    }

    // The hours after it are counted at the price of what it became.
    async fn what_is_used_after_a_downgrade_is_counted_at_the_lower_price(app) {
        let id = bought(&app, "acme", json!([medium()])).await;
        app.advance_to("2026-01-25T02:40:00Z").await;
        change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        // 518 hours are left, and half of them pass.
        app.advance_to("2026-02-04T21:10:00Z").await;
        let asked = json!({"resource_ids": [id], "unsubscribe_type": 1});
        let back = app.post("acme", "/v2/orders/subscriptions/resources/unsubscribe", asked).await.ok(200);
        let info = &details(&app, "acme", back["order_ids"][0].as_str().unwrap()).await["order_info"];
        assert_eq!(info["amount_info"]["consumed_amount"].to_string(), "3.61");
        app.finish().await;
    }

    // The running month has 149 hours of January and 15 days of February left, the renewed one is all to come.
    async fn each_term_gives_back_what_itself_costs_less(app) {
        let order = place(&app, "acme", json!([medium()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let id = resource(&app, "acme", true).await["resource_id"].as_str().unwrap().to_owned();
        let renewal = renewed(&app, "acme", &id, 1).await;
        app.advance_to("2026-01-25T10:40:00Z").await;
        let down = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        // 18 × (149/744 + 15/28) = 13.25 and 18 × (13/28 + 15/31) = 17.07; together 30.31.
        assert_eq!(down["amount"], "-30.31");
        let down = down["order_id"].as_str().unwrap();
        assert_eq!(rows(&app, "acme", down).await, [("-13.25".to_owned(), order), ("-17.06".to_owned(), renewal.clone())]);
        explained(&app, "acme", down).await;
        // So of the term to come there is left what it costs now.
        let back = returned(&app, "acme", &[&id], 2).await;
        assert_eq!(rows(&app, "acme", &back).await, [("-12.94".to_owned(), renewal)]);
        app.finish().await;
    }

    // An upgrade for both terms is taken back of both, and nothing else is touched.
    async fn an_upgrade_for_several_terms_goes_back_whole(app) {
        let id = bought(&app, "acme", json!([small()])).await;
        renewed(&app, "acme", &id, 2).await;
        let up = change(&app, "acme", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})).await.ok(201);
        let down = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        let told = rows(&app, "acme", down["order_id"].as_str().unwrap()).await;
        assert_eq!(told, [(format!("-{}", up["amount"].as_str().unwrap()), up["order_id"].as_str().unwrap().to_owned())]);
        app.finish().await;
    }

    async fn a_downgrade_and_then_pay_per_use_give_back_what_pay_per_use_alone_does(app: CHINA) {
        let yearly = with(with(medium(), "period_type", json!(3)), "region", json!("cn-north-1"));
        let mut held = Vec::new();
        for _ in 0..2 {
            let order = unsubscribing::bought(&app, "acme", json!([yearly])).await;
            held.push(unsubscribing::ids(&app, "acme", &order).await.remove(0));
        }
        app.advance_to("2026-07-14T08:30:00Z").await;
        let mut left = vec![cents(&cash(&app, "acme").await)];
        change(&app, "acme", &held[0], json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        for id in &held {
            let done = app.post("acme", INSTANTLY, json!({"resource_ids": [id]})).await.ok(200);
            assert_eq!(done["to_ondemand_service_results"][0]["result"], "SUCCESS");
            left.push(cents(&cash(&app, "acme").await));
        }
        assert_eq!(left[1] - left[0], left[2] - left[1]);
        app.finish().await;
    }

    // Of each charge goes back what balances paid of it, and the upgrade gives back before what was bought.
    async fn an_upgrade_goes_back_by_what_was_paid_for_itself(app) {
        let half = || grant(&app, "acme", 605, "ratio", "0.5", json!({}));
        let drop = async |discount: &str| {
            app.call("operator", "DELETE", &format!("/openbss/v1/discounts/{discount}"), None).await.ok(204);
        };
        // Bought for 12, and 18 paid by a coupon.
        let (_, id) = paid_for(&app, None, &[]).await;
        for _ in 0..2 {
            let paper = coupon(&app, "acme", "18", &[]).await;
            upgraded(&app, &id, None, &[(&paper, 301)]).await;
            assert_eq!(back(&app, &id, "s2.small.1.linux").await, "0");
            assert_eq!(cash(&app, "acme").await, "9988");
        }
        // What was bought is cheaper now, and that was paid.
        assert_eq!(back(&app, &id, "s3.small.1.linux").await, "-2.4");
        // Bought for 12, and 9 paid for the upgrade.
        let (_, id) = paid_for(&app, None, &[]).await;
        let discount = half().await;
        upgraded(&app, &id, Some(&discount), &[]).await;
        drop(&discount).await;
        assert_eq!(back(&app, &id, "s2.small.1.linux").await, "-9");
        // Bought for 6, and 18 paid for the upgrade.
        let discount = half().await;
        let (_, id) = paid_for(&app, Some(&discount), &[]).await;
        drop(&discount).await;
        upgraded(&app, &id, None, &[]).await;
        assert_eq!(back(&app, &id, "s2.small.1.linux").await, "-18");
        // 12 at half the price cost 2.4 less.
        assert_eq!(back(&app, &id, "s3.small.1.linux").await, "-1.2");
        app.finish().await;
    }

    // Bought for 15 instead of 30, changed for 30 to what costs 60, and for 100 and a coupon to what costs 182.07. Of 170.07
    // less, 122.07 are of the last change, 30 of the one before, and 18 of what was bought.
    async fn the_last_upgrade_goes_back_first_and_what_was_bought_last(app) {
        let half = grant(&app, "acme", 605, "ratio", "0.5", json!({})).await;
        let order = place(&app, "acme", json!([medium()])).await;
        app.post("acme", PAY, pay_with(&order, Some((&half, 2)), &[])).await.ok(204);
        app.call("operator", "DELETE", &format!("/openbss/v1/discounts/{half}"), None).await.ok(204);
        let id = unsubscribing::ids(&app, "acme", &order).await.remove(0);
        let first = changed(&app, &id, "s3.large.4.linux", None, &[]).await;
        let paper = coupon(&app, "acme", "22.07", &[]).await;
        let second = changed(&app, &id, "s3.medium.4.linux", None, &[(&paper, 301)]).await;
        let down = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        let down = down["order_id"].as_str().unwrap();
        assert_eq!(rows(&app, "acme", down).await, [("-9".to_owned(), order), ("-30".to_owned(), first), ("-100".to_owned(), second)]);
        explained(&app, "acme", down).await;
        app.finish().await;
    }

    async fn what_has_an_invoice_gives_nothing_back(app) {
        let (order, id) = paid_for(&app, None, &[]).await;
        let up = changed(&app, &id, MEDIUM, None, &[]).await;
        let set = async |order: &str, is: bool| {
            let path = format!("/openbss/v1/orders/{order}/invoice");
            app.call("operator", "PUT", &path, Some(json!({"is_invoiced": is}))).await.ok(200);
        };
        let to = |spec: &str| json!({"resource_spec": spec});
        set(&up, true).await;
        let message = change(&app, "acme", &id, to("s2.small.1.linux")).await.refused(400, "CBC.99003643");
        assert!(message.contains(&id) && message.contains("specification"), "{message}");
        set(&up, false).await;
        // The invoice of the purchase is not touched where the upgrade gives all of it back.
        set(&order, true).await;
        change(&app, "acme", &id, to("s2.small.1.linux")).await.ok(201);
        change(&app, "acme", &id, to("s3.small.1.linux")).await.refused(400, "CBC.99003643");
        assert_eq!(cash(&app, "acme").await, "9988");
        app.finish().await;
    }
}

/// Buys the machine that costs 12 a month; answers the order and the cloud's name of the machine.
async fn paid_for(app: &TestApp, discount: Option<&str>, coupons: &[(&str, i64)]) -> (String, String) {
    let order = place(app, "acme", json!([small()])).await;
    app.post("acme", PAY, pay_with(&order, discount.map(|id| (id, 2)), coupons)).await.ok(204);
    let id = unsubscribing::ids(app, "acme", &order).await.remove(0);
    (order, id)
}

/// Changes a machine to a specification that costs more, and answers the order.
async fn changed(
    app: &TestApp,
    id: &str,
    spec: &str,
    discount: Option<&str>,
    coupons: &[(&str, i64)],
) -> String {
    let asked = change(app, "acme", id, json!({"resource_spec": spec})).await.ok(201);
    let order = asked["order_id"].as_str().unwrap();
    app.post("acme", PAY, pay_with(order, discount.map(|id| (id, 2)), coupons)).await.ok(204);
    order.to_owned()
}

/// Changes a machine to the one that costs 30 a month.
async fn upgraded(app: &TestApp, id: &str, discount: Option<&str>, coupons: &[(&str, i64)]) {
    changed(app, id, MEDIUM, discount, coupons).await;
}

/// What a cheaper specification gives back.
async fn back(app: &TestApp, id: &str, spec: &str) -> String {
    let down = change(app, "acme", id, json!({"resource_spec": spec})).await.ok(201);
    explained(app, "acme", down["order_id"].as_str().unwrap()).await;
    down["amount"].as_str().unwrap().to_owned()
}

/// An amount that is shown, in cents.
fn cents(text: &str) -> i64 {
    domain::money::Charge::parse(text).expect("an amount").units()
}
