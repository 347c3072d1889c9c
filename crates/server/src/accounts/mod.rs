//! The accounts feature: the money of customers.

pub mod service;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "accounts", operations: |_| {}, jobs: |_| {}, checks: &[], statements: Vec::new };
