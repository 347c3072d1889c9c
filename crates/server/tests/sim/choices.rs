//! The choice of what the operator, the cloud and the settings of an account do.

use domain::site::Site;

use crate::calendar::{DAY, Secs};
use crate::dice::Dice;
use crate::model::Customer;
use crate::model::cloud::State;
use crate::model::deeds::Deed;
use crate::model::further::Further;
use crate::steps::{some_order, some_resource};

/// One of the further deeds; none where the customer has nothing that it could be about.
pub fn further(dice: &mut Dice, customer: &Customer, now: Secs) -> Option<Deed> {
    // Only the China site knows them.
    if customer.site == Site::Cn && dice.once_in(2) {
        return purse(dice, customer, now);
    }
    match dice.below(12) {
        0..=3 => {
            let resource = some_resource(dice, customer)?;
            let primary = customer.resources[resource].parent.unwrap_or(resource);
            let resource = if dice.once_in(4) { resource } else { primary };
            Some(secure(dice, customer, resource))
        }
        4..=7 => {
            let is_pending = !dice.once_in(12);
            let order = some_order(dice, customer, is_pending)?;
            Some(adjust(dice, customer, order))
        }
        8 | 9 => Some(Deed::Further(Further::DeductionDay { days: dice.within(2, 7) })),
        _ => {
            let day = if dice.once_in(4) { -1 } else { dice.within(1, 28) };
            Some(Deed::Further(Further::ExpireDay { day }))
        }
    }
}

/// A flexi-purchase coupon or a card is issued, or pays.
fn purse(dice: &mut Dice, customer: &Customer, now: Secs) -> Option<Deed> {
    if customer.purses.is_empty() || dice.once_in(3) {
        return Some(Deed::Further(Further::IssuePurse {
            is_card: dice.once_in(2),
            cents: dice.within(1, 30_000),
            expires: now + dice.within(1, 150) * DAY + dice.within(0, DAY),
        }));
    }
    let order = some_order(dice, customer, true)?;
    let mut purses: Vec<usize> = (0..=dice.below(3)).map(|_| dice.below(customer.purses.len())).collect();
    purses.sort_unstable();
    purses.dedup();
    let discount = dice.once_in(3) && !customer.discounts.is_empty();
    let discount = discount.then(|| dice.below(customer.discounts.len()));
    Some(Deed::Further(Further::PayWith { order, discount, purses }))
}

/// Mostly what is secured is released, and the other way round.
pub fn secure(dice: &mut Dice, customer: &Customer, resource: usize) -> Deed {
    let is_secured = customer.resources[resource].is_secured;
    Deed::Further(Further::Secure { resource, is_to_be: is_secured == dice.once_in(6) })
}

/// An order is to cost a part of its list price, now and then too much.
pub fn adjust(dice: &mut Dice, customer: &Customer, order: usize) -> Deed {
    let list = customer.orders[order].list().max(0);
    let cents = match dice.below(8) {
        0 => 0,
        1 => list,
        2 => list + 1,
        _ => list * dice.within(1, 99) / 100,
    };
    Deed::Further(Further::Adjust { order, cents })
}

/// What the cloud has to do is mostly done soon.
pub fn report(dice: &mut Dice, customer: &Customer) -> Option<Deed> {
    let is_repeated = dice.once_in(20);
    let fits = |number: &usize| is_repeated || customer.tasks[*number].state == State::Waiting;
    let tasks: Vec<usize> = (0..customer.tasks.len()).filter(fits).collect();
    if tasks.is_empty() || !dice.once_in(2) {
        return None;
    }
    let task = *dice.one(&tasks)?;
    Some(Deed::Further(Further::Report { task, is_done: !dice.once_in(8) }))
}
