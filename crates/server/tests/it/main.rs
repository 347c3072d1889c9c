//! Facts about the behaviour of the whole application, on both databases.

mod harness;
mod identity;
mod postgres;
