//! Facts about renewals, through the wire: what they cost and begin with, who is held meanwhile, how they are paid.

pub(crate) mod codes;
mod late;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{CANCEL, ORDERS, PAY, cash, details, disk, machine, payment, status, with};
use crate::paying::{bill, coupon, coupon_is, grant};

pub(crate) const RENEW: &str = "/v2/orders/subscriptions/resources/renew";
const QUERY: &str = "/v2/orders/suscriptions/resources/query";

/// Buys lines and pays them at once; answers the ids of their primary resources, in the order of the lines. Lines
/// without a name get one.
pub(crate) async fn buy(app: &TestApp, tenant: &str, mut lines: Value) -> Vec<String> {
    let lines = lines.as_array_mut().unwrap();
    let mut names = Vec::new();
    for (at, line) in lines.iter_mut().enumerate() {
        if line["resource_name"].is_null() {
            line["resource_name"] = json!(format!("line-{at}"));
        }
        names.push(line["resource_name"].clone());
    }
    let placed = app.post(tenant, ORDERS, json!({"lines": lines, "auto_pay": true})).await.ok(201);
    assert_eq!(placed["status"], 5, "{placed}");
    let mut found = primaries(app, tenant, placed["order_id"].as_str().unwrap()).await;
    found.sort_by_key(|one| names.iter().position(|name| *name == one["resource_name"]));
    found.iter().map(|one| one["resource_id"].as_str().unwrap().to_owned()).collect()
}

/// The primary resources of an order.
async fn primaries(app: &TestApp, tenant: &str, order: &str) -> Vec<Value> {
    let query = json!({"order_id": order, "only_main_resource": 1, "limit": 500});
    app.post(tenant, QUERY, query).await.ok(200)["data"].as_array().unwrap().clone()
}

/// A resource as its customer sees it.
pub(crate) async fn resource(app: &TestApp, tenant: &str, id: &str) -> Value {
    let query = json!({"resource_ids": [id]});
    let found = app.post(tenant, QUERY, query).await.ok(200);
    let mut data = found["data"].as_array().unwrap().iter();
    data.find(|one| one["resource_id"] == id).unwrap_or_else(|| panic!("{id} is not there")).clone()
}

async fn expiry(app: &TestApp, tenant: &str, id: &str) -> String {
    resource(app, tenant, id).await["expire_time"].as_str().unwrap().to_owned()
}

/// The id of what is attached to a primary resource.
pub(crate) async fn attached_to(app: &TestApp, tenant: &str, primary: &str) -> String {
    let found = app.post(tenant, QUERY, json!({"resource_ids": [primary]})).await.ok(200);
    let mut data = found["data"].as_array().unwrap().iter();
    let child = data.find(|one| one["is_main_resource"] == 0).expect("something is attached");
    child["resource_id"].as_str().unwrap().to_owned()
}

pub(crate) fn renewal(ids: &[&str], period_type: i64, period_num: i64) -> Value {
    json!({"resource_ids": ids, "period_type": period_type, "period_num": period_num})
}

/// The same, paid at once.
pub(crate) fn paid_renewal(ids: &[&str], period_type: i64, period_num: i64) -> Value {
    with(renewal(ids, period_type, period_num), "is_auto_pay", json!(1))
}

/// The order of an answer.
#[track_caller]
pub(crate) fn order_of(reply: Reply) -> String {
    let body = reply.ok(200);
    assert_eq!(body["fail_resource_infos"], json!([]));
    let ids = body["order_ids"].as_array().unwrap();
    assert_eq!(ids.len(), 1, "{body}");
    ids[0].as_str().unwrap().to_owned()
}

/// Renews for a month, paid at once, and answers the new expiry.
async fn renew_for_a_month(app: &TestApp, id: &str) -> String {
    order_of(app.post("acme", RENEW, paid_renewal(&[id], 2, 1)).await);
    expiry(app, "acme", id).await
}

on_both! {
    async fn a_primary_is_renewed_with_what_is_attached_from_the_expiry_on(app) {
        let id = buy(&app, "acme", json!([with(machine(), "resource_name", json!("web-1")), disk()])).await.remove(0);
        let child = attached_to(&app, "acme", &id).await;
        let order = order_of(app.post("acme", RENEW, renewal(&[&id], 2, 2)).await);
        let placed = details(&app, "acme", &order).await;
        assert_eq!(placed["order_info"]["order_type"], 2);
        assert_eq!(placed["order_info"]["source_type"], 1);
        assert_eq!(placed["order_info"]["status"], 6);
        assert_eq!(placed["order_info"]["pending_payment_end_time"], "2026-01-22T15:59:59Z");
        assert_eq!(bill(&app, "acme", &order).await, [
            "375.34 = + 375.34", "364.14 = + 364.14", "11.2 = + 11.2",
        ]);
        let items = placed["order_line_items"].as_array().unwrap();
        assert_eq!(items[0]["service_type_code"], "hws.service.type.ec2");
        assert_eq!((&items[0]["period_type"], &items[0]["period_num"]), (&json!(2), &json!(2)));
        assert_eq!(items[0]["effective_time"], Value::Null);
        assert_eq!(expiry(&app, "acme", &id).await, "2026-02-15T15:59:59Z", "an unpaid renewal changes nothing");

        app.advance_to("2026-01-16T09:00:00Z").await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let paid = details(&app, "acme", &order).await;
        assert_eq!(paid["order_info"]["status"], 5);
        for item in paid["order_line_items"].as_array().unwrap() {
            assert_eq!(item["effective_time"], "2026-02-15T15:59:59Z");
            assert_eq!(item["expire_time"], "2026-04-15T15:59:59Z");
        }
        for id in [&id, &child] {
            let shown = resource(&app, "acme", id).await;
            assert_eq!(shown["expire_time"], "2026-04-15T15:59:59Z");
            assert_eq!(shown["effective_time"], "2026-01-15T08:00:00Z", "the first term began then");
            assert_eq!(shown["update_time"], "2026-01-16T09:00:00Z");
            assert_eq!((&shown["status"], &shown["expire_policy"]), (&json!(2), &json!(0)));
        }
        assert_eq!(cash(&app, "acme").await, "9436.99");
        app.finish().await;
    }

    async fn a_renewal_for_years_costs_the_price_of_a_year_where_there_is_one(app) {
        let id = buy(&app, "acme", json!([machine(), disk()])).await.remove(0);
        let order = order_of(app.post("acme", RENEW, paid_renewal(&[&id], 3, 2)).await);
        // The disk has no price of a year: 24 months.
        assert_eq!(bill(&app, "acme", &order).await, [
            "3775.8 = + 3775.8", "3641.4 = + 3641.4", "134.4 = + 134.4",
        ]);
        assert_eq!(expiry(&app, "acme", &id).await, "2028-02-15T15:59:59Z");
        app.finish().await;
    }

    async fn the_price_is_that_of_the_day_and_a_placed_order_keeps_it(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let old = order_of(app.post("acme", RENEW, renewal(&[&id], 2, 1)).await);
        app.change_product("s3.medium.4.linux", |product| {
            product["period"]["versions"][0]["prices"]["month"] = json!("200.00");
        }).await;
        app.post("acme", PAY, payment(&old)).await.ok(204);
        let new = order_of(app.post("acme", RENEW, paid_renewal(&[&id], 2, 1)).await);
        assert_eq!(bill(&app, "acme", &old).await[0], "182.07 = + 182.07");
        assert_eq!(bill(&app, "acme", &new).await[0], "200 = + 200");
        assert_eq!(expiry(&app, "acme", &id).await, "2026-04-15T15:59:59Z");
        app.finish().await;
    }

    async fn month_ends_stick_over_a_chain_of_renewals(app) {
        // Rule 1.1.3: the last day of a month leads to the last day of the next.
        app.advance_to("2026-01-31T08:00:00Z").await;
        let small = with(machine(), "resource_spec", json!("s2.medium.4.linux"));
        let id = buy(&app, "acme", json!([small])).await.remove(0);
        assert_eq!(expiry(&app, "acme", &id).await, "2026-02-28T15:59:59Z");
        for wanted in ["2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30"] {
            assert_eq!(renew_for_a_month(&app, &id).await, format!("{wanted}T15:59:59Z"));
        }
        // Through a leap year's February, and out of it.
        for (period_type, number, wanted) in [(2, 5, "2027-02-28"), (3, 1, "2028-02-29"), (2, 1, "2028-03-31")] {
            order_of(app.post("acme", RENEW, paid_renewal(&[&id], period_type, number)).await);
            assert_eq!(expiry(&app, "acme", &id).await, format!("{wanted}T15:59:59Z"));
        }
        app.finish().await;
    }

    async fn an_unpaid_renewal_holds_its_resources_until_it_is_cancelled(app) {
        let id = buy(&app, "acme", json!([machine(), disk()])).await.remove(0);
        let order = order_of(app.post("acme", RENEW, renewal(&[&id], 2, 1)).await);
        let message = app.post("acme", RENEW, renewal(&[&id], 2, 1)).await.refused(400, "CBC.99003100");
        assert!(message.contains(&id) && message.contains(&order), "{message}");
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await.ok(204);
        let order = order_of(app.post("acme", RENEW, renewal(&[&id], 2, 1)).await);
        app.advance_to("2026-01-22T16:00:00Z").await;
        assert_eq!(status(&app, "acme", &order).await, 4, "its time to pay is over");
        let order = order_of(app.post("acme", RENEW, renewal(&[&id], 2, 1)).await);
        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!(renew_for_a_month(&app, &id).await, "2026-04-15T15:59:59Z", "a paid one holds nothing");
        app.finish().await;
    }

    async fn renewals_of_one_resource_at_once_place_one_order(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let app = Arc::new(app);
        let clients: Vec<_> = (0..8).map(|_| {
            let (app, body) = (app.clone(), renewal(&[&id], 2, 1));
            tokio::spawn(async move { app.post("acme", RENEW, body).await })
        }).collect();
        let mut placed = 0;
        for client in clients {
            let reply = client.await.unwrap();
            if reply.status == 200 {
                placed += 1;
            } else {
                reply.refused(400, "CBC.99003100");
            }
        }
        assert_eq!(placed, 1);
        Arc::into_inner(app).unwrap().finish().await;
    }

    async fn renewals_paid_at_once_follow_one_another(app) {
        let ids = buy(&app, "acme", json!([machine(), machine()])).await;
        let app = Arc::new(app);
        let clients: Vec<_> = (0..6).map(|number: usize| {
            // Both orders of naming, so that nobody waits for one who waits for it.
            let mut named = [ids[0].as_str(), ids[1].as_str()];
            named.rotate_left(number % 2);
            let (app, body) = (app.clone(), paid_renewal(&named, 2, 1));
            tokio::spawn(async move { app.post("acme", RENEW, body).await })
        }).collect();
        for client in clients {
            order_of(client.await.unwrap());
        }
        for id in &ids {
            assert_eq!(expiry(&app, "acme", id).await, "2026-08-15T15:59:59Z");
        }
        // 10000 - 14 × 182.07.
        assert_eq!(cash(&app, "acme").await, "7451.02");
        Arc::into_inner(app).unwrap().finish().await;
    }

    async fn several_primaries_are_renewed_by_a_combined_order_that_stands_or_falls_as_a_whole(app) {
        let ids = buy(&app, "acme", json!([machine(), disk(), with(machine(), "resource_name", json!("web-2"))])).await;
        let named: Vec<&str> = ids.iter().map(String::as_str).collect();
        let order = order_of(app.post("acme", RENEW, renewal(&named, 2, 1)).await);
        let whole = details(&app, "acme", &order).await;
        assert_eq!(whole["order_info"]["order_type"], 2);
        assert_eq!(whole["order_info"]["official_amount"].to_string(), "369.74");
        assert_eq!(whole["order_line_items"].as_array().unwrap().len(), 3);
        let list = app.get("acme", "/v2/orders/customer-orders?order_type=2").await.ok(200);
        assert_eq!(list["total_count"], 2);
        let part = list["order_infos"][0]["order_id"].as_str().unwrap().to_owned();
        app.post("acme", PAY, payment(&part)).await.refused(400, "CBC.99000089");
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": part}))).await.refused(400, "CBC.99000089");
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await.ok(204);
        let order = order_of(app.post("acme", RENEW, renewal(&named, 2, 1)).await);
        app.post("acme", PAY, payment(&order)).await.ok(204);
        for id in &ids {
            assert_eq!(expiry(&app, "acme", id).await, "2026-03-15T15:59:59Z");
        }
        app.finish().await;
    }

    async fn a_combined_renewal_that_cannot_be_paid_as_a_whole_waits_as_a_whole(app) {
        // globex has 5000 and a credit line of 2000; either machine alone could be renewed for three years.
        let ids = buy(&app, "globex", json!([machine(), machine()])).await;
        let named: Vec<&str> = ids.iter().map(String::as_str).collect();
        let reply = app.post("globex", RENEW, paid_renewal(&named, 3, 3)).await;
        assert_eq!(reply.status, 400, "{}", reply.text());
        let body = reply.json();
        assert_eq!(body["error_code"], "CBC.30050006");
        let order = body["order_ids"][0].as_str().unwrap().to_owned();
        assert_eq!(body["order_ids"].as_array().unwrap().len(), 1);
        assert!(body["error_msg"].as_str().unwrap().contains(&order), "{body}");
        assert_eq!(status(&app, "globex", &order).await, 6);
        assert_eq!(expiry(&app, "globex", &ids[0]).await, "2026-02-15T15:59:59Z");
        app.post("globex", RENEW, renewal(&[&ids[1]], 2, 1)).await.refused(400, "CBC.99003100");
        let path = format!("/openbss/v1/accounts/{}/top-ups", app.domain("globex"));
        app.post("operator", &path, json!({"amount": "9000", "trans_id": "t1"})).await.ok(201);
        app.post("globex", PAY, payment(&order)).await.ok(204);
        assert_eq!(expiry(&app, "globex", &ids[1]).await, "2029-02-15T15:59:59Z");
        app.finish().await;
    }

    async fn a_repeated_request_is_answered_again_also_where_it_could_not_be_paid(app) {
        let id = buy(&app, "globex", json!([machine(), with(disk(), "resource_size", json!(9000))])).await.remove(0);
        let key = [("idempotency-key", "renew-1")];
        let body = paid_renewal(&[&id], 2, 11).to_string();
        let first = app.signed(&app.key("globex"), "POST", RENEW, &body, &key).await;
        let again = app.signed(&app.key("globex"), "POST", RENEW, &body, &key).await;
        assert_eq!((first.status, again.status), (400, 400), "{}", first.text());
        assert_eq!(first.json(), again.json());
        assert_eq!(app.get("globex", "/v2/orders/customer-orders?order_type=2").await.ok(200)["total_count"], 1);
        app.finish().await;
    }

    async fn automatic_payment_takes_the_best_discount_and_the_coupons_that_fit(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let best = grant(&app, "acme", 605, "ratio", "0.8", json!({})).await;
        let new = coupon(&app, "acme", "30.00", &[("subscribeType", "new")]).await;
        let renew = coupon(&app, "acme", "20.00", &[("subscribeType", "renew")]).await;
        let order = order_of(app.post("acme", RENEW, paid_renewal(&[&id], 2, 1)).await);
        assert_eq!(bill(&app, "acme", &order).await[0], "182.07 = 605:36.41 301:20 + 125.66; coupon 20");
        assert_eq!(coupon_is(&app, "acme", &new).await.split(' ').next(), Some("2"));
        assert!(coupon_is(&app, "acme", &renew).await.ends_with(" 0"), "it is spent");
        assert!(!best.is_empty());
        app.finish().await;
    }

    async fn a_promotion_is_used_again_only_by_what_was_once_paid_with_it(app) {
        // Two machines alike, of which one was bought with the promotion.
        let promotion = grant(&app, "acme", 700, "ratio", "0.5", json!({})).await;
        let body = json!({"lines": [machine()], "auto_pay": true, "discount_id": promotion});
        let placed = app.post("acme", ORDERS, body).await.ok(201);
        let with_it = primaries(&app, "acme", placed["order_id"].as_str().unwrap()).await[0]["resource_id"].clone();
        let with_it = with_it.as_str().unwrap().to_owned();
        let without = buy(&app, "acme", json!([machine()])).await.remove(0);
        for (ids, wanted) in [
            (vec![with_it.as_str()], "182.07 = 700:91.03 + 91.04"),
            (vec![without.as_str()], "182.07 = + 182.07"),
            (vec![with_it.as_str(), without.as_str()], "364.14 = + 364.14"),
            // The last renewal of it went without, and an earlier one did not.
            (vec![with_it.as_str()], "182.07 = 700:91.03 + 91.04"),
        ] {
            let order = order_of(app.post("acme", RENEW, paid_renewal(&ids, 2, 1)).await);
            let shown = details(&app, "acme", &order).await;
            assert_eq!(crate::paying::amounts(&shown["order_info"]), wanted);
        }
        // Of those that it was paid with, the one that still holds.
        let short = json!({
            "discount_type": 700, "customer_id": app.domain("acme"), "mode": "ratio", "value": "0.4",
            "expire_time": "2026-01-20T00:00:00Z",
        });
        let later = app.post("operator", "/openbss/v1/discounts", short).await.ok(201)["discount_id"].clone();
        let later = later.as_str().unwrap().to_owned();
        let order = order_of(app.post("acme", RENEW, renewal(&[&with_it], 2, 1)).await);
        app.post("acme", PAY, crate::paying::pay_with(&order, Some((&later, 0)), &[])).await.ok(204);
        app.advance_to("2026-01-21T00:00:00Z").await;
        let order = order_of(app.post("acme", RENEW, paid_renewal(&[&with_it], 2, 1)).await);
        let shown = details(&app, "acme", &order).await;
        assert_eq!(crate::paying::amounts(&shown["order_info"]), "182.07 = 700:91.03 + 91.04");
        app.finish().await;
    }

    async fn a_renewal_without_automatic_payment_is_paid_with_what_the_payment_names(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let discount = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let order = order_of(app.post("acme", RENEW, renewal(&[&id], 2, 1)).await);
        assert_eq!(bill(&app, "acme", &order).await[0], "182.07 = + 182.07");
        let body = crate::paying::pay_with(&order, Some((&discount, 2)), &[]);
        app.post("acme", PAY, body).await.ok(204);
        assert_eq!(bill(&app, "acme", &order).await[0], "182.07 = 605:18.21 + 163.86");
        app.finish().await;
    }

    async fn the_enterprise_master_pays_for_what_its_unified_member_renews(app) {
        let id = buy(&app, "globex-ops", json!([machine()])).await.remove(0);
        let before = cash(&app, "globex").await;
        order_of(app.post("globex-ops", RENEW, paid_renewal(&[&id], 2, 1)).await);
        assert_eq!((before.as_str(), cash(&app, "globex").await.as_str()), ("4817.93", "4635.86"));
        app.finish().await;
    }

    async fn whoever_asked_is_told_of_each_renewed_resource(app) {
        let hook = json!({"url": "https://example.com/hook", "events": ["resource.renewed"]});
        app.post("acme", "/openbss/v1/webhooks", hook).await.ok(201);
        let id = buy(&app, "acme", json!([machine(), disk()])).await.remove(0);
        let order = order_of(app.post("acme", RENEW, paid_renewal(&[&id], 2, 1)).await);
        let outbox = app.get("operator", "/openbss/v1/sandbox/outbox").await.ok(200);
        let told: Vec<Value> = outbox["items"].as_array().unwrap().iter()
            .map(|item| serde_json::from_str(item["body"].as_str().unwrap()).unwrap()).collect();
        assert_eq!(told.len(), 2, "{outbox}");
        for event in &told {
            assert_eq!(event["event"], "resource.renewed");
            assert_eq!(event["data"]["order_id"], order.as_str());
            assert_eq!(event["data"]["expire_time"], "2026-03-15T15:59:59Z");
            assert_eq!(event["data"]["status"], 2);
        }
        assert!(told.iter().any(|event| event["data"]["resource_id"] == id.as_str()));
        app.finish().await;
    }

    async fn what_a_renewal_cost_can_be_explained(app) {
        let id = buy(&app, "acme", json!([machine(), disk()])).await.remove(0);
        let order = order_of(app.post("acme", RENEW, paid_renewal(&[&id], 2, 3)).await);
        let told = crate::explain::explained(&app, "acme", &order).await;
        assert_eq!(told["orders"][0]["payable_amount"], "563.01", "{told}");
        app.finish().await;
    }
}

impl TestApp {
    /// Changes the products of a specification in the catalogue.
    pub(crate) async fn change_product(&self, spec: &str, change: impl Fn(&mut Value)) {
        self.change_catalogue(|catalogue| {
            let products = catalogue["products"].as_array_mut().unwrap();
            products.iter_mut().filter(|product| product["spec"] == spec).for_each(&change);
        })
        .await;
    }

    /// Changes the catalogue.
    pub(crate) async fn change_catalogue(&self, change: impl Fn(&mut Value)) {
        let path = "/openbss/v1/catalog";
        let json = [("accept", "application/json")];
        let mut catalogue = self.signed(&self.key("operator"), "GET", path, "", &json).await.ok(200);
        change(&mut catalogue);
        self.call("operator", "PUT", path, Some(catalogue)).await.ok(200);
    }
}
