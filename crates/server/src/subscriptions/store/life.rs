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
    /// Primary resources of an account that are not frozen with it, locked, a page by id.
    const LOCK_UNHELD = concat!("select ", resource_columns!(), " from resources where account_id = $1 \
        and id > $2 and parent_id is null and status in (2, 4, 5) and held_at is null \
        order by id limit $3 {for_update}");
    /// Attached ones, a page by their primaries.
    const LOCK_UNHELD_ATTACHED = concat!("select ", resource_columns!(), " from resources where account_id = $1 \
        and (parent_id, id) > ($2, $3) and parent_id is not null and status in (2, 4, 5) and held_at is null \
        order by parent_id, id limit $4 {for_update}");
    /// Primary resources of an account that are frozen with it, locked, a page by id.
    const LOCK_HELD = concat!("select ", resource_columns!(), " from resources where account_id = $1 \
        and id > $2 and parent_id is null and held_at is not null order by id limit $3 {for_update}");
    /// Attached ones, a page by their primaries.
    const LOCK_HELD_ATTACHED = concat!("select ", resource_columns!(), " from resources where account_id = $1 \
        and (parent_id, id) > ($2, $3) and parent_id is not null and held_at is not null \
        order by parent_id, id limit $4 {for_update}");
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

/// A page of an account's resources: first all primary ones, then all attached ones, so that whoever locks sets in the
/// order of their primaries and this never wait for each other.
#[derive(Debug, Clone, Copy)]
pub(in crate::subscriptions) struct PageOf<'a> {
    pub account: &'a str,
    /// The last resource of the page before; `None` for the first page.
    pub after: Option<&'a Resource>,
    pub limit: i64,
}

/// Resources that customers see and that are not frozen with their account, locked.
pub(in crate::subscriptions) async fn lock_unheld(
    tx: &mut Tx,
    page: PageOf<'_>,
) -> Result<Vec<Resource>, DbError> {
    lock_page(tx, page, [LOCK_UNHELD, LOCK_UNHELD_ATTACHED]).await
}

/// Resources that are frozen with their account, locked.
pub(in crate::subscriptions) async fn lock_held(
    tx: &mut Tx,
    page: PageOf<'_>,
) -> Result<Vec<Resource>, DbError> {
    lock_page(tx, page, [LOCK_HELD, LOCK_HELD_ATTACHED]).await
}

async fn lock_page(
    tx: &mut Tx,
    PageOf { account, after, limit }: PageOf<'_>,
    [primaries, attached]: [&'static str; 2],
) -> Result<Vec<Resource>, DbError> {
    let id = after.map_or("", |last| last.id.as_str());
    let parent = after.and_then(|last| last.parent.as_deref());
    let mut rows = match parent {
        None => tx.all(primaries, params![account, id, limit]).await?,
        Some(_) => Vec::new(),
    };
    if rows.is_empty() {
        let (parent, id) = parent.map_or(("", ""), |parent| (parent, id));
        rows = tx.all(attached, params![account, parent, id, limit]).await?;
    }
    Ok(rows.iter_mut().map(from_row).collect())
}
