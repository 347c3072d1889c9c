//! Facts about the behaviour of the whole application, on both databases.

mod catalog;
mod harness;
mod postgres;
mod pricing;
