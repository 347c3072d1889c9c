//! Prices that depend on how much is used.
//!
//! By volume, all of the usage has the price of the tier that the total reaches. Graduated, each part of the
//! usage has the price of the tier it falls in. An upper bound belongs to its tier: exactly 100 is still in
//! the tier "up to 100".

use std::cmp::Ordering;

use super::{PriceError, UsagePart, check_price};
use crate::money::{Exact, Overflow, Price};
use crate::quantity::Quantity;

/// How tiers are read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TierMode {
    /// The total decides the price of all.
    Volume,
    /// Each part has the price of its tier.
    Graduated,
}

/// One tier: a price, up to and including a bound in pricing units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tier {
    /// The upper bound, which belongs to the tier; None in the last.
    pub up_to: Option<Quantity>,
    /// The price of a unit in this tier.
    pub price: Price,
}

/// Tiers that ascend, the last open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TieredPrice {
    mode: TierMode,
    tiers: Vec<Tier>,
}

impl TieredPrice {
    /// A price for each tier.
    ///
    /// # Errors
    /// [`PriceError`], by what is wrong with the tiers.
    pub fn new(mode: TierMode, tiers: Vec<Tier>) -> Result<Self, PriceError> {
        let (last, bounded) = tiers.split_last().ok_or(PriceError::Empty)?;
        if last.up_to.is_some() {
            return Err(PriceError::NotOpen);
        }
        let mut below = Quantity::ZERO;
        for tier in bounded {
            let bound = tier.up_to.ok_or(PriceError::NotOpen)?;
            if bound <= below {
                return Err(PriceError::NotAscending);
            }
            below = bound;
        }
        tiers.iter().try_for_each(|tier| check_price(tier.price).map(|_| ()))?;
        Ok(Self { mode, tiers })
    }

    /// How the tiers are read.
    pub fn mode(&self) -> TierMode {
        self.mode
    }

    /// The tiers, ascending.
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    pub(super) fn rate(&self, units: Exact) -> Result<Exact, Overflow> {
        let parts = self.parts(units)?;
        parts.iter().try_fold(Exact::zero(), |sum, part| sum.checked_add(part.amount()?))
    }

    /// What a usage is made of, tier by tier: its price is the sum of these. By volume all of it is in one tier.
    pub(super) fn parts(&self, units: Exact) -> Result<Vec<UsagePart>, Overflow> {
        let mut parts = Vec::new();
        let mut below = None;
        for tier in &self.tiers {
            let is_last = is_within(units, tier.up_to)?;
            let part = |units| UsagePart { above: below, up_to: tier.up_to, units, price: tier.price };
            match (self.mode, tier.up_to) {
                (TierMode::Volume, _) if is_last => return Ok(vec![part(units)]),
                (TierMode::Volume, _) => {}
                (TierMode::Graduated, Some(bound)) if !is_last => {
                    parts.push(part(Exact::from_quantity(bound).checked_sub(floor_of(below))?));
                }
                (TierMode::Graduated, _) => {
                    parts.push(part(units.checked_sub(floor_of(below))?));
                    return Ok(parts);
                }
            }
            below = tier.up_to;
        }
        unreachable!("the last tier is open")
    }
}

/// Where a tier begins.
fn floor_of(above: Option<Quantity>) -> Exact {
    above.map_or(Exact::zero(), Exact::from_quantity)
}

fn is_within(units: Exact, up_to: Option<Quantity>) -> Result<bool, Overflow> {
    match up_to {
        Some(bound) => Ok(units.compare(Exact::from_quantity(bound))? != Ordering::Greater),
        None => Ok(true),
    }
}
