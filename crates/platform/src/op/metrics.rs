//! Counters of one server, in the text format of Prometheus.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    operation: &'static str,
    status: u16,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Named {
    operation: &'static str,
}

/// Calls in all and calls that failed through a fault of ours (004 11.8 measures their ratio).
#[derive(Debug, Default)]
struct Success {
    calls: AtomicU64,
    failed: AtomicU64,
}

#[derive(Debug)]
struct SuccessRate(std::sync::Arc<Success>);

impl Collector for SuccessRate {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let calls = self.0.calls.load(Ordering::Relaxed);
        let failed = self.0.failed.load(Ordering::Relaxed);
        // Parts of a million: 999900 is the 99.99 % that 004 11.8 asks for.
        let ratio =
            calls.saturating_sub(failed).saturating_mul(1_000_000).checked_div(calls).unwrap_or(1_000_000);
        let gauge = ConstGauge::new(i64::try_from(ratio).unwrap_or(i64::MAX));
        let metric = encoder.encode_descriptor(
            "call_success_ppm",
            "Calls since the start that did not fail with a 5xx status, in parts of a million",
            None,
            gauge.metric_type(),
        )?;
        gauge.encode(metric)
    }
}

/// The metrics of one server.
pub struct Metrics {
    registry: Registry,
    answered: Family<Answered, Counter>,
    seconds: Family<Named, Histogram>,
    undeclared: Family<Answered, Counter>,
    success: std::sync::Arc<Success>,
}

fn latency() -> Histogram {
    Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("openbss");
        let answered = Family::default();
        let seconds = Family::new_with_constructor(latency as fn() -> Histogram);
        let undeclared = Family::default();
        let success = std::sync::Arc::new(Success::default());
        registry.register("requests", "Answered requests", answered.clone());
        registry.register("request_seconds", "Time from the request's head to its answer", seconds.clone());
        registry.register(
            "undeclared_errors",
            "Errors that an operation's declaration lacks",
            undeclared.clone(),
        );
        registry.register_collector(Box::new(SuccessRate(success.clone())));
        Self { registry, answered, seconds, undeclared, success }
    }
}

impl Metrics {
    /// Counts an answer.
    pub fn count(&self, operation: &'static str, status: u16, code: &'static str, took: Duration) {
        self.answered.get_or_create(&Answered { operation, status, code }).inc();
        self.seconds.get_or_create(&Named { operation }).observe(took.as_secs_f64());
        self.success.calls.fetch_add(1, Ordering::Relaxed);
        if status >= 500 {
            self.success.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts an error that the operation does not declare.
    pub fn count_undeclared(&self, operation: &'static str, status: u16, code: &'static str) {
        self.undeclared.get_or_create(&Answered { operation, status, code }).inc();
    }

    /// The page that `/metrics` answers.
    pub fn page(&self) -> Result<String, std::fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}
