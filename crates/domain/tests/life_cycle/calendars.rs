//! Every day of four years, one of them a leap year, as the beginning or the end of a term.

use domain::calendar::{Instant, PeriodType, Term, first_expiry, next_expiry};
use domain::site::{Site, Tier};
use domain::subscription::renewal::{
    Attempt, DeductionDays, ExpireDay, exceeds, first_attempt, next_attempt, unified_expiry,
};
use domain::subscription::{KeepEnds, hold_ends};

use super::naive::{Calendar, Day, at, end_of};

/// 2024 has a leap day.
const FIRST_YEAR: i64 = 2023;
const LAST_YEAR: i64 = 2026;
const HOUR: i64 = 3_600;
/// Midnight, shortly after it, the hour of deductions, on both sides of the day of UTC, the last second.
const TIMES: [i64; 6] = [0, 1, 3 * HOUR, 8 * HOUR - 1, 8 * HOUR, 24 * HOUR - 1];

fn terms() -> impl Iterator<Item = (Term, i64)> {
    let months = (1..=11).map(|count| (PeriodType::Month, count, 1));
    let years = (1..=3).map(|count| (PeriodType::Year, count, 12));
    months.chain(years).map(|(period, count, months)| (Term { period, count }, i64::from(count) * months))
}

/// An expiry is the last second of a day of GMT+8.
fn assert_ends_a_day(expiry: Instant) {
    let wire = expiry.to_wire();
    assert!(wire.ends_with("T15:59:59Z"), "{wire}");
    assert_eq!(expiry.ms() % 1_000, 0, "{wire}");
}

#[test]
fn every_term_from_every_day_ends_where_a_calendar_on_the_wall_says() {
    let calendar = Calendar::new();
    for start in calendar.years(FIRST_YEAR, LAST_YEAR) {
        for (term, months) in terms() {
            let wanted = end_of(calendar.months_later(*start, months));
            for time in TIMES {
                let expiry = first_expiry(at(*start, time), term).unwrap();
                assert_eq!(expiry, wanted, "{start:?} {term:?}");
            }
            assert_ends_a_day(wanted);
            assert_eq!(next_expiry(end_of(*start), term), Ok(wanted), "{start:?} {term:?}");
        }
    }
}

#[test]
fn chains_of_renewals_keep_their_day_until_a_short_month_and_then_its_end() {
    let calendar = Calendar::new();
    for start in calendar.years(FIRST_YEAR, LAST_YEAR) {
        for step in [1, 2, 5, 11, 12] {
            let term = Term { period: PeriodType::Month, count: u32::try_from(step).unwrap() };
            let mut day = *start;
            let mut expiry = end_of(day);
            let mut is_last = calendar.day(day.number + 1).day == 1;
            for _ in 0..36_i64.min(120 / step) {
                let next = calendar.months_later(day, step);
                expiry = next_expiry(expiry, term).unwrap();
                assert_eq!(expiry, end_of(next), "{start:?} by {step}");
                assert_ends_a_day(expiry);
                // A month's end, once met, is never left; any other day is kept.
                let is_last_now = calendar.day(next.number + 1).day == 1;
                assert!(is_last_now || !is_last && next.day == start.day, "{start:?} by {step}: {next:?}");
                (day, is_last) = (next, is_last_now);
            }
        }
    }
}

#[test]
fn twelve_months_and_a_year_are_one_term_and_chains_never_go_back() {
    let calendar = Calendar::new();
    let [year, twelve] =
        [(PeriodType::Year, 1), (PeriodType::Month, 12)].map(|(period, count)| Term { period, count });
    for start in calendar.years(FIRST_YEAR, LAST_YEAR) {
        let expiry = end_of(*start);
        assert_eq!(next_expiry(expiry, year), next_expiry(expiry, twelve));
        for (term, _) in terms() {
            assert!(next_expiry(expiry, term).unwrap() > expiry, "{start:?} {term:?}");
        }
    }
}

#[test]
fn grace_and_retention_of_every_expiry_end_so_many_days_later() {
    let calendar = Calendar::new();
    for expiry in calendar.years(FIRST_YEAR, LAST_YEAR) {
        for site in Site::ALL {
            for tier in Tier::ALL {
                let keep = site.profile().period_keep(tier);
                let ends = KeepEnds::of(end_of(*expiry), keep).unwrap();
                let grace = calendar.day(expiry.number + i64::from(keep.grace));
                let retention = calendar.day(grace.number + i64::from(keep.retention));
                assert_eq!(ends.grace_ends_at, end_of(grace), "{expiry:?} {site} {tier:?}");
                assert_eq!(ends.retention_ends_at, end_of(retention), "{expiry:?} {site} {tier:?}");
            }
        }
        for time in TIMES {
            let last = calendar.day(expiry.number + 15);
            assert_eq!(hold_ends(at(*expiry, time), 15), Ok(end_of(last)));
        }
    }
}

fn days_before() -> impl Iterator<Item = DeductionDays> {
    (2..=7).map(|days| DeductionDays::from_days(days).unwrap())
}

#[test]
fn early_enabled_renewal_is_tried_at_three_so_many_days_before_every_expiry() {
    let calendar = Calendar::new();
    for expiry in calendar.years(FIRST_YEAR, LAST_YEAR) {
        for days in days_before() {
            let wanted = at(calendar.day(expiry.number - days.days()), 3 * HOUR);
            assert!(wanted.to_wire().ends_with("T19:00:00Z"));
            // At any time up to just before that 03:00.
            let long_before = at(calendar.day(expiry.number - 31), 12 * HOUR);
            for now in [long_before, wanted.plus_days(-1), wanted.plus_ms(-1)] {
                assert_eq!(first_attempt(now, end_of(*expiry), days), Attempt::At(wanted), "{expiry:?}");
            }
        }
    }
}

/// The first 03:00 of the list of days that is after now and not before the day of deduction, unless the next 03:00 of
/// all comes after the expiry.
fn counted_attempt(calendar: &Calendar, today: Day, seconds: i64, expiry: Day, days: i64) -> Attempt {
    let next = if seconds < 3 * HOUR { today.number } else { today.number + 1 };
    if next > expiry.number {
        return Attempt::Now;
    }
    let mut day = next;
    while day < expiry.number - days {
        day += 1;
    }
    Attempt::At(at(calendar.day(day), 3 * HOUR))
}

#[test]
fn late_enabled_renewal_is_tried_at_the_next_three_or_at_once() {
    let calendar = Calendar::new();
    for expiry in calendar.years(2024, 2024) {
        for days in days_before() {
            for before in 0..=9 {
                let today = calendar.day(expiry.number - before);
                for hour in 0..24 {
                    for seconds in [hour * HOUR, hour * HOUR + 1, hour * HOUR + HOUR - 1] {
                        let found = first_attempt(at(today, seconds), end_of(*expiry), days);
                        let wanted = counted_attempt(&calendar, today, seconds, *expiry, days.days());
                        assert_eq!(found, wanted, "{today:?} {seconds} {expiry:?} {days}");
                    }
                }
            }
        }
    }
}

#[test]
fn failed_renewals_are_tried_every_day_at_three() {
    let calendar = Calendar::new();
    for expiry in calendar.years(FIRST_YEAR, LAST_YEAR) {
        for days in days_before() {
            let enabled = at(calendar.day(expiry.number - 31), 12 * HOUR);
            let Attempt::At(mut attempt) = first_attempt(enabled, end_of(*expiry), days) else {
                panic!("a month is time enough")
            };
            // Up to the last day on which the longest site keeps it.
            for offset in -days.days()..=30 {
                let wanted = at(calendar.day(expiry.number + offset), 3 * HOUR);
                assert_eq!(attempt, wanted, "{expiry:?}");
                // However late in the day the job was.
                for late in [0, 1, HOUR * 1_000, 24 * HOUR * 1_000 - 1] {
                    assert_eq!(next_attempt(attempt.plus_ms(late)), attempt.plus_days(1));
                }
                attempt = next_attempt(attempt);
            }
        }
    }
}

#[test]
fn every_expiry_moves_to_the_first_unified_day_that_comes() {
    let calendar = Calendar::new();
    for expiry in calendar.years(FIRST_YEAR, LAST_YEAR) {
        for number in (1..=28).chain([-1]) {
            let mut day = *expiry;
            let is_it = |day: Day| match number {
                -1 => calendar.day(day.number + 1).day == 1,
                _ => day.day == number,
            };
            while !is_it(day) {
                day = calendar.day(day.number + 1);
            }
            let unified = unified_expiry(end_of(*expiry), ExpireDay::from_number(number).unwrap()).unwrap();
            assert_eq!(unified, end_of(day), "{expiry:?} to {number}");
            // What is unified stays.
            assert_eq!(unified_expiry(unified, ExpireDay::from_number(number).unwrap()), Ok(unified));
        }
    }
}

#[test]
fn the_longest_term_reaches_to_the_same_day_of_a_later_year() {
    let calendar = Calendar::new();
    for today in calendar.years(FIRST_YEAR, LAST_YEAR) {
        for (years, max) in [(1, 1_u32), (3, 3), (5, 5)] {
            let latest = calendar.months_later(*today, years * 12);
            let after = calendar.day(latest.number + 1);
            for time in TIMES {
                assert!(!exceeds(at(*today, time), end_of(latest), max), "{today:?}");
                assert!(exceeds(at(*today, time), end_of(after), max), "{today:?}");
            }
        }
    }
}
