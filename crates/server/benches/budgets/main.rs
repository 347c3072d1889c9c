//! The budgets of the product, measured: `cargo xtask pg -- cargo bench`, or `cargo bench` for SQLite alone.
//!
//! Server and load generator share one machine and one process, but not their threads; requests go through real
//! sockets and are signed, every write is durable before its answer, audit is on, request limits are off.
//! Absolute figures belong to a machine. What can be compared between runs is the ratio to the raw-SQL baseline
//! that each run measures beside the product.
//!
//! A word on the command line runs only what has it in its name: `cargo bench -- inquiry`.

mod baseline;
mod load;
mod program;
mod renewals;
mod report;
mod stock;

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

use crate::load::{Outcome, Plan, Supply, run, signed, unsigned};
use crate::report::{Budget, Report};
use crate::stock::{On, Stock};

/// Connections that send at the same time.
const CLIENTS: usize = 16;
/// How long one measurement counts.
const DURATION: Duration = Duration::from_secs(4);
/// How long requests are sent before they count.
const WARM_UP: Duration = Duration::from_secs(1);
/// Unpaid orders for one measurement of payments; it ends when they are used up.
const ORDERS_SQLITE: usize = 60_000;
const ORDERS_POSTGRES: usize = 16_000;
/// How long a simulated year of a thousand automatic renewals a month may take.
const YEAR_SQLITE_MS: u64 = 60_000;
const YEAR_POSTGRES_MS: u64 = 120_000;
/// Where the runner of the tests puts the address of the cluster it started.
const POSTGRES_VARIABLE: &str = "OPENBSS_TEST_POSTGRES";

const INQUIRY: &str = "/v2/bills/ratings/on-demand-resources";
const PAY: &str = "/v3/orders/customer-orders/pay";
const LIST: &str = "/v2/orders/customer-orders?limit=10";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` starts benchmarks too, to see whether they start.
    if !words.iter().any(|word| word == "--bench") {
        return println!("run by cargo bench");
    }
    let filter = words.iter().find(|word| !word.starts_with('-')).cloned().unwrap_or_default();
    let wanted = |name: &str| name.contains(&filter);
    let mut report = Report::default();
    if wanted("program") {
        program::measure(&mut report);
    }
    let engine_words = ["inquiry", "payment", "list", "renewals"];
    if engine_words.iter().any(|word| wanted(word)) {
        let runtime = Runtime::new().expect("the server's runtime starts");
        sqlite(&runtime, &mut report, &wanted);
        match std::env::var(POSTGRES_VARIABLE) {
            Ok(cluster) => postgres(&runtime, &mut report, &wanted, &cluster),
            Err(_) => report.skipped("PostgreSQL", "start it with: cargo xtask pg -- cargo bench"),
        }
    }
    report.finish();
}

fn plan(status: u16) -> Plan {
    Plan { clients: CLIENTS, warm_up: WARM_UP, duration: DURATION, status }
}

type Wanted<'a> = &'a dyn Fn(&str) -> bool;

fn sqlite(runtime: &Runtime, report: &mut Report, wanted: Wanted<'_>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stock = runtime.block_on(Stock::open(On::Sqlite(folder.path())));
    let door = run(stock.address, Supply::Again(vec![unsigned("/healthz")]), plan(200));
    report.baseline("baseline: HTTP alone (/healthz)", &door);
    if wanted("inquiry") {
        let outcome = inquiry(&stock);
        let budget = Budget { per_second: 15_000, p99_ms: Some(10) };
        report.measured("price inquiry, 4 products", &outcome, budget, Some(&door));
        runtime.block_on(stock.grant_discounts());
        let outcome = inquiry(&stock);
        let budget = Budget { per_second: 15_000, p99_ms: Some(10) };
        report.measured("price inquiry, 4 products, 3 discounts", &outcome, budget, Some(&door));
    }
    if wanted("payment") {
        let raw = baseline::sqlite(folder.path(), CLIENTS, DURATION);
        report.baseline("baseline: SQLite, raw SQL of a payment", &raw);
        let outcome = payment(runtime, &stock, ORDERS_SQLITE);
        let budget = Budget { per_second: 5_000, p99_ms: Some(15) };
        report.measured("order payment, SQLite", &outcome, budget, Some(&raw));
        let outcome = payment_with_benefits(runtime, &stock, ORDERS_SQLITE);
        let budget = Budget { per_second: 5_000, p99_ms: Some(15) };
        report.measured("the same with discount and coupon, SQLite", &outcome, budget, Some(&raw));
    }
    if wanted("list") {
        runtime.block_on(stock.million_orders());
        let outcome = list(&stock);
        let budget = Budget { per_second: 8_000, p99_ms: Some(10) };
        report.measured("order list, SQLite", &outcome, budget, Some(&door));
    }
    runtime.block_on(stock.close());
    if wanted("renewals") {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let took = runtime.block_on(renewals::year(On::Sqlite(folder.path())));
        report.at_most("a year of 1,000 automatic renewals, SQLite", took, YEAR_SQLITE_MS, "ms");
    }
}

fn postgres(runtime: &Runtime, report: &mut Report, wanted: Wanted<'_>, cluster: &str) {
    let product = runtime.block_on(fresh_database(cluster, "openbss_bench"));
    let stock = runtime.block_on(Stock::open(On::Postgres(&product)));
    let door = run(stock.address, Supply::Again(vec![unsigned("/healthz")]), plan(200));
    if wanted("payment") {
        let raw = runtime.block_on(fresh_database(cluster, "openbss_bench_raw"));
        let raw = runtime.block_on(baseline::postgres(&raw, CLIENTS, DURATION));
        report.baseline("baseline: PostgreSQL, raw SQL of a payment", &raw);
        let outcome = payment(runtime, &stock, ORDERS_POSTGRES);
        let budget = Budget { per_second: 1_500, p99_ms: Some(25) };
        report.measured("order payment, PostgreSQL", &outcome, budget, Some(&raw));
        let outcome = payment_with_benefits(runtime, &stock, ORDERS_POSTGRES);
        let budget = Budget { per_second: 1_500, p99_ms: Some(25) };
        report.measured("the same with discount and coupon, PostgreSQL", &outcome, budget, Some(&raw));
    }
    if wanted("list") {
        runtime.block_on(async {
            stock.million_orders().await;
            sql(&product, "vacuum analyze").await;
        });
        let outcome = list(&stock);
        let budget = Budget { per_second: 4_000, p99_ms: None };
        report.measured("order list, PostgreSQL", &outcome, budget, Some(&door));
    }
    runtime.block_on(stock.close());
    if wanted("renewals") {
        let product = runtime.block_on(fresh_database(cluster, "openbss_bench_renewals"));
        let took = runtime.block_on(renewals::year(On::Postgres(&product)));
        report.at_most("a year of 1,000 automatic renewals, PostgreSQL", took, YEAR_POSTGRES_MS, "ms");
    }
}

/// An empty database in a cluster that waits for its disk, as a cluster of tests does not.
async fn fresh_database(cluster: &str, name: &str) -> String {
    for statement in [
        "alter system set fsync = on",
        "alter system set full_page_writes = on",
        "select pg_reload_conf()",
        &format!("drop database if exists {name}"),
        &format!("create database {name}"),
    ] {
        sql(cluster, statement).await;
    }
    let (base, _) = cluster.rsplit_once('/').expect("the URL names a database");
    format!("{base}/{name}")
}

async fn sql(url: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the cluster answers");
    tokio::spawn(connection);
    client.batch_execute(statement).await.expect("an administrator's statement");
}

/// The documented inquiry of 004 4.2.1.
fn inquiry(stock: &Stock) -> Outcome {
    let product = |id: u32, service: &str, kind: &str, spec: &str, rest: &str| {
        format!(
            r#"{{"id":"{id}","cloud_service_type":"hws.service.type.{service}",
            "resource_type":"hws.resource.type.{kind}","resource_spec":"{spec}","region":"eu-west-101",
            "subscription_num":1,{rest}}}"#
        )
    };
    let hours =
        |value: u32| format!(r#""usage_factor":"Duration","usage_value":{value},"usage_measure_id":4"#);
    let products = [
        product(1, "ec2", "vm", "c3.3xlarge.2.linux", &hours(2)),
        product(
            2,
            "ebs",
            "volume",
            "SSD",
            &format!(r#"{},"resource_size":10,"size_measure_id":17"#, hours(2)),
        ),
        product(3, "vpc", "ip", "5_bgp", &hours(3)),
        product(
            4,
            "vpc",
            "bandwidth",
            "12_sbgp",
            r#""usage_factor":"upflow","usage_value":4,"usage_measure_id":10"#,
        ),
    ];
    let body = format!(
        r#"{{"project_id":"06488a0000000832f55c016b0e337d70","inquiry_precision":1,"product_infos":[{}]}}"#,
        products.join(",")
    );
    let requests = stock.customers.iter().map(|(_, key)| signed(key, "POST", INQUIRY, &body)).collect();
    run(stock.address, Supply::Again(requests), plan(200))
}

/// Orders placed beforehand, each paid once; every second one by the hot customer.
fn payment(runtime: &Runtime, stock: &Stock, orders: usize) -> Outcome {
    let placed = runtime.block_on(stock.place_orders(orders));
    let requests: Vec<Vec<u8>> = placed
        .iter()
        .map(|(owner, order)| {
            let body = format!(r#"{{"order_id":"{order}","use_coupon":"NO","use_discount":"NO"}}"#);
            signed(&stock.customers[*owner].1, "POST", PAY, &body)
        })
        .collect();
    paid(runtime, stock, requests)
}

/// The same, each naming the customer's commercial discount and a coupon that it uses up.
fn payment_with_benefits(runtime: &Runtime, stock: &Stock, orders: usize) -> Outcome {
    let placed = runtime.block_on(stock.place_orders(orders));
    let discounts = runtime.block_on(stock.grant_discounts());
    let owners: Vec<usize> = placed.iter().map(|(owner, _)| *owner).collect();
    let coupons = runtime.block_on(stock.issue_coupons(&owners));
    let requests: Vec<Vec<u8>> = placed
        .iter()
        .zip(&coupons)
        .map(|((owner, order), coupon)| {
            let discount = &discounts[*owner];
            let body = format!(
                r#"{{"order_id":"{order}","use_coupon":"YES","use_discount":"YES",
                "coupon_infos":[{{"id":"{coupon}","type":301}}],"discount_infos":[{{"id":"{discount}","type":2}}]}}"#
            );
            signed(&stock.customers[*owner].1, "POST", PAY, &body)
        })
        .collect();
    paid(runtime, stock, requests)
}

/// Pays, and finds the books in order afterwards.
fn paid(runtime: &Runtime, stock: &Stock, requests: Vec<Vec<u8>>) -> Outcome {
    let outcome = run(stock.address, Supply::Once(requests), plan(204));
    let verdict = runtime.block_on(server::verify::service::verify(&stock.app)).expect("verify runs");
    let broken: Vec<_> = verdict.iter().filter(|identity| !identity.holds).collect();
    assert!(broken.is_empty(), "the books do not hold after the benchmark: {broken:#?}");
    outcome
}

/// The first page of ten, every second one of the customer with a tenth of a million orders.
fn list(stock: &Stock) -> Outcome {
    let requests = (0..2 * stock::CUSTOMERS)
        .map(|number| signed(&stock.customers[stock.owner(number)].1, "GET", LIST, ""))
        .collect();
    run(stock.address, Supply::Again(requests), plan(200))
}
