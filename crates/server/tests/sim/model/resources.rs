//! What was bought, and what was collected for it.

use super::{Line, life, purses};
use crate::calendar::{Secs, Term};

/// A resource.
#[derive(Clone, Debug)]
pub struct Resource {
    pub id: String,
    /// The application's own id of it.
    pub own_id: String,
    /// The order that made it.
    pub order: usize,
    pub good: usize,
    pub size: i64,
    pub name: String,
    /// The primary one that it is attached to.
    pub parent: Option<usize>,
    pub term: Term,
    pub status: i64,
    pub policy: i64,
    pub effective: Secs,
    pub expires: Secs,
    pub grace_until: Option<Secs>,
    pub retained_until: Option<Secs>,
    /// When the system tries to renew it next, and how often it still does so; none: without end.
    pub renew_at: Option<Secs>,
    pub times: Option<i64>,
    /// Since when it is held because its account is frozen with its resources.
    pub held_at: Option<Secs>,
    /// It is frozen for security.
    pub is_secured: bool,
    /// The order that it waits for.
    pub lock: Option<usize>,
    pub charges: Vec<Charge>,
    /// Its share of the line that made it is not the same as its sisters'.
    pub is_uneven: bool,
    pub is_trial: bool,
}

impl Resource {
    /// What a line makes, for the term that a charge is for.
    pub fn new(order: usize, line: &Line, charge: Charge) -> Self {
        Self {
            id: String::new(),
            own_id: String::new(),
            order,
            good: line.good,
            size: line.size,
            name: line.name.clone(),
            parent: None,
            term: line.term,
            status: life::IN_USE,
            policy: 0,
            effective: charge.begins,
            expires: charge.ends,
            grace_until: None,
            retained_until: None,
            renew_at: None,
            times: None,
            held_at: None,
            is_secured: false,
            lock: None,
            charges: vec![charge],
            is_uneven: false,
            is_trial: crate::goods::GOODS[line.good].is_trial(),
        }
    }
}

/// What was collected for a period of a resource.
#[derive(Clone, Debug)]
pub struct Charge {
    pub order: usize,
    pub line: usize,
    pub term: Term,
    pub begins: Secs,
    pub ends: Secs,
    /// The list price, what balances paid, and what a coupon paid and did not get back.
    pub list: i64,
    pub money: i64,
    pub coupon: i64,
    /// What flexi-purchase coupons and cards paid and did not get back.
    pub purses: purses::Parts,
    /// What of the list price and of the money went back.
    pub back_list: i64,
    pub back: i64,
    pub is_purchase: bool,
    /// It is for a dearer specification, beside the terms.
    pub is_upgrade: bool,
}

impl Charge {
    /// Of a line about one resource.
    pub fn of(order: usize, at: usize, line: &Line, begins: Secs, ends: Secs) -> Self {
        Self {
            order,
            line: at,
            term: line.term,
            begins,
            ends,
            list: line.list,
            money: line.payable(),
            coupon: line.coupon,
            purses: line.purses.clone(),
            back_list: 0,
            back: 0,
            is_purchase: false,
            is_upgrade: false,
        }
    }

    /// Its period was taken back before it began.
    pub fn is_gone(&self) -> bool {
        self.ends <= self.begins
    }

    /// What of the money did not go back.
    pub fn left(&self) -> i64 {
        self.money - self.back
    }

    /// Another part of what one line collected, or the same.
    pub fn is_part_of(&self, other: &Self) -> bool {
        (self.order, self.line) == (other.order, other.line)
    }
}
