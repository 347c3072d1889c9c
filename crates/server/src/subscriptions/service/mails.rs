//! Mails about resources.

use crate::notices::service::Thing;
use crate::subscriptions::store::Resource;

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
