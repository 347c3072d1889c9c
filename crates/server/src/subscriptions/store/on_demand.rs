//! All SQL of pay-per-use resources.

use domain::calendar::Instant;
use domain::subscription::ResourceStatus;
use platform::db::{DbError, Row, Tx, Value};
use platform::job::Due;
use platform::params;

macro_rules! on_demand_columns {
    () => {
        "account_id, id, resource_id, origin, parent_id, resource_name, region_code, available_zone, \
         service_type_code, resource_type_code, resource_spec_code, project_id, enterprise_project_id, spec_size, \
         spec_size_measure_id, status, open_order_id, began_at, ended_at, held_at, due_at"
    };
}

/// Status of a pay-per-use resource that is there.
pub(in crate::subscriptions) const IN_USE: i64 = 2;
/// Status of one that was released or deleted, or turned yearly/monthly.
pub(in crate::subscriptions) const ENDED: i64 = 3;

/// The most resources of a set.
const SET_MAX: i64 = 1_000;

platform::statements! {
    /// A resource in use, as the cloud, or we, name it.
    const FIND_NAMED = concat!("select ", on_demand_columns!(), " from on_demand_resources where account_id = $1 \
        and resource_id = $2 and status = 2 order by id limit 1");
    /// One of them by our id, whoever owns it; the caller checks whose it may be.
    const FIND = concat!("select ", on_demand_columns!(), " from on_demand_resources where id = $1");
    /// One in use by the cloud's name alone, for the operator, who may see all; two accounts may use one name.
    const FIND_NAMED_ANY = concat!("select ", on_demand_columns!(), " from on_demand_resources \
        where resource_id = $1 and status = 2 order by account_id, id limit 2");
    /// A resource in use, locked.
    const LOCK = concat!("select ", on_demand_columns!(), " from on_demand_resources where account_id = $1 \
        and id = $2 and status = 2 {for_update}");
    /// What is attached to it and in use, locked.
    const LOCK_ATTACHED = concat!("select ", on_demand_columns!(), " from on_demand_resources where account_id = $1 \
        and parent_id = $2 and status = 2 order by id limit $3 {for_update}");
    /// What changes of a resource.
    const UPDATE = "update on_demand_resources set status = $3, open_order_id = $4, ended_at = $5, held_at = $6, \
        due_at = $7 where account_id = $1 and id = $2";
    /// An order that waits holds a resource.
    const HOLD = "update on_demand_resources set open_order_id = $3 where account_id = $1 and id = $2";
    /// A resource, locked, whatever became of it.
    const LOCK_ANY = concat!("select ", on_demand_columns!(), " from on_demand_resources where account_id = $1 \
        and id = $2 {for_update}");
    /// Which resources are due to be deleted, by the primary one of their set.
    const DUE = "select due_at, coalesce(parent_id, id) from on_demand_resources where due_at <= $1 \
        order by due_at, account_id, id limit $2";
    /// Primary resources of an account that are not frozen with it, locked, a page by id.
    const LOCK_UNHELD = concat!("select ", on_demand_columns!(), " from on_demand_resources where account_id = $1 \
        and id > $2 and parent_id is null and status = 2 and held_at is null order by id limit $3 {for_update}");
    /// Attached ones, a page by their primaries.
    const LOCK_UNHELD_ATTACHED = concat!("select ", on_demand_columns!(), " from on_demand_resources \
        where account_id = $1 and (parent_id, id) > ($2, $3) and parent_id is not null and status = 2 \
        and held_at is null order by parent_id, id limit $4 {for_update}");
    /// Primary resources of an account that are frozen with it, locked, a page by id.
    const LOCK_HELD = concat!("select ", on_demand_columns!(), " from on_demand_resources where account_id = $1 \
        and id > $2 and parent_id is null and held_at is not null order by id limit $3 {for_update}");
    /// Attached ones, a page by their primaries.
    const LOCK_HELD_ATTACHED = concat!("select ", on_demand_columns!(), " from on_demand_resources \
        where account_id = $1 and (parent_id, id) > ($2, $3) and parent_id is not null and held_at is not null \
        order by parent_id, id limit $4 {for_update}");
    /// How many resources of an account are in use.
    const TOTAL_OF = "select count(*) from on_demand_resources where account_id = $1 and status = 2";
    /// A page of them.
    const PAGE_OF = concat!("select ", on_demand_columns!(), " from on_demand_resources where account_id = $1 \
        and status = 2 order by began_at, id limit $2 offset $3");
    /// How many of all accounts are.
    const TOTAL = "select count(*) from on_demand_resources where status = 2";
    /// A page of those.
    const PAGE = concat!("select ", on_demand_columns!(), " from on_demand_resources where status = 2 \
        order by began_at, id limit $1 offset $2");
}

const INSERT: &str = concat!("insert into on_demand_resources (", on_demand_columns!(), ") values");

/// A pay-per-use resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::subscriptions) struct OnDemand {
    pub account: String,
    /// Ours.
    pub id: String,
    /// As the cloud names it.
    pub resource_id: String,
    /// Our id of the yearly/monthly resource that it was.
    pub origin: Option<String>,
    /// Our id of the pay-per-use resource that it is attached to.
    pub parent: Option<String>,
    pub resource_name: Option<String>,
    pub region_code: String,
    pub available_zone: Option<String>,
    pub service_type_code: String,
    pub resource_type_code: String,
    pub resource_spec_code: String,
    pub project_id: Option<String>,
    pub enterprise_project_id: Option<String>,
    pub spec_size: Option<i64>,
    pub spec_size_measure_id: Option<i64>,
    /// [`IN_USE`] or [`ENDED`].
    pub status: i64,
    /// The order that turns it yearly/monthly and waits.
    pub open_order: Option<String>,
    /// Since when it is pay-per-use.
    pub began_at: Instant,
    /// Since when it no longer is.
    pub ended_at: Option<Instant>,
    /// Since when it is frozen with its account.
    pub held_at: Option<Instant>,
    /// When that deletes it.
    pub due_at: Option<Instant>,
}

impl OnDemand {
    /// As it is shown: in use, frozen or closed.
    pub(in crate::subscriptions) fn shown(&self) -> ResourceStatus {
        match (self.status, self.held_at) {
            (IN_USE, None) => ResourceStatus::InUse,
            (IN_USE, Some(_)) => ResourceStatus::Frozen,
            (_, _) => ResourceStatus::Closed,
        }
    }
}

fn from_row(row: &mut Row) -> OnDemand {
    OnDemand {
        account: row.take_text(0),
        id: row.take_text(1),
        resource_id: row.take_text(2),
        origin: row.take_opt_text(3),
        parent: row.take_opt_text(4),
        resource_name: row.take_opt_text(5),
        region_code: row.take_text(6),
        available_zone: row.take_opt_text(7),
        service_type_code: row.take_text(8),
        resource_type_code: row.take_text(9),
        resource_spec_code: row.take_text(10),
        project_id: row.take_opt_text(11),
        enterprise_project_id: row.take_opt_text(12),
        spec_size: row.opt_int(13),
        spec_size_measure_id: row.opt_int(14),
        status: row.int(15),
        open_order: row.take_opt_text(16),
        began_at: Instant::from_ms(row.int(17)),
        ended_at: row.opt_int(18).map(Instant::from_ms),
        held_at: row.opt_int(19).map(Instant::from_ms),
        due_at: row.opt_int(20).map(Instant::from_ms),
    }
}

fn to_row(resource: &OnDemand) -> Vec<Value<'_>> {
    vec![
        Value::from(&resource.account),
        Value::from(&resource.id),
        Value::from(&resource.resource_id),
        Value::from(resource.origin.as_deref()),
        Value::from(resource.parent.as_deref()),
        Value::from(resource.resource_name.as_deref()),
        Value::from(&resource.region_code),
        Value::from(resource.available_zone.as_deref()),
        Value::from(&resource.service_type_code),
        Value::from(&resource.resource_type_code),
        Value::from(&resource.resource_spec_code),
        Value::from(resource.project_id.as_deref()),
        Value::from(resource.enterprise_project_id.as_deref()),
        Value::from(resource.spec_size),
        Value::from(resource.spec_size_measure_id),
        Value::from(resource.status),
        Value::from(resource.open_order.as_deref()),
        Value::from(resource.began_at.ms()),
        Value::from(resource.ended_at.map(Instant::ms)),
        Value::from(resource.held_at.map(Instant::ms)),
        Value::from(resource.due_at.map(Instant::ms)),
    ]
}

fn one(row: Option<Row>) -> Option<OnDemand> {
    row.map(|mut row| from_row(&mut row))
}

/// Writes a new resource.
pub(in crate::subscriptions) async fn insert(tx: &mut Tx, resource: &OnDemand) -> Result<(), DbError> {
    tx.send_many(INSERT, &[to_row(resource)], "").await
}

/// A resource of an account that is in use, by the name that the wire uses.
pub(in crate::subscriptions) async fn find_named(
    tx: &mut Tx,
    account: &str,
    resource_id: &str,
) -> Result<Option<OnDemand>, DbError> {
    Ok(one(tx.opt(FIND_NAMED, params![account, resource_id]).await?))
}

/// A resource by our id, whoever owns it, used or ended.
pub(in crate::subscriptions) async fn find(tx: &mut Tx, id: &str) -> Result<Option<OnDemand>, DbError> {
    Ok(one(tx.opt(FIND, params![id]).await?))
}

/// Resources in use that the cloud names so, of any account: more than one answer is ambiguous.
pub(in crate::subscriptions) async fn find_named_any(
    tx: &mut Tx,
    resource_id: &str,
) -> Result<Vec<OnDemand>, DbError> {
    Ok(tx.all(FIND_NAMED_ANY, params![resource_id]).await?.iter_mut().map(from_row).collect())
}

/// A primary resource and what is attached to it, of those in use, locked: the primary first, then the others in the
/// order of their ids.
pub(in crate::subscriptions) async fn lock_set(
    tx: &mut Tx,
    account: &str,
    primary: &str,
) -> Result<Vec<OnDemand>, DbError> {
    let mut rows = tx.all(LOCK, params![account, primary]).await?;
    rows.extend(tx.all(LOCK_ATTACHED, params![account, primary, SET_MAX]).await?);
    Ok(rows.iter_mut().map(from_row).collect())
}

/// Writes what changed of a resource.
pub(in crate::subscriptions) async fn update(tx: &mut Tx, resource: &OnDemand) -> Result<(), DbError> {
    let params = params![
        &resource.account,
        &resource.id,
        resource.status,
        resource.open_order.as_deref(),
        resource.ended_at.map(Instant::ms),
        resource.held_at.map(Instant::ms),
        resource.due_at.map(Instant::ms),
    ];
    tx.send(UPDATE, params).await
}

/// A resource by our id, locked, in use or ended.
pub(in crate::subscriptions) async fn lock_any(
    tx: &mut Tx,
    account: &str,
    id: &str,
) -> Result<OnDemand, DbError> {
    Ok(from_row(&mut tx.one(LOCK_ANY, params![account, id]).await?))
}

/// What is due to be deleted until an instant, by the primary resource of its set; a set comes once for each member.
pub(in crate::subscriptions) async fn due(
    tx: &mut Tx,
    until: Instant,
    limit: i64,
) -> Result<Vec<Due>, DbError> {
    let rows = tx.all(DUE, params![until.ms(), limit]).await?;
    let due = |mut row: Row| Due { at: Instant::from_ms(row.int(0)), key: row.take_text(1) };
    Ok(rows.into_iter().map(due).collect())
}

/// A page of an account's resources in use: first all primary ones, then all attached ones, as
/// [`super::life::PageOf`] has it.
#[derive(Debug, Clone, Copy)]
pub(in crate::subscriptions) struct PageOf<'a> {
    pub account: &'a str,
    /// The last resource of the page before; `None` for the first page.
    pub after: Option<&'a OnDemand>,
    pub limit: i64,
}

/// Resources in use that are not frozen with their account, locked.
pub(in crate::subscriptions) async fn lock_unheld(
    tx: &mut Tx,
    page: PageOf<'_>,
) -> Result<Vec<OnDemand>, DbError> {
    lock_page(tx, page, [LOCK_UNHELD, LOCK_UNHELD_ATTACHED]).await
}

/// Resources that are frozen with their account, locked.
pub(in crate::subscriptions) async fn lock_held(
    tx: &mut Tx,
    page: PageOf<'_>,
) -> Result<Vec<OnDemand>, DbError> {
    lock_page(tx, page, [LOCK_HELD, LOCK_HELD_ATTACHED]).await
}

async fn lock_page(
    tx: &mut Tx,
    PageOf { account, after, limit }: PageOf<'_>,
    [primaries, attached]: [&'static str; 2],
) -> Result<Vec<OnDemand>, DbError> {
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

/// How many resources of an account are in use.
pub(in crate::subscriptions) async fn total_of(tx: &mut Tx, account: &str) -> Result<i64, DbError> {
    Ok(tx.one(TOTAL_OF, params![account]).await?.int(0))
}

/// An order holds a resource from now on; `None`: none does any more.
pub(in crate::subscriptions) async fn hold(
    tx: &mut Tx,
    account: &str,
    id: &str,
    order: Option<&str>,
) -> Result<(), DbError> {
    tx.send(HOLD, params![account, id, order]).await
}

/// A page of the resources in use, of an account or of all, the oldest first; and how many there are.
pub(in crate::subscriptions) async fn list(
    tx: &mut Tx,
    account: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<OnDemand>), DbError> {
    let (total, mut rows) = match account {
        Some(account) => {
            (total_of(tx, account).await?, tx.all(PAGE_OF, params![account, limit, offset]).await?)
        }
        None => (tx.one(TOTAL, &[]).await?.int(0), tx.all(PAGE, params![limit, offset]).await?),
    };
    Ok((total, rows.iter_mut().map(from_row).collect()))
}

/// Every statement of this store.
pub(super) fn statements() -> Vec<String> {
    let mut all: Vec<String> = STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()).collect();
    let values: Vec<String> =
        (1..=on_demand_columns!().split(',').count()).map(|number| format!("${number}")).collect();
    all.push(format!("{INSERT} ({})", values.join(",")));
    all
}
