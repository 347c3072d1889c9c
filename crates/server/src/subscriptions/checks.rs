//! What `verify` recomputes of resources.

use domain::money::Charge;
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
