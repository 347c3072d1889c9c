//! The real binary: how soon it is ready, how much memory it needs when nothing happens, how large it is.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use platform::clock::{monotonic, since};

use super::report::Report;

const BINARY: &str = env!("CARGO_BIN_EXE_openbss");
/// How often the start is measured; the slowest counts.
const STARTS: u32 = 5;
/// How long the server is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(2);

/// A started sandbox; killed when it is dropped.
struct Sandbox(Child);

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &std::path::Path) -> Sandbox {
    let child = Command::new(BINARY)
        .args(["sandbox", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut sandbox = Sandbox(child);
    let out = sandbox.0.stdout.as_mut().expect("it was piped");
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).expect("the ready line");
    assert!(line.starts_with("openbss ready on http://"), "{line}");
    sandbox
}

/// Resident memory of a process in KiB.
fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
    line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}

/// Measures all three.
pub fn measure(report: &mut Report) {
    let mut slowest = [Duration::ZERO; 2];
    for _ in 0..STARTS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for slowest in &mut slowest {
            let begun = monotonic();
            drop(start(folder.path()));
            *slowest = (*slowest).max(since(begun));
        }
    }
    let ms = |took: Duration| u64::try_from(took.as_millis()).expect("a short time");
    report.at_most("start to ready, new folder", ms(slowest[0]), 1000, "ms");
    report.at_most("start to ready, after kill -9", ms(slowest[1]), 1000, "ms");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sandbox = start(folder.path());
    std::thread::sleep(IDLE);
    report.at_most("idle memory", resident_kib(sandbox.0.id()) / 1024, 60, "MiB");
    let bytes = std::fs::metadata(BINARY).expect("the binary is there").len();
    report.at_most("release binary", bytes / 1_000_000, 30, "MB");
}
