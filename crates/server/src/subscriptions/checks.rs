//! What `verify` recomputes of resources.

use platform::db::{DbError, Tx};

use super::store;
use crate::Boxed;
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
