//! One SQLite connection: statements in, rows out, errors sorted.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};

use super::Sync;
use crate::db::value::Cell;
use crate::db::{DbError, Engine, Row, Value, text, too_many_rows};

/// Statements kept prepared, per connection.
const STATEMENTS_MAX: usize = 256;
/// Statement texts remembered in SQLite's spelling; beyond it the memory starts afresh.
const TEXTS_MAX: usize = 1024;
/// How long to wait for another process that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection, and the SQLite spelling of the statements it has seen.
pub(super) struct Conn {
    raw: Connection,
    texts: HashMap<String, Arc<str>>,
}

impl Conn {
    /// Opens the connection that writes; creates the file if need be.
    ///
    /// After each commit `log_pages` holds the number of pages in the write-ahead log.
    pub(super) fn open_writer(path: &Path, sync: Sync, log_pages: Arc<AtomicUsize>) -> Result<Self, DbError> {
        let mut conn = Self::open_read_write(path, sync)?;
        let hook = move |_: &mut Wal, pages: i32| {
            log_pages.store(usize::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        };
        conn.raw.wal_hook(Some(hook)).map_err(error)?;
        Ok(conn)
    }

    /// Opens the connection that folds the write-ahead log into the file beside the one that writes.
    pub(super) fn open_folder(path: &Path, sync: Sync) -> Result<Self, DbError> {
        Self::open_read_write(path, sync)
    }

    fn open_read_write(path: &Path, sync: Sync) -> Result<Self, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Self::open(path, flags)?;
        let mode: String =
            conn.raw.query_row("pragma journal_mode = wal", [], |row| row.get(0)).map_err(error)?;
        if mode != "wal" {
            return Err(DbError::Io(format!("the database file cannot use a write-ahead log, only {mode}")));
        }
        let sync = match sync {
            // `fullfsync` matters on macOS alone, where fsync does not reach the disk.
            Sync::Full => "pragma synchronous = full; pragma fullfsync = on;",
            Sync::Off => "pragma synchronous = off;",
        };
        conn.raw.execute_batch(sync).map_err(error)?;
        Ok(conn)
    }

    /// Opens a connection that only reads a file whose writer is open already.
    pub(super) fn open_reader(path: &Path) -> Result<Self, DbError> {
        Self::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
    }

    fn open(path: &Path, flags: OpenFlags) -> Result<Self, DbError> {
        let raw = Connection::open_with_flags(path, flags).map_err(error)?;
        raw.busy_timeout(BUSY_TIMEOUT).map_err(error)?;
        raw.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        // As on PostgreSQL: "x" is a column and never a string, and `like` tells upper from lower case.
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false).map_err(error)?;
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false).map_err(error)?;
        // Else every statement that ends in `limit $n` is compiled anew whenever it is bound: an eighth of the time
        // of a payment.
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(error)?;
        // A larger page cache makes commits slower: SQLite walks through all of it whenever pages were rebalanced.
        raw.execute_batch(
            "pragma foreign_keys = on; pragma case_sensitive_like = on; pragma temp_store = memory; \
             pragma cache_size = -16384; pragma wal_autocheckpoint = 0;",
        )
        .map_err(error)?;
        Ok(Self { raw, texts: HashMap::new() })
    }

    /// Whether no transaction is open: after an error, that SQLite has rolled back all of it.
    pub(super) fn is_idle(&self) -> bool {
        self.raw.is_autocommit()
    }

    fn text(&mut self, sql: &str) -> Arc<str> {
        if let Some(text) = self.texts.get(sql) {
            return text.clone();
        }
        if self.texts.len() >= TEXTS_MAX {
            self.texts.clear();
        }
        let text: Arc<str> = text::statement(sql, Engine::Sqlite, true).into();
        self.texts.insert(sql.to_owned(), text.clone());
        text
    }

    pub(super) fn rows(&mut self, sql: &str, params: &[Value<'_>], max: usize) -> Result<Vec<Row>, DbError> {
        let text = self.text(sql);
        let mut statement = self.raw.prepare_cached(&text).map_err(|e| error_in(e, sql))?;
        bind(&mut statement, sql, params)?;
        let columns = statement.column_count();
        let mut found = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(|e| error_in(e, sql))? {
            if rows.len() == max {
                return Err(too_many_rows(max, sql));
            }
            let mut cells = Vec::with_capacity(columns);
            for column in 0..columns {
                cells.push(cell(row.get_ref(column).map_err(|e| error_in(e, sql))?, column, sql)?);
            }
            rows.push(Row::new(cells));
        }
        Ok(rows)
    }

    pub(super) fn exec(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, DbError> {
        let text = self.text(sql);
        let mut statement = self.raw.prepare_cached(&text).map_err(|e| error_in(e, sql))?;
        bind(&mut statement, sql, params)?;
        let count = statement.raw_execute().map_err(|e| error_in(e, sql))?;
        Ok(u64::try_from(count).expect("usize fits u64"))
    }

    /// Runs a constant that has no parameters and no rows: `begin`, `savepoint op` and the like.
    pub(super) fn control(&mut self, sql: &'static str) -> Result<(), DbError> {
        for part in sql.split("; ") {
            self.raw
                .prepare_cached(part)
                .and_then(|mut statement| statement.raw_execute())
                .map_err(|e| error_in(e, part))?;
        }
        Ok(())
    }

    /// Runs several statements of a schema.
    pub(super) fn script(&mut self, sql: &str) -> Result<(), DbError> {
        self.raw.execute_batch(sql).map_err(error)
    }

    pub(super) fn prepare_check(&mut self, sql: &str) -> Result<(), DbError> {
        let text = self.text(sql);
        self.raw.prepare(&text).map(drop).map_err(|e| error_in(e, sql))
    }

    /// Folds what it can of the write-ahead log into the file without waiting for anyone; syncs both.
    pub(super) fn fold_log(&self) -> Result<(), DbError> {
        self.raw.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(())).map_err(error)
    }

    /// Folds the write-ahead log into the file and closes.
    pub(super) fn close(self) -> Result<(), DbError> {
        // Another process may still read an old snapshot; what then stays in the log is durable as well.
        self.raw.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).map_err(error)?;
        self.raw.close().map_err(|(_, e)| error(e))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::NullInt | Self::NullText | Self::NullBytes => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn bind(statement: &mut rusqlite::Statement<'_>, sql: &str, params: &[Value<'_>]) -> Result<(), DbError> {
    let wanted = statement.parameter_count();
    if wanted != params.len() {
        return Err(DbError::Other(format!("{} parameters given, {wanted} wanted: {sql}", params.len())));
    }
    for (number, value) in params.iter().enumerate() {
        statement.raw_bind_parameter(number + 1, value).map_err(|e| error_in(e, sql))?;
    }
    Ok(())
}

fn cell(value: ValueRef<'_>, column: usize, sql: &str) -> Result<Cell, DbError> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(n) => Cell::Int(n),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cell::Text(text.to_owned()),
            Err(_) => return Err(DbError::Other(format!("column {column} is not UTF-8: {sql}"))),
        },
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        // Integer arithmetic that overflows turns into floating point here, where PostgreSQL reports an error.
        ValueRef::Real(_) => {
            return Err(DbError::Other(format!("column {column} is floating point or overflowed: {sql}")));
        }
    })
}

pub(super) fn error(error: rusqlite::Error) -> DbError {
    sort(&error, &error.to_string())
}

fn error_in(error: rusqlite::Error, sql: &str) -> DbError {
    sort(&error, &format!("{error}: {sql}"))
}

fn sort(error: &rusqlite::Error, message: &str) -> DbError {
    let message = message.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => DbError::Retryable(message),
        Some(ErrorCode::ConstraintViolation) => DbError::Constraint(message),
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::PermissionDenied,
        ) => DbError::Io(message),
        // Everything else is a defect of the statement or of its caller; the list of codes is open.
        _ => DbError::Other(message),
    }
}
