//! Prices of terms: months, years and the other period types, each with a catalogue price of its own.
//!
//! A term is covered with the longest period that has a price first (rule 3.10): 14 months of a product with a
//! year price cost one year and two months. Where a year has no price it costs twelve months. Days and hours
//! never stand for each other, since they end differently (rule 1.1.5).

use super::{PriceError, check_price, linear};
use crate::calendar::{PeriodType, Term};
use crate::money::{Exact, Overflow, Price};

const MONTHS_PER_YEAR: i64 = 12;
const DAYS_PER_WEEK: i64 = 7;

/// The catalogue prices of a product by period type; at most one each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeriodPrices(Vec<(PeriodType, Price)>);

/// Why a term has no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// The product is not sold by this period type.
    #[error("the product is not sold for this period type")]
    NotSold,
    /// The amount does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl PeriodPrices {
    /// The prices of one period each.
    ///
    /// # Errors
    /// [`PriceError::Empty`], [`PriceError::DuplicatePeriod`], [`PriceError::Negative`].
    pub fn new(prices: &[(PeriodType, Price)]) -> Result<Self, PriceError> {
        if prices.is_empty() {
            return Err(PriceError::Empty);
        }
        for (index, (period, price)) in prices.iter().enumerate() {
            check_price(*price)?;
            if prices[..index].iter().any(|(earlier, _)| earlier == period) {
                return Err(PriceError::DuplicatePeriod);
            }
        }
        Ok(Self(prices.to_vec()))
    }

    /// The catalogue price of one period, when it has one of its own.
    pub fn price(&self, period: PeriodType) -> Option<Price> {
        self.0.iter().find(|(own, _)| *own == period).map(|(_, price)| *price)
    }

    /// The prices, as they were given.
    pub fn entries(&self) -> &[(PeriodType, Price)] {
        &self.0
    }

    /// The term can be bought.
    pub fn is_sold(&self, period: PeriodType) -> bool {
        self.price(period).is_some() || period == PeriodType::Year && self.price(PeriodType::Month).is_some()
    }

    /// The price of one subscription of size one.
    fn rate_term(&self, term: Term) -> Result<Exact, RatingError> {
        let count = i64::from(term.count);
        let (small, large, ratio, smalls) = match term.period {
            PeriodType::Hour => (PeriodType::Hour, None, 1, count),
            PeriodType::Day => (PeriodType::Day, Some(PeriodType::Week), DAYS_PER_WEEK, count),
            PeriodType::Week => return self.times(PeriodType::Week, count),
            PeriodType::Month => (PeriodType::Month, Some(PeriodType::Year), MONTHS_PER_YEAR, count),
            PeriodType::Year if self.price(PeriodType::Year).is_some() => {
                return self.times(PeriodType::Year, count);
            }
            PeriodType::Year => (PeriodType::Month, None, 1, count * MONTHS_PER_YEAR),
        };
        // A product without a price of the asked type is not sold by it, even where a longer one would divide.
        self.price(small).ok_or(RatingError::NotSold)?;
        match large.filter(|large| self.price(*large).is_some()) {
            Some(large) => {
                let longest = self.times(large, smalls / ratio)?;
                Ok(longest.checked_add(self.times(small, smalls % ratio)?)?)
            }
            None => self.times(small, smalls),
        }
    }

    fn times(&self, period: PeriodType, count: i64) -> Result<Exact, RatingError> {
        let price = self.price(period).ok_or(RatingError::NotSold)?;
        Ok(Exact::from_price(price).times_int(count)?)
    }
}

/// The list price of a term: price of the term × size × number of subscriptions (rules 3.6, 3.10).
///
/// The size is given for linear products only.
///
/// # Errors
/// [`RatingError::NotSold`] for a period type without a price, [`RatingError::Overflow`].
pub fn rate_period(
    prices: &PeriodPrices,
    term: Term,
    size: Option<i64>,
    num: i64,
) -> Result<Exact, RatingError> {
    let one = prices.rate_term(term)?;
    Ok(linear::times_size(one, size)?.times_int(num)?)
}
