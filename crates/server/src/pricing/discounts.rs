//! What the discounts of a payer take off prices, exactly, before anything is shown or settled.

use std::sync::Arc;

use domain::calendar::Instant;
use domain::money::{Exact, Overflow};
use domain::promotion::{Discount, DiscountType, Item, Reducible, best_offer};
use platform::db::DbError;
use platform::op::Host;

use crate::app::App;
use crate::identity::service::{find_account, payer_of};
use crate::promotions::service::list_discounts;

/// Something priced, as discounts look at it.
#[derive(Debug, Clone, Copy)]
pub struct Priced<'a> {
    /// What it is.
    pub item: Item<'a>,
    /// List price.
    pub list: Exact,
    /// How many pricing units the list price is for; what a fixed price multiplies.
    pub units: Exact,
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
pub fn reductions<'d>(
    discounts: &'d [Discount],
    now: Instant,
    prices: &[Priced<'_>],
) -> Result<Vec<Reduction<'d>>, Overflow> {
    let mut found = Vec::new();
    let credit = Exact::zero();
    let lines: Vec<Reducible<'_>> = prices
        .iter()
        .map(|price| Reducible { item: price.item, list: price.list, units: price.units, credit })
        .collect();
    for discount in discounts.iter().filter(|discount| discount.is_valid(now)) {
        if !lines.iter().any(|line| discount.fits(&line.item)) {
            continue;
        }
        let parts = discount.reduce(&lines)?;
        let total = Exact::sum(parts.iter().copied())?;
        if !total.is_zero() {
            found.push(Reduction { discount, parts, total });
        }
    }
    // The sort is stable, and discounts come the oldest first.
    found.sort_by_key(|reduction| precedence(reduction.discount.kind));
    Ok(found)
}

/// In which order discounts are shown: by [`rank`], then by their codes.
pub fn precedence(kind: DiscountType) -> (u8, i64) {
    (rank(kind), kind.code())
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
