//! A trial becomes commercial use: the same resource, of a product that is sold, for a term that begins with the payment
//! (order type 14), or with the cloud's report where it makes something else of it; where it cannot, all goes back.

use domain::calendar::{Instant, first_expiry};
use domain::order::OrderType;
use domain::subscription::{ExpirePolicy, ResourceStatus};
use platform::db::DbError;
use platform::op::ApiError;

use super::auto_renewals;
use super::changes::{Wanted, base_product, changed, charge_of};
use super::cloud::{self, Action};
use super::conversions::WantedTerm;
use super::holds;
use super::ordering::{self, How, resource_of};
use crate::app::Provisioner;
use crate::orders::errors::OrderError;
use crate::orders::fulfilment::{AuthResult, Fulfilled, Shortage};
use crate::orders::model::{Line, Order};
use crate::orders::service::{self as orders, NewLine, Placed};
use crate::subscriptions::store::charges::{self, ChargeKind};
use crate::subscriptions::store::{self, Resource};
use crate::{Cx, codes};

/// Orders that a trial of the caller's becomes commercial.
///
/// # Errors
/// CBC.99003012, CBC.7281, CBC.99003100, CBC.99003144, CBC.0101 for what is no trial or not in use, those of pricing and
/// of payment.
pub(in crate::subscriptions) async fn to_commercial(
    cx: &mut Cx,
    id: &str,
    wanted: &Wanted,
    term: &WantedTerm,
) -> Result<Placed, OrderError> {
    let found = super::named::find(cx, id).await?;
    let buyer = ordering::buyer(cx, &found.account).await?;
    let resource = super::named::lock(cx, &found, id).await?;
    let name = resource.resource_id.as_deref().unwrap_or(&resource.id);
    ordering::check_not_held(cx, name, resource.open_order.as_deref()).await?;
    if !resource.is_trial {
        return Err(refused(name, "is no trial", "不是试用资源").into());
    }
    if !resource.is_usable() {
        return Err(refused(name, "is frozen, so it cannot become commercial", "已被冻结，不能转商用").into());
    }
    let catalog = cx.app.catalog.current();
    let new = NewLine {
        cloud_service_type: resource.service_type_code.clone(),
        resource_type: resource.resource_type_code.clone(),
        resource_spec: wanted.resource_spec.clone().unwrap_or_else(|| resource.resource_spec_code.clone()),
        region: resource.region_code.clone(),
        available_zone: resource.available_zone.clone(),
        resource_size: wanted.resource_size.or(resource.spec_size),
        size_measure_id: wanted.size_measure_id.or(resource.spec_size_measure_id),
        term: term.term,
        subscription_num: 1,
        resource_name: resource.resource_name.clone(),
        project_id: resource.project_id.clone(),
        enterprise_project_id: resource.enterprise_project_id.clone(),
        attached_to: None,
    };
    let line = orders::price_line(cx, &catalog, &new, "resource")?;
    let base_product = Some(base_product(&catalog, &resource, None));
    let line = Line { resource: Some(resource.id.clone()), base_product, ..line };
    let how = How { auto_pay: term.auto_pay, auto_renew: term.auto_renew, promotion: None };
    ordering::place(cx, buyer, OrderType::TrialToCommercial, vec![line], how).await
}

fn refused(name: &str, en: &str, zh: &str) -> ApiError {
    codes::INVALID_VALUE.because(format!("Resource {name} {en}."), format!("资源 {name} {zh}。"))
}

/// Which resources of an order that is about to be paid can no longer become commercial; all are locked.
pub(super) async fn admit(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<Vec<Shortage>, ApiError> {
    let mut gone = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let resource = store::lock(&mut cx.tx, &order.account, resource_of(order, line)?).await?;
        if !resource.is_usable() {
            gone.push(Shortage { line: at, auth_result: AuthResult::Other });
        }
    }
    Ok(gone)
}

/// The order was paid: the resource is commercial and its term begins, or the cloud makes it what was asked for first.
pub(super) async fn paid(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<Vec<Fulfilled>, ApiError> {
    let mut outcomes = Vec::with_capacity(lines.len());
    for line in lines {
        let trial = store::lock(&mut cx.tx, &order.account, resource_of(order, line)?).await?;
        let is_other =
            trial.resource_spec_code != line.resource_spec_code || trial.spec_size != line.resource_size;
        if is_other && cx.app.provisioner == Provisioner::External {
            let target = changed(trial.clone(), line, cx.now);
            cloud::tell(cx, Some(order), &[&target], Action::Change).await?;
            let held = Resource { open_order: Some(order.id.clone()), ..trial };
            store::update(&mut cx.tx, &held, true).await?;
            outcomes.push(Fulfilled::Waiting);
            continue;
        }
        let (effective_at, expires_at) = finish(cx, order, line, trial).await?.1;
        outcomes.push(Fulfilled::Done { effective_at, expires_at });
    }
    Ok(outcomes)
}

/// A locked trial is commercial, and its term begins now; answers it, and its term. What holds it holds it further.
pub(super) async fn finish(
    cx: &mut Cx,
    order: &Order,
    line: &Line,
    trial: Resource,
) -> Result<(Resource, (Instant, Instant)), ApiError> {
    let days = auto_renewals::deduction_days(&mut cx.tx, &order.account).await?;
    let expires_at = first_expiry(cx.now, line.term())
        .map_err(|error| DbError::Other(format!("the term of a line: {error}")))?;
    let policy = if order.auto_renew { ExpirePolicy::AutoRenew } else { ExpirePolicy::EnterGrace };
    let was_frozen = trial.status == ResourceStatus::Frozen.code();
    let mut resource = Resource {
        expire_policy: policy.code(),
        auto_renew: order.auto_renew,
        renew_times: None,
        renewal: None,
        period_type: line.period_type.code(),
        period_num: line.period_num,
        effective_at: Some(cx.now),
        expires_at: Some(expires_at),
        grace_until: None,
        retained_until: None,
        is_trial: false,
        open_order: None,
        ..changed(trial, line, cx.now)
    };
    holds::show(cx, &mut resource)?;
    auto_renewals::schedule(&mut resource, days, cx.now);
    store::update(&mut cx.tx, &resource, true).await?;
    if was_frozen && resource.status == ResourceStatus::InUse.code() {
        // Its retention had begun while the cloud was at work.
        cloud::tell(cx, None, &[&resource], Action::Unfreeze).await?;
    }
    // The trial is over, however long it would have gone on.
    for mut charge in charges::of_resource(&mut cx.tx, &resource.account, &resource.id).await? {
        charge.end_by(cx.now);
        charges::update(&mut cx.tx, &charge).await?;
    }
    let charge_no = charges::next_no(&mut cx.tx, &resource.account, &resource.id).await?;
    let term = (line.term(), cx.now, expires_at);
    let charge = charge_of(&resource, order, line, ChargeKind::Commercial, charge_no, term);
    charges::insert(&mut cx.tx, &[charge]).await?;
    super::changes::notify(cx, order, &resource).await?;
    Ok((resource, (cx.now, expires_at)))
}
