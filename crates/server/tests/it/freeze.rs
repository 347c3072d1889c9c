//! Freezing and unfreezing accounts (rule 10.6).

use serde_json::{Value, json};

use crate::auto_renewals::mails;
use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{ORDERS, PAY, cash, machine, payment, place};

async fn call(app: &TestApp, tenant: &str, what: &str, body: Value) -> Reply {
    app.post("operator", &format!("/openbss/v1/accounts/{}/{what}", app.domain(tenant)), body).await
}

async fn is_frozen(app: &TestApp, tenant: &str) -> Value {
    let path = format!("/openbss/v1/accounts/{}", app.domain(tenant));
    app.get("operator", &path).await.ok(200)["is_frozen"].clone()
}

on_both! {
    async fn a_frozen_account_pays_for_nothing_until_it_is_unfrozen(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        let done = call(&app, "acme", "freeze", json!({"reason": "unpaid bills"})).await.ok(200);
        assert_eq!((&done["is_frozen"], &done["freeze_type"]), (&json!(1), &json!("ACCOUNT")));
        assert_eq!(done["time"], "2026-01-15T08:00:00Z");
        assert_eq!(is_frozen(&app, "acme").await, 1);
        app.post("acme", PAY, payment(&order)).await.refused(400, "CBC.7281");
        let unpaid = app.post("acme", ORDERS, json!({"lines": [machine()], "auto_pay": true})).await.ok(201);
        assert_eq!(unpaid["status"], 6);
        assert_eq!(cash(&app, "acme").await, "10000");
        let done = call(&app, "acme", "unfreeze", json!({})).await.ok(200);
        assert_eq!((&done["is_frozen"], &done["freeze_type"]), (&json!(0), &json!("ACCOUNT")));
        app.post("acme", PAY, payment(&order)).await.ok(204);
        app.finish().await;
    }

    // One for each freeze, however many resources there are.
    async fn an_account_with_resources_gets_a_mail_when_it_is_frozen(app) {
        let order = place(&app, "acme", json!([machine(), machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        // It has nothing that could be lost.
        call(&app, "globex", "freeze", json!({"reason": "r"})).await.ok(200);
        assert_eq!(mails(&app).await, Vec::<Value>::new());
        for (number, (scope, line)) in [
            ("ACCOUNT", "Its resources can still be used, and their terms run on."),
            ("ACCOUNT_AND_RESOURCE", "They are deleted unless it is unfrozen until: 2026-01-30 23:59:59 (GMT+8)"),
        ].into_iter().enumerate() {
            call(&app, "acme", "freeze", json!({"reason": "r", "freeze_type": scope})).await.ok(200);
            let mails = mails(&app).await;
            assert_eq!(mails.len(), number + 1, "{mails:?}");
            let is_it = |mail: &&Value| mail["body"].as_str().unwrap().contains(line);
            let mail = mails.iter().find(is_it).unwrap_or_else(|| panic!("{line} is not in {mails:?}"));
            assert_eq!(mail["recipient"], "acme@example.com");
            assert_eq!(mail["subject"], "Account frozen / 账号冻结");
            call(&app, "acme", "unfreeze", json!({})).await.ok(200);
        }
        app.finish().await;
    }

    async fn a_frozen_master_does_not_pay_for_its_member(app) {
        call(&app, "globex", "freeze", json!({"reason": "r", "freeze_type": "ACCOUNT_AND_RESOURCE"})).await.ok(200);
        assert_eq!(is_frozen(&app, "globex").await, 2);
        let unpaid = app.post("globex-ops", ORDERS, json!({"lines": [machine()], "auto_pay": true})).await.ok(201);
        assert_eq!(unpaid["status"], 6);
        app.finish().await;
    }

    async fn from_one_scope_to_the_other_the_way_leads_over_unfreezing(app) {
        let (account, both) = ("ACCOUNT", "ACCOUNT_AND_RESOURCE");
        let freeze = |scope: &str| json!({"reason": "r", "freeze_type": scope});
        let unfreeze = |scope: &str| json!({"freeze_type": scope});
        for (first, other) in [(account, both), (both, account)] {
            let message = call(&app, "acme", "unfreeze", unfreeze(first)).await.refused(400, "CBC.50000053");
            assert!(message.contains("is not frozen"), "{message}");
            call(&app, "acme", "freeze", freeze(first)).await.ok(200);
            let message = call(&app, "acme", "freeze", freeze(first)).await.refused(400, "CBC.30000052");
            assert!(message.contains(first), "{message}");
            let message = call(&app, "acme", "freeze", freeze(other)).await.refused(400, "CBC.70300007");
            assert!(message.contains(&format!("freeze_type {first}.")), "{message}");
            let message = call(&app, "acme", "unfreeze", unfreeze(other)).await.refused(400, "CBC.50000053");
            assert!(message.contains(&format!("freeze_type {first};")), "{message}");
            call(&app, "acme", "unfreeze", unfreeze(first)).await.ok(200);
        }
        assert_eq!(is_frozen(&app, "acme").await, 0);
        app.finish().await;
    }

    async fn what_freezes_is_named_and_has_a_reason(app) {
        for (tenant, body, wanted) in [
            ("acme", json!({"reason": "r", "freeze_type": ""}), "freeze_type"),
            ("acme", json!({"reason": "r", "freeze_type": "RESOURCE"}), "freeze_type"),
            ("acme", json!({"freeze_type": "ACCOUNT"}), "reason"),
            ("operator", json!({"reason": "r"}), "domain_id"),
        ] {
            let message = call(&app, tenant, "freeze", body.clone()).await.refused(400, "CBC.0100");
            assert!(message.contains(wanted), "{body}: {message}");
        }
        let own = format!("/openbss/v1/accounts/{}/freeze", app.domain("lighthouse"));
        app.post("harbor", &own, json!({"reason": "r"})).await.refused(403, "CBC.0151");
        call(&app, "north", "freeze", json!({"reason": "r", "freeze_type": null})).await.ok(200);
        app.finish().await;
    }
}
