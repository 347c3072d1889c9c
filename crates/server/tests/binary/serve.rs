//! `openbss serve`.

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::process::{Running, exchange, refused, signature};

const SERVE: &[&str] = &["serve", "--config", "openbss.toml"];
const VERIFY: &str = "/openbss/v1/verify";

fn certificates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls")
}

/// A folder with a configuration of these top-level lines.
fn configured(lines: &str) -> TempDir {
    let folder = tempdir().expect("a folder with a file");
    let text = format!(
        "listen = \"127.0.0.1:0\"\nsite = \"intl\"\n{lines}\n[database]\npath = \"openbss.db\"\n[log]\nlevel = \"error\"\n"
    );
    std::fs::write(folder.path().join("openbss.toml"), text).expect("a folder with a file");
    folder
}

fn operator(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("openbss-operator.json")).expect("the file is there");
    serde_json::from_str(&text).expect("JSON")
}

fn call(server: &Running, key: &Value, path: &str) -> (u16, String) {
    let pair = (
        key["access_key"].as_str().expect("a key is text"),
        key["secret_key"].as_str().expect("a key is text"),
    );
    let headers = signature(&server.address, pair, "GET", path, "");
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    server.plain("GET", path, &headers, "")
}

#[test]
fn the_first_start_makes_a_key_and_an_operator_and_the_next_ones_keep_them() {
    let folder = configured("behind_proxy = true");
    let server = Running::start(folder.path(), SERVE);
    let operator_first = operator(folder.path());
    let (status, body) = call(&server, &operator_first, VERIFY);
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"holds\":true"), "{body}");
    for secret in ["openbss.key", "openbss-operator.json"] {
        let mode = std::fs::metadata(folder.path().join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    server.stop();

    let server = Running::start(folder.path(), SERVE);
    assert_eq!(operator(folder.path()), operator_first);
    assert_eq!(call(&server, &operator_first, VERIFY).0, 200);
    server.stop();
}

#[test]
fn a_production_server_has_no_sandbox_and_no_demo_tenant() {
    let folder = configured("behind_proxy = true");
    let server = Running::start(folder.path(), SERVE);
    assert_eq!(server.plain("GET", "/openbss/v1/sandbox/accounts", &[], "").0, 401);
    assert_eq!(server.signed("acme", "GET", "/v3/auth/domains", "").0, 401);
    let key = operator(folder.path());
    assert_eq!(call(&server, &key, "/openbss/v1/sandbox/clock").0, 404);
    server.stop();
}

#[test]
fn https_is_served_with_both_versions_of_tls() {
    let pem = |name: &str| certificates().join(name).display().to_string();
    let folder = tempdir().unwrap();
    let text = format!(
        "listen = \"127.0.0.1:0\"\nsite = \"intl\"\n[database]\npath = \"openbss.db\"\n[tls]\n\
         certificate = \"{}\"\nkey = \"{}\"\n[log]\nlevel = \"error\"\n",
        pem("certificate.pem"),
        pem("key.pem")
    );
    std::fs::write(folder.path().join("openbss.toml"), text).unwrap();
    let server = Running::start(folder.path(), SERVE);
    assert_eq!(server.scheme, "https");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (status, body) = over_tls(&server.address, version);
        assert_eq!((status, body.as_str()), (200, r#"{"status":"ok"}"#), "{version:?}");
    }
    // A client that speaks no TLS gets no answer to its request.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    std::io::Write::write_all(&mut stream, b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _reset = std::io::Read::read_to_end(&mut stream, &mut answer);
    assert!(!answer.starts_with(b"HTTP"));
    server.stop();
}

fn over_tls(address: &str, version: &'static SupportedProtocolVersion) -> (u16, String) {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(certificates().join("authority.pem")).expect("TLS is set up"))
        .expect("TLS is set up");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("TLS is set up")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("TLS is set up");
    let connection = ClientConnection::new(Arc::new(config), name).expect("TLS is set up");
    let stream = StreamOwned::new(connection, TcpStream::connect(address).expect("TLS is set up"));
    exchange(stream, address, "GET", "/healthz", &[], "")
}

#[test]
fn plain_http_without_a_proxy_is_refused() {
    let message = refused(configured("").path(), SERVE);
    assert!(message.contains("tls") && message.contains("behind_proxy"), "{message}");
}

#[test]
fn a_lost_or_foreign_secret_key_is_noticed_at_the_start() {
    let folder = configured("behind_proxy = true");
    Running::start(folder.path(), SERVE).stop();
    let key = folder.path().join("openbss.key");
    let kept = std::fs::read_to_string(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let message = refused(folder.path(), SERVE);
    assert!(message.contains("openbss.key cannot be read"), "{message}");
    std::fs::write(&key, "00".repeat(32)).unwrap();
    let message = refused(folder.path(), SERVE);
    assert!(message.contains("not the one that the database was sealed with"), "{message}");
    std::fs::write(&key, "short").unwrap();
    assert!(refused(folder.path(), SERVE).contains("64 hexadecimal digits"));
    std::fs::write(&key, kept).unwrap();
    Running::start(folder.path(), SERVE).stop();
}

#[test]
fn site_and_kind_of_a_database_cannot_be_changed() {
    let folder = configured("behind_proxy = true");
    Running::start(folder.path(), SERVE).stop();
    let message = refused(folder.path(), &["sandbox", "--listen", "127.0.0.1:0", "--data", "."]);
    assert!(message.contains("production server"), "{message}");
    let config = folder.path().join("openbss.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace("intl", "cn");
    std::fs::write(&config, text).unwrap();
    let message = refused(folder.path(), SERVE);
    assert!(message.contains("site intl") && message.contains("cn"), "{message}");

    let folder = configured("behind_proxy = true");
    Running::start(folder.path(), &["sandbox", "--listen", "127.0.0.1:0", "--data", "."]).stop();
    let message = refused(folder.path(), SERVE);
    assert!(message.contains("sandbox"), "{message}");
    assert!(!folder.path().join("openbss-operator.json").exists());
}

#[test]
fn a_configuration_with_a_mistake_names_file_and_line() {
    let folder = configured("behind_proxy = true\nlistenn = 1");
    let message = refused(folder.path(), SERVE);
    assert!(message.contains("openbss.toml: line 4") && message.contains("listenn"), "{message}");
    let message = refused(folder.path(), &["serve", "--config", "none.toml"]);
    assert!(message.contains("none.toml"), "{message}");
    let text = "listen = \"127.0.0.1:0\"\nsite = \"cn\"\n[database]\npath = \"a.db\"\n[tls]\ncertificate = \"c\"\nkey = \"k\"\n";
    std::fs::write(folder.path().join("openbss.toml"), text).unwrap();
    assert!(refused(folder.path(), SERVE).contains("tls:"));
}
