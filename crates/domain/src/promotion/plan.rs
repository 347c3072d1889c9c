//! What an order costs with a choice of discount, coupons and cards, or why that cannot be chosen.

use std::cmp::Ordering;

use super::discount::share_off;
use super::{
    Card, Coupon, CouponType, Discount, DiscountType, Item, LimitKey, Misfit, Reducible, SubscribeType,
    Unusable,
};
use crate::calendar::Instant;
use crate::money::{Charge, Exact, Overflow, Rounding, Scaled, split};
use crate::order::codes;

codes! {
    /// What reduced an amount (004 table 8-9); 303 stands for a stored-value card.
    ModifierType {
        /// A promotion product.
        PromotionProduct = 200,
        /// A discount coupon.
        DiscountCoupon = 300,
        /// A cash coupon.
        CashCoupon = 301,
        /// A flexi-purchase coupon.
        FlexiCoupon = 302,
        /// A stored-value card.
        StoredValueCard = 303,
        /// Contract commercial discount of the site's own.
        Commercial = 605,
        /// Contract commercial discount of a reseller's.
        ResellerCommercial = 606,
        /// Granted by a partner.
        Partner = 607,
        /// The operator's adjustment of one order.
        PriceAdjustment = 609,
        /// A promotional discount.
        Promotion = 700,
    }
}

impl ModifierType {
    /// Where it stands in the order of application: a discount, then coupons by kind, then cards (rule 4.2).
    fn rank(self) -> u8 {
        match self {
            Self::PromotionProduct
            | Self::Commercial
            | Self::ResellerCommercial
            | Self::Partner
            | Self::PriceAdjustment
            | Self::Promotion => 0,
            Self::DiscountCoupon => 1,
            Self::CashCoupon => 2,
            Self::FlexiCoupon => 3,
            Self::StoredValueCard => 4,
        }
    }

    /// It is money of the customer's: a coupon or card, which a full refund returns.
    pub fn is_benefit(self) -> bool {
        matches!(self, Self::CashCoupon | Self::FlexiCoupon | Self::StoredValueCard)
    }
}

/// One thing that reduced an amount.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Modifier {
    /// What kind of thing.
    pub kind: ModifierType,
    /// Id of the discount, coupon or card.
    pub source: String,
    /// Its name.
    pub name: String,
    /// By how much; above zero on orders that are paid.
    pub amount: Charge,
}

/// A line with its list price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PricedLine<'a> {
    /// What it is for.
    pub item: Item<'a>,
    /// List price, less what the operator took off it (609): what is left is all that anything else reduces.
    pub official: Charge,
    /// How many pricing units the list price is for: periods × subscriptions × size, in the unit of the term. What a
    /// fixed price multiplies.
    pub units: Exact,
    /// What is taken off a fixed price: [`Reducible::credit`].
    pub credit: Exact,
}

/// What the rules look at in an order.
#[derive(Clone, Copy, Debug)]
pub struct OrderFacts<'a> {
    /// The order, which may hold coupons already; empty before it has an id.
    pub order_id: &'a str,
    /// When it is paid.
    pub now: Instant,
    /// Purchase, renewal or change.
    pub subscribe: SubscribeType,
    /// Its lines.
    pub lines: &'a [PricedLine<'a>],
    /// Services of its lines of which the customer has paid no order before.
    pub first_services: &'a [String],
}

impl<'a> OrderFacts<'a> {
    /// The lines as [`Discount::reduce`] takes them.
    pub(super) fn to_reduce(self) -> Vec<Reducible<'a>> {
        let reducible = |line: &PricedLine<'a>| Reducible {
            item: line.item,
            list: Exact::from_charge(line.official),
            units: line.units,
            credit: line.credit,
        };
        self.lines.iter().map(reducible).collect()
    }
}

/// What was chosen for an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// At most one discount.
    pub discount: Option<Discount>,
    /// Coupons; their order does not matter.
    pub coupons: Vec<Coupon>,
    /// Stored-value cards.
    pub cards: Vec<Card>,
}

/// What one line costs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinePlan {
    /// What reduced it, in the order of application; none is zero.
    pub modifiers: Vec<Modifier>,
    /// What is left to be paid from balances.
    pub payable: Charge,
}

/// What an order costs, line by line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The lines, in their order.
    pub lines: Vec<LinePlan>,
}

/// Why a discount does not apply to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inapplicable {
    /// The customer has no discount with this id: it was never granted to it, or is withdrawn.
    Unknown,
    /// It begins later, or is over.
    NotNow,
    /// It is of another type than the payment says.
    OtherType,
    /// It is not for the products of the order, or would not make them cheaper.
    OtherProducts,
}

/// Why something cannot be chosen for an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The discount does not apply to this order (CBC.99003108).
    #[error("discount {0} does not apply to the order")]
    DiscountMisfit(String, Inapplicable),
    /// The coupon is not for this order (CBC.99003108).
    #[error("coupon {0}: {1}")]
    CouponMisfit(String, Misfit),
    /// The coupon or card cannot be spent (CBC.99003112).
    #[error("coupon or card {0}: {1}")]
    Unusable(String, Unusable),
    /// A limit of the coupon excludes a commercial or partner discount of this type (CBC.99003116).
    #[error("coupon {0} cannot be used with the discount")]
    CouponExcludesDiscount(String, LimitKey, DiscountType),
    /// The discount leaves less than the coupon demands on every line (CBC.99003117).
    #[error("the discount is below the minimum of coupon {0}")]
    BelowMinimum(String),
    /// A limit of the coupon excludes a promotion or a discount coupon (CBC.99003147).
    #[error("coupon {0} cannot be used with a promotion")]
    CouponExcludesPromotion(String, LimitKey),
    /// A coupon for KooGallery products together with another (CBC.99003156).
    #[error("coupon {0} is for KooGallery products and cannot be used with others")]
    MarketplaceMix(String),
    /// An amount does not fit.
    #[error("the amount exceeds the upper limit")]
    TooLarge,
}

/// Modifiers of several lines, or orders, summed by what they come from, in the order of application; several
/// flexi-purchase coupons, or cards, in the order in which they are named. None where a sum does not fit.
pub fn sum_modifiers<'a>(modifiers: impl IntoIterator<Item = &'a Modifier>) -> Option<Vec<Modifier>> {
    let mut all: Vec<Modifier> = Vec::new();
    for modifier in modifiers {
        match all.iter_mut().find(|known| known.kind == modifier.kind && known.source == modifier.source) {
            Some(known) => known.amount = known.amount.checked_add(modifier.amount)?,
            None => all.push(modifier.clone()),
        }
    }
    all.sort_by_key(|modifier| modifier.kind.rank());
    Some(all)
}

impl Plan {
    /// The modifiers of all lines, as [`sum_modifiers`] sums them.
    pub fn modifiers(&self) -> Vec<Modifier> {
        sum_modifiers(self.lines.iter().flat_map(|line| &line.modifiers))
            .expect("parts of an amount that fits")
    }

    /// What is left to be paid from balances.
    ///
    /// # Errors
    /// [`PlanError::TooLarge`].
    pub fn payable(&self) -> Result<Charge, PlanError> {
        Charge::sum(self.lines.iter().map(|line| line.payable)).ok_or(PlanError::TooLarge)
    }
}

impl From<Overflow> for PlanError {
    fn from(_: Overflow) -> Self {
        Self::TooLarge
    }
}

/// What an order costs with a choice.
///
/// # Errors
/// [`PlanError`], the first that stands in the way: the discount; each coupon by itself, in the order of their ids;
/// more of a kind than an order uses; KooGallery coupons together with others; what excludes each other
/// (99003116, 99003117, 99003147); cards.
pub fn plan(order: &OrderFacts<'_>, choice: &Choice) -> Result<Plan, PlanError> {
    // No modifier and no sum of them exceeds this sum, so that it alone can be too large.
    let officials = order.lines.iter().map(|line| line.official.max(Charge::ZERO));
    Charge::sum(officials).ok_or(PlanError::TooLarge)?;
    let mut bill = Bill::of(order);
    let reduced = match &choice.discount {
        Some(discount) => discounted(order, discount)?,
        None => vec![Exact::zero(); order.lines.len()],
    };
    if let Some(discount) = &choice.discount {
        for (index, amount) in reduced.iter().enumerate() {
            let amount = in_cents(order.lines[index].official, *amount)?;
            let modifier = (discount.kind.modifier(), discount.id.as_str(), discount.name.as_str());
            bill.take(index, modifier, amount)?;
        }
    }
    let mut coupons = fitted(order, &choice.coupons, &bill.left())?;
    check_together(order, &coupons)?;
    if let Some(discount) = &choice.discount {
        check_discount(order, discount, &reduced, &coupons)?;
    }
    check_discount_coupon(&coupons)?;
    let cards = usable_cards(order, &choice.cards)?;

    let rank = |coupon: &Coupon| coupon.kind.modifier().rank();
    coupons.sort_by_key(|(coupon, _)| (rank(coupon), coupon.expires_at, coupon.id.as_str()));
    for (coupon, fits) in &coupons {
        bill.apply(coupon, fits)?;
    }
    let all = vec![true; order.lines.len()];
    for card in cards {
        bill.spend(&all, (ModifierType::StoredValueCard, &card.id, &card.name), card.balance)?;
    }
    Ok(Plan { lines: bill.lines })
}

/// A coupon and the lines that it fits.
type Fitted<'a> = (&'a Coupon, Vec<bool>);

/// The lines of an order while it is being reduced.
struct Bill {
    lines: Vec<LinePlan>,
}

impl Bill {
    fn of(order: &OrderFacts<'_>) -> Self {
        let lines = order.lines.iter().map(|line| LinePlan { modifiers: Vec::new(), payable: line.official });
        Self { lines: lines.collect() }
    }

    fn left(&self) -> Vec<Charge> {
        self.lines.iter().map(|line| line.payable).collect()
    }

    /// Takes an amount off a line, as given by a source: its kind, id and name.
    fn take(
        &mut self,
        index: usize,
        (kind, source, name): (ModifierType, &str, &str),
        amount: Charge,
    ) -> Result<(), PlanError> {
        if amount.is_zero() {
            return Ok(());
        }
        let line = &mut self.lines[index];
        line.payable = line.payable.checked_sub(amount).ok_or(PlanError::TooLarge)?;
        line.modifiers.push(Modifier { kind, source: source.to_owned(), name: name.to_owned(), amount });
        Ok(())
    }

    /// What a coupon does to the lines that it fits.
    fn apply(&mut self, coupon: &Coupon, fits: &[bool]) -> Result<(), PlanError> {
        let source = (coupon.kind.modifier(), coupon.id.as_str(), coupon.name.as_str());
        let ratio = match (coupon.kind, coupon.ratio) {
            (CouponType::Discount, Some(ratio)) => ratio,
            (CouponType::Discount, None) => return Ok(()),
            (CouponType::Cash | CouponType::Flexi, _) => return self.spend(fits, source, coupon.balance),
        };
        for (index, _) in fits.iter().enumerate().filter(|(_, fits)| **fits) {
            let left = self.lines[index].payable;
            if left.is_positive() {
                let off = Exact::from_charge(left).times_quantity(share_off(ratio))?;
                self.take(index, source, in_cents(left, off)?)?;
            }
        }
        Ok(())
    }

    /// Money of a coupon or card, shared out over the lines that it fits by what is left of them.
    fn spend(
        &mut self,
        fits: &[bool],
        source: (ModifierType, &str, &str),
        balance: Charge,
    ) -> Result<(), PlanError> {
        let weight = |(line, fits): (&LinePlan, &bool)| if *fits { line.payable.units().max(0) } else { 0 };
        let weights: Vec<i64> = self.lines.iter().zip(fits).map(weight).collect();
        let left =
            Charge::sum(weights.iter().map(|cents| Charge::cents(*cents))).ok_or(PlanError::TooLarge)?;
        let amount = balance.min(left);
        if !amount.is_positive() {
            return Ok(());
        }
        // A share in proportion to what is left of a line never exceeds it while the whole does not.
        for (index, share) in split(amount, &weights).into_iter().enumerate() {
            self.take(index, source, share)?;
        }
        Ok(())
    }
}

/// What is taken off an amount, in cents: what is left is the exact rest rounded half up, as every amount that is paid.
/// Half of 182.07 is 91.04, and 91.03 is taken off.
fn in_cents(amount: Charge, off: Exact) -> Result<Charge, PlanError> {
    let left = Exact::from_charge(amount).checked_sub(off)?.settle(Rounding::HalfUp)?;
    amount.checked_sub(left).ok_or(PlanError::TooLarge)
}

/// What a discount takes off each line, exactly.
fn discounted(order: &OrderFacts<'_>, discount: &Discount) -> Result<Vec<Exact>, PlanError> {
    let misfit = |why| PlanError::DiscountMisfit(discount.id.clone(), why);
    if !discount.is_valid(order.now) {
        return Err(misfit(Inapplicable::NotNow));
    }
    let reduced = discount.reduce(&order.to_reduce())?;
    if reduced.iter().all(|amount| amount.is_zero()) {
        Err(misfit(Inapplicable::OtherProducts))
    } else {
        Ok(reduced)
    }
}

/// The coupons by id, each of them usable, with the lines that it fits.
fn fitted<'a>(
    order: &OrderFacts<'_>,
    coupons: &'a [Coupon],
    due: &[Charge],
) -> Result<Vec<Fitted<'a>>, PlanError> {
    let mut sorted: Vec<&Coupon> = coupons.iter().collect();
    sorted.sort_by_key(|coupon| coupon.id.as_str());
    let mut fitted = Vec::with_capacity(sorted.len());
    for coupon in sorted {
        let usable = coupon.check_usable(order.order_id, order.now);
        usable.map_err(|why| PlanError::Unusable(coupon.id.clone(), why))?;
        let fits = coupon.fitting_lines(order, due);
        fitted.push((coupon, fits.map_err(|why| PlanError::CouponMisfit(coupon.id.clone(), why))?));
    }
    Ok(fitted)
}

/// Coupons among themselves: one of those of which an order uses one, and KooGallery coupons by themselves.
fn check_together(order: &OrderFacts<'_>, coupons: &[Fitted<'_>]) -> Result<(), PlanError> {
    for (index, (coupon, _)) in coupons.iter().enumerate() {
        let earlier = &coupons[..index];
        if earlier.iter().any(|(earlier, _)| earlier.id == coupon.id) {
            return Err(PlanError::Unusable(coupon.id.clone(), Unusable::NamedTwice));
        }
        if coupon.kind != CouponType::Flexi && earlier.iter().any(|(earlier, _)| earlier.kind == coupon.kind)
        {
            return Err(PlanError::Unusable(coupon.id.clone(), Unusable::OnePerOrder(coupon.kind)));
        }
    }
    let marketplace = coupons.iter().filter(|(coupon, fits)| coupon.is_for_marketplace(order.lines, fits));
    let marketplace: Vec<&Fitted<'_>> = marketplace.collect();
    match marketplace.first() {
        Some((coupon, _)) if marketplace.len() < coupons.len() => {
            Err(PlanError::MarketplaceMix(coupon.id.clone()))
        }
        _ => Ok(()),
    }
}

/// The discount against every coupon: excluded offers, the least share that it may leave, excluded promotions.
fn check_discount(
    order: &OrderFacts<'_>,
    discount: &Discount,
    reduced: &[Exact],
    coupons: &[Fitted<'_>],
) -> Result<(), PlanError> {
    let kind = discount.kind;
    for (coupon, _) in coupons {
        for (key, is_about) in [
            (LimitKey::SimultaneousUseWithEmpowerDiscount, kind.is_offer()),
            (LimitKey::SimultaneousUseWithContractDiscount, kind.is_commercial()),
        ] {
            if is_about && coupon.excludes(key) {
                return Err(PlanError::CouponExcludesDiscount(coupon.id.clone(), key, kind));
            }
        }
    }
    for (coupon, _) in coupons {
        if is_below_minimum(order, reduced, coupon)? {
            return Err(PlanError::BelowMinimum(coupon.id.clone()));
        }
    }
    let key = match kind.modifier() {
        ModifierType::Promotion => LimitKey::SimultaneousUseWithPromotionDiscount,
        ModifierType::PromotionProduct => LimitKey::SimultaneousUseWithPromotionProduct,
        // No limit is about the others.
        _ => return Ok(()),
    };
    match coupons.iter().find(|(coupon, _)| coupon.excludes(key)) {
        Some((coupon, _)) => Err(PlanError::CouponExcludesPromotion(coupon.id.clone(), key)),
        None => Ok(()),
    }
}

/// Whether the discount leaves less than the coupon's least share on every line that has a price. The share is the
/// exact one: a discount of 90 % is 90 % also where a cent was rounded.
fn is_below_minimum(order: &OrderFacts<'_>, reduced: &[Exact], coupon: &Coupon) -> Result<bool, PlanError> {
    let Some(minimum) = coupon.minimum_share() else { return Ok(false) };
    let priced = order.lines.iter().zip(reduced).filter(|(line, _)| line.official.is_positive());
    let mut is_any = false;
    for (line, reduced) in priced {
        let list = Exact::from_charge(line.official);
        if list.checked_sub(*reduced)?.compare(list.times_quantity(minimum)?)? != Ordering::Less {
            return Ok(false);
        }
        is_any = true;
    }
    Ok(is_any)
}

/// A discount coupon against the others.
fn check_discount_coupon(coupons: &[Fitted<'_>]) -> Result<(), PlanError> {
    if !coupons.iter().any(|(coupon, _)| coupon.kind == CouponType::Discount) {
        return Ok(());
    }
    let key = LimitKey::SimultaneousUseWithDiscountCoupon;
    match coupons.iter().find(|(coupon, _)| coupon.excludes(key)) {
        Some((coupon, _)) => Err(PlanError::CouponExcludesPromotion(coupon.id.clone(), key)),
        None => Ok(()),
    }
}

/// The cards, each of them usable and named once, the earliest to expire first.
fn usable_cards<'a>(order: &OrderFacts<'_>, cards: &'a [Card]) -> Result<Vec<&'a Card>, PlanError> {
    let mut sorted: Vec<&Card> = cards.iter().collect();
    sorted.sort_by_key(|card| card.id.as_str());
    for (index, card) in sorted.iter().enumerate() {
        let unusable = |why| PlanError::Unusable(card.id.clone(), why);
        card.check_usable(order.now).map_err(unusable)?;
        if index > 0 && sorted[index - 1].id == card.id {
            return Err(unusable(Unusable::NamedTwice));
        }
    }
    sorted.sort_by_key(|card| (card.expires_at, card.id.as_str()));
    Ok(sorted)
}
