//! Facts about orders that are paid with discounts, coupons and cards, through the wire.

use domain::site::Site;
use serde_json::{Value, json};

use crate::accounts::{EXTERNAL, disk, fail, waiting};
use crate::harness::{Options, TestApp};
use crate::on_both;
use crate::orders::{LIST, ORDERS, PAY, cash, details, machine, payment, place, with};

/// The China site, which has discount coupons, flexi-purchase coupons and stored-value cards.
pub(crate) const CHINA: Options = Options {
    site: Site::Cn,
    provisioner: server::app::Provisioner::Immediate,
    throttle: false,
    is_sandbox: true,
};
/// The product of [`disk`].
const DISK: &str = "OFFI779000000000000016";
/// When coupons expire where a fact does not say otherwise.
const LATER: &str = "2026-12-31T16:00:00Z";

pub(crate) const COUPONS: &str = "/v2/promotions/benefits/coupons";

/// Grants a discount, and answers its id.
pub(crate) async fn grant(
    app: &TestApp,
    tenant: &str,
    kind: i64,
    mode: &str,
    value: &str,
    scope: Value,
) -> String {
    let body = json!({
        "discount_type": kind, "customer_id": app.domain(tenant), "mode": mode, "value": value, "scope": scope,
    });
    let granted = app.post("operator", "/openbss/v1/discounts", body).await.ok(201);
    granted["discount_id"].as_str().expect("an id").to_owned()
}

/// Issues a coupon as its body says; `customer_id` and `expire_time` are filled in where they are absent.
pub(crate) async fn issue(app: &TestApp, tenant: &str, mut body: Value) -> String {
    body["customer_id"] = json!(app.domain(tenant));
    if body["expire_time"].is_null() {
        body["expire_time"] = json!(LATER);
    }
    let issued = app.post("operator", "/openbss/v1/coupons", body).await.ok(201);
    issued["coupon_id"].as_str().expect("an id").to_owned()
}

/// Issues a cash coupon with limits: key and value1.
pub(crate) async fn coupon(app: &TestApp, tenant: &str, face: &str, limits: &[(&str, &str)]) -> String {
    let limits: Vec<Value> =
        limits.iter().map(|(key, value)| json!({"limit_key": key, "value1": value})).collect();
    issue(app, tenant, json!({"face_value": face, "limits": limits})).await
}

/// Issues a stored-value card.
pub(crate) async fn card(app: &TestApp, tenant: &str, face: &str) -> String {
    let body = json!({"customer_id": app.domain(tenant), "face_value": face, "expire_time": LATER});
    let issued = app.post("operator", "/openbss/v1/stored-value-cards", body).await.ok(201);
    issued["card_id"].as_str().expect("an id").to_owned()
}

/// Freezes, unfreezes or withdraws a coupon.
pub(crate) async fn to_coupon(app: &TestApp, id: &str, what: &str) {
    let reply = app.post("operator", &format!("/openbss/v1/coupons/{id}/{what}"), json!({})).await;
    assert!(reply.status < 300, "{what}: {}", reply.text());
}

/// A payment that names a discount and coupons, each by its id and payment type.
pub(crate) fn pay_with(order: &str, discount: Option<(&str, i64)>, coupons: &[(&str, i64)]) -> Value {
    let named = |(id, kind): &(&str, i64)| json!({"id": id, "type": kind});
    let mut body = payment(order);
    if let Some(discount) = &discount {
        body["use_discount"] = json!("YES");
        body["discount_infos"] = json!([named(discount)]);
    }
    if !coupons.is_empty() {
        body["use_coupon"] = json!("YES");
        body["coupon_infos"] = coupons.iter().map(named).collect();
    }
    body
}

/// Amounts of an order or a line: `list = type:amount ... + payable`, then what coupons, flexi-purchase coupons and
/// cards paid, where they did.
pub(crate) fn amounts(shown: &Value) -> String {
    let info = &shown["amount_info"];
    let mut text = format!("{} =", shown["official_amount"]);
    for item in info["discounts"].as_array().expect("a list") {
        text += &format!(" {}:{}", item["discount_type"].as_str().expect("text"), item["discount_amount"]);
    }
    text += &format!(" + {}", shown["amount_after_discount"]);
    let paid = [
        ("coupon", "coupon_amount"),
        ("flexi", "flexipurchase_coupon_amount"),
        ("card", "stored_card_amount"),
    ];
    for (name, field) in paid {
        if info[field] != json!(0) {
            text += &format!("; {name} {}", info[field]);
        }
    }
    text
}

/// The amounts of an order and of its lines. The list shows the same order with the same amounts.
pub(crate) async fn bill(app: &TestApp, tenant: &str, order: &str) -> Vec<String> {
    let shown = details(app, tenant, order).await;
    let listed = app.get(tenant, &format!("{LIST}?order_id={order}")).await.ok(200);
    let whole = amounts(&shown["order_info"]);
    if listed["total_count"] == 1 {
        assert_eq!(amounts(&listed["order_infos"][0]), whole);
    }
    let lines = shown["order_line_items"].as_array().expect("a list").iter().map(amounts);
    std::iter::once(whole).chain(lines).collect()
}

/// What the customer sees of a coupon.
pub(crate) async fn seen(app: &TestApp, tenant: &str, id: &str) -> Value {
    let body = app.get(tenant, &format!("{COUPONS}?coupon_id={id}")).await.ok(200);
    assert_eq!(body["count"].to_string().trim_matches('"'), "1", "{body}");
    body["user_coupons"][0].clone()
}

/// A coupon in short: `status balance`, and the order that holds it.
pub(crate) async fn coupon_is(app: &TestApp, tenant: &str, id: &str) -> String {
    let seen = seen(app, tenant, id).await;
    let held = seen["lock_order_id"].as_str().filter(|held| !held.is_empty());
    let held = held.map(|order| format!(" held by {order}")).unwrap_or_default();
    format!("{} {}{held}", seen["status"], seen["balance"])
}

/// Places an order with more than its lines.
pub(crate) async fn place_with(app: &TestApp, tenant: &str, lines: Value, more: Value) -> Value {
    let mut body = json!({"lines": lines});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    app.post(tenant, ORDERS, body).await.ok(201)
}

pub(crate) fn id_of(placed: &Value) -> String {
    placed["order_id"].as_str().expect("an id").to_owned()
}

pub(crate) fn auto(more: Value) -> Value {
    with(more, "auto_pay", json!(true))
}

on_both! {
    async fn every_discount_reduces_an_order_that_names_it_at_placing_or_at_payment(app) {
        let mut left = 1_000_000;
        for (kind, pay_type) in [(200, 0), (605, 2), (606, 2), (607, 3), (700, 0)] {
            // 349.50 for 699 GB and a year: 0.8 of it, 0.40 a GB, or 69.90 less.
            for (mode, value) in [("ratio", "0.8"), ("fixed_price", "0.4"), ("amount_off", "69.9")] {
                let discount = grant(&app, "acme", kind, mode, value, json!({"product_id": DISK})).await;
                let expected = format!("349.5 = {kind}:69.9 + 279.6");
                let placed = place_with(&app, "acme", json!([disk(34_950)]), json!({"discount_id": discount})).await;
                let amounts = (&placed["official_amount"], &placed["amount_after_discount"]);
                assert_eq!(amounts, (&json!("349.5"), &json!("279.6")), "{kind} {mode}");
                let first = id_of(&placed);
                assert_eq!(bill(&app, "acme", &first).await, [expected.as_str(), &expected]);
                app.post("acme", PAY, pay_with(&first, Some((&discount, pay_type)), &[])).await.ok(204);

                let second = place(&app, "acme", json!([disk(34_950)])).await;
                assert_eq!(bill(&app, "acme", &second).await[0], "349.5 = + 349.5");
                let pay = pay_with(&second, Some((&discount, pay_type)), &[]);
                app.post("acme", PAY, pay).await.ok(204);
                for order in [first, second] {
                    assert_eq!(bill(&app, "acme", &order).await, [expected.as_str(), &expected], "{kind} {mode}");
                    left -= 27_960;
                }
            }
        }
        let shown = cash(&app, "acme").await;
        assert_eq!(shown, domain::money::Charge::cents(left).to_string());
        app.finish().await;
    }

    async fn a_payment_with_another_discount_replaces_that_of_placing(app) {
        let first = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let second = grant(&app, "acme", 607, "ratio", "0.5", json!({})).await;
        let placed = place_with(&app, "acme", json!([disk(10_000)]), json!({"discount_id": first})).await;
        let order = id_of(&placed);
        assert_eq!(bill(&app, "acme", &order).await[0], "100 = 605:10 + 90");
        app.post("acme", PAY, pay_with(&order, Some((&second, 3)), &[])).await.ok(204);
        assert_eq!(bill(&app, "acme", &order).await, ["100 = 607:50 + 50", "100 = 607:50 + 50"]);
        assert_eq!(cash(&app, "acme").await, "9950");
        app.finish().await;
    }

    async fn a_discount_that_leaves_nothing_pays_the_order_at_once(app) {
        let all = grant(&app, "acme", 605, "amount_off", "500", json!({})).await;
        let placed = place_with(&app, "acme", json!([disk(34_950)]), json!({"discount_id": all})).await;
        assert_eq!((&placed["status"], &placed["amount_after_discount"]), (&json!(5), &json!("0")));
        assert_eq!(bill(&app, "acme", &id_of(&placed)).await[0], "349.5 = 605:349.5 + 0");
        assert_eq!(cash(&app, "acme").await, "10000");
        app.finish().await;
    }

    async fn an_amount_off_is_shared_out_over_the_lines_that_it_fits(app) {
        let off = grant(&app, "acme", 606, "amount_off", "1", json!({"service_type": "hws.service.type.ebs"})).await;
        let lines = json!([machine(), disk(10_000), disk(10_000), disk(10_000)]);
        let order = place(&app, "acme", lines).await;
        app.post("acme", PAY, pay_with(&order, Some((&off, 2)), &[])).await.ok(204);
        let bill = bill(&app, "acme", &order).await;
        assert_eq!(bill[..2], ["482.07 = 606:1 + 481.07", "182.07 = + 182.07"]);
        let mut shares = bill[2..].to_vec();
        shares.sort_unstable();
        assert_eq!(shares, ["100 = 606:0.33 + 99.67", "100 = 606:0.33 + 99.67", "100 = 606:0.34 + 99.66"]);
        app.finish().await;
    }

    async fn automatic_payment_takes_the_best_offer_and_never_a_promotion(app) {
        for (kind, value) in [(700, "0.1"), (200, "0.2"), (607, "0.8"), (606, "0.9"), (605, "0.95")] {
            grant(&app, "acme", kind, "ratio", value, json!({"product_id": DISK})).await;
        }
        let placed = place_with(&app, "acme", json!([disk(10_000)]), auto(json!({}))).await;
        assert_eq!((&placed["status"], &placed["amount_after_discount"]), (&json!(5), &json!("80")));
        assert_eq!(bill(&app, "acme", &id_of(&placed)).await[0], "100 = 607:20 + 80");
        // As good as the partner's, and of the site's own contract.
        grant(&app, "acme", 605, "amount_off", "20", json!({})).await;
        let placed = place_with(&app, "acme", json!([disk(10_000)]), auto(json!({}))).await;
        assert_eq!(bill(&app, "acme", &id_of(&placed)).await[0], "100 = 605:20 + 80");
        app.finish().await;
    }

    async fn an_order_that_automatic_payment_cannot_pay_waits_at_its_list_price(app) {
        grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let paper = coupon(&app, "acme", "5", &[]).await;
        let placed = place_with(&app, "acme", json!([disk(1_200_000)]), auto(json!({}))).await;
        assert_eq!(placed["payment_error"]["error_code"], "CBC.99005003");
        assert_eq!((&placed["status"], &placed["amount_after_discount"]), (&json!(6), &json!("12000")));
        assert_eq!(coupon_is(&app, "acme", &paper).await, "2 5");
        app.finish().await;
    }

    async fn an_order_that_waits_for_its_money_is_placed_once_for_its_idempotency_key(app) {
        coupon(&app, "acme", "5", &[]).await;
        let body = json!({"lines": [disk(1_200_000), disk(50)], "auto_pay": true, "combined": true}).to_string();
        let headers = [("Idempotency-Key", "waits")];
        let first = app.signed(&app.key("acme"), "POST", ORDERS, &body, &headers).await.ok(201);
        assert_eq!((&first["status"], &first["payment_error"]["error_code"]), (&json!(6), &json!("CBC.99005003")));
        let again = app.signed(&app.key("acme"), "POST", ORDERS, &body, &headers).await;
        assert_eq!(again.headers["idempotency-hit"], "true");
        assert_eq!(again.ok(201), first);
        assert_eq!(app.get("acme", LIST).await.ok(200)["total_count"], 2);
        // Nothing of the attempt is left: no resource, no notice of a payment.
        let resources = app.post("acme", "/v2/orders/suscriptions/resources/query", json!({})).await.ok(200);
        assert_eq!((&resources["total_count"], cash(&app, "acme").await), (&json!(0), "10000".to_owned()));
        app.finish().await;
    }

    async fn the_documented_order_has_the_documented_amounts(app) {
        let promotion = grant(&app, "acme", 700, "ratio", "0.8", json!({})).await;
        let paper = coupon(&app, "acme", "5", &[]).await;
        let order = place(&app, "acme", json!([disk(34_950)])).await;
        app.post("acme", PAY, pay_with(&order, Some((&promotion, 0)), &[(&paper, 301)])).await.ok(204);
        let listed = app.get("acme", &format!("{LIST}?order_id={order}")).await.ok(200);
        let shown = &listed["order_infos"][0];
        assert_eq!(shown["official_amount"].to_string(), "349.5");
        assert_eq!(shown["amount_after_discount"].to_string(), "274.6");
        assert_eq!(shown["amount_info"].to_string(), json!({
            "discounts": [{"discount_type": "700", "discount_amount": 69.9}, {"discount_type": "301", "discount_amount": 5}],
            "flexipurchase_coupon_amount": 0, "coupon_amount": 5, "stored_card_amount": 0,
            "commission_amount": null, "consumed_amount": null,
        }).to_string());
        let expected = "349.5 = 700:69.9 301:5 + 274.6; coupon 5";
        assert_eq!(bill(&app, "acme", &order).await, [expected, expected]);
        assert_eq!(cash(&app, "acme").await, "9725.4");
        assert_eq!(coupon_is(&app, "acme", &paper).await, "3 0");
        app.finish().await;
    }

    async fn the_amounts_of_an_order_are_the_sums_of_its_lines(app) {
        let discount = grant(&app, "acme", 605, "ratio", "0.93", json!({"service_type": "hws.service.type.ec2"})).await;
        let paper = coupon(&app, "acme", "10", &[("serviceType", "hws.service.type.ebs")]).await;
        let order = place(&app, "acme", json!([machine(), disk(1_250), disk(2_550)])).await;
        app.post("acme", PAY, pay_with(&order, Some((&discount, 2)), &[(&paper, 301)])).await.ok(204);
        // 7 % of 182.07 is 12.7449; 10 over 12.50 and 25.50 is 3.289... and 6.710...
        assert_eq!(bill(&app, "acme", &order).await, [
            "220.07 = 605:12.74 301:10 + 197.33; coupon 10",
            "182.07 = 605:12.74 + 169.33",
            "12.5 = 301:3.29 + 9.21; coupon 3.29",
            "25.5 = 301:6.71 + 18.79; coupon 6.71",
        ]);
        app.finish().await;
    }

    async fn a_coupon_with_money_left_is_used_again_until_it_is_spent(app) {
        let paper = coupon(&app, "acme", "150", &[]).await;
        let mut orders = Vec::new();
        for (amount, is_now) in [("100", "2 50"), ("50", "3 0")] {
            let order = place(&app, "acme", json!([disk(10_000)])).await;
            app.post("acme", PAY, pay_with(&order, None, &[(&paper, 301)])).await.ok(204);
            assert!(bill(&app, "acme", &order).await[0].ends_with(&format!("; coupon {amount}")));
            assert_eq!(coupon_is(&app, "acme", &paper).await, is_now);
            orders.push(order);
        }
        assert_eq!(seen(&app, "acme", &paper).await["order_id"], orders.join(";"));
        let third = place(&app, "acme", json!([disk(10_000)])).await;
        app.post("acme", PAY, pay_with(&third, None, &[(&paper, 301)])).await.refused(400, "CBC.99003112");
        assert_eq!(cash(&app, "acme").await, "9950");
        app.finish().await;
    }

    async fn a_coupon_for_one_use_is_spent_by_it_whatever_is_left(app) {
        let paper = coupon(&app, "acme", "150", &[("usageTimes", "1")]).await;
        let (first, second) = (place(&app, "acme", json!([disk(10_000)])).await, place(&app, "acme", json!([disk(10_000)])).await);
        app.post("acme", PAY, pay_with(&first, None, &[(&paper, 301)])).await.ok(204);
        app.post("acme", PAY, pay_with(&second, None, &[(&paper, 301)])).await.refused(400, "CBC.99003112");
        assert_eq!(cash(&app, "acme").await, "10000");
        app.finish().await;
    }

    async fn coupons_may_pay_an_order_whole(app) {
        let paper = coupon(&app, "acme", "100", &[]).await;
        let placed = place_with(&app, "acme", json!([disk(10_000)]), json!({"coupon_id": paper})).await;
        // The coupon is the customer's money: it is not spent before somebody says so.
        assert_eq!((&placed["status"], &placed["amount_after_discount"]), (&json!(6), &json!("0")));
        app.post("acme", PAY, pay_with(&id_of(&placed), None, &[(&paper, 301)])).await.ok(204);
        assert_eq!(bill(&app, "acme", &id_of(&placed)).await[0], "100 = 301:100 + 0; coupon 100");
        assert_eq!(coupon_is(&app, "acme", &paper).await, "3 0");
        let more = coupon(&app, "acme", "100", &[]).await;
        let placed = place_with(&app, "acme", json!([disk(10_000)]), auto(json!({}))).await;
        assert_eq!((&placed["status"], &placed["amount_after_discount"]), (&json!(5), &json!("0")));
        assert_eq!(coupon_is(&app, "acme", &more).await, "3 0");
        assert_eq!(cash(&app, "acme").await, "10000");
        app.finish().await;
    }

    async fn automatic_payment_takes_restricted_coupons_first_then_the_earliest_to_expire(app) {
        let restricted = json!({"face_value": "3", "limits": [{"limit_key": "cycleType", "value1": "1"}]});
        let for_years = issue(&app, "acme", restricted).await;
        let late = issue(&app, "acme", json!({"face_value": "2", "expire_time": "2026-12-01T16:00:00Z"})).await;
        let early = issue(&app, "acme", json!({"face_value": "1", "expire_time": "2026-02-01T16:00:00Z"})).await;
        let elsewhere = json!({"face_value": "9", "limits": [{"limit_key": "serviceType", "value1": "hws.service.type.obs"}]});
        let elsewhere = issue(&app, "acme", elsewhere).await;
        for amount in ["3", "1", "2"] {
            let placed = place_with(&app, "acme", json!([disk(10_000)]), auto(json!({}))).await;
            let bill = bill(&app, "acme", &id_of(&placed)).await;
            assert!(bill[0].ends_with(&format!("; coupon {amount}")), "{amount}: {bill:?}");
        }
        let placed = place_with(&app, "acme", json!([disk(10_000)]), auto(json!({}))).await;
        assert_eq!(bill(&app, "acme", &id_of(&placed)).await[0], "100 = + 100");
        for spent in [for_years, late, early] {
            assert_eq!(coupon_is(&app, "acme", &spent).await, "3 0");
        }
        assert_eq!(coupon_is(&app, "acme", &elsewhere).await, "2 9");
        app.finish().await;
    }

    async fn automatic_payment_for_a_unified_member_takes_its_masters_discount_and_coupon(app) {
        let masters = coupon(&app, "globex", "30", &[]).await;
        let members = coupon(&app, "globex-ops", "50", &[]).await;
        grant(&app, "globex", 605, "ratio", "0.9", json!({})).await;
        grant(&app, "globex-ops", 605, "ratio", "0.5", json!({})).await;
        let placed = place_with(&app, "globex-ops", json!([disk(10_000)]), auto(json!({}))).await;
        assert_eq!((&placed["status"], &placed["amount_after_discount"]), (&json!(5), &json!("60")));
        assert_eq!(bill(&app, "globex-ops", &id_of(&placed)).await[0], "100 = 605:10 301:30 + 60; coupon 30");
        assert_eq!(cash(&app, "globex").await, "4940");
        assert_eq!(coupon_is(&app, "globex", &masters).await, "3 0");
        assert_eq!(coupon_is(&app, "globex-ops", &members).await, "2 50");
        app.finish().await;
    }

    async fn a_master_pays_a_members_order_with_its_own_coupon_only(app) {
        let members = coupon(&app, "globex-ops", "50", &[]).await;
        let masters = coupon(&app, "globex", "30", &[]).await;
        let order = place(&app, "globex-ops", json!([disk(10_000)])).await;
        app.post("globex", PAY, pay_with(&order, None, &[(&members, 301)])).await.refused(400, "CBC.99003112");
        app.post("globex", PAY, pay_with(&order, None, &[(&masters, 301)])).await.ok(204);
        assert_eq!(bill(&app, "globex-ops", &order).await[0], "100 = 301:30 + 70; coupon 30");
        assert_eq!(cash(&app, "globex").await, "4930");
        app.finish().await;
    }

    async fn one_coupon_pays_for_the_sub_orders_of_a_combined_order_and_is_used_once(app) {
        let paper = coupon(&app, "acme", "30", &[("usageTimes", "1")]).await;
        let lines = json!([disk(10_000), disk(20_000)]);
        let placed = place_with(&app, "acme", lines, json!({"combined": true})).await;
        let subs: Vec<String> = placed["sub_order_ids"].as_array().unwrap().iter()
            .map(|id| id.as_str().unwrap().to_owned()).collect();
        let whole = id_of(&placed);
        assert!(subs.len() == 2 && !subs.contains(&whole), "{placed}");
        app.post("acme", PAY, pay_with(&whole, None, &[(&paper, 301)])).await.ok(204);
        assert_eq!(bill(&app, "acme", &subs[0]).await[0], "100 = 301:10 + 90; coupon 10");
        assert_eq!(bill(&app, "acme", &subs[1]).await[0], "200 = 301:20 + 180; coupon 20");
        assert_eq!(bill(&app, "acme", &whole).await[0], "300 = 301:30 + 270; coupon 30");
        assert_eq!(coupon_is(&app, "acme", &paper).await, "3 0");
        // 004 table 8-3: orders of a combined payment are separated by commas.
        let seen = seen(&app, "acme", &paper).await;
        let mut named: Vec<&str> = seen["order_id"].as_str().unwrap().split(',').collect();
        named.retain(|id| *id != whole);
        named.sort_unstable();
        let mut subs: Vec<&str> = subs.iter().map(String::as_str).collect();
        subs.sort_unstable();
        assert_eq!(named, subs);
        assert_eq!(cash(&app, "acme").await, "9730");
        app.finish().await;
    }

    async fn what_the_cloud_cannot_provide_gives_coupon_and_balance_their_shares_back(app: EXTERNAL) {
        let paper = coupon(&app, "acme", "30", &[]).await;
        let discount = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let order = place(&app, "acme", json!([disk(10_000), disk(20_000)])).await;
        app.post("acme", PAY, pay_with(&order, Some((&discount, 2)), &[(&paper, 301)])).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9760");
        assert_eq!(coupon_is(&app, "acme", &paper).await, "3 0");
        let waiting = waiting(&app).await;
        let (_, dear) = waiting.iter().find(|(cents, _)| *cents == 20_000).expect("it waits");
        let refund = fail(&app, dear).await;
        // Two thirds: 160 from the balance, 20 from the coupon, which can be used again.
        assert_eq!(cash(&app, "acme").await, "9920");
        assert_eq!(coupon_is(&app, "acme", &paper).await, "2 20");
        let shown = details(&app, "acme", &refund).await;
        assert_eq!(shown["order_info"]["amount_after_discount"].to_string(), "-160");
        let (_, cheap) = waiting.iter().find(|(cents, _)| *cents == 10_000).expect("it waits");
        fail(&app, cheap).await;
        assert_eq!(cash(&app, "acme").await, "10000");
        assert_eq!(coupon_is(&app, "acme", &paper).await, "2 30");
        app.finish().await;
    }

    async fn what_a_coupon_paid_whole_goes_back_to_it(app: EXTERNAL) {
        let paper = coupon(&app, "acme", "100", &[("usageTimes", "1")]).await;
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        app.post("acme", PAY, pay_with(&order, None, &[(&paper, 301)])).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "10000");
        let (_, only) = &waiting(&app).await[0];
        fail(&app, only).await;
        assert_eq!(cash(&app, "acme").await, "10000");
        assert_eq!(seen(&app, "acme", &paper).await["balance"].to_string(), "100");
        // A full refund is as if it had not been used.
        let again = place(&app, "acme", json!([disk(10_000)])).await;
        app.post("acme", PAY, pay_with(&again, None, &[(&paper, 301)])).await.ok(204);
        app.finish().await;
    }

    async fn several_flexi_coupons_and_cards_pay_after_the_cash_coupon(app: CHINA) {
        let cash_coupon = coupon(&app, "acme", "10", &[]).await;
        let mut flexi = Vec::new();
        for face in ["20", "30"] {
            flexi.push(issue(&app, "acme", json!({"coupon_type": 4, "face_value": face})).await);
        }
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        let named = [(flexi[0].as_str(), 302), (cash_coupon.as_str(), 301), (flexi[1].as_str(), 302)];
        app.post("acme", PAY, pay_with(&order, None, &named)).await.ok(204);
        assert_eq!(bill(&app, "acme", &order).await[0], "100 = 301:10 302:50 + 40; coupon 10; flexi 50");
        let (first, second) = (card(&app, "acme", "60").await, card(&app, "acme", "70").await);
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        app.post("acme", PAY, pay_with(&order, None, &[(&first, 303), (&second, 303)])).await.ok(204);
        assert_eq!(bill(&app, "acme", &order).await[0], "100 = + 0; card 100");
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        let rest = json!(pay_with(&order, None, &[(&first, 303), (&second, 303)]));
        app.post("acme", PAY, rest).await.refused(400, "CBC.99003112");
        app.post("acme", PAY, pay_with(&order, None, &[(&second, 303)])).await.ok(204);
        assert_eq!(bill(&app, "acme", &order).await[0], "100 = + 70; card 30");
        assert_eq!(cash(&app, "acme").await, "9890");
        app.finish().await;
    }

    async fn a_discount_coupon_reduces_once_before_money_of_coupons(app: CHINA) {
        let fifth = issue(&app, "acme", json!({"coupon_type": 2, "face_value": "0.8"})).await;
        let paper = coupon(&app, "acme", "10", &[]).await;
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        app.post("acme", PAY, pay_with(&order, None, &[(&paper, 301), (&fifth, 300)])).await.ok(204);
        assert_eq!(bill(&app, "acme", &order).await[0], "100 = 300:20 301:10 + 70; coupon 10");
        assert_eq!(cash(&app, "acme").await, "9930");
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        app.post("acme", PAY, pay_with(&order, None, &[(&fifth, 300)])).await.refused(400, "CBC.99003112");
        app.finish().await;
    }

    async fn automatic_payment_goes_through_every_kind_of_benefit(app: CHINA) {
        grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        issue(&app, "acme", json!({"coupon_type": 2, "face_value": "0.8"})).await;
        coupon(&app, "acme", "10", &[]).await;
        issue(&app, "acme", json!({"coupon_type": 4, "face_value": "20"})).await;
        card(&app, "acme", "30").await;
        let placed = place_with(&app, "acme", json!([disk(10_000)]), auto(json!({}))).await;
        assert_eq!(bill(&app, "acme", &id_of(&placed)).await[0],
            "100 = 605:10 300:18 301:10 302:20 + 12; coupon 10; flexi 20; card 30");
        assert_eq!(cash(&app, "acme").await, "9988");
        app.finish().await;
    }

    async fn what_a_switch_turns_off_is_not_used_whoever_is_named(app) {
        let paper = coupon(&app, "acme", "30", &[]).await;
        let discount = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        let mut pay = pay_with(&order, Some((&discount, 2)), &[(&paper, 301)]);
        pay["use_coupon"] = json!("NO");
        pay["use_discount"] = json!("NO");
        app.post("acme", PAY, pay).await.ok(204);
        assert_eq!(bill(&app, "acme", &order).await[0], "100 = + 100");
        assert_eq!(coupon_is(&app, "acme", &paper).await, "2 30");
        app.finish().await;
    }

    async fn the_tax_of_an_order_is_contained_in_what_balances_pay(app) {
        let rates = json!({"rates": [{"country": "DE", "rate": "0.19", "valid_from": "2026-01-01T00:00:00Z"}]});
        app.call("operator", "PUT", "/openbss/v1/tax-rates", Some(rates)).await.ok(200);
        let path = format!("/openbss/v1/accounts/{}/country", app.domain("acme"));
        app.call("operator", "PUT", &path, Some(json!({"country": "DE"}))).await.ok(200);
        let paper = coupon(&app, "acme", "31", &[]).await;
        let more = auto(json!({"coupon_id": paper}));
        let placed = place_with(&app, "acme", json!([disk(15_000)]), more).await;
        // 119 is 100 and 19 % of it.
        assert_eq!((&placed["amount_after_discount"], &placed["tax_amount"]), (&json!("119"), &json!("19")));
        assert_eq!(bill(&app, "acme", &id_of(&placed)).await[0], "150 = 301:31 + 119; coupon 31");
        assert_eq!(cash(&app, "acme").await, "9881");
        app.finish().await;
    }
}
