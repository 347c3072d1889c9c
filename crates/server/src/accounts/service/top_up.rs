//! Money comes in.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::calendar::Instant;
use domain::id::DomainId;
use domain::ledger::{AccountKind, Journal, LedgerAccount};
use domain::money::Charge;
use platform::db::DbError;

use super::{expiry, money_account, too_large};
use crate::Cx;
use crate::accounts::errors::{AccountsError, defect};
use crate::accounts::store::debts::{self, OpenDebt};
use crate::accounts::store::{self, TopUpRow};
use crate::identity::service::Account;
use crate::ledger::service::{self as ledger, Entry};

/// Which balance gets what comes in (rule 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// Cash, which pays debts first.
    Cash,
    /// The bonus balance, which pays like cash and after it, and debts first as well.
    Bonus,
    /// The deposit, which pays nothing: it is kept for the owner, and what comes into it repays nothing either.
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

/// Puts money into a balance. It pays debts first, the oldest first, whatever they were taken from and whether that can
/// still be used (rule 5), and what is left of it is the balance's; only a deposit, which pays nothing, keeps all. The
/// same `trans_id` with the same content answers
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
    let owner = ledger::owner_id(&account.id)?;
    let (cash, target) = (LedgerAccount::cash(&owner), into.account(&owner));
    ledger::ensure_account(&mut cx.tx, &cash, account.currency, Charge::ZERO, cx.now).await?;
    if target != cash {
        ledger::ensure_account(&mut cx.tx, &target, account.currency, Charge::ZERO, cx.now).await?;
    }
    // Cash before debts, as refunds do: a payment that takes from credit holds it until its debt is there, so money
    // never becomes a balance beside a debt.
    let mut held = ledger::lock(&mut cx.tx, &[cash, target.clone()]).await?;
    if let Some(first) = store::find_top_up(&mut cx.tx, &account.id, trans_id).await? {
        return repeated(account, into, amount, trans_id, first);
    }
    let repayment = match into {
        Balance::Cash | Balance::Bonus => repay(cx, &account.id, amount).await?,
        Balance::Deposit => Repayment::nothing(amount),
    };
    let mut parts = repayment.parts()?;
    let owed: Vec<_> = parts.iter().map(|(account, _)| account.clone()).collect();
    held.extend(ledger::lock(&mut cx.tx, &owed).await?);
    parts.push((target.clone(), repayment.rest));
    let journal =
        Journal::top_up(&owner, &parts, account.currency, trans_id).map_err(|error| defect(&error))?;
    let entry = Entry { journal: &journal, gives_back: None };
    let posted = ledger::post_held(&mut cx.tx, cx.ids.as_mut(), cx.now, &entry, &held).await?;
    if !posted.is_new {
        return Err(DbError::Other(format!("journal {} has no top-up", posted.journal)).into());
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
    /// What each account of the ledger gets back, by its id.
    funds: BTreeMap<String, Charge>,
    /// What no debt needs.
    rest: Charge,
}

impl Repayment {
    fn nothing(rest: Charge) -> Self {
        Self { funds: BTreeMap::new(), rest }
    }

    /// Pays a debt, or a part of it; answers what is left of it.
    fn pay(&mut self, debt: &OpenDebt) -> Option<Charge> {
        let paid = debt.left.min(self.rest);
        self.rest = self.rest.checked_sub(paid)?;
        let sum = self.funds.entry(debt.fund.clone()).or_insert(Charge::ZERO);
        *sum = sum.checked_add(paid)?;
        debt.left.checked_sub(paid)
    }

    fn parts(&self) -> Result<Vec<(LedgerAccount, Charge)>, DbError> {
        let part = |(id, amount): (&String, &Charge)| {
            let account = LedgerAccount::parse(id).map(|account| (account, *amount));
            account.ok_or_else(|| DbError::Other(format!("a debt names {id:?}, which is no account")))
        };
        self.funds.iter().map(part).collect()
    }
}

/// Pays open debts, the oldest first, as far as the money goes, and notes what is left of them. Whoever calls this holds
/// the account's cash.
async fn repay(cx: &mut Cx, account: &str, amount: Charge) -> Result<Repayment, DbError> {
    let mut repayment = Repayment::nothing(amount);
    while repayment.rest.is_positive() {
        // Those before are paid.
        let page = debts::lock_open(&mut cx.tx, account).await?;
        let mut whole: Vec<&OpenDebt> = Vec::new();
        let mut part = None;
        for debt in &page {
            if repayment.rest.is_zero() {
                break;
            }
            match repayment.pay(debt).ok_or_else(too_large)? {
                left if left.is_zero() => whole.push(debt),
                left => part = Some((debt, left)),
            }
        }
        if let Some(last) = whole.last() {
            let cleared = debts::clear_until(&mut cx.tx, account, last).await?;
            if usize::try_from(cleared) != Ok(whole.len()) {
                // A month's debt came between the two statements, and stands before the last.
                return Err(DbError::Retryable(format!("what {account} owes has changed meanwhile")));
            }
        }
        if let Some((debt, left)) = part {
            debts::update_left(&mut cx.tx, account, &debt.id, left).await?;
        }
        if page.is_empty() {
            break;
        }
    }
    Ok(repayment)
}
