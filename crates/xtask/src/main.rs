//! Development commands of the repository, run as `cargo xtask COMMAND`.
//!
//! `test` is the one command that checks everything: it installs what is missing, then runs format, lint,
//! the Rust tests on SQLite and on a PostgreSQL that it starts itself, and the official SDKs against the real
//! binary. What needs only a part of that (`pg`, `sdk-venv`) uses the same pieces.
//!
//! Invariants: nothing is left running or lying in the temporary folder, however the command ends; the exit
//! code is zero only when every step succeeded; only the standard library is used, so that this crate is
//! built in seconds on a fresh machine.

mod counts;
mod install;
mod postgres;
mod process;
mod sim;
mod suite;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use install::Install;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [--no-install] [FILTER]   check everything; with FILTER only the tests whose names contain it
  pg -- COMMAND...               run COMMAND with a fresh PostgreSQL in OPENBSS_TEST_POSTGRES
  sim [--seeds N] [--first N] [--steps N] [--processes N] [--database sqlite|postgres] [--faults]
                                 play the simulation on seeds; with --faults prove that it notices planted ones
  sdk-venv                       make the Python environment of the SDK tests and print its path";

/// What went wrong, as a sentence for the person at the terminal.
type Failure = String;

/// The folders every step works in.
struct Repository {
    /// The folder of the workspace's `Cargo.toml`.
    root: PathBuf,
    /// Cargo's build folder.
    target: PathBuf,
    /// The folder of the binaries of the dev profile, where this program lies too.
    binaries: PathBuf,
}

impl Repository {
    /// Finds the folders from where this program was built and where it runs, so the command works from any
    /// current folder and with any `CARGO_TARGET_DIR`.
    fn find() -> Result<Self, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .expect("the crate lies two folders below the root")
            .to_path_buf();
        let program =
            std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
        let binaries = program.parent().ok_or("this program has no folder")?.to_path_buf();
        let target = binaries.parent().ok_or("the build folder has no parent")?.to_path_buf();
        Ok(Self { root, target, binaries })
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["test", options @ ..] => {
            let (install, filter) = test_options(options)?;
            Ok(suite::run(&Repository::find()?, install, filter))
        }
        ["pg", "--", program, rest @ ..] => with_postgres(&Repository::find()?, program, rest),
        ["sim", options @ ..] => {
            let options = sim::Options::parse(options).map_err(|failure| format!("{failure}\n{USAGE}"))?;
            let passed = sim::run(&Repository::find()?, &options)?;
            Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        ["sdk-venv"] => {
            let python = install::sdk_environment(&Repository::find()?)?;
            println!("{}", python.display());
            Ok(ExitCode::SUCCESS)
        }
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(format!("unknown arguments: {}\n{USAGE}", arguments.join(" "))),
    }
}

fn test_options<'a>(options: &[&'a str]) -> Result<(Install, Option<&'a str>), Failure> {
    let mut install = Install::Missing;
    let mut filter = None;
    for option in options {
        match *option {
            "--no-install" => install = Install::Nothing,
            word if word.starts_with('-') => return Err(format!("unknown option {word}\n{USAGE}")),
            word if filter.is_none() => filter = Some(word),
            word => return Err(format!("one filter only, {word} is the second\n{USAGE}")),
        }
    }
    Ok((install, filter))
}

/// Runs a developer's command beside a cluster of its own and answers with the command's exit code.
fn with_postgres(repository: &Repository, program: &str, rest: &[&str]) -> Result<ExitCode, Failure> {
    let cluster = postgres::Cluster::start()?;
    let status = process::command(program)
        .args(rest)
        .current_dir(&repository.root)
        .env(postgres::URL_VARIABLE, cluster.url())
        .status()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_and_the_install_option_come_in_any_order() {
        assert!(matches!(test_options(&["--no-install", "orders"]), Ok((Install::Nothing, Some("orders")))));
        assert!(matches!(test_options(&["orders", "--no-install"]), Ok((Install::Nothing, Some("orders")))));
        assert!(matches!(test_options(&[]), Ok((Install::Missing, None))));
    }

    #[test]
    fn unknown_options_and_second_filters_are_refused() {
        assert!(test_options(&["--fast"]).is_err());
        assert!(test_options(&["orders", "bills"]).is_err());
    }
}
