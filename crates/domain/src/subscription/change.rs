//! What a change of specification costs, or gives back, for the rest of the term (rule 2.6).
//!
//! ```text
//! difference = (new price − old price) × remaining
//! ```
//!
//! The prices are those of one unit of the term, a month or a year, with their discounts: a discount by a share, a
//! fixed price of the new specification, or an amount off the result. A downgrade has a negative difference; it has no
//! fee. No more is left than was bought: the day of the purchase is a gift, and so is what the months of a term are longer
//! than the parts that it has of them. What has begun is charged at the old specification: the hour of months and days,
//! the day of years.

use super::MonthParts;
use super::refund::Period;
use super::renewal::extra_months;
use crate::calendar::{Date, Instant, PeriodType, next_expiry};
use crate::money::{Charge, Exact, Overflow, Rounding};

const MS_PER_SECOND: i64 = 1_000;
const MS_PER_HOUR: i64 = 3_600_000;
const HOURS_PER_DAY: i64 = 24;
const HOURS_PER_WEEK: i64 = 7 * HOURS_PER_DAY;
const DAYS_PER_YEAR: i64 = 365;
const MONTHS_PER_YEAR: u32 = 12;

/// The rest of a term in the unit that its price is for, exactly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Remaining {
    /// Months: prices are those of a month.
    Months(MonthParts),
    /// Days of years of 365: prices are those of a year.
    YearDays(i64),
    /// Hours, for terms of hours, days and weeks, which the documents only know in price inquiries.
    Hours {
        /// How many are left.
        left: i64,
        /// How many the unit of the price has.
        per_unit: i64,
    },
}

impl Remaining {
    /// What the rest costs, at so much a unit; exact, so that the caller rounds once.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn at_price(self, unit_price: Exact) -> Result<Exact, Overflow> {
        match self {
            Self::Months(parts) => parts.at_price(unit_price),
            Self::YearDays(days) => unit_price.times_int(days)?.div_int(DAYS_PER_YEAR),
            Self::Hours { left, per_unit } => unit_price.times_int(left)?.div_int(per_unit),
        }
    }

    /// No more than was bought, as [`bought`] counts it for the same unit.
    #[must_use]
    pub fn at_most(self, bought: i64) -> Self {
        match self {
            Self::Months(parts) => Self::Months(parts.min(MonthParts::from_parts(bought))),
            Self::YearDays(days) => Self::YearDays(days.min(bought)),
            Self::Hours { left, per_unit } => Self::Hours { left: left.min(bought), per_unit },
        }
    }

    /// Nothing is left to be charged at another specification.
    pub fn is_zero(self) -> bool {
        match self {
            Self::Months(parts) => parts == MonthParts::ZERO,
            Self::YearDays(days) => days == 0,
            Self::Hours { left, .. } => left == 0,
        }
    }
}

/// What is left of a term at `now`, in the unit of its prices. After its end nothing is.
///
/// Months count hours from the next full hour on, each as a part of its calendar month. Years count the days after
/// today, without 29 February.
pub fn remaining(now: Instant, expires_at: Instant, unit: PeriodType) -> Remaining {
    let begin = now.plus_ms(MS_PER_HOUR - 1).floor_hour();
    let end = expires_at.plus_ms(MS_PER_SECOND);
    let hours = |per_unit| {
        let left = (end.ms() - begin.ms()) / MS_PER_HOUR;
        Remaining::Hours { left: left.max(0), per_unit }
    };
    match unit {
        PeriodType::Month => Remaining::Months(MonthParts::between(begin, end)),
        PeriodType::Year => Remaining::YearDays(year_days(now.date(), expires_at.date())),
        PeriodType::Week => hours(HOURS_PER_WEEK),
        PeriodType::Day => hours(HOURS_PER_DAY),
        PeriodType::Hour => hours(1),
    }
}

/// How much the terms of a resource that are not over were bought as, in what [`remaining`] counts for the unit: parts of
/// months as [`MonthParts::fraction`] does, days of years, hours. That is all of the running term, however little is left
/// of it, and of those that have not begun.
///
/// Right after a purchase the calendar has more: a month that begins on 15 January at 16:00 ends with 15 February, and
/// has 392/744 of January and 15/28 of February; a day that begins at 16:00 ends with the next, after 32 hours.
pub fn bought(terms: &[Period], now: Instant, unit: PeriodType) -> i64 {
    let not_over = terms.iter().filter(|period| now < period.expires_at);
    match unit {
        PeriodType::Month => not_over.map(months_of).fold(MonthParts::ZERO, MonthParts::plus).fraction().0,
        PeriodType::Year => not_over
            .map(|period| year_days(period.effective_at.date(), period.expires_at.date()))
            .fold(0, i64::saturating_add),
        PeriodType::Hour | PeriodType::Day | PeriodType::Week => {
            not_over.map(hours_of).fold(0, i64::saturating_add)
        }
    }
}

/// The months of a term. The days by which a renewal ends later than its term, on the unified day of its account, were
/// bought too.
fn months_of(period: &Period) -> MonthParts {
    let own = match period.term.period {
        PeriodType::Month => period.term.count,
        PeriodType::Year => period.term.count.saturating_mul(MONTHS_PER_YEAR),
        PeriodType::Week | PeriodType::Day | PeriodType::Hour => {
            return MonthParts::between(period.effective_at, period.expires_at.plus_ms(MS_PER_SECOND));
        }
    };
    let own_end = next_expiry(period.effective_at, period.term).unwrap_or(Instant::MAX);
    MonthParts::of_months(own).plus(extra_months(own_end, period.expires_at))
}

/// The hours of a term. Terms of days and more end with a day, and what is left of the first one is a gift.
fn hours_of(period: &Period) -> i64 {
    match period.term.period {
        PeriodType::Hour => i64::from(period.term.count),
        PeriodType::Day | PeriodType::Week | PeriodType::Month | PeriodType::Year => {
            period.effective_at.date().days_until(period.expires_at.date()).max(0) * HOURS_PER_DAY
        }
    }
}

/// The days after one day up to another, 29 February not counted.
fn year_days(today: Date, last: Date) -> i64 {
    let leap_days = (today.year()..=last.year())
        .filter_map(|year| Date::new(year, 2, 29).ok())
        .filter(|leap_day| today < *leap_day && *leap_day <= last)
        .count();
    let leap_days = i64::try_from(leap_days).expect("fewer than the years of the calendar");
    (today.days_until(last) - leap_days).max(0)
}

/// What the change costs: positive for an upgrade, negative (to be given back) for a downgrade; rounded half up to
/// cents, once.
///
/// # Errors
/// [`Overflow`].
pub fn difference(old: Exact, new: Exact, remaining: Remaining) -> Result<Charge, Overflow> {
    remaining.at_price(new.checked_sub(old)?)?.settle(Rounding::HalfUp)
}
