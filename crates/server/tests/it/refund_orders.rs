//! 004 8.3.5: who may see which refund order, and what its rows say.

use serde_json::{Value, json};

use crate::accounts::{EXTERNAL, fail, waiting};
use crate::on_both;
use crate::orders::machine;
use crate::unsubscribing::{bought, ids, returned};

const REFUNDS: &str = "/v2/orders/customer-orders/refund-orders";

on_both! {
    async fn every_field_of_a_row_is_shown(app) {
        let order = bought(&app, "acme", json!([machine()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let refund = returned(&app, "acme", &[&id], 1).await;
        let answer = app.get("acme", &format!("{REFUNDS}?order_id={}", refund.to_lowercase())).await.ok(200);
        assert_eq!(answer["total_count"], 2);
        let row = &answer["refund_infos"][0];
        let wanted = json!({
            "id": format!("{refund}-R000001"), "amount": row["amount"], "measure_id": "1",
            "customer_id": app.domain("acme"), "resource_type_code": "hws.resource.type.vm",
            "service_type_code": "hws.service.type.ec2", "resource_type_name": row["resource_type_name"],
            "service_type_name": row["service_type_name"], "region_code": "ap-southeast-1", "base_order_id": order,
        });
        assert_eq!(row, &wanted);
        assert_eq!((row["amount"].to_string(), answer["refund_infos"][1]["amount"].to_string()),
            ("-182.07".to_owned(), "18.21".to_owned()));
        let english = app.signed(&app.key("acme"), "GET", &format!("{REFUNDS}?order_id={refund}"), "", &[("x-language", "en_US")]).await.ok(200);
        assert_eq!(english["refund_infos"][0]["service_type_name"], "Elastic Cloud Server");
        assert_ne!(row["service_type_name"], Value::Null);
        app.finish().await;
    }

    async fn only_refund_orders_of_ones_own_are_found(app) {
        let order = bought(&app, "acme", json!([machine()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let refund = returned(&app, "acme", &[&id], 1).await;
        for (tenant, query) in [
            ("acme", order.clone()),
            ("acme", "CS0".to_owned()),
            ("globex", refund.clone()),
            ("acme", format!("{refund}&customer_id={}", app.domain("globex"))),
            ("summit", refund.clone()),
        ] {
            app.get(tenant, &format!("{REFUNDS}?order_id={query}")).await.refused(400, "CBC.99005026");
        }
        app.get("acme", REFUNDS).await.refused(400, "CBC.0100");
        app.get("operator", &format!("{REFUNDS}?order_id={refund}")).await.refused(403, "CBC.0151");
        app.get("acme", &format!("{REFUNDS}?order_id={refund}&indirect_partner_id=x")).await.refused(400, "CBC.0101");
        app.finish().await;
    }

    async fn what_failed_has_its_row_too(app: EXTERNAL) {
        let order = crate::orders::place(&app, "acme", json!([crate::accounts::disk(10_000)])).await;
        crate::accounts::pay(&app, "acme", &order).await.ok(204);
        let (_, id) = waiting(&app).await.remove(0);
        let refund = fail(&app, &id).await;
        let answer = app.get("acme", &format!("{REFUNDS}?order_id={refund}")).await.ok(200);
        let row = &answer["refund_infos"][0];
        assert_eq!((&answer["total_count"], &row["amount"], &row["base_order_id"]), (&json!(1), &json!(-100), &json!(order)));
        app.finish().await;
    }
}
