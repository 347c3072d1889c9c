//! PostgreSQL over TLS: the certificate is checked, or there is no connection.

use std::path::{Path, PathBuf};

use platform::db::{Db, DbError, PgOptions};
use platform::params;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The authority that signed the certificate of the cluster.
fn authority() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/tests/data/tls/authority.pem")
}

/// The cluster, under this name and with these options more. It is reached by its address whatever its name.
fn cluster(name: &str, options: &str) -> String {
    let url = std::env::var("OPENBSS_TEST_POSTGRES").expect("`cargo xtask test` starts PostgreSQL");
    let config: Config = url.parse().unwrap();
    let Some(Host::Tcp(address)) = config.get_hosts().first() else { panic!("the cluster has an address") };
    let port = config.get_ports().first().unwrap();
    let user = config.get_user().unwrap();
    format!("host={name} hostaddr={address} port={port} user={user} dbname=postgres {options}")
}

async fn open(url: &str, root: Option<PathBuf>) -> Result<Db, DbError> {
    Db::open_postgres(url, PgOptions { pool_size: 1, root_certificate: root }).await
}

/// Whether the server says that the connection is encrypted.
async fn is_encrypted(db: &Db) -> bool {
    let mut tx = db.begin_read().await.unwrap();
    tx.one("select ssl from pg_stat_ssl where pid = pg_backend_pid()", params![]).await.unwrap().int(0) == 1
}

#[tokio::test]
async fn a_certificate_of_the_given_authority_is_taken_and_nothing_is_sent_in_clear_text() {
    for options in ["", "sslmode=prefer", "sslmode=require"] {
        for name in ["127.0.0.1", "localhost"] {
            let db = open(&cluster(name, options), Some(authority())).await.unwrap();
            assert!(is_encrypted(&db).await, "{name} {options}");
        }
    }
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    let refused = open(&cluster("db.example.com", "sslmode=require"), Some(authority())).await.unwrap_err();
    assert!(matches!(&refused, DbError::Io(reason) if reason.contains("not valid for name")), "{refused}");
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_the_machine_does_not_trust_is_refused() {
    let refused = open(&cluster("localhost", "sslmode=require"), None).await.unwrap_err();
    assert!(matches!(&refused, DbError::Io(reason) if reason.contains("UnknownIssuer")), "{refused}");
}

#[tokio::test]
async fn clear_text_stays_on_the_machine_or_is_asked_for() {
    let db = open(&cluster("localhost", ""), None).await.unwrap();
    assert!(!is_encrypted(&db).await);
    let db = open(&cluster("db.example.com", "sslmode=disable"), None).await.unwrap();
    assert!(!is_encrypted(&db).await);
    let refused = open(&cluster("localhost", "sslmode=disable"), Some(authority())).await.unwrap_err();
    assert!(matches!(&refused, DbError::Other(reason) if reason.contains("contradicts")), "{refused}");
}
