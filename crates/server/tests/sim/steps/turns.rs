//! The choice of what resources become.

use domain::site::Site;

use super::term;
use crate::calendar::Secs;
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
    if customer.site == Site::Cn && dice.once_in(10) {
        return Some(Deed::Turn(Turn::Instantly { resource }));
    }
    if customer.is_external {
        return None;
    }
    let resource = if dice.once_in(8) { resource } else { fit(dice, customer, now).unwrap_or(resource) };
    let one = &customer.resources[resource];
    let may_be_same = one.is_trial || GOODS[one.good].measure.is_some() || dice.once_in(12);
    let is_like = |good: &usize| GOODS[*good].is_like(&GOODS[one.good]) && (may_be_same || *good != one.good);
    let goods: Vec<usize> = (0..GOODS.len()).filter(is_like).collect();
    let good = *dice.one(&goods)?;
    let auto_pay = !dice.once_in(3);
    if one.is_trial && !dice.once_in(12) {
        let (term, auto_renew) = (term(dice), dice.once_in(3));
        return Some(Deed::Turn(Turn::Commercial { resource, good, term, auto_pay, auto_renew }));
    }
    if one.is_uneven {
        return None;
    }
    let size = match dice.below(4) {
        0 => one.size,
        1 => dice.within(1, 2_000),
        _ => dice.within(1, 200),
    };
    Some(Deed::Turn(Turn::Change { resource, good, size, auto_pay }))
}

/// One that can become something else.
fn fit(dice: &mut Dice, customer: &Customer, now: Secs) -> Option<usize> {
    let fits = |number: &usize| {
        let one = &customer.resources[*number];
        let has_sisters = GOODS.iter().filter(|good| good.is_like(&GOODS[one.good])).count() > 1;
        let is_free = one.lock.is_none() && customer.is_in_term(*number, now);
        is_free && !one.is_uneven && (has_sisters || GOODS[one.good].measure.is_some())
    };
    let fitting: Vec<usize> = (0..customer.resources.len()).filter(fits).collect();
    dice.one(&fitting).copied()
}

/// What is billed by use comes, goes, or is bought for a term.
pub fn by_use(dice: &mut Dice, customer: &Customer, serial: usize) -> Option<Deed> {
    let is_used = |number: &usize| !customer.on_demand[*number].is_ended;
    let used: Vec<usize> = (0..customer.on_demand.len()).filter(is_used).collect();
    let one =
        if dice.once_in(12) { customer.on_demand.len().checked_sub(1) } else { dice.one(&used).copied() };
    let turn = match (one, dice.below(5)) {
        (Some(used), 0) => Turn::Release { used },
        (Some(used), 1..=3) => {
            let (term, auto_pay, auto_renew) = (term(dice), !dice.once_in(3), dice.once_in(3));
            Turn::ToPeriod { used, term, auto_pay, auto_renew }
        }
        _ => {
            let good = dice.below(GOODS.len());
            if GOODS[good].is_trial() {
                return None;
            }
            Turn::Register { good, size: dice.within(1, 200), serial }
        }
    };
    Some(Deed::Turn(turn))
}
