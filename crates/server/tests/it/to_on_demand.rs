//! To pay-per-use on expiry (004 8.4.6): set up, cancelled, refused, and what becomes of the resource.

use domain::site::Site;
use platform::op::Host;
use serde_json::{Value, json};
use server::app::Provisioner;

use crate::auto_renewals::mails;
use crate::changes::change;
use crate::contract::calls::integers;
use crate::expiry::{buy, ids, listen, lived, shown, told};
use crate::explain::reprice;
use crate::harness::{Options, Reply, TestApp};
use crate::on_both;
use crate::orders::{CANCEL, ORDERS, PAY, disk, machine, payment, place, with};

const TO_ON_DEMAND: &str = "/v2/orders/subscriptions/resources/to-on-demand";
const RENEW: &str = "/v2/orders/subscriptions/resources/renew";

async fn ask(app: &TestApp, operation: &str, ids: &[&str]) -> Reply {
    app.post("acme", TO_ON_DEMAND, json!({"operation": operation, "resource_ids": ids})).await
}

/// Every resource of it was changed, or was as asked for.
async fn done(app: &TestApp, operation: &str, id: &str) {
    assert_eq!(ask(app, operation, &[id]).await.ok(200), json!({"error_details": []}));
}

/// Pay-per-use resources: `resource id, origin's id, since when`, by resource id.
async fn on_demand(app: &TestApp) -> Vec<(String, i64)> {
    let mut tx = app.app.db().begin_read().await.expect("a snapshot");
    let sql = "select resource_id, began_at from on_demand_resources where status = 2 order by resource_id limit 10";
    let rows = tx.all(sql, &[]).await.expect("it runs");
    tx.rollback().await;
    rows.iter().map(|row| (row.text(0).to_owned(), row.int(1))).collect()
}

/// A line of a product of the demo catalogue for a month.
fn line(service: &str, kind: &str, spec: &str) -> Value {
    let mut line = machine();
    line["cloud_service_type"] = json!(service);
    line["resource_type"] = json!(kind);
    line["resource_spec"] = json!(spec);
    line
}

on_both! {
    async fn a_set_becomes_pay_per_use_at_its_expiry(app) {
        let all = buy(&app, "acme", json!([machine(), disk()])).await;
        listen(&app, "acme").await;
        done(&app, "SET_UP", &all[0]).await;
        for id in &all {
            assert_eq!(shown(&app, "acme", id).await, "2/1 2026-02-15T15:59:59Z");
        }
        let ran = lived(&app.advance_to("2026-04-01T00:00:00Z").await);
        assert_eq!(ran, ["2026-02-15T15:59:59Z: pay-per-use (2 resources)"]);
        for id in &all {
            assert_eq!(shown(&app, "acme", id).await, "gone");
        }
        let since = domain::calendar::Instant::parse_utc("2026-02-15T15:59:59Z").unwrap().ms();
        let mut wanted: Vec<(String, i64)> = all.iter().map(|id| (id.clone(), since)).collect();
        wanted.sort();
        assert_eq!(on_demand(&app).await, wanted);
        assert_eq!(told(&app, "webhook").await, ["resource.to_on_demand", "resource.to_on_demand"]);
        // One mail, of the primary.
        let mails = mails(&app).await;
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0]["recipient"], "acme@example.com");
        assert!(mails[0]["subject"].as_str().unwrap().starts_with("Pay-per-use from now on: "), "{mails:?}");
        let body = mails[0]["body"].as_str().unwrap();
        for line in [all[0].as_str(), "End of its term: 2026-02-15 23:59:59 (GMT+8)", "转为按需计费"] {
            assert!(body.contains(line), "{line} is not in {body}");
        }
        // Use is not metered yet, so that nobody is promised a bill of it.
        for line in ["costs", "按实际使用量收费"] {
            assert!(!body.contains(line), "{line} is in {body}");
        }
        let attached = "select count(*) from on_demand_resources child join on_demand_resources parent \
            on parent.id = child.parent_id and parent.account_id = child.account_id";
        assert_eq!(integers(&app, attached, 1).await, [1]);
        app.finish().await;
    }

    // Rule 1.7, the sample: a month from 1 January, set up on the 15th; use is billed from 1 February 23:59:59.
    async fn pay_per_use_begins_at_the_last_second_of_the_term(app) {
        app.advance_to("2027-01-01T02:00:00Z").await;
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        app.advance_to("2027-01-15T02:00:00Z").await;
        done(&app, "SET_UP", &id).await;
        let ran = lived(&app.advance_to("2027-02-02T00:00:00Z").await);
        assert_eq!(ran, ["2027-02-01T15:59:59Z: pay-per-use"]);
        app.finish().await;
    }

    async fn a_set_of_which_one_is_frozen_stays_what_it_is_as_a_whole(app) {
        let all = buy(&app, "acme", json!([machine(), disk()])).await;
        done(&app, "SET_UP", &all[0]).await;
        let path = |what: &str| format!("/openbss/v1/resources/{}/{what}", all[1]);
        app.post("operator", &path("freeze"), json!({"reason": "mining"})).await.ok(200);
        let ran = lived(&app.advance_to("2026-02-16T00:00:00Z").await);
        assert_eq!(ran, ["2026-02-15T15:59:59Z: expired, stays frozen"]);
        assert_eq!(on_demand(&app).await, []);
        assert_eq!(shown(&app, "acme", &all[0]).await, "5/4 2026-02-15T15:59:59Z");
        app.post("operator", &path("unfreeze"), json!({})).await.ok(200);
        assert_eq!(shown(&app, "acme", &all[1]).await, "5/4 2026-02-15T15:59:59Z");
        let renewal = json!({"resource_ids": [all[0]], "period_type": 2, "period_num": 1, "is_auto_pay": 1});
        app.post("acme", RENEW, renewal).await.ok(200);
        for id in &all {
            assert_eq!(shown(&app, "acme", id).await, "2/0 2026-03-15T15:59:59Z");
        }
        app.finish().await;
    }

    async fn what_is_cancelled_goes_the_ordinary_way(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        done(&app, "CANCEL", &id).await;
        assert_eq!(shown(&app, "acme", &id).await, "2/0 2026-02-15T15:59:59Z", "nothing was set up");
        done(&app, "SET_UP", &id).await;
        done(&app, "SET_UP", &id).await;
        done(&app, "CANCEL", &id).await;
        assert_eq!(shown(&app, "acme", &id).await, "2/0 2026-02-15T15:59:59Z");
        assert_eq!(lived(&app.advance_to("2026-02-16T00:00:00Z").await), ["2026-02-15T15:59:59Z: expired"]);
        app.finish().await;
    }

    async fn it_replaces_automatic_renewal_for_good(app) {
        let order = app.post("acme", ORDERS, json!({"lines": [machine()], "auto_renew": true})).await.ok(201);
        let order = order["order_id"].as_str().unwrap().to_owned();
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let id = ids(&app, "acme", &order).await.remove(0);
        assert_eq!(shown(&app, "acme", &id).await, "2/3 2026-02-15T15:59:59Z");
        done(&app, "SET_UP", &id).await;
        assert_eq!(shown(&app, "acme", &id).await, "2/1 2026-02-15T15:59:59Z");
        done(&app, "CANCEL", &id).await;
        assert_eq!(shown(&app, "acme", &id).await, "2/0 2026-02-15T15:59:59Z");
        let renewing = "select count(*) from resources where renew_at is not null or auto_renew <> 0";
        assert_eq!(integers(&app, renewing, 1).await, [0]);
        app.finish().await;
    }

    async fn what_has_expired_is_told_one_by_one(app) {
        let old = buy(&app, "acme", json!([machine()])).await.remove(0);
        app.advance_to("2026-02-01T00:00:00Z").await;
        let new = buy(&app, "acme", json!([machine()])).await.remove(0);
        app.advance_to("2026-02-16T00:00:00Z").await;
        let answer = ask(&app, "SET_UP", &[&old, &new]).await.ok(200);
        assert_eq!(answer["error_details"].as_array().unwrap().len(), 1);
        let detail = &answer["error_details"][0];
        assert_eq!((&detail["id"], &detail["error_code"]), (&json!(old), &json!("CBC.99003610")));
        assert!(detail["error_msg"].as_str().unwrap().contains("grace"), "{detail}");
        assert_eq!(shown(&app, "acme", &old).await, "5/4 2026-02-15T15:59:59Z");
        assert_eq!(shown(&app, "acme", &new).await, "2/1 2026-03-01T15:59:59Z");
        app.advance_to("2026-03-03T00:00:00Z").await;
        let answer = ask(&app, "SET_UP", &[&old]).await.ok(200);
        assert_eq!(answer["error_details"][0]["error_code"], "CBC.99003610", "in retention");
        app.advance_to("2026-05-01T00:00:00Z").await;
        ask(&app, "SET_UP", &[&old]).await.refused(400, "CBC.99003012");
        app.finish().await;
    }

    async fn kinds_that_cannot_be_billed_by_use_are_refused(app) {
        let cases = [
            (line("hws.service.type.cpts", "hws.resource.type.cpts.package", "cpts.100vum"), "CBC.99003611"),
            (line("hws.service.type.offline", "hws.resource.type.general", "starter.bundle"), "CBC.99003622"),
            (line("hws.service.type.bms", "hws.resource.type.bms", "physical.s4.large"), "CBC.99003609"),
        ];
        let usable = buy(&app, "acme", json!([machine()])).await.remove(0);
        for (line, code) in cases {
            let id = buy(&app, "acme", json!([line])).await.remove(0);
            let message = ask(&app, "SET_UP", &[&usable, &id]).await.refused(400, code);
            assert!(message.contains(&id), "{message}");
            done(&app, "CANCEL", &id).await;
        }
        assert_eq!(shown(&app, "acme", &usable).await, "2/0 2026-02-15T15:59:59Z", "all or nothing");
        app.finish().await;
    }

    async fn what_is_to_be_pay_per_use_is_not_changed_to_what_cannot_be_billed_by_use(app) {
        let mut shared = line("hws.service.type.vpc", "hws.resource.type.bandwidth", "19_share");
        (shared["resource_size"], shared["size_measure_id"]) = (json!(5), json!(15));
        let id = buy(&app, "acme", json!([shared])).await.remove(0);
        done(&app, "SET_UP", &id).await;
        // Cheaper, and, being larger, dearer.
        for more in [json!({}), json!({"resource_size": 10})] {
            let body = with(more, "resource_spec", json!("19_bgp"));
            let message = change(&app, "acme", &id, body).await.refused(400, "CBC.0100");
            assert!(message.contains("resource_spec") && message.contains("CANCEL"), "{message}");
        }
        change(&app, "acme", &id, json!({"resource_size": 6, "auto_pay": true})).await.ok(201);
        done(&app, "CANCEL", &id).await;
        change(&app, "acme", &id, json!({"resource_spec": "19_bgp"})).await.ok(201);
        ask(&app, "SET_UP", &[&id]).await.refused(400, "CBC.99003609");
        app.finish().await;
    }

    async fn what_the_catalogue_no_longer_sells_by_use_enters_grace_at_its_expiry(app) {
        let all = buy(&app, "acme", json!([machine(), disk()])).await;
        done(&app, "SET_UP", &all[0]).await;
        let was = "  - spec: s3.medium.4.linux\n";
        reprice(&app, was, &format!("{was}    flags: [not_convertible]\n")).await;
        let ran = lived(&app.advance_to("2026-02-16T00:00:00Z").await);
        assert_eq!(ran, ["2026-02-15T15:59:59Z: expired (2 resources)"]);
        for id in &all {
            assert_eq!(shown(&app, "acme", id).await, "5/4 2026-02-15T15:59:59Z");
        }
        assert_eq!(on_demand(&app).await, []);
        app.finish().await;
    }

    async fn a_transaction_that_is_not_finished_stands_in_the_way(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let renewal = json!({"resource_ids": [id], "period_type": 2, "period_num": 1});
        let order = app.post("acme", RENEW, renewal).await.ok(200)["order_ids"][0].as_str().unwrap().to_owned();
        for operation in ["SET_UP", "CANCEL"] {
            assert!(ask(&app, operation, &[&id]).await.refused(400, "CBC.99003623").contains(&id));
        }
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await.ok(204);
        done(&app, "SET_UP", &id).await;
        app.finish().await;
    }

    async fn what_is_attached_and_not_there_yet_stands_in_the_way(app: Options { provisioner: Provisioner::External, ..Options::default() }) {
        let order = place(&app, "acme", json!([machine(), disk()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let items = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let primary = items["items"].as_array().unwrap().iter().find(|item| item["parent_id"].is_null()).unwrap();
        let id = primary["id"].as_str().unwrap();
        app.post("operator", &format!("/openbss/v1/resources/{id}/provisioned"), json!({})).await.ok(200);
        ask(&app, "SET_UP", &[id]).await.refused(400, "CBC.99003623");
        app.finish().await;
    }

    async fn a_freeze_stands_in_the_way(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let resource = |what: &str| format!("/openbss/v1/resources/{id}/{what}");
        app.post("operator", &resource("freeze"), json!({"reason": "r"})).await.ok(200);
        assert!(ask(&app, "SET_UP", &[&id]).await.refused(400, "CBC.99003624").contains(&id));
        app.post("operator", &resource("unfreeze"), json!({})).await.ok(200);
        let account = |what: &str| format!("/openbss/v1/accounts/{}/{what}", app.domain("acme"));
        for scope in ["ACCOUNT", "ACCOUNT_AND_RESOURCE"] {
            app.post("operator", &account("freeze"), json!({"reason": "r", "freeze_type": scope})).await.ok(200);
            ask(&app, "SET_UP", &[&id]).await.refused(400, "CBC.99003626");
            app.post("operator", &account("unfreeze"), json!({})).await.ok(200);
        }
        done(&app, "SET_UP", &id).await;
        app.finish().await;
    }

    async fn what_is_held_at_its_expiry_goes_the_ordinary_way(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        done(&app, "SET_UP", &id).await;
        app.post("operator", &format!("/openbss/v1/resources/{id}/freeze"), json!({"reason": "r"})).await.ok(200);
        assert_eq!(lived(&app.advance_to("2026-02-16T00:00:00Z").await), ["2026-02-15T15:59:59Z: stays frozen"]);
        app.post("operator", &format!("/openbss/v1/resources/{id}/unfreeze"), json!({})).await.ok(200);
        assert_eq!(shown(&app, "acme", &id).await, "5/4 2026-02-15T15:59:59Z");
        assert!(on_demand(&app).await.is_empty());
        app.finish().await;
    }

    async fn only_the_own_primary_resources_are_named(app) {
        let all = buy(&app, "acme", json!([machine(), disk()])).await;
        let (primary, attached) = (all[0].as_str(), all[1].as_str());
        let others = buy(&app, "globex", json!([machine()])).await.remove(0);
        for id in [others.as_str(), "nobodys"] {
            assert!(ask(&app, "SET_UP", &[primary, id]).await.refused(400, "CBC.99003012").contains(id));
        }
        assert!(ask(&app, "SET_UP", &[attached]).await.refused(400, "CBC.0100").contains(attached));
        let long = vec!["x"; 101];
        for (body, wanted) in [
            (json!({"operation": "SET_UP"}), "resource_ids"),
            (json!({"operation": "SET_UP", "resource_ids": []}), "resource_ids"),
            (json!({"operation": "SET_UP", "resource_ids": long}), "resource_ids"),
            (json!({"resource_ids": [primary]}), "operation"),
            (json!({"operation": "STOP", "resource_ids": [primary]}), "operation"),
            (json!({"operation": "", "resource_ids": [primary]}), "operation"),
        ] {
            let message = app.post("acme", TO_ON_DEMAND, body.clone()).await.refused(400, "CBC.0100");
            assert!(message.contains(wanted), "{body}: {message}");
        }
        for tenant in ["operator", "north", "harbor"] {
            let body = json!({"operation": "SET_UP", "resource_ids": [primary]});
            app.post(tenant, TO_ON_DEMAND, body).await.refused(403, "CBC.0151");
        }
        assert_eq!(ask(&app, "SET_UP", &[primary, primary]).await.ok(200), json!({"error_details": []}));
        app.finish().await;
    }

    async fn a_trial_is_not_converted_and_ends_as_every_term(app: Options { site: Site::Cn, ..Options::default() }) {
        let mut trial = with(machine(), "resource_spec", json!("s3.small.1.linux.trial"));
        trial["region"] = json!("cn-north-1");
        let order = app.post("acme", ORDERS, json!({"lines": [trial]})).await.ok(201);
        let order = order["order_id"].as_str().unwrap().to_owned();
        let id = ids(&app, "acme", &order).await.remove(0);
        ask(&app, "SET_UP", &[&id]).await.refused(400, "CBC.99003609");
        assert_eq!(lived(&app.advance_to("2026-02-16T00:00:00Z").await), ["2026-02-15T15:59:59Z: expired"]);
        app.finish().await;
    }
}
