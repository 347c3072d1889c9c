//! The application: its state, and the list of features.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use domain::id::IdSource;
use domain::site::Site;
use parking_lot::Mutex;
use platform::auth::secrets::{Random, SeededRandom, SystemRandom, Vault};
use platform::clock::{Clock, machine_now};
use platform::db::{Db, DbError, Migration};
use platform::job::Jobs;
use platform::op::http::{DoorConfig, Server};
use platform::op::metrics::Metrics;
use platform::op::{AccessKey, ApiError, Fault, Host, Principal, Registry};

use crate::identity::freezing::ResourceHolder;
use crate::orders::fulfilment::Fulfilment;
use crate::verify::Check;
use crate::{
    accounts, catalog, identity, ledger, machine, notices, orders, pricing, promotions, sandbox,
    subscriptions, verify, webhooks,
};

/// One part of the product: what it hands to the application, and nothing else.
pub struct Feature {
    /// Name of the folder.
    pub name: &'static str,
    /// Registers its operations.
    pub operations: fn(&mut Registry<App>),
    /// Registers its jobs.
    pub jobs: fn(&mut Jobs<App>),
    /// What `verify` recomputes of it.
    pub checks: &'static [&'static dyn Check],
    /// Its SQL, for the test that prepares every statement on both engines.
    pub statements: fn() -> Vec<String>,
}

/// Every feature, from the ground up.
pub const FEATURES: &[&Feature] = &[
    &ledger::FEATURE,
    &catalog::FEATURE,
    &identity::FEATURE,
    &webhooks::FEATURE,
    &notices::FEATURE,
    &accounts::FEATURE,
    &promotions::FEATURE,
    &pricing::FEATURE,
    &orders::FEATURE,
    &subscriptions::FEATURE,
    &verify::FEATURE,
    &machine::FEATURE,
];

/// The schema, in order.
pub const MIGRATIONS: &[Migration] = &[
    migration(1, "platform", include_str!("../migrations/0001_platform.sql")),
    migration(2, "identity", include_str!("../migrations/0002_identity.sql")),
    migration(3, "catalog", include_str!("../migrations/0003_catalog.sql")),
    migration(4, "ledger", include_str!("../migrations/0004_ledger.sql")),
    migration(5, "accounts", include_str!("../migrations/0005_accounts.sql")),
    migration(6, "orders", include_str!("../migrations/0006_orders.sql")),
    migration(7, "subscriptions", include_str!("../migrations/0007_subscriptions.sql")),
    migration(8, "webhooks", include_str!("../migrations/0008_webhooks.sql")),
    migration(9, "promotions", include_str!("../migrations/0009_promotions.sql")),
    migration(10, "funds", include_str!("../migrations/0010_funds.sql")),
    migration(11, "quotas", include_str!("../migrations/0011_quotas.sql")),
];

const fn migration(version: i64, name: &'static str, text: &'static str) -> Migration {
    Migration { version, name, sqlite: text, postgres: text }
}

/// Who provisions paid lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Provisioner {
    /// The paying transaction itself: resources are there when the answer arrives.
    Immediate,
    /// The cloud: it is told by webhook and reports back.
    External,
}

/// How an application is made.
pub struct AppConfig {
    /// The database, migrated.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The site.
    pub site: Site,
    /// Seals secrets at rest.
    pub vault: Vault,
    /// Who provisions.
    pub provisioner: Provisioner,
    /// Whether this is a sandbox.
    pub is_sandbox: bool,
    /// Seed of the ids and secrets, so that a test repeats; `None`: the system's randomness.
    pub seed: Option<u64>,
}

/// The state that all features share.
pub struct App {
    db: Db,
    clock: Clock,
    site: Site,
    random: Mutex<Box<dyn Random>>,
    /// Stands for machine time in ids, where they have to repeat themselves.
    id_counter: Option<AtomicU64>,
    /// Seals secrets at rest.
    pub vault: Vault,
    /// Who provisions paid lines.
    pub provisioner: Provisioner,
    /// Accounts, access keys and tokens in memory.
    pub identity: identity::Cache,
    /// The catalogue in memory.
    pub catalog: catalog::Shelf,
    /// Discounts in memory.
    pub discounts: promotions::cache::Cache,
    /// Present in a sandbox.
    pub sandbox: Option<sandbox::Sandbox>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The jobs.
    pub jobs: Jobs<App>,
    /// What a paid, refunded or failed line means, by kind of product; the first that claims a line has it.
    pub fulfilments: Vec<&'static dyn Fulfilment>,
    /// Who keeps resources, and holds them while their account is frozen with them.
    pub holders: Vec<&'static dyn ResourceHolder>,
    /// Rung when something was put into the outbox.
    pub outbox: webhooks::Bell,
    /// The way to the mail server of a production server that has one; set before anything is served.
    pub mailer: OnceLock<notices::mailer::Mailer>,
}

impl App {
    /// Puts an application together over a migrated database.
    pub async fn open(config: AppConfig) -> Result<Arc<Self>, DbError> {
        let random: Box<dyn Random> = match config.seed {
            Some(seed) => Box::new(SeededRandom::new(seed)),
            None => Box::new(SystemRandom),
        };
        let mut jobs = Jobs::default();
        jobs.add::<platform::op::keys::ForgetKeys>();
        for feature in FEATURES {
            (feature.jobs)(&mut jobs);
        }
        let app = Arc::new(Self {
            db: config.db,
            clock: config.clock,
            site: config.site,
            random: Mutex::new(random),
            id_counter: config.seed.map(AtomicU64::new),
            vault: config.vault,
            provisioner: config.provisioner,
            identity: identity::Cache::default(),
            catalog: catalog::Shelf::default(),
            discounts: promotions::cache::Cache::default(),
            sandbox: config.is_sandbox.then(sandbox::Sandbox::default),
            metrics: Arc::default(),
            jobs,
            fulfilments: vec![&subscriptions::SUBSCRIPTIONS],
            holders: vec![&subscriptions::SUBSCRIPTIONS],
            outbox: webhooks::Bell::default(),
            mailer: OnceLock::new(),
        });
        catalog::service::load(&app).await?;
        Ok(app)
    }

    /// The door of this application.
    pub fn server(self: &Arc<Self>, config: DoorConfig) -> Result<Arc<Server<Self>>, String> {
        Server::new(self.clone(), registry(self.sandbox.is_some()), self.metrics.clone(), config)
            .map(Arc::new)
    }

    /// Fills `bytes` with randomness, for salts, tokens and secrets.
    pub fn fill_random(&self, bytes: &mut [u8]) {
        self.random.lock().fill(bytes);
    }
}

/// Every operation; those of the sandbox only where the server runs as one.
pub fn registry(with_sandbox: bool) -> Registry<App> {
    let mut registry = Registry::default();
    for feature in FEATURES {
        (feature.operations)(&mut registry);
    }
    if with_sandbox {
        (sandbox::FEATURE.operations)(&mut registry);
    }
    registry
}

/// Ids of one operation: 48 bits that grow with machine time, then 80 random ones.
///
/// Rows of one time lie side by side in every index over their ids, so that a commit of many operations writes few
/// pages; at random places each of them would write its own.
struct Ids {
    random: SeededRandom,
    at: u64,
}

impl IdSource for Ids {
    fn next_u128(&mut self) -> u128 {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        (u128::from(self.at) << 80) | (u128::from_be_bytes(bytes) >> 48)
    }
}

impl Host for App {
    fn db(&self) -> &Db {
        &self.db
    }
    fn clock(&self) -> &Clock {
        &self.clock
    }
    fn site(&self) -> Site {
        self.site
    }
    fn ids(&self) -> Box<dyn IdSource> {
        // Each operation draws from a source of its own, seeded from the application's, so that the lock is
        // taken once an operation.
        let mut seed = [0; 8];
        self.fill_random(&mut seed);
        let at = match &self.id_counter {
            Some(counter) => counter.fetch_add(1, Ordering::Relaxed),
            None => machine_now().ms().unsigned_abs(),
        };
        Box::new(Ids { random: SeededRandom::new(u64::from_be_bytes(seed)), at })
    }
    async fn find_access_key(&self, access_key: &str) -> Result<Option<Arc<AccessKey>>, ApiError> {
        identity::service::find_access_key(self, access_key).await
    }
    async fn find_token(&self, token: &str) -> Result<Option<Arc<Principal>>, ApiError> {
        identity::service::find_token(self, token).await
    }
    async fn owns_project(&self, account: &str, project: &str) -> Result<bool, ApiError> {
        identity::service::owns_project(self, account, project).await
    }
    fn take_fault(&self, operation: &str) -> Option<Fault> {
        self.sandbox.as_ref().and_then(|sandbox| sandbox.take_fault(operation))
    }
}
