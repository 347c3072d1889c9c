//! Every refusal that the documents list for coupons, orders and payments, each by the rule that causes it.
//!
//! [`ROWS`] says which fact provokes which row of the documents' tables; one test holds it against the copy of those
//! tables, another against the text of the facts.

mod benefits;
mod limits;
mod turn;

use domain::calendar::Instant;
use platform::op::Host as _;
use serde_json::{Value, json};

use crate::accounts::disk;
use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{CANCEL, LIST, PAY, cash, machine, payment, place, status};
use crate::paying::{COUPONS, place_with};

/// Section, code, and the fact that provokes it there.
const ROWS: &[(&str, &str, &str)] = &[
    ("8.2.1", "CBC.0100", "a_coupon_type_that_is_two_quotes_is_a_parameter_error"),
    ("8.2.1", "CBC.0151", "the_operator_has_no_coupons_to_list"),
    ("8.2.1", "CBC.0999", "a_defect_is_told_as_such"),
    ("8.3.1", "CBC.0100", "a_page_of_no_orders_is_a_parameter_error"),
    ("8.3.1", "CBC.0101", "a_span_that_runs_backwards_is_invalid"),
    ("8.3.1", "CBC.99000037", "a_distributor_sees_the_orders_of_its_own_resellers_only"),
    ("8.3.1", "CBC.0155", "the_operator_has_no_orders_to_list"),
    ("8.3.1", "CBC.0999", "a_defect_is_told_as_such"),
    ("8.3.2", "CBC.0100", "a_page_of_no_lines_is_a_parameter_error"),
    ("8.3.2", "CBC.0101", "a_customer_has_no_resellers_to_name"),
    ("8.3.2", "CBC.99000037", "a_distributor_sees_the_orders_of_its_own_resellers_only"),
    ("8.3.2", "CBC.30000010", "an_order_of_somebody_else_does_not_exist"),
    ("8.3.2", "CBC.0155", "the_operator_has_no_orders_to_list"),
    ("8.3.2", "CBC.0999", "a_defect_is_told_as_such"),
    ("8.3.3", "CBC.99000046", "a_customer_of_the_reseller_model_buys_within_its_budget"),
    ("8.3.3", "CBC.30000010", "an_order_of_somebody_else_does_not_exist"),
    ("8.3.3", "CBC.99003106", "an_order_that_was_paid_or_cancelled_is_not_paid_again"),
    ("8.3.3", "CBC.99003108", "a_discount_that_is_not_for_the_order_is_refused"),
    ("8.3.3", "CBC.99003110", "an_order_whose_time_is_over_is_not_paid"),
    ("8.3.3", "CBC.99003112", "a_coupon_that_cannot_be_spent_is_refused"),
    ("8.3.3", "CBC.99003116", "a_coupon_that_excludes_granted_discounts_is_refused_beside_one"),
    ("8.3.3", "CBC.99003117", "a_coupon_with_a_least_share_is_refused_where_every_line_costs_less"),
    ("8.3.3", "CBC.99003141", "what_the_quota_or_the_capacity_does_not_admit_is_listed"),
    ("8.3.3", "CBC.99003147", "a_coupon_that_excludes_promotions_is_refused_beside_one"),
    ("8.3.3", "CBC.99003155", "enterprise_projects_without_funds_are_listed"),
    ("8.3.3", "CBC.99003156", "coupons_for_marketplace_products_go_with_no_other"),
    ("8.3.3", "CBC.99003162", "an_order_is_paid_before_its_effective_time"),
    ("8.3.3", "CBC.99003198", "a_member_buys_within_the_budget_of_its_organisation"),
    ("8.3.3", "CBC.99005003", "without_the_money_nothing_is_paid"),
    ("8.3.3", "CBC.99006093", "a_country_without_a_tax_rate_in_force_stops_the_payment"),
    ("8.3.3", "CBC.7281", "a_frozen_account_does_not_pay"),
    ("8.3.3", "CBC.99008040", "too_many_refused_payments_of_a_day_stop_the_next"),
    ("8.3.3", "CBC.0999", "a_defect_is_told_as_such"),
    ("8.3.3", "CBC.99000088", "a_unified_member_pays_by_hand_once"),
    ("8.3.3", "CBC.99000089", "a_sub_order_is_not_paid_or_cancelled_by_itself"),
    ("8.3.3", "CBC.99008056", "a_day_has_as_many_payments_as_its_limit_says"),
    ("8.3.4", "CBC.0100", "a_cancellation_names_its_order"),
    ("8.3.4", "CBC.99005010", "only_an_order_that_waits_for_payment_is_cancelled"),
    ("8.3.4", "CBC.0151", "a_partner_does_not_cancel_orders"),
    ("8.3.4", "CBC.0999", "a_defect_is_told_as_such"),
    ("8.3.4", "CBC.99000089", "a_sub_order_is_not_paid_or_cancelled_by_itself"),
];

/// The only codes that no rule provokes (rule 13).
const BY_INJECTION_ONLY: &[&str] = &["CBC.0999"];

#[test]
fn every_row_of_the_documents_has_a_fact() {
    let errors: Value = serde_json::from_str(include_str!("../data/errors.json")).expect("JSON");
    let mut documented = Vec::new();
    for operation in errors["operations"].as_array().expect("a list") {
        let section = operation["section"].as_str().expect("text");
        if !ROWS.iter().any(|(own, ..)| *own == section) {
            continue;
        }
        for error in operation["errors"].as_array().expect("a list") {
            documented.push((section, error["code"].as_str().expect("text")));
        }
    }
    let mut own: Vec<_> = ROWS.iter().map(|(section, code, _)| (*section, *code)).collect();
    documented.sort_unstable();
    own.sort_unstable();
    assert_eq!(own, documented);
}

#[test]
fn every_fact_of_the_table_provokes_its_code() {
    let text = [
        include_str!("paying_codes.rs"),
        include_str!("paying_codes/benefits.rs"),
        include_str!("paying_codes/limits.rs"),
    ]
    .concat();
    for (section, code, fact) in ROWS {
        let head = format!("async fn {fact}(");
        let (_, body) = text.split_once(&head).unwrap_or_else(|| panic!("{section} {code}: no fact {fact}"));
        let body = body.split("\n    async fn ").next().expect("the fact itself");
        assert!(body.contains(&format!("\"{code}\"")), "{fact} does not look for {code} ({section})");
        let is_injected = body.contains("/sandbox/faults");
        assert_eq!(is_injected, BY_INJECTION_ONLY.contains(code), "{fact} provokes {code}");
    }
}

async fn pay(app: &TestApp, tenant: &str, order: &str) -> Reply {
    app.post(tenant, PAY, payment(order)).await
}

async fn limit(app: &TestApp, tenant: &str, limit: Value) {
    let path = format!("/openbss/v1/accounts/{}/spending-limits", app.domain(tenant));
    app.call("operator", "PUT", &path, Some(limit)).await.ok(200);
}

async fn unlimit(app: &TestApp, tenant: &str, kind: &str) {
    let path = format!("/openbss/v1/accounts/{}/spending-limits/{kind}", app.domain(tenant));
    app.call("operator", "DELETE", &path, None).await.ok(204);
}

async fn set_country(app: &TestApp, tenant: &str, country: Option<&str>) {
    let path = format!("/openbss/v1/accounts/{}/country", app.domain(tenant));
    app.call("operator", "PUT", &path, Some(json!({"country": country}))).await.ok(200);
}

async fn freeze(app: &TestApp, tenant: &str, what: &str) {
    let path = format!("/openbss/v1/accounts/{}/{what}", app.domain(tenant));
    let reply = app.post("operator", &path, json!({"reason": "review"})).await;
    assert!(reply.status < 300, "{}", reply.text());
}

async fn top_up(app: &TestApp, tenant: &str, amount: &str) {
    let path = format!("/openbss/v1/accounts/{}/top-ups", app.domain(tenant));
    app.post("operator", &path, json!({"amount": amount, "trans_id": format!("codes-{amount}")}))
        .await
        .ok(201);
}

/// How many machines a customer may have; without a customer, how many all may have.
async fn quota(app: &TestApp, tenant: Option<&str>, quota: i64) {
    let mut body = json!({"region": "ap-southeast-1", "resource_spec": "s3.medium.4.linux", "quota": quota});
    if let Some(tenant) = tenant {
        body["customer_id"] = json!(app.domain(tenant));
    }
    app.call("operator", "PUT", "/openbss/v1/quotas", Some(body)).await.ok(200);
}

/// The clock moves, and no job runs.
fn set_clock(app: &TestApp, to: &str) {
    app.app.clock().advance_to(Instant::parse_utc(to).expect("well-formed"));
}

/// The sub-orders of a combined order of two disks, and the combined order itself.
async fn combined(app: &TestApp, tenant: &str) -> (String, Vec<String>) {
    let lines = json!([disk(10_000), disk(20_000)]);
    let placed = place_with(app, tenant, lines, json!({"combined": true})).await;
    let subs = placed["sub_order_ids"].as_array().expect("a list").iter();
    let whole = placed["order_id"].as_str().expect("an id").to_owned();
    (whole, subs.map(|id| id.as_str().expect("an id").to_owned()).collect())
}

on_both! {
    // 8.2.1

    async fn a_coupon_type_that_is_two_quotes_is_a_parameter_error(app) {
        let message = app.get("acme", &format!("{COUPONS}?coupon_type=%22%22")).await.refused(400, "CBC.0100");
        assert!(message.contains("coupon_type"), "{message}");
        app.finish().await;
    }

    async fn the_operator_has_no_coupons_to_list(app) {
        app.get("operator", COUPONS).await.refused(403, "CBC.0151");
        app.finish().await;
    }

    // 8.3.1 and 8.3.2

    async fn a_page_of_no_orders_is_a_parameter_error(app) {
        let message = app.get("acme", &format!("{LIST}?limit=0")).await.refused(400, "CBC.0100");
        assert!(message.contains("limit"), "{message}");
        app.finish().await;
    }

    async fn a_span_that_runs_backwards_is_invalid(app) {
        for field in ["create_time", "payment_time"] {
            let span = format!("{field}_begin=2026-01-17T00:00:00Z&{field}_end=2026-01-16T00:00:00Z");
            let message = app.get("acme", &format!("{LIST}?{span}")).await.refused(400, "CBC.0101");
            assert!(message.contains(&format!("{field}_end")), "{message}");
        }
        app.finish().await;
    }

    async fn a_distributor_sees_the_orders_of_its_own_resellers_only(app) {
        let order = place(&app, "lighthouse", json!([machine()])).await;
        for reseller in [app.domain("summit"), app.domain("north"), "nobody".to_owned()] {
            let query = format!("?indirect_partner_id={reseller}");
            app.get("north", &format!("{LIST}{query}")).await.refused(400, "CBC.99000037");
            app.get("north", &format!("{LIST}/details/{order}{query}")).await.refused(400, "CBC.99000037");
        }
        let query = format!("?indirect_partner_id={}", app.domain("harbor"));
        assert_eq!(app.get("north", &format!("{LIST}{query}")).await.ok(200)["total_count"], 1);
        app.get("north", &format!("{LIST}/details/{order}{query}")).await.ok(200);
        app.finish().await;
    }

    async fn the_operator_has_no_orders_to_list(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        app.get("operator", LIST).await.refused(403, "CBC.0155");
        app.get("operator", &format!("{LIST}/details/{order}")).await.refused(403, "CBC.0155");
        app.finish().await;
    }

    async fn a_page_of_no_lines_is_a_parameter_error(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        let message = app.get("acme", &format!("{LIST}/details/{order}?limit=0")).await.refused(400, "CBC.0100");
        assert!(message.contains("limit"), "{message}");
        app.finish().await;
    }

    async fn a_customer_has_no_resellers_to_name(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        let path = format!("{LIST}/details/{order}?indirect_partner_id={}", app.domain("harbor"));
        let message = app.get("acme", &path).await.refused(400, "CBC.0101");
        assert!(message.contains("indirect_partner_id"), "{message}");
        app.finish().await;
    }

    async fn an_order_of_somebody_else_does_not_exist(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        for order in [order.as_str(), "CS2601151600ABCDEFGH"] {
            let path = format!("{LIST}/details/{order}");
            app.get("globex", &path).await.refused(400, "CBC.30000010");
            app.get("north", &path).await.refused(400, "CBC.30000010");
            pay(&app, "globex", order).await.refused(400, "CBC.30000010");
        }
        assert_eq!(status(&app, "acme", &order).await, 6);
        app.finish().await;
    }

    async fn a_defect_is_told_as_such(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        let calls = [
            ("ListSubCustomerCoupons", "GET", COUPONS.to_owned(), None),
            ("ListCustomerOrders", "GET", LIST.to_owned(), None),
            ("ShowCustomerOrderDetails", "GET", format!("{LIST}/details/{order}"), None),
            ("PayOrders", "POST", PAY.to_owned(), Some(payment(&order))),
            ("CancelCustomerOrder", "PUT", CANCEL.to_owned(), Some(json!({"order_id": order}))),
        ];
        for (operation, method, path, body) in calls {
            let fault = json!({"operation": operation, "times": 1, "error_code": "CBC.0999"});
            app.post("operator", "/openbss/v1/sandbox/faults", fault).await.ok(201);
            app.call("acme", method, &path, body).await.refused(500, "CBC.0999");
        }
        assert_eq!(status(&app, "acme", &order).await, 6);
        app.finish().await;
    }

    // 8.3.3: the order

    async fn an_order_that_was_paid_or_cancelled_is_not_paid_again(app) {
        let (paid, cancelled) = (place(&app, "acme", json!([machine()])).await, place(&app, "acme", json!([machine()])).await);
        pay(&app, "acme", &paid).await.ok(204);
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": cancelled}))).await.ok(204);
        for order in [paid, cancelled] {
            pay(&app, "acme", &order).await.refused(400, "CBC.99003106");
        }
        assert_eq!(cash(&app, "acme").await, "9817.93");
        app.finish().await;
    }

    async fn an_order_whose_time_is_over_is_not_paid(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        set_clock(&app, "2026-01-22T15:59:59Z");
        pay(&app, "acme", &order).await.refused(400, "CBC.99003110");
        app.finish().await;
    }

    async fn an_order_is_paid_before_its_effective_time(app) {
        let more = json!({"effective_time": "2026-01-16T00:00:00Z"});
        let late = place_with(&app, "acme", json!([machine()]), more.clone()).await;
        let early = place_with(&app, "acme", json!([machine()]), more).await;
        app.advance_to("2026-01-15T23:59:59Z").await;
        pay(&app, "acme", early["order_id"].as_str().unwrap()).await.ok(204);
        app.advance_to("2026-01-16T00:00:00Z").await;
        pay(&app, "acme", late["order_id"].as_str().unwrap()).await.refused(400, "CBC.99003162");
        assert_eq!(cash(&app, "acme").await, "9817.93");
        app.finish().await;
    }

    async fn a_unified_member_pays_by_hand_once(app) {
        let order = place(&app, "globex-ops", json!([machine()])).await;
        pay(&app, "globex-ops", &order).await.ok(204);
        pay(&app, "globex-ops", &order).await.refused(400, "CBC.99000088");
        pay(&app, "globex", &order).await.ok(204);
        pay(&app, "globex-ops", &order).await.refused(400, "CBC.99003106");
        app.finish().await;
    }

    async fn a_sub_order_is_not_paid_or_cancelled_by_itself(app) {
        for (tenant, payer) in [("acme", "acme"), ("globex-ops", "globex")] {
            let (whole, subs) = combined(&app, tenant).await;
            for sub in &subs {
                let message = pay(&app, tenant, sub).await.refused(400, "CBC.99000089");
                assert!(message.contains(sub), "{message}");
                pay(&app, payer, sub).await.refused(400, "CBC.99000089");
                let cancel = app.call(tenant, "PUT", CANCEL, Some(json!({"order_id": sub}))).await;
                cancel.refused(400, "CBC.99000089");
                assert_eq!(status(&app, tenant, sub).await, 6);
            }
            if tenant != payer {
                pay(&app, tenant, &whole).await.ok(204);
                pay(&app, tenant, &whole).await.refused(400, "CBC.99000088");
            }
            pay(&app, payer, &whole).await.ok(204);
            for sub in &subs {
                assert_eq!(status(&app, tenant, sub).await, 5);
                pay(&app, tenant, sub).await.refused(400, "CBC.99003106");
            }
        }
        assert_eq!((cash(&app, "acme").await, cash(&app, "globex").await), ("9700".to_owned(), "4700".to_owned()));
        app.finish().await;
    }

    // 8.3.4

    async fn a_cancellation_names_its_order(app) {
        for body in [json!({}), json!({"order_id": null}), json!({"order_id": "x".repeat(65)})] {
            let message = app.call("acme", "PUT", CANCEL, Some(body)).await.refused(400, "CBC.0100");
            assert!(message.contains("order_id"), "{message}");
        }
        app.finish().await;
    }

    async fn only_an_order_that_waits_for_payment_is_cancelled(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        let cancel = || app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order})));
        pay(&app, "acme", &order).await.ok(204);
        cancel().await.refused(400, "CBC.99005010");
        assert_eq!(status(&app, "acme", &order).await, 5);
        app.finish().await;
    }

    async fn a_partner_does_not_cancel_orders(app) {
        let order = place(&app, "lighthouse", json!([machine()])).await;
        for partner in ["harbor", "north", "summit", "operator"] {
            app.call(partner, "PUT", CANCEL, Some(json!({"order_id": order}))).await.refused(403, "CBC.0151");
        }
        assert_eq!(status(&app, "lighthouse", &order).await, 6);
        app.finish().await;
    }
}
