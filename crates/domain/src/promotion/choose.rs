//! What automatic payment chooses among all that a customer has.

use std::cmp::{Ordering, Reverse};

use super::{
    Card, Choice, Coupon, CouponType, Discount, DiscountType, ModifierType, OrderFacts, Plan, best_offer,
    plan,
};
use crate::money::{Charge, Exact};

/// The choice of automatic payment (rules 3.3, 4.8): the best commercial or partner discount, or the promotional one
/// if that saves more; then a discount coupon, a cash coupon, flexi-purchase coupons and cards, as far as they go
/// together with what was chosen before and give something. Of a kind restricted coupons come before unrestricted
/// ones, then the earliest to expire, then the one with most left, then the lowest id. `promotion` is the promotional discount that the
/// resource's order history used, where there is one.
///
/// [`plan`] accepts what is returned here, unless it refuses the order itself as too large.
pub fn choose(
    order: &OrderFacts<'_>,
    discounts: &[Discount],
    promotion: Option<&Discount>,
    coupons: &[Coupon],
    cards: &[Card],
) -> Choice {
    let discount = best_discount(order, discounts, promotion).cloned();
    let mut chosen = Choice { discount, coupons: Vec::new(), cards: Vec::new() };

    let mut sorted: Vec<&Coupon> = coupons.iter().collect();
    sorted.sort_by_key(|coupon| {
        let most = Reverse(coupon.balance);
        (turn(coupon.kind), !coupon.is_restricted(), coupon.expires_at, most, coupon.id.as_str())
    });
    for coupon in sorted {
        chosen.coupons.push(coupon.clone());
        if !planned(order, &chosen).is_some_and(|plan| gives(&plan, coupon.kind.modifier(), &coupon.id)) {
            chosen.coupons.pop();
        }
    }
    let mut sorted: Vec<&Card> = cards.iter().collect();
    sorted.sort_by_key(|card| (card.expires_at, card.id.as_str()));
    for card in sorted {
        chosen.cards.push(card.clone());
        if !planned(order, &chosen).is_some_and(|plan| gives(&plan, ModifierType::StoredValueCard, &card.id))
        {
            chosen.cards.pop();
        }
    }
    // A flexi-purchase coupon for everything may expire before one with limits, pay first and leave it nothing.
    // Without it nobody else pays more or less.
    if let Some(plan) = planned(order, &chosen) {
        chosen.coupons.retain(|coupon| gives(&plan, coupon.kind.modifier(), &coupon.id));
    }
    chosen
}

/// In which order the kinds are chosen, which is the order in which they apply.
fn turn(kind: CouponType) -> u8 {
    match kind {
        CouponType::Discount => 0,
        CouponType::Cash => 1,
        CouponType::Flexi => 2,
    }
}

fn planned(order: &OrderFacts<'_>, choice: &Choice) -> Option<Plan> {
    plan(order, choice).ok()
}

/// A coupon or card gives something.
fn gives(plan: &Plan, kind: ModifierType, id: &str) -> bool {
    let mut modifiers = plan.lines.iter().flat_map(|line| &line.modifiers);
    modifiers.any(|modifier| modifier.kind == kind && modifier.source == id)
}

fn best_discount<'a>(
    order: &OrderFacts<'_>,
    discounts: &'a [Discount],
    promotion: Option<&'a Discount>,
) -> Option<&'a Discount> {
    let saving = |discount: &'a Discount| Some((discount, saved(order, discount)?));
    let offers: Vec<(&Discount, Exact)> = discounts.iter().filter_map(saving).collect();
    let kinds: Vec<(DiscountType, Exact)> =
        offers.iter().map(|(discount, saved)| (discount.kind, *saved)).collect();
    let offer = best_offer(&kinds).map(|index| offers[index]);
    match (offer, promotion.and_then(saving)) {
        (Some((offer, by_offer)), Some((promotion, by_promotion))) => {
            let saves_more = by_promotion.compare(by_offer) == Ok(Ordering::Greater);
            Some(if saves_more { promotion } else { offer })
        }
        (offer, promotion) => offer.or(promotion).map(|(discount, _)| discount),
    }
}

/// What a discount saves, exactly, as an inquiry compares it; None where it does not apply to the order or saves no
/// whole cent, since it would still keep out coupons that exclude it.
fn saved(order: &OrderFacts<'_>, discount: &Discount) -> Option<Exact> {
    let alone = Choice { discount: Some(discount.clone()), coupons: Vec::new(), cards: Vec::new() };
    let cents = Charge::sum(planned(order, &alone)?.modifiers().iter().map(|modifier| modifier.amount))?;
    if !cents.is_positive() {
        return None;
    }
    Exact::sum(discount.reduce(&order.to_reduce()).ok()?).ok()
}
