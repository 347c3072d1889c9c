//! The whole application in process: seeded ids, its own clock, either database.
//!
//! `on_both!` runs one fact on SQLite and on PostgreSQL. PostgreSQL is the cluster that `cargo xtask test` starts;
//! its template database is made once a cluster and cloned for each test.

use std::net::SocketAddr;
use std::sync::Arc;

use domain::calendar::Instant;
use domain::site::Site;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use platform::auth::secrets::Vault;
use platform::auth::signature::{Form, KeyPair, RequestParts, sign};
use platform::clock::{Clock, machine_now};
use platform::db::{Db, PgOptions, SqliteOptions, Sync};
use platform::op::Host;
use platform::op::http::{DoorConfig, Server};
use serde_json::Value;
use server::app::{App, AppConfig, MIGRATIONS, Provisioner};
use server::sandbox;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// How a test's application differs from the usual one.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub site: Site,
    pub provisioner: Provisioner,
    pub throttle: bool,
    pub is_sandbox: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { site: Site::Intl, provisioner: Provisioner::Immediate, throttle: false, is_sandbox: true }
    }
}

/// The application under test.
pub struct TestApp {
    pub app: Arc<App>,
    pub server: Arc<Server<App>>,
    // Dropped last: the database file lives in it.
    _folder: Option<tempfile::TempDir>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON; numbers beyond an f64 lose digits here, so amounts are compared as text.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.body)))
    }
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    /// Asserts the status and gives the JSON body (null for an empty one).
    #[track_caller]
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }
    /// Asserts the status and error code, and gives the message.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let body = self.json();
        assert_eq!(body["error_code"], code, "{body}");
        body["error_msg"].as_str().expect("error_msg is text").to_owned()
    }
}

/// One access key.
#[derive(Debug, Clone)]
pub struct Key {
    pub access_key: String,
    pub secret_key: String,
}

const FIRST_NOW: &str = "2026-01-15T08:00:00Z";

impl TestApp {
    pub async fn start(on: On) -> Self {
        Self::start_with(on, Options::default()).await
    }

    pub async fn start_with(on: On, options: Options) -> Self {
        let (db, folder) = match on {
            On::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let sync = SqliteOptions { readers: 4, sync: Sync::Off };
                let db = Db::open_sqlite(folder.path().join("openbss.db"), sync).await.expect("SQLite opens");
                (db, Some(folder))
            }
            On::Postgres => {
                let url = crate::postgres::clone_of_template().await;
                (
                    Db::open_postgres(&url, PgOptions { pool_size: 20, root_certificate: None })
                        .await
                        .expect("PostgreSQL opens"),
                    None,
                )
            }
        };
        db.migrate(MIGRATIONS, 0).await.expect("the schema is brought up");
        let now = Instant::parse_utc(FIRST_NOW).expect("well-formed");
        let app = App::open(AppConfig {
            db,
            clock: Clock::sandbox(now),
            site: options.site,
            vault: Vault::from_key_bytes([7; 32]),
            provisioner: options.provisioner,
            is_sandbox: options.is_sandbox,
            seed: Some(42),
        })
        .await
        .expect("the application opens");
        sandbox::service::seed(&app).await.expect("the demo tenants and catalogue are seeded");
        let door = DoorConfig { throttle: options.throttle, strict: true, ..DoorConfig::default() };
        let server = app.server(door).expect("no two operations claim one path");
        Self { app, server, _folder: folder }
    }

    /// The access key of a demo tenant.
    pub fn key(&self, tenant: &str) -> Key {
        let demo = sandbox::demo::credentials(tenant);
        Key { access_key: demo.access_key, secret_key: demo.secret_key }
    }

    /// The domain id of a demo tenant.
    pub fn domain(&self, tenant: &str) -> String {
        sandbox::demo::credentials(tenant).domain_id
    }

    /// A signed call of a demo tenant.
    pub async fn call(&self, tenant: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
        let text = body.map(|body| body.to_string());
        self.signed(&self.key(tenant), method, path, text.as_deref().unwrap_or(""), &[]).await
    }

    /// A signed GET.
    pub async fn get(&self, tenant: &str, path: &str) -> Reply {
        self.call(tenant, "GET", path, None).await
    }

    /// A signed POST.
    pub async fn post(&self, tenant: &str, path: &str, body: Value) -> Reply {
        self.call(tenant, "POST", path, Some(body)).await
    }

    /// A signed call with a body as text and further headers.
    pub async fn signed(
        &self,
        key: &Key,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        let now = machine_now().to_wire().replace(['-', ':'], "");
        request = request.header("host", "127.0.0.1:8080").header("x-sdk-date", now);
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Full::from(body.to_owned())).expect("a request");
        let parts = RequestParts {
            method,
            raw_path: request.uri().path(),
            raw_query: request.uri().query(),
            headers: request.headers(),
        };
        let pair = KeyPair { access_key: &key.access_key, secret_key: &key.secret_key };
        let value = sign(&parts, body.as_bytes(), pair, Form::Plain).expect("host and date are there");
        request.headers_mut().insert("authorization", value.parse().expect("a header value"));
        self.send(request).await
    }

    /// A call as it is, without signature.
    pub async fn plain(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Full::from(body.to_owned())).expect("a request")).await
    }

    pub async fn send(&self, request: Request<Full<bytes::Bytes>>) -> Reply {
        let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
        let response = self.server.handle(request, peer).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("an in-memory body").to_bytes().to_vec();
        Reply { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// Moves the clock, running what falls due.
    pub async fn advance_to(&self, to: &str) -> Vec<platform::job::Ran> {
        let to = Instant::parse_rfc3339(to).expect("RFC 3339");
        self.app.jobs.advance(&self.app, to).await.expect("jobs run")
    }

    /// The server stops and starts anew on the same database, at an instant of commercial time; nothing ran meanwhile.
    pub async fn restarted_at(self, now: &str) -> Self {
        let now = Instant::parse_rfc3339(now).expect("RFC 3339");
        let app = App::open(AppConfig {
            db: self.app.db().clone(),
            clock: Clock::sandbox(now),
            site: self.app.site(),
            vault: Vault::from_key_bytes([7; 32]),
            provisioner: self.app.provisioner,
            is_sandbox: self.app.sandbox.is_some(),
            // Ids go on growing, and none comes twice.
            seed: Some(now.ms().unsigned_abs()),
        })
        .await
        .expect("the application opens");
        let door = DoorConfig { throttle: false, strict: true, ..DoorConfig::default() };
        let server = app.server(door).expect("no two operations claim one path");
        Self { app, server, _folder: self._folder }
    }

    /// Ends the test: nothing is due or failed, and the books hold.
    pub async fn finish(self) {
        let ran = self.app.jobs.run_due(&self.app).await.expect("jobs run");
        let failed: Vec<_> = ran.iter().filter(|ran| !ran.is_done).collect();
        assert!(failed.is_empty(), "jobs failed: {failed:?}");
        let verdict = server::verify::service::verify(&self.app).await.expect("verify runs");
        let broken: Vec<_> = verdict.iter().filter(|identity| !identity.holds).collect();
        assert!(broken.is_empty(), "the books do not hold: {broken:#?}");
        self.app.db().close().await.expect("the database closes");
    }
}

/// Declares one fact as two tests, one on each database.
#[macro_export]
macro_rules! on_both {
    ($( $(#[$about:meta])* async fn $name:ident($app:ident $(: $options:expr)?) $body:block )*) => {$(
        $(#[$about])*
        async fn $name(on: $crate::harness::On) {
            let $app = $crate::on_both!(@start on $(, $options)?);
            $body
        }
        mod $name {
            use $crate::harness::On;

            #[tokio::test]
            async fn sqlite() {
                super::$name(On::Sqlite).await;
            }
            #[tokio::test]
            async fn postgres() {
                super::$name(On::Postgres).await;
            }
        }
    )*};
    (@start $on:expr) => { $crate::harness::TestApp::start($on).await };
    (@start $on:expr, $options:expr) => { $crate::harness::TestApp::start_with($on, $options).await };
}
