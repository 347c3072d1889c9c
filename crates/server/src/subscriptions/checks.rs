//! What `verify` recomputes of resources.

use domain::money::Charge;
use domain::order::OrderStatus;
use platform::db::{DbError, Tx};

use super::store::{self, charges as rows, five_days};
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

/// How many charges are compared with what refund orders say at a time.
const PAGE: i64 = 200;

/// Of every charge of a resource as much was returned as refund orders say, and no more than was paid.
pub(super) struct Charges;

impl Check for Charges {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move { Ok(vec![charges(tx).await?]) })
    }
}

async fn charges(tx: &mut Tx) -> Result<Identity, DbError> {
    let (returned, mut broken) = rows::returned(tx, FINDINGS_MAX).await?;
    let mut told = Charge::ZERO;
    let mut last = (String::new(), String::new(), 0);
    loop {
        let page = orders::returned_after(tx, (&last.0, &last.1, last.2), PAGE).await?;
        let Some(end) = page.last() else { break };
        last = (end.account.clone(), end.resource.clone(), end.charge_no);
        for one in page {
            let noted = rows::returned_of(tx, &one.account, &one.resource, one.charge_no).await?;
            if noted != Some((one.money, one.list)) {
                broken.push(format!("{}/{}", one.resource, one.charge_no));
            }
            let sum = told.checked_add(one.money);
            told = sum.ok_or_else(|| DbError::Other("what was returned overflows".to_owned()))?;
        }
    }
    Ok(Identity::of("subscriptions.charges", returned, told, &broken))
}

/// The counts of what was returned within five days agree with the refund orders that counted.
pub(super) struct FiveDays;

impl Check for FiveDays {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let (counted, orders, broken) = five_days::sums(tx, FINDINGS_MAX).await?;
            Ok(vec![Identity::of("subscriptions.five_days", counted, orders, &broken)])
        })
    }
}

/// The most orders that are looked up because they hold resources.
const HOLDING_MAX: i64 = 10_000;

/// Nothing hangs: what customers see goes on by itself at the instant that its status says, what is closed does not,
/// a term ends where the last paid period does, and what holds a resource is an order that waits.
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
