//! All SQL of what falls due on resources, and of holds.

use domain::calendar::Instant;
use platform::db::{DbError, Row, Tx};
use platform::job::Due;
use platform::params;

use super::{Resource, from_row};

platform::statements! {
    /// Which resources are due, by the primary one of their set.
    const DUE = "select due_at, coalesce(parent_id, id) from resources where due_at <= $1 \
        order by due_at, account_id, id limit $2";
    /// Resources of an account that are not frozen with it, locked, a page by id.
    const LOCK_UNHELD = concat!("select ", resource_columns!(), " from resources where account_id = $1 \
        and id > $2 and status in (2, 4, 5) and held_at is null order by id limit $3 {for_update}");
    /// Resources of an account that are frozen with it, locked, a page by id.
    const LOCK_HELD = concat!("select ", resource_columns!(), " from resources where account_id = $1 \
        and id > $2 and held_at is not null order by id limit $3 {for_update}");
}

/// What is due until an instant, by the primary resource of its set; a set comes once for each member.
pub(in crate::subscriptions) async fn due(
    tx: &mut Tx,
    until: Instant,
    limit: i64,
) -> Result<Vec<Due>, DbError> {
    let rows = tx.all(DUE, params![until.ms(), limit]).await?;
    let due = |mut row: Row| Due { at: Instant::from_ms(row.int(0)), key: row.take_text(1) };
    Ok(rows.into_iter().map(due).collect())
}

/// A page of an account's resources by id.
#[derive(Debug, Clone, Copy)]
pub(in crate::subscriptions) struct PageOf<'a> {
    pub account: &'a str,
    /// The last id of the page before; empty for the first.
    pub after: &'a str,
    pub limit: i64,
}

/// Resources that customers see and that are not frozen with their account, locked.
pub(in crate::subscriptions) async fn lock_unheld(
    tx: &mut Tx,
    page: PageOf<'_>,
) -> Result<Vec<Resource>, DbError> {
    let mut rows = tx.all(LOCK_UNHELD, params![page.account, page.after, page.limit]).await?;
    Ok(rows.iter_mut().map(from_row).collect())
}

/// Resources that are frozen with their account, locked.
pub(in crate::subscriptions) async fn lock_held(
    tx: &mut Tx,
    page: PageOf<'_>,
) -> Result<Vec<Resource>, DbError> {
    let mut rows = tx.all(LOCK_HELD, params![page.account, page.after, page.limit]).await?;
    Ok(rows.iter_mut().map(from_row).collect())
}
