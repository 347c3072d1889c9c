//! Notifications: who is told of events, and what waits to be sent.
//!
//! ```text
//!  a feature ──notify──▶ outbox row, in the transaction of the event
//!                            │ claimed: next attempt moved on, attempts + 1
//!                            ▼
//!                         POST, signed ──2xx──▶ sent
//!                            │ anything else
//!                            ├──▶ waits again, with growing pauses
//!                            └──▶ failed, after the last attempt or when the webhook is gone
//!
//!  sent, failed ──30 days after the event (`webhooks.delete_ended_notifications`)──▶ deleted
//! ```
//!
//! Invariants:
//! - An event that was rolled back is never sent; one that was committed is sent at least once, also after a crash.
//!   A receiver tells repetitions by the id of the delivery.
//! - A customer hears of its own events, a partner of its own and its customers', the operator of all.
//! - Only an operator's webhook, or one of a sandbox, may lead into a private network: the others would make the
//!   server a proxy into it.
//!
//! Pauses and signatures are of machine time; what an event says, and how long its row is kept, of commercial time.
//! Never: a request inside a transaction; a secret told twice.

mod api;
mod jobs;
pub mod sender;
pub mod service;
mod store;

use tokio::sync::Notify;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature = Feature {
    name: "webhooks",
    operations: |registry| {
        registry.add::<api::CreateWebhook>().add::<api::ListWebhooks>().add::<api::DeleteWebhook>();
    },
    jobs: |jobs| {
        jobs.add::<jobs::DeleteEndedNotifications>();
    },
    checks: &[],
    statements: store::statements,
};

/// Wakes the sender when something was put into the outbox.
#[derive(Debug, Default)]
pub struct Bell(Notify);

impl Bell {
    /// There is something to send.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits until it is rung; a ring that nobody waited for counts.
    pub async fn rung(&self) {
        self.0.notified().await;
    }
}
