//! Points in time and their forms on the wire.

use std::fmt;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::{CalendarError, Date};

const MS_PER_SECOND: i64 = 1000;
const MS_PER_HOUR: i64 = 3600 * MS_PER_SECOND;
const MS_PER_DAY: i64 = 24 * MS_PER_HOUR;
/// Beijing time is this far ahead of UTC.
const GMT8_AHEAD_MS: i64 = 8 * MS_PER_HOUR;
/// Computed on civil time, because the library's timestamps end a day before the calendar does.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The longest RFC 3339 text that is read: nanoseconds and an offset, with room.
const RFC3339_LENGTH_MAX: usize = 40;

/// A point in time: unix milliseconds, within the years 1 to 9999 of GMT+8.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instant(i64);

impl Instant {
    /// 0001-01-01T00:00:00+08:00.
    pub const MIN: Self = Self(-62_135_625_600_000);
    /// 9999-12-31T23:59:59.999+08:00.
    pub const MAX: Self = Self(253_402_271_999_999);

    /// The instant of so many milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Panics
    /// Outside the supported range. What comes from a client is parsed, not passed here; use
    /// [`Instant::try_from_ms`] where the number is not our own.
    pub const fn from_ms(ms: i64) -> Self {
        assert!(Self::MIN.0 <= ms && ms <= Self::MAX.0, "an instant lies in the years 1 to 9999");
        Self(ms)
    }

    /// The instant of so many milliseconds since 1970-01-01T00:00:00Z, when it is in range.
    pub fn try_from_ms(ms: i64) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&ms).then_some(Self(ms))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Reads the wire form `2026-01-15T08:00:00Z`, and no other.
    ///
    /// # Errors
    /// [`CalendarError::Malformed`] for another form, [`CalendarError::Impossible`] for a day or hour that
    /// does not exist (a leap second is one), [`CalendarError::OutOfRange`] for the year 0.
    pub fn parse_utc(text: &str) -> Result<Self, CalendarError> {
        let fields = fields_of(text, "dddd-dd-ddTdd:dd:ddZ")?;
        Self::from_utc_fields(fields)
    }

    /// Reads the form of the `X-Sdk-Date` header, `20191115T033655Z`, and no other.
    ///
    /// # Errors
    /// As [`Instant::parse_utc`].
    pub fn parse_sdk_date(text: &str) -> Result<Self, CalendarError> {
        let fields = fields_of(text, "ddddddddTddddddZ")?;
        Self::from_utc_fields(fields)
    }

    /// Reads RFC 3339 with any offset, for example `2026-02-08T03:00:00+08:00`. Decimals beyond
    /// milliseconds are cut.
    ///
    /// # Errors
    /// As [`Instant::parse_utc`].
    pub fn parse_rfc3339(text: &str) -> Result<Self, CalendarError> {
        // The library also reads a space for the T, and zone names in brackets; RFC 3339 has neither here.
        let has_form = text.len() <= RFC3339_LENGTH_MAX
            && text.as_bytes().get(10) == Some(&b'T')
            && text.bytes().all(|byte| byte.is_ascii_digit() || b"-+:.TZ".contains(&byte));
        if !has_form {
            return Err(CalendarError::Malformed);
        }
        let stamp: Timestamp = text.parse().map_err(|_| CalendarError::Impossible)?;
        Self::try_from_ms(stamp.as_nanosecond().div_euclid(1_000_000).try_into().unwrap_or(i64::MAX))
            .ok_or(CalendarError::OutOfRange)
    }

    fn from_utc_fields(digits: [i16; 14]) -> Result<Self, CalendarError> {
        let number =
            |range: std::ops::Range<usize>| digits[range].iter().fold(0_i16, |n, digit| n * 10 + digit);
        let small = |at: usize| i8::try_from(number(at..at + 2)).expect("two digits fit");
        let civil = DateTime::new(number(0..4), small(4), small(6), small(8), small(10), small(12), 0)
            .map_err(|_| CalendarError::Impossible)?;
        let ms = ms_since_epoch(civil);
        // The last eight hours of 9999 in UTC are the year 10000 in GMT+8: "for ever" is a fair filter.
        Self::try_from_ms(ms.min(Self::MAX.0)).ok_or(CalendarError::OutOfRange)
    }

    /// The wire form in UTC with seconds, the rest cut: `2026-01-15T08:00:00Z`.
    pub fn to_wire(self) -> String {
        self.to_string()
    }

    /// The identity service's form with microseconds: `2023-08-04T03:09:26.087000Z`.
    pub fn to_wire_micros(self) -> String {
        let seconds = self.to_string();
        let stem = seconds.strip_suffix('Z').expect("the wire form ends in Z");
        format!("{stem}.{:03}000Z", self.0.rem_euclid(MS_PER_SECOND))
    }

    /// `yyMMddHHmm` in GMT+8, as order ids carry it (rule 13).
    pub fn to_compact_gmt8(self) -> String {
        let civil = self.civil_gmt8();
        let (date, time) = (civil.date(), civil.time());
        format!(
            "{:02}{:02}{:02}{:02}{:02}",
            date.year() % 100,
            date.month(),
            date.day(),
            time.hour(),
            time.minute()
        )
    }

    /// Later by so many milliseconds (earlier when negative); stops at the ends of the range.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Later by so many times 24 hours; stops at the ends of the range.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        self.plus_ms(days.saturating_mul(MS_PER_DAY))
    }

    /// Later by so many hours; stops at the ends of the range.
    #[must_use]
    pub fn plus_hours(self, hours: i64) -> Self {
        self.plus_ms(hours.saturating_mul(MS_PER_HOUR))
    }

    /// The beginning of the hour. GMT+8 is a whole number of hours away, so hours begin together everywhere.
    #[must_use]
    pub fn floor_hour(self) -> Self {
        Self(self.0 - self.0.rem_euclid(MS_PER_HOUR))
    }

    /// What a clock in GMT+8 shows.
    pub(super) fn civil_gmt8(self) -> DateTime {
        civil_of(self.0 + GMT8_AHEAD_MS)
    }

    /// The instant at which a clock in GMT+8 shows this.
    pub(super) fn from_civil_gmt8(civil: DateTime) -> Result<Self, CalendarError> {
        Self::try_from_ms(ms_since_epoch(civil) - GMT8_AHEAD_MS).ok_or(CalendarError::OutOfRange)
    }

    /// The day in GMT+8.
    pub fn date(self) -> Date {
        Date::of(self)
    }
}

fn civil_of(ms: i64) -> DateTime {
    EPOCH.checked_add(SignedDuration::from_millis(ms)).expect("every instant lies in the library's calendar")
}

fn ms_since_epoch(civil: DateTime) -> i64 {
    i64::try_from(civil.duration_since(EPOCH).as_millis()).expect("10,000 years in milliseconds fit")
}

/// The digits of a text of a fixed shape, where `d` stands for a digit.
fn fields_of(text: &str, shape: &str) -> Result<[i16; 14], CalendarError> {
    if text.len() != shape.len() {
        return Err(CalendarError::Malformed);
    }
    let mut digits = [0; 14];
    let mut count = 0;
    for (byte, wanted) in text.bytes().zip(shape.bytes()) {
        if wanted == b'd' && byte.is_ascii_digit() {
            digits[count] = i16::from(byte - b'0');
            count += 1;
        } else if byte != wanted || wanted == b'd' {
            return Err(CalendarError::Malformed);
        }
    }
    Ok(digits)
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = civil_of(self.0);
        let (date, time) = (civil.date(), civil.time());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}
