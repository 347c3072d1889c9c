//! What monthly settlement owes and is due is repaid from cash.

use std::collections::BTreeMap;

use domain::calendar::Instant;
use domain::ledger::{Journal, LedgerAccount};
use domain::money::Charge;
use platform::db::{DbError, Tx};

use super::too_large;
use crate::Cx;
use crate::accounts::errors::defect;
use crate::accounts::store::debts::{self, OpenDebt};
use crate::ledger::service::{self as ledger, Entry, Held, PostError};

/// What was repaid of the debts that were due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// How much of them cash has repaid now.
    pub repaid: Charge,
    /// How much of them is still owed.
    pub left: Charge,
}

/// Accounts with debts that are due until `until` and with cash to repay some of them, by due date, each once. Who
/// has no cash is not among them: there is nothing to do before money comes in.
///
/// # Errors
/// The database.
pub async fn payable(tx: &mut Tx, until: Instant, limit: i64) -> Result<Vec<(Instant, String)>, DbError> {
    let page_size = i64::try_from(ledger::CAUSES_AT_ONCE).expect("a small limit");
    let most = usize::try_from(limit).unwrap_or_default();
    let mut found: Vec<(Instant, String)> = Vec::new();
    let mut page = debts::list_due(tx, until, None, page_size).await?;
    while let Some(last) = page.last().cloned() {
        let cash = |account: &String| ledger::owner_id(account).map(|owner| LedgerAccount::cash(&owner).id());
        let ids = page.iter().map(|(_, account)| cash(account)).collect::<Result<Vec<_>, _>>()?;
        let balances = ledger::balances_among(tx, &ids).await?;
        for (due, id) in page.into_iter().zip(ids) {
            // Cash is never below zero: no cash account has another floor.
            let has_cash = balances.iter().any(|(known, balance)| *known == id && balance.is_positive());
            if has_cash && !found.iter().any(|(_, account)| *account == due.1) {
                found.push(due);
            }
        }
        if found.len() >= most {
            found.truncate(most);
            break;
        }
        page = debts::list_due(tx, until, Some(&last), page_size).await?;
    }
    Ok(found)
}

/// Repays the debts of an account that are due by now from its cash, the oldest first, as far as the cash goes; `None`:
/// none is due. Not a purchase: neither limits nor freezing stop it, and bonus and credit do not pay for it.
///
/// # Errors
/// The database.
pub async fn settle_due(cx: &mut Cx, account: &str) -> Result<Option<Settled>, DbError> {
    let owner = ledger::owner_id(account)?;
    // Cash before debts, as top-ups and refunds do; the months after them.
    let cash = LedgerAccount::cash(&owner);
    let mut held = ledger::lock(&mut cx.tx, std::slice::from_ref(&cash)).await?;
    let due = lock_due(cx, account).await?;
    let Some(due_at) = due.iter().map(|(_, due_at)| *due_at).min() else { return Ok(None) };
    let due: Vec<OpenDebt> = due.into_iter().map(|(debt, _)| debt).collect();
    let owed = Charge::sum(due.iter().map(|debt| debt.left)).ok_or_else(too_large)?;
    held.extend(ledger::lock(&mut cx.tx, &months_of(&due)?).await?);
    let nothing = Settled { repaid: Charge::ZERO, left: owed };
    let Some(purse) = held.iter().find(|held| held.account == cash) else { return Ok(Some(nothing)) };
    let available = purse.balance.checked_sub(purse.floor).ok_or_else(too_large)?;
    if !available.is_positive() {
        return Ok(Some(nothing));
    }
    let shares = share(&due, available).ok_or_else(too_large)?;
    let parts = parts(&shares.funds)?;
    let journal = Journal::settle_debts(&owner, &parts, purse.currency, due_at, purse.last_seq + 1)
        .map_err(|error| defect(&error))?;
    post(cx, &journal, &held).await?;
    for (debt, left) in &shares.debts {
        debts::update_left(&mut cx.tx, account, debt, *left).await?;
    }
    let left = owed.checked_sub(shares.repaid).ok_or_else(too_large)?;
    Ok(Some(Settled { repaid: shares.repaid, left }))
}

/// All debts that are due by now, locked. They are as many as the orders of a month or two.
async fn lock_due(cx: &mut Cx, account: &str) -> Result<Vec<(OpenDebt, Instant)>, DbError> {
    let mut due: Vec<(OpenDebt, Instant)> = Vec::new();
    loop {
        let after = due.last().map(|(debt, _)| debt);
        let page = debts::lock_due(&mut cx.tx, account, cx.now, after).await?;
        if page.is_empty() {
            return Ok(due);
        }
        due.extend(page);
    }
}

fn month(id: &str) -> Result<LedgerAccount, DbError> {
    LedgerAccount::parse(id)
        .ok_or_else(|| DbError::Other(format!("a debt names {id:?}, which is no account")))
}

fn months_of(due: &[OpenDebt]) -> Result<Vec<LedgerAccount>, DbError> {
    let mut ids: Vec<&str> = due.iter().map(|debt| debt.fund.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(month).collect()
}

fn parts(funds: &BTreeMap<String, Charge>) -> Result<Vec<(LedgerAccount, Charge)>, DbError> {
    funds.iter().map(|(id, amount)| Ok((month(id)?, *amount))).collect()
}

/// How cash is shared out.
struct Shares {
    /// What each month gets, by its account.
    funds: BTreeMap<String, Charge>,
    /// The debts that get something, with what is left of each.
    debts: Vec<(String, Charge)>,
    /// The sum.
    repaid: Charge,
}

/// Shares cash out among debts in their order; `None`: an amount is too large.
fn share(due: &[OpenDebt], available: Charge) -> Option<Shares> {
    let mut shares = Shares { funds: BTreeMap::new(), debts: Vec::new(), repaid: Charge::ZERO };
    for debt in due {
        let rest = available.checked_sub(shares.repaid)?;
        if rest.is_zero() {
            break;
        }
        let paid = debt.left.min(rest);
        let sum = shares.funds.entry(debt.fund.clone()).or_insert(Charge::ZERO);
        *sum = sum.checked_add(paid)?;
        shares.debts.push((debt.id.clone(), debt.left.checked_sub(paid)?));
        shares.repaid = shares.repaid.checked_add(paid)?;
    }
    Some(shares)
}

/// Posts what the locks have decided; the cause is new, for it names the change of cash that the lock allows next.
async fn post(cx: &mut Cx, journal: &Journal, held: &[Held]) -> Result<(), DbError> {
    let entry = Entry { journal, gives_back: None };
    match ledger::post_held(&mut cx.tx, cx.ids.as_mut(), cx.now, &entry, held).await {
        Ok(posted) if posted.is_new => Ok(()),
        Ok(posted) => {
            Err(DbError::Other(format!("{} was posted before, by {}", journal.cause(), posted.journal)))
        }
        Err(PostError::Insufficient(account)) => {
            Err(DbError::Other(format!("{account} fell below its floor though it was locked")))
        }
        Err(PostError::Db(error)) => Err(error),
    }
}
