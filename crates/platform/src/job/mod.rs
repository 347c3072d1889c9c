//! Jobs are reconcilers over domain state: no input, no memory of their own, harmless when repeated, late or
//! run by two processes.
//!
//! ```text
//! due(until) -> (instant, key) ...      a query over stored due instants
//! run(key)                              one transaction that removes its key from `due`
//! ```
//!
//! Due work runs in order of its due instant, so a server that was down catches up in order. A run that fails
//! leaves a row, which any process sees, and is tried again with growing pauses, [`ATTEMPTS_MAX`] times; then
//! it waits for the operator.

pub mod store;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;

use crate::clock;
use crate::db::{DbError, Tx};
use crate::op::store::{AuditEntry, audit};
use crate::op::{AccountKind, ApiError, Cx, Host, Language, Principal, RequestFacts, Right, Spec, TxSlot};
use crate::params;
use domain::calendar::Instant;

/// How often a failing run is tried before it waits for the operator.
pub const ATTEMPTS_MAX: i64 = 5;
/// How many due keys are read at once.
const BATCH: i64 = 200;
/// The first pause after a failure; it doubles each time.
const PAUSE_MS: i64 = 1_000;
/// How often a run is repeated at once when transactions conflict.
const CONFLICTS_MAX: u32 = 3;

/// The most failures that are looked at; more than that and nothing works anyway.
const FAILURES_MAX: i64 = 5_000;
/// What the audit trail keeps in the place of a request where there was none.
const SYSTEM_ACTION: &str = "SystemAction";

/// One key that is due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due {
    /// Since when, by the commercial clock.
    pub at: Instant,
    /// What: enough for `run` to find it.
    pub key: String,
}

/// A job.
pub trait Reconciler<H: Host>: Send + Sync + 'static {
    /// Its name in logs and answers.
    const NAME: &'static str;
    /// What is due until `until`, ordered by instant then key, at most `limit`.
    fn due(tx: &mut Tx, until: Instant, limit: i64)
    -> impl Future<Output = Result<Vec<Due>, DbError>> + Send;
    /// Does one; afterwards the key is no longer due. The text says what came of it.
    fn run(cx: &mut Cx<H>, key: &str) -> impl Future<Output = Result<String, ApiError>> + Send;
}

/// What one run came to.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The reconciler.
    pub job: &'static str,
    /// The due instant.
    pub at: Instant,
    /// The key.
    pub subject: String,
    /// What came of it.
    pub outcome: String,
    /// Whether it succeeded.
    pub is_done: bool,
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

trait Erased<H: Host>: Send + Sync {
    fn name(&self) -> &'static str;
    fn due<'a>(&'a self, tx: &'a mut Tx, until: Instant, limit: i64) -> Boxed<'a, Result<Vec<Due>, DbError>>;
    fn run<'a>(&'a self, cx: &'a mut Cx<H>, key: &'a str) -> Boxed<'a, Result<String, ApiError>>;
}

struct Typed<R>(std::marker::PhantomData<fn() -> R>);

impl<H: Host, R: Reconciler<H>> Erased<H> for Typed<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }
    fn due<'a>(&'a self, tx: &'a mut Tx, until: Instant, limit: i64) -> Boxed<'a, Result<Vec<Due>, DbError>> {
        Box::pin(R::due(tx, until, limit))
    }
    fn run<'a>(&'a self, cx: &'a mut Cx<H>, key: &'a str) -> Boxed<'a, Result<String, ApiError>> {
        Box::pin(R::run(cx, key))
    }
}

#[derive(Debug, Clone, Copy)]
struct Failure {
    attempts: i64,
    not_before_ms: i64,
}

/// The jobs of a server.
pub struct Jobs<H: Host> {
    reconcilers: Vec<Box<dyn Erased<H>>>,
    /// One runner at a time in this process, so that order holds.
    turn: tokio::sync::Mutex<()>,
}

impl<H: Host> Default for Jobs<H> {
    fn default() -> Self {
        Self { reconcilers: Vec::new(), turn: tokio::sync::Mutex::default() }
    }
}

/// The user that jobs run as.
fn system() -> Arc<Principal> {
    Arc::new(Principal {
        account: "system".to_owned(),
        account_name: "system".to_owned(),
        kind: AccountKind::Operator,
        user: "system".to_owned(),
        user_name: "system".to_owned(),
        rights: Right::ALL,
        actions: None,
        access_key: None,
        via: None,
        project: None,
    })
}

/// A context for work that no request asked for.
pub async fn context<H: Host>(app: &Arc<H>, job: &str) -> Result<Cx<H>, DbError> {
    let facts = RequestFacts {
        id: format!("job:{job}"),
        source: IpAddr::V4(Ipv4Addr::LOCALHOST),
        language: Language::EnUs,
    };
    let tx = app.db().begin_write().await?;
    Ok(Cx::new(app.clone(), system(), Arc::new(facts), TxSlot::of(tx)))
}

/// An account's audit trail shows what the system did to one of its resources, in the transaction that does it. The row
/// is that of a success of `spec`, by the user of the system and a job's request: no access key, no caller.
///
/// # Errors
/// The database.
pub async fn leave_a_trail<H: Host>(
    cx: &mut Cx<H>,
    account: &str,
    spec: &Spec,
    resource: &(String, String),
) -> Result<(), DbError> {
    let principal = Principal { account: account.to_owned(), ..Principal::clone(&cx.principal) };
    let entry = AuditEntry {
        spec,
        principal: &principal,
        facts: &cx.request,
        now: cx.now,
        resource: Some(resource),
        status: spec.success,
        error_code: None,
        request: SYSTEM_ACTION.as_bytes(),
    };
    audit(&mut cx.tx, cx.ids.as_mut(), &entry).await
}

impl<H: Host> Jobs<H> {
    /// Adds a job.
    pub fn add<R: Reconciler<H>>(&mut self) -> &mut Self {
        self.reconcilers.push(Box::new(Typed::<R>(std::marker::PhantomData)));
        self
    }

    /// Runs what is due until now. On a sandbox clock that stands still this is what became due at this instant.
    pub async fn run_due(&self, app: &Arc<H>) -> Result<Vec<Ran>, DbError> {
        let _turn = self.turn.lock().await;
        let now = app.clock().now();
        self.drain(app, now).await
    }

    /// Moves a sandbox clock to `to`, running what falls due on the way in order of its due instant.
    pub async fn advance(&self, app: &Arc<H>, to: Instant) -> Result<Vec<Ran>, DbError> {
        let _turn = self.turn.lock().await;
        let ran = self.drain(app, to).await?;
        app.clock().advance_to(to);
        Ok(ran)
    }

    /// Keeps every job from running for as long as the guard lives.
    pub async fn hold(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    async fn drain(&self, app: &Arc<H>, until: Instant) -> Result<Vec<Ran>, DbError> {
        let mut ran = Vec::new();
        let mut memory = Memory { failures: failures(app).await?, tried: HashSet::new() };
        while let Some(at) = self.earliest(app, until, &memory).await? {
            app.clock().advance_to(at);
            for job in &self.reconcilers {
                for due in list(app, job.as_ref(), at, &memory).await? {
                    memory.tried.insert((job.name(), due.clone()));
                    let attempts = memory.attempts(job.name(), &due.key);
                    ran.push(run_one(app, job.as_ref(), due, attempts).await?);
                }
            }
        }
        Ok(ran)
    }

    async fn earliest(
        &self,
        app: &Arc<H>,
        until: Instant,
        memory: &Memory,
    ) -> Result<Option<Instant>, DbError> {
        let mut earliest: Option<Instant> = None;
        for job in &self.reconcilers {
            if let Some(next) = list(app, job.as_ref(), until, memory).await?.first() {
                earliest = Some(earliest.map_or(next.at, |known| known.min(next.at)));
            }
        }
        Ok(earliest)
    }
}

/// What one drain knows: earlier failures, and what it tried itself (what failed in it is not tried again in it).
struct Memory {
    failures: HashMap<(String, String), Failure>,
    tried: HashSet<(&'static str, Due)>,
}

impl Memory {
    fn skips(&self, job: &'static str, due: &Due) -> bool {
        if self.tried.contains(&(job, due.clone())) {
            return true;
        }
        self.failures.get(&(job.to_owned(), due.key.clone())).is_some_and(|failure| {
            failure.attempts >= ATTEMPTS_MAX || failure.not_before_ms > clock::machine_now().ms()
        })
    }

    fn attempts(&self, job: &str, key: &str) -> i64 {
        self.failures.get(&(job.to_owned(), key.to_owned())).map_or(0, |failure| failure.attempts)
    }
}

async fn failures<H: Host>(app: &Arc<H>) -> Result<HashMap<(String, String), Failure>, DbError> {
    let mut tx = app.db().begin_read().await?;
    let rows = tx.all(store::LIST_FAILURES, params![FAILURES_MAX]).await;
    tx.rollback().await;
    let entry = |row: &crate::db::Row| {
        let failure = Failure { attempts: row.int(2), not_before_ms: row.int(3) };
        ((row.text(0).to_owned(), row.text(1).to_owned()), failure)
    };
    Ok(rows?.iter().map(entry).collect())
}

/// What is due and not skipped. Keys that fail stay due, so where a whole batch is skipped the next look is deeper:
/// failing keys must not hide the others.
async fn list<H: Host>(
    app: &Arc<H>,
    job: &dyn Erased<H>,
    until: Instant,
    memory: &Memory,
) -> Result<Vec<Due>, DbError> {
    let mut limit = BATCH;
    loop {
        let mut tx = app.db().begin_read().await?;
        let due = job.due(&mut tx, until, limit).await;
        tx.rollback().await;
        let due = due?;
        let is_all = i64::try_from(due.len()).is_ok_and(|found| found < limit);
        let open: Vec<Due> = due.into_iter().filter(|due| !memory.skips(job.name(), due)).collect();
        if !open.is_empty() || is_all || limit >= FAILURES_MAX {
            return Ok(open);
        }
        limit = (limit * 4).min(FAILURES_MAX);
    }
}

async fn run_one<H: Host>(
    app: &Arc<H>,
    job: &dyn Erased<H>,
    due: Due,
    attempts: i64,
) -> Result<Ran, DbError> {
    let mut conflicts = 0;
    let outcome = loop {
        match transaction(app, job, &due, attempts > 0).await {
            Err(error) if error.is_retryable() && conflicts < CONFLICTS_MAX => conflicts += 1,
            done => break done,
        }
    };
    let (outcome, is_done) = match outcome {
        Ok(outcome) => (outcome, true),
        Err(error) => {
            let detail = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
            tracing::error!(job = job.name(), key = due.key, error = error.en, detail, "a job failed");
            let text = format!("failed: {} {} {detail}", error.code.code, error.en);
            remember(app, job.name(), &due.key, attempts + 1, &text).await?;
            (text, false)
        }
    };
    Ok(Ran { job: job.name(), at: due.at, subject: due.key, outcome, is_done })
}

async fn transaction<H: Host>(
    app: &Arc<H>,
    job: &dyn Erased<H>,
    due: &Due,
    failed_before: bool,
) -> Result<String, ApiError> {
    let mut cx = context(app, job.name()).await?;
    let outcome = job.run(&mut cx, &due.key).await;
    let mut tx = cx.tx.take().expect("the context was made with a transaction and nothing else takes it");
    match outcome {
        Ok(outcome) => {
            if failed_before {
                tx.exec(store::FORGET_FAILURE, params![job.name(), &due.key]).await?;
            }
            tx.commit().await?;
            for hook in cx.take_hooks() {
                hook(app);
            }
            Ok(outcome)
        }
        Err(error) => {
            tx.rollback().await;
            Err(error)
        }
    }
}

async fn remember<H: Host>(
    app: &Arc<H>,
    job: &'static str,
    key: &str,
    attempts: i64,
    error: &str,
) -> Result<(), DbError> {
    let now = clock::machine_now().ms();
    let not_before = now.saturating_add(PAUSE_MS << attempts.clamp(0, 10));
    let mut tx = app.db().begin_write().await?;
    tx.exec(store::REMEMBER_FAILURE, params![job, key, attempts, not_before, error, now]).await?;
    tx.commit().await
}
