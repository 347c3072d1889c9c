//! Which funds pay, and what is owed for it.
//!
//! ```text
//! reseller model    partner_due:month                       its partner is billed; a budget limits it
//! monthly terms     settlement:month                        due on a day of the next month; limit_amount bounds it
//! everybody else    cash ─▶ bonus ─▶ credit by expiry       each as far as it goes
//! ```

use domain::calendar::{BillCycle, Date, Instant};
use domain::funds::{Fund, draw, order_of_funds};
use domain::id::{DomainId, hex32};
use domain::ledger::{AccountKind, LedgerAccount};
use domain::money::{Charge, Currency};
use platform::db::DbError;

use super::{LimitPeriod, Payment, Shortfall, is_reseller_customer, too_large};
use crate::Cx;
use crate::accounts::store;
use crate::accounts::store::debts::{self, NewDebt};
use crate::identity::service::Account;
use crate::ledger::service::{self as ledger, Held};

/// The floor of an account that is only owed: what bounds it is a limit of its owner's, and this is far below any
/// (a hundred times what may come in at once), so that no sum overflows.
pub(super) const OWED_FLOOR: Charge = Charge::cents(-10_000_000_000_000);

/// What a payment takes.
#[derive(Debug)]
pub(super) struct Chosen {
    /// The accounts, locked: benefits and funds.
    pub held: Vec<Held>,
    /// What each fund gives, in the order in which they were taken.
    pub funds: Vec<(LedgerAccount, Charge)>,
    /// A month's account that does not exist yet.
    pub missing: Option<LedgerAccount>,
    /// When what is taken from monthly settlement is due.
    pub due_at: Option<Instant>,
}

/// Which funds pay.
#[derive(Debug)]
pub(super) enum Choice {
    /// These.
    Chosen(Chosen),
    /// They do not suffice.
    Insufficient,
    /// The limit of what may be owed by monthly settlement does not suffice.
    OverLimit(Shortfall),
    /// None, while this much is overdue.
    Arrears(Charge),
}

/// Decides which funds pay what all payments need together, and locks them with the benefits.
pub(super) async fn choose(
    cx: &mut Cx,
    payer: &Account,
    payments: &[Payment<'_>],
) -> Result<Choice, DbError> {
    let owner = ledger::owner_id(&payer.id)?;
    let standing = debts::standing(&mut cx.tx, &payer.id, cx.now).await?;
    if standing.overdue.is_positive() {
        return Ok(Choice::Arrears(standing.overdue));
    }
    let benefits = payments.iter().flat_map(|payment| payment.benefits);
    let benefits: Vec<_> = benefits.map(|(account, _)| account.clone()).collect();
    let money = Charge::sum(payments.iter().map(|payment| payment.money)).ok_or_else(too_large)?;
    if money.is_zero() {
        let held = ledger::lock(&mut cx.tx, &benefits).await?;
        return Ok(Choice::Chosen(Chosen { held, funds: Vec::new(), missing: None, due_at: None }));
    }
    let month = BillCycle::of(cx.now.date());
    if standing.is_monthly {
        return by_settlement(cx, &owner, money, &benefits, month).await;
    }
    if is_reseller_customer(payer) {
        let due = LedgerAccount::piece_of(&owner, AccountKind::PartnerDue, &month.to_compact());
        return by_month(cx, due, money, &benefits, None).await.map(Choice::Chosen);
    }
    by_balances(cx, (&owner, payer.currency), money, benefits).await
}

/// The month's account alone, whether it exists or not.
async fn by_month(
    cx: &mut Cx,
    account: LedgerAccount,
    amount: Charge,
    benefits: &[LedgerAccount],
    due_at: Option<Instant>,
) -> Result<Chosen, DbError> {
    let accounts: Vec<_> = benefits.iter().chain([&account]).cloned().collect();
    let held = ledger::lock(&mut cx.tx, &accounts).await?;
    let is_there = held.iter().any(|held| held.account == account);
    let missing = (!is_there).then(|| account.clone());
    Ok(Chosen { held, funds: vec![(account, amount)], missing, due_at })
}

/// The month's debt, as far as the limit of all open months allows. The terms are locked first, so that two payments
/// of two months do not both use the same rest of the limit.
async fn by_settlement(
    cx: &mut Cx,
    owner: &DomainId,
    amount: Charge,
    benefits: &[LedgerAccount],
    month: BillCycle,
) -> Result<Choice, DbError> {
    let terms = debts::lock_terms(&mut cx.tx, owner.as_str()).await?;
    let Some(terms) = terms else {
        return Err(DbError::Other(format!("the settlement terms of {owner} are gone")));
    };
    let due_at = due_at(month, terms.due_day)?;
    let account = LedgerAccount::piece_of(owner, AccountKind::Settlement, &month.to_compact());
    let chosen = by_month(cx, account, amount, benefits, Some(due_at)).await?;
    if let Some(limit) = terms.limit {
        let months = ledger::balances(&mut cx.tx, owner.as_str(), AccountKind::Settlement).await?;
        let owed = Charge::sum(months.iter().map(|(_, balance)| *balance))
            .and_then(Charge::checked_neg)
            .ok_or_else(too_large)?;
        if owed.checked_add(amount).ok_or_else(too_large)? > limit {
            let (limit, used, needed) = (limit.to_string(), owed.to_string(), amount.to_string());
            return Ok(Choice::OverLimit(Shortfall { limit, used, needed, period: LimitPeriod::Once }));
        }
    }
    Ok(Choice::Chosen(chosen))
}

/// The end of a day of the month after a month (GMT+8).
fn due_at(month: BillCycle, due_day: i8) -> Result<Instant, DbError> {
    let bad = |error| DbError::Other(format!("a debt of {month} is due on day {due_day}: {error}"));
    let next = month.first_day().plus_months_sticky(1).map_err(bad)?;
    Ok(Date::new(next.year(), next.month(), due_day).map_err(bad)?.end_of_day())
}

/// Cash, then bonus, then credit lines by their expiry ([`domain::funds`]); all but cash is looked at, and locked, only
/// where cash does not suffice.
async fn by_balances(
    cx: &mut Cx,
    (owner, currency): (&DomainId, Currency),
    amount: Charge,
    mut first: Vec<LedgerAccount>,
) -> Result<Choice, DbError> {
    let cash = LedgerAccount::cash(owner);
    first.push(cash.clone());
    let mut held = ledger::lock(&mut cx.tx, &first).await?;
    if held.iter().all(|held| held.account != cash) {
        // The first top-up of all may be under way. Cash that is not there cannot be locked, and without that lock a debt
        // would stand beside the money that should have paid it.
        ledger::ensure_account(&mut cx.tx, &cash, currency, Charge::ZERO, cx.now).await?;
        held.extend(ledger::lock(&mut cx.tx, std::slice::from_ref(&cash)).await?);
    }
    let mut funds: Vec<Fund> =
        held.iter().filter(|held| held.account == cash).map(|held| fund(held, None)).collect();
    if funds.iter().all(|fund| fund.available < amount) {
        let lines = store::list_lines(&mut cx.tx, owner.as_str()).await?;
        let usable = lines.iter().filter(|line| line.is_usable(cx.now));
        let credit: Vec<_> =
            usable.map(|line| (LedgerAccount::credit(owner, &line.id), line.expires_at)).collect();
        let mut others: Vec<_> = credit.iter().map(|(account, _)| account.clone()).collect();
        others.push(LedgerAccount::single(owner, AccountKind::Bonus));
        let others = ledger::lock(&mut cx.tx, &others).await?;
        let expiry = |held: &Held| credit.iter().find(|(account, _)| *account == held.account)?.1;
        funds.extend(others.iter().map(|held| fund(held, expiry(held))));
        held.extend(others);
    }
    let paying = order_of_funds(&funds, cx.now);
    let available: Vec<Charge> = paying.iter().map(|fund| fund.available).collect();
    let Some(drawn) = draw(amount, &available) else { return Ok(Choice::Insufficient) };
    let funds = paying.iter().zip(drawn).filter(|(_, drawn)| drawn.is_positive());
    let funds = funds.map(|(fund, drawn)| (fund.account.clone(), drawn)).collect();
    Ok(Choice::Chosen(Chosen { held, funds, missing: None, due_at: None }))
}

fn fund(held: &Held, expires_at: Option<Instant>) -> Fund {
    let available = held.balance.checked_sub(held.floor).unwrap_or(Charge::ZERO);
    Fund { account: held.account.clone(), available, expires_at }
}

/// What each payment takes of what funds give, both in their order.
pub(super) fn share(
    funds: &[(LedgerAccount, Charge)],
    payments: &[Payment<'_>],
) -> Result<Vec<Vec<(LedgerAccount, Charge)>>, DbError> {
    let mut left: Vec<Charge> = funds.iter().map(|(_, amount)| *amount).collect();
    let mut shares = Vec::with_capacity(payments.len());
    for payment in payments {
        let drawn = draw(payment.money, &left).ok_or_else(too_large)?;
        for (left, drawn) in left.iter_mut().zip(&drawn) {
            *left = left.checked_sub(*drawn).ok_or_else(too_large)?;
        }
        let share = funds.iter().zip(drawn).filter(|(_, drawn)| drawn.is_positive());
        shares.push(share.map(|((account, _), drawn)| (account.clone(), drawn)).collect());
    }
    Ok(shares)
}

/// What a payment took from credit or monthly settlement is owed.
pub(super) async fn note_debts(
    cx: &mut Cx,
    payment: &Payment<'_>,
    funds: &[(LedgerAccount, Charge)],
    due_at: Option<Instant>,
) -> Result<(), DbError> {
    for (fund, amount) in funds {
        if !is_owed(fund.kind()) {
            continue;
        }
        let id = hex32(cx.ids.as_mut());
        let debt = NewDebt {
            account: payment.payer,
            id: &id,
            fund: &fund.id(),
            order: payment.order,
            amount: *amount,
            at: cx.now,
            due_at,
        };
        debts::insert(&mut cx.tx, debt).await?;
    }
    Ok(())
}

/// What is taken from an account of this kind is owed by its owner. A reseller model customer's partner owes, and is
/// billed elsewhere.
pub(super) fn is_owed(kind: AccountKind) -> bool {
    matches!(kind, AccountKind::Credit | AccountKind::Settlement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_due_on_a_day_of_the_next_in_beijing() {
        let month = |text| BillCycle::parse(text).unwrap();
        for (cycle, day, wanted) in [
            ("2026-01", 15, "2026-02-15T15:59:59Z"),
            ("2026-01", 28, "2026-02-28T15:59:59Z"),
            ("2026-12", 1, "2027-01-01T15:59:59Z"),
        ] {
            assert_eq!(due_at(month(cycle), day).unwrap().to_wire(), wanted, "{cycle} {day}");
        }
    }
}
