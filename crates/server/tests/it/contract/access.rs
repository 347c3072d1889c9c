//! Who gets in: credentials, kinds of account, rights of users, headers that name another account.

use platform::op::{AccountKind, Right};

use super::calls::{Complaints, admitted, call, concrete, guarded, tenant_of, user};
use crate::harness::Key;
use crate::on_both;

/// Whether a text holds something that looks like a signature or a hash: 32 or more hexadecimal digits in a row.
fn holds_a_digest(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= 32)
}

on_both! {
    async fn nothing_is_answered_without_valid_credentials(app) {
        let mut complaints = Complaints::default();
        let acme = app.key("acme");
        let forged = Key { secret_key: "x".repeat(acme.secret_key.len()), ..acme.clone() };
        let unknown = Key { access_key: "UNKNOWNACCESSKEY0000".to_owned(), ..acme };
        for entry in guarded(&app) {
            let spec = entry.spec;
            let (method, path) = (spec.method.as_str(), concrete(spec, &app.domain("acme")));
            let bare = app.plain(method, &path, "", &[]).await;
            complaints.refused(&format!("{} unsigned", spec.id), &bare, 401, "APIG.0301");
            let token = app.plain(method, &path, "", &[("x-auth-token", "no-such-token")]).await;
            complaints.refused(&format!("{} bad token", spec.id), &token, 401, "CBC.0154");
            for (what, key) in [("wrong secret", &forged), ("unknown key", &unknown)] {
                let reply = call(&app, spec, key, &path, b"{}", &[]).await;
                let what = format!("{} {what}", spec.id);
                complaints.refused(&what, &reply, 401, "APIG.0301");
                complaints.unless(!holds_a_digest(&reply.text()), || format!("{what}: a digest leaks"));
            }
        }
        complaints.none();
        app.finish().await;
    }

    async fn an_account_of_another_kind_is_denied(app) {
        let mut complaints = Complaints::default();
        for entry in guarded(&app) {
            let spec = entry.spec;
            for kind in AccountKind::ALL.into_iter().filter(|kind| !spec.admits(*kind)) {
                let tenant = tenant_of(kind);
                let path = concrete(spec, &app.domain(tenant));
                let reply = call(&app, spec, &app.key(tenant), &path, b"{}", &[]).await;
                complaints.refused(&format!("{} as {tenant}", spec.id), &reply, 403, spec.denied.code);
            }
        }
        complaints.none();
        app.finish().await;
    }

    async fn a_user_without_the_right_is_denied(app) {
        let mut complaints = Complaints::default();
        for kind in AccountKind::ALL {
            let tenant = tenant_of(kind);
            let lacking = [
                (Right::Read, user(&app, tenant, "no-read", &["operate", "pay"], None).await),
                (Right::Operate, user(&app, tenant, "no-operate", &["read", "pay"], None).await),
                (Right::Pay, user(&app, tenant, "no-pay", &["read", "operate"], None).await),
            ];
            for entry in guarded(&app).filter(|entry| entry.spec.admits(kind)) {
                let spec = entry.spec;
                let path = concrete(spec, &app.domain(tenant));
                let (_, key) = lacking.iter().find(|(right, _)| *right == spec.right).expect("three rights");
                let reply = call(&app, spec, key, &path, b"{}", &[]).await;
                let what = format!("{} as {tenant} without {:?}", spec.id, spec.right);
                complaints.refused(&what, &reply, 403, spec.denied.code);
            }
        }
        complaints.none();
        app.finish().await;
    }

    async fn a_partners_user_needs_one_of_the_permission_items(app) {
        let mut complaints = Complaints::default();
        for kind in AccountKind::ALL.into_iter().filter(|kind| kind.is_partner()) {
            let tenant = tenant_of(kind);
            let key = user(&app, tenant, "no-items", &["read", "operate", "pay"], Some(&[])).await;
            let needy = guarded(&app).filter(|e| e.spec.admits(kind) && !e.spec.actions.is_empty());
            for entry in needy {
                let path = concrete(entry.spec, &app.domain(tenant));
                let reply = call(&app, entry.spec, &key, &path, b"{}", &[]).await;
                let what = format!("{} as {tenant} without items", entry.spec.id);
                complaints.refused(&what, &reply, 403, entry.spec.denied.code);
            }
        }
        complaints.none();
        app.finish().await;
    }

    async fn headers_that_name_another_account_are_denied(app) {
        let mut complaints = Complaints::default();
        let projects = app.get("globex", "/v3/auth/projects").await.ok(200);
        let project = projects["projects"][0]["id"].as_str().expect("globex has a project").to_owned();
        let domain = app.domain("globex");
        for entry in guarded(&app) {
            let spec = entry.spec;
            let tenant = admitted(spec);
            let path = concrete(spec, &app.domain(tenant));
            for (header, value) in [("x-domain-id", &domain), ("x-project-id", &project)] {
                let reply = call(&app, spec, &app.key(tenant), &path, b"{}", &[(header, value)]).await;
                complaints.refused(&format!("{} {header}", spec.id), &reply, 403, "CBC.0151");
            }
        }
        complaints.none();
        app.finish().await;
    }

    async fn an_unknown_path_is_told_to_known_callers_only(app) {
        let paths = [
            ("GET", "/"), ("GET", "/v2/nothing"), ("GET", "/v2/products/service-types/"),
            ("PATCH", "/v2/products/service-types"), ("DELETE", "/v2/products/service-types"),
            ("GET", "/v2//products/service-types"), ("GET", "/v2/products/../products/service-types"),
            ("GET", "/v2/orders/customer-orders/details/%ff"), ("GET", "/v2/orders/customer-orders/details/a%00b"),
        ];
        for (method, path) in paths {
            app.plain(method, path, "", &[]).await.refused(401, "APIG.0301");
            let message = app.signed(&app.key("acme"), method, path, "", &[]).await.refused(404, "APIG.0101");
            assert!(message.contains(method), "{message}");
        }
        app.finish().await;
    }
}
