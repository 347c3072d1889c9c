//! The accounts feature: the money of customers.

mod errors;
pub mod service;
mod store;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "accounts", operations: |_| {}, jobs: |_| {}, checks: &[], statements };

fn statements() -> Vec<String> {
    store::STATEMENTS.iter().map(|(_, text)| (*text).to_owned()).collect()
}
