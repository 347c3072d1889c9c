//! How an account wants its resources renewed: on which day, and until which (rules 1.5.2, 1.6).

use super::life::{DAYS_BEFORE, YEARS_MAX};
use super::reductions::half_up;
use super::{Customer, Line};
use crate::calendar::{
    DAY, HOUR, Secs, Term, at, date, date_of_days, days_of, end_of_day, expiry, month_days, next_three,
};
use crate::goods::GOODS;

/// The first end of a configured day of the month that is not before an expiry.
fn unified(expires: Secs, day: i64) -> Secs {
    let mut number = days_of(date(expires));
    loop {
        let (year, month, of_month) = date_of_days(number);
        let wanted = if day == -1 { month_days(year, month) } else { day };
        if of_month == wanted {
            return end_of_day((year, month, of_month));
        }
        number += 1;
    }
}

/// What the days after one expiry, until another, cost at a price of a month: each its part of its month.
fn extra(month_price: i64, from: Secs, to: Secs) -> i64 {
    // Every length of a month divides it.
    const WHOLE: i64 = 28 * 29 * 30 * 31;
    let parts: i64 = (1..=(to - from) / DAY)
        .map(|days| {
            let (year, month, _) = date_of_days(days_of(date(from)) + days);
            WHOLE / month_days(year, month)
        })
        .sum();
    half_up(i128::from(month_price) * i128::from(parts), i128::from(WHOLE))
}

impl Customer {
    /// Attempts that are still to come move to another day, or to the next 03:00 where that day is past.
    pub fn deduct_before(&mut self, days: i64, now: Secs) {
        if self.days_before.replace(days).unwrap_or(DAYS_BEFORE) == days {
            return;
        }
        for one in &mut self.resources {
            if one.renew_at.is_some_and(|at| at > now) {
                let day = at(date_of_days(days_of(date(one.expires)) - days), 3 * HOUR);
                let next = next_three(now);
                one.renew_at = Some(if next > one.expires { next } else { day.max(next) });
            }
        }
    }

    /// Lines of a renewal by the system end on the account's day, if it has one, and cost the days more.
    pub fn extend(&self, lines: &mut [Line], now: Secs) {
        let Some(day) = self.expire_day else { return };
        for line in lines {
            let own = expiry(self.resources[line.resources[0]].expires, line.term);
            let end = unified(own, day);
            if end > expiry(now, Term::Years(YEARS_MAX)) {
                continue;
            }
            let good = &GOODS[line.good];
            let size = if good.measure.is_some() { line.size } else { 1 };
            line.list += extra(good.prices(now).0 * size, own, end);
            line.expires = Some(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse;

    #[test]
    fn a_day_of_the_month_is_the_first_that_is_not_before() {
        for (from, day, to) in [
            ("2026-03-09T15:59:59Z", 1, "2026-04-01T15:59:59Z"),
            ("2026-04-01T15:59:59Z", 1, "2026-04-01T15:59:59Z"),
            ("2026-02-10T15:59:59Z", -1, "2026-02-28T15:59:59Z"),
        ] {
            assert_eq!(unified(parse(from), day), parse(to), "{from} {day}");
        }
    }

    #[test]
    fn extra_days_cost_their_part_of_their_month() {
        // 20 of 31 days, and one of 30.
        let (from, to) = (parse("2026-03-11T15:59:59Z"), parse("2026-04-01T15:59:59Z"));
        assert_eq!(extra(93_000, from, to), 60_000 + 3_100);
    }
}
