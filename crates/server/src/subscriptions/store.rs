//! All SQL of resources. What the cloud still has to do for them, and quotas, have files of their own.

use domain::calendar::{Instant, PeriodType, Term};
use platform::db::{DbError, Row, Tx, Value};
use platform::params;

pub(super) use self::query::{Filter, query};
use crate::orders::model::Description;

/// Status of a resource that waits for the cloud.
pub(super) const WAITING: i64 = 0;
/// Status of a resource that the cloud could not provide.
pub(super) const NEVER_THERE: i64 = -1;

/// Statuses that customers see (004 table 8-27: closed resources are not visible to them).
const VISIBLE: [i64; 3] = [2, 4, 5];
/// Statuses in which a resource works: in use, and in grace.
const USABLE: [i64; 2] = [2, 5];

macro_rules! resource_columns {
    () => {
        "account_id, id, resource_id, order_id, line_no, seq, parent_id, resource_name, region_code, \
         available_zone, service_type_code, resource_type_code, resource_spec_code, project_id, \
         enterprise_project_id, product_id, product_spec_desc, spec_size, spec_size_measure_id, status, \
         expire_policy, auto_renew, period_type, period_num, created_at, effective_at, expires_at, updated_at, \
         renew_times, renew_at, is_trial, open_order_id, due_at, grace_until, retained_until, held_at, secured_at, \
         renew_period_type, renew_period_num"
    };
}

pub(super) mod charges;
pub(super) mod checks;
pub(super) mod five_days;
pub(super) mod life;
pub(super) mod on_demand;
mod query;
pub(super) mod quotas;
pub(super) mod renew_configs;
pub(super) mod tasks;

platform::statements! {
    /// A resource, whoever owns it: the cloud knows its id only.
    const FIND = concat!("select ", resource_columns!(), " from resources where id = $1");
    /// The same, locked.
    const LOCK = concat!("select ", resource_columns!(), " from resources where account_id = $1 and id = $2 \
        {for_update}");
    /// A resource as the cloud, or we, name it: the latest of that name, since a resource that turns pay-per-use and
    /// yearly/monthly again keeps its name.
    const FIND_NAMED = concat!("select ", resource_columns!(), " from resources where account_id = $1 \
        and resource_id = $2 order by id desc limit 1");
    /// Resources that the cloud names so, of any account, for the operator: two accounts may use one name.
    const FIND_NAMED_ANY = concat!("select ", resource_columns!(), " from resources where resource_id = $1 \
        and status in (2, 4, 5) order by account_id, id limit 2");
    /// What is attached to a primary resource, locked.
    const LOCK_ATTACHED = concat!("select ", resource_columns!(), " from resources where account_id = $1 \
        and parent_id = $2 order by id limit 1000 {for_update}");
    /// A primary resource as it is at this moment.
    const FIND_OWN = concat!("select ", resource_columns!(), " from resources where account_id = $1 and id = $2");
    /// What is attached to it, as it is at this moment.
    const FIND_ATTACHED = concat!("select ", resource_columns!(), " from resources where account_id = $1 \
        and parent_id = $2 order by id limit 1000");
    /// The resources of an order.
    const OF_ORDER = concat!("select ", resource_columns!(), " from resources where account_id = $1 \
        and order_id = $2 order by created_at, id limit 1001");
    /// What changes of a resource.
    const UPDATE = "update resources set resource_id = $3, status = $4, effective_at = $5, expires_at = $6, \
        updated_at = $7, expire_policy = $8, auto_renew = $9, renew_times = $10, renew_at = $11, period_type = $12, \
        period_num = $13, is_trial = $14, open_order_id = $15, due_at = $16, grace_until = $17, \
        retained_until = $18, held_at = $19, secured_at = $20, resource_spec_code = $21, product_id = $22, \
        product_spec_desc = $23, spec_size = $24, spec_size_measure_id = $25, \
        renew_period_type = $26, renew_period_num = $27 where account_id = $1 and id = $2";
    /// What was to be attached to a resource that never was stands alone.
    const DETACH = "update resources set parent_id = null where account_id = $1 and parent_id = $2";
    /// An order that waits holds a resource.
    const HOLD = "update resources set open_order_id = $3 where account_id = $1 and id = $2";
    /// An order holds nothing any more.
    const LET_GO = "update resources set open_order_id = null where account_id = $1 and open_order_id = $2";
    /// So many more resources of an account that customers see.
    const COUNT_MORE = "insert into resource_counters (account_id, visible) values ($1, $2) \
        on conflict (account_id) do update set visible = resource_counters.visible + excluded.visible";
    /// How many resources of an account customers see.
    const TOTAL_VISIBLE = "select visible from resource_counters where account_id = $1";
    /// How many resources the counters know.
    const NUMBER_COUNTED = "select cast(coalesce(sum(visible), 0) as bigint) from resource_counters";
    /// How many there are.
    const NUMBER_VISIBLE = "select count(*) from resources where status in (2, 4, 5)";
    /// Accounts whose counter is wrong.
    const BROKEN_COUNTERS = "select c.account_id from resource_counters c left join (select account_id, count(*) visible \
        from resources where status in (2, 4, 5) group by account_id) r on r.account_id = c.account_id \
        where coalesce(r.visible, 0) <> c.visible order by c.account_id limit $1";
    /// Accounts with resources and no counter.
    const WITHOUT_COUNTER = "select distinct r.account_id from resources r left join resource_counters c \
        on c.account_id = r.account_id where c.account_id is null and r.status in (2, 4, 5) \
        order by r.account_id limit $1";
    /// Whether another resource of the account has this name in the cloud: one that is there, or a later one that is
    /// gone, which [`FIND_NAMED`] would find instead.
    const NAMESAKES = "select count(*) from resources where account_id = $1 and resource_id = $2 and id <> $3 \
        and (status in (2, 4, 5) or id > $3)";
    /// How the resources of a line are: how many wait, how many are there, and their term.
    const LINE_STATE = "select cast(coalesce(sum(case when status = 0 then 1 else 0 end), 0) as bigint), \
        cast(coalesce(sum(case when status > 0 then 1 else 0 end), 0) as bigint), min(effective_at), \
        max(effective_at) from resources where account_id = $1 and order_id = $2 and line_no = $3";
    /// The resource id of a parent.
    const RESOURCE_ID = "select resource_id from resources where account_id = $1 and id = $2";
}

const INSERT: &str = concat!("insert into resources (", resource_columns!(), ", service_type_folded) values");

/// A yearly/monthly resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) account: String,
    /// Ours, and the resource id unless the cloud gives its own.
    pub(super) id: String,
    /// As the cloud names it.
    pub(super) resource_id: Option<String>,
    pub(super) order: String,
    pub(super) line_no: i64,
    /// Which of the line's subscriptions, from 0.
    pub(super) seq: i64,
    /// Our id of the primary resource.
    pub(super) parent: Option<String>,
    pub(super) resource_name: Option<String>,
    pub(super) region_code: String,
    pub(super) available_zone: Option<String>,
    pub(super) service_type_code: String,
    pub(super) resource_type_code: String,
    pub(super) resource_spec_code: String,
    pub(super) project_id: Option<String>,
    pub(super) enterprise_project_id: Option<String>,
    pub(super) product_id: String,
    pub(super) description: Description,
    pub(super) spec_size: Option<i64>,
    pub(super) spec_size_measure_id: Option<i64>,
    /// Rule 1.2, or [`WAITING`] or [`NEVER_THERE`].
    pub(super) status: i64,
    pub(super) expire_policy: i64,
    pub(super) auto_renew: bool,
    pub(super) period_type: i64,
    pub(super) period_num: i64,
    pub(super) created_at: Instant,
    pub(super) effective_at: Option<Instant>,
    pub(super) expires_at: Option<Instant>,
    pub(super) updated_at: Instant,
    /// Automatic renewals that are left; `None`: any number.
    pub(super) renew_times: Option<i64>,
    /// The next attempt of automatic renewal.
    pub(super) renew_at: Option<Instant>,
    pub(super) is_trial: bool,
    /// The order that holds it: it waits for payment, approval or the cloud.
    pub(super) open_order: Option<String>,
    /// When its life cycle goes on by itself.
    pub(super) due_at: Option<Instant>,
    pub(super) grace_until: Option<Instant>,
    pub(super) retained_until: Option<Instant>,
    /// Since when it is frozen with its account.
    pub(super) held_at: Option<Instant>,
    /// Since when it is frozen for security.
    pub(super) secured_at: Option<Instant>,
    /// For what automatic renewal is; `None`: for the term of the original purchase.
    pub(super) renewal: Option<Term>,
}

impl Resource {
    /// What was bought originally; changes are priced by its unit.
    pub(super) fn term(&self) -> Term {
        term_from(self.period_type, self.period_num)
    }

    /// What automatic renewal renews for (rule 1.5.5).
    pub(super) fn renewal_term(&self) -> Term {
        self.renewal.unwrap_or_else(|| self.term())
    }

    /// It is frozen, with its account or for security: unusable whatever its term.
    pub(super) fn is_held(&self) -> bool {
        self.held_at.is_some() || self.secured_at.is_some()
    }

    /// It can be used: it is in its term, or in grace after it, and nothing holds it.
    pub(super) fn is_usable(&self) -> bool {
        USABLE.contains(&self.status) && !self.is_held()
    }

    /// It can be used, and its term is not over.
    pub(super) fn is_in_term(&self, now: Instant) -> bool {
        self.is_usable() && self.expires_at.is_some_and(|end| now < end)
    }

    /// Whether customers see it: it is in use, in its grace period or frozen.
    pub(super) fn is_visible(&self) -> bool {
        VISIBLE.contains(&self.status)
    }
}

fn term_from(period: i64, count: i64) -> Term {
    let period = PeriodType::from_code(period).expect("stored from the same table of codes");
    Term { period, count: u32::try_from(count).expect("placing bounds the number") }
}

fn from_row(row: &mut Row) -> Resource {
    Resource {
        account: row.take_text(0),
        id: row.take_text(1),
        resource_id: row.take_opt_text(2),
        order: row.take_text(3),
        line_no: row.int(4),
        seq: row.int(5),
        parent: row.take_opt_text(6),
        resource_name: row.take_opt_text(7),
        region_code: row.take_text(8),
        available_zone: row.take_opt_text(9),
        service_type_code: row.take_text(10),
        resource_type_code: row.take_text(11),
        resource_spec_code: row.take_text(12),
        project_id: row.take_opt_text(13),
        enterprise_project_id: row.take_opt_text(14),
        product_id: row.take_text(15),
        description: Description::from_stored(row.text(16)),
        spec_size: row.opt_int(17),
        spec_size_measure_id: row.opt_int(18),
        status: row.int(19),
        expire_policy: row.int(20),
        auto_renew: row.bool(21),
        period_type: row.int(22),
        period_num: row.int(23),
        created_at: Instant::from_ms(row.int(24)),
        effective_at: row.opt_int(25).map(Instant::from_ms),
        expires_at: row.opt_int(26).map(Instant::from_ms),
        updated_at: Instant::from_ms(row.int(27)),
        renew_times: row.opt_int(28),
        renew_at: row.opt_int(29).map(Instant::from_ms),
        is_trial: row.bool(30),
        open_order: row.take_opt_text(31),
        due_at: row.opt_int(32).map(Instant::from_ms),
        grace_until: row.opt_int(33).map(Instant::from_ms),
        retained_until: row.opt_int(34).map(Instant::from_ms),
        held_at: row.opt_int(35).map(Instant::from_ms),
        secured_at: row.opt_int(36).map(Instant::from_ms),
        renewal: row.opt_int(37).zip(row.opt_int(38)).map(|(period, count)| term_from(period, count)),
    }
}

fn to_row(resource: &Resource) -> Vec<Value<'_>> {
    vec![
        Value::from(&resource.account),
        Value::from(&resource.id),
        Value::from(resource.resource_id.as_deref()),
        Value::from(&resource.order),
        Value::from(resource.line_no),
        Value::from(resource.seq),
        Value::from(resource.parent.as_deref()),
        Value::from(resource.resource_name.as_deref()),
        Value::from(&resource.region_code),
        Value::from(resource.available_zone.as_deref()),
        Value::from(&resource.service_type_code),
        Value::from(&resource.resource_type_code),
        Value::from(&resource.resource_spec_code),
        Value::from(resource.project_id.as_deref()),
        Value::from(resource.enterprise_project_id.as_deref()),
        Value::from(&resource.product_id),
        Value::from(resource.description.to_stored()),
        Value::from(resource.spec_size),
        Value::from(resource.spec_size_measure_id),
        Value::from(resource.status),
        Value::from(resource.expire_policy),
        Value::from(resource.auto_renew),
        Value::from(resource.period_type),
        Value::from(resource.period_num),
        Value::from(resource.created_at.ms()),
        Value::from(resource.effective_at.map(Instant::ms)),
        Value::from(resource.expires_at.map(Instant::ms)),
        Value::from(resource.updated_at.ms()),
        Value::from(resource.renew_times),
        Value::from(resource.renew_at.map(Instant::ms)),
        Value::from(resource.is_trial),
        Value::from(resource.open_order.as_deref()),
        Value::from(resource.due_at.map(Instant::ms)),
        Value::from(resource.grace_until.map(Instant::ms)),
        Value::from(resource.retained_until.map(Instant::ms)),
        Value::from(resource.held_at.map(Instant::ms)),
        Value::from(resource.secured_at.map(Instant::ms)),
        Value::from(resource.renewal.map(|term| term.period.code())),
        Value::from(resource.renewal.map(|term| i64::from(term.count))),
        Value::from(resource.service_type_code.to_lowercase()),
    ]
}

/// Writes new resources of one account, and counts those that customers see.
pub(super) async fn insert(tx: &mut Tx, resources: &[Resource]) -> Result<(), DbError> {
    let Some(first) = resources.first() else { return Ok(()) };
    let rows: Vec<_> = resources.iter().map(to_row).collect();
    tx.send_many(INSERT, &rows, "").await?;
    let visible = resources.iter().filter(|resource| VISIBLE.contains(&resource.status)).count();
    count_more(tx, &first.account, i64::try_from(visible).expect("placing bounds the number")).await
}

/// So many resources of an account became visible to customers.
async fn count_more(tx: &mut Tx, account: &str, number: i64) -> Result<(), DbError> {
    if number != 0 {
        tx.send(COUNT_MORE, params![account, number]).await?;
    }
    Ok(())
}

/// A resource, whoever owns it.
pub(super) async fn find(tx: &mut Tx, id: &str) -> Result<Option<Resource>, DbError> {
    Ok(tx.opt(FIND, params![id]).await?.map(|mut row| from_row(&mut row)))
}

/// A resource that is there, locked.
pub(super) async fn lock(tx: &mut Tx, account: &str, id: &str) -> Result<Resource, DbError> {
    let mut row = tx.one(LOCK, params![account, id]).await?;
    Ok(from_row(&mut row))
}

/// Writes what changed of a resource, and counts it where customers begin or cease to see it.
pub(super) async fn update(tx: &mut Tx, resource: &Resource, was_visible: bool) -> Result<(), DbError> {
    let ms = |instant: Option<Instant>| instant.map(Instant::ms);
    tx.send(
        UPDATE,
        params![
            &resource.account,
            &resource.id,
            resource.resource_id.as_deref(),
            resource.status,
            ms(resource.effective_at),
            ms(resource.expires_at),
            resource.updated_at.ms(),
            resource.expire_policy,
            resource.auto_renew,
            resource.renew_times,
            ms(resource.renew_at),
            resource.period_type,
            resource.period_num,
            resource.is_trial,
            resource.open_order.as_deref(),
            ms(resource.due_at),
            ms(resource.grace_until),
            ms(resource.retained_until),
            ms(resource.held_at),
            ms(resource.secured_at),
            &resource.resource_spec_code,
            &resource.product_id,
            resource.description.to_stored(),
            resource.spec_size,
            resource.spec_size_measure_id,
            resource.renewal.map(|term| term.period.code()),
            resource.renewal.map(|term| i64::from(term.count)),
        ],
    )
    .await?;
    let more = i64::from(resource.is_visible()) - i64::from(was_visible);
    count_more(tx, &resource.account, more).await
}

/// A resource of an account by the name that the wire uses.
pub(super) async fn find_named(
    tx: &mut Tx,
    account: &str,
    resource_id: &str,
) -> Result<Option<Resource>, DbError> {
    Ok(tx.opt(FIND_NAMED, params![account, resource_id]).await?.map(|mut row| from_row(&mut row)))
}

/// Resources that customers see and that the cloud names so, of any account: more than one is ambiguous.
pub(super) async fn find_named_any(tx: &mut Tx, resource_id: &str) -> Result<Vec<Resource>, DbError> {
    Ok(tx.all(FIND_NAMED_ANY, params![resource_id]).await?.iter_mut().map(from_row).collect())
}

/// A primary resource and all that was ever attached to it, locked: the primary first, then the others in the order of
/// their ids.
pub(super) async fn lock_set(tx: &mut Tx, account: &str, primary: &str) -> Result<Vec<Resource>, DbError> {
    set_by(tx, [LOCK, LOCK_ATTACHED], account, primary).await
}

/// The same, not locked.
pub(super) async fn find_set(tx: &mut Tx, account: &str, primary: &str) -> Result<Vec<Resource>, DbError> {
    set_by(tx, [FIND_OWN, FIND_ATTACHED], account, primary).await
}

/// Two reads, since no index serves both an id and a parent's.
async fn set_by(
    tx: &mut Tx,
    texts: [&'static str; 2],
    account: &str,
    primary: &str,
) -> Result<Vec<Resource>, DbError> {
    let mut members = Vec::new();
    for text in texts {
        members.extend(tx.all(text, params![account, primary]).await?.iter_mut().map(from_row));
    }
    Ok(members)
}

/// The resources that an order bought, in the order of their ids; not locked.
pub(super) async fn of_order(tx: &mut Tx, account: &str, order: &str) -> Result<Vec<Resource>, DbError> {
    let mut rows = tx.all(OF_ORDER, params![account, order]).await?;
    Ok(rows.iter_mut().map(from_row).collect())
}

/// What was to be attached to a resource that never was stands alone: it can be renewed and returned by itself.
pub(super) async fn detach(tx: &mut Tx, primary: &Resource) -> Result<(), DbError> {
    tx.send(DETACH, params![&primary.account, &primary.id]).await
}

/// An order holds a resource from now on.
pub(super) async fn hold(tx: &mut Tx, account: &str, id: &str, order: &str) -> Result<(), DbError> {
    tx.send(HOLD, params![account, id, order]).await
}

/// An order holds no resource any more.
pub(super) async fn let_go(tx: &mut Tx, account: &str, order: &str) -> Result<(), DbError> {
    tx.send(LET_GO, params![account, order]).await
}

/// Whether a yearly/monthly resource of the account other than `id` has this resource id.
pub(super) async fn is_taken(
    tx: &mut Tx,
    account: &str,
    (resource_id, id): (&str, &str),
) -> Result<bool, DbError> {
    Ok(tx.one(NAMESAKES, params![account, resource_id, id]).await?.int(0) > 0)
}

/// How the resources of a line are.
pub(super) struct LineProgress {
    /// How many wait for the cloud.
    pub(super) waiting: i64,
    /// When the first and the last of those that are there began; `None`: none is. What became of them later, such as
    /// a renewal before the last was delivered, is no matter of the line.
    pub(super) begun: Option<(Instant, Instant)>,
}

pub(super) async fn line_progress(tx: &mut Tx, one: &Resource) -> Result<LineProgress, DbError> {
    let row = tx.one(LINE_STATE, params![&one.account, &one.order, one.line_no]).await?;
    let begun = match (row.int(1), row.opt_int(2), row.opt_int(3)) {
        (0, _, _) => None,
        (_, Some(first), Some(last)) => Some((Instant::from_ms(first), Instant::from_ms(last))),
        (_, _, _) => None,
    };
    Ok(LineProgress { waiting: row.int(0), begun })
}

/// The cloud's id of a resource.
pub(super) async fn resource_id(tx: &mut Tx, account: &str, id: &str) -> Result<Option<String>, DbError> {
    let row = tx.opt(RESOURCE_ID, params![account, id]).await?;
    Ok(row.and_then(|mut row| row.take_opt_text(0)))
}

/// How many resources of an account customers see.
pub(super) async fn total_visible(tx: &mut Tx, account: &str) -> Result<i64, DbError> {
    let row = tx.opt(TOTAL_VISIBLE, params![account]).await?;
    Ok(row.map_or(0, |row| row.int(0)))
}

/// What the counters and the resources say of each other.
pub(super) struct Counted {
    /// By the counters.
    pub(super) counted: i64,
    /// By the resources.
    pub(super) found: i64,
    /// Accounts where they do not agree.
    pub(super) broken: Vec<String>,
}

/// Counters against resources; `limit` accounts of either fault are named.
pub(super) async fn counters(tx: &mut Tx, limit: i64) -> Result<Counted, DbError> {
    let mut broken = Vec::new();
    for sql in [BROKEN_COUNTERS, WITHOUT_COUNTER] {
        broken.extend(tx.all(sql, params![limit]).await?.into_iter().map(|mut row| row.take_text(0)));
    }
    let counted = tx.one(NUMBER_COUNTED, &[]).await?.int(0);
    let found = tx.one(NUMBER_VISIBLE, &[]).await?.int(0);
    Ok(Counted { counted, found, broken })
}

fn insert_text(head: &str, columns: usize) -> String {
    let values: Vec<String> = (1..=columns).map(|number| format!("${number}")).collect();
    format!("{head} ({})", values.join(","))
}

/// Every statement of this store; of the composed ones those with no filter, with each alone and with all.
pub(super) fn statements() -> Vec<String> {
    let mut all: Vec<String> = STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()).collect();
    all.push(insert_text(INSERT, resource_columns!().split(',').count() + 1));
    all.extend(charges::statements());
    all.extend(five_days::STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()));
    all.extend(on_demand::statements());
    all.push(insert_text(tasks::INSERT, tasks::INSERT_COLUMNS));
    all.extend(query::statements());
    all.extend(checks::STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()));
    all.extend(life::STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()));
    all.extend(quotas::statements());
    all.extend(renew_configs::statements());
    all.extend(tasks::STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()));
    all
}
