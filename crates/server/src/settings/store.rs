//! SQL of the settings.

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::params;

platform::statements! {
    /// A setting.
    pub const FIND = "select value from settings where name = $1";
    /// Writes a setting unless it is there; no row changes when it is.
    pub const CLAIM = "insert into settings (name, value) values ($1, $2) on conflict (name) do nothing";
    /// Writes a setting.
    pub const PUT = "insert into settings (name, value) values ($1, $2) \
        on conflict (name) do update set value = excluded.value";
    /// Forgets a setting.
    pub const DELETE = "delete from settings where name = $1";
}

/// A setting's value.
pub async fn find(tx: &mut Tx, name: &str) -> Result<Option<String>, DbError> {
    Ok(tx.opt(FIND, params![name]).await?.map(|mut row| row.take_text(0)))
}

/// An instant that a setting holds.
pub async fn find_instant(tx: &mut Tx, name: &str) -> Result<Option<Instant>, DbError> {
    let Some(text) = find(tx, name).await? else { return Ok(None) };
    let ms = text.parse().ok().and_then(Instant::try_from_ms);
    ms.map(Some).ok_or_else(|| DbError::Other(format!("the setting {name} is no instant")))
}

/// Writes a setting.
pub async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<(), DbError> {
    tx.exec(PUT, params![name, value]).await.map(drop)
}

/// Writes an instant to a setting.
pub async fn put_instant(tx: &mut Tx, name: &str, at: Instant) -> Result<(), DbError> {
    put(tx, name, &at.ms().to_string()).await
}

/// Writes a setting unless it is there; whether this call wrote it.
pub async fn claim(tx: &mut Tx, name: &str, value: &str) -> Result<bool, DbError> {
    Ok(tx.exec(CLAIM, params![name, value]).await? == 1)
}

/// Forgets a setting.
pub async fn delete(tx: &mut Tx, name: &str) -> Result<(), DbError> {
    tx.exec(DELETE, params![name]).await.map(drop)
}
