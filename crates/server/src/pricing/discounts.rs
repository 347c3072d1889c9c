//! What the discounts of a payer take off prices, exactly, before anything is shown or settled.

use std::sync::Arc;

use domain::calendar::{Instant, PeriodType};
use domain::money::{Exact, Overflow};
use domain::promotion::{Discount, DiscountType, Item, best_offer};
use platform::db::DbError;
use platform::op::Host;

use crate::app::App;
use crate::identity::service::{find_account, payer_of};
use crate::promotions::service::list_discounts;

const MONTHS_PER_YEAR: i64 = 12;

/// Something priced, as discounts look at it.
#[derive(Debug, Clone, Copy)]
pub struct Priced<'a> {
    /// What it is; its period is the unit in which the term was asked for.
    pub item: Item<'a>,
    /// The unit in which the catalogue prices that term; None for pay-per-use.
    pub priced_in: Option<PeriodType>,
    /// List price.
    pub list: Exact,
    /// How many pricing units the list price is for, in the unit of the item's period; what a fixed price multiplies.
    pub units: Exact,
}

impl<'a> Priced<'a> {
    /// The same as a discount for `wanted` sees it. A discount goes by the unit in which the product is priced (rule
    /// 3.4), so a discount for months is also for the year of a product that only months are priced of: that year
    /// is twelve months then, and a fixed price the price of a month. Every other term is in its own unit already.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn seen_by(&self, wanted: Option<PeriodType>) -> Result<(Item<'a>, Exact), Overflow> {
        if wanted.is_none() || wanted != self.priced_in || wanted == self.item.period {
            return Ok((self.item, self.units));
        }
        let months = self.item.period_num.checked_mul(MONTHS_PER_YEAR).ok_or(Overflow)?;
        let item = Item { period: wanted, period_num: months, ..self.item };
        Ok((item, self.units.times_int(MONTHS_PER_YEAR)?))
    }
}

/// What one discount takes off several prices.
#[derive(Debug, Clone)]
pub struct Reduction<'d> {
    /// The discount.
    pub discount: &'d Discount,
    /// What it takes off each, in their order.
    pub parts: Vec<Exact>,
    /// Their sum; above zero.
    pub total: Exact,
}

/// The discounts that hold at `now` and reduce at least one of the prices: commercial ones first, then those of
/// partners, then promotions; of one kind the oldest first.
///
/// # Errors
/// [`Overflow`].
pub fn reductions<'d, 'p>(
    discounts: &'d [Discount],
    now: Instant,
    prices: &[Priced<'p>],
) -> Result<Vec<Reduction<'d>>, Overflow> {
    let mut found = Vec::new();
    for discount in discounts.iter().filter(|discount| discount.is_valid(now)) {
        let seen = |price: &Priced<'p>| {
            let (item, units) = price.seen_by(discount.scope.period_type)?;
            Ok::<(Item<'p>, Exact, Exact), Overflow>((item, price.list, units))
        };
        let lines = prices.iter().map(seen).collect::<Result<Vec<_>, Overflow>>()?;
        if !lines.iter().any(|(item, ..)| discount.fits(item)) {
            continue;
        }
        let parts = discount.reduce(&lines)?;
        let total = Exact::sum(parts.iter().copied())?;
        if !total.is_zero() {
            found.push(Reduction { discount, parts, total });
        }
    }
    // The sort is stable, and discounts come the oldest first.
    found.sort_by_key(|reduction| (rank(reduction.discount.kind), reduction.discount.kind.code()));
    Ok(found)
}

/// Commercial before partner's before promotions (004 4.2.1).
fn rank(kind: DiscountType) -> u8 {
    match kind {
        DiscountType::Commercial | DiscountType::ResellerCommercial => 0,
        DiscountType::Partner => 1,
        DiscountType::PromotionProduct | DiscountType::PriceAdjustment | DiscountType::Promotion => 2,
    }
}

/// Which of [`reductions`] is the best offer (rule 3.3).
pub fn best(reductions: &[Reduction<'_>]) -> Option<usize> {
    let offers: Vec<_> = reductions.iter().map(|one| (one.discount.kind, one.total)).collect();
    best_offer(&offers)
}

/// Which of [`reductions`] a pay-per-use price is answered with: of the kinds that go first the one that takes off
/// most, on ties the earlier one.
///
/// # Errors
/// [`Overflow`].
pub fn preferred<'r, 'd>(reductions: &'r [Reduction<'d>]) -> Result<Option<&'r Reduction<'d>>, Overflow> {
    let Some(mut chosen) = reductions.first() else { return Ok(None) };
    for other in &reductions[1..] {
        let is_as_early = rank(other.discount.kind) == rank(chosen.discount.kind);
        if is_as_early && other.total.compare(chosen.total)?.is_gt() {
            chosen = other;
        }
    }
    Ok(Some(chosen))
}

/// The discounts of whoever pays for what `caller` buys. They are in memory except for the first time, so that an
/// inquiry makes no transaction.
pub async fn of_caller(app: &App, caller: &str) -> Result<Arc<Vec<Discount>>, DbError> {
    if let Some(account) = app.identity.account(caller)
        && let Some(known) = app.discounts.find(payer_of(&account))
    {
        return Ok(known);
    }
    let mut tx = app.db().begin_read().await?;
    let account = find_account(app, &mut tx, caller).await?;
    let payer = account.as_ref().map_or(caller, |account| payer_of(account));
    let discounts = list_discounts(app, &mut tx, payer).await?;
    tx.rollback().await;
    Ok(discounts)
}
