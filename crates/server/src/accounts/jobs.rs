//! What falls due on accounts.

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::job::{Due, Reconciler, leave_a_trail};
use platform::op::{ApiError, Audit, Operation, Spec};

use super::api::settlement::SetSettlementTerms;
use super::{service, store};
use crate::Cx;
use crate::app::App;
use crate::identity::service::find_account;

/// How the audit trail names a settlement: nobody can ask for one, so it is no operation.
const SETTLED: Spec = Spec {
    id: "SettleDueDebts",
    about: "Repays from cash what monthly settlement owes and is due.",
    audit: Audit::Event("account", "settleDueDebts"),
    ..SetSettlementTerms::SPEC
};

/// Repays from cash, on its due date, what monthly settlement owes. An account without cash is not due: what it owes is
/// overdue from then on, until money comes in: a top-up repays debts itself, and after a refund the account is due.
pub struct SettleDue;

impl Reconciler<App> for SettleDue {
    const NAME: &'static str = "accounts.settle_due";

    async fn due(tx: &mut Tx, until: Instant, limit: i64) -> Result<Vec<Due>, DbError> {
        let payable = service::payable(tx, until, limit).await?;
        Ok(payable.into_iter().map(|(at, key)| Due { at, key }).collect())
    }

    async fn run(cx: &mut Cx, key: &str) -> Result<String, ApiError> {
        let settled = service::settle_due(cx, key).await?;
        // Repaid since it was listed, or spent: there is nothing left to do.
        let Some(settled) = settled.filter(|settled| settled.repaid.is_positive()) else {
            return Ok("no longer due".to_owned());
        };
        let account = find_account(&cx.app, &mut cx.tx, key).await?;
        let name = account.map_or_else(String::new, |account| account.name.clone());
        leave_a_trail(cx, key, &SETTLED, &(key.to_owned(), name)).await?;
        Ok(format!("repaid {}, {} still owed", settled.repaid, settled.left))
    }
}

/// How the audit trail names the end of a credit line: nobody asks for one, so it is no operation.
const EXPIRED: Spec = Spec {
    id: "ExpireCredit",
    about: "Takes back what is left of a credit line.",
    audit: Audit::Event("account", "expireCredit"),
    ..SETTLED
};

/// Takes back what is left of credit lines that have ended.
pub struct ExpireCredit;

impl Reconciler<App> for ExpireCredit {
    const NAME: &'static str = "accounts.expire_credit";

    async fn due(tx: &mut Tx, until: Instant, limit: i64) -> Result<Vec<Due>, DbError> {
        store::ended(tx, until, limit).await
    }

    async fn run(cx: &mut Cx, key: &str) -> Result<String, ApiError> {
        let Some((account, line)) = key.split_once('/') else {
            return Err(DbError::Other(format!("{key:?} names no credit line")).into());
        };
        let taken = service::expire_credit(cx, account, line).await?;
        if taken.is_positive() {
            leave_a_trail(cx, account, &EXPIRED, &(line.to_owned(), line.to_owned())).await?;
        }
        Ok(format!("{taken} expired"))
    }
}
