//! Pay-per-use resources: those that the operator registers, and those that yearly/monthly ones become (rule 1.7).
//!
//! A pay-per-use resource has an id of ours of its own, and the cloud's name stays: the yearly/monthly resource that it
//! becomes again takes over both, so that no two rows of a table ever share an id.

use domain::calendar::Instant;
use domain::id::ResourceId;
use domain::subscription::ResourceStatus;
use platform::db::DbError;

use crate::Cx;
pub(in crate::subscriptions) use crate::subscriptions::store::on_demand::OnDemand;
use crate::subscriptions::store::on_demand::{self as rows, IN_USE};
use crate::subscriptions::store::{self, Resource};

/// A yearly/monthly resource turns pay-per-use at an instant: a resource of the same name begins to be billed by use,
/// and the yearly/monthly one is closed, as its order and its charges leave it. Of a set the primary goes first, then
/// what is attached to it. The caller holds the resource's lock, tells the cloud nothing (nothing changes for it) and
/// settles what was paid.
pub(in crate::subscriptions) async fn begin(
    cx: &mut Cx,
    resource: &Resource,
    at: Instant,
) -> Result<OnDemand, DbError> {
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
    };
    rows::insert(&mut cx.tx, &begun).await?;
    let closed = Resource {
        status: ResourceStatus::Closed.code(),
        expires_at: Some(at),
        updated_at: cx.now,
        auto_renew: false,
        renew_times: None,
        renew_at: None,
        open_order: None,
        due_at: None,
        ..resource.clone()
    };
    store::update(&mut cx.tx, &closed, resource.is_visible()).await?;
    Ok(begun)
}
