//! Who may act, and how the server knows: logins, tokens, access keys, signatures, rights.

use http::Request;
use http_body_util::Full;
use platform::auth::signature::{Form, KeyPair, RequestParts, sign};
use platform::clock::machine_now;
use platform::op::Host;
use serde_json::{Value, json};
use server::sandbox;

use crate::harness::{Key, Reply, TestApp};
use crate::on_both;

const TOKENS: &str = "/v3/auth/tokens";
const DOMAINS: &str = "/v3/auth/domains";

fn password_of(tenant: &str) -> String {
    sandbox::demo::credentials(tenant).password
}

/// A login body; `scope` is left out where it is null.
fn login_body(user: Value, scope: Value) -> String {
    let mut auth = json!({"identity": {"methods": ["password"], "password": {"user": user}}});
    if !scope.is_null() {
        auth["scope"] = scope;
    }
    json!({"auth": auth}).to_string()
}

async fn log_in_as(app: &TestApp, user: Value, scope: Value) -> Reply {
    let headers = [("content-type", "application/json")];
    app.plain("POST", TOKENS, &login_body(user, scope), &headers).await
}

/// The user of a demo tenant, named as the documents do.
fn demo_user(tenant: &str) -> Value {
    json!({"name": tenant, "password": password_of(tenant), "domain": {"name": tenant}})
}

fn subject_token(reply: &Reply) -> String {
    reply.headers["x-subject-token"].to_str().unwrap().to_owned()
}

async fn token_of(app: &TestApp, tenant: &str) -> String {
    let reply = log_in_as(app, demo_user(tenant), Value::Null).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    subject_token(&reply)
}

async fn with_token(app: &TestApp, token: &str, path: &str) -> Reply {
    app.plain("GET", path, "", &[("x-auth-token", token)]).await
}

/// A new key of the tenant's own user.
async fn new_key(app: &TestApp, tenant: &str, body: Value) -> Key {
    let path = format!("/openbss/v1/accounts/{}/access-keys", app.domain(tenant));
    key_from(&app.post(tenant, &path, body).await.ok(201))
}

fn key_from(made: &Value) -> Key {
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    Key { access_key: text("access_key"), secret_key: text("secret_key") }
}

/// A customer made by the operator, and the answer that made it.
async fn new_account(app: &TestApp, mut body: Value) -> Value {
    if body["kind"].is_null() {
        body["kind"] = json!("customer");
    }
    app.post("operator", "/openbss/v1/accounts", body).await.ok(201)
}

/// A key of a user of an account, made by the operator.
async fn key_of_user(app: &TestApp, account: &Value, name: &str) -> Key {
    let users = account["users"].as_array().unwrap();
    let user = users.iter().find(|user| user["name"] == name).unwrap();
    let path = format!("/openbss/v1/accounts/{}/access-keys", account["domain_id"].as_str().unwrap());
    key_from(&app.post("operator", &path, json!({"user_id": user["user_id"]})).await.ok(201))
}

async fn signed_get(app: &TestApp, key: &Key, path: &str) -> Reply {
    app.signed(key, "GET", path, "", &[]).await
}

async fn all_text(app: &TestApp, sql: &str) -> String {
    let mut tx = app.app.db().begin_read().await.unwrap();
    let rows = tx.all(sql, &[]).await.unwrap();
    format!("{rows:?}")
}

on_both! {
    async fn a_password_gives_a_token_in_the_documented_shape(app) {
        let reply = log_in_as(&app, demo_user("acme"), json!({"domain": {"name": "acme"}})).await;
        let token = subject_token(&reply);
        assert!(token.len() >= 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let body = reply.ok(201);
        let told = &body["token"];
        assert_eq!(told["methods"], json!(["password"]));
        assert_eq!(told["issued_at"], "2026-01-15T08:00:00.000000Z");
        assert_eq!(told["expires_at"], "2026-01-16T08:00:00.000000Z");
        let domain = json!({"id": app.domain("acme"), "name": "acme"});
        assert_eq!(told["domain"], domain);
        assert_eq!(told["user"]["name"], "acme");
        assert_eq!(told["user"]["domain"], domain);
        assert_eq!(told["user"]["password_expires_at"], "");
        assert_eq!(told["roles"][0]["name"], "te_admin");
        assert_eq!(told["catalog"], json!([]));
        assert!(told.get("project").is_none());
        let domains = with_token(&app, &token, DOMAINS).await.ok(200);
        assert_eq!(domains["domains"][0]["id"], app.domain("acme"));
        app.finish().await;
    }

    async fn users_domains_and_projects_may_be_named_by_id_or_name(app) {
        let (id, password) = (app.domain("acme"), password_of("acme"));
        let by_domain_id = json!({"name": "acme", "password": password, "domain": {"id": id}});
        let told = log_in_as(&app, by_domain_id, json!({"domain": {"id": id}})).await.ok(201);
        let user_id = told["token"]["user"]["id"].clone();
        let by_user_id = json!({"id": user_id, "password": password});
        let scope = json!({"project": {"name": "cn-north-1"}});
        let told = log_in_as(&app, by_user_id.clone(), scope).await.ok(201);
        let project = told["token"]["project"].clone();
        assert_eq!(project["name"], "cn-north-1");
        assert_eq!(project["domain"]["name"], "acme");
        assert!(told["token"].get("domain").is_none());
        let scope = json!({"project": {"id": project["id"], "domain": {"name": "ACME"}}});
        let told = log_in_as(&app, by_user_id, scope).await.ok(201);
        assert_eq!(told["token"]["project"]["id"], project["id"]);
        let shouted = json!({"name": "acme", "password": password, "domain": {"name": "Acme"}});
        log_in_as(&app, shouted, Value::Null).await.ok(201);
        let body = login_body(demo_user("acme"), Value::Null);
        let json = [("content-type", "application/json")];
        let told = app.plain("POST", "/v3/auth/tokens?nocatalog=true", &body, &json).await.ok(201);
        assert!(told["token"].get("catalog").is_none());
        app.finish().await;
    }

    async fn what_was_wrong_with_a_login_is_not_told(app) {
        let named = |name: &str, password: &str, domain: &str| {
            json!({"name": name, "password": password, "domain": {"name": domain}})
        };
        let right = password_of("acme");
        let mut messages = Vec::new();
        for user in [
            named("acme", "wrong password", "acme"),
            named("nobody", &right, "acme"),
            named("acme", &right, "nowhere"),
            named("acme", &right, "globex"),
            json!({"id": "00000000000000000000000000000000", "password": right}),
        ] {
            messages.push(log_in_as(&app, user, Value::Null).await.refused(401, "CBC.0154"));
        }
        messages.dedup();
        assert_eq!(messages.len(), 1, "{messages:?}");
        app.finish().await;
    }

    async fn a_login_that_cannot_be_read_names_the_field(app) {
        let scope = json!({"domain": {"name": "acme"}, "project": {"name": "cn-north-1"}});
        let both = login_body(demo_user("acme"), scope);
        let neither = login_body(demo_user("acme"), json!({}));
        let method = both.replace("[\"password\"]", "[\"totp\"]");
        let no_domain = login_body(json!({"name": "acme", "password": "x"}), Value::Null);
        let no_password = login_body(json!({"name": "acme", "domain": {"name": "acme"}}), Value::Null);
        let no_project = login_body(demo_user("acme"), json!({"project": {"name": "mars-1"}}));
        for (body, field) in [
            (both.as_str(), "auth.scope"),
            (&neither, "auth.scope"),
            (&method, "auth.identity.methods"),
            (&no_domain, "auth.identity.password.user"),
            (&no_password, "auth.identity.password.user.password"),
            (&no_project, "auth.scope.project"),
            ("{}", "auth"),
        ] {
            let message = app.plain("POST", TOKENS, body, &[]).await.refused(400, "CBC.0100");
            assert!(message.contains(field), "{message} does not name {field}");
        }
        let foreign = json!({"domain": {"name": "globex"}});
        log_in_as(&app, demo_user("acme"), foreign).await.refused(403, "CBC.0151");
        app.finish().await;
    }

    async fn five_failed_logins_make_a_user_wait(app) {
        let wrong = json!({"name": "acme", "password": "wrong password", "domain": {"name": "acme"}});
        for _ in 0..5 {
            log_in_as(&app, wrong.clone(), Value::Null).await.refused(401, "CBC.0154");
        }
        log_in_as(&app, demo_user("acme"), Value::Null).await.refused(429, "CBC.0250");
        log_in_as(&app, demo_user("globex"), Value::Null).await.ok(201);
        app.finish().await;
    }

    async fn a_token_lives_24_hours_of_the_commercial_clock(app) {
        let first = token_of(&app, "acme").await;
        with_token(&app, &first, DOMAINS).await.ok(200);
        app.advance_to("2026-01-16T07:59:59Z").await;
        with_token(&app, &first, DOMAINS).await.ok(200);
        let second = token_of(&app, "acme").await;
        let ran = app.advance_to("2026-01-16T08:00:00Z").await;
        assert!(ran.iter().any(|ran| ran.job == "identity.delete_expired_tokens"), "{ran:?}");
        with_token(&app, &first, DOMAINS).await.refused(401, "CBC.0154");
        with_token(&app, &second, DOMAINS).await.ok(200);
        let left = all_text(&app, "select count(*) from tokens").await;
        assert!(left.contains("Int(1)"), "{left}");
        with_token(&app, "no such token", DOMAINS).await.refused(401, "CBC.0154");
        app.finish().await;
    }

    async fn a_token_is_told_about_to_its_own_account_and_the_operator(app) {
        let (acme, globex) = (token_of(&app, "acme").await, token_of(&app, "globex").await);
        let operator = token_of(&app, "operator").await;
        let look = async |caller: &str, subject: &str| {
            app.plain("GET", TOKENS, "", &[("x-auth-token", caller), ("x-subject-token", subject)]).await
        };
        let reply = look(&acme, &acme).await;
        assert_eq!(subject_token(&reply), acme);
        let body = reply.ok(200);
        assert_eq!(body["token"]["user"]["name"], "acme");
        assert_eq!(body["token"]["expires_at"], "2026-01-16T08:00:00.000000Z");
        assert_eq!(look(&operator, &acme).await.ok(200)["token"]["user"]["name"], "acme");
        let foreign = look(&globex, &acme).await.refused(401, "CBC.0154");
        let unknown = look(&globex, "0123").await.refused(401, "CBC.0154");
        assert_eq!(foreign, unknown);
        with_token(&app, &acme, TOKENS).await.refused(400, "CBC.0100");
        app.finish().await;
    }

    async fn sdks_learn_their_domain_and_one_project_by_region(app) {
        let domains = app.get("acme", DOMAINS).await.ok(200);
        assert_eq!(domains["domains"].as_array().unwrap().len(), 1);
        assert_eq!(domains["domains"][0]["id"], app.domain("acme"));
        assert_eq!(domains["domains"][0]["name"], "acme");
        assert_eq!(domains["domains"][0]["enabled"], true);
        let one = app.get("acme", "/v3/projects?name=cn-north-1").await.ok(200);
        assert_eq!(one["projects"].as_array().unwrap().len(), 1);
        assert_eq!(one["projects"][0]["domain_id"], app.domain("acme"));
        let all = app.get("acme", "/v3/auth/projects").await.ok(200);
        assert!(all["projects"].as_array().unwrap().contains(&one["projects"][0]));
        let none = ["name=mars-1", "enabled=false", "is_domain=true", "domain_id=1", "parent_id=1"];
        for filter in none {
            let found = app.get("acme", &format!("/v3/projects?{filter}")).await.ok(200);
            assert_eq!(found["projects"], json!([]), "{filter}");
        }
        let pages = app.get("acme", "/v3/projects?page=2&per_page=1").await.ok(200);
        assert_eq!(pages["projects"][0], all["projects"][1]);
        app.get("acme", "/v3/projects?page=0").await.refused(400, "CBC.0100");
        app.finish().await;
    }

    async fn a_secret_key_is_told_once_and_works(app) {
        let key = new_key(&app, "acme", json!({})).await;
        assert_eq!(signed_get(&app, &key, DOMAINS).await.ok(200)["domains"][0]["name"], "acme");
        let path = format!("/openbss/v1/accounts/{}/access-keys", app.domain("acme"));
        let bodiless = app.signed(&app.key("acme"), "POST", &path, "", &[]).await.ok(201);
        assert_eq!(bodiless["user_name"], "acme");
        let listed = app.get("acme", &path).await;
        assert!(listed.text().contains(&key.access_key) && !listed.text().contains(&key.secret_key));
        assert_eq!(listed.ok(200)["access_keys"].as_array().unwrap().len(), 3);
        let replayable = [("idempotency-key", "1")];
        app.signed(&app.key("acme"), "POST", &path, "{}", &replayable).await.refused(400, "CBC.0100");
        app.finish().await;
    }

    async fn a_disabled_or_deleted_key_is_refused_at_once(app) {
        let key = new_key(&app, "acme", json!({})).await;
        signed_get(&app, &key, DOMAINS).await.ok(200);
        let path = format!("/openbss/v1/accounts/{}/access-keys/{}", app.domain("acme"), key.access_key);
        let off = app.call("acme", "PUT", &path, Some(json!({"is_active": false}))).await.ok(200);
        assert_eq!(off["is_active"], false);
        signed_get(&app, &key, DOMAINS).await.refused(401, "APIG.0301");
        app.call("acme", "PUT", &path, Some(json!({"is_active": true}))).await.ok(200);
        signed_get(&app, &key, DOMAINS).await.ok(200);
        app.call("acme", "DELETE", &path, None).await.ok(204);
        signed_get(&app, &key, DOMAINS).await.refused(401, "APIG.0301");
        app.call("acme", "DELETE", &path, None).await.refused(400, "CBC.0100");
        app.finish().await;
    }

    async fn rights_come_from_the_user_and_its_groups(app) {
        let body = json!({
            "name": "initech",
            "users": [
                {"name": "reader", "rights": ["read"]},
                {"name": "clerk", "rights": ["read"]},
                {"name": "nothing", "rights": ["pay"]}
            ],
            "groups": [{"name": "operators", "rights": ["operate"], "users": ["clerk"]}],
            "projects": ["cn-north-1"]
        });
        let account = new_account(&app, body).await;
        let path = format!("/openbss/v1/accounts/{}/groups", account["domain_id"].as_str().unwrap());
        let group = |name: &str| json!({"name": name, "rights": ["read"], "users": []}).to_string();
        let reader = key_of_user(&app, &account, "reader").await;
        let clerk = key_of_user(&app, &account, "clerk").await;
        let nothing = key_of_user(&app, &account, "nothing").await;
        signed_get(&app, &reader, DOMAINS).await.ok(200);
        app.signed(&reader, "POST", &path, &group("a"), &[]).await.refused(403, "CBC.0151");
        app.signed(&clerk, "POST", &path, &group("b"), &[]).await.ok(201);
        signed_get(&app, &nothing, DOMAINS).await.refused(403, "CBC.0151");
        // Membership counts from the answer on, though the reader's key was in memory.
        let body = json!({"name": "c", "rights": ["operate"], "users": ["reader"]});
        app.post("operator", &path, body).await.ok(201);
        app.signed(&reader, "POST", &path, &group("d"), &[]).await.ok(201);
        app.finish().await;
    }

    async fn nobody_gives_rights_that_it_does_not_have(app) {
        let body = json!({"name": "initech", "users": [{"name": "clerk", "rights": ["read", "operate"]}]});
        let account = new_account(&app, body).await;
        let base = format!("/openbss/v1/accounts/{}", account["domain_id"].as_str().unwrap());
        let owner_id = account["users"][0]["user_id"].as_str().unwrap();
        assert_eq!(account["users"][0]["is_owner"], true);
        let owner = key_of_user(&app, &account, "initech").await;
        let clerk = key_of_user(&app, &account, "clerk").await;
        let rich = json!({"name": "rich", "rights": ["read", "pay"]}).to_string();
        for (method, path, body) in [
            ("POST", format!("{base}/users"), rich.clone()),
            ("POST", format!("{base}/groups"), rich.clone()),
            ("POST", format!("{base}/access-keys"), json!({"user_id": owner_id}).to_string()),
            ("PUT", format!("{base}/users/{owner_id}"), json!({"password": "mine from now"}).to_string()),
            ("DELETE", format!("{base}/access-keys/{}", owner.access_key), String::new()),
        ] {
            app.signed(&clerk, method, &path, &body, &[]).await.refused(403, "CBC.0151");
        }
        app.signed(&owner, "POST", &format!("{base}/users"), &rich, &[]).await.ok(201);
        let poor = json!({"name": "poor"}).to_string();
        let made = app.signed(&clerk, "POST", &format!("{base}/users"), &poor, &[]).await.ok(201);
        assert_eq!(made["rights"], json!(["read"]));
        // An account that shut out its first user could not help itself.
        let off = json!({"is_enabled": false}).to_string();
        let path = format!("{base}/users/{owner_id}");
        app.signed(&owner, "PUT", &path, &off, &[]).await.refused(400, "CBC.0100");
        app.finish().await;
    }

    async fn a_disabled_user_or_a_new_password_ends_tokens(app) {
        let body = json!({"name": "initech", "users": [
            {"name": "clerk", "password": "first password", "rights": ["read"]}
        ]});
        let account = new_account(&app, body).await;
        let users = account["users"].as_array().unwrap();
        let clerk = users.iter().find(|user| user["name"] == "clerk").unwrap();
        let path = format!(
            "/openbss/v1/accounts/{}/users/{}",
            account["domain_id"].as_str().unwrap(),
            clerk["user_id"].as_str().unwrap()
        );
        let user =
            |password: &str| json!({"name": "clerk", "password": password, "domain": {"name": "initech"}});
        let first = subject_token(&log_in_as(&app, user("first password"), Value::Null).await);
        with_token(&app, &first, DOMAINS).await.ok(200);
        let change = json!({"password": "second password"});
        app.call("operator", "PUT", &path, Some(change)).await.ok(200);
        with_token(&app, &first, DOMAINS).await.refused(401, "CBC.0154");
        log_in_as(&app, user("first password"), Value::Null).await.refused(401, "CBC.0154");
        let second = subject_token(&log_in_as(&app, user("second password"), Value::Null).await);
        with_token(&app, &second, DOMAINS).await.ok(200);
        app.call("operator", "PUT", &path, Some(json!({"is_enabled": false}))).await.ok(200);
        with_token(&app, &second, DOMAINS).await.refused(401, "CBC.0154");
        log_in_as(&app, user("second password"), Value::Null).await.refused(401, "CBC.0154");
        app.call("operator", "PUT", &path, Some(json!({"password": "short"}))).await.refused(400, "CBC.0100");
        app.finish().await;
    }

    async fn another_accounts_id_is_answered_as_an_unknown_one(app) {
        let unknown = "f".repeat(32);
        let key = app.key("globex").access_key;
        let other = app.domain("globex");
        for (method, tail, body) in [
            ("GET", String::new(), None),
            ("GET", "/access-keys".to_owned(), None),
            ("POST", "/access-keys".to_owned(), Some(json!({}))),
            ("PUT", format!("/access-keys/{key}"), Some(json!({"is_active": false}))),
            ("DELETE", format!("/access-keys/{key}"), None),
            ("POST", "/users".to_owned(), Some(json!({"name": "u"}))),
            ("PUT", "/users/1".to_owned(), Some(json!({"is_enabled": false}))),
            ("POST", "/groups".to_owned(), Some(json!({"name": "g", "rights": ["read"]}))),
            ("POST", "/projects".to_owned(), Some(json!({"projects": ["p"]}))),
        ] {
            let ask = async |id: &str| {
                let path = format!("/openbss/v1/accounts/{id}{tail}");
                app.call("acme", method, &path, body.clone()).await.refused(400, "CBC.0100")
            };
            assert_eq!(ask(&other).await, ask(&unknown).await, "{method} {tail}");
        }
        // The other's key by way of the own account.
        let path = format!("/openbss/v1/accounts/{}/access-keys/{key}", app.domain("acme"));
        app.call("acme", "DELETE", &path, None).await.refused(400, "CBC.0100");
        app.get("globex", DOMAINS).await.ok(200);
        app.get("acme", "/openbss/v1/accounts").await.refused(403, "CBC.0151");
        app.post("acme", "/openbss/v1/accounts", json!({})).await.refused(403, "CBC.0151");
        app.finish().await;
    }

    async fn accounts_stand_only_where_their_kind_may(app) {
        let (acme, north) = (app.domain("acme"), app.domain("north"));
        let (harbor, lab) = (app.domain("harbor"), app.domain("globex-lab"));
        let alone = new_account(&app, json!({"name": "alone", "kind": "distributor"})).await;
        for (body, field) in [
            (json!({"name": "a b", "kind": "customer"}), "name"),
            (json!({"name": "", "kind": "customer"}), "name"),
            (json!({"name": "x", "kind": "operator"}), "kind"),
            (json!({"name": "x", "kind": "reseller"}), "partner_id"),
            (json!({"name": "x", "kind": "reseller", "partner_id": harbor}), "partner_id"),
            (json!({"name": "x", "kind": "distributor", "partner_id": north}), "partner_id"),
            (json!({"name": "x", "kind": "customer", "partner_id": acme}), "partner_id"),
            (json!({"name": "x", "kind": "customer", "partner_id": "nobody"}), "partner_id"),
            (json!({"name": "x", "kind": "customer", "partner_id": alone["domain_id"]}), "partner_id"),
            (json!({"name": "x", "kind": "customer", "association_type": 3}), "association_type"),
            (json!({"name": "x", "kind": "customer", "has_direct_customers": true}), "has_direct_customers"),
            (json!({"name": "x", "kind": "customer", "master_id": north}), "master_id"),
            (json!({"name": "x", "kind": "customer", "master_id": lab}), "master_id"),
            (json!({"name": "x", "kind": "customer", "accounting": "unified"}), "accounting"),
            (json!({"name": "x", "kind": "customer", "user": {"password": "short"}}), "password"),
            (json!({"name": "x", "kind": "customer", "projects": ["a/b"]}), "projects"),
            (
                json!({"name": "x", "kind": "customer", "groups": [
                    {"name": "g", "rights": ["read"], "users": ["u"]}
                ]}),
                "users",
            ),
        ] {
            let message = app.post("operator", "/openbss/v1/accounts", body.clone()).await.refused(400, "CBC.0100");
            assert!(message.contains(field), "{body}: {message}");
        }
        let found = app.get("operator", "/openbss/v1/accounts?name=x").await.ok(200);
        assert_eq!(found, json!({"total_count": 0, "accounts": []}));
        let taken = json!({"name": "ACME", "kind": "customer"});
        app.post("operator", "/openbss/v1/accounts", taken).await.refused(400, "CBC.0101");
        app.finish().await;
    }

    async fn a_created_account_is_found_and_can_log_in(app) {
        let body = json!({
            "name": "Initech", "partner_id": app.domain("north"),
            "user": {"name": "bill", "password": "red stapler"}, "projects": ["cn-north-1"]
        });
        let made = new_account(&app, body).await;
        let id = made["domain_id"].as_str().unwrap();
        assert_eq!(made["association_type"], 3);
        assert_eq!(made["currency"], "USD");
        assert_eq!(made["created_at"], "2026-01-15T08:00:00Z");
        assert_eq!(made["users"][0]["rights"], json!(["read", "operate", "pay"]));
        let path = format!("/openbss/v1/accounts/{id}");
        assert_eq!(app.get("operator", &path).await.ok(200), made);
        let found = app.get("operator", "/openbss/v1/accounts?name=INITECH&kind=customer").await.ok(200);
        assert_eq!(found["total_count"], 1);
        assert_eq!(found["accounts"][0]["domain_id"], made["domain_id"]);
        let page = app.get("operator", "/openbss/v1/accounts?kind=customer&offset=1&limit=1").await.ok(200);
        assert!(page["total_count"].as_i64().unwrap() > 2);
        assert_eq!(page["accounts"].as_array().unwrap().len(), 1);
        let user = json!({"name": "bill", "password": "red stapler", "domain": {"name": "initech"}});
        let token = subject_token(&log_in_as(&app, user, Value::Null).await);
        assert_eq!(with_token(&app, &token, &path).await.ok(200), made);
        let more = format!("{path}/projects");
        let projects = app.post("operator", &more, json!({"projects": ["cn-north-1", "eu-west-101"]})).await;
        let projects = projects.ok(201);
        assert_eq!(projects["projects"][0], made["projects"][0]);
        assert_eq!(projects["projects"][1]["name"], "eu-west-101");
        app.finish().await;
    }

    async fn a_name_is_given_to_one_of_many_that_ask_at_once(app) {
        let app = std::sync::Arc::new(app);
        let asked = (0..8).map(|_| {
            let app = app.clone();
            tokio::spawn(async move {
                let body = json!({"name": "initech", "kind": "customer"});
                app.post("operator", "/openbss/v1/accounts", body).await.status
            })
        });
        let mut statuses = Vec::new();
        for one in asked.collect::<Vec<_>>() {
            statuses.push(one.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 400, 400, 400, 400, 400, 400, 400]);
        std::sync::Arc::into_inner(app).unwrap().finish().await;
    }

    async fn a_key_switched_while_many_use_it_is_never_brought_back(app) {
        let key = new_key(&app, "acme", json!({})).await;
        let path = format!("/openbss/v1/accounts/{}/access-keys/{}", app.domain("acme"), key.access_key);
        let app = std::sync::Arc::new(app);
        for _ in 0..20 {
            let users = (0..4).map(|_| {
                let (app, key) = (app.clone(), key.clone());
                tokio::spawn(async move { signed_get(&app, &key, DOMAINS).await.status })
            });
            let users: Vec<_> = users.collect();
            app.call("acme", "PUT", &path, Some(json!({"is_active": false}))).await.ok(200);
            // A reader that began before the change may end after it: its find must not stay in memory.
            signed_get(&app, &key, DOMAINS).await.refused(401, "APIG.0301");
            for user in users {
                assert!([200, 401].contains(&user.await.unwrap()));
            }
            signed_get(&app, &key, DOMAINS).await.refused(401, "APIG.0301");
            app.call("acme", "PUT", &path, Some(json!({"is_active": true}))).await.ok(200);
        }
        std::sync::Arc::into_inner(app).unwrap().finish().await;
    }

    async fn a_change_by_another_process_is_learnt_by_refreshing(app) {
        let key = new_key(&app, "acme", json!({})).await;
        signed_get(&app, &key, DOMAINS).await.ok(200);
        let mut tx = app.app.db().begin_write().await.unwrap();
        let off = "update access_keys set is_active = 0 where access_key = $1";
        tx.exec(off, platform::params![&key.access_key]).await.unwrap();
        let bump = "insert into versions (name, version) values ('identity', 1) \
            on conflict (name) do update set version = versions.version + 1";
        tx.exec(bump, &[]).await.unwrap();
        tx.commit().await.unwrap();
        signed_get(&app, &key, DOMAINS).await.ok(200);
        server::identity::service::refresh(&app.app).await.unwrap();
        signed_get(&app, &key, DOMAINS).await.refused(401, "APIG.0301");
        app.finish().await;
    }

    async fn no_secret_stands_in_the_database_or_its_records(app) {
        let key = new_key(&app, "acme", json!({})).await;
        let token = token_of(&app, "acme").await;
        let body = json!({"name": "initech", "user": {"password": "red stapler"}});
        new_account(&app, body).await;
        let wrong = json!({"name": "acme", "password": "wrong password", "domain": {"name": "acme"}});
        log_in_as(&app, wrong, Value::Null).await.refused(401, "CBC.0154");
        let mut stored = String::new();
        for sql in [
            "select operation, event, resource_id, resource_name, user_name, access_key, request from audit_events \
                order by account_id, id limit 100",
            "select idempotency_key, body from idempotency_keys order by principal limit 100",
            "select access_key, secret from access_keys order by access_key limit 100",
            "select password_hash from users order by account_id, id limit 100",
            "select token_hash, methods from tokens order by token_hash limit 100",
        ] {
            stored.push_str(&all_text(&app, sql).await);
        }
        let (acme, bytes) = (password_of("acme"), format!("{:?}", key.secret_key.as_bytes()));
        for secret in [&key.secret_key, &token, &acme, "red stapler", "wrong password", &bytes] {
            assert!(!stored.contains(secret), "{secret} is stored");
        }
        for event in ["createAccessKey", "createToken", "createAccount"] {
            assert!(stored.contains(event), "{event} left no audit row");
        }
        app.finish().await;
    }

    async fn a_refused_creation_leaves_an_audit_row_and_nothing_else(app) {
        let body = json!({"name": "initech", "kind": "customer", "users": [
            {"name": "twice", "rights": ["read"]}, {"name": "twice", "rights": ["read"]}
        ]});
        app.post("operator", "/openbss/v1/accounts", body).await.refused(400, "CBC.0101");
        let found = app.get("operator", "/openbss/v1/accounts?name=initech").await.ok(200);
        assert_eq!(found["total_count"], 0);
        let rows = all_text(
            &app,
            "select status, error_code from audit_events where event = 'createAccount' order by id limit 9",
        )
        .await;
        assert!(rows.contains("400") && rows.contains("CBC.0101"), "{rows}");
        app.finish().await;
    }

    async fn x_domain_id_must_be_the_signers_own(app) {
        let own = app.domain("acme");
        let other = app.domain("globex");
        let key = app.key("acme");
        app.signed(&key, "GET", DOMAINS, "", &[("x-domain-id", &own)]).await.ok(200);
        app.signed(&key, "GET", DOMAINS, "", &[("x-domain-id", &other)]).await.refused(403, "CBC.0151");
        app.finish().await;
    }

    async fn whatever_is_altered_after_signing_is_refused(app) {
        let path = format!("/openbss/v1/accounts/{}/groups", app.domain("acme"));
        let body = json!({"name": "g", "rights": ["read"]}).to_string();
        let build = |method: &str, uri: &str, language: &str, body: &str, authorization: &str, date: &str| {
            Request::builder()
                .method(method)
                .uri(uri)
                .header("host", "127.0.0.1:8080")
                .header("content-type", "application/json")
                .header("x-language", language)
                .header("x-sdk-date", date)
                .header("authorization", authorization)
                .body(Full::from(body.to_owned()))
                .unwrap()
        };
        let key = app.key("acme");
        let stamp = |ms: i64| machine_now().plus_ms(ms).to_wire().replace(['-', ':'], "");
        let date = stamp(0);
        let uri = format!("{path}?a=1");
        let signed = |date: &str| {
            let request = build("POST", &uri, "en_US", &body, "none", date);
            let mut headers = request.headers().clone();
            headers.remove("authorization");
            let parts = RequestParts {
                method: "POST",
                raw_path: request.uri().path(),
                raw_query: request.uri().query(),
                headers: &headers,
            };
            let pair = KeyPair { access_key: &key.access_key, secret_key: &key.secret_key };
            sign(&parts, body.as_bytes(), pair, Form::Plain).unwrap()
        };
        let right = signed(&date);
        let other_body = body.replace("read", "pay");
        let other_path = uri.replace("groups", "users");
        let other_query = uri.replace("a=1", "a=2");
        let other_signature = right.replace("Signature=", "Signature=0").trim_end_matches('0').to_owned();
        for (what, request) in [
            ("method", build("PUT", &uri, "en_US", &body, &right, &date)),
            ("path", build("POST", &other_path, "en_US", &body, &right, &date)),
            ("query", build("POST", &other_query, "en_US", &body, &right, &date)),
            ("header", build("POST", &uri, "zh_CN", &body, &right, &date)),
            ("body", build("POST", &uri, "en_US", &other_body, &right, &date)),
            ("date", build("POST", &uri, "en_US", &body, &right, &stamp(-60_000))),
            ("signature", build("POST", &uri, "en_US", &body, &other_signature, &date)),
            ("window", build("POST", &uri, "en_US", &body, &signed(&stamp(-16 * 60_000)), &stamp(-16 * 60_000))),
        ] {
            let reply = app.send(request).await;
            assert_eq!(reply.status, 401, "{what}: {}", reply.text());
            assert_eq!(reply.json()["error_code"], "APIG.0301", "{what}");
        }
        app.send(build("POST", &uri, "en_US", &body, &right, &date)).await.ok(201);
        app.plain("GET", DOMAINS, "", &[]).await.refused(401, "APIG.0301");
        let unknown = Key { access_key: "NOSUCHKEY".to_owned(), secret_key: key.secret_key.clone() };
        signed_get(&app, &unknown, DOMAINS).await.refused(401, "APIG.0301");
        let forged = Key { access_key: key.access_key.clone(), secret_key: "wrong".to_owned() };
        signed_get(&app, &forged, DOMAINS).await.refused(401, "APIG.0301");
        app.finish().await;
    }
}
