//! Tax rates by country, and the tax that payments contain.

use platform::op::Host;
use serde_json::{Value, json};

use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{PAY, cash, machine, payment, place};

const RATES: &str = "/openbss/v1/tax-rates";

async fn set(app: &TestApp, rates: Value) -> Reply {
    app.call("operator", "PUT", RATES, Some(json!({"rates": rates}))).await
}

async fn settle_in(app: &TestApp, tenant: &str, country: Value) -> Reply {
    let path = format!("/openbss/v1/accounts/{}/country", app.domain(tenant));
    app.call("operator", "PUT", &path, Some(json!({"country": country}))).await
}

/// Pays an order of one machine (182.07), and answers the tax in cents and its rate, as the order keeps them.
async fn taxed(app: &TestApp, tenant: &str) -> (i64, Option<String>) {
    let order = place(app, tenant, json!([machine()])).await;
    app.post(tenant, PAY, payment(&order)).await.ok(204);
    let mut tx = app.app.db().begin_read().await.unwrap();
    let row = tx
        .one("select tax_amount, tax_rate from orders where id = $1", platform::params![&order])
        .await
        .unwrap();
    tx.rollback().await;
    (row.int(0), row.opt_text(1).map(str::to_owned))
}

on_both! {
    async fn a_payment_contains_the_tax_of_its_payers_country(app) {
        assert_eq!(taxed(&app, "acme").await, (0, None));
        settle_in(&app, "acme", json!("DE")).await.ok(200);
        let order = place(&app, "acme", json!([machine()])).await;
        let message = app.post("acme", PAY, payment(&order)).await.refused(400, "CBC.99006093");
        assert!(message.contains("DE"), "{message}");
        let rates = json!([
            {"country": "DE", "rate": "0.19", "valid_from": "2026-01-01T00:00:00Z", "valid_to": "2026-02-01T00:00:00Z"},
            {"country": "DE", "rate": 0, "valid_from": "2026-03-01T00:00:00Z"},
            {"country": "FR", "rate": "0.2", "valid_from": "2020-01-01T00:00:00Z"},
        ]);
        assert_eq!(set(&app, rates).await.ok(200)["total_count"], 3);
        // 182.07 x 0.19 / 1.19 = 29.0700...
        assert_eq!(taxed(&app, "acme").await, (2907, Some("0.19".to_owned())));
        // What is paid does not depend on the tax.
        assert_eq!(cash(&app, "acme").await, "9635.86");
        app.advance_to("2026-02-01T00:00:00Z").await;
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment(&order)).await.refused(400, "CBC.99006093");
        app.advance_to("2026-03-01T00:00:00Z").await;
        assert_eq!(taxed(&app, "acme").await, (0, Some("0".to_owned())));
        settle_in(&app, "acme", json!("FR")).await.ok(200);
        assert_eq!(taxed(&app, "acme").await, (3035, Some("0.2".to_owned())));
        settle_in(&app, "acme", Value::Null).await.ok(200);
        assert_eq!(taxed(&app, "acme").await, (0, None));
        app.finish().await;
    }

    async fn rates_take_the_place_of_others_and_never_overlap(app) {
        let from = |from: &str, to: Value| json!({"country": "DE", "rate": "0.19", "valid_from": from, "valid_to": to});
        let (old, new) = ("2020-01-01T00:00:00Z", "2026-07-01T00:00:00Z");
        set(&app, json!([from(old, Value::Null)])).await.ok(200);
        let message = set(&app, json!([from(new, Value::Null)])).await.refused(400, "CBC.0100");
        assert!(message.contains("rates[0].country would have two rates at once") && message.contains(old), "{message}");
        assert_eq!(app.get("operator", RATES).await.ok(200)["total_count"], 1);
        set(&app, json!([from(old, json!(new)), from(new, Value::Null)])).await.ok(200);
        let listed = app.get("operator", &format!("{RATES}?country=DE&limit=1&offset=1")).await.ok(200);
        assert_eq!(listed["total_count"], 2);
        assert_eq!(listed["rates"], json!([{"country": "DE", "rate": "0.19", "valid_from": new, "valid_to": null}]));
        for (rate, wanted) in [
            (json!({"country": "de", "rate": "0.1", "valid_from": old}), "rates[0].country must be the two capital letters"),
            (json!({"country": "FR", "rate": "1.1", "valid_from": old}), "rates[0].rate must be from 0 to 1"),
            (json!({"country": "FR", "rate": "-0.1", "valid_from": old}), "rates[0].rate must be from 0 to 1"),
            (json!({"country": "FR", "rate": "e", "valid_from": old}), "rates[0].rate must be a decimal number"),
            (json!({"country": "FR", "rate": "0.12345678901", "valid_from": old}), "rates[0].rate must have at most 10"),
            (json!({"country": "FR", "rate": "0.1", "valid_from": old, "valid_to": old}), "rates[0].valid_to must be later"),
            (json!({"country": "FR", "rate": "0.1"}), "valid_from"),
        ] {
            let message = set(&app, json!([rate])).await.refused(400, "CBC.0100");
            assert!(message.contains(wanted), "{rate}: {message}");
        }
        app.get("acme", RATES).await.refused(403, "CBC.0151");
        app.finish().await;
    }

    async fn an_account_may_have_a_country_from_the_beginning(app) {
        let made = app.post("operator", "/openbss/v1/accounts", json!({"name": "mueller", "kind": "customer", "country": "DE"})).await.ok(201);
        assert_eq!(made["country"], "DE");
        let shown = app.get("operator", &format!("/openbss/v1/accounts/{}", made["domain_id"].as_str().unwrap())).await.ok(200);
        assert_eq!((&shown["country"], &shown["is_frozen"]), (&json!("DE"), &json!(0)));
        let wrong = json!({"name": "smith", "kind": "customer", "country": "GBR"});
        let message = app.post("operator", "/openbss/v1/accounts", wrong).await.refused(400, "CBC.0100");
        assert!(message.contains("country must be the two capital letters"), "{message}");
        settle_in(&app, "acme", json!("germany")).await.refused(400, "CBC.0100");
        let message = settle_in(&app, "operator", json!("DE")).await.refused(400, "CBC.0100");
        assert!(message.contains("domain_id must be"), "{message}");
        app.finish().await;
    }
}
