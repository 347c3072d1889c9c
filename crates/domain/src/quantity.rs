//! Quantities: how much was used or is sold, never negative and never a float.
//!
//! A quantity has ten decimals, because a usage "in pricing units" is shown with ten (rule 3.7). Money is
//! never computed from a cut quantity: conversions happen on [`crate::money::Exact`].

use std::fmt;

use crate::money::{DecimalError, parse_decimal, write_decimal};

/// A non-negative exact decimal with ten decimals, below [`Quantity::WHOLE_MAX`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Quantity(i128);

/// Why a text is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text is not a decimal number.
    #[error("is not a decimal number")]
    NotANumber,
    /// The number is below zero.
    #[error("is negative")]
    Negative,
    /// The number has more than ten decimals.
    #[error("has more than 10 decimals")]
    TooPrecise,
    /// The number exceeds [`Quantity::WHOLE_MAX`], or its text is too long.
    #[error("is too large")]
    TooLarge,
}

impl From<DecimalError> for QuantityError {
    fn from(error: DecimalError) -> Self {
        match error {
            DecimalError::NotANumber => Self::NotANumber,
            DecimalError::TooPrecise => Self::TooPrecise,
            DecimalError::TooLarge => Self::TooLarge,
        }
    }
}

impl Quantity {
    /// How many decimals one unit stands for.
    pub const SCALE: u32 = 10;
    /// The largest quantity: an exabyte counted in bytes, several times over.
    pub const WHOLE_MAX: i64 = 9_000_000_000_000_000_000;
    /// Nothing.
    pub const ZERO: Self = Self(0);

    const ONE: i128 = 10_i128.pow(Self::SCALE);

    /// So many whole units.
    ///
    /// # Errors
    /// [`QuantityError::Negative`] or [`QuantityError::TooLarge`].
    pub fn from_int(whole: i64) -> Result<Self, QuantityError> {
        Self::from_units(i128::from(whole) * Self::ONE)
    }

    /// The quantity of so many smallest units (10^-10).
    ///
    /// # Errors
    /// [`QuantityError::Negative`] or [`QuantityError::TooLarge`].
    pub fn from_units(units: i128) -> Result<Self, QuantityError> {
        if units < 0 {
            return Err(QuantityError::Negative);
        }
        if units > i128::from(Self::WHOLE_MAX) * Self::ONE {
            return Err(QuantityError::TooLarge);
        }
        Ok(Self(units))
    }

    /// The count of smallest units (10^-10).
    pub fn units(self) -> i128 {
        self.0
    }

    /// Reads plain decimal text, an exponent allowed; nothing is rounded.
    ///
    /// # Errors
    /// [`QuantityError`], by what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        Self::from_units(parse_decimal(text, Self::SCALE)?)
    }

    /// Has no fraction.
    pub fn is_integer(self) -> bool {
        self.0 % Self::ONE == 0
    }

    /// Exactly zero.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The whole number, when there is no fraction.
    pub fn to_int(self) -> Option<i64> {
        if self.is_integer() { i64::try_from(self.0 / Self::ONE).ok() } else { None }
    }

    /// The sum, or None when it is too large.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_units(self.0.checked_add(other.0)?).ok()
    }

    /// The difference, or None when it would be negative.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Self::from_units(self.0 - other.0).ok()
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(f, self.0, Self::SCALE)
    }
}

impl std::str::FromStr for Quantity {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_read_exactly_and_written_trimmed() {
        for (text, written) in
            [("2", "2"), ("0.5000", "0.5"), ("1e3", "1000"), ("0.0000000001", "0.0000000001")]
        {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), written, "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused_by_its_reason() {
        assert_eq!(Quantity::parse("-1"), Err(QuantityError::Negative));
        assert_eq!(Quantity::parse("0.00000000001"), Err(QuantityError::TooPrecise));
        assert_eq!(Quantity::parse("9000000000000000000.1"), Err(QuantityError::TooLarge));
        assert_eq!(Quantity::parse("1 "), Err(QuantityError::NotANumber));
        assert_eq!(Quantity::parse("-0").unwrap(), Quantity::ZERO);
    }

    #[test]
    fn whole_numbers_are_told_from_fractions() {
        assert!(Quantity::parse("4.0").unwrap().is_integer());
        assert_eq!(Quantity::parse("4.0").unwrap().to_int(), Some(4));
        assert!(!Quantity::parse("4.1").unwrap().is_integer());
        assert_eq!(Quantity::parse("4.1").unwrap().to_int(), None);
    }

    #[test]
    fn a_difference_never_falls_below_zero() {
        let (two, three) = (Quantity::from_int(2).unwrap(), Quantity::from_int(3).unwrap());
        assert_eq!(two.checked_sub(three), None);
        assert_eq!(three.checked_sub(two).unwrap().to_int(), Some(1));
        assert_eq!(Quantity::from_int(Quantity::WHOLE_MAX).unwrap().checked_add(two), None);
    }
}
