//! The price inquiries (004 4.2.1, 4.2.2).

pub mod on_demand;
pub mod period;

use std::collections::HashSet;

use domain::money::Overflow;
use platform::op::{ApiError, Refusal};

use super::service::over_limit;

pub use on_demand::ListOnDemandResourceRatings;
pub use period::ListRateOnPeriodDetail;

/// The measurement unit of amounts: the currency of the site.
pub(super) const CURRENCY_MEASURE: i64 = 1;
/// Ids must be unique within an inquiry: the caller finds its results by them.
fn refuse_repeated<'a>(ids: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Refusal> {
    let mut known = HashSet::with_capacity(ids.len());
    for (index, id) in ids.enumerate() {
        if !known.insert(id) {
            return Err(Refusal::because(
                format!("product_infos[{index}].id"),
                format!("is {id}, as is another one: ids must be unique within an inquiry"),
                format!("为 {id}，与其他产品重复：同一次询价中 id 不能重复"),
            ));
        }
    }
    Ok(())
}

/// What these inquiries ask about, for messages.
const ASKED: &str = "product_infos";

/// A discount that is computed of list prices within the limit can still need numbers beyond it.
fn too_much(_: Overflow) -> ApiError {
    over_limit(ASKED)
}
