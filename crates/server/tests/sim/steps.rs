//! What a run is made of: steps that can be printed, kept and played again, and the choice of the next one, which is a
//! function of the seed and of what the model knows.

mod turns;

use crate::calendar::{DAY, HOUR, Secs, Term, at, date, next_three};
use crate::choices;
use crate::dice::Dice;
use crate::goods::GOODS;
use crate::model::buying::{Placing, Wanted};
use crate::model::deeds::Deed;
use crate::model::life::CLOSED;
use crate::model::{CouponLimits, Customer, Mode, Resource, features, status};
use crate::world::Crash;

/// A deed of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The customer, by number.
    pub who: usize,
    pub deed: Deed,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// One request.
    One(Act),
    /// The same request several times under one key, at once or one after the other.
    Repeated { act: Act, at_once: bool },
    /// Requests of one customer, all at once.
    AtOnce(usize, Vec<Deed>),
    /// A request during which the process ends; it is sent again afterwards.
    Crashed(Act, Crash),
    /// The clock moves to an instant, unless it is there already.
    Clock(Secs),
    /// The clock moves, and the process ends on the way.
    CrashedClock(Secs, Crash),
    /// A process is started again.
    Restart,
    /// The other process takes the next requests.
    Switch,
}

impl Step {
    /// The customer that it is about, by number.
    pub fn who(&self) -> Option<usize> {
        match self {
            Self::One(act) | Self::Repeated { act, .. } | Self::Crashed(act, _) => Some(act.who),
            Self::AtOnce(who, _) => Some(*who),
            Self::Clock(_) | Self::CrashedClock(..) | Self::Restart | Self::Switch => None,
        }
    }
}

/// What the generator knows.
pub struct Scene<'a> {
    pub now: Secs,
    pub customers: &'a [Customer],
    /// Customers that something happened to lately, which more shall happen to.
    pub lately: &'a [usize],
    pub processes: usize,
    /// How many steps were taken.
    pub serial: usize,
}

/// The next step.
pub fn next(dice: &mut Dice, scene: &Scene<'_>) -> Step {
    match dice.below(100) {
        0..=10 => Step::Clock(instant(dice, scene)),
        11 => Step::CrashedClock(instant(dice, scene), crash(dice, 12)),
        12 if dice.once_in(3) => Step::Restart,
        13..=15 => Step::Crashed(act(dice, scene), crash(dice, 1)),
        16..=19 => Step::Repeated { act: act(dice, scene), at_once: dice.once_in(2) },
        20..=26 => {
            let who = customer(dice, scene);
            let count = 2 + dice.below(2);
            Step::AtOnce(who, rivals(dice, scene, who, count))
        }
        27..=36 if scene.processes > 1 => Step::Switch,
        _ => Step::One(act(dice, scene)),
    }
}

fn crash(dice: &mut Dice, commits: i64) -> Crash {
    Crash { commit: u64::try_from(dice.within(1, commits)).unwrap(), is_after: dice.once_in(2) }
}

/// Where the clock is moved to: anywhere, or where something happens, or just before or after that.
fn instant(dice: &mut Dice, scene: &Scene<'_>) -> Secs {
    let now = scene.now;
    let around = |dice: &mut Dice, at: Secs| at + dice.within(-1, 1);
    match dice.below(10) {
        0 => now + dice.within(1, 90),
        1 => now + dice.within(1, 20) * HOUR + dice.within(0, 3_599),
        2 | 3 => now + dice.within(1, 9) * DAY,
        4 => {
            let three = next_three(now + dice.within(0, 5) * DAY);
            around(dice, three)
        }
        5 => {
            let (year, month, _) = date(now);
            let next = if month == 12 { (year + 1, 1, 1) } else { (year, month + 1, 1) };
            let next = at(next, 0) + dice.within(-1, 1) * DAY;
            around(dice, next)
        }
        6 if dice.once_in(3) => now + dice.within(20, 45) * DAY,
        _ => {
            let who = customer(dice, scene);
            let due = scene.customers[who]
                .next_due()
                .map(|(at, _)| at)
                .filter(|at| *at > now && *at < now + 40 * DAY);
            let at = due.unwrap_or(now + dice.within(1, 6) * DAY);
            around(dice, at)
        }
    }
    .max(now)
}

fn customer(dice: &mut Dice, scene: &Scene<'_>) -> usize {
    if dice.once_in(4) {
        return dice.below(scene.customers.len());
    }
    dice.one(scene.lately).copied().unwrap_or_else(|| dice.below(scene.customers.len()))
}

fn act(dice: &mut Dice, scene: &Scene<'_>) -> Act {
    let who = customer(dice, scene);
    let deed = deed(dice, scene, who, 0);
    Act { who, deed }
}

/// Deeds that want the same: an order, or the money of a balance that does not suffice for all.
fn rivals(dice: &mut Dice, scene: &Scene<'_>, who: usize, count: usize) -> Vec<Deed> {
    let customer = &scene.customers[who];
    let order = some_order(dice, customer, true);
    let resource = some_resource(dice, customer);
    let mut deeds = Vec::new();
    for number in 0..count {
        let rival = match (order, dice.below(5)) {
            (Some(order), 0 | 1) => pay(dice, customer, order),
            (Some(order), 2) => Deed::Cancel { order, is_part: false },
            (Some(order), 4) if dice.once_in(3) => choices::adjust(dice, customer, order),
            (_, 3) if resource.is_some() => about(dice, customer, scene.now, resource.unwrap()),
            _ => deed(dice, scene, who, number + 1),
        };
        // How often a resource is still renewed is not shown, so two of these at once could not be told apart.
        deeds.push(match rival {
            Deed::AutoRenew { resource, .. } => Deed::AutoRenew { resource, times: None },
            Deed::Further(further) if !further.is_shown() => Deed::Unfreeze,
            rival => rival,
        });
    }
    deeds
}

/// Something about a resource that others are about, too.
fn about(dice: &mut Dice, customer: &Customer, now: Secs, resource: usize) -> Deed {
    let known = features();
    let primary = customer.resources[resource].parent.unwrap_or(resource);
    if dice.once_in(4)
        && let Some(deed) = turns::about(dice, customer, now, resource)
    {
        return deed;
    }
    match dice.below(4) {
        0 if known.unsubscribe => {
            Deed::Unsubscribe { resources: vec![primary], only_renewals: dice.once_in(2) }
        }
        3 if dice.once_in(3) => choices::secure(dice, customer, primary),
        1 if known.auto_renew => Deed::AutoRenew { resource, times: None },
        2 if known.auto_renew => Deed::NoAutoRenew { resource },
        _ if known.renew => {
            Deed::Renew { resources: vec![primary], term: term(dice), auto_pay: dice.once_in(2) }
        }
        _ => Deed::Unfreeze,
    }
}

fn deed(dice: &mut Dice, scene: &Scene<'_>, who: usize, number: usize) -> Deed {
    let customer = &scene.customers[who];
    let serial = scene.serial * 10 + number;
    if let Some(deed) = choices::report(dice, customer) {
        return deed;
    }
    if dice.once_in(7)
        && let Some(deed) = choices::further(dice, customer, scene.now)
    {
        return deed;
    }
    if !customer.resources.is_empty()
        && dice.once_in(2)
        && let Some(deed) = life(dice, customer, scene.now)
    {
        return deed;
    }
    if dice.once_in(8)
        && let Some(deed) = turns::by_use(dice, customer, serial)
    {
        return deed;
    }
    match dice.below(100) {
        0..=27 => Deed::Place(placing(dice, scene, who, serial)),
        28..=49 => match some_order(dice, customer, true) {
            Some(order) => pay(dice, customer, order),
            None => Deed::Place(placing(dice, scene, who, serial)),
        },
        50..=54 => match some_order(dice, customer, true) {
            Some(order) => Deed::Cancel { order, is_part: dice.once_in(6) },
            None => top_up(dice, serial),
        },
        55..=58 => match some_order(dice, customer, false) {
            Some(order) if dice.once_in(2) => Deed::Cancel { order, is_part: false },
            Some(order) => pay(dice, customer, order),
            None => top_up(dice, serial),
        },
        59..=64 => issue(dice, scene.now),
        65..=69 => grant(dice, customer),
        70 | 71 => credit(dice, customer, scene.now),
        72 => Deed::Freeze { with_resources: dice.once_in(2) },
        73..=75 if customer.frozen.is_some() || dice.once_in(8) => Deed::Unfreeze,
        76 => match customer.coupons.len() {
            0 => issue(dice, scene.now),
            count => {
                let coupon = dice.below(count);
                Deed::FreezeCoupon { coupon, is_to_be: !customer.coupons[coupon].is_frozen }
            }
        },
        77 if !customer.discounts.is_empty() => {
            Deed::Withdraw { discount: dice.below(customer.discounts.len()) }
        }
        _ => top_up(dice, serial),
    }
}

/// Something about resources that are there; none where the application does not know it.
fn life(dice: &mut Dice, customer: &Customer, now: Secs) -> Option<Deed> {
    let known = features();
    let resource = some_resource(dice, customer)?;
    let primary = customer.resources[resource].parent.unwrap_or(resource);
    let mostly_primary = if dice.once_in(12) { resource } else { primary };
    match dice.below(100) {
        0..=24 if known.renew => {
            let mut resources = vec![mostly_primary];
            if dice.once_in(5) {
                resources.extend(
                    some_resource(dice, customer).map(|one| customer.resources[one].parent.unwrap_or(one)),
                );
                resources.dedup();
            }
            Some(Deed::Renew { resources, term: term(dice), auto_pay: dice.once_in(2) })
        }
        25..=47 => turns::about(dice, customer, now, resource),
        48..=64 if known.unsubscribe => {
            let resources = vec![if dice.once_in(4) { resource } else { primary }];
            Some(Deed::Unsubscribe { resources, only_renewals: dice.once_in(3) })
        }
        65..=79 if known.auto_renew => {
            let times = dice.once_in(3).then(|| dice.within(0, 3));
            Some(Deed::AutoRenew { resource, times })
        }
        80..=87 if known.auto_renew => Some(Deed::NoAutoRenew { resource }),
        88..=92 if known.live => {
            Some(Deed::ToOnDemand { resource: mostly_primary, is_to_be: !dice.once_in(4) })
        }
        93..=95 if known.live => Some(Deed::Tier { tier: dice.below(6) }),
        96..=99 if known.approve => {
            let waits = |number: &usize| customer.orders[*number].status == status::APPROVAL;
            let orders: Vec<usize> = (0..customer.orders.len()).filter(waits).collect();
            dice.one(&orders).map(|order| Deed::Decide { order: *order, is_approved: !dice.once_in(3) })
        }
        _ => None,
    }
}

/// A resource; mostly one that is not closed.
pub fn some_resource(dice: &mut Dice, customer: &Customer) -> Option<usize> {
    let may_be_closed = dice.once_in(20);
    // Its name may be another's by now.
    let fits = |number: &usize| {
        let one = &customer.resources[*number];
        let is_later = |other: &Resource| other.id == one.id;
        let is_last = || !customer.resources[*number + 1..].iter().any(is_later);
        !one.id.is_empty() && (one.status != CLOSED || may_be_closed && is_last())
    };
    let resources: Vec<usize> = (0..customer.resources.len()).filter(fits).collect();
    dice.one(&resources).copied()
}

fn top_up(dice: &mut Dice, serial: usize) -> Deed {
    let cents = if dice.once_in(3) { dice.within(1, 5_000) } else { dice.within(5_000, 200_000) };
    Deed::TopUp { cents, is_bonus: dice.once_in(8), serial }
}

fn credit(dice: &mut Dice, customer: &Customer, now: Secs) -> Deed {
    let is_endless = customer.credit.iter().all(|line| line.expires.is_some()) && dice.once_in(2);
    // No two lines end at the same instant, so that there is one order in which they pay.
    let expires = (!is_endless).then(|| now + dice.within(1, 200) * DAY + dice.within(0, DAY));
    Deed::Credit { cents: dice.within(1_000, 50_000), expires }
}

fn grant(dice: &mut Dice, customer: &Customer) -> Deed {
    let kind = [605, 607, 700][dice.below(3)];
    // One of a kind, so that the best is the best.
    let known =
        customer.discounts.iter().position(|discount| discount.kind == kind && !discount.is_withdrawn);
    if let Some(discount) = known {
        return Deed::Withdraw { discount };
    }
    let mode =
        if dice.once_in(3) { Mode::Off(dice.within(1, 3_000)) } else { Mode::Ratio(dice.within(30, 99)) };
    Deed::Grant { kind, mode }
}

fn issue(dice: &mut Dice, now: Secs) -> Deed {
    let limits = CouponLimits {
        is_once: dice.once_in(4),
        excludes_offers: dice.once_in(4),
        least: dice.once_in(4).then(|| dice.within(1, 20_000)),
    };
    Deed::Issue {
        cents: dice.within(1, 30_000),
        expires: now + dice.within(1, 150) * DAY + dice.within(0, DAY),
        limits,
    }
}

/// An order of a customer; a pending one where that is asked for and there is one.
pub fn some_order(dice: &mut Dice, customer: &Customer, is_pending: bool) -> Option<usize> {
    let fits = |number: &usize| !is_pending || customer.orders[*number].status == status::PENDING;
    let orders: Vec<usize> = (0..customer.orders.len()).filter(fits).collect();
    dice.one(&orders).copied()
}

fn pay(dice: &mut Dice, customer: &Customer, order: usize) -> Deed {
    let is_part = customer.orders[order].group.is_some() && dice.once_in(6);
    let (discount, coupon) = benefits(dice, customer);
    Deed::Pay { order, is_part, discount, coupon }
}

fn benefits(dice: &mut Dice, customer: &Customer) -> (Option<usize>, Option<usize>) {
    let discount = dice.once_in(3) && !customer.discounts.is_empty();
    let coupon = dice.once_in(3) && !customer.coupons.is_empty();
    (
        discount.then(|| dice.below(customer.discounts.len())),
        coupon.then(|| dice.below(customer.coupons.len())),
    )
}

pub fn term(dice: &mut Dice) -> Term {
    match dice.below(10) {
        0..=5 => Term::Months(1),
        6 | 7 => Term::Months(dice.within(2, 11)),
        8 => Term::Years(1),
        _ => Term::Years(dice.within(1, 3)),
    }
}

fn placing(dice: &mut Dice, scene: &Scene<'_>, who: usize, serial: usize) -> Placing {
    let mains: Vec<usize> = (0..GOODS.len()).filter(|good| GOODS[*good].is_main).collect();
    let extras: Vec<usize> =
        (0..GOODS.len()).filter(|good| !GOODS[*good].is_main && !GOODS[*good].is_trial()).collect();
    let term = term(dice);
    let wanted = |dice: &mut Dice, goods: &[usize], is_attached| Wanted {
        good: *dice.one(goods).unwrap(),
        size: dice.within(1, 200),
        term,
        count: 1,
        is_attached,
    };
    let mut lines = vec![wanted(dice, &mains, false)];
    let is_combined = dice.once_in(6);
    match dice.below(4) {
        0 if !is_combined => {
            for _ in 0..=dice.below(2) {
                lines.push(wanted(dice, &extras, true));
            }
        }
        1 => lines.push(wanted(dice, &mains, false)),
        2 if dice.once_in(3) => lines[0].count = dice.within(2, 3),
        3 if dice.once_in(4) => turns::be_trial(&mut lines[0]),
        _ => {}
    }
    let (discount, coupon) = benefits(dice, &scene.customers[who]);
    Placing {
        name: format!("r{serial}"),
        lines,
        auto_pay: dice.once_in(2),
        auto_renew: dice.once_in(3),
        is_combined,
        discount: discount.filter(|_| dice.once_in(2)),
        coupon: coupon.filter(|_| dice.once_in(2)),
    }
}
