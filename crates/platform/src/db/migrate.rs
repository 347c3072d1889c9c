//! Migrations: schema changes in order, each in a transaction of its own, each applied once.

use super::{Db, DbError, Home, ROWS_MAX, Row, text};
use crate::params;

/// One step of the schema. The two texts may be the same; `{text}` stands for text that compares byte by byte and
/// `{bytes}` for byte strings, and both are translated for the engine. Deferred constraints are not allowed: on
/// SQLite one that fails would take its neighbours' commit with it.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its place in the order; never reused.
    pub version: i64,
    /// Its name, recorded with it.
    pub name: &'static str,
    /// The statements for SQLite.
    pub sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub postgres: &'static str,
}

const HISTORY: &str = "create table if not exists schema_migrations (
    version bigint primary key,
    name {text} not null,
    applied_at bigint not null
)";
const APPLIED: &str = "select version, name from schema_migrations order by version";
const RECORD: &str = "insert into schema_migrations (version, name, applied_at) values ($1, $2, $3)";
/// Any number, the same in every process: whoever migrates the same database waits for the other's transaction.
const LOCK: &str = "select pg_advisory_xact_lock(7166209)";

pub(super) async fn run(db: &Db, migrations: &[Migration], applied_at: i64) -> Result<(), DbError> {
    assert!(
        migrations.windows(2).all(|pair| pair[0].version < pair[1].version),
        "migrations must be in ascending order of version"
    );
    // Looked at afresh for each step, since another process may be applying them at the same time.
    while apply_next(db, migrations, applied_at).await? {}
    Ok(())
}

/// Applies the first migration that is missing; `false` when there is none.
async fn apply_next(db: &Db, migrations: &[Migration], applied_at: i64) -> Result<bool, DbError> {
    match &db.home {
        Home::Sqlite(home) => {
            let mut tx = home.begin_write().await?;
            tx.script(&text::schema(HISTORY, db.engine()))?;
            let applied = tx.rows(APPLIED, &[], ROWS_MAX)?;
            let Some(next) = next(migrations, &applied)? else { return Ok(false) };
            tx.script(&text::schema(next.sqlite, db.engine())).map_err(|e| in_migration(next, &e))?;
            tx.exec(RECORD, params![next.version, next.name, applied_at])?;
            tx.commit().await?;
        }
        Home::Postgres(home) => {
            let mut tx = home.begin_write().await?;
            tx.control(LOCK).await?;
            tx.control(&text::schema(HISTORY, db.engine())).await?;
            let applied = tx.rows(APPLIED, &[], ROWS_MAX).await?;
            let Some(next) = next(migrations, &applied)? else { return Ok(false) };
            let script = text::schema(next.postgres, db.engine());
            // A new index on a large table takes as long as it takes.
            tx.control("set local statement_timeout = 0").await?;
            tx.control(&script).await.map_err(|e| in_migration(next, &e))?;
            let record = params![next.version, next.name, applied_at].to_vec();
            tx.exec(RECORD, &record.iter().collect::<Vec<_>>()).await?;
            tx.commit().await?;
        }
    }
    Ok(true)
}

fn in_migration(migration: &Migration, error: &DbError) -> DbError {
    let Migration { version, name, .. } = migration;
    DbError::Other(format!("migration {version} ({name}) failed and was taken back: {error}"))
}

/// Compares the history with what this program knows: it must be a beginning of it.
fn next<'a>(migrations: &'a [Migration], applied: &[Row]) -> Result<Option<&'a Migration>, DbError> {
    for (place, row) in applied.iter().enumerate() {
        let (version, name) = (row.int(0), row.text(1));
        match migrations.get(place) {
            Some(known) if known.version == version && known.name == name => {}
            Some(known) if known.version < version => {
                return Err(DbError::Other(format!(
                    "migration {} ({}) is missing although {version} ({name}) was applied",
                    known.version, known.name
                )));
            }
            _ => {
                // Either beyond the last known one, or another one under a known number.
                return Err(DbError::Other(format!(
                    "the database was migrated by another program: it has migration {version} ({name}), which \
                     this one does not know; run the newer program or restore a backup"
                )));
            }
        }
    }
    Ok(migrations.get(applied.len()))
}
