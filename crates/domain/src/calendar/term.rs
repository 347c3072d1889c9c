//! Terms: what a subscription lasts, and when it ends (rule 1.1).

use super::{CalendarError, Date, Instant};

/// Days after the day of its creation until which an order may be paid (rule 1.8).
const PENDING_PAYMENT_DAYS: i64 = 7;

/// The unit in which a term is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PeriodType {
    /// A civil day.
    Day,
    /// Seven civil days.
    Week,
    /// A civil month, with sticky month ends.
    Month,
    /// Twelve civil months.
    Year,
    /// Sixty minutes, the only period that does not end with a day.
    Hour,
}

impl PeriodType {
    /// Every period type.
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Year, Self::Hour];

    /// The wire code (004 4.2.2).
    pub fn code(self) -> i64 {
        match self {
            Self::Day => 0,
            Self::Week => 1,
            Self::Month => 2,
            Self::Year => 3,
            Self::Hour => 4,
        }
    }

    /// The period type of a wire code.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.code() == code)
    }
}

/// So many periods of one type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Term {
    /// The unit.
    pub period: PeriodType,
    /// How many units.
    pub count: u32,
}

/// When a subscription ends that starts at this instant: 23:59:59 GMT+8 of the last day, so that the
/// customer has the rest of the first day besides; hours end to the millisecond (rules 1.1.1 to 1.1.5).
///
/// # Errors
/// [`CalendarError::OutOfRange`] for a term that leaves the calendar.
pub fn first_expiry(start: Instant, term: Term) -> Result<Instant, CalendarError> {
    let count = i64::from(term.count);
    let date = Date::of(start);
    let last = match term.period {
        PeriodType::Hour => {
            let ms = count * 3_600_000 + start.ms();
            return Instant::try_from_ms(ms).ok_or(CalendarError::OutOfRange);
        }
        PeriodType::Day => date.plus_days(count)?,
        PeriodType::Week => date.plus_days(count * 7)?,
        PeriodType::Month => date.plus_months_sticky(count)?,
        PeriodType::Year => date.plus_months_sticky(count * 12)?,
    };
    Ok(last.end_of_day())
}

/// When a renewed subscription ends. The new term begins at the old expiry, however late it is renewed
/// (rule 1.4.1).
///
/// # Errors
/// [`CalendarError::OutOfRange`] for a term that leaves the calendar.
pub fn next_expiry(expiry: Instant, term: Term) -> Result<Instant, CalendarError> {
    // A term ends on the civil day of its expiry, so a renewal counts from it as a start on that day does.
    first_expiry(expiry, term)
}

/// The deadline of an unpaid order: seven days after the day of its creation, 23:59:59 GMT+8 (rule 1.8).
pub fn pending_payment_end(created: Instant) -> Instant {
    match Date::of(created).plus_days(PENDING_PAYMENT_DAYS) {
        Ok(date) => date.end_of_day(),
        // Only in the last week of the year 9999.
        Err(_) => Instant::MAX,
    }
}
