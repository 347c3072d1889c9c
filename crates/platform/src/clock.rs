//! The clock at the edge: the only place that reads the machine's time.
//!
//! Two times live here. *Commercial time* rules orders, prices, tokens and every lifetime a user can observe;
//! in a sandbox it is a value that only moves when told to. *Machine time* rules what belongs to the wire and
//! the process: signatures, limits, retry pauses, logs.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::calendar::Instant;

/// The clock of one server.
#[derive(Debug)]
pub enum Clock {
    /// Commercial time is machine time.
    Machine,
    /// Commercial time stands still until it is moved.
    Sandbox(AtomicI64),
}

impl Clock {
    /// A sandbox clock that stands at `at`.
    pub fn sandbox(at: Instant) -> Self {
        Self::Sandbox(AtomicI64::new(at.ms()))
    }

    /// Commercial time.
    pub fn now(&self) -> Instant {
        match self {
            Self::Machine => machine_now(),
            Self::Sandbox(at) => Instant::from_ms(at.load(Ordering::Acquire)),
        }
    }

    /// Moves a sandbox clock forward; it never goes back. A machine clock does not move.
    pub fn advance_to(&self, to: Instant) {
        if let Self::Sandbox(at) = self {
            at.fetch_max(to.ms(), Ordering::AcqRel);
        }
    }

    /// Sets a sandbox clock, as a reset does.
    pub fn reset_to(&self, to: Instant) {
        if let Self::Sandbox(at) = self {
            at.store(to.ms(), Ordering::Release);
        }
    }

    /// Whether this is a sandbox clock.
    pub fn is_sandbox(&self) -> bool {
        matches!(self, Self::Sandbox(_))
    }
}

/// Machine time.
pub fn machine_now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the edge reads the machine's clock here and nowhere else")]
    let now = jiff::Timestamp::now();
    Instant::from_ms(now.as_millisecond())
}

/// A request id: time-ordered, from machine time and the system's randomness. Nothing commercial rests on it.
pub fn request_id() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "the id of a request belongs to the wire, not to the business"
    )]
    let id = uuid::Uuid::now_v7();
    id.simple().to_string()
}

/// How long ago `start` was.
pub fn since(start: std::time::Instant) -> std::time::Duration {
    #[expect(clippy::disallowed_methods, reason = "the edge reads the machine's clock here and nowhere else")]
    start.elapsed()
}

/// A point of monotonic machine time, for latencies.
pub fn monotonic() -> std::time::Instant {
    #[expect(clippy::disallowed_methods, reason = "the edge reads the machine's clock here and nowhere else")]
    std::time::Instant::now()
}
