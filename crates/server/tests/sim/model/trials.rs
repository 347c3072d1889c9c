//! Trials, and what makes them commercial (rule 1.8, order types 13 and 14).

use super::life::{ACCOUNT_FROZEN, AUTO_RENEW, CLOSED, IN_PROGRESS, IN_USE, UNKNOWN, UNPAID};
use super::turns::Placed;
use super::{Charge, Customer, Line, status};
use crate::calendar::{Secs, Term, expiry};
use crate::goods::GOODS;

/// What is not as it would have to be.
pub const WRONG: &str = "CBC.0101";
/// What cannot be asked for.
pub const REFUSED: &str = "CBC.0100";

impl Customer {
    /// Whether an order about a resource can be placed at all.
    pub fn check_free(&self, resource: usize) -> Result<(), super::reductions::Code> {
        if self.resources[resource].status == CLOSED {
            return Err(UNKNOWN);
        }
        if self.frozen.is_some() {
            return Err(ACCOUNT_FROZEN);
        }
        match self.lock(resource) {
            Some(status::PENDING) => Err(UNPAID),
            Some(_) => Err(IN_PROGRESS),
            None => Ok(()),
        }
    }

    /// Orders that a trial becomes commercial.
    pub fn make_commercial(
        &mut self,
        resource: usize,
        good: usize,
        term: Term,
        (auto_pay, auto_renew): (bool, bool),
        now: Secs,
    ) -> Placed {
        self.check_free(resource)?;
        let one = &self.resources[resource];
        if !one.is_trial || !self.is_usable(resource) {
            return Err(WRONG);
        }
        if GOODS[good].is_trial() {
            return Err(REFUSED);
        }
        let line = Line::about(resource, one, term, GOODS[good].price(term, one.size, now));
        let order = self.push_order(14, vec![Line { good, ..line }], None, now);
        self.orders[order].auto_renew = auto_renew;
        Ok((order, self.pay_placed(order, auto_pay, None, now)))
    }

    /// A trial is commercial: its term begins now.
    pub fn commercial(&mut self, number: usize, now: Secs) {
        let auto_renew = self.orders[number].auto_renew;
        let line = &mut self.orders[number].lines[0];
        let resource = line.resources[0];
        let expires = expiry(now, line.term);
        (line.effective, line.expires) = (Some(now), Some(expires));
        let one = &mut self.resources[resource];
        one.good = line.good;
        one.is_trial = false;
        one.status = IN_USE;
        one.policy = if auto_renew { AUTO_RENEW } else { 0 };
        one.times = None;
        one.term = line.term;
        (one.effective, one.expires) = (now, expires);
        (one.grace_until, one.retained_until) = (None, None);
        one.lock = None;
        // What was left of the trial is no term any more.
        for trial in &mut one.charges {
            trial.ends = trial.ends.min(now);
        }
        one.charges.push(Charge::of(number, 0, line, now, expires));
        self.schedule(resource, now);
    }
}
