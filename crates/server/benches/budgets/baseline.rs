//! Raw SQL that does what one payment does, and nothing else: the same number of statements over tables of the
//! same shape, durable before it is answered, with no HTTP, no signature, no decoding, no rules.
//!
//! On SQLite one thread owns the connection and commits for everybody who waits (group commit). On PostgreSQL
//! every client has its own connection and sends what does not depend on an answer in one go (pipelining).

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use platform::clock::{monotonic, since};
use tokio_postgres::{Client, NoTls, Statement};

use super::load::{Outcome, micros};

const SCHEMA: &str = "
    create table accounts (id bigint not null primary key, balance bigint not null, seq bigint not null);
    create table orders (account bigint not null, id bigint not null, status bigint not null, paid bigint,
        detail text not null, primary key (account, id));
    create unique index orders_by_id on orders (id);
    create table lines (account bigint not null, order_id bigint not null, line bigint not null,
        state bigint not null, detail text not null, primary key (account, order_id, line));
    create table journals (id bigint not null primary key, cause text not null unique, at bigint not null);
    create table postings (journal bigint not null, seq bigint not null, account bigint not null,
        amount bigint not null, account_seq bigint, balance bigint, primary key (journal, seq));
    create unique index postings_by_account on postings (account, account_seq);
    create table resources (account bigint not null, id bigint not null, order_id bigint not null,
        detail text not null, primary key (account, id));
    create index resources_by_order on resources (account, order_id, id);
    create table audit (account bigint not null, id bigint not null, at bigint not null,
        detail text not null, primary key (account, id));
    create index audit_by_time on audit (account, at, id);";

/// What is read, in order: order, account, lines, who listens to events.
const READS: [&str; 4] = [
    "select status, detail from orders where account = $1 and id = $2",
    "select balance, seq from accounts where id = $1",
    "select line, state, detail from lines where account = $1 and order_id = $2 order by line",
    "select id from audit where account = -cast($1 as bigint) and id = $2",
];
/// What is written; parameters are account, order, and a text as long as a row of the product.
const WRITES: [&str; 8] = [
    "insert into journals (id, cause, at) values (cast($2 as bigint), 'pay_order/' || cast(cast($2 as bigint) as text), $1)",
    "insert into postings (journal, seq, account, amount, account_seq, balance) values ($2, 1, $1, -18207, $2, 0)",
    "insert into postings (journal, seq, account, amount) values ($2, 2, -cast($1 as bigint), 18207)",
    "update accounts set balance = balance - 18207, seq = $2 where id = $1",
    "insert into resources (account, id, order_id, detail) values ($1, $2, $2, $3)",
    "update orders set status = 5, paid = 1 where account = $1 and id = $2",
    "update lines set state = 2 where account = $1 and order_id = $2",
    "insert into audit (account, id, at, detail) values ($1, $2, $2, $3)",
];
const CUSTOMERS: i64 = 100;
const DETAIL_BYTES: usize = 300;

/// The payment with this number: every second one is of the hot account.
fn owner(number: i64) -> i64 {
    if number % 2 == 0 { 1 } else { 2 + number / 2 % (CUSTOMERS - 1) }
}

fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

type Wanted = (i64, mpsc::SyncSender<()>);

/// Payments on a SQLite file from so many threads.
pub fn sqlite(folder: &Path, clients: usize, duration: Duration) -> Outcome {
    let mut conn = rusqlite::Connection::open(folder.join("baseline.db")).expect("it opens");
    conn.execute_batch("pragma journal_mode = wal; pragma synchronous = full;").expect("pragmas");
    conn.set_prepared_statement_cache_capacity(64);
    conn.execute_batch(SCHEMA).expect("a schema");
    let detail = "x".repeat(DETAIL_BYTES);
    let (send, wanted) = mpsc::channel::<Wanted>();
    let payers: Vec<_> = (0..clients)
        .map(|client| {
            let send = send.clone();
            std::thread::spawn(move || payer(client, clients, duration, &send))
        })
        .collect();
    drop(send);
    fill_sqlite(&mut conn, &detail, 200_000);
    let reads = READS.map(numbered);
    let writes = WRITES.map(numbered);
    while let Ok(first) = wanted.recv() {
        let batch: Vec<Wanted> = std::iter::once(first).chain(wanted.try_iter()).collect();
        let tx = conn.transaction().expect("begin");
        for (number, _) in &batch {
            pay_sqlite(&tx, &reads, &writes, *number, &detail);
        }
        tx.commit().expect("commit");
        for (_, answer) in batch {
            answer.send(()).expect("the payer waits");
        }
    }
    let times: Vec<u32> = payers.into_iter().flat_map(|payer| payer.join().expect("it paid")).collect();
    // Each payer counted for `duration` from its first answer on.
    Outcome::new(duration, times)
}

/// One client: pays, waits for the commit, pays again. The clock starts with its first answer, when the tables
/// are filled.
fn payer(client: usize, clients: usize, duration: Duration, send: &mpsc::Sender<Wanted>) -> Vec<u32> {
    let mut number = i64::try_from(client).expect("few clients");
    let step = i64::try_from(clients).expect("few clients");
    let mut times = Vec::new();
    let pay = |number: i64| {
        let (answer, answered) = mpsc::sync_channel(1);
        send.send((number, answer)).expect("the writer listens");
        answered.recv().expect("the writer answers");
    };
    pay(number);
    let begun = monotonic();
    while since(begun) < duration {
        number += step;
        let sent = monotonic();
        pay(number);
        times.push(micros(since(sent)));
    }
    times
}

fn fill_sqlite(conn: &mut rusqlite::Connection, detail: &str, orders: i64) {
    let tx = conn.transaction().expect("begin");
    for account in 1..=CUSTOMERS {
        tx.execute("insert into accounts values (?1, 100000000000, -1)", [account]).expect("an account");
    }
    for number in 0..orders {
        let account = owner(number);
        let insert = "insert into orders values (?1, ?2, 6, null, ?3)";
        let mut statement = tx.prepare_cached(insert).expect("prepared");
        statement.execute(rusqlite::params![account, number, detail]).expect("an order");
        let insert = "insert into lines values (?1, ?2, 1, 0, ?3)";
        let mut statement = tx.prepare_cached(insert).expect("prepared");
        statement.execute(rusqlite::params![account, number, detail]).expect("a line");
    }
    tx.commit().expect("commit");
}

fn pay_sqlite(tx: &rusqlite::Connection, reads: &[String], writes: &[String], number: i64, detail: &str) {
    let account = owner(number);
    for sql in reads {
        let mut statement = tx.prepare_cached(sql).expect("prepared");
        let count = statement.parameter_count();
        let mut rows = match count {
            1 => statement.query([account]),
            _ => statement.query([account, number]),
        }
        .expect("read");
        while rows.next().expect("a row").is_some() {}
    }
    for sql in writes {
        let mut statement = tx.prepare_cached(sql).expect("prepared");
        match statement.parameter_count() {
            1 => statement.execute([account]),
            2 => statement.execute([account, number]),
            _ => statement.execute(rusqlite::params![account, number, detail]),
        }
        .expect("written");
    }
}

/// Payments on a PostgreSQL database from so many connections.
pub async fn postgres(url: &str, clients: usize, duration: Duration) -> Outcome {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("it connects");
    tokio::spawn(connection);
    client.batch_execute(SCHEMA).await.expect("a schema");
    let detail = "x".repeat(DETAIL_BYTES);
    let fill = format!(
        "insert into accounts select a, 100000000000, -1 from generate_series(1, {CUSTOMERS}) a;
         insert into orders select case when n % 2 = 0 then 1 else 2 + n / 2 % {others} end, n, 6, null, '{detail}'
             from generate_series(0, 99999) n;
         insert into lines select account, id, 1, 0, detail from orders;
         analyze",
        others = CUSTOMERS - 1
    );
    client.batch_execute(&fill).await.expect("it is filled");
    let begun = monotonic();
    let tasks: Vec<_> = (0..clients)
        .map(|client| tokio::spawn(pg_payer(url.to_owned(), client, clients, duration, detail.clone())))
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.expect("it paid"));
    }
    Outcome::new(since(begun), times)
}

async fn pg_payer(
    url: String,
    client: usize,
    clients: usize,
    duration: Duration,
    detail: String,
) -> Vec<u32> {
    let (conn, connection) = tokio_postgres::connect(&url, NoTls).await.expect("it connects");
    tokio::spawn(connection);
    let mut statements = Vec::new();
    for sql in READS.iter().chain(&WRITES) {
        let sql = if *sql == READS[0] || *sql == READS[1] {
            format!("{sql} for update")
        } else {
            (*sql).to_owned()
        };
        statements.push(conn.prepare(&sql).await.expect("prepared"));
    }
    let mut number = i64::try_from(client).expect("few clients");
    let mut times = Vec::new();
    let begun = monotonic();
    while since(begun) < duration && number < 100_000 {
        let sent = monotonic();
        pay_postgres(&conn, &statements, number, &detail).await;
        times.push(micros(since(sent)));
        number += i64::try_from(clients).expect("few clients");
    }
    times
}

async fn pay_postgres(conn: &Client, statements: &[Statement], number: i64, detail: &str) {
    let account = owner(number);
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&account, &number, &detail];
    let given = |statement: &Statement| &params[..statement.params().len()];
    let (reads, writes) = statements.split_at(READS.len());
    conn.batch_execute("begin; savepoint op").await.expect("begin");
    let read = reads.iter().map(|statement| conn.query(statement, given(statement)));
    futures_util::future::try_join_all(read).await.expect("read");
    let written = writes.iter().map(|statement| conn.execute(statement, given(statement)));
    futures_util::future::try_join_all(written).await.expect("written");
    conn.batch_execute("commit").await.expect("commit");
}
