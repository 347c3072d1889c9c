//! Probes, counters and the OpenAPI document.

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "machine", operations: |_| {}, jobs: |_| {}, checks: &[], statements: Vec::new };
