//! Coupons as those see them who choose how to pay.

use domain::calendar::Instant;
use domain::promotion::LimitKey;
use platform::db::{DbError, Tx};
use schemars::JsonSchema;
use serde::Serialize;

use crate::promotions::store::coupons::StoredCoupon;
use crate::promotions::store::offered as store;

/// A limit of a coupon as lists show it (004 table 8-4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UseLimit {
    /// Its id.
    use_limiti_info_id: String,
    /// What it is about (004 table 8-5).
    limit_key: &'static str,
    /// Value 1.
    value1: String,
    /// Value 2; empty where the key has none.
    value2: String,
    /// The currency of amounts; otherwise empty.
    value_unit: &'static str,
    /// How the values are compared.
    limit_type: &'static str,
    /// Id of the promotion.
    promotion_plan_id: String,
}

/// The limits of a coupon, numbered in the order in which it was issued with them.
pub fn use_limits(stored: &StoredCoupon) -> Vec<UseLimit> {
    let shown = |(index, limit): (usize, &domain::promotion::Limit)| UseLimit {
        use_limiti_info_id: format!("{}-{:02}", stored.coupon.id, index + 1),
        limit_key: limit.key.name(),
        value1: limit.value1.clone(),
        value2: limit.value2.clone().unwrap_or_default(),
        value_unit: if limit.key == LimitKey::BaseValue { stored.currency.code() } else { "" },
        limit_type: "=",
        promotion_plan_id: stored.plan_id.clone(),
    };
    stored.coupon.limits.iter().enumerate().map(shown).collect()
}

/// The coupons of an account that could be spent at `now` for an order, which may hold some of them: valid, neither
/// frozen nor held by another order. Nothing is locked: who pays looks again. The earliest to expire first, at most a
/// bounded number.
pub async fn offered_coupons(
    tx: &mut Tx,
    owner: &str,
    order: &str,
    now: Instant,
) -> Result<Vec<StoredCoupon>, DbError> {
    let mut stored = store::list(tx, owner, order, now).await?;
    // What is left of a coupon, and how often it may pay, is a rule.
    stored.retain(|stored| stored.coupon.check_usable(order, now).is_ok());
    Ok(stored)
}
