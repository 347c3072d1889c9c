//! The simulation on as many seeds as are asked for, and the proof that it notices faults.
//!
//! The test target `sim` of the server plays them; this command builds it once, shares the seeds out over the
//! processors, and sums up what the runs tell in their lines `sim: name=number ...`. With `--faults` it plants each
//! fault of `tests/sim/faults.txt` in a copy of the sources and demands that the simulation fails.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::process::{command, succeed};
use crate::{Failure, Repository, postgres};

/// The faults, below the root.
const FAULTS: &str = "crates/server/tests/sim/faults.txt";
/// How a run begins the line that tells its numbers.
const TALLY: &str = "sim: ";
/// Seeds that are played with a planted fault before it counts as unnoticed.
const SEEDS_OF_A_FAULT: u64 = 12;

/// Seeds that have to pass without a fault first.
const SEEDS_WITHOUT: u64 = 4;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    first: u64,
    seeds: u64,
    steps: u64,
    processes: u64,
    is_postgres: bool,
    with_faults: bool,
}

impl Options {
    /// Reads the words after `sim`.
    ///
    /// # Errors
    /// A sentence about the word that is not understood.
    pub(crate) fn parse(words: &[&str]) -> Result<Self, Failure> {
        let mut options =
            Self { first: 0, seeds: 1, steps: 1_000, processes: 1, is_postgres: false, with_faults: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if *word == "--faults" {
                options.with_faults = true;
                continue;
            }
            let value = *words.next().ok_or_else(|| format!("{word} needs a value"))?;
            let number = || value.parse().map_err(|_| format!("{word} needs a number, not {value}"));
            match *word {
                "--seeds" => options.seeds = number()?,
                "--first" => options.first = number()?,
                "--steps" => options.steps = number()?,
                "--processes" => options.processes = number()?,
                "--database" if value == "postgres" => options.is_postgres = true,
                "--database" if value == "sqlite" => {}
                "--database" => return Err(format!("--database is sqlite or postgres, not {value}")),
                _ => return Err(format!("unknown option {word}")),
            }
        }
        Ok(options)
    }
}

/// Plays what is asked for; whether all of it passed.
///
/// # Errors
/// A sentence where it cannot be built or started.
#[expect(
    clippy::disallowed_methods,
    reason = "the time that the runs took is shown to a person and decides nothing"
)]
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<bool, Failure> {
    if options.with_faults {
        return faults(repository, options);
    }
    let program = build(&repository.root, None)?;
    let cluster = options.is_postgres.then(postgres::Cluster::start).transpose()?;
    let url = cluster.as_ref().map(postgres::Cluster::url);
    let begun = Instant::now();
    let (passed, sums) = play(&program, options, url.as_deref(), true)?;
    let sums: Vec<String> = sums.iter().map(|(name, sum)| format!("{sum} {name}")).collect();
    println!("{}; {} s in all", sums.join(", "), begun.elapsed().as_secs());
    Ok(passed)
}

/// Builds the test target of a tree, and answers its program.
fn build(root: &Path, target: Option<&Path>) -> Result<PathBuf, Failure> {
    let mut cargo = command("cargo");
    let package =
        ["test", "--locked", "--profile", "sim", "--package", "server", "--test", "sim", "--no-run"];
    cargo.args(package).current_dir(root);
    if let Some(target) = target {
        cargo.env("CARGO_TARGET_DIR", target);
    }
    let output = cargo.stdin(Stdio::null()).output().map_err(|error| format!("cannot run cargo: {error}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let program = told.lines().find_map(|line| {
        let named = line.trim().strip_prefix("Executable")?;
        // Within the root the path is told from there, elsewhere in whole.
        Some(root.join(named.rsplit_once('(')?.1.trim_end_matches(')')))
    });
    program
        .filter(|_| output.status.success())
        .ok_or_else(|| format!("the simulation does not build:\n{told}"))
}

/// Plays seeds on all processors until one fails; whether none did, and the sums of what they tell.
fn play(
    program: &Path,
    options: &Options,
    url: Option<&str>,
    is_shown: bool,
) -> Result<(bool, BTreeMap<String, u64>), Failure> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (next, has_failed) = (AtomicU64::new(options.first), AtomicBool::new(false));
    let sums: Mutex<BTreeMap<String, u64>> = Mutex::default();
    let work = || -> Result<(), Failure> {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= options.first + options.seeds || has_failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            let (passed, told) = play_one(program, options, seed, url, is_shown)?;
            has_failed.fetch_or(!passed, Ordering::Relaxed);
            let mut sums = sums.lock().expect("no thread panics while it holds this");
            for (name, number) in told {
                *sums.entry(name).or_default() += number;
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a worker reports its failures"))
    })?;
    Ok((!has_failed.into_inner(), sums.into_inner().expect("every thread has ended")))
}

/// What a run tells of itself: names and numbers.
type Told = Vec<(String, u64)>;

fn play_one(
    program: &Path,
    options: &Options,
    seed: u64,
    url: Option<&str>,
    is_shown: bool,
) -> Result<(bool, Told), Failure> {
    let mut run = Command::new(program);
    run.args(["asked_for", "--ignored", "--nocapture"])
        .env("RUST_BACKTRACE", "0")
        .env("OPENBSS_SIM_FIRST", seed.to_string())
        .env("OPENBSS_SIM_STEPS", options.steps.to_string())
        .env("OPENBSS_SIM_PROCESSES", options.processes.to_string())
        .env("OPENBSS_SIM_DATABASE", if options.is_postgres { "postgres" } else { "sqlite" })
        .envs(url.map(|url| (postgres::URL_VARIABLE, url)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(if is_shown { Stdio::inherit() } else { Stdio::null() });
    let mut child = run.spawn().map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().expect("it is piped above")).lines() {
        let line = line.map_err(|error| format!("the output of the simulation: {error}"))?;
        let Some(at) = line.find(TALLY) else { continue };
        if is_shown {
            println!("{}", &line[at..]);
        }
        told.extend(numbers(&line[at + TALLY.len()..]));
    }
    let status = child.wait().map_err(|error| format!("the simulation: {error}"))?;
    told.retain(|(name, _)| name != "seed" && name != "ms");
    told.push(("seeds".to_owned(), 1));
    Ok((status.success(), told))
}

/// The numbers of `name=number name=number`.
fn numbers(line: &str) -> Told {
    let pair = |word: &str| {
        let (name, number) = word.split_once('=')?;
        Some((name.to_owned(), number.parse().ok()?))
    };
    line.split_whitespace().filter_map(pair).collect()
}

/// A fault that is planted in one place of the sources.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    name: String,
    file: String,
    from: String,
    to: String,
}

/// Reads faults: a line `# name`, a line `file path`, then lines `- text` that are replaced by lines `+ text`.
fn read_faults(text: &str) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            let name = name.to_owned();
            faults.push(Fault { name, file: String::new(), from: String::new(), to: String::new() });
        }
        let Some(fault) = faults.last_mut() else { continue };
        if let Some(file) = line.strip_prefix("file ") {
            fault.file = file.to_owned();
        } else if let Some(from) = line.strip_prefix("- ") {
            fault.from += from;
            fault.from.push('\n');
        } else if let Some(to) = line.strip_prefix("+ ") {
            fault.to += to;
            fault.to.push('\n');
        }
    }
    faults
}

/// Plants each fault in a copy of the sources, and demands that the simulation fails.
fn faults(repository: &Repository, options: &Options) -> Result<bool, Failure> {
    let copy = repository.target.join("sim-faults").join("tree");
    // A build folder of its own: cargo takes packages of two trees at the same relative paths for the same.
    let target = repository.target.join("sim-faults").join("target");
    copy_sources(&repository.root, &copy)?;
    let text = std::fs::read_to_string(repository.root.join(FAULTS))
        .map_err(|error| format!("{FAULTS} cannot be read: {error}"))?;
    let faults = read_faults(&text);
    let seeds = if options.seeds > 1 { options.seeds } else { SEEDS_OF_A_FAULT };
    let options = Options { seeds, ..options.clone() };
    // What fails by itself notices nothing.
    let (passed, _) = play(
        &build(&copy, Some(&target))?,
        &Options { seeds: SEEDS_WITHOUT, ..options.clone() },
        None,
        true,
    )?;
    if !passed {
        return Err("the simulation fails without a fault".to_owned());
    }
    let mut unnoticed = Vec::new();
    for fault in &faults {
        let path = copy.join(&fault.file);
        let sound = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", fault.file))?;
        if fault.from.is_empty() || sound.matches(&fault.from).count() != 1 {
            return Err(format!("{}: what it replaces must stand once in {}", fault.name, fault.file));
        }
        let write =
            |text: &str| std::fs::write(&path, text).map_err(|error| format!("{}: {error}", fault.file));
        write(&sound.replace(&fault.from, &fault.to))?;
        let played = build(&copy, Some(&target)).and_then(|program| play(&program, &options, None, false));
        write(&sound)?;
        let (passed, sums) = played?;
        let seeds = sums.get("seeds").copied().unwrap_or_default();
        println!("{}: {}", fault.name, if passed { "NOT NOTICED" } else { "noticed" });
        println!("  after {seeds} seeds of up to {} steps", options.steps);
        if passed {
            unnoticed.push(fault.name.clone());
        }
    }
    println!("{} of {} faults noticed", faults.len() - unnoticed.len(), faults.len());
    Ok(unnoticed.is_empty())
}

/// Copies what git knows of, as it lies in the folder.
fn copy_sources(root: &Path, copy: &Path) -> Result<(), Failure> {
    let _ = std::fs::remove_dir_all(copy);
    std::fs::create_dir_all(copy).map_err(|error| format!("{}: {error}", copy.display()))?;
    let mut shell = Command::new("sh");
    shell.args(["-c", "git ls-files -z | tar --null -T - -cf - | tar -xf - -C \"$1\"", "sh"]);
    succeed(shell.arg(copy).current_dir(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_any_order() {
        let options = Options::parse(&["--database", "postgres", "--seeds", "5"]).expect("well-formed");
        assert!(options.is_postgres && options.seeds == 5 && options.steps == 1_000);
        for wrong in [&["--seeds"][..], &["--seeds", "many"], &["--fast", "1"], &["--database", "oracle"]] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn faults_and_numbers_are_read() {
        let found = read_faults("# a day short\nfile a.rs\n- let a = 1;\n+ let a = 2;\n+ let b = 3;\n");
        let text = |text: &str| text.to_owned();
        assert_eq!(
            found,
            [Fault {
                name: text("a day short"),
                file: text("a.rs"),
                from: text("let a = 1;\n"),
                to: text("let a = 2;\nlet b = 3;\n"),
            }]
        );
        assert_eq!(numbers("seed=3 steps=1000 x"), [(text("seed"), 3), (text("steps"), 1000)]);
    }
}
