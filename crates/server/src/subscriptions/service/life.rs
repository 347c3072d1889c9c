//! The life of a resource as time makes it: what falls due at the end of a term, of grace and of retention.
//!
//! ```text
//!  2 in use ──expiry──▶ 5 grace ──its end──▶ 4 retention ──its end──▶ 3 closed
//!      ├── policy 2 ─────────────────────────────────────────────────────▲
//!      ├── policy 1 ──▶ pay-per-use from that instant on; the yearly/monthly row closes
//!      └─ held (frozen with its account, or for security): shown as 4 all the while, and walks on
//!             └── 15 days after its account was frozen ──▶ 3 closed
//! ```
//!
//! `due_at` is the cursor: the next instant at which something happens. Grace and retention are computed once, at the
//! expiry, by the site and by the tier that the customer has then. One run takes one step of a set, so that a server that
//! was down walks all its resources in the order of their instants.
//!
//! Invariants:
//! - Customers see a resource exactly as long as it has a `due_at` (`subscriptions.states`).
//! - A set is turned pay-per-use as a whole or not at all: where one of it is held, is no longer sold by use, or has an
//!   order that is being carried out, all of it goes the ordinary way, so that nothing attached is left without its
//!   primary.
//! - An order that waits for payment does not keep a resource alive; paying it is refused once the resource is gone.

use domain::calendar::{CalendarError, Instant};
use domain::order::OrderStatus;
use domain::subscription::{
    ExpirePolicy, KeepEnds, Refusal, ResourceEvent, ResourceState, ResourceStatus, hold_ends, status_by_time,
    status_held, transition,
};
use platform::db::DbError;
use platform::job::leave_a_trail;
use platform::op::{ApiError, Audit, Operation, Spec};
use serde_json::{Value as Json, json};

use super::cloud::{self, Action};
use super::sets::{self, Set};
use super::{mails, on_demand, to_on_demand};
use crate::Cx;
use crate::identity::service::{find_account, tier_of};
use crate::notices::service::{Notice, Reason, mail};
use crate::orders::service as orders;
use crate::subscriptions::api::provisioning::ReportProvisioned;
use crate::subscriptions::store::{self, Resource};
use crate::webhooks::service::{self as webhooks, Event};

/// How the audit trail names the end of a term: nobody asks for it, so it is no operation.
const EXPIRED: Spec = Spec {
    id: "ExpireResource",
    about: "Ends the term of a resource, which is in its grace period.",
    audit: Audit::Event("subscription", "expireResource"),
    ..ReportProvisioned::SPEC
};
/// Likewise, the end of grace.
const FROZEN: Spec = Spec {
    id: "FreezeExpiredResource",
    about: "Ends the grace period of a resource, which cannot be used any more.",
    audit: Audit::Event("subscription", "freezeExpiredResource"),
    ..EXPIRED
};
/// Likewise, the end of everything.
pub(super) const CLOSED: Spec = Spec {
    id: "CloseResource",
    about: "Deletes a resource whose time is over.",
    audit: Audit::Event("subscription", "closeResource"),
    ..EXPIRED
};
/// Likewise, the change to pay-per-use on expiry.
const CONVERTED: Spec = Spec {
    id: "ConvertExpiredResource",
    about: "Ends the term of a resource, which is pay-per-use from then on.",
    audit: Audit::Event("subscription", "convertExpiredResource"),
    ..EXPIRED
};

/// What a step made of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moved {
    /// Its term is over; it works on.
    Expired,
    /// It cannot be used any more.
    Frozen,
    /// It is held, and shown as before.
    StaysFrozen,
    /// It is pay-per-use.
    Converted,
    /// It is gone, and why.
    Closed(Ending),
}

/// Why a resource is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// It was to be deleted at its expiry.
    AtExpiry,
    /// Its retention is over.
    Retention,
    /// Its account has been frozen for too long.
    Hold,
    /// What it is attached to is gone.
    Primary,
}

impl Moved {
    fn text(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Frozen => "frozen",
            Self::StaysFrozen => "stays frozen",
            Self::Converted => "pay-per-use",
            Self::Closed(_) => "closed",
        }
    }

    fn trail(self) -> Option<&'static Spec> {
        match self {
            Self::Expired => Some(&EXPIRED),
            Self::Frozen => Some(&FROZEN),
            Self::StaysFrozen => None,
            Self::Converted => Some(&CONVERTED),
            Self::Closed(_) => Some(&CLOSED),
        }
    }
}

fn calendar(resource: &Resource) -> impl FnOnce(CalendarError) -> DbError + '_ {
    move |error| DbError::Other(format!("resource {}: {error}", resource.id))
}

/// When a resource that its account's freeze holds is deleted; `None`: it is not held so.
///
/// # Errors
/// A date beyond the calendar.
pub(super) fn hold_end(cx: &Cx, resource: &Resource) -> Result<Option<Instant>, DbError> {
    let days = cx.site.profile().hold_days;
    let end = resource.held_at.map(|held_at| hold_ends(held_at, days)).transpose();
    end.map_err(calendar(resource))
}

/// When the life of a resource goes on by itself, whatever fell due before `now`.
///
/// # Errors
/// A date beyond the calendar.
pub(in crate::subscriptions) fn next_due(cx: &Cx, resource: &Resource) -> Result<Option<Instant>, DbError> {
    let by_term = match (resource.grace_until, resource.retained_until) {
        (Some(grace), Some(_)) if cx.now < grace => Some(grace),
        (Some(_), Some(retained)) => Some(retained),
        (_, _) => resource.expires_at,
    };
    let by_hold = hold_end(cx, resource)?;
    Ok(by_term.map(|term| by_hold.map_or(term, |hold| term.min(hold))))
}

/// What time has made of a resource, as far as its life was walked.
pub(super) fn by_time(resource: &Resource, now: Instant) -> ResourceStatus {
    match (resource.expires_at, resource.grace_until, resource.retained_until) {
        (Some(expires_at), Some(grace_ends_at), Some(retention_ends_at)) => {
            // An expiry that lies ahead again is that of a renewal, which empties both.
            let ends = KeepEnds { expires_at, grace_ends_at, retention_ends_at };
            status_by_time(now.max(expires_at), ends)
        }
        (_, _, _) => ResourceStatus::InUse,
    }
}

/// Closes a resource: its expiry becomes the instant of closing (rule 1.1.4), the cloud deletes it, webhooks are told
/// why. What happens to its orders and its money is the caller's.
///
/// # Errors
/// The database.
pub(in crate::subscriptions) async fn close(
    cx: &mut Cx,
    resource: &mut Resource,
    reason: &'static str,
) -> Result<(), DbError> {
    let was_visible = resource.is_visible();
    resource.status = ResourceStatus::Closed.code();
    resource.expires_at = Some(cx.now);
    resource.updated_at = cx.now;
    resource.due_at = None;
    resource.renew_at = None;
    resource.held_at = None;
    resource.secured_at = None;
    store::update(&mut cx.tx, resource, was_visible).await?;
    cloud::tell(cx, None, &[resource], Action::Delete).await?;
    tell(cx, webhooks::RESOURCE_CLOSED, resource, reason).await
}

/// Tells webhooks what happened to a resource, and why.
pub(super) async fn tell(
    cx: &mut Cx,
    name: &'static str,
    resource: &Resource,
    reason: &'static str,
) -> Result<(), DbError> {
    tell_of(cx, name, (&resource.account, cloud::described(resource)), reason).await
}

/// Tells webhooks what happened to something of an account, and why.
pub(super) async fn tell_of(
    cx: &mut Cx,
    name: &'static str,
    (account, mut data): (&str, Json),
    reason: &'static str,
) -> Result<(), DbError> {
    let app = cx.app.clone();
    let owner = find_account(&app, &mut cx.tx, account).await?;
    let partner = owner.as_ref().and_then(|owner| owner.partner_id.as_deref());
    data["reason"] = json!(reason);
    webhooks::notify(cx, &[Event { name, account, partner, data }]).await
}

/// Takes the step that is due of a set, named by its primary resource, or by one whose primary is gone: of each member
/// what is due by now at the earliest of their instants. The text says what came of it.
///
/// # Errors
/// The database.
pub(in crate::subscriptions) async fn walk(cx: &mut Cx, primary: &str) -> Result<String, ApiError> {
    let Some(found) = store::find(&mut cx.tx, primary).await? else {
        return Err(DbError::Other(format!("there is no resource {primary}")).into());
    };
    let mut set = sets::lock(cx, &found).await?;
    let due = |resource: &Resource| resource.due_at.filter(|due| *due <= cx.now);
    let Some(at) = set.members().filter_map(due).min() else { return Ok("no longer due".to_owned()) };
    keep_together(cx, &mut set, at).await?;
    let mut moves: Vec<(Moved, usize)> = Vec::new();
    for index in 0..=set.attached.len() {
        // No days of grace are the end of the term and that of grace in one run.
        while member(&mut set, index).due_at == Some(at) {
            let resource = member(&mut set, index);
            let moved = step(cx, resource, at).await?;
            let is_first = !moves.iter().any(|(known, _)| *known == moved);
            announce(cx, resource, moved, is_first).await?;
            count(&mut moves, moved);
        }
    }
    if moves.iter().any(|(moved, _)| matches!(moved, Moved::Closed(_))) && is_closed(&set.primary) {
        close_rest(cx, &mut set, &mut moves).await?;
    }
    Ok(outcome(&moves))
}

/// Where terms end that were to be followed by pay-per-use, and one of the set cannot turn so, none does.
async fn keep_together(cx: &mut Cx, set: &mut Set, at: Instant) -> Result<(), DbError> {
    let turns = |resource: &Resource| resource.expire_policy == ExpirePolicy::ToOnDemand.code();
    if !set.members().any(|resource| turns(resource) && resource.due_at == Some(at)) {
        return Ok(());
    }
    let mut may_turn = true;
    for resource in set.members().filter(|resource| resource.is_visible()) {
        may_turn = may_turn && may_convert(cx, resource).await?;
    }
    if may_turn {
        return Ok(());
    }
    for resource in set.members_mut().filter(|resource| resource.is_visible() && turns(resource)) {
        resource.expire_policy = ExpirePolicy::EnterGrace.code();
        keep(cx, resource).await?;
    }
    Ok(())
}

fn member(set: &mut Set, index: usize) -> &mut Resource {
    match index.checked_sub(1) {
        None => &mut set.primary,
        Some(index) => &mut set.attached[index],
    }
}

fn is_closed(resource: &Resource) -> bool {
    resource.status == ResourceStatus::Closed.code()
}

fn count(moves: &mut Vec<(Moved, usize)>, moved: Moved) {
    match moves.iter_mut().find(|(known, _)| *known == moved) {
        Some((_, number)) => *number += 1,
        None => moves.push((moved, 1)),
    }
}

/// `expired`, or `closed (3 resources)`; several moves of one run are separated by commas.
fn outcome(moves: &[(Moved, usize)]) -> String {
    let text = |(moved, number): &(Moved, usize)| match number {
        1 => moved.text().to_owned(),
        number => format!("{} ({number} resources)", moved.text()),
    };
    moves.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// A primary resource is gone: what is attached to it and would be kept longer goes with it.
async fn close_rest(cx: &mut Cx, set: &mut Set, moves: &mut Vec<(Moved, usize)>) -> Result<(), ApiError> {
    let moved = Moved::Closed(Ending::Primary);
    for resource in set.attached.iter_mut().filter(|resource| resource.is_visible()) {
        close(cx, resource, "primary_closed").await?;
        announce(cx, resource, moved, false).await?;
        count(moves, moved);
    }
    Ok(())
}

/// The step of one resource that is due at an instant.
async fn step(cx: &mut Cx, resource: &mut Resource, at: Instant) -> Result<Moved, ApiError> {
    if hold_end(cx, resource)?.is_some_and(|end| end <= at) {
        close(cx, resource, "account_frozen").await?;
        return Ok(Moved::Closed(Ending::Hold));
    }
    match (resource.grace_until, resource.retained_until) {
        (Some(_), Some(retained)) if retained <= at => {
            shift(resource, ResourceStatus::Frozen, ResourceEvent::EndRetention, at)?;
            close(cx, resource, "retention_over").await?;
            Ok(Moved::Closed(Ending::Retention))
        }
        (Some(_), Some(_)) => end_grace(cx, resource, at).await,
        (_, _) => expire(cx, resource, at).await,
    }
}

/// The end of a term.
async fn expire(cx: &mut Cx, resource: &mut Resource, at: Instant) -> Result<Moved, ApiError> {
    let impossible = || DbError::Other(format!("resource {} is due without a term", resource.id));
    let expires_at = resource.expires_at.ok_or_else(impossible)?;
    if resource.expire_policy == ExpirePolicy::ToOnDemand.code() {
        *resource = on_demand::begin(cx, resource, at).await?;
        return Ok(Moved::Converted);
    }
    let tier = tier_of(&mut cx.tx, &resource.account).await?;
    let days = cx.site.profile().period_keep(tier);
    let ends = KeepEnds::of(expires_at, days).map_err(calendar(resource))?;
    resource.grace_until = Some(ends.grace_ends_at);
    resource.retained_until = Some(ends.retention_ends_at);
    if shift(resource, ResourceStatus::InUse, ResourceEvent::Expire, at)? == ResourceStatus::Closed {
        close(cx, resource, "expired").await?;
        return Ok(Moved::Closed(Ending::AtExpiry));
    }
    resource.due_at = with_hold(cx, resource, ends.grace_ends_at)?;
    keep(cx, resource).await?;
    Ok(if resource.is_held() { Moved::StaysFrozen } else { Moved::Expired })
}

/// The end of grace.
async fn end_grace(cx: &mut Cx, resource: &mut Resource, at: Instant) -> Result<Moved, ApiError> {
    shift(resource, ResourceStatus::Expired, ResourceEvent::EndGrace, at)?;
    let retained = resource.retained_until.expect("the caller looked");
    resource.due_at = with_hold(cx, resource, retained)?;
    keep(cx, resource).await?;
    if resource.is_held() {
        return Ok(Moved::StaysFrozen);
    }
    cloud::tell(cx, None, &[resource], Action::Freeze).await?;
    Ok(Moved::Frozen)
}

/// The next instant of a resource's term, or the earlier one at which its hold deletes it.
fn with_hold(cx: &Cx, resource: &Resource, term: Instant) -> Result<Option<Instant>, DbError> {
    Ok(Some(hold_end(cx, resource)?.map_or(term, |hold| term.min(hold))))
}

async fn keep(cx: &mut Cx, resource: &mut Resource) -> Result<(), DbError> {
    resource.updated_at = cx.now;
    store::update(&mut cx.tx, resource, true).await
}

/// Moves a resource from the status that time had made of it; what is held goes on being shown as frozen. Answers what
/// time makes of it now.
fn shift(
    resource: &mut Resource,
    from: ResourceStatus,
    event: ResourceEvent,
    at: Instant,
) -> Result<ResourceStatus, DbError> {
    let impossible =
        |what: &dyn std::fmt::Display| DbError::Other(format!("resource {} at {at}: {what}", resource.id));
    let (Some(expires_at), Some(grace_ends_at), Some(retention_ends_at)) =
        (resource.expires_at, resource.grace_until, resource.retained_until)
    else {
        return Err(impossible(&"it has no end"));
    };
    let policy = ExpirePolicy::from_code(resource.expire_policy).ok_or_else(|| impossible(&"its policy"))?;
    let ends = KeepEnds { expires_at, grace_ends_at, retention_ends_at };
    let state = ResourceState { status: from, policy, ends };
    let change = transition(state, event, at).map_err(|refusal: Refusal| impossible(&refusal))?;
    // Closing is more than a status: the caller does it.
    if change.status != ResourceStatus::Closed {
        let shown = if resource.is_held() { status_held(change.status) } else { change.status };
        resource.status = shown.code();
    }
    resource.expire_policy = change.policy.code();
    Ok(change.status)
}

/// Whether a set with this resource can become pay-per-use: it is not held, the catalogue still sells it by use, and no
/// order of it is being carried out.
async fn may_convert(cx: &mut Cx, resource: &Resource) -> Result<bool, DbError> {
    let catalog = cx.app.catalog.current();
    if resource.is_held() || to_on_demand::not_by_use(&catalog, &resource.product_id).is_some() {
        return Ok(false);
    }
    let Some(order) = &resource.open_order else { return Ok(true) };
    let order = orders::find(&mut cx.tx, order).await?;
    Ok(order.is_none_or(|order| order.status == OrderStatus::PendingPayment))
}

/// What webhooks, the audit trail and, for the first of a set, a mail say of a step.
async fn announce(cx: &mut Cx, resource: &Resource, moved: Moved, with_mail: bool) -> Result<(), ApiError> {
    match moved {
        Moved::Expired => tell(cx, webhooks::RESOURCE_EXPIRED, resource, "expired").await?,
        Moved::Frozen => tell(cx, webhooks::RESOURCE_FROZEN, resource, "grace_over").await?,
        Moved::Converted => tell(cx, webhooks::RESOURCE_TO_ON_DEMAND, resource, "expired").await?,
        // Closing has told it; of what stays frozen there is nothing to tell.
        Moved::Closed(_) | Moved::StaysFrozen => {}
    }
    if let Some(spec) = moved.trail() {
        let id = resource.resource_id.clone().unwrap_or_else(|| resource.id.clone());
        let name = resource.resource_name.clone().unwrap_or_default();
        leave_a_trail(cx, &resource.account, spec, &(id, name)).await?;
    }
    if with_mail && let Some(notice) = notice(resource, moved) {
        mail(cx, &resource.account, &notice).await?;
    }
    Ok(())
}

fn notice(resource: &Resource, moved: Moved) -> Option<Notice<'_>> {
    let thing = mails::thing(resource);
    match moved {
        Moved::Expired => Some(Notice::Expired {
            thing,
            grace_until: resource.grace_until?,
            retained_until: resource.retained_until?,
        }),
        Moved::Frozen => Some(Notice::Frozen {
            thing,
            why: Reason { en: "Its grace period has ended.", zh: "宽限期已结束。" },
            retained_until: resource.retained_until,
        }),
        Moved::Closed(ending) => Some(Notice::Deleted { thing, why: why(ending) }),
        Moved::Converted => Some(Notice::BecameOnDemand { thing }),
        Moved::StaysFrozen => None,
    }
}

/// Why what a frozen account holds is deleted.
pub(super) const HELD_TOO_LONG: Reason<'static> = Reason {
    en: "Its account has been frozen for too long.",
    zh: "账号冻结时间已超过保留期限。",
};

fn why(ending: Ending) -> Reason<'static> {
    match ending {
        Ending::AtExpiry => Reason {
            en: "It was to be deleted at the end of its term.",
            zh: "该资源设置为到期删除。",
        },
        Ending::Retention => Reason {
            en: "Its retention period has ended without a renewal.",
            zh: "保留期已结束且未续费。",
        },
        Ending::Hold => HELD_TOO_LONG,
        Ending::Primary => {
            Reason { en: "What it was attached to has been deleted.", zh: "其所属主资源已删除。" }
        }
    }
}
