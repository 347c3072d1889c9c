//! What `verify` reads of coupons and cards.

use domain::money::{Charge, Scaled};
use platform::db::{DbError, Row, Tx};
use platform::params;

platform::statements! {
    /// Face values and balances of the coupons that hold money, and how many coupons there are.
    const SUM_COUPONS = "select cast(coalesce(sum(face_value), 0) as bigint), \
        cast(coalesce(sum(balance), 0) as bigint), \
        cast(coalesce(sum(case when coupon_type <> 2 then 1 else 0 end), 0) as bigint), count(*) from coupons";
    /// The same of cards.
    const SUM_CARDS = "select cast(coalesce(sum(face_value), 0) as bigint), \
        cast(coalesce(sum(balance), 0) as bigint), count(*), count(*) from stored_value_cards";
    /// What was used of coupons that hold money, less what was returned, and what was withdrawn.
    const SUM_COUPON_CHANGES = "select cast(coalesce(-sum(amount), 0) as bigint) from coupon_changes \
        where benefit_type in (301, 302) and change <> 'issued'";
    /// The same of cards.
    const SUM_CARD_CHANGES = "select cast(coalesce(-sum(amount), 0) as bigint) from coupon_changes \
        where benefit_type = 303 and change <> 'issued'";
    /// Coupons whose face value is not what was issued, or whose balance is not what the changes leave of it. A
    /// discount coupon holds nothing, whatever it saved.
    const LIST_COUPONS_UNLIKE_CHANGES = "select c.id from coupons c left join coupon_changes h \
        on h.account_id = c.account_id and h.coupon_id = c.id \
        group by c.account_id, c.id, c.coupon_type, c.face_value, c.balance \
        having c.face_value <> coalesce(sum(case when h.change = 'issued' then h.amount else 0 end), 0) \
        or (c.coupon_type <> 2 and c.balance <> coalesce(sum(h.amount), 0)) or count(h.id) = 0 \
        order by c.id limit $1";
    /// The same of cards.
    const LIST_CARDS_UNLIKE_CHANGES = "select c.id from stored_value_cards c left join coupon_changes h \
        on h.account_id = c.account_id and h.coupon_id = c.id \
        group by c.account_id, c.id, c.face_value, c.balance \
        having c.face_value <> coalesce(sum(case when h.change = 'issued' then h.amount else 0 end), 0) \
        or c.balance <> coalesce(sum(h.amount), 0) order by c.id limit $1";
    /// Changes of coupons or cards that do not exist.
    const LIST_HOMELESS_CHANGES = "select h.coupon_id from coupon_changes h \
        left join coupons c on c.account_id = h.account_id and c.id = h.coupon_id \
        left join stored_value_cards s on s.account_id = h.account_id and s.id = h.coupon_id \
        where c.id is null and s.id is null order by h.coupon_id limit $1";
    /// Coupons whose status is not what their balance and uses say, or that hold less than nothing or more than they
    /// were worth; only a coupon that can be used is held by an order.
    const LIST_COUPONS_OF_WRONG_STATUS = "select id from coupons where balance < 0 or balance > face_value \
        or uses < 0 or status not in (2, 3, 5) \
        or (status = 2 and coupon_type <> 2 and balance = 0) or (status = 2 and coupon_type = 2 and uses > 0) \
        or (status = 3 and uses = 0) or (status <> 2 and status <> 5 and lock_order_id is not null) \
        or (coupon_type = 2 and (ratio is null or balance <> 0)) or (coupon_type <> 2 and ratio is not null) \
        order by id limit $1";
    /// Cards that hold less than nothing or more than they were worth.
    const LIST_CARDS_OUT_OF_RANGE = "select id from stored_value_cards \
        where balance < 0 or balance > face_value order by id limit $1";
    /// Coupons that an order holds, behind one of them, page by page.
    const HELD_AFTER = "select account_id, id, lock_order_id from coupons where lock_order_id is not null \
        and id > $1 order by id limit $2";
    /// The coupons of all accounts that hold money, behind one of them, page by page.
    const PAGE_COUPONS = "select account_id, id, coupon_type, balance from coupons \
        where (account_id, id) > ($1, $2) order by account_id, id limit $3";
    /// The cards, likewise.
    const PAGE_CARDS = "select account_id, id, 0, balance from stored_value_cards \
        where (account_id, id) > ($1, $2) order by account_id, id limit $3";
}

/// Coupons, or cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `coupons`.
    Coupons,
    /// `stored_value_cards`.
    Cards,
}

/// A table in one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// Of the face values.
    pub face_values: Charge,
    /// Of the balances.
    pub balances: Charge,
    /// How many hold money.
    pub with_money: i64,
    /// How many there are.
    pub count: i64,
    /// What was used, less what was returned, and withdrawn, by the changes.
    pub gone: Charge,
}

/// A coupon or card as it is compared with the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Whose.
    pub account: String,
    /// Which.
    pub id: String,
    /// 1 cash, 2 discount, 4 flexi-purchase; 0 a card.
    pub coupon_type: i64,
    /// What it says is left.
    pub balance: Charge,
}

/// The sums of a table and of its changes.
pub async fn sums(tx: &mut Tx, table: Table) -> Result<Sums, DbError> {
    let (rows, changes) = match table {
        Table::Coupons => (SUM_COUPONS, SUM_COUPON_CHANGES),
        Table::Cards => (SUM_CARDS, SUM_CARD_CHANGES),
    };
    let row = tx.one(rows, &[]).await?;
    let gone = tx.one(changes, &[]).await?.int(0);
    Ok(Sums {
        face_values: Charge::from_units(row.int(0)),
        balances: Charge::from_units(row.int(1)),
        with_money: row.int(2),
        count: row.int(3),
        gone: Charge::from_units(gone),
    })
}

async fn ids(tx: &mut Tx, sql: &str, limit: i64) -> Result<Vec<String>, DbError> {
    let rows = tx.all(sql, params![limit]).await?;
    Ok(rows.into_iter().map(|mut row| row.take_text(0)).collect())
}

/// Those whose changes say something else than their row; of coupons also changes of nothing.
pub async fn list_unlike_changes(tx: &mut Tx, table: Table, limit: i64) -> Result<Vec<String>, DbError> {
    match table {
        Table::Coupons => {
            let mut found = ids(tx, LIST_COUPONS_UNLIKE_CHANGES, limit).await?;
            found.extend(ids(tx, LIST_HOMELESS_CHANGES, limit).await?);
            Ok(found)
        }
        Table::Cards => ids(tx, LIST_CARDS_UNLIKE_CHANGES, limit).await,
    }
}

/// Those whose status, balance and uses do not go together.
pub async fn list_of_wrong_status(tx: &mut Tx, table: Table, limit: i64) -> Result<Vec<String>, DbError> {
    match table {
        Table::Coupons => ids(tx, LIST_COUPONS_OF_WRONG_STATUS, limit).await,
        Table::Cards => ids(tx, LIST_CARDS_OUT_OF_RANGE, limit).await,
    }
}

/// A coupon that an order holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Whose coupon.
    pub owner: String,
    /// Which.
    pub id: String,
    /// The order, or combined order.
    pub order: String,
}

/// Coupons that an order holds, by id, behind one of them.
pub async fn held_after(tx: &mut Tx, id: &str, limit: i64) -> Result<Vec<Held>, DbError> {
    let held = |mut row: Row| Held { owner: row.take_text(0), id: row.take_text(1), order: row.take_text(2) };
    Ok(tx.all(HELD_AFTER, params![id, limit]).await?.into_iter().map(held).collect())
}

/// The next rows of a table behind account and id; the empty texts stand before the first.
pub async fn page(
    tx: &mut Tx,
    table: Table,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Holding>, DbError> {
    let sql = match table {
        Table::Coupons => PAGE_COUPONS,
        Table::Cards => PAGE_CARDS,
    };
    let holding = |mut row: Row| Holding {
        account: row.take_text(0),
        id: row.take_text(1),
        coupon_type: row.int(2),
        balance: Charge::cents(row.int(3)),
    };
    Ok(tx.all(sql, params![after.0, after.1, limit]).await?.into_iter().map(holding).collect())
}
