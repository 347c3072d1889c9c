//! Webhooks made and removed, and events put into the outbox.

use domain::calendar::Instant;
use domain::id::uuid_text;
use platform::auth::secrets;
use platform::db::DbError;
use platform::op::{AccountKind, ApiError, Refusal};
use platform::outgoing::{OutgoingError, Reach, Target};
use serde_json::{Value as Json, json};

use super::store::{self, EVERYONE, NewWebhook};
pub use super::store::{Channel, Message, Notification, Webhook};
use crate::Cx;
use crate::app::App;
use crate::codes;

/// An order was paid.
pub const ORDER_PAID: &str = "order.paid";
/// Every line of an order is done, or failed and was given back.
pub const ORDER_COMPLETED: &str = "order.completed";
/// An order was cancelled, by its customer or because its time to pay was over.
pub const ORDER_CANCELED: &str = "order.canceled";
/// Money of an order went back.
pub const ORDER_REFUNDED: &str = "order.refunded";
/// The cloud is to create a resource.
pub const PROVISIONING_CREATE: &str = "provisioning.create";
/// The cloud is to make a resource unusable and keep its data.
pub const PROVISIONING_FREEZE: &str = "provisioning.freeze";
/// The cloud is to make a resource usable again.
pub const PROVISIONING_UNFREEZE: &str = "provisioning.unfreeze";
/// The cloud is to delete a resource with its data.
pub const PROVISIONING_DELETE: &str = "provisioning.delete";
/// The cloud is to change the specification or the size of a resource.
pub const PROVISIONING_CHANGE: &str = "provisioning.change";
/// A resource is there.
pub const RESOURCE_PROVISIONED: &str = "resource.provisioned";
/// A resource could not be provided.
pub const RESOURCE_FAILED: &str = "resource.failed";

/// The term of a resource is over; it is in its grace period, or kept without one.
pub const RESOURCE_EXPIRED: &str = "resource.expired";
/// A resource cannot be used: its grace is over, or it is held.
pub const RESOURCE_FROZEN: &str = "resource.frozen";
/// A resource can be used again: what held it was released.
pub const RESOURCE_UNFROZEN: &str = "resource.unfrozen";
/// A resource is pay-per-use from then on: its term is over, or it was turned so at once.
pub const RESOURCE_TO_ON_DEMAND: &str = "resource.to_on_demand";
/// A pay-per-use resource is yearly/monthly from then on.
pub const RESOURCE_TO_PERIOD: &str = "resource.to_period";
/// A resource is closed.
pub const RESOURCE_CLOSED: &str = "resource.closed";
/// A resource, or its renewed terms that are to come, were given back.
pub const RESOURCE_UNSUBSCRIBED: &str = "resource.unsubscribed";
/// A resource has another specification or size, or a trial has become commercial.
pub const RESOURCE_CHANGED: &str = "resource.changed";
/// A resource was renewed.
pub const RESOURCE_RENEWED: &str = "resource.renewed";

/// Every event that a webhook can ask for, and all of them.
pub const EVENTS: &[&str] = &[
    ORDER_PAID,
    ORDER_COMPLETED,
    ORDER_CANCELED,
    ORDER_REFUNDED,
    PROVISIONING_CREATE,
    PROVISIONING_FREEZE,
    PROVISIONING_UNFREEZE,
    PROVISIONING_DELETE,
    PROVISIONING_CHANGE,
    RESOURCE_PROVISIONED,
    RESOURCE_FAILED,
    RESOURCE_EXPIRED,
    RESOURCE_FROZEN,
    RESOURCE_UNFROZEN,
    RESOURCE_TO_ON_DEMAND,
    RESOURCE_TO_PERIOD,
    RESOURCE_CLOSED,
    RESOURCE_RENEWED,
    RESOURCE_CHANGED,
    RESOURCE_UNSUBSCRIBED,
    "*",
];

/// Events that are the operator's business only.
const INTERNAL: &[&str] = &[
    PROVISIONING_CREATE,
    PROVISIONING_FREEZE,
    PROVISIONING_UNFREEZE,
    PROVISIONING_DELETE,
    PROVISIONING_CHANGE,
];

/// The most webhooks of one account.
pub const WEBHOOKS_MAX: i64 = 20;

/// Something that happened to an account.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// One of [`EVENTS`].
    pub name: &'static str,
    /// Whose event it is.
    pub account: &'a str,
    /// The partner that hears of it too.
    pub partner: Option<&'a str>,
    /// What receivers are told.
    pub data: Json,
}

/// Puts events into the outbox of everybody who asked for them; they are sent once the transaction is durable.
/// All events of one call belong to one account.
pub async fn notify(cx: &mut Cx, events: &[Event<'_>]) -> Result<(), DbError> {
    let Some(first) = events.first() else { return Ok(()) };
    debug_assert!(events.iter().all(|event| event.account == first.account), "one account at a time");
    let partner = first.partner.unwrap_or(first.account);
    let receivers = store::receivers(&mut cx.tx, first.account, partner).await?;
    if receivers.is_empty() {
        return Ok(());
    }
    let mut notifications = Vec::new();
    for event in events {
        for receiver in &receivers {
            let is_meant = receiver.audience == EVERYONE || !INTERNAL.contains(&event.name);
            let asked = receiver.events.split(',').any(|name| name == "*" || name == event.name);
            if !is_meant || !asked {
                continue;
            }
            let id = uuid_text(cx.ids.as_mut());
            let body = json!({
                "id": id,
                "event": event.name,
                "time": cx.now.to_wire(),
                "account_id": event.account,
                "data": event.data,
            });
            notifications.push(Notification {
                id,
                account: receiver.account.clone(),
                webhook: receiver.webhook.clone(),
                url: receiver.url.clone(),
                event: event.name.to_owned(),
                body: body.to_string(),
                attempts: 0,
                not_before: 0,
            });
        }
    }
    if notifications.is_empty() {
        return Ok(());
    }
    store::enqueue(&mut cx.tx, &notifications, cx.now).await?;
    cx.after_commit(|app| app.outbox.ring());
    Ok(())
}

/// Puts a mail into the outbox; it is sent once the transaction is durable, unless it is only captured.
///
/// # Errors
/// The database.
pub async fn put_mail(cx: &mut Cx, mail: &Message<'_>) -> Result<(), DbError> {
    let id = uuid_text(cx.ids.as_mut());
    store::enqueue_mail(&mut cx.tx, id, mail, cx.now).await
}

/// Where notifications of an audience may go.
pub(super) fn reach(app: &App, audience: &str) -> Reach {
    if app.sandbox.is_some() || audience == EVERYONE { Reach::Anywhere } else { Reach::Public }
}

/// The vault's context of a webhook's secret.
pub(super) fn context(account: &str, id: &str) -> String {
    format!("webhooks.secret/{account}/{id}")
}

/// A webhook to be made.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where it leads.
    pub url: String,
    /// Which events; empty: all.
    pub events: Vec<String>,
    /// What signs its notifications; `None`: it is made.
    pub secret: Option<String>,
}

/// Makes a webhook of the caller; the second value is its secret, which is never told again.
pub async fn create(cx: &mut Cx, wanted: &Wanted) -> Result<(Webhook, String), ApiError> {
    let account = cx.account().to_owned();
    let audience = if cx.principal.kind == AccountKind::Operator { EVERYONE } else { account.as_str() };
    Target::parse(&wanted.url, reach(&cx.app, audience)).map_err(|error| refused_url(&error))?;
    if store::count(&mut cx.tx, &account).await? >= WEBHOOKS_MAX {
        return Err(codes::INVALID_VALUE.because(
            format!("This account already has {WEBHOOKS_MAX} webhooks. Remove one first."),
            format!("该账号已有 {WEBHOOKS_MAX} 个 Webhook，请先删除一个。"),
        ));
    }
    let id = uuid_text(cx.ids.as_mut());
    let secret = wanted.secret.clone().unwrap_or_else(|| {
        let mut random = [0; 32];
        cx.app.fill_random(&mut random);
        secrets::hex(&random)
    });
    let mut nonce = [0; 12];
    cx.app.fill_random(&mut nonce);
    let sealed = cx.app.vault.seal(secret.as_bytes(), &context(&account, &id), nonce);
    let events = if wanted.events.is_empty() { "*".to_owned() } else { wanted.events.join(",") };
    let webhook = Webhook { id, url: wanted.url.clone(), events, created_at: cx.now };
    let new = NewWebhook { account: &account, audience, secret: &sealed, webhook: &webhook };
    store::insert(&mut cx.tx, &new).await?;
    Ok((webhook, secret))
}

fn refused_url(error: &OutgoingError) -> Refusal {
    let zh = match error {
        OutgoingError::Credentials => "不能包含用户名或密码",
        OutgoingError::Private => "指向内部网络地址，不允许使用",
        OutgoingError::Malformed
        | OutgoingError::UnknownHost
        | OutgoingError::TimedOut
        | OutgoingError::Connection(_) => "必须是完整的 http 或 https 地址",
    };
    Refusal::because("url", error.to_string(), zh)
}

/// The webhooks of the caller.
pub async fn list(cx: &mut Cx) -> Result<Vec<Webhook>, DbError> {
    let account = cx.account().to_owned();
    store::list(&mut cx.tx, &account, WEBHOOKS_MAX).await
}

/// Removes a webhook of the caller; what still waits for it is not sent.
pub async fn delete(cx: &mut Cx, id: &str) -> Result<(), ApiError> {
    let account = cx.account().to_owned();
    if store::delete(&mut cx.tx, &account, id).await? {
        return Ok(());
    }
    Err(Refusal::because("id", "is not the id of a webhook of this account", "不是该账号的 Webhook ID")
        .into())
}

/// The signature of a body at an instant of machine time: `t=SECONDS,v1=HEX`, the HMAC-SHA256 of
/// `SECONDS.BODY`. A receiver recomputes it and refuses old times.
pub fn signature(secret: &[u8], at: Instant, body: &str) -> String {
    let seconds = at.ms() / 1000;
    let mac = secrets::hmac_sha256(secret, format!("{seconds}.{body}").as_bytes());
    format!("t={seconds},v1={}", secrets::hex(&mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_covers_time_and_body() {
        let at = Instant::from_ms(1_700_000_000_999);
        let signed = signature(b"key", at, "{}");
        assert_eq!(
            signed,
            format!("t=1700000000,v1={}", secrets::hex(&secrets::hmac_sha256(b"key", b"1700000000.{}")))
        );
        assert_ne!(signed, signature(b"key", at.plus_ms(1), "{}"));
        assert_ne!(signed, signature(b"other", at, "{}"));
    }
}
