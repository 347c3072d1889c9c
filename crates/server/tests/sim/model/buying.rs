//! Placing, paying and cancelling (rules 1.8, 4).

use super::life::{AUTO_RENEW, CLOSED};
use super::on_demand::OnDemand;
use super::purses::dealt;
use super::reductions::{Code, MISFIT, shares};
use super::{Charge, Customer, Group, Line, Order, Resource, status};
use crate::calendar::{Secs, Term, end_of_day_after, expiry};
use crate::goods::GOODS;

/// A line that is bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub good: usize,
    pub size: i64,
    pub term: Term,
    pub count: i64,
    pub is_attached: bool,
}

/// How an order is placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placing {
    /// Tells its resources from others.
    pub name: String,
    pub lines: Vec<Wanted>,
    pub auto_pay: bool,
    pub auto_renew: bool,
    pub is_combined: bool,
    /// By number.
    pub discount: Option<usize>,
    pub coupon: Option<usize>,
}

/// Days in which an order can be paid.
const DAYS_TO_PAY: i64 = 7;

pub const SHORT: Code = "CBC.99005003";
pub const FROZEN: Code = "CBC.7281";
pub const NOT_PENDING: Code = "CBC.99003106";
pub const OVERDUE: Code = "CBC.99003110";
pub const NOT_CANCELABLE: Code = "CBC.99005010";
pub const NO_CAPACITY: Code = "CBC.99003141";
pub const COMBINED: Code = "CBC.99000089";

impl Customer {
    /// Places an order, or one for each line; answers their numbers, and why they were not paid where that was asked
    /// for.
    pub fn place(&mut self, placing: &Placing, now: Secs) -> Result<(Vec<usize>, Option<Code>), Code> {
        let lines: Vec<Line> = placing.lines.iter().map(|wanted| line(wanted, &placing.name, now)).collect();
        let parts: Vec<Vec<Line>> = if placing.is_combined {
            lines.into_iter().map(|line| vec![line]).collect()
        } else {
            vec![lines]
        };
        let group = placing.is_combined.then_some(self.groups.len());
        let first = self.orders.len();
        for lines in parts {
            self.orders.push(Order {
                id: String::new(),
                kind: if lines.iter().all(|line| GOODS[line.good].is_trial()) { 13 } else { 1 },
                status: status::PENDING,
                lines,
                created: now,
                until: Some(end_of_day_after(now, DAYS_TO_PAY)),
                paid: None,
                discount: None,
                coupon: None,
                auto_renew: placing.auto_renew,
                funds: Vec::new(),
                group,
            });
        }
        let orders: Vec<usize> = (first..self.orders.len()).collect();
        if placing.is_combined {
            self.groups.push(Group { id: String::new(), orders: orders.clone() });
        }
        if placing.discount.is_some() || placing.coupon.is_some() {
            self.reduce(&orders, placing.discount, placing.coupon, now)?;
        }
        if let Some(coupon) = placing.coupon {
            if orders.iter().all(|order| self.orders[*order].coupon.is_none()) {
                return Err(MISFIT);
            }
            self.coupons[coupon].held = Some(first);
        }
        let is_free = orders.iter().all(|order| {
            let order = &self.orders[*order];
            order.payable() == 0 && order.coupon.is_none()
        });
        if !placing.auto_pay && !is_free {
            return Ok((orders, None));
        }
        let mut paid = self.clone();
        let chosen = match placing.auto_pay {
            true => paid.choose(&orders, (placing.discount, placing.coupon), None, now),
            false => (placing.discount, None),
        };
        let with_purses = placing.auto_pay && placing.coupon.is_none();
        let purses = if with_purses { paid.choose_purses(&orders, chosen, now) } else { Vec::new() };
        match paid.pay_by(&orders, chosen, &purses, now) {
            Ok(()) => {
                *self = paid;
                Ok((orders, None))
            }
            Err(code) => Ok((orders, Some(code))),
        }
    }

    /// Pays an order, or what is paid together with it; `is_part`: by the id of a part of a combined order.
    pub fn pay(
        &mut self,
        order: usize,
        is_part: bool,
        chosen: (Option<usize>, Option<usize>),
        purses: &[usize],
        now: Secs,
    ) -> Result<(), Code> {
        let orders = if is_part { vec![order] } else { self.together(order) };
        let known = &self.orders[orders[0]];
        if known.status != status::PENDING {
            return Err(NOT_PENDING);
        }
        if known.until.is_some_and(|until| now >= until) {
            return Err(OVERDUE);
        }
        self.pay_by(&orders, chosen, purses, now)?;
        if is_part && self.orders[order].group.is_some() { Err(COMBINED) } else { Ok(()) }
    }

    /// Pays orders with a discount, a coupon, and flexi-purchase coupons and cards.
    pub fn pay_by(
        &mut self,
        orders: &[usize],
        (discount, coupon): (Option<usize>, Option<usize>),
        purses: &[usize],
        now: Secs,
    ) -> Result<(), Code> {
        self.reduce(orders, discount, coupon, now)?;
        self.reduce_by(orders, purses, now)?;
        if orders.iter().any(|order| self.is_too_late(*order, now)) {
            return Err(NO_CAPACITY);
        }
        // What is held cannot turn, which is noticed before the money is looked at.
        let is_held =
            |one: &OnDemand| one.held_at.is_some() && one.lock.is_some_and(|lock| orders.contains(&lock));
        if self.on_demand.iter().any(is_held) {
            return Err(FROZEN);
        }
        let amount = orders.iter().map(|order| self.orders[*order].payable()).sum();
        let drawn = self.draw(amount, now).ok_or(SHORT)?;
        if self.frozen.is_some() {
            return Err(FROZEN);
        }
        self.let_go(orders);
        self.take(&drawn, orders);
        if let Some(coupon) = coupon {
            let spent: i64 =
                orders.iter().flat_map(|order| &self.orders[*order].lines).map(|line| line.coupon).sum();
            if spent > 0 {
                self.coupons[coupon].left -= spent;
                self.coupons[coupon].uses += 1;
            }
        }
        self.spend_purses(orders);
        for order in orders {
            self.complete(*order, now);
        }
        Ok(())
    }

    /// The coupons that orders hold are free again.
    pub fn let_go(&mut self, orders: &[usize]) {
        let first = self.together(orders[0])[0];
        for coupon in self.coupons.iter_mut().filter(|coupon| coupon.held == Some(first)) {
            coupon.held = None;
        }
    }

    /// An order is paid, and what it bought is there.
    fn complete(&mut self, number: usize, now: Secs) {
        let order = &mut self.orders[number];
        order.status = status::COMPLETED;
        order.paid = Some(now);
        order.until = None;
        match order.kind {
            2 => self.renewed(number, now),
            3 => self.changed(number, now),
            11 => self.turned_yearly(number, now),
            14 => self.commercial(number, now),
            _ => self.bought(number, now),
        }
    }

    /// Whether what an order is about can no longer become what was ordered.
    fn is_too_late(&self, number: usize, now: Secs) -> bool {
        let order = &self.orders[number];
        let mut about = order.lines.iter().flat_map(|line| &line.resources);
        match order.kind {
            2 => about.any(|resource| self.resources[*resource].status == CLOSED),
            3 => about.any(|resource| !self.is_in_term(*resource, now)),
            11 => self.on_demand.iter().any(|one| one.lock == Some(number) && one.is_ended),
            14 => about.any(|resource| !self.is_usable(*resource)),
            _ => false,
        }
    }

    fn bought(&mut self, number: usize, now: Secs) {
        let mut first = None;
        for at in 0..self.orders[number].lines.len() {
            let line = self.orders[number].lines[at].clone();
            let expires = expiry(now, line.term);
            let weights = vec![1; usize::try_from(line.count).unwrap()];
            let (money, coupon) = (shares(line.payable(), &weights), shares(line.coupon, &weights));
            let list = line.list / line.count;
            let dealt = dealt(&line.purses, weights.len());
            let is_uneven = [&money, &coupon].iter().any(|parts| parts.iter().any(|part| *part != parts[0]))
                || dealt.iter().any(|parts| *parts != dealt[0]);
            for ((money, coupon), purses) in money.into_iter().zip(coupon).zip(dealt) {
                let made = self.resources.len();
                let parent = first.filter(|_| line.is_attached);
                first = first.or(Some(made));
                self.orders[number].lines[at].resources.push(made);
                let is_purchase = self.orders[number].kind == 1;
                let charge = Charge {
                    list,
                    money,
                    coupon,
                    purses,
                    is_purchase,
                    ..Charge::of(number, at, &line, now, expires)
                };
                let policy = if self.orders[number].auto_renew { AUTO_RENEW } else { 0 };
                let one = Resource::new(number, &line, charge);
                self.resources.push(Resource { parent, policy, is_uneven, ..one });
                self.schedule(made, now);
            }
            let line = &mut self.orders[number].lines[at];
            (line.effective, line.expires) = (Some(now), Some(expires));
        }
        if self.is_external {
            self.asked_for(number, now);
        }
    }

    /// Cancels an order, or what is paid together with it.
    pub fn cancel_by_hand(&mut self, order: usize, is_part: bool) -> Result<(), Code> {
        if self.orders[order].status != status::PENDING {
            return Err(NOT_CANCELABLE);
        }
        if is_part && self.orders[order].group.is_some() {
            return Err(COMBINED);
        }
        for order in self.together(order) {
            self.cancel(order);
        }
        Ok(())
    }

    /// An order is not paid any more.
    pub fn cancel(&mut self, order: usize) {
        self.let_go(&[order]);
        for one in self.resources.iter_mut().filter(|one| one.lock == Some(order)) {
            one.lock = None;
        }
        for one in self.on_demand.iter_mut().filter(|one| one.lock == Some(order)) {
            one.lock = None;
        }
        let order = &mut self.orders[order];
        order.status = status::CANCELLED;
        order.until = None;
    }
}

fn line(wanted: &Wanted, name: &str, now: Secs) -> Line {
    let list = wanted.count * GOODS[wanted.good].price(wanted.term, wanted.size, now);
    Line {
        good: wanted.good,
        size: wanted.size,
        term: wanted.term,
        count: wanted.count,
        is_attached: wanted.is_attached,
        name: format!("{name}-{}-{}", wanted.good, wanted.size),
        list,
        adjusted: 0,
        discount: 0,
        coupon: 0,
        purses: Vec::new(),
        effective: None,
        expires: None,
        resources: Vec::new(),
        fee: 0,
        consumed: 0,
    }
}
