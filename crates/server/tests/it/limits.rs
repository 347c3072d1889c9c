//! What limits spending besides balances: budgets, quotas of money, numbers of payments.

use std::sync::Arc;

use domain::site::Site;
use serde_json::{Value, json};

use crate::accounts::{EXTERNAL, disk, fail, waiting};
use crate::harness::{Options, Reply, TestApp};
use crate::on_both;
use crate::orders::{ORDERS, PAY, cash, machine, payment, place, status, with};
use crate::verify::{expect, expect_each};

const QUOTA: &str = "/v2/accounts/customer-accounts/expenditure-quota";

fn limits(app: &TestApp, tenant: &str) -> String {
    format!("/openbss/v1/accounts/{}/spending-limits", app.domain(tenant))
}

async fn put(app: &TestApp, tenant: &str, limit: Value) -> Reply {
    app.call("operator", "PUT", &limits(app, tenant), Some(limit)).await
}

/// Sets a limit of the usual period.
pub(crate) async fn limit(app: &TestApp, tenant: &str, kind: &str, amount: &str) {
    put(app, tenant, json!({"kind": kind, "amount": amount})).await.ok(200);
}

async fn top_up(app: &TestApp, tenant: &str, amount: &str) {
    let path = format!("/openbss/v1/accounts/{}/top-ups", app.domain(tenant));
    app.post("operator", &path, json!({"amount": amount, "trans_id": "limits"})).await.ok(201);
}

/// The limits of an account, as `kind[ subject] used/amount period`.
async fn shown(app: &TestApp, tenant: &str) -> Vec<String> {
    let body = app.get("operator", &limits(app, tenant)).await.ok(200);
    let rows = body["limits"].as_array().unwrap();
    assert_eq!(body["total_count"], rows.len());
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    rows.iter()
        .map(|row| {
            let name = format!("{} {}", text(row, "kind"), text(row, "subject"));
            let (used, amount, period) = (text(row, "used"), text(row, "amount"), text(row, "period"));
            format!("{} {used}/{amount} {period}", name.trim())
        })
        .collect()
}

/// Pays an order of one machine (182.07).
async fn buy(app: &TestApp, tenant: &str) -> Reply {
    let order = place(app, tenant, json!([machine()])).await;
    app.post(tenant, PAY, payment(&order)).await
}

/// A machine in an enterprise project.
fn machine_of(project: &str) -> Value {
    with(machine(), "enterprise_project_id", json!(project))
}

on_both! {
    async fn a_monthly_budget_ends_with_the_month_of_gmt_8(app) {
        top_up(&app, "lighthouse", "5000.00").await;
        assert_eq!(shown(&app, "lighthouse").await, ["budget 0/1000 month"]);
        for _ in 0..5 {
            buy(&app, "lighthouse").await.ok(204);
        }
        assert_eq!(shown(&app, "lighthouse").await, ["budget 910.35/1000 month"]);
        let refused = buy(&app, "lighthouse").await.refused(400, "CBC.99000046");
        assert!(refused.contains("budget"), "{refused}");
        assert_eq!(shown(&app, "lighthouse").await, ["budget 910.35/1000 month"]);
        app.advance_to("2026-01-31T15:59:59Z").await;
        buy(&app, "lighthouse").await.refused(400, "CBC.99000046");
        app.advance_to("2026-01-31T16:00:00Z").await;
        assert_eq!(shown(&app, "lighthouse").await, ["budget 0/1000 month"]);
        buy(&app, "lighthouse").await.ok(204);
        assert_eq!(shown(&app, "lighthouse").await, ["budget 182.07/1000 month"]);
        app.finish().await;
    }

    async fn a_budget_for_once_never_begins_anew_and_its_type_may_change(app) {
        top_up(&app, "brook", "9000.00").await;
        assert_eq!(shown(&app, "brook").await, ["budget 0/5000 once"]);
        put(&app, "brook", json!({"kind": "budget", "amount": "200", "period": "once"})).await.ok(200);
        buy(&app, "brook").await.ok(204);
        app.advance_to("2026-02-10T00:00:00Z").await;
        buy(&app, "brook").await.refused(400, "CBC.99000046");
        // A new amount replaces the old one, and what was used stays used.
        let raised = put(&app, "brook", json!({"kind": "budget", "amount": 400, "period": "once"})).await.ok(200);
        assert_eq!((&raised["used"], &raised["amount"]), (&json!("182.07"), &json!("400")));
        buy(&app, "brook").await.ok(204);
        assert_eq!(shown(&app, "brook").await, ["budget 364.14/400 once"]);
        // To monthly: what was used in the month so far.
        put(&app, "brook", json!({"kind": "budget", "amount": "400", "period": "month"})).await.ok(200);
        assert_eq!(shown(&app, "brook").await, ["budget 182.07/400 month"]);
        // To once: accumulation begins in the month of the change.
        put(&app, "brook", json!({"kind": "budget", "amount": "400", "period": "once"})).await.ok(200);
        app.advance_to("2026-03-10T00:00:00Z").await;
        buy(&app, "brook").await.ok(204);
        assert_eq!(shown(&app, "brook").await, ["budget 364.14/400 once"]);
        app.finish().await;
    }

    async fn what_is_used_of_a_limit_is_what_payments_counted_and_did_not_get_back(app: EXTERNAL) {
        put(&app, "acme", json!({"kind": "project", "subject": "p1", "amount": "900"})).await.ok(200);
        limit(&app, "acme", "expenditure_quota", "900").await;
        for _ in 0..2 {
            let lines = json!([with(disk(10_000), "enterprise_project_id", json!("p1")), disk(20_000)]);
            let order = place(&app, "acme", lines).await;
            app.post("acme", PAY, payment(&order)).await.ok(204);
            app.advance_to("2026-02-10T00:00:00Z").await;
        }
        for (_, resource) in waiting(&app).await.into_iter().take(3) {
            fail(&app, &resource).await;
        }
        crate::funds::assert_sound(&app).await;
        let acme = app.domain("acme");
        let limit = |kind: &str, column: &str, by: &str| {
            format!("update spending_limits set {column} = {column} {by} where account_id = '{acme}' and kind = '{kind}'")
        };
        expect_each(&app, &[
            (limit("project", "used", "+ 1"), limit("project", "used", "- 1"), &["limits.used"], &acme),
            (limit("project", "used_before", "- 1"), limit("project", "used_before", "+ 1"), &["limits.used"], "p1"),
            (limit("expenditure_quota", "used", "- 1"), limit("expenditure_quota", "used", "+ 1"), &["limits.used"], "quota"),
        ]).await;
        let counted = format!("update limit_uses set left_amount = left_amount - 1 where account_id = '{acme}' \
            and kind = 'project' and cycle = '2026-02'");
        expect(&app, &counted, &["limits.used"], "project \"p1\"").await;
    }

    async fn an_expenditure_quota_limits_a_month_and_never_pays(app) {
        let none = app.get("acme", QUOTA).await.ok(200);
        assert_eq!(none["granting_amount"], Value::Null);
        assert_eq!((&none["measure_id"], &none["currency"]), (&json!(1), &json!("USD")));
        limit(&app, "acme", "expenditure_quota", "300").await;
        buy(&app, "acme").await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9817.93");
        let shown = app.get("acme", QUOTA).await.text();
        assert!(shown.contains("\"granting_amount\":300,\"granting_amount_used\":182.07"), "{shown}");
        assert!(shown.contains("\"percentage_granting_amount_used\":60.69"), "{shown}");
        buy(&app, "acme").await.refused(400, "CBC.99000046");
        assert_eq!(cash(&app, "acme").await, "9817.93");
        // Lowered below its use it shows no more than 100 per cent.
        limit(&app, "acme", "expenditure_quota", "100").await;
        assert_eq!(app.get("acme", QUOTA).await.ok(200)["percentage_granting_amount_used"], 100);
        app.advance_to("2026-02-01T00:00:00Z").await;
        let shown = app.get("acme", QUOTA).await.ok(200);
        assert_eq!((&shown["granting_amount_used"], &shown["percentage_granting_amount_used"]), (&json!(0), &json!(0)));
        app.get("north", QUOTA).await.refused(403, "CBC.0151");
        app.finish().await;
    }

    async fn what_a_unified_member_buys_counts_against_its_masters_quota(app) {
        limit(&app, "globex", "expenditure_quota", "200").await;
        let bought = app.post("globex-ops", ORDERS, json!({"lines": [machine()], "auto_pay": true})).await.ok(201);
        assert_eq!(bought["status"], 5);
        assert_eq!(shown(&app, "globex").await, ["expenditure_quota 182.07/200 month"]);
        let unpaid = app.post("globex-ops", ORDERS, json!({"lines": [machine()], "auto_pay": true})).await.ok(201);
        assert_eq!(unpaid["status"], 6);
        let own = place(&app, "globex", json!([machine()])).await;
        app.post("globex", PAY, payment(&own)).await.refused(400, "CBC.99000046");
        app.finish().await;
    }

    async fn an_organisations_budget_limits_its_member(app) {
        top_up(&app, "globex-lab", "5000.00").await;
        limit(&app, "globex-lab", "organization", "200").await;
        buy(&app, "globex-lab").await.ok(204);
        buy(&app, "globex-lab").await.refused(400, "CBC.99003198");
        assert_eq!(shown(&app, "globex-lab").await, ["organization 182.07/200 month"]);
        // The master's own purchases are not its member's.
        buy(&app, "globex").await.ok(204);
        assert_eq!(shown(&app, "globex-lab").await, ["organization 182.07/200 month"]);
        app.finish().await;
    }

    async fn a_projects_fund_quota_limits_what_is_bought_for_it(app) {
        let of = |project: &str, amount: &str| json!({"kind": "project", "subject": project, "amount": amount});
        put(&app, "acme", of("p1", "200")).await.ok(200);
        put(&app, "acme", of("p2", "0")).await.ok(200);
        let order = place(&app, "acme", json!([machine_of("p1"), machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!(shown(&app, "acme").await, ["project p1 182.07/200 once", "project p2 0/0 once"]);
        let order = place(&app, "acme", json!([machine_of("p1"), machine_of("p2"), machine()])).await;
        let reply = app.post("acme", PAY, payment(&order)).await;
        assert_eq!(reply.json()["enterprise_project_auth_result"], json!([
            {"enterprise_project_id": "p1", "enterprise_project_name": "p1", "auth_status": 10},
            {"enterprise_project_id": "p2", "enterprise_project_name": "p2", "auth_status": 10},
        ]));
        reply.refused(400, "CBC.99003155");
        app.finish().await;
    }

    async fn where_the_organisations_budget_is_short_too_the_other_projects_are_told(app) {
        top_up(&app, "globex-lab", "5000.00").await;
        limit(&app, "globex-lab", "organization", "200").await;
        put(&app, "globex-lab", json!({"kind": "project", "subject": "p1", "amount": "100"})).await.ok(200);
        let order = place(&app, "globex-lab", json!([machine(), machine_of("p1")])).await;
        let reply = app.post("globex-lab", PAY, payment(&order)).await;
        assert_eq!(reply.json()["enterprise_project_auth_result"], json!([
            {"enterprise_project_id": "0", "enterprise_project_name": "default", "auth_status": 11},
            {"enterprise_project_id": "p1", "enterprise_project_name": "p1", "auth_status": 10},
        ]));
        reply.refused(400, "CBC.99003155");
        app.finish().await;
    }

    async fn too_many_refused_payments_of_a_day_end_the_day(app) {
        limit(&app, "acme", "attempts", "2").await;
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment("CS2601151600ABCDEFGH")).await.refused(400, "CBC.30000010");
        assert_eq!(shown(&app, "acme").await, ["attempts 1/2 day"]);
        // Somebody else's refusals, and refusals of other operations, are not counted.
        app.post("globex", PAY, payment("CS2601151600ABCDEFGH")).await.refused(400, "CBC.30000010");
        app.call("acme", "PUT", crate::orders::CANCEL, Some(json!({"order_id": "CS2601151600ABCDEFGH"}))).await
            .refused(400, "CBC.30000010");
        buy(&app, "acme").await.ok(204);
        app.post("acme", PAY, payment("CS2601151600ABCDEFGH")).await.refused(400, "CBC.30000010");
        app.post("acme", PAY, payment(&order)).await.refused(400, "CBC.99008040");
        app.advance_to("2026-01-15T15:59:59Z").await;
        app.post("acme", PAY, payment(&order)).await.refused(400, "CBC.99008040");
        app.advance_to("2026-01-15T16:00:00Z").await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!(status(&app, "acme", &order).await, 5);
        app.finish().await;
    }

    async fn payments_of_a_day_are_numbered(app) {
        limit(&app, "acme", "transactions", "2").await;
        buy(&app, "acme").await.ok(204);
        app.post("acme", PAY, payment("CS2601151600ABCDEFGH")).await.refused(400, "CBC.30000010");
        buy(&app, "acme").await.ok(204);
        assert_eq!(shown(&app, "acme").await, ["transactions 2/2 day"]);
        buy(&app, "acme").await.refused(400, "CBC.99008056");
        app.advance_to("2026-01-15T16:00:00Z").await;
        buy(&app, "acme").await.ok(204);
        assert_eq!(shown(&app, "acme").await, ["transactions 1/2 day"]);
        app.finish().await;
    }

    async fn limits_are_told_in_the_order_of_evaluation(app) {
        top_up(&app, "globex-lab", "5000.00").await;
        let domain = app.domain("globex-lab");
        let country = format!("/openbss/v1/accounts/{domain}/country");
        put(&app, "globex-lab", json!({"kind": "project", "subject": "0", "amount": "1"})).await.ok(200);
        for kind in ["organization", "expenditure_quota", "transactions", "attempts"] {
            limit(&app, "globex-lab", kind, "0").await;
        }
        app.call("operator", "PUT", &country, Some(json!({"country": "DE"}))).await.ok(200);
        let freeze = format!("/openbss/v1/accounts/{domain}/freeze");
        app.post("operator", &freeze, json!({"reason": "test"})).await.ok(200);
        let order = place(&app, "globex-lab", json!([machine()])).await;
        let delete = |kind: &str| format!("{}/{kind}", limits(&app, "globex-lab"));
        for (code, remove) in [
            ("CBC.99003155", delete("project") + "?subject=0"),
            ("CBC.99003198", delete("organization")),
            ("CBC.99000046", delete("expenditure_quota")),
            ("CBC.99006093", country),
            ("CBC.7281", freeze.replace("/freeze", "/unfreeze")),
            ("CBC.99008040", delete("attempts")),
            ("CBC.99008056", delete("transactions")),
        ] {
            app.post("globex-lab", PAY, payment(&order)).await.refused(400, code);
            let method = match code {
                "CBC.99006093" => "PUT",
                "CBC.7281" => "POST",
                _ => "DELETE",
            };
            let done = app.call("operator", method, &remove, (method != "DELETE").then(|| json!({}))).await;
            assert!(done.status < 300, "{}", done.text());
        }
        app.post("globex-lab", PAY, payment(&order)).await.ok(204);
        app.finish().await;
    }

    async fn an_order_that_a_limit_stops_waits_for_payment(app) {
        limit(&app, "acme", "expenditure_quota", "100").await;
        let order = json!({"lines": [machine()], "auto_pay": true});
        let placed = app.post("acme", ORDERS, order).await.ok(201);
        assert_eq!(placed["status"], 6);
        assert_eq!(shown(&app, "acme").await, ["expenditure_quota 0/100 month"]);
        limit(&app, "acme", "expenditure_quota", "182.07").await;
        app.post("acme", PAY, payment(placed["order_id"].as_str().unwrap())).await.ok(204);
        assert_eq!(shown(&app, "acme").await, ["expenditure_quota 182.07/182.07 month"]);
        app.finish().await;
    }

    async fn a_refund_lowers_what_its_payment_counted(app: EXTERNAL) {
        limit(&app, "acme", "expenditure_quota", "1000").await;
        put(&app, "acme", json!({"kind": "project", "subject": "p1", "amount": "1000"})).await.ok(200);
        let two = with(machine_of("p1"), "subscription_num", json!(2));
        let order = place(&app, "acme", json!([two, machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!(shown(&app, "acme").await, ["expenditure_quota 546.21/1000 month", "project p1 364.14/1000 once"]);
        let waiting = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let ids: Vec<&str> =
            waiting["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
        let failed = json!({"reason": "no room"});
        let fail = |id: &str| format!("/openbss/v1/resources/{id}/failed");
        let of_p1 = |id: &&&str| waiting["items"].as_array().unwrap().iter()
            .any(|item| item["id"] == **id && item["enterprise_project_id"] == "p1");
        let p1: Vec<&&str> = ids.iter().filter(of_p1).collect();
        app.post("operator", &fail(p1[0]), failed.clone()).await.ok(200);
        assert_eq!(shown(&app, "acme").await, ["expenditure_quota 364.14/1000 month", "project p1 182.07/1000 once"]);
        let other = ids.iter().find(|id| !of_p1(id)).unwrap();
        app.post("operator", &fail(other), failed.clone()).await.ok(200);
        assert_eq!(shown(&app, "acme").await, ["expenditure_quota 182.07/1000 month", "project p1 182.07/1000 once"]);
        // In the next month the quota has begun anew, and what goes back was not used of it.
        app.advance_to("2026-02-10T00:00:00Z").await;
        let order = place(&app, "acme", json!([machine()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        app.post("operator", &fail(p1[1]), failed).await.ok(200);
        assert_eq!(shown(&app, "acme").await, ["expenditure_quota 182.07/1000 month", "project p1 0/1000 once"]);
        app.finish().await;
    }

    async fn a_limit_that_was_set_anew_owes_nothing_to_the_old_one(app: EXTERNAL) {
        limit(&app, "acme", "expenditure_quota", "1000").await;
        buy(&app, "acme").await.ok(204);
        let path = format!("{}/expenditure_quota", limits(&app, "acme"));
        app.call("operator", "DELETE", &path, None).await.ok(204);
        assert_eq!(shown(&app, "acme").await, Vec::<String>::new());
        limit(&app, "acme", "expenditure_quota", "1000").await;
        buy(&app, "acme").await.ok(204);
        let waiting = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let first = waiting["items"][0]["id"].as_str().unwrap();
        app.post("operator", &format!("/openbss/v1/resources/{first}/failed"), json!({"reason": "r"})).await.ok(200);
        assert_eq!(shown(&app, "acme").await, ["expenditure_quota 182.07/1000 month"]);
        app.finish().await;
    }

    async fn payments_at_once_never_pass_a_limit_together(app) {
        limit(&app, "acme", "expenditure_quota", "600").await;
        let mut orders = Vec::new();
        for _ in 0..8 {
            orders.push(place(&app, "acme", json!([machine()])).await);
        }
        let app = Arc::new(app);
        let paying: Vec<_> = orders.into_iter().map(|order| {
            let app = app.clone();
            tokio::spawn(async move { app.post("acme", PAY, payment(&order)).await })
        }).collect();
        let mut paid = 0;
        for one in paying {
            let reply = one.await.unwrap();
            match reply.status {
                204 => paid += 1,
                _ => drop(reply.refused(400, "CBC.99000046")),
            }
        }
        assert_eq!(paid, 3);
        assert_eq!(shown(&app, "acme").await, ["expenditure_quota 546.21/600 month"]);
        Arc::into_inner(app).unwrap().finish().await;
    }

    async fn a_limit_that_could_never_limit_is_refused(app) {
        for (tenant, limit, wanted) in [
            ("acme", json!({"kind": "budget", "amount": "1"}), "kind budget is for customers of the reseller model only"),
            ("acme", json!({"kind": "organization", "amount": "1"}), "kind organization is for members"),
            ("globex-ops", json!({"kind": "expenditure_quota", "amount": "1"}), "kind is for accounts that pay for themselves"),
            ("north", json!({"kind": "expenditure_quota", "amount": "1"}), "kind can be set on customers only"),
            ("operator", json!({"kind": "project", "subject": "p", "amount": "1"}), "domain_id must be"),
            ("acme", json!({"kind": "project", "amount": "1"}), "subject is required"),
            ("acme", json!({"kind": "attempts", "subject": "p", "amount": "1"}), "subject is for kind project only"),
            ("acme", json!({"kind": "attempts", "amount": "1.5"}), "amount must be a whole number"),
            ("acme", json!({"kind": "expenditure_quota", "amount": "-1"}), "amount must be from 0"),
            ("acme", json!({"kind": "expenditure_quota", "amount": "1", "period": "once"}), "period must be one of month"),
            ("acme", json!({"kind": "transactions", "amount": "1", "period": "month"}), "period must be one of day"),
            ("acme", json!({"kind": "credit", "amount": "1"}), "kind"),
            ("acme", json!({"kind": "attempts"}), "amount"),
            ("lighthouse", json!({"kind": "budget", "amount": "0"}), "amount must be from 0.01"),
        ] {
            let message = put(&app, tenant, limit.clone()).await.refused(400, "CBC.0100");
            assert!(message.contains(wanted), "{limit}: {message}");
        }
        let missing = format!("{}/attempts", limits(&app, "acme"));
        let message = app.call("operator", "DELETE", &missing, None).await.refused(400, "CBC.0100");
        assert!(message.contains("kind names no limit"), "{message}");
        app.call("acme", "PUT", &limits(&app, "acme"), Some(json!({"kind": "attempts", "amount": 1}))).await
            .refused(403, "CBC.0151");
        app.finish().await;
    }

    async fn demo_budgets_stand_again_after_a_reset(app) {
        put(&app, "lighthouse", json!({"kind": "budget", "amount": "5"})).await.ok(200);
        limit(&app, "acme", "attempts", "1").await;
        server::sandbox::service::reset(&app.app).await.unwrap();
        assert_eq!(shown(&app, "lighthouse").await, ["budget 0/1000 month"]);
        assert_eq!(shown(&app, "meadow").await, ["budget 0/1000 month"]);
        assert_eq!(shown(&app, "brook").await, ["budget 0/5000 once"]);
        assert_eq!(shown(&app, "acme").await, Vec::<String>::new());
        app.finish().await;
    }

    async fn the_china_site_has_no_expenditure_quota_to_show(app: Options { site: Site::Cn, ..Options::default() }) {
        app.get("acme", QUOTA).await.refused(404, "APIG.0101");
        app.finish().await;
    }
}
