//! Every refusal of 004 8.4.3, by the rule that causes it.

use serde_json::{Value, json};

use super::{UNSUBSCRIBE, asked, bought, ids, renewed};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{ORDERS, disk, machine};

/// A line of a product of the demo catalogue.
fn line(service: &str, kind: &str, spec: &str, period_type: i64) -> Value {
    json!({
        "cloud_service_type": format!("hws.service.type.{service}"),
        "resource_type": format!("hws.resource.type.{kind}"),
        "resource_spec": spec, "region": "ap-southeast-1", "period_type": period_type, "period_num": 1,
    })
}

/// Buys a line and tries to give it back.
async fn refused(app: &TestApp, new: Value, kind: i64, code: &str) {
    let order = bought(app, "acme", json!([new])).await;
    let id = ids(app, "acme", &order).await.remove(0);
    let message = asked(app, "acme", &[&id], kind).await.refused(400, code);
    assert!(message.contains(&id), "{message}");
}

on_both! {
    async fn what_is_asked_for_must_be_well_formed(app) {
        let order = bought(&app, "acme", json!([machine()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        for body in [
            json!({}),
            json!({"resource_ids": [id]}),
            json!({"unsubscribe_type": 1}),
            json!({"resource_ids": [], "unsubscribe_type": 1}),
            json!({"resource_ids": vec!["x"; 11], "unsubscribe_type": 1}),
            json!({"resource_ids": [id, id], "unsubscribe_type": 1}),
            json!({"resource_ids": [id], "unsubscribe_type": 3}),
            json!({"resource_ids": [id], "unsubscribe_type": 1, "unsubscribe_reason_type": 6}),
            json!({"resource_ids": [id], "unsubscribe_type": 1, "unsubscribe_reason": "x".repeat(513)}),
        ] {
            app.post("acme", UNSUBSCRIBE, body).await.refused(400, "CBC.0100");
        }
        asked(&app, "acme", &["nothing"], 1).await.refused(400, "CBC.99003012");
        asked(&app, "globex", &[&id], 1).await.refused(400, "CBC.99003012");
        for tenant in ["north", "summit", "operator"] {
            asked(&app, tenant, &[&id], 1).await.refused(403, "CBC.0151");
        }
        // Nothing of a request is carried out where a part of it cannot be.
        asked(&app, "acme", &[&id, "nothing"], 1).await.refused(400, "CBC.99003012");
        assert_eq!(super::resources(&app, "acme", &order).await.len(), 1);
        app.finish().await;
    }

    async fn products_that_are_never_returned_have_their_codes(app) {
        crate::funds::top_up(&app, "acme", "9000", "plan").await;
        refused(&app, line("ec2", "savingsplan", "ecs.savingsplan.1", 3), 1, "CBC.30000053").await;
        refused(&app, line("devcloud", "devcloud.package", "devcloud.team.50", 2), 1, "CBC.99003652").await;
        refused(&app, line("marketplace", "marketplace.software", "hardened.gateway.std", 2), 1, "CBC.99003650").await;
        refused(&app, line("offline", "general", "consulting.day", 0), 1, "CBC.99003645").await;
        refused(&app, line("ec2", "vm", "s3.small.1.linux.trial", 2), 1, "CBC.99003649").await;
        refused(&app, machine(), 2, "CBC.99003128").await;
        app.finish().await;
    }

    async fn a_package_is_returned_before_it_takes_effect_only(app) {
        let package = line("cpts", "cpts.package", "cpts.100vum", 2);
        let mut later = Vec::new();
        for _ in 0..2 {
            let body = json!({"lines": [package], "auto_pay": true, "effective_time": "2026-02-01T00:00:00Z"});
            let placed = app.post("acme", ORDERS, body).await.ok(201);
            later.push(ids(&app, "acme", placed["order_id"].as_str().unwrap()).await.remove(0));
        }
        asked(&app, "acme", &[&later[0]], 1).await.ok(200);
        app.advance_to("2026-02-01T00:00:00Z").await;
        asked(&app, "acme", &[&later[1]], 1).await.refused(400, "CBC.99003647");
        app.finish().await;
    }

    async fn a_bundle_goes_whole_and_an_add_on_keeps_renewed_terms(app) {
        let bundle = line("offline", "general", "starter.bundle", 2);
        let order = bought(&app, "acme", json!([bundle, disk()])).await;
        let named = ids(&app, "acme", &order).await;
        asked(&app, "acme", &[&named[1]], 1).await.refused(400, "CBC.99003185");
        asked(&app, "acme", &[&named[0]], 1).await.ok(200);
        let test = line("cpts", "cpts", "cpts.users.5000", 0);
        let mut addon = line("vpc", "bandwidth.addon", "19_bgp.addon", 0);
        for (field, value) in [("resource_size", 5), ("size_measure_id", 15), ("attached_to_line", 0)] {
            addon[field] = json!(value);
        }
        let order = bought(&app, "acme", json!([test, addon])).await;
        let named = ids(&app, "acme", &order).await;
        asked(&app, "acme", &[&named[0]], 2).await.refused(400, "CBC.99003654");
        asked(&app, "acme", &[&named[0]], 1).await.ok(200);
        app.finish().await;
    }

    async fn orders_that_wait_keep_their_resources(app) {
        let order = bought(&app, "acme", json!([machine(), disk()])).await;
        let named = ids(&app, "acme", &order).await;
        let body = json!({"resource_ids": [named[0]], "period_type": 2, "period_num": 1});
        let renewal = app.post("acme", super::RENEW, body).await.ok(200)["order_ids"][0].as_str().unwrap().to_owned();
        for id in &named {
            let message = asked(&app, "acme", &[id], 1).await.refused(400, "CBC.99003100");
            assert!(message.contains(&renewal), "{message}");
        }
        app.call("acme", "PUT", crate::orders::CANCEL, Some(json!({"order_id": renewal}))).await.ok(204);
        asked(&app, "acme", &[&named[0]], 1).await.ok(200);
        app.finish().await;
    }

    async fn a_child_that_is_being_made_keeps_its_set(app: crate::accounts::EXTERNAL) {
        let order = crate::orders::place(&app, "acme", json!([machine(), disk()])).await;
        app.post("acme", crate::orders::PAY, crate::orders::payment(&order)).await.ok(204);
        let waits = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let main = waits["items"].as_array().unwrap().iter().find(|one| one["parent_id"].is_null()).unwrap();
        let id = main["id"].as_str().unwrap().to_owned();
        app.post("operator", &format!("/openbss/v1/resources/{id}/provisioned"), json!({})).await.ok(200);
        asked(&app, "acme", &[&id], 1).await.refused(400, "CBC.99003651");
        app.finish().await;
    }

    async fn what_has_an_invoice_stays(app) {
        let order = bought(&app, "acme", json!([machine()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let renewal = renewed(&app, "acme", &id, 1).await;
        let path = |order: &str| format!("/openbss/v1/orders/{order}/invoice");
        let set = async |order: &str, is: bool| {
            app.call("operator", "PUT", &path(order), Some(json!({"is_invoiced": is}))).await.ok(200)
        };
        assert_eq!(set(&renewal, true).await["is_invoiced"], true);
        for kind in [1, 2] {
            asked(&app, "acme", &[&id], kind).await.refused(400, "CBC.99003643");
        }
        set(&renewal, false).await;
        set(&order, true).await;
        // The invoice of the purchase does not keep the renewed term.
        asked(&app, "acme", &[&id], 2).await.ok(200);
        asked(&app, "acme", &[&id], 1).await.refused(400, "CBC.99003643");
        app.call("operator", "PUT", &path("CS0"), Some(json!({"is_invoiced": true}))).await.refused(400, "CBC.30000010");
        app.call("acme", "PUT", &path(&order), Some(json!({"is_invoiced": false}))).await.refused(403, "CBC.0151");
        app.finish().await;
    }

    async fn frozen_resources_stay_and_frozen_accounts_may_leave(app) {
        let order = bought(&app, "acme", json!([machine()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let freeze = |what: &str| format!("/openbss/v1/resources/{id}/{what}");
        app.post("operator", &freeze("freeze"), json!({"reason": "abuse"})).await.ok(200);
        asked(&app, "acme", &[&id], 1).await.refused(400, "CBC.99003656");
        app.post("operator", &freeze("unfreeze"), json!({})).await.ok(200);
        let account = |what: &str| format!("/openbss/v1/accounts/{}/{what}", app.domain("acme"));
        let body = json!({"freeze_type": "ACCOUNT_AND_RESOURCE", "reason": "abuse"});
        app.post("operator", &account("freeze"), body).await.ok(200);
        asked(&app, "acme", &[&id], 1).await.refused(400, "CBC.99003656");
        app.post("operator", &account("unfreeze"), json!({})).await.ok(200);
        app.post("operator", &account("freeze"), json!({"freeze_type": "ACCOUNT", "reason": "abuse"})).await.ok(200);
        asked(&app, "acme", &[&id], 1).await.ok(200);
        app.finish().await;
    }
}
