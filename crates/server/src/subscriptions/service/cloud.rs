//! The seam to the cloud: what it is told to do with resources, and what it reports.
//!
//! ```text
//! tell ──▶ task waits, webhook `provisioning.<action>` ──/provisioned──▶ done
//!                 │                                     └─/failed──▶ create, change: failed, the money goes back
//!                 └◀───────────────────────────────────────/failed── freeze, unfreeze, delete: waits, with the reason
//! ```
//!
//! With the immediate provisioner there is nothing to tell: resources are what their rows say. A report is about the
//! oldest task of the resource that waits, or about the one that it names.

use domain::calendar::first_expiry;
use domain::id::uuid_text;
use platform::db::{DbError, Tx};
use platform::op::{ApiError, Refusal};
use serde_json::{Value as Json, json};

use super::{auto_renewals, begin, changes, first_charge, fulfilled_now, holds};
use crate::app::Provisioner;
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, LineEnd};
use crate::subscriptions::store::charges::{self, ChargeKind};
use crate::subscriptions::store::on_demand::{self as by_use, OnDemand};
use crate::subscriptions::store::renew_configs;
use crate::subscriptions::store::tasks::{self, KnownTask, NewTask, TaskOf};
pub(in crate::subscriptions) use crate::subscriptions::store::tasks::{Action, Task, TaskState};
use crate::subscriptions::store::{self, NEVER_THERE, Resource, WAITING};
use crate::webhooks::service::{self as webhooks, Event};
use crate::{Cx, codes};

/// Tells the cloud what to do with resources of one account, which are as they are to become. `order` is the one that
/// waits for its report; without one, the tasks name the order that bought each resource.
///
/// # Errors
/// The database.
pub(in crate::subscriptions) async fn tell(
    cx: &mut Cx,
    order: Option<&Order>,
    resources: &[&Resource],
    action: Action,
) -> Result<(), DbError> {
    let new = resources.iter().map(|resource| {
        let task = NewTask {
            id: String::new(),
            order: Some(order.map_or(&resource.order, |order| &order.id)),
            action,
            of: (*resource).into(),
            region_code: &resource.region_code,
            resource_spec_code: &resource.resource_spec_code,
            spec_size: resource.spec_size,
            spec_size_measure_id: resource.spec_size_measure_id,
        };
        (task, described(resource))
    });
    ask(cx, action, new.collect()).await
}

/// Tells the cloud what to do with pay-per-use resources of one account, which nobody ordered.
///
/// # Errors
/// The database.
pub(in crate::subscriptions) async fn tell_of_on_demand(
    cx: &mut Cx,
    resources: &[&OnDemand],
    action: Action,
) -> Result<(), DbError> {
    let new = resources.iter().map(|resource| {
        let task = NewTask {
            id: String::new(),
            order: None,
            action,
            of: (*resource).into(),
            region_code: &resource.region_code,
            resource_spec_code: &resource.resource_spec_code,
            spec_size: resource.spec_size,
            spec_size_measure_id: resource.spec_size_measure_id,
        };
        (task, described_on_demand(resource))
    });
    ask(cx, action, new.collect()).await
}

/// Writes tasks of one account, each with what webhooks are told of its resource, and tells them; the tasks get their
/// ids here.
async fn ask(cx: &mut Cx, action: Action, new: Vec<(NewTask<'_>, Json)>) -> Result<(), DbError> {
    if cx.app.provisioner == Provisioner::Immediate || new.is_empty() {
        return Ok(());
    }
    let name = match action {
        Action::Create => webhooks::PROVISIONING_CREATE,
        Action::Freeze => webhooks::PROVISIONING_FREEZE,
        Action::Unfreeze => webhooks::PROVISIONING_UNFREEZE,
        Action::Delete => webhooks::PROVISIONING_DELETE,
        Action::Change => webhooks::PROVISIONING_CHANGE,
    };
    let (mut asked, mut events) = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len()));
    for (task, mut data) in new {
        let task = NewTask { id: uuid_text(cx.ids.as_mut()), ..task };
        data["task_id"] = json!(task.id);
        data["order_id"] = json!(task.order);
        // Only the operator hears of these, so no partner is named.
        events.push(Event { name, account: task.of.account, partner: None, data });
        asked.push(task);
    }
    tasks::insert(&mut cx.tx, &asked, cx.now).await?;
    webhooks::notify(cx, &events).await
}

/// What a webhook is told of a resource.
pub(in crate::subscriptions) fn event<'a>(
    name: &'static str,
    partner: Option<&'a str>,
    resource: &'a Resource,
) -> Event<'a> {
    Event { name, account: &resource.account, partner, data: described(resource) }
}

/// What webhooks are told of a yearly/monthly resource.
pub(super) fn described(resource: &Resource) -> Json {
    json!({
        "id": resource.id,
        "resource_id": resource.resource_id,
        "order_id": resource.order,
        "customer_id": resource.account,
        "parent_id": resource.parent,
        "resource_name": resource.resource_name,
        "cloud_service_type": resource.service_type_code,
        "resource_type": resource.resource_type_code,
        "resource_spec": resource.resource_spec_code,
        "region": resource.region_code,
        "available_zone": resource.available_zone,
        "resource_size": resource.spec_size,
        "size_measure_id": resource.spec_size_measure_id,
        "project_id": resource.project_id,
        "enterprise_project_id": resource.enterprise_project_id,
        "period_type": resource.period_type,
        "period_num": resource.period_num,
        "status": resource.status,
        "expire_time": resource.expires_at.map(domain::calendar::Instant::to_wire),
    })
}

/// What webhooks are told of a pay-per-use resource: the same, without an order and a term.
pub(super) fn described_on_demand(resource: &OnDemand) -> Json {
    json!({
        "id": resource.id,
        "resource_id": resource.resource_id,
        "order_id": null,
        "customer_id": resource.account,
        "parent_id": resource.parent,
        "resource_name": resource.resource_name,
        "cloud_service_type": resource.service_type_code,
        "resource_type": resource.resource_type_code,
        "resource_spec": resource.resource_spec_code,
        "region": resource.region_code,
        "available_zone": resource.available_zone,
        "resource_size": resource.spec_size,
        "size_measure_id": resource.spec_size_measure_id,
        "project_id": resource.project_id,
        "enterprise_project_id": resource.enterprise_project_id,
        "period_type": null,
        "period_num": null,
        "status": resource.shown().code(),
        "expire_time": null,
    })
}

/// A page of what waits for the cloud, and how much does.
pub(in crate::subscriptions) async fn waiting(
    tx: &mut Tx,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<Task>), DbError> {
    tasks::list(tx, offset, limit).await
}

/// What the cloud says of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::subscriptions) enum Verdict<'a> {
    /// It is done.
    Done,
    /// It could not be done, and why.
    Failed(&'a str),
}

/// A report.
#[derive(Debug, Clone, Copy)]
pub(in crate::subscriptions) struct Report<'a> {
    /// Of the resource, ours.
    pub(in crate::subscriptions) id: &'a str,
    /// The task that it is about; `None`: the oldest that waits.
    pub(in crate::subscriptions) task: Option<&'a str>,
    /// How the cloud names the resource.
    pub(in crate::subscriptions) named: Option<&'a str>,
    /// What came of the task.
    pub(in crate::subscriptions) verdict: Verdict<'a>,
}

/// What the cloud reported on, as it is now.
#[derive(Debug)]
pub(in crate::subscriptions) enum Subject {
    /// A yearly/monthly resource.
    Period(Box<Resource>),
    /// A pay-per-use one.
    OnDemand(Box<OnDemand>),
}

/// A resource that the cloud reported on, and what came of it.
#[derive(Debug)]
pub(in crate::subscriptions) struct Reported {
    /// The resource as it is now.
    pub(in crate::subscriptions) subject: Subject,
    /// The task; `None`: none was ever needed, for the paying transaction made the resource.
    pub(in crate::subscriptions) task: Option<KnownTask>,
}

impl Reported {
    fn of(resource: Resource, task: Option<KnownTask>) -> Self {
        Self { subject: Subject::Period(Box::new(resource)), task }
    }

    fn of_on_demand(resource: OnDemand, task: Option<KnownTask>) -> Self {
        Self { subject: Subject::OnDemand(Box::new(resource)), task }
    }
}

/// The cloud reports on a task. Repeated, it changes nothing and answers the same.
///
/// # Errors
/// CBC.99003012 for an unknown resource, CBC.0100 and CBC.0101 for a report that contradicts what is known.
pub(in crate::subscriptions) async fn report(cx: &mut Cx, report: &Report<'_>) -> Result<Reported, ApiError> {
    let Some(found) = store::find(&mut cx.tx, report.id).await? else {
        return match by_use::find(&mut cx.tx, report.id).await? {
            Some(found) => report_on_demand(cx, &found, report).await,
            None => Err(codes::RESOURCE_ID_NOT_FOUND.because(
                format!("There is no resource {}. Use the id that provisioning lists.", report.id),
                format!("资源 {} 不存在，请使用待处理列表中的 id。", report.id),
            )),
        };
    };
    let Some(task) = task_of(cx, (&found).into(), report.task).await? else {
        check_untold(&found.id, found.resource_id.as_deref(), report)?;
        return Ok(Reported::of(found, None));
    };
    // The order before the resource, wherever one waits for the report.
    let order = match (task.action, &task.order) {
        (Action::Create | Action::Change, Some(order)) => Some(orders::lock(cx, order).await?),
        (_, _) => None,
    };
    let resource = store::lock(&mut cx.tx, &found.account, &found.id).await?;
    let task = tasks::get(&mut cx.tx, (&resource).into(), &task.id).await?;
    if task.action != Action::Create || task.state != TaskState::Waiting {
        check_name(&resource.id, resource.resource_id.as_deref(), report.named)?;
    }
    if is_news(&resource.id, &task, report.verdict)? {
        return carry_out(cx, order, resource, task, report).await;
    }
    Ok(Reported::of(resource, Some(task)))
}

/// The cloud reports on a task about a pay-per-use resource: it is frozen, unfrozen or deleted, or not yet.
async fn report_on_demand(cx: &mut Cx, found: &OnDemand, report: &Report<'_>) -> Result<Reported, ApiError> {
    let Some(task) = task_of(cx, found.into(), report.task).await? else {
        check_untold(&found.id, Some(&found.resource_id), report)?;
        return Ok(Reported::of_on_demand(found.clone(), None));
    };
    let resource = by_use::lock_any(&mut cx.tx, &found.account, &found.id).await?;
    let task = tasks::get(&mut cx.tx, (&resource).into(), &task.id).await?;
    check_name(&resource.id, Some(&resource.resource_id), report.named)?;
    if !is_news(&resource.id, &task, report.verdict)? {
        return Ok(Reported::of_on_demand(resource, Some(task)));
    }
    let task = note(cx, (&resource).into(), task, report.verdict).await?;
    Ok(Reported::of_on_demand(resource, Some(task)))
}

/// Nothing was ever asked of the cloud about a resource: it is there, under its name.
fn check_untold(id: &str, resource_id: Option<&str>, report: &Report<'_>) -> Result<(), ApiError> {
    if matches!(report.verdict, Verdict::Failed(_)) {
        return Err(was_done(id));
    }
    check_name(id, resource_id, report.named)
}

/// Whether a report says what is not known yet; one that contradicts what is known is refused.
fn is_news(id: &str, task: &KnownTask, verdict: Verdict<'_>) -> Result<bool, ApiError> {
    match (task.state, verdict) {
        (TaskState::Waiting, _) => Ok(true),
        (TaskState::Done, Verdict::Done) | (TaskState::Failed, Verdict::Failed(_)) => Ok(false),
        (TaskState::Done, Verdict::Failed(_)) => Err(was_done(id)),
        (TaskState::Failed, Verdict::Done) => {
            Err(contradiction(id, "it was reported as failed before.", "之前已上报失败。"))
        }
    }
}

/// The task that a report is about: the one it names, else the oldest that waits, else the last that ended.
async fn task_of(
    cx: &mut Cx,
    resource: TaskOf<'_>,
    named: Option<&str>,
) -> Result<Option<KnownTask>, ApiError> {
    if let Some(id) = named {
        let task = tasks::find(&mut cx.tx, resource, id).await?;
        return task.map(Some).ok_or_else(|| {
            Refusal::because("task_id", "is no task of this resource", "不是该资源的任务 ID").into()
        });
    }
    if let Some(task) = tasks::oldest_waiting(&mut cx.tx, resource).await? {
        return Ok(Some(task));
    }
    Ok(tasks::latest(&mut cx.tx, resource).await?)
}

/// What a report means for a task that waits.
async fn carry_out(
    cx: &mut Cx,
    order: Option<Order>,
    resource: Resource,
    task: KnownTask,
    report: &Report<'_>,
) -> Result<Reported, ApiError> {
    match (task.action, order) {
        (Action::Create, Some(order)) => match report.verdict {
            Verdict::Done => provisioned(cx, order, resource, task, report.named).await,
            Verdict::Failed(reason) => failed(cx, order, resource, task, reason).await,
        },
        (Action::Change, Some(order)) => {
            let reason = match report.verdict {
                Verdict::Done => None,
                Verdict::Failed(reason) => Some(reason),
            };
            let (resource, refund) = changes::reported(cx, order, resource, reason).await?;
            finish(cx, resource, task, report.verdict, refund).await
        }
        (_, _) => {
            let task = note(cx, (&resource).into(), task, report.verdict).await?;
            Ok(Reported::of(resource, Some(task)))
        }
    }
}

/// What was frozen, unfrozen or deleted is done; where that failed, what was paid for is not touched by it, and the cloud
/// goes on trying.
async fn note(
    cx: &mut Cx,
    of: TaskOf<'_>,
    task: KnownTask,
    verdict: Verdict<'_>,
) -> Result<KnownTask, DbError> {
    let (task, finished_at) = match verdict {
        Verdict::Done => (KnownTask { state: TaskState::Done, reason: None, ..task }, Some(cx.now)),
        Verdict::Failed(reason) => (KnownTask { reason: Some(reason.to_owned()), ..task }, None),
    };
    tasks::update(&mut cx.tx, of, &task, finished_at).await?;
    Ok(task)
}

async fn finish(
    cx: &mut Cx,
    resource: Resource,
    task: KnownTask,
    verdict: Verdict<'_>,
    refund_order: Option<String>,
) -> Result<Reported, ApiError> {
    let (state, reason) = match verdict {
        Verdict::Done => (TaskState::Done, None),
        Verdict::Failed(reason) => (TaskState::Failed, Some(reason.to_owned())),
    };
    let task = KnownTask { state, reason, refund_order, ..task };
    tasks::update(&mut cx.tx, (&resource).into(), &task, Some(cx.now)).await?;
    Ok(Reported::of(resource, Some(task)))
}

fn contradiction(id: &str, en: &str, zh: &str) -> ApiError {
    codes::INVALID_VALUE.because(format!("Resource {id}: {en}"), format!("资源 {id}：{zh}"))
}

fn was_done(id: &str) -> ApiError {
    contradiction(id, "it was reported as provisioned before.", "之前已上报成功。")
}

/// A report names the resource as the first one did.
fn check_name(id: &str, resource_id: Option<&str>, named: Option<&str>) -> Result<(), ApiError> {
    if named.is_none() || named == resource_id {
        return Ok(());
    }
    let (en, zh) = ("it was reported with another resource_id.", "之前上报的 resource_id 不同。");
    Err(contradiction(id, en, zh))
}

/// The cloud has provided a resource; its term begins now.
async fn provisioned(
    cx: &mut Cx,
    order: Order,
    mut resource: Resource,
    task: KnownTask,
    named: Option<&str>,
) -> Result<Reported, ApiError> {
    let name = named.unwrap_or(&resource.id);
    super::named::check_free(cx, &resource.account, (name, &resource.id)).await?;
    if resource.status != WAITING {
        return Err(DbError::Other(format!("resource {} waits for nothing", resource.id)).into());
    }
    let line = orders::get_line(cx, &order, resource.line_no).await?;
    let (outcome, _) = fulfilled_now(cx, &order, &line)?;
    resource.resource_id = named.map(str::to_owned);
    begin(&mut resource, &outcome, cx.now);
    auto_renewals::schedule_all(&mut cx.tx, std::slice::from_mut(&mut resource), cx.now).await?;
    holds::join(cx, std::slice::from_mut(&mut resource)).await?;
    store::update(&mut cx.tx, &resource, false).await?;
    if resource.is_held() {
        tell(cx, None, &[&resource], Action::Freeze).await?;
    }
    let charge = first_charge(&resource, &line, ChargeKind::Purchase);
    charges::insert(&mut cx.tx, charge.as_slice()).await?;
    webhooks::notify(cx, &[event(webhooks::RESOURCE_PROVISIONED, order.partner.as_deref(), &resource)])
        .await?;
    finish_line(cx, order, line, &resource).await?;
    finish(cx, resource, task, Verdict::Done, None).await
}

/// The cloud could not provide a resource; its share of the line goes back.
async fn failed(
    cx: &mut Cx,
    order: Order,
    mut resource: Resource,
    task: KnownTask,
    reason: &str,
) -> Result<Reported, ApiError> {
    let line = orders::get_line(cx, &order, resource.line_no).await?;
    let share = orders::share_of(&line, resource.seq);
    resource.status = NEVER_THERE;
    resource.updated_at = cx.now;
    store::update(&mut cx.tx, &resource, false).await?;
    if resource.parent.is_none() {
        detach(cx, &resource).await?;
    }
    let about = Line { resource: Some(resource.id.clone()), ..line.clone() };
    let refund = orders::refund(cx, &order, &about, &share).await?;
    webhooks::notify(cx, &[event(webhooks::RESOURCE_FAILED, order.partner.as_deref(), &resource)]).await?;
    finish_line(cx, order, line, &resource).await?;
    finish(cx, resource, task, Verdict::Failed(reason), refund.map(|refund| refund.id)).await
}

/// What was to be attached to a resource that will not be there stands for itself, and is renewed by itself.
async fn detach(cx: &mut Cx, primary: &Resource) -> Result<(), ApiError> {
    let mut orphans = store::lock_set(&mut cx.tx, &primary.account, &primary.id).await?;
    orphans.retain(|one| one.parent.as_ref() == Some(&primary.id) && one.is_visible());
    store::detach(&mut cx.tx, primary).await?;
    for orphan in &mut orphans {
        orphan.parent = None;
    }
    auto_renewals::schedule_all(&mut cx.tx, &mut orphans, cx.now).await?;
    for orphan in orphans.iter().filter(|orphan| orphan.auto_renew) {
        renew_configs::set_renewal(&mut cx.tx, orphan).await?;
    }
    Ok(())
}

/// A line ends with its last resource: it failed where none of them is there. Its term is from the first of them to
/// the end of what the last was bought for.
async fn finish_line(cx: &mut Cx, order: Order, line: Line, last: &Resource) -> Result<(), ApiError> {
    let progress = store::line_progress(&mut cx.tx, last).await?;
    if progress.waiting > 0 {
        return Ok(());
    }
    let end = match progress.begun {
        Some((effective_at, last)) => {
            let expires_at = first_expiry(last, line.term());
            let expires_at =
                expires_at.map_err(|error| DbError::Other(format!("the term of a line: {error}")))?;
            LineEnd::Done { effective_at, expires_at }
        }
        None => LineEnd::Failed,
    };
    orders::finish_line(cx, order, line, end).await
}
