//! To pay-per-use on expiry (004 8.4.6, rule 1.7): set up, and cancelled.

use domain::subscription::{ExpirePolicy, ResourceStatus};
use platform::op::{ApiError, Code, Refusal};

use super::sets::{self, Set};
use super::{life, ordering};
use crate::catalog::model::{Catalog, Flag};
use crate::identity::service::standing;
use crate::subscriptions::store::{self, Resource};
use crate::{Cx, codes};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::subscriptions) enum Wish {
    /// Pay-per-use from the expiry on.
    SetUp,
    /// The ordinary course again.
    Cancel,
}

/// Resources that did not become what was asked for, by the names of the request.
pub(in crate::subscriptions) type Expired = Vec<String>;

/// Sets for sets of resources of an account, named by their primary ones, whether they become pay-per-use at their
/// expiry. Automatic renewal ends with it, and is not restored by cancelling. Answers those that cannot be changed any
/// more, since their term is over; anything else refuses the whole request.
///
/// # Errors
/// The codes of 004 8.4.6.
pub(in crate::subscriptions) async fn set(
    cx: &mut Cx,
    account: &str,
    ids: &[String],
    wish: Wish,
) -> Result<Expired, ApiError> {
    if standing(&mut cx.tx, account, account).await?.is_frozen {
        return Err(codes::CONVERSION_BLOCKED_BY_FROZEN_ACCOUNT.error());
    }
    let mut sets = lock_all(cx, account, ids).await?;
    let catalog = cx.app.catalog.current();
    for set in &sets {
        check(cx, &catalog, set, wish).await?;
    }
    let mut expired = Expired::new();
    for set in &mut sets {
        let is_over = set.primary.expires_at.is_some_and(|expires_at| expires_at <= cx.now);
        if is_over || life::by_time(&set.primary, cx.now) != ResourceStatus::InUse {
            expired.push(name_of(&set.primary).to_owned());
            continue;
        }
        for resource in set.members_mut() {
            if apply(resource, wish) {
                resource.updated_at = cx.now;
                store::update(&mut cx.tx, resource, resource.is_visible()).await?;
            }
        }
    }
    Ok(expired)
}

pub(super) fn name_of(resource: &Resource) -> &str {
    resource.resource_id.as_deref().unwrap_or(&resource.id)
}

/// The sets of primary resources, locked in the order of our ids, each once.
async fn lock_all(cx: &mut Cx, account: &str, ids: &[String]) -> Result<Vec<Set>, ApiError> {
    let mut found: Vec<Resource> = Vec::with_capacity(ids.len());
    for id in ids {
        let resource = store::find_named(&mut cx.tx, account, id).await?;
        let Some(resource) = resource.filter(Resource::is_visible) else { return Err(unknown(id)) };
        if resource.parent.is_some() {
            return Err(Refusal::because(
                "resource_ids",
                format!("must name primary resources only; {id} is attached to one and follows it"),
                format!("只能指定主资源；{id} 为附属资源，随主资源一起转换"),
            )
            .into());
        }
        if !found.iter().any(|known| known.id == resource.id) {
            found.push(resource);
        }
    }
    found.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    let mut sets = Vec::with_capacity(found.len());
    for resource in &found {
        let set = sets::lock(cx, resource).await?;
        // Closed while its lock was waited for.
        if !set.primary.is_visible() {
            return Err(unknown(name_of(resource)));
        }
        sets.push(set);
    }
    Ok(sets)
}

pub(super) fn unknown(id: &str) -> ApiError {
    codes::RESOURCE_ID_NOT_FOUND.because(
        format!("There is no resource {id} in this account. Use the resource_id that the query of resources shows."),
        format!("该账号下没有资源 {id}，请使用资源查询结果中的 resource_id。"),
    )
}

/// What refuses the whole request.
pub(super) async fn check(cx: &mut Cx, catalog: &Catalog, set: &Set, wish: Wish) -> Result<(), ApiError> {
    if wish == Wish::SetUp {
        for resource in set.members() {
            check_kind(catalog, resource)?;
        }
    }
    let about = |code: &'static Code, resource: &Resource| {
        let name = name_of(resource);
        code.because(format!("Resource {name}: {}", code.en), format!("资源 {name}：{}", code.zh))
    };
    if let Some(resource) = set.members().find(|resource| resource.secured_at.is_some()) {
        return Err(about(&codes::CONVERSION_BLOCKED_BY_SECURITY_FREEZE, resource));
    }
    if let Some(resource) = set.members().find(|resource| resource.held_at.is_some()) {
        return Err(about(&codes::CONVERSION_BLOCKED_BY_FROZEN_ACCOUNT, resource));
    }
    let is_busy = |resource: &&Resource| resource.open_order.is_some() || resource.status == store::WAITING;
    let Some(busy) = set.members().find(is_busy) else { return Ok(()) };
    if let Some(order) = &busy.open_order
        && let Some((en, zh)) = ordering::holder(cx, order).await?.awaits_approval()
    {
        let name = name_of(busy);
        let code = &codes::CONVERSION_BLOCKED_BY_ORDER;
        return Err(code.because(format!("Resource {name}: {en}"), format!("资源 {name}：{zh}")));
    }
    Err(about(&codes::CONVERSION_BLOCKED_BY_ORDER, busy))
}

/// Why what a catalogue sells under an id cannot be billed by use; `None`: it can.
pub(super) fn not_by_use(catalog: &Catalog, product_id: &str) -> Option<&'static Code> {
    match catalog.find_product_by_id(product_id) {
        Some(product) if product.package.is_some() => Some(&codes::PACKAGE_NOT_CONVERTIBLE),
        Some(product) if product.is(Flag::Bundle) => Some(&codes::SOLUTION_NOT_CONVERTIBLE),
        // What has no price by use cannot be billed by it, and neither can what the catalogue no longer knows.
        Some(product) if !product.is(Flag::NotConvertible) && !product.usage.is_empty() => None,
        Some(_) | None => Some(&codes::PRODUCT_NOT_CONVERTIBLE),
    }
}

/// Whether a resource is of a kind that can be billed by use.
fn check_kind(catalog: &Catalog, resource: &Resource) -> Result<(), ApiError> {
    let Some(code) = not_by_use(catalog, &resource.product_id) else { return Ok(()) };
    let name = name_of(resource);
    Err(code.because(format!("Resource {name}: {}", code.en), format!("资源 {name}：{}", code.zh)))
}

/// Whether anything changed of a resource.
fn apply(resource: &mut Resource, wish: Wish) -> bool {
    let is_set_up = resource.expire_policy == ExpirePolicy::ToOnDemand.code();
    match wish {
        Wish::SetUp if !is_set_up => {
            resource.expire_policy = ExpirePolicy::ToOnDemand.code();
            resource.auto_renew = false;
            resource.renew_times = None;
            resource.renew_at = None;
            resource.renewal = None;
            true
        }
        Wish::Cancel if is_set_up => {
            resource.expire_policy = ExpirePolicy::EnterGrace.code();
            true
        }
        Wish::SetUp | Wish::Cancel => false,
    }
}
