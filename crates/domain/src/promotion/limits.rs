//! Whether a coupon can be spent, and which lines of an order its limits admit (004 table 8-5, rules 4.5, 4.6).
//!
//! A key that is absent admits everything. A key that is there several times admits what one of its values names;
//! of a switch, a list of what is denied or a least share, each value holds. A value that cannot be read admits
//! nothing: a coupon with a limit that nobody understands pays for nothing rather than for everything.

use super::{Card, Coupon, CouponType, Item, Limit, LimitKey, Misfit, OrderFacts, PricedLine, Unusable};
use crate::calendar::{Instant, PeriodType};
use crate::money::{AmountError, Charge};
use crate::quantity::Quantity;

const MONTHS_PER_YEAR: i64 = 12;

impl LimitKey {
    /// Whether the key means anything on a coupon of this kind (the remarks of 004 table 8-5); where it does not, it
    /// is not looked at.
    pub fn applies_to(self, kind: CouponType) -> bool {
        match self {
            Self::BaseValue
            | Self::ServiceType
            | Self::RegionCode
            | Self::ProductId
            | Self::SubscribeType
            | Self::CycleType
            | Self::CycleNum
            | Self::FirstOrderInService
            | Self::UsageTimes
            | Self::SimultaneousUseWithEmpowerDiscount
            | Self::SimultaneousUseWithContractDiscount => true,
            Self::ServiceTypeBlackList | Self::IsOnlyForStrictSelected | Self::IsRebate => {
                kind == CouponType::Flexi
            }
            Self::IsForAnnualContracts | Self::SimultaneousUseWithPromotionProduct => {
                kind != CouponType::Flexi
            }
            Self::MinConsumeDiscount => kind != CouponType::Discount,
            Self::SimultaneousUseWithPromotionDiscount | Self::SimultaneousUseWithDiscountCoupon => {
                kind == CouponType::Cash
            }
        }
    }
}

impl Coupon {
    /// Whether it can be spent at `now` for an order, which may hold it already.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn check_usable(&self, order_id: &str, now: Instant) -> Result<(), Unusable> {
        check_time(self.is_withdrawn, self.valid_from, self.expires_at, now)?;
        if self.is_frozen {
            return Err(Unusable::Frozen);
        }
        let is_empty = match self.kind {
            CouponType::Discount => self.ratio.is_none(),
            CouponType::Cash | CouponType::Flexi => !self.balance.is_positive(),
        };
        if self.is_once() && self.uses > 0 {
            return Err(Unusable::UsedOnce);
        }
        if is_empty {
            return Err(Unusable::Spent);
        }
        match &self.lock_order {
            Some(holder) if holder != order_id => Err(Unusable::Locked),
            _ => Ok(()),
        }
    }

    /// It pays once, whatever is left of it. Rule 4.6 would let N be N times, but table 8-5 lets a coupon that is
    /// still sold be used once or without limit: any other number counts as 0, and a discount coupon pays once always.
    pub fn is_once(&self) -> bool {
        let once = |limit: &Limit| limit.value1 == "1";
        self.kind == CouponType::Discount || self.limits_on(LimitKey::UsageTimes).any(once)
    }

    /// Something decides for which orders it is: automatic payment spends such a coupon first (rule 4.8). A switch
    /// that is off, and the universal kind of term, decide nothing.
    pub fn is_restricted(&self) -> bool {
        let restricts = |limit: &Limit| match limit.key {
            LimitKey::BaseValue
            | LimitKey::ServiceType
            | LimitKey::ServiceTypeBlackList
            | LimitKey::RegionCode
            | LimitKey::ProductId
            | LimitKey::SubscribeType
            | LimitKey::CycleNum => true,
            LimitKey::CycleType => limit.value1 != "6",
            LimitKey::FirstOrderInService
            | LimitKey::IsForAnnualContracts
            | LimitKey::IsOnlyForStrictSelected => limit.value1 != "0",
            LimitKey::UsageTimes
            | LimitKey::IsRebate
            | LimitKey::MinConsumeDiscount
            | LimitKey::SimultaneousUseWithEmpowerDiscount
            | LimitKey::SimultaneousUseWithContractDiscount
            | LimitKey::SimultaneousUseWithPromotionDiscount
            | LimitKey::SimultaneousUseWithPromotionProduct
            | LimitKey::SimultaneousUseWithDiscountCoupon => false,
        };
        self.limits.iter().any(|limit| limit.key.applies_to(self.kind) && restricts(limit))
    }

    /// Which lines of an order it fits, at least one of them. `due` is what each line costs after the discount, which
    /// `baseValue` looks at: it counts the lines that the other limits admit.
    ///
    /// # Errors
    /// [`Misfit`], by the first limit, in the order of [`LimitKey::NAMES`], that leaves no line.
    pub fn fitting_lines(&self, order: &OrderFacts<'_>, due: &[Charge]) -> Result<Vec<bool>, Misfit> {
        let mut fits = vec![true; order.lines.len()];
        for (_, key) in LimitKey::NAMES {
            let limits: Vec<&Limit> = self.limits_on(key).collect();
            // Discount coupons are for terms only, with or without a limit that says so.
            let is_for_terms = key == LimitKey::CycleType && self.kind == CouponType::Discount;
            if limits.is_empty() && !is_for_terms {
                continue;
            }
            let before = fits.clone();
            for (fits, line) in fits.iter_mut().zip(order.lines) {
                *fits = *fits
                    && admits(key, &limits, order, &line.item)
                    && (!is_for_terms || line.item.period.is_some());
            }
            if !fits.contains(&true) {
                let left = order.lines.iter().zip(before).filter(|(_, was)| *was);
                let found = left.map(|(line, _)| shown(key, order, &line.item));
                return Err(misfit(key, &limits, found));
            }
        }
        let bounds: Vec<&Limit> = self.limits_on(LimitKey::BaseValue).collect();
        if !bounds.is_empty() {
            let fitting = due.iter().zip(&fits).filter(|(_, fits)| **fits).map(|(due, _)| *due);
            let amount = Charge::sum(fitting);
            let holds = |amount: Charge| bounds.iter().any(|limit| admits_amount(limit, amount) == Ok(true));
            if !amount.is_some_and(holds) {
                let found = amount.iter().map(Charge::to_string);
                return Err(misfit(LimitKey::BaseValue, &bounds, found));
            }
        }
        Ok(fits)
    }

    /// It is for KooGallery products alone: the limit to featured ones says so, or it is limited to services and every
    /// line that it fits is a KooGallery product. A coupon without such a limit is not, even where it pays for one.
    pub fn is_for_marketplace(&self, lines: &[PricedLine<'_>], fits: &[bool]) -> bool {
        let is_on = |limit: &Limit| limit.value1 == "1";
        let mut fitting = lines.iter().zip(fits).filter(|(_, fits)| **fits);
        self.limits_on(LimitKey::IsOnlyForStrictSelected).any(is_on)
            || self.limits_on(LimitKey::ServiceType).next().is_some()
                && fitting.all(|(line, _)| line.item.is_marketplace)
    }

    /// One of the keys that say what it goes together with says no. A discount coupon never goes together with
    /// commercial and partner discounts once its limits speak of them: the only value there is 0 (004 table 8-5).
    pub fn excludes(&self, key: LimitKey) -> bool {
        let is_always_off =
            self.kind == CouponType::Discount && key == LimitKey::SimultaneousUseWithEmpowerDiscount;
        self.limits_on(key).any(|limit| is_always_off || limit.value1 == "0")
    }

    /// The least share of the list price that a discount may leave; the largest where there are several.
    pub fn minimum_share(&self) -> Option<Quantity> {
        self.limits_on(LimitKey::MinConsumeDiscount).filter_map(|limit| share(&limit.value1)).max()
    }

    fn limits_on(&self, key: LimitKey) -> impl Iterator<Item = &Limit> {
        self.limits.iter().filter(move |limit| limit.key == key && key.applies_to(self.kind))
    }
}

impl Card {
    /// Whether it can be spent at `now`.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn check_usable(&self, now: Instant) -> Result<(), Unusable> {
        check_time(self.is_withdrawn, self.valid_from, self.expires_at, now)?;
        if self.balance.is_positive() { Ok(()) } else { Err(Unusable::Spent) }
    }
}

fn misfit(key: LimitKey, limits: &[&Limit], found: impl Iterator<Item = String>) -> Misfit {
    let mut each: Vec<String> = Vec::new();
    for value in found {
        if !value.is_empty() && !each.contains(&value) {
            each.push(value);
        }
    }
    Misfit { key, limits: limits.iter().map(|limit| (*limit).clone()).collect(), found: each }
}

/// What a limit of this key is compared with, in the words of its values; empty where the key is a switch.
fn shown(key: LimitKey, order: &OrderFacts<'_>, item: &Item<'_>) -> String {
    match key {
        LimitKey::ServiceType | LimitKey::ServiceTypeBlackList | LimitKey::FirstOrderInService => {
            item.service_type.to_owned()
        }
        LimitKey::RegionCode => item.region.to_owned(),
        LimitKey::ProductId => item.product_id.to_owned(),
        LimitKey::SubscribeType => order.subscribe.name().to_owned(),
        LimitKey::CycleType => cycle_code(item.period).to_owned(),
        LimitKey::CycleNum => item.period_num.to_string(),
        LimitKey::BaseValue
        | LimitKey::UsageTimes
        | LimitKey::IsForAnnualContracts
        | LimitKey::IsOnlyForStrictSelected
        | LimitKey::IsRebate
        | LimitKey::MinConsumeDiscount
        | LimitKey::SimultaneousUseWithEmpowerDiscount
        | LimitKey::SimultaneousUseWithContractDiscount
        | LimitKey::SimultaneousUseWithPromotionDiscount
        | LimitKey::SimultaneousUseWithPromotionProduct
        | LimitKey::SimultaneousUseWithDiscountCoupon => String::new(),
    }
}

/// The `cycleType` of a term; weeks have none.
fn cycle_code(period: Option<PeriodType>) -> &'static str {
    match period {
        Some(PeriodType::Year) => "1",
        Some(PeriodType::Month) => "2",
        Some(PeriodType::Day) => "3",
        Some(PeriodType::Hour) => "4",
        Some(PeriodType::Week) => "0",
        None => "5",
    }
}

/// The validity is half open (rule 4.7).
fn check_time(
    is_withdrawn: bool,
    valid_from: Instant,
    expires_at: Instant,
    now: Instant,
) -> Result<(), Unusable> {
    if is_withdrawn {
        Err(Unusable::Withdrawn)
    } else if now < valid_from {
        Err(Unusable::NotYetValid)
    } else if now >= expires_at {
        Err(Unusable::Expired)
    } else {
        Ok(())
    }
}

/// Whether the limits of one key, of which there may be none, admit a line.
fn admits(key: LimitKey, limits: &[&Limit], order: &OrderFacts<'_>, item: &Item<'_>) -> bool {
    let one_is = |own: &str| limits.iter().any(|limit| limit.value1 == own);
    let where_on =
        |holds: bool| limits.iter().all(|limit| switch(&limit.value1).is_some_and(|on| !on || holds));
    match key {
        // By the amount of the lines that fit, which are not known yet; and without an effect on payment.
        LimitKey::BaseValue | LimitKey::IsRebate => true,
        LimitKey::ServiceType => one_is(item.service_type),
        LimitKey::ServiceTypeBlackList => !one_is(item.service_type),
        LimitKey::RegionCode => one_is(item.region),
        LimitKey::ProductId => {
            let names = |limit: &&Limit| limit.value1.split(',').any(|id| id.trim() == item.product_id);
            limits.iter().any(names)
        }
        LimitKey::SubscribeType => one_is(order.subscribe.name()),
        LimitKey::CycleType => {
            limits.is_empty() || limits.iter().any(|limit| admits_cycle(&limit.value1, item.period))
        }
        LimitKey::CycleNum => limits.iter().any(|limit| limit.value1.parse() == Ok(item.period_num)),
        LimitKey::FirstOrderInService => {
            where_on(order.first_services.iter().any(|service| service == item.service_type))
        }
        LimitKey::UsageTimes => limits.iter().all(|limit| limit.value1.parse::<u32>().is_ok()),
        LimitKey::IsForAnnualContracts => where_on(is_one_year(item)),
        LimitKey::IsOnlyForStrictSelected => where_on(item.is_marketplace),
        LimitKey::MinConsumeDiscount => limits.iter().all(|limit| share(&limit.value1).is_some()),
        // What these exclude is another error; here they only have to be readable.
        LimitKey::SimultaneousUseWithEmpowerDiscount
        | LimitKey::SimultaneousUseWithContractDiscount
        | LimitKey::SimultaneousUseWithPromotionDiscount
        | LimitKey::SimultaneousUseWithPromotionProduct
        | LimitKey::SimultaneousUseWithDiscountCoupon => where_on(true),
    }
}

/// A `cycleType` of table 8-5 against the unit of a term, None for pay-per-use. One-off payments (7), reserved
/// instances (8) and savings plans (11) are not sold here; weeks have no code of their own.
fn admits_cycle(code: &str, period: Option<PeriodType>) -> bool {
    match code {
        "0" => period.is_some(),
        "1" => period == Some(PeriodType::Year),
        "2" => period == Some(PeriodType::Month),
        "3" => period == Some(PeriodType::Day),
        "4" => period == Some(PeriodType::Hour),
        "5" => period.is_none(),
        "6" => true,
        _ => false,
    }
}

fn is_one_year(item: &Item<'_>) -> bool {
    match item.period {
        Some(PeriodType::Year) => item.period_num == 1,
        Some(PeriodType::Month) => item.period_num == MONTHS_PER_YEAR,
        Some(PeriodType::Day | PeriodType::Week | PeriodType::Hour) | None => false,
    }
}

/// value1 <= amount <= value2; an empty bound is open.
fn admits_amount(limit: &Limit, amount: Charge) -> Result<bool, AmountError> {
    let bound = |text: &str| if text.is_empty() { Ok(None) } else { Charge::parse(text).map(Some) };
    let least = bound(&limit.value1)?;
    let most = bound(limit.value2.as_deref().unwrap_or_default())?;
    Ok(least.is_none_or(|least| least <= amount) && most.is_none_or(|most| amount <= most))
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// A share above 0 and below 1.
fn share(text: &str) -> Option<Quantity> {
    let whole = Quantity::from_int(1).expect("one is a quantity");
    Quantity::parse(text).ok().filter(|share| !share.is_zero() && *share < whole)
}
