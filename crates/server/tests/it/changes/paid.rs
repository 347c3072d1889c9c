//! What pays a change, and the cloud that carries it out.

use serde_json::{Value, json};

use super::{MEDIUM, bought, change, explained, resource, small};
use crate::accounts::{EXTERNAL, disk};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{PAY, cash, details, machine, payment, place, status, with};
use crate::paying::{bill, coupon, coupon_is, grant, pay_with};
use crate::unsubscribing::{ids, returned, rows};

/// The oldest task that waits for the cloud.
async fn task(app: &TestApp) -> Value {
    app.get("operator", "/openbss/v1/provisioning").await.ok(200)["items"][0].clone()
}

async fn report(app: &TestApp, task: &Value, what: &str) -> Value {
    let id = task["id"].as_str().unwrap();
    let body = if what == "failed" { json!({"reason": "no capacity"}) } else { json!({}) };
    app.post("operator", &format!("/openbss/v1/resources/{id}/{what}"), body).await.ok(200)
}

/// Buys a line that the cloud provides, and answers its name of the resource.
async fn provided(app: &TestApp, line: Value) -> String {
    let order = place(app, "acme", json!([line])).await;
    if status(app, "acme", &order).await == 6 {
        app.post("acme", PAY, payment(&order)).await.ok(204);
    }
    report(app, &task(app).await, "provisioned").await;
    resource(app, "acme", true).await["resource_id"].as_str().unwrap().to_owned()
}

on_both! {
    // A difference of 18 for the month that was bought.
    async fn a_discount_reduces_the_difference_in_the_three_forms_of_the_rule(app) {
        for (mode, value, off, left) in [
            ("ratio", "0.9", "1.8", "16.2"),
            // 25 instead of 30 a month.
            ("fixed_price", "25", "5", "13"),
            ("amount_off", "4", "4", "14"),
            // Less than the old price makes it free.
            ("fixed_price", "10", "18", "0"),
        ] {
            let id = bought(&app, "acme", json!([small()])).await;
            let discount = grant(&app, "acme", 605, mode, value, json!({})).await;
            let asked = change(&app, "acme", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})).await.ok(201);
            let order = asked["order_id"].as_str().unwrap();
            assert_eq!(bill(&app, "acme", order).await[1], format!("18 = 605:{off} + {left}"), "{mode} {value}");
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
        assert_eq!(bill(&app, "acme", order).await[0], "18 = 301:5 + 13; coupon 5");
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

    // The difference is that of the request, 18 × (392/744 + 15/28), however late the report comes.
    async fn a_downgrade_gives_back_when_the_cloud_has_carried_it_out(app: EXTERNAL) {
        let id = provided(&app, with(machine(), "resource_spec", json!(MEDIUM))).await;
        let before = (cash(&app, "acme").await, resource(&app, "acme", true).await["product_spec_desc"].clone());
        let asked = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        let order = asked["order_id"].as_str().unwrap();
        assert_eq!((asked["amount"].as_str(), &asked["status"]), (Some("-18"), &json!(3)));
        assert_eq!(before, (cash(&app, "acme").await, resource(&app, "acme", true).await["product_spec_desc"].clone()));
        // It holds its resource, and nobody decides on it but the cloud.
        change(&app, "acme", &id, json!({"resource_spec": "s3.large.4.linux"})).await.refused(400, "CBC.99003144");
        app.post("operator", &format!("/openbss/v1/orders/{order}/reject"), json!({})).await.refused(400, "CBC.99003106");
        explained(&app, "acme", order).await;
        let told = task(&app).await;
        assert_eq!((&told["action"], &told["order_id"]), (&json!("change"), &json!(order)));

        app.advance_to("2026-01-20T08:00:00Z").await;
        report(&app, &told, "provisioned").await;
        report(&app, &told, "provisioned").await;
        assert_eq!(status(&app, "acme", order).await, 5);
        assert_eq!(cash(&app, "acme").await, "9988");
        assert_ne!(resource(&app, "acme", true).await["product_spec_desc"], before.1);
        explained(&app, "acme", order).await;
        change(&app, "acme", &id, json!({"resource_spec": MEDIUM})).await.ok(201);
        app.finish().await;
    }

    async fn a_downgrade_that_the_cloud_cannot_carry_out_moves_nothing(app: EXTERNAL) {
        let id = provided(&app, with(machine(), "resource_spec", json!(MEDIUM))).await;
        let before = (cash(&app, "acme").await, resource(&app, "acme", true).await["product_spec_desc"].clone());
        let asked = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        let told = task(&app).await;
        let reported = report(&app, &told, "failed").await;
        assert!(reported["refund_order_id"].is_null(), "{reported}");
        report(&app, &told, "failed").await;
        assert_eq!(status(&app, "acme", asked["order_id"].as_str().unwrap()).await, 4);
        assert_eq!(before, (cash(&app, "acme").await, resource(&app, "acme", true).await["product_spec_desc"].clone()));
        change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        app.finish().await;
    }

    // What the cloud could not do leaves no trace: of two of a kind, one that failed to become smaller gives back the same.
    async fn a_downgrade_that_failed_is_as_if_it_had_not_been_asked_for(app: EXTERNAL) {
        let two = with(with(machine(), "resource_spec", json!(MEDIUM)), "subscription_num", json!(2));
        let order = place(&app, "acme", json!([two])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        for _ in 0..2 {
            report(&app, &task(&app).await, "provisioned").await;
        }
        let both = ids(&app, "acme", &order).await;
        app.advance_to("2026-01-25T02:40:00Z").await;
        let asked = change(&app, "acme", &both[0], json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        app.advance_to("2026-01-28T02:40:00Z").await;
        report(&app, &task(&app).await, "failed").await;
        // Nothing went back, so there is nothing to tell.
        let failed = asked["order_id"].as_str().unwrap();
        assert_eq!(rows(&app, "acme", failed).await, []);
        explained(&app, "acme", failed).await;
        app.advance_to("2026-02-04T21:10:00Z").await;
        let mut told = Vec::new();
        for id in &both {
            let refund = returned(&app, "acme", &[id], 1).await;
            told.push(details(&app, "acme", &refund).await["order_info"]["amount_info"].clone());
        }
        assert_eq!(told[0], told[1]);
        app.finish().await;
    }

    // It is split where it was asked for, however late the cloud reports it: the hours after that are counted at the lower
    // price, as those of one that is carried out at once.
    async fn a_downgrade_that_is_reported_late_counts_from_its_request(app: EXTERNAL) {
        let id = provided(&app, with(machine(), "resource_spec", json!(MEDIUM))).await;
        app.advance_to("2026-01-25T02:40:00Z").await;
        let asked = change(&app, "acme", &id, json!({"resource_spec": "s2.small.1.linux"})).await.ok(201);
        assert_eq!(asked["amount"], "-13.44");
        app.advance_to("2026-01-30T02:40:00Z").await;
        report(&app, &task(&app).await, "provisioned").await;
        app.advance_to("2026-02-04T21:10:00Z").await;
        let refund = returned(&app, "acme", &[&id], 1).await;
        let info = &details(&app, "acme", &refund).await["order_info"]["amount_info"];
        assert_eq!(info["consumed_amount"].to_string(), "3.61");
        app.finish().await;
    }

    async fn a_trial_is_commercial_when_the_cloud_has_made_it_so(app: EXTERNAL) {
        let id = provided(&app, with(machine(), "resource_spec", json!("s3.small.1.linux.trial"))).await;
        let path = format!("/openbss/v1/resources/{id}/to-commercial");
        let to = json!({"resource_spec": "s3.small.1.linux", "period_type": 2, "period_num": 1, "auto_pay": true});
        let before = resource(&app, "acme", true).await;
        let asked = app.post("acme", &path, to.clone()).await.ok(201);
        assert_eq!((asked["amount"].as_str(), &asked["status"]), (Some("9.6"), &json!(3)));
        assert_eq!(cash(&app, "acme").await, "9990.4");
        app.post("acme", &path, to.clone()).await.refused(400, "CBC.99003144");
        // What it could not be goes back, and it is a trial as before.
        let reported = report(&app, &task(&app).await, "failed").await;
        assert!(reported["refund_order_id"].is_string(), "{reported}");
        assert_eq!(cash(&app, "acme").await, "10000");
        let after = resource(&app, "acme", true).await;
        assert_eq!(after["product_spec_desc"], before["product_spec_desc"]);
        assert_eq!(after["expire_time"], before["expire_time"]);

        let asked = app.post("acme", &path, to).await.ok(201);
        app.advance_to("2026-01-16T08:00:00Z").await;
        report(&app, &task(&app).await, "provisioned").await;
        assert_eq!(status(&app, "acme", asked["order_id"].as_str().unwrap()).await, 5);
        let now = resource(&app, "acme", true).await;
        assert_ne!(now["product_spec_desc"], before["product_spec_desc"]);
        assert_eq!(now["expire_time"], "2026-02-16T15:59:59Z");
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
        assert_eq!((asked["amount"].as_str(), coupon_is(&app, "acme", &paper).await), (Some("13"), "3 0".to_owned()));
        let reported = report(&app, &task(&app).await, "failed").await;
        assert!(reported["refund_order_id"].is_string(), "{reported}");
        assert_eq!(before, (cash(&app, "acme").await, resource(&app, "acme", true).await["product_spec_desc"].clone()));
        assert_eq!(coupon_is(&app, "acme", &paper).await, "2 5");
        assert_eq!(status(&app, "acme", asked["order_id"].as_str().unwrap()).await, 5);
        change(&app, "acme", &id, json!({"resource_spec": MEDIUM})).await.ok(201);
        app.finish().await;
    }
}
