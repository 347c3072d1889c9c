//! Coupons and stored-value cards through the wire: issued, frozen, withdrawn, listed, and what happened to them.

use domain::site::Site;
use serde_json::{Value, json};

use crate::accounts::{EXTERNAL, disk, fail, waiting};
use crate::harness::{Options, Reply, TestApp};
use crate::on_both;
use crate::orders::{CANCEL, ORDERS, PAY, cash, payment, place};

const ISSUE: &str = "/openbss/v1/coupons";
const LIST: &str = "/v2/promotions/benefits/coupons";
const RECORDS: &str = "/v2/promotions/benefits/account-change-records?balance_type=BALANCE_TYPE_COUPON";
const ISSUE_CARD: &str = "/openbss/v1/stored-value-cards";
const CARDS: &str = "/v2/promotions/benefits/stored-value-cards";
pub(crate) const CHINA: Options = Options {
    site: Site::Cn,
    provisioner: server::app::Provisioner::Immediate,
    throttle: false,
    is_sandbox: true,
};

/// A cash coupon of 100.00 that expires in July 2026, with what differs.
fn coupon(app: &TestApp, tenant: &str, more: Value) -> Value {
    let mut body = json!({
        "customer_id": app.domain(tenant), "face_value": "100.00", "expire_time": "2026-07-15T16:00:00Z",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

/// Issues a coupon, and answers its id.
pub(crate) async fn issue(app: &TestApp, tenant: &str, more: Value) -> String {
    let issued = app.post("operator", ISSUE, coupon(app, tenant, more)).await.ok(201);
    issued["coupon_id"].as_str().expect("an id").to_owned()
}

pub(crate) async fn change(app: &TestApp, id: &str, what: &str) -> Reply {
    app.post("operator", &format!("{ISSUE}/{id}/{what}"), json!({})).await
}

/// The coupons that a list answers, as their ids; the count agrees.
async fn found(app: &TestApp, tenant: &str, query: &str) -> Vec<String> {
    let body = app.get(tenant, &format!("{LIST}?{query}")).await.ok(200);
    let coupons = body["user_coupons"].as_array().expect("a list");
    assert_eq!(body["count"], coupons.len(), "{body}");
    coupons.iter().map(|one| one["coupon_id"].as_str().expect("an id").to_owned()).collect()
}

/// The only coupon of a list.
pub(crate) async fn only(app: &TestApp, tenant: &str, query: &str) -> Value {
    let body = app.get(tenant, &format!("{LIST}?{query}")).await.ok(200);
    assert_eq!(body["count"], 1, "{body}");
    body["user_coupons"][0].clone()
}

/// Refused with CBC.0100 on a field.
async fn refused_on(app: &TestApp, tenant: &str, path: &str, field: &str) {
    let message = app.get(tenant, path).await.refused(400, "CBC.0100");
    assert!(message.contains(field), "{path}: {message}");
}

on_both! {
    async fn an_issued_coupon_is_shown_with_every_field(app) {
        let limits = json!([
            {"limit_key": "serviceType", "value1": "hws.service.type.ec2"},
            {"limit_key": "baseValue", "value1": 10, "value2": "500.00"},
        ]);
        let more = json!({"plan_name": "Welcome", "valid_time": "2026-02-01T00:00:00Z", "limits": limits});
        let issued = app.post("operator", ISSUE, coupon(&app, "acme", more)).await.ok(201);
        let id = issued["coupon_id"].as_str().expect("an id").to_owned();
        assert!(id.starts_with("CP2601151600") && id.len() <= 64, "{id}");
        for (field, wanted) in [
            ("customer_id", json!(app.domain("acme"))),
            ("coupon_type", json!(1)),
            ("status", json!(2)),
            ("face_value", json!("100")),
            ("balance", json!("100")),
            ("currency", json!("USD")),
            ("plan_name", json!("Welcome")),
            ("is_frozen", json!(false)),
            ("source_id", json!(app.domain("operator"))),
        ] {
            assert_eq!(issued[field], wanted, "{field} of {issued}");
        }
        let shown = only(&app, "acme", "").await;
        let plan = issued["promotion_plan_id"].clone();
        assert_eq!(shown, json!({
            "coupon_id": id, "coupon_code": id, "status": 2, "customer_id": app.domain("acme"), "coupon_type": 1,
            "measure_id": 1, "face_value": 100, "valid_time": "2026-02-01T00:00:00Z",
            "expire_time": "2026-07-15T16:00:00Z", "order_id": null, "promotion_plan_id": plan,
            "plan_name": "Welcome", "plan_desc": "Welcome", "media_type": 1, "fetch_method": 3,
            "use_limits": [
                {"use_limiti_info_id": format!("{id}-01"), "limit_key": "serviceType",
                    "value1": "hws.service.type.ec2", "value2": "", "value_unit": "", "limit_type": "=",
                    "promotion_plan_id": plan},
                {"use_limiti_info_id": format!("{id}-02"), "limit_key": "baseValue", "value1": "10",
                    "value2": "500", "value_unit": "USD", "limit_type": "=", "promotion_plan_id": plan},
            ],
            "active_time": "2026-01-15T08:00:00Z", "reserve_time": null, "promotion_id": plan,
            "create_time": "2026-01-15T08:00:00Z", "coupon_version": 2, "balance": 100, "lock_order_id": null,
            "coupon_usage": null, "is_frozen": "0", "currency": "USD", "extend_param1": null,
            "source_id": app.domain("operator"),
        }));
        app.finish().await;
    }

    async fn a_coupon_that_cannot_be_is_not_issued(app) {
        for (more, field) in [
            (json!({"customer_id": "nobody"}), "customer_id"),
            (json!({"customer_id": app.domain("operator")}), "customer_id"),
            (json!({"customer_id": null}), "customer_id"),
            (json!({"coupon_type": 2}), "coupon_type"),
            (json!({"coupon_type": 4}), "coupon_type"),
            (json!({"coupon_type": 3}), "coupon_type"),
            (json!({"face_value": 0}), "face_value"),
            (json!({"face_value": "-1"}), "face_value"),
            (json!({"face_value": "1.001"}), "face_value"),
            (json!({"face_value": "1000000000.01"}), "face_value"),
            (json!({"face_value": "much"}), "face_value"),
            (json!({"expire_time": null}), "expire_time"),
            (json!({"expire_time": "2026-01-15T08:00:00Z"}), "expire_time"),
            (json!({"valid_time": "2026-07-15T16:00:00Z"}), "expire_time"),
            (json!({"limits": [{"limit_key": "cycleType"}]}), "limits[0].value1"),
            (json!({"limits": [{"limit_key": "cycleType", "value1": "12"}]}), "limits[0].value1"),
            (json!({"limits": [{"limit_key": "cycleKind", "value1": "1"}]}), "limits[0].limit_key"),
            (json!({"limits": [{"limit_key": "isRebate", "value1": "1"}]}), "limits[0].limit_key"),
            (json!({"limits": [{"limit_key": "minConsumeDiscount", "value1": 1}]}), "limits[0].value1"),
            (json!({"limits": [{"limit_key": "cycleType", "value1": 2}, {"limit_key": "subscribeType", "value1": 1}]}),
                "limits[1].value1"),
            (json!({"limits": [{"limit_key": "baseValue", "value1": 2, "value2": 1}]}), "limits[0].value2"),
        ] {
            let message = app.post("operator", ISSUE, coupon(&app, "acme", more)).await.refused(400, "CBC.0100");
            assert!(message.contains(field), "{field}: {message}");
        }
        assert_eq!(app.get("acme", LIST).await.ok(200)["count"], 0);
        for tenant in ["acme", "north", "summit"] {
            app.post(tenant, ISSUE, coupon(&app, "acme", json!({}))).await.refused(403, "CBC.0151");
        }
        app.finish().await;
    }

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

    async fn expiry_follows_from_the_time_alone_and_is_shown_for_a_year(app) {
        let id = issue(&app, "acme", json!({"expire_time": "2026-02-01T16:00:00Z"})).await;
        app.advance_to("2026-02-01T15:59:59Z").await;
        assert_eq!(only(&app, "acme", "status=2").await["coupon_id"], id.as_str());
        assert_eq!(found(&app, "acme", "status=4").await, Vec::<String>::new());
        app.advance_to("2026-02-01T16:00:00Z").await;
        assert_eq!(found(&app, "acme", "status=2").await, Vec::<String>::new());
        let expired = only(&app, "acme", "status=4").await;
        assert_eq!((&expired["status"], &expired["balance"]), (&json!(4), &json!(100)));
        app.advance_to("2027-02-01T16:00:00Z").await;
        assert_eq!(only(&app, "acme", "").await["status"], 4);
        app.advance_to("2027-02-01T16:00:01Z").await;
        assert_eq!(found(&app, "acme", "").await, Vec::<String>::new());
        app.finish().await;
    }

    async fn a_coupon_is_frozen_and_let_go_as_often_as_one_likes(app) {
        let id = issue(&app, "acme", json!({})).await;
        for (what, flag) in [("freeze", "1"), ("freeze", "1"), ("unfreeze", "0"), ("unfreeze", "0")] {
            let changed = change(&app, &id, what).await.ok(200);
            assert_eq!(changed["is_frozen"], flag == "1", "{changed}");
            let shown = only(&app, "acme", "status=2").await;
            assert_eq!(shown["is_frozen"], flag);
        }
        for what in ["freeze", "unfreeze", "withdraw"] {
            let message = change(&app, "nobodys", what).await.refused(400, "CBC.0100");
            assert!(message.contains("coupon_id"), "{message}");
            let path = format!("{ISSUE}/{id}/{what}");
            app.post("acme", &path, json!({})).await.refused(403, "CBC.0151");
        }
        app.finish().await;
    }

    async fn what_is_left_of_a_coupon_is_withdrawn_once(app) {
        let id = issue(&app, "acme", json!({})).await;
        change(&app, &id, "freeze").await.ok(200);
        for _ in 0..2 {
            let withdrawn = change(&app, &id, "withdraw").await.ok(200);
            assert_eq!((&withdrawn["status"], &withdrawn["balance"]), (&json!(5), &json!("0")));
        }
        let shown = only(&app, "acme", "status=5").await;
        assert_eq!((&shown["face_value"], &shown["balance"]), (&json!(100), &json!(0)));
        change(&app, &id, "unfreeze").await.refused(400, "CBC.0101");
        // Withdrawn stays withdrawn, whatever the time.
        app.advance_to("2026-08-01T00:00:00Z").await;
        assert_eq!(only(&app, "acme", "").await["status"], 5);
        app.finish().await;
    }

    async fn discount_and_flexi_purchase_coupons_exist_on_the_china_site(app: CHINA) {
        let share = issue(&app, "acme", json!({"coupon_type": 2, "face_value": 0.8})).await;
        let flexi = issue(&app, "acme", json!({"coupon_type": 4, "limits": [
            {"limit_key": "isOnlyForStrictSelected", "value1": 1}, {"limit_key": "usageTimes", "value1": 5},
        ]})).await;
        let shown = only(&app, "acme", "coupon_type=2").await;
        assert_eq!(shown["coupon_id"], share.as_str());
        assert_eq!((shown["face_value"].to_string(), shown["balance"].to_string()), ("0.8".into(), "0".into()));
        assert_eq!(shown["currency"], "CNY");
        let shown = only(&app, "acme", "coupon_type=4").await;
        assert_eq!(shown["coupon_id"], flexi.as_str());
        assert_eq!(shown["use_limits"][1]["value1"], "0", "any number but 1 is without limit");
        for value in ["0", "1", "1.2", "0.12345678901"] {
            let body = coupon(&app, "acme", json!({"coupon_type": 2, "face_value": value}));
            let message = app.post("operator", ISSUE, body).await.refused(400, "CBC.0100");
            assert!(message.contains("face_value"), "{message}");
        }
        change(&app, &share, "withdraw").await.ok(200);
        change(&app, &flexi, "withdraw").await.ok(200);
        app.finish().await;
    }

    async fn change_records_tell_what_happened_to_cash_coupons(app: CHINA) {
        let first = issue(&app, "acme", json!({"face_value": "12.50"})).await;
        issue(&app, "acme", json!({"coupon_type": 4})).await;
        app.advance_to("2026-01-16T16:00:00Z").await;
        let second = issue(&app, "acme", json!({})).await;
        change(&app, &first, "withdraw").await.ok(200);
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
        let trade = newest["trade_id"].as_str().expect("an id").to_owned();
        let oldest = &all["records"][2];
        assert_eq!(oldest["trade_detail_type"], "SOURCE_OPERAIION_PRIZE");
        assert_eq!((&oldest["change_amount"], &oldest["revenue_expense_type"]), (&json!("12.5"), &json!("REVENUE")));
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
        app.get("north", RECORDS).await.refused(403, "CBC.0151");
        // A year back from today, and no further unless asked.
        app.advance_to("2027-01-17T15:00:00Z").await;
        assert_eq!(app.get("acme", RECORDS).await.ok(200)["total_count"], 2);
        let further = format!("{RECORDS}&trade_time_begin=2026-01-01");
        assert_eq!(app.get("acme", &further).await.ok(200)["total_count"], 3);
        app.finish().await;
    }

    async fn stored_value_cards_are_issued_shown_and_withdrawn(app: CHINA) {
        let card = |value: &str, until: &str| json!({
            "customer_id": app.domain("acme"), "face_value": value, "expire_time": until, "name": "Gift",
        });
        let late = app.post("operator", ISSUE_CARD, card("50", "2026-06-01T00:00:00Z")).await.ok(201);
        let soon = app.post("operator", ISSUE_CARD, card("20.50", "2026-03-01T00:00:00Z")).await.ok(201);
        let (late, soon) = (late["card_id"].clone(), soon["card_id"].clone());
        let all = app.get("acme", CARDS).await.ok(200);
        assert_eq!(all, json!({"total_count": 2, "stored_value_cards": [
            {"card_id": soon, "card_name": "Gift", "status": 1, "face_value": "20.5", "balance": "20.5",
                "effective_time": "2026-01-15T08:00:00Z", "expire_time": "2026-03-01T00:00:00Z"},
            {"card_id": late, "card_name": "Gift", "status": 1, "face_value": "50", "balance": "50",
                "effective_time": "2026-01-15T08:00:00Z", "expire_time": "2026-06-01T00:00:00Z"},
        ]}));
        let path = format!("{ISSUE_CARD}/{}/withdraw", late.as_str().expect("an id"));
        for _ in 0..2 {
            let withdrawn = app.post("operator", &path, json!({})).await.ok(200);
            assert_eq!((&withdrawn["balance"], &withdrawn["status"]), (&json!("0"), &json!(2)));
        }
        let ids = |body: &Value| -> Vec<Value> {
            let cards = body["stored_value_cards"].as_array().expect("a list");
            assert_eq!(body["total_count"], cards.len());
            cards.iter().map(|card| card["card_id"].clone()).collect()
        };
        for (query, wanted) in [
            ("status=1", vec![soon.clone()]),
            ("status=2", vec![late.clone()]),
            ("status=", vec![soon.clone(), late.clone()]),
            ("card_id=", vec![soon.clone(), late.clone()]),
            ("card_id=none", vec![]),
            (&format!("card_id={}", soon.as_str().expect("an id")), vec![soon.clone()]),
        ] {
            let body = app.get("acme", &format!("{CARDS}?{query}")).await.ok(200);
            assert_eq!(ids(&body), wanted, "{query}");
        }
        let page = app.get("acme", &format!("{CARDS}?offset=1&limit=1")).await.ok(200);
        assert_eq!((&page["total_count"], &page["stored_value_cards"][0]["card_id"]), (&json!(2), &late));
        app.advance_to("2026-03-01T00:00:00Z").await;
        let body = app.get("acme", &format!("{CARDS}?status=2")).await.ok(200);
        assert_eq!(ids(&body), [soon, late], "an expired card pays nothing");
        for (query, field) in [("status=0", "status"), ("status=3", "status"), ("limit=101", "limit")] {
            refused_on(&app, "acme", &format!("{CARDS}?{query}"), field).await;
        }
        let mut wrong = card("0", "2026-06-01T00:00:00Z");
        app.post("operator", ISSUE_CARD, wrong.clone()).await.refused(400, "CBC.0100");
        wrong["face_value"] = json!("1");
        wrong["customer_id"] = json!("nobody");
        app.post("operator", ISSUE_CARD, wrong).await.refused(400, "CBC.0100");
        app.post("operator", &format!("{ISSUE_CARD}/none/withdraw"), json!({})).await.refused(400, "CBC.0100");
        assert_eq!(app.get("globex", CARDS).await.ok(200)["total_count"], 0);
        app.finish().await;
    }

    async fn what_exists_on_the_china_site_only_is_nowhere_else(app) {
        app.get("acme", CARDS).await.refused(404, "APIG.0101");
        app.get("acme", RECORDS).await.refused(404, "APIG.0101");
        let card = json!({"customer_id": app.domain("acme"), "face_value": 1, "expire_time": "2027-01-01T00:00:00Z"});
        app.post("operator", ISSUE_CARD, card).await.refused(404, "APIG.0101");
        app.finish().await;
    }

    async fn verify_names_a_coupon_whose_rows_say_something_else(app: CHINA) {
        let id = issue(&app, "acme", json!({})).await;
        let card = json!({"customer_id": app.domain("acme"), "face_value": 1, "expire_time": "2027-01-01T00:00:00Z"});
        let card = app.post("operator", ISSUE_CARD, card).await.ok(201)["card_id"].as_str().expect("an id").to_owned();
        for (fault, cure, wanted) in [
            ("update coupons set balance = 9000", "update coupons set balance = 10000",
                vec![("coupons.balances", &id), ("coupons.face_values", &id)]),
            ("update coupons set face_value = 20000", "update coupons set face_value = 10000",
                vec![("coupons.face_values", &id), ("coupons.postings", &String::new())]),
            ("update coupons set status = 3", "update coupons set status = 2", vec![("coupons.statuses", &id)]),
            ("update stored_value_cards set balance = -1", "update stored_value_cards set balance = 100", vec![
                ("stored_value_cards.balances", &card), ("stored_value_cards.face_values", &card),
                ("stored_value_cards.statuses", &card),
            ]),
            ("update coupon_changes set amount = 5 where benefit_type = 303",
                "update coupon_changes set amount = 100 where benefit_type = 303",
                vec![("stored_value_cards.face_values", &card)]),
        ] {
            plant(&app, fault).await;
            let verdict = server::verify::service::verify(&app.app).await.expect("verify runs");
            let broken: Vec<_> = verdict.iter().filter(|identity| !identity.holds).collect();
            let names: Vec<&str> = broken.iter().map(|identity| identity.name).collect();
            let expected: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, expected, "{fault}: {broken:?}");
            for (identity, (_, id)) in broken.iter().zip(&wanted) {
                assert!(identity.detail.as_deref().unwrap_or_default().contains(id.as_str()), "{identity:?}");
            }
            plant(&app, cure).await;
        }
        app.finish().await;
    }
}

/// Changes one row behind the product's back.
async fn plant(app: &TestApp, sql: &str) {
    use platform::op::Host;
    let mut tx = app.app.db().begin_write().await.expect("a transaction");
    assert_eq!(tx.exec(sql, &[]).await.expect("it runs"), 1, "{sql}");
    tx.commit().await.expect("durable");
}

/// Pays with coupons and cards, given as id and type.
async fn pay_with(app: &TestApp, order: &str, coupons: &[(&str, i64)]) -> Reply {
    let infos: Vec<Value> = coupons.iter().map(|(id, kind)| json!({"id": id, "type": kind})).collect();
    let mut body = payment(order);
    body["use_coupon"] = json!("YES");
    body["coupon_infos"] = json!(infos);
    app.post("acme", PAY, body).await
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
        // 100.00 by half is 50.00; 10, 20 and 5 of it are paid by coupons and the card, 15 by cash.
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
}
