//! Terms that end on the unified day of their account (rule 1.6).

use serde_json::{Value, json};

use super::{CONFIG, RENEW, attempts, buy, expiry, renewing};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{LIST, details, disk, machine, with};
use crate::paying::{bill, grant};

async fn unify(app: &TestApp, day: &str) {
    app.post("acme", CONFIG, json!({"config_name": "EXPIRE_DATE", "config_value": day})).await.ok(200);
}

/// The order of the latest renewal.
async fn latest(app: &TestApp) -> String {
    let body = app.get("acme", &format!("{LIST}?order_type=2")).await.ok(200);
    body["order_infos"][0]["order_id"].as_str().unwrap().to_owned()
}

on_both! {
    async fn a_renewed_term_ends_on_the_unified_day_and_the_extra_days_are_paid(app) {
        let id = renewing(&app, "acme").await;
        unify(&app, "1").await;
        let ran = app.advance_to("2026-02-08T00:00:00Z").await;
        assert_eq!(attempts(&ran), [("2026-02-07T19:00:00Z".to_owned(), "renewed until 2026-04-01T15:59:59Z".to_owned())]);
        assert_eq!(expiry(&app, "acme", &id).await, "2026-04-01T15:59:59Z");
        // To the 15th of March for 182.07; then 16 days of 31 and one of 30, which is 100.0406...
        let order = latest(&app).await;
        assert_eq!(bill(&app, "acme", &order).await[0], "282.11 = + 282.11");
        let line = details(&app, "acme", &order).await["order_line_items"][0].clone();
        assert_eq!((&line["period_num"], &line["expire_time"]), (&json!(1), &json!("2026-04-01T15:59:59Z")));
        // From then on a month ends there by itself.
        let ran = app.advance_to("2026-03-25T20:00:00Z").await;
        assert_eq!(attempts(&ran)[0].1, "renewed until 2026-05-01T15:59:59Z");
        assert_eq!(bill(&app, "acme", &latest(&app).await).await[0], "182.07 = + 182.07");

        let told = app.get("acme", &format!("/openbss/v1/explain?order_id={order}")).await.ok(200);
        assert_eq!(told["adds_up"], true, "{told}");
        let parts = told["orders"][0]["line_items"][0]["price"]["parts"].as_array().unwrap();
        assert_eq!(parts.len(), 2, "{told}");
        assert_eq!((&parts[1]["period_type"], &parts[1]["unit_price"]), (&json!(2), &json!("182.07")));
        assert_eq!(parts[1]["units"], "511/930");
        app.finish().await;
    }

    async fn the_last_day_of_the_month_is_a_unified_day_too(app) {
        let ids = buy(&app, "acme", json!([machine(), disk()]), json!({"auto_renew": true})).await;
        unify(&app, "-1").await;
        app.advance_to("2026-02-08T00:00:00Z").await;
        for id in &ids {
            assert_eq!(expiry(&app, "acme", id).await, "2026-03-31T15:59:59Z");
        }
        // 16 days of 31: 93.9716... beside 182.07, and 2.8903... beside 5.60.
        let order = latest(&app).await;
        assert_eq!(bill(&app, "acme", &order).await, ["284.53 = + 284.53", "276.04 = + 276.04", "8.49 = + 8.49"]);
        app.advance_to("2026-04-01T00:00:00Z").await;
        for id in &ids {
            assert_eq!(expiry(&app, "acme", id).await, "2026-04-30T15:59:59Z");
        }
        app.finish().await;
    }

    async fn a_manual_renewal_knows_no_unified_day(app) {
        let id = renewing(&app, "acme").await;
        unify(&app, "1").await;
        app.post("acme", RENEW, json!({"resource_ids": [id], "period_type": 2, "period_num": 1, "is_auto_pay": 1}))
            .await.ok(200);
        assert_eq!(expiry(&app, "acme", &id).await, "2026-03-15T15:59:59Z");
        app.finish().await;
    }

    async fn a_discount_holds_for_the_extra_days(app) {
        let by_year = with(machine(), "period_type", json!(3));
        buy(&app, "acme", json!([by_year]), json!({"auto_renew": true})).await;
        unify(&app, "28").await;
        // A year ends on the 15th of January; 13 days of 31 are 76.3519... more.
        let fixed = grant(&app, "acme", 605, "fixed_price", "1200", Value::Null).await;
        app.advance_to("2027-01-08T00:00:00Z").await;
        // 1,200 for the year, and a twelfth of it times 13/31 for the days: 41.9354...
        assert_eq!(bill(&app, "acme", &latest(&app).await).await[0], "1897.05 = 605:655.11 + 1241.94");
        assert!(!fixed.is_empty());
        app.finish().await;
    }
}
