//! Request limits through the wire: declared numbers hold, for each operation and account.

use platform::op::http::DoorConfig;
use platform::op::{Limit, door};
use serde_json::json;

use super::calls::{Complaints, admitted, call, concrete, guarded};
use crate::harness::Options;
use crate::on_both;

/// Operations of which the limit is tried: one of the usual ones and the published exceptions (`rules.md` 0.4).
const TRIED: &[&str] = &[
    "ListServiceTypes",
    "ListCustomerOrders",
    "ListOnDemandResourceRatings",
    "ListRateOnPeriodDetail",
    "ShowCustomerAccountBalances",
];

on_both! {
    async fn calls_beyond_the_limit_wait(app: Options { throttle: true, ..Options::default() }) {
        let mut complaints = Complaints::default();
        let mut tried = 0;
        for entry in guarded(&app).filter(|entry| TRIED.contains(&entry.spec.id)) {
            let spec = entry.spec;
            let Limit::PerSecond(limit) = spec.limit else { panic!("{} has no limit", spec.id) };
            tried += 1;
            let tenant = if spec.admits(platform::op::AccountKind::Customer) { "acme" } else { admitted(spec) };
            let path = concrete(spec, &app.domain(tenant));
            let body = json!({}).to_string();
            let mut admitted_calls = 0;
            // The bucket fills again while the calls are made, so a few more than the limit may pass.
            let refusal = loop {
                let reply = call(&app, spec, &app.key(tenant), &path, body.as_bytes(), &[]).await;
                if reply.status == 429 || admitted_calls > 5 * limit {
                    break reply;
                }
                admitted_calls += 1;
            };
            complaints.unless(admitted_calls >= limit, || {
                format!("{}: refused after {admitted_calls} calls, {limit} are allowed", spec.id)
            });
            complaints.refused(spec.id, &refusal, 429, "CBC.0250");
            let wait = refusal.headers.get("retry-after").and_then(|value| value.to_str().ok());
            complaints.unless(wait == Some("1"), || format!("{}: Retry-After is {wait:?}", spec.id));
            let other = call(&app, spec, &app.key("globex"), &path, body.as_bytes(), &[]).await;
            complaints.unless(other.status != 429, || format!("{}: one account's calls count for another", spec.id));
        }
        complaints.unless(tried == TRIED.len(), || format!("only {tried} operations were tried"));
        complaints.none();
        app.finish().await;
    }

    async fn limits_and_their_code_are_configurable(app) {
        let mut app = app;
        let configured = |rates: &[(&str, u32)]| DoorConfig {
            throttle: true,
            strict: true,
            throttle_code: &door::GATEWAY_THROTTLED,
            rates: rates.iter().map(|(id, rate)| ((*id).to_owned(), *rate)).collect(),
            ..DoorConfig::default()
        };
        for (rates, why) in [([("NoSuchThing", 1)], "no operation NoSuchThing"), ([("ListServiceTypes", 0)], "at least 1")] {
            let refused = app.app.server(configured(&rates)).err().expect("refused");
            assert!(refused.contains(why), "{refused}");
        }
        app.server = app.app.server(configured(&[("ListServiceTypes", 1)])).expect("a server");
        app.get("acme", "/v2/products/service-types").await.ok(200);
        app.get("acme", "/v2/products/service-types").await.refused(429, "APIG.0308");
        app.get("acme", "/v2/products/resource-types").await.ok(200);
        app.finish().await;
    }

    async fn the_sandbox_has_no_limits_unless_told(app) {
        for _ in 0..60 {
            app.get("acme", "/v2/products/service-types").await.ok(200);
        }
        app.finish().await;
    }
}
