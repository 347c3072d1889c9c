//! Where the money of an unsubscription goes: to what had paid, coupons only where they are due, with its tax.

use serde_json::{Value, json};

use super::{asked, bought, explained, ids, renewed, returned, rows, volume};
use crate::accounts::shown;
use crate::coupons::{issue, only};
use crate::funds::{disk_in_china, terms, top_up};
use crate::on_both;
use crate::orders::{PAY, cash, details, machine, place, with};
use crate::paying::{CHINA, card, pay_with};

/// An amount below zero, in cents and without its sign.
fn cents(text: &Value) -> i64 {
    let text = text.as_str().expect("text").strip_prefix('-').expect("below zero");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<2}").parse().expect("digits")
}

on_both! {
    async fn a_cash_coupon_stays_away_of_a_running_term_and_comes_back_of_one_to_come(app) {
        let used = issue(&app, "acme", json!({"face_value": "50"})).await;
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, pay_with(&order, None, &[(&used, 301)])).await.ok(204);
        let id = ids(&app, "acme", &order).await.remove(0);
        let next = issue(&app, "acme", json!({"face_value": "30"})).await;
        let body = json!({"resource_ids": [id], "period_type": 2, "period_num": 1});
        let renewal = app.post("acme", super::RENEW, body).await.ok(200)["order_ids"][0].as_str().unwrap().to_owned();
        app.post("acme", PAY, pay_with(&renewal, None, &[(&next, 301)])).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9715.86");
        let refund = returned(&app, "acme", &[&id], 1).await;
        // 132.07 were paid for 31 days and 8 hours, of which nothing is used; the fee is 10 % of it.
        assert_eq!(rows(&app, "acme", &refund).await, [
            ("-132.07".to_owned(), order.clone()), ("13.21".to_owned(), order.clone()), ("-152.07".to_owned(), renewal.clone()),
        ]);
        assert_eq!(cash(&app, "acme").await, "9986.79");
        assert_eq!(only(&app, "acme", "status=2").await["coupon_id"], next.as_str());
        assert_eq!(only(&app, "acme", "status=3").await["coupon_id"], used.as_str());
        let told = explained(&app, "acme", &refund).await;
        assert_eq!(told["modifiers"][0]["amount"], "-30");
        app.finish().await;
    }

    async fn flexi_coupons_and_cards_get_back_what_is_not_used(app: CHINA) {
        let body = json!({"coupon_type": 4, "face_value": "100"});
        let flexi = issue(&app, "acme", body).await;
        let card = card(&app, "acme", "50").await;
        let order = place(&app, "acme", json!([disk_in_china(100_000)])).await;
        app.post("acme", PAY, pay_with(&order, None, &[(&flexi, 302), (&card, 303)])).await.ok(204);
        let before = cash(&app, "acme").await;
        app.advance_to("2026-03-01T00:00:00Z").await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let refund = returned(&app, "acme", &[&id], 1).await;
        // From 15 January 16:00 to the end of 15 January 2027 there are 365 days and 8 hours; 44 days and 16 hours are used.
        let left = |paid: i64| paid - (paid * 1_072 * 2 + 8_768) / (2 * 8_768);
        let info = details(&app, "acme", &refund).await["order_info"].clone();
        let cents = |amount: i64| domain::money::Charge::cents(amount).to_string();
        assert_eq!(info["amount_after_discount"].to_string(), cents(8_500 - left(85_000)));
        let told = explained(&app, "acme", &refund).await;
        assert_eq!(told["modifiers"][0]["amount"], cents(-left(10_000)));
        assert_eq!(told["modifiers"][1]["amount"], cents(-left(5_000)));
        let shown = only(&app, "acme", "coupon_type=4").await;
        assert_eq!(shown["balance"].to_string(), cents(left(10_000)));
        assert_ne!(cash(&app, "acme").await, before);
        app.finish().await;
    }

    async fn credit_is_restored_before_cash_and_a_month_owes_less(app) {
        let path = crate::accounts::credit(&app, "globex");
        app.post("operator", &path, json!({"amount": "500"})).await.ok(201);
        let order = bought(&app, "globex", json!([volume(600_000)])).await;
        assert_eq!(shown(&app, "globex").await, "1 0, 2 1500 of 2500; debt 1000");
        let id = ids(&app, "globex", &order).await.remove(0);
        returned(&app, "globex", &[&id], 1).await;
        // All but the fee of 600.00 comes back, to what paid last first.
        assert_eq!(shown(&app, "globex").await, "1 4400, 2 2500 of 2500; debt 0");
        terms(&app, "acme", json!({"monthly": true})).await;
        let order = bought(&app, "acme", json!([volume(100_000)])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        returned(&app, "acme", &[&id], 1).await;
        assert_eq!(cash(&app, "acme").await, "10000");
        assert_eq!(crate::funds::debts(&app, "acme").await["debt_amount"], "100");
        app.finish().await;
    }

    async fn the_tax_in_what_goes_back_is_reversed_of_each_order(app) {
        let path = format!("/openbss/v1/accounts/{}/country", app.domain("acme"));
        app.call("operator", "PUT", &path, Some(json!({"country": "DE"}))).await.ok(200);
        let rates = json!([
            {"country": "DE", "rate": "0.19", "valid_from": "2020-01-01T00:00:00Z", "valid_to": "2026-02-01T00:00:00Z"},
            {"country": "DE", "rate": "0.25", "valid_from": "2026-02-01T00:00:00Z"},
        ]);
        app.call("operator", "PUT", "/openbss/v1/tax-rates", Some(json!({"rates": rates}))).await.ok(200);
        let order = bought(&app, "acme", json!([with(machine(), "period_num", json!(2))])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        app.advance_to("2026-02-02T00:00:00Z").await;
        renewed(&app, "acme", &id, 1).await;
        let refund = returned(&app, "acme", &[&id], 1).await;
        let told = explained(&app, "acme", &refund).await;
        // Of two rates: none is shown, and the tax is the sum of both.
        assert_eq!(told["tax"]["rate"], Value::Null);
        let funds = [cents(&told["funds"][0]["amount"]), cents(&told["funds"][1]["amount"])];
        // The tax contained in an amount, half up.
        let wanted = (funds[0] * 19 * 2 + 119) / (2 * 119) + (funds[1] * 25 * 2 + 125) / (2 * 125);
        assert_eq!(cents(&told["tax"]["amount"]), wanted, "{told}");
        app.finish().await;
    }

    async fn a_large_refund_waits_for_the_operator(app) {
        top_up(&app, "acme", "30000", "large").await;
        let order = bought(&app, "acme", json!([volume(800_000)])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let held = cash(&app, "acme").await;
        let refund = returned(&app, "acme", &[&id], 1).await;
        let shown = details(&app, "acme", &refund).await;
        assert_eq!((&shown["order_info"]["status"], &shown["order_info"]["payment_time"]), (&json!(1), &Value::Null));
        let amount = shown["order_info"]["amount_after_discount"].to_string();
        assert_eq!(rows(&app, "acme", &refund).await.len(), 2);
        assert_eq!(cash(&app, "acme").await, held);
        asked(&app, "acme", &[&id], 1).await.refused(400, "CBC.99003651");
        explained(&app, "acme", &refund).await;
        let decide = async |refund: &str, what: &str| {
            app.post("operator", &format!("/openbss/v1/orders/{refund}/{what}"), json!({})).await
        };
        app.post("acme", &format!("/openbss/v1/orders/{refund}/approve"), json!({})).await.refused(403, "CBC.0151");
        decide("CS0", "approve").await.refused(400, "CBC.30000010");
        decide(&order, "approve").await.refused(400, "CBC.99003106");
        let rejected = decide(&refund, "reject").await.ok(200);
        assert_eq!((&rejected["status"], rejected["amount"].as_str().unwrap()), (&json!(4), amount.as_str()));
        // Nothing went back.
        assert_eq!(rows(&app, "acme", &refund).await, []);
        decide(&refund, "reject").await.refused(400, "CBC.99003106");
        decide(&refund, "approve").await.refused(400, "CBC.99003106");

        // Asked for again, it is approved a month later with the amounts of the request.
        let refund = returned(&app, "acme", &[&id], 1).await;
        app.advance_to("2026-02-15T00:00:00Z").await;
        let approved = decide(&refund, "approve").await.ok(200);
        assert_eq!((&approved["status"], approved["amount"].as_str().unwrap()), (&json!(5), amount.as_str()));
        assert_eq!(super::resources(&app, "acme", &order).await.len(), 0);
        // 8,000.00 less the fee of 10 %.
        assert_eq!(amount, "-7200");
        assert_eq!(cash(&app, "acme").await, "39200");
        assert_eq!(details(&app, "acme", &refund).await["order_info"]["payment_time"], "2026-02-15T00:00:00Z");
        explained(&app, "acme", &refund).await;
        app.finish().await;
    }

    async fn a_refund_order_is_found_by_its_id_among_the_changes_of_cash(app: CHINA) {
        let order = bought(&app, "acme", json!([disk_in_china(100_000)])).await;
        app.advance_to("2026-03-01T00:00:00Z").await;
        let id = ids(&app, "acme", &order).await.remove(0);
        renewed(&app, "acme", &id, 1).await;
        let refund = returned(&app, "acme", &[&id], 1).await;
        let found = crate::funds::records(&app, "acme", &format!("balance_type=BALANCE_TYPE_DEBIT&trade_id={refund}")).await;
        // One of the purchase, one of the renewal.
        assert_eq!(found.len(), 2, "{found:?}");
        app.finish().await;
    }

    async fn what_was_paid_for_a_member_goes_back_to_its_master(app) {
        bought(&app, "globex-ops", json!([machine()])).await;
        let before = cash(&app, "globex").await;
        let found = app.post("globex-ops", super::QUERY, json!({})).await.ok(200);
        let id = found["data"][0]["resource_id"].as_str().unwrap().to_owned();
        let refund = returned(&app, "globex-ops", &[&id], 1).await;
        assert_ne!(cash(&app, "globex").await, before);
        assert_eq!(details(&app, "globex", &refund).await["order_info"]["customer_id"], app.domain("globex-ops"));
        app.finish().await;
    }

    async fn what_a_coupon_paid_whole_and_what_was_free_have_no_rows(app) {
        let order = bought(&app, "acme", json!([machine()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let paper = issue(&app, "acme", json!({"face_value": "182.07"})).await;
        let body = json!({"resource_ids": [id], "period_type": 2, "period_num": 1});
        let renewal = app.post("acme", super::RENEW, body).await.ok(200)["order_ids"][0].as_str().unwrap().to_owned();
        app.post("acme", PAY, pay_with(&renewal, None, &[(&paper, 301)])).await.ok(204);
        let refund = returned(&app, "acme", &[&id], 2).await;
        assert_eq!(rows(&app, "acme", &refund).await, []);
        assert_eq!(only(&app, "acme", "status=2").await["balance"].to_string(), "182.07");
        explained(&app, "acme", &refund).await;
        let address = with(machine(), "cloud_service_type", json!("hws.service.type.vpc"));
        let address = with(with(address, "resource_type", json!("hws.resource.type.ip")), "resource_spec", json!("5_bgp"));
        let free = crate::orders::place(&app, "acme", json!([address])).await;
        let id = ids(&app, "acme", &free).await.remove(0);
        let refund = returned(&app, "acme", &[&id], 1).await;
        assert_eq!(rows(&app, "acme", &refund).await, []);
        assert_eq!(explained(&app, "acme", &refund).await["returns"], json!([]));
        app.finish().await;
    }
}
