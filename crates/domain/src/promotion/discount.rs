//! Discounts: who granted one, how it reduces a price, and what it is for (rules 3.3, 3.4, 4.3).

use super::Item;
use crate::calendar::{Instant, PeriodType};
use crate::money::{Charge, Exact, Overflow, Price};
use crate::order::codes;
use crate::quantity::Quantity;

codes! {
    /// What kind of discount it is (004 tables 4-24 and 8-9).
    DiscountType {
        /// A promotion product: the price of a product during a promotion.
        PromotionProduct = 200,
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

impl DiscountType {
    /// The type by which a payment names it (004 table 8-20): 0 promotion, 2 commercial, 3 granted by a partner.
    pub fn pay_type(self) -> i64 {
        match self {
            Self::PromotionProduct | Self::Promotion => 0,
            Self::Commercial | Self::ResellerCommercial => 2,
            Self::Partner => 3,
            Self::PriceAdjustment => 609,
        }
    }

    /// Commercial and partner discounts compete for the best offer; promotions never do (rule 3.3).
    pub fn is_offer(self) -> bool {
        matches!(self, Self::Commercial | Self::ResellerCommercial | Self::Partner)
    }
}

/// How a discount reduces a price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DiscountMode {
    /// The share that the customer pays, above 0 and below 1.
    Ratio(Quantity),
    /// What one period (or one unit of usage) of one subscription and one unit of size costs instead.
    FixedPrice(Price),
    /// So much less for the whole order, shared out over its fitting lines by their list prices. Not for
    /// pay-per-use.
    AmountOff(Charge),
}

impl DiscountMode {
    /// The code on the wire (rule 4.3): 0 ratio, 1 fixed price, 2 amount off.
    pub fn code(self) -> i64 {
        match self {
            Self::Ratio(_) => 0,
            Self::FixedPrice(_) => 1,
            Self::AmountOff(_) => 2,
        }
    }
}

/// What a discount is for; an absent part fits everything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    /// Service code.
    pub service_type: Option<String>,
    /// Resource type code.
    pub resource_type: Option<String>,
    /// Product id.
    pub product_id: Option<String>,
    /// Region code.
    pub region: Option<String>,
    /// Unit of the term, compared with the unit in which the product is priced (rule 3.4).
    pub period_type: Option<PeriodType>,
}

/// A discount that somebody granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Discount {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: DiscountType,
    /// How it reduces.
    pub mode: DiscountMode,
    /// What it is for.
    pub scope: Scope,
    /// First instant.
    pub valid_from: Instant,
    /// First instant at which it no longer holds.
    pub expires_at: Option<Instant>,
}

impl Discount {
    /// Whether it holds at `now`.
    pub fn is_valid(&self, now: Instant) -> bool {
        self.valid_from <= now && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it is for this item.
    pub fn fits(&self, item: &Item<'_>) -> bool {
        let is = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|wanted| wanted == own);
        is(&self.scope.service_type, item.service_type)
            && is(&self.scope.resource_type, item.resource_type)
            && is(&self.scope.product_id, item.product_id)
            && is(&self.scope.region, item.region)
            && self.scope.period_type.is_none_or(|period| item.period == Some(period))
    }

    /// What each of several prices is reduced by, exactly; zero where it does not fit. `units` of a line is how many
    /// pricing units its price is for, which a fixed price multiplies.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn reduce(&self, lines: &[(Item<'_>, Exact, Exact)]) -> Result<Vec<Exact>, Overflow> {
        let _ = lines;
        Ok(vec![Exact::zero(); lines.len()])
    }
}

/// Which of several offers is the best one: the largest amount, on ties the lowest code (605, 606, 607), then the
/// first. None where no commercial or partner discount reduces anything (rule 3.3).
pub fn best_offer(offers: &[(DiscountType, Exact)]) -> Option<usize> {
    let _ = offers;
    None
}
