//! What `verify` recomputes of orders.

use std::collections::HashMap;

use domain::ledger::{Cause, JournalKind};
use domain::money::{Charge, Scaled};
use platform::db::{DbError, Tx};

use super::store::{self, Sides};
use crate::Boxed;
use crate::ledger::service as ledger;
use crate::verify::{Check, Identity};

/// How many orders are compared with their journals at a time: as many causes as the ledger looks up at once.
const PAGE: i64 = 20;
/// How many broken orders are named.
const NAMED_MAX: usize = 20;

fn identity(name: &'static str, sides: Sides, write: fn(i64) -> String) -> Identity {
    Identity {
        name,
        left: write(sides.left),
        right: write(sides.right),
        holds: sides.left == sides.right && sides.broken.is_empty(),
        detail: (!sides.broken.is_empty()).then(|| sides.broken.join(", ")),
    }
}

/// An order's amounts are the sums of its lines.
pub(super) struct Lines;

impl Check for Lines {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let sides = store::sums(tx).await?;
            Ok(vec![identity("orders.lines", sides, |cents| Charge::from_units(cents).to_string())])
        })
    }
}

/// The counters of orders agree with the orders.
pub(super) struct Counters;

impl Check for Counters {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let sides = store::counters(tx).await?;
            Ok(vec![identity("orders.counters", sides, |number| number.to_string())])
        })
    }
}

/// The status of an order agrees with what the row says of its payment, deadline and lines.
pub(super) struct States;

impl Check for States {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let sides = store::states(tx).await?;
            Ok(vec![identity("orders.states", sides, |number| number.to_string())])
        })
    }
}

/// Every paid order, and every refund order, has one journal of its amount; no journal is without its order.
pub(super) struct Postings;

impl Check for Postings {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move { Ok(vec![postings(tx).await?]) })
    }
}

async fn postings(tx: &mut Tx) -> Result<Identity, DbError> {
    let (mut sum, mut count, mut broken) = (Charge::ZERO, 0_i64, Vec::new());
    let mut last = String::new();
    loop {
        let page = store::paid_after(tx, &last, PAGE).await?;
        let Some((id, _, _)) = page.last() else { break };
        last.clone_from(id);
        let cause = |(id, _, is_refund): &(String, Charge, bool)| {
            let kind = if *is_refund { JournalKind::RefundOrder } else { JournalKind::PayOrder };
            Cause::new(kind.code(), id, "")
        };
        let causes: Vec<Cause> = page.iter().map(cause).collect();
        let moved: HashMap<String, Charge> =
            ledger::moved(tx, &causes).await?.into_iter().map(|moved| (moved.cause, moved.amount)).collect();
        for ((id, amount, _), cause) in page.iter().zip(&causes) {
            // What the customer's accounts lost is what the order cost; a refund order costs less than nothing.
            let paid = moved.get(&cause.to_string()).and_then(|moved| moved.checked_neg());
            if paid != Some(*amount) && broken.len() < NAMED_MAX {
                broken.push(id.clone());
            }
            sum = sum.checked_add(*amount).ok_or_else(overflow)?;
            count += 1;
        }
    }
    let (paid, spent) = ledger::totals(tx, JournalKind::PayOrder).await?;
    let (refunded, given_back) = ledger::totals(tx, JournalKind::RefundOrder).await?;
    let right = spent.checked_add(given_back).and_then(Charge::checked_neg).ok_or_else(overflow)?;
    let journals = paid + refunded;
    if journals != count {
        // A journal without its order is found by nothing else.
        broken.push(format!("{count} orders have {journals} journals"));
    }
    Ok(Identity::of("orders.postings", sum, right, &broken))
}

fn overflow() -> DbError {
    DbError::Other("the orders overflow".to_owned())
}
