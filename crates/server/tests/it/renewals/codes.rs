//! Why renewals are refused: every code of 004 8.4.2, by the rule that causes it.

use domain::site::Site;
use serde_json::{Value, json};
use server::app::Provisioner;

use super::{RENEW, attached_to, buy, expiry, order_of, paid_renewal, renewal};
use crate::contract::calls::user;
use crate::harness::{Options, TestApp};
use crate::on_both;
use crate::orders::{ORDERS, disk, machine, with};

pub(crate) const EXTERNAL: Options =
    Options { site: Site::Intl, provisioner: Provisioner::External, throttle: false, is_sandbox: true };

/// A line of one product, for a number of periods.
pub(crate) fn product(service: &str, kind: &str, spec: &str, period: (i64, i64)) -> Value {
    json!({
        "cloud_service_type": format!("hws.service.type.{service}"),
        "resource_type": format!("hws.resource.type.{kind}"),
        "resource_spec": spec, "region": "ap-southeast-1", "period_type": period.0, "period_num": period.1,
    })
}

/// A machine of 30 a month and 300 a year.
pub(crate) fn small(period: (i64, i64)) -> Value {
    product("ec2", "vm", "s2.medium.4.linux", period)
}

pub(crate) fn add_on() -> Value {
    let mut line = product("vpc", "bandwidth.addon", "19_bgp.addon", (0, 3));
    line["resource_size"] = json!(5);
    line["size_measure_id"] = json!(15);
    line
}

pub(crate) fn bundle() -> Value {
    product("offline", "general", "starter.bundle", (2, 1))
}

/// Asks for a renewal of one resource, which is refused, and answers the message.
async fn refused(app: &TestApp, id: &str, period: (i64, i64), code: &str) -> String {
    let message = app.post("acme", RENEW, renewal(&[id], period.0, period.1)).await.refused(400, code);
    if code != "CBC.7281" {
        assert!(message.contains(id), "{message}");
    }
    let placed = app.get("acme", "/v2/orders/customer-orders?order_type=2").await.ok(200);
    assert_eq!(placed["total_count"], 0, "nothing was placed");
    message
}

/// Bodies that are refused with CBC.0100, and the field that is named.
const MALFORMED: &[(&str, &str)] = &[
    (r#"{"period_type": 2, "period_num": 1}"#, "resource_ids"),
    (r#"{"resource_ids": null, "period_type": 2, "period_num": 1}"#, "resource_ids"),
    (r#"{"resource_ids": [], "period_type": 2, "period_num": 1}"#, "resource_ids"),
    (r#"{"resource_ids": "", "period_type": 2, "period_num": 1}"#, "resource_ids"),
    (
        r#"{"resource_ids": ["1","2","3","4","5","6","7","8","9","10","11"], "period_type": 2, "period_num": 1}"#,
        "resource_ids",
    ),
    (r#"{"resource_ids": ["a"], "period_num": 1}"#, "period_type"),
    (r#"{"resource_ids": ["a"], "period_type": 0, "period_num": 1}"#, "period_type"),
    (r#"{"resource_ids": ["a"], "period_type": 4, "period_num": 1}"#, "period_type"),
    (r#"{"resource_ids": ["a"], "period_type": 2}"#, "period_num"),
    (r#"{"resource_ids": ["a"], "period_type": 2, "period_num": 0}"#, "period_num"),
    (r#"{"resource_ids": ["a"], "period_type": 2, "period_num": 12}"#, "period_num"),
    (r#"{"resource_ids": ["a"], "period_type": 3, "period_num": 4}"#, "period_num"),
    (r#"{"resource_ids": ["a", "b", "a"], "period_type": 2, "period_num": 1}"#, "resource_ids[2]"),
];

on_both! {
    async fn malformed_renewals_name_the_field(app) {
        for (body, field) in MALFORMED {
            let reply = app.signed(&app.key("acme"), "POST", RENEW, body, &[]).await;
            let message = reply.refused(400, "CBC.0100");
            assert!(message.starts_with(field), "{body}: {message}");
        }
        for (field, value) in [
            ("is_auto_pay", json!(2)), ("is_auto_pay", json!("")), ("expire_policy", json!(4)), ("expire_policy", json!(-1)),
        ] {
            let body = with(renewal(&["a"], 2, 1), field, value);
            let message = app.post("acme", RENEW, body).await.refused(400, "CBC.0100");
            assert!(message.starts_with(field), "{message}");
        }
        app.finish().await;
    }

    async fn the_discarded_policy_is_accepted_and_has_no_effect(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        for policy in [json!(0), json!(1), json!(2), json!("3"), Value::Null] {
            let body = with(with(paid_renewal(&[&id], 2, 1), "expire_policy", policy), "is_auto_pay", json!("1"));
            order_of(app.post("acme", RENEW, body).await);
        }
        let shown = super::resource(&app, "acme", &id).await;
        assert_eq!((&shown["expire_policy"], &shown["expire_time"]), (&json!(0), &json!("2026-07-15T15:59:59Z")));
        app.finish().await;
    }

    async fn resources_that_are_not_there_are_all_told(app) {
        let own = buy(&app, "acme", json!([machine()])).await.remove(0);
        let others = buy(&app, "globex", json!([machine()])).await.remove(0);
        let reply = app.post("acme", RENEW, renewal(&["nothing", &own, &others], 2, 1)).await;
        assert_eq!(reply.json()["expiredResourceIds"], json!(["nothing", others]));
        reply.refused(400, "CBC.99003016");
        app.finish().await;
    }

    async fn what_is_attached_is_renewed_with_its_primary_alone(app) {
        let id = buy(&app, "acme", json!([machine(), disk()])).await.remove(0);
        let child = attached_to(&app, "acme", &id).await;
        refused(&app, &child, (2, 1), "CBC.30010036").await;
        app.post("acme", RENEW, renewal(&[&id, &child], 2, 1)).await.refused(400, "CBC.30010036");
        app.finish().await;
    }

    async fn what_hangs_on_a_resource_that_is_still_provided_cannot_be_renewed(app: EXTERNAL) {
        let body = json!({"lines": [machine(), disk()], "auto_pay": true});
        app.post("acme", ORDERS, body).await.ok(201);
        let waiting = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let id = |main: bool| waiting["items"].as_array().unwrap().iter()
            .find(|item| item["parent_id"].is_null() == main).unwrap()["id"].as_str().unwrap().to_owned();
        let provided = format!("/openbss/v1/resources/{}/provisioned", id(true));
        app.post("operator", &provided, json!({"resource_id": "vm-1"})).await.ok(200);
        refused(&app, "vm-1", (2, 1), "CBC.99003144").await;
        let provided = format!("/openbss/v1/resources/{}/provisioned", id(false));
        app.post("operator", &provided, json!({})).await.ok(200);
        order_of(app.post("acme", RENEW, paid_renewal(&["vm-1"], 2, 1)).await);
        app.finish().await;
    }

    async fn a_frozen_account_renews_nothing(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let freeze = format!("/openbss/v1/accounts/{}/freeze", app.domain("acme"));
        app.post("operator", &freeze, json!({"reason": "review"})).await.ok(200);
        refused(&app, &id, (2, 1), "CBC.7281").await;
        let unfreeze = format!("/openbss/v1/accounts/{}/unfreeze", app.domain("acme"));
        app.post("operator", &unfreeze, json!({})).await.ok(200);
        order_of(app.post("acme", RENEW, renewal(&[&id], 2, 1)).await);
        app.finish().await;
    }

    async fn a_term_reaches_five_years_from_now_or_as_far_as_its_product_says(app) {
        let id = buy(&app, "acme", json!([small((3, 1))])).await.remove(0);
        order_of(app.post("acme", RENEW, paid_renewal(&[&id], 3, 3)).await);
        order_of(app.post("acme", RENEW, paid_renewal(&[&id], 3, 1)).await);
        assert_eq!(expiry(&app, "acme", &id).await, "2031-01-15T15:59:59Z");
        let message = app.post("acme", RENEW, renewal(&[&id], 2, 1)).await.refused(400, "CBC.99003154");
        assert!(message.contains("5 years"), "{message}");
        // A month later a month more is allowed.
        app.advance_to("2026-02-15T08:00:00Z").await;
        order_of(app.post("acme", RENEW, paid_renewal(&[&id], 2, 1)).await);
        app.change_product("s2.medium.4.linux", |product| product["period"]["max_years"] = json!(6)).await;
        order_of(app.post("acme", RENEW, paid_renewal(&[&id], 3, 1)).await);
        app.change_product("s2.medium.4.linux", |product| product["period"]["max_years"] = json!(1)).await;
        let message = app.post("acme", RENEW, renewal(&[&id], 2, 1)).await.refused(400, "CBC.99003154");
        assert!(message.contains("1 years"), "{message}");
        app.finish().await;
    }

    async fn a_period_that_a_product_has_no_price_for_does_not_exist(app) {
        // By the day alone, and by the year alone: twelve months are out of the range of a renewal.
        let days = buy(&app, "acme", json!([product("offline", "general", "consulting.day", (0, 1))])).await.remove(0);
        let years = buy(&app, "acme", json!([product("ec2", "savingsplan", "ecs.savingsplan.1", (3, 1))])).await.remove(0);
        for period in [(2, 1), (3, 1)] {
            refused(&app, &days, period, "CBC.30010069").await;
        }
        refused(&app, &years, (2, 11), "CBC.30010069").await;
        app.finish().await;
    }

    async fn a_number_of_periods_that_a_product_is_not_sold_in_is_incorrect(app) {
        let id = buy(&app, "acme", json!([small((2, 1))])).await.remove(0);
        let counts = json!({"month": [1, 3, 6], "year": [1]});
        app.change_product("s2.medium.4.linux", |product| product["period"]["counts"] = counts.clone()).await;
        for period in [(2, 2), (2, 11), (3, 2)] {
            refused(&app, &id, period, "CBC.99000092").await;
        }
        // Nor can it be bought so.
        app.post("acme", ORDERS, json!({"lines": [small((2, 2))]})).await.refused(400, "CBC.99006006");
        for period in [(2, 3), (3, 1)] {
            order_of(app.post("acme", RENEW, paid_renewal(&[&id], period.0, period.1)).await);
        }
        assert_eq!(expiry(&app, "acme", &id).await, "2027-05-15T15:59:59Z");
        app.finish().await;
    }

    async fn a_bundle_is_renewed_by_itself(app) {
        let ids = buy(&app, "acme", json!([bundle(), small((2, 1))])).await;
        let both: Vec<&str> = ids.iter().map(String::as_str).collect();
        let message = app.post("acme", RENEW, renewal(&both, 2, 1)).await.refused(400, "CBC.99003634");
        assert!(message.contains(&ids[0]), "{message}");
        order_of(app.post("acme", RENEW, renewal(&both[..1], 2, 1)).await);
        app.finish().await;
    }

    async fn what_is_no_subscription_of_its_own_is_not_renewed(app) {
        let trial = product("ec2", "vm", "s3.small.1.linux.trial", (2, 1));
        for (line, code) in [(add_on(), "CBC.99003638"), (trial, "CBC.30010069")] {
            let id = buy(&app, "acme", json!([line])).await.remove(0);
            refused(&app, &id, (2, 1), code).await;
        }
        let id = buy(&app, "acme", json!([small((2, 1))])).await.remove(0);
        app.change_product("s2.medium.4.linux", |product| product["flags"] = json!(["spot"])).await;
        refused(&app, &id, (2, 1), "CBC.30010069").await;
        app.finish().await;
    }

    async fn what_is_off_sale_can_be_renewed_as_long_as_it_has_a_price(app) {
        let id = buy(&app, "acme", json!([small((2, 1)), disk()])).await.remove(0);
        app.change_product("s2.medium.4.linux", |product| product["flags"] = json!(["off_sale"])).await;
        order_of(app.post("acme", RENEW, paid_renewal(&[&id], 2, 1)).await);
        app.change_product("s2.medium.4.linux", |product| {
            product["period"]["versions"][0]["valid_to"] = json!("2026-01-20T00:00:00Z");
        }).await;
        app.advance_to("2026-01-21T00:00:00Z").await;
        let message = app.post("acme", RENEW, renewal(&[&id], 2, 1)).await.refused(400, "CBC.30010069");
        assert!(message.contains("price"), "{message}");
        app.finish().await;
    }

    async fn what_the_catalogue_no_longer_knows_cannot_be_renewed(app) {
        let id = buy(&app, "acme", json!([small((2, 1)), disk()])).await.remove(0);
        let child = attached_to(&app, "acme", &id).await;
        // The disk is sold in another unit.
        app.change_product("GPSSD", |product| product["linear"]["measure"] = json!(14)).await;
        let message = app.post("acme", RENEW, renewal(&[&id], 2, 1)).await.refused(400, "CBC.30010069");
        assert!(message.contains(&child), "{message}");
        app.change_catalogue(|catalogue| {
            catalogue["products"].as_array_mut().unwrap().retain(|product| product["spec"] != "s2.medium.4.linux");
        }).await;
        let message = app.post("acme", RENEW, renewal(&[&id], 2, 1)).await.refused(400, "CBC.30010069");
        assert!(message.contains(&id) && message.contains("catalogue"), "{message}");
        app.finish().await;
    }

    async fn a_price_beyond_all_limits_is_refused(app) {
        let id = buy(&app, "acme", json!([small((2, 1)), with(disk(), "resource_size", json!(32_768))])).await.remove(0);
        app.change_product("GPSSD", |product| {
            product["period"]["versions"][0]["prices"]["month"] = json!("900000000");
        }).await;
        let child = attached_to(&app, "acme", &id).await;
        let message = app.post("acme", RENEW, renewal(&[&id], 2, 2)).await.refused(400, "CBC.99006055");
        assert!(message.contains(&child), "{message}");
        app.finish().await;
    }

    async fn who_may_not_pay_places_renewals_without_paying(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let clerk = user(&app, "acme", "clerk", &["read", "operate"], None).await;
        let body = paid_renewal(&[&id], 2, 1).to_string();
        app.signed(&clerk, "POST", RENEW, &body, &[]).await.refused(403, "CBC.0151");
        let body = renewal(&[&id], 2, 1).to_string();
        order_of(app.signed(&clerk, "POST", RENEW, &body, &[]).await);
        for other in ["operator", "north", "summit"] {
            app.post(other, RENEW, renewal(&[&id], 2, 1)).await.refused(403, "CBC.0151");
        }
        app.finish().await;
    }

    async fn an_order_that_is_carried_out_stops_renewals(app: EXTERNAL) {
        app.post("acme", ORDERS, json!({"lines": [small((2, 1))], "auto_pay": true})).await.ok(201);
        let waiting = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let provided = format!("/openbss/v1/resources/{}/provisioned", waiting["items"][0]["id"].as_str().unwrap());
        app.post("operator", &provided, json!({"resource_id": "vm-1"})).await.ok(200);
        let change = json!({"resource_spec": "s3.medium.4.linux", "auto_pay": true});
        let changed = app.post("acme", "/openbss/v1/resources/vm-1/change", change).await.ok(201);
        let message = refused(&app, "vm-1", (2, 1), "CBC.99003144").await;
        assert!(message.contains(changed["order_id"].as_str().unwrap()), "{message}");
        price_fails(&app, "vm-1", "CBC.30050011").await;
        app.finish().await;
    }

    async fn a_refund_that_waits_for_approval_stops_renewals(app) {
        // A disk of 8500 a year: what goes back is more than the 7000 that need no approval.
        let id = buy(&app, "acme", json!([crate::accounts::disk(850_000)])).await.remove(0);
        let body = json!({"resource_ids": [id], "unsubscribe_type": 1});
        app.post("acme", UNSUBSCRIBE, body).await.ok(200);
        refused(&app, &id, (3, 1), "CBC.99003144").await;
        price_fails(&app, &id, "CBC.30050011").await;
        app.finish().await;
    }

    async fn what_is_to_become_pay_per_use_is_not_renewed(app) {
        let id = buy(&app, "acme", json!([small((2, 1))])).await.remove(0);
        let path = "/v2/orders/subscriptions/resources/to-on-demand";
        let body = |operation: &str| json!({"operation": operation, "resource_ids": [id]});
        app.post("acme", path, body("SET_UP")).await.ok(200);
        let message = refused(&app, &id, (2, 1), "CBC.99003144").await;
        assert!(message.contains("pay-per-use"), "{message}");
        price_fails(&app, &id, "CBC.30050013").await;
        app.post("acme", path, body("CANCEL")).await.ok(200);
        order_of(app.post("acme", RENEW, paid_renewal(&[&id], 2, 1)).await);
        app.finish().await;
    }

    async fn what_was_unsubscribed_from_is_gone(app) {
        let id = buy(&app, "acme", json!([small((2, 1))])).await.remove(0);
        let body = json!({"resource_ids": [id], "unsubscribe_type": 1});
        app.post("acme", UNSUBSCRIBE, body).await.ok(200);
        let reply = app.post("acme", RENEW, renewal(&[&id], 2, 1)).await;
        assert_eq!(reply.json()["expiredResourceIds"], json!([id]));
        reply.refused(400, "CBC.99003016");
        price_fails(&app, &id, "CBC.30050009").await;
        app.finish().await;
    }
}

const UNSUBSCRIBE: &str = "/v2/orders/subscriptions/resources/unsubscribe";

/// A resource has no renewal price, for this reason.
async fn price_fails(app: &TestApp, id: &str, code: &str) {
    let body = renewal(&[id], 2, 1);
    let answer = app.post("acme", crate::renewal_price::RATE, body).await.ok(200);
    assert_eq!(answer["fail_resource_infos"][0]["error_code"], code, "{answer}");
}
