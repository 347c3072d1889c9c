//! All SQL of what the cloud still has to do.

use domain::calendar::Instant;
use platform::db::{DbError, Row, Tx, Value};
use platform::params;

use super::Resource;
use super::on_demand::OnDemand;

macro_rules! task_columns {
    () => {
        "id, order_id, action, state, reason, refund_order_id"
    };
}

platform::statements! {
    /// What waits for the cloud. A yearly/monthly resource that was pay-per-use before has a row of each under one id.
    const LIST = "select t.id, t.action, t.created_at, t.resource_key, t.order_id, t.account_id, \
        coalesce(r.parent_id, u.parent_id), coalesce(r.resource_name, u.resource_name), t.region_code, \
        coalesce(r.available_zone, u.available_zone), coalesce(r.service_type_code, u.service_type_code), \
        coalesce(r.resource_type_code, u.resource_type_code), t.resource_spec_code, t.spec_size, \
        t.spec_size_measure_id, coalesce(r.project_id, u.project_id), \
        coalesce(r.enterprise_project_id, u.enterprise_project_id), r.period_type, r.period_num, \
        coalesce(r.resource_id, u.resource_id), t.reason from provisioning_tasks t \
        left join resources r on r.account_id = t.account_id and r.id = t.resource_key \
        left join on_demand_resources u on u.account_id = t.account_id and u.id = t.resource_key \
        where t.state = 'waiting' order by t.created_at, t.id limit $1 offset $2";
    /// How much waits for the cloud.
    const TOTAL = "select count(*) from provisioning_tasks where state = 'waiting'";
    /// A task of a resource.
    const FIND = concat!("select ", task_columns!(), " from provisioning_tasks where id = $3 and account_id = $1 \
        and resource_key = $2");
    /// The oldest task of a resource that waits.
    const OLDEST_WAITING = concat!("select ", task_columns!(), " from provisioning_tasks where account_id = $1 \
        and resource_key = $2 and state = 'waiting' order by created_at, id limit 1");
    /// The last task of a resource.
    const LATEST = concat!("select ", task_columns!(), " from provisioning_tasks where account_id = $1 \
        and resource_key = $2 order by created_at desc, id desc limit 1");
    /// What came of a task.
    const UPDATE = "update provisioning_tasks set state = $4, reason = $5, refund_order_id = $6, \
        finished_at = $7 where id = $3 and account_id = $1 and resource_key = $2 and state = 'waiting'";
}

pub(super) const INSERT: &str = "insert into provisioning_tasks (id, account_id, resource_key, order_id, action, \
    state, region_code, resource_spec_code, spec_size, spec_size_measure_id, created_at) values";
pub(super) const INSERT_COLUMNS: usize = 11;

/// What the cloud has to do with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::subscriptions) enum Action {
    /// It is to be there.
    Create,
    /// It cannot be used; its data is kept.
    Freeze,
    /// It can be used again.
    Unfreeze,
    /// It and its data go.
    Delete,
    /// It becomes another specification or size.
    Change,
}

impl Action {
    const ALL: [Self; 5] = [Self::Create, Self::Freeze, Self::Unfreeze, Self::Delete, Self::Change];

    /// Its name on the wire and in the database.
    pub(in crate::subscriptions) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Freeze => "freeze",
            Self::Unfreeze => "unfreeze",
            Self::Delete => "delete",
            Self::Change => "change",
        }
    }
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::subscriptions) enum TaskState {
    /// The cloud has not reported, or goes on trying.
    Waiting,
    /// The cloud has done it.
    Done,
    /// The cloud could not do it, and never will.
    Failed,
}

impl TaskState {
    const ALL: [Self; 3] = [Self::Waiting, Self::Done, Self::Failed];

    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// A new task.
pub(in crate::subscriptions) struct NewTask<'a> {
    pub id: String,
    /// The order that waits for it, or that bought the resource; `None`: nobody ordered it.
    pub order: Option<&'a str>,
    pub action: Action,
    pub of: TaskOf<'a>,
    pub region_code: &'a str,
    /// What it is, or is to become.
    pub resource_spec_code: &'a str,
    pub spec_size: Option<i64>,
    pub spec_size_measure_id: Option<i64>,
}

/// What a task is about: a yearly/monthly resource, or a pay-per-use one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::subscriptions) struct TaskOf<'a> {
    pub account: &'a str,
    /// Our id of it.
    pub id: &'a str,
}

impl<'a> From<&'a Resource> for TaskOf<'a> {
    fn from(resource: &'a Resource) -> Self {
        Self { account: &resource.account, id: &resource.id }
    }
}

impl<'a> From<&'a OnDemand> for TaskOf<'a> {
    fn from(resource: &'a OnDemand) -> Self {
        Self { account: &resource.account, id: &resource.id }
    }
}

/// Writes new tasks.
pub(in crate::subscriptions) async fn insert(
    tx: &mut Tx,
    tasks: &[NewTask<'_>],
    now: Instant,
) -> Result<(), DbError> {
    let row = |task: &NewTask<'_>| {
        vec![
            Value::from(task.id.clone()),
            Value::from(task.of.account.to_owned()),
            Value::from(task.of.id.to_owned()),
            Value::from(task.order.map(str::to_owned)),
            Value::from(task.action.name()),
            Value::from(TaskState::Waiting.name()),
            Value::from(task.region_code.to_owned()),
            Value::from(task.resource_spec_code.to_owned()),
            Value::from(task.spec_size),
            Value::from(task.spec_size_measure_id),
            Value::from(now.ms()),
        ]
    };
    let rows: Vec<Vec<Value<'_>>> = tasks.iter().map(row).collect();
    tx.insert_many(INSERT, &rows, "").await?;
    Ok(())
}

/// Something that the cloud has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::subscriptions) struct Task {
    pub task_id: String,
    pub action: String,
    pub created_at: Instant,
    pub id: String,
    /// `None` of what is pay-per-use.
    pub order: Option<String>,
    pub account: String,
    pub parent: Option<String>,
    pub resource_name: Option<String>,
    pub region_code: String,
    pub available_zone: Option<String>,
    pub service_type_code: String,
    pub resource_type_code: String,
    pub resource_spec_code: String,
    pub spec_size: Option<i64>,
    pub spec_size_measure_id: Option<i64>,
    pub project_id: Option<String>,
    pub enterprise_project_id: Option<String>,
    /// `None` of what is pay-per-use, and so is the next.
    pub period_type: Option<i64>,
    pub period_num: Option<i64>,
    pub resource_id: Option<String>,
    /// Why it could not be done so far.
    pub reason: Option<String>,
}

fn listed(row: &mut Row) -> Task {
    Task {
        task_id: row.take_text(0),
        action: row.take_text(1),
        created_at: Instant::from_ms(row.int(2)),
        id: row.take_text(3),
        order: row.take_opt_text(4),
        account: row.take_text(5),
        parent: row.take_opt_text(6),
        resource_name: row.take_opt_text(7),
        region_code: row.take_text(8),
        available_zone: row.take_opt_text(9),
        service_type_code: row.take_text(10),
        resource_type_code: row.take_text(11),
        resource_spec_code: row.take_text(12),
        spec_size: row.opt_int(13),
        spec_size_measure_id: row.opt_int(14),
        project_id: row.take_opt_text(15),
        enterprise_project_id: row.take_opt_text(16),
        period_type: row.opt_int(17),
        period_num: row.opt_int(18),
        resource_id: row.take_opt_text(19),
        reason: row.take_opt_text(20),
    }
}

/// A page of what waits for the cloud, and how much does.
pub(in crate::subscriptions) async fn list(
    tx: &mut Tx,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<Task>), DbError> {
    let total = tx.one(TOTAL, &[]).await?.int(0);
    let mut rows = tx.all(LIST, params![limit, offset]).await?;
    Ok((total, rows.iter_mut().map(listed).collect()))
}

/// A task, with what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::subscriptions) struct KnownTask {
    pub id: String,
    /// The order that waits for it, or that bought the resource; `None` of what is pay-per-use.
    pub order: Option<String>,
    pub action: Action,
    pub state: TaskState,
    /// Why it failed, or could not be done so far, as the cloud said it.
    pub reason: Option<String>,
    /// The order that gave its money back.
    pub refund_order: Option<String>,
}

fn from_row(mut row: Row) -> KnownTask {
    let action = Action::ALL.into_iter().find(|action| action.name() == row.text(2));
    let state = TaskState::ALL.into_iter().find(|state| state.name() == row.text(3));
    KnownTask {
        id: row.take_text(0),
        order: row.take_opt_text(1),
        action: action.expect("stored from the same names"),
        state: state.expect("stored from the same names"),
        reason: row.take_opt_text(4),
        refund_order: row.take_opt_text(5),
    }
}

/// A task of a resource by its id.
pub(in crate::subscriptions) async fn find(
    tx: &mut Tx,
    of: TaskOf<'_>,
    id: &str,
) -> Result<Option<KnownTask>, DbError> {
    Ok(tx.opt(FIND, params![of.account, of.id, id]).await?.map(from_row))
}

/// A task of a resource that is there.
pub(in crate::subscriptions) async fn get(
    tx: &mut Tx,
    of: TaskOf<'_>,
    id: &str,
) -> Result<KnownTask, DbError> {
    Ok(from_row(tx.one(FIND, params![of.account, of.id, id]).await?))
}

/// The oldest task of a resource that waits.
pub(in crate::subscriptions) async fn oldest_waiting(
    tx: &mut Tx,
    of: TaskOf<'_>,
) -> Result<Option<KnownTask>, DbError> {
    Ok(tx.opt(OLDEST_WAITING, params![of.account, of.id]).await?.map(from_row))
}

/// The last task of a resource.
pub(in crate::subscriptions) async fn latest(
    tx: &mut Tx,
    of: TaskOf<'_>,
) -> Result<Option<KnownTask>, DbError> {
    Ok(tx.opt(LATEST, params![of.account, of.id]).await?.map(from_row))
}

/// Writes what came of a task that waited.
pub(in crate::subscriptions) async fn update(
    tx: &mut Tx,
    of: TaskOf<'_>,
    task: &KnownTask,
    finished_at: Option<Instant>,
) -> Result<(), DbError> {
    let params = params![
        of.account,
        of.id,
        &task.id,
        task.state.name(),
        task.reason.as_deref(),
        task.refund_order.as_deref(),
        finished_at.map(Instant::ms),
    ];
    tx.exec(UPDATE, params).await?;
    Ok(())
}
