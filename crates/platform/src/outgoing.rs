//! Requests that the server sends by itself, such as notifications: one POST to an address that a client chose.
//!
//! A client that names an address makes the server a proxy into its own network. Therefore the name is resolved
//! here, every address is judged by [`Reach`] before anything is sent, and the connection goes to that very address:
//! a name that resolves to something else a moment later gains nothing. Redirects are not followed, and the answer's
//! body is not read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long one request may take, from resolving the name to the status line.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where a request may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// To public addresses only.
    Public,
    /// Anywhere: the operator's own network, or a sandbox.
    Anywhere,
}

/// An address that a notification can be sent to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    uri: Uri,
    host: String,
    port: u16,
    is_https: bool,
}

/// Why a request was not sent, or not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// It is not an absolute `http` or `https` address with a host.
    #[error("is not an absolute http or https address")]
    Malformed,
    /// It names a user or password.
    #[error("must not contain a user or password")]
    Credentials,
    /// The host is, or resolves to, an address that may not be reached.
    #[error("leads to an address inside a private network")]
    Private,
    /// The host has no address.
    #[error("the host is not known")]
    UnknownHost,
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
}

impl Target {
    /// Reads an address. An IP address is judged at once; a name when it is resolved.
    ///
    /// # Errors
    /// [`OutgoingError`], by what is wrong with it.
    pub fn parse(url: &str, reach: Reach) -> Result<Self, OutgoingError> {
        let uri: Uri = url.parse().map_err(|_| OutgoingError::Malformed)?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(OutgoingError::Malformed),
        };
        let authority = uri.authority().ok_or(OutgoingError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(OutgoingError::Credentials);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(OutgoingError::Malformed);
        }
        if let Ok(address) = host.parse::<IpAddr>()
            && reach == Reach::Public
            && !is_public(address)
        {
            return Err(OutgoingError::Private);
        }
        let port = authority.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        Ok(Self { uri, host, port, is_https })
    }

    /// The first address of the host, if all of them may be reached.
    async fn resolve(&self, reach: Reach) -> Result<SocketAddr, OutgoingError> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|_| OutgoingError::UnknownHost)?;
        let addresses: Vec<SocketAddr> = found.collect();
        if reach == Reach::Public && addresses.iter().any(|address| !is_public(address.ip())) {
            return Err(OutgoingError::Private);
        }
        addresses.first().copied().ok_or(OutgoingError::UnknownHost)
    }
}

/// Whether an address belongs to the public internet. What is not known to be public counts as private.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 198 && (18..20).contains(&b))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113);
    !is_special && !address.is_loopback() && !address.is_private() && !address.is_link_local()
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Global unicast is 2000::/3; in it 2001:db8::/32 is for documents, and 2002::/16 and 2001::/32 carry IPv4
    // addresses of any kind.
    let is_global = segments[0] & 0xe000 == 0x2000;
    let is_tunnel = segments[0] == 0x2002 || (segments[0] == 0x2001 && matches!(segments[1], 0 | 0x0db8));
    is_global && !is_tunnel
}

/// Sends one POST and answers its status.
///
/// # Errors
/// [`OutgoingError`]; every status counts as an answer.
pub async fn post(
    target: &Target,
    reach: Reach,
    headers: &[(&'static str, String)],
    body: Bytes,
) -> Result<u16, OutgoingError> {
    tokio::time::timeout(TIMEOUT, exchange(target, reach, headers, body))
        .await
        .map_err(|_| OutgoingError::TimedOut)?
}

async fn exchange(
    target: &Target,
    reach: Reach,
    headers: &[(&'static str, String)],
    body: Bytes,
) -> Result<u16, OutgoingError> {
    let address = target.resolve(reach).await?;
    let stream = TcpStream::connect(address).await.map_err(connection)?;
    let path = target.uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = target.uri.authority().map_or("", |authority| authority.as_str());
    let mut request = Request::post(path).header("host", authority).header("user-agent", "openbss");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(body)).map_err(connection)?;
    if !target.is_https {
        return send(TokioIo::new(stream), request).await;
    }
    let name = ServerName::try_from(target.host.clone()).map_err(connection)?;
    let stream = connector()?.connect(name, stream).await.map_err(connection)?;
    send(TokioIo::new(stream), request).await
}

async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> Result<u16, OutgoingError>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (mut sender, driver) = hyper::client::conn::http1::handshake(stream).await.map_err(connection)?;
    let answer = sender.send_request(request);
    tokio::pin!(driver, answer);
    let mut is_driving = true;
    loop {
        // The connection may end in the moment it hands over the answer, so its end alone decides nothing.
        tokio::select! {
            biased;
            answer = &mut answer => return answer.map(|answer| answer.status().as_u16()).map_err(connection),
            _ = &mut driver, if is_driving => is_driving = false,
        }
    }
}

fn connection(error: impl std::fmt::Display) -> OutgoingError {
    OutgoingError::Connection(error.to_string())
}

/// The TLS client, with the machine's authorities read once.
fn connector() -> Result<TlsConnector, OutgoingError> {
    static CONNECTOR: OnceLock<Result<TlsConnector, String>> = OnceLock::new();
    CONNECTOR.get_or_init(load).clone().map_err(connection)
}

fn load() -> Result<TlsConnector, String> {
    let config = tls_client(machine_authorities()?).map_err(|error| error.to_string())?;
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The authorities that this machine trusts; the environment's `SSL_CERT_FILE` and `SSL_CERT_DIR` come first.
///
/// # Errors
/// Why there are none. A certificate that cannot be read among others that can is left out.
pub(crate) fn machine_authorities() -> Result<rustls::RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
        return Err(format!("this machine has no certificates of authorities{reason}"));
    }
    Ok(roots)
}

/// A TLS client that trusts `roots` and has no certificate of its own.
pub(crate) fn tls_client(roots: rustls::RootCertStore) -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2002:a00:1::",
            "2001:0:1::",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused_by_its_reason() {
        let refusal = |url: &str| Target::parse(url, Reach::Public).err();
        assert_eq!(refusal("https://example.com/hook"), None);
        assert_eq!(refusal("http://example.com:8080/hook?a=b"), None);
        assert_eq!(refusal("ftp://example.com/"), Some(OutgoingError::Malformed));
        assert_eq!(refusal("/hook"), Some(OutgoingError::Malformed));
        assert_eq!(refusal("not an address"), Some(OutgoingError::Malformed));
        assert_eq!(refusal("http://user:word@example.com/"), Some(OutgoingError::Credentials));
        assert_eq!(refusal("http://127.0.0.1/"), Some(OutgoingError::Private));
        assert_eq!(refusal("http://[::1]:9000/"), Some(OutgoingError::Private));
        assert!(Target::parse("http://127.0.0.1:9000/", Reach::Anywhere).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_is_resolved() {
        let target = Target::parse("http://localhost:1/", Reach::Public).unwrap();
        let refused = post(&target, Reach::Public, &[], Bytes::new()).await;
        assert_eq!(refused, Err(OutgoingError::Private));
    }
}
