//! The seeds that every check plays, and those that `cargo xtask sim` asks for.

use crate::play::{Plan, play_seed};
use crate::shrink::report;
use crate::tally::Tally;
use crate::world::On;

/// Steps of a seed.
const STEPS: usize = 1_000;

async fn seed(plan: Plan) -> Tally {
    match play_seed(plan).await {
        Ok(tally) => tally,
        Err(failure) => {
            // Said first: whoever ends the run early knows this much.
            eprintln!("seed {} on {:?} fails at step {}: {}", plan.seed, plan.on, failure.at, failure.what);
            panic!("{}", report(plan, failure).await)
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

fn run(on: On, first: u64, seeds: u64, steps: usize, processes: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for number in first..first + seeds {
        let begun = platform::clock::monotonic();
        let tally = runtime.block_on(seed(Plan { seed: number, steps, on, processes }));
        let took = platform::clock::since(begun).as_millis();
        println!("sim: seed={number} {tally} ms={took}");
    }
}

#[test]
fn sqlite_0() {
    run(On::Sqlite, 0, 1, STEPS, 1);
}

#[test]
fn sqlite_1() {
    run(On::Sqlite, 1, 1, STEPS, 1);
}

#[test]
fn sqlite_2() {
    run(On::Sqlite, 2, 1, STEPS, 1);
}

#[test]
fn postgres_one_process() {
    run(On::Postgres, 3, 1, STEPS / 2, 1);
}

#[test]
fn postgres_two_processes() {
    run(On::Postgres, 4, 1, STEPS / 2, 2);
}

/// What `cargo xtask sim` plays: seeds by the environment.
#[test]
#[ignore = "cargo xtask sim plays it"]
fn asked_for() {
    let on = if std::env::var("OPENBSS_SIM_DATABASE").is_ok_and(|name| name == "postgres") {
        On::Postgres
    } else {
        On::Sqlite
    };
    let steps = usize::try_from(number("OPENBSS_SIM_STEPS", 1_000)).unwrap();
    let processes = usize::try_from(number("OPENBSS_SIM_PROCESSES", 1)).unwrap();
    run(on, number("OPENBSS_SIM_FIRST", 0), number("OPENBSS_SIM_SEEDS", 1), steps, processes);
}
