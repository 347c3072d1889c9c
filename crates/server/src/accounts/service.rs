//! Money in, money spent, money given back.

use std::sync::Arc;

use domain::calendar::Instant;
use domain::id::{DomainId, OrderId, hex32};
use domain::ledger::{Cause, Journal, JournalKind, LedgerAccount};
use domain::money::{Charge, Currency};
use domain::quantity::Quantity;
use platform::db::DbError;
use platform::op::AccountKind;

use super::errors::defect;
use super::store::{self, Brought, CREDIT_LINES_MAX};
use super::{limits, taxes};
use crate::Cx;
use crate::identity::service::{Account, find_account};
use crate::ledger::service::{self as ledger, Entry, Fund, Held, PostError};

pub use super::errors::AccountsError;
pub use super::limits::{Kind as LimitKind, NewLimit, Period as LimitPeriod, set as set_limit};

/// A payment of an order.
#[derive(Debug, Clone)]
pub struct Payment<'a> {
    /// Whose money: the customer, or the enterprise master of a unified accounting member.
    pub payer: &'a str,
    /// Whose order.
    pub customer: &'a str,
    /// The order; with a combined order the first of its sub-orders stands for all limits.
    pub order: &'a str,
    /// What balances pay.
    pub money: Charge,
    /// What coupons and cards of the payer pay, already locked and checked by their feature.
    pub benefits: &'a [(LedgerAccount, Charge)],
    /// List price: what the budget of a reseller model customer is measured at (rule 10.7).
    pub list: Charge,
    /// What balances pay by enterprise project.
    pub projects: &'a [(String, Charge)],
    /// What the caller knows to be in the way and comes late in the order of evaluation (rule 4.11).
    pub late: Option<Late>,
}

/// What only the feature of orders knows, and is told only after balance and freezing were looked at (rule 4.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// CBC.99000088.
    InProgress,
    /// CBC.99000089.
    Combined,
}

/// What was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// The tax contained in what balances paid.
    pub tax: Charge,
    /// The rate; `None`: no tax applies.
    pub tax_rate: Option<Quantity>,
}

/// Why a payment was refused, in the order of evaluation (rule 4.11). A refusal has changed nothing.
#[derive(Debug)]
pub enum PayError {
    /// CBC.99003155: the enterprise projects whose fund quota does not suffice.
    ProjectFunds(Vec<ProjectShort>),
    /// CBC.99003198: the organisation's budget.
    Organization,
    /// CBC.99000046: the customer's budget, or its expenditure quota of the month.
    Budget,
    /// CBC.99006093: no tax rate is in force for the payer's country.
    TaxRate(String),
    /// CBC.99005003.
    Insufficient,
    /// CBC.7281.
    Frozen,
    /// CBC.99000088 or CBC.99000089, as the caller said.
    Late(Late),
    /// CBC.99008040.
    TooManyAttempts,
    /// CBC.99008056.
    DailyTransactions,
    /// The database.
    Db(DbError),
}

/// An enterprise project whose funds do not suffice (004 table 8-22).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectShort {
    /// Its id.
    pub project: String,
    /// 10 its own quota, 11 the organisation's budget.
    pub status: i64,
}

impl From<DbError> for PayError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUp {
    /// Whose cash balance.
    pub account: Arc<Account>,
    /// The caller's id of it.
    pub trans_id: String,
    /// How much.
    pub amount: Charge,
    /// The cash balance right after it.
    pub balance: Charge,
    /// When.
    pub at: Instant,
}

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

/// What an account can spend and owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balances {
    /// Currency of every amount.
    pub currency: Currency,
    /// The cash balance.
    pub cash: Charge,
    /// The credit that can be used now; `None`: there is no usable credit line.
    pub credit: Option<Credit>,
    /// What was taken from credit lines, expired ones included, and not paid back.
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

/// Pays an order: benefits first, then the payer's funds (rules 4.1, 4.2), after every check of rule 4.11 that is not
/// the order's own. A payment of nothing by nobody posts nothing. The cause of the journal is the order, so an order
/// is charged once: a second payment of it succeeds and takes nothing.
///
/// # Errors
/// [`PayError`]; nothing was changed then.
pub async fn pay_order(cx: &mut Cx, payment: &Payment<'_>) -> Result<Paid, PayError> {
    let Payment { payer, order, money: amount, .. } = *payment;
    let nothing = Paid { tax: Charge::ZERO, tax_rate: None };
    let Some(account) = find_account(&cx.app, &mut cx.tx, payer).await? else {
        return Err(DbError::Other(format!("the payer {payer} is no account")).into());
    };
    let passed = limits::check_amounts(cx, payment).await?;
    let paid = taxes::contained(cx, &account, amount).await?;
    if account.frozen != 0 {
        return Err(PayError::Frozen);
    }
    if let Some(late) = payment.late {
        return Err(PayError::Late(late));
    }
    limits::check_numbers(cx, payment, &passed).await?;
    if amount.is_zero() {
        limits::count(cx, payment, passed).await?;
        return Ok(paid);
    }
    let owner = domain_id(payer)?;
    let order = order_id(order)?;
    let Some((held, funds)) = choose_funds(cx, &owner, amount).await? else {
        let cause = Cause::new(JournalKind::PayOrder.code(), order.as_str(), "");
        let paid = ledger::find_journal(&mut cx.tx, &cause).await?;
        return paid.map(|_| nothing).ok_or(PayError::Insufficient);
    };
    let journal = Journal::pay_order(&owner, &order, &funds, amount, account.currency)
        .map_err(|error| defect(&error))?;
    let entry = Entry { journal: &journal, gives_back: None };
    match ledger::post_held(&mut cx.tx, cx.ids.as_mut(), cx.now, &entry, &held).await {
        Ok(posted) => {
            if posted.is_new {
                limits::count(cx, payment, passed).await?;
            }
            Ok(paid)
        }
        Err(PostError::Insufficient(_)) => Err(PayError::Insufficient),
        Err(PostError::Db(error)) => Err(error.into()),
    }
}

/// Which funds pay, locked; `None`: they do not suffice. Credit lines are looked at, and locked, only where
/// cash does not suffice. Cash comes before credit in the order of ledger account ids too, so locks are taken
/// in that order.
async fn choose_funds(
    cx: &mut Cx,
    owner: &DomainId,
    amount: Charge,
) -> Result<Option<(Vec<Held>, Vec<(LedgerAccount, Charge)>)>, DbError> {
    let mut held = ledger::lock(&mut cx.tx, &[LedgerAccount::cash(owner)]).await?;
    let mut funds = Vec::new();
    let mut due = amount;
    for cash in &held {
        due = take(cash, due, &mut funds);
    }
    if due.is_zero() {
        return Ok(Some((held, funds)));
    }
    let mut lines = store::list_lines(&mut cx.tx, owner.as_str()).await?;
    lines.retain(|line| line.is_usable(cx.now));
    let accounts: Vec<_> = lines.iter().map(|line| LedgerAccount::credit(owner, &line.id)).collect();
    let credit = ledger::lock(&mut cx.tx, &accounts).await?;
    for account in &accounts {
        if let Some(line) = credit.iter().find(|held| held.account == *account) {
            due = take(line, due, &mut funds);
        }
    }
    held.extend(credit);
    Ok(due.is_zero().then_some((held, funds)))
}

/// Takes as much of `due` as the account can give, and answers what is still due.
fn take(held: &Held, due: Charge, funds: &mut Vec<(LedgerAccount, Charge)>) -> Charge {
    let available = held.balance.checked_sub(held.floor).unwrap_or(Charge::ZERO);
    let taken = available.min(due);
    if !taken.is_positive() {
        return due;
    }
    funds.push((held.account.clone(), taken));
    due.checked_sub(taken).expect("no more is taken than is due")
}

/// Money of an order that goes back.
#[derive(Debug, Clone)]
pub struct Refund<'a> {
    /// Who paid.
    pub payer: &'a str,
    /// The order that was paid.
    pub base_order: &'a str,
    /// The refund order.
    pub refund_order: &'a str,
    /// What goes back to balances: to the fund that paid last first, so that credit is restored before cash.
    pub money: Charge,
    /// Which enterprise projects it had been paid for, and how much of it for each.
    pub projects: &'a [(String, Charge)],
    /// What goes back to coupons and cards.
    pub benefits: &'a [(LedgerAccount, Charge)],
    /// The rate of the tax that the payment contained.
    pub tax_rate: Option<Quantity>,
    /// How much less of its limits the customer has used then: the list price of what goes back.
    pub list: Charge,
}

/// Gives money of an order back to where it came from. Nothing posts nothing; the same refund order twice gives back
/// once.
///
/// # Errors
/// A [`DbError::Other`] where the order was never paid, or would get back more than was paid for it: whoever
/// decided the amount must not have let that happen.
pub async fn refund_order(cx: &mut Cx, back: &Refund<'_>) -> Result<(), DbError> {
    let Refund { payer, base_order, refund_order, money: amount, .. } = *back;
    if amount.is_zero() {
        return Ok(());
    }
    let (owner, refund) = (domain_id(payer)?, order_id(refund_order)?);
    let paid = Cause::new(JournalKind::PayOrder.code(), base_order, "");
    let Some(payment) = ledger::find_journal(&mut cx.tx, &paid).await? else {
        return Err(DbError::Other(format!("order {base_order} was not paid and cannot be refunded")));
    };
    let cause = Cause::new(JournalKind::RefundOrder.code(), refund_order, "");
    if ledger::find_journal(&mut cx.tx, &cause).await?.is_some() {
        return Ok(());
    }
    // Limits are locked before any ledger account, as a payment does it.
    limits::take_back(cx, back).await?;
    let (held, funds) = ledger::lock_funds(&mut cx.tx, &payment).await?;
    let Some(shares) = give_back(&funds, amount) else {
        return Err(DbError::Other(format!(
            "refund order {refund_order} of {amount} exceeds what is left of the payment of {base_order}"
        )));
    };
    let currency = held.first().map(|held| held.currency).expect("a payment has at least one fund");
    let journal =
        Journal::refund_order(&owner, &refund, &shares, amount, currency).map_err(|error| defect(&error))?;
    let entry = Entry { journal: &journal, gives_back: Some(&payment) };
    match ledger::post_held(&mut cx.tx, cx.ids.as_mut(), cx.now, &entry, &held).await {
        Ok(_) => Ok(()),
        Err(PostError::Insufficient(account)) => {
            Err(DbError::Other(format!("{account} fell below its floor where money came in")))
        }
        Err(PostError::Db(error)) => Err(error),
    }
}

/// What each fund gets back, in the order of `funds`; `None`: less was taken than is to be given back.
fn give_back(funds: &[Fund], amount: Charge) -> Option<Vec<(LedgerAccount, Charge)>> {
    let mut due = amount;
    let mut shares = Vec::new();
    for fund in funds {
        let share = fund.taken.checked_sub(fund.given_back)?.min(due);
        if share.is_positive() {
            shares.push((fund.account.clone(), share));
            due = due.checked_sub(share)?;
        }
    }
    due.is_zero().then_some(shares)
}

/// Puts money into the cash balance. The same `trans_id` with the same amount answers the first top-up and
/// changes nothing. The amount is above zero.
///
/// # Errors
/// [`AccountsError::NoAccount`]; [`AccountsError::TransIdUsed`] for another amount.
pub async fn top_up(
    cx: &mut Cx,
    account: &str,
    amount: Charge,
    trans_id: &str,
) -> Result<TopUp, AccountsError> {
    let account = money_account(cx, account).await?;
    let owner = domain_id(&account.id)?;
    let cash = LedgerAccount::cash(&owner);
    ledger::ensure_account(&mut cx.tx, &cash, account.currency, Charge::ZERO, cx.now).await?;
    let journal =
        Journal::top_up(&owner, amount, account.currency, trans_id).map_err(|error| defect(&error))?;
    let posted = ledger::post(&mut cx.tx, cx.ids.as_mut(), cx.now, &journal).await?;
    let at = if posted.is_new {
        let id = trans_id;
        let row = Brought { account: &account.id, id, amount, journal: &posted.journal, at: cx.now };
        store::insert_top_up(&mut cx.tx, row).await?;
        cx.now
    } else {
        match store::find_top_up(&mut cx.tx, &account.id, trans_id).await? {
            Some((first, at)) if first == amount => at,
            Some((first, _)) => return Err(AccountsError::TransIdUsed { first }),
            None => return Err(DbError::Other(format!("journal {} has no top-up", posted.journal)).into()),
        }
    };
    let balance = ledger::balance_after(&mut cx.tx, &posted.journal, &cash).await?;
    let balance = balance.ok_or_else(|| DbError::Other(format!("{} moved no cash", posted.journal)))?;
    Ok(TopUp { account, trans_id: trans_id.to_owned(), amount, balance, at })
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
    let owner = domain_id(&account.id)?;
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

/// What an account can spend and owes, for everyone but customers of the reseller model (rule 5).
///
/// # Errors
/// [`AccountsError::NoAccount`], [`AccountsError::ResellerCustomer`].
pub async fn balances(cx: &mut Cx, account: &str) -> Result<Balances, AccountsError> {
    let account = money_account(cx, account).await?;
    if account.association_type == Some(RESELLER_MODEL) {
        return Err(AccountsError::ResellerCustomer);
    }
    let owner = domain_id(&account.id)?;
    let held = ledger::balances(&mut cx.tx, &account.id).await?;
    let lines = store::list_lines(&mut cx.tx, &account.id).await?;
    let balance = |wanted: &LedgerAccount| {
        held.iter().find(|(known, _)| known == wanted).map_or(Charge::ZERO, |(_, amount)| *amount)
    };
    let mut credit: Option<Credit> = None;
    let mut debt = Charge::ZERO;
    for line in &lines {
        let left = balance(&LedgerAccount::credit(&owner, &line.id));
        debt = line.amount.checked_sub(left).and_then(|used| debt.checked_add(used)).ok_or_else(too_large)?;
        if line.is_usable(cx.now) {
            let so_far = credit.unwrap_or(Credit { left: Charge::ZERO, granted: Charge::ZERO });
            let left = so_far.left.checked_add(left).ok_or_else(too_large)?;
            let granted = so_far.granted.checked_add(line.amount).ok_or_else(too_large)?;
            credit = Some(Credit { left, granted });
        }
    }
    let cash = balance(&LedgerAccount::cash(&owner));
    Ok(Balances { currency: account.currency, cash, credit, debt })
}

/// The association type of customers who buy from a reseller and not from the site.
const RESELLER_MODEL: i64 = 3;

fn too_large() -> DbError {
    DbError::Other("the credit lines of an account sum to more than an amount holds".to_owned())
}

/// An account that can hold money: the operator's cannot.
async fn money_account(cx: &mut Cx, id: &str) -> Result<Arc<Account>, AccountsError> {
    let account = find_account(&cx.app, &mut cx.tx, id).await?;
    account.filter(|account| account.kind != AccountKind::Operator).ok_or(AccountsError::NoAccount)
}

/// The id of a known account; only ids that we made are known.
fn domain_id(text: &str) -> Result<DomainId, DbError> {
    DomainId::parse(text).map_err(|error| DbError::Other(format!("domain id {text:?} {error}")))
}

fn order_id(text: &str) -> Result<OrderId, DbError> {
    OrderId::parse(text).map_err(|error| DbError::Other(format!("order id {text:?} {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fund(piece: &str, taken: i64, given_back: i64) -> Fund {
        let owner = DomainId::parse("a").unwrap();
        let account =
            if piece == "cash" { LedgerAccount::cash(&owner) } else { LedgerAccount::credit(&owner, piece) };
        Fund { account, taken: Charge::cents(taken), given_back: Charge::cents(given_back) }
    }

    /// Funds as `name taken given_back`, amount to give back, shares in cents or `-` for a refusal.
    const GIVE_BACK: &[(&str, i64, &str)] = &[
        ("cash 100 0", 100, "a:cash 100"),
        ("cash 100 40", 60, "a:cash 60"),
        ("cash 100 40", 61, "-"),
        ("late 50 0, cash 100 0", 30, "a:credit:late 30"),
        ("late 50 0, cash 100 0", 80, "a:credit:late 50, a:cash 30"),
        ("late 50 50, cash 100 0", 80, "a:cash 80"),
        ("late 50 20, cash 100 10", 120, "a:credit:late 30, a:cash 90"),
        ("late 50 20, cash 100 10", 121, "-"),
        ("late 50 60, cash 100 0", 1, "a:cash 1"),
    ];

    #[test]
    fn money_goes_back_to_the_last_fund_first_and_never_exceeds_what_was_taken() {
        for (funds, amount, wanted) in GIVE_BACK {
            let funds: Vec<Fund> = funds
                .split(", ")
                .map(|text| {
                    let words: Vec<&str> = text.split(' ').collect();
                    fund(words[0], words[1].parse().unwrap(), words[2].parse().unwrap())
                })
                .collect();
            let found = give_back(&funds, Charge::cents(*amount)).map_or("-".to_owned(), |shares| {
                let text = |(account, share): &(LedgerAccount, Charge)| {
                    format!("{account} {}", domain::money::Scaled::units(*share))
                };
                shares.iter().map(text).collect::<Vec<_>>().join(", ")
            });
            assert_eq!(found, *wanted, "{funds:?} {amount}");
        }
    }
}
