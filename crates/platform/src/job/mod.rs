//! Jobs are reconcilers over domain state: no input, no memory of their own, harmless when repeated, late or
//! run by two processes.
//!
//! ```text
//! due(until) -> (instant, key) ...      a query over stored due instants
//! run(key)                              one transaction that removes its key from `due`
//! ```
//!
//! Due work runs in order of its due instant, so a server that was down catches up in order. A run that fails
//! is remembered and tried again with growing pauses, [`ATTEMPTS_MAX`] times; then it waits for the operator.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;

use domain::calendar::Instant;
use parking_lot::Mutex;

use crate::clock;
use crate::db::{DbError, Tx};
use crate::op::{AccountKind, ApiError, Cx, Host, Language, Principal, RequestFacts, Right, TxSlot};

/// How often a failing run is tried before it waits for the operator.
pub const ATTEMPTS_MAX: u32 = 5;
/// How many due keys are read at once.
const BATCH: i64 = 200;
/// The first pause after a failure; it doubles each time.
const PAUSE_MS: i64 = 1_000;
/// How often a run is repeated at once when transactions conflict.
const CONFLICTS_MAX: u32 = 3;

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
    fn due<'a>(&'a self, tx: &'a mut Tx, until: Instant) -> Boxed<'a, Result<Vec<Due>, DbError>>;
    fn run<'a>(&'a self, cx: &'a mut Cx<H>, key: &'a str) -> Boxed<'a, Result<String, ApiError>>;
}

struct Typed<R>(std::marker::PhantomData<fn() -> R>);

impl<H: Host, R: Reconciler<H>> Erased<H> for Typed<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }
    fn due<'a>(&'a self, tx: &'a mut Tx, until: Instant) -> Boxed<'a, Result<Vec<Due>, DbError>> {
        Box::pin(R::due(tx, until, BATCH))
    }
    fn run<'a>(&'a self, cx: &'a mut Cx<H>, key: &'a str) -> Boxed<'a, Result<String, ApiError>> {
        Box::pin(R::run(cx, key))
    }
}

#[derive(Debug, Clone, Copy)]
struct Failure {
    attempts: u32,
    not_before_ms: i64,
}

/// The jobs of a server.
pub struct Jobs<H: Host> {
    reconcilers: Vec<Box<dyn Erased<H>>>,
    failures: Mutex<HashMap<(&'static str, String), Failure>>,
    /// One runner at a time in this process, so that order holds.
    turn: tokio::sync::Mutex<()>,
}

impl<H: Host> Default for Jobs<H> {
    fn default() -> Self {
        Self { reconcilers: Vec::new(), failures: Mutex::default(), turn: tokio::sync::Mutex::default() }
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
        // What was tried in this drain and is still due (it failed) is not tried again in it.
        let mut tried = std::collections::HashSet::new();
        while let Some(at) = self.earliest(app, until, &tried).await? {
            app.clock().advance_to(at);
            for reconciler in &self.reconcilers {
                for due in self.list(app, reconciler.as_ref(), at).await? {
                    if !tried.insert((reconciler.name(), due.clone()))
                        || self.waits(reconciler.name(), &due.key)
                    {
                        continue;
                    }
                    ran.push(self.run_one(app, reconciler.as_ref(), due).await?);
                }
            }
        }
        Ok(ran)
    }

    async fn list(&self, app: &Arc<H>, job: &dyn Erased<H>, until: Instant) -> Result<Vec<Due>, DbError> {
        let mut tx = app.db().begin_read().await?;
        let due = job.due(&mut tx, until).await;
        tx.rollback().await;
        due
    }

    async fn earliest(
        &self,
        app: &Arc<H>,
        until: Instant,
        tried: &std::collections::HashSet<(&'static str, Due)>,
    ) -> Result<Option<Instant>, DbError> {
        let mut earliest: Option<Instant> = None;
        for reconciler in &self.reconcilers {
            let due = self.list(app, reconciler.as_ref(), until).await?;
            let next = due.iter().find(|due| {
                !tried.contains(&(reconciler.name(), (*due).clone()))
                    && !self.waits(reconciler.name(), &due.key)
            });
            if let Some(next) = next {
                earliest = Some(earliest.map_or(next.at, |known| known.min(next.at)));
            }
        }
        Ok(earliest)
    }

    async fn run_one(&self, app: &Arc<H>, job: &dyn Erased<H>, due: Due) -> Result<Ran, DbError> {
        let mut conflicts = 0;
        let outcome = loop {
            match Self::transaction(app, job, &due).await {
                Err(error) if error.is_retryable() && conflicts < CONFLICTS_MAX => conflicts += 1,
                done => break done,
            }
        };
        let (outcome, is_done) = match outcome {
            Ok(outcome) => {
                self.failures.lock().remove(&(job.name(), due.key.clone()));
                (outcome, true)
            }
            Err(error) => {
                self.failed(job.name(), &due.key);
                let detail = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
                tracing::error!(job = job.name(), key = due.key, error = error.en, detail, "a job failed");
                (format!("failed: {} {}", error.code.code, error.en), false)
            }
        };
        Ok(Ran { job: job.name(), at: due.at, subject: due.key, outcome, is_done })
    }

    async fn transaction(app: &Arc<H>, job: &dyn Erased<H>, due: &Due) -> Result<String, ApiError> {
        let mut cx = context(app, job.name()).await?;
        let outcome = job.run(&mut cx, &due.key).await;
        let tx = cx.tx.take().expect("the context was made with a transaction and nothing else takes it");
        match outcome {
            Ok(outcome) => {
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

    fn waits(&self, job: &'static str, key: &str) -> bool {
        match self.failures.lock().get(&(job, key.to_owned())) {
            None => false,
            Some(failure) => {
                failure.attempts >= ATTEMPTS_MAX || failure.not_before_ms > clock::machine_now().ms()
            }
        }
    }

    fn failed(&self, job: &'static str, key: &str) {
        let mut failures = self.failures.lock();
        let failure =
            failures.entry((job, key.to_owned())).or_insert(Failure { attempts: 0, not_before_ms: 0 });
        failure.attempts += 1;
        let pause = PAUSE_MS << failure.attempts.min(10);
        failure.not_before_ms = clock::machine_now().ms().saturating_add(pause);
    }
}
