//! Coupons as those see them who choose how to pay.

use domain::calendar::Instant;
use domain::money::{Charge, Currency};
use domain::promotion::Coupon;
use platform::db::{DbError, Tx};

use crate::promotions::store::coupons::StoredCoupon;
use crate::promotions::store::offered as store;

/// A coupon that could be spent now, with what is shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The coupon.
    pub coupon: Coupon,
    /// What it was worth when it was issued; zero of a discount coupon.
    pub face_value: Charge,
    /// Currency of its amounts.
    pub currency: Currency,
    /// Id of the promotion that it belongs to.
    pub plan_id: String,
    /// What the promotion is about.
    pub plan_desc: String,
    /// When it was issued.
    pub created_at: Instant,
    /// When it paid last.
    pub used_at: Option<Instant>,
}

/// The coupons of an account that could be spent at `now` for an order, which may hold some of them: valid, neither
/// frozen nor held by another order. Nothing is locked: who pays looks again. The earliest to expire first, at most a
/// bounded number.
pub async fn offered_coupons(
    tx: &mut Tx,
    owner: &str,
    order: &str,
    now: Instant,
) -> Result<Vec<Offered>, DbError> {
    let stored = store::list(tx, owner, order, now).await?;
    // What is left of a coupon, and how often it may pay, is a rule.
    let usable = stored.into_iter().filter(|stored| stored.coupon.check_usable(order, now).is_ok());
    let offered = |stored: StoredCoupon| Offered {
        coupon: stored.coupon,
        face_value: stored.face_value,
        currency: stored.currency,
        plan_id: stored.plan_id,
        plan_desc: stored.plan_desc,
        created_at: stored.created_at,
        used_at: stored.used_at,
    };
    Ok(usable.map(offered).collect())
}
