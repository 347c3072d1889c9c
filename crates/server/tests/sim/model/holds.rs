//! What is held: frozen for security by the operator, or with its account (rules 1.2, 10.6). Its term runs on.

use super::cloud::Action;
use super::life::{CLOSED, IN_USE, TO_ON_DEMAND};
use super::reductions::Code;
use super::{Customer, status};
use crate::calendar::Secs;

const UNKNOWN: Code = "CBC.99003012";
const ALREADY: Code = "CBC.30000052";
const NOT_SECURED: Code = "CBC.0101";

impl Customer {
    /// It cannot be used, whatever time has made of it.
    pub fn is_held(&self, resource: usize) -> bool {
        let one = &self.resources[resource];
        one.is_secured || one.held_at.is_some()
    }

    /// A primary resource with what is attached to it; an attached one alone.
    fn named_set(&self, resource: usize) -> Result<Vec<usize>, Code> {
        let one = &self.resources[resource];
        match (one.status, one.parent) {
            (CLOSED, _) => Err(UNKNOWN),
            (_, Some(_)) => Ok(vec![resource]),
            (_, None) => Ok(self.set_of(resource).into_iter().filter(|one| self.is_there(*one)).collect()),
        }
    }

    /// A resource is frozen for security.
    pub fn secure(&mut self, resource: usize, now: Secs) -> Result<(), Code> {
        let set = self.named_set(resource)?;
        if self.resources[resource].is_secured {
            return Err(ALREADY);
        }
        for number in set {
            if self.is_usable(number) {
                self.tell(number, Action::Freeze, now);
            }
            self.resources[number].is_secured = true;
        }
        Ok(())
    }

    /// A resource is no longer frozen for security: it is what time has made of it, unless its account holds it.
    pub fn release(&mut self, resource: usize, now: Secs) -> Result<(), Code> {
        let set = self.named_set(resource)?;
        if !self.resources[resource].is_secured {
            return Err(NOT_SECURED);
        }
        for number in set {
            let was_secured = std::mem::take(&mut self.resources[number].is_secured);
            if was_secured && self.is_usable(number) {
                self.tell(number, Action::Unfreeze, now);
            }
        }
        Ok(())
    }

    /// Where terms end that were to be followed by pay-per-use, and one of the set cannot turn so, since it is held or
    /// an order about it is being carried out, none of the set does: they take the ordinary course.
    pub fn keep_together(&mut self, primary: usize, at: Secs) {
        let set: Vec<usize> = self.set_of(primary).into_iter().filter(|one| self.is_there(*one)).collect();
        let ends = |number: &usize| {
            let one = &self.resources[*number];
            one.policy == TO_ON_DEMAND && one.status == IN_USE && one.expires <= at
        };
        let is_stuck = |number: &usize| {
            self.is_held(*number) || self.lock(*number).is_some_and(|status| status != status::PENDING)
        };
        if !set.iter().any(ends) || !set.iter().any(is_stuck) {
            return;
        }
        for number in set {
            let one = &mut self.resources[number];
            if one.policy == TO_ON_DEMAND {
                one.policy = 0;
            }
        }
    }
}
