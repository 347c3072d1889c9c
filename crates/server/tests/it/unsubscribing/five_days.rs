//! Returns within five days on the China site: for nothing, ten in a calendar year (rule 2.2).

use serde_json::json;

use super::{asked, bought, ids, returned};
use crate::funds::disk_in_china;
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{cash, details, disk, machine, with};
use crate::paying::{CHINA, pay_with};

/// A bundle for a month: 45.
fn bundle() -> serde_json::Value {
    let line = with(machine(), "cloud_service_type", json!("hws.service.type.offline"));
    let line =
        with(with(line, "resource_type", json!("hws.resource.type.general")), "region", json!("cn-north-1"));
    with(line, "resource_spec", json!("starter.bundle"))
}

/// The machine that costs 12 a month.
const SMALL: &str = "s2.small.1.linux";

/// Imports the catalogue with every occurrence of a text replaced.
async fn reimport(app: &TestApp, text: &str, by: &str) {
    let document = app.get("operator", "/openbss/v1/catalog").await.text();
    let flagged = document.replace(text, by);
    assert_ne!(flagged, document);
    let yaml = [("content-type", "application/yaml")];
    let imported = app.signed(&app.key("operator"), "PUT", "/openbss/v1/catalog", &flagged, &yaml).await;
    assert_eq!(imported.status, 200);
}

/// The fee of a refund order.
async fn fee(app: &TestApp, refund: &str) -> String {
    details(app, "acme", refund).await["order_info"]["amount_info"]["commission_amount"].to_string()
}

/// A trial of so many months that became commercial for a month; its id.
async fn commercial(app: &TestApp, months: i64) -> String {
    let trial = with(machine(), "resource_spec", json!("s3.small.1.linux.trial"));
    let trial = with(with(trial, "region", json!("cn-north-1")), "period_num", json!(months));
    let order = crate::orders::place(app, "acme", json!([trial])).await;
    let id = ids(app, "acme", &order).await.remove(0);
    let to =
        json!({"resource_spec": "s3.small.1.linux", "period_type": 2, "period_num": 1, "auto_pay": true});
    app.post("acme", &format!("/openbss/v1/resources/{id}/to-commercial"), to).await.ok(201);
    id
}

on_both! {
    async fn a_set_counts_once_the_eleventh_costs_a_fee_and_a_new_year_counts_anew(app: CHINA) {
        let china = |line: serde_json::Value| with(line, "region", json!("cn-north-1"));
        app.advance_to("2026-12-30T00:00:00Z").await;
        for number in 0..11 {
            let order = bought(&app, "acme", json!([china(machine()), china(disk()), china(disk())])).await;
            let id = ids(&app, "acme", &order).await.remove(0);
            let refund = returned(&app, "acme", &[&id], 1).await;
            let wanted = if number < 10 { "0" } else { "19.33" };
            assert_eq!(fee(&app, &refund).await, wanted, "number {number}");
        }
        let order = bought(&app, "acme", json!([disk_in_china(10_000)])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        // 1 January in China, still 31 December in UTC.
        app.advance_to("2026-12-31T16:00:00Z").await;
        assert_eq!(fee(&app, &returned(&app, "acme", &[&id], 1).await).await, "0");
        app.finish().await;
    }

    async fn what_is_left_of_the_quota_goes_to_what_is_named_first(app: CHINA) {
        for _ in 0..9 {
            let order = bought(&app, "acme", json!([disk_in_china(1_000)])).await;
            let id = ids(&app, "acme", &order).await.remove(0);
            returned(&app, "acme", &[&id], 1).await;
        }
        let mut named = Vec::new();
        for _ in 0..3 {
            let order = bought(&app, "acme", json!([disk_in_china(1_000)])).await;
            named.push(ids(&app, "acme", &order).await.remove(0));
        }
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        let answer = asked(&app, "acme", &named, 1).await.ok(200);
        let mut fees = Vec::new();
        for order in answer["order_ids"].as_array().unwrap() {
            fees.push(fee(&app, order.as_str().unwrap()).await);
        }
        assert_eq!(fees, ["0", "1", "1"]);
        app.finish().await;
    }

    async fn the_window_is_five_times_24_hours_and_returns_coupons_whole(app: CHINA) {
        let coupon = crate::coupons::issue(&app, "acme", json!({"face_value": "20"})).await;
        let mut held = Vec::new();
        for with_coupon in [true, false] {
            let order = crate::orders::place(&app, "acme", json!([disk_in_china(10_000)])).await;
            let coupons: &[(&str, i64)] = if with_coupon { &[(&coupon, 301)] } else { &[] };
            app.post("acme", crate::orders::PAY, pay_with(&order, None, coupons)).await.ok(204);
            held.push(ids(&app, "acme", &order).await.remove(0));
        }
        app.advance_to("2026-01-20T07:59:59Z").await;
        let refund = returned(&app, "acme", &[&held[0]], 1).await;
        assert_eq!(fee(&app, &refund).await, "0");
        assert_eq!(crate::coupons::only(&app, "acme", "status=2").await["balance"], 20);
        assert_eq!(cash(&app, "acme").await, "9900");
        app.advance_to("2026-01-20T08:00:00Z").await;
        assert_eq!(fee(&app, &returned(&app, "acme", &[&held[1]], 1).await).await, "10");
        app.finish().await;
    }

    async fn a_rejected_return_does_not_count(app: CHINA) {
        crate::funds::top_up(&app, "acme", "90000", "large").await;
        let order = bought(&app, "acme", json!([with(disk_in_china(1_500_000), "period_num", json!(4))])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        for _ in 0..11 {
            let refund = returned(&app, "acme", &[&id], 1).await;
            let shown = details(&app, "acme", &refund).await["order_info"].clone();
            assert_eq!((&shown["status"], &shown["amount_info"]["commission_amount"]), (&json!(1), &json!(0)));
            app.post("operator", &format!("/openbss/v1/orders/{refund}/reject"), json!({})).await.ok(200);
        }
        app.finish().await;
    }

    async fn a_trial_that_became_commercial_is_no_new_purchase(app: CHINA) {
        let id = commercial(&app, 1).await;
        assert_eq!(fee(&app, &returned(&app, "acme", &[&id], 1).await).await, "0.96");
        app.finish().await;
    }

    // The trial would have gone on until April.
    async fn a_trial_ends_when_it_becomes_commercial(app: CHINA) {
        let id = commercial(&app, 3).await;
        super::renewed(&app, "acme", &id, 1).await;
        let refund = returned(&app, "acme", &[&id], 2).await;
        assert_eq!(details(&app, "acme", &refund).await["order_info"]["amount_after_discount"].to_string(), "-9.6");
        let now = app.post("acme", super::QUERY, json!({})).await.ok(200)["data"][0].clone();
        assert_eq!(now["expire_time"], "2026-02-15T15:59:59Z");
        app.finish().await;
    }

    async fn the_bundles_of_an_order_count_once_together(app: CHINA) {
        let bundle = with(bundle(), "subscription_num", json!(2));
        let order = bought(&app, "acme", json!([bundle])).await;
        for id in ids(&app, "acme", &order).await {
            assert_eq!(fee(&app, &returned(&app, "acme", &[&id], 1).await).await, "0");
        }
        // Named together they do too; eight more are left.
        let order = bought(&app, "acme", json!([bundle])).await;
        let both = ids(&app, "acme", &order).await;
        let answer = asked(&app, "acme", &[&both[0], &both[1]], 1).await.ok(200);
        for refund in answer["order_ids"].as_array().unwrap() {
            assert_eq!(fee(&app, refund.as_str().unwrap()).await, "0");
        }
        for number in 0..9 {
            let order = bought(&app, "acme", json!([disk_in_china(1_000)])).await;
            let id = ids(&app, "acme", &order).await.remove(0);
            let wanted = if number < 8 { "0" } else { "1" };
            assert_eq!(fee(&app, &returned(&app, "acme", &[&id], 1).await).await, wanted, "number {number}");
        }
        app.finish().await;
    }

    async fn promotional_goods_are_returned_as_at_any_other_time(app: CHINA) {
        reimport(&app, "flags: [bundle,", "flags: [bundle, no_five_day_return,").await;
        let order = bought(&app, "acme", json!([bundle()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        assert_eq!(fee(&app, &returned(&app, "acme", &[&id], 1).await).await, "4.5");
        app.finish().await;
    }

    // What was bought decides, not what it has become.
    async fn promotional_goods_stay_promotional_when_they_are_changed(app: CHINA) {
        reimport(&app, "  - spec: s2.small.1.linux\n", "  - spec: s2.small.1.linux\n    flags: [no_five_day_return]\n").await;
        for (bought_as, changed_to, wanted) in [
            (SMALL, crate::changes::MEDIUM, "3"),
            (crate::changes::MEDIUM, SMALL, "0"),
        ] {
            let line = with(with(machine(), "resource_spec", json!(bought_as)), "region", json!("cn-north-1"));
            let order = bought(&app, "acme", json!([line])).await;
            let id = ids(&app, "acme", &order).await.remove(0);
            let to = json!({"resource_spec": changed_to, "auto_pay": true});
            crate::changes::change(&app, "acme", &id, to).await.ok(201);
            assert_eq!(fee(&app, &returned(&app, "acme", &[&id], 1).await).await, wanted, "{bought_as}");
        }
        app.finish().await;
    }

    // The day that was bought is over, and days that were renewed are no purchase.
    async fn what_was_bought_has_still_to_run(app: CHINA) {
        let day = json!({
            "cloud_service_type": "hws.service.type.cpts", "resource_type": "hws.resource.type.cpts",
            "resource_spec": "cpts.users.5000", "region": "cn-north-1", "period_type": 0, "period_num": 1,
        });
        let body = json!({"lines": [day], "auto_pay": true, "auto_renew": true});
        let order = app.post("acme", crate::orders::ORDERS, body).await.ok(201)["order_id"].as_str().unwrap().to_owned();
        app.advance_to("2026-01-18T02:00:00Z").await;
        let id = ids(&app, "acme", &order).await.remove(0);
        assert_ne!(fee(&app, &returned(&app, "acme", &[&id], 1).await).await, "0");
        // A cheaper specification splits what was bought, which runs on.
        let line = with(with(machine(), "resource_spec", json!(crate::changes::MEDIUM)), "region", json!("cn-north-1"));
        let order = bought(&app, "acme", json!([line])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        app.advance_to("2026-01-20T02:00:00Z").await;
        crate::changes::change(&app, "acme", &id, json!({"resource_spec": SMALL})).await.ok(201);
        app.advance_to("2026-01-21T02:00:00Z").await;
        assert_eq!(fee(&app, &returned(&app, "acme", &[&id], 1).await).await, "0");
        app.finish().await;
    }

    async fn a_rejected_bundle_hands_its_count_on_to_the_others_of_its_order(app: CHINA) {
        crate::funds::top_up(&app, "acme", "200000", "large").await;
        let bundle = with(bundle(), "period_type", json!(3));
        let mut lines = vec![bundle.clone(), bundle];
        for primary in [0, 0, 0, 0, 1, 1, 1, 1] {
            lines.push(with(disk_in_china(1_500_000), "attached_to_line", json!(primary)));
        }
        let order = bought(&app, "acme", json!(lines)).await;
        let of_both = super::resources(&app, "acme", &order).await;
        let primaries = of_both.iter().filter(|one| one["is_main_resource"] == 1);
        let primaries: Vec<&str> = primaries.map(|one| one["resource_id"].as_str().unwrap()).collect();
        assert_eq!(primaries.len(), 2);
        let first = returned(&app, "acme", &[primaries[0]], 1).await;
        let second = returned(&app, "acme", &[primaries[1]], 1).await;
        let decide = async |refund: &str, what: &str| {
            app.post("operator", &format!("/openbss/v1/orders/{refund}/{what}"), json!({})).await.ok(200);
        };
        // The second counts in place of the first, so nine others are left.
        decide(&first, "reject").await;
        for number in 0..10 {
            let order = bought(&app, "acme", json!([disk_in_china(1_000)])).await;
            let id = ids(&app, "acme", &order).await.remove(0);
            let wanted = if number < 9 { "0" } else { "1" };
            assert_eq!(fee(&app, &returned(&app, "acme", &[&id], 1).await).await, wanted, "number {number}");
        }
        // With the second counted, the first is free again though the quota is used up.
        let again = returned(&app, "acme", &[primaries[0]], 1).await;
        assert_eq!(fee(&app, &again).await, "0");
        for refund in [&second, &again] {
            assert_eq!(fee(&app, refund).await, "0");
            decide(refund, "approve").await;
        }
        app.finish().await;
    }
}
