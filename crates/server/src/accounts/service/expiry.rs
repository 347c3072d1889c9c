//! Credit lines end.

use domain::id::DomainId;
use domain::ledger::{AccountKind, Journal, LedgerAccount};
use domain::money::Charge;
use platform::db::DbError;

use crate::Cx;
use crate::accounts::errors::{AccountsError, defect};
use crate::accounts::store;
use crate::ledger::service::{self as ledger, Entry, PostError};

/// Takes back what is left of a line that has ended, and answers how much; what was taken from it stays owed. Again it
/// changes nothing.
///
/// # Errors
/// The database.
pub async fn expire_credit(cx: &mut Cx, account: &str, line: &str) -> Result<Charge, AccountsError> {
    let owner = ledger::owner_id(account)?;
    Ok(take_rest(cx, &owner, line).await?)
}

/// Takes back at once what came back to lines that have ended: it repaid a debt, and cannot be spent again.
pub(super) async fn after_end(
    cx: &mut Cx,
    owner: &DomainId,
    raised: &[(LedgerAccount, Charge)],
) -> Result<(), DbError> {
    let pieces: Vec<&str> = raised
        .iter()
        .filter(|(account, _)| account.kind() == AccountKind::Credit)
        .filter_map(|(account, _)| account.piece())
        .collect();
    if pieces.is_empty() {
        return Ok(());
    }
    for line in store::list_lines(&mut cx.tx, owner.as_str()).await? {
        if pieces.contains(&line.id.as_str()) && !line.is_usable(cx.now) {
            take_rest(cx, owner, &line.id).await?;
        }
    }
    Ok(())
}

/// The ledger account is locked first, so the mark and the number in the cause are those of one balance.
async fn take_rest(cx: &mut Cx, owner: &DomainId, line: &str) -> Result<Charge, DbError> {
    let held = ledger::lock(&mut cx.tx, &[LedgerAccount::credit(owner, line)]).await?;
    let is_first = store::mark_ended(&mut cx.tx, owner.as_str(), line, cx.now).await?;
    let Some(account) = held.first().filter(|held| held.balance.is_positive()) else {
        return Ok(Charge::ZERO);
    };
    let (amount, currency) = (account.balance, account.currency);
    let period = if is_first { line.to_owned() } else { format!("{line}/{}", account.last_seq + 1) };
    let journal =
        Journal::expire_credit(owner, line, amount, currency, &period).map_err(|error| defect(&error))?;
    let entry = Entry { journal: &journal, gives_back: None };
    match ledger::post_held(&mut cx.tx, cx.ids.as_mut(), cx.now, &entry, &held).await {
        Ok(_) => {
            store::add_expired(&mut cx.tx, owner.as_str(), line, amount).await?;
            Ok(amount)
        }
        Err(PostError::Insufficient(account)) => Err(DbError::Other(format!(
            "{account} fell below its floor where no more was taken than it held"
        ))),
        Err(PostError::Db(error)) => Err(error),
    }
}
