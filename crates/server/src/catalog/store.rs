//! All SQL of the catalogue: every imported document, and the number of the one in force.

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::params;

/// The name of the catalogue among the versions that memory is checked against.
const NAME: &str = "catalog";

platform::statements! {
    /// The number of the catalogue in force.
    pub const FIND_VERSION = "select version from versions where name = $1";
    /// The same, held until the import that follows is committed.
    pub const LOCK_VERSION = "select version from versions where name = $1 {for_update}";
    /// Makes sure that there is a row to lock.
    pub const ENSURE_VERSION = "insert into versions (name, version) values ($1, 0) on conflict do nothing";
    /// Puts a number in force.
    pub const SET_VERSION = "update versions set version = $2 where name = $1";
    /// The document of a number.
    pub const FIND_DOCUMENT = "select document from catalogs where version = $1";
    /// Keeps a document.
    pub const INSERT_DOCUMENT = "insert into catalogs (version, document, imported_by, imported_at) \
        values ($1, $2, $3, $4)";
}

/// The number of the catalogue in force; 0 before the first import.
pub(super) async fn find_version(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(tx.opt(FIND_VERSION, params![NAME]).await?.map_or(0, |row| row.int(0)))
}

/// The same, held: imports follow one another.
pub(super) async fn lock_version(tx: &mut Tx) -> Result<i64, DbError> {
    tx.exec(ENSURE_VERSION, params![NAME]).await?;
    Ok(tx.one(LOCK_VERSION, params![NAME]).await?.int(0))
}

/// The document of a number.
pub(super) async fn find_document(tx: &mut Tx, version: i64) -> Result<Option<String>, DbError> {
    Ok(tx.opt(FIND_DOCUMENT, params![version]).await?.map(|row| row.text(0).to_owned()))
}

/// Keeps a document and puts it in force.
pub(super) async fn insert(
    tx: &mut Tx,
    version: i64,
    document: &str,
    imported_by: &str,
    now: Instant,
) -> Result<(), DbError> {
    tx.exec(INSERT_DOCUMENT, params![version, document, imported_by, now.ms()]).await?;
    tx.exec(SET_VERSION, params![NAME, version]).await?;
    Ok(())
}
