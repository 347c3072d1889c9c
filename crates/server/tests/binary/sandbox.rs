//! `openbss sandbox`.

use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use platform::clock::monotonic;
use tempfile::tempdir;

use crate::process::{Running, exchange, refused};

const FREE_PORT: &[&str] = &["sandbox", "--listen", "127.0.0.1:0"];
const CLOCK: &str = "/openbss/v1/sandbox/clock";
const BALANCES: &str = "/v2/accounts/customer-accounts/balances";

fn with<'a>(further: &[&'a str]) -> Vec<&'a str> {
    [FREE_PORT, further].concat()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join("openbss-sandbox")).expect("the data folder is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_ready_line_is_the_only_one_of_its_kind_and_both_signals_stop_cleanly() {
    for signal in ["TERM", "INT"] {
        let folder = tempdir().unwrap();
        let began = monotonic();
        let mut server = Running::start(folder.path(), FREE_PORT);
        println!("a new sandbox was ready after {} ms", (monotonic() - began).as_millis());
        assert_eq!(server.scheme, "http");
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "SIG{signal}");
        let rest = server.rest();
        assert!(!rest.iter().any(|line| line.contains("ready on")), "{rest:#?}");
        assert!(rest.iter().any(|line| line.contains("/openbss/v1/sandbox/accounts")), "{rest:#?}");
        // Nothing is left in a write-ahead log.
        assert_eq!(files(folder.path()), ["openbss.db", "openbss.lock"]);
    }
}

#[test]
fn the_printed_curl_example_is_signed_and_works_as_it_stands() {
    let folder = tempdir().unwrap();
    let server = Running::start(folder.path(), FREE_PORT);
    let mut line = server.line();
    while !line.starts_with("curl ") {
        line = server.line();
    }
    assert!(line.contains(&format!("http://{}{BALANCES}", server.address)), "{line}");
    let header = |line: String| {
        let (_, rest) = line.split_once('\'').expect("a quoted header");
        let (header, _) = rest.split_once('\'').expect("a quoted header");
        let (name, value) = header.split_once(": ").expect("name and value");
        (name.to_owned(), value.to_owned())
    };
    let (date, signature) = (header(server.line()), header(server.line()));
    let headers = [(date.0.as_str(), date.1.as_str()), (signature.0.as_str(), signature.1.as_str())];
    let (status, body) = server.plain("GET", BALANCES, &headers, "");
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("10000"), "{body}");
    server.stop();
}

#[test]
fn a_folder_keeps_its_clock_site_and_tenants() {
    let folder = tempdir().unwrap();
    let server =
        Running::start(folder.path(), &with(&["--site", "cn", "--now", "2026-03-01T00:00:00+08:00"]));
    assert_eq!(server.json(CLOCK)["now"], "2026-02-28T16:00:00Z");
    let tenants = server.json("/openbss/v1/sandbox/accounts");
    assert_eq!(server.signed("operator", "POST", CLOCK, r#"{"by":"P1M"}"#).0, 200);
    server.stop();

    let server = Running::start(folder.path(), FREE_PORT);
    assert_eq!(server.json(CLOCK)["now"], "2026-03-31T16:00:00Z");
    assert_eq!(server.json("/openbss/v1/sandbox/accounts"), tenants);
    let (_, balances) = server.signed("acme", "GET", BALANCES, "");
    assert!(balances.contains("CNY"), "{balances}");
    server.stop();

    let message = refused(folder.path(), &with(&["--now", "2026-03-01T00:00:00+08:00"]));
    assert!(message.contains("2026-03-31T16:00:00Z") && message.contains("--now"), "{message}");
    let message = refused(folder.path(), &with(&["--site", "intl"]));
    assert!(message.contains("site cn"), "{message}");
    Running::start(folder.path(), &with(&["--site", "cn", "--now", "2026-03-31T16:00:00Z"])).stop();
}

#[test]
fn a_killed_sandbox_finds_its_clock_again() {
    let folder = tempdir().unwrap();
    let server = Running::start(folder.path(), FREE_PORT);
    assert_eq!(server.signed("operator", "POST", CLOCK, r#"{"to":"2026-07-01T00:00:00Z"}"#).0, 200);
    server.kill();
    let server = Running::start(folder.path(), FREE_PORT);
    assert_eq!(server.json(CLOCK)["now"], "2026-07-01T00:00:00Z");
    server.stop();
}

#[test]
fn a_request_under_way_is_answered_before_the_end() {
    let folder = tempdir().unwrap();
    let mut server = Running::start(folder.path(), FREE_PORT);
    let fault = r#"{"operation":"ShowSandboxClock","latency_ms":700}"#;
    assert_eq!(server.signed("operator", "POST", "/openbss/v1/sandbox/faults", fault).0, 201);
    let status = std::thread::scope(|scope| {
        let address = server.address.clone();
        let slow = scope.spawn(move || {
            let stream = TcpStream::connect(&address).expect("openbss listens");
            exchange(stream, &address, "GET", CLOCK, &[], "").0
        });
        // The fault is gone from the list as soon as the slow request has met it.
        while server
            .signed("operator", "GET", "/openbss/v1/sandbox/faults", "")
            .1
            .contains("ShowSandboxClock")
        {
            std::thread::sleep(Duration::from_millis(5));
        }
        server.signal("TERM");
        slow.join().expect("the request is answered")
    });
    assert_eq!(status, 200);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn what_cannot_start_says_why_in_one_line() {
    let folder = tempdir().unwrap();
    let server = Running::start(folder.path(), FREE_PORT);
    let message = refused(folder.path(), FREE_PORT);
    assert!(message.contains("openbss-sandbox is in use by another openbss"), "{message}");
    let message = refused(folder.path(), &["sandbox", "--data", "other", "--listen", &server.address]);
    assert!(message.contains(&server.address) && message.contains("in use"), "{message}");
    assert!(!folder.path().join("other").exists(), "a refused start leaves no folder");
    server.stop();

    let message = refused(folder.path(), &with(&["--database-url", "nonsense://x"]));
    assert!(message.contains("not a PostgreSQL address"), "{message}");
    let message =
        refused(folder.path(), &with(&["--database-url", "postgres://nobody:secret@127.0.0.1:1/none"]));
    assert!(message.contains("PostgreSQL") && !message.contains("secret"), "{message}");
    std::fs::write(folder.path().join("file"), "").unwrap();
    let message = refused(folder.path(), &with(&["--data", "file"]));
    assert!(message.contains("file"), "{message}");
}

#[test]
fn request_limits_apply_only_when_asked_for() {
    let folder = tempdir().unwrap();
    for (options, is_limited) in [(&["--throttle"] as &[&str], true), (&[], false)] {
        let server = Running::start(folder.path(), &with(options));
        let throttled = (0..40).filter(|_| server.plain("GET", CLOCK, &[], "").0 == 429).count();
        assert_eq!(throttled > 0, is_limited, "{throttled} of 40 with {options:?}");
        server.stop();
    }
}

#[tokio::test]
async fn a_sandbox_on_postgresql_is_filled_once_and_keeps_its_clock() {
    let cluster = std::env::var("OPENBSS_TEST_POSTGRES").expect(
        "OPENBSS_TEST_POSTGRES is not set: run `cargo xtask test`, or `cargo xtask pg -- cargo nextest run`, \
         which start a cluster",
    );
    let (base, _) = cluster.rsplit_once('/').expect("the URL names a database");
    let name = format!("openbss_binary_{}", std::process::id());
    let (admin, connection) = tokio_postgres::connect(&cluster, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    admin.batch_execute(&format!("create database {name}")).await.unwrap();

    let url = format!("{base}/{name}");
    tokio::task::spawn_blocking(move || {
        let folder = tempdir().unwrap();
        let options = with(&["--database-url", &url]);
        let server = Running::start(folder.path(), &options);
        assert_eq!(server.signed("operator", "POST", CLOCK, r#"{"by":"P1D"}"#).0, 200);
        let (_, balances) = server.signed("acme", "GET", BALANCES, "");
        server.stop();
        let server = Running::start(folder.path(), &options);
        assert_eq!(server.json(CLOCK)["now"], "2026-01-16T08:00:00Z");
        assert_eq!(server.signed("acme", "GET", BALANCES, "").1, balances);
        server.stop();
        assert!(!folder.path().join("openbss-sandbox").exists(), "all data is in the database");
    })
    .await
    .unwrap();
}
