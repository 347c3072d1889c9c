//! A load generator: signed requests, written raw over connections that are kept, from a thread of its own.
//!
//! Requests are signed before the clock starts. A signature has no nonce and holds for fifteen minutes, so the
//! same bytes may be sent again and again. Every client waits for its answer before it sends the next request,
//! which is what a server's latency means to its callers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use platform::auth::signature::{Form, KeyPair, RequestParts, sign};
use platform::clock::{machine_now, monotonic, since};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An access key to sign with.
#[derive(Clone, Debug)]
pub struct Key {
    /// The public half.
    pub access_key: String,
    /// The secret half.
    pub secret_key: String,
}

/// A request as the bytes of the wire.
pub fn signed(key: &Key, method: &str, target: &str, body: &str) -> Vec<u8> {
    const HOST: &str = "127.0.0.1";
    let date = machine_now().to_wire().replace(['-', ':'], "");
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static(HOST));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-sdk-date", HeaderValue::from_str(&date).expect("a date is ASCII"));
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let parts = RequestParts { method, raw_path: path, raw_query: query, headers: &headers };
    let pair = KeyPair { access_key: &key.access_key, secret_key: &key.secret_key };
    let authorization = sign(&parts, body.as_bytes(), pair, Form::Plain).expect("host and date are there");
    format!(
        "{method} {target} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\nx-sdk-date: {date}\r\n\
         authorization: {authorization}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A request without a signature.
pub fn unsigned(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").into_bytes()
}

/// The requests of one measurement.
#[derive(Debug)]
pub enum Supply {
    /// Sent again and again, in turn.
    Again(Vec<Vec<u8>>),
    /// Each sent once; the measurement ends with the last one.
    Once(Vec<Vec<u8>>),
}

impl Supply {
    fn get(&self, number: usize) -> Option<&[u8]> {
        match self {
            Self::Again(requests) => Some(&requests[number % requests.len()]),
            Self::Once(requests) => requests.get(number).map(Vec::as_slice),
        }
    }
}

/// How a measurement is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Connections that send at the same time.
    pub clients: usize,
    /// How long requests are sent before they count.
    pub warm_up: Duration,
    /// How long they count.
    pub duration: Duration,
    /// The status of every answer; another one ends the benchmark.
    pub status: u16,
}

/// What a measurement found.
#[derive(Debug)]
pub struct Outcome {
    /// How long was measured.
    elapsed: Duration,
    /// How long each request took, in microseconds, in ascending order.
    micros: Vec<u32>,
}

impl Outcome {
    /// The outcome of operations that took these times.
    pub fn new(elapsed: Duration, mut micros: Vec<u32>) -> Self {
        assert!(!micros.is_empty(), "nothing was measured");
        micros.sort_unstable();
        Self { elapsed, micros }
    }

    /// Answers a second.
    pub fn per_second(&self) -> u64 {
        let count = u128::try_from(self.micros.len()).expect("usize fits");
        u64::try_from(count * 1_000_000 / self.elapsed.as_micros().max(1)).expect("a rate fits")
    }

    /// The time within which `permille` of 1,000 requests were answered, in microseconds.
    pub fn percentile(&self, permille: usize) -> u64 {
        let at = (self.micros.len() * permille / 1000).min(self.micros.len() - 1);
        u64::from(self.micros[at])
    }
}

/// Microseconds as they are recorded.
pub fn micros(took: Duration) -> u32 {
    u32::try_from(took.as_micros()).unwrap_or(u32::MAX)
}

/// Runs a measurement on a thread of its own and waits for it.
///
/// # Panics
/// When the server answers anything but the planned status.
pub fn run(address: SocketAddr, supply: Supply, plan: Plan) -> Outcome {
    let generator = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("the generator's runtime starts").block_on(run_all(address, Arc::new(supply), plan))
    });
    generator.join().expect("every request was answered as planned")
}

async fn run_all(address: SocketAddr, supply: Arc<Supply>, plan: Plan) -> Outcome {
    let next = Arc::new(AtomicUsize::new(0));
    let started = monotonic();
    let clients: Vec<_> = (0..plan.clients)
        .map(|_| tokio::spawn(client(address, supply.clone(), next.clone(), plan, started)))
        .collect();
    let mut micros = Vec::new();
    for client in clients {
        micros.extend(client.await.expect("every request was answered as planned"));
    }
    // Where the requests ran out before the time did, the time until then counts.
    let elapsed = since(started).saturating_sub(plan.warm_up);
    Outcome::new(elapsed, micros)
}

async fn client(
    address: SocketAddr,
    supply: Arc<Supply>,
    next: Arc<AtomicUsize>,
    plan: Plan,
    started: std::time::Instant,
) -> Vec<u32> {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket option");
    let mut buffer = Vec::with_capacity(64 * 1024);
    let mut measured = Vec::new();
    while since(started) < plan.warm_up + plan.duration {
        let Some(request) = supply.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
        let counts = since(started) >= plan.warm_up;
        let sent = monotonic();
        stream.write_all(request).await.expect("the server reads");
        let status = answer(&mut stream, &mut buffer).await;
        assert_eq!(status, plan.status, "{}", String::from_utf8_lossy(&buffer));
        if counts {
            measured.push(micros(since(sent)));
        }
    }
    measured
}

/// Reads one answer into `buffer` and gives its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> u16 {
    buffer.clear();
    let head_end = loop {
        let got = stream.read_buf(buffer).await.expect("the server answers");
        assert!(got > 0, "the server closed the connection");
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = std::str::from_utf8(&buffer[..head_end]).expect("a head is ASCII");
    let status = head[9..12].parse().expect("a status line");
    let length = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    };
    let body = head.lines().find_map(length).unwrap_or(0);
    while buffer.len() < head_end + body {
        let got = stream.read_buf(buffer).await.expect("the server answers");
        assert!(got > 0, "the server closed the connection");
    }
    status
}
