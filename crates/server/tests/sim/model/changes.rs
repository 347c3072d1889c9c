//! Changes of specification: what they cost, or give back, for the rest of the time that is paid (rule 2.6).

use super::purses::Parts;
use super::reductions::half_up;
use super::refunds::{hours, unused};
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

/// How many parts of a cent are told apart where amounts are divided.
const FINE: i128 = 1_000_000_000_000;
/// What divisions may have lost of them.
const LOST: i128 = 1_000;

/// An amount in parts of a cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Fine(i128);

impl Fine {
    fn of(cents: i64, part: (i64, i64)) -> Self {
        Self(i128::from(cents) * FINE).part(part)
    }

    fn divided(cents: i128, divisor: i128) -> Self {
        let whole = cents.div_euclid(divisor);
        Self(whole * FINE + cents.rem_euclid(divisor) * FINE / divisor)
    }

    fn part(self, (part, whole): (i64, i64)) -> Self {
        Self(self.0 * i128::from(part) / i128::from(whole))
    }

    fn cut(self) -> i64 {
        i64::try_from((self.0 + LOST).div_euclid(FINE)).unwrap()
    }

    fn round(self) -> i64 {
        Self(self.0 + FINE / 2).cut()
    }
}

/// What is for the time to come of a charge: all of it, or what is split off it.
struct Ahead {
    /// By number.
    of: usize,
    /// What is used up, where it has begun.
    used: Option<Charge>,
    charge: Charge,
    /// What is left of the money and of the list price of the whole charge, used up or not.
    whole: (i64, i64),
    /// What of that list price is for the time to come.
    list: Fine,
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

    /// What another specification costs more for the rest at list prices, or less: in parts of a cent, and how many
    /// parts a cent has.
    fn difference(&self, (good, size): (usize, i64), now: Secs) -> (i128, i128) {
        let price = |good: usize, size: i64| GOODS[good].price(self.unit(), size, now);
        let (parts, whole) = self.rest(now);
        let more = i128::from(price(good, size) - price(self.good, self.size));
        (more * i128::from(parts), i128::from(whole))
    }

    /// What was paid for the time to come, in the order of payment.
    fn ahead(&self, now: Secs) -> Vec<Ahead> {
        let open = |(_, charge): &(usize, &Charge)| !charge.is_gone() && charge.ends > now;
        let ahead = |(of, charge): (usize, &Charge)| {
            let whole = (charge.left(), charge.list - charge.back_list);
            let (total, spent) = hours(charge.begins, charge.ends, now);
            if spent <= 0 {
                return Ahead {
                    of,
                    used: None,
                    charge: charge.clone(),
                    whole,
                    list: Fine::of(whole.1, (1, 1)),
                };
            }
            let rest = |amount: i64| unused(charge, amount, charge.ends, now);
            let (money, list, coupon) = (rest(whole.0), rest(whole.1), rest(charge.coupon));
            let purses: Parts = charge.purses.iter().map(|(purse, amount)| (*purse, rest(*amount))).collect();
            let spent_of = |((purse, all), (_, rest)): (&(usize, i64), &(usize, i64))| (*purse, all - rest);
            let used = Charge {
                ends: now,
                money: charge.money - money,
                list: charge.list - list,
                coupon: charge.coupon - coupon,
                purses: charge.purses.iter().zip(&purses).map(spent_of).collect(),
                ..charge.clone()
            };
            let rest =
                Charge { begins: now, money, list, coupon, purses, back: 0, back_list: 0, ..charge.clone() };
            let list = Fine::of(whole.1, (total - spent, total));
            Ahead { of, used: Some(used), charge: rest, whole, list }
        };
        self.charges.iter().enumerate().filter(open).map(ahead).collect()
    }
}

/// What goes back of a charge: of the money, in parts of cents, and of the list price.
#[derive(Clone, Copy, Default)]
struct Taken {
    money: Fine,
    list: Fine,
}

/// What goes back of each charge for a difference of list prices. The difference of each term is taken from upgrades
/// first, the last of them before the others, each up to what its list price has for that time, and then from what was
/// paid for the term, no more than is left of that; each gives what balances paid of it.
fn taken(ahead: &[Ahead], (more, parts): (i128, i128), now: Secs, unit: Term) -> Vec<Taken> {
    let open = |one: &Ahead| (one.charge.begins.max(now), one.charge.ends);
    let weight = |from: Secs, until: Secs| span(from, until, unit).0;
    let terms: Vec<usize> = (0..ahead.len()).filter(|at| !ahead[*at].charge.is_upgrade).collect();
    let whole: i64 = terms.iter().map(|at| open(&ahead[*at])).map(|(from, until)| weight(from, until)).sum();
    let mut taken = vec![Taken::default(); ahead.len()];
    for term in terms {
        let (from, until) = open(&ahead[term]);
        let mut due =
            Fine::divided(-more * i128::from(weight(from, until)), parts * i128::from(whole.max(1)));
        let upgrades = (0..ahead.len()).rev().filter(|at| ahead[*at].charge.is_upgrade);
        for at in upgrades.chain([term]) {
            let one = &ahead[at];
            let (begins, ends) = open(one);
            let shared = weight(from.max(begins), until.min(ends));
            let all = weight(begins, ends);
            let has = if shared == all { one.list } else { one.list.part((shared, all.max(1))) };
            let list = if at == term { due } else { due.min(has) };
            due.0 -= list.0;
            let money = if one.whole.1 > 0 { list.part(one.whole) } else { Fine::default() };
            let taken = &mut taken[at];
            taken.list.0 += list.0;
            taken.money.0 += money.0;
            if at == term {
                taken.money = taken.money.min(Fine::of(one.charge.left(), (1, 1)));
            }
        }
    }
    taken
}

/// What goes back of each charge in cents: the sum is rounded half up, and its cents go to those that lose most; none
/// has more than is left of it.
fn in_cents(ahead: &[Ahead], taken: &[Taken]) -> Vec<i64> {
    let all = Fine(taken.iter().map(|part| part.money.0).sum()).round();
    let cut = |(one, part): (&Ahead, &Taken)| part.money.cut().min(one.charge.left());
    let mut cents: Vec<i64> = ahead.iter().zip(taken).map(cut).collect();
    let mut order: Vec<usize> = (0..taken.len()).collect();
    order.sort_by_key(|at| (-(taken[*at].money.0 - i128::from(cents[*at]) * FINE), *at));
    for at in order {
        let has_more = cents.iter().sum::<i64>() < all && cents[at] < ahead[at].charge.left();
        cents[at] += i64::from(has_more && taken[at].money.0 > 0);
    }
    cents
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
        let difference = one.difference((good, size), now);
        if difference.0 < 0 {
            return Ok((self.change_down(resource, (good, size), difference, now), None));
        }
        let amount = half_up(difference.0, difference.1);
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
    fn change_down(
        &mut self,
        resource: usize,
        to: (usize, i64),
        difference: (i128, i128),
        now: Secs,
    ) -> usize {
        let one = &self.resources[resource];
        let ahead = one.ahead(now);
        let taken = taken(&ahead, difference, now, one.unit());
        let money = in_cents(&ahead, &taken);
        let line = Line::about(resource, one, one.term, -money.iter().sum::<i64>());
        let line = Line { good: to.0, size: to.1, effective: Some(now), expires: Some(one.expires), ..line };
        let mut parts = Vec::new();
        let one = &mut self.resources[resource];
        for ((Ahead { of, used, mut charge, .. }, taken), money) in ahead.into_iter().zip(taken).zip(money) {
            let list = taken.list.round().min(charge.list - charge.back_list);
            if money == 0 && list == 0 {
                continue;
            }
            charge.back_list += list;
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
