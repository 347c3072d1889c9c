//! Pay-per-use resources that are held with their frozen account, as yearly/monthly ones are (rule 10.6).

use serde_json::{Value, json};

use super::{EXTERNAL, account, provide_all, tasks};
use crate::auto_renewals::mails;
use crate::contract::calls::integers;
use crate::conversions::{REGISTER, for_months, register};
use crate::expiry::{buy, listen, shown, told};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{PAY, cash, disk, machine, payment};

/// What is pay-per-use, as `name status`, by name.
async fn listed(app: &TestApp, tenant: &str) -> Vec<String> {
    let found = app.get(tenant, REGISTER).await.ok(200);
    let name = |one: &Value| format!("{} {}", one["resource_id"].as_str().unwrap(), one["status"]);
    let mut all: Vec<String> = found["resources"].as_array().unwrap().iter().map(name).collect();
    assert_eq!(found["total_count"], all.len());
    all.sort();
    all
}

/// Buys a machine with its disk, which are pay-per-use from the end of their month on: 15 February.
async fn turned(app: &TestApp, tenant: &str) -> Vec<String> {
    let all = buy(app, tenant, json!([machine(), disk()])).await;
    let body = json!({"operation": "SET_UP", "resource_ids": [all[0]]});
    app.post(tenant, "/v2/orders/subscriptions/resources/to-on-demand", body).await.ok(200);
    app.advance_to("2026-02-16T08:00:00Z").await;
    all
}

/// Advances, and answers the runs of the job as `instant: outcome`.
async fn lived(app: &TestApp, to: &str) -> Vec<String> {
    let ran = app.advance_to(to).await;
    let ours = ran.iter().filter(|ran| ran.job == "subscriptions.live_on_demand");
    ours.map(|ran| format!("{}: {}", ran.at.to_wire(), ran.outcome)).collect()
}

async fn to_period(app: &TestApp, id: &str, auto_pay: bool) -> crate::harness::Reply {
    let body = for_months(1, json!({"auto_pay": auto_pay}));
    app.post("acme", &format!("{REGISTER}/{id}/to-period"), body).await
}

on_both! {
    async fn what_is_pay_per_use_is_frozen_and_released_with_its_account(app) {
        for (tenant, name) in [("acme", "vm-1"), ("acme", "vm-2"), ("globex", "vm-3")] {
            register(&app, tenant, json!({"resource_id": name})).await;
        }
        listen(&app, "acme").await;
        account(&app, "acme", "freeze").await;
        assert_eq!(listed(&app, "acme").await, ["vm-1 4", "vm-2 4"]);
        assert_eq!(listed(&app, "globex").await, ["vm-3 2"]);
        let mails = mails(&app).await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert!(mails[0]["body"].as_str().unwrap().contains("2026-01-30 23:59:59 (GMT+8)"), "{mails:?}");
        to_period(&app, "vm-1", true).await.refused(400, "CBC.7281");
        app.advance_to("2026-01-20T00:00:00Z").await;
        account(&app, "acme", "unfreeze").await;
        assert_eq!(listed(&app, "acme").await, ["vm-1 2", "vm-2 2"]);
        assert_eq!(told(&app, "webhook").await, [
            "resource.frozen", "resource.frozen", "resource.unfrozen", "resource.unfrozen",
        ]);
        let outbox = app.get("operator", "/openbss/v1/sandbox/outbox?limit=1000").await.ok(200);
        let hooks: Vec<Value> = outbox["items"].as_array().unwrap().iter()
            .filter(|item| item["channel"] == "webhook")
            .map(|item| serde_json::from_str(item["body"].as_str().unwrap()).unwrap())
            .collect();
        for hook in hooks {
            let wanted = if hook["event"] == "resource.frozen" { ("account_frozen", 4) } else { ("released", 2) };
            assert_eq!((&hook["data"]["reason"], &hook["data"]["status"]), (&json!(wanted.0), &json!(wanted.1)), "{hook}");
            assert_eq!(hook["data"]["customer_id"], app.domain("acme"));
            assert!(hook["data"]["resource_id"].as_str().unwrap().starts_with("vm-"), "{hook}");
        }
        // Nothing of the freeze is left to come.
        assert_eq!(lived(&app, "2026-06-01T00:00:00Z").await, Vec::<String>::new());
        to_period(&app, "vm-1", true).await.ok(201);
        app.finish().await;
    }

    async fn an_account_of_nothing_but_pay_per_use_gets_its_mail_when_it_is_frozen_alone(app) {
        register(&app, "acme", json!({"resource_id": "vm-1"})).await;
        let path = format!("/openbss/v1/accounts/{}/freeze", app.domain("acme"));
        app.post("operator", &path, json!({"reason": "r"})).await.ok(200);
        let mails = mails(&app).await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert!(mails[0]["body"].as_str().unwrap().contains("can still be used"), "{mails:?}");
        assert_eq!(listed(&app, "acme").await, ["vm-1 2"]);
        app.finish().await;
    }

    async fn what_an_account_holds_by_use_is_deleted_after_fifteen_days(app) {
        let all = turned(&app, "acme").await;
        register(&app, "acme", json!({"resource_id": "a-vm", "resource_name": "alone"})).await;
        let left = cash(&app, "acme").await;
        listen(&app, "acme").await;
        account(&app, "acme", "freeze").await;
        assert_eq!(lived(&app, "2026-03-03T15:59:58Z").await, Vec::<String>::new());
        assert_eq!(listed(&app, "acme").await.len(), 3);
        let mut ran = lived(&app, "2026-04-01T00:00:00Z").await;
        ran.sort();
        assert_eq!(ran, ["2026-03-03T15:59:59Z: closed", "2026-03-03T15:59:59Z: closed (2 resources)"]);
        assert_eq!(listed(&app, "acme").await, Vec::<String>::new());
        let told = told(&app, "webhook").await;
        assert_eq!(told.iter().filter(|one| *one == "resource.closed").count(), 3, "{told:?}");
        // One mail for each that is attached to nothing.
        let mut mails = mails(&app).await;
        mails.retain(|mail| mail["subject"].as_str().unwrap().starts_with("Deleted: "));
        assert_eq!(mails.len(), 2, "{mails:?}");
        for name in [all[0].as_str(), "a-vm"] {
            let mail = mails.iter().find(|mail| mail["body"].as_str().unwrap().contains(name)).expect("one of each");
            let body = mail["body"].as_str().unwrap();
            for line in ["Deleted at: 2026-03-03 23:59:59 (GMT+8)", "Its account has been frozen for too long.", "s3.medium.4"] {
                assert!(body.contains(line), "{line} is not in {body}");
            }
        }
        // Since when it is not billed any more.
        let ended = domain::calendar::Instant::parse_utc("2026-03-03T15:59:59Z").unwrap().ms();
        let sql = "select min(ended_at), max(ended_at), count(*) from on_demand_resources where status = 3";
        assert_eq!(integers(&app, sql, 3).await, [ended, ended, 3]);
        account(&app, "acme", "unfreeze").await;
        assert_eq!(listed(&app, "acme").await, Vec::<String>::new());
        assert_eq!(shown(&app, "acme", &all[0]).await, "gone");
        assert_eq!(cash(&app, "acme").await, left);
        app.finish().await;
    }

    async fn the_cloud_freezes_unfreezes_and_deletes_what_is_pay_per_use(app: EXTERNAL) {
        let used = register(&app, "acme", json!({"resource_id": "vm-1"})).await;
        account(&app, "acme", "freeze").await;
        assert_eq!(tasks(&app).await, ["freeze"]);
        let item = app.get("operator", "/openbss/v1/provisioning").await.ok(200)["items"][0].clone();
        assert_eq!((&item["id"], &item["resource_id"]), (&used["id"], &json!("vm-1")));
        assert_eq!((&item["order_id"], &item["period_type"]), (&Value::Null, &Value::Null), "nobody ordered it");
        assert_eq!((&item["resource_spec"], &item["customer_id"]), (&json!("s3.medium.4.linux"), &json!(app.domain("acme"))));
        let path = |what: &str| format!("/openbss/v1/resources/{}/{what}", used["id"].as_str().unwrap());
        // What the cloud could not do yet waits on; a report names no other resource.
        let failed = app.post("operator", &path("failed"), json!({"reason": "busy"})).await.ok(200);
        assert_eq!((&failed["state"], &failed["action"], &failed["order_id"]), (&json!("waiting"), &json!("freeze"), &Value::Null));
        app.post("operator", &path("provisioned"), json!({"resource_id": "vm-9"})).await.refused(400, "CBC.0101");
        for _ in 0..2 {
            let done = app.post("operator", &path("provisioned"), json!({"resource_id": "vm-1"})).await.ok(200);
            assert_eq!((&done["state"], &done["action"]), (&json!("provisioned"), &json!("freeze")));
            assert_eq!((&done["effective_time"], &done["expire_time"]), (&json!("2026-01-15T08:00:00Z"), &Value::Null));
        }
        app.post("operator", &path("failed"), json!({"reason": "busy"})).await.refused(400, "CBC.0101");
        account(&app, "acme", "unfreeze").await;
        assert_eq!(tasks(&app).await, ["unfreeze"]);
        // It is yearly/monthly under the same id, and the cloud reports on it.
        to_period(&app, "vm-1", true).await.ok(201);
        assert_eq!(tasks(&app).await, ["unfreeze"]);
        provide_all(&app).await;
        assert_eq!(tasks(&app).await, Vec::<String>::new());

        register(&app, "acme", json!({"resource_id": "vm-2"})).await;
        account(&app, "acme", "freeze").await;
        provide_all(&app).await;
        app.advance_to("2026-02-01T00:00:00Z").await;
        assert_eq!(tasks(&app).await, ["delete", "delete"]);
        provide_all(&app).await;
        assert_eq!(tasks(&app).await, Vec::<String>::new());
        app.finish().await;
    }

    async fn what_nothing_was_asked_of_is_reported_as_being_there(app: EXTERNAL) {
        let used = register(&app, "acme", json!({"resource_id": "vm-1"})).await;
        let path = |what: &str| format!("/openbss/v1/resources/{}/{what}", used["id"].as_str().unwrap());
        let done = app.post("operator", &path("provisioned"), json!({})).await.ok(200);
        assert_eq!((&done["task_id"], &done["resource_id"]), (&Value::Null, &json!("vm-1")));
        app.post("operator", &path("failed"), json!({"reason": "r"})).await.refused(400, "CBC.0101");
        app.finish().await;
    }

    async fn what_is_registered_for_a_frozen_account_is_held_from_the_start_and_may_be_released(app) {
        account(&app, "acme", "freeze").await;
        let one = register(&app, "acme", json!({"resource_id": "vm-1"})).await;
        register(&app, "acme", json!({"resource_id": "vm-2"})).await;
        assert_eq!(one["status"], 4);
        // The operator says that it is gone.
        app.call("operator", "DELETE", &format!("{REGISTER}/vm-2"), None).await.ok(204);
        assert_eq!(listed(&app, "acme").await, ["vm-1 4"]);
        account(&app, "acme", "unfreeze").await;
        assert_eq!(listed(&app, "acme").await, ["vm-1 2"]);
        assert_eq!(lived(&app, "2026-06-01T00:00:00Z").await, Vec::<String>::new());
        app.finish().await;
    }

    // Paid before, it is yearly/monthly and held; or it is not paid, and held as it is.
    async fn a_payment_that_turns_it_yearly_beside_a_freeze_leaves_nothing_unheld(app) {
        for round in 0..8 {
            let name = format!("vm-{round}");
            register(&app, "acme", json!({"resource_id": name})).await;
            let order = to_period(&app, &name, false).await.ok(201)["order_id"].as_str().unwrap().to_owned();
            let path = format!("/openbss/v1/accounts/{}/freeze", app.domain("acme"));
            let body = json!({"freeze_type": "ACCOUNT_AND_RESOURCE", "reason": "r"});
            let (paid, frozen) = tokio::join!(app.post("acme", PAY, payment(&order)), app.post("operator", &path, body));
            frozen.ok(200);
            assert!(paid.status == 204 || paid.status == 400, "{}", paid.text());
            let free = "select (select count(*) from resources where status <> 4 or held_at is null) \
                + (select count(*) from on_demand_resources where status = 2 and held_at is null)";
            assert_eq!(integers(&app, free, 1).await, [0], "round {round}");
            account(&app, "acme", "unfreeze").await;
        }
        app.finish().await;
    }
}
