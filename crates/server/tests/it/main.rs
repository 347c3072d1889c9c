//! Facts about the behaviour of the whole application, on both databases.

mod contract;
mod harness;
mod hostile;
mod postgres;
