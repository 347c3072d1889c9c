//! SQLite: one writer behind a fair queue with group commit, and readers on snapshots.
//!
//! ```text
//!   queue --> BEGIN  op op op ... op  COMMIT (one sync) --> answers to all of them
//!             |      each in its SAVEPOINT |
//!             '-- by the first             '-- by the one that finds nobody queued behind it,
//!                                              or that fills the batch (count, age)
//! ```
//!
//! An operation holds the writer from `begin_write` until it ends and runs its statements on its own thread; only
//! the commit, which waits for the disk, goes to a blocking thread. An operation that ends with others queued
//! behind it leaves its answer channel in the batch and passes the writer on.
//!
//! Clients that were answered together come back together, one after the other. A batch that is smaller than the
//! one before therefore waits for the rest of its company, at most half as long as that one's commit took: else
//! the first to come back would have the disk to itself and all others would wait for it.
//!
//! The log is folded into the file by a connection of its own, so that nobody waits for it, but for a last moment
//! in which the writer stands still: only then can the log begin anew.
//!
//! Invariants:
//! - Whoever lets go of the writer leaves either no open transaction, or somebody behind it in the queue who will
//!   end it, be it the one who waits for company. A queued caller that gives up therefore sends a sweeper in its place.
//! - A batch has answers waiting exactly when it may hold writes.
//! - When SQLite rolled back by itself (full disk, I/O error, no memory), all of the batch are told so.

mod conn;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use self::conn::Conn;
pub(super) use self::writer::WriteTx;
use self::writer::Writer;
use super::probe::ProbeSlot;
use super::{DbError, Row, Value};

/// How a SQLite database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Connections that read at the same time; at least one.
    pub readers: usize,
    /// Whether commits wait for the disk.
    pub sync: Sync,
}

/// Whether commits wait for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// They do: an acknowledged write survives a power failure. The only choice for a product in use.
    Full,
    /// They do not: for tests that need speed and would rather lose the file.
    Off,
}

/// An open SQLite database.
pub(super) struct Sqlite {
    writer: Arc<Mutex<Writer>>,
    /// How many callers stand in the queue for the writer.
    queued: AtomicUsize,
    readers: Arc<Semaphore>,
    idle_readers: parking_lot::Mutex<Vec<Conn>>,
    is_closed: AtomicBool,
    probe: ProbeSlot,
    /// Where commits run, also when a transaction is dropped outside the runtime.
    runtime: Handle,
    /// How many batches went to their commit.
    commits: AtomicU64,
    /// Pages in the write-ahead log.
    log_pages: Arc<AtomicUsize>,
    /// Folds the log; gone once the database is closed.
    folder: parking_lot::Mutex<Option<Conn>>,
    /// Whether the log is being folded.
    is_folding: AtomicBool,
}

impl Sqlite {
    pub(super) async fn open(path: PathBuf, options: SqliteOptions) -> Result<Self, DbError> {
        assert!(options.readers > 0, "a database needs at least one reader");
        let runtime = Handle::current();
        let log_pages = Arc::<AtomicUsize>::default();
        let pages = log_pages.clone();
        let opening = runtime.spawn_blocking(move || open_all(&path, options, pages));
        let (writer, folder, readers) = opening.await.map_err(|e| DbError::Io(e.to_string()))??;
        Ok(Self {
            writer: Arc::new(Mutex::new(Writer::new(writer))),
            queued: AtomicUsize::new(0),
            readers: Arc::new(Semaphore::new(options.readers)),
            idle_readers: parking_lot::Mutex::new(readers),
            is_closed: AtomicBool::new(false),
            probe: ProbeSlot::default(),
            runtime,
            commits: AtomicU64::new(0),
            log_pages,
            folder: parking_lot::Mutex::new(Some(folder)),
            is_folding: AtomicBool::new(false),
        })
    }

    pub(super) fn probe(&self) -> &ProbeSlot {
        &self.probe
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    pub(super) async fn begin_read(self: &Arc<Self>) -> Result<ReadTx, DbError> {
        let slot = self.readers.clone().acquire_owned().await.map_err(|_| DbError::Closed)?;
        let Some(conn) = self.idle_readers.lock().pop() else { return Err(DbError::Closed) };
        let mut tx = ReadTx { home: self.clone(), conn: Some(conn), _slot: slot };
        tx.conn().control("begin")?;
        Ok(tx)
    }

    pub(super) async fn close(self: &Arc<Self>) -> Result<(), DbError> {
        self.is_closed.store(true, Ordering::SeqCst);
        self.readers.close();
        let idle = std::mem::take(&mut *self.idle_readers.lock());
        let home = self.clone();
        let closing = self.runtime.spawn_blocking(move || {
            drop(idle);
            // The log may just be folded, and who folds it waits for the writer: so it comes before the writer.
            drop(home.folder.lock().take());
            let writer = home.writer.clone().blocking_lock_owned();
            writer::close(&home, writer)
        });
        closing.await.map_err(|e| DbError::Io(e.to_string()))?
    }
}

fn open_all(
    path: &Path,
    options: SqliteOptions,
    log_pages: Arc<AtomicUsize>,
) -> Result<(Conn, Conn, Vec<Conn>), DbError> {
    let writer = Conn::open_writer(path, options.sync, log_pages)?;
    let folder = Conn::open_folder(path, options.sync)?;
    let readers = (0..options.readers).map(|_| Conn::open_reader(path)).collect::<Result<_, _>>()?;
    Ok((writer, folder, readers))
}

/// A transaction that reads; ends when it is dropped.
pub(super) struct ReadTx {
    home: Arc<Sqlite>,
    conn: Option<Conn>,
    /// Declared after the connection's way back (`Drop`), so that a permit always finds an idle connection.
    _slot: OwnedSemaphorePermit,
}

impl ReadTx {
    fn conn(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("taken only by drop")
    }

    pub(super) fn rows(&mut self, sql: &str, params: &[Value<'_>], max: usize) -> Result<Vec<Row>, DbError> {
        self.conn().rows(sql, params, max)
    }

    pub(super) fn exec(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, DbError> {
        self.conn().exec(sql, params)
    }

    pub(super) fn prepare_check(&mut self, sql: &str) -> Result<(), DbError> {
        self.conn().prepare_check(sql)
    }

    pub(super) fn explain(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Vec<String>, DbError> {
        let rows = self.conn().rows(&format!("explain query plan {sql}"), params, usize::MAX)?;
        Ok(rows.iter().map(|row| row.text(3).to_owned()).collect())
    }
}

impl Drop for ReadTx {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        if !conn.is_idle() && conn.control("rollback").is_err() {
            tracing::warn!("a reading transaction could not be ended");
        }
        let mut idle = self.home.idle_readers.lock();
        // Checked under the lock, which `close` takes after it has closed the semaphore.
        if !self.home.readers.is_closed() {
            idle.push(conn);
        }
    }
}
