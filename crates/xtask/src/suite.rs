//! The whole check of a working tree, step by step.
//!
//! A failed step does not hide the next one: all that can still run does run. The last line is
//! `N passed, N failed`, the sum over all runners, in which a step that broke without naming a test counts as
//! one failure.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::counts::{Counts, Runner};
use crate::install::{self, Install};
use crate::postgres::{self, Cluster};
use crate::process::{Watched, command, succeed, watch};
use crate::{Failure, Repository};

/// Where the tests with the official SDKs lie, below the root.
const CLIENT_TESTS: &str = "crates/server/tests/clients";

/// pytest's exit code for "no test was collected": what a filter for Rust tests leads to.
const PYTEST_NOTHING_COLLECTED: i32 = 5;

/// Runs everything, or with a filter only the tests whose names contain it, and prints the closing line.
pub(crate) fn run(repository: &Repository, install: Install, filter: Option<&str>) -> ExitCode {
    let mut total = Counts::default();
    if step(&mut total, "install", || install::ensure_programs(install)).is_some() {
        if filter.is_none() {
            lint(repository, &mut total);
        }
        test(repository, filter, &mut total);
    }
    println!("\n{} passed, {} failed", total.passed, total.failed);
    // A filter that matches nothing is a misspelt one, not a success.
    if total.failed == 0 && total.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn lint(repository: &Repository, total: &mut Counts) {
    step(total, "format", || succeed(cargo(repository).args(["fmt", "--all", "--check"])));
    step(total, "lint", || {
        let clippy = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
        succeed(cargo(repository).args(clippy))
    });
}

fn test(repository: &Repository, filter: Option<&str>, total: &mut Counts) {
    let built = step(total, "build", || {
        succeed(cargo(repository).args(["build", "--locked", "--package", "server", "--bin", "openbss"]))
    });
    let Some(cluster) = step(total, "PostgreSQL", Cluster::start) else { return };
    let counts = step(total, "Rust tests", || rust_tests(repository, &cluster, filter));
    *total += counts.unwrap_or_default();
    // Without the binary there is nothing that the SDKs could talk to; the failure is counted above.
    if built.is_some() {
        let counts = step(total, "SDK tests", || sdk_tests(repository, &cluster, filter));
        *total += counts.unwrap_or_default();
    }
    step(total, "stop PostgreSQL", || {
        drop(cluster);
        Ok(())
    });
}

fn rust_tests(repository: &Repository, cluster: &Cluster, filter: Option<&str>) -> Result<Counts, Failure> {
    let mut cargo_test = cargo(repository);
    cargo_test.args(["test", "--locked", "--workspace", "--no-fail-fast"]);
    cargo_test.env(postgres::URL_VARIABLE, cluster.url());
    if !install::has_nextest() {
        println!("cargo-nextest is not installed: the tests run under cargo test");
        return counted(cargo_test.args(filter), Runner::CargoTest, Watched::Output, &[0]);
    }
    let mut nextest = cargo(repository);
    nextest.args(["nextest", "run", "--locked", "--workspace"]).args(filter);
    if filter.is_some() {
        nextest.arg("--no-tests=pass");
    }
    nextest.env(postgres::URL_VARIABLE, cluster.url());
    let mut counts = counted(&mut nextest, Runner::Nextest, Watched::Error, &[0])?;
    // cargo-nextest leaves the examples in the documentation to cargo.
    counts += counted(cargo_test.arg("--doc").args(filter), Runner::CargoTest, Watched::Output, &[0])?;
    Ok(counts)
}

fn sdk_tests(repository: &Repository, cluster: &Cluster, filter: Option<&str>) -> Result<Counts, Failure> {
    let python = install::sdk_environment(repository)?;
    let mut pytest = command(&python);
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", CLIENT_TESTS]).current_dir(&repository.root);
    let mut good_codes = vec![0];
    if let Some(filter) = filter {
        pytest.args(["-k", filter]);
        good_codes.push(PYTEST_NOTHING_COLLECTED);
    }
    pytest
        .env("OPENBSS_BIN", repository.binaries.join("openbss"))
        .env(postgres::URL_VARIABLE, cluster.url())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    counted(&mut pytest, Runner::Pytest, Watched::Output, &good_codes)
}

/// Runs a test runner and adds up its summary lines. A runner that fails without naming a failed test (it did
/// not compile, it collected nothing, it was killed) counts as one failure.
fn counted(
    runner_command: &mut Command,
    runner: Runner,
    watched: Watched,
    good_codes: &[i32],
) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let status = watch(runner_command, watched, |line| {
        if let Some(summary) = runner.summary(line) {
            counts += summary;
        }
    })?;
    let is_good = status.code().is_some_and(|code| good_codes.contains(&code));
    if !is_good && counts.failed == 0 {
        println!("{runner:?} named no failed test but ended with {status}");
        counts.failed = 1;
    }
    Ok(counts)
}

/// Runs one step, prints its name before and its time after; a step that breaks counts as one failure.
#[expect(
    clippy::disallowed_methods,
    reason = "the time a step took is shown to a person and decides nothing"
)]
fn step<T>(total: &mut Counts, name: &str, work: impl FnOnce() -> Result<T, Failure>) -> Option<T> {
    println!("\n--- {name}");
    let begun = Instant::now();
    let result = work();
    let seconds = begun.elapsed().as_millis();
    let seconds = format!("{}.{:03} s", seconds / 1000, seconds % 1000);
    match result {
        Ok(value) => {
            println!("--- {name}: {seconds}");
            Some(value)
        }
        Err(failure) => {
            println!("{failure}");
            println!("--- {name}: FAILED after {seconds}");
            total.failed += 1;
            None
        }
    }
}

fn cargo(repository: &Repository) -> Command {
    let mut cargo = command("cargo");
    cargo.current_dir(Path::new(&repository.root));
    cargo
}
