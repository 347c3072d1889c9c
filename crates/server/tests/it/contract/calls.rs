//! Requests to any operation, known only by its declaration.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use platform::auth::signature::{Form, KeyPair, RequestParts, sign};
use platform::clock::machine_now;
use platform::op::{AccountKind, Entry, Spec};
use serde_json::{Value, json};
use server::app::App;

use crate::harness::{Key, Reply, TestApp};

/// What did not hold, gathered so that one run names every operation at fault.
#[derive(Default)]
pub(crate) struct Complaints(Vec<String>);

impl Complaints {
    pub(crate) fn add(&mut self, complaint: impl Into<String>) {
        self.0.push(complaint.into());
    }

    pub(crate) fn unless(&mut self, holds: bool, complaint: impl FnOnce() -> String) {
        if !holds {
            self.0.push(complaint());
        }
    }

    /// The answer must be this refusal.
    pub(crate) fn refused(&mut self, what: &str, reply: &Reply, status: u16, code: &str) {
        let body = reply.text();
        let found = serde_json::from_slice::<Value>(&reply.body).unwrap_or_default();
        let is_it = reply.status == status && found["error_code"] == code;
        self.unless(is_it, || format!("{what}: wanted {status} {code}, got {} {body}", reply.status));
        let has_message = found["error_msg"].as_str().is_some_and(|message| !message.is_empty());
        self.unless(!is_it || has_message, || format!("{what}: {code} without a message"));
        let has_id = reply.headers.contains_key("x-request-id");
        self.unless(has_id, || format!("{what}: no X-Request-Id"));
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    #[track_caller]
    pub(crate) fn none(self) {
        assert!(self.0.is_empty(), "{} complaints:\n{}", self.0.len(), self.0.join("\n"));
    }
}

/// The operations that this server serves on its site.
pub(crate) fn served(app: &TestApp) -> impl Iterator<Item = &Entry<App>> {
    let site = platform::op::Host::site(app.app.as_ref());
    app.server.registry().entries().iter().filter(move |entry| entry.spec.sites.has(site))
}

/// Those that need credentials.
pub(crate) fn guarded(app: &TestApp) -> impl Iterator<Item = &Entry<App>> {
    served(app).filter(|entry| !entry.spec.is_public())
}

/// The demo tenant that stands for a kind of account.
pub(crate) fn tenant_of(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Operator => "operator",
        AccountKind::Customer => "acme",
        AccountKind::Distributor => "north",
        AccountKind::Reseller => "harbor",
        AccountKind::SolutionProvider => "summit",
    }
}

/// A demo tenant that may call the operation; the operator where several may, since it sees most.
pub(crate) fn admitted(spec: &Spec) -> &'static str {
    let kind = AccountKind::ALL.into_iter().find(|kind| spec.admits(*kind));
    tenant_of(kind.unwrap_or(AccountKind::Customer))
}

/// The path with every `{name}` filled: account ids with `domain`, everything else with an id that is nobody's.
pub(crate) fn concrete(spec: &Spec, domain: &str) -> String {
    let fill = |segment: &str| match segment {
        "{domain_id}" => domain.to_owned(),
        name if name.starts_with('{') => "nobodys-id".to_owned(),
        fixed => fixed.to_owned(),
    };
    spec.path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// A signed request whose body is any bytes.
pub(crate) fn signed_request(
    key: &Key,
    method: &str,
    path: &str,
    body: &[u8],
    headers: &[(&str, &str)],
) -> Request<Full<Bytes>> {
    let now = machine_now().to_wire().replace(['-', ':'], "");
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:8080")
        .header("x-sdk-date", now);
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Full::from(body.to_vec())).expect("a request");
    let parts = RequestParts {
        method,
        raw_path: request.uri().path(),
        raw_query: request.uri().query(),
        headers: request.headers(),
    };
    let pair = KeyPair { access_key: &key.access_key, secret_key: &key.secret_key };
    let value = sign(&parts, body, pair, Form::Plain).expect("host and date are there");
    request.headers_mut().insert("authorization", value.parse().expect("a header value"));
    request
}

/// Calls the operation as `key`, or without credentials where it needs none.
pub(crate) async fn call(
    app: &TestApp,
    spec: &Spec,
    key: &Key,
    path: &str,
    body: &[u8],
    headers: &[(&str, &str)],
) -> Reply {
    if spec.is_public() {
        let mut request = Request::builder().method(spec.method.as_str()).uri(path);
        request = request.header("host", "127.0.0.1:8080");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        return app.send(request.body(Full::from(body.to_vec())).expect("a request")).await;
    }
    app.send(signed_request(key, spec.method.as_str(), path, body, headers)).await
}

/// A new user of a demo tenant with some rights and partner permission items (`None`: all), and its key.
pub(crate) async fn user(
    app: &TestApp,
    tenant: &str,
    name: &str,
    rights: &[&str],
    actions: Option<&[&str]>,
) -> Key {
    let users = format!("/openbss/v1/accounts/{}/users", app.domain(tenant));
    let mut body = json!({"name": name, "rights": rights});
    if let Some(actions) = actions {
        body["actions"] = json!(actions);
    }
    let user = app.post("operator", &users, body).await.ok(201);
    let keys = format!("/openbss/v1/accounts/{}/access-keys", app.domain(tenant));
    let key = app.post("operator", &keys, json!({"user_id": user["user_id"]})).await.ok(201);
    let text = |field: &str| key[field].as_str().expect("a new key is shown once").to_owned();
    Key { access_key: text("access_key"), secret_key: text("secret_key") }
}

/// The region of a site in the demo catalogue.
pub(crate) fn region(site: domain::site::Site) -> &'static str {
    match site {
        domain::site::Site::Cn => "cn-north-1",
        domain::site::Site::Intl => "ap-southeast-1",
        domain::site::Site::Eu => "eu-west-101",
    }
}

/// A purchase of one virtual machine with an attached disk for a month.
pub(crate) fn purchase(region: &str) -> Value {
    json!({"lines": [
        {
            "cloud_service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm",
            "resource_spec": "s3.medium.4.linux", "region": region,
            "period_type": 2, "period_num": 1, "subscription_num": 1, "resource_name": "web-1",
        },
        {
            "cloud_service_type": "hws.service.type.ebs", "resource_type": "hws.resource.type.volume",
            "resource_spec": "GPSSD", "region": region, "resource_size": 40, "size_measure_id": 17,
            "period_type": 2, "period_num": 1, "subscription_num": 1, "attached_to_line": 0,
        },
    ]})
}

/// Places a purchase for a demo customer; the order waits for payment.
pub(crate) async fn place(app: &TestApp, tenant: &str) -> String {
    let region = region(platform::op::Host::site(app.app.as_ref()));
    let order = app.post(tenant, "/openbss/v1/orders", purchase(region)).await.ok(201);
    order["order_id"].as_str().expect("an order has an id").to_owned()
}

/// The body that pays an order without promotions.
pub(crate) fn payment(order: &str) -> Value {
    json!({"order_id": order, "use_coupon": "NO", "use_discount": "NO"})
}

/// The cash balance of a demo customer, in the digits of the answer.
pub(crate) async fn cash(app: &TestApp, tenant: &str) -> String {
    let balances = app.get(tenant, "/v2/accounts/customer-accounts/balances").await.ok(200);
    let rows = balances["account_balances"].as_array().expect("balances are listed");
    let cash = rows.iter().find(|row| row["account_type"] == 1).expect("there is cash");
    cash["amount"].to_string()
}

/// Numbers found by one statement on the database of the application.
pub(crate) async fn integers(app: &TestApp, sql: &str, columns: usize) -> Vec<i64> {
    let mut tx = platform::op::Host::db(app.app.as_ref()).begin_read().await.expect("a snapshot");
    let row = tx.one(sql, &[]).await.expect("the statement holds on both engines");
    tx.rollback().await;
    (0..columns).map(|column| row.int(column)).collect()
}
