//! Unsubscription (rules 2.1 to 2.5).

use std::collections::BTreeMap;

use domain::site::Site;

use super::cloud::WAITING;
use super::life::CLOSED;
use super::purses::Parts;
use super::reductions::{Code, half_up};
use super::{Charge, Customer, Line, Resource, status};
use crate::calendar::{DAY, HOUR, Secs, Term, date, expiry};

/// How many purchases are returned for nothing in a year (rule 2.2).
const FIVE_DAY_RETURNS: usize = 10;

const DELETED: Code = "CBC.30000067";
const UNPAID: Code = "CBC.99003100";
const IN_PROGRESS: Code = "CBC.99003651";
const NOTHING_LEFT: Code = "CBC.99003128";
const TRIAL: Code = "CBC.99003649";
const HELD: Code = "CBC.99003656";

/// Cents above which a refund needs approval.
fn large(site: Site) -> i64 {
    match site {
        Site::Cn => 5_000_000,
        Site::Intl | Site::Eu => 700_000,
    }
}

/// Per cent of what was paid that is kept (rule 2.3).
fn fee_percent(term: Term, begins: Secs, now: Secs) -> i64 {
    let years = (term.months() + 11) / 12;
    let is_past = |year: i64| now > expiry(begins, Term::Years(year));
    let year = if is_past(2) {
        3
    } else if is_past(1) {
        2
    } else {
        1
    };
    match (years, year) {
        (3.., 1) => 15,
        (3.., 2) => 10,
        (3.., _) => 5,
        (2, 1) => 15,
        (2, _) => 10,
        _ => 10,
    }
}

/// Hours of a period, and how many of them are used at an instant.
pub fn hours(begins: Secs, ends: Secs, now: Secs) -> (i64, i64) {
    let hour = |at: Secs| at.div_euclid(HOUR) * HOUR;
    let total = ((ends + 1 - hour(begins)).div_euclid(HOUR)).max(0);
    (total, ((hour(now) - hour(begins)) / HOUR).clamp(0, total))
}

fn used_of(amount: i64, (total, used): (i64, i64)) -> i64 {
    if total == 0 { amount } else { half_up(i128::from(amount) * i128::from(used), i128::from(total)) }
}

/// What is not used of an amount that is for a charge's period until an instant.
pub fn unused(charge: &Charge, amount: i64, until: Secs, now: Secs) -> i64 {
    amount - used_of(amount, hours(charge.begins, until, now))
}

/// What of an amount is for the time of a charge that lies after an instant.
fn after(charge: &Charge, amount: i64, instant: Secs) -> i64 {
    unused(charge, amount, charge.ends, instant + 1)
}

/// How a set is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Only the periods that have not begun.
    OnlyRenewals,
    /// As a whole, with the fee.
    Whole,
    /// Within five days of its purchase.
    FiveDays,
    /// It turns pay-per-use: without a fee.
    Turned,
}

/// What a refund takes back of one charge.
#[derive(Clone, Debug)]
struct Part {
    resource: usize,
    charge: usize,
    consumed: i64,
    fee: i64,
    back: i64,
    back_list: i64,
    coupon: i64,
    purses: Parts,
}

impl Resource {
    /// The end of the last term that has begun, or of the first where none has.
    fn end_of_begun(&self, now: Secs) -> Option<Secs> {
        let terms = self.charges.iter().filter(|charge| !charge.is_upgrade && charge.begins <= now);
        terms.map(|charge| charge.ends).max()
    }

    /// It was bought within five times 24 hours.
    fn is_new(&self, now: Secs) -> bool {
        self.charges.first().is_some_and(|first| first.is_purchase && now < first.begins + 5 * DAY)
    }

    /// What a charge was before changes had split it: its begin, and what was paid before its own part and did not go
    /// back.
    fn before(&self, number: usize) -> (Secs, i64) {
        let charge = &self.charges[number];
        let before = self.charges[..number].iter().filter(|other| other.is_part_of(charge));
        before
            .fold((charge.begins, 0), |(begins, paid), other| (begins.min(other.begins), paid + other.left()))
    }

    /// The per cent of a fee: an upgrade's is that of the term in which it came (rule 2.3).
    fn fee_percent(&self, number: usize, now: Secs) -> i64 {
        let (begins, _) = self.before(number);
        let charge = &self.charges[number];
        let is_its_term = |(at, term): &(usize, &Charge)| {
            !term.is_upgrade && !term.is_gone() && self.before(*at).0 <= begins && begins < term.ends
        };
        let term = if charge.is_upgrade {
            self.charges.iter().enumerate().find(is_its_term).map_or(number, |(at, _)| at)
        } else {
            number
        };
        let (begins, _) = self.before(term);
        fee_percent(self.charges[term].term, begins, now)
    }

    /// What of a charge is used, what is kept as a fee, and what goes back, of so much that is for its time until an
    /// instant. The fee is one of what was paid before a change had split it.
    fn settle(
        &self,
        number: usize,
        (begun, until): (i64, Secs),
        is_waived: bool,
        now: Secs,
    ) -> (i64, i64, i64) {
        let whole = begun + self.before(number).1;
        let consumed = begun - unused(&self.charges[number], begun, until, now);
        let percent = if is_waived { 0 } else { self.fee_percent(number, now) };
        let fee = half_up(i128::from(whole * percent), 100).min(begun - consumed);
        (consumed, fee, begun - consumed - fee)
    }

    fn part(&self, at: usize, way: Way, now: Secs) -> Option<Part> {
        let charge = &self.charges[at];
        let left = charge.left();
        let all = Part {
            resource: 0,
            charge: at,
            consumed: 0,
            fee: 0,
            back: left,
            back_list: charge.list - charge.back_list,
            coupon: charge.coupon,
            purses: charge.purses.clone(),
        };
        if charge.is_gone() {
            return None;
        }
        if charge.begins > now {
            return Some(all);
        }
        if charge.ends <= now {
            let runs = |other: &Charge| other.is_part_of(charge) && other.ends > now;
            return (way == Way::FiveDays && self.charges.iter().any(runs)).then_some(all);
        }
        if way == Way::FiveDays {
            return Some(all);
        }
        let until = self.end_of_begun(now).unwrap_or(charge.ends).min(charge.ends);
        let beyond = |amount: i64| after(charge, amount, until);
        // A coupon gets nothing back of what has begun.
        let of_beyond = Part {
            back: beyond(left),
            back_list: beyond(all.back_list),
            coupon: beyond(all.coupon),
            purses: all.purses.iter().map(|(purse, amount)| (*purse, beyond(*amount))).collect(),
            ..all
        };
        if way == Way::OnlyRenewals {
            return (until < charge.ends).then_some(of_beyond);
        }
        let (consumed, fee, back) = self.settle(at, (left - of_beyond.back, until), way == Way::Turned, now);
        // Flexi-purchase coupons and cards get back what of their money is not used.
        let purse = |((purse, all), (_, beyond)): (&(usize, i64), &(usize, i64))| {
            (*purse, beyond + unused(charge, all - beyond, until, now))
        };
        let purses = charge.purses.iter().zip(&of_beyond.purses).map(purse).collect();
        Some(Part { consumed, fee, back: of_beyond.back + back, purses, ..of_beyond })
    }
}

impl Customer {
    /// Unsubscribes from resources, or from their periods that have not begun; answers the order of each.
    pub fn unsubscribe(
        &mut self,
        named: &[usize],
        only_renewals: bool,
        now: Secs,
    ) -> Result<Vec<usize>, Code> {
        for number in named {
            if self.resources[*number].status == CLOSED {
                return Err(DELETED);
            }
        }
        let mut sets: Vec<Vec<usize>> = Vec::new();
        for number in named {
            let set =
                if self.resources[*number].parent.is_some() { vec![*number] } else { self.set_of(*number) };
            // A child beside its primary goes with that.
            if !named.contains(&self.resources[*number].parent.unwrap_or(usize::MAX)) {
                sets.push(set);
            }
        }
        for set in &sets {
            let is_waiting = |number: &usize| self.resources[*number].status == WAITING;
            match set.iter().find_map(|number| self.lock(*number)) {
                Some(status::PENDING) => return Err(UNPAID),
                Some(_) => return Err(IN_PROGRESS),
                None if set.iter().any(is_waiting) => return Err(IN_PROGRESS),
                None if set.iter().any(|number| self.is_held(*number)) => return Err(HELD),
                None if set.iter().any(|number| self.resources[*number].is_trial) => return Err(TRIAL),
                None => {}
            }
        }
        let mut orders = Vec::new();
        for set in sets {
            orders.push(self.unsubscribe_set(&set, only_renewals, now)?);
        }
        Ok(orders)
    }

    fn unsubscribe_set(&mut self, set: &[usize], only_renewals: bool, now: Secs) -> Result<usize, Code> {
        let way = match () {
            () if only_renewals => Way::OnlyRenewals,
            () if self.is_five_day_return(set, now) => Way::FiveDays,
            () => Way::Whole,
        };
        if only_renewals && self.parts(set, way, now).is_empty() {
            return Err(NOTHING_LEFT);
        }
        if way == Way::FiveDays {
            let year = date(now).0;
            *self.five_day.entry(year).or_insert(0) += 1;
        }
        Ok(self.give_up(4, set, way, now))
    }

    fn parts(&self, set: &[usize], way: Way, now: Secs) -> Vec<Part> {
        let of = |resource: &usize| {
            let one = &self.resources[*resource];
            let resource = *resource;
            // What the cloud delivered earlier may be too old.
            let way = if way == Way::FiveDays && !one.is_new(now) { Way::Whole } else { way };
            let parts = (0..one.charges.len()).filter_map(move |at| one.part(at, way, now));
            parts.map(move |part| Part { resource, ..part })
        };
        set.iter().flat_map(of).collect()
    }

    /// Orders that resources are given up, which is carried out unless so much goes back that it has to be approved.
    pub fn give_up(&mut self, kind: i64, set: &[usize], way: Way, now: Secs) -> usize {
        let parts = self.parts(set, way, now);
        // Of renewed periods only those resources are spoken of that have some.
        let is_meant =
            |one: &usize| way != Way::OnlyRenewals || parts.iter().any(|part| part.resource == *one);
        let lines: Vec<Line> =
            set.iter().filter(|one| is_meant(one)).map(|one| self.refund_line(*one, &parts)).collect();
        let order = self.push_order(kind, lines, None, now);
        let back: i64 = parts.iter().map(|part| part.back).sum();
        self.orders[order].until = None;
        let end = |one: &usize| (*one, self.resources[*one].end_of_begun(now).unwrap_or(now));
        let ends = set.iter().map(end).collect();
        self.pending_refunds.push(Pending { order, way, parts, ends });
        // What goes on by use is not given up (rule 2.5).
        if back > large(self.site) && way != Way::Turned {
            self.orders[order].status = status::APPROVAL;
        } else {
            self.approve(order, now);
        }
        order
    }

    fn refund_line(&self, resource: usize, parts: &[Part]) -> Line {
        let own = || parts.iter().filter(|part| part.resource == resource);
        let sum = |part: fn(&Part) -> i64| own().map(part).sum::<i64>();
        let one = &self.resources[resource];
        let line = Line::about(resource, one, one.term, -sum(|part| part.back));
        Line { fee: sum(|part| part.fee), consumed: sum(|part| part.consumed), ..line }
    }

    /// Of a set something is returned within five times 24 hours of its purchase, and the year's quota is not used up.
    fn is_five_day_return(&self, set: &[usize], now: Secs) -> bool {
        let year = date(now).0;
        self.site == Site::Cn
            && set.iter().any(|number| self.resources[*number].is_new(now))
            && self.five_day.get(&year).copied().unwrap_or(0) < FIVE_DAY_RETURNS
    }

    /// A large refund is allowed. Renewed periods of which one has begun meanwhile no longer go back.
    pub fn allow(&mut self, order: usize, now: Secs) -> Result<(), Code> {
        let is_it = |pending: &&Pending| pending.order == order;
        let pending = self.pending_refunds.iter().find(is_it);
        let has_begun = |pending: &Pending| pending.ends.values().any(|end| *end <= now);
        if pending.is_some_and(|pending| pending.way == Way::OnlyRenewals && has_begun(pending)) {
            return Err(NOTHING_LEFT);
        }
        self.approve(order, now);
        Ok(())
    }

    /// What was decided when the unsubscription was asked for is carried out.
    pub fn approve(&mut self, order: usize, now: Secs) {
        let Some(at) = self.pending_refunds.iter().position(|pending| pending.order == order) else { return };
        let pending = self.pending_refunds.remove(at);
        for part in &pending.parts {
            let charge = &mut self.resources[part.resource].charges[part.charge];
            charge.back += part.back;
            charge.back_list += part.back_list;
            charge.coupon -= part.coupon;
            for (purse, amount) in &part.purses {
                let own = charge.purses.iter_mut().find(|(own, _)| own == purse);
                own.expect("it paid").1 -= amount;
            }
            let base = charge.order;
            self.return_coupon(base, part.coupon);
            self.return_purses(&part.purses);
            self.give_back(base, part.back, now);
        }
        for at in 0..self.orders[order].lines.len() {
            let resource = self.orders[order].lines[at].resources[0];
            self.resources[resource].lock = None;
            match pending.way {
                Way::OnlyRenewals => {}
                // Its freeze may have deleted it meanwhile.
                Way::Whole | Way::FiveDays if self.resources[resource].status == CLOSED => continue,
                Way::Whole | Way::FiveDays => {
                    self.close(resource, now);
                    continue;
                }
                Way::Turned => {
                    self.begin_on_demand(resource, now);
                    continue;
                }
            }
            let one = &mut self.resources[resource];
            let end = pending.ends[&resource];
            for charge in &mut one.charges {
                charge.ends = charge.ends.min(end).max(charge.begins);
            }
            one.expires = end;
            self.schedule(resource, now);
        }
        let order = &mut self.orders[order];
        order.status = status::COMPLETED;
        order.paid = Some(now);
    }

    /// An unsubscription is refused: everything stays as it was, the year's quota too.
    pub fn reject(&mut self, order: usize) {
        let Some(at) = self.pending_refunds.iter().position(|pending| pending.order == order) else { return };
        if self.pending_refunds.remove(at).way == Way::FiveDays {
            let year = date(self.orders[order].created).0;
            self.five_day.entry(year).and_modify(|count| *count -= 1);
        }
        self.cancel(order);
    }

    /// What a coupon paid comes back to it, whatever has become of it.
    pub fn return_coupon(&mut self, base: usize, amount: i64) {
        if amount == 0 {
            return;
        }
        let Some(coupon) = self.orders[base].coupon else { return };
        let coupon = &mut self.coupons[coupon];
        coupon.left += amount;
        // One that pays once pays again when all of it is back.
        if coupon.left == coupon.face {
            coupon.uses = 0;
        }
    }
}

/// An unsubscription that was decided and is carried out at once, or when it is approved.
#[derive(Clone, Debug)]
pub struct Pending {
    pub order: usize,
    way: Way,
    parts: Vec<Part>,
    /// Where the last begun term of each resource ends.
    ends: BTreeMap<usize, Secs>,
}
