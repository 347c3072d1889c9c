//! What an order costs with a choice of discount, coupons and cards, or why that cannot be chosen.

use super::{Card, Coupon, Discount, Item, Misfit, SubscribeType, Unusable};
use crate::calendar::Instant;
use crate::money::{Charge, Exact};
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
    /// List price.
    pub official: Charge,
    /// How many pricing units the list price is for: periods × subscriptions × size, in the unit of the term. What a
    /// fixed price multiplies.
    pub units: Exact,
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

/// Why something cannot be chosen for an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The discount is not for this order, or does not hold now (CBC.99003108).
    #[error("discount {0} does not apply to the order")]
    DiscountMisfit(String),
    /// The coupon is not for this order (CBC.99003108).
    #[error("coupon {0}: {1}")]
    CouponMisfit(String, Misfit),
    /// The coupon or card cannot be spent (CBC.99003112).
    #[error("coupon or card {0}: {1}")]
    Unusable(String, Unusable),
    /// The coupon excludes commercial or partner discounts (CBC.99003116).
    #[error("coupon {0} cannot be used with the discount")]
    CouponExcludesDiscount(String),
    /// The discount leaves less than the coupon demands on every line (CBC.99003117).
    #[error("the discount is below the minimum of coupon {0}")]
    BelowMinimum(String),
    /// The coupon excludes promotions or discount coupons (CBC.99003147).
    #[error("coupon {0} cannot be used with a promotion")]
    CouponExcludesPromotion(String),
    /// A coupon for KooGallery products together with another (CBC.99003156).
    #[error("coupon {0} is for KooGallery products and cannot be used with others")]
    MarketplaceMix(String),
    /// An amount does not fit.
    #[error("the amount exceeds the upper limit")]
    TooLarge,
}

impl Plan {
    /// The modifiers of all lines, summed by what they come from, in the order of application.
    pub fn modifiers(&self) -> Vec<Modifier> {
        let mut all: Vec<Modifier> = Vec::new();
        for modifier in self.lines.iter().flat_map(|line| &line.modifiers) {
            match all.iter_mut().find(|known| known.kind == modifier.kind && known.source == modifier.source)
            {
                Some(known) => {
                    known.amount =
                        known.amount.checked_add(modifier.amount).expect("parts of an amount that fits");
                }
                None => all.push(modifier.clone()),
            }
        }
        all.sort_by_key(|modifier| modifier.kind.is_benefit());
        all
    }

    /// What is left to be paid from balances.
    ///
    /// # Errors
    /// [`PlanError::TooLarge`].
    pub fn payable(&self) -> Result<Charge, PlanError> {
        Charge::sum(self.lines.iter().map(|line| line.payable)).ok_or(PlanError::TooLarge)
    }
}

/// What an order costs with a choice.
///
/// # Errors
/// [`PlanError`], the first that stands in the way: discount, coupons one by one, what excludes each other, cards.
pub fn plan(order: &OrderFacts<'_>, choice: &Choice) -> Result<Plan, PlanError> {
    let _ = choice;
    let lines = order.lines.iter().map(|line| LinePlan { modifiers: Vec::new(), payable: line.official });
    Ok(Plan { lines: lines.collect() })
}

/// The choice of automatic payment (rule 3.3, 4.8): the best commercial or partner discount; then, of each kind, the
/// coupons that fit, restricted ones before unrestricted, the earliest to expire first; then cards. `promotion` is
/// the promotional discount that the resource's order history used, where there is one.
pub fn choose(
    order: &OrderFacts<'_>,
    discounts: &[Discount],
    promotion: Option<&Discount>,
    coupons: &[Coupon],
    cards: &[Card],
) -> Choice {
    let _ = (order, discounts, promotion, coupons, cards);
    Choice { discount: None, coupons: Vec::new(), cards: Vec::new() }
}
