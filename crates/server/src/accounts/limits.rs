//! What limits the spending of an account besides its balance: budgets, quotas and numbers of payments.
//!
//! ```text
//!  kind               whose              measured by                          period       refusal
//!  project            customer           what balances pay for the project    once, month  CBC.99003155
//!  organization       enterprise member  what balances pay                    month, once  CBC.99003198
//!  budget             reseller customer  list price (rule 10.7)               month, once  CBC.99000046
//!  expenditure_quota  payer              what balances pay                    month        CBC.99000046
//!  attempts           payer              refused payments in the audit trail  day          CBC.99008040
//!  transactions       payer              payments                             day          CBC.99008056
//! ```
//!
//! A limit that is not there does not limit: a payment of an account without limits costs one read. Days and months
//! are those of GMT+8. A limit is checked before the money is taken and counted after it, and its row is locked all
//! the while, so two payments never both fit where one does. A refund lowers what its payment counted, in the cycle
//! in which that was counted.
//!
//! Refused payments roll back, so nothing can count them but the audit trail, which keeps refusals.
//!
//! Locks: the limits of an account by kind and subject, the smaller account id first, and all of them before any
//! ledger account.

mod model;
mod settings;

use domain::calendar::Instant;
use domain::money::{Charge, Scaled};
use platform::db::DbError;
use platform::op::store::count_refused;

use super::service::{PayError, Payment, ProjectShort, Refund, Shortfall};
use super::store::limits::{self as store, Use};
use crate::Cx;

pub use model::{Kind, Limit, Period};
pub use settings::{NewLimit, delete, find_expenditure_quota, list, set};

/// The operation whose refusals are attempts: orders are paid by it (004 8.3.3).
const PAYING: &str = "PayOrders";
/// An enterprise project whose own fund quota does not suffice (004 table 8-22).
const PROJECT_SHORT: i64 = 10;
/// An enterprise project of an order that the organisation's budget does not cover (004 table 8-22).
const ORGANIZATION_SHORT: i64 = 11;

/// Limits that a payment passed, locked until it has been counted.
#[derive(Debug)]
pub(super) struct Passed {
    /// What to count against which.
    counted: Vec<(Limit, i64)>,
    /// The payer's limit of refused payments.
    attempts: Option<Limit>,
    /// The payer's limit of payments.
    transactions: Option<Limit>,
}

/// Locks and checks the limits by amount, in the order of rule 4.11: fund quotas of enterprise projects, the
/// organisation's budget, the customer's budget (reseller model) and expenditure quota.
pub(super) async fn check_amounts(cx: &mut Cx, payment: &Payment<'_>) -> Result<Passed, PayError> {
    let mut accounts = vec![payment.customer, payment.payer];
    accounts.sort_unstable();
    accounts.dedup();
    let mut limits = Vec::new();
    for account in accounts {
        limits.extend(store::lock(&mut cx.tx, account).await?);
    }
    let limits = limits.into_iter().map(|limit| limit.at(cx.now)).collect();
    decide(limits, payment)
}

/// What a payment uses of the limits that are its business.
fn decide(limits: Vec<Limit>, payment: &Payment<'_>) -> Result<Passed, PayError> {
    let mut passed = Passed { counted: Vec::new(), attempts: None, transactions: None };
    for limit in limits {
        let (of_customer, of_payer) = (limit.account == payment.customer, limit.account == payment.payer);
        match limit.kind {
            Kind::Project if of_customer => {
                let spent = spent_in(payment.projects, &limit.subject)?;
                passed.counted.push((limit, spent.units()));
            }
            Kind::Organization if of_customer => passed.counted.push((limit, payment.money.units())),
            Kind::Budget if of_customer => passed.counted.push((limit, payment.list.units())),
            Kind::ExpenditureQuota if of_payer => passed.counted.push((limit, payment.money.units())),
            Kind::Attempts if of_payer => passed.attempts = Some(limit),
            Kind::Transactions if of_payer => passed.transactions = Some(limit),
            // A limit of the other of the two accounts, which this payment is not measured by.
            Kind::Project
            | Kind::Organization
            | Kind::Budget
            | Kind::ExpenditureQuota
            | Kind::Attempts
            | Kind::Transactions => {}
        }
    }
    passed.counted.retain(|(_, more)| *more != 0);
    let short = |kind: Kind| {
        let mut counted = passed.counted.iter();
        let found = counted.find(|(limit, more)| limit.kind == kind && !limit.admits(*more));
        found.map(|(limit, more)| limit.shortfall(*more))
    };
    if short(Kind::Project).is_some() {
        let organization_short = short(Kind::Organization).is_some();
        return Err(PayError::ProjectFunds(short_projects(&passed, payment, organization_short)));
    }
    if let Some(short) = short(Kind::Organization) {
        return Err(PayError::Organization(short));
    }
    if let Some(short) = short(Kind::Budget) {
        return Err(PayError::Budget(short));
    }
    match short(Kind::ExpenditureQuota) {
        Some(short) => Err(PayError::ExpenditureQuota(short)),
        None => Ok(passed),
    }
}

/// What balances pay for an enterprise project.
fn spent_in(projects: &[(String, Charge)], subject: &str) -> Result<Charge, DbError> {
    let amounts = projects.iter().filter(|(project, _)| project == subject).map(|(_, amount)| *amount);
    Charge::sum(amounts).ok_or_else(|| DbError::Other(format!("what project {subject} pays is too large")))
}

/// The projects of an order whose own quota is short; where the organisation's budget is short too, the other
/// projects of the order are told with it.
fn short_projects(passed: &Passed, payment: &Payment<'_>, organization_short: bool) -> Vec<ProjectShort> {
    let mut found: Vec<ProjectShort> = Vec::new();
    for (project, _) in payment.projects {
        let own = passed.counted.iter().find(|(limit, more)| {
            limit.kind == Kind::Project && limit.subject == *project && !limit.admits(*more)
        });
        let short = own.map(|(limit, more)| limit.shortfall(*more));
        let is_told = found.iter().any(|told| told.project == *project);
        if !is_told && (short.is_some() || organization_short) {
            let status = if short.is_some() { PROJECT_SHORT } else { ORGANIZATION_SHORT };
            found.push(ProjectShort { project: project.clone(), status, short });
        }
    }
    found
}

/// Checks the limits by number, which come last: attempts, then transactions of the day.
pub(super) async fn check_numbers(
    cx: &mut Cx,
    payment: &Payment<'_>,
    passed: &Passed,
) -> Result<(), PayError> {
    if let Some(limit) = &passed.attempts {
        let refused = refused_today(cx, payment.payer, limit.amount).await?;
        if refused >= limit.amount {
            let short = limit.shortfall(1);
            return Err(PayError::TooManyAttempts(Shortfall { used: refused.to_string(), ..short }));
        }
    }
    match &passed.transactions {
        Some(limit) if !limit.admits(1) => Err(PayError::DailyTransactions(limit.shortfall(1))),
        _ => Ok(()),
    }
}

/// How many payments of an account were refused today; no more than `most` are counted.
async fn refused_today(cx: &mut Cx, account: &str, most: i64) -> Result<i64, DbError> {
    let since: Instant = cx.now.date().start_of_day();
    count_refused(&mut cx.tx, account, PAYING, since, most).await
}

/// Counts a payment that was made against every limit it passed. A payment that was counted before is not counted
/// again.
pub(super) async fn count(cx: &mut Cx, payment: &Payment<'_>, passed: Passed) -> Result<(), PayError> {
    let uses: Vec<Use> =
        passed.counted.iter().map(|(limit, amount)| Use::of(limit, payment.order, *amount)).collect();
    if !uses.is_empty() && !store::insert_uses(&mut cx.tx, payment.payer, &uses).await? {
        return Ok(());
    }
    let transactions = passed.transactions.map(|limit| (limit, 1));
    for (mut limit, more) in passed.counted.into_iter().chain(transactions) {
        limit.add(more, cx.now);
        store::update_use(&mut cx.tx, &limit).await?;
    }
    Ok(())
}

/// Lowers what the payment of a refunded order counted: budgets by list price, quotas by money, each by no more than
/// was counted. It locks limits, so it comes before any ledger account is locked.
pub(super) async fn take_back(cx: &mut Cx, back: &Refund<'_>) -> Result<(), DbError> {
    let mut uses = store::lock_uses(&mut cx.tx, back.payer, back.base_order).await?;
    let mut accounts: Vec<String> = uses.iter().map(|of| of.limit_account.clone()).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut limits = Vec::new();
    for account in &accounts {
        limits.extend(store::lock(&mut cx.tx, account).await?);
    }
    for of in &mut uses {
        let amount = match of.kind {
            Kind::Budget => back.list,
            Kind::Organization | Kind::ExpenditureQuota => back.money,
            Kind::Project => spent_in(back.projects, &of.subject)?,
            // Numbers are not kept as uses: what was tried stays tried.
            Kind::Attempts | Kind::Transactions => Charge::ZERO,
        };
        let amount = amount.units().min(of.left);
        if amount <= 0 {
            continue;
        }
        of.left -= amount;
        store::update_left(&mut cx.tx, back.payer, back.base_order, of).await?;
        // A limit that was deleted since has another successor, or none.
        if let Some(limit) = limits.iter_mut().find(|limit| limit.id == of.limit_id) {
            limit.give_back(&of.cycle, amount, cx.now);
            store::update_use(&mut cx.tx, limit).await?;
        }
    }
    Ok(())
}
