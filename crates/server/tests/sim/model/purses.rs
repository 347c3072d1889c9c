//! Flexi-purchase coupons and stored-value cards (China site; rules 2.1, 4.2, 4.3): money that pays after discounts and
//! cash coupons and before balances, and gets back its share of what is not used.

use serde_json::{Value, json};

use super::Customer;
use super::facts::{cents, money};
use super::reductions::{Code, UNUSABLE, shares};
use crate::calendar::{Secs, text};

/// What of which of them, by number.
pub type Parts = Vec<(usize, i64)>;

/// A flexi-purchase coupon or a stored-value card.
#[derive(Clone, Debug)]
pub struct Purse {
    pub id: String,
    pub is_card: bool,
    pub left: i64,
    pub expires: Secs,
}

impl Purse {
    /// Its fields in the own API.
    pub fn issued(owner: &str, is_card: bool, cents: i64, expires: Secs) -> Value {
        let mut body =
            json!({"customer_id": owner, "face_value": money(cents), "expire_time": text(expires)});
        if !is_card {
            body["coupon_type"] = json!(4);
        }
        body
    }

    fn is_usable(&self, now: Secs) -> bool {
        self.left > 0 && now < self.expires
    }

    /// What is shown of it.
    pub fn fact(&self, now: Secs) -> String {
        let status = match () {
            () if self.is_card => 2 - i64::from(self.is_usable(now)),
            () if self.left == 0 => 3,
            () if now >= self.expires => 4,
            () => 2,
        };
        format!("{status} {}", money(self.left))
    }
}

/// A flexi-purchase coupon or a card as it is shown.
pub fn shown_purse(shown: &Value) -> String {
    format!("{} {}", shown["status"], money(cents(&shown["balance"])))
}

/// The sum of parts.
pub fn sum(parts: &Parts) -> i64 {
    parts.iter().map(|(_, amount)| amount).sum()
}

/// The parts of each of so many equal things.
pub fn dealt(parts: &Parts, count: usize) -> Vec<Parts> {
    let mut dealt = vec![Parts::new(); count];
    for (purse, amount) in parts {
        for (own, share) in dealt.iter_mut().zip(shares(*amount, &vec![1; count])) {
            own.extend((share > 0).then_some((*purse, share)));
        }
    }
    dealt
}

impl Customer {
    /// Coupons first, then cards, each the earliest to expire first.
    fn in_turn(&self, purses: &[usize]) -> Vec<usize> {
        let mut sorted = purses.to_vec();
        sorted.sort_by_key(|at| {
            let purse = &self.purses[*at];
            (purse.is_card, purse.expires, purse.id.clone())
        });
        sorted
    }

    /// What they pay of orders that are paid together.
    pub fn reduce_by(&mut self, orders: &[usize], purses: &[usize], now: Secs) -> Result<(), Code> {
        if purses.iter().any(|at| !self.purses[*at].is_usable(now)) {
            return Err(UNUSABLE);
        }
        for order in orders {
            for line in &mut self.orders[*order].lines {
                line.purses.clear();
            }
        }
        for at in self.in_turn(purses) {
            let lines = orders.iter().flat_map(|order| &self.orders[*order].lines);
            let left: Vec<i64> = lines.map(super::Line::payable).collect();
            let amount = self.purses[at].left.min(left.iter().sum());
            let mut parts = shares(amount, &left).into_iter();
            for order in orders {
                for line in &mut self.orders[*order].lines {
                    let part = parts.next().unwrap();
                    line.purses.extend((part > 0).then_some((at, part)));
                }
            }
        }
        Ok(())
    }

    fn gives(&self, orders: &[usize], purse: usize) -> bool {
        let mut lines = orders.iter().flat_map(|order| &self.orders[*order].lines);
        lines.any(|line| line.purses.iter().any(|(at, _)| *at == purse))
    }

    /// What automatic payment takes of them: whatever gives something (rule 4.8).
    pub fn choose_purses(
        &self,
        orders: &[usize],
        (discount, coupon): (Option<usize>, Option<usize>),
        now: Secs,
    ) -> Vec<usize> {
        let mut trial = self.clone();
        if trial.reduce(orders, discount, coupon, now).is_err() {
            return Vec::new();
        }
        let all: Vec<usize> = (0..self.purses.len()).collect();
        let mut chosen = Vec::new();
        let mut sorted = self.in_turn(&all);
        sorted.sort_by_key(|at| {
            let purse = &self.purses[*at];
            let most = if purse.is_card { 0 } else { -purse.left };
            (purse.is_card, purse.expires, most, purse.id.clone())
        });
        for at in sorted {
            chosen.push(at);
            if trial.reduce_by(orders, &chosen, now).is_err() || !trial.gives(orders, at) {
                chosen.pop();
            }
        }
        if trial.reduce_by(orders, &chosen, now).is_ok() {
            chosen.retain(|at| self.purses[*at].is_card || trial.gives(orders, *at));
        }
        chosen
    }

    /// They pay their parts of orders.
    pub fn spend_purses(&mut self, orders: &[usize]) {
        let lines = orders.iter().flat_map(|order| &self.orders[*order].lines);
        let parts: Parts = lines.flat_map(|line| line.purses.clone()).collect();
        for (purse, amount) in parts {
            self.purses[purse].left -= amount;
        }
    }

    /// Parts come back, whatever has become of what paid them.
    pub fn return_purses(&mut self, parts: &Parts) {
        for (purse, amount) in parts {
            self.purses[*purse].left += amount;
        }
    }
}
