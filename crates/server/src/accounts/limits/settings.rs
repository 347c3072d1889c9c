//! Setting, listing and deleting limits, and the expenditure quota as its customer sees it.

use std::sync::Arc;

use domain::id::hex32;
use domain::money::{Charge, Currency, Exact, Overflow, Shown};
use platform::db::DbError;
use platform::op::{AccountKind, Refusal};

use super::model::{Kind, Limit, Period};
use crate::Cx;
use crate::accounts::errors::AccountsError;
use crate::accounts::store::limits::{self as store, LIMITS_MAX};
use crate::identity::service::{Account, find_account};

/// The association type of customers who buy from a reseller and not from the site.
const RESELLER_MODEL: i64 = 3;
/// Members of an enterprise whose master pays for them.
const UNIFIED: &str = "unified";
/// Decimals of a percentage (rule 5).
const PERCENTAGE_DECIMALS: u32 = 2;

/// A limit to be set.
#[derive(Debug, Clone)]
pub struct NewLimit<'a> {
    /// Whose.
    pub account: &'a str,
    /// What it limits.
    pub kind: Kind,
    /// The enterprise project; for kind project, and for no other.
    pub subject: Option<&'a str>,
    /// The most that may be used: cents, or a number where the kind is one; not below zero.
    pub amount: i64,
    /// How long what was used counts; `None`: what is usual for the kind.
    pub period: Option<Period>,
}

/// Sets a limit: a new one, or another amount and period of the one that is there, of which what was used stays used
/// (rule 10.7).
///
/// # Errors
/// [`AccountsError::NoAccount`]; a refusal where such an account cannot have such a limit.
pub async fn set(cx: &mut Cx, new: &NewLimit<'_>) -> Result<(Arc<Account>, Limit), AccountsError> {
    let account = find(cx, new.account).await?;
    check_kind(&account, new.kind)?;
    let subject = subject(new.kind, new.subject)?;
    let period = period(new.kind, new.period)?;
    let found = store::lock_one(&mut cx.tx, &account.id, new.kind, subject).await?;
    if let Some(limit) = found {
        let mut limit = limit.at(cx.now);
        limit.set(new.amount, period);
        limit.updated_at = cx.now;
        store::set(&mut cx.tx, &limit).await?;
        return Ok((account, limit));
    }
    if store::count(&mut cx.tx, &account.id).await? >= LIMITS_MAX {
        return Err(Refusal::because(
            "domain_id",
            format!("names an account that has {LIMITS_MAX} limits, the most allowed; delete one first"),
            format!("对应的账号已有 {LIMITS_MAX} 个限额，达到上限，请先删除一个"),
        )
        .into());
    }
    let cycle = period.cycle(cx.now);
    let limit = Limit {
        account: account.id.clone(),
        kind: new.kind,
        subject: subject.to_owned(),
        id: hex32(cx.ids.as_mut()),
        amount: new.amount,
        period,
        counts_from: if period == Period::Once { cycle.clone() } else { String::new() },
        cycle,
        used: 0,
        used_before: 0,
        updated_at: cx.now,
    };
    store::insert(&mut cx.tx, &limit).await?;
    Ok((account, limit))
}

/// The limits of an account as they are now, by kind and subject. What was used of the attempts is what the audit
/// trail says.
///
/// # Errors
/// [`AccountsError::NoAccount`].
pub async fn list(cx: &mut Cx, account: &str) -> Result<Vec<Limit>, AccountsError> {
    let account = find(cx, account).await?;
    let mut limits = Vec::new();
    for limit in store::list(&mut cx.tx, &account.id).await? {
        let mut limit = limit.at(cx.now);
        if limit.kind == Kind::Attempts {
            limit.used = super::refused_today(cx, &account.id, limit.amount).await?;
        }
        limits.push(limit);
    }
    Ok(limits)
}

/// Deletes a limit, which then no longer limits. What it had counted is forgotten.
///
/// # Errors
/// [`AccountsError::NoAccount`]; a refusal where there is no such limit.
pub async fn delete(
    cx: &mut Cx,
    account: &str,
    kind: Kind,
    named: Option<&str>,
) -> Result<Arc<Account>, AccountsError> {
    let account = find(cx, account).await?;
    let subject = subject(kind, named)?;
    if store::delete(&mut cx.tx, &account.id, kind, subject).await? {
        return Ok(account);
    }
    let field = if named.is_some() { "subject" } else { "kind" };
    Err(Refusal::because(
        field,
        "names no limit that is set on this account; list its limits",
        "该账号未设置此限额，请查询其限额列表",
    )
    .into())
}

/// An account that may have limits: any but the operator's.
async fn find(cx: &mut Cx, id: &str) -> Result<Arc<Account>, AccountsError> {
    let account = find_account(&cx.app, &mut cx.tx, id).await?;
    account.filter(|account| account.kind != AccountKind::Operator).ok_or(AccountsError::NoAccount)
}

/// Only limits that a payment of this account would meet can be set on it.
fn check_kind(account: &Account, kind: Kind) -> Result<(), Refusal> {
    let is_customer = account.kind == AccountKind::Customer;
    let refuse = |en: &str, zh: &str| Err(Refusal::because("kind", en, zh));
    match kind {
        _ if !is_customer => refuse("can be set on customers only", "仅可对客户账号设置"),
        Kind::Budget if account.association_type != Some(RESELLER_MODEL) => {
            refuse("budget is for customers of the reseller model only", "budget 仅适用于转售模式的客户")
        }
        Kind::Organization if account.master_id.is_none() => {
            refuse("organization is for members of an enterprise only", "organization 仅适用于企业成员账号")
        }
        Kind::ExpenditureQuota | Kind::Attempts | Kind::Transactions
            if account.accounting.as_deref() == Some(UNIFIED) =>
        {
            refuse(
                "is for accounts that pay for themselves; set it on the enterprise master of this one",
                "仅适用于自行付款的账号，请对该账号的企业主账号设置",
            )
        }
        Kind::Project
        | Kind::Organization
        | Kind::Budget
        | Kind::ExpenditureQuota
        | Kind::Attempts
        | Kind::Transactions => Ok(()),
    }
}

/// The enterprise project of kind project; nothing for the others.
fn subject(kind: Kind, named: Option<&str>) -> Result<&str, Refusal> {
    match (kind, named) {
        (Kind::Project, Some(subject)) => Ok(subject),
        (Kind::Project, None) => Err(Refusal::because(
            "subject",
            "is required for kind project: the id of the enterprise project",
            "在 kind 为 project 时必填：企业项目 ID",
        )),
        (_, Some(_)) => {
            Err(Refusal::because("subject", "is for kind project only", "仅适用于 kind 为 project 的限额"))
        }
        (_, None) => Ok(""),
    }
}

fn period(kind: Kind, named: Option<Period>) -> Result<Period, Refusal> {
    let periods = kind.periods();
    let period = named.unwrap_or(periods[0]);
    if periods.contains(&period) {
        return Ok(period);
    }
    let names = periods.iter().map(|period| period.name()).collect::<Vec<_>>().join(", ");
    Err(Refusal::because(
        "period",
        format!("must be one of {names} for kind {}", kind.name()),
        format!("在 kind 为 {} 时必须为 {names} 之一", kind.name()),
    ))
}

/// The expenditure quota of a customer: how much it may spend in the present month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpenditureQuota {
    /// What it may spend.
    pub granted: Charge,
    /// What it has spent.
    pub used: Charge,
    /// How much of the quota that is, from 0 to 100, cut to two decimals: 100 means that nothing is left.
    pub percentage: Shown,
}

/// The expenditure quota of a customer, if one was set, and the currency of its amounts.
///
/// # Errors
/// [`AccountsError::NoAccount`].
pub async fn find_expenditure_quota(
    cx: &mut Cx,
    account: &str,
) -> Result<(Currency, Option<ExpenditureQuota>), AccountsError> {
    let account = find(cx, account).await?;
    let limit = store::find(&mut cx.tx, &account.id, Kind::ExpenditureQuota, "").await?;
    let Some(limit) = limit.map(|limit| limit.at(cx.now)) else { return Ok((account.currency, None)) };
    let percentage = percentage(limit.used, limit.amount)
        .map_err(|error| DbError::Other(format!("the expenditure quota of {}: {error}", account.id)))?;
    let quota = ExpenditureQuota {
        granted: Charge::cents(limit.amount),
        used: Charge::cents(limit.used),
        percentage,
    };
    Ok((account.currency, Some(quota)))
}

/// How many per cent of `granted` were used. What was used may exceed a quota that was lowered since.
fn percentage(used: i64, granted: i64) -> Result<Shown, Overflow> {
    if used >= granted {
        return Exact::from_charge(Charge::cents(100)).times_int(100)?.show(PERCENTAGE_DECIMALS);
    }
    Exact::from_charge(Charge::cents(used)).times_int(100 * 100)?.div_int(granted)?.show(PERCENTAGE_DECIMALS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_has_two_decimals_and_is_100_only_where_nothing_is_left() {
        for (used, granted, wanted) in [
            (0, 100, "0"),
            (1, 3, "33.33"),
            (2, 3, "66.66"),
            (99_999, 100_000, "99.99"),
            (100_000, 100_000, "100"),
            (150, 100, "100"),
            (0, 0, "100"),
        ] {
            assert_eq!(percentage(used, granted).unwrap().to_string(), wanted, "{used} of {granted}");
        }
    }
}
