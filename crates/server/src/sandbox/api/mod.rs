//! Operations of the sandbox.

pub mod accounts;
pub mod clock;
pub mod faults;
pub mod outbox;

/// Where these operations are described.
const DOC: &str = "Own API, sandbox";
