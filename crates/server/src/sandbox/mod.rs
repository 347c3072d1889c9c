//! The sandbox.

pub mod demo;
pub mod service;
pub mod store;

use platform::op::Fault;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "sandbox", operations: |_| {}, jobs: |_| {}, checks: &[], statements: store::statements };

/// State of a sandbox.
#[derive(Default)]
pub struct Sandbox {}

impl Sandbox {
    /// Takes the next injected fault of an operation.
    pub fn take_fault(&self, _operation: &str) -> Option<Fault> {
        None
    }

    /// Forgets every fault.
    pub fn clear_faults(&self) {}
}
