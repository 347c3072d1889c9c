//! The one connection that writes, and the transactions that share its commits.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedMutexGuard, oneshot};

use super::Sqlite;
use super::conn::Conn;
use crate::db::{CommitEvent, CommitVerdict, DbError, Row, Value};

/// The most operations that share one commit.
const BATCH_OPERATIONS_MAX: u32 = 64;
/// The age at which a batch takes in no further operation.
const BATCH_AGE_MAX: Duration = Duration::from_millis(2);

/// The longest that a batch waits for company.
const PATIENCE_MAX: Duration = Duration::from_millis(1);
/// Pages in the write-ahead log from which on it is folded into the file: 16 MiB.
const LOG_PAGES_MAX: usize = 4096;

type Guard = OwnedMutexGuard<Writer>;
type Answer = oneshot::Sender<Result<(), DbError>>;

/// The connection and the batch it stands in.
pub(super) struct Writer {
    /// Gone once the database is closed.
    conn: Option<Conn>,
    batch: Option<Batch>,
    /// How many operations the last batch had, and how long its commit took.
    last: (u32, Duration),
}

/// The operations since the last `begin`.
struct Batch {
    opened: Instant,
    operations: u32,
    /// Whether somebody is behind it who gives others time to join.
    awaits_company: bool,
    /// Who waits to hear that the batch is durable: every operation that ended with `commit`.
    answers: Vec<Answer>,
}

impl Writer {
    pub(super) fn new(conn: Conn) -> Self {
        Self { conn: Some(conn), batch: None, last: (1, Duration::ZERO) }
    }

    fn conn(&mut self) -> Result<&mut Conn, DbError> {
        self.conn.as_mut().ok_or(DbError::Closed)
    }

    /// Opens a batch unless one is open, and the operation's savepoint in it.
    fn begin_operation(&mut self) -> Result<(), DbError> {
        let is_open = self.batch.is_some();
        let conn = self.conn()?;
        if !is_open {
            // A transaction without a batch is the remains of a commit that failed half-way.
            if !conn.is_idle() {
                conn.control("rollback")?;
            }
            // Waits on this thread while another process writes; within the process the queue has seen to it.
            conn.control("begin immediate")?;
            self.batch = Some(Batch {
                opened: stopwatch(),
                operations: 0,
                awaits_company: false,
                answers: Vec::new(),
            });
        }
        self.conn()?.control("savepoint op")
    }

    /// Rolls back everything since `begin` and tells those who wait.
    fn lose_batch(&mut self, error: &DbError) {
        if let Ok(conn) = self.conn()
            && !conn.is_idle()
            && conn.control("rollback").is_err()
        {
            tracing::error!("the lost transaction could not be rolled back; the next one tries again");
        }
        for answer in self.batch.take().map(|batch| batch.answers).into_iter().flatten() {
            // A caller that no longer listens has nothing to be told.
            let _ = answer.send(Err(error.clone()));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a batch is bounded in real time, not in the product's")]
fn stopwatch() -> Instant {
    Instant::now()
}

/// Commits the open batch and answers everyone in it. Waits for the disk.
fn commit_batch(home: &Arc<Sqlite>, mut writer: Guard) {
    let Some((answers, outcome)) = commit_held(home, &mut writer) else { return };
    // The next operation may begin while these are being told.
    drop(writer);
    tell(answers, &outcome);
    if home.log_pages.load(Ordering::Relaxed) >= LOG_PAGES_MAX {
        fold_log(home);
    }
}

fn tell(answers: Vec<Answer>, outcome: &Result<(), DbError>) {
    for answer in answers {
        // A caller that no longer listens has nothing to be told.
        let _ = answer.send(outcome.clone());
    }
}

/// Commits the open batch; who waits to hear of it, and what they are to hear.
fn commit_held(home: &Sqlite, writer: &mut Writer) -> Option<(Vec<Answer>, Result<(), DbError>)> {
    let batch = writer.batch.take()?;
    let number = home.commits.fetch_add(1, Ordering::SeqCst) + 1;
    let begun = stopwatch();
    let verdict = home.probe.ask(CommitEvent::Starting { batch: number, operations: batch.operations });
    let outcome = match verdict {
        CommitVerdict::Proceed => writer.conn().and_then(|conn| conn.control("commit")),
        CommitVerdict::FailBefore => Err(DbError::Io("the probe cut the power before the commit".to_owned())),
        CommitVerdict::FailAfter => writer
            .conn()
            .and_then(|conn| conn.control("commit"))
            .and(Err(DbError::Io("the probe cut the power after the commit".to_owned()))),
    };
    // Whatever kept the commit from happening, its neighbours' writes are gone together with the transaction.
    let outcome =
        outcome.map_err(|e| DbError::Io(format!("the commit failed and all of its batch with it: {e}")));
    if let Err(error) = &outcome {
        writer.lose_batch(error);
    }
    home.probe.ask(CommitEvent::Finished { batch: number, is_durable: outcome.is_ok() });
    writer.last = (batch.operations, stopwatch() - begun);
    Some((batch.answers, outcome))
}

/// Folds the log into the file, unless somebody does: first beside the writer, then what was written meanwhile
/// while the writer stands still, so that the next transaction begins the log anew.
fn fold_log(home: &Arc<Sqlite>) {
    if home.is_folding.swap(true, Ordering::SeqCst) {
        return;
    }
    let home = home.clone();
    home.runtime.clone().spawn_blocking(move || {
        let folder = home.folder.lock();
        if let Some(folder) = &*folder {
            let folded = folder.fold_log().and_then(|()| {
                let mut writer = home.writer.clone().blocking_lock_owned();
                // A transaction that is open already goes on at the end of the log.
                if let Some((answers, outcome)) = commit_held(&home, &mut writer) {
                    tell(answers, &outcome);
                }
                folder.fold_log()
            });
            if let Err(error) = folded {
                tracing::warn!(%error, "the write-ahead log could not be folded; the next commit tries again");
            }
        }
        drop(folder);
        home.is_folding.store(false, Ordering::SeqCst);
    });
}

/// Called by whoever holds the writer and is done with it: commits when due, else leaves the batch to the next.
fn pass_on(home: &Arc<Sqlite>, mut writer: Guard) {
    let (company, took) = writer.last;
    let Some(batch) = &mut writer.batch else { return };
    let is_full = batch.operations >= BATCH_OPERATIONS_MAX || stopwatch() - batch.opened >= BATCH_AGE_MAX;
    if !is_full && home.queued.load(Ordering::SeqCst) > 0 {
        return;
    }
    if !is_full && batch.operations < company {
        if !std::mem::replace(&mut batch.awaits_company, true) {
            let number = home.commits.load(Ordering::SeqCst);
            let patience = PATIENCE_MAX.min(took / 2);
            home.runtime.spawn(await_company(home.clone(), number, patience));
        }
        return;
    }
    commit_open(home, writer);
}

/// Gives those who were answered with the last batch time to come back, then commits what is open.
async fn await_company(home: Arc<Sqlite>, number: u64, patience: Duration) {
    let begun = stopwatch();
    let is_open = |home: &Sqlite| home.commits.load(Ordering::SeqCst) == number;
    while is_open(&home) && stopwatch() - begun < patience {
        // Timers are too coarse; whoever has something to do goes first.
        tokio::task::yield_now().await;
    }
    let writer = home.writer.clone().lock_owned().await;
    // A later batch has somebody of its own behind it.
    if is_open(&home) {
        commit_open(&home, writer);
    }
}

fn commit_open(home: &Arc<Sqlite>, mut writer: Guard) {
    let Some(batch) = &writer.batch else { return };
    if batch.answers.is_empty() {
        // All of its operations were taken back: there is nothing to keep and nobody to tell.
        writer.lose_batch(&DbError::Closed);
        return;
    }
    let home_there = home.clone();
    home.runtime.spawn_blocking(move || commit_batch(&home_there, writer));
}

/// Commits what is open, then folds the log and closes.
pub(super) fn close(home: &Arc<Sqlite>, mut writer: Guard) -> Result<(), DbError> {
    let conn = writer.conn.take();
    let Some(conn) = conn else { return Ok(()) };
    if writer.batch.is_some() {
        // `commit_batch` lets go of the writer; everybody who gets it next finds the database closed.
        writer.conn = Some(conn);
        commit_batch(home, writer);
        let mut writer = home.writer.clone().blocking_lock_owned();
        return writer.conn.take().map_or(Ok(()), Conn::close);
    }
    conn.close()
}

/// A place in the queue for the writer.
struct Place {
    home: Arc<Sqlite>,
    has_arrived: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        let behind = self.home.queued.fetch_sub(1, Ordering::SeqCst) - 1;
        if self.has_arrived || behind > 0 {
            return;
        }
        // The caller gave up, and the one before may have left its batch to this place: a sweeper takes it.
        let home = self.home.clone();
        self.home.runtime.spawn(async move {
            let writer = home.writer.clone().lock_owned().await;
            pass_on(&home, writer);
        });
    }
}

impl Sqlite {
    pub(in crate::db) async fn begin_write(self: &Arc<Self>) -> Result<WriteTx, DbError> {
        self.queued.fetch_add(1, Ordering::SeqCst);
        let mut place = Place { home: self.clone(), has_arrived: false };
        let mut writer = self.writer.clone().lock_owned().await;
        place.has_arrived = true;
        drop(place);
        let begun = if self.is_closed() { Err(DbError::Closed) } else { writer.begin_operation() };
        match begun {
            Ok(()) => Ok(WriteTx { home: self.clone(), writer: Some(writer), is_lost: false }),
            Err(error) => {
                // Refused for being closed, the neighbours' batch is sound; otherwise the connection is not.
                if error == DbError::Closed {
                    pass_on(self, writer);
                } else {
                    writer.lose_batch(&error);
                }
                Err(error)
            }
        }
    }
}

/// A transaction that writes: a savepoint in the batch.
pub(in crate::db) struct WriteTx {
    home: Arc<Sqlite>,
    /// Gone once the operation has ended.
    writer: Option<Guard>,
    /// Whether the batch went down under this operation.
    is_lost: bool,
}

impl WriteTx {
    fn with<T>(&mut self, run: impl FnOnce(&mut Conn) -> Result<T, DbError>) -> Result<T, DbError> {
        if self.is_lost {
            return Err(lost());
        }
        let writer = self.writer.as_mut().expect("present until the operation ends");
        let conn = writer.conn()?;
        let result = run(conn);
        if let Err(error) = &result
            && conn.is_idle()
        {
            // SQLite rolled back not the statement but everything, the neighbours' writes included.
            tracing::error!(%error, "SQLite rolled back a whole batch of operations");
            self.is_lost = true;
            writer.lose_batch(&lost());
            return Err(DbError::Io(format!("the whole batch was rolled back: {error}")));
        }
        result
    }

    pub(in crate::db) fn rows(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        max: usize,
    ) -> Result<Vec<Row>, DbError> {
        self.with(|conn| conn.rows(sql, params, max))
    }

    pub(in crate::db) fn exec(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, DbError> {
        self.with(|conn| conn.exec(sql, params))
    }

    pub(in crate::db) fn control(&mut self, sql: &'static str) -> Result<(), DbError> {
        self.with(|conn| conn.control(sql))
    }

    pub(in crate::db) fn script(&mut self, sql: &str) -> Result<(), DbError> {
        self.with(|conn| conn.script(sql))
    }

    /// Ends the operation and waits until its batch is durable. A caller that gives up waiting changes nothing.
    pub(in crate::db) async fn commit(mut self) -> Result<(), DbError> {
        // When this fails, dropping `self` takes the operation back.
        self.control("release savepoint op")?;
        let (answer, answered) = oneshot::channel();
        self.end(Some(answer));
        drop(self);
        answered.await.unwrap_or_else(|_| Err(DbError::Io("the commit was abandoned".to_owned())))
    }

    fn end(&mut self, answer: Option<Answer>) {
        let Some(mut writer) = self.writer.take() else { return };
        if let Some(batch) = &mut writer.batch {
            batch.operations += 1;
            batch.answers.extend(answer);
        }
        pass_on(&self.home, writer);
    }
}

impl Drop for WriteTx {
    fn drop(&mut self) {
        if self.writer.is_none() {
            return;
        }
        if !self.is_lost
            && let Err(error) = self.control("rollback to savepoint op; release savepoint op")
            && !self.is_lost
        {
            // Unable to take back only its own, the operation must not let the batch keep any of it.
            tracing::error!(%error, "an operation could not be taken back; its batch is");
            self.is_lost = true;
            if let Some(writer) = &mut self.writer {
                writer.lose_batch(&lost());
            }
        }
        self.end(None);
    }
}

fn lost() -> DbError {
    DbError::Io("the database rolled back the batch of operations this one was in".to_owned())
}
