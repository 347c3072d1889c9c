//! Resources made for paid lines. What happens to them later has files of its own.

pub(super) mod auto_renewals;
pub(super) mod changes;
pub(super) mod cloud;
pub(super) mod conversions;
pub(super) mod holds;
pub(super) mod life;
pub(super) mod mails;
pub(super) mod named;
pub(super) mod on_demand;
pub(super) mod ordering;
pub(super) mod renewals;
pub(super) mod sets;
pub(super) mod to_on_demand;
pub(super) mod trials;
pub(super) mod unsubscribing;

use std::collections::HashMap;

use domain::calendar::{Instant, first_expiry};
use domain::id::ResourceId;
use domain::money::Charge;
use domain::order::OrderType;
use domain::subscription::{ExpirePolicy, ResourceStatus};
use platform::db::{DbError, Tx};
use platform::op::ApiError;

use self::cloud::Action;
use super::quotas;
use super::store::charges::{ChargeKind, ResourceCharge};
use super::store::{self, WAITING};
pub(super) use super::store::{Filter, Resource};
use crate::app::Provisioner;
use crate::orders::fulfilment::{Fulfilled, Fulfilment, Shortage};
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, LineEnd};
use crate::{Boxed, Cx};

/// Yearly/monthly resources.
pub struct Subscriptions;
/// The fulfilment of yearly/monthly resources.
pub const SUBSCRIPTIONS: Subscriptions = Subscriptions;

impl Fulfilment for Subscriptions {
    fn claims(&self, _: &Line) -> bool {
        // Whatever is bought for a term and is nobody else's business is a resource with a term.
        true
    }

    fn lock<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<(), ApiError>> {
        Box::pin(async move {
            if order.order_type == OrderType::ToPeriod {
                return Ok(conversions::lock_all(cx, order, lines).await?);
            }
            Ok(sets::lock_lines(cx, &order.account, lines).await?)
        })
    }

    fn admit<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<Vec<Shortage>, ApiError>> {
        Box::pin(async move {
            let mut short = match order.order_type {
                OrderType::Renewal => renewals::admit(cx, order, lines).await?,
                OrderType::Change => changes::admit(cx, order, lines).await?,
                OrderType::ToPeriod => conversions::admit(cx, order, lines).await?,
                OrderType::TrialToCommercial => trials::admit(cx, order, lines).await?,
                // What is bought is not there yet, and nothing else is paid.
                OrderType::Purchase
                | OrderType::Trial
                | OrderType::Unsubscription
                | OrderType::ToOnDemand
                | OrderType::FeeAdjustment => Vec::new(),
            };
            let found = quotas::admit(cx, order, lines).await?;
            let known: Vec<usize> = short.iter().map(|one| one.line).collect();
            short.extend(found.into_iter().filter(|one| !known.contains(&one.line)));
            Ok(short)
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
            if order.order_type == OrderType::ToPeriod {
                return conversions::held(cx, order, lines).await;
            }
            for resource in lines.iter().filter_map(|line| line.resource.as_ref()) {
                store::hold(&mut cx.tx, &order.account, resource, &order.id).await?;
            }
            Ok(())
        })
    }

    fn returned<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<(), ApiError>> {
        Box::pin(async move {
            match order.order_type {
                OrderType::Unsubscription => unsubscribing::returned(cx, order, lines).await,
                OrderType::ToOnDemand => conversions::returned(cx, order, lines).await,
                OrderType::Change => changes::returned(cx, order, lines).await,
                OrderType::Purchase
                | OrderType::Renewal
                | OrderType::ToPeriod
                | OrderType::Trial
                | OrderType::TrialToCommercial
                | OrderType::FeeAdjustment => {
                    Err(DbError::Other(format!("order {} gives nothing back", order.id)).into())
                }
            }
        })
    }

    fn let_go<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<(), ApiError>> {
        Box::pin(async move {
            if order.order_type == OrderType::ToPeriod {
                return conversions::let_go(cx, order, lines).await;
            }
            sets::lock_lines(cx, &order.account, lines).await?;
            if order.order_type == OrderType::Unsubscription {
                unsubscribing::rejected(cx, order).await?;
            }
            Ok(store::let_go(&mut cx.tx, &order.account, &order.id).await?)
        })
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
                renewal: None,
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
    holds::join(cx, &mut resources).await?;
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
        promotion: line.promotion(),
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
    let all: Vec<&Resource> = resources.iter().collect();
    cloud::tell(cx, Some(order), &all, Action::Create).await?;
    Ok(vec![Fulfilled::Waiting; lines.len()])
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
