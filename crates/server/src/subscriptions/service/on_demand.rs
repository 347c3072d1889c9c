//! Pay-per-use resources: those that the operator registers, and those that yearly/monthly ones become (rule 1.7).
//!
//! A pay-per-use resource has an id of ours of its own, and the cloud's name stays: the yearly/monthly resource that it
//! becomes again takes over both, so that no two rows of a table ever share an id.

use domain::calendar::Instant;
use domain::id::ResourceId;
use domain::quantity::Quantity;
use domain::subscription::ResourceStatus;
use platform::db::{DbError, Tx};
use platform::op::{AccountKind, ApiError, Refusal};

use super::holds::by_use;
use super::named;
use super::ordering::check_not_held;
use crate::Cx;
use crate::catalog::model::{Catalog, Place};
use crate::identity::service::{find_account, find_project_id};
use crate::pricing::service::{UsageQuery, price_usage};
pub(in crate::subscriptions) use crate::subscriptions::store::on_demand::OnDemand;
use crate::subscriptions::store::on_demand::{self as rows, ENDED, IN_USE};
use crate::subscriptions::store::{self, Resource};

/// A yearly/monthly resource turns pay-per-use at an instant: a resource of the same name begins to be billed by use,
/// and the yearly/monthly one is closed, as its order and its charges leave it. Of a set the primary goes first, then
/// what is attached to it. The caller holds the resource's lock, tells the cloud nothing (nothing changes for it) and
/// settles what was paid. Answers the resource as it is then.
pub(in crate::subscriptions) async fn begin(
    cx: &mut Cx,
    resource: &Resource,
    at: Instant,
) -> Result<Resource, DbError> {
    let name = resource.resource_id.clone().unwrap_or_else(|| resource.id.clone());
    let parent = match &resource.parent {
        None => None,
        Some(parent) => match store::resource_id(&mut cx.tx, &resource.account, parent).await? {
            None => None,
            Some(parent) => rows::find_named(&mut cx.tx, &resource.account, &parent).await?,
        },
    };
    let begun = OnDemand {
        account: resource.account.clone(),
        id: ResourceId::generate(cx.ids.as_mut()).into(),
        resource_id: name,
        origin: Some(resource.id.clone()),
        parent: parent.map(|parent| parent.id),
        resource_name: resource.resource_name.clone(),
        region_code: resource.region_code.clone(),
        available_zone: resource.available_zone.clone(),
        service_type_code: resource.service_type_code.clone(),
        resource_type_code: resource.resource_type_code.clone(),
        resource_spec_code: resource.resource_spec_code.clone(),
        project_id: resource.project_id.clone(),
        enterprise_project_id: resource.enterprise_project_id.clone(),
        spec_size: resource.spec_size,
        spec_size_measure_id: resource.spec_size_measure_id,
        status: IN_USE,
        open_order: None,
        began_at: at,
        ended_at: None,
        held_at: None,
        due_at: None,
    };
    rows::insert(&mut cx.tx, &begun).await?;
    let closed = Resource {
        status: ResourceStatus::Closed.code(),
        expires_at: Some(at),
        updated_at: cx.now,
        auto_renew: false,
        renew_times: None,
        renew_at: None,
        renewal: None,
        open_order: None,
        due_at: None,
        ..resource.clone()
    };
    store::update(&mut cx.tx, &closed, resource.is_visible()).await?;
    Ok(closed)
}

/// A pay-per-use resource that the operator registers.
#[derive(Debug, Clone)]
pub(in crate::subscriptions) struct NewOnDemand {
    /// Whose it is.
    pub customer: String,
    /// As the cloud names it; `None`: as we do.
    pub resource_id: Option<String>,
    /// Service code.
    pub cloud_service_type: String,
    /// Resource type code.
    pub resource_type: String,
    /// Specification.
    pub resource_spec: String,
    /// Region.
    pub region: String,
    /// Zone.
    pub available_zone: Option<String>,
    /// Size of a linear product.
    pub resource_size: Option<i64>,
    /// Unit of the size.
    pub size_measure_id: Option<i64>,
    /// Its name.
    pub resource_name: Option<String>,
    /// Its project.
    pub project_id: Option<String>,
    /// Its enterprise project.
    pub enterprise_project_id: Option<String>,
}

/// Registers a pay-per-use resource, from now on; where its account is frozen with its resources, it is held from the
/// start.
///
/// # Errors
/// CBC.99006006 for a product that is not sold by use, CBC.0100 for a customer, a size or a name that cannot be.
pub(in crate::subscriptions) async fn register(cx: &mut Cx, new: NewOnDemand) -> Result<OnDemand, ApiError> {
    let app = cx.app.clone();
    let account = find_account(&app, &mut cx.tx, &new.customer).await?;
    let Some(customer) = account.filter(|account| account.kind == AccountKind::Customer) else {
        return Err(Refusal::because("customer_id", "is not the id of a customer", "不是客户账号 ID").into());
    };
    let catalog = cx.app.catalog.current();
    let (region, size) = check_product(&catalog, cx.now, &new)?;
    let id: String = ResourceId::generate(cx.ids.as_mut()).into();
    let resource_id = new.resource_id.unwrap_or_else(|| id.clone());
    named::check_free(cx, &customer.id, (&resource_id, &id)).await?;
    let project_id = match new.project_id {
        Some(named) => Some(named),
        None => find_project_id(&mut cx.tx, &customer.id, &region).await?,
    };
    let mut one = OnDemand {
        account: customer.id.clone(),
        id,
        resource_id,
        origin: None,
        parent: None,
        resource_name: new.resource_name,
        region_code: region,
        available_zone: new.available_zone,
        service_type_code: new.cloud_service_type,
        resource_type_code: new.resource_type,
        resource_spec_code: new.resource_spec,
        project_id,
        enterprise_project_id: new.enterprise_project_id,
        spec_size: size.map(|(size, _)| size),
        spec_size_measure_id: size.map(|(_, measure)| measure),
        status: IN_USE,
        open_order: None,
        began_at: cx.now,
        ended_at: None,
        held_at: None,
        due_at: None,
    };
    by_use::join(cx, &mut one).await?;
    Ok(one)
}

/// The region of a product that is sold by use, in the catalogue's spelling, and the size of a linear one with its unit.
fn check_product(
    catalog: &Catalog,
    now: Instant,
    new: &NewOnDemand,
) -> Result<(String, Option<(i64, i64)>), ApiError> {
    let place = Place {
        service: &new.cloud_service_type,
        resource_type: &new.resource_type,
        spec: &new.resource_spec,
        region: &new.region,
        zone: new.available_zone.as_deref(),
    };
    let offer = catalog.find_product(&place).and_then(|product| product.usage.first());
    // Pricing nothing of it says whether it is sold so, and whether its size is right.
    let query = UsageQuery {
        at: "resource",
        place,
        resource_size: new.resource_size,
        size_measure_id: new.size_measure_id,
        usage_factor: offer.map_or("", |offer| &offer.factor),
        usage_value: Quantity::ZERO,
        usage_measure_id: offer.map_or(0, |offer| offer.measure),
        subscription_num: 1,
    };
    let priced = price_usage(catalog, now, &query)?;
    let size = priced.product.linear.and(new.resource_size.zip(new.size_measure_id));
    Ok((priced.priced.item.region.to_owned(), size))
}

/// A resource that is no longer pay-per-use.
pub(super) fn ended(one: OnDemand, at: Instant) -> OnDemand {
    OnDemand { status: ENDED, ended_at: Some(at), held_at: None, due_at: None, ..one }
}

/// A page of the pay-per-use resources in use, of an account or of all, and how many there are.
///
/// # Errors
/// The database's.
pub(in crate::subscriptions) async fn list(
    tx: &mut Tx,
    account: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<OnDemand>), DbError> {
    rows::list(tx, account, offset, limit).await
}

/// A pay-per-use resource, with what is attached to it, was released: it is no longer billed. Answers the resource.
///
/// # Errors
/// CBC.99003012 for an unknown one; CBC.99003100 and CBC.99003144 where an order holds it.
pub(in crate::subscriptions) async fn release(cx: &mut Cx, id: &str) -> Result<OnDemand, ApiError> {
    let found = named::find_on_demand(cx, id).await?;
    let set = named::lock_on_demand(cx, &found, id).await?;
    for one in &set {
        check_not_held(cx, &one.resource_id, one.open_order.as_deref()).await?;
    }
    for one in set {
        rows::update(&mut cx.tx, &ended(one, cx.now)).await?;
    }
    Ok(found)
}
