//! What the lists of coupons and of their changes answer, by every filter.

use serde_json::{Value, json};

use super::{CHINA, LIST, RECORDS, change, found, issue, only, refused_on};
use crate::harness::TestApp;
use crate::on_both;

/// A coupon of 12.50, issued on the 15th and withdrawn on the 17th (GMT+8), and another, issued that day; beside them
/// a flexi-purchase coupon, which the records leave out.
async fn issued_and_withdrawn(app: &TestApp) -> (String, String) {
    let first = issue(app, "acme", json!({"face_value": "12.50"})).await;
    issue(app, "acme", json!({"coupon_type": 4})).await;
    app.advance_to("2026-01-16T16:00:00Z").await;
    let second = issue(app, "acme", json!({})).await;
    change(app, &first, "withdraw").await.ok(200);
    (first, second)
}

on_both! {
    async fn every_filter_finds_its_coupons_the_newest_first(app) {
        let first = issue(&app, "acme", json!({"face_value": 1})).await;
        app.advance_to("2026-01-16T08:00:00Z").await;
        let second = issue(&app, "acme", json!({"face_value": 2})).await;
        let third = issue(&app, "acme", json!({"face_value": 3})).await;
        issue(&app, "globex", json!({})).await;
        let all = vec![third.clone(), second.clone(), first.clone()];
        let plan = only(&app, "acme", &format!("coupon_id={first}")).await["promotion_plan_id"].clone();
        let plan = plan.as_str().expect("a plan").to_owned();
        let operator = app.domain("operator");
        let acme = app.domain("acme");
        for (query, wanted) in [
            (String::new(), all.clone()),
            (format!("coupon_id={second}"), vec![second.clone()]),
            ("coupon_id=nobodys".to_owned(), vec![]),
            (format!("promotion_plan_id={plan}"), vec![first.clone()]),
            ("promotion_plan_id=none".to_owned(), vec![]),
            ("order_id=CS2601151600ABCDEFGH".to_owned(), vec![]),
            ("coupon_type=1".to_owned(), all.clone()),
            ("coupon_type=2".to_owned(), vec![]),
            ("coupon_type=3".to_owned(), vec![]),
            ("coupon_type=4".to_owned(), vec![]),
            ("status=1".to_owned(), vec![]),
            ("status=2".to_owned(), all.clone()),
            ("status=3".to_owned(), vec![]),
            ("active_start_time=2026-01-15T08:00:00Z".to_owned(), all.clone()),
            ("active_start_time=2026-01-15T08:00:01Z".to_owned(), vec![third.clone(), second.clone()]),
            ("active_end_time=2026-01-15T08:00:00Z".to_owned(), vec![first.clone()]),
            ("active_end_time=2026-01-15T07:59:59Z".to_owned(), vec![]),
            ("active_start_time=2026-01-15T08:00:01Z&active_end_time=2026-01-16T07:59:59Z".to_owned(), vec![]),
            (format!("source_id={operator}"), all.clone()),
            (format!("source_id={acme}"), vec![]),
            // It means something to distributors only.
            ("indirect_partner_id=nobody".to_owned(), all.clone()),
        ] {
            assert_eq!(found(&app, "acme", &query).await, wanted, "{query}");
        }
        for (query, wanted) in [
            ("offset=0&limit=2", vec![&third, &second]),
            ("offset=1&limit=1", vec![&second]),
            ("offset=2", vec![&first]),
            ("offset=3", vec![]),
            ("offset=2147483647&limit=100", vec![]),
        ] {
            let body = app.get("acme", &format!("{LIST}?{query}")).await.ok(200);
            assert_eq!(body["count"], 3, "{query}");
            let page: Vec<&Value> = body["user_coupons"].as_array().unwrap().iter().map(|one| &one["coupon_id"]).collect();
            assert_eq!(page, wanted, "{query}");
        }
        app.finish().await;
    }

    async fn absent_values_mean_what_table_8_2_says(app) {
        let id = issue(&app, "acme", json!({})).await;
        let (all, none) = (vec![id], Vec::<String>::new());
        for name in ["coupon_id", "order_id", "promotion_plan_id"] {
            assert_eq!(found(&app, "acme", &format!("{name}=")).await, all, "{name}");
            assert_eq!(found(&app, "acme", &format!("{name}=null")).await, none, "{name}");
            assert_eq!(found(&app, "acme", &format!("{name}=%22%22")).await, none, "{name}");
            refused_on(&app, "acme", &format!("{LIST}?{name}={}", "x".repeat(65)), name).await;
        }
        assert_eq!(found(&app, "acme", "source_id=").await, all);
        assert_eq!(found(&app, "acme", "source_id=null").await, all);
        assert_eq!(found(&app, "acme", "source_id=%22%22").await, none);
        assert_eq!(found(&app, "acme", &format!("source_id={}", "x".repeat(255))).await, none);
        refused_on(&app, "acme", &format!("{LIST}?source_id={}", "x".repeat(256)), "source_id").await;
        for query in ["coupon_type=", "coupon_type=null", "status=", "active_start_time=", "active_end_time=",
            "offset=", "limit="] {
            assert_eq!(found(&app, "acme", query).await, all, "{query}");
        }
        for (name, value) in [
            ("coupon_type", "%22%22"), ("coupon_type", "0"), ("coupon_type", "5"), ("coupon_type", "x"),
            ("status", "%22%22"), ("status", "0"), ("status", "6"),
            ("active_start_time", "%22%22"), ("active_start_time", "null"), ("active_start_time", "2026-01-15"),
            ("active_start_time", "2026-01-15T24:00:00Z"), ("active_start_time", "2026-01-15T00:60:00Z"),
            ("active_end_time", "%22%22"), ("active_end_time", "null"), ("active_end_time", "soon"),
            ("offset", "-1"), ("offset", "2147483648"), ("limit", "0"), ("limit", "101"),
        ] {
            refused_on(&app, "acme", &format!("{LIST}?{name}={value}"), name).await;
        }
        let backwards = "active_start_time=2026-02-01T00:00:00Z&active_end_time=2026-01-01T00:00:00Z";
        refused_on(&app, "acme", &format!("{LIST}?{backwards}"), "active_end_time").await;
        app.finish().await;
    }

    async fn the_error_table_of_8_2_1_can_be_provoked(app) {
        refused_on(&app, "acme", &format!("{LIST}?limit=0"), "limit").await;
        app.get("operator", LIST).await.refused(403, "CBC.0151");
        let fault = json!({"operation": "ListSubCustomerCoupons", "times": 1, "status": 500, "error_code": "CBC.0999"});
        app.post("operator", "/openbss/v1/sandbox/faults", fault).await.ok(201);
        app.get("acme", LIST).await.refused(500, "CBC.0999");
        app.get("acme", LIST).await.ok(200);
        app.finish().await;
    }

    async fn a_partner_sees_its_own_coupons_and_those_of_its_resellers(app) {
        let of_north = issue(&app, "north", json!({})).await;
        let of_harbor = issue(&app, "harbor", json!({})).await;
        let of_summit = issue(&app, "summit", json!({})).await;
        let of_customer = issue(&app, "lighthouse", json!({})).await;
        assert_eq!(found(&app, "north", "").await, [of_harbor.clone(), of_north]);
        assert_eq!(found(&app, "harbor", "").await, std::slice::from_ref(&of_harbor));
        assert_eq!(found(&app, "summit", "").await, std::slice::from_ref(&of_summit));
        assert_eq!(found(&app, "lighthouse", "").await, [of_customer]);
        let harbor = app.domain("harbor");
        assert_eq!(found(&app, "north", &format!("indirect_partner_id={harbor}")).await, [of_harbor]);
        assert_eq!(found(&app, "summit", &format!("indirect_partner_id={harbor}")).await, [of_summit]);
        for stranger in [app.domain("summit"), app.domain("lighthouse"), "nobody".to_owned()] {
            let path = format!("{LIST}?indirect_partner_id={stranger}");
            let message = app.get("north", &path).await.refused(403, "CBC.0151");
            assert!(message.contains("indirect_partner_id"), "{message}");
        }
        app.finish().await;
    }

    async fn a_distributor_of_the_china_site_names_the_reseller(app: CHINA) {
        let of_north = issue(&app, "north", json!({})).await;
        let of_harbor = issue(&app, "harbor", json!({})).await;
        assert_eq!(found(&app, "north", "").await, [of_north]);
        let named = format!("indirect_partner_id={}", app.domain("harbor"));
        assert_eq!(found(&app, "north", &named).await, [of_harbor]);
        app.finish().await;
    }

    async fn change_records_tell_what_happened_to_cash_coupons(app: CHINA) {
        let (first, _) = issued_and_withdrawn(&app).await;
        let all = app.get("acme", RECORDS).await.ok(200);
        assert_eq!((&all["total_count"], &all["currency"]), (&json!(3), &json!("CNY")), "{all}");
        let newest = &all["records"][0];
        for (field, wanted) in [
            ("coupon_id", json!(first)),
            ("trade_detail_type", json!("SOURCE_OPERATION_COUPONCANCEL")),
            ("trade_time", json!("2026-01-16T16:00:00Z")),
            ("change_amount", json!("12.5")),
            ("balance_after_change", json!("0")),
            ("revenue_expense_type", json!("EXPENSE")),
            ("bill_cycle", json!("2026-01")),
            ("account_name", json!("acme")),
        ] {
            assert_eq!(newest[field], wanted, "{field} of {newest}");
        }
        let oldest = &all["records"][2];
        assert_eq!(oldest["trade_detail_type"], "SOURCE_OPERAIION_PRIZE");
        assert_eq!((&oldest["change_amount"], &oldest["revenue_expense_type"]), (&json!("12.5"), &json!("REVENUE")));
        app.finish().await;
    }

    async fn change_records_are_found_by_every_filter(app: CHINA) {
        let (first, second) = issued_and_withdrawn(&app).await;
        let all = app.get("acme", RECORDS).await.ok(200);
        let trade = all["records"][0]["trade_id"].as_str().expect("an id").to_owned();
        for (query, wanted) in [
            ("revenue_expense_type=REVENUE".to_owned(), 2),
            ("revenue_expense_type=EXPENSE".to_owned(), 1),
            ("trade_type=ADJUST".to_owned(), 2),
            ("trade_type=COUPONCANCEL".to_owned(), 1),
            ("trade_type=DEDEUCT".to_owned(), 0),
            ("trade_type=REFUND".to_owned(), 0),
            ("trade_type=EXPIRED".to_owned(), 0),
            (format!("coupon_id={first}"), 2),
            (format!("coupon_id={second}"), 1),
            ("coupon_id=".to_owned(), 3),
            (format!("trade_id={trade}"), 1),
            ("trade_id=".to_owned(), 3),
            ("trade_id=none".to_owned(), 0),
            // Days of GMT+8: 16:00 UTC is the next one.
            ("trade_time_begin=2026-01-16".to_owned(), 2),
            ("trade_time_begin=2026-01-17".to_owned(), 2),
            ("trade_time_begin=2026-01-18&trade_time_end=2026-01-19".to_owned(), 0),
            ("trade_time_end=2026-01-16".to_owned(), 1),
            ("trade_time_end=2026-01-14".to_owned(), 0),
            ("trade_time_begin=&trade_time_end=".to_owned(), 3),
            ("offset=&limit=".to_owned(), 3),
        ] {
            let body = app.get("acme", &format!("{RECORDS}&{query}")).await.ok(200);
            assert_eq!(body["total_count"], wanted, "{query}: {body}");
            assert_eq!(body["records"].as_array().map(Vec::len), Some(wanted), "{query}");
        }
        let page = app.get("acme", &format!("{RECORDS}&offset=1&limit=1")).await.ok(200);
        assert_eq!((&page["total_count"], &page["records"][0]["coupon_id"]), (&json!(3), &json!(second)));
        app.get("north", RECORDS).await.refused(403, "CBC.0151");
        // A year back from today, and no further unless asked.
        app.advance_to("2027-01-17T15:00:00Z").await;
        assert_eq!(app.get("acme", RECORDS).await.ok(200)["total_count"], 2);
        let further = format!("{RECORDS}&trade_time_begin=2026-01-01");
        assert_eq!(app.get("acme", &further).await.ok(200)["total_count"], 3);
        app.finish().await;
    }

    async fn change_records_refuse_what_names_nothing(app: CHINA) {
        for (query, field) in [
            ("revenue_expense_type=", "revenue_expense_type"),
            ("revenue_expense_type=%22%22", "revenue_expense_type"),
            ("revenue_expense_type=BOTH", "revenue_expense_type"),
            ("trade_type=", "trade_type"),
            ("trade_type=%22%22", "trade_type"),
            ("trade_type=GIFT", "trade_type"),
            ("trade_time_begin=%22%22", "trade_time_begin"),
            ("trade_time_begin=2026-1-1", "trade_time_begin"),
            ("trade_time_end=%22%22", "trade_time_end"),
            ("trade_time_begin=2026-01-18&trade_time_end=2026-01-17", "trade_time_end"),
            ("limit=0", "limit"),
            ("offset=-1", "offset"),
        ] {
            refused_on(&app, "acme", &format!("{RECORDS}&{query}"), field).await;
        }
        for kind in ["", "?balance_type=", "?balance_type=BALANCE_TYPE_DEBIT"] {
            let path = format!("/v2/promotions/benefits/account-change-records{kind}");
            refused_on(&app, "acme", &path, "balance_type").await;
        }
        app.finish().await;
    }
}
