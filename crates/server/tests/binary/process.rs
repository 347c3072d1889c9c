//! The real `openbss`, started on a free port and never left behind.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use platform::auth::signature::{Form, KeyPair, RequestParts, sign};
use platform::clock::machine_now;
use serde_json::Value;

/// How long a start or a stop may take before the test gives up; far more than either needs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program with these arguments, run in `folder`.
pub fn openbss(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openbss"));
    command.args(arguments).current_dir(folder).env_remove("OPENBSS_LOG");
    command
}

/// Runs a command that ends by itself.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    openbss(folder, arguments).stdin(Stdio::null()).output().expect("openbss starts")
}

/// Runs a command that must fail: exit code 1, nothing on standard output, one line on standard error.
#[track_caller]
pub fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let text = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("openbss: "), "{text}");
    text
}

/// A running server; killed when it is dropped.
pub struct Running {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// `http` or `https`.
    pub scheme: String,
    lines: mpsc::Receiver<String>,
}

impl Running {
    /// Starts the program and waits for its ready line, which must be the first.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = openbss(folder, arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("openbss starts");
        let out = child.stdout.take().expect("it is piped");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut running = Self { child, address: String::new(), scheme: String::new(), lines };
        let first = running.line();
        let reached =
            first.strip_prefix("openbss ready on ").unwrap_or_else(|| panic!("not a ready line: {first}"));
        let (scheme, address) = reached.split_once("://").expect("the ready line has a URL");
        running.scheme = scheme.to_owned();
        running.address = address.to_owned();
        running
    }

    /// The next line of standard output.
    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("openbss prints a line")
    }

    /// All further lines, once the program has ended.
    pub fn rest(&self) -> Vec<String> {
        self.lines.iter().collect()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for the end.
    pub fn wait(&mut self) -> ExitStatus {
        let began = platform::clock::monotonic();
        loop {
            if let Some(status) = self.child.try_wait().expect("the process can be waited for") {
                return status;
            }
            assert!(platform::clock::monotonic() - began < PATIENCE, "openbss does not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it as a service manager does, and asserts that it stopped cleanly.
    pub fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.wait().code(), Some(0));
    }

    /// Ends it as a power failure does.
    pub fn kill(mut self) {
        self.child.kill().expect("it is killed");
        self.wait();
    }

    /// A request as it is, over plain HTTP.
    pub fn plain(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let stream = TcpStream::connect(&self.address).expect("openbss listens");
        exchange(stream, &self.address, method, path, headers, body)
    }

    /// A JSON answer to a request without keys.
    #[track_caller]
    pub fn json(&self, path: &str) -> Value {
        let (status, body) = self.plain("GET", path, &[], "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// A signed request of a demo tenant.
    pub fn signed(&self, tenant: &str, method: &str, path: &str, body: &str) -> (u16, String) {
        let demo = server::sandbox::demo::credentials(tenant);
        let key = (demo.access_key.as_str(), demo.secret_key.as_str());
        let headers = signature(&self.address, key, method, path, body);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.plain(method, path, &headers, body)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test got that far.
        let _ended = self.child.kill().and_then(|()| self.child.wait().map(drop));
    }
}

/// Headers that sign a request without a query.
pub fn signature(
    address: &str,
    (access_key, secret_key): (&str, &str),
    method: &str,
    path: &str,
    body: &str,
) -> Vec<(&'static str, String)> {
    let date = machine_now().to_wire().replace(['-', ':'], "");
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_str(address).expect("a header value"));
    headers.insert("x-sdk-date", HeaderValue::from_str(&date).expect("a header value"));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let parts = RequestParts { method, raw_path: path, raw_query: None, headers: &headers };
    let pair = KeyPair { access_key, secret_key };
    let value = sign(&parts, body.as_bytes(), pair, Form::Plain).expect("host and date are there");
    vec![("x-sdk-date", date), ("content-type", "application/json".to_owned()), ("authorization", value)]
}

/// One request and its answer: status and body.
pub fn exchange(
    mut stream: impl Read + Write,
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the answer arrives");
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let status =
        head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status");
    (status, body.to_owned())
}
