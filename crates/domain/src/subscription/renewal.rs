//! When renewals are tried, on which day renewed terms end, and how long they may become (rules 1.4 to 1.6).

use std::fmt;

use super::MonthParts;
use crate::calendar::{CalendarError, Date, Instant, PeriodType, Term, first_expiry};

const MS_PER_SECOND: i64 = 1_000;

/// Years from now beyond which no term may be renewed, where the product does not say otherwise (rule 1.4.6: no
/// document states any).
pub const MAX_TERM_YEARS: u32 = 5;

/// How many days before the expiry automatic renewal is first tried, for all resources of an account (rule 1.5.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DeductionDays(u8);

impl DeductionDays {
    /// What holds until an account sets its own (rule 1.5.1).
    pub const DEFAULT: Self = Self(7);

    /// So many days: 2 to 7.
    pub fn from_days(days: i64) -> Option<Self> {
        u8::try_from(days).ok().filter(|days| (2..=7).contains(days)).map(Self)
    }

    /// Reads the wire form `2` to `7`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [digit @ b'2'..=b'7'] => Some(Self(digit - b'0')),
            _ => None,
        }
    }

    /// The number of days.
    pub fn days(self) -> i64 {
        i64::from(self.0)
    }
}

impl fmt::Display for DeductionDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The day of the month on which the renewed terms of an account end (rule 1.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExpireDay(Day);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Day {
    /// One that every month has, 1 to 28.
    Of(i8),
    Last,
}

impl ExpireDay {
    /// What is shown until an account sets its own: the first (rule 1.6).
    pub const DEFAULT: Self = Self(Day::Of(1));
    /// The last day of the month.
    pub const LAST: Self = Self(Day::Last);

    /// A number as it is stored and sent: 1 to 28, or -1 for the last day of the month.
    pub fn from_number(number: i64) -> Option<Self> {
        match i8::try_from(number) {
            Ok(-1) => Some(Self::LAST),
            Ok(day @ 1..=28) => Some(Self(Day::Of(day))),
            _ => None,
        }
    }

    /// The number of [`ExpireDay::from_number`].
    pub fn number(self) -> i64 {
        match self.0 {
            Day::Of(day) => i64::from(day),
            Day::Last => -1,
        }
    }

    /// Reads the wire form: `1` to `28`, or `-1`.
    pub fn parse(text: &str) -> Option<Self> {
        let day = Self::from_number(text.parse().ok()?)?;
        // `+1` and `01` are numbers too, and no wire form.
        (day.to_string() == text).then_some(day)
    }
}

impl fmt::Display for ExpireDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// When automatic renewal is tried first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Attempt {
    /// The next 03:00 would come too late: inside the request.
    Now,
    /// By the job that runs then.
    At(Instant),
}

/// The first attempt to renew a resource whose automatic renewal is enabled, or whose term has been renewed, at `now`:
/// 03:00 GMT+8 so many days before the day of the expiry, but not before the next 03:00. Where that lies after the
/// expiry the attempt is due at once (rules 1.5.1 to 1.5.3).
pub fn first_attempt(now: Instant, expires_at: Instant, days_before: DeductionDays) -> Attempt {
    let next = next_attempt(now);
    if next > expires_at {
        return Attempt::Now;
    }
    match Date::of(expires_at).plus_days(-days_before.days()) {
        Ok(day) => Attempt::At(day.at_0300().max(next)),
        // Only in the first days of the year 1.
        Err(_) => Attempt::At(next),
    }
}

/// The attempt after one that failed: the next 03:00 GMT+8 after `now` (rule 1.5.1).
pub fn next_attempt(now: Instant) -> Instant {
    let today = Date::of(now);
    if now < today.at_0300() {
        return today.at_0300();
    }
    match today.plus_days(1) {
        Ok(tomorrow) => tomorrow.at_0300(),
        // Only on the last day of the year 9999.
        Err(_) => Instant::MAX,
    }
}

/// The expiry moved to the unified day: the end of the first such day that is not before the day of the expiry
/// (rule 1.6).
///
/// # Errors
/// [`CalendarError::OutOfRange`].
pub fn unified_expiry(expires_at: Instant, day: ExpireDay) -> Result<Instant, CalendarError> {
    let date = Date::of(expires_at);
    let of_month = |date: Date| {
        let number = match day.0 {
            Day::Of(number) => number,
            Day::Last => date.days_in_month(),
        };
        Date::new(date.year(), date.month(), number).expect("every month has its last day and the first 28")
    };
    let this_month = of_month(date);
    let unified = if date <= this_month { this_month } else { of_month(date.plus_months_sticky(1)?) };
    Ok(unified.end_of_day())
}

/// The extra days of a unified expiry, as parts of their months: what they cost is the monthly price times these,
/// rounded once (rule 1.6, where no document states a price).
pub fn extra_months(from_expiry: Instant, to_expiry: Instant) -> MonthParts {
    // A term ends with the last second of its day, so the time after it begins with the next day.
    MonthParts::between(from_expiry.plus_ms(MS_PER_SECOND), to_expiry.plus_ms(MS_PER_SECOND))
}

/// The term would reach further than so many years from now (rule 1.4.6; CBC.99003154).
pub fn exceeds(now: Instant, new_expiry: Instant, max_years: u32) -> bool {
    match first_expiry(now, Term { period: PeriodType::Year, count: max_years }) {
        Ok(latest) => new_expiry > latest,
        // The limit lies beyond the calendar, and every expiry within.
        Err(_) => false,
    }
}
