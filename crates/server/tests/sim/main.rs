//! Two years of random commerce, checked after every step against a slow reference model.
//!
//! ```text
//!  seed ─▶ steps ─▶ next step ─▶ application (one process, or two on one PostgreSQL) ─▶ answer, what is shown
//!            ▲          │                                                                    ║ must be equal
//!            └── model ◀┴────▶ model ─────────────────────────────────────────────────▶ answer, facts
//! ```
//!
//! `goods` and `calendar` are facts and arithmetic of the model's own: nothing in `model` calls the code under test.
//! A failure names its seed, and the shortest sequence of steps that still fails.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the verdict")]

mod calendar;
mod choices;
mod dice;
mod goods;
mod look;
mod model;
mod outcome;
mod play;
#[path = "../it/postgres.rs"]
mod postgres;
mod seeds;
mod shrink;
mod steps;
mod tally;
mod world;
