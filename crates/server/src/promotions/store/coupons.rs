//! All SQL of `coupons`; lists and checks have files of their own.

use domain::calendar::Instant;
use domain::money::{Charge, Currency, Scaled};
use domain::promotion::{Coupon, CouponType, Limit, LimitKey};
use domain::quantity::Quantity;
use platform::db::{DbError, Row, Tx};
use platform::params;
use serde::{Deserialize, Serialize};

macro_rules! coupon_columns {
    () => {
        "account_id, id, coupon_type, face_value, ratio, currency, balance, status, is_frozen, lock_order_id, \
         uses, order_ids, valid_from, expires_at, used_at, promotion_plan_id, plan_name, plan_desc, media_type, \
         fetch_method, limits, source_id, distributor_id, created_at"
    };
}
pub(super) use coupon_columns;

platform::statements! {
    /// One coupon of an account, locked.
    const LOCK = concat!("select ", coupon_columns!(), " from coupons where account_id = $1 and id = $2 {for_update}");
    /// Whose a coupon is.
    const FIND_OWNER = "select account_id from coupons where id = $1";
    /// A new coupon.
    const INSERT = concat!("insert into coupons (", coupon_columns!(), ") values ($1, $2, $3, $4, $5, $6, $7, $8, \
        $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)");
    /// What changes of a coupon.
    const UPDATE = "update coupons set balance = $3, status = $4, is_frozen = $5, lock_order_id = $6, uses = $7, \
        order_ids = $8, used_at = $9 where account_id = $1 and id = $2";
    /// An open order holds a coupon.
    const HOLD = "update coupons set lock_order_id = $3 where account_id = $1 and id = $2";
    /// It no longer does.
    const RELEASE = "update coupons set lock_order_id = null where account_id = $1 and id = $2 and lock_order_id = $3";
}

/// What became of a coupon, as it is stored. That it has expired (4) follows from the time, and what is issued here is
/// active (never 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CouponStatus {
    /// Something of it can still be spent.
    ToBeUsed,
    /// Nothing can.
    Used,
    /// It was taken back.
    Withdrawn,
}

impl CouponStatus {
    /// The code (004 table 8-3).
    pub fn code(self) -> i64 {
        match self {
            Self::ToBeUsed => 2,
            Self::Used => 3,
            Self::Withdrawn => 5,
        }
    }

    fn from_code(code: i64) -> Option<Self> {
        [Self::ToBeUsed, Self::Used, Self::Withdrawn].into_iter().find(|status| status.code() == code)
    }
}

/// A coupon as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCoupon {
    /// Who owns it.
    pub account: String,
    /// What the rules of payment look at; its balance is zero on a discount coupon.
    pub coupon: Coupon,
    /// What it was worth; zero on a discount coupon.
    pub face_value: Charge,
    /// Currency of both.
    pub currency: Currency,
    /// What became of it.
    pub status: CouponStatus,
    /// Orders that used it, as 004 table 8-3 writes them.
    pub order_ids: String,
    /// The last time that it was used.
    pub used_at: Option<Instant>,
    /// The promotion plan under which it was issued.
    pub plan_id: String,
    /// What the plan says.
    pub plan_desc: String,
    /// 1 electronic, 2 on paper.
    pub media_type: i64,
    /// How its owner came by it: 3, it was issued online.
    pub fetch_method: i64,
    /// Who issued it.
    pub source_id: String,
    /// The distributor that owns it, or to whose reseller it belongs.
    pub distributor_id: Option<String>,
    /// When it was issued, and active from then on.
    pub created_at: Instant,
}

#[derive(Serialize, Deserialize)]
struct StoredLimit {
    limit_key: String,
    value1: String,
    value2: Option<String>,
}

fn limits_text(limits: &[Limit]) -> String {
    let stored = |limit: &Limit| StoredLimit {
        limit_key: limit.key.name().to_owned(),
        value1: limit.value1.clone(),
        value2: limit.value2.clone(),
    };
    let stored: Vec<StoredLimit> = limits.iter().map(stored).collect();
    serde_json::to_string(&stored).expect("texts are JSON")
}

fn limits_from(text: &str) -> Vec<Limit> {
    let stored: Vec<StoredLimit> = serde_json::from_str(text).expect("only limits_text writes the column");
    let limit = |stored: StoredLimit| Limit {
        key: LimitKey::parse(&stored.limit_key).expect("stored from the same table of names"),
        value1: stored.value1,
        value2: stored.value2,
    };
    stored.into_iter().map(limit).collect()
}

/// Reads a row of [`coupon_columns`].
pub(super) fn from_row(mut row: Row) -> StoredCoupon {
    let status = CouponStatus::from_code(row.int(7)).expect("stored from the same table of codes");
    let ratio = row.opt_text(4).map(|text| Quantity::parse(text).expect("stored as a quantity"));
    StoredCoupon {
        account: row.take_text(0),
        coupon: Coupon {
            id: row.take_text(1),
            name: row.take_text(16),
            kind: CouponType::from_code(row.int(2)).expect("stored from the same table of codes"),
            balance: Charge::cents(row.int(6)),
            ratio,
            uses: row.int(10),
            limits: limits_from(row.text(20)),
            valid_from: Instant::from_ms(row.int(12)),
            expires_at: Instant::from_ms(row.int(13)),
            is_withdrawn: status == CouponStatus::Withdrawn,
            is_frozen: row.bool(8),
            lock_order: row.take_opt_text(9),
        },
        face_value: Charge::cents(row.int(3)),
        currency: Currency::from_code(row.text(5)).expect("stored from the same table of codes"),
        status,
        order_ids: row.take_text(11),
        used_at: row.opt_int(14).map(Instant::from_ms),
        plan_id: row.take_text(15),
        plan_desc: row.take_text(17),
        media_type: row.int(18),
        fetch_method: row.int(19),
        source_id: row.take_text(21),
        distributor_id: row.take_opt_text(22),
        created_at: Instant::from_ms(row.int(23)),
    }
}

/// One coupon of an account, locked.
pub async fn lock(tx: &mut Tx, account: &str, id: &str) -> Result<Option<StoredCoupon>, DbError> {
    Ok(tx.opt(LOCK, params![account, id]).await?.map(from_row))
}

/// Whose a coupon is.
pub async fn find_owner(tx: &mut Tx, id: &str) -> Result<Option<String>, DbError> {
    Ok(tx.opt(FIND_OWNER, params![id]).await?.map(|mut row| row.take_text(0)))
}

/// Writes a new coupon down.
pub async fn insert(tx: &mut Tx, new: &StoredCoupon) -> Result<(), DbError> {
    let StoredCoupon { coupon, .. } = new;
    let row = params![
        &new.account,
        &coupon.id,
        coupon.kind.code(),
        new.face_value.units(),
        coupon.ratio.map(|ratio| ratio.to_string()),
        new.currency.code(),
        coupon.balance.units(),
        new.status.code(),
        i64::from(coupon.is_frozen),
        coupon.lock_order.as_deref(),
        coupon.uses,
        &new.order_ids,
        coupon.valid_from.ms(),
        coupon.expires_at.ms(),
        new.used_at.map(Instant::ms),
        &new.plan_id,
        &coupon.name,
        &new.plan_desc,
        new.media_type,
        new.fetch_method,
        limits_text(&coupon.limits),
        &new.source_id,
        new.distributor_id.as_deref(),
        new.created_at.ms(),
    ];
    tx.exec(INSERT, row).await?;
    Ok(())
}

/// Writes down what changed of a coupon.
pub async fn update(tx: &mut Tx, changed: &StoredCoupon) -> Result<(), DbError> {
    let StoredCoupon { coupon, .. } = changed;
    let row = params![
        &changed.account,
        &coupon.id,
        coupon.balance.units(),
        changed.status.code(),
        i64::from(coupon.is_frozen),
        coupon.lock_order.as_deref(),
        coupon.uses,
        &changed.order_ids,
        changed.used_at.map(Instant::ms),
    ];
    tx.exec(UPDATE, row).await?;
    Ok(())
}

/// An open order holds a coupon.
pub async fn hold(tx: &mut Tx, account: &str, id: &str, order: &str) -> Result<(), DbError> {
    tx.exec(HOLD, params![account, id, order]).await?;
    Ok(())
}

/// The order holds it no longer.
pub async fn release(tx: &mut Tx, account: &str, id: &str, order: &str) -> Result<(), DbError> {
    tx.exec(RELEASE, params![account, id, order]).await?;
    Ok(())
}
