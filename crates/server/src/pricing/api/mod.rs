//! The price inquiries (004 4.2.1, 4.2.2).

pub mod on_demand;
pub mod period;

use std::collections::HashSet;

use domain::money::{Exact, Overflow};
use platform::op::{ApiError, Num, Refusal};

use super::service::within_limit;

pub use on_demand::ListOnDemandResourceRatings;
pub use period::ListRateOnPeriodDetail;

/// The measurement unit of amounts: the currency of the site.
pub(super) const CURRENCY_MEASURE: i64 = 1;
/// Most decimals of an amount, unless the caller asks for more.
pub(super) const DECIMALS: u32 = 6;
/// Most decimals where `inquiry_precision` is 1.
pub(super) const DECIMALS_MAX: u32 = 10;

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

/// The amounts of an inquiry, as they are shown.
struct Sum {
    decimals: u32,
    total: Exact,
    units: i128,
}

impl Sum {
    fn new(decimals: u32) -> Self {
        Self { decimals, total: Exact::zero(), units: 0 }
    }

    /// Adds a line's list price, and gives what is shown of it.
    fn add(&mut self, list: Exact) -> Result<Num, ApiError> {
        let sum = |total: Exact| Ok::<_, Overflow>((total.checked_add(list)?, list.show(self.decimals)?));
        // Too much for a number is too much for the limit as well; what is refused then is the whole inquiry.
        let Ok((total, shown)) = sum(self.total) else {
            return Err(super::service::over_limit("product_infos"));
        };
        self.total = within_limit("product_infos", total)?;
        self.units += shown.units;
        Ok(Num::of(shown))
    }

    fn shown(&self) -> Num {
        Num::of(domain::money::Shown { units: self.units, scale: self.decimals })
    }
}
