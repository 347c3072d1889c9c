//! Facts about the behaviour of the whole application, on both databases.

mod accounts;
mod harness;
mod ledger;
mod machine;
mod postgres;
mod sandbox;
mod tidy_repo;
mod verify;
