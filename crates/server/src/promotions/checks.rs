//! What `verify` recomputes of coupons and cards: rows, their changes and the ledger say the same.

use domain::id::DomainId;
use domain::ledger::JournalKind;
use domain::money::Charge;
use domain::promotion::{CouponType, ModifierType};
use platform::db::{DbError, Tx};

use super::service::account_of;
use super::store::checks::{self as store, Holding, Sums, Table};
use crate::ledger::service as ledger;
use crate::verify::{Boxed, Check, FINDINGS_MAX, Identity};

/// Coupons and cards.
pub struct Benefits;

/// The check as the application takes it.
pub const BENEFITS: Benefits = Benefits;

/// The names of the identities of one table.
struct Names {
    balances: &'static str,
    face_values: &'static str,
    statuses: &'static str,
}

const COUPONS: Names =
    Names { balances: "coupons.balances", face_values: "coupons.face_values", statuses: "coupons.statuses" };
const CARDS: Names = Names {
    balances: "stored_value_cards.balances",
    face_values: "stored_value_cards.face_values",
    statuses: "stored_value_cards.statuses",
};

impl Check for Benefits {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let coupons = store::sums(tx, Table::Coupons).await?;
            let cards = store::sums(tx, Table::Cards).await?;
            let mut found = recompute(tx, Table::Coupons, &coupons, &COUPONS).await?;
            found.extend(recompute(tx, Table::Cards, &cards, &CARDS).await?);
            found.push(issued(tx, &coupons, &cards).await?);
            Ok(found)
        })
    }
}

/// Every coupon and card that holds money was issued by one journal.
async fn issued(tx: &mut Tx, coupons: &Sums, cards: &Sums) -> Result<Identity, DbError> {
    let (journals, posted) = ledger::totals(tx, JournalKind::IssueBenefit).await?;
    let rows = coupons.with_money + cards.with_money;
    let findings = match rows == journals {
        true => Vec::new(),
        false => vec![format!("{rows} coupons and cards have {journals} journals")],
    };
    let worth = plus(coupons.face_values, cards.face_values)?;
    Ok(Identity::of("coupons.postings", worth, posted, &findings))
}

async fn recompute(tx: &mut Tx, table: Table, sums: &Sums, names: &Names) -> Result<Vec<Identity>, DbError> {
    let (held, unlike_ledger) = compare_with_ledger(tx, table).await?;
    let unlike_changes = store::list_unlike_changes(tx, table, FINDINGS_MAX).await?;
    let wrong = store::list_of_wrong_status(tx, table, FINDINGS_MAX).await?;
    let limited = i64::try_from(wrong.len()).expect("the list has a limit");
    let accounted = plus(sums.balances, sums.gone)?;
    Ok(vec![
        Identity::of(names.balances, sums.balances, held, &unlike_ledger),
        Identity::of(names.face_values, sums.face_values, accounted, &unlike_changes),
        Identity::of(names.statuses, sums.count, sums.count - limited, &wrong),
    ])
}

fn plus(one: Charge, other: Charge) -> Result<Charge, DbError> {
    let sum = one.checked_add(other);
    sum.ok_or_else(|| DbError::Other("coupons and cards sum to more than an amount holds".to_owned()))
}

/// What the ledger holds for the rows of a table, and the rows that say something else.
async fn compare_with_ledger(tx: &mut Tx, table: Table) -> Result<(Charge, Vec<String>), DbError> {
    let page_size = i64::try_from(ledger::CAUSES_AT_ONCE).expect("a small limit");
    let (mut held, mut findings) = (Charge::ZERO, Vec::new());
    let mut page = store::page(tx, table, ("", ""), page_size).await?;
    while let Some(last) = page.last() {
        let after = (last.account.clone(), last.id.clone());
        let ids: Vec<String> = page.iter().filter_map(ledger_id).collect();
        let balances = ledger::balances_among(tx, &ids).await?;
        for holding in &page {
            let Some(id) = ledger_id(holding) else {
                // A discount coupon holds no money; what else has no account is named by `coupons.statuses`.
                continue;
            };
            let found = balances.iter().find(|(known, _)| *known == id).map(|(_, balance)| *balance);
            held = plus(held, found.unwrap_or(Charge::ZERO))?;
            match found {
                Some(balance) if balance == holding.balance => {}
                Some(balance) => findings.push(format!(
                    "{} says {} and its ledger account holds {balance}",
                    holding.id, holding.balance
                )),
                None => findings.push(format!("{} has no ledger account", holding.id)),
            }
        }
        page = store::page(tx, table, (&after.0, &after.1), page_size).await?;
    }
    Ok((held, findings))
}

fn ledger_id(holding: &Holding) -> Option<String> {
    let owner = DomainId::parse(&holding.account).ok()?;
    let kind = match holding.coupon_type {
        0 => ModifierType::StoredValueCard,
        code => CouponType::from_code(code)?.modifier(),
    };
    Some(account_of(&owner, kind, &holding.id)?.id())
}
