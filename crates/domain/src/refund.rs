//! What an unsubscription gives back of a period that has begun (rule 2.3).
//!
//! ```text
//! refund = paid − consumed − fee        consumed = paid × used hours / hours of the period
//! ```
//!
//! Hours begin at the full hour in which the period begins, and the hour of the unsubscription is not used; the period
//! ends with the day of its expiry. Consumed and fee are rounded half up to cents, each once, and nothing is below
//! zero: a fee takes no more than what is left. What coupons had paid is no part of `paid`.

use crate::calendar::{CalendarError, Instant, PeriodType, Term};
use crate::money::{Charge, Exact, Overflow, Rounding};

const MONTHS_PER_YEAR: i64 = 12;
const MS_PER_HOUR: i64 = 3_600_000;
const MS_PER_SECOND: i64 = 1_000;

/// A period of a subscription that is being given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Period {
    /// What was bought.
    pub term: Term,
    /// When it began.
    pub effective_at: Instant,
    /// Its last second.
    pub expires_at: Instant,
}

/// What becomes of what was paid for a period: the three sum to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settled {
    /// What was used up.
    pub consumed: Charge,
    /// The handling fee.
    pub fee: Charge,
    /// What goes back.
    pub refund: Charge,
}

/// Why there is no refund to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundError {
    /// A date is outside the calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// An amount does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl Period {
    /// Hours of the whole period, and those used before `now`; a period that has not begun has used none, one that is
    /// over all.
    pub fn hours(&self, now: Instant) -> (i64, i64) {
        let begin = self.effective_at.floor_hour();
        let end = self.expires_at.plus_ms(MS_PER_SECOND);
        let total = (end.ms() - begin.ms()) / MS_PER_HOUR;
        let used = (now.floor_hour().ms() - begin.ms()) / MS_PER_HOUR;
        (total, used.clamp(0, total))
    }

    /// The share of what was paid that is kept as a fee, in percent: by the years that were bought and the year of
    /// them that runs. Months, and terms of less than two years, count as one year; more than three years as three.
    fn fee_percent(&self, now: Instant) -> Result<i64, CalendarError> {
        let years = match self.term.period {
            PeriodType::Year => i64::from(self.term.count),
            PeriodType::Month => i64::from(self.term.count) / MONTHS_PER_YEAR,
            PeriodType::Week | PeriodType::Day | PeriodType::Hour => 1,
        };
        let begun = self.effective_at.date();
        let within = |years: i64| Ok(now.date() <= begun.plus_months_sticky(years * MONTHS_PER_YEAR)?);
        Ok(match years {
            ..=1 => 10,
            2 if within(1)? => 15,
            2 => 10,
            _ if within(1)? => 15,
            _ if within(2)? => 10,
            _ => 5,
        })
    }

    /// Settles what balances paid for the period when it is given up at `now`. `has_fee` is false where a fee is
    /// waived (five-day returns, periods that have not begun, what failed).
    ///
    /// # Errors
    /// [`RefundError`].
    pub fn settle(&self, paid: Charge, now: Instant, has_fee: bool) -> Result<Settled, RefundError> {
        let (total, used) = self.hours(now);
        let exact = Exact::from_charge(paid);
        // A period without a full hour is used as soon as it has begun.
        let consumed = match total {
            0 => paid,
            total => exact.times_int(used)?.div_int(total)?.settle(Rounding::HalfUp)?,
        };
        let left = paid.checked_sub(consumed).ok_or(Overflow)?;
        let fee = match has_fee {
            true => {
                exact.times_int(self.fee_percent(now)?)?.div_int(100)?.settle(Rounding::HalfUp)?.min(left)
            }
            false => Charge::ZERO,
        };
        Ok(Settled { consumed, fee, refund: left.checked_sub(fee).ok_or(Overflow)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(period: PeriodType, count: u32, effective: &str, expires: &str) -> Period {
        let at = |text: &str| Instant::parse_rfc3339(text).unwrap();
        Period { term: Term { period, count }, effective_at: at(effective), expires_at: at(expires) }
    }

    fn at(text: &str) -> Instant {
        Instant::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn hours_are_those_of_the_documented_sample() {
        // intl-unsub: 31 days 14 hours in all, 14 days 8 hours used.
        let month = period(PeriodType::Month, 1, "2024-01-01T10:30:00+08:00", "2024-02-01T23:59:59+08:00");
        let (total, used) = month.hours(at("2024-01-15T18:40:00+08:00"));
        assert_eq!((total, used), (31 * 24 + 14, 14 * 24 + 8));
    }

    #[test]
    fn consumed_fee_and_refund_sum_to_what_was_paid() {
        let month = period(PeriodType::Month, 1, "2024-01-01T10:30:00+08:00", "2024-02-01T23:59:59+08:00");
        let paid = Charge::cents(10_000);
        let settled = month.settle(paid, at("2024-01-15T18:40:00+08:00"), true).unwrap();
        // 100 × 344 / 758 = 45.3826...
        assert_eq!(settled.consumed, Charge::cents(4_538));
        assert_eq!(settled.fee, Charge::cents(1_000));
        assert_eq!(settled.refund, Charge::cents(4_462));
        let waived = month.settle(paid, at("2024-01-15T18:40:00+08:00"), false).unwrap();
        assert_eq!((waived.fee, waived.refund), (Charge::ZERO, Charge::cents(5_462)));
    }

    #[test]
    fn nothing_is_below_zero_at_either_end() {
        let month = period(PeriodType::Month, 1, "2024-01-01T10:30:00+08:00", "2024-02-01T23:59:59+08:00");
        let paid = Charge::cents(10_000);
        let before = month.settle(paid, at("2023-12-01T00:00:00+08:00"), false).unwrap();
        assert_eq!((before.consumed, before.refund), (Charge::ZERO, paid));
        // Five per cent are left, and the fee would be ten.
        let late = month.settle(paid, at("2024-01-31T10:00:00+08:00"), true).unwrap();
        assert_eq!(late.refund, Charge::ZERO);
        assert_eq!(late.consumed.checked_add(late.fee), Some(paid));
        let after = month.settle(paid, at("2024-03-01T00:00:00+08:00"), true).unwrap();
        assert_eq!((after.consumed, after.fee), (paid, Charge::ZERO));
    }

    #[test]
    fn the_fee_follows_the_table_of_terms_and_years_used() {
        let cases = [
            (PeriodType::Year, 3, [15, 10, 5]),
            (PeriodType::Year, 2, [15, 10, 10]),
            (PeriodType::Year, 1, [10, 10, 10]),
            (PeriodType::Month, 36, [15, 10, 5]),
            (PeriodType::Month, 9, [10, 10, 10]),
        ];
        for (kind, count, wanted) in cases {
            let bought = period(kind, count, "2024-01-01T10:30:00+08:00", "2027-01-01T23:59:59+08:00");
            let days =
                ["2025-01-01T23:00:00+08:00", "2025-01-02T00:00:00+08:00", "2026-01-02T00:00:00+08:00"];
            let found = days.map(|day| bought.fee_percent(at(day)).unwrap());
            assert_eq!(found, wanted, "{count} {kind:?}");
        }
    }
}
