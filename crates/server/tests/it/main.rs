//! Facts about the behaviour of the whole application, on both databases.

mod accounts;
mod harness;
mod ledger;
mod postgres;
mod verify;
