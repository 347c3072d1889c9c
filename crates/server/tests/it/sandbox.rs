//! The sandbox: demo tenants, clock, outbox, faults, reset.

use platform::op::Host as _;
use serde_json::json;
use server::sandbox::demo::TENANTS;

use crate::harness::{Options, TestApp};
use crate::on_both;

const CLOCK: &str = "/openbss/v1/sandbox/clock";
const FAULTS: &str = "/openbss/v1/sandbox/faults";
const RESET: &str = "/openbss/v1/sandbox/reset";
const OUTBOX: &str = "/openbss/v1/sandbox/outbox";
const BALANCES: &str = "/v2/accounts/customer-accounts/balances";

async fn now(app: &TestApp) -> String {
    let clock = app.plain("GET", CLOCK, "", &[]).await.ok(200);
    clock["now"].as_str().expect("now is text").to_owned()
}

on_both! {
    async fn the_list_of_demo_tenants_lets_each_of_them_in(app) {
        let list = app.plain("GET", "/openbss/v1/sandbox/accounts", "", &[]).await.ok(200);
        let list = list.as_array().expect("a list");
        let names: Vec<_> = list.iter().map(|tenant| tenant["name"].as_str().unwrap()).collect();
        assert_eq!(names, TENANTS.iter().map(|tenant| tenant.name).collect::<Vec<_>>());
        for tenant in list {
            let domains = app.get(tenant["name"].as_str().unwrap(), "/v3/auth/domains").await.ok(200);
            assert_eq!(domains["domains"][0]["id"], tenant["domain_id"], "{tenant}");
            assert_eq!(domains["domains"][0]["name"], tenant["domain_name"], "{tenant}");
        }
        app.finish().await
    }

    async fn a_demo_password_and_project_get_a_token(app) {
        let demo = server::sandbox::demo::credentials("lighthouse");
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": demo.user_name, "password": demo.password, "domain": {"name": demo.domain_name}}}},
            "scope": {"project": {"id": demo.project_id}}}});
        let reply =
            app.plain("POST", "/v3/auth/tokens", &body.to_string(), &[("content-type", "application/json")]).await;
        assert!(reply.headers.contains_key("x-subject-token"), "{}", reply.text());
        let token = reply.ok(201);
        assert_eq!(token["token"]["project"]["name"], "ap-southeast-1");
        app.finish().await
    }

    async fn partners_stand_beside_their_customers_in_the_list(app) {
        let list = app.plain("GET", "/openbss/v1/sandbox/accounts", "", &[]).await.ok(200);
        let partner = |name: &str| {
            list.as_array().unwrap().iter().find(|tenant| tenant["name"] == name).unwrap()["partner"].clone()
        };
        assert_eq!(partner("harbor"), "north");
        assert_eq!(partner("lighthouse"), "harbor");
        assert_eq!(partner("meadow"), "north");
        assert_eq!(partner("brook"), "summit");
        assert!(partner("acme").is_null() && partner("globex-lab").is_null());
        app.finish().await
    }

    async fn demo_tenants_start_with_their_money(app) {
        for (tenant, amount) in [("acme", "10000"), ("globex", "5000")] {
            let balances = app.get(tenant, BALANCES).await.text();
            assert!(balances.contains(amount), "{tenant}: {balances}");
        }
        app.finish().await
    }

    async fn seeding_twice_changes_nothing(app) {
        let before = app.get("acme", BALANCES).await.text();
        server::sandbox::service::seed(&app.app).await.expect("a filled folder is left as it is");
        assert_eq!(app.get("acme", BALANCES).await.text(), before);
        app.finish().await
    }

    async fn the_clock_moves_forward_by_instants_and_by_durations(app) {
        assert_eq!(now(&app).await, "2026-01-15T08:00:00Z");
        let moved = app.post("operator", CLOCK, json!({"by": "P1M"})).await.ok(200);
        assert_eq!(moved["now"], "2026-02-15T08:00:00Z");
        assert!(moved["ran"].is_array());
        let moved = app.post("operator", CLOCK, json!({"to": "2026-03-01T00:00:00+08:00"})).await.ok(200);
        assert_eq!(moved["now"], "2026-02-28T16:00:00Z");
        assert_eq!(now(&app).await, "2026-02-28T16:00:00Z");
        app.finish().await
    }

    async fn wrong_moves_of_the_clock_are_refused_and_move_nothing(app) {
        let table = [
            (json!({}), "to is required"),
            (json!({"to": "2027-01-01T00:00:00Z", "by": "P1D"}), "one of the two"),
            (json!({"to": "2026-01-15T07:59:59Z"}), "only moves forward"),
            (json!({"to": "tomorrow"}), "RFC 3339"),
            (json!({"by": "-P1D"}), "negative"),
            (json!({"by": "1 day"}), "ISO 8601"),
            (json!({"by": "P9999Y"}), "outside"),
            (json!({"by": ""}), "by must not be"),
        ];
        for (body, reason) in table {
            let message = app.post("operator", CLOCK, body.clone()).await.refused(400, "CBC.0100");
            assert!(message.contains(reason), "{body}: {message} lacks {reason}");
        }
        assert_eq!(now(&app).await, "2026-01-15T08:00:00Z");
        app.finish().await
    }

    async fn only_the_operator_moves_breaks_reads_and_resets(app) {
        for (method, path) in [
            ("POST", CLOCK), ("GET", OUTBOX), ("POST", FAULTS), ("GET", FAULTS), ("DELETE", FAULTS), ("POST", RESET),
        ] {
            app.call("acme", method, path, Some(json!({}))).await.refused(403, "CBC.0151");
            app.plain(method, path, "{}", &[]).await.refused(401, "APIG.0301");
        }
        app.finish().await
    }

    async fn a_token_ends_when_the_clock_has_passed_its_day(app) {
        let demo = server::sandbox::demo::credentials("acme");
        let body = json!({"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": demo.user_name, "password": demo.password, "domain": {"name": demo.domain_name}}}}}});
        let reply =
            app.plain("POST", "/v3/auth/tokens", &body.to_string(), &[("content-type", "application/json")]).await;
        let token = reply.headers["x-subject-token"].to_str().unwrap().to_owned();
        let header = [("x-auth-token", token.as_str())];
        app.plain("GET", BALANCES, "", &header).await.ok(200);
        app.post("operator", CLOCK, json!({"by": "PT23H59M"})).await.ok(200);
        app.plain("GET", BALANCES, "", &header).await.ok(200);
        app.post("operator", CLOCK, json!({"by": "PT2M"})).await.ok(200);
        app.plain("GET", BALANCES, "", &header).await.refused(401, "CBC.0154");
        app.finish().await
    }

    async fn a_fault_hits_its_operation_as_often_as_it_says(app) {
        let fault = json!({"operation": "ShowCustomerAccountBalances", "times": 2, "error_code": "CBC.0999"});
        let made = app.post("operator", FAULTS, fault).await.ok(201);
        assert_eq!((&made["times"], &made["status"]), (&json!(2), &json!(500)));
        app.get("acme", BALANCES).await.refused(500, "CBC.0999");
        let list = app.get("operator", FAULTS).await.ok(200);
        assert_eq!(list["items"][0]["times"], 1);
        app.get("globex", BALANCES).await.refused(500, "CBC.0999");
        app.get("acme", BALANCES).await.ok(200);
        assert_eq!(app.get("operator", FAULTS).await.ok(200)["total_count"], 0);
        app.finish().await
    }

    async fn a_fault_may_have_any_status_and_code_or_only_wait(app) {
        let balances = "ShowCustomerAccountBalances";
        let odd = json!({"operation": balances, "status": 503, "error_code": "CBC.99005003"});
        app.post("operator", FAULTS, odd).await.ok(201);
        app.get("acme", BALANCES).await.refused(503, "CBC.99005003");
        let slow = app.post("operator", FAULTS, json!({"operation": balances, "latency_ms": 30})).await.ok(201);
        assert!(slow["status"].is_null() && slow["error_code"].is_null());
        let began = platform::clock::monotonic();
        app.get("acme", BALANCES).await.ok(200);
        assert!(platform::clock::since(began).as_millis() >= 30);
        app.finish().await
    }

    async fn deleted_faults_hit_nothing(app) {
        let fault = json!({"operation": "ShowCustomerAccountBalances", "times": 1000});
        app.post("operator", FAULTS, fault).await.ok(201);
        app.call("operator", "DELETE", FAULTS, None).await.ok(204);
        app.get("acme", BALANCES).await.ok(200);
        app.finish().await
    }

    async fn faults_that_name_nothing_are_refused(app) {
        let table = [
            (json!({"operation": "NoSuchOperation"}), "operation"),
            (json!({"operation": "ShowHealth", "error_code": "CBC.4711"}), "error_code"),
            (json!({"operation": "ShowHealth", "status": 200}), "status"),
            (json!({"operation": "ShowHealth", "times": 0}), "times"),
            (json!({"operation": "ShowHealth", "latency_ms": -1}), "latency_ms"),
            (json!({}), "operation"),
        ];
        for (body, field) in table {
            let message = app.post("operator", FAULTS, body.clone()).await.refused(400, "CBC.0100");
            assert!(message.starts_with(field), "{body}: {message}");
        }
        assert_eq!(app.get("operator", FAULTS).await.ok(200)["total_count"], 0);
        app.finish().await
    }

    async fn a_reset_leaves_nothing_but_the_first_state(app) {
        let balances = app.get("acme", BALANCES).await.text();
        let acme = app.domain("acme");
        let top_up = format!("/openbss/v1/accounts/{acme}/top-ups");
        app.post("operator", &top_up, json!({"amount": "1.00", "trans_id": "t-1"})).await;
        assert_ne!(app.get("acme", BALANCES).await.text(), balances);
        app.post("operator", "/openbss/v1/accounts", json!({"name": "newcomer", "kind": "customer"})).await.ok(201);
        app.post("operator", FAULTS, json!({"operation": "ShowHealth"})).await.ok(201);
        app.post("operator", CLOCK, json!({"by": "P1Y"})).await.ok(200);

        let reset = app.post("operator", RESET, json!({})).await.ok(200);
        assert_eq!(reset["now"], "2026-01-15T08:00:00Z");
        assert_eq!(now(&app).await, "2026-01-15T08:00:00Z");
        assert_eq!(app.get("acme", BALANCES).await.text(), balances);
        assert_eq!(app.get("operator", FAULTS).await.ok(200)["total_count"], 0);
        let accounts = app.get("operator", "/openbss/v1/accounts?name=newcomer").await.text();
        assert!(!accounts.contains("\"newcomer\""), "{accounts}");
        app.post("operator", &top_up, json!({"amount": "1.00", "trans_id": "t-1"})).await;
        assert_ne!(app.get("acme", BALANCES).await.text(), balances);
        app.finish().await
    }

    async fn a_reset_forgets_keys_that_were_made_after_the_first_state(app) {
        let path = format!("/openbss/v1/accounts/{}/access-keys", app.domain("acme"));
        let made = app.post("operator", &path, json!({})).await.ok(201);
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        let key = crate::harness::Key { access_key: text("access_key"), secret_key: text("secret_key") };
        app.signed(&key, "GET", BALANCES, "", &[]).await.ok(200);
        app.post("operator", RESET, json!({})).await.ok(200);
        app.signed(&key, "GET", BALANCES, "", &[]).await.refused(401, "APIG.0301");
        app.get("acme", BALANCES).await.ok(200);
        app.finish().await
    }

    async fn a_reset_brings_the_demo_catalogue_back(app) {
        let types = "/v2/products/service-types?limit=100";
        let before = app.get("acme", types).await.text();
        let document = app.get("operator", "/openbss/v1/catalog").await.text();
        let yaml = [("content-type", "application/yaml")];
        let key = app.key("operator");
        for _ in 0..2 {
            assert_eq!(app.signed(&key, "PUT", "/openbss/v1/catalog", &document, &yaml).await.status, 200);
        }
        app.post("operator", RESET, json!({})).await.ok(200);
        assert_eq!(app.get("acme", types).await.text(), before);
        // And a later import is in force at once, although its number was given before.
        assert_eq!(app.signed(&key, "PUT", "/openbss/v1/catalog", &document, &yaml).await.status, 200);
        assert_eq!(app.get("acme", types).await.text(), before);
        app.finish().await
    }

    async fn resets_beside_writers_leave_books_that_hold(app) {
        let acme = app.domain("acme");
        let path = format!("/openbss/v1/accounts/{acme}/top-ups");
        let writers = async {
            for number in 0..20 {
                let body = json!({"amount": "1.00", "trans_id": format!("w-{number}")});
                app.post("operator", &path, body).await;
            }
        };
        let resets = async {
            for _ in 0..3 {
                app.post("operator", RESET, json!({})).await.ok(200);
            }
        };
        tokio::join!(writers, resets);
        app.finish().await
    }

    async fn the_outbox_is_empty_in_a_new_folder(app) {
        let outbox = app.get("operator", OUTBOX).await.ok(200);
        assert_eq!((&outbox["total_count"], &outbox["items"]), (&json!(0), &json!([])));
        app.get("operator", &format!("{OUTBOX}?limit=1001")).await.refused(400, "CBC.0100");
        app.finish().await
    }

    async fn a_move_that_was_cut_short_is_ended_at_the_next_start(app) {
        let mut tx = app.app.db().begin_write().await.unwrap();
        let to = domain::calendar::Instant::parse_utc("2026-05-01T00:00:00Z").unwrap();
        server::settings::store::put_instant(&mut tx, server::settings::MOVING_TO, to).await.unwrap();
        tx.commit().await.unwrap();
        server::sandbox::service::resume_move(&app.app).await.unwrap();
        assert_eq!(now(&app).await, "2026-05-01T00:00:00Z");
        let kept = server::settings::read(app.app.db()).await.unwrap();
        assert_eq!(kept.now, Some(to));
        app.finish().await
    }

    async fn a_production_server_has_no_sandbox(app: Options { is_sandbox: false, ..Options::default() }) {
        for path in [CLOCK, OUTBOX, FAULTS, "/openbss/v1/sandbox/accounts"] {
            app.get("operator", path).await.refused(404, "APIG.0101");
            app.plain("GET", path, "", &[]).await.refused(401, "APIG.0301");
        }
        app.post("operator", RESET, json!({})).await.refused(404, "APIG.0101");
        app.finish().await
    }
}
