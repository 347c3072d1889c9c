//! All SQL of `coupon_changes`: what happened to coupons and cards.

use domain::calendar::Instant;
use domain::money::{Charge, Scaled};
use domain::promotion::ModifierType;
use platform::db::{Composed, DbError, Row, Tx, Value};
use platform::params;

platform::statements! {
    /// One change.
    const INSERT = "insert into coupon_changes \
        (account_id, id, coupon_id, benefit_type, change, order_id, amount, balance_after, created_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
}

/// What happened to a coupon or card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was issued.
    Issued,
    /// An order took something from it.
    Used,
    /// A refund order gave something back to it.
    Returned,
    /// What was left of it was taken back.
    Withdrawn,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Issued, Self::Used, Self::Returned, Self::Withdrawn];

    /// The text under which it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Used => "used",
            Self::Returned => "returned",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The kind of a stored text.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// A change of a coupon or card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Who owns the coupon.
    pub account: String,
    /// Id of the change.
    pub id: String,
    /// The coupon or card.
    pub coupon: String,
    /// What kind of benefit it is.
    pub benefit: ModifierType,
    /// What happened.
    pub kind: ChangeKind,
    /// The order that used it, or the refund order that gave something back.
    pub order: Option<String>,
    /// By how much its balance changed; below zero where it was spent or taken back. Of a discount coupon what it
    /// saved, with the same sign.
    pub amount: Charge,
    /// What was left of it.
    pub balance_after: Charge,
    /// When.
    pub at: Instant,
}

impl Change {
    fn from_row(mut row: Row) -> Self {
        Self {
            account: row.take_text(0),
            id: row.take_text(1),
            coupon: row.take_text(2),
            benefit: ModifierType::from_code(row.int(3)).expect("stored from the same table of codes"),
            kind: ChangeKind::from_code(row.text(4)).expect("stored from the same table of codes"),
            order: row.take_opt_text(5),
            amount: Charge::cents(row.int(6)),
            balance_after: Charge::cents(row.int(7)),
            at: Instant::from_ms(row.int(8)),
        }
    }
}

/// Writes a change down.
pub async fn insert(tx: &mut Tx, change: &Change) -> Result<(), DbError> {
    let row = params![
        &change.account,
        &change.id,
        &change.coupon,
        change.benefit.code(),
        change.kind.code(),
        change.order.as_deref(),
        change.amount.units(),
        change.balance_after.units(),
        change.at.ms(),
    ];
    tx.send(INSERT, row).await
}

/// Filters of the list of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFilter {
    /// First instant.
    pub from: Instant,
    /// First instant after it.
    pub until: Instant,
    /// What came in, or what went out.
    pub is_revenue: Option<bool>,
    /// What happened.
    pub kind: Option<ChangeKind>,
    /// The order, or the id of a change without one.
    pub trade: Option<String>,
    /// The coupon.
    pub coupon: Option<String>,
}

fn conditions<'a>(statement: &mut Composed<'a>, account: &'a str, filter: &'a ChangeFilter) {
    let span = [
        Value::from(account),
        Value::from(ModifierType::CashCoupon.code()),
        Value::from(filter.from.ms()),
        Value::from(filter.until.ms()),
    ];
    let text = " from coupon_changes where account_id = ? and benefit_type = ? and created_at >= ? and created_at < ?";
    statement.push(text, span);
    match filter.is_revenue {
        Some(true) => statement.push(" and amount > 0", []),
        Some(false) => statement.push(" and amount < 0", []),
        None => statement,
    };
    let texts = [
        (" and change = ?", filter.kind.map(ChangeKind::code)),
        (" and coalesce(order_id, id) = ?", filter.trade.as_deref()),
        (" and coupon_id = ?", filter.coupon.as_deref()),
    ];
    for (fragment, value) in texts {
        if let Some(value) = value {
            statement.push(fragment, [Value::from(value)]);
        }
    }
}

fn total_statement<'a>(account: &'a str, filter: &'a ChangeFilter) -> Composed<'a> {
    let mut statement = Composed::default();
    statement.push("select count(*)", []);
    conditions(&mut statement, account, filter);
    statement
}

fn page_statement<'a>(
    account: &'a str,
    filter: &'a ChangeFilter,
    (offset, limit): (i64, i64),
) -> Composed<'a> {
    let mut statement = Composed::default();
    let columns =
        "select account_id, id, coupon_id, benefit_type, change, order_id, amount, balance_after, created_at";
    statement.push(columns, []);
    conditions(&mut statement, account, filter);
    let page = [Value::from(limit), Value::from(offset)];
    statement.push(" order by created_at desc, id desc limit ? offset ?", page);
    statement
}

/// A page of what happened to an account's cash coupons, the newest first, and how much that is in all.
pub async fn list(
    tx: &mut Tx,
    account: &str,
    filter: &ChangeFilter,
    page: (i64, i64),
) -> Result<(i64, Vec<Change>), DbError> {
    let total = total_statement(account, filter);
    let total = tx.one(total.sql(), total.params()).await?.int(0);
    if page.0 >= total {
        return Ok((total, Vec::new()));
    }
    let statement = page_statement(account, filter, page);
    let rows = tx.all(statement.sql(), statement.params()).await?;
    Ok((total, rows.into_iter().map(Change::from_row).collect()))
}

/// The composed statements, with each filter and with all.
pub fn composed() -> Vec<String> {
    let text = || Some("x".to_owned());
    let none = ChangeFilter {
        from: Instant::from_ms(0),
        until: Instant::from_ms(1),
        is_revenue: None,
        kind: None,
        trade: None,
        coupon: None,
    };
    let filters = [
        none.clone(),
        ChangeFilter { is_revenue: Some(true), ..none.clone() },
        ChangeFilter { is_revenue: Some(false), ..none.clone() },
        ChangeFilter { kind: Some(ChangeKind::Used), ..none.clone() },
        ChangeFilter { trade: text(), ..none.clone() },
        ChangeFilter { coupon: text(), ..none.clone() },
        ChangeFilter {
            is_revenue: Some(true),
            kind: Some(ChangeKind::Used),
            trade: text(),
            coupon: text(),
            ..none
        },
    ];
    let mut all = Vec::new();
    for filter in &filters {
        all.push(total_statement("x", filter).sql().to_owned());
        all.push(page_statement("x", filter, (0, 1)).sql().to_owned());
    }
    all
}
