//! Money in, money spent, money given back. A noun has a file; what other features meet is declared here.

mod balances;
mod changes;
mod credit;
mod expiry;
mod funds;
mod pay;
mod refund;
mod settle;
mod settlement;
mod top_up;

use std::sync::Arc;

use domain::id::OrderId;
use domain::ledger::LedgerAccount;
use domain::money::Charge;
use domain::quantity::Quantity;
use platform::db::DbError;
use platform::op::AccountKind;

use crate::Cx;
use crate::identity::service::{Account, find_account};

pub use super::errors::AccountsError;
pub use super::limits::{Kind as LimitKind, NewLimit, Period as LimitPeriod, set as set_limit};
pub use balances::{Balances, Credit, balances};
pub use changes::{ChangeQuery, Record, TRADE_TYPES, changes};
pub use credit::{CreditLine, grant_credit};
pub use expiry::expire_credit;
pub use pay::pay_orders;
pub use refund::refund_orders;
pub use settle::{Settled, payable, settle_due};
pub use settlement::{
    DUE_DAY_DEFAULT, DUE_DAY_MAX, DebtShown, Debts, MonthShown, NewTerms, Settlement, debts, set_settlement,
    settlement,
};
pub use top_up::{Balance, TopUp, top_up};

/// A payment of an order.
#[derive(Debug, Clone)]
pub struct Payment<'a> {
    /// Whose money: the customer, or the enterprise master of a unified accounting member.
    pub payer: &'a str,
    /// Whose order.
    pub customer: &'a str,
    /// The order.
    pub order: &'a str,
    /// What balances pay.
    pub money: Charge,
    /// What coupons and cards of the payer pay, already locked and checked by their feature.
    pub benefits: &'a [(LedgerAccount, Charge)],
    /// List price: what the budget of a reseller model customer is measured at (rule 10.7).
    pub list: Charge,
    /// What balances pay by enterprise project.
    pub projects: &'a [(String, Charge)],
}

/// What only the feature of orders knows, and is told only after balance and freezing were looked at (rule 4.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// CBC.99000089: a sub-order of a combined order, which is to be paid by itself.
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
    Organization(Shortfall),
    /// CBC.99000046: the customer's budget.
    Budget(Shortfall),
    /// CBC.99000046: the payer's expenditure quota of the month.
    ExpenditureQuota(Shortfall),
    /// CBC.99006093: no tax rate is in force for the payer's country.
    TaxRate(String),
    /// CBC.99005003.
    Insufficient,
    /// CBC.99005003: the money of the enterprise master of this name, which pays for its member.
    MasterInsufficient(String),
    /// CBC.99005003: the limit of what may be owed by monthly settlement; what is owed counts as used.
    MonthlyLimit(Shortfall),
    /// CBC.99005003: this much is owed past its due date, and nothing is bought before it is paid (rule 6.5).
    Arrears(Charge),
    /// CBC.7281: the payer is frozen, or the customer it pays for.
    Frozen,
    /// CBC.99000089, as the caller said.
    Late(Late),
    /// CBC.99008040.
    TooManyAttempts(Shortfall),
    /// CBC.99008056.
    DailyTransactions(Shortfall),
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
    /// By how much its own quota is short; `None`: it suffices.
    pub short: Option<Shortfall>,
}

/// What a limit that does not suffice allows, as the wire shows amounts and numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The most that may be used.
    pub limit: String,
    /// What was used of it before.
    pub used: String,
    /// What the payment would use.
    pub needed: String,
    /// How long what was used counts.
    pub period: LimitPeriod,
}

impl From<DbError> for PayError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
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
    /// What goes back to balances: to the fund that paid last first, so that credit is restored before cash. What was
    /// owed and has been repaid meanwhile comes back as cash.
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

/// The association type of customers who buy from a reseller and not from the site.
const RESELLER_MODEL: i64 = 3;

/// Customers of the reseller model hold no money here: their partner is billed (rule 5).
fn is_reseller_customer(account: &Account) -> bool {
    account.association_type == Some(RESELLER_MODEL)
}

fn too_large() -> DbError {
    DbError::Other("the money of an account sums to more than an amount holds".to_owned())
}

/// An account that can hold money: the operator's cannot.
async fn money_account(cx: &mut Cx, id: &str) -> Result<Arc<Account>, AccountsError> {
    let account = find_account(&cx.app, &mut cx.tx, id).await?;
    account.filter(|account| account.kind != AccountKind::Operator).ok_or(AccountsError::NoAccount)
}

fn order_id(text: &str) -> Result<OrderId, DbError> {
    OrderId::parse(text).map_err(|error| DbError::Other(format!("order id {text:?} {error}")))
}
