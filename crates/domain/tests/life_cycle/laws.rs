//! Laws of refunds, renewals and changes, on random terms, amounts and instants.

use domain::calendar::{Instant, PeriodType, Term, first_expiry};
use domain::money::{Charge, Exact, Price, Scaled};
use domain::site::{Site, SiteProfile};
use domain::subscription::MonthParts;
use domain::subscription::change::{Remaining, bought, difference, remaining};
use domain::subscription::refund::{HandlingFee, Period};
use domain::subscription::renewal::{
    Attempt, DeductionDays, ExpireDay, extra_months, first_attempt, next_attempt, unified_expiry,
};
use proptest::prelude::*;
use proptest::sample::select;

/// 2020 to 2099.
fn instant() -> impl Strategy<Value = Instant> {
    (1_577_808_000_000_i64..4_102_415_999_999).prop_map(Instant::from_ms)
}

fn term() -> impl Strategy<Value = Term> {
    let units = select(PeriodType::ALL.to_vec());
    (units, 1_u32..40).prop_map(|(period, count)| Term { period, count })
}

fn period() -> impl Strategy<Value = Period> {
    (instant(), term()).prop_map(|(effective_at, term)| {
        let expires_at = first_expiry(effective_at, term).unwrap();
        Period { term, effective_at, expires_at }
    })
}

/// Before, in and after a period, and often at its edges.
fn moment(period: Period) -> impl Strategy<Value = Instant> {
    let (begin, end) = (period.effective_at, period.expires_at);
    prop_oneof![
        (begin.ms()..=end.ms()).prop_map(Instant::from_ms),
        (-3_700_000_i64..3_700_000).prop_map(move |ms| begin.plus_ms(ms)),
        (-3_700_000_i64..3_700_000).prop_map(move |ms| end.plus_ms(ms)),
        instant(),
    ]
}

fn at_some_moment() -> impl Strategy<Value = (Period, Instant)> {
    period().prop_flat_map(|period| (Just(period), moment(period)))
}

fn money() -> impl Strategy<Value = Charge> {
    prop_oneof![0_i64..100, 0_i64..1_000_000, 0_i64..900_000_000_000_000].prop_map(Charge::cents)
}

fn price() -> impl Strategy<Value = Exact> {
    prop_oneof![0_i64..1_000, 0_i64..1_000_000_000_000_000_000]
        .prop_map(|units| Exact::from_price(Price::from_units(units)))
}

fn site() -> impl Strategy<Value = &'static SiteProfile> {
    select(Site::ALL.to_vec()).prop_map(Site::profile)
}

fn fee() -> impl Strategy<Value = HandlingFee> {
    select(vec![HandlingFee::Due, HandlingFee::Waived])
}

fn is_a_deduction(at: Instant) -> bool {
    at.to_wire().ends_with("T19:00:00Z") && at.ms() % 1_000 == 0
}

proptest! {
    #[test]
    fn consumed_fee_and_refund_are_what_was_paid(
        (period, now) in at_some_moment(), paid in money(), site in site(), fee in fee(),
    ) {
        let settled = period.settle(paid, now, site, fee).unwrap();
        let parts = [settled.consumed, settled.fee, settled.refund];
        prop_assert_eq!(Charge::sum(parts), Some(paid));
        prop_assert!(parts.iter().all(|part| !part.is_negative()));
        let left = period.left_of(paid, now, site).unwrap();
        prop_assert_eq!(left.checked_sub(settled.fee), Some(settled.refund));
        prop_assert!(fee == HandlingFee::Due || settled.fee.is_zero());
    }

    #[test]
    fn later_is_never_less_used(
        (period, now) in at_some_moment(), ms in 0_i64..10_000_000_000, paid in money(), site in site(),
    ) {
        let [before, after] = [now, now.plus_ms(ms)].map(|at| period.left_of(paid, at, site).unwrap());
        prop_assert!(before >= after);
        let [before, after] = [now, now.plus_ms(ms)].map(|at| period.part_after(paid, at).unwrap());
        prop_assert!(before >= after);
    }

    #[test]
    fn parts_of_adjacent_spans_add_up(mut instants in [instant(), instant(), instant()], price in price()) {
        instants.sort();
        let [a, b, c] = instants;
        let between = |from, until| MonthParts::between(from, until).months();
        prop_assert_eq!(between(a, b).checked_add(between(b, c)), Ok(between(a, c)));
        let [a, b, c] = [a, b, c].map(|at| at.date().end_of_day());
        let extra = |from, to| extra_months(from, to).at_price(price).unwrap();
        prop_assert_eq!(extra(a, b).checked_add(extra(b, c)), Ok(extra(a, c)));
        prop_assert_eq!(extra_months(c, a) == MonthParts::ZERO, true);
    }

    #[test]
    fn an_upgrade_and_back_at_once_costs_nothing(
        (period, now) in at_some_moment(), old in price(), new in price(),
    ) {
        let rest = remaining(now, period.expires_at, period.term.period);
        let there = difference(old, new, rest);
        let back = difference(new, old, rest);
        match (there, back) {
            (Ok(there), Ok(back)) => prop_assert_eq!(there.checked_add(back), Some(Charge::ZERO)),
            (there, back) => prop_assert_eq!(there, back),
        }
        prop_assert_eq!(difference(old, old, rest), Ok(Charge::ZERO));
    }

    #[test]
    fn no_more_is_left_of_a_term_than_was_bought(start in instant(), count in 1_i64..37) {
        let months = Term { period: PeriodType::Month, count: u32::try_from(count).unwrap() };
        let Remaining::Months(parts) = remaining(start, first_expiry(start, months).unwrap(), PeriodType::Month) else {
            panic!("months are asked for")
        };
        // The rest of the first day belongs to the customer, and a month's end may be longer by three days.
        let (num, den) = parts.fraction();
        prop_assert!(num * 7 <= den * (count * 7 + 1), "{}", parts);
        prop_assert!(num * 7 >= den * (count * 7 - 1), "{}", parts);
        let term = Period { term: months, effective_at: start, expires_at: first_expiry(start, months).unwrap() };
        let capped = Remaining::Months(parts).at_most(bought(&[term], start, PeriodType::Month));
        prop_assert_eq!(capped, Remaining::Months(parts.min(MonthParts::of_months(months.count))));
        let days = Term { period: PeriodType::Day, ..months };
        let term = Period { term: days, effective_at: start, expires_at: first_expiry(start, days).unwrap() };
        let Remaining::Hours { left, per_unit: 24 } =
            remaining(start, term.expires_at, PeriodType::Day).at_most(bought(&[term], start, PeriodType::Day))
        else {
            panic!("days are asked for")
        };
        prop_assert_eq!(left, count * 24);
        let years = remaining(start, first_expiry(start, Term { period: PeriodType::Year, count: 3 }).unwrap(), PeriodType::Year);
        prop_assert!(matches!(years, Remaining::YearDays(1095 | 1094)), "{:?}", years);
    }

    #[test]
    fn attempts_are_at_three_after_now_and_not_after_the_expiry(now in instant(), ms in 1_i64..10_000_000_000, days in 2_i64..=7) {
        let expiry = now.plus_ms(ms).date().end_of_day();
        let days = DeductionDays::from_days(days).unwrap();
        match first_attempt(now, expiry, days) {
            Attempt::At(at) => {
                prop_assert!(now < at && at <= expiry && is_a_deduction(at));
                prop_assert!(at == next_attempt(now) || at.date().days_until(expiry.date()) == days.days());
            }
            Attempt::Now => prop_assert!(next_attempt(now) > expiry),
        }
        let next = next_attempt(now);
        prop_assert!(is_a_deduction(next) && now < next && next <= now.plus_days(1));
    }

    #[test]
    fn a_unified_day_is_within_a_month_and_costs_less_than_two(
        expiry in instant(), number in prop_oneof![1_i64..=28, Just(-1)],
    ) {
        let day = ExpireDay::from_number(number).unwrap();
        prop_assert_eq!(ExpireDay::parse(&day.to_string()), Some(day));
        let expiry = expiry.date().end_of_day();
        let unified = unified_expiry(expiry, day).unwrap();
        prop_assert!(expiry <= unified && expiry.date().days_until(unified.date()) < 31);
        let (num, den) = extra_months(expiry, unified).fraction();
        prop_assert!(0 <= num && num < 2 * den);
    }

    #[test]
    fn no_instant_makes_a_rule_panic(
        now in Instant::MIN.ms()..=Instant::MAX.ms(),
        begin in Instant::MIN.ms()..=Instant::MAX.ms(),
        end in Instant::MIN.ms()..=Instant::MAX.ms(),
        term in term(), paid: i64, site in site(), fee in fee(), number in -1_i64..=28,
    ) {
        let [now, effective_at, expires_at] = [now, begin, end].map(Instant::from_ms);
        let period = Period { term, effective_at, expires_at };
        let _ = period.settle(Charge::cents(paid), now, site, fee);
        let _ = bought(&[period, period], now, term.period);
        let _ = period.part_after(Charge::cents(paid), now);
        let _ = remaining(now, expires_at, term.period).at_price(Exact::from_charge(Charge::cents(paid)));
        let _ = first_attempt(now, expires_at, DeductionDays::DEFAULT);
        let _ = ExpireDay::from_number(number).map(|day| unified_expiry(expires_at, day));
    }
}
