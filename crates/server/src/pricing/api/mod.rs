//! The price inquiries (004 4.2.1, 4.2.2).

pub mod on_demand;
pub mod period;

use std::collections::HashSet;

use domain::money::{Exact, Overflow, Shown};
use platform::op::{ApiError, Num, Refusal};

use super::service::{over_limit, within_limit};

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

/// The list prices of an inquiry, as they are shown.
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
    fn add(&mut self, list: Exact) -> Result<Shown, ApiError> {
        let sum = |total: Exact| Ok::<_, Overflow>((total.checked_add(list)?, list.show(self.decimals)?));
        // Too much for a number is too much for the limit as well; what is refused then is the whole inquiry.
        let (total, shown) = sum(self.total).map_err(too_much)?;
        self.total = within_limit("product_infos", total)?;
        self.units += shown.units;
        Ok(shown)
    }

    fn shown(&self) -> Shown {
        Shown { units: self.units, scale: self.decimals }
    }
}

/// A discount that is computed of list prices within the limit can still need numbers beyond it.
fn too_much(_: Overflow) -> ApiError {
    over_limit("product_infos")
}

/// A price with a discount, as it is shown: what is payable is the difference of the other two, to the last digit.
struct Discounted {
    official: Shown,
    discount: Shown,
}

impl Discounted {
    /// A price without a discount.
    fn none(official: Shown) -> Self {
        Self { official, discount: Shown { units: 0, scale: official.scale } }
    }

    /// The discount is cut as the list price is (rule 3.5).
    fn by(official: Shown, discount: Exact) -> Result<Self, ApiError> {
        Ok(Self { official, discount: discount.show(official.scale).map_err(too_much)? })
    }

    /// What is payable.
    fn amount(&self) -> Num {
        let Self { official, discount } = self;
        Num::of(Shown { units: official.units - discount.units, scale: official.scale })
    }

    /// The sum of several; the list price of none is zero.
    fn sum(scale: u32, parts: &[Self]) -> Self {
        let sum = |units: fn(&Self) -> i128| Shown { units: parts.iter().map(units).sum(), scale };
        Self { official: sum(|part| part.official.units), discount: sum(|part| part.discount.units) }
    }
}
