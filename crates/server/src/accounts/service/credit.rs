//! Credit lines.

use std::sync::Arc;

use domain::calendar::Instant;
use domain::id::hex32;
use domain::ledger::{Journal, LedgerAccount};
use domain::money::Charge;

use super::money_account;
use crate::Cx;
use crate::accounts::errors::{AccountsError, defect};
use crate::accounts::store::{self, Brought, CREDIT_LINES_MAX};
use crate::identity::service::Account;
use crate::ledger::service as ledger;

/// A credit line that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditLine {
    /// Its id.
    pub id: String,
    /// Whose.
    pub account: Arc<Account>,
    /// How much.
    pub amount: Charge,
    /// From when on it cannot be used; `None`: until withdrawn.
    pub expires_at: Option<Instant>,
    /// When it was granted.
    pub at: Instant,
}

/// Grants a credit line, in addition to those that are there. The amount is above zero.
///
/// # Errors
/// [`AccountsError::NoAccount`], [`AccountsError::ExpireTimePassed`], [`AccountsError::TooManyCreditLines`].
pub async fn grant_credit(
    cx: &mut Cx,
    account: &str,
    amount: Charge,
    expires_at: Option<Instant>,
) -> Result<CreditLine, AccountsError> {
    if expires_at.is_some_and(|expires_at| expires_at <= cx.now) {
        return Err(AccountsError::ExpireTimePassed);
    }
    let account = money_account(cx, account).await?;
    if store::count_lines(&mut cx.tx, &account.id).await? >= CREDIT_LINES_MAX {
        return Err(AccountsError::TooManyCreditLines);
    }
    let owner = ledger::owner_id(&account.id)?;
    let id = hex32(cx.ids.as_mut());
    let piece = LedgerAccount::credit(&owner, &id);
    ledger::ensure_account(&mut cx.tx, &piece, account.currency, Charge::ZERO, cx.now).await?;
    let journal =
        Journal::grant_credit(&owner, &id, amount, account.currency, &id).map_err(|error| defect(&error))?;
    let posted = ledger::post(&mut cx.tx, cx.ids.as_mut(), cx.now, &journal).await?;
    let row = Brought { account: &account.id, id: &id, amount, journal: &posted.journal, at: cx.now };
    store::insert_line(&mut cx.tx, row, expires_at).await?;
    Ok(CreditLine { id, account, amount, expires_at, at: cx.now })
}
