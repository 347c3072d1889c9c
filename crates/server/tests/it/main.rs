//! Facts about the behaviour of the whole application, on both databases.

mod accounts;
mod catalog;
mod harness;
mod identity;
mod ledger;
mod machine;
mod postgres;
mod pricing;
mod sandbox;
mod statements;
mod tidy_repo;
mod verify;
