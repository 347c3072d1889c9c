//! One price for every unit.

use super::{PriceError, check_price};
use crate::money::{Exact, Overflow, Price};

/// A price that does not depend on how much is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlatPrice(Price);

impl FlatPrice {
    /// The price of a unit.
    ///
    /// # Errors
    /// [`PriceError::Negative`].
    pub fn new(price: Price) -> Result<Self, PriceError> {
        check_price(price).map(Self)
    }

    /// The price of a unit.
    pub fn price(self) -> Price {
        self.0
    }

    pub(super) fn rate(self, units: Exact) -> Result<Exact, Overflow> {
        units.times_price(self.0)
    }
}
