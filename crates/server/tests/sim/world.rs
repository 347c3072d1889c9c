//! The application under test: one process or two on one database, which can be stopped at any commit and started
//! again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use domain::site::Site;
use http::Request;
use http_body_util::{BodyExt, Full};
use platform::auth::secrets::Vault;
use platform::auth::signature::{Form, KeyPair, RequestParts, sign};
use platform::clock::{Clock, machine_now};
use platform::db::{CommitEvent, CommitVerdict, Db, PgOptions, SqliteOptions, Sync};
use platform::op::Host;
use platform::op::http::{DoorConfig, Server};
use serde_json::Value;
use server::app::{App, AppConfig, MIGRATIONS, Provisioner};
use server::{sandbox, settings};

/// An access key.
#[derive(Clone, Debug)]
pub struct Key {
    pub access_key: String,
    pub secret_key: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub is_hit: bool,
    pub body: Value,
}

impl Reply {
    /// The error code, if it bears one.
    pub fn code(&self) -> Option<&str> {
        self.body["error_code"].as_str()
    }
}

/// Which database a run uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// Where the data lies.
enum Home {
    Folder(tempfile::TempDir),
    Url(String),
}

struct Process {
    app: Arc<App>,
    server: Arc<Server<App>>,
}

/// When a process ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// At which commit, counted from 1.
    pub commit: u64,
    /// That commit is durable, but nobody is told.
    pub is_after: bool,
}

/// The application.
pub struct World {
    home: Home,
    site: Site,
    seed: u64,
    starts: u64,
    processes: Vec<Process>,
}

/// What requests name as their host.
const HOST: &str = "127.0.0.1:8080";

impl World {
    /// A new database with one process or two.
    pub async fn start(on: On, site: Site, seed: u64, processes: usize) -> Self {
        let home = match on {
            On::Sqlite => Home::Folder(tempfile::tempdir().unwrap()),
            On::Postgres => Home::Url(crate::postgres::clone_of_template().await),
        };
        let mut world = Self { home, site, seed, starts: 0, processes: Vec::new() };
        for _ in 0..processes {
            let process = world.open().await;
            world.processes.push(process);
        }
        world
    }

    /// How many processes there are.
    pub fn processes(&self) -> usize {
        self.processes.len()
    }

    async fn database(&self) -> Db {
        match &self.home {
            Home::Folder(folder) => {
                // A process that ends leaves what it wrote to the file; only power that fails needs the disk.
                let options = SqliteOptions { readers: 2, sync: Sync::Off };
                Db::open_sqlite(folder.path().join("openbss.db"), options).await.unwrap()
            }
            Home::Url(url) => {
                Db::open_postgres(url, PgOptions { pool_size: 8, root_certificate: None }).await.unwrap()
            }
        }
    }

    /// Starts a process, as the program starts.
    async fn open(&mut self) -> Process {
        let db = self.database().await;
        db.migrate(MIGRATIONS, 0).await.unwrap();
        let known = settings::read(&db).await.unwrap();
        self.starts += 1;
        let app = App::open(AppConfig {
            db,
            clock: Clock::sandbox(known.now.unwrap_or(sandbox::service::FIRST_NOW)),
            site: self.site,
            vault: Vault::from_key_bytes([7; 32]),
            provisioner: if is_external(self.seed) { Provisioner::External } else { Provisioner::Immediate },
            is_sandbox: true,
            // Ids grow with time: those of a process that was started later come after all before.
            seed: Some(self.seed * 1_000_000_000 + self.starts * 1_000_000),
        })
        .await
        .unwrap();
        sandbox::service::seed(&app).await.unwrap();
        sandbox::service::resume_move(&app).await.unwrap();
        let door = DoorConfig { throttle: false, strict: true, ..DoorConfig::default() };
        let server = app.server(door).unwrap();
        Process { app, server }
    }

    /// Ends a process without notice and starts it again.
    pub async fn restart(&mut self, process: usize) {
        // What is left of it must write nothing: every further commit fails.
        self.arm(process, Crash { commit: 1, is_after: false });
        let _ = self.processes[process].app.db().close().await;
        let fresh = self.open().await;
        self.processes[process] = fresh;
    }

    /// Has a process end at a commit; from then on nothing of it is kept. The flag tells whether that happened.
    pub fn arm(&self, process: usize, crash: Crash) -> Arc<AtomicBool> {
        let (begun, is_dead) = (AtomicU64::new(0), Arc::new(AtomicBool::new(false)));
        let told = is_dead.clone();
        self.processes[process].app.db().set_commit_probe(Arc::new(move |event| {
            let CommitEvent::Starting { .. } = event else { return CommitVerdict::Proceed };
            let number = begun.fetch_add(1, Ordering::SeqCst) + 1;
            if number < crash.commit {
                return CommitVerdict::Proceed;
            }
            is_dead.store(true, Ordering::SeqCst);
            if number == crash.commit && crash.is_after {
                CommitVerdict::FailAfter
            } else {
                CommitVerdict::FailBefore
            }
        }));
        told
    }

    /// Takes the threat back where it did not come true.
    pub fn disarm(&self, process: usize) {
        self.processes[process].app.db().set_commit_probe(Arc::new(|_| CommitVerdict::Proceed));
    }

    /// A process learns what others changed, as a server does once a second.
    pub async fn refresh(&self, process: usize) {
        let app = &self.processes[process].app;
        server::catalog::service::refresh(app).await.unwrap();
        server::identity::service::refresh(app).await.unwrap();
        server::promotions::service::refresh(app).await.unwrap();
    }

    /// The clock of a process.
    pub fn now(&self, process: usize) -> i64 {
        self.processes[process].app.clock().now().ms() / 1_000
    }

    /// The key of a demo tenant.
    pub fn demo_key(tenant: &str) -> Key {
        let demo = sandbox::demo::credentials(tenant);
        Key { access_key: demo.access_key, secret_key: demo.secret_key }
    }

    /// A signed request to a process.
    pub async fn call(
        &self,
        process: usize,
        key: &Key,
        (method, path): (&str, &str),
        body: &Value,
        once: Option<&str>,
    ) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let now = machine_now().to_wire().replace(['-', ':'], "");
        let mut request =
            Request::builder().method(method).uri(path).header("host", HOST).header("x-sdk-date", now);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        let mut request = request.body(Full::from(body.clone())).unwrap();
        let parts = RequestParts {
            method,
            raw_path: request.uri().path(),
            raw_query: request.uri().query(),
            headers: request.headers(),
        };
        let pair = KeyPair { access_key: &key.access_key, secret_key: &key.secret_key };
        let value = sign(&parts, body.as_bytes(), pair, Form::Plain).unwrap();
        request.headers_mut().insert("authorization", value.parse().unwrap());
        let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
        let response = self.processes[process].server.handle(request, peer).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let is_hit = head.headers.get("idempotency-hit").is_some();
        let body =
            if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or_default() };
        Reply { status: head.status.as_u16(), is_hit, body }
    }

    /// The identities that do not hold.
    pub async fn broken(&self) -> Vec<String> {
        let verdict = server::verify::service::verify(&self.processes[0].app).await.unwrap();
        let broken = verdict.into_iter().filter(|identity| !identity.holds);
        broken.map(|identity| format!("{identity:?}")).collect()
    }

    /// Ends it.
    pub async fn stop(self) {
        for process in self.processes {
            let _ = process.app.db().close().await;
        }
    }
}

/// Whether an external cloud delivers what is bought: in every fifth run.
pub fn is_external(seed: u64) -> bool {
    seed % 5 == 4
}

/// Whether the application has an operation.
pub fn has_operation(id: &str) -> bool {
    server::app::registry(true).entries().iter().any(|entry| entry.spec.id == id)
}
