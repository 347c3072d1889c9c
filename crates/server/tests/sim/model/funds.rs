//! Balances: what pays, what is owed, and where money goes back to (rules 2.5, 4.1, 5).

use super::{Customer, Debt, Fund, Taken};
use crate::calendar::Secs;

impl Customer {
    /// Money that came in: debts first, the oldest first; the rest is cash or bonus.
    pub fn top_up(&mut self, amount: i64, is_bonus: bool, now: Secs) {
        let rest = self.repay(amount, None, now);
        if is_bonus {
            self.bonus = Some(self.bonus.unwrap_or(0) + rest);
        } else {
            self.cash += rest;
        }
    }

    /// Pays debts with an amount, of a credit line and an order where they are named; answers what none needed.
    fn repay(&mut self, mut amount: i64, of: Option<(usize, usize)>, now: Secs) -> i64 {
        for debt in &mut self.debts {
            if of.is_some_and(|named| named != (debt.line, debt.order)) {
                continue;
            }
            let paid = debt.left.min(amount);
            debt.left -= paid;
            amount -= paid;
            let line = &mut self.credit[debt.line];
            // What comes back to a line that has ended cannot be spent again.
            if line.is_usable(now) {
                line.left += paid;
            }
        }
        self.debts.retain(|debt| debt.left > 0);
        amount
    }

    /// What each balance pays of an amount: cash, bonus, then credit, the line that ends first before the others.
    pub fn draw(&self, amount: i64, now: Secs) -> Option<Vec<Taken>> {
        let mut lines: Vec<usize> =
            (0..self.credit.len()).filter(|line| self.credit[*line].is_usable(now)).collect();
        lines.sort_by_key(|line| {
            let line = &self.credit[*line];
            (line.expires.is_none(), line.expires, line.id.clone())
        });
        let mut available = vec![(Fund::Cash, self.cash), (Fund::Bonus, self.bonus.unwrap_or(0))];
        available.extend(lines.into_iter().map(|line| (Fund::Credit(line), self.credit[line].left)));
        let mut due = amount;
        let mut taken = Vec::new();
        for (fund, available) in available {
            let amount = due.min(available);
            if amount > 0 {
                taken.push(Taken { fund, amount, back: 0 });
                due -= amount;
            }
        }
        (due == 0).then_some(taken)
    }

    /// Takes money for orders, each its part of what was drawn for all.
    pub fn take(&mut self, drawn: &[Taken], orders: &[usize]) {
        let mut left: Vec<i64> = drawn.iter().map(|taken| taken.amount).collect();
        for order in orders {
            let mut due = self.orders[*order].payable();
            for (taken, left) in drawn.iter().zip(&mut left) {
                let amount = due.min(*left);
                if amount == 0 {
                    continue;
                }
                due -= amount;
                *left -= amount;
                match taken.fund {
                    Fund::Cash => self.cash -= amount,
                    Fund::Bonus => self.bonus = self.bonus.map(|bonus| bonus - amount),
                    Fund::Credit(line) => {
                        self.credit[line].left -= amount;
                        self.debts.push(Debt { line, order: *order, left: amount });
                    }
                }
                self.orders[*order].funds.push(Taken { fund: taken.fund, amount, back: 0 });
            }
        }
    }

    /// Gives money of an order back to where it came from, the last first; what was repaid meanwhile becomes cash.
    pub fn give_back(&mut self, order: usize, amount: i64, now: Secs) {
        let mut due = amount;
        for at in (0..self.orders[order].funds.len()).rev() {
            let taken = &mut self.orders[order].funds[at];
            let share = due.min(taken.amount - taken.back);
            taken.back += share;
            due -= share;
            match taken.fund {
                Fund::Cash => self.cash += share,
                Fund::Bonus => self.bonus = Some(self.bonus.unwrap_or(0) + share),
                Fund::Credit(line) => {
                    let rest = self.repay(share, Some((line, order)), now);
                    self.cash += rest;
                }
            }
        }
        assert_eq!(due, 0, "the model gives back more than was paid");
    }
}
