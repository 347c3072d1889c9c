//! Recomputes the books and shows both sides of every identity.

pub mod service;

use platform::db::{DbError, Tx};

use crate::app::Feature;
use crate::orders::fulfilment::Boxed;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "verify", operations: |_| {}, jobs: |_| {}, checks: &[], statements: Vec::new };

/// Both sides of one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name, beginning with the feature: `ledger.zero_sum`.
    pub name: &'static str,
    /// Left side.
    pub left: String,
    /// Right side.
    pub right: String,
    /// Whether they agree.
    pub holds: bool,
    /// What does not agree, by id.
    pub detail: Option<String>,
}

/// A check that a feature hands to the application.
pub trait Check: Sync {
    /// Recomputes its identities on one snapshot.
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>>;
}
