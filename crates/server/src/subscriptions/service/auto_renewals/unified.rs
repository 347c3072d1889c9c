//! The unified expiry day of an account: renewed terms end on it (rule 1.6).

use domain::calendar::next_expiry;
use domain::rating::rate_extra;
use domain::subscription::renewal::{ExpireDay, exceeds, extra_months, unified_expiry};
use platform::db::DbError;
use platform::op::ApiError;

use crate::Cx;
use crate::catalog::model::in_force;
use crate::codes;
use crate::orders::model::Line;
use crate::subscriptions::service::sets::Set;

/// Moves the ends of the terms that lines renew to the unified day, and adds the price of the extra days to each: so
/// many months, whole and in part, at the price of a month, settled to cents once. What is sold by neither month nor
/// year keeps its own end, and so does what would become longer than is sold.
///
/// # Errors
/// CBC.0999 where an expiry leaves the calendar.
pub(super) fn extend(cx: &Cx, set: &Set, lines: &mut [Line], day: ExpireDay) -> Result<(), ApiError> {
    let catalog = cx.app.catalog.current();
    let beyond = |error: &dyn std::fmt::Display| ApiError::from(DbError::Other(error.to_string()));
    for (resource, line) in set.members().zip(lines) {
        let Some(begins_at) = resource.expires_at else { continue };
        let expires_at = next_expiry(begins_at, line.term()).map_err(|error| beyond(&error))?;
        let unified = unified_expiry(expires_at, day).map_err(|error| beyond(&error))?;
        let product = catalog.find_product_by_id(&line.product_id);
        let Some(offer) = product.and_then(|product| product.period.as_ref()) else { continue };
        if unified == expires_at || exceeds(cx.now, unified, offer.max_years) {
            continue;
        }
        let Some(version) = in_force(&offer.versions, cx.now) else { continue };
        let parts = extra_months(expires_at, unified);
        let Ok(extra) = rate_extra(&version.price, parts, line.resource_size, line.subscription_num) else {
            continue;
        };
        let amount = extra.settle(cx.site.profile().order_rounding).ok();
        let official = amount.and_then(|amount| line.official.checked_add(amount));
        line.official = official.ok_or_else(|| codes::AMOUNT_OVER_LIMIT.error())?;
        line.payable = line.official;
        line.effective_at = Some(begins_at);
        line.expires_at = Some(unified);
    }
    Ok(())
}
