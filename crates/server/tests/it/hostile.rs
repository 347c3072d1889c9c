//! Hostile input at every parameter of every operation.
//!
//! Requests are made from the declarations: a base request that every parameter's declaration accepts, with one
//! value put in its place. Values that the declaration forbids must be refused by name; what it does not forbid
//! (random text, huge numbers, ids of other tenants) may be refused or not, but never with a fault of the server,
//! never with an undeclared code (the test door panics on one), and a refusal never changes anything.
//!
//! ```text
//! declarations --> base request --> one value replaced --> call --+--> forbidden: 400 CBC.0100, field named
//!                                    ^                             '--> otherwise: any declared answer
//!       forbidden values, then random ones from a fixed seed
//! ```

mod requests;
mod values;

use platform::op::Entry;
use platform::op::wire::{Described, Place};
use serde_json::{Value, json};
use server::app::App;

use crate::contract::calls::{Complaints, admitted, call, integers, place, served, user};
use crate::harness::{Reply, TestApp};
use crate::on_both;
use requests::{Base, Known};
use values::{Hostile, Verdict};

/// Operations that are not called with values that may succeed, with the reason.
const ONLY_FORBIDDEN: &[(&str, &str)] = &[
    ("KeystoneCreateToken", "each password that is checked costs a slow hash, by design"),
    ("MoveSandboxClock", "a clock that moved far is slow, and another test's subject"),
    ("CreateSandboxFault", "an injected fault answers the next requests"),
    ("ResetSandbox", "it takes the tenants of this test away"),
];

/// Operations whose base request is refused, with the reason; of all others it must be accepted, or the attack would
/// end at some other field.
const BASE_IS_REFUSED: &[(&str, &str)] = &[
    ("KeystoneCreateToken", "it names a domain and a project, to attack both"),
    ("KeystoneValidateToken", "it needs a token, which is a secret of a sign-in"),
    ("ImportCatalog", "its document is no declared parameter; it has tests of its own"),
    ("MoveSandboxClock", "it names an instant and a duration, to attack both"),
    ("CreateSandboxFault", "it names no operation, so that nothing is injected"),
    ("ReportProvisioned", "nothing waits for the cloud"),
    ("ReportFailed", "nothing waits for the cloud"),
    ("FreezeResource", "the id is made by the server"),
    ("UnfreezeResource", "the id is made by the server"),
    ("UpdatePeriodToOnDemand", "the ids are made by the server"),
    ("DeleteWebhook", "the id is made by the server"),
    ("AutoRenewalResources", "the id is made by the server"),
    ("CancelAutoRenewalResources", "the id is made by the server"),
    ("ExplainAmounts", "it names no order, line or price, of which it takes one"),
    ("WithdrawDiscount", "the id is made by the server"),
    ("FreezeCoupon", "the id is made by the server"),
    ("UnfreezeCoupon", "the id is made by the server"),
    ("WithdrawCoupon", "the id is made by the server"),
    ("UnfreezeAccount", "nothing is frozen"),
    ("DeleteSpendingLimit", "no limit is set"),
    ("DeleteQuota", "no quota is set"),
    ("CancelResourcesSubscription", "the id is made by the server"),
    ("ShowRefundOrderDetails", "nothing was given back"),
    ("ApproveOrder", "nothing waits for approval"),
    ("RejectOrder", "nothing waits for approval"),
    ("ChangeResource", "the id is made by the server"),
    ("MakeCommercial", "the id is made by the server"),
    ("ConvertToPeriod", "the customer that asks has no such resource"),
    ("ReleaseOnDemand", "several customers have the resource that it names"),
    ("RenewalResources", "the id is made by the server"),
];

/// Operations that can stop the payments of an account: they are aimed at one that pays nothing in this test.
const STOP_PAYMENTS: &[&str] = &[
    "FreezeAccount",
    "UnfreezeAccount",
    "SetAccountCountry",
    "SetSpendingLimit",
    "DeleteSpendingLimit",
    "SetQuota",
];

/// Random values for each parameter.
const RANDOM_CASES: usize = 24;

/// Tables whose rows a refused request may add to: the trail, and sign-in attempts.
const MAY_GROW: &[&str] = &["audit_events", "idempotency_keys", "job_failures"];

/// One statement that counts the rows of every table, from the migrations, and sums what rows hold.
fn fingerprint_sql() -> (String, usize) {
    let text: String = server::app::MIGRATIONS.iter().map(|migration| migration.sqlite).collect();
    let tables = text.split("create table ").skip(1).map(|rest| rest.split([' ', '\n', '(']).next());
    let tables = tables.map(|name| name.expect("a table has a name")).filter(|name| !MAY_GROW.contains(name));
    let mut columns: Vec<String> = tables.map(|name| format!("(select count(*) from {name})")).collect();
    assert!(columns.len() > 15, "the migrations hold the tables");
    for (sum, table) in [
        ("balance", "ledger_accounts"),
        ("status", "orders"),
        ("version", "versions"),
        ("frozen", "accounts"),
    ] {
        columns.push(format!("(select cast(coalesce(sum({sum}), 0) as bigint) from {table})"));
    }
    let count = columns.len();
    (format!("select {}", columns.join(", ")), count)
}

/// One attack on one parameter.
struct Attack<'a> {
    app: &'a TestApp,
    entry: &'a Entry<App>,
    tenant: &'static str,
    names: &'a [String],
}

impl Attack<'_> {
    async fn send(&self, base: &Base) -> Reply {
        let path = base.path_and_query(self.entry.spec);
        let headers: Vec<(&str, &str)> =
            base.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        call(self.app, self.entry.spec, &self.app.key(self.tenant), &path, &base.body_bytes(), &headers).await
    }

    /// What every answer must be, whatever was sent.
    fn judge(&self, what: &str, reply: &Reply, verdict: Verdict, field: &str, complaints: &mut Complaints) {
        let spec = self.entry.spec;
        let text = reply.text();
        complaints.unless(reply.status < 500, || format!("{what}: a fault of the server: {text}"));
        if reply.status < 400 {
            complaints.unless(verdict == Verdict::Any, || format!("{what}: accepted with {}", reply.status));
            return;
        }
        let body = serde_json::from_slice::<Value>(&reply.body).unwrap_or_default();
        let code = body["error_code"].as_str().unwrap_or_default();
        let message = body["error_msg"].as_str().unwrap_or_default();
        let known = spec.errors.iter().chain(platform::op::door::COMMON).chain([&spec.denied]);
        let is_declared = known.copied().any(|known| known.code == code && known.status == reply.status);
        complaints.unless(is_declared, || format!("{what}: {} is not declared: {text}", reply.status));
        complaints.unless(!message.is_empty() && message.chars().count() <= 1000, || {
            format!("{what}: message {text}")
        });
        if code == "CBC.0100" {
            // What the door cannot read at all belongs to no field.
            let whole = ["request body", "query string"].iter().any(|part| message.contains(part));
            let names_one = whole || self.names.iter().any(|name| message.contains(name.as_str()));
            complaints.unless(names_one, || format!("{what}: no field is named: {text}"));
        }
        if verdict == Verdict::Forbidden {
            let is_named = code == "CBC.0100" && message.contains(field);
            complaints.unless(is_named, || {
                format!("{what}: wanted CBC.0100 on {field}, got {} {text}", reply.status)
            });
        }
    }
}

/// Throws everything at one operation.
async fn attack(app: &TestApp, entry: &Entry<App>, complaints: &mut Complaints) -> usize {
    let spec = entry.spec;
    let params = (entry.params)();
    let tenant = admitted(spec);
    let mut names = Vec::new();
    requests::names(&params, &mut names);
    let base = Base::of(&params, &known(app, entry).await);
    let (sql, columns) = fingerprint_sql();
    let attack = Attack { app, entry, tenant, names: &names };
    let only_forbidden = ONLY_FORBIDDEN.iter().any(|(id, _)| *id == spec.id);
    let strangers = strangers(app);
    let mut calls = 0;
    if !only_forbidden && !BASE_IS_REFUSED.iter().any(|(id, _)| *id == spec.id) {
        let reply = attack.send(&base).await;
        complaints.unless(reply.status < 400, || format!("{}: the base request: {}", spec.id, reply.text()));
    }
    let mut before = integers(app, &sql, columns).await;
    for target in requests::targets(&params) {
        let random = if only_forbidden { 0 } else { RANDOM_CASES };
        let hostile = values::against(&target, random, &strangers);
        for Hostile { value, verdict } in hostile {
            if only_forbidden && verdict == Verdict::Any {
                continue;
            }
            let Some(request) = base.with(&target, &value) else { continue };
            let what = format!("{} {} = {}", spec.id, target.pointer, value.shown());
            let reply = attack.send(&request).await;
            attack.judge(&what, &reply, verdict, target.name, complaints);
            calls += 1;
            let after = integers(app, &sql, columns).await;
            complaints.unless(reply.status < 400 || before == after, || {
                format!("{what}: refused with {}, and yet something changed", reply.status)
            });
            before = after;
        }
    }
    calls
}

/// What base requests name: the catalogue's products, and things of acme made for one operation.
async fn known(app: &TestApp, entry: &Entry<App>) -> Known {
    let acme = app.domain("acme");
    let key = user(app, "acme", &format!("of-{}", entry.spec.id), &["read"], None).await;
    let keys = app.get("operator", &format!("/openbss/v1/accounts/{acme}/access-keys")).await.ok(200);
    let keys = keys["access_keys"].as_array().expect("keys are listed").clone();
    let own = keys.iter().find(|row| row["access_key"] == key.access_key.as_str());
    let aimed_at = if STOP_PAYMENTS.contains(&entry.spec.id) { app.domain("globex") } else { acme };
    Known(
        [
            ("domain_id", json!(aimed_at)),
            ("customer_id", json!(aimed_at)),
            ("country", json!("DE")),
            ("email", json!("billing@acme.example")),
            ("config_value", json!("7")),
            ("valid_from", json!("2026-06-01T00:00:00Z")),
            ("user_id", own.expect("the key was made above")["user_id"].clone()),
            ("user_ids", own.expect("the key was made above")["user_id"].clone()),
            ("access_key", json!(key.access_key)),
            ("order_id", json!(place(app, "acme").await)),
            ("kind", json!("customer")),
            ("cloud_service_type", json!("hws.service.type.ec2")),
            ("service_type_code", json!("hws.service.type.ec2")),
            ("resource_type", json!("hws.resource.type.vm")),
            ("resource_type_code", json!("hws.resource.type.vm")),
            ("resource_spec", json!("s3.medium.4.linux")),
            ("region", json!("ap-southeast-1")),
            ("period_type", json!(2)),
            ("period_num", json!(1)),
            ("usage_factor", json!("Duration")),
            ("usage_measure_id", json!(4)),
            ("use_coupon", json!("NO")),
            ("use_discount", json!("NO")),
            ("url", json!("http://127.0.0.1:9/hook")),
            ("service_type", json!("hws.service.type.ec2")),
            ("product_id", json!("OFFI777523764289028104")),
            ("mode", json!("ratio")),
            ("limit_key", json!("regionCode")),
            ("value1", json!("ap-southeast-1")),
            ("value", json!("0.5")),
            // After the valid_time of the same request.
            ("expire_time", json!("2027-07-15T08:00:00Z")),
        ]
        .into(),
    )
}

/// Ids of tenants and things that the callers of this test do not own.
fn strangers(app: &TestApp) -> Vec<String> {
    vec![
        app.domain("brook"),
        app.domain("globex-lab"),
        app.key("brook").access_key,
        "CS2601151600ABCDEFGH".to_owned(),
    ]
}

/// Every operation, in two halves so that two processors share the work.
async fn every_second(app: &TestApp, half: usize) {
    let mut complaints = Complaints::default();
    let mut calls = 0;
    for entry in served(app).skip(half).step_by(2) {
        calls += attack(app, entry, &mut complaints).await;
    }
    complaints.unless(calls > 500, || format!("only {calls} calls were made"));
    complaints.none();
}

on_both! {
    async fn no_value_of_a_parameter_breaks_an_operation_of_the_first_half(app) {
        every_second(&app, 0).await;
        app.finish().await;
    }

    async fn no_value_of_a_parameter_breaks_an_operation_of_the_second_half(app) {
        every_second(&app, 1).await;
        app.finish().await;
    }
}

#[test]
fn the_list_of_spared_operations_names_served_ones() {
    let registry = server::app::registry(true);
    for (id, reason) in ONLY_FORBIDDEN.iter().chain(BASE_IS_REFUSED) {
        assert!(registry.entries().iter().any(|entry| entry.spec.id == *id), "{id} ({reason}) is not served");
    }
}

#[test]
fn every_place_of_a_parameter_is_attacked() {
    let registry = server::app::registry(true);
    let mut places = Vec::new();
    for entry in registry.entries() {
        let params: Vec<Described> = (entry.params)();
        places.extend(requests::targets(&params).into_iter().map(|target| target.place));
    }
    for place in [Place::Path, Place::Query, Place::Body] {
        assert!(places.contains(&place), "no parameter in {place:?} is attacked");
    }
}
