//! Amounts of inquiries as they are shown: cut, never rounded, and adding up to the last digit.

use domain::money::{Exact, Overflow, Shown};
use platform::op::{ApiError, Num};

use super::service::{over_limit, within_limit};

/// The list prices of an inquiry, as they are shown.
#[derive(Debug)]
pub struct Sum {
    at: &'static str,
    decimals: u32,
    total: Exact,
    units: i128,
}

impl Sum {
    /// None yet; `at` names what is asked about, for messages.
    pub fn new(at: &'static str, decimals: u32) -> Self {
        Self { at, decimals, total: Exact::zero(), units: 0 }
    }

    /// Adds a line's list price, and gives what is shown of it.
    ///
    /// # Errors
    /// AMOUNT_OVER_LIMIT.
    pub fn add(&mut self, list: Exact) -> Result<Shown, ApiError> {
        let sum = |total: Exact| Ok::<_, Overflow>((total.checked_add(list)?, list.show(self.decimals)?));
        // Too much for a number is too much for the limit as well; what is refused then is the whole inquiry.
        let (total, shown) = sum(self.total).map_err(|_| over_limit(self.at))?;
        self.total = within_limit(self.at, total)?;
        self.units += shown.units;
        Ok(shown)
    }

    /// What is shown of them all.
    pub fn shown(&self) -> Shown {
        Shown { units: self.units, scale: self.decimals }
    }
}

/// A price with a discount, as it is shown: what is payable is the difference of the other two, to the last digit.
#[derive(Debug, Clone, Copy)]
pub struct Discounted {
    /// List price.
    pub official: Shown,
    /// What is taken off it.
    pub discount: Shown,
}

impl Discounted {
    /// A price without a discount.
    pub fn none(official: Shown) -> Self {
        Self { official, discount: Shown { units: 0, scale: official.scale } }
    }

    /// The discount is cut as the list price is (rule 3.5).
    ///
    /// # Errors
    /// AMOUNT_OVER_LIMIT, about `at`.
    pub fn by(at: &str, official: Shown, discount: Exact) -> Result<Self, ApiError> {
        Ok(Self { official, discount: discount.show(official.scale).map_err(|_| over_limit(at))? })
    }

    /// What is payable.
    pub fn amount(&self) -> Num {
        let Self { official, discount } = self;
        Num::of(Shown { units: official.units - discount.units, scale: official.scale })
    }

    /// The sum of several; the list price of none is zero.
    pub fn sum(scale: u32, parts: &[Self]) -> Self {
        let sum = |units: fn(&Self) -> i128| Shown { units: parts.iter().map(units).sum(), scale };
        Self { official: sum(|part| part.official.units), discount: sum(|part| part.discount.units) }
    }
}
