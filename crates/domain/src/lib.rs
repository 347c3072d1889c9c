//! The rules of openbss: money, calendars, ids, journals, prices, orders and subscriptions.
//!
//! Everything here is a pure function of its arguments. There is no clock, no randomness, no file, no
//! database and no network: `now` is an argument, ids come from an [`id::IdSource`] that the caller owns.
//! Therefore every rule can be tested in milliseconds and replayed at any instant of the past or future.
//!
//! Invariants:
//! - money and quantities are integers with a fixed scale; no float appears in this crate;
//! - there is one rounding function; its doors are [`money::Exact::settle`], [`money::Exact::show`] and, for the
//!   shares of a whole, [`money::split`];
//! - every calendar computation is made in GMT+8, whatever the site (rule 0.1);
//! - a [`ledger::Journal`] that exists is balanced.
#![deny(clippy::float_arithmetic, clippy::float_cmp, clippy::lossy_float_literal)]

pub mod calendar;
pub mod funds;
pub mod id;
pub mod ledger;
pub mod money;
pub mod order;
pub mod promotion;
pub mod quantity;
pub mod rating;
pub mod site;
pub mod subscription;
pub mod text;
