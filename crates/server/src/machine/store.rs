//! SQL of the probes.

use platform::db::{DbError, Tx};

platform::statements! {
    /// Whether the database answers, through a table that every installation has.
    pub const PING = "select cast(count(*) as bigint) from versions where name = 'ping'";
}

/// Asks the database for an answer.
pub async fn ping(tx: &mut Tx) -> Result<(), DbError> {
    tx.one(PING, &[]).await.map(drop)
}
