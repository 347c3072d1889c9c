//! Parts of calendar months, exactly: an hour of February is more of a month than an hour of March.

use std::fmt;

use crate::calendar::{BillCycle, Instant};
use crate::money::{Exact, Overflow, Price, Scaled};

const MS_PER_HOUR: i64 = 3_600_000;
const HOURS_PER_DAY: i64 = 24;
const MONTHS_PER_YEAR: i64 = 12;
/// Hours of months of 28, 29, 30 and 31 days all divide it: 4 · 7 · 29 · 3 · 5 · 31 days.
const PARTS_PER_MONTH: i64 = 4 * 7 * 29 * 3 * 5 * 31 * HOURS_PER_DAY;

/// So many months, whole and in part: the sum over calendar months of the hours in the month divided by the hours of
/// the month (rules 1.6, 2.6). The parts of adjacent spans add up to those of the whole span.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MonthParts(i64);

impl MonthParts {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// Whole months.
    pub fn of_months(count: u32) -> Self {
        Self(i64::from(count) * PARTS_PER_MONTH)
    }

    /// So many parts as [`MonthParts::fraction`] counts them: what was stored.
    pub fn from_parts(parts: i64) -> Self {
        Self(parts)
    }

    /// Both together; beyond all the time of the calendar as much as can be.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What lies between two instants, whose hours have begun; nothing when the second is not later.
    pub fn between(from: Instant, until: Instant) -> Self {
        Self((position(until) - position(from)).max(0))
    }

    /// The number as numerator and denominator.
    pub fn fraction(self) -> (i64, i64) {
        (self.0, PARTS_PER_MONTH)
    }

    /// What the parts cost, at so much a month; exact, so that the caller rounds once.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn at_price(self, monthly: Exact) -> Result<Exact, Overflow> {
        monthly.times_int(self.0)?.div_int(PARTS_PER_MONTH)
    }

    /// The number of months.
    pub fn months(self) -> Exact {
        let one = Exact::from_price(Price::from_units(10_i64.pow(Price::SCALE)));
        self.at_price(one).expect("ten thousand years of parts, in ten decimals, fit")
    }
}

/// Plain decimal text, or the fraction in lowest terms where no decimal holds the number: `1.5`, `4/31`.
impl fmt::Display for MonthParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.months().fmt(f)
    }
}

/// How many parts the hour of an instant lies after the beginning of the calendar.
fn position(at: Instant) -> i64 {
    let date = at.date();
    let begin = BillCycle::of(date).first_day().start_of_day();
    let hours = (at.floor_hour().ms() - begin.ms()) / MS_PER_HOUR;
    let month_hours = i64::from(date.days_in_month()) * HOURS_PER_DAY;
    let months = i64::from(date.year()) * MONTHS_PER_YEAR + i64::from(date.month()) - 1;
    months * PARTS_PER_MONTH + hours * (PARTS_PER_MONTH / month_hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(from: &str, until: &str) -> String {
        let at = |text: &str| Instant::parse_rfc3339(&format!("{text}:00:00+08:00")).unwrap();
        MonthParts::between(at(from), at(until)).to_string()
    }

    #[test]
    fn hours_are_parts_of_their_own_month() {
        assert_eq!(between("2024-01-01T00", "2024-02-01T00"), "1");
        assert_eq!(between("2024-01-15T00", "2024-03-01T00"), "48/31");
        assert_eq!(between("2024-02-01T00", "2024-02-02T00"), "1/29");
        assert_eq!(between("2023-02-01T00", "2023-02-02T00"), "1/28");
        assert_eq!(between("2024-12-31T23", "2025-01-01T01"), "1/372");
        assert_eq!(between("2024-04-16T00", "2024-05-01T00"), "0.5");
        assert_eq!(between("2024-01-01T00", "2027-01-01T00"), "36");
        assert_eq!(between("2024-01-01T01", "2024-01-01T01"), "0");
        assert_eq!(between("2024-01-01T01", "2024-01-01T00"), "0");
    }

    #[test]
    fn a_month_of_every_length_divides_exactly() {
        for days in 28..=31 {
            assert_eq!(PARTS_PER_MONTH % (days * HOURS_PER_DAY), 0);
        }
        let all = MonthParts::between(Instant::MIN, Instant::MAX);
        assert_eq!(all.at_price(Exact::from_price(Price::from_units(i64::MAX))).map(|_| ()), Ok(()));
        // 9,999 years, without the last hour.
        assert_eq!(all.to_string(), format!("{}/744", 9_999 * 12 * 744 - 1));
    }
}
