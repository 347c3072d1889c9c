//! The list of orders: filters are composed, and every one of them has an index that also serves the order.
//!
//! ```text
//!  no filter, creation time   (account or partner, created_at, id)
//!  payment time               the same: an order is paid at most [`PAID_WITHIN_MS`] after it was placed
//!  status                     the same for 5, which most orders have; the others have an index without 5
//!  order type                 the same for 1, which most orders have; the others have an index without 1
//!  service                    (account or partner, service, created_at, id)
//! ```
//!
//! A payment moves a row out of one of them, the one of rare states, and into none.

use domain::calendar::Instant;
use domain::order::{OrderStatus, OrderType};
use platform::db::{Composed, DbError, Tx, Value};
use platform::params;

use super::{Order, order_from_row};

/// No order is paid later than this after it was placed: its deadline is the end of the seventh day (rule 1.8).
const PAID_WITHIN_MS: i64 = 8 * 24 * 3_600_000;
/// How far the clocks of two processes may differ, so that an order looks paid before it was placed.
const CLOCKS_DIFFER_MS: i64 = 3_600_000;

/// In the words of the index that leaves completed orders out.
const RARE_STATUS: &str = " and status <> 5";
/// In the words of the index that leaves purchases out.
const RARE_TYPE: &str = " and order_type <> 1";

platform::statements! {
    /// How many orders a customer has.
    const TOTAL_OF_ACCOUNT = "select cast(coalesce(sum(orders), 0) as bigint) from order_counters \
        where account_id = $1";
    /// How many orders the customers of a partner have with it.
    const TOTAL_OF_PARTNER = "select cast(coalesce(sum(orders), 0) as bigint) from order_counters \
        where partner_id = $1";
    /// How many orders one customer has with a partner.
    const TOTAL_OF_CUSTOMER = "select cast(coalesce(sum(orders), 0) as bigint) from order_counters \
        where partner_id = $1 and account_id = $2";
}

/// Whose orders a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those of a customer.
    Account(String),
    /// Those of a partner's customers.
    Partner(String),
    /// Those that an account pays for others.
    Payer(String),
}

/// Filters of a list; texts as they are compared (ids in capitals, service codes in lower case).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The order.
    pub order_id: Option<String>,
    /// The customer.
    pub customer_id: Option<String>,
    /// First instant of its creation.
    pub created_from: Option<Instant>,
    /// First instant after it.
    pub created_until: Option<Instant>,
    /// Service of its first line.
    pub service_type: Option<String>,
    /// What state it is in.
    pub status: Option<i64>,
    /// What it is for.
    pub order_type: Option<i64>,
    /// First instant of its payment.
    pub paid_from: Option<Instant>,
    /// First instant after it.
    pub paid_until: Option<Instant>,
    /// The customer's own partner, where a customer names one.
    pub partner_id: Option<String>,
}

/// Which page, in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Latest first.
    pub is_descending: bool,
    /// Index of the first record.
    pub offset: i64,
    /// The most records.
    pub limit: i64,
}

/// The later of two begins, where there are two.
fn later(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).max()
}

/// The earlier of two ends, where there are two.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}

fn conditions<'a>(statement: &mut Composed<'a>, scope: &'a Scope, filter: &'a Filter) {
    match (scope, &filter.customer_id) {
        (Scope::Account(id), _) => statement.push("account_id = ?", [Value::from(id)]),
        // One customer has fewer orders than its partner, and no engine knows that.
        (Scope::Partner(id), Some(customer)) => {
            let both = [Value::from(customer), Value::from(id)];
            statement.push("account_id = ? and coalesce(partner_id, '') = ?", both)
        }
        (Scope::Partner(id), None) => statement.push("partner_id = ?", [Value::from(id)]),
        (Scope::Payer(id), _) => statement.push("payer_id = ? and payer_id <> account_id", [Value::from(id)]),
    };
    let customer = filter.customer_id.as_ref().filter(|_| !matches!(scope, Scope::Partner(_)));
    let texts = [
        (" and id = ?", filter.order_id.as_ref()),
        (" and account_id = ?", customer),
        (" and service_type_folded = ?", filter.service_type.as_ref()),
        // Not the bare column: an index of partners must not be preferred to that of the account.
        (" and coalesce(partner_id, '') = ?", filter.partner_id.as_ref()),
    ];
    for (fragment, value) in texts {
        if let Some(value) = value {
            statement.push(fragment, [Value::from(value)]);
        }
    }
    if filter.status.is_some_and(|status| status != OrderStatus::Completed.code()) {
        statement.push(RARE_STATUS, []);
    }
    if filter.order_type.is_some_and(|kind| kind != OrderType::Purchase.code()) {
        statement.push(RARE_TYPE, []);
    }
    let placed_from = filter.paid_from.map(|at| at.plus_ms(-PAID_WITHIN_MS));
    let placed_until = filter.paid_until.map(|at| at.plus_ms(CLOCKS_DIFFER_MS));
    let numbers = [
        (" and created_at >= ?", later(filter.created_from, placed_from).map(Instant::ms)),
        (" and created_at < ?", earlier(filter.created_until, placed_until).map(Instant::ms)),
        (" and status = ?", filter.status),
        (" and order_type = ?", filter.order_type),
        (" and paid_at >= ?", filter.paid_from.map(Instant::ms)),
        (" and paid_at < ?", filter.paid_until.map(Instant::ms)),
    ];
    for (fragment, value) in numbers {
        if let Some(value) = value {
            statement.push(fragment, [Value::from(value)]);
        }
    }
}

fn page_statement<'a>(scope: &'a Scope, filter: &'a Filter, page: Page) -> Composed<'a> {
    let mut statement = Composed::default();
    statement.push(concat!("select ", order_columns!(), " from orders where "), []);
    conditions(&mut statement, scope, filter);
    let order = if page.is_descending {
        " order by created_at desc, id desc limit ? offset ?"
    } else {
        " order by created_at, id limit ? offset ?"
    };
    statement.push(order, [Value::from(page.limit), Value::from(page.offset)]);
    statement
}

/// How many orders match; with `rare` only those of them that are not of the common kind.
fn total_statement<'a>(scope: &'a Scope, filter: &'a Filter, rare: &str) -> Composed<'a> {
    let mut statement = Composed::default();
    statement.push("select count(*) from orders where ", []);
    conditions(&mut statement, scope, filter);
    statement.push(rare, []);
    statement
}

async fn count(tx: &mut Tx, scope: &Scope, filter: &Filter, rare: &str) -> Result<i64, DbError> {
    let statement = total_statement(scope, filter, rare);
    Ok(tx.one(statement.sql(), statement.params()).await?.int(0))
}

/// How many orders the counters know; `None`: there is no counter for it.
async fn counter(tx: &mut Tx, scope: &Scope, customer: Option<&String>) -> Result<Option<i64>, DbError> {
    let row = match (scope, customer) {
        (Scope::Account(id), None) => tx.one(TOTAL_OF_ACCOUNT, params![id]).await?,
        (Scope::Account(id), Some(customer)) if id == customer => {
            tx.one(TOTAL_OF_ACCOUNT, params![id]).await?
        }
        (Scope::Partner(id), None) => tx.one(TOTAL_OF_PARTNER, params![id]).await?,
        (Scope::Partner(id), Some(customer)) => tx.one(TOTAL_OF_CUSTOMER, params![id, customer]).await?,
        (Scope::Account(_), Some(_)) | (Scope::Payer(_), _) => return Ok(None),
    };
    Ok(Some(row.int(0)))
}

/// How many orders match, exactly. Where a counter knows the number nothing is counted, and of what most orders
/// are the few others are counted; with other filters what lies in the range of an index is.
async fn total(tx: &mut Tx, scope: &Scope, filter: &Filter) -> Result<i64, DbError> {
    let all = Filter { customer_id: filter.customer_id.clone(), ..Filter::default() };
    let completed = Filter { status: Some(OrderStatus::Completed.code()), ..all.clone() };
    let purchases = Filter { order_type: Some(OrderType::Purchase.code()), ..all.clone() };
    let rare = [(&all, None), (&completed, Some(RARE_STATUS)), (&purchases, Some(RARE_TYPE))];
    if let Some((_, rare)) = rare.into_iter().find(|(known, _)| *known == filter)
        && let Some(counted) = counter(tx, scope, filter.customer_id.as_ref()).await?
    {
        return match rare {
            None => Ok(counted),
            Some(rare) => Ok(counted - count(tx, scope, &all, rare).await?),
        };
    }
    count(tx, scope, filter, "").await
}

/// A page of orders, and how many there are in all.
pub(in crate::orders) async fn list(
    tx: &mut Tx,
    scope: &Scope,
    filter: &Filter,
    page: Page,
) -> Result<(i64, Vec<Order>), DbError> {
    let total = total(tx, scope, filter).await?;
    if page.offset >= total {
        return Ok((total, Vec::new()));
    }
    let statement = page_statement(scope, filter, page);
    let mut rows = tx.all(statement.sql(), statement.params()).await?;
    Ok((total, rows.iter_mut().map(order_from_row).collect()))
}

/// Filters to try the composed statements with: none, each alone, and all.
fn samples() -> Vec<Filter> {
    let text = || Some("x".to_owned());
    let (at, until) = (Some(Instant::from_ms(0)), Some(Instant::from_ms(1)));
    let (common_status, common_type) = (OrderStatus::Completed.code(), OrderType::Purchase.code());
    let (rare_status, rare_type) = (OrderStatus::PendingPayment.code(), OrderType::Unsubscription.code());
    let none = Filter::default;
    vec![
        none(),
        Filter { order_id: text(), ..none() },
        Filter { customer_id: text(), ..none() },
        Filter { created_from: at, ..none() },
        Filter { created_until: until, ..none() },
        Filter { created_from: at, created_until: until, ..none() },
        Filter { service_type: text(), ..none() },
        Filter { status: Some(common_status), ..none() },
        Filter { status: Some(rare_status), ..none() },
        Filter { order_type: Some(common_type), ..none() },
        Filter { order_type: Some(rare_type), ..none() },
        Filter { paid_from: at, ..none() },
        Filter { paid_until: until, ..none() },
        Filter { paid_from: at, paid_until: until, ..none() },
        Filter { partner_id: text(), ..none() },
        Filter {
            order_id: text(),
            customer_id: text(),
            created_from: at,
            created_until: until,
            service_type: text(),
            status: Some(rare_status),
            order_type: Some(rare_type),
            paid_from: at,
            paid_until: until,
            partner_id: text(),
        },
    ]
}

/// The composed statements with these filters.
pub(super) fn composed() -> Vec<String> {
    let mut all = Vec::new();
    let (id, none) = ("x".to_owned(), Filter::default());
    for scope in [Scope::Account(id.clone()), Scope::Partner(id.clone()), Scope::Payer(id)] {
        for filter in &samples() {
            for is_descending in [true, false] {
                let page = Page { is_descending, offset: 0, limit: 1 };
                all.push(page_statement(&scope, filter, page).sql().to_owned());
            }
            all.push(total_statement(&scope, filter, "").sql().to_owned());
        }
        for rare in [RARE_STATUS, RARE_TYPE] {
            all.push(total_statement(&scope, &none, rare).sql().to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use domain::calendar::pending_payment_end;

    use super::*;

    #[test]
    fn a_filter_on_the_time_of_payment_misses_no_order_that_was_paid_at_the_last_moment() {
        // Midnight and noon of GMT+8, and every hour of a day between.
        for hour in 0..48 {
            let placed = Instant::from_ms(1_768_464_000_000 + hour * 3_600_000);
            assert!(pending_payment_end(placed) < placed.plus_ms(PAID_WITHIN_MS), "{placed}");
        }
    }

    #[test]
    fn the_indexes_of_rare_kinds_leave_out_what_the_texts_say() {
        assert_eq!(RARE_STATUS, format!(" and status <> {}", OrderStatus::Completed.code()));
        assert_eq!(RARE_TYPE, format!(" and order_type <> {}", OrderType::Purchase.code()));
    }
}
