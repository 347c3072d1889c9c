//! Changes of specification: what they cost, or give back, for the rest of the time that is paid (rule 2.6).

use super::reductions::{half_up, shares};
use super::refunds::unused;
use super::trials::{REFUSED, WRONG};
use super::turns::Placed;
use super::{Charge, Customer, Line, Resource, status};
use crate::calendar::{Date, HOUR, Secs, Term, at, date, days_of, expiry, month_days};
use crate::goods::GOODS;

/// Hours of a month of any length divide it.
const PARTS: i64 = 24 * 4 * 7 * 29 * 3 * 5 * 31;
/// Days of a year.
const YEAR_DAYS: i64 = 365;

/// A span in parts of a month from the next full hour on, or in days of years after today without 29 February, and how
/// many of them the unit of the price has.
fn span(from: Secs, until: Secs, unit: Term) -> (i64, i64) {
    match unit {
        Term::Months(_) => (month_parts(from, until), PARTS),
        Term::Years(_) => (year_days(date(from), date(until)), YEAR_DAYS),
    }
}

fn month_parts(from: Secs, until: Secs) -> i64 {
    let mut from = (from + HOUR - 1).div_euclid(HOUR) * HOUR;
    let until = until + 1;
    let mut parts = 0;
    while from < until {
        let (year, month, _) = date(from);
        let next = if month == 12 { (year + 1, 1, 1) } else { (year, month + 1, 1) };
        let end = at(next, 0).min(until);
        parts += (end - from) / HOUR * (PARTS / (24 * month_days(year, month)));
        from = end;
    }
    parts
}

fn year_days(after: Date, last: Date) -> i64 {
    let all = (days_of(last) - days_of(after)).max(0);
    let leap = |year: &i64| {
        let is_leap = month_days(*year, 2) == 29;
        is_leap && after < (*year, 2, 29) && (*year, 2, 29) <= last
    };
    all - i64::try_from((after.0..=last.0).filter(leap).count()).unwrap()
}

/// What is for the time to come of a charge: all of it, or what is split off it.
struct Ahead {
    /// By number.
    of: usize,
    /// What is used up, where it has begun.
    used: Option<Charge>,
    charge: Charge,
}

/// What of a charge is for a term.
#[derive(Clone, Copy)]
struct Slice {
    money: i64,
    list: i64,
}

impl Resource {
    fn unit(&self) -> Term {
        match self.term {
            Term::Months(_) => Term::Months(1),
            Term::Years(_) => Term::Years(1),
        }
    }

    /// What is left of the time that is paid, and how much the unit of the price has; monthly terms are never longer
    /// than they were bought for, although the rest of their first day is given in addition.
    fn rest(&self, now: Secs) -> (i64, i64) {
        let (parts, whole) = span(now, self.expires, self.unit());
        (self.bought_parts(now).map_or(parts, |bought| parts.min(bought)), whole)
    }

    fn bought_parts(&self, now: Secs) -> Option<i64> {
        let terms = self.charges.iter().filter(|charge| !charge.is_upgrade && !charge.is_gone());
        let bought = |charge: &Charge| {
            let parts = self.charges.iter().filter(|other| other.is_part_of(charge));
            let begins = parts.map(|other| other.begins).min().unwrap_or(charge.begins);
            // The days until the day that the account has set were bought too.
            charge.term.months() * PARTS + month_parts(expiry(begins, charge.term), charge.ends)
        };
        let bought = terms.filter(|charge| charge.ends > now).map(bought).sum();
        matches!(self.term, Term::Months(_)).then_some(bought)
    }

    /// Whether more is left than was bought.
    pub fn has_more_than_bought(&self, now: Secs) -> bool {
        self.bought_parts(now).is_some_and(|bought| span(now, self.expires, self.unit()).0 > bought)
    }

    /// What another specification costs for the rest at list prices, in cents, half up; below zero it costs less.
    fn difference(&self, (good, size): (usize, i64), now: Secs) -> (bool, i64) {
        let price = |good: usize, size: i64| GOODS[good].price(self.unit(), size, now);
        let (parts, whole) = self.rest(now);
        let exact = i128::from(price(good, size) - price(self.good, self.size)) * i128::from(parts);
        (exact < 0, half_up(exact.abs(), i128::from(whole)))
    }

    /// What was paid for the time to come, in the order of payment.
    fn ahead(&self, now: Secs) -> Vec<Ahead> {
        let open = |(_, charge): &(usize, &Charge)| !charge.is_gone() && charge.ends > now;
        let ahead = |(of, charge): (usize, &Charge)| {
            let rest = |amount: i64| unused(charge, amount, charge.ends, now);
            let (money, list) = (rest(charge.left()), rest(charge.list - charge.back_list));
            let coupon = rest(charge.coupon);
            if !charge.has_begun_hours(now) {
                return Ahead { of, used: None, charge: charge.clone() };
            }
            let rest = Charge { begins: now, money, list, coupon, back: 0, back_list: 0, ..charge.clone() };
            let used = Charge {
                ends: now,
                money: charge.money - money,
                list: charge.list - list,
                coupon: charge.coupon - coupon,
                ..charge.clone()
            };
            Ahead { of, used: Some(used), charge: rest }
        };
        self.charges.iter().enumerate().filter(open).map(ahead).collect()
    }
}

impl Charge {
    /// Whether an hour of it is used.
    fn has_begun_hours(&self, now: Secs) -> bool {
        now.div_euclid(HOUR) > self.begins.div_euclid(HOUR)
    }
}

/// What of each charge is for each term, by the time that is left of them.
fn slices(ahead: &[Ahead], terms: &[(Secs, Secs)], now: Secs, unit: Term) -> Vec<Vec<Slice>> {
    let of = |one: &Ahead| {
        let (from, until) = (one.charge.begins.max(now), one.charge.ends);
        let weight = |term: &(Secs, Secs)| span(from.max(term.0), until.min(term.1), unit).0;
        let weights: Vec<i64> = terms.iter().map(weight).collect();
        let money = shares(one.charge.left(), &weights);
        let list = shares(one.charge.list - one.charge.back_list, &weights);
        money.into_iter().zip(list).map(|(money, list)| Slice { money, list }).collect()
    };
    ahead.iter().map(of).collect()
}

/// What goes back of each charge for a difference of list prices: in the share of the list price that balances paid, of
/// upgrades first, the last of them before the others.
fn taken(ahead: &[Ahead], difference: i64, now: Secs, unit: Term) -> Vec<i64> {
    let is_term = |one: &&Ahead| !one.charge.is_upgrade;
    let terms: Vec<(Secs, Secs)> =
        ahead.iter().filter(is_term).map(|one| (one.charge.begins.max(now), one.charge.ends)).collect();
    let weights: Vec<i64> = terms.iter().map(|(from, until)| span(*from, *until, unit).0).collect();
    let slices = slices(ahead, &terms, now, unit);
    let mut order: Vec<usize> = (0..ahead.len()).rev().collect();
    order.sort_by_key(|at| !ahead[*at].charge.is_upgrade);
    let mut taken = vec![0; ahead.len()];
    for (term, due) in shares(difference, &weights).into_iter().enumerate() {
        let sum = |amount: fn(&Slice) -> i64| slices.iter().map(|own| amount(&own[term])).sum::<i64>();
        let (money, list) = (sum(|slice| slice.money), sum(|slice| slice.list));
        if money == 0 || list == 0 {
            continue;
        }
        let mut due = half_up(i128::from(due) * i128::from(money), i128::from(list)).min(money);
        for at in &order {
            let part = due.min(slices[*at][term].money);
            taken[*at] += part;
            due -= part;
        }
    }
    taken
}

impl Customer {
    /// Gives a resource another specification or size, or orders that.
    pub fn change_to(
        &mut self,
        resource: usize,
        (good, size): (usize, i64),
        auto_pay: bool,
        now: Secs,
    ) -> Placed {
        self.check_free(resource)?;
        let one = &self.resources[resource];
        if one.is_trial || !self.is_in_term(resource, now) {
            return Err(WRONG);
        }
        let is_same_size = GOODS[good].measure.is_none() || size == one.size;
        if GOODS[good].is_trial() || good == one.good && is_same_size {
            return Err(REFUSED);
        }
        let (is_less, amount) = one.difference((good, size), now);
        if is_less {
            return Ok((self.change_down(resource, (good, size), amount, now), None));
        }
        let line = Line { good, size, ..Line::about(resource, one, one.term, amount) };
        let order = self.push_order(3, vec![line], None, now);
        let promotion = self.promotion_of(&[resource]);
        Ok((order, self.pay_placed(order, auto_pay, promotion, now)))
    }

    /// A dearer specification is paid.
    pub fn changed(&mut self, number: usize, now: Secs) {
        let line = &mut self.orders[number].lines[0];
        let one = &mut self.resources[line.resources[0]];
        (one.good, one.size) = (line.good, line.size);
        one.lock = None;
        (line.effective, line.expires) = (Some(now), Some(one.expires));
        if line.list > 0 {
            let charge = Charge::of(number, 0, line, now, one.expires);
            one.charges.push(Charge { is_upgrade: true, ..charge });
        }
    }

    /// A cheaper specification: what it costs less goes back at once.
    fn change_down(&mut self, resource: usize, to: (usize, i64), difference: i64, now: Secs) -> usize {
        let one = &self.resources[resource];
        let ahead = one.ahead(now);
        let taken = taken(&ahead, difference, now, one.unit());
        let back: i64 = taken.iter().sum();
        let line = Line::about(resource, one, one.term, -back);
        let line = Line { good: to.0, size: to.1, effective: Some(now), expires: Some(one.expires), ..line };
        let mut parts = Vec::new();
        let one = &mut self.resources[resource];
        for (Ahead { of, used, mut charge }, money) in ahead.into_iter().zip(taken) {
            if money == 0 {
                continue;
            }
            let (left, list) = (charge.left(), charge.list - charge.back_list);
            charge.back_list += half_up(i128::from(list) * i128::from(money), i128::from(left)).min(list);
            charge.back += money;
            parts.push((charge.order, money));
            match used {
                Some(used) => {
                    one.charges[of] = used;
                    one.charges.push(charge);
                }
                None => one.charges[of] = charge,
            }
        }
        (one.good, one.size) = to;
        for (base, money) in parts {
            self.give_back(base, money, now);
        }
        let order = self.push_order(3, vec![line], None, now);
        self.resources[resource].lock = None;
        let order_of = &mut self.orders[order];
        (order_of.status, order_of.until, order_of.paid) = (status::COMPLETED, None, Some(now));
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse;

    #[test]
    fn the_documented_rest_of_a_month_is_counted_in_hours() {
        // Expiry 15 July, change on 25 June 18:40: 5 days and 5 hours of June, 15 days of July (rule 2.6).
        let (parts, whole) =
            span(parse("2024-06-25T10:40:00Z"), parse("2024-07-15T15:59:59Z"), Term::Months(1));
        let wanted = (5 * 24 + 5) * (PARTS / (30 * 24)) + 15 * (PARTS / 31);
        assert_eq!((parts, whole), (wanted, PARTS));
    }

    #[test]
    fn years_have_no_leap_day() {
        let days = |from: &str, until: &str| span(parse(from), parse(until), Term::Years(1)).0;
        assert_eq!(days("2027-12-31T10:00:00Z", "2028-12-31T15:59:59Z"), 365);
        assert_eq!(days("2028-02-28T10:00:00Z", "2028-03-01T15:59:59Z"), 1);
    }
}
