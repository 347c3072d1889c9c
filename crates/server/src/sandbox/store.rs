//! SQL of the sandbox: the captured messages, and the way back to an empty database.

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::params;

use crate::app::MIGRATIONS;

platform::statements! {
    /// What was sent or captured, newest first.
    pub const LIST_OUTBOX = "select id, channel, recipient, account_id, subject, body, state, attempts, created_at \
        from outbox order by created_at desc, id desc limit $1 offset $2";
    /// How much was sent or captured.
    pub const COUNT_OUTBOX = "select cast(count(*) as bigint) from outbox";
}

/// One message.
pub struct Message {
    /// Id.
    pub id: String,
    /// `webhook`, `mail` or `sms`.
    pub channel: String,
    /// URL, address or number.
    pub recipient: String,
    /// The account it is about.
    pub account_id: String,
    /// Subject, or the event of a webhook.
    pub subject: String,
    /// Text.
    pub body: String,
    /// `waiting`, `sent`, `failed` or `captured`.
    pub state: String,
    /// How often sending it was tried.
    pub attempts: i64,
    /// When it was written.
    pub created_at: Instant,
}

/// Messages, newest first.
pub async fn list_outbox(tx: &mut Tx, limit: i64, offset: i64) -> Result<Vec<Message>, DbError> {
    let rows = tx.all(LIST_OUTBOX, params![limit, offset]).await?;
    let message = |mut row: platform::db::Row| Message {
        id: row.take_text(0),
        channel: row.take_text(1),
        recipient: row.take_text(2),
        account_id: row.take_text(3),
        subject: row.take_text(4),
        body: row.take_text(5),
        state: row.take_text(6),
        attempts: row.int(7),
        created_at: Instant::from_ms(row.int(8)),
    };
    Ok(rows.into_iter().map(message).collect())
}

/// How many messages there are.
pub async fn count_outbox(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(tx.one(COUNT_OUTBOX, &[]).await?.int(0))
}

/// The table of the versions that memory is checked against. They go on counting: an answer in flight that was
/// read before a reset must not be taken for a newer one after it.
const VERSIONS: &str = "versions";

/// Every table of the schema that a reset empties, read from the migrations so that a new one cannot be forgotten.
fn tables() -> Vec<&'static str> {
    let lines = MIGRATIONS.iter().flat_map(|migration| migration.sqlite.lines());
    let names = lines.filter_map(|line| line.strip_prefix("create table ")?.split([' ', '(']).next());
    names.filter(|name| *name != VERSIONS).collect()
}

fn delete_all(table: &str) -> String {
    format!("delete from {table}")
}

/// Empties the tables: the only statements of the product that touch the tables of all features.
pub async fn delete_everything(tx: &mut Tx) -> Result<(), DbError> {
    // A neighbour that is still writing would leave its rows behind.
    tx.lock_tables(&tables()).await?;
    // Later tables first: they are the ones that could refer to earlier ones.
    for table in tables().into_iter().rev() {
        tx.exec(&delete_all(table), &[]).await?;
    }
    Ok(())
}

/// Every statement of the sandbox.
pub fn statements() -> Vec<String> {
    let fixed = STATEMENTS.iter().map(|(_, text)| (*text).to_owned());
    fixed.chain(tables().into_iter().map(delete_all)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_created_table_is_known_to_the_reset() {
        let known = tables();
        let created: usize =
            MIGRATIONS.iter().map(|migration| migration.sqlite.matches("create table").count()).sum();
        assert_eq!(known.len() + 1, created, "all but versions");
        assert!(known.contains(&"settings") && known.contains(&"outbox"), "{known:?}");
    }
}
