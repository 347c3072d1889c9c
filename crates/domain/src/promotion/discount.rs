//! Discounts: who granted one, how it reduces a price, and what it is for (rules 3.3, 3.4, 4.3).

use std::cmp::Ordering;

use super::{Item, ModifierType};
use crate::calendar::{Instant, PeriodType};
use crate::money::{Charge, Exact, Overflow, Price, Rounding, Scaled, split};
use crate::order::codes;
use crate::quantity::Quantity;

/// Months that a discount for months sees in a year that is priced by the month.
const MONTHS_PER_YEAR: i64 = 12;

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

    /// Under which an order lists what it reduced.
    pub fn modifier(self) -> ModifierType {
        match self {
            Self::PromotionProduct => ModifierType::PromotionProduct,
            Self::Commercial => ModifierType::Commercial,
            Self::ResellerCommercial => ModifierType::ResellerCommercial,
            Self::Partner => ModifierType::Partner,
            Self::PriceAdjustment => ModifierType::PriceAdjustment,
            Self::Promotion => ModifierType::Promotion,
        }
    }

    /// A commercial discount, whoever's contract it is.
    pub fn is_commercial(self) -> bool {
        matches!(self, Self::Commercial | Self::ResellerCommercial)
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

/// A price as a discount reduces it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reducible<'a> {
    /// What it is for.
    pub item: Item<'a>,
    /// List price.
    pub list: Exact,
    /// How many pricing units it is for; what a fixed price multiplies.
    pub units: Exact,
    /// What is taken off a fixed price: of a change of specification what the old one would cost for the rest of the
    /// term, since its list price is a difference (rule 2.6); else zero.
    pub credit: Exact,
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

    /// Whether it is for this item. An amount off is for orders only, and never for pay-per-use.
    pub fn fits(&self, item: &Item<'_>) -> bool {
        let is = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|wanted| wanted == own);
        let is_sold_so = !matches!(self.mode, DiscountMode::AmountOff(_)) || item.period.is_some();
        is_sold_so
            && is(&self.scope.service_type, item.service_type)
            && is(&self.scope.resource_type, item.resource_type)
            && is(&self.scope.product_id, item.product_id)
            && is(&self.scope.region, item.region)
            && self
                .scope
                .period_type
                .is_none_or(|period| [item.period, item.priced_in].contains(&Some(period)))
    }

    /// What each of several list prices is reduced by, exactly; zero where the discount does not fit or would not
    /// make the price smaller. Whether the discount holds now is not looked at.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn reduce(&self, lines: &[Reducible<'_>]) -> Result<Vec<Exact>, Overflow> {
        let mut lists = Vec::with_capacity(lines.len());
        for line in lines {
            let has_price = line.list.compare(Exact::zero())? == Ordering::Greater;
            lists.push(if has_price && self.fits(&line.item) { line.list } else { Exact::zero() });
        }
        match self.mode {
            DiscountMode::Ratio(ratio) => {
                let off = share_off(ratio);
                lists.into_iter().map(|list| list.times_quantity(off)).collect()
            }
            DiscountMode::FixedPrice(price) => {
                let reduced = |(list, line): (Exact, &Reducible<'_>)| {
                    let fixed = self.units(&line.item, line.units)?.times_price(price)?;
                    // A fixed price below that of the old specification makes the change free, and no more.
                    smaller(list, above(list, fixed.checked_sub(line.credit)?)?)
                };
                lists.into_iter().zip(lines).map(reduced).collect()
            }
            DiscountMode::AmountOff(amount) => share_out(amount, &lists),
        }
    }

    /// How many of the units that a fixed price is for: a discount for months sees twelve in the year of a product
    /// that only months are priced of.
    fn units(&self, item: &Item<'_>, units: Exact) -> Result<Exact, Overflow> {
        let is_of_months = self.scope.period_type == Some(PeriodType::Month);
        match item.period {
            Some(PeriodType::Year) if is_of_months => units.times_int(MONTHS_PER_YEAR),
            _ => Ok(units),
        }
    }
}

/// What is not paid where this share is paid; nothing for a share of one or more.
pub(super) fn share_off(ratio: Quantity) -> Quantity {
    let whole = Quantity::from_int(1).expect("one is a quantity");
    whole.checked_sub(ratio).unwrap_or(Quantity::ZERO)
}

/// By how much a list price exceeds another price; zero where it does not.
fn above(list: Exact, price: Exact) -> Result<Exact, Overflow> {
    let excess = list.checked_sub(price)?;
    Ok(if excess.compare(Exact::zero())? == Ordering::Greater { excess } else { Exact::zero() })
}

/// Shares out an amount over list prices in proportion, no share above its price. The shares are whole cents by the
/// prices in cents, so that an inquiry shows what the order will do; only where a price that is not a whole number
/// of cents is too small for its share, the rest of the share goes to the others.
fn share_out(amount: Charge, lists: &[Exact]) -> Result<Vec<Exact>, Overflow> {
    if lists.is_empty() || !amount.is_positive() {
        return Ok(vec![Exact::zero(); lists.len()]);
    }
    let amount_off = Exact::from_charge(amount);
    if amount_off.compare(Exact::sum(lists.iter().copied())?)? != Ordering::Less {
        return Ok(lists.to_vec());
    }
    let mut weights = Vec::with_capacity(lists.len());
    for list in lists {
        weights.push(list.settle(Rounding::HalfUp)?.units());
    }
    let mut shares = Vec::with_capacity(lists.len());
    let mut left = amount_off;
    for (share, list) in split(amount, &weights).into_iter().zip(lists) {
        let share = smaller(Exact::from_charge(share), *list)?;
        left = left.checked_sub(share)?;
        shares.push(share);
    }
    for (share, list) in shares.iter_mut().zip(lists) {
        let more = smaller(left, list.checked_sub(*share)?)?;
        *share = share.checked_add(more)?;
        left = left.checked_sub(more)?;
    }
    Ok(shares)
}

fn smaller(a: Exact, b: Exact) -> Result<Exact, Overflow> {
    Ok(if a.compare(b)? == Ordering::Greater { b } else { a })
}

/// Which of several offers is the best one: the largest amount, on ties the lowest code (605, 606, 607), then the
/// first. None where no commercial or partner discount reduces anything (rule 3.3).
pub fn best_offer(offers: &[(DiscountType, Exact)]) -> Option<usize> {
    // Two amounts whose difference does not fit are taken for equal; no price list comes near them.
    let compare = |a: Exact, b: Exact| a.compare(b).unwrap_or(Ordering::Equal);
    let mut best: Option<usize> = None;
    for (index, (kind, amount)) in offers.iter().enumerate() {
        if !kind.is_offer() || compare(*amount, Exact::zero()) != Ordering::Greater {
            continue;
        }
        let is_better = best.is_none_or(|best| match compare(*amount, offers[best].1) {
            Ordering::Greater => true,
            Ordering::Equal => kind.code() < offers[best].0.code(),
            Ordering::Less => false,
        });
        if is_better {
            best = Some(index);
        }
    }
    best
}
