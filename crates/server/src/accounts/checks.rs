//! What `verify` recomputes of top-ups and credit lines: each is one journal, and each such journal is one of
//! them.

use domain::ledger::{Cause, JournalKind};
use platform::db::{DbError, Tx};

use super::store::{self, Booked, Table};
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
