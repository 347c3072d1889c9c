//! All SQL of what the cloud still has to do; the tasks themselves are written beside their resources.

use domain::calendar::Instant;
use platform::db::{DbError, Row, Tx};
use platform::params;

use super::Resource;

platform::statements! {
    /// What waits for the cloud.
    const LIST = "select t.id, t.action, t.created_at, r.id, r.order_id, r.account_id, r.parent_id, \
        r.resource_name, r.region_code, r.available_zone, r.service_type_code, r.resource_type_code, \
        r.resource_spec_code, r.spec_size, r.spec_size_measure_id, r.project_id, r.enterprise_project_id, \
        r.period_type, r.period_num from provisioning_tasks t join resources r \
        on r.account_id = t.account_id and r.id = t.resource_key where t.state = 'waiting' \
        order by t.created_at, t.id limit $1 offset $2";
    /// How much waits for the cloud.
    const TOTAL = "select count(*) from provisioning_tasks where state = 'waiting'";
    /// The task that created a resource, or was to.
    const END_OF = "select state, reason, refund_order_id from provisioning_tasks \
        where account_id = $1 and resource_key = $2 and action = 'create' order by created_at, id limit 1";
    /// What came of it.
    const FINISH = "update provisioning_tasks set state = $3, reason = $4, refund_order_id = $5, \
        finished_at = $6 where account_id = $1 and resource_key = $2 and action = 'create' and state = 'waiting'";
}

/// Something that the cloud has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub task_id: String,
    pub action: String,
    pub created_at: Instant,
    pub id: String,
    pub order: String,
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
    pub period_type: i64,
    pub period_num: i64,
}

fn from_row(row: &mut Row) -> Task {
    Task {
        task_id: row.take_text(0),
        action: row.take_text(1),
        created_at: Instant::from_ms(row.int(2)),
        id: row.take_text(3),
        order: row.take_text(4),
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
        period_type: row.int(17),
        period_num: row.int(18),
    }
}

/// A page of what waits for the cloud, and how much does.
pub async fn list(tx: &mut Tx, offset: i64, limit: i64) -> Result<(i64, Vec<Task>), DbError> {
    let total = tx.one(TOTAL, &[]).await?.int(0);
    let mut rows = tx.all(LIST, params![limit, offset]).await?;
    Ok((total, rows.iter_mut().map(from_row).collect()))
}

/// What came of the creation of a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskEnd {
    pub reason: Option<String>,
    pub refund_order: Option<String>,
}

/// What came of the creation of a resource; nothing special where the paying transaction created it.
pub async fn end_of(tx: &mut Tx, resource: &Resource) -> Result<TaskEnd, DbError> {
    let row = tx.opt(END_OF, params![&resource.account, &resource.id]).await?;
    Ok(row.map_or_else(TaskEnd::default, |mut row| TaskEnd {
        reason: row.take_opt_text(1),
        refund_order: row.take_opt_text(2),
    }))
}

/// Notes what came of the creation of a resource.
pub async fn finish(
    tx: &mut Tx,
    resource: &Resource,
    state: &str,
    end: &TaskEnd,
    now: Instant,
) -> Result<(), DbError> {
    let (reason, refund) = (end.reason.as_deref(), end.refund_order.as_deref());
    tx.exec(FINISH, params![&resource.account, &resource.id, state, reason, refund, now.ms()]).await?;
    Ok(())
}
