//! The write transaction of an operation that works before it begins one: hashing a password takes longer than
//! everybody else should wait, so such operations are [`Mode::Free`](platform::op::Mode::Free) and do here what
//! dispatch does for the others: audit row, commit, hooks; a refusal's audit row commits before its answer.

use platform::op::store::{AuditEntry, audit};
use platform::op::{ApiError, Principal, Spec, TxSlot};

use crate::Cx;

/// How often the transaction is tried when it conflicts with others.
pub const ATTEMPTS_MAX: u32 = 3;

/// Begins the transaction.
pub async fn begin(cx: &mut Cx) -> Result<(), ApiError> {
    let host = cx.app.clone();
    cx.tx = TxSlot::of(platform::op::Host::db(host.as_ref()).begin_write().await?);
    Ok(())
}

/// Ends it with an audit row for `principal`: a success is committed, a refusal is taken back.
pub async fn finish<T>(
    cx: &mut Cx,
    spec: &Spec,
    principal: &Principal,
    outcome: Result<T, ApiError>,
) -> Result<T, ApiError> {
    let hooks = cx.take_hooks();
    let mut tx = cx.tx.take().expect("begin filled the slot and only finish takes from it");
    let (status, error_code) = match &outcome {
        Ok(_) => (spec.success, None),
        Err(error) if error.source.is_some() => {
            tx.rollback().await;
            return outcome;
        }
        Err(error) => {
            tx.rollback_to_savepoint().await?;
            (error.code.status, Some(error.code.code))
        }
    };
    let entry = AuditEntry {
        spec,
        principal,
        facts: &cx.request,
        now: cx.now,
        resource: cx.audited.as_ref(),
        status,
        error_code,
        // These operations bear passwords: their requests are never written down.
        request: b"",
    };
    audit(&mut tx, cx.ids.as_mut(), &entry).await?;
    tx.commit().await?;
    if outcome.is_ok() {
        for hook in hooks {
            hook(&cx.app);
        }
    }
    outcome
}
