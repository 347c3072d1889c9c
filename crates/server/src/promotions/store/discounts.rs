//! All SQL of `discounts`.
//!
//! Every change raises the row `discounts` of `versions` in its own transaction, which thereby also makes the changes
//! follow one another. See [`crate::promotions::cache`] for what memory makes of it.

use domain::calendar::{Instant, PeriodType};
use domain::money::{Charge, Price};
use domain::promotion::{Discount, DiscountMode, DiscountType, Scope};
use domain::quantity::Quantity;
use platform::db::{DbError, Row, Tx};
use platform::params;

use crate::promotions::service::Granted;

/// The most discounts of one account that were not withdrawn: each is a result of every price inquiry.
pub(in crate::promotions) const DISCOUNTS_MAX: i64 = 200;

platform::statements! {
    /// A new discount.
    const INSERT = "insert into discounts (account_id, id, discount_type, mode, value, name, service_type_code, \
        resource_type_code, product_id, region_code, period_type, valid_from, expires_at, granted_by, created_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    /// The discounts of an account, the oldest first: ids grow with time.
    const LIST = "select id, discount_type, mode, value, name, service_type_code, resource_type_code, product_id, \
        region_code, period_type, valid_from, expires_at, created_at from discounts \
        where account_id = $1 and withdrawn_at is null order by id limit $2";
    /// How many an account has.
    const COUNT = "select count(*) from discounts where account_id = $1 and withdrawn_at is null";
    /// Whose discount it is. The operator names it by its id alone.
    const FIND_OWNER = "select account_id from discounts where id = $1";
    /// Takes a discount back.
    const WITHDRAW = "update discounts set withdrawn_at = $3 \
        where account_id = $1 and id = $2 and withdrawn_at is null";
    /// Marks what memory keeps of discounts as outdated.
    const RAISE_VERSION = "update versions set version = version + 1 where name = 'discounts' returning version";
    /// The version of what memory may keep.
    const FIND_VERSION = "select version from versions where name = 'discounts'";
}

/// Keeps a new discount of `owner`.
pub(in crate::promotions) async fn insert(
    tx: &mut Tx,
    owner: &str,
    granted: &Granted,
    granted_by: &str,
) -> Result<(), DbError> {
    let Granted { discount, created_at } = granted;
    let scope = &discount.scope;
    let (mode, value) = written(discount.mode);
    let values = params![
        owner,
        &discount.id,
        discount.kind.code(),
        mode,
        value,
        &discount.name,
        scope.service_type.as_deref(),
        scope.resource_type.as_deref(),
        scope.product_id.as_deref(),
        scope.region.as_deref(),
        scope.period_type.map(PeriodType::code),
        discount.valid_from.ms(),
        discount.expires_at.map(Instant::ms),
        granted_by,
        created_at.ms()
    ];
    tx.exec(INSERT, values).await?;
    Ok(())
}

/// The discounts of `owner` that were not withdrawn, the oldest first.
pub(in crate::promotions) async fn list(tx: &mut Tx, owner: &str) -> Result<Vec<Granted>, DbError> {
    let rows = tx.all(LIST, params![owner, DISCOUNTS_MAX]).await?;
    rows.into_iter().map(from_row).collect()
}

/// How many discounts of `owner` were not withdrawn.
pub(in crate::promotions) async fn count(tx: &mut Tx, owner: &str) -> Result<i64, DbError> {
    Ok(tx.one(COUNT, params![owner]).await?.int(0))
}

/// Whose discount it is, withdrawn or not.
pub(in crate::promotions) async fn find_owner(tx: &mut Tx, id: &str) -> Result<Option<String>, DbError> {
    Ok(tx.opt(FIND_OWNER, params![id]).await?.map(|mut row| row.take_text(0)))
}

/// Takes a discount back; false where it was before.
pub(in crate::promotions) async fn withdraw(
    tx: &mut Tx,
    owner: &str,
    id: &str,
    now: Instant,
) -> Result<bool, DbError> {
    Ok(tx.exec(WITHDRAW, params![owner, id, now.ms()]).await? == 1)
}

/// Marks what memory keeps as outdated, and answers the version it must have then.
pub(in crate::promotions) async fn raise_version(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(tx.one(RAISE_VERSION, &[]).await?.int(0))
}

/// The version of what memory may keep.
pub(in crate::promotions) async fn version(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(tx.one(FIND_VERSION, &[]).await?.int(0))
}

/// The name and the digits of a mode.
pub fn written(mode: DiscountMode) -> (&'static str, String) {
    match mode {
        DiscountMode::Ratio(ratio) => ("ratio", ratio.to_string()),
        DiscountMode::FixedPrice(price) => ("fixed_price", price.to_string()),
        DiscountMode::AmountOff(amount) => ("amount_off", amount.to_string()),
    }
}

fn mode(name: &str, value: &str) -> Option<DiscountMode> {
    match name {
        "ratio" => Quantity::parse(value).ok().map(DiscountMode::Ratio),
        "fixed_price" => Price::parse(value).ok().map(DiscountMode::FixedPrice),
        "amount_off" => Charge::parse(value).ok().map(DiscountMode::AmountOff),
        // Only the names that `written` gives are stored.
        _ => None,
    }
}

fn from_row(mut row: Row) -> Result<Granted, DbError> {
    let id = row.take_text(0);
    let kind = DiscountType::from_code(row.int(1));
    let (Some(kind), Some(mode)) = (kind, mode(row.text(2), row.text(3))) else {
        return Err(DbError::Other(format!("discount {id} has a type or mode that is not known")));
    };
    let scope = Scope {
        service_type: row.take_opt_text(5),
        resource_type: row.take_opt_text(6),
        product_id: row.take_opt_text(7),
        region: row.take_opt_text(8),
        period_type: row.opt_int(9).and_then(PeriodType::from_code),
    };
    let discount = Discount {
        id,
        name: row.take_text(4),
        kind,
        mode,
        scope,
        valid_from: Instant::from_ms(row.int(10)),
        expires_at: row.opt_int(11).map(Instant::from_ms),
    };
    Ok(Granted { discount, created_at: Instant::from_ms(row.int(12)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_read_as_it_was_written() {
        for own in [
            DiscountMode::Ratio(Quantity::parse("0.8500000001").unwrap()),
            DiscountMode::FixedPrice(Price::parse("0.0000000001").unwrap()),
            DiscountMode::AmountOff(Charge::parse("50").unwrap()),
        ] {
            let (name, value) = written(own);
            assert_eq!(mode(name, &value), Some(own));
        }
        assert_eq!(mode("gift", "1"), None);
    }
}
