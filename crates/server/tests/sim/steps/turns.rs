//! The choice of what resources become.

use super::term;
use crate::calendar::{DAY, Secs};
use crate::dice::Dice;
use crate::goods::GOODS;
use crate::model::Customer;
use crate::model::buying::Wanted;
use crate::model::deeds::Deed;
use crate::model::turns::Turn;

/// A line becomes one of a trial.
pub fn be_trial(line: &mut Wanted) {
    line.good = GOODS.iter().position(|good| good.is_trial()).unwrap();
    line.size = 1;
}

/// What a resource becomes.
pub fn about(dice: &mut Dice, customer: &Customer, now: Secs, resource: usize) -> Option<Deed> {
    let one = &customer.resources[resource];
    let is_like = |good: &usize| GOODS[*good].is_like(&GOODS[one.good]);
    let goods: Vec<usize> = (0..GOODS.len()).filter(is_like).collect();
    let good = *dice.one(&goods)?;
    let auto_pay = dice.once_in(2);
    if one.is_trial && !dice.once_in(12) {
        let (term, auto_renew) = (term(dice), dice.once_in(3));
        return Some(Deed::Turn(Turn::Commercial { resource, good, term, auto_pay, auto_renew }));
    }
    // A month that is longer than it was bought for is charged wrongly still.
    if one.is_uneven || one.has_more_than_bought(now) {
        return None;
    }
    let size = match dice.below(4) {
        0 => one.size,
        1 => dice.within(1, 2_000),
        _ => dice.within(1, 200),
    };
    Some(Deed::Turn(Turn::Change { resource, good, size, auto_pay }))
}

/// Whether giving a resource up is told wrongly still: a trial that was made commercial is no new purchase.
pub fn is_new_trial(customer: &Customer, resource: usize, now: Secs) -> bool {
    let begins = customer.resources[resource].charges.first().map(|first| first.begins);
    let kind = customer.orders[customer.resources[resource].order].kind;
    kind == 13 && begins.is_some_and(|begins| now < begins + 5 * DAY)
}
