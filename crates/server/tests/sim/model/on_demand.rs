//! Pay-per-use: resources that are registered as such, that become yearly/monthly, and that were so before (rule 1.7).

use domain::site::Site;

use super::cloud::Action;
use super::life::{ACCOUNT_FROZEN, AUTO_RENEW, CLOSED, DAYS_HELD, IN_PROGRESS, IN_USE, UNKNOWN, UNPAID};
use super::reductions::Code;
use super::refunds::Way;
use super::trials::REFUSED;
use super::turns::Placed;
use super::{Charge, Customer, Line, Resource, status};
use crate::calendar::{Secs, Term, end_of_day_after, expiry};
use crate::goods::GOODS;

const FROZEN_ACCOUNT: Code = "CBC.99003626";
const NOT_BY_USE: Code = "CBC.99003609";
const SECURED: Code = "CBC.99003624";
const BUSY: Code = "CBC.99003623";
const NOT_IN_USE: Code = "CBC.99003610";

/// A resource that is billed by use.
#[derive(Clone, Debug)]
pub struct OnDemand {
    /// As the cloud names it.
    pub id: String,
    /// The application's own id of it.
    pub own_id: String,
    pub good: usize,
    pub size: i64,
    pub name: String,
    /// What it is attached to, by number.
    pub parent: Option<usize>,
    pub since: Secs,
    pub is_ended: bool,
    /// Since when it is held because its account is frozen with its resources.
    pub held_at: Option<Secs>,
    /// The order that it waits for.
    pub lock: Option<usize>,
    /// What it was before, by number.
    pub origin: Option<usize>,
}

impl Customer {
    /// A pay-per-use resource that the cloud has; answers its number.
    pub fn register_on_demand(&mut self, good: usize, size: i64, name: &str, now: Secs) -> usize {
        self.on_demand.push(OnDemand {
            id: String::new(),
            own_id: String::new(),
            good,
            size,
            name: name.to_owned(),
            parent: None,
            since: now,
            is_ended: false,
            held_at: None,
            lock: None,
            origin: None,
        });
        let used = self.on_demand.len() - 1;
        if self.frozen == Some(true) {
            self.hold_used(used, now);
        }
        used
    }

    /// What is billed by use is held with its account, and deleted as what has a term is.
    fn hold_used(&mut self, used: usize, now: Secs) {
        self.on_demand[used].held_at = Some(now);
        self.tell_of_used(used, Action::Freeze, now);
    }

    /// The account is frozen with its resources, or no longer.
    pub fn hold_all_used(&mut self, is_held: bool, now: Secs) {
        for used in 0..self.on_demand.len() {
            if self.on_demand[used].is_ended {
                continue;
            }
            if is_held {
                self.hold_used(used, now);
            } else if self.on_demand[used].held_at.take().is_some() {
                self.tell_of_used(used, Action::Unfreeze, now);
            }
        }
    }

    /// When a set that is billed by use is deleted because it is held, by its primary resource.
    pub fn used_until(&self) -> impl Iterator<Item = (Secs, usize)> {
        let held = self.on_demand.iter().enumerate().filter(|(_, one)| !one.is_ended);
        held.filter_map(|(number, one)| {
            Some((end_of_day_after(one.held_at?, DAYS_HELD), one.parent.unwrap_or(number)))
        })
    }

    /// What is held of a set for too long is gone.
    pub fn end_used(&mut self, primary: usize, at: Secs) {
        for number in 0..self.on_demand.len() {
            let one = &mut self.on_demand[number];
            let is_part = number == primary || one.parent == Some(primary);
            let is_due = one.held_at.is_some_and(|held_at| end_of_day_after(held_at, DAYS_HELD) <= at);
            if is_part && is_due && !one.is_ended {
                (one.is_ended, one.held_at) = (true, None);
                self.tell_of_used(number, Action::Delete, at);
            }
        }
    }

    /// A resource is billed by use from an instant on, and its term is over.
    pub fn begin_on_demand(&mut self, resource: usize, at: Secs) {
        let one = &self.resources[resource];
        let is_it = |used: &OnDemand| used.origin == one.parent && !used.is_ended;
        let parent = one.parent.and_then(|_| self.on_demand.iter().rposition(is_it));
        self.on_demand.push(OnDemand {
            id: one.id.clone(),
            own_id: String::new(),
            good: one.good,
            size: one.size,
            name: one.name.clone(),
            parent,
            since: at,
            is_ended: false,
            held_at: None,
            lock: None,
            origin: Some(resource),
        });
        self.end(resource, at);
    }

    /// A pay-per-use resource with what is attached to it; nothing where an order holds one of them.
    fn free_set(&self, used: usize) -> Result<Vec<usize>, Code> {
        let is_part = |number: &usize| {
            let one = &self.on_demand[*number];
            !one.is_ended && (*number == used || one.parent == Some(used))
        };
        let set: Vec<usize> = (0..self.on_demand.len()).filter(is_part).collect();
        match set.iter().find_map(|number| self.on_demand[*number].lock) {
            Some(order) if self.orders[order].status == status::PENDING => Err(UNPAID),
            Some(_) => Err(IN_PROGRESS),
            None => Ok(set),
        }
    }

    /// A pay-per-use resource is gone, with what is attached to it.
    pub fn release_on_demand(&mut self, used: usize) -> Result<(), Code> {
        if self.on_demand[used].is_ended {
            return Err(UNKNOWN);
        }
        for number in self.free_set(used)? {
            self.on_demand[number].is_ended = true;
        }
        Ok(())
    }

    /// Orders that a pay-per-use resource becomes yearly/monthly.
    pub fn turn_yearly(
        &mut self,
        used: usize,
        term: Term,
        (auto_pay, auto_renew): (bool, bool),
        now: Secs,
    ) -> Placed {
        let one = &self.on_demand[used];
        if one.is_ended {
            return Err(UNKNOWN);
        }
        if self.frozen.is_some() {
            return Err(ACCOUNT_FROZEN);
        }
        if one.parent.is_some_and(|parent| !self.on_demand[parent].is_ended) {
            return Err(REFUSED);
        }
        let set = self.free_set(used)?;
        let line = |number: &usize| {
            let one = &self.on_demand[*number];
            let list = GOODS[one.good].price(term, one.size, now);
            Line::new((one.good, one.size, term), *number != used, one.name.clone(), list)
        };
        let lines = set.iter().map(line).collect();
        let order = self.push_order(11, lines, None, now);
        self.orders[order].auto_renew = auto_renew;
        for number in set {
            self.on_demand[number].lock = Some(order);
        }
        Ok((order, self.pay_placed(order, auto_pay, None, now)))
    }

    /// Pay-per-use resources are yearly/monthly from now on.
    pub fn turned_yearly(&mut self, number: usize, now: Secs) {
        let set: Vec<usize> =
            (0..self.on_demand.len()).filter(|used| self.on_demand[*used].lock == Some(number)).collect();
        let first = self.resources.len();
        for (at, used) in set.into_iter().enumerate() {
            let made = self.resources.len();
            let line = &mut self.orders[number].lines[at];
            let expires = expiry(now, line.term);
            line.resources.push(made);
            (line.effective, line.expires) = (Some(now), Some(expires));
            let charge = Charge::of(number, at, line, now, expires);
            let one = &mut self.on_demand[used];
            (one.is_ended, one.lock) = (true, None);
            let (id, own_id) = (one.id.clone(), one.own_id.clone());
            let policy = if self.orders[number].auto_renew { AUTO_RENEW } else { 0 };
            let mut made_of = Resource::new(number, &self.orders[number].lines[at], charge);
            made_of.parent = (made > first).then_some(first);
            (made_of.id, made_of.own_id, made_of.policy) = (id, own_id, policy);
            self.resources.push(made_of);
            self.schedule(made, now);
        }
    }

    /// A set turns pay-per-use at once, and what is left of its terms goes back; answers the order, or why not. The outer
    /// error refuses the request.
    pub fn turn_on_demand(&mut self, resource: usize, now: Secs) -> Result<Result<usize, Code>, Code> {
        assert_eq!(self.site, Site::Cn, "other sites do not know it");
        if self.frozen.is_some() {
            return Err(FROZEN_ACCOUNT);
        }
        let one = &self.resources[resource];
        let set = self.set_of(resource);
        let has = |is: &dyn Fn(&usize) -> bool| set.iter().any(is);
        Ok(match () {
            () if one.status == CLOSED => Err(UNKNOWN),
            () if one.parent.is_some() => Err(REFUSED),
            () if has(&|one| self.resources[*one].is_trial) => Err(NOT_BY_USE),
            () if has(&|one| self.resources[*one].is_secured) => Err(SECURED),
            () if has(&|one| self.lock(*one).is_some()) => Err(BUSY),
            () if one.status != IN_USE => Err(NOT_IN_USE),
            () => Ok(self.give_up(10, &set, Way::Turned, now)),
        })
    }
}
