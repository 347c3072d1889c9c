//! Decimal text to integers and back, without a float in between.
//!
//! Both directions are bounded: a text has at most [`TEXT_LENGTH_MAX`] bytes and an exponent at most
//! [`EXPONENT_MAX`] in size, so `1e999999999` costs nothing before it is refused.

use std::fmt;

/// The longest text that is read as a number, in bytes.
const TEXT_LENGTH_MAX: usize = 64;

/// The largest exponent that is accepted, in either direction.
const EXPONENT_MAX: i64 = 40;

/// Why a text is not a decimal of the wanted scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecimalError {
    NotANumber,
    TooPrecise,
    TooLarge,
}

/// A number taken apart: `digits × 10^exponent`.
struct Parts {
    digits: i128,
    exponent: i64,
}

/// Reads `[+-]digits[.digits][(e|E)[+-]digits]` as a count of `10^-scale`.
pub(crate) fn parse_decimal(text: &str, scale: u32) -> Result<i128, DecimalError> {
    if text.len() > TEXT_LENGTH_MAX {
        return Err(DecimalError::TooLarge);
    }
    let (is_negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (mantissa, exponent) = match unsigned.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
        None => (unsigned, 0),
    };
    let parts = parse_mantissa(mantissa, exponent)?;
    let units = scale_to(&parts, scale)?;
    Ok(if is_negative { -units } else { units })
}

fn parse_exponent(text: &[u8]) -> Result<i64, DecimalError> {
    let (is_negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecimalError::NotANumber);
    }
    // The text is bounded, but 60 digits still do not fit in 64 bits: stop at the first excess.
    let value = digits.iter().fold(0_i64, |value, digit| {
        if value > EXPONENT_MAX { value } else { value * 10 + i64::from(digit - b'0') }
    });
    match (value > EXPONENT_MAX, is_negative) {
        (true, true) => Err(DecimalError::TooPrecise),
        (true, false) => Err(DecimalError::TooLarge),
        (false, true) => Ok(-value),
        (false, false) => Ok(value),
    }
}

/// Zeros are held back until a digit follows them, so `1.000…0` with fifty zeros is one and not too long.
fn parse_mantissa(text: &[u8], exponent: i64) -> Result<Parts, DecimalError> {
    let (whole, fraction) = match text.iter().position(|byte| *byte == b'.') {
        Some(at) if at + 1 < text.len() => (&text[..at], &text[at + 1..]),
        Some(_) => return Err(DecimalError::NotANumber),
        None => (text, &text[text.len()..]),
    };
    if whole.is_empty() || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return Err(DecimalError::NotANumber);
    }
    let too_long = if fraction.is_empty() { DecimalError::TooLarge } else { DecimalError::TooPrecise };
    let mut digits = 0_i128;
    let mut zeros_held = 0_u32;
    for digit in whole.iter().chain(fraction) {
        if *digit == b'0' {
            zeros_held += 1;
            continue;
        }
        digits = shift_left(digits, zeros_held + 1)
            .and_then(|shifted| shifted.checked_add(i128::from(digit - b'0')))
            .ok_or(too_long)?;
        zeros_held = 0;
    }
    let fraction_length = i64::try_from(fraction.len()).expect("the text is bounded");
    Ok(Parts { digits, exponent: exponent - fraction_length + i64::from(zeros_held) })
}

/// Appends zeros; a zero stays zero however many there are.
fn shift_left(digits: i128, zeros: u32) -> Option<i128> {
    if digits == 0 { Some(0) } else { 10_i128.checked_pow(zeros)?.checked_mul(digits) }
}

fn scale_to(parts: &Parts, scale: u32) -> Result<i128, DecimalError> {
    if parts.digits == 0 {
        return Ok(0);
    }
    let shift = parts.exponent + i64::from(scale);
    match u32::try_from(shift) {
        Ok(zeros) => shift_left(parts.digits, zeros).ok_or(DecimalError::TooLarge),
        // The last digit is not zero (zeros are held back), so a shift to the right always loses something.
        Err(_) => Err(DecimalError::TooPrecise),
    }
}

/// Writes a count of `10^-scale` as plain decimal text, without trailing zeros (rule 0.3).
pub(crate) fn write_decimal(f: &mut fmt::Formatter<'_>, units: i128, scale: u32) -> fmt::Result {
    let one = 10_u128.pow(scale);
    let size = units.unsigned_abs();
    let (whole, mut fraction) = (size / one, size % one);
    let sign = if units < 0 { "-" } else { "" };
    if fraction == 0 {
        return f.pad(&format!("{sign}{whole}"));
    }
    let mut width = usize::try_from(scale).expect("a scale is small");
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        width -= 1;
    }
    f.pad(&format!("{sign}{whole}.{fraction:0width$}"))
}
