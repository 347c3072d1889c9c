//! Time as business sees it: instants on the wire in UTC, days and months in GMT+8.
//!
//! Every day, month, expiry and billing cycle is computed in GMT+8 on every site (rule 0.1), never in the
//! zone of a browser or a machine. China has had no summer time since 1991 and the documents mean the plain
//! offset, so the offset is fixed and no time zone database is read.
//!
//! - [`Instant`] is a point in time, unix milliseconds. Its range is the years 1 to 9999 of GMT+8, so that
//!   every instant has a date and every date has instants; additions stop at the ends of the range.
//! - [`Date`] is a civil day in GMT+8.
//! - [`Term`] is what a customer buys: so many periods of one type. Its end is computed by
//!   [`first_expiry`] and [`next_expiry`] (rule 1.1).

mod date;
mod duration;
mod instant;
mod term;

pub use date::{BillCycle, Date};
pub use duration::add_iso_duration;
pub use instant::Instant;
pub use term::{PeriodType, Term, first_expiry, next_expiry, pending_payment_end};

/// Why a calendar computation or a time text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The text does not have the wanted form.
    #[error("is not a time of the required form")]
    Malformed,
    /// The form is right, but there is no such day or hour, for example 30 February.
    #[error("is not a day or an hour that exists")]
    Impossible,
    /// The result lies outside the years 1 to 9999.
    #[error("is outside the supported years")]
    OutOfRange,
    /// A duration is below zero; the clock only moves forward.
    #[error("is a negative duration")]
    Negative,
}

#[cfg(test)]
mod tests;
