//! Money comes in.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::calendar::Instant;
use domain::id::DomainId;
use domain::ledger::{AccountKind, Journal, LedgerAccount};
use domain::money::Charge;
use platform::db::DbError;

use super::{domain_id, expiry, money_account, too_large};
use crate::Cx;
use crate::accounts::errors::{AccountsError, defect};
use crate::accounts::store::debts::{self, OpenDebt};
use crate::accounts::store::{self, TopUpRow};
use crate::identity::service::Account;
use crate::ledger::service::{self as ledger, Entry};

/// The most debts that one top-up pays; where there are more, the rest of it stays cash, and the next pays on.
const REPAID_MAX: usize = 5_000;

/// Which balance gets what comes in (rule 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// Cash, which pays debts first.
    Cash,
    /// The bonus balance, which pays like cash and after it.
    Bonus,
    /// The deposit, which pays nothing.
    Deposit,
}

impl Balance {
    /// Its account type on the wire.
    pub fn account_type(self) -> i64 {
        match self {
            Self::Cash => 1,
            Self::Bonus => 5,
            Self::Deposit => 7,
        }
    }

    /// The balance of an account type.
    pub fn of_account_type(code: i64) -> Option<Self> {
        [Self::Cash, Self::Bonus, Self::Deposit].into_iter().find(|balance| balance.account_type() == code)
    }

    fn account(self, owner: &DomainId) -> LedgerAccount {
        let kind = match self {
            Self::Cash => AccountKind::Cash,
            Self::Bonus => AccountKind::Bonus,
            Self::Deposit => AccountKind::Deposit,
        };
        LedgerAccount::single(owner, kind)
    }
}

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUp {
    /// Whose.
    pub account: Arc<Account>,
    /// The balance that got it.
    pub into: Balance,
    /// The caller's id of it.
    pub trans_id: String,
    /// How much.
    pub amount: Charge,
    /// How much of it paid debts.
    pub repaid: Charge,
    /// The balance right after it.
    pub balance: Charge,
    /// When.
    pub at: Instant,
}

/// Puts money into a balance. What comes into cash pays debts first, the oldest first, whatever they were taken from
/// and whether that can still be used (rule 5); the rest is cash. The same `trans_id` with the same content answers
/// the first top-up and changes nothing. The amount is above zero.
///
/// # Errors
/// [`AccountsError::NoAccount`]; [`AccountsError::TransIdUsed`] for another amount or balance.
pub async fn top_up(
    cx: &mut Cx,
    account: &str,
    into: Balance,
    amount: Charge,
    trans_id: &str,
) -> Result<TopUp, AccountsError> {
    let account = money_account(cx, account).await?;
    if let Some(first) = store::find_top_up(&mut cx.tx, &account.id, trans_id).await? {
        return repeated(account, into, amount, trans_id, first);
    }
    let owner = domain_id(&account.id)?;
    let target = into.account(&owner);
    ledger::ensure_account(&mut cx.tx, &target, account.currency, Charge::ZERO, cx.now).await?;
    let repayment = match into {
        Balance::Cash => repayment(cx, &account.id, amount).await?,
        Balance::Bonus | Balance::Deposit => Repayment { funds: Vec::new(), debts: Vec::new(), rest: amount },
    };
    let mut parts = repayment.funds;
    parts.push((target.clone(), repayment.rest));
    let accounts: Vec<_> = parts.iter().map(|(account, _)| account.clone()).collect();
    let held = ledger::lock(&mut cx.tx, &accounts).await?;
    let journal =
        Journal::top_up(&owner, &parts, account.currency, trans_id).map_err(|error| defect(&error))?;
    let entry = Entry { journal: &journal, gives_back: None };
    let posted = ledger::post_held(&mut cx.tx, cx.ids.as_mut(), cx.now, &entry, &held).await?;
    if !posted.is_new {
        // Somebody else was quicker with the same trans_id.
        let first = store::find_top_up(&mut cx.tx, &account.id, trans_id).await?;
        let missing = || DbError::Other(format!("journal {} has no top-up", posted.journal));
        return repeated(account, into, amount, trans_id, first.ok_or_else(missing)?);
    }
    for (debt, left) in &repayment.debts {
        debts::update_left(&mut cx.tx, &account.id, debt, *left).await?;
    }
    expiry::after_end(cx, &owner, &parts).await?;
    let before = held.iter().find(|held| held.account == target).map_or(Charge::ZERO, |held| held.balance);
    let row = TopUpRow {
        account_type: into.account_type(),
        amount,
        repaid: amount.checked_sub(repayment.rest).ok_or_else(too_large)?,
        balance_after: before.checked_add(repayment.rest).ok_or_else(too_large)?,
        at: cx.now,
    };
    store::insert_top_up(&mut cx.tx, &account.id, trans_id, &posted.journal, row).await?;
    Ok(shown(account, into, trans_id, row))
}

fn shown(account: Arc<Account>, into: Balance, trans_id: &str, row: TopUpRow) -> TopUp {
    let TopUpRow { amount, repaid, balance_after: balance, at, .. } = row;
    TopUp { account, into, trans_id: trans_id.to_owned(), amount, repaid, balance, at }
}

/// The first answer again, unless something else is asked for now.
fn repeated(
    account: Arc<Account>,
    into: Balance,
    amount: Charge,
    trans_id: &str,
    first: TopUpRow,
) -> Result<TopUp, AccountsError> {
    if first.amount != amount || first.account_type != into.account_type() {
        let (account_type, first) = (first.account_type, first.amount);
        return Err(AccountsError::TransIdUsed { first, account_type });
    }
    Ok(shown(account, into, trans_id, first))
}

/// How money pays debts.
struct Repayment {
    /// What each account of the ledger gets back.
    funds: Vec<(LedgerAccount, Charge)>,
    /// The debts, with what is left of each.
    debts: Vec<(String, Charge)>,
    /// What no debt needs.
    rest: Charge,
}

/// Locks open debts, the oldest first, as far as the money goes.
async fn repayment(cx: &mut Cx, account: &str, amount: Charge) -> Result<Repayment, DbError> {
    let mut funds: BTreeMap<String, Charge> = BTreeMap::new();
    let mut repaid = Vec::new();
    let mut rest = amount;
    let mut last: Option<OpenDebt> = None;
    'pages: while rest.is_positive() && repaid.len() < REPAID_MAX {
        let page = debts::lock_open(&mut cx.tx, account, last.as_ref()).await?;
        let Some(end) = page.last() else { break };
        last = Some(end.clone());
        for debt in page {
            let paid = debt.left.min(rest);
            rest = rest.checked_sub(paid).ok_or_else(too_large)?;
            repaid.push((debt.id, debt.left.checked_sub(paid).ok_or_else(too_large)?));
            let sum = funds.entry(debt.fund).or_insert(Charge::ZERO);
            *sum = sum.checked_add(paid).ok_or_else(too_large)?;
            if rest.is_zero() {
                break 'pages;
            }
        }
    }
    let fund = |(id, amount): (String, Charge)| {
        let account = LedgerAccount::parse(&id);
        let unknown = || DbError::Other(format!("a debt of {account:?} names {id:?}, which is no account"));
        account.clone().map(|account| (account, amount)).ok_or_else(unknown)
    };
    let funds = funds.into_iter().map(fund).collect::<Result<_, _>>()?;
    Ok(Repayment { funds, debts: repaid, rest })
}
