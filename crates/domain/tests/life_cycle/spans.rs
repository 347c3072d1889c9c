//! Refunds and remaining time, hour by hour and day by day, against sums that are counted out.

use domain::calendar::{Instant, PeriodType, Term};
use domain::money::Charge;
use domain::site::{RefundUnit, Site};
use domain::subscription::change::{Remaining, remaining};
use domain::subscription::refund::{HandlingFee, Period, is_within_five_days};
use domain::subscription::renewal::extra_months;

use super::naive::{Calendar, at, end_of, length};

const HOUR: i64 = 3_600;
const MS_PER_HOUR: i64 = 3_600_000;
/// All lengths of months divide it, in hours: a denominator of this test's own.
const COMMON: i64 = 28 * 29 * 30 * 31 * 24;

const MONTH: Term = Term { period: PeriodType::Month, count: 1 };

fn period(calendar: &Calendar, start: (i64, i64, i64), seconds: i64, months: i64) -> Period {
    let day = calendar.find(start.0, start.1, start.2);
    let term = Term { period: PeriodType::Month, count: u32::try_from(months).unwrap() };
    Period { term, effective_at: at(day, seconds), expires_at: end_of(calendar.months_later(day, months)) }
}

#[test]
fn used_and_left_are_the_whole_in_every_hour_of_a_period() {
    let calendar = Calendar::new();
    let site = Site::Intl.profile();
    let paid = Charge::cents(123_457);
    // A month from the middle of each month of four years, and a year, at times of day of all kinds.
    let months = (0..48).map(|index| ((2023 + index / 12, index % 12 + 1, 15), 1));
    for (index, (start, months)) in months.chain([((2024, 2, 29), 12)]).enumerate() {
        let seconds = [0, 10 * HOUR + 1_800, 24 * HOUR - 1][index % 3];
        let period = period(&calendar, start, seconds, months);
        let begin = period.effective_at.floor_hour();
        let total = (period.expires_at.ms() + 1_000 - begin.ms()) / MS_PER_HOUR;
        let mut consumed = Charge::ZERO;
        for hour in 0..=total {
            let now = begin.plus_hours(hour).plus_ms(1_799_999);
            let used = period.used(now, RefundUnit::Hour);
            assert_eq!((used.used, used.total), (hour, total), "{period:?}");
            let settled = period.settle(paid, now, site, HandlingFee::Due).unwrap();
            let parts = [settled.consumed, settled.fee, settled.refund];
            assert_eq!(Charge::sum(parts), Some(paid));
            assert!(parts.iter().all(|part| !part.is_negative()), "{period:?} {settled:?}");
            assert!(settled.consumed >= consumed, "{period:?}");
            let left = period.left_of(paid, now, site).unwrap();
            assert_eq!(left.checked_add(settled.consumed), Some(paid));
            consumed = settled.consumed;
        }
        // Nothing is left at the end, and all of it before the beginning.
        assert_eq!(consumed, paid);
        assert_eq!(period.left_of(paid, begin.plus_ms(-1), site).unwrap(), paid);
        assert_eq!(period.left_of(paid, Instant::MIN, site).unwrap(), paid);
        assert_eq!(period.left_of(paid, Instant::MAX, site).unwrap(), Charge::ZERO);
    }
}

#[test]
fn a_refund_never_grows_while_the_fee_stays() {
    let calendar = Calendar::new();
    let site = Site::Cn.profile();
    let day = calendar.find(2024, 2, 29);
    let term = Term { period: PeriodType::Year, count: 3 };
    let expiry = calendar.months_later(day, 36);
    let period = Period { term, effective_at: at(day, 9 * HOUR), expires_at: end_of(expiry) };
    let paid = Charge::cents(1_000_000);
    // The last days of the first and the second year of use.
    let years = [calendar.find(2025, 2, 28).number, calendar.find(2026, 2, 28).number];
    let mut before = paid;
    for number in day.number..=expiry.number {
        let settled =
            period.settle(paid, at(calendar.day(number), 12 * HOUR), site, HandlingFee::Due).unwrap();
        let percent = 15 - 5 * i64::from(number > years[0]) - 5 * i64::from(number > years[1]);
        let is_whole_fee = !settled.refund.is_zero();
        if is_whole_fee {
            assert_eq!(settled.fee, Charge::cents(percent * 10_000), "{:?}", calendar.day(number));
        }
        // A new year of use makes the fee smaller, and the refund larger.
        let is_new_year = years.contains(&(number - 1));
        assert_eq!(settled.refund > before, is_new_year, "{:?}", calendar.day(number));
        before = settled.refund;
    }
    assert_eq!(before, Charge::ZERO);
}

#[test]
fn whole_days_are_used_up_one_a_day() {
    let calendar = Calendar::new();
    for start in calendar.years(2023, 2026) {
        let expiry = calendar.months_later(*start, 1);
        let period = Period { term: MONTH, effective_at: at(*start, 10 * HOUR), expires_at: end_of(expiry) };
        for number in start.number..=expiry.number {
            for seconds in [0, 24 * HOUR - 1] {
                let used = period.used(at(calendar.day(number), seconds), RefundUnit::Day);
                assert_eq!(used.used, number - start.number);
                assert_eq!(used.total, expiry.number - start.number + 1);
            }
        }
    }
}

#[test]
fn what_lies_after_the_end_of_a_period_is_a_share_by_its_hours() {
    let calendar = Calendar::new();
    let period = period(&calendar, (2024, 1, 15), 10 * HOUR, 3);
    let first = calendar.find(2024, 1, 15).number;
    // As many cents as hours: each is worth one. 14 hours of the first day are in the period.
    let days = calendar.find(2024, 4, 15).number - first;
    let amount = Charge::cents(14 + 24 * days);
    for number in first..=first + days {
        let after = period.part_after(amount, end_of(calendar.day(number))).unwrap();
        assert_eq!(after, Charge::cents(24 * (first + days - number)));
    }
    assert_eq!(period.part_after(amount, end_of(calendar.day(first - 1))), Ok(amount));
    assert_eq!(period.part_after(amount, end_of(calendar.day(first + days + 1))), Ok(Charge::ZERO));
}

#[test]
fn the_five_days_of_every_hour_are_a_hundred_and_twenty_hours() {
    let calendar = Calendar::new();
    for day in calendar.years(2023, 2026) {
        for hour in 0..24 {
            let begun = at(*day, hour * HOUR + 1_234);
            assert!(is_within_five_days(begun, begun.plus_hours(120).plus_ms(-1)));
            assert!(!is_within_five_days(begun, begun.plus_hours(120)));
        }
    }
}

#[test]
fn every_hour_that_passes_takes_its_part_of_its_own_month() {
    let calendar = Calendar::new();
    let expiry = end_of(calendar.find(2026, 12, 31));
    let mut wanted = 0_i64;
    for day in calendar.years(2023, 2026).iter().rev() {
        for hour in (0..24).rev() {
            wanted += COMMON / (length(day.year, day.month) * 24);
            let begin = at(*day, hour * HOUR);
            // The hour that has begun is not left any more; just before it is.
            for now in [begin, begin.plus_ms(-1)] {
                let Remaining::Months(parts) = remaining(now, expiry, PeriodType::Month) else {
                    panic!("months are asked for")
                };
                let (num, den) = parts.fraction();
                assert_eq!(
                    i128::from(num) * i128::from(COMMON),
                    i128::from(wanted) * i128::from(den),
                    "{now}"
                );
            }
        }
    }
    assert_eq!(wanted, 48 * COMMON);
}

#[test]
fn years_lose_a_day_a_day_but_none_on_a_leap_day() {
    let calendar = Calendar::new();
    let days = calendar.years(2023, 2026);
    for expiry in days.iter().skip(365).step_by(13) {
        let mut wanted = 0;
        for today in days[..usize::try_from(expiry.number - days[0].number).unwrap() + 1].iter().rev() {
            for seconds in [0, 24 * HOUR - 1] {
                let found = remaining(at(*today, seconds), end_of(*expiry), PeriodType::Year);
                assert_eq!(found, Remaining::YearDays(wanted), "{today:?} {expiry:?}");
            }
            wanted += i64::from((today.month, today.day) != (2, 29));
        }
    }
}

#[test]
fn extra_days_are_parts_of_the_months_they_lie_in() {
    let calendar = Calendar::new();
    for from in calendar.years(2023, 2026) {
        let mut wanted = 0;
        let mut day = *from;
        for _ in 0..32 {
            let (num, den) = extra_months(end_of(*from), end_of(day)).fraction();
            assert_eq!(
                i128::from(num) * i128::from(COMMON),
                i128::from(wanted) * i128::from(den),
                "{from:?}"
            );
            day = calendar.day(day.number + 1);
            wanted += COMMON / length(day.year, day.month);
        }
    }
}
