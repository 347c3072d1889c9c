//! Which coupons an order that waits for payment can be paid with.

use domain::promotion::{Choice, Coupon, OrderFacts, plan};

use super::charge::{Bill, Facts};
use crate::Cx;
use crate::orders::errors::OrderError;
use crate::promotions::service::{StoredCoupon, offered_coupons};

/// The coupons of the payer of some orders, which are paid together, that would pay for something of them: each by
/// itself and without a discount, since which of them go together is the choice of who pays.
///
/// # Errors
/// [`OrderError::Api`] where the database fails.
pub async fn fitting_coupons(cx: &mut Cx, bills: &[Bill]) -> Result<Vec<StoredCoupon>, OrderError> {
    let Some(first) = bills.first() else { return Ok(Vec::new()) };
    let order = &first.order;
    let holder = order.combined.as_ref().unwrap_or(&order.id);
    let mut offered = offered_coupons(&mut cx.tx, &order.payer, holder, cx.now).await?;
    let coupons: Vec<Coupon> = offered.iter().map(|offered| offered.coupon.clone()).collect();
    let catalog = cx.app.catalog.current();
    let mut facts = Facts::of(bills, &catalog, cx.now);
    facts.look_up_firsts(&mut cx.tx, &order.account, &coupons).await?;
    let view = facts.view();
    let mut choice = Choice { discount: None, coupons: Vec::new(), cards: Vec::new() };
    offered.retain(|offered| {
        choice.coupons = vec![offered.coupon.clone()];
        pays(&view, &choice)
    });
    Ok(offered)
}

/// The one coupon of a choice gives something.
fn pays(order: &OrderFacts<'_>, choice: &Choice) -> bool {
    let Ok(planned) = plan(order, choice) else { return false };
    let mut given = planned.lines.iter().flat_map(|line| &line.modifiers);
    given.any(|modifier| choice.coupons.iter().any(|coupon| coupon.id == modifier.source))
}
