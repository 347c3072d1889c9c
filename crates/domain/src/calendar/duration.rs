//! ISO 8601 durations, by which the sandbox clock is moved.

use jiff::Span;

use super::{CalendarError, Instant};

/// The longest duration text that is read, in bytes.
const TEXT_LENGTH_MAX: usize = 64;
/// The most digits of one part.
const DIGITS_MAX: usize = 9;

/// The instant after a duration such as `P1M`, `P7D`, `P1Y2M`, `PT3H` or `P1DT12H`.
///
/// Years to days are counted on the civil calendar of GMT+8 (`P1M` from 31 January is the last of February),
/// hours to seconds on the clock. Fractions are not read.
///
/// # Errors
/// [`CalendarError::Malformed`]; [`CalendarError::Negative`] for a minus sign anywhere a duration may have
/// one; [`CalendarError::OutOfRange`].
pub fn add_iso_duration(now: Instant, text: &str) -> Result<Instant, CalendarError> {
    let span = parse_span(text)?;
    let moved = now.civil_gmt8().checked_add(span).map_err(|_| CalendarError::OutOfRange)?;
    Instant::from_civil_gmt8(moved)
}

fn parse_span(text: &str) -> Result<Span, CalendarError> {
    if text.len() > TEXT_LENGTH_MAX {
        return Err(CalendarError::Malformed);
    }
    if text.starts_with("-P") || text.starts_with('P') && text.contains('-') {
        return Err(CalendarError::Negative);
    }
    let body = text.strip_prefix('P').ok_or(CalendarError::Malformed)?;
    let (days, time) = match body.split_once('T') {
        Some((_, "")) => return Err(CalendarError::Malformed),
        Some((days, time)) => (days, time),
        None => (body, ""),
    };
    if days.is_empty() && time.is_empty() {
        return Err(CalendarError::Malformed);
    }
    let mut span = Span::new();
    for (letter, value) in parts_of(days, "YMWD")? {
        span = match letter {
            'Y' => span.try_years(value),
            'M' => span.try_months(value),
            'W' => span.try_weeks(value),
            _ => span.try_days(value),
        }
        .map_err(|_| CalendarError::OutOfRange)?;
    }
    for (letter, value) in parts_of(time, "HMS")? {
        span = match letter {
            'H' => span.try_hours(value),
            'M' => span.try_minutes(value),
            _ => span.try_seconds(value),
        }
        .map_err(|_| CalendarError::OutOfRange)?;
    }
    Ok(span)
}

/// Splits `1Y2M` into its parts; each letter at most once and in the order given.
fn parts_of(text: &str, letters: &str) -> Result<Vec<(char, i64)>, CalendarError> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut open = letters;
    while !rest.is_empty() {
        let at = rest.find(|c: char| !c.is_ascii_digit()).ok_or(CalendarError::Malformed)?;
        if at == 0 || at > DIGITS_MAX {
            return Err(CalendarError::Malformed);
        }
        let letter = rest[at..].chars().next().expect("a character was found here");
        let place = open.find(letter).ok_or(CalendarError::Malformed)?;
        let value = rest[..at].parse().expect("at most nine digits");
        parts.push((letter, value));
        rest = &rest[at + letter.len_utf8()..];
        open = &open[place + 1..];
    }
    Ok(parts)
}
