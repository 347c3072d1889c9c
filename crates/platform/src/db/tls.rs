//! TLS towards PostgreSQL.
//!
//! ```text
//!                    | on this machine | elsewhere
//!   sslmode=disable  | clear text      | clear text
//!   none, prefer     | clear text      | TLS
//!   sslmode=require  | TLS             | TLS
//!   root certificate | TLS; with sslmode=disable it is refused
//! ```
//!
//! TLS here always means a certificate from a trusted authority that names the host (`verify-full` in libpq's words).
//! libpq's `prefer` protects from nobody: whoever sits on the wire answers that there is no TLS. So it is no mode of
//! its own here. On this machine it means clear text, because packaged servers come with a certificate that nobody
//! signed, and because what would be overheard is overheard by root alone.

use std::net::IpAddr;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::DbError;
use crate::outgoing::{machine_authorities, tls_client};

/// Decides whether `config` connects by TLS, and makes what does it. Fails with `Other` when the options contradict
/// each other or the authorities cannot be read.
pub(super) fn connector(config: &mut Config, root: Option<&Path>) -> Result<MakeRustlsConnect, DbError> {
    let mode = mode(config, root.is_some())?;
    config.ssl_mode(mode);
    let roots = match (mode, root) {
        (SslMode::Require, Some(file)) => read(file)?,
        (SslMode::Require, None) => machine_authorities().map_err(DbError::Other)?,
        // Never asked.
        _ => RootCertStore::empty(),
    };
    let client = tls_client(roots).map_err(|error| DbError::Other(error.to_string()))?;
    Ok(MakeRustlsConnect::new(client))
}

/// `Disable` or `Require`, never between.
fn mode(config: &Config, has_root: bool) -> Result<SslMode, DbError> {
    match config.get_ssl_mode() {
        SslMode::Disable if has_root => {
            Err(DbError::Other("sslmode=disable contradicts the root certificate; leave one out".to_owned()))
        }
        SslMode::Disable => Ok(SslMode::Disable),
        SslMode::Prefer if !has_root && is_here(config) => Ok(SslMode::Disable),
        _ => Ok(SslMode::Require),
    }
}

/// Whether every server that the configuration names is on this machine.
fn is_here(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        // Where both are given, the names are for certificates and the addresses are connected to.
        return addresses.iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name.eq_ignore_ascii_case("localhost")
                || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    })
}

fn read(file: &Path) -> Result<RootCertStore, DbError> {
    let refused = |reason: String| {
        DbError::Other(format!("the root certificate {} cannot be read: {reason}", file.display()))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| refused(error.to_string()))? {
        let certificate = certificate.map_err(|error| refused(error.to_string()))?;
        roots.add(certificate).map_err(|error| refused(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refused("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(url: &str, has_root: bool) -> Option<SslMode> {
        mode(&url.parse().unwrap(), has_root).ok()
    }

    #[test]
    fn a_server_elsewhere_is_never_reached_in_clear_text_unasked() {
        for here in [
            "postgres://u@127.0.0.1/d",
            "postgres://u@127.8.8.8:5433/d",
            "postgres://u@[::1]/d",
            "postgres://u@LocalHost/d?sslmode=prefer",
            "host=/run/postgresql user=u",
            "host=db.example.com hostaddr=127.0.0.1 user=u",
        ] {
            assert_eq!(mode_of(here, false), Some(SslMode::Disable), "{here}");
            assert_eq!(mode_of(here, true), Some(SslMode::Require), "{here}");
        }
        for elsewhere in [
            "postgres://u@db.example.com/d",
            "postgres://u@10.0.0.5/d?sslmode=prefer",
            "postgres://u@localhost.example.com/d",
            "postgres://u@127.0.0.1,db.example.com/d",
            "host=localhost hostaddr=10.0.0.5 user=u",
        ] {
            assert_eq!(mode_of(elsewhere, false), Some(SslMode::Require), "{elsewhere}");
        }
    }

    #[test]
    fn what_is_asked_for_is_done_and_a_contradiction_refused() {
        assert_eq!(mode_of("postgres://u@10.0.0.5/d?sslmode=disable", false), Some(SslMode::Disable));
        assert_eq!(mode_of("postgres://u@127.0.0.1/d?sslmode=require", false), Some(SslMode::Require));
        assert_eq!(mode_of("postgres://u@127.0.0.1/d?sslmode=disable", true), None);
    }

    #[test]
    fn a_file_without_certificates_is_no_root() {
        let file = std::env::temp_dir().join(format!("openbss_roots_{}", std::process::id()));
        std::fs::write(&file, "nothing").unwrap();
        let refused = read(&file).unwrap_err().to_string();
        std::fs::remove_file(&file).unwrap();
        assert!(refused.contains("holds no certificate"), "{refused}");
        assert!(read(&file).unwrap_err().to_string().contains("cannot be read"));
    }
}
