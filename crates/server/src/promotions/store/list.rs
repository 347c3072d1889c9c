//! The list of coupons: filters are composed; the range of an account, or of a distributor, has an index that also
//! serves the order, and holds few rows.

use domain::calendar::Instant;
use platform::db::{Composed, DbError, Tx, Value};

use super::coupons::{StoredCoupon, coupon_columns, from_row};

/// Whose coupons a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those of an account.
    Account(String),
    /// Those of a distributor and of its resellers.
    Distributor(String),
}

/// What a coupon's status is to the outside (004 table 8-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownStatus {
    /// 1: not activated; none that was issued here is.
    NotActivated,
    /// 2: to be used.
    ToBeUsed,
    /// 3: used.
    Used,
    /// 4: expired before it was used up or withdrawn.
    Expired,
    /// 5: withdrawn.
    Withdrawn,
}

/// Filters of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CouponFilter {
    /// The instant by which coupons have expired.
    pub now: Instant,
    /// Coupons that expired before this are not shown at all.
    pub shown_from: Instant,
    /// The coupon.
    pub id: Option<String>,
    /// An order that used it.
    pub order: Option<String>,
    /// Its promotion plan.
    pub plan: Option<String>,
    /// 1 cash, 2 discount, 4 flexi-purchase.
    pub coupon_type: Option<i64>,
    /// Its status.
    pub status: Option<ShownStatus>,
    /// First instant of its activation.
    pub active_from: Option<Instant>,
    /// First instant after it.
    pub active_until: Option<Instant>,
    /// Who issued it.
    pub source: Option<String>,
}

fn conditions<'a>(statement: &mut Composed<'a>, scope: &'a Scope, filter: &'a CouponFilter) {
    match scope {
        Scope::Account(id) => statement.push(" from coupons where account_id = ?", [Value::from(id)]),
        Scope::Distributor(id) => statement.push(" from coupons where distributor_id = ?", [Value::from(id)]),
    };
    statement.push(" and expires_at >= ?", [Value::from(filter.shown_from.ms())]);
    let texts = [
        (" and id = ?", &filter.id),
        (" and promotion_plan_id = ?", &filter.plan),
        (" and source_id = ?", &filter.source),
        // Whole ids only, between the signs that table 8-3 separates them by.
        (
            " and replace(';' || replace(order_ids, ',', ';') || ';', ';' || ? || ';', '') \
             <> ';' || replace(order_ids, ',', ';') || ';'",
            &filter.order,
        ),
    ];
    for (fragment, value) in texts {
        if let Some(value) = value {
            statement.push(fragment, [Value::from(value)]);
        }
    }
    let numbers = [
        (" and coupon_type = ?", filter.coupon_type),
        (" and created_at >= ?", filter.active_from.map(Instant::ms)),
        (" and created_at < ?", filter.active_until.map(Instant::ms)),
    ];
    for (fragment, value) in numbers {
        if let Some(value) = value {
            statement.push(fragment, [Value::from(value)]);
        }
    }
    let now = || [Value::from(filter.now.ms())];
    match filter.status {
        None => statement,
        Some(ShownStatus::NotActivated) => statement.push(" and status = 1", []),
        // Not the bare column: the index of what can be spent is in another order.
        Some(ShownStatus::ToBeUsed) => {
            statement.push(" and coalesce(status, 0) = 2 and expires_at > ?", now())
        }
        Some(ShownStatus::Used) => statement.push(" and status = 3", []),
        Some(ShownStatus::Expired) => {
            statement.push(" and coalesce(status, 0) = 2 and expires_at <= ?", now())
        }
        Some(ShownStatus::Withdrawn) => statement.push(" and status = 5", []),
    };
}

fn total_statement<'a>(scope: &'a Scope, filter: &'a CouponFilter) -> Composed<'a> {
    let mut statement = Composed::default();
    statement.push("select count(*)", []);
    conditions(&mut statement, scope, filter);
    statement
}

fn page_statement<'a>(
    scope: &'a Scope,
    filter: &'a CouponFilter,
    (offset, limit): (i64, i64),
) -> Composed<'a> {
    let mut statement = Composed::default();
    statement.push(concat!("select ", coupon_columns!()), []);
    conditions(&mut statement, scope, filter);
    let page = [Value::from(limit), Value::from(offset)];
    statement.push(" order by created_at desc, id desc limit ? offset ?", page);
    statement
}

/// A page of coupons, the newest first, and how many there are in all.
pub async fn list(
    tx: &mut Tx,
    scope: &Scope,
    filter: &CouponFilter,
    page: (i64, i64),
) -> Result<(i64, Vec<StoredCoupon>), DbError> {
    let total = total_statement(scope, filter);
    let total = tx.one(total.sql(), total.params()).await?.int(0);
    if page.0 >= total {
        return Ok((total, Vec::new()));
    }
    let statement = page_statement(scope, filter, page);
    let rows = tx.all(statement.sql(), statement.params()).await?;
    Ok((total, rows.into_iter().map(from_row).collect()))
}

/// Filters to try the composed statements with: none, each alone, and all.
fn samples() -> Vec<CouponFilter> {
    let (at, text) = (Instant::from_ms(0), || Some("x".to_owned()));
    let none = CouponFilter {
        now: at,
        shown_from: at,
        id: None,
        order: None,
        plan: None,
        coupon_type: None,
        status: None,
        active_from: None,
        active_until: None,
        source: None,
    };
    let of_status = |status| CouponFilter { status: Some(status), ..none.clone() };
    vec![
        none.clone(),
        CouponFilter { id: text(), ..none.clone() },
        CouponFilter { order: text(), ..none.clone() },
        CouponFilter { plan: text(), ..none.clone() },
        CouponFilter { coupon_type: Some(1), ..none.clone() },
        of_status(ShownStatus::NotActivated),
        of_status(ShownStatus::ToBeUsed),
        of_status(ShownStatus::Used),
        of_status(ShownStatus::Expired),
        of_status(ShownStatus::Withdrawn),
        CouponFilter { active_from: Some(at), ..none.clone() },
        CouponFilter { active_until: Some(at), ..none.clone() },
        CouponFilter { source: text(), ..none.clone() },
        CouponFilter {
            id: text(),
            order: text(),
            plan: text(),
            coupon_type: Some(1),
            status: Some(ShownStatus::ToBeUsed),
            active_from: Some(at),
            active_until: Some(at),
            source: text(),
            ..none
        },
    ]
}

/// The composed statements with these filters.
pub fn composed() -> Vec<String> {
    let mut all = Vec::new();
    for scope in [Scope::Account("x".to_owned()), Scope::Distributor("x".to_owned())] {
        for filter in &samples() {
            all.push(total_statement(&scope, filter).sql().to_owned());
            all.push(page_statement(&scope, filter, (0, 1)).sql().to_owned());
        }
    }
    all
}
