//! What stands in the way of unsubscribing a resource (004 8.4.3).

use domain::subscription::ResourceStatus;
use platform::op::{ApiError, Code};

use super::{Scope, Unit};
use crate::Cx;
use crate::catalog::model::{Catalog, Flag, Product};
use crate::codes;
use crate::subscriptions::service::ordering::holder;
use crate::subscriptions::store::{Resource, WAITING};

/// The code, with the resource that it is about.
pub(super) fn about(resource_id: &str, code: &'static Code) -> ApiError {
    code.because(format!("Resource {resource_id}: {}", code.en), format!("资源 {resource_id}：{}", code.zh))
}

fn of(resource: &Resource, code: &'static Code) -> ApiError {
    about(resource.resource_id.as_ref().unwrap_or(&resource.id), code)
}

/// Refuses what cannot be unsubscribed from now: what is not there any more, what an order holds, what is frozen, and
/// what is of a kind that is never returned.
///
/// # Errors
/// The codes of 004 8.4.3.
pub(super) async fn check(cx: &mut Cx, unit: &Unit, scope: Scope) -> Result<(), ApiError> {
    let catalog = cx.app.catalog.current();
    if unit.members.iter().any(|one| one.status == ResourceStatus::Closed.code()) {
        return Err(about(&unit.named, &codes::UNSUBSCRIPTION_RESOURCE_GONE));
    }
    let is_bundle =
        |one: &Resource| product_of(&catalog, one).is_some_and(|product| product.is(Flag::Bundle));
    if !unit.is_set && (is_bundle(&unit.primary) || unit.members.iter().any(is_bundle)) {
        return Err(about(&unit.named, &codes::UNSUBSCRIPTION_AS_WHOLE_ONLY));
    }
    for resource in &unit.members {
        check_orders(cx, resource).await?;
    }
    let frozen = unit.members.iter().find(|one| one.is_held());
    if let Some(resource) = frozen {
        return Err(of(resource, &codes::UNSUBSCRIPTION_WHILE_FROZEN));
    }
    for resource in &unit.members {
        if let Some(code) = never(resource, product_of(&catalog, resource), cx) {
            return Err(of(resource, code));
        }
    }
    let is_add_on = |one: &&Resource| product_of(&catalog, one).is_some_and(|own| own.is(Flag::AddOn));
    match unit.members.iter().find(is_add_on) {
        Some(resource) if scope == Scope::RenewedTerms => Err(of(resource, &codes::RENEWAL_HAS_ADD_ON)),
        _ => Ok(()),
    }
}

fn product_of<'c>(catalog: &'c Catalog, resource: &Resource) -> Option<&'c Product> {
    catalog.find_product_by_id(&resource.product_id)
}

/// An order that waits for payment, for approval or for the cloud keeps its resources.
async fn check_orders(cx: &mut Cx, resource: &Resource) -> Result<(), ApiError> {
    if resource.status == WAITING {
        return Err(of(resource, &codes::UNSUBSCRIPTION_WHILE_BUSY));
    }
    let Some(id) = &resource.open_order else { return Ok(()) };
    let holder = holder(cx, id).await?;
    let code = match holder.is_unpaid() {
        true => &codes::RESOURCE_IN_UNPAID_ORDER,
        false => &codes::UNSUBSCRIPTION_WHILE_BUSY,
    };
    let said = || (format!("order {}. {}", holder.id, code.en), format!("订单 {}。{}", holder.id, code.zh));
    let (en, zh) = holder.awaits_approval().unwrap_or_else(said);
    let named = resource.resource_id.as_ref().unwrap_or(&resource.id);
    Err(code.because(format!("Resource {named}: {en}"), format!("资源 {named}：{zh}")))
}

/// Why resources of this kind are never returned. A package may be, before it takes effect (rule 2.1).
fn never(resource: &Resource, product: Option<&Product>, cx: &Cx) -> Option<&'static Code> {
    if resource.is_trial {
        return Some(&codes::TRIAL_NOT_UNSUBSCRIBABLE);
    }
    // What the catalogue no longer knows is bound by nothing that it says.
    let product = product?;
    let has_begun = resource.effective_at.is_some_and(|begin| begin <= cx.now);
    if product.package.is_some() && has_begun && !product.is(Flag::DevCloudPackage) {
        return Some(&codes::PACKAGE_NOT_UNSUBSCRIBABLE);
    }
    let flags = [
        (Flag::SavingsPlan, &codes::SAVINGS_PLAN_NOT_UNSUBSCRIBABLE),
        (Flag::DevCloudPackage, &codes::DEV_CLOUD_PACKAGE_NOT_UNSUBSCRIBABLE),
        (Flag::Marketplace, &codes::MARKETPLACE_NOT_UNSUBSCRIBABLE),
        (Flag::NotUnsubscribable, &codes::SERVICE_NOT_UNSUBSCRIBABLE),
    ];
    flags.into_iter().find(|(flag, _)| product.is(*flag)).map(|(_, code)| code)
}
