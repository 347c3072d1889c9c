//! The pricing feature: what things cost.

pub mod service;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "pricing", operations: |_| {}, jobs: |_| {}, checks: &[], statements: Vec::new };
