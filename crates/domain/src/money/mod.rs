//! Money: three fixed scales that never mix, and the exact number between them.
//!
//! [`Charge`] (2 decimals) is money that moves; [`Consumption`] (8) is rated usage; [`Price`] (10) is what one
//! unit costs (rule 0.2). Each is an integer count of its smallest unit. There is no conversion between
//! them: a price becomes an [`Exact`], is multiplied there without loss, and leaves through
//! [`Exact::settle`] (to cents, by a named [`Rounding`]) or [`Exact::show`] (cut for display).
//!
//! All arithmetic is checked. An amount that does not fit is an error of the caller's input, never a wrap.

mod decimal;
mod exact;

use std::fmt;

pub use exact::{Exact, Overflow, Rounding, Shown};

pub(crate) use decimal::{DecimalError, parse_decimal, write_decimal};
use exact::divide_rounded;

/// An amount that is an integer count of a power of ten.
pub trait Scaled: Copy {
    /// How many decimals one unit stands for: 2 means that 1 unit is 0.01.
    const SCALE: u32;
    /// The amount of so many smallest units, as it was stored.
    fn from_units(units: i64) -> Self;
    /// The count of smallest units, as it is stored.
    fn units(self) -> i64;
}

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is not a decimal number.
    #[error("is not a decimal number")]
    NotANumber,
    /// The number has more decimals than the amount can hold.
    #[error("has more decimals than allowed")]
    TooPrecise,
    /// The number, or its text, is too long.
    #[error("is too large")]
    TooLarge,
}

impl From<DecimalError> for AmountError {
    fn from(error: DecimalError) -> Self {
        match error {
            DecimalError::NotANumber => Self::NotANumber,
            DecimalError::TooPrecise => Self::TooPrecise,
            DecimalError::TooLarge => Self::TooLarge,
        }
    }
}

// A macro, because three newtypes with one body must not drift apart, and a shared generic type would
// let `Amount<2>` and `Amount<8>` look alike where the reader must see which is which.
macro_rules! amount {
    ($(#[$doc:meta])* $name:ident, $scale:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(i64);

        impl Scaled for $name {
            const SCALE: u32 = $scale;
            fn from_units(units: i64) -> Self {
                Self(units)
            }
            fn units(self) -> i64 {
                self.0
            }
        }

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// The sum, or None when it does not fit.
            pub fn checked_add(self, other: Self) -> Option<Self> {
                self.0.checked_add(other.0).map(Self)
            }

            /// The difference, or None when it does not fit.
            pub fn checked_sub(self, other: Self) -> Option<Self> {
                self.0.checked_sub(other.0).map(Self)
            }

            /// The same amount with the other sign, or None when it does not fit.
            pub fn checked_neg(self) -> Option<Self> {
                self.0.checked_neg().map(Self)
            }

            /// The sum of all, or None when a partial sum does not fit; the sum of none is zero.
            pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
                amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
            }

            /// Less than zero.
            pub fn is_negative(self) -> bool {
                self.0 < 0
            }

            /// More than zero.
            pub fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// Exactly zero.
            pub fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// Reads plain decimal text: an optional sign, digits, an optional fraction and an optional
            /// bounded exponent. Decimals beyond the scale are refused unless they are zeros, so that no
            /// amount is ever rounded on its way in.
            ///
            /// # Errors
            /// [`AmountError`], by what is wrong with the text.
            pub fn parse(text: &str) -> Result<Self, AmountError> {
                let units = parse_decimal(text, Self::SCALE)?;
                i64::try_from(units).map(Self).map_err(|_| AmountError::TooLarge)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_decimal(f, i128::from(self.0), Self::SCALE)
            }
        }

        impl std::str::FromStr for $name {
            type Err = AmountError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
    };
}

amount! {
    /// Money that moves: balances, orders, refunds. Two decimals, in the currency of its account (rule 0.2).
    Charge, 2
}
amount! {
    /// Rated usage before it is collected. Eight decimals (rule 0.2).
    Consumption, 8
}
amount! {
    /// What one pricing unit costs. Ten decimals (rule 0.2).
    Price, 10
}

impl Charge {
    /// The amount of so many hundredths of the currency unit.
    pub const fn cents(cents: i64) -> Self {
        Self(cents)
    }
}

/// Divides a whole into parts in the ratio of the weights so that the parts sum to the whole.
///
/// Every part is cut toward zero, and the cents that are left go one each to the parts that lost most,
/// the lower index first on ties (largest remainder). Where all weights are zero they count as equal.
///
/// # Panics
/// When there is no weight, or one is negative: a share of money is decided by our own code.
pub fn split(total: Charge, weights: &[i64]) -> Vec<Charge> {
    assert!(!weights.is_empty(), "a split needs at least one part");
    assert!(weights.iter().all(|weight| *weight >= 0), "a share cannot be negative");
    let is_even = weights.iter().all(|weight| *weight == 0);
    let weight_of = |index: usize| if is_even { 1 } else { i128::from(weights[index]) };
    let whole: i128 = (0..weights.len()).map(weight_of).sum();
    let sign: i64 = if total.is_negative() { -1 } else { 1 };
    // 64 bits times 64 bits fit in 127, and the absolute value avoids a different cut below zero.
    let cents = i128::from(total.0).abs();
    let mut parts = Vec::with_capacity(weights.len());
    let mut lost = Vec::with_capacity(weights.len());
    for index in 0..weights.len() {
        let share = cents * weight_of(index);
        let part = divide_rounded(share, whole, Rounding::Truncate);
        parts.push(part);
        lost.push((share - part * whole, index));
    }
    lost.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let left = cents - parts.iter().sum::<i128>();
    let left = usize::try_from(left).expect("fewer cents are left than there are parts");
    for (_, index) in lost.into_iter().take(left) {
        parts[index] += 1;
    }
    let signed = |part: i128| {
        i64::try_from(part * i128::from(sign)).map(Charge).expect("a part is no larger than the whole")
    };
    parts.into_iter().map(signed).collect()
}

/// The currency of an account or a journal; amounts of different currencies never meet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Currency {
    /// Chinese yuan, on the China site.
    Cny,
    /// United States dollar, on the International site.
    Usd,
    /// Euro, for clouds that bill in it.
    Eur,
}

impl Currency {
    /// Every currency.
    pub const ALL: [Self; 3] = [Self::Cny, Self::Usd, Self::Eur];

    /// The ISO 4217 code, as it stands on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Cny => "CNY",
            Self::Usd => "USD",
            Self::Eur => "EUR",
        }
    }

    /// The currency of an ISO 4217 code in capitals.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.code() == code)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests;
