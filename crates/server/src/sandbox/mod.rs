//! The sandbox: the same engine as production, no shortcuts. Only these differ: the clock can be moved, faults
//! can be injected, messages are captured, and the demo tenants exist.
//!
//! ```text
//!   new folder --seed--> first clock value --POST clock--> later, never earlier
//!                              ^                              |
//!                              '---------POST reset-----------'
//! ```
//!
//! Invariants: the clock of the database is never behind an answer that was given; a move that was cut short is
//! ended at the next start; a reset is one transaction; faults live in memory and end with the process. None of
//! these operations is registered in a production server.

mod api;
pub mod demo;
mod faults;
pub mod service;
mod store;

pub use faults::{ActiveFault, NewFault};

use parking_lot::Mutex;
use platform::op::Fault;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature = Feature {
    name: "sandbox",
    operations: |registry| {
        registry.add::<api::accounts::ListDemoAccounts>();
        registry.add::<api::clock::ShowClock>();
        registry.add::<api::clock::MoveClock>();
        registry.add::<api::clock::ResetSandbox>();
        registry.add::<api::outbox::ListOutbox>();
        registry.add::<api::faults::CreateFault>();
        registry.add::<api::faults::ListFaults>();
        registry.add::<api::faults::DeleteFaults>();
    },
    jobs: |_| {},
    checks: &[],
    statements: store::statements,
};

/// State of a sandbox.
#[derive(Default)]
pub struct Sandbox {
    faults: Mutex<Vec<ActiveFault>>,
    /// One move of the clock or reset at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Sandbox {
    /// Takes the next injected fault of an operation.
    pub fn take_fault(&self, operation: &str) -> Option<Fault> {
        faults::take(&mut self.faults.lock(), operation)
    }

    /// Injects a fault.
    pub fn add_fault(&self, fault: ActiveFault) {
        self.faults.lock().push(fault);
    }

    /// The faults that are still to come.
    pub fn list_faults(&self) -> Vec<ActiveFault> {
        self.faults.lock().clone()
    }

    /// Forgets every fault.
    pub fn clear_faults(&self) {
        self.faults.lock().clear();
    }

    /// Waits for moves of the clock and resets under way, and keeps others out.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }
}
