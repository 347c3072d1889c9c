//! Resources made for paid lines, and what the cloud reports of them. What happens to them later has files of its own.

pub(super) mod auto_renewals;
mod changes;
mod conversions;
pub(super) mod mails;
pub(super) mod renewals;
pub(super) mod sets;
mod trials;

use std::collections::HashMap;

use domain::calendar::{Instant, first_expiry};
use domain::id::{ResourceId, uuid_text};
use domain::money::Charge;
use domain::order::OrderType;
use domain::subscription::{ExpirePolicy, ResourceStatus};
use platform::db::{DbError, Tx};
use platform::op::{ApiError, Refusal};
use serde_json::json;

use super::quotas;
use super::store::charges::{ChargeKind, ResourceCharge};
pub(super) use super::store::tasks::{Task, TaskEnd};
use super::store::{self, NEVER_THERE, WAITING};
pub(super) use super::store::{Filter, Resource};
use crate::app::Provisioner;
use crate::orders::fulfilment::{Fulfilled, Fulfilment, Shortage};
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, LineEnd};
use crate::webhooks::service::{self as webhooks, Event};
use crate::{Boxed, Cx, codes};

/// Yearly/monthly resources.
pub struct Subscriptions;
/// The fulfilment of yearly/monthly resources.
pub const SUBSCRIPTIONS: Subscriptions = Subscriptions;

impl Fulfilment for Subscriptions {
    fn claims(&self, _: &Line) -> bool {
        // Whatever is bought for a term and is nobody else's business is a resource with a term.
        true
    }

    fn admit<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<Vec<Shortage>, ApiError>> {
        Box::pin(async move {
            match order.order_type {
                OrderType::Renewal => renewals::admit(cx, order, lines).await,
                _ => quotas::admit(cx, order, lines).await,
            }
        })
    }

    fn paid<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<Vec<Fulfilled>, ApiError>> {
        Box::pin(async move {
            match (order.order_type, cx.app.provisioner) {
                (OrderType::Purchase | OrderType::Trial, Provisioner::Immediate) => {
                    provide(cx, order, lines).await
                }
                (OrderType::Purchase | OrderType::Trial, Provisioner::External) => {
                    ask(cx, order, lines).await
                }
                (OrderType::Renewal, _) => renewals::paid(cx, order, lines).await,
                (OrderType::Change, _) => changes::paid(cx, order, lines).await,
                (OrderType::ToPeriod, _) => conversions::paid(cx, order, lines).await,
                (OrderType::TrialToCommercial, _) => trials::paid(cx, order, lines).await,
                (OrderType::Unsubscription | OrderType::ToOnDemand | OrderType::FeeAdjustment, _) => {
                    Err(DbError::Other(format!("order {} is never paid", order.id)).into())
                }
            }
        })
    }

    fn held<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<(), ApiError>> {
        Box::pin(async move {
            for resource in lines.iter().filter_map(|line| line.resource.as_ref()) {
                store::hold(&mut cx.tx, &order.account, resource, &order.id).await?;
            }
            Ok(())
        })
    }

    fn let_go<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        _: &'a [Line],
    ) -> Boxed<'a, Result<(), ApiError>> {
        Box::pin(async move { Ok(store::let_go(&mut cx.tx, &order.account, &order.id).await?) })
    }
}

/// The resources of lines, waiting. Attached ones are dealt out to the resources of their primary line.
fn resources_of(cx: &mut Cx, order: &Order, lines: &[Line]) -> Vec<Resource> {
    let mut ids_by_line: HashMap<i64, Vec<String>> = HashMap::new();
    let mut resources = Vec::new();
    let policy = if order.auto_renew { ExpirePolicy::AutoRenew } else { ExpirePolicy::EnterGrace };
    for line in lines {
        for seq in 0..line.subscription_num {
            let parents = line.attached_to.and_then(|primary| ids_by_line.get(&primary));
            let parent = parents.map(|parents| {
                let at = usize::try_from(seq).expect("placing bounds the number") % parents.len();
                parents[at].clone()
            });
            let id: String = ResourceId::generate(cx.ids.as_mut()).into();
            ids_by_line.entry(line.line_no).or_default().push(id.clone());
            resources.push(Resource {
                account: order.account.clone(),
                id: id.clone(),
                resource_id: None,
                order: order.id.clone(),
                line_no: line.line_no,
                seq,
                parent,
                resource_name: Some(name_of(line, &id)),
                region_code: line.region_code.clone(),
                available_zone: line.available_zone.clone(),
                service_type_code: line.service_type_code.clone(),
                resource_type_code: line.resource_type_code.clone(),
                resource_spec_code: line.resource_spec_code.clone(),
                project_id: line.project_id.clone(),
                enterprise_project_id: Some(line.enterprise_project().to_owned()),
                product_id: line.product_id.clone(),
                description: line.description.clone(),
                spec_size: line.resource_size,
                spec_size_measure_id: line.size_measure_id,
                status: WAITING,
                expire_policy: policy.code(),
                auto_renew: order.auto_renew,
                period_type: line.period_type.code(),
                period_num: line.period_num,
                created_at: cx.now,
                effective_at: None,
                expires_at: None,
                updated_at: cx.now,
                renew_times: None,
                renew_at: None,
                is_trial: order.order_type == OrderType::Trial,
                open_order: None,
                due_at: None,
                grace_until: None,
                retained_until: None,
                held_at: None,
                secured_at: None,
            });
        }
    }
    resources
}

/// The name of a resource: the buyer's, or its type with the end of its id (ids begin with a time), such as `vm-bf0c`.
fn name_of(line: &Line, id: &str) -> String {
    let kind = line.resource_type_code.rsplit('.').next().unwrap_or_default();
    let end = id.get(id.len().saturating_sub(4)..).unwrap_or(id);
    line.resource_name.clone().unwrap_or_else(|| format!("{kind}-{end}"))
}

/// The term of a line that begins now, or when the customer asked for.
fn fulfilled_now(cx: &Cx, order: &Order, line: &Line) -> Result<(Fulfilled, LineEnd), DbError> {
    let effective_at = order.begin_at.map_or(cx.now, |begin| begin.max(cx.now));
    let expires_at = first_expiry(effective_at, line.term())
        .map_err(|error| DbError::Other(format!("the term of a line: {error}")))?;
    Ok((Fulfilled::Done { effective_at, expires_at }, LineEnd::Done { effective_at, expires_at }))
}

/// The paying transaction provides the resources itself.
async fn provide(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<Vec<Fulfilled>, ApiError> {
    let mut resources = resources_of(cx, order, lines);
    let mut outcomes = Vec::with_capacity(lines.len());
    for line in lines {
        let (outcome, _) = fulfilled_now(cx, order, line)?;
        for resource in resources.iter_mut().filter(|resource| resource.line_no == line.line_no) {
            begin(resource, &outcome, cx.now);
        }
        outcomes.push(outcome);
    }
    auto_renewals::schedule_all(&mut cx.tx, &mut resources, cx.now).await?;
    store::insert(&mut cx.tx, &resources).await?;
    let line_of = |resource: &Resource| lines.iter().find(|line| line.line_no == resource.line_no);
    let charges: Vec<ResourceCharge> = resources
        .iter()
        .filter_map(|resource| first_charge(resource, line_of(resource)?, ChargeKind::Purchase))
        .collect();
    store::charges::insert(&mut cx.tx, &charges).await?;
    Ok(outcomes)
}

/// What a line collected for one of the resources that it bought; `None` before the term has begun.
fn first_charge(resource: &Resource, line: &Line, kind: ChargeKind) -> Option<ResourceCharge> {
    let share = orders::share_of(line, resource.seq);
    Some(ResourceCharge {
        account: resource.account.clone(),
        resource: resource.id.clone(),
        charge_no: 1,
        kind,
        order: resource.order.clone(),
        line_no: line.line_no,
        term: line.term(),
        begins_at: resource.effective_at?,
        ends_at: resource.expires_at?,
        list: share.list,
        money: share.money,
        benefits: share.benefits,
        returned_money: Charge::ZERO,
        returned_list: Charge::ZERO,
    })
}

/// A resource begins its term; without a name of the cloud's it keeps ours.
fn begin(resource: &mut Resource, outcome: &Fulfilled, now: Instant) {
    let Fulfilled::Done { effective_at, expires_at } = *outcome else { return };
    resource.resource_id.get_or_insert_with(|| resource.id.clone());
    resource.status = ResourceStatus::InUse.code();
    resource.effective_at = Some(effective_at);
    resource.expires_at = Some(expires_at);
    resource.due_at = Some(expires_at);
    resource.updated_at = now;
}

/// The cloud is asked for the resources.
async fn ask(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<Vec<Fulfilled>, ApiError> {
    let resources = resources_of(cx, order, lines);
    store::insert(&mut cx.tx, &resources).await?;
    let tasks: Vec<(String, &Resource)> =
        resources.iter().map(|resource| (uuid_text(cx.ids.as_mut()), resource)).collect();
    store::insert_tasks(&mut cx.tx, &tasks).await?;
    let events: Vec<Event<'_>> =
        resources.iter().map(|resource| event(webhooks::PROVISIONING_CREATE, order, resource)).collect();
    webhooks::notify(cx, &events).await?;
    Ok(vec![Fulfilled::Waiting; lines.len()])
}

/// What a webhook is told of a resource.
fn event<'a>(name: &'static str, order: &'a Order, resource: &'a Resource) -> Event<'a> {
    let data = json!({
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
    });
    Event { name, account: &resource.account, partner: order.partner.as_deref(), data }
}

/// A page of what waits for the cloud, and how much does.
pub(super) async fn tasks(tx: &mut Tx, offset: i64, limit: i64) -> Result<(i64, Vec<Task>), DbError> {
    store::tasks::list(tx, offset, limit).await
}

/// A page of an account's resources, and how many match.
pub(super) async fn query(
    tx: &mut Tx,
    account: &str,
    filter: &Filter,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<Resource>), DbError> {
    store::query(tx, account, filter, offset, limit).await
}

/// The cloud's ids of the parents of some resources, by our id.
pub(super) async fn parents(tx: &mut Tx, resources: &[Resource]) -> Result<HashMap<String, String>, DbError> {
    let mut known: HashMap<String, String> = HashMap::new();
    for resource in resources {
        known.extend(resource.resource_id.iter().map(|id| (resource.id.clone(), id.clone())));
    }
    for resource in resources {
        let Some(parent) = resource.parent.as_ref().filter(|parent| !known.contains_key(*parent)) else {
            continue;
        };
        if let Some(id) = store::resource_id(tx, &resource.account, parent).await? {
            known.insert(parent.clone(), id);
        }
    }
    Ok(known)
}

/// A resource that the cloud reported on, and what came of it.
#[derive(Debug)]
pub(super) struct Reported {
    /// The resource as it is now.
    pub(super) resource: Resource,
    /// What came of its creation.
    pub(super) end: TaskEnd,
}

/// A resource and its order, both locked: the order first.
async fn lock(cx: &mut Cx, id: &str) -> Result<(Order, Resource), ApiError> {
    let Some(found) = store::find(&mut cx.tx, id).await? else {
        return Err(codes::RESOURCE_ID_NOT_FOUND.because(
            format!("There is no resource {id}. Use the id that provisioning lists."),
            format!("资源 {id} 不存在，请使用待开通列表中的 id。"),
        ));
    };
    let order = orders::lock(cx, &found.order).await?;
    let resource = store::lock(&mut cx.tx, &found.account, id).await?;
    Ok((order, resource))
}

fn contradiction(id: &str, en: &str, zh: &str) -> ApiError {
    codes::INVALID_VALUE.because(format!("Resource {id}: {en}"), format!("资源 {id}：{zh}"))
}

/// The cloud has provided a resource; its term begins now.
pub(super) async fn provisioned(cx: &mut Cx, id: &str, named: Option<String>) -> Result<Reported, ApiError> {
    let (order, mut resource) = lock(cx, id).await?;
    if resource.status == NEVER_THERE {
        return Err(contradiction(id, "it was reported as failed before.", "之前已上报开通失败。"));
    }
    if resource.status != WAITING {
        if named.is_some_and(|named| Some(&named) != resource.resource_id.as_ref()) {
            return Err(contradiction(
                id,
                "it was reported with another resource_id.",
                "之前上报的 resource_id 不同。",
            ));
        }
        let end = store::tasks::end_of(&mut cx.tx, &resource).await?;
        return Ok(Reported { resource, end });
    }
    if let Some(named) = &named
        && store::is_taken(&mut cx.tx, &resource, named).await?
    {
        let (en, zh) = ("belongs to another resource of this customer", "已属于该客户的其他资源");
        return Err(Refusal::because("resource_id", en, zh).into());
    }
    let line = orders::get_line(cx, &order, resource.line_no).await?;
    let (outcome, _) = fulfilled_now(cx, &order, &line)?;
    resource.resource_id = named;
    begin(&mut resource, &outcome, cx.now);
    auto_renewals::schedule_all(&mut cx.tx, std::slice::from_mut(&mut resource), cx.now).await?;
    store::update(&mut cx.tx, &resource, false).await?;
    let charge = first_charge(&resource, &line, ChargeKind::Purchase);
    store::charges::insert(&mut cx.tx, charge.as_slice()).await?;
    let end = TaskEnd::default();
    store::tasks::finish(&mut cx.tx, &resource, "done", &end, cx.now).await?;
    webhooks::notify(cx, &[event(webhooks::RESOURCE_PROVISIONED, &order, &resource)]).await?;
    finish_line(cx, order, line, &resource).await?;
    Ok(Reported { resource, end })
}

/// The cloud could not provide a resource; its share of the line goes back.
pub(super) async fn failed(cx: &mut Cx, id: &str, reason: &str) -> Result<Reported, ApiError> {
    let (order, mut resource) = lock(cx, id).await?;
    if resource.status == NEVER_THERE {
        let end = store::tasks::end_of(&mut cx.tx, &resource).await?;
        return Ok(Reported { resource, end });
    }
    if resource.status != WAITING {
        return Err(contradiction(id, "it was reported as provisioned before.", "之前已上报开通成功。"));
    }
    let line = orders::get_line(cx, &order, resource.line_no).await?;
    let share = orders::share_of(&line, resource.seq);
    resource.status = NEVER_THERE;
    resource.updated_at = cx.now;
    store::update(&mut cx.tx, &resource, false).await?;
    let refund = orders::refund(cx, &order, &line, &share).await?;
    let end = TaskEnd { reason: Some(reason.to_owned()), refund_order: refund.map(|refund| refund.id) };
    store::tasks::finish(&mut cx.tx, &resource, "failed", &end, cx.now).await?;
    webhooks::notify(cx, &[event(webhooks::RESOURCE_FAILED, &order, &resource)]).await?;
    finish_line(cx, order, line, &resource).await?;
    Ok(Reported { resource, end })
}

/// A line ends with its last resource: it failed where none of them is there.
async fn finish_line(cx: &mut Cx, order: Order, line: Line, last: &Resource) -> Result<(), ApiError> {
    let progress = store::line_progress(&mut cx.tx, last).await?;
    if progress.waiting > 0 {
        return Ok(());
    }
    let end = match progress.term {
        Some((effective_at, expires_at)) => LineEnd::Done { effective_at, expires_at },
        None => LineEnd::Failed,
    };
    orders::finish_line(cx, order, line, end).await
}
