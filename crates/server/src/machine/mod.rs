//! What machines ask of the server: whether it lives, whether it can work, what it counts, what it can do.
//!
//! All of it is public and never throttled: probes and scrapers have no keys. Nothing here names a tenant.

mod api;
mod store;

use std::sync::OnceLock;

use platform::op::{Registry, openapi};

use crate::app::{App, Feature};

/// What the application takes from here.
pub const FEATURE: Feature = Feature {
    name: "machine",
    operations: |registry| {
        registry.add::<api::ShowHealth>();
        registry.add::<api::ShowReadiness>();
        registry.add::<api::ShowMetrics>();
        registry.add::<api::ShowOpenapi>();
    },
    jobs: |_| {},
    checks: &[],
    statements: || {
        let own = store::STATEMENTS.iter().chain(crate::settings::store::STATEMENTS);
        own.map(|(_, text)| (*text).to_owned()).collect()
    },
};

/// The OpenAPI document of a registry as it is answered, printed and kept in the repository.
pub fn openapi_text(registry: &Registry<App>) -> String {
    let document = openapi::document(registry, env!("CARGO_PKG_VERSION"));
    format!("{document:#}\n")
}

/// The OpenAPI document of every operation of this program, made once.
fn openapi_page() -> &'static str {
    static PAGE: OnceLock<String> = OnceLock::new();
    PAGE.get_or_init(|| openapi_text(&crate::app::registry(true)))
}
