//! The operator takes something off the price of an order that waits for payment (discount 609, order type 15).

use super::buying::{NOT_PENDING, OVERDUE};
use super::reductions::{Code, shares};
use super::{Customer, Line, Order, status};
use crate::calendar::Secs;

const ABOVE_LIST: Code = "CBC.0100";
/// The type of the order that records it.
const ADJUSTMENT: i64 = 15;

impl Customer {
    /// An order is to cost so much instead of its list price, before discounts and coupons; answers the order that
    /// records it.
    pub fn adjust(&mut self, order: usize, cents: i64, now: Secs) -> Result<usize, Code> {
        let known = &self.orders[order];
        if known.status != status::PENDING {
            return Err(NOT_PENDING);
        }
        if known.until.is_some_and(|until| now >= until) {
            return Err(OVERDUE);
        }
        let off = known.list() - cents;
        if off < 0 {
            return Err(ABOVE_LIST);
        }
        let lists: Vec<i64> = known.lines.iter().map(|line| line.list).collect();
        let parts = shares(off, &lists);
        for (line, part) in self.orders[order].lines.iter_mut().zip(&parts) {
            line.adjusted = *part;
        }
        self.reduce_again(order, now);
        let recorded = |(line, part): (&Line, i64)| Line {
            list: part,
            adjusted: part,
            discount: 0,
            coupon: 0,
            purses: Vec::new(),
            resources: Vec::new(),
            ..line.clone()
        };
        let lines = self.orders[order].lines.iter().zip(parts).map(recorded).collect();
        self.orders.push(Order {
            id: String::new(),
            kind: ADJUSTMENT,
            status: status::COMPLETED,
            lines,
            created: now,
            until: None,
            paid: Some(now),
            discount: None,
            coupon: None,
            auto_renew: false,
            funds: Vec::new(),
            group: None,
        });
        Ok(self.orders.len() - 1)
    }

    /// The operator has taken something off orders that are paid together.
    pub fn is_adjusted(&self, orders: &[usize]) -> bool {
        orders.iter().any(|order| self.orders[*order].lines.iter().any(|line| line.adjusted > 0))
    }

    /// What an order was placed with reduces what is left, where it still goes; a coupon that pays nothing is let go.
    fn reduce_again(&mut self, order: usize, now: Secs) {
        let orders = self.together(order);
        let is_adjusted = self.is_adjusted(&orders);
        let discount = orders.iter().find_map(|order| self.orders[*order].discount.filter(|_| !is_adjusted));
        let coupon = orders.iter().find_map(|order| self.orders[*order].coupon);
        let mut reduced = self.clone();
        if reduced.reduce(&orders, discount, coupon, now).is_ok() {
            *self = reduced;
        } else {
            self.reduce(&orders, None, None, now).expect("nothing reduces it");
        }
        if orders.iter().all(|order| self.orders[*order].coupon.is_none()) {
            self.let_go(&orders);
        }
    }
}
