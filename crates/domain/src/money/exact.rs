//! The exact number between a price and money, and the one place where anything is rounded.
//!
//! A usage of 100 seconds at 2.74 an hour is 274/3600: no decimal holds it. Therefore rating works on
//! fractions, and a decimal appears only at the end, once ([`Exact::settle`], [`Exact::show`]).
//!
//! The fraction is reduced only when a product would not fit, because the greatest common divisor costs
//! more than the rest of rating a usage record.

use std::cmp::Ordering;
use std::fmt;

use super::{Charge, Price, Scaled, write_decimal};
use crate::quantity::Quantity;

/// A result that does not fit the widest integer, or a division by zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount exceeds the upper limit")]
pub struct Overflow;

/// What happens to the digits that do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest; exactly a half goes away from zero, so a refund mirrors its charge.
    HalfUp,
    /// Toward zero.
    Truncate,
}

/// An exact rational amount of money, in currency units.
///
/// Two values are equal when they are the same number, whatever fraction holds them. The denominator is
/// positive.
#[derive(Debug, Clone, Copy)]
pub struct Exact {
    num: i128,
    den: i128,
}

/// A number cut for display; writes itself as plain decimal text without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The count of `10^-scale`.
    pub units: i128,
    /// How many decimals a unit stands for.
    pub scale: u32,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(f, self.units, self.scale)
    }
}

/// The one rounding function. The denominator is positive.
pub(super) fn divide_rounded(num: i128, den: i128, rounding: Rounding) -> i128 {
    assert!(den > 0, "a denominator is positive");
    let (quotient, rest) = (num / den, num % den);
    let rest_size = rest.unsigned_abs();
    let is_up = match rounding {
        Rounding::Truncate => false,
        // `rest >= den / 2` without doubling, which could overflow.
        Rounding::HalfUp => rest_size >= den.unsigned_abs() - rest_size,
    };
    // A quotient at the edge of i128 has the denominator 1 and hence no rest.
    if is_up { quotient + num.signum() } else { quotient }
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    // Only gcd(i128::MIN, 0) exceeds i128; 1 is a divisor of everything.
    i128::try_from(a).unwrap_or(1).max(1)
}

impl Exact {
    /// Zero.
    pub const fn zero() -> Self {
        Self { num: 0, den: 1 }
    }

    /// The price of one unit.
    pub fn from_price(price: Price) -> Self {
        Self { num: i128::from(price.units()), den: 10_i128.pow(Price::SCALE) }
    }

    /// Money that has moved already.
    pub fn from_charge(charge: Charge) -> Self {
        Self { num: i128::from(charge.units()), den: 10_i128.pow(Charge::SCALE) }
    }

    /// A number that was cut for display.
    ///
    /// # Errors
    /// [`Overflow`], for more decimals than a number can have.
    pub fn from_shown(shown: Shown) -> Result<Self, Overflow> {
        Ok(Self { num: shown.units, den: 10_i128.checked_pow(shown.scale).ok_or(Overflow)? })
    }

    /// A plain number, for example a usage that a price is to multiply.
    pub fn from_quantity(quantity: Quantity) -> Self {
        Self { num: quantity.units(), den: 10_i128.pow(Quantity::SCALE) }
    }

    fn reduced(self) -> Self {
        let divisor = gcd(self.num, self.den);
        Self { num: self.num / divisor, den: self.den / divisor }
    }

    fn times(self, num: i128, den: i128) -> Result<Self, Overflow> {
        if den <= 0 {
            return Err(Overflow);
        }
        let product =
            |a: Self, b: Self| Some(Self { num: a.num.checked_mul(b.num)?, den: a.den.checked_mul(b.den)? });
        let factor = Self { num, den };
        if let Some(fits) = product(self, factor) {
            return Ok(fits);
        }
        // Crosswise reduction keeps the intermediate as small as the reduced result.
        let (left, right) = (gcd(self.num, den), gcd(num, self.den));
        let narrow = Self { num: self.num / left, den: self.den / right }.reduced();
        let factor = Self { num: num / right, den: den / left }.reduced();
        product(narrow, factor).ok_or(Overflow)
    }

    /// This many times the amount.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn times_int(self, factor: i64) -> Result<Self, Overflow> {
        self.times(i128::from(factor), 1)
    }

    /// The amount for a quantity of units.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn times_quantity(self, quantity: Quantity) -> Result<Self, Overflow> {
        self.times(quantity.units(), 10_i128.pow(Quantity::SCALE))
    }

    /// The number as so many units of a price.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn times_price(self, price: Price) -> Result<Self, Overflow> {
        self.times(i128::from(price.units()), 10_i128.pow(Price::SCALE))
    }

    /// The exact quotient.
    ///
    /// # Errors
    /// [`Overflow`], also for a divisor that is not positive.
    pub fn div_int(self, divisor: i64) -> Result<Self, Overflow> {
        self.times(1, i128::from(divisor))
    }

    /// The exact sum.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, Overflow> {
        if self.den == other.den
            && let Some(num) = self.num.checked_add(other.num)
        {
            return Ok(Self { num, den: self.den });
        }
        let (a, b) = (self.reduced(), other.reduced());
        let common = gcd(a.den, b.den);
        let sum = || {
            let left = a.num.checked_mul(b.den / common)?;
            let right = b.num.checked_mul(a.den / common)?;
            Some(Self { num: left.checked_add(right)?, den: a.den.checked_mul(b.den / common)? })
        };
        sum().ok_or(Overflow)
    }

    /// The exact difference.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, Overflow> {
        let negated = Self { num: other.num.checked_neg().ok_or(Overflow)?, den: other.den };
        self.checked_add(negated)
    }

    /// The sum of all; the sum of none is zero.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
        amounts.into_iter().try_fold(Self::zero(), Self::checked_add)
    }

    /// Which of two numbers is larger.
    ///
    /// # Errors
    /// [`Overflow`], when the difference does not fit.
    pub fn compare(self, other: Self) -> Result<Ordering, Overflow> {
        Ok(self.checked_sub(other)?.num.cmp(&0))
    }

    /// Exactly zero.
    pub fn is_zero(self) -> bool {
        self.num == 0
    }

    /// Money that can be collected: rounded to cents, once, by the rule the caller names.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn settle(self, rounding: Rounding) -> Result<Charge, Overflow> {
        let cents = self.round_to(Charge::SCALE, rounding)?;
        i64::try_from(cents).map(Charge::from_units).map_err(|_| Overflow)
    }

    /// The number as an inquiry shows it: cut toward zero after 6 or 10 decimals (rule 3.5), never rounded.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn show(self, decimals: u32) -> Result<Shown, Overflow> {
        let units = self.round_to(decimals, Rounding::Truncate)?;
        Ok(Shown { units, scale: decimals })
    }

    fn round_to(self, decimals: u32, rounding: Rounding) -> Result<i128, Overflow> {
        let one = 10_i128.checked_pow(decimals).ok_or(Overflow)?;
        let scaled = self.times(one, 1)?;
        Ok(divide_rounded(scaled.num, scaled.den, rounding))
    }
}

/// Plain decimal text without trailing zeros, every digit of it; where no decimal holds the number, the fraction in
/// lowest terms: `-0.05`, `137/1800`.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { num, den } = self.reduced();
        let (mut rest, mut twos, mut fives) = (den, 0_u32, 0_u32);
        while rest % 2 == 0 {
            (rest, twos) = (rest / 2, twos + 1);
        }
        while rest % 5 == 0 {
            (rest, fives) = (rest / 5, fives + 1);
        }
        let scale = twos.max(fives);
        let scaled = || num.checked_mul(10_i128.checked_pow(scale)?.checked_div(den)?);
        match scaled().filter(|_| rest == 1) {
            Some(units) => write_decimal(f, units, scale),
            None => write!(f, "{num}/{den}"),
        }
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.reduced(), other.reduced());
        a.num == b.num && a.den == b.den
    }
}

impl Eq for Exact {}
