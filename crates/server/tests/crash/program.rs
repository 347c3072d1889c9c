//! The real sandbox, started and killed.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_openbss");

/// Where a sandbox keeps its data.
#[derive(Clone, Debug)]
pub enum Home<'a> {
    /// SQLite in this folder.
    Folder(&'a Path),
    /// This PostgreSQL database.
    Url(&'a str),
}

/// A running sandbox; killed, never stopped, when it is dropped.
pub struct Program {
    child: Child,
    /// The server itself, where `child` is the `strace` above it.
    server: u32,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Program {
    /// Starts a sandbox and waits until it is ready.
    pub fn start(home: &Home<'_>) -> Self {
        Self::start_as(&mut Command::new(BINARY), home)
    }

    /// Starts a sandbox under `strace`, which writes the system calls that touch disk and sockets to `trace`.
    pub fn start_traced(home: &Home<'_>, trace: &Path) -> Self {
        let mut command = Command::new("strace");
        // Whole pages of SQLite, and everything in hexadecimal, so that a line is read back byte by byte.
        command.args(["-f", "-y", "-xx", "-s", "8192", "-e"]);
        command
            .arg("trace=fsync,fdatasync,write,pwrite64,pwritev,writev,sendto,sendmsg")
            .arg("-o")
            .arg(trace);
        command.arg(BINARY);
        Self::start_as(&mut command, home)
    }

    fn start_as(command: &mut Command, home: &Home<'_>) -> Self {
        command.args(["sandbox", "--listen", "127.0.0.1:0"]);
        match home {
            Home::Folder(folder) => command.arg("--data").arg(folder),
            Home::Url(url) => command.args(["--database-url", url]),
        };
        let program = command.get_program().to_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| {
            panic!("{program:?} cannot be started ({error}); `cargo xtask test` installs what is missing")
        });
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("it was piped"));
        out.read_line(&mut line).expect("the ready line");
        let Some(address) = line.trim().strip_prefix("openbss ready on http://") else {
            let mut complaint = String::new();
            child.stderr.take().expect("it was piped").read_to_string(&mut complaint).expect("text");
            panic!("{program:?} did not become ready: {line:?} {complaint}");
        };
        let address = address.parse().expect("an address");
        // What follows the ready line is small enough for the pipe.
        child.stdout = Some(out.into_inner());
        let server = only_child(child.id()).unwrap_or(child.id());
        Self { child, server, address }
    }

    /// Ends it at once, as a power failure would, but for the page cache.
    pub fn kill(mut self) {
        self.end();
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) {
        signal("-TERM", self.server);
        let ended = self.child.wait().expect("it ends");
        assert!(ended.success(), "it ended with {ended}");
    }

    fn end(&mut self) {
        // Without its `strace` a traced server would go on.
        if self.server != self.child.id() && self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            signal("-KILL", self.server);
        }
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(name: &str, process: u32) {
    let status = Command::new("kill").args([name, &process.to_string()]).status();
    assert!(status.expect("kill is everywhere").success(), "{name} was delivered");
}

/// The process that `parent` has started, if it has.
fn only_child(parent: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}
