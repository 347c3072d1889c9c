//! The identity feature.

pub mod cache;
pub mod members;
pub mod service;
mod store;

use crate::app::Feature;

pub use cache::Cache;

/// What the application takes from here.
pub const FEATURE: Feature = Feature {
    name: "identity",
    operations: |_| {},
    jobs: |_| {},
    checks: &[],
    statements: store::statements,
};
