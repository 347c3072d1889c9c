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

use std::collections::{BTreeMap, BTreeSet};

use domain::calendar::Instant;
use domain::money::{Charge, Scaled};
use platform::db::DbError;
use platform::op::store::count_refused;

use super::service::{PayError, Payment, ProjectShort, Shortfall};
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

/// A limit, and what each of some payments uses of it.
#[derive(Debug)]
struct Counted {
    limit: Limit,
    uses: Vec<i64>,
}

impl Counted {
    /// By how much the limit does not admit all of them together, `None` where it does; what is too large to be summed
    /// is not admitted.
    fn short(&self) -> Option<Shortfall> {
        let more = self.uses.iter().fold(0, |sum: i64, more| sum.saturating_add(*more));
        (!self.limit.admits(more)).then(|| self.limit.shortfall(more))
    }
}

/// Limits that payments passed together, locked until they have been counted.
#[derive(Debug)]
pub(super) struct Passed {
    /// What to count against which.
    counted: Vec<Counted>,
    /// The payer's limit of refused payments.
    attempts: Option<Limit>,
    /// The payer's limit of payments.
    transactions: Option<Limit>,
}

/// Locks and checks the limits by amount, in the order of rule 4.11: fund quotas of enterprise projects, the
/// organisation's budget, the customer's budget (reseller model) and expenditure quota. The payments are of one customer
/// by one payer.
pub(super) async fn check_amounts(cx: &mut Cx, payments: &[Payment<'_>]) -> Result<Passed, PayError> {
    let mut accounts: Vec<&str> =
        payments.iter().flat_map(|payment| [payment.customer, payment.payer]).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut limits = Vec::new();
    for account in accounts {
        limits.extend(store::lock(&mut cx.tx, account).await?);
    }
    let limits = limits.into_iter().map(|limit| limit.at(cx.now)).collect();
    decide(limits, payments)
}

/// What payments use of the limits that are their business.
fn decide(limits: Vec<Limit>, payments: &[Payment<'_>]) -> Result<Passed, PayError> {
    let mut passed = Passed { counted: Vec::new(), attempts: None, transactions: None };
    for limit in limits {
        let of_customer = payments.iter().any(|payment| limit.account == payment.customer);
        let of_payer = payments.iter().any(|payment| limit.account == payment.payer);
        let uses = match limit.kind {
            Kind::Project if of_customer => used(payments, |one| spent_in(one.projects, &limit.subject))?,
            Kind::Organization if of_customer => used(payments, |one| Ok(one.money))?,
            Kind::Budget if of_customer => used(payments, |one| Ok(one.list))?,
            Kind::ExpenditureQuota if of_payer => used(payments, |one| Ok(one.money))?,
            Kind::Attempts if of_payer => {
                passed.attempts = Some(limit);
                continue;
            }
            Kind::Transactions if of_payer => {
                passed.transactions = Some(limit);
                continue;
            }
            // A limit of the other of the two accounts, which these payments are not measured by.
            Kind::Project
            | Kind::Organization
            | Kind::Budget
            | Kind::ExpenditureQuota
            | Kind::Attempts
            | Kind::Transactions => continue,
        };
        passed.counted.push(Counted { limit, uses });
    }
    passed.counted.retain(|counted| counted.uses.iter().any(|more| *more != 0));
    let short = |kind: Kind| {
        let of_kind = passed.counted.iter().filter(|counted| counted.limit.kind == kind);
        of_kind.filter_map(Counted::short).next()
    };
    if short(Kind::Project).is_some() {
        let organization_short = short(Kind::Organization).is_some();
        return Err(PayError::ProjectFunds(short_projects(&passed, payments, organization_short)));
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

/// What each payment uses of a limit, in cents.
fn used(
    payments: &[Payment<'_>],
    of: impl Fn(&Payment<'_>) -> Result<Charge, DbError>,
) -> Result<Vec<i64>, DbError> {
    payments.iter().map(|payment| Ok(of(payment)?.units())).collect()
}

/// What balances pay for an enterprise project.
fn spent_in(projects: &[(String, Charge)], subject: &str) -> Result<Charge, DbError> {
    let amounts = projects.iter().filter(|(project, _)| project == subject).map(|(_, amount)| *amount);
    Charge::sum(amounts).ok_or_else(|| DbError::Other(format!("what project {subject} pays is too large")))
}

/// The projects of orders whose own quota is short; where the organisation's budget is short too, the other projects
/// of the orders are told with it.
fn short_projects(passed: &Passed, payments: &[Payment<'_>], organization_short: bool) -> Vec<ProjectShort> {
    let mut found: Vec<ProjectShort> = Vec::new();
    for (project, _) in payments.iter().flat_map(|payment| payment.projects) {
        let own = passed
            .counted
            .iter()
            .find(|counted| counted.limit.kind == Kind::Project && counted.limit.subject == *project);
        let short = own.and_then(Counted::short);
        let is_told = found.iter().any(|told| told.project == *project);
        if !is_told && (short.is_some() || organization_short) {
            let status = if short.is_some() { PROJECT_SHORT } else { ORGANIZATION_SHORT };
            found.push(ProjectShort { project: project.clone(), status, short });
        }
    }
    found
}

/// Checks the limits by number, which come last: attempts, then transactions of the day.
pub(super) async fn check_numbers(cx: &mut Cx, payer: &str, passed: &Passed) -> Result<(), PayError> {
    if let Some(limit) = &passed.attempts {
        let refused = refused_today(cx, payer, limit.amount).await?;
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

/// Counts payments that were made against every limit they passed, and as one payment of the day. Those that are not
/// new were counted before.
pub(super) async fn count(
    cx: &mut Cx,
    payments: &[Payment<'_>],
    passed: Passed,
    are_new: &[bool],
) -> Result<(), PayError> {
    let Passed { counted, transactions, .. } = passed;
    let mut uses: Vec<Use> = Vec::new();
    let mut more_of: Vec<(Limit, i64)> = transactions.map(|limit| (limit, 1)).into_iter().collect();
    for Counted { limit, uses: amounts } in counted {
        let mut sum: i64 = 0;
        for ((payment, is_new), more) in payments.iter().zip(are_new).zip(amounts) {
            if *is_new && more != 0 {
                uses.push(Use::of(&limit, payment.order, more));
                sum = sum.saturating_add(more);
            }
        }
        more_of.push((limit, sum));
    }
    let payer = payments.first().map_or("", |payment| payment.payer);
    let is_repeated = !uses.is_empty() && !store::insert_uses(&mut cx.tx, payer, &uses).await?;
    if is_repeated || !are_new.contains(&true) {
        return Ok(());
    }
    for (mut limit, more) in more_of {
        limit.add(more, cx.now);
        store::update_use(&mut cx.tx, &limit).await?;
    }
    Ok(())
}

/// What goes back of a payment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Back<'a> {
    /// Who paid.
    pub payer: &'a str,
    /// The order that was paid.
    pub base_order: &'a str,
    /// List price.
    pub list: Charge,
    /// What balances paid.
    pub money: Charge,
    /// The same by enterprise project.
    pub projects: &'a [(String, Charge)],
}

/// Lowers what the payments of refunded orders counted: budgets by list price, quotas by money, each by no more than
/// was counted. It locks limits, so it comes before any ledger account is locked.
pub(super) async fn take_back(cx: &mut Cx, backs: &[Back<'_>]) -> Result<(), DbError> {
    // Of a payment that several refund orders give back the uses are read once, and lowered one after the other.
    let mut counted: BTreeMap<(&str, &str), Vec<Use>> = BTreeMap::new();
    for Back { payer, base_order, .. } in backs {
        counted.insert((payer, base_order), Vec::new());
    }
    for ((payer, base_order), uses) in &mut counted {
        *uses = store::lock_uses(&mut cx.tx, payer, base_order).await?;
    }
    let uses = counted.values().flatten();
    let accounts: BTreeSet<String> = uses.map(|of| of.limit_account.clone()).collect();
    let mut limits = Vec::new();
    for account in &accounts {
        limits.extend(store::lock(&mut cx.tx, account).await?);
    }
    for back in backs {
        let uses = counted.get_mut(&(back.payer, back.base_order)).expect("read above");
        lower(cx, back, uses, &mut limits).await?;
    }
    Ok(())
}

/// Lowers what one payment counted against limits that are locked.
async fn lower(cx: &mut Cx, back: &Back<'_>, uses: &mut [Use], limits: &mut [Limit]) -> Result<(), DbError> {
    for of in uses {
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
