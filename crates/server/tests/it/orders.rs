//! Placing, paying, cancelling and timing out of orders.

use std::sync::Arc;

use platform::db::Tx;
use platform::op::Host;
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::on_both;

pub(crate) const ORDERS: &str = "/openbss/v1/orders";
pub(crate) const LIST: &str = "/v2/orders/customer-orders";
pub(crate) const PAY: &str = "/v3/orders/customer-orders/pay";
pub(crate) const CANCEL: &str = "/v2/orders/customer-orders/cancel";
const RESOURCES: &str = "/v2/orders/suscriptions/resources/query";
const BALANCES: &str = "/v2/accounts/customer-accounts/balances";

/// A virtual machine for a month: 182.07.
pub(crate) fn machine() -> Value {
    json!({
        "cloud_service_type": "hws.service.type.ec2",
        "resource_type": "hws.resource.type.vm",
        "resource_spec": "s3.medium.4.linux",
        "region": "ap-southeast-1",
        "period_type": 2,
        "period_num": 1,
        "subscription_num": 1,
    })
}

/// A disk of 40 GB for a month, attached to line 0: 5.60.
pub(crate) fn disk() -> Value {
    json!({
        "cloud_service_type": "hws.service.type.ebs",
        "resource_type": "hws.resource.type.volume",
        "resource_spec": "GPSSD",
        "region": "ap-southeast-1",
        "resource_size": 40,
        "size_measure_id": 17,
        "period_type": 2,
        "period_num": 1,
        "subscription_num": 1,
        "attached_to_line": 0,
    })
}

/// A line with one more field, or another value in one.
pub(crate) fn with(mut value: Value, field: &str, other: Value) -> Value {
    value[field] = other;
    value
}

pub(crate) async fn place(app: &TestApp, tenant: &str, lines: Value) -> String {
    let placed = app.post(tenant, ORDERS, json!({"lines": lines})).await.ok(201);
    placed["order_id"].as_str().expect("an id").to_owned()
}

pub(crate) fn payment(order: &str) -> Value {
    json!({"order_id": order, "use_coupon": "NO", "use_discount": "NO"})
}

pub(crate) async fn details(app: &TestApp, tenant: &str, order: &str) -> Value {
    app.get(tenant, &format!("{LIST}/details/{order}")).await.ok(200)
}

pub(crate) async fn status(app: &TestApp, tenant: &str, order: &str) -> Value {
    details(app, tenant, order).await["order_info"]["status"].clone()
}

/// What is left in the cash balance, as text.
pub(crate) async fn cash(app: &TestApp, tenant: &str) -> String {
    app.get(tenant, BALANCES).await.ok(200)["account_balances"][0]["amount"].to_string()
}

/// Runs a statement behind the product's back.
async fn behind_the_back(app: &TestApp, sql: &str) {
    let mut tx: Tx = app.app.db().begin_write().await.expect("a transaction");
    assert!(tx.exec(sql, &[]).await.expect("it runs") > 0, "nothing was changed: {sql}");
    tx.commit().await.expect("durable");
}

async fn verdict(app: &TestApp, name: &str) -> (bool, String) {
    let found = server::verify::service::verify(&app.app).await.expect("verify runs");
    let one = found.into_iter().find(|identity| identity.name == name).expect("the check is there");
    (one.holds, one.detail.unwrap_or_default())
}

on_both! {
    async fn the_first_sale(app) {
        let lines = json!([with(machine(), "resource_name", json!("web-1")), disk()]);
        let placed = app.post("acme", ORDERS, json!({"lines": lines})).await.ok(201);
        let order = placed["order_id"].as_str().unwrap().to_owned();
        assert!(order.starts_with("CS2601151600") && order.len() >= 20, "{order}");
        assert_eq!(placed["official_amount"], "187.67");
        assert_eq!(placed["amount_after_discount"], "187.67");
        assert_eq!(placed["status"], 6);
        assert_eq!(placed["pending_payment_end_time"], "2026-01-22T15:59:59Z");
        assert_eq!(placed["payment_time"], Value::Null);

        let listed = app.get("acme", LIST).await.ok(200);
        assert_eq!(listed["total_count"], 1);
        let shown = &listed["order_infos"][0];
        assert_eq!(shown["order_id"], order.as_str());
        assert_eq!(shown["status"], 6);
        assert_eq!(shown["amount_after_discount"].to_string(), "187.67");
        assert_eq!(shown["create_time"], "2026-01-15T08:00:00Z");
        assert_eq!(shown["enterprise_projects"], json!([{"id": "0", "name": "default"}]));

        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9812.33");
        let paid = details(&app, "acme", &order).await;
        assert_eq!(paid["total_count"], 2);
        assert_eq!(paid["order_info"]["status"], 5);
        assert_eq!(paid["order_info"]["payment_time"], "2026-01-15T08:00:00Z");
        assert_eq!(paid["order_info"]["pending_payment_end_time"], Value::Null);
        let items = paid["order_line_items"].as_array().unwrap();
        assert_eq!(items[0]["order_line_item_id"], format!("{order}-000001"));
        assert_eq!(items[0]["effective_time"], "2026-01-15T08:00:00Z");
        assert_eq!(items[0]["expire_time"], "2026-02-15T15:59:59Z");
        assert_eq!(items[1]["amount_after_discount"].to_string(), "5.6");
        assert_eq!(items[1]["product_id"], "OFFI776402238127517698");

        let found = app.post("acme", RESOURCES, json!({})).await.ok(200);
        assert_eq!(found["total_count"], 2);
        let data = found["data"].as_array().unwrap();
        let vm = data.iter().find(|one| one["resource_type_code"] == "hws.resource.type.vm").unwrap();
        let volume = data.iter().find(|one| one["resource_type_code"] == "hws.resource.type.volume").unwrap();
        assert_eq!(vm["resource_name"], "web-1");
        assert_eq!(vm["is_main_resource"], 1);
        assert_eq!(vm["status"], 2);
        assert_eq!(vm["expire_time"], "2026-02-15T15:59:59Z");
        assert_eq!(vm["expire_policy"], 0);
        assert_eq!(volume["is_main_resource"], 0);
        assert_eq!(volume["parent_resource_id"], vm["resource_id"]);
        assert_eq!(volume["spec_size"].to_string(), "40");
        assert_eq!(volume["spec_size_measure_id"], 17);
        app.finish().await;
    }

    async fn one_order_paid_by_sixteen_clients_is_charged_once(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        let app = Arc::new(app);
        let mut clients = Vec::new();
        for _ in 0..16 {
            let (app, order) = (app.clone(), order.clone());
            clients.push(tokio::spawn(async move { app.post("acme", PAY, payment(&order)).await }));
        }
        let mut paid = 0;
        for client in clients {
            let reply = client.await.unwrap();
            match reply.status {
                204 => paid += 1,
                _ => {
                    reply.refused(400, "CBC.99003106");
                }
            }
        }
        assert_eq!(paid, 1);
        assert_eq!(cash(&app, "acme").await, "9817.93");
        assert_eq!(app.post("acme", RESOURCES, json!({})).await.ok(200)["total_count"], 1);
        Arc::into_inner(app).unwrap().finish().await;
    }

    async fn an_order_is_paid_or_cancelled_but_never_both(app) {
        let app = Arc::new(app);
        for _ in 0..8 {
            let order = place(&app, "acme", json!([with(machine(), "resource_spec", json!("s3.small.1.linux"))])).await;
            let before = cash(&app, "acme").await;
            let paying = tokio::spawn({
                let (app, order) = (app.clone(), order.clone());
                async move { app.post("acme", PAY, payment(&order)).await }
            });
            let cancelling = tokio::spawn({
                let (app, order) = (app.clone(), order.clone());
                async move { app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await }
            });
            let (paid, cancelled) = (paying.await.unwrap(), cancelling.await.unwrap());
            let after = cash(&app, "acme").await;
            if paid.status == 204 {
                cancelled.refused(400, "CBC.99005010");
                assert_eq!(status(&app, "acme", &order).await, 5);
                assert_ne!(after, before);
            } else {
                paid.refused(400, "CBC.99003106");
                cancelled.ok(204);
                assert_eq!(status(&app, "acme", &order).await, 4);
                assert_eq!(after, before);
            }
        }
        Arc::into_inner(app).unwrap().finish().await;
    }

    async fn an_unpaid_order_is_cancelled_when_its_time_is_over(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        app.advance_to("2026-01-22T15:59:58Z").await;
        assert_eq!(status(&app, "acme", &order).await, 6);
        let ran = app.advance_to("2026-01-22T16:00:00Z").await;
        let cancelled: Vec<_> = ran.iter().filter(|ran| ran.job == "orders.cancel_unpaid").collect();
        assert_eq!(cancelled.len(), 1);
        assert_eq!(cancelled[0].subject, order);
        assert_eq!(cancelled[0].at.to_wire(), "2026-01-22T15:59:59Z");
        assert_eq!(status(&app, "acme", &order).await, 4);
        app.post("acme", PAY, payment(&order)).await.refused(400, "CBC.99003106");
        app.finish().await;
    }

    async fn an_order_cannot_be_paid_from_its_deadline_on(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        // The clock alone: the job that cancels has not run yet.
        app.app.clock().advance_to(domain::calendar::Instant::parse_utc("2026-01-22T15:59:59Z").unwrap());
        app.post("acme", PAY, payment(&order)).await.refused(400, "CBC.99003110");
        assert_eq!(cash(&app, "acme").await, "10000");
        app.finish().await;
    }

    async fn a_cancelled_order_stays_cancelled(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await.ok(204);
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await.refused(400, "CBC.99005010");
        app.post("acme", PAY, payment(&order)).await.refused(400, "CBC.99003106");
        let shown = details(&app, "acme", &order).await;
        assert_eq!(shown["order_info"]["pending_payment_end_time"], Value::Null);
        assert_eq!(shown["order_line_items"][0]["effective_time"], Value::Null);
        app.finish().await;
    }

    async fn an_order_without_the_money_waits_for_it(app) {
        // globex has 5000 in cash and a credit line of 2000.
        let lines = json!([with(machine(), "subscription_num", json!(40))]);
        let order = place(&app, "globex", lines).await;
        let message = app.post("globex", PAY, payment(&order)).await.refused(400, "CBC.99005003");
        assert!(message.contains(&order), "{message}");
        assert_eq!(cash(&app, "globex").await, "5000");
        let path = format!("/openbss/v1/accounts/{}/top-ups", app.domain("globex"));
        app.post("operator", &path, json!({"amount": "282.80", "trans_id": "t1"})).await.ok(201);
        app.post("globex", PAY, payment(&order)).await.ok(204);
        let balances = app.get("globex", BALANCES).await.ok(200);
        assert_eq!(balances["account_balances"][0]["amount"].to_string(), "0");
        assert_eq!(balances["account_balances"][1]["amount"].to_string(), "0");
        app.finish().await;
    }

    async fn auto_pay_pays_in_the_placing_transaction_or_leaves_the_order_to_be_paid(app) {
        let body = json!({"lines": [machine()], "auto_pay": true, "auto_renew": true});
        let paid = app.post("acme", ORDERS, body).await.ok(201);
        assert_eq!(paid["status"], 5);
        assert_eq!(paid["payment_error"], Value::Null);
        assert_eq!(paid["pending_payment_end_time"], Value::Null);
        assert_eq!(cash(&app, "acme").await, "9817.93");
        let found = app.post("acme", RESOURCES, json!({})).await.ok(200);
        assert_eq!(found["data"][0]["expire_policy"], 3, "auto_renew shows as expiry policy 3");

        let body = json!({"lines": [with(machine(), "subscription_num", json!(100))], "auto_pay": true});
        let unpaid = app.post("acme", ORDERS, body).await.ok(201);
        assert_eq!(unpaid["status"], 6);
        assert_eq!(unpaid["payment_error"]["error_code"], "CBC.99005003");
        assert_eq!(unpaid["official_amount"], "18207");
        assert_eq!(cash(&app, "acme").await, "9817.93");
        app.finish().await;
    }

    async fn an_order_that_costs_nothing_completes_when_it_is_placed(app) {
        let ip = json!({
            "cloud_service_type": "hws.service.type.vpc", "resource_type": "hws.resource.type.ip",
            "resource_spec": "5_bgp", "region": "ap-southeast-1", "period_type": 2, "period_num": 1,
        });
        let placed = app.post("acme", ORDERS, json!({"lines": [ip]})).await.ok(201);
        assert_eq!(placed["status"], 5);
        assert_eq!(placed["official_amount"], "0");
        assert_eq!(app.post("acme", RESOURCES, json!({})).await.ok(200)["total_count"], 1);
        let trial = with(machine(), "resource_spec", json!("s3.small.1.linux.trial"));
        let placed = app.post("acme", ORDERS, json!({"lines": [trial]})).await.ok(201);
        assert_eq!(placed["order_type"], 13);
        app.post("acme", ORDERS, json!({"lines": [trial, machine()]})).await.refused(400, "CBC.0100");
        app.finish().await;
    }

    async fn prices_are_fixed_when_an_order_is_placed(app) {
        // Its price falls from 60 to 54 with July; an order placed before keeps its own.
        app.advance_to("2026-06-30T15:00:00Z").await;
        let lines = json!([with(machine(), "resource_spec", json!("s3.large.4.linux"))]);
        let placed = app.post("acme", ORDERS, json!({"lines": lines})).await.ok(201);
        let order = placed["order_id"].as_str().unwrap().to_owned();
        assert_eq!(placed["official_amount"], "60");
        app.advance_to("2026-07-01T00:00:00Z").await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let shown = details(&app, "acme", &order).await;
        assert_eq!(shown["order_info"]["official_amount"].to_string(), "60");
        assert_eq!(shown["order_line_items"][0]["effective_time"], "2026-07-01T00:00:00Z");
        assert_eq!(shown["order_line_items"][0]["expire_time"], "2026-08-01T15:59:59Z");
        let later = app.post("acme", ORDERS, json!({"lines": lines})).await.ok(201);
        assert_eq!(later["official_amount"], "54");
        app.finish().await;
    }

    async fn hardware_is_paid_within_the_hour(app) {
        let rack = hardware();
        let placed = app.post("acme", ORDERS, json!({"lines": [rack]})).await.ok(201);
        assert_eq!(placed["pending_payment_end_time"], "2026-01-15T09:00:00Z");
        let order = placed["order_id"].as_str().unwrap();
        app.advance_to("2026-01-15T09:00:00Z").await;
        assert_eq!(status(&app, "acme", order).await, 4);
        app.finish().await;
    }

    async fn wrong_purchases_are_refused_by_the_field(app) {
        let cases = [
            (json!({}), "CBC.0100", "lines"),
            (json!({"lines": []}), "CBC.0100", "lines"),
            (json!({"lines": null}), "CBC.0100", "lines"),
            (json!({"lines": vec![machine(); 101]}), "CBC.0100", "lines"),
            (json!({"lines": [with(machine(), "resource_spec", json!("none.such"))]}), "CBC.99006006", "lines[0]"),
            (json!({"lines": [with(machine(), "resource_spec", json!("s1.medium.4.linux"))]}), "CBC.99006006", "lines[0]"),
            (json!({"lines": [with(machine(), "region", json!("moon-1"))]}), "CBC.99006006", "lines[0]"),
            (json!({"lines": [with(machine(), "period_type", json!(1))]}), "CBC.0100", "lines[0].period_type"),
            (json!({"lines": [with(machine(), "period_type", json!(0))]}), "CBC.99006006", "lines[0]"),
            (json!({"lines": [with(machine(), "period_num", json!(0))]}), "CBC.0100", "lines[0].period_num"),
            (json!({"lines": [with(machine(), "subscription_num", json!(101))]}), "CBC.0100", "subscription_num"),
            (json!({"lines": [disk()]}), "CBC.0100", "lines[0].attached_to_line"),
            (json!({"lines": [machine(), disk(), with(disk(), "attached_to_line", json!(1))]}), "CBC.0100", "lines[2].attached_to_line"),
            (json!({"lines": [machine(), with(disk(), "attached_to_line", json!(1))]}), "CBC.0100", "lines[1].attached_to_line"),
            (json!({"lines": [machine(), with(disk(), "region", json!("cn-north-1"))]}), "CBC.0100", "lines[1].attached_to_line"),
            (json!({"lines": [machine(), with(disk(), "resource_size", Value::Null)]}), "CBC.0100", "resource_size"),
            (json!({"lines": [machine(), with(disk(), "size_measure_id", json!(15))]}), "CBC.0100", "size_measure_id"),
            (json!({"lines": [machine()], "coupon_id": "c1"}), "CBC.99003112", "c1"),
            (json!({"lines": [machine()], "discount_id": "d1"}), "CBC.99003108", "d1"),
            (json!({"lines": [machine()], "effective_time": "2026-01-15T08:00:00Z"}), "CBC.0100", "effective_time"),
            (json!({"lines": [machine()], "auto_pay": "perhaps"}), "CBC.0100", "auto_pay"),
        ];
        for (body, code, field) in cases {
            let message = app.post("acme", ORDERS, body.clone()).await.refused(400, code);
            assert!(message.contains(field), "{body}: {message}");
        }
        assert_eq!(app.get("acme", LIST).await.ok(200)["total_count"], 0);
        app.finish().await;
    }

    async fn the_operator_buys_for_customers_and_partners_cannot_buy(app) {
        let body = json!({"lines": [machine()], "customer_id": app.domain("acme")});
        let placed = app.post("operator", ORDERS, body.clone()).await.ok(201);
        let order = placed["order_id"].as_str().unwrap();
        assert_eq!(details(&app, "acme", order).await["order_info"]["user_name"], "Operation personnel");
        for partner in ["north", "harbor", "summit"] {
            app.post(partner, ORDERS, json!({"lines": [machine()]})).await.refused(403, "CBC.0151");
            let body = json!({"lines": [machine()], "customer_id": app.domain(partner)});
            app.post("operator", ORDERS, body).await.refused(400, "CBC.0100");
        }
        app.post("globex", ORDERS, body).await.refused(403, "CBC.0151");
        app.post("operator", ORDERS, json!({"lines": [machine()]})).await.refused(400, "CBC.0100");
        app.post("operator", ORDERS, json!({"lines": [machine()], "customer_id": "nobody"})).await.refused(400, "CBC.0100");
        app.finish().await;
    }

    async fn a_name_spelt_otherwise_is_refused_on_the_own_api_and_a_foreign_one_ignored(app) {
        let body = json!({"lines": [machine()], "autoPay": true});
        let message = app.post("acme", ORDERS, body).await.refused(400, "CBC.0100");
        assert_eq!(message, "autoPay is not known; it is spelt auto_pay.");
        let mut line = machine();
        line["resourceName"] = json!("web");
        let message = app.post("acme", ORDERS, json!({"lines": [line]})).await.refused(400, "CBC.0100");
        assert_eq!(message, "lines[0].resourceName is not known; it is spelt resource_name.");
        app.post("acme", ORDERS, json!({"lines": [machine()], "colour": "red"})).await.ok(201);
        app.finish().await;
    }

    async fn what_others_ordered_cannot_be_seen_paid_or_cancelled(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        app.get("globex", &format!("{LIST}/details/{order}")).await.refused(400, "CBC.30000010");
        app.post("globex", PAY, payment(&order)).await.refused(400, "CBC.30000010");
        app.call("globex", "PUT", CANCEL, Some(json!({"order_id": order}))).await.refused(400, "CBC.30000010");
        app.get("north", &format!("{LIST}/details/{order}")).await.refused(400, "CBC.30000010");
        app.post("acme", PAY, payment("CS0000000000NOTHING")).await.refused(400, "CBC.30000010");
        app.post("north", PAY, payment(&order)).await.refused(403, "CBC.0155");
        app.get("operator", LIST).await.refused(403, "CBC.0155");
        assert_eq!(app.get("globex", LIST).await.ok(200)["total_count"], 0);
        assert_eq!(status(&app, "acme", &order).await, 6);
        app.finish().await;
    }

    async fn coupons_and_discounts_of_a_payment_are_read_as_documented(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        let coupon = json!([{"id": "c1", "type": 301}]);
        let discount = json!([{"id": "d1", "type": 2}]);
        let pay = |changes: Value| {
            let mut body = payment(&order);
            for (field, value) in changes.as_object().unwrap() {
                body[field] = value.clone();
            }
            app.post("acme", PAY, body)
        };
        pay(json!({"use_coupon": "YES"})).await.refused(400, "CBC.0100");
        pay(json!({"use_discount": "YES"})).await.refused(400, "CBC.0100");
        pay(json!({"use_coupon": "YES", "coupon_infos": []})).await.refused(400, "CBC.0100");
        pay(json!({"use_coupon": "maybe"})).await.refused(400, "CBC.0100");
        pay(json!({"use_coupon": null})).await.refused(400, "CBC.0100");
        let four = json!([{"id": "1", "type": 301}, {"id": "2", "type": 302}, {"id": "3", "type": 303}, {"id": "4", "type": 303}]);
        pay(json!({"use_coupon": "YES", "coupon_infos": four})).await.refused(400, "CBC.0100");
        pay(json!({"use_coupon": "YES", "coupon_infos": [{"id": "c1", "type": 304}]})).await.refused(400, "CBC.0100");
        pay(json!({"use_coupon": "YES", "coupon_infos": coupon})).await.refused(400, "CBC.99003112");
        pay(json!({"use_discount": "YES", "discount_infos": discount})).await.refused(400, "CBC.99003108");
        // The state of the order is looked at before what should pay for it.
        let body = json!({"order_id": "CS0", "use_coupon": "YES", "coupon_infos": coupon, "use_discount": "NO"});
        app.post("acme", PAY, body).await.refused(400, "CBC.30000010");
        pay(json!({"coupon_infos": coupon, "discount_infos": discount})).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9817.93");
        app.finish().await;
    }

    async fn a_unified_member_is_paid_for_by_its_master(app) {
        let order = place(&app, "globex-ops", json!([machine()])).await;
        let others = app.get("globex", &format!("{LIST}?method=sub_customer")).await.ok(200);
        assert_eq!(others["total_count"], 1);
        assert_eq!(others["order_infos"][0]["order_id"], order.as_str());
        assert_eq!(others["order_infos"][0]["agent_pay_info"]["paying_agent_id"], app.domain("globex"));
        assert_eq!(app.get("globex", LIST).await.ok(200)["total_count"], 0);
        // What the member pays by hand is left to the master; until the master pays, that payment is in progress.
        app.post("globex-ops", PAY, payment(&order)).await.ok(204);
        app.post("globex-ops", PAY, payment(&order)).await.refused(400, "CBC.99000088");
        assert_eq!(status(&app, "globex-ops", &order).await, 6);
        assert_eq!(cash(&app, "globex").await, "5000");
        assert_eq!(app.post("globex-ops", RESOURCES, json!({})).await.ok(200)["total_count"], 0);
        app.post("globex", PAY, payment(&order)).await.ok(204);
        assert_eq!(cash(&app, "globex").await, "4817.93");
        app.post("globex-ops", PAY, payment(&order)).await.refused(400, "CBC.99003106");
        assert_eq!(app.post("globex-ops", RESOURCES, json!({})).await.ok(200)["total_count"], 1);
        assert_eq!(app.post("globex", RESOURCES, json!({})).await.ok(200)["total_count"], 0);
        app.finish().await;
    }

    async fn auto_pay_of_a_unified_member_takes_its_masters_money_or_leaves_the_order_to_the_master(app) {
        let body = json!({"lines": [machine()], "auto_pay": true});
        assert_eq!(app.post("globex-ops", ORDERS, body).await.ok(201)["status"], 5);
        assert_eq!(cash(&app, "globex").await, "4817.93");
        let body = json!({"lines": [with(machine(), "subscription_num", json!(50))], "auto_pay": true});
        let short = app.post("globex-ops", ORDERS, body).await.ok(201);
        assert_eq!((&short["status"], &short["payment_error"]["error_code"]), (&json!(6), &json!("CBC.99005003")));
        let order = short["order_id"].as_str().unwrap();
        app.post("globex", PAY, payment(order)).await.refused(400, "CBC.99005003");
        let path = format!("/openbss/v1/accounts/{}/top-ups", app.domain("globex"));
        app.post("operator", &path, json!({"amount": "9000", "trans_id": "t1"})).await.ok(201);
        app.post("globex", PAY, payment(order)).await.ok(204);
        assert_eq!(status(&app, "globex-ops", order).await, 5);
        app.finish().await;
    }

    async fn lists_that_are_switched_off_are_ignored_whatever_they_are(app) {
        let four = json!([{"id": "1", "type": 301}, {"id": "2", "type": 301}, {"id": "3", "type": 301}, {"id": "4", "type": 301}]);
        for odd in [four, json!([{"id": "1", "type": 999}]), json!([{"type": []}]), json!({"a": 1}), json!("x"), json!(""),
            json!([]), Value::Null, json!(7), json!([null])] {
            let order = place(&app, "acme", json!([with(machine(), "resource_spec", json!("s3.small.1.linux"))])).await;
            let mut body = payment(&order);
            body["coupon_infos"] = odd.clone();
            body["discount_infos"] = odd.clone();
            app.post("acme", PAY, body).await.ok(204);
            assert_eq!(status(&app, "acme", &order).await, 5, "{odd}");
        }
        app.finish().await;
    }

    async fn an_order_id_is_read_in_any_case(app) {
        let (paid, cancelled) = (place(&app, "acme", json!([machine()])).await, place(&app, "acme", json!([machine()])).await);
        let (lower_paid, lower_cancelled) = (paid.to_lowercase(), cancelled.to_lowercase());
        assert_eq!(details(&app, "acme", &lower_paid).await["order_info"]["order_id"], paid.as_str());
        app.post("acme", PAY, payment(&lower_paid)).await.ok(204);
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": lower_cancelled}))).await.ok(204);
        assert_eq!((status(&app, "acme", &paid).await, status(&app, "acme", &cancelled).await), (json!(5), json!(4)));
        assert_eq!(app.post("acme", RESOURCES, json!({"order_id": lower_paid})).await.ok(200)["total_count"], 1);
        app.finish().await;
    }

    async fn a_term_is_at_most_five_years_in_any_unit_and_an_order_at_most_a_thousand_resources(app) {
        for (period_type, period_num, most) in [(2, 61, "1 to 60"), (3, 6, "1 to 5"), (2, 999, "1 to 60")] {
            let long = with(with(machine(), "period_type", json!(period_type)), "period_num", json!(period_num));
            let message = app.post("acme", ORDERS, json!({"lines": [machine(), long]})).await.refused(400, "CBC.0100");
            assert!(message.contains("lines[1].period_num") && message.contains(most), "{message}");
        }
        for (period_type, period_num) in [(2, 60), (3, 5)] {
            let long = with(with(machine(), "period_type", json!(period_type)), "period_num", json!(period_num));
            place(&app, "acme", json!([long])).await;
        }
        let hundred = with(machine(), "subscription_num", json!(100));
        let message = app.post("acme", ORDERS, json!({"lines": vec![hundred.clone(); 11]})).await.refused(400, "CBC.0100");
        assert!(message.contains("subscription_num") && message.contains("1000") && message.contains("1100"), "{message}");
        place(&app, "acme", json!(vec![hundred; 10])).await;
        app.finish().await;
    }

    async fn verify_names_an_order_that_was_tampered_with(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        for name in ["orders.lines", "orders.postings", "orders.counters"] {
            assert!(verdict(&app, name).await.0, "{name}");
        }
        behind_the_back(&app, "update orders set payable_amount = payable_amount + 1").await;
        for name in ["orders.lines", "orders.postings"] {
            assert_eq!(verdict(&app, name).await, (false, order.clone()), "{name}");
        }
        behind_the_back(&app, "update orders set payable_amount = payable_amount - 1").await;
        behind_the_back(&app, "update order_lines set payable_amount = payable_amount - 7").await;
        assert_eq!(verdict(&app, "orders.lines").await, (false, order.clone()));
        behind_the_back(&app, "update order_lines set payable_amount = payable_amount + 7").await;
        behind_the_back(&app, "update order_counters set orders = 5").await;
        assert_eq!(verdict(&app, "orders.counters").await, (false, app.domain("acme")));
        behind_the_back(&app, "update order_counters set orders = 1").await;
        app.finish().await;
    }
}

/// Hardware of the demo catalogue.
fn hardware() -> Value {
    json!({
        "cloud_service_type": "hws.service.type.bms", "resource_type": "hws.resource.type.bms",
        "resource_spec": "physical.s4.large", "region": "ap-southeast-1", "period_type": 3, "period_num": 1,
    })
}
