//! What becomes of a resource after its purchase: expiry, grace, retention, renewal by hand and by the system
//! (rules 1.2 to 1.5).

use domain::site::Site;

use super::cloud::{Action, NEVER_THERE, WAITING};
use super::reductions::Code;
use super::{Charge, Customer, Group, Line, Order, features, status};
use crate::calendar::{
    HOUR, Secs, Term, at, date, date_of_days, days_of, end_of_day_after, expiry, next_three,
};
use crate::goods::GOODS;

pub const IN_USE: i64 = 2;
pub const CLOSED: i64 = 3;
pub const FROZEN: i64 = 4;
pub const EXPIRED: i64 = 5;

/// Policies as they are shown.
pub const TO_ON_DEMAND: i64 = 1;
pub const AUTO_RENEW: i64 = 3;

/// The longest term from now.
pub const YEARS_MAX: i64 = 5;
/// Days before the expiry at which the system first renews.
pub const DAYS_BEFORE: i64 = 7;
/// Days after which a held resource is deleted.
pub const DAYS_HELD: i64 = 15;
/// Days in which an order can be paid.
const DAYS_TO_PAY: i64 = 7;

const GONE: Code = "CBC.99003016";
const NOT_PRIMARY: Code = "CBC.30010036";
pub const ACCOUNT_FROZEN: Code = "CBC.7281";
pub const UNPAID: Code = "CBC.99003100";
pub const IN_PROGRESS: Code = "CBC.99003144";
const TOO_LONG: Code = "CBC.99003154";
const NO_PERIOD: Code = "CBC.30010069";
pub const NOT_PAID: Code = "CBC.30050006";
pub const UNKNOWN: Code = "CBC.99003012";
const NOT_RENEWABLE: Code = "CBC.99003602";
const NOT_ENABLED: Code = "CBC.99003605";

/// Days of grace and of retention, by site and tier (rule 1.3).
pub fn keep_days(site: Site, tier: usize) -> (i64, i64) {
    match site {
        Site::Cn => [(1, 1), (1, 7), (1, 7), (7, 7), (7, 15), (7, 15)][tier],
        Site::Intl | Site::Eu => (15, 15),
    }
}

/// The policy that is shown in a status (rule 1.2).
pub fn shown_policy(status: i64, policy: i64) -> i64 {
    if [TO_ON_DEMAND, AUTO_RENEW].contains(&policy) { policy } else { course(status) }
}

/// The policy that is shown in a status where nothing else was chosen.
fn course(status: i64) -> i64 {
    match status {
        EXPIRED => 4,
        FROZEN | CLOSED => 5,
        _ => 0,
    }
}

impl Customer {
    /// A primary resource with what is attached to it and is not closed.
    pub fn set_of(&self, resource: usize) -> Vec<usize> {
        let primary = self.resources[resource].parent.unwrap_or(resource);
        let is_part = |number: &usize| {
            let one = &self.resources[*number];
            ![CLOSED, NEVER_THERE].contains(&one.status)
                && (*number == primary || one.parent == Some(primary))
        };
        (0..self.resources.len()).filter(is_part).collect()
    }

    /// The status of the order that holds a resource.
    pub fn lock(&self, resource: usize) -> Option<i64> {
        self.resources[resource].lock.map(|order| self.orders[order].status)
    }

    /// The next thing that happens to a resource by itself.
    pub fn due(&self, resource: usize) -> Option<Secs> {
        let one = &self.resources[resource];
        let by_itself = match one.status {
            IN_USE => one.expires,
            EXPIRED => one.grace_until?,
            FROZEN => one.retained_until?,
            _ => return None,
        };
        let held_until = one.held_at.map_or(Secs::MAX, |held_at| end_of_day_after(held_at, DAYS_HELD));
        Some(by_itself.min(held_until))
    }

    /// It can be used, and its term is not over.
    pub fn is_in_term(&self, resource: usize, now: Secs) -> bool {
        self.is_usable(resource) && now < self.resources[resource].expires
    }

    /// A resource goes on in its life.
    pub fn live(&mut self, resource: usize, at: Secs) {
        let (grace, retention) = keep_days(self.site, self.tier);
        let one = &mut self.resources[resource];
        if one.held_at.is_some_and(|held_at| end_of_day_after(held_at, DAYS_HELD) <= at) {
            self.close(resource, at);
            return;
        }
        match one.status {
            // It goes on as another, so the cloud is told nothing.
            IN_USE if one.policy == TO_ON_DEMAND => self.begin_on_demand(resource, at),
            IN_USE => {
                let grace = end_of_day_after(one.expires, grace);
                one.grace_until = Some(grace);
                one.retained_until = Some(end_of_day_after(grace, retention));
                self.enter(resource, EXPIRED);
            }
            EXPIRED => {
                self.enter(resource, FROZEN);
                if !self.is_held(resource) {
                    self.tell(resource, Action::Freeze, at);
                }
            }
            FROZEN => self.close(resource, at),
            _ => {}
        }
    }

    /// What is due of a set happens to each of it; what is attached to a primary resource that is deleted goes with it.
    pub fn live_together(&mut self, primary: usize, at: Secs) {
        self.keep_together(primary, at);
        let becomes_on_demand = self.resources[primary].policy == TO_ON_DEMAND;
        let was_there = self.is_there(primary);
        for number in self.set_of(primary) {
            if self.due(number).is_some_and(|due| due <= at) {
                self.live(number, at);
            }
        }
        if !was_there || becomes_on_demand || self.is_there(primary) {
            return;
        }
        for number in self.set_of(primary) {
            if self.is_there(number) {
                self.close(number, at);
            }
        }
    }

    /// The account is frozen with its resources, or no longer.
    pub fn hold(&mut self, is_held: bool, now: Secs) {
        self.hold_all_used(is_held, now);
        for number in 0..self.resources.len() {
            if !self.is_there(number) {
                continue;
            }
            let was_usable = self.is_usable(number);
            let was_held = self.resources[number].held_at.is_some();
            self.resources[number].held_at = is_held.then_some(now);
            if is_held && was_usable {
                self.tell(number, Action::Freeze, now);
            }
            if !is_held {
                self.by_time(number, now);
                if was_held && self.is_usable(number) {
                    self.tell(number, Action::Unfreeze, now);
                }
            }
        }
    }

    fn enter(&mut self, resource: usize, status: i64) {
        let one = &mut self.resources[resource];
        one.status = status;
        one.policy = shown_policy(status, one.policy);
    }

    /// A resource is gone.
    pub fn close(&mut self, resource: usize, at: Secs) {
        self.end(resource, at);
        self.tell(resource, Action::Delete, at);
    }

    /// The same; the cloud keeps it.
    pub fn end(&mut self, resource: usize, at: Secs) {
        let one = &mut self.resources[resource];
        one.status = CLOSED;
        one.expires = at;
        one.renew_at = None;
        one.lock = None;
        one.is_secured = false;
        one.held_at = None;
    }

    /// The lines of a renewal of a set.
    fn renewal_lines(&self, set: &[usize], term: Term, now: Secs) -> Vec<Line> {
        let line = |number: &usize| {
            let one = &self.resources[*number];
            Line::about(*number, one, term, GOODS[one.good].price(term, one.size, now))
        };
        set.iter().map(line).collect()
    }

    /// An order about resources that are there; it waits for payment and holds them.
    pub fn push_order(&mut self, kind: i64, lines: Vec<Line>, group: Option<usize>, now: Secs) -> usize {
        let number = self.orders.len();
        for resource in lines.iter().flat_map(|line| &line.resources) {
            self.resources[*resource].lock = Some(number);
        }
        self.orders.push(Order {
            id: String::new(),
            kind,
            status: status::PENDING,
            lines,
            created: now,
            until: Some(end_of_day_after(now, DAYS_TO_PAY)),
            paid: None,
            discount: None,
            coupon: None,
            auto_renew: false,
            funds: Vec::new(),
            group,
        });
        number
    }

    /// Whether a set can be renewed.
    fn check_renewal(&self, primary: usize, set: &[usize], term: Term, now: Secs) -> Result<(), Code> {
        if self.resources[primary].parent.is_some() {
            return Err(NOT_PRIMARY);
        }
        match set.iter().find_map(|number| self.lock(*number)) {
            Some(status::PENDING) => return Err(UNPAID),
            Some(_) => return Err(IN_PROGRESS),
            None if set.iter().any(|number| self.resources[*number].status == WAITING) => {
                return Err(IN_PROGRESS);
            }
            None => {}
        }
        let furthest = expiry(now, Term::Years(YEARS_MAX));
        for number in set {
            let one = &self.resources[*number];
            if one.policy == TO_ON_DEMAND {
                return Err(IN_PROGRESS);
            }
            if one.is_trial {
                return Err(NO_PERIOD);
            }
            if expiry(one.expires, term) > furthest {
                return Err(TOO_LONG);
            }
        }
        Ok(())
    }

    /// Renews primary resources: one order each, combined where there are several. The inner error is why they were
    /// not paid.
    pub fn renew(
        &mut self,
        primaries: &[usize],
        term: Term,
        auto_pay: bool,
        now: Secs,
    ) -> Result<(Vec<usize>, Result<(), Code>), Code> {
        self.renew_as(primaries, (term, false), auto_pay, now)
    }

    /// The same; the system renews until the day that the account has set.
    fn renew_as(
        &mut self,
        primaries: &[usize],
        (term, is_systems): (Term, bool),
        auto_pay: bool,
        now: Secs,
    ) -> Result<(Vec<usize>, Result<(), Code>), Code> {
        if self.frozen.is_some() {
            return Err(ACCOUNT_FROZEN);
        }
        if primaries.iter().any(|number| self.resources[*number].status == CLOSED) {
            return Err(GONE);
        }
        let sets: Vec<Vec<usize>> = primaries.iter().map(|number| self.set_of(*number)).collect();
        for (primary, set) in primaries.iter().zip(&sets) {
            self.check_renewal(*primary, set, term, now)?;
        }
        let group = (sets.len() > 1).then_some(self.groups.len());
        let mut orders = Vec::new();
        for set in &sets {
            let mut lines = self.renewal_lines(set, term, now);
            if is_systems {
                self.extend(&mut lines, now);
            }
            orders.push(self.push_order(2, lines, group, now));
        }
        if sets.len() > 1 {
            self.groups.push(Group { id: String::new(), orders: orders.clone() });
        }
        let is_free = orders.iter().all(|order| self.orders[*order].payable() == 0);
        if !auto_pay && !is_free {
            return Ok((orders, Ok(())));
        }
        let mut paid = self.clone();
        let promotion = self.promotion_of(primaries);
        let chosen = if auto_pay { paid.choose(&orders, (None, None), promotion, now) } else { (None, None) };
        let purses = if auto_pay { paid.choose_purses(&orders, chosen, now) } else { Vec::new() };
        match paid.pay_by(&orders, chosen, &purses, now) {
            Ok(()) => {
                *self = paid;
                Ok((orders, Ok(())))
            }
            Err(_) if auto_pay => Ok((orders, Err(NOT_PAID))),
            Err(_) => Ok((orders, Ok(()))),
        }
    }

    /// The promotion that primary resources were ever paid with and that still holds, the latest of each (rule 3.3),
    /// if it is one and the same.
    pub fn promotion_of(&self, primaries: &[usize]) -> Option<usize> {
        let used = |charge: &Charge| {
            let order = &self.orders[charge.order];
            let is_reduced = order.lines[charge.line].discount > 0;
            order.discount.filter(|discount| {
                let discount = &self.discounts[*discount];
                is_reduced && discount.kind == 700 && !discount.is_withdrawn
            })
        };
        let of = |primary: &usize| self.resources[*primary].charges.iter().rev().find_map(used);
        let first = of(primaries.first()?)?;
        primaries.iter().all(|primary| of(primary) == Some(first)).then_some(first)
    }

    /// A renewal is paid: each resource begins another term where its term ended.
    pub fn renewed(&mut self, number: usize, now: Secs) {
        for at in 0..self.orders[number].lines.len() {
            let line = &mut self.orders[number].lines[at];
            let one = &mut self.resources[line.resources[0]];
            let begins = one.expires;
            one.expires = line.expires.unwrap_or_else(|| expiry(begins, line.term));
            one.charges.push(Charge::of(number, at, line, begins, one.expires));
            (line.effective, line.expires) = (Some(begins), Some(one.expires));
            one.lock = None;
            one.grace_until = None;
            one.retained_until = None;
            let resource = line.resources[0];
            let was_frozen = self.resources[resource].status == FROZEN;
            self.enter(resource, IN_USE);
            self.by_time(resource, now);
            if was_frozen && self.is_usable(resource) {
                self.tell(resource, Action::Unfreeze, now);
            }
            self.schedule(resource, now);
        }
    }

    /// The status that time makes of a resource.
    pub fn by_time(&mut self, resource: usize, now: Secs) {
        while features().live && self.due(resource).is_some_and(|due| due <= now) {
            let due = self.due(resource).unwrap_or(now);
            let late = (due, self.resources[resource].parent.unwrap_or(resource));
            if !self.late.contains(&late) {
                self.late.push(late);
            }
            self.live(resource, due);
        }
    }

    /// When the system tries to renew a resource next: at 03:00, some days before its expiry.
    pub fn schedule(&mut self, resource: usize, now: Secs) {
        let days_before = self.days_before.unwrap_or(DAYS_BEFORE);
        let one = &mut self.resources[resource];
        one.renew_at = None;
        let is_delivered = ![CLOSED, WAITING, NEVER_THERE].contains(&one.status);
        if one.policy == AUTO_RENEW && is_delivered && !one.is_trial {
            let first = at(date_of_days(days_of(date(one.expires)) - days_before), 3 * HOUR);
            let next = next_three(now);
            // Where the next 03:00 comes too late, at once (rule 1.5.3).
            one.renew_at = Some(if next > one.expires { now } else { first.max(next) });
        }
    }

    /// Automatic renewal of a set is switched on.
    pub fn renew_by_itself(&mut self, resource: usize, times: Option<i64>, now: Secs) -> Result<(), Code> {
        let set = self.set_of(resource);
        self.check_set_there(resource)?;
        let is_renewable = |number: &usize| {
            let one = &self.resources[*number];
            let is_ready = one.status == IN_USE && !self.is_held(*number) || one.status == WAITING;
            is_ready && !one.is_trial
        };
        if !set.iter().all(is_renewable) || self.frozen.is_some() {
            return Err(NOT_RENEWABLE);
        }
        for number in &set {
            let one = &mut self.resources[*number];
            let was_on = one.policy == AUTO_RENEW;
            one.policy = AUTO_RENEW;
            if !was_on || times.is_some() {
                one.times = times.filter(|times| *times > 0);
            }
            self.schedule(*number, now);
        }
        let primary = set[0];
        // The next 03:00 would come too late.
        if next_three(now) > self.resources[primary].expires {
            self.attempt(primary, now);
        }
        Ok(())
    }

    /// Automatic renewal is of sets whose primary resource has been delivered.
    fn check_set_there(&self, resource: usize) -> Result<(), Code> {
        let primary = self.resources[resource].parent.unwrap_or(resource);
        if self.is_there(resource) && self.is_there(primary) { Ok(()) } else { Err(UNKNOWN) }
    }

    /// Automatic renewal of a set is switched off.
    pub fn renew_no_more(&mut self, resource: usize) -> Result<(), Code> {
        self.check_set_there(resource)?;
        if self.resources[resource].policy != AUTO_RENEW {
            return Err(NOT_ENABLED);
        }
        for number in self.set_of(resource) {
            self.stop_renewing(number);
        }
        Ok(())
    }

    /// The system renews a resource no more.
    pub fn stop_renewing(&mut self, resource: usize) {
        let one = &mut self.resources[resource];
        one.policy = course(one.status);
        one.renew_at = None;
        one.times = None;
    }

    /// The system tries to renew a set; where it cannot, it tries again the next day.
    pub fn attempt(&mut self, primary: usize, now: Secs) {
        let set = self.set_of(primary);
        let term = self.resources[primary].term;
        let mut after = self.clone();
        let done = after
            .renew_as(&[primary], (term, true), true, now)
            .and_then(|(orders, paid)| paid.map(|()| orders));
        if done.is_err() {
            for number in set {
                self.resources[number].renew_at = Some(next_three(now));
            }
            return;
        }
        *self = after;
        for number in set {
            let one = &mut self.resources[number];
            // What is over at once is tried again on the next day, as what failed.
            if one.renew_at.is_some_and(|at| at <= now) {
                one.renew_at = Some(next_three(now));
            }
            one.times = one.times.map(|times| times - 1);
            if one.times == Some(0) {
                self.stop_renewing(number);
            }
        }
    }

    /// Turning pay-per-use at the expiry is set up, or cancelled.
    pub fn set_on_demand(&mut self, primary: usize, is_to_be: bool) -> Result<bool, Code> {
        let set = self.set_of(primary);
        if self.frozen.is_some() {
            return Err("CBC.99003626");
        }
        if self.resources[primary].status == CLOSED {
            return Err(UNKNOWN);
        }
        if self.resources[primary].parent.is_some() {
            return Err("CBC.0100");
        }
        if is_to_be && self.resources[primary].is_trial {
            return Err("CBC.99003609");
        }
        if set.iter().any(|number| self.resources[*number].is_secured) {
            return Err("CBC.99003624");
        }
        let is_busy =
            |number: &usize| self.lock(*number).is_some() || self.resources[*number].status == WAITING;
        if set.iter().any(is_busy) {
            return Err("CBC.99003623");
        }
        if set.iter().any(|number| self.resources[*number].status != IN_USE) {
            return Ok(false);
        }
        for number in set {
            let one = &mut self.resources[number];
            if is_to_be {
                one.policy = TO_ON_DEMAND;
                one.renew_at = None;
            } else if one.policy == TO_ON_DEMAND {
                one.policy = 0;
            }
        }
        Ok(true)
    }
}
