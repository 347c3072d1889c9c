//! How many tests passed and failed, read from the summary lines of the three runners.

use std::ops::AddAssign;

/// Tests that passed and tests that did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    /// Failed, timed out, could not be started, or broke in set-up.
    pub(crate) failed: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// A program that runs tests and ends with a summary.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Runner {
    Nextest,
    CargoTest,
    Pytest,
}

impl Runner {
    /// The counts of a line of output, where it is a summary line. `cargo test` writes one per test binary,
    /// the others one in all.
    pub(crate) fn summary(self, line: &str) -> Option<Counts> {
        let line = line.trim().trim_matches('=').trim();
        let is_summary = match self {
            Self::Nextest => line.starts_with("Summary ["),
            Self::CargoTest => line.starts_with("test result:"),
            // 1 failed, 2 passed in 0.12s
            Self::Pytest => line.starts_with(|first: char| first.is_ascii_digit()) && line.contains(" in "),
        };
        is_summary.then(|| counts(line))
    }
}

/// Adds up the numbers that stand before words for an outcome, as in `1 passed (1 slow), 2 timed out`.
fn counts(line: &str) -> Counts {
    let words: Vec<&str> =
        line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let mut counts = Counts::default();
    for (index, word) in words.iter().enumerate() {
        let Ok(number) = word.parse::<u64>() else { continue };
        match words.get(index + 1..).unwrap_or_default() {
            ["passed", ..] => counts.passed += number,
            ["failed" | "error" | "errors", ..] | ["timed", "out", ..] | ["exec", "failed", ..] => {
                counts.failed += number;
            }
            // Skipped, slow, ignored, durations: no outcome.
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_lines_of_every_runner_are_read() {
        let table = [
            (Runner::Nextest, "     Summary [   0.012s] 3 tests run: 3 passed, 0 skipped", Some((3, 0))),
            (
                Runner::Nextest,
                "Summary [ 61.5s] 9 tests run: 4 passed (1 slow), 2 failed, 2 timed out, 1 exec failed, 7 skipped",
                Some((4, 5)),
            ),
            (Runner::Nextest, "        PASS [   0.003s] domain money::tests::two_passed", None),
            (
                Runner::CargoTest,
                "test result: FAILED. 5 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s",
                Some((5, 1)),
            ),
            (Runner::CargoTest, "test money::tests::half_up ... ok", None),
            (Runner::Pytest, "2 passed in 0.12s", Some((2, 0))),
            (Runner::Pytest, "==== 1 failed, 2 passed, 1 error in 3.50s ====", Some((2, 2))),
            (Runner::Pytest, "1 skipped, 2 errors in 3.50s", Some((0, 2))),
            (Runner::Pytest, "2 passed, 1 warning in 75.01s (0:01:15)", Some((2, 0))),
            (Runner::Pytest, "no tests ran in 0.01s", None),
            (Runner::Pytest, "........                       [100%]", None),
        ];
        for (runner, line, expected) in table {
            let expected = expected.map(|(passed, failed)| Counts { passed, failed });
            assert_eq!(runner.summary(line), expected, "{line}");
        }
    }
}
