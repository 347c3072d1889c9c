//! What the tests need of the machine, and how it gets there.
//!
//! Debian packages come from apt, the two Rust components from rustup, the SDKs from pip in an environment
//! of the build folder. What is there already is never touched.

use std::path::PathBuf;
use std::process::Command;

use crate::process::{command, probe, succeed};
use crate::{Failure, Repository, postgres};

/// Whether missing programs may be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Install {
    /// Through apt and rustup, where they are missing.
    Missing,
    /// Never: a missing program is an error that names it.
    Nothing,
}

/// The list of the Python packages that the SDK tests need, below the root.
const REQUIREMENTS: &str = "crates/server/tests/clients/requirements.txt";

/// Sees to it that PostgreSQL, Python, strace, curl, rustfmt and clippy are there.
///
/// # Errors
/// The commands that would install what is missing, where this program may not or cannot run them.
pub(crate) fn ensure_programs(install: Install) -> Result<(), Failure> {
    ensure_packages(install)?;
    ensure_components(install)
}

fn ensure_packages(install: Install) -> Result<(), Failure> {
    let packages = missing_packages();
    if packages.is_empty() {
        return Ok(());
    }
    let by_hand = format!("missing; install with: apt-get install {}", packages.join(" "));
    if install == Install::Nothing || !is_root() || probe(Command::new("apt-get").arg("--version")).is_none()
    {
        return Err(by_hand);
    }
    println!("installing {}", packages.join(" "));
    succeed(apt().args(["update", "-q"]))?;
    succeed(apt().args(["install", "-y", "-q", "--no-install-recommends"]).args(&packages))?;
    match missing_packages().as_slice() {
        [] => Ok(()),
        still => Err(format!("still missing after the installation: {}", still.join(" "))),
    }
}

fn apt() -> Command {
    let mut apt = command("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

/// Debian packages whose programs are not there.
fn missing_packages() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if postgres::programs().is_none() {
        missing.push("postgresql");
    }
    if probe(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_none() {
        missing.push("python3-venv");
    }
    // The test that no answer precedes its sync watches the system calls of the server.
    if probe(Command::new("strace").arg("--version")).is_none() {
        missing.push("strace");
    }
    // The examples that README and sandbox print are run as they stand.
    if probe(Command::new("curl").arg("--version")).is_none() {
        missing.push("curl");
    }
    missing
}

fn ensure_components(install: Install) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if probe(command("cargo").args([subcommand, "--version"])).is_none() {
            missing.push(component);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    if install == Install::Nothing {
        return Err(format!("missing; install with: rustup component add {}", missing.join(" ")));
    }
    succeed(command("rustup").args(["component", "add"]).args(&missing))
}

/// Whether this process runs as root: it may use apt, and it must leave PostgreSQL to another user.
pub(crate) fn is_root() -> bool {
    probe(Command::new("id").arg("-u")).is_some_and(|user| user == "0")
}

/// Whether cargo-nextest is there. Without it the same tests run under `cargo test`, only slower: building it
/// from source would take longer than that costs.
pub(crate) fn has_nextest() -> bool {
    probe(command("cargo").args(["nextest", "--version"])).is_some()
}

/// Makes the Python environment of the SDK tests, or finds it as it was made, and returns its interpreter.
///
/// # Errors
/// A sentence when Python, the list of packages, or a package is missing.
pub(crate) fn sdk_environment(repository: &Repository) -> Result<PathBuf, Failure> {
    let requirements = repository.root.join(REQUIREMENTS);
    let wanted = std::fs::read_to_string(&requirements)
        .map_err(|error| format!("cannot read {REQUIREMENTS}: {error}"))?;
    let environment = repository.target.join("venv");
    let python = environment.join("bin/python");
    // Written last: an environment whose installation was interrupted has no stamp and is made again.
    let stamp = environment.join("installed-requirements.txt");
    let is_current = std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted)
        && probe(Command::new(&python).arg("--version")).is_some();
    if is_current {
        return Ok(python);
    }
    if environment.exists() {
        std::fs::remove_dir_all(&environment)
            .map_err(|error| format!("cannot remove {}: {error}", environment.display()))?;
    }
    succeed(command("python3").args(["-m", "venv"]).arg(&environment))?;
    succeed(
        command(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements),
    )?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    Ok(python)
}
