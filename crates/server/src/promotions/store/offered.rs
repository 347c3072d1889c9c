//! Reading coupons for the choice of how to pay, without locks.

use domain::calendar::Instant;
use domain::money::Charge;
use domain::promotion::{Coupon, CouponType, Limit, LimitKey};
use domain::quantity::Quantity;
use platform::db::{DbError, Row, Tx};
use platform::params;
use serde::Deserialize;

use crate::promotions::service::Offered;

/// The most coupons that are offered for one order.
const OFFERED_MAX: i64 = 1_000;

platform::statements! {
    /// The coupons of an account that could be spent for an order, the newest first.
    const LIST = "select id, coupon_type, face_value, ratio, balance, lock_order_id, uses, valid_from, expires_at, \
        used_at, promotion_plan_id, plan_name, plan_desc, limits, created_at from coupons \
        where account_id = $1 and status = 2 and is_frozen = 0 and valid_from <= $2 and expires_at > $2 \
        and (lock_order_id is null or lock_order_id = $3) order by created_at desc, id desc limit $4";
}

/// The coupons of `owner` that could be spent at `now` for an order, as far as a condition tells.
pub(in crate::promotions) async fn list(
    tx: &mut Tx,
    owner: &str,
    order: &str,
    now: Instant,
) -> Result<Vec<Offered>, DbError> {
    let rows = tx.all(LIST, params![owner, now.ms(), order, OFFERED_MAX]).await?;
    rows.into_iter().map(from_row).collect()
}

/// A limit as the column keeps it.
#[derive(Deserialize)]
struct StoredLimit {
    limit_key: String,
    value1: String,
    value2: Option<String>,
}

fn limits(text: &str) -> Option<Vec<Limit>> {
    let stored: Vec<StoredLimit> = serde_json::from_str(text).ok()?;
    let limit = |stored: StoredLimit| {
        let key = LimitKey::parse(&stored.limit_key)?;
        Some(Limit { key, value1: stored.value1, value2: stored.value2 })
    };
    stored.into_iter().map(limit).collect()
}

fn from_row(mut row: Row) -> Result<Offered, DbError> {
    let id = row.take_text(0);
    let ratio = row.opt_text(3).map(Quantity::parse).transpose();
    let (Some(kind), Ok(ratio), Some(limits)) =
        (CouponType::from_code(row.int(1)), ratio, limits(row.text(13)))
    else {
        return Err(DbError::Other(format!("coupon {id} has a type, ratio or limit that is not known")));
    };
    let coupon = Coupon {
        id,
        name: row.take_text(11),
        kind,
        balance: Charge::cents(row.int(4)),
        ratio,
        uses: row.int(6),
        limits,
        valid_from: Instant::from_ms(row.int(7)),
        expires_at: Instant::from_ms(row.int(8)),
        // The condition has left out both.
        is_withdrawn: false,
        is_frozen: false,
        lock_order: row.take_opt_text(5),
    };
    Ok(Offered {
        coupon,
        face_value: Charge::cents(row.int(2)),
        plan_id: row.take_text(10),
        plan_desc: row.take_text(12),
        created_at: Instant::from_ms(row.int(14)),
        used_at: row.opt_int(9).map(Instant::from_ms),
    })
}
