//! The discounts that an order waiting for payment may be paid with.

use serde_json::{Value, json};

use super::{MONTH, YEAR, id, term};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{ORDERS, PAY, details, disk, machine, payment, place, with};
use crate::paying;

/// The discounts that an order may be paid with.
async fn usable(app: &TestApp, tenant: &str, order: &str) -> Vec<Value> {
    let path = format!("/v2/orders/customer-orders/order-discounts?order_id={order}");
    app.get(tenant, &path).await.ok(200)["discounts"].as_array().expect("a list").clone()
}

/// The groups of line items of the only order of a discount: how many lines, mode, amount off, share left.
fn groups(discount: &Value) -> Vec<(usize, i64, String, String)> {
    assert_eq!(discount["orders"].as_array().map(Vec::len), Some(1), "{discount}");
    let groups = discount["orders"][0]["order_line_items"].as_array().expect("a list");
    let group = |group: &Value| {
        let lines = group["order_line_item_ids"].as_array().expect("ids").len();
        let mode = group["discount_mode"].as_i64().expect("a mode");
        (lines, mode, group["discount_amount"].to_string(), group["discount_ratio"].to_string())
    };
    groups.iter().map(group).collect()
}

fn pay_with(order: &str, discount: &Value) -> Value {
    let kind = discount["discount_type"].as_i64().expect("a number");
    paying::pay_with(order, Some((&id(discount), kind)), &[])
}

on_both! {
    async fn an_order_says_which_discounts_it_may_be_paid_with(app) {
        // Two equal disks of 5.60 beside a machine of 182.07.
        let lines = json!([machine(), disk(), disk()]);
        let order = place(&app, "acme", lines.clone()).await;
        assert!(usable(&app, "acme", &order).await.is_empty());
        let partners = app.grant("acme", 607, "ratio", "0.85", json!({})).await;
        let sale = app.grant("acme", 700, "amount_off", "10", json!({})).await;
        let product = json!({"scope": {"product_id": "OFFI776402238127517698"}});
        let fixed = app.grant("acme", 200, "fixed_price", "0.1", product).await;
        let own = app.grant("acme", 605, "ratio", "0.9", json!({"scope": {"service_type": "hws.service.type.ec2"}})).await;
        app.grant("acme", 605, "ratio", "0.5", json!({"scope": {"period_type": YEAR}})).await;
        app.grant("acme", 606, "ratio", "0.5", json!({"valid_time": "2026-02-01T00:00:00Z"})).await;
        let found = usable(&app, "acme", &order).await;
        let named = |one: &Value| (id(one), one["discount_type"].as_i64(), one["discount_value"].clone());
        assert_eq!(found.iter().map(named).collect::<Vec<_>>(), [
            (own, Some(2), json!("0.9")), (partners, Some(3), json!("0.85")), (fixed, Some(0), Value::Null),
            (sale, Some(0), json!("10")),
        ]);
        let group = |lines: usize, mode: i64, off: &str, ratio: &str| (lines, mode, off.to_owned(), ratio.to_owned());
        assert_eq!(groups(&found[0]), [group(1, 0, "18.21", "0.9")]);
        assert_eq!(groups(&found[1]), [group(1, 0, "27.31", "0.85"), group(2, 0, "1.68", "0.85")]);
        assert_eq!(groups(&found[2]), [group(2, 1, "3.2", "0.7142857142")]);
        assert_eq!(groups(&found[3]), [group(1, 2, "9.42", "0.9482616576"), group(2, 2, "0.58", "0.9482142857")]);
        let ids = found[1]["orders"][0]["order_line_items"][1]["order_line_item_ids"].clone();
        let shown = details(&app, "acme", &order).await;
        assert_eq!(found[1]["orders"][0]["order_id"], order.as_str());
        for (at, id) in ids.as_array().expect("ids").iter().enumerate() {
            assert_eq!(*id, shown["order_line_items"][at + 1]["order_line_item_id"]);
        }
        // What is announced is what a payment then does, to the cent.
        for (discount, paid) in found.iter().zip(["175.06", "164.28", "190.07", "183.27"]) {
            let order = place(&app, "acme", lines.clone()).await;
            app.post("acme", PAY, pay_with(&order, discount)).await.ok(204);
            let info = details(&app, "acme", &order).await["order_info"].clone();
            assert_eq!(info["amount_after_discount"].to_string(), paid, "{discount}");
        }
        app.finish().await;
    }

    async fn inquiry_list_and_payment_agree_on_the_year_of_a_product_priced_by_the_month(app) {
        let mut year = with(disk(), "period_type", json!(YEAR));
        year.as_object_mut().expect("a line").remove("attached_to_line");
        let lines = json!([machine(), year]);
        let id = app.grant("acme", 605, "fixed_price", "0.1", json!({"scope": {"period_type": MONTH, "resource_type": "hws.resource.type.volume"}})).await;
        let inquired = app.optional("acme", term(2, YEAR, 1)).await;
        assert_eq!((&inquired[0]["discount_id"], &inquired[0]["discount_amount"]), (&json!(id), &json!(19.2)));
        let order = place(&app, "acme", lines.clone()).await;
        let found = usable(&app, "acme", &order).await;
        assert_eq!(groups(&found[0]), [(1, 1, "19.2".to_owned(), "0.7142857142".to_owned())]);
        app.post("acme", PAY, pay_with(&order, &found[0])).await.ok(204);
        // Paid automatically it is the best offer.
        let placed = app.post("acme", ORDERS, json!({"lines": lines, "auto_pay": true})).await.ok(201);
        assert_eq!((&placed["official_amount"], &placed["amount_after_discount"]), (&json!("249.27"), &json!("230.07")));
        app.finish().await;
    }

    async fn only_orders_that_wait_for_payment_have_discounts_to_choose(app) {
        app.grant("acme", 605, "ratio", "0.9", json!({})).await;
        let (paid, late) = (place(&app, "acme", json!([machine()])).await, place(&app, "acme", json!([machine()])).await);
        assert_eq!(usable(&app, "acme", &paid.to_lowercase()).await.len(), 1, "in any case");
        app.post("acme", PAY, payment(&paid)).await.ok(204);
        assert!(usable(&app, "acme", &paid).await.is_empty());
        app.advance_to("2026-01-23T00:00:00+08:00").await;
        assert!(usable(&app, "acme", &late).await.is_empty());
        let path = "/v2/orders/customer-orders/order-discounts";
        for unknown in ["CS2601151600ABCDEFGH", "nobodys-id"] {
            app.get("acme", &format!("{path}?order_id={unknown}")).await.refused(400, "CBC.30000010");
        }
        assert!(app.get("acme", path).await.refused(400, "CBC.0100").starts_with("order_id"));
        app.get("operator", path).await.refused(403, "CBC.0151");
        app.finish().await;
    }

    async fn a_members_order_has_the_discounts_of_who_pays(app) {
        let masters = app.grant("globex", 605, "ratio", "0.9", json!({})).await;
        app.grant("globex-ops", 605, "ratio", "0.5", json!({})).await;
        let order = place(&app, "globex-ops", json!([machine()])).await;
        for tenant in ["globex-ops", "globex"] {
            let found = usable(&app, tenant, &order).await;
            assert_eq!(found.iter().map(id).collect::<Vec<_>>(), [masters.as_str()], "{tenant}");
        }
        app.finish().await;
    }
}
