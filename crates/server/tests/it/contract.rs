//! What holds for every operation of the registry, whoever wrote it.
//!
//! Each file walks the registry of a seeded application instead of naming operations, so that a new operation is
//! checked the day it is registered. Where an operation must be named (a list of what is not served yet, a case
//! of isolation), leaving it out fails.

mod access;
mod audit;
mod bodies;
pub(crate) mod calls;
mod conform;
mod idempotency;
mod isolation;
mod published;
mod throttle;
