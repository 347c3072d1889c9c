//! The unified expiry day of an account: renewed terms end on it (rule 1.6).

use domain::calendar::{PeriodType, next_expiry};
use domain::rating::{rate_extra, rate_period};
use domain::subscription::renewal::{ExpireDay, exceeds, extra_months, unified_expiry};
use platform::db::DbError;
use platform::op::ApiError;

use crate::Cx;
use crate::catalog::model::in_force;
use crate::codes;
use crate::orders::model::Line;
use crate::subscriptions::service::sets::Set;

/// Moves the ends of the terms that lines renew to the unified day, and adds the price of the extra days to each: so
/// many months, whole and in part, at the price of a month; term and days are settled to cents together, once. What is
/// renewed by other periods than months and years, or has no price of either, keeps its own end, and so does what would
/// become longer than is sold.
///
/// # Errors
/// CBC.0999 where an expiry leaves the calendar, CBC.99006055 where the amount is too large.
pub(super) fn extend(cx: &Cx, set: &Set, lines: &mut [Line], day: ExpireDay) -> Result<(), ApiError> {
    let catalog = cx.app.catalog.current();
    let beyond = |error: &dyn std::fmt::Display| ApiError::from(DbError::Other(error.to_string()));
    let over_limit = || codes::AMOUNT_OVER_LIMIT.error();
    for (resource, line) in set.members().zip(lines) {
        let Some(begins_at) = resource.expires_at else { continue };
        if !matches!(line.period_type, PeriodType::Month | PeriodType::Year) {
            continue;
        }
        let expires_at = next_expiry(begins_at, line.term()).map_err(|error| beyond(&error))?;
        let unified = unified_expiry(expires_at, day).map_err(|error| beyond(&error))?;
        let product = catalog.find_product_by_id(&line.product_id);
        let Some(offer) = product.and_then(|product| product.period.as_ref()) else { continue };
        if unified == expires_at || exceeds(cx.now, unified, offer.max_years) {
            continue;
        }
        let Some(version) = in_force(&offer.versions, cx.now) else { continue };
        let (size, num) = (line.resource_size, line.subscription_num);
        let extra = rate_extra(&version.price, extra_months(expires_at, unified), size, num);
        let Ok(extra) = extra else { continue };
        let term = rate_period(&version.price, line.term(), size, num).map_err(|_| over_limit())?;
        let whole = term.checked_add(extra).map_err(|_| over_limit())?;
        line.official = whole.settle(cx.site.profile().order_rounding).map_err(|_| over_limit())?;
        line.payable = line.official;
        line.effective_at = Some(begins_at);
        line.expires_at = Some(unified);
    }
    Ok(())
}
