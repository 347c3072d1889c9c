//! The machine surface, and the two files of the repository that are generated from the registry.

use std::path::Path;

use platform::op::openapi::operations_text;
use server::app::registry;

use crate::on_both;

/// Compares a generated file, or writes it where `UPDATE` is set.
fn assert_generated(name: &str, generated: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, generated).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = kept.lines().zip(generated.lines()).position(|(kept, now)| kept != now);
    assert!(
        kept == generated,
        "{name} is not what the registry says (first difference in line {}); read the change, then run \
         `UPDATE=1 cargo test -p server --test it machine::` and commit the file",
        differs.map_or_else(|| kept.lines().count().min(generated.lines().count()) + 1, |line| line + 1),
    );
}

#[test]
fn the_openapi_document_of_the_repository_is_the_one_of_the_registry() {
    assert_generated("openapi.json", &server::machine::openapi_text(&registry(true)));
}

#[test]
fn the_list_of_operations_of_the_repository_is_the_one_of_the_registry() {
    assert_generated("operations.txt", &operations_text(&registry(true)));
}

on_both! {
    async fn probes_answer_without_keys(app) {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(app.plain("GET", path, "", &[]).await.ok(200)["status"], "ok");
        }
        app.finish().await
    }

    async fn readiness_ends_with_the_database_and_health_does_not(app) {
        use platform::op::Host as _;
        app.app.db().close().await.expect("the database closes");
        app.plain("GET", "/readyz", "", &[]).await.refused(500, "CBC.0999");
        app.plain("GET", "/healthz", "", &[]).await.ok(200);
    }

    async fn counters_name_operations_statuses_and_the_success_rate(app) {
        app.plain("GET", "/healthz", "", &[]).await.ok(200);
        app.plain("GET", "/openbss/v1/sandbox/outbox", "", &[]).await.refused(401, "APIG.0301");
        let reply = app.plain("GET", "/metrics", "", &[]).await;
        assert!(reply.headers["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
        let page = reply.text();
        let counted = |operation: &str, status: u16, code: &str| {
            let line = format!(
                "openbss_requests_total{{operation=\"{operation}\",status=\"{status}\",code=\"{code}\"}} 1"
            );
            assert!(page.lines().any(|known| known == line), "{line} is not in\n{page}");
        };
        counted("ShowHealth", 200, "");
        counted("ListSandboxOutbox", 401, "APIG.0301");
        assert!(page.lines().any(|line| line == "openbss_call_success_ppm 1000000"), "{page}");
        app.finish().await
    }

    async fn the_served_document_is_the_one_of_the_repository(app) {
        let reply = app.plain("GET", "/openapi.json", "", &[]).await;
        assert_eq!(reply.text(), server::machine::openapi_text(&registry(true)));
        let document = reply.ok(200);
        assert_eq!(document["openapi"], "3.1.0");
        let operations: usize =
            document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
        assert_eq!(operations, registry(true).entries().len());
        app.finish().await
    }

    async fn every_answer_names_its_request(app) {
        let first = app.plain("GET", "/healthz", "", &[]).await.headers["x-request-id"].clone();
        let second = app.plain("GET", "/nothing", "", &[]).await.headers["x-request-id"].clone();
        assert_ne!(first, second);
        app.finish().await
    }
}
