//! Sets: a primary resource with what is attached to it. Operations on the primary are about all of them.

use std::collections::{BTreeMap, BTreeSet};

use platform::db::DbError;

use crate::Cx;
use crate::orders::model::Line;
use crate::subscriptions::store::{self, NEVER_THERE, Resource};

/// A primary resource with what is attached to it, locked.
#[derive(Debug, Clone)]
pub(in crate::subscriptions) struct Set {
    /// The primary resource.
    pub(in crate::subscriptions) primary: Resource,
    /// What is attached to it and is not closed, in the order of their ids; some may wait for the cloud.
    pub(in crate::subscriptions) attached: Vec<Resource>,
}

impl Set {
    /// Of a primary resource among others; `None` where it is not among them.
    fn of(mut members: Vec<Resource>, primary: &str) -> Option<Self> {
        let at = members.iter().position(|resource| resource.id == primary)?;
        let primary = members.remove(at);
        let closed = domain::subscription::ResourceStatus::Closed.code();
        members.retain(|resource| resource.status != closed && resource.status != NEVER_THERE);
        Some(Self { primary, attached: members })
    }

    /// The primary first, then what is attached to it.
    pub(in crate::subscriptions) fn members(&self) -> impl Iterator<Item = &Resource> {
        std::iter::once(&self.primary).chain(&self.attached)
    }

    /// The same, to be changed.
    pub(in crate::subscriptions) fn members_mut(&mut self) -> impl Iterator<Item = &mut Resource> {
        std::iter::once(&mut self.primary).chain(&mut self.attached)
    }

    /// An attached resource waits for the cloud.
    pub(in crate::subscriptions) fn is_growing(&self) -> bool {
        self.attached.iter().any(|resource| resource.status == store::WAITING)
    }
}

/// A resource of an account by the name that the wire uses; not locked.
pub(in crate::subscriptions) async fn find(
    cx: &mut Cx,
    account: &str,
    resource_id: &str,
) -> Result<Option<Resource>, DbError> {
    store::find_named(&mut cx.tx, account, resource_id).await
}

/// The set of a resource, locked: that of its primary where it is attached to one. The resource was found before.
pub(in crate::subscriptions) async fn lock(cx: &mut Cx, of: &Resource) -> Result<Set, DbError> {
    let primary = of.parent.as_deref().unwrap_or(&of.id);
    let members = store::lock_set(&mut cx.tx, &of.account, primary).await?;
    Set::of(members, primary).ok_or_else(|| no_primary(of, primary))
}

fn no_primary(of: &Resource, primary: &str) -> DbError {
    DbError::Other(format!("resource {} has no primary {primary}", of.id))
}

/// Locks the resources of one account that lines are about, in the order in which everybody locks sets: by the ids of
/// the primaries, and what is attached after its primary. A line is attached to what its order says.
pub(in crate::subscriptions) async fn lock_lines(
    cx: &mut Cx,
    account: &str,
    lines: &[Line],
) -> Result<(), DbError> {
    let named = |number: i64| lines.iter().find(|line| line.line_no == number)?.resource.as_deref();
    let place = |line: &'_ Line| {
        let own = line.resource.clone()?;
        let primary = line.attached_to.and_then(named).map_or_else(|| own.clone(), str::to_owned);
        Some((primary, line.attached_to.is_some(), own))
    };
    let places: BTreeSet<(String, bool, String)> = lines.iter().filter_map(place).collect();
    for (_, _, id) in places {
        store::lock(&mut cx.tx, account, &id).await?;
    }
    Ok(())
}

/// The same as [`lock`], to be looked at only.
pub(in crate::subscriptions) async fn read(cx: &mut Cx, of: &Resource) -> Result<Set, DbError> {
    let primary = of.parent.as_deref().unwrap_or(&of.id);
    let members = store::find_set(&mut cx.tx, &of.account, primary).await?;
    Set::of(members, primary).ok_or_else(|| no_primary(of, primary))
}

/// The sets that an order bought and customers see, in the order of their ids; to be looked at only.
pub(in crate::subscriptions) async fn of_order(
    cx: &mut Cx,
    account: &str,
    order: &str,
) -> Result<Vec<Set>, DbError> {
    let bought = store::of_order(&mut cx.tx, account, order).await?;
    let mut attached: BTreeMap<String, Vec<Resource>> = BTreeMap::new();
    let mut primaries = Vec::new();
    for resource in bought {
        match resource.parent.clone() {
            Some(parent) => attached.entry(parent).or_default().push(resource),
            None if resource.is_visible() => primaries.push(resource),
            None => {}
        }
    }
    let set = |primary: Resource| {
        let id = primary.id.clone();
        let mut members = attached.remove(&id).unwrap_or_default();
        members.push(primary);
        Set::of(members, &id)
    };
    Ok(primaries.into_iter().filter_map(set).collect())
}
