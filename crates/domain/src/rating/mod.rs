//! List prices: from a catalogue price and a usage or a term to an exact amount.
//!
//! One file per pricing model: [`flat`](FlatPrice), [`tiered`](TieredPrice) by volume or graduated, and
//! [`period`](PeriodPrices). Linear products are not a model of their own: their price is per unit of
//! size, and the size multiplies whatever model the price has (rule 3.6).
//!
//! ```text
//! usage × conversion ─▶ price model ─▶ × size ─▶ × number of subscriptions ─▶ Exact
//! ```
//!
//! Nothing is rounded here: the usage in pricing units is an exact quotient (rule 3.7), and the result is an
//! [`Exact`] that the caller shows or settles.

mod flat;
mod linear;
mod period;
mod tiered;

use crate::money::{Exact, Overflow, Price};
use crate::quantity::Quantity;

pub use flat::FlatPrice;
pub use period::{PeriodPart, PeriodPrices, RatingError, rate_extra, rate_period};
pub use tiered::{Tier, TierMode, TieredPrice};

/// Why a price of the catalogue is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// A price is below zero.
    #[error("a price is negative")]
    Negative,
    /// There is no tier, or no period with a price.
    #[error("there is no price")]
    Empty,
    /// The tiers do not ascend, or one begins at zero and is empty.
    #[error("the tiers must ascend, each above the one before")]
    NotAscending,
    /// A tier before the last has no upper bound, or the last has one.
    #[error("the last tier, and only the last, must be without an upper bound")]
    NotOpen,
    /// A period type has two prices.
    #[error("a period type has two prices")]
    DuplicatePeriod,
}

fn check_price(price: Price) -> Result<Price, PriceError> {
    if price.is_negative() { Err(PriceError::Negative) } else { Ok(price) }
}

/// From the unit of a usage to the unit of the price, as a fraction: seconds to hours is 1/3600.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Conversion {
    mul: i64,
    div: i64,
}

impl Conversion {
    /// Usage and price have one unit.
    pub const ONE: Self = Self { mul: 1, div: 1 };

    /// Multiply, then divide; None unless both are positive.
    pub fn new(mul: i64, div: i64) -> Option<Self> {
        (mul > 0 && div > 0).then_some(Self { mul, div })
    }

    /// What a usage is multiplied by.
    pub fn multiplier(self) -> i64 {
        self.mul
    }

    /// What it is then divided by.
    pub fn divisor(self) -> i64 {
        self.div
    }

    /// The exact quantity in pricing units.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn apply(self, usage: Quantity) -> Result<Exact, Overflow> {
        Exact::from_quantity(usage).times_int(self.mul)?.div_int(self.div)
    }
}

/// What usage costs, in the pricing unit of the catalogue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UsagePrice {
    /// The same for every unit.
    Flat(FlatPrice),
    /// Depends on how much is used.
    Tiered(TieredPrice),
}

impl UsagePrice {
    /// The same price for every unit.
    ///
    /// # Errors
    /// [`PriceError::Negative`].
    pub fn flat(price: Price) -> Result<Self, PriceError> {
        FlatPrice::new(price).map(Self::Flat)
    }

    /// A price for each tier; tiers ascend and the last is open.
    ///
    /// # Errors
    /// [`PriceError`], by what is wrong with the tiers.
    pub fn tiered(mode: TierMode, tiers: Vec<Tier>) -> Result<Self, PriceError> {
        TieredPrice::new(mode, tiers).map(Self::Tiered)
    }

    /// What so many pricing units of one subscription are made of: their price is the sum of these.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn parts(&self, units: Exact) -> Result<Vec<UsagePart>, Overflow> {
        match self {
            Self::Flat(flat) => Ok(vec![UsagePart { above: None, up_to: None, units, price: flat.price() }]),
            Self::Tiered(tiered) => tiered.parts(units),
        }
    }
}

/// So much usage at one price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UsagePart {
    /// The tier is for usage above this, in pricing units; None: from the first unit on.
    pub above: Option<Quantity>,
    /// The tier is for usage up to and including this; None: without a bound.
    pub up_to: Option<Quantity>,
    /// How much usage has this price.
    pub units: Exact,
    /// The price of a unit.
    pub price: Price,
}

impl UsagePart {
    /// What the part costs.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn amount(&self) -> Result<Exact, Overflow> {
        self.units.times_price(self.price)
    }
}

/// The list price of a usage: usage / conversion × price × size × number of subscriptions (rules 3.6, 3.7).
///
/// The size is given for linear products only. Tiers look at the usage of one subscription.
///
/// # Errors
/// [`Overflow`].
pub fn rate_usage(
    price: &UsagePrice,
    usage: Quantity,
    conversion: Conversion,
    linear_size: Option<i64>,
    subscription_num: i64,
) -> Result<Exact, Overflow> {
    let units = conversion.apply(usage)?;
    let amount = match price {
        UsagePrice::Flat(flat) => flat.rate(units)?,
        UsagePrice::Tiered(tiered) => tiered.rate(units)?,
    };
    linear::times_size(amount, linear_size)?.times_int(subscription_num)
}
