//! What an unsubscription gives back of a period that has begun (rule 2.3).
//!
//! ```text
//! refund = paid − consumed − fee        consumed = paid × used hours / hours of the period
//! ```
//!
//! Hours begin at the full hour in which the period begins, and the hour of the unsubscription is not used; the period
//! ends with the day of its expiry. Consumed and fee are rounded half up to cents, each once, and nothing is below
//! zero: a fee takes no more than what is left. What coupons had paid is no part of `paid`.
//!
//! A period that has not begun has used nothing; its fee is waived, and so all of it goes back (rule 2.1).

use crate::calendar::{CalendarError, Date, Instant, Term};
use crate::money::{Charge, Exact, Overflow, Rounding};
use crate::site::{RefundUnit, SiteProfile};

const MONTHS_PER_YEAR: i64 = 12;
const MS_PER_SECOND: i64 = 1_000;
const MS_PER_HOUR: i64 = 3_600_000;
const MS_PER_DAY: i64 = 24 * MS_PER_HOUR;
/// The years of use that the tables of fees tell apart.
const YEARS_OF_USE: usize = 3;
/// Times 24 hours in which a new purchase may be returned for nothing (rule 2.2).
const FREE_RETURN_DAYS: i64 = 5;

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

/// Whether the handling fee of the site is due.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HandlingFee {
    /// As the table of the site says.
    Due,
    /// Five-day returns, periods that have not begun, what failed, conversions to pay-per-use (rules 1.7, 2.1).
    Waived,
}

/// What the handling fee of a period goes by: of a part that a change of specification has split off, what it was before;
/// of a larger specification, the term that it belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Whole {
    /// What was bought.
    pub term: Term,
    /// When that began, from which years of use are counted.
    pub effective_at: Instant,
    /// What balances paid for the whole and did not get back, what is used up too.
    pub paid: Charge,
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

/// How much of a period is used, in the unit of the site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Used {
    /// Hours or days that are used, from none to all.
    pub used: i64,
    /// Hours or days of the whole period.
    pub total: i64,
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

impl Used {
    /// The used share of an amount, rounded half up to cents.
    fn of(self, amount: Charge) -> Result<Charge, Overflow> {
        match self.total {
            // A period without a full hour is used as soon as it is asked about.
            0 => Ok(amount),
            total => {
                Exact::from_charge(amount).times_int(self.used)?.div_int(total)?.settle(Rounding::HalfUp)
            }
        }
    }
}

impl Period {
    /// The whole period, and what of it is used at `now`; a period that has not begun has used nothing, one that is
    /// over all of it.
    pub fn used(&self, now: Instant, unit: RefundUnit) -> Used {
        let (floor, unit_ms): (fn(Instant) -> Instant, _) = match unit {
            RefundUnit::Hour => (Instant::floor_hour, MS_PER_HOUR),
            RefundUnit::Day => (|at| Date::of(at).start_of_day(), MS_PER_DAY),
        };
        let begin = floor(self.effective_at);
        let end = self.expires_at.plus_ms(MS_PER_SECOND);
        let total = ((end.ms() - begin.ms()) / unit_ms).max(0);
        let used = (floor(now).ms() - begin.ms()) / unit_ms;
        Used { used: used.clamp(0, total), total }
    }

    /// The year of use in which `now` lies, from 1: a year ends with the day on which a term of one year would end.
    fn year_of_use(effective_at: Instant, now: Instant) -> Result<usize, CalendarError> {
        let (begun, today) = (effective_at.date(), now.date());
        for year in 1..YEARS_OF_USE {
            let months = i64::try_from(year).expect("a few years") * MONTHS_PER_YEAR;
            if today <= begun.plus_months_sticky(months)? {
                return Ok(year);
            }
        }
        Ok(YEARS_OF_USE)
    }

    /// Settles what balances paid for the period when it is given up at `now`.
    ///
    /// # Errors
    /// [`RefundError`].
    pub fn settle(
        &self,
        paid: Charge,
        now: Instant,
        site: &SiteProfile,
        fee: HandlingFee,
    ) -> Result<Settled, RefundError> {
        let whole = Whole { term: self.term, effective_at: self.effective_at, paid };
        self.settle_of(whole, paid, now, site, fee)
    }

    /// Settles what balances paid for a part of a larger period, which this one is the rest of: what is used up before is
    /// not asked about again, and the fee is one of the whole, but no more than what is left of the part. A period that was
    /// paid beside a term is settled so too: its fee is by that term.
    ///
    /// # Errors
    /// [`RefundError`].
    pub fn settle_of(
        &self,
        whole: Whole,
        paid: Charge,
        now: Instant,
        site: &SiteProfile,
        fee: HandlingFee,
    ) -> Result<Settled, RefundError> {
        let consumed = self.used(now, site.refund_unit).of(paid)?;
        let left = paid.checked_sub(consumed).ok_or(Overflow)?;
        let fee = match fee {
            HandlingFee::Due => {
                let percent =
                    site.handling_fees.percent(whole.term, Self::year_of_use(whole.effective_at, now)?);
                let exact = Exact::from_charge(whole.paid).times_int(i64::from(percent))?.div_int(100)?;
                exact.settle(Rounding::HalfUp)?.min(left)
            }
            HandlingFee::Waived => Charge::ZERO,
        };
        Ok(Settled { consumed, fee, refund: left.checked_sub(fee).ok_or(Overflow)? })
    }

    /// What goes back of the share that a flexi-purchase coupon or a stored-value card paid: what is not used, without
    /// a fee (rule 2.1).
    ///
    /// # Errors
    /// [`RefundError`].
    pub fn left_of(&self, benefit: Charge, now: Instant, site: &SiteProfile) -> Result<Charge, RefundError> {
        Ok(self.settle(benefit, now, site, HandlingFee::Waived)?.refund)
    }

    /// The share of an amount, by hours, that lies in the part of the period after the end of an earlier one: what an
    /// upgrade had cost for the renewed periods that are taken back. An end of the period or later leaves nothing.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn part_after(&self, amount: Charge, from: Instant) -> Result<Charge, Overflow> {
        // Terms end at the last second of an hour: what follows them begins with the next.
        let before = self.used(from.plus_ms(MS_PER_SECOND), RefundUnit::Hour).of(amount)?;
        amount.checked_sub(before).ok_or(Overflow)
    }
}

/// A purchase that took effect in this second may still be returned for nothing: five times 24 hours, the last instant
/// excluded (rule 2.2). The site, the quota of the year and the kind of order are asked elsewhere.
pub fn is_within_five_days(effective_at: Instant, now: Instant) -> bool {
    // The window opens with the second that the customer sees.
    let second = effective_at.plus_ms(-effective_at.ms().rem_euclid(MS_PER_SECOND));
    now < second.plus_days(FREE_RETURN_DAYS)
}
