//! Freezing and unfreezing accounts (rule 10.6).
//!
//! ```text
//!            freeze ACCOUNT                    freeze ACCOUNT_AND_RESOURCE
//!  1 account ◀────────────── 0 not frozen ──────────────▶ 2 account and resources
//!            ──────────────▶              ◀──────────────
//!                    unfreeze, of the scope that is frozen
//! ```
//!
//! From one scope to the other the way leads over unfreezing. An account that is frozen alone may see and unsubscribe,
//! and pays for nothing; with its resources, nothing of them can be used either. What that means for a resource is the
//! business of whoever keeps it ([`ResourceHolder`]).

use std::sync::Arc;

use platform::db::{DbError, Tx};
use platform::op::ApiError;
use platform::params;

use super::service::{Account, changed, commercial_account};
use super::store;
use crate::{Boxed, Cx, codes};

/// What of an account is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The account: it buys, renews and changes nothing; its resources go on and cost.
    Account,
    /// The account and its resources, which cannot be used meanwhile and are deleted 15 days after.
    AccountAndResource,
}

impl Scope {
    const ALL: [Self; 2] = [Self::Account, Self::AccountAndResource];

    /// The name on the wire (004 5.2.2).
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "ACCOUNT",
            Self::AccountAndResource => "ACCOUNT_AND_RESOURCE",
        }
    }

    /// The scope of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// The number under which it is stored and listed (`is_frozen`, 004 5.1.4).
    pub fn code(self) -> i64 {
        match self {
            Self::Account => 1,
            Self::AccountAndResource => 2,
        }
    }

    fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.code() == code)
    }
}

/// Who keeps resources of accounts. `identity` owns this seam; higher floors register with it.
pub trait ResourceHolder: Send + Sync {
    /// An account was frozen, alone or with its resources, in this transaction.
    fn hold<'a>(&'a self, cx: &'a mut Cx, account: &'a str, scope: Scope) -> Boxed<'a, Result<(), ApiError>>;

    /// A freeze with resources was lifted, in this transaction.
    fn release<'a>(&'a self, cx: &'a mut Cx, account: &'a str) -> Boxed<'a, Result<(), ApiError>>;
}

/// How an account is frozen. It is locked until the end of the transaction: nobody freezes or unfreezes it meanwhile.
///
/// # Errors
/// [`DbError`] where there is no such account.
pub async fn lock_scope(tx: &mut Tx, id: &str) -> Result<Option<Scope>, DbError> {
    let row = tx.one(store::LOCK_FROZEN, params![id]).await?;
    Ok(Scope::from_code(row.int(0)))
}

/// Freezes an account.
///
/// # Errors
/// CBC.30000052 where it is frozen in this scope, CBC.70300007 where it is in the other.
pub async fn freeze(cx: &mut Cx, id: &str, scope: Scope) -> Result<Arc<Account>, ApiError> {
    let (account, frozen) = lock(cx, id).await?;
    match frozen {
        None => {}
        Some(found) if found == scope => {
            return Err(codes::ALREADY_FROZEN.because(
                format!("The account {id} is already frozen with freeze_type {}.", found.name()),
                format!("账号 {id} 已按 freeze_type {} 冻结。", found.name()),
            ));
        }
        Some(found) => {
            return Err(codes::single::ALREADY_FROZEN_IN_OTHER_SCOPE.because(
                format!(
                    "The account {id} is already frozen with freeze_type {}. Unfreeze it before you freeze it anew.",
                    found.name()
                ),
                format!("账号 {id} 已按 freeze_type {} 冻结。请先解冻，再变更冻结范围。", found.name()),
            ));
        }
    }
    set(cx, id, scope.code()).await?;
    let app = cx.app.clone();
    for holder in &app.holders {
        holder.hold(cx, id, scope).await?;
    }
    Ok(account)
}

/// Unfreezes an account; with a scope only where that scope is what is frozen. Answers what was.
///
/// # Errors
/// CBC.50000053 where something else, or nothing, is frozen.
pub async fn unfreeze(
    cx: &mut Cx,
    id: &str,
    scope: Option<Scope>,
) -> Result<(Arc<Account>, Scope), ApiError> {
    let (account, frozen) = lock(cx, id).await?;
    let Some(found) = frozen else {
        return Err(codes::single::UNFREEZE_SCOPE_MISMATCH
            .because(format!("The account {id} is not frozen."), format!("账号 {id} 未被冻结。")));
    };
    if scope.is_some_and(|scope| scope != found) {
        let name = found.name();
        return Err(codes::single::UNFREEZE_SCOPE_MISMATCH.because(
            format!("The account {id} was frozen with freeze_type {name}; unfreeze it with the same."),
            format!("账号 {id} 是按 freeze_type {name} 冻结的，请按相同范围解冻。"),
        ));
    }
    set(cx, id, 0).await?;
    if found == Scope::AccountAndResource {
        let app = cx.app.clone();
        for holder in &app.holders {
            holder.release(cx, id).await?;
        }
    }
    Ok((account, found))
}

/// An account with how it is frozen, locked. The operator's own account cannot be frozen: nobody could unfreeze it.
async fn lock(cx: &mut Cx, id: &str) -> Result<(Arc<Account>, Option<Scope>), ApiError> {
    let account = commercial_account(cx, id).await?;
    Ok((account, lock_scope(&mut cx.tx, id).await?))
}

async fn set(cx: &mut Cx, id: &str, frozen: i64) -> Result<(), DbError> {
    cx.tx.exec(store::SET_FROZEN, params![id, frozen]).await?;
    changed(cx).await
}
