//! The identity feature.

pub mod service;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "identity", operations: |_| {}, jobs: |_| {}, checks: &[], statements: Vec::new };

/// Accounts, access keys and tokens in memory.
#[derive(Default)]
pub struct Cache {}
