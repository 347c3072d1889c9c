//! Recomputes the books and shows both sides of every identity.
//!
//! ```text
//! feature ── FEATURE.checks ──▶ service::verify (one snapshot) ──▶ operation, command line, tests
//! ```
//!
//! The seam [`Check`] lies on the ground floor; each feature recomputes what it owns and hands the result over
//! as identities, whose names begin with the feature. An identity holds when both sides agree and nothing was
//! found that contradicts it: two faults may cancel out in a sum and still be named in `detail`.
//!
//! Invariants: a check reads and never writes; it compares what is stored with what follows from other rows,
//! never a row with itself; what it finds it names by id.

mod api;
pub mod service;

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;

use platform::db::{DbError, Tx};

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "verify", operations: api::operations, jobs: |_| {}, checks: &[], statements: Vec::new };

/// The most findings that one query of a check looks for, and that one detail names.
pub const FINDINGS_MAX: i64 = 20;

/// A boxed future, so that checks can be collected.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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

impl Identity {
    /// An identity that holds when both sides read the same and there is no finding.
    pub fn of(name: &'static str, left: impl Display, right: impl Display, findings: &[String]) -> Self {
        let (left, right) = (left.to_string(), right.to_string());
        let shown = usize::try_from(FINDINGS_MAX).expect("a small limit");
        let mut detail = findings.iter().take(shown).map(String::as_str).collect::<Vec<_>>().join("; ");
        if findings.len() > shown {
            detail.push_str("; and more");
        }
        Self {
            name,
            holds: left == right && findings.is_empty(),
            left,
            right,
            detail: (!findings.is_empty()).then_some(detail),
        }
    }
}

/// A check that a feature hands to the application.
pub trait Check: Sync {
    /// Recomputes its identities on one snapshot.
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sides_with_a_finding_do_not_hold() {
        let fine = Identity::of("a.b", 1, 1, &[]);
        assert!(fine.holds && fine.detail.is_none());
        let differs = Identity::of("a.b", 1, 2, &[]);
        assert!(!differs.holds);
        let found = Identity::of("a.b", 1, 1, &["x".to_owned(), "y".to_owned()]);
        assert!(!found.holds);
        assert_eq!(found.detail.as_deref(), Some("x; y"));
        let many = vec!["x".to_owned(); 21];
        assert!(Identity::of("a.b", 1, 1, &many).detail.unwrap().ends_with("; and more"));
    }
}
