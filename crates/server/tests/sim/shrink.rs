//! The shortest prefix of a failing run that still fails, and what of it is needed.

use crate::play::{Failure, Plan, play_steps};
use crate::steps::Step;

/// How long steps are left out.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(90);

async fn fails(plan: Plan, steps: &[Step], like: &str) -> Option<String> {
    let failure = play_steps(plan, steps).await.err()?;
    (kind(&failure.what) == kind(like)).then_some(failure.what)
}

/// What a failure is about: its first words, without numbers.
fn kind(what: &str) -> String {
    what.chars().take_while(|one| *one != '\n').filter(|one| !one.is_ascii_digit()).take(24).collect()
}

/// What to tell of a failure: the length of the shortest prefix that fails, the steps of it that are needed, and what
/// goes wrong then.
pub async fn report(plan: Plan, failure: Failure) -> String {
    let mut what = failure.what;
    let mut steps = failure.steps;
    steps.truncate(failure.at);
    if !failure.is_exact {
        // Everything was recomputed some steps after the one that broke it: `from` holds, all of it fails.
        let (mut from, mut to) = (0, steps.len());
        while to - from > 1 {
            let middle = usize::midpoint(from, to);
            match fails(plan, &steps[..middle], &what).await {
                Some(earlier) => (to, what) = (middle, earlier),
                None => from = middle,
            }
        }
        steps.truncate(to);
    }
    let prefix = steps.len();
    let begun = platform::clock::monotonic();
    let has_time = || platform::clock::since(begun) < PATIENCE;
    // One customer mostly suffices; those of the last steps are the likeliest.
    let mut customers: Vec<usize> = steps.iter().rev().filter_map(Step::who).collect();
    let mut seen = std::collections::BTreeSet::new();
    customers.retain(|who| seen.insert(*who));
    for who in customers {
        if !has_time() {
            break;
        }
        let own: Vec<Step> =
            steps.iter().filter(|step| step.who().is_none_or(|one| one == who)).cloned().collect();
        if let Some(same) = fails(plan, &own, &what).await {
            (steps, what) = (own, same);
            break;
        }
    }
    let mut part = steps.len().div_ceil(2);
    while part > 0 && has_time() {
        let mut from = 0;
        while from + 1 < steps.len() && has_time() {
            let mut fewer = steps.clone();
            // The last step is the one that shows it.
            fewer.drain(from..(from + part).min(steps.len() - 1));
            match fails(plan, &fewer, &what).await {
                Some(same) => (steps, what) = (fewer, same),
                None => from += part,
            }
        }
        part = if part == 1 { 0 } else { part.div_ceil(2) };
    }
    let shown: Vec<String> = steps.iter().map(|step| format!("  {step:?}")).collect();
    format!(
        "seed {} fails on {:?} with {} process(es) after {prefix} steps; of these suffice:\n{}\n{what}",
        plan.seed,
        plan.on,
        plan.processes,
        shown.join("\n")
    )
}
