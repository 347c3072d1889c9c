//! Facts about the coupons that an order may be paid with, on the China site.

use domain::site::Site;
use serde_json::{Value, json};

use crate::harness::{Options, TestApp};
use crate::on_both;
use crate::orders::{CANCEL, ORDERS, PAY, disk, machine, payment, place, with};
use crate::paying;

const COUPONS: &str = "/openbss/v1/coupons";
const ORDER_COUPONS: &str = "/v2/orders/customer-orders/order-coupons";
const CASH: i64 = 1;
const DISCOUNT: i64 = 2;
const FLEXI: i64 = 4;

fn china() -> Options {
    Options { site: Site::Cn, ..Options::default() }
}

/// A virtual machine in the region of the site.
fn vm() -> Value {
    with(machine(), "region", json!("cn-north-1"))
}

/// A disk for it.
fn volume() -> Value {
    with(disk(), "region", json!("cn-north-1"))
}

/// Issues a coupon, and answers its id.
async fn issue(app: &TestApp, tenant: &str, kind: i64, face_value: &str, more: Value) -> String {
    let mut body = json!({
        "coupon_type": kind, "face_value": face_value, "expire_time": "2026-06-30T16:00:00Z",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    paying::issue(app, tenant, body).await
}

fn limited(key: &str, value: &str) -> Value {
    json!({"limits": [{"limit_key": key, "value1": value}]})
}

async fn grant(app: &TestApp, tenant: &str, kind: i64, ratio: &str) -> String {
    paying::grant(app, tenant, kind, "ratio", ratio, json!({})).await
}

/// What an order may be paid with, as the operation answers it.
async fn listed(app: &TestApp, tenant: &str, order: &str) -> Value {
    app.get(tenant, &format!("{ORDER_COUPONS}?order_id={order}")).await.ok(200)
}

/// The ids of the coupons that an order may be paid with: the earliest to expire, then to be issued, first.
async fn usable(app: &TestApp, tenant: &str, order: &str) -> Vec<String> {
    let found = listed(app, tenant, order).await;
    let coupons = found["user_coupons"].as_array().expect("a list");
    assert_eq!(found["count"], coupons.len());
    coupons.iter().map(|coupon| coupon["coupon_id"].as_str().expect("an id").to_owned()).collect()
}

fn pay_with(order: &str, coupon: &str, kind: i64) -> Value {
    paying::pay_with(order, None, &[(coupon, kind)])
}

/// The order is paid with the coupon where it is listed, and refused where it is not.
async fn listed_as_paid(app: &TestApp, order: &str, coupon: &str, is_listed: bool) {
    assert_eq!(usable(app, "acme", order).await.contains(&coupon.to_owned()), is_listed);
    let paid = app.post("acme", PAY, pay_with(order, coupon, 301)).await;
    assert_eq!(paid.status == 204, is_listed, "{}", paid.text());
}

on_both! {
    async fn the_coupons_of_an_order_are_shown_with_all_that_the_documents_name(app: china()) {
        let order = place(&app, "acme", json!([vm(), volume()])).await;
        let more = json!({
            "plan_name": "Spring", "valid_time": "2026-01-01T00:00:00Z",
            "limits": [{"limit_key": "baseValue", "value1": "100", "value2": "500"}],
        });
        let cash = issue(&app, "acme", CASH, "50.50", more).await;
        let found = listed(&app, "acme", &order.to_lowercase()).await;
        assert_eq!(found["count"], 1);
        assert_eq!(found["coupon_max_use_quantity"], json!([
            {"coupon_type": 1, "coupon_group": 0, "use_quantity_value": 1},
        ]));
        let coupon = &found["user_coupons"][0];
        for (field, wanted) in [
            ("coupon_id", json!(cash)), ("coupon_code", json!(cash)), ("status", json!(2)), ("coupon_type", json!(1)),
            ("measure_id", json!(1)), ("face_value", json!(50.5)), ("balance", json!(50.5)),
            ("effective_time", json!("2026-01-01T00:00:00Z")), ("expire_time", json!("2026-06-30T16:00:00Z")),
            ("plan_name", json!("Spring")), ("active_time", json!("2026-01-15T08:00:00Z")),
            ("create_time", json!("2026-01-15T08:00:00Z")), ("last_used_time", Value::Null),
            ("coupon_version", json!(2)), ("used_by_order_id", Value::Null), ("coupon_group", json!(0)),
        ] {
            assert_eq!(coupon[field], wanted, "{field} of {coupon}");
        }
        let limit = &coupon["use_limits"][0];
        for (field, wanted) in [("limit_key", "baseValue"), ("value1", "100"), ("value2", "500")] {
            assert_eq!(limit[field], wanted, "{limit}");
        }
        let cheap = place(&app, "acme", json!([with(volume(), "attached_to_line", Value::Null)])).await;
        assert!(usable(&app, "acme", &cheap).await.is_empty(), "below its least amount");
        app.finish().await;
    }

    async fn a_coupon_with_money_left_is_offered_again_with_what_is_left(app: china()) {
        let cash = issue(&app, "acme", CASH, "200", json!({})).await;
        let order = place(&app, "acme", json!([vm()])).await;
        app.post("acme", PAY, pay_with(&order, &cash, 301)).await.ok(204);
        let next = place(&app, "acme", json!([vm()])).await;
        let coupon = listed(&app, "acme", &next).await["user_coupons"][0].clone();
        assert_eq!((&coupon["coupon_id"], &coupon["face_value"]), (&json!(cash), &json!(200)));
        assert_eq!((&coupon["balance"], &coupon["last_used_time"]), (&json!(17.93), &json!("2026-01-15T08:00:00Z")));
        app.post("acme", PAY, pay_with(&next, &cash, 301)).await.ok(204);
        let last = place(&app, "acme", json!([vm()])).await;
        assert!(usable(&app, "acme", &last).await.is_empty(), "nothing is left of it");
        app.finish().await;
    }

    async fn only_a_coupon_that_fits_the_order_is_listed(app: china()) {
        let fitting = [
            json!({}), limited("serviceType", "hws.service.type.ebs"), limited("regionCode", "cn-north-1"),
            limited("subscribeType", "new"), limited("cycleType", "2"), limited("cycleNum", "1"),
            limited("productId", "OFFI776402238127517698,00301-238595-0--0"), limited("firstOrderInService", "1"),
            limited("minConsumeDiscount", "0.5"),
        ];
        let other = [
            limited("serviceType", "hws.service.type.obs"), limited("regionCode", "ap-southeast-1"),
            limited("subscribeType", "renew"), limited("cycleType", "1"), limited("cycleNum", "12"),
            limited("productId", "00301-238595-0--0"), limited("isForAnnualContracts", "1"), limited("baseValue", "187.68"),
        ];
        let mut wanted = Vec::new();
        for more in fitting {
            wanted.push(issue(&app, "acme", CASH, "1", more).await);
        }
        for more in other {
            issue(&app, "acme", CASH, "1", more).await;
        }
        let order = place(&app, "acme", json!([vm(), volume()])).await;
        assert_eq!(usable(&app, "acme", &order).await, wanted);
        app.finish().await;
    }

    async fn a_coupon_is_listed_while_it_can_be_spent(app: china()) {
        let early = issue(&app, "acme", CASH, "1", json!({"valid_time": "2026-01-16T16:00:00Z"})).await;
        let late = issue(&app, "acme", CASH, "1", json!({"expire_time": "2026-01-16T16:00:00Z"})).await;
        let (frozen, withdrawn) =
            (issue(&app, "acme", CASH, "1", json!({})).await, issue(&app, "acme", CASH, "1", json!({})).await);
        issue(&app, "globex", CASH, "1", json!({})).await;
        let order = place(&app, "acme", json!([vm()])).await;
        assert_eq!(usable(&app, "acme", &order).await, [late, frozen.clone(), withdrawn.clone()]);
        app.post("operator", &format!("{COUPONS}/{frozen}/freeze"), json!({})).await.ok(200);
        app.post("operator", &format!("{COUPONS}/{withdrawn}/withdraw"), json!({})).await.ok(200);
        app.advance_to("2026-01-17T00:00:00+08:00").await;
        assert_eq!(usable(&app, "acme", &order).await, std::slice::from_ref(&early), "validity is half open");
        app.post("operator", &format!("{COUPONS}/{frozen}/unfreeze"), json!({})).await.ok(200);
        assert_eq!(usable(&app, "acme", &order).await, [early, frozen]);
        app.finish().await;
    }

    async fn an_order_that_holds_a_coupon_is_the_only_one_it_is_listed_for(app: china()) {
        let coupon = issue(&app, "acme", CASH, "10", json!({})).await;
        let body = json!({"lines": [vm()], "coupon_id": coupon});
        let placed = app.post("acme", ORDERS, body).await.ok(201);
        let holder = placed["order_id"].as_str().expect("an id").to_owned();
        let other = place(&app, "acme", json!([vm()])).await;
        let shown = listed(&app, "acme", &holder).await["user_coupons"][0].clone();
        assert_eq!((&shown["coupon_id"], &shown["used_by_order_id"]), (&json!(coupon), &json!(holder)));
        assert!(usable(&app, "acme", &other).await.is_empty());
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": holder}))).await.ok(204);
        assert!(usable(&app, "acme", &holder).await.is_empty(), "it no longer waits for a payment");
        listed_as_paid(&app, &other, &coupon, true).await;
        assert!(usable(&app, "acme", &other).await.is_empty());
        app.finish().await;
    }

    async fn a_coupon_that_does_not_go_with_the_discount_of_placing_is_listed_as_a_payment_may_leave_that(app: china()) {
        let off = "simultaneousUseWithEmpowerDiscount";
        let excluding = issue(&app, "acme", CASH, "10", limited(off, "0")).await;
        let demanding = issue(&app, "acme", CASH, "10", limited("minConsumeDiscount", "0.95")).await;
        let discount = grant(&app, "acme", 605, "0.9").await;
        let body = json!({"lines": [vm()], "discount_id": discount});
        let placed = app.post("acme", ORDERS, body).await.ok(201);
        let reduced = placed["order_id"].as_str().expect("an id").to_owned();
        let whole = place(&app, "acme", json!([vm()])).await;
        for order in [&reduced, &whole] {
            assert_eq!(usable(&app, "acme", order).await, [excluding.clone(), demanding.clone()]);
        }
        listed_as_paid(&app, &reduced, &excluding, true).await;
        listed_as_paid(&app, &whole, &demanding, true).await;
        app.finish().await;
    }

    async fn each_kind_of_coupon_says_how_many_a_payment_takes(app: china()) {
        let cash = issue(&app, "acme", CASH, "10", json!({})).await;
        let flexi = issue(&app, "acme", FLEXI, "20", json!({})).await;
        let off = issue(&app, "acme", DISCOUNT, "0.8", json!({})).await;
        let selected = issue(&app, "acme", FLEXI, "30", limited("isOnlyForStrictSelected", "1")).await;
        let order = place(&app, "acme", json!([vm()])).await;
        let found = listed(&app, "acme", &order).await;
        assert_eq!(found["coupon_max_use_quantity"], json!([
            {"coupon_type": 1, "coupon_group": 0, "use_quantity_value": 1},
            {"coupon_type": 2, "coupon_group": 0, "use_quantity_value": 1},
            {"coupon_type": 4, "coupon_group": 0, "use_quantity_value": 3},
        ]));
        let coupons = found["user_coupons"].as_array().expect("a list");
        let shown = |coupon: &Value| (coupon["coupon_id"].clone(), coupon["face_value"].to_string());
        assert_eq!(coupons.iter().map(shown).collect::<Vec<_>>(), [
            (json!(cash), "10".to_owned()), (json!(flexi), "20".to_owned()), (json!(off), "0.8".to_owned()),
        ], "{selected} is for products of the marketplace");
        app.finish().await;
    }

    async fn a_combined_order_has_the_coupons_of_all_that_is_paid_together(app: china()) {
        let for_disks = issue(&app, "acme", CASH, "10", limited("serviceType", "hws.service.type.ebs")).await;
        let alone = with(volume(), "attached_to_line", Value::Null);
        let body = json!({"lines": [vm(), alone], "combined": true});
        let placed = app.post("acme", ORDERS, body).await.ok(201);
        let combined = placed["order_id"].as_str().expect("an id").to_owned();
        let subs = placed["sub_order_ids"].as_array().expect("ids").clone();
        assert_eq!(subs.len(), 2);
        assert_eq!(usable(&app, "acme", &combined).await, std::slice::from_ref(&for_disks));
        for sub in &subs {
            assert_eq!(usable(&app, "acme", sub.as_str().expect("an id")).await, std::slice::from_ref(&for_disks));
        }
        listed_as_paid(&app, &combined, &for_disks, true).await;
        app.finish().await;
    }

    async fn a_members_order_shows_no_coupon_to_the_member_and_the_masters_to_the_master(app: china()) {
        let masters = issue(&app, "globex", CASH, "10", json!({})).await;
        issue(&app, "globex-ops", CASH, "10", json!({})).await;
        let order = place(&app, "globex-ops", json!([vm()])).await;
        assert!(usable(&app, "globex-ops", &order).await.is_empty());
        assert_eq!(usable(&app, "globex", &order).await, [masters]);
        app.finish().await;
    }

    async fn only_an_order_of_ones_own_that_waits_for_payment_has_coupons(app: china()) {
        issue(&app, "acme", CASH, "10", json!({})).await;
        issue(&app, "globex", CASH, "10", json!({})).await;
        let (paid, late) = (place(&app, "acme", json!([vm()])).await, place(&app, "acme", json!([vm()])).await);
        app.post("acme", PAY, payment(&paid)).await.ok(204);
        assert!(usable(&app, "acme", &paid).await.is_empty());
        assert_eq!(usable(&app, "acme", &late).await.len(), 1);
        for (tenant, unknown) in [("globex", late.as_str()), ("acme", "CS2601151600ABCDEFGH"), ("acme", "nobodys-id")] {
            app.get(tenant, &format!("{ORDER_COUPONS}?order_id={unknown}")).await.refused(400, "CBC.30000010");
        }
        app.advance_to("2026-01-23T00:00:00+08:00").await;
        assert!(usable(&app, "acme", &late).await.is_empty());
        for path in [ORDER_COUPONS.to_owned(), format!("{ORDER_COUPONS}?order_id={}", "x".repeat(65))] {
            assert!(app.get("acme", &path).await.refused(400, "CBC.0100").starts_with("order_id"));
        }
        for stranger in ["operator", "north"] {
            let path = format!("{ORDER_COUPONS}?order_id={late}");
            let refused = app.get(stranger, &path).await;
            assert_eq!(refused.status, 403, "{stranger}: {}", refused.text());
        }
        app.finish().await;
    }

    async fn outside_the_china_site_the_operation_does_not_exist(app) {
        let reply = app.get("acme", &format!("{ORDER_COUPONS}?order_id=CS2601151600ABCDEFGH")).await;
        reply.refused(404, "APIG.0101");
        app.finish().await;
    }
}
