//! No tenant reads or changes another's things, and no answer tells that they exist.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::calls::{Complaints, call, cash, concrete, guarded, payment, place, served};
use crate::harness::TestApp;
use crate::on_both;

/// Operations with `{name}` segments other than `{domain_id}` of which the refusal is tried below, by path.
const TRIED_BY_PATH: &[&str] = &[
    "ShowCustomerOrderDetails",
    "DeleteWebhook",
    "AutoRenewalResources",
    "CancelAutoRenewalResources",
    "ChangeResource",
    "MakeCommercial",
    "ConvertToPeriod",
];
/// Operations of the operator with such segments: it owns everything, so there is no other tenant to ask for.
fn is_operators_only(spec: &platform::op::Spec) -> bool {
    use platform::op::AccountKind;
    AccountKind::ALL.into_iter().all(|kind| spec.admits(kind) == (kind == AccountKind::Operator))
}

/// Answers to `intruder` about things of acme must hold nothing of acme.
struct Probe<'a> {
    app: &'a TestApp,
    complaints: Complaints,
    secrets: Vec<String>,
}

impl Probe<'_> {
    async fn refused(
        &mut self,
        intruder: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
        status: u16,
        code: &str,
    ) {
        let reply = self.app.call(intruder, method, path, body).await;
        let what = format!("{intruder}: {method} {path}");
        self.complaints.refused(&what, &reply, status, code);
        self.silent(&what, &reply.text(), path);
    }

    async fn empty(&mut self, intruder: &str, method: &str, path: &str, body: Option<Value>) {
        let reply = self.app.call(intruder, method, path, body).await;
        let what = format!("{intruder}: {method} {path}");
        let text = reply.text();
        let is_empty = reply.status == 200 && reply.json()["total_count"] == 0;
        self.complaints
            .unless(is_empty, || format!("{what}: wanted nothing found, got {} {text}", reply.status));
        self.silent(&what, &text, path);
    }

    fn silent(&mut self, what: &str, text: &str, asked: &str) {
        for secret in self.secrets.iter().filter(|secret| !asked.contains(secret.as_str())) {
            self.complaints.unless(!text.contains(secret), || format!("{what}: tells {secret}: {text}"));
        }
    }
}

on_both! {
    async fn things_of_another_tenant_are_as_good_as_unknown(app) {
        let (unpaid, paid) = (place(&app, "acme").await, place(&app, "acme").await);
        app.post("acme", "/v3/orders/customer-orders/pay", payment(&paid)).await.ok(204);
        let query = "/v2/orders/suscriptions/resources/query";
        let resources = app.post("acme", query, json!({})).await.ok(200);
        let resource = resources["data"][0]["resource_id"].as_str().expect("a resource id").to_owned();
        let used = json!({
            "customer_id": app.domain("acme"), "cloud_service_type": "hws.service.type.ec2",
            "resource_type": "hws.resource.type.vm", "resource_spec": "s3.medium.4.linux", "region": "ap-southeast-1",
        });
        let used = app.post("operator", "/openbss/v1/on-demand-resources", used).await.ok(201);
        let used = used["id"].as_str().expect("an id").to_owned();
        let money = cash(&app, "acme").await;
        let secrets = vec![app.domain("acme"), resource.clone(), used.clone(), app.key("acme").secret_key];
        let mut probe = Probe { app: &app, complaints: Complaints::default(), secrets };
        for intruder in ["globex", "globex-lab", "lighthouse"] {
            for order in [&unpaid, &paid, &"CS2601151600ABCDEFGH".to_owned()] {
                let details = format!("/v2/orders/customer-orders/details/{order}");
                probe.refused(intruder, "GET", &details, None, 400, "CBC.30000010").await;
                let pay = "/v3/orders/customer-orders/pay";
                probe.refused(intruder, "POST", pay, Some(payment(order)), 400, "CBC.30000010").await;
                let cancel = "/v2/orders/customer-orders/cancel";
                probe.refused(intruder, "PUT", cancel, Some(json!({"order_id": order})), 400, "CBC.30000010").await;
                let discounts = format!("/v2/orders/customer-orders/order-discounts?order_id={order}");
                probe.refused(intruder, "GET", &discounts, None, 400, "CBC.30000010").await;
                let refunds = format!("/v2/orders/customer-orders/refund-orders?order_id={order}");
                probe.refused(intruder, "GET", &refunds, None, 400, "CBC.99005026").await;
                let list = format!("/v2/orders/customer-orders?order_id={order}");
                probe.empty(intruder, "GET", &list, None).await;
                probe.empty(intruder, "POST", query, Some(json!({"order_id": order}))).await;
            }
            probe.empty(intruder, "POST", query, Some(json!({"resource_ids": [resource]}))).await;
            let leave = format!("/v2/orders/subscriptions/resources/unsubscribe?{resource}");
            let body = json!({"resource_ids": [resource], "unsubscribe_type": 1});
            probe.refused(intruder, "POST", &leave, Some(body), 400, "CBC.99003012").await;
            let renewal = json!({"resource_ids": [resource], "period_type": 2, "period_num": 1});
            let asked = format!("/v2/orders/subscriptions/resources/renew?{resource}");
            probe.refused(intruder, "POST", &asked, Some(renewal), 400, "CBC.99003016").await;
            let renewed = format!("/v2/orders/subscriptions/resources/autorenew/{resource}");
            probe.refused(intruder, "POST", &renewed, Some(json!({})), 400, "CBC.99003012").await;
            probe.refused(intruder, "DELETE", &renewed, None, 400, "CBC.99003012").await;
            let own_api = "/openbss/v1/resources";
            let change = Some(json!({"resource_size": 1}));
            probe.refused(intruder, "POST", &format!("{own_api}/{resource}/change"), change, 400, "CBC.99003012").await;
            let term = Some(json!({"period_type": 2, "period_num": 1}));
            let commercial = format!("{own_api}/{resource}/to-commercial");
            probe.refused(intruder, "POST", &commercial, term.clone(), 400, "CBC.99003012").await;
            let to_period = format!("/openbss/v1/on-demand-resources/{used}/to-period");
            probe.refused(intruder, "POST", &to_period, term, 400, "CBC.99003012").await;
            probe.empty(intruder, "GET", "/openbss/v1/on-demand-resources", None).await;
            probe.empty(intruder, "GET", "/v2/orders/customer-orders", None).await;
        }
        let foreign = format!("/v2/orders/customer-orders?customer_id={}", app.domain("acme"));
        for partner in ["north", "harbor", "summit"] {
            let reply = app.get(partner, &foreign).await;
            let found = reply.status == 200 && reply.json()["total_count"] != 0;
            probe.complaints.unless(!found, || format!("{partner} lists orders of acme"));
            let details = format!("/v2/orders/customer-orders/details/{paid}");
            probe.refused(partner, "GET", &details, None, 400, "CBC.30000010").await;
        }
        probe.complaints.none();
        assert_eq!(cash(&app, "acme").await, money);
        app.finish().await;
    }

    async fn who_pays_for_a_member_cannot_cancel_its_order(app) {
        let order = place(&app, "globex-ops").await;
        let cancel = "/v2/orders/customer-orders/cancel";
        let body = json!({"order_id": order});
        app.call("globex", "PUT", cancel, Some(body.clone())).await.refused(400, "CBC.30000010");
        app.call("globex-lab", "PUT", cancel, Some(body.clone())).await.refused(400, "CBC.30000010");
        let details = format!("/v2/orders/customer-orders/details/{order}");
        assert_eq!(app.get("globex", &details).await.ok(200)["order_info"]["status"], 6);
        app.call("globex-ops", "PUT", cancel, Some(body)).await.ok(204);
        app.finish().await;
    }

    async fn a_webhook_of_another_tenant_is_as_good_as_unknown(app) {
        let hooks = "/openbss/v1/webhooks";
        let hook = app.post("acme", hooks, json!({"url": "http://127.0.0.1:9/acme"})).await.ok(201);
        let id = hook["id"].as_str().expect("a webhook has an id").to_owned();
        let foreign = app.call("globex", "DELETE", &format!("{hooks}/{id}"), None).await;
        let nobodys = app.call("globex", "DELETE", &format!("{hooks}/nobodys-id"), None).await;
        assert_eq!((foreign.status, foreign.text()), (nobodys.status, nobodys.text()));
        assert_eq!(app.get("globex", hooks).await.ok(200)["total_count"], 0);
        assert_eq!(app.get("acme", hooks).await.ok(200)["total_count"], 1);
        app.finish().await;
    }

    async fn an_account_in_the_path_is_ones_own_or_unknown(app) {
        let mut complaints = Complaints::default();
        let acme = app.domain("acme");
        for entry in guarded(&app).filter(|entry| entry.spec.path.contains("{domain_id}")) {
            let spec = entry.spec;
            for intruder in ["globex", "north", "harbor", "summit"] {
                let outcome = |domain: &str| {
                    let path = concrete(spec, domain);
                    let app = &app;
                    async move { call(app, spec, &app.key(intruder), &path, b"{}", &[]).await }
                };
                let (foreign, nobodys) = (outcome(&acme).await, outcome("0123456789abcdef0123456789abcdef").await);
                let what = format!("{} as {intruder}", spec.id);
                complaints.unless(foreign.status >= 400, || format!("{what}: {}", foreign.text()));
                let unnamed = |text: String| text.replace(&acme, "X").replace("0123456789abcdef0123456789abcdef", "X");
                let (foreign_says, nobodys_says) = (unnamed(foreign.text()), unnamed(nobodys.text()));
                complaints.unless(foreign_says == nobodys_says && foreign.status == nobodys.status, || {
                    format!("{what}: another's account is told from nobody's:\n  {foreign_says}\n  {nobodys_says}")
                });
            }
        }
        complaints.none();
        app.finish().await;
    }

    async fn every_operation_on_an_id_is_tried_for_isolation(app) {
        let mut untried: BTreeSet<&str> = BTreeSet::new();
        for entry in served(&app) {
            let spec = entry.spec;
            let has_id = spec.path.split('/').any(|part| part.starts_with('{') && part != "{domain_id}");
            let in_account = spec.path.contains("{domain_id}");
            if has_id && !in_account && !is_operators_only(spec) && !TRIED_BY_PATH.contains(&spec.id) {
                untried.insert(spec.id);
            }
        }
        assert!(untried.is_empty(), "add cases of isolation for {untried:?}");
        app.finish().await;
    }
}
