//! Prices of terms: months, years and the other period types, each with a catalogue price of its own.
//!
//! A term is covered with the longest period that has a price first (rule 3.10): 14 months of a product with a
//! year price cost one year and two months. Where a year has no price it costs twelve months. Days and hours
//! never stand for each other, since they end differently (rule 1.1.5).

use super::{PriceError, check_price, linear};
use crate::calendar::{PeriodType, Term};
use crate::money::{Exact, Overflow, Price};
use crate::subscription::MonthParts;

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

/// So many periods of a term at the price of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodPart {
    /// The priced period.
    pub period: PeriodType,
    /// How many of them.
    pub count: i64,
    /// What one costs, of one subscription of size one.
    pub price: Price,
}

impl PeriodPart {
    /// What the part costs.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn amount(self) -> Result<Exact, Overflow> {
        Exact::from_price(self.price).times_int(self.count)
    }
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

    /// What a month costs: its own price, or a twelfth of that of a year.
    ///
    /// # Errors
    /// [`RatingError::NotSold`] where neither has a price.
    pub fn monthly(&self) -> Result<Exact, RatingError> {
        match (self.price(PeriodType::Month), self.price(PeriodType::Year)) {
            (Some(month), _) => Ok(Exact::from_price(month)),
            (None, Some(year)) => Ok(Exact::from_price(year).div_int(MONTHS_PER_YEAR)?),
            (None, None) => Err(RatingError::NotSold),
        }
    }

    /// The prices, as they were given.
    pub fn entries(&self) -> &[(PeriodType, Price)] {
        &self.0
    }

    /// The term can be bought.
    pub fn is_sold(&self, period: PeriodType) -> bool {
        self.price(period).is_some() || period == PeriodType::Year && self.price(PeriodType::Month).is_some()
    }

    /// What a term is made of, the longest priced period first: its price is the sum of these.
    ///
    /// # Errors
    /// [`RatingError::NotSold`].
    pub fn parts(&self, term: Term) -> Result<Vec<PeriodPart>, RatingError> {
        let count = i64::from(term.count);
        let (small, large, ratio, smalls) = match term.period {
            PeriodType::Hour => (PeriodType::Hour, None, 1, count),
            PeriodType::Day => (PeriodType::Day, Some(PeriodType::Week), DAYS_PER_WEEK, count),
            PeriodType::Week => (PeriodType::Week, None, 1, count),
            PeriodType::Month => (PeriodType::Month, Some(PeriodType::Year), MONTHS_PER_YEAR, count),
            PeriodType::Year if self.price(PeriodType::Year).is_some() => (PeriodType::Year, None, 1, count),
            PeriodType::Year => (PeriodType::Month, None, 1, count * MONTHS_PER_YEAR),
        };
        // A product without a price of the asked type is not sold by it, even where a longer one would divide.
        let price = self.price(small).ok_or(RatingError::NotSold)?;
        let large = large.and_then(|large| Some((large, self.price(large)?)));
        let Some((large, large_price)) = large else {
            return Ok(vec![PeriodPart { period: small, count: smalls, price }]);
        };
        let longest = PeriodPart { period: large, count: smalls / ratio, price: large_price };
        let rest = PeriodPart { period: small, count: smalls % ratio, price };
        Ok([longest, rest].into_iter().filter(|part| part.count > 0).collect())
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
    let parts = prices.parts(term)?;
    let one = parts.iter().try_fold(Exact::zero(), |sum, part| sum.checked_add(part.amount()?))?;
    Ok(linear::times_size(one, size)?.times_int(num)?)
}

/// The list price of days beyond a term, as parts of months × size × number of subscriptions (rule 1.6, where no document
/// states a price).
///
/// # Errors
/// [`RatingError::NotSold`] where neither months nor years have a price, [`RatingError::Overflow`].
pub fn rate_extra(
    prices: &PeriodPrices,
    parts: MonthParts,
    size: Option<i64>,
    num: i64,
) -> Result<Exact, RatingError> {
    Ok(linear::times_size(parts.at_price(prices.monthly()?)?, size)?.times_int(num)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Instant;

    fn prices(entries: &[(PeriodType, &str)]) -> PeriodPrices {
        let price = |(period, text): &(PeriodType, &str)| (*period, Price::parse(text).unwrap());
        PeriodPrices::new(&entries.iter().map(price).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn extra_days_cost_their_parts_of_a_month() {
        let at = |text| Instant::parse_rfc3339(text).unwrap();
        // Sixteen days of March and one of April.
        let parts = MonthParts::between(at("2026-03-16T00:00:00+08:00"), at("2026-04-02T00:00:00+08:00"));
        let extra = |entries: &[(PeriodType, &str)], size, num| {
            rate_extra(&prices(entries), parts, size, num).map(|exact| exact.to_string())
        };
        let (month, year) = ((PeriodType::Month, "930"), (PeriodType::Year, "11160"));
        assert_eq!(extra(&[month], None, 1).unwrap(), "511");
        assert_eq!(extra(&[year], None, 1).unwrap(), "511", "a twelfth of the year");
        assert_eq!(
            extra(&[year, (PeriodType::Month, "1860")], None, 1).unwrap(),
            "1022",
            "the month comes first"
        );
        assert_eq!(extra(&[month], Some(40), 2).unwrap(), "40880");
        assert_eq!(extra(&[(PeriodType::Day, "1")], None, 1), Err(RatingError::NotSold));
    }
}
