//! Resources as the paths of the own API name them: by our id, or as the cloud does.

use platform::op::{AccountKind, ApiError, Refusal};

use crate::Cx;
use crate::codes;
use crate::identity::freezing::lock_scope;
use crate::subscriptions::service::on_demand::OnDemand;
use crate::subscriptions::store::{self, Resource, on_demand};

/// What the caller is told of an id that it has no resource of.
pub(super) fn unknown(id: &str) -> ApiError {
    codes::RESOURCE_ID_NOT_FOUND.because(
        format!("There is no resource {id}. Use the resource_id that the query of resources shows."),
        format!("资源 {id} 不存在，请使用资源查询结果中的 resource_id。"),
    )
}

/// What the operator is told where two accounts use one name.
fn ambiguous(id: &str) -> ApiError {
    codes::INVALID_VALUE.because(
        format!("id: several customers have a resource {id}. Use the id that provisioning lists."),
        format!("id：多个客户存在资源 {id}，请使用待开通列表中的 id。"),
    )
}

/// Whether the caller may name what belongs to an account: the operator whatever there is, everybody else its own.
fn is_seen(cx: &Cx, account: &str) -> bool {
    cx.principal.kind == AccountKind::Operator || cx.account() == account
}

/// A yearly/monthly resource that the caller may see, by either name; not locked.
///
/// # Errors
/// CBC.99003012 where it has none, CBC.0101 where the operator's name fits several.
pub(in crate::subscriptions) async fn find(cx: &mut Cx, id: &str) -> Result<Resource, ApiError> {
    let by_id = store::find(&mut cx.tx, id).await?;
    if let Some(found) = by_id.filter(|found| found.is_visible() && is_seen(cx, &found.account)) {
        return Ok(found);
    }
    let mut named = match cx.principal.kind {
        AccountKind::Operator => store::find_named_any(&mut cx.tx, id).await?,
        _ => {
            let own = cx.account().to_owned();
            let found = store::find_named(&mut cx.tx, &own, id).await?;
            found.into_iter().filter(Resource::is_visible).collect()
        }
    };
    match named.len() {
        0 => Err(unknown(id)),
        1 => Ok(named.remove(0)),
        _ => Err(ambiguous(id)),
    }
}

/// A yearly/monthly resource that was found before, locked.
///
/// # Errors
/// That of [`find`] where it was closed while its lock was waited for.
pub(in crate::subscriptions) async fn lock(
    cx: &mut Cx,
    found: &Resource,
    id: &str,
) -> Result<Resource, ApiError> {
    let locked = store::lock(&mut cx.tx, &found.account, &found.id).await?;
    if locked.is_visible() { Ok(locked) } else { Err(unknown(id)) }
}

/// A pay-per-use resource that was found before, with what is attached to it, locked; the resource first.
///
/// # Errors
/// That of [`find`] where it ended while its lock was waited for.
pub(in crate::subscriptions) async fn lock_on_demand(
    cx: &mut Cx,
    found: &OnDemand,
    id: &str,
) -> Result<Vec<OnDemand>, ApiError> {
    let set = on_demand::lock_set(&mut cx.tx, &found.account, &found.id).await?;
    if set.first().is_some_and(|first| first.id == found.id) { Ok(set) } else { Err(unknown(id)) }
}

/// A pay-per-use resource in use that the caller may see, by either name; not locked.
///
/// # Errors
/// As those of [`find`].
pub(in crate::subscriptions) async fn find_on_demand(cx: &mut Cx, id: &str) -> Result<OnDemand, ApiError> {
    let by_id = on_demand::find(&mut cx.tx, id).await?;
    let is_used = |found: &OnDemand| found.status == on_demand::IN_USE;
    if let Some(found) = by_id.filter(|found| is_used(found) && is_seen(cx, &found.account)) {
        return Ok(found);
    }
    let mut named = match cx.principal.kind {
        AccountKind::Operator => on_demand::find_named_any(&mut cx.tx, id).await?,
        _ => {
            let own = cx.account().to_owned();
            on_demand::find_named(&mut cx.tx, &own, id).await?.into_iter().collect()
        }
    };
    match named.len() {
        0 => Err(unknown(id)),
        1 => Ok(named.remove(0)),
        _ => Err(ambiguous(id)),
    }
}

/// Whether an account may give a name of the cloud's to a resource: no other of its resources has it, by either way of
/// paying. The account is locked, so that nobody gives the name meanwhile. `id` is ours of the resource.
///
/// # Errors
/// CBC.0100; the database's.
pub(super) async fn check_free(
    cx: &mut Cx,
    account: &str,
    (resource_id, id): (&str, &str),
) -> Result<(), ApiError> {
    lock_scope(&mut cx.tx, account).await?;
    let is_taken = store::is_taken(&mut cx.tx, account, (resource_id, id)).await?
        || on_demand::find_named(&mut cx.tx, account, resource_id).await?.is_some();
    if !is_taken {
        return Ok(());
    }
    let (en, zh) = ("belongs to another resource of this customer", "已属于该客户的其他资源");
    Err(Refusal::because("resource_id", en, zh).into())
}
