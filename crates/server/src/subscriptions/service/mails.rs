//! Mails about resources.

use domain::calendar::Instant;

use crate::catalog::model::{Catalog, Place};
use crate::notices::service::Thing;
use crate::subscriptions::store::Resource;
use crate::subscriptions::store::on_demand::OnDemand;

/// What a mail says of a resource that has begun its term.
pub(in crate::subscriptions) fn thing(resource: &Resource) -> Thing<'_> {
    let resource_id = resource.resource_id.as_deref().unwrap_or(&resource.id);
    Thing {
        resource_id,
        name: resource.resource_name.as_deref().unwrap_or(resource_id),
        product_en: &resource.description.en_us,
        product_zh: &resource.description.zh_cn,
        expires_at: resource.expires_at.unwrap_or(resource.updated_at),
    }
}

/// What a mail says of a pay-per-use resource that ended at an instant; what the catalogue no longer knows goes by its
/// specification.
pub(in crate::subscriptions) fn thing_by_use<'a>(
    catalog: &'a Catalog,
    one: &'a OnDemand,
    ended_at: Instant,
) -> Thing<'a> {
    let product = catalog.find_product(&Place {
        service: &one.service_type_code,
        resource_type: &one.resource_type_code,
        spec: &one.resource_spec_code,
        region: &one.region_code,
        zone: one.available_zone.as_deref(),
    });
    let spec = one.resource_spec_code.as_str();
    Thing {
        resource_id: &one.resource_id,
        name: one.resource_name.as_deref().unwrap_or(&one.resource_id),
        product_en: product.map_or(spec, |product| &product.description.en),
        product_zh: product.map_or(spec, |product| &product.description.zh),
        expires_at: ended_at,
    }
}
