//! PostgreSQL: a pooled connection and a transaction for each operation.
//!
//! What a write transaction only writes is sent without waiting; see [`pipeline`].
//!
//! Invariants:
//! - A connection goes back to the pool only outside a transaction. One that is dropped inside is closed, and the
//!   server takes the transaction back.
//! - Clear text leaves the machine only where the URL says `sslmode=disable`; see [`super::tls`].
//! - A commit waits for the server's disk: sessions that would not (`synchronous_commit = off`) are set to.

mod pipeline;

use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::{Hook, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use futures_util::{FutureExt as _, TryStreamExt as _, pin_mut};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Config, Statement};

use self::pipeline::Pipeline;
use super::probe::ProbeSlot;
use super::value::Cell;
use super::{CommitEvent, CommitVerdict, DbError, Engine, Row, Value, text, tls, too_many_rows};

/// How long to wait for a connection to the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait for a connection from the pool.
const POOL_TIMEOUT: Duration = Duration::from_secs(30);
/// What every session begins with. The limits end what hangs, long after a healthy statement has ended.
const SESSION: &str = "set statement_timeout = '60s'; set lock_timeout = '30s'; \
    set idle_in_transaction_session_timeout = '120s'; \
    select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'";

/// How a PostgreSQL database is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgOptions {
    /// The most connections at the same time; at least one.
    pub pool_size: usize,
    /// PEM file of the authorities that the server's certificate must come from; given, there is no connection
    /// without TLS. `None`: those that the machine trusts.
    pub root_certificate: Option<PathBuf>,
}

/// An open PostgreSQL database.
pub(super) struct Postgres {
    pool: Pool,
    probe: ProbeSlot,
    batches: std::sync::atomic::AtomicU64,
}

impl Postgres {
    pub(super) async fn open(url: &str, options: PgOptions) -> Result<Self, DbError> {
        assert!(options.pool_size > 0, "a pool needs at least one connection");
        // The parser's message names the bad part, never the password.
        let mut config: Config =
            url.parse().map_err(|e| DbError::Other(format!("not a PostgreSQL address: {e}")))?;
        if config.get_application_name().is_none() {
            config.application_name("openbss");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        let tls = tls::connector(&mut config, options.root_certificate.as_deref())?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, tls, recycling))
            .max_size(options.pool_size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(POOL_TIMEOUT))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    client.batch_execute(SESSION).await.map_err(deadpool_postgres::HookError::Backend)
                })
            }))
            .build()
            .map_err(|e| DbError::Other(e.to_string()))?;
        let home = Self { pool, probe: ProbeSlot::default(), batches: 0.into() };
        home.check_encoding().await?;
        Ok(home)
    }

    async fn check_encoding(&self) -> Result<(), DbError> {
        let client = self.client().await?;
        let row = client.query_one("show server_encoding", &[]).await.map_err(|e| sort(&e, ""))?;
        let encoding: &str = row.get(0);
        if encoding != "UTF8" {
            return Err(DbError::Other(format!("the database's encoding is {encoding}; it must be UTF8")));
        }
        Ok(())
    }

    pub(super) fn probe(&self) -> &ProbeSlot {
        &self.probe
    }

    async fn client(&self) -> Result<Object, DbError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Closed => DbError::Closed,
            PoolError::Backend(e) => sort(&e, "connecting"),
            other
            @ (PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)) => {
                DbError::Io(format!("no connection to PostgreSQL: {other}"))
            }
        })
    }

    pub(super) async fn begin_read(self: &Arc<Self>) -> Result<PgTx, DbError> {
        self.begin("begin isolation level repeatable read read only", false).await
    }

    pub(super) async fn begin_write(self: &Arc<Self>) -> Result<PgTx, DbError> {
        self.begin("begin isolation level read committed read write; savepoint op", true).await
    }

    async fn begin(self: &Arc<Self>, sql: &'static str, writes: bool) -> Result<PgTx, DbError> {
        let client = Arc::new(self.client().await?);
        let mut pipeline = Pipeline::default();
        let begun = client.clone();
        pipeline.send(async move { begun.batch_execute(sql).await.map_err(|e| sort(&e, sql)) });
        Ok(PgTx { home: self.clone(), client: Some(client), writes, pipeline })
    }

    /// Prepares, and refuses types outside the portable ones.
    pub(super) async fn prepare_check(&self, sql: &str) -> Result<(), DbError> {
        let client = self.client().await?;
        let text = text::statement(sql, Engine::Postgres, true);
        let statement = client.prepare(&text).await.map_err(|e| sort(&e, sql))?;
        for (number, ty) in statement.params().iter().enumerate() {
            if !is_portable(ty) {
                return Err(DbError::Other(format!("parameter ${} has type {ty}: {sql}", number + 1)));
            }
        }
        for (number, column) in statement.columns().iter().enumerate() {
            let ty = column.type_();
            if !is_portable(ty) && *ty != Type::BOOL {
                return Err(DbError::Other(format!("column {number} has type {ty}: {sql}")));
            }
        }
        Ok(())
    }

    pub(super) async fn explain(
        self: &Arc<Self>,
        sql: &str,
        params: &[Value<'_>],
    ) -> Result<Vec<String>, DbError> {
        let mut tx = self.begin_write().await?;
        tx.control("set local enable_seqscan = off; set local enable_bitmapscan = off").await?;
        let rows = tx.rows(&format!("explain {sql}"), params, usize::MAX).await?;
        tx.rollback().await;
        Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// A transaction on a connection of its own.
pub(super) struct PgTx {
    home: Arc<Postgres>,
    /// Gone once the transaction has ended. Shared with the statements that are under way.
    client: Option<Arc<Object>>,
    writes: bool,
    pipeline: Pipeline,
}

impl PgTx {
    fn client(&self) -> &Arc<Object> {
        self.client.as_ref().expect("present until the transaction ends")
    }

    async fn prepare(&mut self, sql: &str) -> Result<Statement, DbError> {
        let text = text::statement(sql, Engine::Postgres, self.writes);
        let client = self.client().clone();
        let preparing = async { client.prepare_cached(&text).await.map_err(|e| sort(&e, sql)) };
        pin_mut!(preparing);
        // Nearly always it is known already.
        match preparing.as_mut().now_or_never() {
            Some(known) => known,
            None => self.pipeline.beside(preparing).await,
        }
    }

    pub(super) async fn rows(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        max: usize,
    ) -> Result<Vec<Row>, DbError> {
        let statement = self.prepare(sql).await?;
        check_count(&statement, params.len(), sql)?;
        let client = self.client().clone();
        let found = async {
            let found = client.query_raw(&statement, params).await.map_err(|e| sort(&e, sql))?;
            pin_mut!(found);
            let mut rows = Vec::new();
            while let Some(row) = found.try_next().await.map_err(|e| sort(&e, sql))? {
                if rows.len() == max {
                    return Err(too_many_rows(max, sql));
                }
                let cells = (0..row.len()).map(|column| row.try_get(column)).collect::<Result<_, _>>();
                rows.push(Row::new(cells.map_err(|e| sort(&e, sql))?));
            }
            Ok(rows)
        };
        self.pipeline.beside(found).await
    }

    pub(super) async fn exec(&mut self, sql: &str, params: &[&Value<'_>]) -> Result<u64, DbError> {
        let statement = self.prepare(sql).await?;
        check_count(&statement, params.len(), sql)?;
        let client = self.client().clone();
        let done =
            async { client.execute_raw(&statement, params.iter().copied()).await.map_err(|e| sort(&e, sql)) };
        self.pipeline.beside(done).await
    }

    /// Sends a statement; its failure is told by a later one, or by `commit`.
    pub(super) async fn send(&mut self, sql: &str, params: &[&Value<'_>]) -> Result<(), DbError> {
        let statement = self.prepare(sql).await?;
        check_count(&statement, params.len(), sql)?;
        let client = self.client().clone();
        let params: Vec<Kept> = params.iter().map(|value| Kept::of(value)).collect();
        let sql = sql.to_owned();
        self.pipeline.send(async move {
            client.execute_raw(&statement, &params).await.map(drop).map_err(|e| sort(&e, &sql))
        });
        Ok(())
    }

    /// Runs statements that have no parameters and no rows, in one round trip.
    pub(super) async fn control(&mut self, sql: &str) -> Result<(), DbError> {
        let client = self.client().clone();
        let done = async { client.batch_execute(sql).await.map_err(|e| sort(&e, sql)) };
        self.pipeline.beside(done).await
    }

    /// Goes back to a savepoint, whatever failed since.
    pub(super) async fn go_back(&mut self, sql: &str) -> Result<(), DbError> {
        let client = self.client().clone();
        let done = async { client.batch_execute(sql).await.map_err(|e| sort(&e, sql)) };
        self.pipeline.recover(done).await
    }

    pub(super) async fn commit(mut self) -> Result<(), DbError> {
        if !self.writes {
            self.control("commit").await?;
            self.client = None;
            return Ok(());
        }
        let batch = self.home.batches.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        let outcome = match self.home.probe.ask_aside(CommitEvent::Starting { batch, operations: 1 }).await {
            // Where an earlier statement failed, the server makes a rollback of this, and the failure is told.
            CommitVerdict::Proceed => self.control("commit").await,
            CommitVerdict::FailBefore => {
                Err(DbError::Io("the probe cut the power before the commit".to_owned()))
            }
            CommitVerdict::FailAfter => self
                .control("commit")
                .await
                .and(Err(DbError::Io("the probe cut the power after the commit".to_owned()))),
        };
        self.home.probe.ask_aside(CommitEvent::Finished { batch, is_durable: outcome.is_ok() }).await;
        if outcome.is_ok() {
            // Back to the pool. After an error the connection is closed by `Drop` instead.
            self.client = None;
        }
        outcome
    }

    pub(super) async fn rollback(mut self) {
        if !self.writes {
            // Nobody depends on how a reader ends.
            tokio::spawn(async move { self.end().await });
            return;
        }
        self.end().await;
    }

    async fn end(&mut self) {
        if self.go_back("rollback").await.is_ok() {
            self.client = None;
        }
    }
}

impl Drop for PgTx {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        self.pipeline = Pipeline::default();
        let client = Arc::into_inner(client).expect("only statements under way shared it");
        // Taken out of the pool and closed: the server rolls back.
        drop(Object::take(client));
    }
}

/// A parameter of a statement that outlives its caller.
#[derive(Debug)]
enum Kept {
    Value(Value<'static>),
    Bytes(Vec<u8>),
}

impl Kept {
    fn of(value: &Value<'_>) -> Self {
        match value {
            Value::NullInt => Self::Value(Value::NullInt),
            Value::NullText => Self::Value(Value::NullText),
            Value::NullBytes => Self::Value(Value::NullBytes),
            Value::Int(n) => Self::Value(Value::Int(*n)),
            Value::Text(text) => Self::Value(Value::from(text.as_ref().to_owned())),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

impl ToSql for Kept {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        match self {
            Self::Value(value) => value.to_sql(ty, out),
            Self::Bytes(bytes) => Value::Bytes(bytes).to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        is_portable(ty)
    }

    to_sql_checked!();
}

fn check_count(statement: &Statement, given: usize, sql: &str) -> Result<(), DbError> {
    let wanted = statement.params().len();
    if wanted != given {
        // The driver would panic.
        return Err(DbError::Other(format!("{given} parameters given, {wanted} wanted: {sql}")));
    }
    Ok(())
}

fn is_portable(ty: &Type) -> bool {
    is_int(ty) || is_text(ty) || *ty == Type::BYTEA
}

fn is_int(ty: &Type) -> bool {
    matches!(*ty, Type::INT8 | Type::INT4 | Type::INT2)
}

fn is_text(ty: &Type) -> bool {
    matches!(*ty, Type::TEXT | Type::VARCHAR)
}

type BoxedError = Box<dyn std::error::Error + std::marker::Sync + Send>;

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        match self {
            Self::NullInt if is_int(ty) => Ok(IsNull::Yes),
            Self::NullText if is_text(ty) => Ok(IsNull::Yes),
            Self::NullBytes if *ty == Type::BYTEA => Ok(IsNull::Yes),
            Self::Int(n) => match *ty {
                Type::INT8 => n.to_sql(ty, out),
                Type::INT4 => i32::try_from(*n)?.to_sql(ty, out),
                Type::INT2 => i16::try_from(*n)?.to_sql(ty, out),
                _ => Err(format!("an integer was given for a parameter of type {ty}").into()),
            },
            Self::Text(text) if is_text(ty) => text.as_ref().to_sql(ty, out),
            Self::Bytes(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            Self::NullInt | Self::NullText | Self::NullBytes | Self::Text(_) | Self::Bytes(_) => {
                Err(format!("text, bytes or a null of another type was given for a parameter of type {ty}")
                    .into())
            }
        }
    }

    fn accepts(ty: &Type) -> bool {
        is_portable(ty)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Self::Int(i16::from_sql(ty, raw)?.into()),
            // Comparisons in a `select` list; SQLite answers 0 or 1.
            Type::BOOL => Self::Int(bool::from_sql(ty, raw)?.into()),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            _ => Self::Text(String::from_sql(ty, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, BoxedError> {
        Ok(Self::Null)
    }

    fn accepts(ty: &Type) -> bool {
        is_portable(ty) || *ty == Type::BOOL
    }
}

fn sort(error: &tokio_postgres::Error, sql: &str) -> DbError {
    let Some(reported) = error.as_db_error() else {
        // Not from the server: the connection, or a value that does not fit its parameter.
        let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        let message = format!("{error}{cause}: {sql}");
        let is_io = error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>());
        return if is_io { DbError::Io(message) } else { DbError::Other(message) };
    };
    // The detail is left out: it carries values.
    let constraint = reported.constraint().map(|name| format!(" ({name})")).unwrap_or_default();
    let message = format!("{}{constraint}: {sql}", reported.message());
    let code = reported.code();
    if matches!(
        *code,
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::LOCK_NOT_AVAILABLE
    ) {
        return DbError::Retryable(message);
    }
    match &code.code()[..2] {
        "23" => DbError::Constraint(message),
        // Connection, resources, operator intervention, system: the server, not the statement.
        "08" | "53" | "58" | "XX" => DbError::Io(message),
        "57" if *code != SqlState::QUERY_CANCELED => DbError::Io(message),
        _ => DbError::Other(message),
    }
}
