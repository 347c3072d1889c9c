//! Mails put into the outbox.

use domain::calendar::Instant;
use domain::money::{Charge, Currency};
use platform::db::DbError;

use super::text;
use crate::Cx;
use crate::identity::service::find_account;
use crate::webhooks::service::{Message, put_mail};

/// What a notice is about.
#[derive(Debug, Clone, Copy)]
pub struct Thing<'a> {
    /// As the cloud names it.
    pub resource_id: &'a str,
    /// As its owner named it.
    pub name: &'a str,
    /// What it is, in English.
    pub product_en: &'a str,
    /// What it is, in Chinese.
    pub product_zh: &'a str,
    /// The end of its term.
    pub expires_at: Instant,
}

/// Why something was or was not done, in both languages: whole sentences.
#[derive(Debug, Clone, Copy)]
pub struct Reason<'a> {
    /// English.
    pub en: &'a str,
    /// Chinese.
    pub zh: &'a str,
}

/// Something that a person should know of.
#[derive(Debug, Clone, Copy)]
pub enum Notice<'a> {
    /// An automatic renewal failed.
    RenewalFailed {
        /// What was to be renewed, with what is attached to it.
        thing: Thing<'a>,
        /// What that would have cost; `None`: it did not come to a price.
        amount: Option<(Charge, Currency)>,
        /// Why it failed.
        why: Reason<'a>,
        /// When it is tried again; `None`: it is deleted before.
        next_at: Option<Instant>,
        /// Until when the resource is kept at most.
        kept_until: Option<Instant>,
    },
    /// A term ended without a renewal.
    Expired {
        /// Whose term.
        thing: Thing<'a>,
        /// Until when it can still be used.
        grace_until: Instant,
        /// Until when it is kept after that.
        retained_until: Instant,
    },
    /// A resource can no longer be used.
    Frozen {
        /// Which one.
        thing: Thing<'a>,
        /// Why.
        why: Reason<'a>,
        /// Until when it is kept; `None`: nothing deletes it.
        retained_until: Option<Instant>,
    },
    /// At the end of its term a resource became pay-per-use.
    BecameOnDemand {
        /// Which one, with what is attached to it.
        thing: Thing<'a>,
    },
    /// An account was frozen.
    AccountFrozen {
        /// Until when its resources are kept, where they are frozen with it; `None`: they go on.
        resources_kept_until: Option<Instant>,
    },
    /// A resource was deleted, with its data.
    Deleted {
        /// Which one.
        thing: Thing<'a>,
        /// Why.
        why: Reason<'a>,
    },
}

/// Puts a mail to the address of an account into the outbox, in the transaction of what happened. An account without an
/// address gets none.
///
/// # Errors
/// The database.
pub async fn mail(cx: &mut Cx, account: &str, notice: &Notice<'_>) -> Result<(), DbError> {
    let is_captured = cx.app.sandbox.is_some();
    if !is_captured && cx.app.mailer.get().is_none() {
        return Ok(());
    }
    let app = cx.app.clone();
    let found = find_account(&app, &mut cx.tx, account).await?;
    let Some(address) = found.as_ref().and_then(|account| account.email.as_deref()) else { return Ok(()) };
    let (subject, body) = text::of(notice, cx.site);
    put_mail(cx, &Message { account, recipient: address, subject: &subject, body: &body, is_captured }).await
}
