//! Facts about the behaviour of the whole application, on both databases.
#![expect(clippy::unwrap_used, reason = "what panics in a test has failed, and the place says what")]

mod accounts;
mod catalog;
mod contract;
mod harness;
mod hostile;
mod identity;
mod ledger;
mod machine;
mod postgres;
mod pricing;
mod sandbox;
mod statements;
mod tidy_repo;
mod verify;
