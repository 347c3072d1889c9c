//! Unsubscription (rules 2.1 to 2.5).

use domain::site::Site;

use super::cloud::WAITING;
use super::life::CLOSED;
use super::purses::{Parts, unused};
use super::reductions::{Code, half_up};
use super::{Charge, Customer, Line, status};
use crate::calendar::{DAY, HOUR, Secs, Term, date, expiry};

/// How many purchases are returned for nothing in a year (rule 2.2).
const FIVE_DAY_RETURNS: usize = 10;

const DELETED: Code = "CBC.30000067";
const UNPAID: Code = "CBC.99003100";
const IN_PROGRESS: Code = "CBC.99003651";
const NOTHING_LEFT: Code = "CBC.99003128";
const HELD: Code = "CBC.99003656";

/// Cents above which a refund needs approval.
fn large(site: Site) -> i64 {
    match site {
        Site::Cn => 5_000_000,
        Site::Intl | Site::Eu => 700_000,
    }
}

/// Per cent of what was paid that is kept (rule 2.3).
fn fee_percent(charge: &Charge, now: Secs) -> i64 {
    let years = (charge.term.months() + 11) / 12;
    let is_past = |year: i64| now > expiry(charge.begins, Term::Years(year));
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

/// What of a charge was used, what is kept as a fee, and what goes back.
pub fn settle(charge: &Charge, now: Secs) -> (i64, i64, i64) {
    let hour = |at: Secs| at.div_euclid(HOUR) * HOUR;
    let total = (charge.ends + 1 - hour(charge.begins)) / HOUR;
    let used = ((hour(now) - hour(charge.begins)) / HOUR).clamp(0, total);
    let consumed = half_up(i128::from(charge.money) * i128::from(used), i128::from(total));
    let fee = half_up(i128::from(charge.money * fee_percent(charge, now)), 100).min(charge.money - consumed);
    (consumed, fee, charge.money - consumed - fee)
}

/// What a refund takes back of one charge.
struct Part {
    resource: usize,
    charge: usize,
    consumed: i64,
    fee: i64,
    back: i64,
    has_coupon: bool,
    purses: Parts,
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
        let is_free = !only_renewals && self.is_five_day_return(set, now);
        let mut parts = Vec::new();
        for resource in set {
            for (number, charge) in self.resources[*resource].charges.iter().enumerate() {
                if charge.is_back || charge.ends <= now && charge.begins <= now {
                    continue;
                }
                let has_begun = charge.begins <= now;
                if only_renewals && has_begun {
                    continue;
                }
                let is_free = is_free && self.is_new(*resource, now);
                let (consumed, fee, back) =
                    if has_begun && !is_free { settle(charge, now) } else { (0, 0, charge.money) };
                let has_coupon = !has_begun || is_free;
                let purses = if has_coupon { charge.purses.clone() } else { unused(charge, now) };
                parts.push(Part {
                    resource: *resource,
                    charge: number,
                    consumed,
                    fee,
                    back,
                    has_coupon,
                    purses,
                });
            }
        }
        if only_renewals && parts.is_empty() {
            return Err(NOTHING_LEFT);
        }
        if is_free {
            let year = date(now).0;
            *self.five_day.entry(year).or_insert(0) += 1;
        }
        let lines: Vec<Line> = set.iter().map(|resource| self.refund_line(*resource, &parts)).collect();
        let order = self.push_order(4, lines, None, now);
        let back: i64 = parts.iter().map(|part| part.back).sum();
        self.orders[order].until = None;
        self.pending_refunds.push(Pending {
            order,
            only_renewals,
            parts: parts.into_iter().map(Into::into).collect(),
        });
        if back > large(self.site) {
            self.orders[order].status = status::APPROVAL;
        } else {
            self.approve(order, now);
        }
        Ok(order)
    }

    fn refund_line(&self, resource: usize, parts: &[Part]) -> Line {
        let one = &self.resources[resource];
        let own = || parts.iter().filter(|part| part.resource == resource);
        let sum = |part: fn(&Part) -> i64| own().map(part).sum::<i64>();
        Line {
            good: one.good,
            size: one.size,
            term: one.term,
            count: 1,
            is_attached: one.parent.is_some(),
            name: one.name.clone(),
            list: -sum(|part| part.back),
            adjusted: 0,
            discount: 0,
            coupon: 0,
            purses: Vec::new(),
            effective: None,
            expires: None,
            resources: vec![resource],
            fee: sum(|part| part.fee),
            consumed: sum(|part| part.consumed),
        }
    }

    /// A resource was bought within five times 24 hours.
    fn is_new(&self, resource: usize, now: Secs) -> bool {
        let purchase = self.resources[resource].charges.iter().find(|charge| charge.is_purchase);
        purchase.is_some_and(|charge| now < charge.begins + 5 * DAY)
    }

    /// Of a set something is returned within five times 24 hours of its purchase, and the year's quota is not used up.
    fn is_five_day_return(&self, set: &[usize], now: Secs) -> bool {
        let year = date(now).0;
        self.site == Site::Cn
            && set.iter().any(|number| self.is_new(*number, now))
            && self.five_day.get(&year).copied().unwrap_or(0) < FIVE_DAY_RETURNS
    }

    /// What was decided when the unsubscription was asked for is carried out.
    pub fn approve(&mut self, order: usize, now: Secs) {
        let Some(at) = self.pending_refunds.iter().position(|pending| pending.order == order) else { return };
        let pending = self.pending_refunds.remove(at);
        for part in &pending.parts {
            let (base, coupon) = {
                let charge = &mut self.resources[part.resource].charges[part.charge];
                charge.is_back = true;
                (charge.order, charge.coupon)
            };
            if part.has_coupon {
                self.return_coupon(base, coupon);
            }
            self.return_purses(&part.purses);
            self.give_back(base, part.back, now);
        }
        for at in 0..self.orders[order].lines.len() {
            let resource = self.orders[order].lines[at].resources[0];
            self.resources[resource].lock = None;
            if !pending.only_renewals {
                self.close(resource, now);
                continue;
            }
            let one = &mut self.resources[resource];
            let begins = pending.parts.iter().filter(|part| part.resource == resource);
            if let Some(first) = begins.map(|part| one.charges[part.charge].begins).min() {
                one.expires = first;
            }
            self.schedule(resource, now);
        }
        let order = &mut self.orders[order];
        order.status = status::COMPLETED;
        order.paid = Some(now);
    }

    /// An unsubscription is refused: everything stays as it was.
    pub fn reject(&mut self, order: usize) {
        self.pending_refunds.retain(|pending| pending.order != order);
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
    only_renewals: bool,
    parts: Vec<Back>,
}

#[derive(Clone, Debug)]
struct Back {
    resource: usize,
    charge: usize,
    back: i64,
    has_coupon: bool,
    purses: Parts,
}

impl From<Part> for Back {
    fn from(part: Part) -> Self {
        let Part { resource, charge, back, has_coupon, purses, .. } = part;
        Self { resource, charge, back, has_coupon, purses }
    }
}
