//! What `verify` recomputes of resources.

use domain::order::OrderStatus;
use platform::db::{DbError, Tx};

use super::store;
use crate::Boxed;
use crate::orders::service as orders;
use crate::verify::{Check, FINDINGS_MAX, Identity};

/// The counters of visible resources agree with the resources.
pub(super) struct Counters;

impl Check for Counters {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let both = store::counters(tx, FINDINGS_MAX).await?;
            Ok(vec![Identity::of("subscriptions.counters", both.counted, both.found, &both.broken)])
        })
    }
}

/// The most orders that are looked up because they hold resources.
const HOLDING_MAX: i64 = 10_000;

/// Nothing hangs: what customers see goes on by itself at some instant, what is closed does not, statuses agree with
/// the instants beside them, and what holds a resource is an order that waits.
pub(super) struct States;

impl Check for States {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let mut broken = store::checks::impossible(tx, FINDINGS_MAX).await?;
            for order in store::checks::holding(tx, HOLDING_MAX).await? {
                let found = orders::find(tx, &order).await?;
                if !found.is_some_and(|found| waits(found.status)) {
                    broken.push(format!("order {order} holds resources"));
                }
            }
            let (visible, due) = (store::checks::visible(tx).await?, store::checks::due(tx).await?);
            Ok(vec![Identity::of("subscriptions.states", visible, due, &broken)])
        })
    }
}

/// Whether an order that is not yet at its end can hold a resource.
fn waits(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::PendingApproval | OrderStatus::Processing | OrderStatus::PendingPayment)
}
