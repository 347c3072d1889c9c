//! All SQL of `order_returns`: what refund orders give back of what had been collected, and what they keep.

use domain::money::{Charge, Scaled};
use domain::promotion::Modifier;
use platform::db::{DbError, Row, Tx, Value};
use platform::params;

use crate::orders::model::{Order, modifiers_from, modifiers_text};

macro_rules! return_columns {
    () => {
        "account_id, order_id, row_no, line_no, resource_key, charge_no, base_order_id, kind, amount, \
         consumed_amount, list_amount, benefits"
    };
}

/// The most rows of a refund order: two for each charge of each resource of its sets.
const ROWS_MAX: i64 = 20_000;

platform::statements! {
    /// The rows of a refund order.
    const OF_ORDER = concat!("select ", return_columns!(), " from order_returns where account_id = $1 \
        and order_id = $2 order by row_no limit $3");
    /// What completed (5) refund orders gave back of charges of resources, behind one of them, charge by charge. What
    /// failed was never a charge: its number is 0.
    const OF_CHARGES = "select r.account_id, r.resource_key, r.charge_no, cast(sum(case when r.kind = 'refund' \
        then -r.amount else 0 end) as bigint), cast(sum(r.list_amount) as bigint) from order_returns r \
        where r.charge_no > 0 and (select o.status from orders o where o.account_id = r.account_id \
        and o.id = r.order_id) = 5 and (r.account_id, r.resource_key, r.charge_no) > ($1, $2, $3) \
        group by r.account_id, r.resource_key, r.charge_no \
        order by r.account_id, r.resource_key, r.charge_no limit $4";
    /// The sums of the lines of orders that give back, and of all rows.
    const SUMS = "select (select cast(coalesce(sum(l.payable_amount), 0) as bigint) from order_lines l \
        join orders o on o.account_id = l.account_id and o.id = l.order_id where o.gives_back = 1), \
        (select cast(coalesce(sum(amount), 0) as bigint) from order_returns)";
    /// Orders that give back whose lines are not the sums of their rows: amount, fee, and what was used up.
    const BROKEN_LINES = "select l.order_id from order_lines l join orders o on o.account_id = l.account_id \
        and o.id = l.order_id left join (select account_id, order_id, line_no, cast(sum(amount) as bigint) amount, \
        cast(sum(case when kind = 'fee' then amount else 0 end) as bigint) fee, \
        cast(sum(consumed_amount) as bigint) consumed from order_returns group by account_id, order_id, line_no) r \
        on r.account_id = l.account_id and r.order_id = l.order_id and r.line_no = l.line_no \
        where o.gives_back = 1 and (coalesce(r.amount, 0) <> l.payable_amount or coalesce(r.fee, 0) <> l.fee_amount \
        or coalesce(r.consumed, 0) <> l.consumed_amount) order by l.order_id limit $1";
    /// Rows of no line of an order that gives back, and rows of the wrong sign, by the order they name.
    const BROKEN_ROWS = "select distinct r.order_id from order_returns r left join orders o \
        on o.account_id = r.account_id and o.id = r.order_id and o.gives_back = 1 left join order_lines l \
        on l.account_id = r.account_id and l.order_id = r.order_id and l.line_no = r.line_no \
        where o.id is null or l.line_no is null or (r.kind = 'refund' and r.amount > 0) \
        or (r.kind = 'fee' and r.amount <= 0) order by r.order_id limit $1";
    /// Orders whose fee, or what was used up of them, is not the sum of their lines.
    const BROKEN_KEPT = "select o.id from orders o left join (select account_id, order_id, \
        cast(sum(fee_amount) as bigint) fee, cast(sum(consumed_amount) as bigint) consumed from order_lines \
        group by account_id, order_id) l on l.account_id = o.account_id and l.order_id = o.id \
        where coalesce(l.fee, 0) <> o.fee_amount or coalesce(l.consumed, 0) <> o.consumed_amount \
        order by o.id limit $1";
}

const INSERT: &str = concat!("insert into order_returns (", return_columns!(), ") values");

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnKind {
    /// What was paid less what was used up, below zero.
    Refund,
    /// The handling fee that is kept of it, above zero.
    Fee,
}

impl ReturnKind {
    /// The text under which it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Fee => "fee",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Refund, Self::Fee].into_iter().find(|kind| kind.code() == code)
    }
}

/// What a refund order gives back, or keeps, of what one order had collected for one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnRow {
    /// From 1.
    pub row_no: i64,
    /// The line of the refund order.
    pub line_no: i64,
    /// Our id of the resource.
    pub resource: String,
    /// The number of the charge; 0 for what failed and was never one.
    pub charge_no: i64,
    /// The order that had collected the money.
    pub base_order: String,
    /// What it is about.
    pub kind: ReturnKind,
    /// With the sign of the wire: refunds below zero, fees above.
    pub amount: Charge,
    /// Of a refund, what was used up, above zero.
    pub consumed: Charge,
    /// Of a refund, the part of the list price that goes back, above zero.
    pub list: Charge,
    /// Of a refund, what coupons and cards get back, above zero.
    pub benefits: Vec<Modifier>,
}

fn from_row(mut row: Row) -> ReturnRow {
    ReturnRow {
        row_no: row.int(2),
        line_no: row.int(3),
        resource: row.take_text(4),
        charge_no: row.int(5),
        base_order: row.take_text(6),
        kind: ReturnKind::from_code(row.text(7)).expect("stored from the same table of codes"),
        amount: Charge::from_units(row.int(8)),
        consumed: Charge::from_units(row.int(9)),
        list: Charge::from_units(row.int(10)),
        benefits: modifiers_from(row.text(11)),
    }
}

fn to_row<'a>(order: &'a Order, row: &'a ReturnRow) -> Vec<Value<'a>> {
    vec![
        Value::from(&order.account),
        Value::from(&order.id),
        Value::from(row.row_no),
        Value::from(row.line_no),
        Value::from(&row.resource),
        Value::from(row.charge_no),
        Value::from(&row.base_order),
        Value::from(row.kind.code()),
        Value::from(row.amount.units()),
        Value::from(row.consumed.units()),
        Value::from(row.list.units()),
        Value::from(modifiers_text(&row.benefits)),
    ]
}

/// Writes the rows of a new refund order.
pub(in crate::orders) async fn insert(tx: &mut Tx, order: &Order, rows: &[ReturnRow]) -> Result<(), DbError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = rows.iter().map(|row| to_row(order, row)).collect();
    tx.send_many(INSERT, &rows, "").await
}

/// The rows of a refund order.
pub(in crate::orders) async fn of_order(tx: &mut Tx, order: &Order) -> Result<Vec<ReturnRow>, DbError> {
    of_named(tx, &order.account, &order.id).await
}

/// The rows of a refund order, by its id.
pub(in crate::orders) async fn of_named(
    tx: &mut Tx,
    account: &str,
    order: &str,
) -> Result<Vec<ReturnRow>, DbError> {
    let rows = tx.all(OF_ORDER, params![account, order, ROWS_MAX]).await?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// What completed refund orders say of a charge of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedCharge {
    /// Whose.
    pub account: String,
    /// Our id of the resource.
    pub resource: String,
    /// The number of the charge.
    pub charge_no: i64,
    /// What was given back, or kept as a fee, above zero.
    pub money: Charge,
    /// The part of its list price.
    pub list: Charge,
}

/// What completed refund orders say of charges, behind one of them.
pub(in crate::orders) async fn of_charges(
    tx: &mut Tx,
    (account, resource, charge_no): (&str, &str, i64),
    limit: i64,
) -> Result<Vec<ReturnedCharge>, DbError> {
    let charge = |mut row: Row| ReturnedCharge {
        account: row.take_text(0),
        resource: row.take_text(1),
        charge_no: row.int(2),
        money: Charge::from_units(row.int(3)),
        list: Charge::from_units(row.int(4)),
    };
    let rows = tx.all(OF_CHARGES, params![account, resource, charge_no, limit]).await?;
    Ok(rows.into_iter().map(charge).collect())
}

/// What the lines of orders that give back sum to, what their rows do, and orders that contradict their rows, each once.
pub(in crate::orders) async fn sums(
    tx: &mut Tx,
    limit: i64,
) -> Result<(Charge, Charge, Vec<String>), DbError> {
    let row = tx.one(SUMS, &[]).await?;
    let (lines, rows) = (Charge::from_units(row.int(0)), Charge::from_units(row.int(1)));
    let mut broken: Vec<String> = Vec::new();
    for sql in [BROKEN_LINES, BROKEN_ROWS, BROKEN_KEPT] {
        for mut row in tx.all(sql, params![limit]).await? {
            let id = row.take_text(0);
            if !broken.contains(&id) {
                broken.push(id);
            }
        }
    }
    Ok((lines, rows, broken))
}

/// Every statement of this store.
pub(super) fn statements() -> Vec<String> {
    let mut all: Vec<String> = STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()).collect();
    let columns = return_columns!().split(',').count();
    let values: Vec<String> = (1..=columns).map(|number| format!("${number}")).collect();
    all.push(format!("{INSERT} ({})", values.join(",")));
    all
}
