//! Refusals of payments because of what may be had and what may be spent (004 8.3.3).

use serde_json::{Value, json};

use super::{freeze, limit, pay, quota, set_country, unlimit};
use crate::accounts::disk;
use crate::on_both;
use crate::orders::{PAY, cash, details, machine, payment, place, with};
use crate::paying::{coupon, grant, pay_with};

on_both! {
    async fn what_the_quota_or_the_capacity_does_not_admit_is_listed(app) {
        quota(&app, Some("acme"), 1).await;
        let two = with(with(machine(), "subscription_num", json!(2)), "available_zone", json!("ap-southeast-1a"));
        let order = place(&app, "acme", json!([two, disk(10_000)])).await;
        let key = app.key("acme");
        for (auth_result, language, service, resource) in
            [(1, "en_US", "Elastic Cloud Server", "ECS"), (2, "zh_CN", "弹性云服务器", "云主机")]
        {
            if auth_result == 2 {
                quota(&app, Some("acme"), 5).await;
                quota(&app, None, 1).await;
            }
            let text = payment(&order).to_string();
            let reply = app.signed(&key, "POST", PAY, &text, &[("X-Language", language)]).await;
            let body = reply.json();
            assert!(reply.refused(400, "CBC.99003141").contains(&order));
            assert_eq!(body["quota_infos"].as_array().map(Vec::len), Some(1), "{body}");
            let info = &body["quota_infos"][0];
            assert_eq!(info["region"], "ap-southeast-1");
            assert_eq!(info["service_type_code"], "hws.service.type.ec2");
            assert_eq!(info["resource_type_code"], "hws.resource.type.vm");
            assert_eq!(info["resource_spec_code"], "s3.medium.4.linux");
            assert_eq!((&info["service_type_name"], &info["resource_type_name"]), (&json!(service), &json!(resource)));
            assert_eq!(info["auth_result"], auth_result);
            assert_eq!(info["available_zone"], "ap-southeast-1a");
            assert_eq!(info.as_object().map(serde_json::Map::len), Some(8), "{info}");
            assert_eq!(body["enterprise_project_auth_result"], Value::Null, "{body}");
        }
        quota(&app, None, 2).await;
        pay(&app, "acme", &order).await.ok(204);
        app.finish().await;
    }

    async fn enterprise_projects_without_funds_are_listed(app) {
        limit(&app, "acme", json!({"kind": "project", "subject": "p1", "amount": "99.99"})).await;
        let of = |project: Value| with(disk(10_000), "enterprise_project_id", project);
        let order = place(&app, "acme", json!([of(json!("p1")), of(json!("p2")), of(Value::Null)])).await;
        let reply = pay(&app, "acme", &order).await;
        let body = reply.json();
        assert_eq!(
            reply.refused(400, "CBC.99003155"),
            format!(
                "Order {order}: the fund quota of enterprise project p1 is 99.99; 0 of it is used, and the order \
                 needs 100. Raise the quota or choose another project."
            ),
        );
        assert_eq!(body["enterprise_project_auth_result"], json!([
            {"enterprise_project_id": "p1", "enterprise_project_name": "p1", "auth_status": 10},
        ]));
        assert_eq!(body["quota_infos"], Value::Null, "{body}");
        // The default project is 0, and has a name.
        unlimit(&app, "acme", "project?subject=p1").await;
        limit(&app, "acme", json!({"kind": "project", "subject": "0", "amount": "1"})).await;
        let body = pay(&app, "acme", &order).await.json();
        assert_eq!(body["enterprise_project_auth_result"], json!([
            {"enterprise_project_id": "0", "enterprise_project_name": "default", "auth_status": 10},
        ]));
        limit(&app, "acme", json!({"kind": "project", "subject": "0", "amount": "100"})).await;
        pay(&app, "acme", &order).await.ok(204);
        app.finish().await;
    }

    async fn projects_are_told_that_the_organisations_budget_is_short_too(app) {
        limit(&app, "globex-lab", json!({"kind": "project", "subject": "p1", "amount": "99.99"})).await;
        limit(&app, "globex-lab", json!({"kind": "organization", "amount": "199.99"})).await;
        let of = |project: &str| with(disk(10_000), "enterprise_project_id", json!(project));
        let order = place(&app, "globex-lab", json!([of("p1"), of("p2")])).await;
        let body = pay(&app, "globex-lab", &order).await.json();
        assert_eq!(body["error_code"], "CBC.99003155");
        assert_eq!(body["enterprise_project_auth_result"], json!([
            {"enterprise_project_id": "p1", "enterprise_project_name": "p1", "auth_status": 10},
            {"enterprise_project_id": "p2", "enterprise_project_name": "p2", "auth_status": 11},
        ]));
        app.finish().await;
    }

    async fn a_member_buys_within_the_budget_of_its_organisation(app) {
        limit(&app, "globex-ops", json!({"kind": "organization", "amount": "99.99"})).await;
        let order = place(&app, "globex-ops", json!([disk(10_000)])).await;
        let message = pay(&app, "globex", &order).await.refused(400, "CBC.99003198");
        let wanted = "the budget of the organisation is 99.99 a month; 0 of it is used, and the order needs 100.";
        assert!(message.contains(wanted), "{message}");
        // What balances pay is what counts.
        let paper = coupon(&app, "globex", "0.01", &[]).await;
        app.post("globex", PAY, pay_with(&order, None, &[(&paper, 301)])).await.ok(204);
        app.finish().await;
    }

    async fn a_customer_of_the_reseller_model_buys_within_its_budget(app) {
        // 1000.00 a month, by list price.
        let discount = grant(&app, "lighthouse", 607, "ratio", "0.5", json!({})).await;
        let order = place(&app, "lighthouse", json!([disk(100_050)])).await;
        let body = pay_with(&order, Some((&discount, 3)), &[]);
        app.post("lighthouse", PAY, body).await.refused(400, "CBC.99000046");
        let order = place(&app, "lighthouse", json!([disk(100_000)])).await;
        pay(&app, "lighthouse", &order).await.ok(204);
        let order = place(&app, "lighthouse", json!([disk(50)])).await;
        let message = pay(&app, "lighthouse", &order).await.refused(400, "CBC.99000046");
        let wanted = "counts list prices, is 1000 a month; 1000 of it is used, and the order needs 0.5. Ask the partner";
        assert!(message.contains(wanted), "{message}");
        app.finish().await;
    }

    async fn an_expenditure_quota_that_is_used_up_says_so_and_blames_no_partner(app) {
        limit(&app, "acme", json!({"kind": "expenditure_quota", "amount": "150"})).await;
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        pay(&app, "acme", &order).await.ok(204);
        let order = place(&app, "acme", json!([disk(5_050)])).await;
        let message = pay(&app, "acme", &order).await.refused(400, "CBC.99000046");
        assert_eq!(message, format!(
            "Order {order}: the expenditure quota of the account that pays is 150 a month; 100 of it is used, and \
             the order needs 50.5. Have the quota raised, or pay next month."
        ));
        let text = payment(&order).to_string();
        let reply = app.signed(&app.key("acme"), "POST", PAY, &text, &[("X-Language", "zh_CN")]).await;
        let message = reply.refused(400, "CBC.99000046");
        assert!(message.contains("每月 150，已使用 100，该订单需要 50.5"), "{message}");
        app.finish().await;
    }

    async fn a_limit_of_monthly_settlement_and_a_masters_balance_are_named_as_such(app) {
        let terms = |tenant: &str, body: Value| {
            let path = format!("/openbss/v1/accounts/{}/settlement", app.domain(tenant));
            let app = &app;
            async move { app.call("operator", "PUT", &path, Some(body)).await.ok(200) }
        };
        terms("acme", json!({"monthly": true, "limit_amount": "150"})).await;
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        pay(&app, "acme", &order).await.ok(204);
        let order = place(&app, "acme", json!([disk(5_050)])).await;
        let message = pay(&app, "acme", &order).await.refused(400, "CBC.99005003");
        let wanted = "the limit of monthly settlement is 150; 100 is owed already, and the order needs 50.5.";
        assert!(message.contains(wanted), "{message}");
        let order = place(&app, "globex-ops", json!([disk(1_000_000), disk(1_000_000), disk(1_000_000), disk(1_000_000), disk(1_000_000)])).await;
        let message = pay(&app, "globex", &order).await.refused(400, "CBC.99005003");
        assert!(message.contains("the enterprise master globex pays for this member"), "{message}");
        app.finish().await;
    }

    async fn without_the_money_nothing_is_paid(app) {
        let paper = coupon(&app, "acme", "5", &[]).await;
        let order = place(&app, "acme", json!([disk(1_000_550)])).await;
        let reply = app.post("acme", PAY, pay_with(&order, None, &[(&paper, 301)])).await;
        assert!(reply.refused(400, "CBC.99005003").contains(&order));
        assert_eq!(details(&app, "acme", &order).await["order_info"]["amount_after_discount"].to_string(), "10005.5");
        let paper = coupon(&app, "acme", "5.5", &[]).await;
        app.post("acme", PAY, pay_with(&order, None, &[(&paper, 301)])).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "0");
        app.finish().await;
    }

    async fn a_country_without_a_tax_rate_in_force_stops_the_payment(app) {
        let rates = json!({"rates": [{"country": "DE", "rate": "0.19", "valid_from": "2026-01-16T00:00:00Z"}]});
        app.call("operator", "PUT", "/openbss/v1/tax-rates", Some(rates)).await.ok(200);
        set_country(&app, "acme", Some("DE")).await;
        let order = place(&app, "acme", json!([machine()])).await;
        assert!(pay(&app, "acme", &order).await.refused(400, "CBC.99006093").contains("DE"));
        app.advance_to("2026-01-16T00:00:00Z").await;
        pay(&app, "acme", &order).await.ok(204);
        app.finish().await;
    }

    async fn a_frozen_account_does_not_pay(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        let members = place(&app, "globex-ops", json!([machine()])).await;
        freeze(&app, "acme", "freeze").await;
        freeze(&app, "globex", "freeze").await;
        pay(&app, "acme", &order).await.refused(400, "CBC.7281");
        pay(&app, "globex", &members).await.refused(400, "CBC.7281");
        freeze(&app, "acme", "unfreeze").await;
        pay(&app, "acme", &order).await.ok(204);
        app.finish().await;
    }

    async fn too_many_refused_payments_of_a_day_stop_the_next(app) {
        limit(&app, "acme", json!({"kind": "attempts", "amount": "2"})).await;
        let order = place(&app, "acme", json!([machine()])).await;
        for _ in 0..2 {
            app.post("acme", PAY, pay_with(&order, None, &[("nobodys", 301)])).await.refused(400, "CBC.99003112");
        }
        let message = pay(&app, "acme", &order).await.refused(400, "CBC.99008040");
        let wanted = "the account may have 2 refused payments a day, and had 2 today. Pay tomorrow";
        assert!(message.contains(wanted), "{message}");
        app.advance_to("2026-01-15T16:00:00Z").await;
        pay(&app, "acme", &order).await.ok(204);
        app.finish().await;
    }

    async fn a_day_has_as_many_payments_as_its_limit_says(app) {
        limit(&app, "acme", json!({"kind": "transactions", "amount": "1"})).await;
        let (first, second) = (place(&app, "acme", json!([machine()])).await, place(&app, "acme", json!([machine()])).await);
        pay(&app, "acme", &first).await.ok(204);
        pay(&app, "acme", &second).await.refused(400, "CBC.99008056");
        app.advance_to("2026-01-15T16:00:00Z").await;
        pay(&app, "acme", &second).await.ok(204);
        app.finish().await;
    }
}
