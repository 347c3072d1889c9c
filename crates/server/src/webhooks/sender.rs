//! Sends what waits in the outbox, outside of any transaction: notifications here, mails by a [`Carrier`] of their own.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use platform::clock::machine_now;
use platform::db::DbError;
use platform::op::Host;
use platform::outgoing::{Target, post};

use super::service::{Channel, context, reach, signature};
use super::store::{self, Notification};
use crate::Boxed;
use crate::app::App;

/// How many notifications are on their way at once.
const BATCH: i64 = 16;
/// How often a notification is tried.
const ATTEMPTS_MAX: i64 = 12;
/// The pause after the first attempt; it doubles each time.
const PAUSE_MS: i64 = 5_000;
/// The longest pause.
const PAUSE_MAX_MS: i64 = 3_600_000;
/// How long a claimed notification belongs to its sender: longer than an attempt takes.
const CLAIM_MS: i64 = 60_000;
/// How often the outbox is looked at when nobody rings.
const EVERY: Duration = Duration::from_secs(1);

/// What sends the messages of one channel.
pub trait Carrier: Send + Sync {
    /// Which messages are its business.
    fn channel(&self) -> Channel;

    /// Tries to send one.
    fn attempt<'a>(&'a self, app: &'a Arc<App>, one: &'a Notification)
    -> Boxed<'a, Result<Outcome, DbError>>;
}

/// Sends notifications to webhooks.
pub struct Posts;

impl Carrier for Posts {
    fn channel(&self) -> Channel {
        Channel::Webhook
    }

    fn attempt<'a>(
        &'a self,
        app: &'a Arc<App>,
        one: &'a Notification,
    ) -> Boxed<'a, Result<Outcome, DbError>> {
        Box::pin(attempt(app, one))
    }
}

/// Sends the messages of a carrier until the task is dropped.
pub async fn run(app: Arc<App>, carrier: Box<dyn Carrier>) {
    loop {
        match carry_due(&app, carrier.as_ref()).await {
            // A full batch: there may be more.
            Ok(tried) if tried == usize::try_from(BATCH).unwrap_or(usize::MAX) => continue,
            Ok(_) => {}
            Err(DbError::Closed) => return,
            Err(error) => tracing::error!(%error, "the outbox cannot be read"),
        }
        tokio::select! {
            () = app.outbox.rung(), if carrier.channel() == Channel::Webhook => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Tries the notifications that are due now, at most one batch; answers how many were tried.
pub async fn deliver_due(app: &Arc<App>) -> Result<usize, DbError> {
    carry_due(app, &Posts).await
}

/// Tries the messages of a carrier that are due now, at most one batch; answers how many were tried.
pub async fn carry_due(app: &Arc<App>, carrier: &dyn Carrier) -> Result<usize, DbError> {
    let mut tx = app.db().begin_read().await?;
    let due = store::due(&mut tx, carrier.channel(), machine_now().ms(), BATCH).await;
    tx.rollback().await;
    let mut claimed = Vec::new();
    for one in due? {
        if claim(app, &one).await? {
            claimed.push(one);
        }
    }
    let outcomes = join_all(claimed.iter().map(|one| carrier.attempt(app, one))).await;
    for (one, outcome) in claimed.iter().zip(outcomes) {
        settle(app, one, outcome?).await?;
    }
    Ok(claimed.len())
}

async fn claim(app: &Arc<App>, one: &Notification) -> Result<bool, DbError> {
    let mut tx = app.db().begin_write().await?;
    let is_ours = store::claim(&mut tx, one, machine_now().ms() + CLAIM_MS).await?;
    tx.commit().await?;
    Ok(is_ours)
}

/// What came of an attempt.
#[derive(Debug)]
pub enum Outcome {
    /// It was taken.
    Sent,
    /// It may be tried again.
    Refused(String),
    /// It never can be sent.
    Impossible(&'static str),
}

async fn attempt(app: &Arc<App>, one: &Notification) -> Result<Outcome, DbError> {
    let mut tx = app.db().begin_read().await?;
    let found = store::secret(&mut tx, one).await;
    tx.rollback().await;
    let Some((sealed, audience)) = found? else { return Ok(Outcome::Impossible("the webhook was removed")) };
    let Ok(secret) = app.vault.open(&sealed, &context(&one.account, &one.webhook)) else {
        return Ok(Outcome::Impossible("the secret does not open with the key of this server"));
    };
    let reach = reach(app, &audience);
    let target = match Target::parse(&one.url, reach) {
        Ok(target) => target,
        Err(error) => return Ok(Outcome::Refused(error.to_string())),
    };
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("x-openbss-event", one.event.clone()),
        ("x-openbss-delivery", one.id.clone()),
        ("x-openbss-signature", signature(&secret, machine_now(), &one.body)),
    ];
    Ok(match post(&target, reach, &headers, one.body.clone().into()).await {
        Ok(status) if (200..300).contains(&status) => Outcome::Sent,
        Ok(status) => Outcome::Refused(format!("answered with status {status}")),
        Err(error) => Outcome::Refused(error.to_string()),
    })
}

async fn settle(app: &Arc<App>, one: &Notification, outcome: Outcome) -> Result<(), DbError> {
    let attempts = one.attempts + 1;
    let (state, pause) = match &outcome {
        Outcome::Sent => ("sent", 0),
        Outcome::Refused(_) if attempts < ATTEMPTS_MAX => ("waiting", pause_ms(attempts)),
        Outcome::Refused(_) | Outcome::Impossible(_) => ("failed", 0),
    };
    match &outcome {
        Outcome::Sent => {}
        Outcome::Refused(reason) => {
            tracing::warn!(
                delivery = one.id,
                webhook = one.webhook,
                attempts,
                reason,
                "a message was not taken"
            );
        }
        Outcome::Impossible(reason) => {
            tracing::warn!(delivery = one.id, webhook = one.webhook, reason, "a message cannot be sent");
        }
    }
    let mut tx = app.db().begin_write().await?;
    store::settle(&mut tx, &one.id, state, machine_now().ms() + pause).await?;
    tx.commit().await
}

/// The pause after so many attempts.
fn pause_ms(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(20);
    (PAUSE_MS << doublings).min(PAUSE_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        assert_eq!(pause_ms(1), 5_000);
        assert_eq!(pause_ms(2), 10_000);
        assert_eq!(pause_ms(10), 2_560_000);
        assert_eq!(pause_ms(11), PAUSE_MAX_MS);
        assert_eq!(pause_ms(1000), PAUSE_MAX_MS);
    }
}
