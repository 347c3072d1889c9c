//! The command line.
//!
//! ```text
//! serve    configuration -> database -> operator on first use -> door (TLS) -+
//! sandbox  options -> folder or URL -> clock, demo tenants -> door (HTTP) ---+-> ready line -> SIGTERM -> close
//! catalog, verify     the same database, one task, no door
//! openapi             no database
//! ```
//!
//! Whatever goes wrong at the start is one line on standard error and exit code 1. Standard output carries what
//! was asked for and nothing else; logs go to standard error.

mod guide;
mod open;
mod run;
mod sandbox;
mod serve;
mod tasks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use domain::calendar::Instant;
use domain::site::Site;

use crate::app::Provisioner;
use crate::config::{LogFormat, parse_provisioner, parse_site};

/// Why a command did not do its work: one line for the person at the terminal.
pub type Failure = String;

#[derive(Debug, Parser)]
#[command(name = "openbss", version, about = "Business support system for clouds", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a production server
    Serve {
        /// Configuration file (see docs/openbss.example.toml)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Run a sandbox: demo tenants, a movable clock, injectable faults
    Sandbox(SandboxOptions),
    /// Import or export the catalogue as one YAML document
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Recompute the books and print both sides of every identity
    Verify(Place),
    /// Print the OpenAPI document
    Openapi {
        /// Print the list of operations instead, one a line
        #[arg(long)]
        operations: bool,
    },
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    /// Put the catalogue of a file in force
    Import {
        /// The document (YAML or JSON)
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Write the catalogue in force to a file
    Export {
        /// The file; - for standard output
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

/// How a sandbox is started.
#[derive(Debug, Clone, Args)]
pub struct SandboxOptions {
    /// Folder that keeps the data
    #[arg(long, value_name = "DIR", default_value = DATA_FOLDER)]
    data: PathBuf,
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Site to play: cn, intl or eu [default: intl, or the one of the data folder]
    #[arg(long, value_parser = parse_site)]
    site: Option<Site>,
    /// First clock value of a new data folder [default: 2026-01-15T08:00:00Z]
    #[arg(long, value_name = "RFC3339", value_parser = parse_instant)]
    now: Option<Instant>,
    /// Keep the data in this PostgreSQL database instead of the folder
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Apply the published request limits
    #[arg(long)]
    throttle: bool,
    /// Who provisions paid lines: immediate or external
    #[arg(long, default_value = "immediate", value_parser = parse_provisioner)]
    provisioner: Provisioner,
}

/// Which database a task works on.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub struct Place {
    /// The database of this production configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder of a sandbox [default: ./openbss-sandbox]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The PostgreSQL database of a sandbox
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

/// The folder of a sandbox that is not told otherwise.
const DATA_FOLDER: &str = "openbss-sandbox";

fn parse_instant(text: &str) -> Result<Instant, String> {
    Instant::parse_rfc3339(text)
        .map_err(|error| format!("{error}: give RFC 3339, for example 2026-01-15T08:00:00Z"))
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve { config } => serve::serve(&config),
        Command::Sandbox(options) => {
            run::start_logging("warn", LogFormat::Text);
            run::block_on(sandbox::serve(options))
        }
        Command::Catalog(CatalogCommand::Import { file, place }) => task(tasks::import(file, place)),
        Command::Catalog(CatalogCommand::Export { file, place }) => task(tasks::export(file, place)),
        Command::Verify(place) => task(tasks::verify(place)),
        Command::Openapi { operations } => tasks::openapi(operations),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("openbss: {}", failure.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

fn task(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    run::start_logging("warn", LogFormat::Text);
    run::block_on(work)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_sandbox_without_options_has_the_documented_defaults() {
        let cli = Cli::try_parse_from(["openbss", "sandbox"]).unwrap();
        let Command::Sandbox(options) = cli.command else { panic!("another command") };
        assert_eq!(options.data, PathBuf::from("openbss-sandbox"));
        assert_eq!(options.listen, "127.0.0.1:8080");
        assert_eq!((options.site, options.now, options.throttle), (None, None, false));
        assert_eq!(options.provisioner, Provisioner::Immediate);
    }

    #[test]
    fn wrong_values_are_refused_with_what_is_allowed() {
        for (flag, value, allowed) in [
            ("--site", "us", "cn, intl or eu"),
            ("--now", "yesterday", "RFC 3339"),
            ("--provisioner", "none", "immediate or external"),
        ] {
            let error = Cli::try_parse_from(["openbss", "sandbox", flag, value]).unwrap_err().to_string();
            assert!(error.contains(allowed), "{error}");
        }
    }
}
