//! What an account can spend and owes.

use domain::ledger::{AccountKind, LedgerAccount};
use domain::money::{Charge, Currency};

use super::{is_reseller_customer, money_account, too_large};
use crate::Cx;
use crate::accounts::errors::AccountsError;
use crate::accounts::store::{self, debts};
use crate::ledger::service as ledger;

/// What an account can spend and owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balances {
    /// Currency of every amount.
    pub currency: Currency,
    /// The cash balance.
    pub cash: Charge,
    /// The credit that can be used now; `None`: there is no usable credit line.
    pub credit: Option<Credit>,
    /// The bonus balance; `None`: there never was a bonus.
    pub bonus: Option<Charge>,
    /// The deposit, which pays nothing; `None`: there never was one.
    pub deposit: Option<Charge>,
    /// What is owed: taken from credit lines, expired ones included, or from monthly settlement, and not paid back.
    pub debt: Charge,
}

/// Credit lines, summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    /// What is left.
    pub left: Charge,
    /// What was granted.
    pub granted: Charge,
}

/// What an account can spend and owes, for everyone but customers of the reseller model (rule 5).
///
/// # Errors
/// [`AccountsError::NoAccount`], [`AccountsError::ResellerCustomer`].
pub async fn balances(cx: &mut Cx, account: &str) -> Result<Balances, AccountsError> {
    let account = money_account(cx, account).await?;
    if is_reseller_customer(&account) {
        return Err(AccountsError::ResellerCustomer);
    }
    let cash = single(cx, &account.id, AccountKind::Cash).await?;
    let bonus = single(cx, &account.id, AccountKind::Bonus).await?;
    let deposit = single(cx, &account.id, AccountKind::Deposit).await?;
    let credit = credit(cx, &account.id).await?;
    let (_, debt) = debts::sum_open(&mut cx.tx, &account.id).await?;
    let cash = cash.unwrap_or(Charge::ZERO);
    Ok(Balances { currency: account.currency, cash, credit, bonus, deposit, debt })
}

/// The balance of an account that is the only one of its kind; `None`: there is no such account.
async fn single(cx: &mut Cx, owner: &str, kind: AccountKind) -> Result<Option<Charge>, AccountsError> {
    Ok(ledger::balances(&mut cx.tx, owner, kind).await?.first().map(|(_, balance)| *balance))
}

/// The credit lines that can be used now, summed.
async fn credit(cx: &mut Cx, account: &str) -> Result<Option<Credit>, AccountsError> {
    let mut lines = store::list_lines(&mut cx.tx, account).await?;
    lines.retain(|line| line.is_usable(cx.now));
    if lines.is_empty() {
        return Ok(None);
    }
    let owner = ledger::owner_id(account)?;
    let held = ledger::balances(&mut cx.tx, account, AccountKind::Credit).await?;
    let mut sum = Credit { left: Charge::ZERO, granted: Charge::ZERO };
    for line in &lines {
        let wanted = LedgerAccount::credit(&owner, &line.id);
        let left = held.iter().find(|(known, _)| *known == wanted).map_or(Charge::ZERO, |(_, left)| *left);
        sum.left = sum.left.checked_add(left).ok_or_else(too_large)?;
        sum.granted = sum.granted.checked_add(line.amount).ok_or_else(too_large)?;
    }
    Ok(Some(sum))
}
