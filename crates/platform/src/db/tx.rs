//! One transaction, whichever the engine.

use super::{DbError, Row, Value, postgres, sqlite, text};

/// The most rows one `all` answers; a statement that finds more lacks a limit and is refused.
pub const ROWS_MAX: usize = 10_000;

/// A transaction. It owns its connection while it runs, and is taken back when it is dropped.
///
/// Every error from a method that runs SQL ends it: see the module's invariants.
pub struct Tx {
    conn: Conn,
    /// Whether it may write, and so stands in a savepoint.
    writes: bool,
    /// Whether a statement failed since the savepoint.
    has_failed: bool,
    /// Whether `savepoint` moved the mark from the beginning of the operation.
    is_marked: bool,
}

enum Conn {
    SqliteRead(sqlite::ReadTx),
    SqliteWrite(sqlite::WriteTx),
    Postgres(postgres::PgTx),
}

impl Tx {
    pub(super) fn sqlite_read(tx: sqlite::ReadTx) -> Self {
        Self::new(Conn::SqliteRead(tx), false)
    }

    pub(super) fn sqlite_write(tx: sqlite::WriteTx) -> Self {
        Self::new(Conn::SqliteWrite(tx), true)
    }

    pub(super) fn postgres_read(tx: postgres::PgTx) -> Self {
        Self::new(Conn::Postgres(tx), false)
    }

    pub(super) fn postgres_write(tx: postgres::PgTx) -> Self {
        Self::new(Conn::Postgres(tx), true)
    }

    fn new(conn: Conn, writes: bool) -> Self {
        Self { conn, writes, has_failed: false, is_marked: false }
    }

    /// Whether this is a read transaction: it sees committed rows only, so what it reads may be kept in memory.
    pub fn is_read_only(&self) -> bool {
        !self.writes
    }

    /// The one row the statement finds. None, or more than one, is an error: use it for aggregates, `returning`,
    /// and rows that another row proves to exist.
    pub async fn one(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Row, DbError> {
        match self.opt(sql, params).await? {
            Some(row) => Ok(row),
            None => self.fail(DbError::Other(format!("found no row where there must be one: {sql}"))),
        }
    }

    /// The row the statement finds, if any. More than one is an error.
    pub async fn opt(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Option<Row>, DbError> {
        let mut rows = self.rows(sql, params, 1).await?;
        Ok(rows.pop())
    }

    /// All rows the statement finds, in its order; more than [`ROWS_MAX`] are an error.
    pub async fn all(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        self.rows(sql, params, ROWS_MAX).await
    }

    /// Runs a statement that answers no rows; the count is of the rows it changed.
    pub async fn exec(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, DbError> {
        self.refuse_if_failed()?;
        let result = match &mut self.conn {
            Conn::SqliteRead(tx) => tx.exec(sql, params),
            Conn::SqliteWrite(tx) => tx.exec(sql, params),
            Conn::Postgres(tx) => {
                let params: Vec<&Value<'_>> = params.iter().collect();
                tx.exec(sql, &params).await
            }
        };
        self.note(result)
    }

    /// [`Tx::exec`] for a statement whose count of rows does not matter: on PostgreSQL it is sent without waiting for
    /// its answer. What it fails with is told by a later statement or by `commit`.
    pub async fn send(&mut self, sql: &str, params: &[Value<'_>]) -> Result<(), DbError> {
        self.refuse_if_failed()?;
        let result = match &mut self.conn {
            Conn::SqliteRead(tx) => tx.exec(sql, params).map(drop),
            Conn::SqliteWrite(tx) => tx.exec(sql, params).map(drop),
            Conn::Postgres(tx) => {
                let params: Vec<&Value<'_>> = params.iter().collect();
                tx.send(sql, &params).await
            }
        };
        self.note(result)
    }

    /// [`Tx::insert_many`] where the count of rows does not matter, as [`Tx::send`] is to [`Tx::exec`].
    pub async fn send_many(
        &mut self,
        head: &str,
        rows: &[Vec<Value<'_>>],
        tail: &str,
    ) -> Result<(), DbError> {
        let Some(columns) = rows.first().map(Vec::len) else { return Ok(()) };
        if !matches!(self.conn, Conn::Postgres(_)) {
            return self.insert_many(head, rows, tail).await.map(drop);
        }
        assert!(rows.iter().all(|row| row.len() == columns), "rows of different lengths: {head}");
        let mut rest = rows;
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at(text::chunk_rows(rest.len(), columns));
            let params: Vec<Value<'_>> = chunk.iter().flatten().cloned().collect();
            self.send(&text::insert(head, chunk.len(), columns, tail), &params).await?;
            rest = later;
        }
        Ok(())
    }

    /// Inserts many rows: `head` up to and with the word `values`, `tail` such as `on conflict do nothing` or empty.
    /// All rows have as many values as the head has columns. Answers how many rows were inserted.
    ///
    /// The rows may be split over several statements, so a `tail` must not depend on the others (and an
    /// `on conflict do update` must not meet the same key twice).
    pub async fn insert_many(
        &mut self,
        head: &str,
        rows: &[Vec<Value<'_>>],
        tail: &str,
    ) -> Result<u64, DbError> {
        let Some(columns) = rows.first().map(Vec::len) else { return Ok(0) };
        assert!(rows.iter().all(|row| row.len() == columns), "rows of different lengths: {head}");
        self.refuse_if_failed()?;
        let result = match &mut self.conn {
            Conn::SqliteRead(_) => Err(DbError::Other("insert in a read transaction".to_owned())),
            Conn::SqliteWrite(tx) => insert_each(tx, &text::insert(head, 1, columns, tail), rows),
            Conn::Postgres(tx) => insert_chunks(tx, head, rows, columns, tail).await,
        };
        self.note(result)
    }

    /// Keeps every other transaction from writing to these tables until this one ends, and waits for those that
    /// have. Nothing to do on SQLite, whose single writer excludes everybody else already.
    pub async fn lock_tables(&mut self, tables: &[&str]) -> Result<(), DbError> {
        match &self.conn {
            Conn::SqliteRead(_) | Conn::SqliteWrite(_) => self.refuse_if_failed(),
            Conn::Postgres(_) => {
                let sql = format!("lock table {} in exclusive mode", tables.join(", "));
                self.exec(&sql, &[]).await.map(drop)
            }
        }
    }

    /// Moves the mark that `rollback_to_savepoint` returns to from the beginning of the operation to here.
    pub async fn savepoint(&mut self) -> Result<(), DbError> {
        self.refuse_if_failed()?;
        let sql = if self.is_marked { "release savepoint mark; savepoint mark" } else { "savepoint mark" };
        let result = self.control(sql).await;
        self.is_marked |= result.is_ok();
        self.note(result)
    }

    /// Takes back everything since the mark, a failed statement included; the transaction goes on.
    pub async fn rollback_to_savepoint(&mut self) -> Result<(), DbError> {
        let sql = if self.is_marked { "rollback to savepoint mark" } else { "rollback to savepoint op" };
        let result = match &mut self.conn {
            Conn::Postgres(tx) if self.writes => tx.go_back(sql).await,
            Conn::SqliteRead(_) | Conn::SqliteWrite(_) | Conn::Postgres(_) => self.control(sql).await,
        };
        self.has_failed = result.is_err();
        result
    }

    /// Begins a part of the operation that [`Tx::take_back_part`] can undo by itself. Without that it stays a part of
    /// the operation; a new part begins where this is called again.
    pub async fn begin_part(&mut self) -> Result<(), DbError> {
        self.refuse_if_failed()?;
        let result = self.control("savepoint part").await;
        self.note(result)
    }

    /// Takes back everything since [`Tx::begin_part`], and lets go of the rows locked since; the operation goes on.
    pub async fn take_back_part(&mut self) -> Result<(), DbError> {
        let sql = "rollback to savepoint part; release savepoint part";
        let result = match &mut self.conn {
            Conn::Postgres(tx) if self.writes => tx.go_back(sql).await,
            Conn::SqliteRead(_) | Conn::SqliteWrite(_) | Conn::Postgres(_) => self.control(sql).await,
        };
        self.has_failed = result.is_err();
        result
    }

    /// Ends the transaction and keeps its writes. `Ok` means durable; `Retryable` and `Constraint` mean nothing was
    /// kept; `Io` means that the outcome is not known to the caller (nothing was kept, unless the failure hit
    /// between the database's commit and its acknowledgement).
    pub async fn commit(self) -> Result<(), DbError> {
        if self.has_failed {
            self.rollback().await;
            return Err(DbError::Other(
                "a failed statement ended the transaction: nothing was kept".to_owned(),
            ));
        }
        match self.conn {
            Conn::SqliteRead(_) => Ok(()),
            Conn::SqliteWrite(tx) => tx.commit().await,
            Conn::Postgres(tx) => tx.commit().await,
        }
    }

    /// Ends the transaction and takes back its writes. Does not wait for the neighbours' commit: an answer that
    /// depends on what was read needs `rollback_to_savepoint` and `commit` instead.
    pub async fn rollback(self) {
        match self.conn {
            // Dropping them does it, with no round trip to wait for.
            Conn::SqliteRead(_) | Conn::SqliteWrite(_) => {}
            Conn::Postgres(tx) => tx.rollback().await,
        }
    }

    async fn rows(&mut self, sql: &str, params: &[Value<'_>], max: usize) -> Result<Vec<Row>, DbError> {
        self.refuse_if_failed()?;
        let result = match &mut self.conn {
            Conn::SqliteRead(tx) => tx.rows(sql, params, max),
            Conn::SqliteWrite(tx) => tx.rows(sql, params, max),
            Conn::Postgres(tx) => tx.rows(sql, params, max).await,
        };
        self.note(result)
    }

    async fn control(&mut self, sql: &'static str) -> Result<(), DbError> {
        if !self.writes {
            return Err(DbError::Other("a read transaction has no savepoint".to_owned()));
        }
        match &mut self.conn {
            Conn::SqliteRead(_) => unreachable!("a reader does not write"),
            Conn::SqliteWrite(tx) => tx.control(sql),
            Conn::Postgres(tx) => tx.control(sql).await,
        }
    }

    fn refuse_if_failed(&self) -> Result<(), DbError> {
        if self.has_failed {
            return Err(DbError::Other("a failed statement ended the transaction".to_owned()));
        }
        Ok(())
    }

    fn note<T>(&mut self, result: Result<T, DbError>) -> Result<T, DbError> {
        self.has_failed |= result.is_err();
        result
    }

    fn fail<T>(&mut self, error: DbError) -> Result<T, DbError> {
        self.note(Err(error))
    }
}

/// One prepared statement run for each row: in process that is as fast as many rows in one statement.
fn insert_each(tx: &mut sqlite::WriteTx, sql: &str, rows: &[Vec<Value<'_>>]) -> Result<u64, DbError> {
    let mut count = 0;
    for row in rows {
        count += tx.exec(sql, row)?;
    }
    Ok(count)
}

async fn insert_chunks(
    tx: &mut postgres::PgTx,
    head: &str,
    rows: &[Vec<Value<'_>>],
    columns: usize,
    tail: &str,
) -> Result<u64, DbError> {
    let mut count = 0;
    let mut rest = rows;
    while !rest.is_empty() {
        let (chunk, later) = rest.split_at(text::chunk_rows(rest.len(), columns));
        let params: Vec<&Value<'_>> = chunk.iter().flatten().collect();
        count += tx.exec(&text::insert(head, chunk.len(), columns, tail), &params).await?;
        rest = later;
    }
    Ok(count)
}
