//! Child processes: what they inherit and how their output is watched.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use crate::Failure;

/// The stream on which a test runner writes its summary.
#[derive(Clone, Copy)]
pub(crate) enum Watched {
    /// Standard output: `cargo test`, pytest.
    Output,
    /// Standard error: cargo-nextest.
    Error,
}

/// A command without the variables that `cargo run` set for this program: build scripts that watch them would
/// be built again on every change between `cargo xtask` and plain `cargo`.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command with nothing on standard input.
///
/// # Errors
/// A sentence with the command line when it cannot be started or fails.
pub(crate) fn succeed(command: &mut Command) -> Result<(), Failure> {
    let status = command.stdin(Stdio::null()).status().map_err(|error| cannot_run(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("{} failed: {status}", line(command))) }
}

/// Runs a command silently and returns its standard output, trimmed, or `None` where it cannot be started or
/// fails: a probe for what the machine has.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a command, shows its output as it comes, and hands every line of the watched stream to `see`, without
/// its colours.
///
/// # Errors
/// A sentence with the command line when it cannot be started or its output cannot be read.
pub(crate) fn watch(
    command: &mut Command,
    watched: Watched,
    mut see: impl FnMut(&str),
) -> Result<ExitStatus, Failure> {
    command.stdin(Stdio::null());
    match watched {
        Watched::Output => command.stdout(Stdio::piped()),
        Watched::Error => command.stderr(Stdio::piped()),
    };
    if std::io::stdout().is_terminal() {
        // The runner sees a pipe and would drop its colours.
        command.env("CARGO_TERM_COLOR", "always").env("FORCE_COLOR", "1");
    }
    let mut child = command.spawn().map_err(|error| cannot_run(command, &error))?;
    let stream: Box<dyn Read> = match watched {
        Watched::Output => Box::new(child.stdout.take().expect("standard output is piped above")),
        Watched::Error => Box::new(child.stderr.take().expect("standard error is piped above")),
    };
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let count = reader.read_until(b'\n', &mut bytes).map_err(|error| cannot_run(command, &error))?;
        if count == 0 {
            break;
        }
        // A terminal that has gone away must not hide the result of the tests.
        let _ = std::io::stdout().write_all(&bytes);
        see(&without_colours(&String::from_utf8_lossy(&bytes)));
    }
    child.wait().map_err(|error| cannot_run(command, &error))
}

/// Removes the escape sequences `ESC [ ... letter` from a line.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            for escaped in characters.by_ref() {
                if escaped.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            plain.push(character);
        }
    }
    plain
}

fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn cannot_run(command: &Command, error: &std::io::Error) -> Failure {
    format!("cannot run {}: {error}", line(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_removed_and_text_is_kept() {
        assert_eq!(without_colours("\u{1b}[32;1m2 passed\u{1b}[0m, [x]"), "2 passed, [x]");
    }

    #[test]
    fn a_watched_command_shows_its_lines_and_its_status() {
        let mut lines = Vec::new();
        let status =
            watch(Command::new("sh").args(["-c", "echo one; echo two; exit 3"]), Watched::Output, |line| {
                lines.push(line.trim().to_owned())
            });
        assert_eq!(status.expect("sh is part of every system").code(), Some(3));
        assert_eq!(lines, ["one", "two"]);
    }
}
