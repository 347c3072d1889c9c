//! The orders feature.

pub mod fulfilment;
pub mod service;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "orders", operations: |_| {}, jobs: |_| {}, checks: &[], statements: Vec::new };
