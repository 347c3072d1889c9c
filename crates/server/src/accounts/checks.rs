//! What `verify` recomputes of top-ups and credit lines: each is one journal, and each such journal is one of
//! them; of debts: they are what is missing on the accounts that they were taken from; and of limits: what was used
//! of each is what payments counted and did not get back.

use domain::id::DomainId;
use domain::ledger::{AccountKind, Cause, JournalKind, LedgerAccount};
use domain::money::Charge;
use platform::db::{DbError, Tx};

use super::store::{self, Booked, Table, debts, limits};
use crate::ledger::service as ledger;
use crate::verify::{Boxed, Check, FINDINGS_MAX, Identity};

/// Money that came in.
pub struct MoneyIn;

/// The check as the application takes it.
pub const MONEY_IN: MoneyIn = MoneyIn;

impl Check for MoneyIn {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            Ok(vec![
                compare(tx, "top_ups.postings", Table::TopUps, JournalKind::TopUp).await?,
                compare(tx, "credit_lines.postings", Table::CreditLines, JournalKind::GrantCredit).await?,
            ])
        })
    }
}

/// Each row has its journal with its amount; where their numbers agree too, no journal lacks a row.
async fn compare(
    tx: &mut Tx,
    name: &'static str,
    table: Table,
    kind: JournalKind,
) -> Result<Identity, DbError> {
    let (rows, granted) = store::sum(tx, table).await?;
    let (journals, posted) = ledger::totals(tx, kind).await?;
    let mut findings = Vec::new();
    if rows != journals {
        findings.push(format!("{rows} rows have {journals} journals"));
    }
    let findings_max = usize::try_from(FINDINGS_MAX).expect("a small limit");
    let page_size = i64::try_from(ledger::CAUSES_AT_ONCE).expect("a small limit");
    let mut page = store::page(tx, table, ("", ""), page_size).await?;
    while let Some(last) = page.last() {
        let after = (last.account.clone(), last.id.clone());
        findings.extend(differing(tx, kind, &page).await?);
        if findings.len() > findings_max {
            break;
        }
        page = store::page(tx, table, (&after.0, &after.1), page_size).await?;
    }
    Ok(Identity::of(name, granted, posted, &findings))
}

async fn differing(tx: &mut Tx, kind: JournalKind, rows: &[Booked]) -> Result<Vec<String>, DbError> {
    // A planted account id may hold what no cause can; it is a finding and not a reason to stop.
    let cause =
        |row: &Booked| (!row.account.contains('/')).then(|| Cause::new(kind.code(), &row.account, &row.id));
    let causes: Vec<Cause> = rows.iter().filter_map(cause).collect();
    let moved = ledger::moved(tx, &causes).await?;
    let mut findings = Vec::new();
    for row in rows {
        let text = cause(row).map(|cause| cause.to_string());
        let found = moved.iter().find(|moved| text.as_ref() == Some(&moved.cause));
        let what = format!("{} {} of {}", kind.code(), row.id, row.account);
        match found {
            None => findings.push(format!("{what} has no journal")),
            Some(moved) if moved.journal != row.journal => {
                findings.push(format!("{what} names journal {} and is {}", row.journal, moved.journal));
            }
            Some(moved) if moved.amount != row.amount => {
                findings.push(format!(
                    "{what} is {} and its journal {} moved {}",
                    row.amount, row.journal, moved.amount
                ));
            }
            Some(_) => {}
        }
    }
    Ok(findings)
}

/// What is owed.
pub struct Owed;

/// The check as the application takes it.
pub const OWED: Owed = Owed;

impl Check for Owed {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let (by_credit, by_settlement) = debts::sum_all(tx).await?;
            let wrong = debts::list_wrong(tx, FINDINGS_MAX).await?;
            let mut credit = Compared { missing: Charge::ZERO, findings: Vec::new() };
            credit_lines(tx, &mut credit).await?;
            let mut settlement = Compared { missing: Charge::ZERO, findings: wrong };
            months(tx, &mut settlement).await?;
            let expired = store::sum_expired(tx).await?.checked_neg().ok_or_else(overflow)?;
            let (_, taken) = ledger::totals(tx, JournalKind::ExpireCredit).await?;
            Ok(vec![
                Identity::of("credit.expired", expired, taken, &[]),
                Identity::of("credit.debts", credit.missing, by_credit, &credit.findings),
                Identity::of("settlement.debts", settlement.missing, by_settlement, &settlement.findings),
            ])
        })
    }
}

/// What is missing on accounts, and where the debts do not say so.
struct Compared {
    missing: Charge,
    findings: Vec<String>,
}

impl Compared {
    /// Compares accounts, each with what is missing on it, with the debts that name them.
    async fn add(&mut self, tx: &mut Tx, missing: &[(LedgerAccount, Charge)]) -> Result<(), DbError> {
        let accounts: Vec<_> = missing.iter().map(|(account, _)| account.clone()).collect();
        let owed = debts::sum_among(tx, &accounts).await?;
        for (account, missing) in missing {
            self.missing = self.missing.checked_add(*missing).ok_or_else(overflow)?;
            let id = account.id();
            let owed = owed.iter().find(|(known, _)| *known == id).map_or(Charge::ZERO, |(_, owed)| *owed);
            if owed != *missing {
                self.findings.push(format!("{id} lacks {missing} and its debts are {owed}"));
            }
        }
        Ok(())
    }
}

fn overflow() -> DbError {
    DbError::Other("the debts overflow".to_owned())
}

/// Credit lines lack what was granted, is not left and was not taken back at their end.
async fn credit_lines(tx: &mut Tx, compared: &mut Compared) -> Result<(), DbError> {
    let page_size = i64::try_from(ledger::CAUSES_AT_ONCE).expect("a small limit");
    let mut after = (String::new(), String::new());
    loop {
        let page = store::page(tx, Table::CreditLines, (&after.0, &after.1), page_size).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.account.clone(), last.id.clone());
        let mut lines = Vec::new();
        for line in page {
            match DomainId::parse(&line.account) {
                Ok(owner) => {
                    let granted = line.amount.checked_sub(line.expired).ok_or_else(overflow)?;
                    lines.push((LedgerAccount::credit(&owner, &line.id), granted));
                }
                Err(_) => compared.findings.push(format!("credit line {} is nobody's", line.id)),
            }
        }
        let ids: Vec<String> = lines.iter().map(|(account, _)| account.id()).collect();
        let balances = ledger::balances_among(tx, &ids).await?;
        let mut missing = Vec::new();
        for ((account, granted), id) in lines.into_iter().zip(&ids) {
            let left = balances.iter().find(|(known, _)| known == id).map_or(Charge::ZERO, |(_, left)| *left);
            missing.push((account, granted.checked_sub(left).ok_or_else(overflow)?));
        }
        compared.add(tx, &missing).await?;
    }
}

/// Months of settlement lack what they are below zero.
async fn months(tx: &mut Tx, compared: &mut Compared) -> Result<(), DbError> {
    let page_size = i64::try_from(ledger::CAUSES_AT_ONCE).expect("a small limit");
    let mut after = String::new();
    loop {
        let page = ledger::of_kind_after(tx, AccountKind::Settlement, &after, page_size).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        let mut missing = Vec::new();
        for (id, balance) in page {
            match LedgerAccount::parse(&id) {
                Some(account) => missing.push((account, balance.checked_neg().ok_or_else(overflow)?)),
                None => compared.findings.push(format!("{id} is no account")),
            }
        }
        compared.add(tx, &missing).await?;
    }
}

/// What limits count as used.
pub struct Used;

/// The check as the application takes it.
pub const LIMITS: Used = Used;

impl Check for Used {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let (used, counted) = limits::sum_used(tx).await?;
            let wrong = limits::list_wrong(tx, FINDINGS_MAX).await?;
            Ok(vec![Identity::of("limits.used", used, counted, &wrong)])
        })
    }
}
