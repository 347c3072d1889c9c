//! All SQL of webhooks and of what waits to be sent.

use domain::calendar::Instant;
use platform::db::{DbError, Row, Tx, Value};
use platform::params;

/// The audience of an operator's webhooks: every event.
pub(super) const EVERYONE: &str = "operator";
/// The most webhooks that one event is sent to.
const RECEIVERS_MAX: i64 = 200;

platform::statements! {
    /// A new webhook.
    const INSERT = "insert into webhooks (account_id, id, audience, url, secret, events, created_at) \
        values ($1, $2, $3, $4, $5, $6, $7)";
    /// The webhooks of an account.
    const LIST = "select id, url, events, created_at from webhooks where account_id = $1 \
        order by created_at, id limit $2";
    /// How many webhooks an account has.
    const COUNT = "select count(*) from webhooks where account_id = $1";
    /// Removes a webhook.
    const DELETE = "delete from webhooks where account_id = $1 and id = $2";
    /// Who hears of events of an account and its partner.
    const RECEIVERS = "select account_id, id, audience, url, events from webhooks \
        where audience in ($1, $2, 'operator') order by id limit $3";
    /// What signs the notifications of a webhook, and whose events it hears of.
    const SECRET = "select secret, audience from webhooks where account_id = $1 and id = $2";
    /// What is to be sent now.
    const DUE = "select id, account_id, webhook_id, recipient, subject, body, attempts, not_before from outbox \
        where state = 'waiting' and not_before <= $1 and channel = $3 order by not_before, id limit $2";
    /// Takes a notification for one attempt; nobody else gets it until that attempt's time is over.
    const CLAIM = "update outbox set not_before = $3, attempts = attempts + 1 \
        where id = $1 and state = 'waiting' and not_before = $2";
    /// What came of an attempt.
    const SETTLE = "update outbox set state = $2, not_before = $3 where id = $1";
    /// The oldest notification of those that nobody will send any more. Captured messages are not among them: they
    /// are what a sandbox is asked for.
    const OLDEST_ENDED = "select created_at from outbox where state <> 'waiting' and state <> 'captured' and created_at <= $1 \
        order by created_at, id limit 1";
    /// Deletes such notifications, the oldest first.
    const DELETE_ENDED = "delete from outbox where id in (select id from outbox \
        where state <> 'waiting' and state <> 'captured' and created_at <= $1 order by created_at, id limit $2)";
}

const INSERT_OUTBOX: &str = "insert into outbox (id, channel, recipient, webhook_id, account_id, subject, body, \
    state, attempts, not_before, created_at) values";

/// A webhook as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// Where it leads.
    pub url: String,
    /// Events, comma-separated; `*` is all.
    pub events: String,
    /// When it was made.
    pub created_at: Instant,
}

/// What a new webhook has beside that.
pub(super) struct NewWebhook<'a> {
    pub(super) account: &'a str,
    pub(super) audience: &'a str,
    pub(super) secret: &'a [u8],
    pub(super) webhook: &'a Webhook,
}

pub(super) async fn insert(tx: &mut Tx, new: &NewWebhook<'_>) -> Result<(), DbError> {
    let Webhook { id, url, events, created_at } = new.webhook;
    tx.exec(INSERT, params![new.account, id, new.audience, url, new.secret, events, created_at.ms()]).await?;
    Ok(())
}

pub(super) async fn list(tx: &mut Tx, account: &str, limit: i64) -> Result<Vec<Webhook>, DbError> {
    let rows = tx.all(LIST, params![account, limit]).await?;
    let webhook = |row: &Row| Webhook {
        id: row.text(0).to_owned(),
        url: row.text(1).to_owned(),
        events: row.text(2).to_owned(),
        created_at: Instant::from_ms(row.int(3)),
    };
    Ok(rows.iter().map(webhook).collect())
}

pub(super) async fn count(tx: &mut Tx, account: &str) -> Result<i64, DbError> {
    Ok(tx.one(COUNT, params![account]).await?.int(0))
}

/// Whether there was one.
pub(super) async fn delete(tx: &mut Tx, account: &str, id: &str) -> Result<bool, DbError> {
    Ok(tx.exec(DELETE, params![account, id]).await? > 0)
}

/// Somebody who hears of an event.
pub(super) struct Receiver {
    pub(super) account: String,
    pub(super) webhook: String,
    pub(super) audience: String,
    pub(super) url: String,
    pub(super) events: String,
}

pub(super) async fn receivers(tx: &mut Tx, account: &str, partner: &str) -> Result<Vec<Receiver>, DbError> {
    let rows = tx.all(RECEIVERS, params![account, partner, RECEIVERS_MAX]).await?;
    let receiver = |mut row: Row| Receiver {
        account: row.take_text(0),
        webhook: row.take_text(1),
        audience: row.take_text(2),
        url: row.take_text(3),
        events: row.take_text(4),
    };
    Ok(rows.into_iter().map(receiver).collect())
}

/// A notification or mail that waits to be sent.
pub struct Notification {
    /// Its id, by which a receiver tells repetitions.
    pub id: String,
    /// Whose it is.
    pub account: String,
    /// The webhook; empty for a mail.
    pub webhook: String,
    /// The URL or address.
    pub url: String,
    /// The event, or the subject of a mail.
    pub event: String,
    /// What it says.
    pub body: String,
    /// How often it was tried before.
    pub attempts: i64,
    /// Machine time of the attempt, in milliseconds.
    pub not_before: i64,
}

/// How a message goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A notification, to a URL.
    Webhook,
    /// A mail, to an address.
    Mail,
}

impl Channel {
    /// The name under which it is stored.
    fn code(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Mail => "mail",
        }
    }
}

/// A message to a person, about an account.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// The account that it is about.
    pub account: &'a str,
    /// The address.
    pub recipient: &'a str,
    /// What it is about, in one line.
    pub subject: &'a str,
    /// The text.
    pub body: &'a str,
    /// It is only kept, as a sandbox does, and never sent.
    pub is_captured: bool,
}

/// Puts a mail into the outbox.
pub(super) async fn enqueue_mail(
    tx: &mut Tx,
    id: String,
    mail: &Message<'_>,
    now: Instant,
) -> Result<(), DbError> {
    let row = vec![
        Value::from(id),
        Value::from(Channel::Mail.code()),
        Value::from(mail.recipient),
        Value::from(None::<&str>),
        Value::from(mail.account),
        Value::from(mail.subject),
        Value::from(mail.body),
        Value::from(if mail.is_captured { "captured" } else { "waiting" }),
        Value::from(0),
        Value::from(0),
        Value::from(now.ms()),
    ];
    tx.send_many(INSERT_OUTBOX, &[row], "").await
}

/// Puts notifications into the outbox, to be sent as soon as they are durable.
pub(super) async fn enqueue(tx: &mut Tx, all: &[Notification], now: Instant) -> Result<(), DbError> {
    let row = |new: &Notification| {
        vec![
            Value::from(new.id.clone()),
            Value::from(Channel::Webhook.code()),
            Value::from(new.url.clone()),
            Value::from(new.webhook.clone()),
            Value::from(new.account.clone()),
            Value::from(new.event.clone()),
            Value::from(new.body.clone()),
            Value::from("waiting"),
            Value::from(new.attempts),
            Value::from(new.not_before),
            Value::from(now.ms()),
        ]
    };
    let rows: Vec<Vec<Value<'_>>> = all.iter().map(row).collect();
    tx.insert_many(INSERT_OUTBOX, &rows, "").await?;
    Ok(())
}

/// What is to be sent at machine time `now_ms`.
pub(super) async fn due(
    tx: &mut Tx,
    channel: Channel,
    now_ms: i64,
    limit: i64,
) -> Result<Vec<Notification>, DbError> {
    let rows = tx.all(DUE, params![now_ms, limit, channel.code()]).await?;
    let notification = |mut row: Row| Notification {
        id: row.take_text(0),
        account: row.take_text(1),
        webhook: row.take_opt_text(2).unwrap_or_default(),
        url: row.take_text(3),
        event: row.take_text(4),
        body: row.take_text(5),
        attempts: row.int(6),
        not_before: row.int(7),
    };
    Ok(rows.into_iter().map(notification).collect())
}

/// Takes a notification for one attempt; `false`: somebody else has it.
pub(super) async fn claim(tx: &mut Tx, one: &Notification, until_ms: i64) -> Result<bool, DbError> {
    Ok(tx.exec(CLAIM, params![&one.id, one.not_before, until_ms]).await? == 1)
}

/// The sealed secret of a webhook, and its audience; `None`: it was removed.
pub(super) async fn secret(tx: &mut Tx, one: &Notification) -> Result<Option<(Vec<u8>, String)>, DbError> {
    let row = tx.opt(SECRET, params![&one.account, &one.webhook]).await?;
    Ok(row.map(|row| (row.bytes(0).to_vec(), row.text(1).to_owned())))
}

/// Notes what came of an attempt.
pub(super) async fn settle(tx: &mut Tx, id: &str, state: &str, not_before_ms: i64) -> Result<(), DbError> {
    tx.exec(SETTLE, params![id, state, not_before_ms]).await?;
    Ok(())
}

/// When the oldest notification was written that was sent or given up, if that was not after `until`.
pub(super) async fn oldest_ended(tx: &mut Tx, until: Instant) -> Result<Option<Instant>, DbError> {
    let row = tx.opt(OLDEST_ENDED, params![until.ms()]).await?;
    Ok(row.map(|row| Instant::from_ms(row.int(0))))
}

/// Deletes at most `limit` notifications that were sent or given up and were written not after `until`; how many.
pub(super) async fn delete_ended(tx: &mut Tx, until: Instant, limit: i64) -> Result<u64, DbError> {
    tx.exec(DELETE_ENDED, params![until.ms(), limit]).await
}

/// Every statement of this store.
pub(super) fn statements() -> Vec<String> {
    let mut all: Vec<String> = STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()).collect();
    all.push(format!("{INSERT_OUTBOX} ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)"));
    all
}
