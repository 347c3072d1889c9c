//! What pays a change, and the cloud that carries it out.

use serde_json::{Value, json};

use super::{MEDIUM, bought, change, explained, resource, small};
use crate::accounts::{EXTERNAL, disk};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{PAY, cash, payment, place, status};
use crate::paying::{bill, coupon, coupon_is, grant, pay_with};

/// The oldest task that waits for the cloud.
async fn task(app: &TestApp) -> Value {
    app.get("operator", "/openbss/v1/provisioning").await.ok(200)["items"][0].clone()
}

async fn report(app: &TestApp, task: &Value, what: &str) -> Value {
    let id = task["id"].as_str().unwrap();
    let body = if what == "failed" { json!({"reason": "no capacity"}) } else { json!({}) };
    app.post("operator", &format!("/openbss/v1/resources/{id}/{what}"), body).await.ok(200)
}

on_both! {
    // A difference of 18 for 392/744 of January and 15/28 of February: 19.13.
    async fn a_discount_reduces_the_difference_in_the_three_forms_of_the_rule(app) {
        for (mode, value, off, left) in [
            ("ratio", "0.9", "1.91", "17.22"),
            // 25 instead of 30 a month: (25 − 12) × 1.0626 = 13.81.
            ("fixed_price", "25", "5.32", "13.81"),
            ("amount_off", "4", "4", "15.13"),
            // Less than the old price makes it free.
            ("fixed_price", "10", "19.13", "0"),
        ] {
            let id = bought(&app, "acme", json!([small()])).await;
            let discount = grant(&app, "acme", 605, mode, value, json!({})).await;
            let asked = change(&app, "acme", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})).await.ok(201);
            let order = asked["order_id"].as_str().unwrap();
            assert_eq!(bill(&app, "acme", order).await[1], format!("19.13 = 605:{off} + {left}"), "{mode} {value}");
            explained(&app, "acme", order).await;
            app.call("operator", "DELETE", &format!("/openbss/v1/discounts/{discount}"), None).await.ok(204);
        }
        app.finish().await;
    }

    async fn coupons_for_changes_pay_and_those_for_purchases_do_not(app) {
        let id = bought(&app, "acme", json!([small()])).await;
        let purchases = coupon(&app, "acme", "5", &[("subscribeType", "new")]).await;
        let changes = coupon(&app, "acme", "5", &[("subscribeType", "change")]).await;
        let asked = change(&app, "acme", &id, json!({"resource_spec": MEDIUM})).await.ok(201);
        let order = asked["order_id"].as_str().unwrap();
        app.post("acme", PAY, pay_with(order, None, &[(&purchases, 301)])).await.refused(400, "CBC.99003108");
        app.post("acme", PAY, pay_with(order, None, &[(&changes, 301)])).await.ok(204);
        assert_eq!(bill(&app, "acme", order).await[0], "19.13 = 301:5 + 14.13; coupon 5");
        assert_eq!(coupon_is(&app, "acme", &changes).await, "3 0");
        app.finish().await;
    }

    async fn without_money_the_order_waits_and_says_why(app) {
        let id = bought(&app, "acme", json!([small()])).await;
        // Disks that leave nothing.
        assert_eq!(cash(&app, "acme").await, "9988");
        let order = place(&app, "acme", json!([disk(500_000), disk(498_800)])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let asked = change(&app, "acme", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})).await.ok(201);
        assert_eq!(asked["status"], 6);
        assert_eq!(asked["payment_error"]["error_code"], "CBC.99005003");
        change(&app, "acme", &id, json!({"resource_spec": MEDIUM})).await.refused(400, "CBC.99003100");
        app.finish().await;
    }

    async fn the_cloud_carries_a_change_out(app: EXTERNAL) {
        let order = place(&app, "acme", json!([small()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        report(&app, &task(&app).await, "provisioned").await;
        let id = resource(&app, "acme", true).await["resource_id"].as_str().unwrap().to_owned();
        let before = resource(&app, "acme", true).await["product_spec_desc"].clone();
        let asked = change(&app, "acme", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})).await.ok(201);
        let order = asked["order_id"].as_str().unwrap();
        assert_eq!(asked["status"], 3);
        assert_eq!(resource(&app, "acme", true).await["product_spec_desc"], before);
        change(&app, "acme", &id, json!({"resource_spec": "s3.large.4.linux"})).await.refused(400, "CBC.99003144");
        let told = task(&app).await;
        assert_eq!((&told["action"], &told["resource_spec"]), (&json!("change"), &json!(MEDIUM)));
        assert_eq!(told["order_id"], order);
        report(&app, &told, "provisioned").await;
        report(&app, &told, "provisioned").await;
        assert_eq!(status(&app, "acme", order).await, 5);
        assert_ne!(resource(&app, "acme", true).await["product_spec_desc"], before);
        change(&app, "acme", &id, json!({"resource_spec": "s3.large.4.linux"})).await.ok(201);
        app.finish().await;
    }

    async fn what_the_cloud_cannot_change_is_given_back_whole(app: EXTERNAL) {
        let order = place(&app, "acme", json!([small()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        report(&app, &task(&app).await, "provisioned").await;
        let id = resource(&app, "acme", true).await["resource_id"].as_str().unwrap().to_owned();
        let before = (cash(&app, "acme").await, resource(&app, "acme", true).await["product_spec_desc"].clone());
        let paper = coupon(&app, "acme", "5", &[]).await;
        let asked = change(&app, "acme", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})).await.ok(201);
        assert_eq!((asked["amount"].as_str(), coupon_is(&app, "acme", &paper).await), (Some("14.13"), "3 0".to_owned()));
        let reported = report(&app, &task(&app).await, "failed").await;
        assert!(reported["refund_order_id"].is_string(), "{reported}");
        assert_eq!(before, (cash(&app, "acme").await, resource(&app, "acme", true).await["product_spec_desc"].clone()));
        assert_eq!(coupon_is(&app, "acme", &paper).await, "2 5");
        assert_eq!(status(&app, "acme", asked["order_id"].as_str().unwrap()).await, 5);
        change(&app, "acme", &id, json!({"resource_spec": MEDIUM})).await.ok(201);
        app.finish().await;
    }
}
