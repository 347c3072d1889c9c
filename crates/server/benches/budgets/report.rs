//! What was measured, beside what was promised.

use super::load::Outcome;

/// A promise of the product: at least so many a second, at most so long for 99 of 100.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Answers a second.
    pub per_second: u64,
    /// Milliseconds; `None`: not promised.
    pub p99_ms: Option<u64>,
}

/// The table of one run.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<[String; 7]>,
    missed: u32,
}

const HEADS: [&str; 7] = ["what", "measured", "p50", "p99", "budget", "of the baseline", "met"];

impl Report {
    /// A baseline: measured, with nothing promised.
    pub fn baseline(&mut self, what: &str, outcome: &Outcome) {
        self.push(what, outcome, String::new(), String::new(), String::new());
    }

    /// A measurement with its budget, and the baseline of the same run where there is one.
    pub fn measured(&mut self, what: &str, outcome: &Outcome, budget: Budget, baseline: Option<&Outcome>) {
        let p99_micros = outcome.percentile(990);
        let is_met = outcome.per_second() >= budget.per_second
            && budget.p99_ms.is_none_or(|most| p99_micros < most * 1000);
        let promised = match budget.p99_ms {
            Some(most) => format!("≥ {}/s, p99 < {most} ms", grouped(budget.per_second)),
            None => format!("≥ {}/s", grouped(budget.per_second)),
        };
        let ratio = baseline.map_or_else(String::new, |baseline| {
            let permille = outcome.per_second() * 1000 / baseline.per_second().max(1);
            format!("{}.{} %", permille / 10, permille % 10)
        });
        self.push(what, outcome, promised, ratio, self.verdict(is_met));
        self.missed += u32::from(!is_met);
    }

    /// Something that is not a rate: at most `most`, in `unit`.
    pub fn at_most(&mut self, what: &str, measured: u64, most: u64, unit: &str) {
        let is_met = measured < most;
        let line = [
            what.to_owned(),
            format!("{} {unit}", grouped(measured)),
            String::new(),
            String::new(),
            format!("< {} {unit}", grouped(most)),
            String::new(),
            self.verdict(is_met),
        ];
        self.show(line);
        self.missed += u32::from(!is_met);
    }

    /// Says that something was left out.
    pub fn skipped(&mut self, what: &str, why: &str) {
        println!("{what}: skipped; {why}");
    }

    fn verdict(&self, is_met: bool) -> String {
        if is_met { "yes" } else { "NO" }.to_owned()
    }

    fn push(&mut self, what: &str, outcome: &Outcome, promised: String, ratio: String, verdict: String) {
        let line = [
            what.to_owned(),
            format!("{}/s", grouped(outcome.per_second())),
            millis(outcome.percentile(500)),
            millis(outcome.percentile(990)),
            promised,
            ratio,
            verdict,
        ];
        self.show(line);
    }

    fn show(&mut self, line: [String; 7]) {
        println!("{}", line.join(" | "));
        self.lines.push(line);
    }

    /// Prints the table, and how many budgets were missed.
    pub fn finish(&self) {
        println!("\n| {} |\n|{}", HEADS.join(" | "), "---|".repeat(HEADS.len()));
        for line in &self.lines {
            println!("| {} |", line.join(" | "));
        }
        match self.missed {
            0 => println!("\nevery budget is met"),
            missed => println!("\n{missed} budgets are missed"),
        }
    }
}

/// Microseconds as milliseconds with two decimals.
fn millis(micros: u64) -> String {
    format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10)
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
