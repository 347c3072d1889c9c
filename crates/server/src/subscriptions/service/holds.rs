//! Holds: resources that are frozen with their account (rule 10.6), or for security.
//!
//! A hold is beside the life cycle: it shows 4 and makes a resource unusable while its term runs on, and its release
//! shows what time has made of the resource meanwhile. A resource may be held for both reasons; it is released with the
//! last. Only the freeze of an account deletes what it holds, 15 days after; pay-per-use resources too ([`by_use`]).

pub(in crate::subscriptions) mod by_use;

use domain::calendar::Instant;
use domain::subscription::{ResourceStatus, hold_ends};
use platform::db::DbError;
use platform::op::ApiError;

use super::cloud::{self, Action};
use super::{Subscriptions, life, mails, named, sets};
use crate::identity::freezing::{ResourceHolder, Scope, lock_scope};
use crate::notices::service::{Notice, Reason, mail};
use crate::subscriptions::store::life::{self as rows, PageOf};
use crate::subscriptions::store::{self, Resource, on_demand};
use crate::webhooks::service as webhooks;
use crate::{Boxed, Cx, codes};

/// Resources of an account that are held or released at once.
const PAGE: i64 = 200;
/// The most resources of an account that one transaction still freezes.
const FROZEN_MAX: i64 = 200_000;

impl ResourceHolder for Subscriptions {
    fn hold<'a>(&'a self, cx: &'a mut Cx, account: &'a str, scope: Scope) -> Boxed<'a, Result<(), ApiError>> {
        Box::pin(frozen(cx, account, scope))
    }

    fn release<'a>(&'a self, cx: &'a mut Cx, account: &'a str) -> Boxed<'a, Result<(), ApiError>> {
        Box::pin(async move {
            release_all(cx, account).await?;
            by_use::release_all(cx, account).await
        })
    }
}

/// An account was frozen: with its resources, these are held; one that has any gets a mail.
async fn frozen(cx: &mut Cx, account: &str, scope: Scope) -> Result<(), ApiError> {
    let number =
        store::total_visible(&mut cx.tx, account).await? + on_demand::total_of(&mut cx.tx, account).await?;
    if number == 0 {
        return Ok(());
    }
    let mut resources_kept_until = None;
    if scope == Scope::AccountAndResource {
        if number > FROZEN_MAX {
            return Err(too_many());
        }
        // One kind turns into the other until it is locked, and what it was does not wait for the account.
        loop {
            let (by_use, by_term) = (by_use::hold_all(cx, account).await?, hold_all(cx, account).await?);
            if !by_use && !by_term {
                break;
            }
        }
        let until = hold_ends(cx.now, cx.site.profile().hold_days);
        resources_kept_until = Some(until.map_err(|error| DbError::Other(error.to_string()))?);
    }
    Ok(mail(cx, account, &Notice::AccountFrozen { resources_kept_until }).await?)
}

/// Freezes all yearly/monthly resources of an account that are not; whether there were any.
async fn hold_all(cx: &mut Cx, account: &str) -> Result<bool, ApiError> {
    let mut last: Option<Resource> = None;
    loop {
        let page = PageOf { account, after: last.as_ref(), limit: PAGE };
        let mut page = rows::lock_unheld(&mut cx.tx, page).await?;
        if page.is_empty() {
            return Ok(last.is_some());
        }
        let mut stopped = Vec::new();
        for resource in &mut page {
            let was_usable = resource.is_usable();
            hold(cx, resource)?;
            store::update(&mut cx.tx, resource, true).await?;
            stopped.extend(was_usable.then_some(&*resource));
        }
        freeze(cx, &stopped, "account_frozen").await?;
        last = page.pop();
    }
}

/// The freeze of an account with its resources was lifted. However many they have become, they are released.
async fn release_all(cx: &mut Cx, account: &str) -> Result<(), ApiError> {
    let mut last: Option<Resource> = None;
    loop {
        let page = PageOf { account, after: last.as_ref(), limit: PAGE };
        let mut page = rows::lock_held(&mut cx.tx, page).await?;
        if page.is_empty() {
            return Ok(());
        }
        let mut freed = Vec::new();
        for resource in &mut page {
            resource.held_at = None;
            show(cx, resource)?;
            store::update(&mut cx.tx, resource, true).await?;
            freed.extend(resource.is_usable().then_some(&*resource));
        }
        unfreeze(cx, &freed).await?;
        last = page.pop();
    }
}

fn too_many() -> ApiError {
    codes::INVALID_VALUE.because(
        format!(
            "freeze_type: the account has more than {FROZEN_MAX} resources, which cannot be frozen with it at once. \
             Use ACCOUNT, and freeze resources by themselves."
        ),
        format!("freeze_type：该账号的资源超过 {FROZEN_MAX} 个，无法随账号一并冻结。请使用 ACCOUNT，并单独冻结资源。"),
    )
}

fn hold(cx: &Cx, resource: &mut Resource) -> Result<(), DbError> {
    resource.held_at = Some(cx.now);
    resource.status = ResourceStatus::Frozen.code();
    resource.updated_at = cx.now;
    // What fell due before and was not walked yet stays due.
    let end = life::hold_end(cx, resource)?;
    resource.due_at = resource.due_at.map(|due| end.map_or(due, |end| due.min(end)));
    Ok(())
}

/// Shows a resource as what holds are left, and time, make of it.
///
/// # Errors
/// A term beyond the calendar.
pub(super) fn show(cx: &Cx, resource: &mut Resource) -> Result<(), DbError> {
    let status = match life::by_time(resource, cx.now) {
        // The job closes it, since that is due: closing tells the cloud and everybody else.
        ResourceStatus::Closed => ResourceStatus::Frozen,
        _ if resource.is_held() => ResourceStatus::Frozen,
        status => status,
    };
    resource.status = status.code();
    resource.due_at = life::next_due(cx, resource)?;
    resource.updated_at = cx.now;
    Ok(())
}

/// Holds resources of one account that begin their terms while it is frozen with its resources. The account is locked
/// before: a freeze that commits beside this transaction finds the resources, or is seen here.
///
/// # Errors
/// The database.
pub(super) async fn join(cx: &mut Cx, resources: &mut [Resource]) -> Result<(), DbError> {
    let Some(first) = resources.first() else { return Ok(()) };
    if lock_scope(&mut cx.tx, &first.account).await? == Some(Scope::AccountAndResource) {
        for resource in resources {
            hold(cx, resource)?;
        }
    }
    Ok(())
}

/// Resources of one account cannot be used any more: the cloud and webhooks are told.
async fn freeze(cx: &mut Cx, stopped: &[&Resource], reason: &'static str) -> Result<(), DbError> {
    cloud::tell(cx, None, stopped, Action::Freeze).await?;
    for resource in stopped {
        life::tell(cx, webhooks::RESOURCE_FROZEN, resource, reason).await?;
    }
    Ok(())
}

/// Resources of one account can be used again.
async fn unfreeze(cx: &mut Cx, freed: &[&Resource]) -> Result<(), DbError> {
    cloud::tell(cx, None, freed, Action::Unfreeze).await?;
    for resource in freed {
        life::tell(cx, webhooks::RESOURCE_UNFROZEN, resource, "released").await?;
    }
    Ok(())
}

/// Freezes a resource for security: a primary with what is attached to it, an attached one alone. Answers what was
/// frozen, the named one first.
///
/// # Errors
/// CBC.99003012 where there is none that could be frozen, CBC.30000052 where it is frozen so already.
pub(in crate::subscriptions) async fn secure(cx: &mut Cx, id: &str) -> Result<Vec<Resource>, ApiError> {
    let mut members = named_set(cx, id).await?;
    if members[0].secured_at.is_some() {
        return Err(codes::ALREADY_FROZEN.because(
            format!("The resource {id} is already frozen for security."),
            format!("资源 {id} 已因安全原因冻结。"),
        ));
    }
    members.retain(|resource| resource.secured_at.is_none());
    let mut stopped = Vec::new();
    for resource in &mut members {
        let was_usable = resource.is_usable();
        resource.secured_at = Some(cx.now);
        resource.status = ResourceStatus::Frozen.code();
        resource.updated_at = cx.now;
        store::update(&mut cx.tx, resource, true).await?;
        stopped.extend(was_usable.then_some(&*resource));
    }
    freeze(cx, &stopped, "security").await?;
    let first = &members[0];
    let notice = Notice::Frozen {
        thing: mails::thing(first),
        why: Reason {
            en: "It was frozen for security by the operator.",
            zh: "运营方因安全原因冻结了该资源。",
        },
        retained_until: None::<Instant>,
    };
    mail(cx, &first.account, &notice).await?;
    Ok(members)
}

/// Lifts the freeze for security of a resource, as [`secure`] made it.
///
/// # Errors
/// CBC.99003012 as in [`secure`], CBC.0101 where it is not frozen so.
pub(in crate::subscriptions) async fn unsecure(cx: &mut Cx, id: &str) -> Result<Vec<Resource>, ApiError> {
    let mut members = named_set(cx, id).await?;
    if members[0].secured_at.is_none() {
        return Err(codes::INVALID_VALUE.because(
            format!("The resource {id} is not frozen for security."),
            format!("资源 {id} 未因安全原因冻结。"),
        ));
    }
    members.retain(|resource| resource.secured_at.is_some());
    let mut freed = Vec::new();
    for resource in &mut members {
        resource.secured_at = None;
        show(cx, resource)?;
        store::update(&mut cx.tx, resource, true).await?;
        freed.extend(resource.is_usable().then_some(&*resource));
    }
    unfreeze(cx, &freed).await?;
    Ok(members)
}

/// A resource, locked, and what is attached to it where it is a primary one; at least one.
async fn named_set(cx: &mut Cx, id: &str) -> Result<Vec<Resource>, ApiError> {
    let found = named::find(cx, id).await?;
    let set = sets::lock(cx, &found).await?;
    let is_meant =
        |resource: &Resource| resource.is_visible() && (found.parent.is_none() || resource.id == found.id);
    let members: Vec<Resource> = set.members().filter(|resource| is_meant(resource)).cloned().collect();
    match members.first() {
        Some(first) if first.id == found.id => Ok(members),
        // Closed while its lock was waited for.
        _ => Err(named::unknown(id)),
    }
}
