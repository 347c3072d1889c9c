//! The ledger feature.

pub mod service;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "ledger", operations: |_| {}, jobs: |_| {}, checks: &[], statements: Vec::new };
