//! SQL on two engines: the only place in the product that names a database driver.
//!
//! ```text
//!   Db --begin_write--> Tx (in savepoint "op") --commit------------------> durable
//!                        |   ^                                               ^
//!                        |   '--rollback_to_savepoint-- any failure          |
//!                        '--dropped, rolled back: its own writes are gone    |
//!   SQLite: one writer behind a fair queue; operations that follow each      |
//!           other share one transaction and one sync (group commit) ---------'
//!   PostgreSQL: a pooled connection and a transaction for each operation
//! ```
//!
//! Features write one SQL text with `$1..$n` and, for rows about to be changed, the token `{for_update}`
//! (empty on SQLite, whose single writer already excludes everybody else, and in read transactions).
//!
//! Invariants:
//! - `Tx::commit` returns `Ok` only when the writes are durable. On SQLite that includes the neighbours whose
//!   uncommitted rows the operation may have read, so refused operations wait for it too.
//! - An `Err` from any method that runs SQL ends the transaction on both engines alike: until
//!   `rollback_to_savepoint` nothing more is accepted and `commit` refuses. Conflicts are therefore avoided with
//!   `on conflict do nothing` and the row count, never caught.
//! - A `Tx` that is dropped (panic, cancelled future) takes back its own writes and nobody else's.
//!
//! A snapshot begins at a read transaction's first statement, on both engines. On SQLite statements run on the
//! calling thread: a hop to another thread costs more than they do. Slow work (hashing, signing, compression)
//! stays outside transactions.

mod compose;
mod migrate;
mod postgres;
mod probe;
mod sqlite;
mod text;
mod tls;
mod tx;
mod value;

use std::path::Path;
use std::sync::Arc;

pub use self::compose::Composed;
pub use self::migrate::Migration;
pub use self::postgres::PgOptions;
pub use self::probe::{CommitEvent, CommitProbe, CommitVerdict};
pub use self::sqlite::{SqliteOptions, Sync};
pub use self::tx::{ROWS_MAX, Tx};
pub use self::value::{Row, Value};

/// Which of the two engines a database runs on. For reports and tests; features never branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite in a file, write-ahead log.
    Sqlite,
    /// PostgreSQL, or an engine that speaks its protocol.
    Postgres,
}

/// Why a database call failed. Messages never contain bound values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// Serialisation failure, deadlock or lock timeout: the whole operation may be run again.
    #[error("the database asks to try again: {0}")]
    Retryable(String),
    /// The disk, the memory or the connection failed. Nothing of the transaction is known to be kept; on SQLite
    /// every operation of the same commit batch is lost with it.
    #[error("the database failed: {0}")]
    Io(String),
    /// A constraint refused the row: a defect in the caller, since expected conflicts use `on conflict`.
    #[error("a constraint was violated: {0}")]
    Constraint(String),
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
    /// A defect in the caller: wrong SQL, a wrong type, too many rows, a transaction that already failed.
    #[error("{0}")]
    Other(String),
}

impl DbError {
    /// Whether running the whole operation again may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Retryable(_))
    }
}

fn too_many_rows(max: usize, sql: &str) -> DbError {
    DbError::Other(format!("found more than {max} rows: {sql}"))
}

/// A database. Cheap to clone; all clones are the same database.
#[derive(Clone)]
pub struct Db {
    home: Home,
}

#[derive(Clone)]
enum Home {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(Arc<postgres::Postgres>),
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

impl Db {
    /// Opens, and creates if need be, the SQLite file at `path`. Must be called inside a tokio runtime.
    ///
    /// Fails with `Io` when the file cannot be opened, locked or put into write-ahead mode.
    pub async fn open_sqlite(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, DbError> {
        let path = path.as_ref().to_owned();
        let home = sqlite::Sqlite::open(path, options).await?;
        Ok(Self { home: Home::Sqlite(Arc::new(home)) })
    }

    /// Connects to PostgreSQL with a URL or key-value string as libpq knows them. A server elsewhere must speak TLS
    /// and prove its name, unless the URL says `sslmode=disable`; a server on this machine need not.
    ///
    /// Fails with `Io` when the server cannot be reached or its certificate is not trusted, and with `Other` when
    /// the options contradict each other or the database's encoding is not UTF-8.
    pub async fn open_postgres(url: &str, options: PgOptions) -> Result<Self, DbError> {
        let home = postgres::Postgres::open(url, options).await?;
        Ok(Self { home: Home::Postgres(Arc::new(home)) })
    }

    /// The engine behind this database.
    pub fn engine(&self) -> Engine {
        match &self.home {
            Home::Sqlite(_) => Engine::Sqlite,
            Home::Postgres(_) => Engine::Postgres,
        }
    }

    /// Begins a read-only transaction on one snapshot, which is taken by its first statement.
    pub async fn begin_read(&self) -> Result<Tx, DbError> {
        match &self.home {
            Home::Sqlite(home) => home.begin_read().await.map(Tx::sqlite_read),
            Home::Postgres(home) => home.begin_read().await.map(Tx::postgres_read),
        }
    }

    /// Begins a transaction that may write; it already stands in its savepoint. On SQLite the caller has its turn
    /// when this returns and everybody else waits until the `Tx` ends.
    pub async fn begin_write(&self) -> Result<Tx, DbError> {
        match &self.home {
            Home::Sqlite(home) => home.begin_write().await.map(Tx::sqlite_write),
            Home::Postgres(home) => home.begin_write().await.map(Tx::postgres_write),
        }
    }

    /// Brings the schema up to `migrations`, which must be in ascending order of version; `applied_at` (unix
    /// milliseconds) is recorded. Each runs in a transaction of its own; several processes may start at once.
    ///
    /// Fails with `Other` when the database holds a version this program does not know, or one under another
    /// name, or when a migration older than the newest applied one is missing.
    pub async fn migrate(&self, migrations: &[Migration], applied_at: i64) -> Result<(), DbError> {
        migrate::run(self, migrations, applied_at).await
    }

    /// Prepares `sql` without running it, and checks that its parameters and columns stay inside the portable
    /// types, as far as the engine knows them.
    pub async fn prepare_check(&self, sql: &str) -> Result<(), DbError> {
        match &self.home {
            Home::Sqlite(home) => home.begin_read().await?.prepare_check(sql),
            Home::Postgres(home) => home.prepare_check(sql).await,
        }
    }

    /// The engine's plan for `sql`, a line each. On PostgreSQL sequential and bitmap scans are discouraged, so that
    /// the plan over a small table still shows whether an index can serve the query and its order.
    pub async fn explain(&self, sql: &str, params: &[Value<'_>]) -> Result<Vec<String>, DbError> {
        match &self.home {
            Home::Sqlite(home) => home.begin_read().await?.explain(sql, params),
            Home::Postgres(home) => home.explain(sql, params).await,
        }
    }

    /// Lets `probe` watch every commit, and make it fail; see [`CommitEvent`]. Replaces an earlier probe.
    pub fn set_commit_probe(&self, probe: CommitProbe) {
        match &self.home {
            Home::Sqlite(home) => home.probe().set(probe),
            Home::Postgres(home) => home.probe().set(probe),
        }
    }

    /// Stops the database: operations that have begun end as usual, later ones get `Closed`, and on SQLite the
    /// write-ahead log is folded into the file. Closing twice is harmless.
    pub async fn close(&self) -> Result<(), DbError> {
        match &self.home {
            Home::Sqlite(home) => home.close().await,
            Home::Postgres(home) => {
                home.close();
                Ok(())
            }
        }
    }
}

/// Declares the SQL of a `store.rs`: each constant, and `STATEMENTS`, the list of their names and texts that the
/// portability test prepares on both engines.
#[macro_export]
macro_rules! statements {
    ($( $(#[$attribute:meta])* $vis:vis const $name:ident = $sql:expr; )*) => {
        $( $(#[$attribute])* $vis const $name: &str = $sql; )*
        /// Every statement of this module, by name.
        pub const STATEMENTS: &[(&str, &str)] = &[$( (stringify!($name), $name) ),*];
    };
}
