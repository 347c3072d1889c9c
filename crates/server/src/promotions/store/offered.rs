//! Reading coupons for the choice of how to pay, without locks.

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::params;

use super::coupons::{StoredCoupon, coupon_columns, from_row};

/// The most coupons that are offered for one order, or among which automatic payment chooses.
const OFFERED_MAX: i64 = 1_000;

platform::statements! {
    /// The coupons of an account that could be spent for an order, the earliest to expire first.
    const LIST = concat!("select ", coupon_columns!(), " from coupons where account_id = $1 and status = 2 \
        and is_frozen = 0 and valid_from <= $2 and expires_at > $2 \
        and (lock_order_id is null or lock_order_id = $3) order by expires_at, id limit $4");
}

/// The coupons of `owner` that could be spent at `now` for an order, as far as a condition tells.
pub(in crate::promotions) async fn list(
    tx: &mut Tx,
    owner: &str,
    order: &str,
    now: Instant,
) -> Result<Vec<StoredCoupon>, DbError> {
    let rows = tx.all(LIST, params![owner, now.ms(), order, OFFERED_MAX]).await?;
    Ok(rows.into_iter().map(from_row).collect())
}
