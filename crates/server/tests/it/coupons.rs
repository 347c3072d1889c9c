//! Coupons and stored-value cards through the wire: issued, frozen, withdrawn, listed, and what happened to them.

mod listed;
mod spent;

use serde_json::{Value, json};

use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::paying::{self, CHINA};

const ISSUE: &str = "/openbss/v1/coupons";
const LIST: &str = "/v2/promotions/benefits/coupons";
const RECORDS: &str = "/v2/promotions/benefits/account-change-records?balance_type=BALANCE_TYPE_COUPON";
const ISSUE_CARD: &str = "/openbss/v1/stored-value-cards";
const CARDS: &str = "/v2/promotions/benefits/stored-value-cards";

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
    paying::issue(app, tenant, coupon(app, tenant, more)).await
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
            (json!({"limits": [{"limit_key": "serviceType", "value1": "hws.service.type.ecs"}]}), "limits[0].value1"),
            (json!({"limits": [{"limit_key": "regionCode", "value1": "ap-southeast-9"}]}), "limits[0].value1"),
            (json!({"limits": [{"limit_key": "cycleType", "value1": 2}, {"limit_key": "productId",
                "value1": "00301-238595-0--0,another"}]}), "limits[1].value1"),
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

    async fn a_region_is_kept_in_the_spelling_of_the_catalogue(app) {
        let limits = json!([{"limit_key": "regionCode", "value1": "ap_southeast_1", "value2": "Asia"}]);
        issue(&app, "acme", json!({"limits": limits})).await;
        assert_eq!(only(&app, "acme", "").await["use_limits"][0]["value1"], "ap-southeast-1");
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
            {"limit_key": "serviceTypeBlackList", "value1": "hws.service.type.ec2"},
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
        let unknown = json!([{"limit_key": "serviceTypeBlackList", "value1": "ec2"}]);
        let unknown = coupon(&app, "acme", json!({"coupon_type": 4, "limits": unknown}));
        let message = app.post("operator", ISSUE, unknown).await.refused(400, "CBC.0100");
        assert!(message.contains("limits[0].value1"), "{message}");
        change(&app, &share, "withdraw").await.ok(200);
        change(&app, &flexi, "withdraw").await.ok(200);
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
