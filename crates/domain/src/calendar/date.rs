//! Civil days and billing cycles in GMT+8.

use std::fmt;

use jiff::civil;

use super::{CalendarError, Instant};

/// A civil day in GMT+8, of the years 1 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date(civil::Date);

impl Date {
    /// The day on which the instant falls.
    pub fn of(instant: Instant) -> Self {
        Self(instant.civil_gmt8().date())
    }

    /// The day of a year (1 to 9999), a month (1 to 12) and a day of the month.
    ///
    /// # Errors
    /// [`CalendarError::Impossible`] when there is no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, CalendarError> {
        if year < 1 {
            return Err(CalendarError::Impossible);
        }
        civil::Date::new(year, month, day).map(Self).map_err(|_| CalendarError::Impossible)
    }

    /// Reads `yyyy-MM-dd`, and no other form.
    ///
    /// # Errors
    /// [`CalendarError::Malformed`] for another form, [`CalendarError::Impossible`] when there is no such day.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(CalendarError::Malformed);
        }
        Self::new(number(&bytes[0..4])?, small(&bytes[5..7])?, small(&bytes[8..10])?)
    }

    /// The calendar year.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The month of the year, 1 to 12.
    pub fn month(self) -> i8 {
        self.0.month()
    }

    /// The day of the month, from 1.
    pub fn day(self) -> i8 {
        self.0.day()
    }

    /// The last second of the day, 23:59:59 GMT+8 (15:59:59Z), at which terms end (rule 1.1.1).
    pub fn end_of_day(self) -> Instant {
        self.at_time(23, 59, 59)
    }

    /// Midnight at which the day begins, 00:00:00 GMT+8 (16:00:00Z of the day before).
    pub fn start_of_day(self) -> Instant {
        self.at_time(0, 0, 0)
    }

    /// 03:00 GMT+8, the hour of automatic deductions (rule 1.5.1).
    pub fn at_0300(self) -> Instant {
        self.at_time(3, 0, 0)
    }

    fn at_time(self, hour: i8, minute: i8, second: i8) -> Instant {
        let civil = self.0.at(hour, minute, second, 0);
        Instant::from_civil_gmt8(civil).expect("every second of a supported day is in range")
    }

    /// The day so many days later (earlier when negative).
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`].
    pub fn plus_days(self, days: i64) -> Result<Self, CalendarError> {
        let span = jiff::Span::new().try_days(days).map_err(|_| CalendarError::OutOfRange)?;
        self.plus_span(span)
    }

    /// The same day so many months later, where month ends stick: the last day of a month leads to the last
    /// day of the target month, and a day the target month lacks to its last (rule 1.1.3).
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`].
    pub fn plus_months_sticky(self, months: i64) -> Result<Self, CalendarError> {
        let span = jiff::Span::new().try_months(months).map_err(|_| CalendarError::OutOfRange)?;
        let target = self.plus_span(span)?;
        // 30 April + 1 month = 31 May: month ends stick.
        Ok(if self.is_last_of_month() { Self(target.0.last_of_month()) } else { target })
    }

    fn plus_span(self, span: jiff::Span) -> Result<Self, CalendarError> {
        let date = self.0.checked_add(span).map_err(|_| CalendarError::OutOfRange)?;
        if date.year() < 1 { Err(CalendarError::OutOfRange) } else { Ok(Self(date)) }
    }

    /// The month has no later day.
    pub fn is_last_of_month(self) -> bool {
        self.0.day() == self.0.days_in_month()
    }

    /// How many days the month has.
    pub fn days_in_month(self) -> i8 {
        self.0.days_in_month()
    }

    /// How many days lie between this day and a later one; negative when the other is earlier.
    pub fn days_until(self, other: Self) -> i64 {
        let ms = other.start_of_day().ms() - self.start_of_day().ms();
        ms / (24 * 3600 * 1000)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

/// A billing cycle: a calendar month in GMT+8 (rule 8.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BillCycle {
    year: i16,
    month: i8,
}

impl BillCycle {
    /// The calendar month of a day. Which cycle an expenditure belongs to is another question (rule 8.1).
    pub fn of(date: Date) -> Self {
        Self { year: date.year(), month: date.month() }
    }

    /// Reads `yyyy-MM`, and no other form.
    ///
    /// # Errors
    /// [`CalendarError::Malformed`] for another form, [`CalendarError::Impossible`] when there is no such month.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let bytes = text.as_bytes();
        if bytes.len() != 7 || bytes[4] != b'-' {
            return Err(CalendarError::Malformed);
        }
        Date::new(number(&bytes[0..4])?, small(&bytes[5..7])?, 1).map(Self::of)
    }

    /// The first day.
    pub fn first_day(self) -> Date {
        Date::new(self.year, self.month, 1).expect("a cycle is a month that exists")
    }

    /// The last day.
    pub fn last_day(self) -> Date {
        let first = self.first_day();
        Date::new(self.year, self.month, first.days_in_month()).expect("the last day of a month exists")
    }

    /// `yyyyMM`, as file names carry it.
    pub fn to_compact(self) -> String {
        format!("{:04}{:02}", self.year, self.month)
    }
}

impl fmt::Display for BillCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

fn number(digits: &[u8]) -> Result<i16, CalendarError> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(CalendarError::Malformed);
    }
    // At most four digits reach this point, and 9999 fits.
    Ok(digits.iter().fold(0, |n, digit| n * 10 + i16::from(digit - b'0')))
}

fn small(digits: &[u8]) -> Result<i8, CalendarError> {
    number(digits).map(|n| i8::try_from(n).expect("two digits fit"))
}
