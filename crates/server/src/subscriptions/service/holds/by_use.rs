//! Pay-per-use resources that are frozen with their account: shown as frozen, told to the cloud, released with it, or
//! deleted 15 days after, as yearly/monthly ones are.
//!
//! They have no term that runs on meanwhile, and nothing else falls due on them: `due_at` is when the hold deletes them.

use domain::subscription::hold_ends;
use platform::db::DbError;
use platform::job::leave_a_trail;
use platform::op::ApiError;

use super::super::cloud::{self, Action};
use super::super::on_demand::ended;
use super::super::{life, mails};
use super::PAGE;
use crate::Cx;
use crate::identity::freezing::{Scope, lock_scope};
use crate::notices::service::{Notice, mail};
use crate::subscriptions::store::on_demand::{self as rows, IN_USE, OnDemand, PageOf};
use crate::webhooks::service as webhooks;

/// Freezes all pay-per-use resources of an account that are not; whether there were any.
///
/// # Errors
/// The database; a date beyond the calendar.
pub(super) async fn hold_all(cx: &mut Cx, account: &str) -> Result<bool, ApiError> {
    let mut last: Option<OnDemand> = None;
    loop {
        let page = PageOf { account, after: last.as_ref(), limit: PAGE };
        let mut page = rows::lock_unheld(&mut cx.tx, page).await?;
        if page.is_empty() {
            return Ok(last.is_some());
        }
        for one in &mut page {
            hold(cx, one)?;
            rows::update(&mut cx.tx, one).await?;
        }
        freeze(cx, &page).await?;
        last = page.pop();
    }
}

/// The freeze of an account with its resources was lifted.
///
/// # Errors
/// The database.
pub(super) async fn release_all(cx: &mut Cx, account: &str) -> Result<(), ApiError> {
    let mut last: Option<OnDemand> = None;
    loop {
        let page = PageOf { account, after: last.as_ref(), limit: PAGE };
        let mut page = rows::lock_held(&mut cx.tx, page).await?;
        if page.is_empty() {
            return Ok(());
        }
        for one in &mut page {
            (one.held_at, one.due_at) = (None, None);
            rows::update(&mut cx.tx, one).await?;
        }
        let freed: Vec<&OnDemand> = page.iter().collect();
        cloud::tell_of_on_demand(cx, &freed, Action::Unfreeze).await?;
        for one in freed {
            tell(cx, webhooks::RESOURCE_UNFROZEN, one, "released").await?;
        }
        last = page.pop();
    }
}

/// Writes a new resource, held where its account is frozen with its resources. The account is locked before: a freeze
/// that commits beside this transaction finds the resource, or is seen here.
///
/// # Errors
/// As those of [`hold_all`].
pub(in crate::subscriptions::service) async fn join(cx: &mut Cx, one: &mut OnDemand) -> Result<(), DbError> {
    let is_held = lock_scope(&mut cx.tx, &one.account).await? == Some(Scope::AccountAndResource);
    if is_held {
        hold(cx, one)?;
    }
    rows::insert(&mut cx.tx, one).await?;
    if is_held {
        freeze(cx, std::slice::from_ref(one)).await?;
    }
    Ok(())
}

fn hold(cx: &Cx, one: &mut OnDemand) -> Result<(), DbError> {
    let end = hold_ends(cx.now, cx.site.profile().hold_days);
    one.held_at = Some(cx.now);
    one.due_at = Some(end.map_err(|error| DbError::Other(format!("resource {}: {error}", one.id)))?);
    Ok(())
}

/// The cloud and webhooks are told that resources of one account are frozen.
async fn freeze(cx: &mut Cx, held: &[OnDemand]) -> Result<(), DbError> {
    let held: Vec<&OnDemand> = held.iter().collect();
    cloud::tell_of_on_demand(cx, &held, Action::Freeze).await?;
    for one in held {
        tell(cx, webhooks::RESOURCE_FROZEN, one, "account_frozen").await?;
    }
    Ok(())
}

async fn tell(cx: &mut Cx, name: &'static str, one: &OnDemand, reason: &'static str) -> Result<(), DbError> {
    life::tell_of(cx, name, (&one.account, cloud::described_on_demand(one)), reason).await
}

/// Deletes what is due of a set, named by its primary resource, or by one whose primary is gone: its account has been
/// frozen for too long. The text says what came of it.
///
/// # Errors
/// The database.
pub(in crate::subscriptions) async fn walk(cx: &mut Cx, primary: &str) -> Result<String, ApiError> {
    let Some(found) = rows::find(&mut cx.tx, primary).await? else {
        return Err(DbError::Other(format!("there is no pay-per-use resource {primary}")).into());
    };
    let mut set = rows::lock_set(&mut cx.tx, &found.account, primary).await?;
    set.retain(|one| one.status == IN_USE && one.due_at.is_some_and(|due| due <= cx.now));
    let number = set.len();
    for (at, one) in set.into_iter().enumerate() {
        let gone = ended(one, cx.now);
        rows::update(&mut cx.tx, &gone).await?;
        cloud::tell_of_on_demand(cx, &[&gone], Action::Delete).await?;
        tell(cx, webhooks::RESOURCE_CLOSED, &gone, "account_frozen").await?;
        let named = (gone.resource_id.clone(), gone.resource_name.clone().unwrap_or_default());
        leave_a_trail(cx, &gone.account, &life::CLOSED, &named).await?;
        if at == 0 {
            let catalog = cx.app.catalog.current();
            let thing = mails::thing_by_use(&catalog, &gone, cx.now);
            mail(cx, &gone.account, &Notice::Deleted { thing, why: life::HELD_TOO_LONG }).await?;
        }
    }
    Ok(match number {
        0 => "no longer due".to_owned(),
        1 => "closed".to_owned(),
        number => format!("closed ({number} resources)"),
    })
}
