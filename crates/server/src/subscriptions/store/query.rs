//! Queries of an account's resources by what is asked of them.

use domain::calendar::Instant;
use platform::db::{Composed, DbError, Tx, Value};

use super::{Resource, VISIBLE, from_row, total_visible};

/// The most resource ids of one query (004 table 8-26).
const IDS_MAX: usize = 50;

/// Filters of a query of resources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::subscriptions) struct Filter {
    /// As the cloud names them.
    pub(in crate::subscriptions) resource_ids: Vec<String>,
    /// What is attached to the named resources too.
    pub(in crate::subscriptions) with_attached: bool,
    /// Primary resources only; of no effect where ids are named.
    pub(in crate::subscriptions) only_primaries: bool,
    pub(in crate::subscriptions) order_id: Option<String>,
    /// Empty: all that customers may see.
    pub(in crate::subscriptions) statuses: Vec<i64>,
    pub(in crate::subscriptions) expires_from: Option<Instant>,
    pub(in crate::subscriptions) expires_until: Option<Instant>,
    /// In lower case.
    pub(in crate::subscriptions) service_type: Option<String>,
}

/// `?` for each of at most [`IDS_MAX`] ids, padded so that there are few texts.
fn padded(ids: &[String]) -> (String, Vec<&String>) {
    let last = ids.last().expect("the caller has at least one id");
    let width = if ids.len() == 1 { 1 } else { IDS_MAX.max(ids.len()) };
    (vec!["?"; width].join(","), ids.iter().chain(std::iter::repeat(last)).take(width).collect())
}

fn conditions<'a>(statement: &mut Composed<'a>, account: &'a str, filter: &'a Filter) {
    statement.push("account_id = ?", [Value::from(account)]);
    if !filter.resource_ids.is_empty() {
        let (marks, ids) = padded(&filter.resource_ids);
        let ids = || ids.iter().map(|id| Value::from(*id));
        let named = format!("select id from resources where account_id = ? and resource_id in ({marks})");
        let own = || std::iter::once(Value::from(account));
        if filter.with_attached {
            // The named ones first, whatever an engine guesses: they are few.
            let attached = format!(
                "select child.id from resources parent cross join resources child \
                 where child.account_id = parent.account_id and child.parent_id = parent.id \
                 and parent.account_id = ? and parent.resource_id in ({marks})"
            );
            let both = format!(" and id in ({named} union all {attached})");
            statement.push(&both, own().chain(ids()).chain(own()).chain(ids()));
        } else {
            statement.push(&format!(" and id in ({named})"), own().chain(ids()));
        }
    } else if filter.only_primaries {
        statement.push(" and parent_id is null", []);
    }
    // Always three places, so that the text does not depend on how many were asked for.
    let asked: Vec<i64> = VISIBLE
        .into_iter()
        .filter(|status| filter.statuses.is_empty() || filter.statuses.contains(status))
        .collect();
    let place = |at: usize| asked.get(at).or(asked.last()).copied().unwrap_or(i64::MIN);
    statement.push(" and status in (?, ?, ?)", [0, 1, 2].map(|at| Value::from(place(at))));
    for (fragment, value) in
        [(" and order_id = ?", &filter.order_id), (" and service_type_folded = ?", &filter.service_type)]
    {
        if let Some(value) = value {
            statement.push(fragment, [Value::from(value)]);
        }
    }
    let instants =
        [(" and expires_at >= ?", filter.expires_from), (" and expires_at < ?", filter.expires_until)];
    for (fragment, value) in instants {
        if let Some(value) = value {
            statement.push(fragment, [Value::from(value.ms())]);
        }
    }
}

fn total_statement<'a>(account: &'a str, filter: &'a Filter) -> Composed<'a> {
    let mut statement = Composed::default();
    statement.push("select count(*) from resources where ", []);
    conditions(&mut statement, account, filter);
    statement
}

fn page_statement<'a>(account: &'a str, filter: &'a Filter, offset: i64, limit: i64) -> Composed<'a> {
    let mut statement = Composed::default();
    statement.push(concat!("select ", resource_columns!(), " from resources where "), []);
    conditions(&mut statement, account, filter);
    let order = if filter.resource_ids.is_empty() {
        " order by created_at desc, id desc limit ? offset ?"
    } else {
        // Not the bare column: an index in this order would have all resources of the account read for a few.
        " order by +created_at desc, id desc limit ? offset ?"
    };
    statement.push(order, [Value::from(limit), Value::from(offset)]);
    statement
}

/// How many of an account's resources match, exactly: without a filter nothing is counted.
async fn total(tx: &mut Tx, account: &str, filter: &Filter) -> Result<i64, DbError> {
    if *filter == (Filter { with_attached: filter.with_attached, ..Filter::default() }) {
        return total_visible(tx, account).await;
    }
    let statement = total_statement(account, filter);
    Ok(tx.one(statement.sql(), statement.params()).await?.int(0))
}

/// A page of an account's resources, the latest first, and how many match.
pub(in crate::subscriptions) async fn query(
    tx: &mut Tx,
    account: &str,
    filter: &Filter,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<Resource>), DbError> {
    let total = total(tx, account, filter).await?;
    if offset >= total {
        return Ok((total, Vec::new()));
    }
    let statement = page_statement(account, filter, offset, limit);
    let mut rows = tx.all(statement.sql(), statement.params()).await?;
    Ok((total, rows.iter_mut().map(from_row).collect()))
}

/// The composed statements: with no filter, with each alone and with all.
pub(super) fn statements() -> Vec<String> {
    let mut all = Vec::new();
    let (text, at) = (|| Some("x".to_owned()), Some(Instant::from_ms(0)));
    let ids = |number| vec!["x".to_owned(); number];
    let none = Filter::default;
    let filters = [
        none(),
        Filter { resource_ids: ids(1), ..none() },
        Filter { resource_ids: ids(2), ..none() },
        Filter { resource_ids: ids(1), with_attached: true, ..none() },
        Filter { only_primaries: true, ..none() },
        Filter { order_id: text(), ..none() },
        Filter { expires_from: at, ..none() },
        Filter { expires_until: at, ..none() },
        Filter { service_type: text(), ..none() },
        Filter {
            resource_ids: ids(2),
            with_attached: true,
            only_primaries: false,
            order_id: text(),
            statuses: vec![2],
            expires_from: at,
            expires_until: at,
            service_type: text(),
        },
    ];
    for filter in &filters {
        all.push(total_statement("x", filter).sql().to_owned());
        all.push(page_statement("x", filter, 0, 1).sql().to_owned());
    }
    all
}
