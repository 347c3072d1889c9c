//! A client over one connection that is kept, on a thread of its own.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use platform::auth::signature::{Form, KeyPair, RequestParts, sign};
use platform::clock::machine_now;
use serde_json::Value;
use server::sandbox::demo::{Credentials, credentials};

/// How long an answer may take before the server is taken to hang.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    /// Whether it is the stored answer of an earlier request.
    pub is_replay: bool,
    pub body: String,
}

impl Reply {
    /// Asserts the status and gives the body, null where there is none.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        if self.body.is_empty() { Value::Null } else { serde_json::from_str(&self.body).expect("JSON") }
    }
}

/// A call: who, what, and the key that makes it happen once.
#[derive(Debug, Clone)]
pub struct Call {
    pub tenant: &'static str,
    pub method: &'static str,
    pub path: String,
    pub body: String,
    pub idempotency_key: Option<String>,
}

impl Call {
    pub fn get(tenant: &'static str, path: &str) -> Self {
        Self { tenant, method: "GET", path: path.to_owned(), body: String::new(), idempotency_key: None }
    }

    pub fn post(tenant: &'static str, path: &str, body: &Value) -> Self {
        Self { tenant, method: "POST", path: path.to_owned(), body: body.to_string(), idempotency_key: None }
    }

    pub fn once(self, key: String) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }
}

pub struct Client(TcpStream);

impl Client {
    pub fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        Ok(Self(stream))
    }

    /// Sends a call and reads its answer; an error means that the server went away, and whether the call happened
    /// is not known.
    pub fn call(&mut self, call: &Call) -> std::io::Result<Reply> {
        self.0.write_all(&signed(call, &credentials(call.tenant)))?;
        let mut bytes = Vec::new();
        let head_end = loop {
            self.read_more(&mut bytes)?;
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..head_end]).to_lowercase();
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let length: usize = field("content-length:").map_or(0, |text| text.parse().expect("a length"));
        let status = head[9..12].parse().expect("a status");
        let is_replay = field("idempotency-hit:") == Some("true");
        while bytes.len() < head_end + length {
            self.read_more(&mut bytes)?;
        }
        let body = String::from_utf8(bytes[head_end..].to_vec()).expect("UTF-8");
        Ok(Reply { status, is_replay, body })
    }

    fn read_more(&mut self, bytes: &mut Vec<u8>) -> std::io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        match self.0.read(&mut chunk)? {
            0 => Err(Error::from(ErrorKind::UnexpectedEof)),
            count => {
                bytes.extend_from_slice(&chunk[..count]);
                Ok(())
            }
        }
    }
}

fn signed(call: &Call, who: &Credentials) -> Vec<u8> {
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: &str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("ASCII"));
    };
    put("host", "127.0.0.1");
    put("content-type", "application/json");
    put("x-sdk-date", &machine_now().to_wire().replace(['-', ':'], ""));
    if let Some(key) = &call.idempotency_key {
        put("idempotency-key", key);
    }
    let (path, query) =
        call.path.split_once('?').map_or((call.path.as_str(), None), |(path, query)| (path, Some(query)));
    let parts = RequestParts { method: call.method, raw_path: path, raw_query: query, headers: &headers };
    let pair = KeyPair { access_key: &who.access_key, secret_key: &who.secret_key };
    let signature = sign(&parts, call.body.as_bytes(), pair, Form::Plain).expect("host and date are there");
    let mut text = format!("{} {} HTTP/1.1\r\n", call.method, call.path);
    for (name, value) in &headers {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().expect("ASCII")));
    }
    text.push_str(&format!(
        "authorization: {signature}\r\ncontent-length: {}\r\n\r\n{}",
        call.body.len(),
        call.body
    ));
    text.into_bytes()
}
