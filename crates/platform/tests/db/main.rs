//! The database layer, against both engines: what features may rely on, and what must never be lost.
//!
//! PostgreSQL comes from the cluster that `cargo xtask test` starts; each test creates a database of its own there.

#![expect(clippy::unwrap_used, reason = "a test that meets an unexpected error has failed")]

mod base;
mod commits;
mod schema;
mod sent;
mod tls;
mod transactions;
