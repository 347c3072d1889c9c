//! A simulated year of resources that are renewed automatically: the clock of a sandbox is moved over it at once.

use platform::clock::{monotonic, since};
use platform::op::Host;
use server::sandbox;

use super::stock::{On, Stock};

/// Resources that are renewed.
const SUBSCRIPTIONS: usize = 1_000;
/// Renewals of a resource that was bought for a month on the first day of the year.
const RENEWALS_EACH: usize = 12;
/// Hours of the year.
const HOURS: i64 = 24 * 365;

/// How many renewal orders there are, how many resources were renewed other than once a month, and how many orders
/// collected anything but the price of a month.
const ORDERS: &str = "select count(*) from orders where order_type = 2 and status = 5";
const UNEVEN: &str = "select count(*) from (select resource_key from resource_charges group by account_id, resource_key \
    having count(*) <> 13 or count(distinct begins_at) <> 13) r";
const WRONG: &str = "select count(*) from resource_charges where money <> 18207";

/// Moves the clock over the year; how many milliseconds that took.
pub async fn year(on: On<'_>) -> u64 {
    let stock = Stock::open(on).await;
    stock.subscribe(SUBSCRIPTIONS).await;
    let until = sandbox::service::FIRST_NOW.plus_hours(HOURS);
    let begun = monotonic();
    let ran = sandbox::service::move_clock(&stock.app, until).await.expect("the clock moves");
    let took = since(begun);
    let renewed =
        ran.iter().filter(|ran| ran.job == "subscriptions.renew" && ran.outcome.starts_with("renewed"));
    assert_eq!(renewed.count(), SUBSCRIPTIONS * RENEWALS_EACH, "each is renewed once a month");
    let counts = [ORDERS, UNEVEN, WRONG];
    let mut found = Vec::with_capacity(counts.len());
    let mut tx = stock.app.db().begin_read().await.expect("a snapshot");
    for sql in counts {
        found.push(tx.one(sql, &[]).await.expect("it runs").int(0));
    }
    tx.rollback().await;
    let all = i64::try_from(SUBSCRIPTIONS * RENEWALS_EACH).expect("few");
    assert_eq!(found, [all, 0, 0], "each month is charged once");
    let verdict = server::verify::service::verify(&stock.app).await.expect("verify runs");
    let broken: Vec<_> = verdict.iter().filter(|identity| !identity.holds).collect();
    assert!(broken.is_empty(), "the books do not hold after the benchmark: {broken:#?}");
    stock.close().await;
    u64::try_from(took.as_millis()).expect("a short time")
}
