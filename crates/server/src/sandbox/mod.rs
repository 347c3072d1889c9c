//! The sandbox.

pub mod demo;
pub mod service;

use platform::op::Fault;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "sandbox", operations: |_| {}, jobs: |_| {}, checks: &[], statements: Vec::new };

/// State of a sandbox.
#[derive(Default)]
pub struct Sandbox {}

impl Sandbox {
    /// Takes the next injected fault of an operation.
    pub fn take_fault(&self, _operation: &str) -> Option<Fault> {
        None
    }
}
