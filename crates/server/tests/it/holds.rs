//! Resources that are held: with their frozen account (rule 10.6), or for security. The term of what is held runs on.

#[path = "holds/pay_per_use.rs"]
mod pay_per_use;

use domain::site::Site;
use platform::op::Host;
use serde_json::{Value, json};
use server::app::Provisioner;

use crate::contract::calls::integers;
use crate::expiry::{QUERY, buy, listen, lived, shown, told};
use crate::funds::top_up;
use crate::harness::{Options, Reply, TestApp};
use crate::on_both;
use crate::orders::{PAY, disk, machine, payment, place, with};
use crate::unsubscribing::{bought, ids, returned, volume};

const EXTERNAL: Options =
    Options { site: Site::Intl, provisioner: Provisioner::External, throttle: false, is_sandbox: true };

/// Freezes or unfreezes an account with its resources.
async fn account(app: &TestApp, tenant: &str, what: &str) {
    let path = format!("/openbss/v1/accounts/{}/{what}", app.domain(tenant));
    let mut body = json!({"freeze_type": "ACCOUNT_AND_RESOURCE"});
    if what == "freeze" {
        body["reason"] = json!("unpaid bills");
    }
    app.post("operator", &path, body).await.ok(200);
}

async fn freeze(app: &TestApp, id: &str) -> Reply {
    app.post("operator", &format!("/openbss/v1/resources/{id}/freeze"), json!({"reason": "mining"})).await
}

async fn unfreeze(app: &TestApp, id: &str) -> Reply {
    app.post("operator", &format!("/openbss/v1/resources/{id}/unfreeze"), json!({})).await
}

fn statuses(answer: &Value) -> Vec<i64> {
    answer["resources"].as_array().unwrap().iter().map(|one| one["status"].as_i64().unwrap()).collect()
}

async fn provide_all(app: &TestApp) {
    let items = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
    for item in items["items"].as_array().unwrap() {
        let path = format!("/openbss/v1/resources/{}/provisioned", item["id"].as_str().unwrap());
        app.post("operator", &path, json!({})).await.ok(200);
    }
}

/// What the cloud is to do, the oldest first.
async fn tasks(app: &TestApp) -> Vec<String> {
    let items = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
    items["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["action"].as_str().unwrap().to_owned())
        .collect()
}

on_both! {
    async fn a_held_resource_that_is_no_longer_renewed_by_itself_goes_its_ordinary_course(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let path = format!("/v2/orders/subscriptions/resources/autorenew/{id}");
        app.post("acme", &path, json!({})).await.ok(204);
        account(&app, "acme", "freeze").await;
        assert_eq!(shown(&app, "acme", &id).await, "4/3 2026-02-15T15:59:59Z");
        app.call("acme", "DELETE", &path, None).await.ok(204);
        account(&app, "acme", "unfreeze").await;
        assert_eq!(shown(&app, "acme", &id).await, "2/0 2026-02-15T15:59:59Z", "it will enter grace");
        app.finish().await;
    }

    // Far more than a test can buy, so only the counter says so.
    async fn an_account_of_too_many_resources_is_not_frozen_with_them(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        for visible in [200_001_i64, 1] {
            let mut tx = app.app.db().begin_write().await.expect("a transaction");
            let text = "update resource_counters set visible = $2 where account_id = $1";
            tx.exec(text, platform::params![&app.domain("acme"), visible]).await.expect("it is set");
            tx.commit().await.expect("it is kept");
            if visible == 1 {
                continue;
            }
            let path = format!("/openbss/v1/accounts/{}/freeze", app.domain("acme"));
            let body = json!({"freeze_type": "ACCOUNT_AND_RESOURCE", "reason": "unpaid bills"});
            let why = app.post("operator", &path, body).await.refused(400, "CBC.0101");
            assert!(why.contains("freeze_type") && why.contains("200000"), "{why}");
            assert_eq!(shown(&app, "acme", &id).await, "2/0 2026-02-15T15:59:59Z");
        }
        account(&app, "acme", "freeze").await;
        app.finish().await;
    }

    async fn resources_are_frozen_and_released_with_their_account(app) {
        let all = buy(&app, "acme", json!([machine(), disk()])).await;
        let other = buy(&app, "globex", json!([machine()])).await.remove(0);
        listen(&app, "acme").await;
        account(&app, "acme", "freeze").await;
        for id in &all {
            assert_eq!(shown(&app, "acme", id).await, "4/0 2026-02-15T15:59:59Z");
        }
        assert_eq!(shown(&app, "globex", &other).await, "2/0 2026-02-15T15:59:59Z");
        app.advance_to("2026-01-20T00:00:00Z").await;
        account(&app, "acme", "unfreeze").await;
        for id in &all {
            assert_eq!(shown(&app, "acme", id).await, "2/0 2026-02-15T15:59:59Z");
        }
        assert_eq!(told(&app, "webhook").await, [
            "resource.frozen", "resource.frozen", "resource.unfrozen", "resource.unfrozen",
        ]);
        app.finish().await;
    }

    async fn an_account_that_is_frozen_alone_keeps_its_resources(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let path = format!("/openbss/v1/accounts/{}/freeze", app.domain("acme"));
        app.post("operator", &path, json!({"reason": "r"})).await.ok(200);
        assert_eq!(shown(&app, "acme", &id).await, "2/0 2026-02-15T15:59:59Z");
        let ran = lived(&app.advance_to("2026-02-16T00:00:00Z").await);
        assert_eq!(ran, ["2026-02-15T15:59:59Z: expired"]);
        app.finish().await;
    }

    async fn the_term_of_what_is_held_runs_on(app) {
        app.advance_to("2026-02-10T08:00:00Z").await;
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        app.advance_to("2026-03-09T00:00:00Z").await;
        account(&app, "acme", "freeze").await;
        let ran = lived(&app.advance_to("2026-03-11T00:00:00Z").await);
        assert_eq!(ran, ["2026-03-10T15:59:59Z: stays frozen"]);
        assert_eq!(shown(&app, "acme", &id).await, "4/4 2026-03-10T15:59:59Z");
        account(&app, "acme", "unfreeze").await;
        assert_eq!(shown(&app, "acme", &id).await, "5/4 2026-03-10T15:59:59Z", "in grace, as time made it");
        let ran = lived(&app.advance_to("2026-05-01T00:00:00Z").await);
        assert_eq!(ran, ["2026-03-25T15:59:59Z: frozen", "2026-04-09T15:59:59Z: closed"]);
        app.finish().await;
    }

    async fn a_hold_over_the_end_of_grace_is_released_into_retention(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        app.advance_to("2026-03-01T00:00:00Z").await;
        account(&app, "acme", "freeze").await;
        let ran = lived(&app.advance_to("2026-03-03T00:00:00Z").await);
        assert_eq!(ran, ["2026-03-02T15:59:59Z: stays frozen"]);
        account(&app, "acme", "unfreeze").await;
        assert_eq!(shown(&app, "acme", &id).await, "4/5 2026-02-15T15:59:59Z");
        assert_eq!(lived(&app.advance_to("2026-05-01T00:00:00Z").await), ["2026-03-17T15:59:59Z: closed"]);
        app.finish().await;
    }

    async fn what_an_account_holds_is_deleted_after_fifteen_days(app) {
        let year = json!([with(machine(), "period_type", json!(3)), with(disk(), "period_type", json!(3))]);
        let id = buy(&app, "acme", year).await.remove(0);
        account(&app, "acme", "freeze").await;
        assert_eq!(lived(&app.advance_to("2026-01-30T15:59:58Z").await), Vec::<String>::new());
        assert_eq!(shown(&app, "acme", &id).await, "4/0 2027-01-15T15:59:59Z");
        let ran = lived(&app.advance_to("2027-02-01T00:00:00Z").await);
        assert_eq!(ran, ["2026-01-30T15:59:59Z: closed (2 resources)"]);
        assert_eq!(shown(&app, "acme", &id).await, "gone");
        account(&app, "acme", "unfreeze").await;
        assert_eq!(shown(&app, "acme", &id).await, "gone");
        app.finish().await;
    }

    async fn a_freeze_for_security_holds_the_set_and_deletes_nothing(app) {
        let all = buy(&app, "acme", json!([machine(), disk()])).await;
        let done = freeze(&app, &all[0]).await.ok(200);
        assert_eq!(done["customer_id"], app.domain("acme"));
        assert_eq!(done["resources"][0]["resource_id"], all[0].as_str());
        assert_eq!(statuses(&done), [4, 4]);
        freeze(&app, &all[0]).await.refused(400, "CBC.30000052");
        assert_eq!(lived(&app.advance_to("2026-02-15T00:00:00Z").await), Vec::<String>::new());
        assert_eq!(shown(&app, "acme", &all[1]).await, "4/0 2026-02-15T15:59:59Z");
        assert_eq!(statuses(&unfreeze(&app, &all[0]).await.ok(200)), [2, 2]);
        assert!(unfreeze(&app, &all[0]).await.refused(400, "CBC.0101").contains(&all[0]));
        // The end of its time deletes it, held or not.
        freeze(&app, &all[0]).await.ok(200);
        let ran = lived(&app.advance_to("2026-04-01T00:00:00Z").await);
        assert_eq!(ran, [
            "2026-02-15T15:59:59Z: stays frozen (2 resources)",
            "2026-03-02T15:59:59Z: stays frozen (2 resources)",
            "2026-03-17T15:59:59Z: closed (2 resources)",
        ]);
        unfreeze(&app, &all[0]).await.refused(400, "CBC.99003012");
        app.finish().await;
    }

    async fn an_attached_resource_is_frozen_for_security_alone(app) {
        let all = buy(&app, "acme", json!([machine(), disk()])).await;
        assert_eq!(statuses(&freeze(&app, &all[1]).await.ok(200)), [4]);
        assert_eq!(shown(&app, "acme", &all[0]).await, "2/0 2026-02-15T15:59:59Z");
        assert_eq!(statuses(&freeze(&app, &all[0]).await.ok(200)), [4], "the disk is frozen already");
        assert_eq!(statuses(&unfreeze(&app, &all[0]).await.ok(200)), [2, 2]);
        app.finish().await;
    }

    async fn what_is_held_twice_is_released_with_the_last_hold(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let (used, frozen) = ("2/0 2026-02-15T15:59:59Z", "4/0 2026-02-15T15:59:59Z");
        freeze(&app, &id).await.ok(200);
        account(&app, "acme", "freeze").await;
        assert_eq!(statuses(&unfreeze(&app, &id).await.ok(200)), [4]);
        assert_eq!(shown(&app, "acme", &id).await, frozen);
        freeze(&app, &id).await.ok(200);
        account(&app, "acme", "unfreeze").await;
        assert_eq!(shown(&app, "acme", &id).await, frozen);
        unfreeze(&app, &id).await.ok(200);
        assert_eq!(shown(&app, "acme", &id).await, used);
        app.finish().await;
    }

    async fn a_large_refund_of_what_is_held_meanwhile_is_carried_out_and_nothing_holds_it_any_more(app) {
        top_up(&app, "acme", "30000", "large").await;
        let order = bought(&app, "acme", json!([volume(800_000)])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let refund = returned(&app, "acme", &[&id], 1).await;
        freeze(&app, &id).await.ok(200);
        account(&app, "acme", "freeze").await;
        app.post("operator", &format!("/openbss/v1/orders/{refund}/approve"), json!({})).await.ok(200);
        assert_eq!(shown(&app, "acme", &id).await, "gone");
        let holds = "select count(*) from resources where held_at is not null or secured_at is not null";
        assert_eq!(integers(&app, holds, 1).await, [0]);
        app.finish().await;
    }

    async fn what_its_account_holds_is_deleted_after_fifteen_days_though_its_term_became_shorter(app) {
        top_up(&app, "acme", "90000", "large").await;
        let order = bought(&app, "acme", json!([with(volume(1_000_000), "period_type", json!(2))])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let body = json!({"resource_ids": [id], "period_type": 3, "period_num": 1, "is_auto_pay": 1});
        app.post("acme", "/v2/orders/subscriptions/resources/renew", body).await.ok(200);
        let refund = returned(&app, "acme", &[&id], 2).await;
        account(&app, "acme", "freeze").await;
        app.post("operator", &format!("/openbss/v1/orders/{refund}/approve"), json!({})).await.ok(200);
        let ran = lived(&app.advance_to("2026-02-10T00:00:00Z").await);
        assert_eq!(ran, ["2026-01-30T15:59:59Z: closed"]);
        app.finish().await;
    }

    async fn only_the_operator_freezes_for_security(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        for tenant in ["acme", "north", "harbor"] {
            for (what, body) in [("freeze", json!({"reason": "r"})), ("unfreeze", json!({}))] {
                app.post(tenant, &format!("/openbss/v1/resources/{id}/{what}"), body).await.refused(403, "CBC.0151");
            }
        }
        for (body, wanted) in [(json!({}), "reason"), (json!({"reason": ""}), "reason"), (json!({"reason": "r", "x": 1}), "x")] {
            let reply = app.post("operator", &format!("/openbss/v1/resources/{id}/freeze"), body.clone()).await;
            assert!(reply.refused(400, "CBC.0100").contains(wanted), "{body}");
        }
        freeze(&app, "nobodys").await.refused(400, "CBC.99003012");
        app.finish().await;
    }

    async fn a_thousand_resources_are_held_and_released_at_once(app) {
        app.post("operator", &format!("/openbss/v1/accounts/{}/top-ups", app.domain("acme")),
            json!({"amount": "1000000", "trans_id": "t"})).await.ok(201);
        for _ in 0..10 {
            buy(&app, "acme", json!([with(machine(), "subscription_num", json!(100))])).await;
        }
        account(&app, "acme", "freeze").await;
        let count = |status: i64| json!({"status_list": [status]});
        assert_eq!(app.post("acme", QUERY, count(4)).await.ok(200)["total_count"], 1_000);
        account(&app, "acme", "unfreeze").await;
        assert_eq!(app.post("acme", QUERY, count(2)).await.ok(200)["total_count"], 1_000);
        app.finish().await;
    }

    async fn the_cloud_freezes_and_unfreezes_what_was_usable(app: EXTERNAL) {
        let order = place(&app, "acme", json!([machine(), disk()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        provide_all(&app).await;
        let all = crate::expiry::ids(&app, "acme", &order).await;
        freeze(&app, &all[0]).await.ok(200);
        assert_eq!(tasks(&app).await, ["freeze", "freeze"]);
        account(&app, "acme", "freeze").await;
        assert_eq!(tasks(&app).await, ["freeze", "freeze"], "they are frozen already");
        unfreeze(&app, &all[0]).await.ok(200);
        assert_eq!(tasks(&app).await, ["freeze", "freeze"], "they are still held");
        provide_all(&app).await;
        account(&app, "acme", "unfreeze").await;
        assert_eq!(tasks(&app).await, ["unfreeze", "unfreeze"]);
        app.finish().await;
    }

    async fn what_begins_its_term_while_its_account_is_frozen_is_held_from_the_start(app: EXTERNAL) {
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        account(&app, "acme", "freeze").await;
        provide_all(&app).await;
        assert_eq!(tasks(&app).await, ["freeze"], "the cloud has made it usable");
        let id = crate::expiry::ids(&app, "acme", &order).await.remove(0);
        assert_eq!(shown(&app, "acme", &id).await, "4/0 2026-02-15T15:59:59Z");
        account(&app, "acme", "unfreeze").await;
        assert_eq!(shown(&app, "acme", &id).await, "2/0 2026-02-15T15:59:59Z");
        assert_eq!(integers(&app, "select count(*) from resources where held_at is not null", 1).await, [0]);
        app.finish().await;
    }

    // Whichever comes first: what is bought is held with the rest, or is not bought.
    async fn a_purchase_beside_a_freeze_leaves_nothing_unheld(app) {
        for round in 0..8 {
            let order = place(&app, "acme", json!([machine()])).await;
            let path = format!("/openbss/v1/accounts/{}/freeze", app.domain("acme"));
            let body = json!({"freeze_type": "ACCOUNT_AND_RESOURCE", "reason": "r"});
            let (_, frozen) = tokio::join!(app.post("acme", PAY, payment(&order)), app.post("operator", &path, body));
            frozen.ok(200);
            let free = "select count(*) from resources where status <> 4 or held_at is null";
            assert_eq!(integers(&app, free, 1).await, [0], "round {round}");
            account(&app, "acme", "unfreeze").await;
        }
        app.finish().await;
    }
}
