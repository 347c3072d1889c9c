//! Identities: accounts (the documents' domains), their users and groups, projects, access keys and tokens.
//!
//! ```text
//! operator ─ runs the cloud                        account ─┬─ users ── rights: read, operate, pay
//! distributor ─┬─ reseller ── customer                      │    └─ in groups, which add rights
//!              └─ customer (if it may have them)            ├─ access keys, each of one user
//! solution provider ── customer                             ├─ projects, one a region
//! customer ── members (enterprise)                          └─ tokens: 24 hours, domain or project
//! ```
//!
//! An account may be frozen, alone or with its resources ([`freezing`]); what that blocks is decided where it is blocked.
//!
//! Invariants:
//! - nobody gives, through users, groups or keys, a right that it does not have itself; only the operator reaches
//!   into other accounts, and another account's id is answered as an unknown one;
//! - secret keys are sealed at rest and told once; of tokens and passwords only hashes are stored; none of them
//!   stands in the audit trail, in an idempotency record or in a log;
//! - a disabled key, user or right ends at once in the process that disabled it and a second later in the others
//!   ([`cache`]); what a wrong login got wrong is not told, neither by words nor by time.

mod api;
pub mod cache;
pub mod freezing;
mod jobs;
pub mod members;
mod own_write;
mod passwords;
pub mod service;
mod store;
mod tokens;

use crate::app::Feature;

pub use cache::Cache;

/// What the application takes from here.
pub const FEATURE: Feature = Feature {
    name: "identity",
    operations: api::register,
    jobs: |jobs| {
        jobs.add::<jobs::DeleteExpiredTokens>();
    },
    checks: &[],
    statements: store::statements,
};
