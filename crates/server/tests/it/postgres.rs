//! The cluster of this test run: a template database with the schema, cloned for each test.

use std::sync::atomic::{AtomicU32, Ordering};

use platform::db::{Db, PgOptions};
use server::app::MIGRATIONS;
use tokio_postgres::NoTls;

/// Held while the template is made: tests run in processes of their own.
const TEMPLATE_LOCK: i64 = 0x0b55;

/// Superuser URL of the cluster.
fn cluster() -> String {
    std::env::var("OPENBSS_TEST_POSTGRES").expect(
        "OPENBSS_TEST_POSTGRES is not set: run `cargo xtask test`, or `cargo xtask pg -- cargo nextest run`, \
         which start a cluster",
    )
}

fn url_of(database: &str) -> String {
    let cluster = cluster();
    let (base, _) = cluster.rsplit_once('/').expect("the URL names a database");
    format!("{base}/{database}")
}

/// The name of the template: another schema is another template.
fn template_name() -> String {
    let text: String = MIGRATIONS.iter().map(|migration| migration.postgres).collect();
    format!("openbss_template_{}", &platform::auth::secrets::sha256_hex(text.as_bytes())[..12])
}

/// A fresh database with the schema; its URL.
pub async fn clone_of_template() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let (admin, connection) = tokio_postgres::connect(&cluster(), NoTls).await.expect("the cluster answers");
    let connection = tokio::spawn(connection);
    let template = template_name();
    admin.execute("select pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await.expect("the lock is taken");
    let known = admin
        .query_opt("select 1 from pg_database where datname = $1", &[&template])
        .await
        .expect("databases are listed");
    if known.is_none() {
        let making = format!("{template}_making");
        admin.batch_execute(&format!("drop database if exists {making}")).await.expect("dropped");
        admin.batch_execute(&format!("create database {making}")).await.expect("created");
        let db = Db::open_postgres(&url_of(&making), PgOptions { pool_size: 2, root_certificate: None })
            .await
            .expect("it opens");
        db.migrate(MIGRATIONS, 0).await.expect("the schema is brought up");
        db.close().await.expect("it closes");
        admin
            .batch_execute(&format!("alter database {making} rename to {template}"))
            .await
            .expect("the template is named");
    }
    let name = format!("openbss_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    admin.batch_execute(&format!("create database {name} template {template}")).await.expect("it is cloned");
    drop(admin);
    connection.await.expect("the connection's task ends").expect("the connection closes");
    url_of(&name)
}
