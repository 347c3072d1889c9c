//! Terms of monthly settlement, and what is owed.

use std::sync::Arc;

use domain::calendar::Instant;
use domain::ledger::{AccountKind, LedgerAccount};
use domain::money::Charge;
use platform::db::DbError;

use super::{is_reseller_customer, money_account, too_large};
use crate::Cx;
use crate::accounts::errors::AccountsError;
use crate::accounts::store::debts::{self, Terms};
use crate::identity::service::Account;
use crate::ledger::service as ledger;

/// The day of the next month at whose end a month's debt is due, where the terms name none. The documents leave it to
/// the contract (rule 6.5); the middle of the month is long after the bill of the third day.
pub const DUE_DAY_DEFAULT: i8 = 15;
/// The latest such day: every month has it.
pub const DUE_DAY_MAX: i8 = 28;

/// Terms to be set; they replace those that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewTerms {
    /// Orders are paid by the month's debt.
    pub is_monthly: bool,
    /// The most that may be owed in all; `None`: no limit.
    pub limit: Option<Charge>,
    /// Day of the next month at whose end a month's debt is due.
    pub due_day: i8,
}

/// The terms of an account, and what it owes by them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Whose.
    pub account: Arc<Account>,
    /// Orders are paid by the month's debt.
    pub is_monthly: bool,
    /// The most that may be owed in all; `None`: no limit.
    pub limit: Option<Charge>,
    /// Day of the next month at whose end a month's debt is due.
    pub due_day: i8,
    /// What all months owe now.
    pub owed: Charge,
    /// When the terms were last set; `None`: never.
    pub updated_at: Option<Instant>,
}

/// Sets the terms of an account. Debts that are there keep their due dates, and are owed whatever the terms.
///
/// # Errors
/// [`AccountsError::NoAccount`]; [`AccountsError::ResellerCustomer`]: its partner is billed, and not it.
pub async fn set_settlement(
    cx: &mut Cx,
    account: &str,
    terms: NewTerms,
) -> Result<Settlement, AccountsError> {
    let account = money_account(cx, account).await?;
    if is_reseller_customer(&account) {
        return Err(AccountsError::ResellerCustomer);
    }
    let NewTerms { is_monthly, limit, due_day } = terms;
    let terms = Terms { is_monthly, limit, due_day, updated_at: cx.now };
    debts::put_terms(&mut cx.tx, &account.id, terms).await?;
    shown(cx, account, Some(terms)).await
}

/// The terms of an account; without any it pays from its balances.
///
/// # Errors
/// [`AccountsError::NoAccount`].
pub async fn settlement(cx: &mut Cx, account: &str) -> Result<Settlement, AccountsError> {
    let account = money_account(cx, account).await?;
    let terms = debts::find_terms(&mut cx.tx, &account.id).await?;
    shown(cx, account, terms).await
}

async fn shown(
    cx: &mut Cx,
    account: Arc<Account>,
    terms: Option<Terms>,
) -> Result<Settlement, AccountsError> {
    let months = ledger::balances(&mut cx.tx, &account.id, AccountKind::Settlement).await?;
    let balance = Charge::sum(months.iter().map(|(_, balance)| *balance));
    let owed = balance.and_then(Charge::checked_neg).ok_or_else(too_large)?;
    Ok(Settlement {
        account,
        is_monthly: terms.is_some_and(|terms| terms.is_monthly),
        limit: terms.and_then(|terms| terms.limit),
        due_day: terms.map_or(DUE_DAY_DEFAULT, |terms| terms.due_day),
        owed,
        updated_at: terms.map(|terms| terms.updated_at),
    })
}

/// What an account owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debts {
    /// Who.
    pub account: Arc<Account>,
    /// All of it.
    pub owed: Charge,
    /// The part that is past its due date.
    pub overdue: Charge,
    /// The months of settlement, the latest first, paid ones included.
    pub months: Vec<MonthShown>,
    /// How many debts are open.
    pub total_count: i64,
    /// A page of them, the oldest first.
    pub items: Vec<DebtShown>,
}

/// A month of settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthShown {
    /// `202601`.
    pub month: String,
    /// What orders took.
    pub amount: Charge,
    /// What is still owed.
    pub left: Charge,
    /// When it is due.
    pub due_at: Instant,
    /// It is past that, and not paid.
    pub is_overdue: bool,
}

/// An open debt: what one order took from one credit line, or from a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebtShown {
    /// Its id.
    pub id: String,
    /// The order.
    pub order: String,
    /// Credit, or settlement.
    pub kind: AccountKind,
    /// The credit line, or the month.
    pub piece: String,
    /// What was taken.
    pub amount: Charge,
    /// What is still owed.
    pub left: Charge,
    /// When it was taken.
    pub at: Instant,
    /// When it is due.
    pub due_at: Option<Instant>,
    /// It is past that.
    pub is_overdue: bool,
}

fn fund(id: &str) -> Result<(AccountKind, String), DbError> {
    let account = LedgerAccount::parse(id);
    let piece = account.as_ref().and_then(|account| Some((account.kind(), account.piece()?.to_owned())));
    piece.ok_or_else(|| DbError::Other(format!("a debt names {id:?}, which is no piece of an account")))
}

/// What an account owes: by month, and a page of the open debts.
///
/// # Errors
/// [`AccountsError::NoAccount`].
pub async fn debts(cx: &mut Cx, account: &str, offset: i64, limit: i64) -> Result<Debts, AccountsError> {
    let account = money_account(cx, account).await?;
    let (now, id) = (cx.now, account.id.clone());
    let (total_count, owed) = debts::sum_open(&mut cx.tx, &id).await?;
    let overdue = debts::standing(&mut cx.tx, &id, now).await?.overdue;
    let month = |month: debts::Month| {
        let debts::Month { fund: id, amount, left, due_at } = month;
        let is_overdue = due_at < now && left.is_positive();
        Ok(MonthShown { month: fund(&id)?.1, amount, left, due_at, is_overdue })
    };
    let months = debts::list_months(&mut cx.tx, &id).await?.into_iter().map(month);
    let months = months.collect::<Result<_, DbError>>()?;
    let item = |debt: debts::Debt| {
        let debts::Debt { id, fund: of, order, amount, left, at, due_at } = debt;
        let (kind, piece) = fund(&of)?;
        let is_overdue = due_at.is_some_and(|due_at| due_at < now);
        Ok(DebtShown { id, order, kind, piece, amount, left, at, due_at, is_overdue })
    };
    let items = debts::list_open(&mut cx.tx, &id, offset, limit).await?.into_iter().map(item);
    let items = items.collect::<Result<_, DbError>>()?;
    Ok(Debts { account, owed, overdue, months, total_count, items })
}
