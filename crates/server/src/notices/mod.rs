//! Notices by mail: what happened to an account's resources that a person should know of.
//!
//! ```text
//!  a feature ──mail──▶ outbox row (channel mail), in the transaction of what happened
//!                         │ sandbox: captured, shown by GET sandbox/outbox, never sent
//!                         ▼
//!                      SMTP ──taken──▶ sent        refused for now ──▶ waits again, with growing pauses
//!                                                  refused for good ──▶ failed
//! ```
//!
//! Each mail is written in both languages: nobody knows which one its reader speaks. It goes to the address of the
//! account it is about; an account without one gets none, and so does everybody on a production server without
//! `[mail]`.
//!
//! Never: a mail about something that was rolled back; an address in a log; a mail that an operation waits for.

pub mod mailer;
pub mod service;
mod text;

use crate::app::Feature;

/// What the application takes from here: the outbox belongs to the webhooks.
pub const FEATURE: Feature =
    Feature { name: "notices", operations: |_| {}, jobs: |_| {}, checks: &[], statements: Vec::new };
