//! Orders are paid.

use domain::id::OrderId;
use domain::ledger::{Cause, Journal, JournalKind, LedgerAccount, Spending};
use platform::db::DbError;

use super::funds::{self, Choice, Chosen};
use super::{Late, Paid, PayError, Payment, order_id};
use crate::Cx;
use crate::accounts::errors::defect;
use crate::accounts::{limits, taxes};
use crate::identity::service::{Account, find_account, standing};
use crate::ledger::service::{self as ledger, Entry, PostError};

/// Pays orders that are paid together, of one customer by one payer: one, or all sub-orders of a combined order.
/// Benefits pay first, then the payer's funds (rules 4.1, 4.2), after every check of rule 4.11 that is not the orders'
/// own; each check looks at all of them, and they count as one payment. `late` is what the caller knows to be in the
/// way and comes late in that order. Answers for each payment.
///
/// A payment of nothing by nobody posts nothing. The cause of a journal is its order, so an order is charged once: a
/// second payment of it succeeds and takes nothing.
///
/// # Errors
/// [`PayError`]; where it comes from a check, nothing was changed.
///
/// # Panics
/// Without a payment.
pub async fn pay_orders(
    cx: &mut Cx,
    payments: &[Payment<'_>],
    late: Option<Late>,
) -> Result<Vec<Paid>, PayError> {
    let first = payments.first().expect("at least one order is paid");
    let Some(payer) = find_account(&cx.app, &mut cx.tx, first.payer).await? else {
        return Err(DbError::Other(format!("the payer {} is no account", first.payer)).into());
    };
    let standing = standing(&mut cx.tx, first.payer, first.customer).await?;
    let orders =
        payments.iter().map(|payment| order_id(payment.order)).collect::<Result<Vec<_>, DbError>>()?;
    let passed = limits::check_amounts(cx, payments).await?;
    let rate = taxes::in_force(cx, standing.country.as_deref()).await?;
    let contained = |payment: &Payment<'_>| taxes::contained(payment.money, rate);
    let paid = payments.iter().map(contained).collect::<Result<Vec<_>, DbError>>()?;
    let chosen = match funds::choose(cx, &payer, payments).await? {
        Choice::Chosen(chosen) => chosen,
        // What was paid once needs no money to be paid again.
        Choice::Insufficient | Choice::Arrears(_) | Choice::OverLimit(_)
            if were_paid(cx, &orders).await? =>
        {
            return Ok(paid);
        }
        Choice::Insufficient => return Err(insufficient(first, &payer)),
        Choice::OverLimit(short) => return Err(PayError::MonthlyLimit(short)),
        Choice::Arrears(overdue) => return Err(PayError::Arrears(overdue)),
    };
    if standing.is_frozen {
        return Err(PayError::Frozen);
    }
    if let Some(late) = late {
        return Err(PayError::Late(late));
    }
    limits::check_numbers(cx, first.payer, &passed).await?;
    let are_new = take(cx, payments, &payer, &orders, chosen, &paid).await?;
    limits::count(cx, payments, passed, &are_new).await?;
    Ok(paid)
}

/// Whose money does not suffice: a member cannot mend it.
fn insufficient(payment: &Payment<'_>, payer: &Account) -> PayError {
    if payment.payer == payment.customer {
        PayError::Insufficient
    } else {
        PayError::MasterInsufficient(payer.name.clone())
    }
}

async fn were_paid(cx: &mut Cx, orders: &[OrderId]) -> Result<bool, DbError> {
    for order in orders {
        let cause = Cause::new(JournalKind::PayOrder.code(), order.as_str(), "");
        if ledger::find_journal(&mut cx.tx, &cause).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes the money, order by order; of each `false`: it had been paid before.
async fn take(
    cx: &mut Cx,
    payments: &[Payment<'_>],
    payer: &Account,
    orders: &[OrderId],
    mut chosen: Chosen,
    paid: &[Paid],
) -> Result<Vec<bool>, PayError> {
    if let Some(month) = chosen.missing.take() {
        ledger::ensure_account(&mut cx.tx, &month, payer.currency, funds::OWED_FLOOR, cx.now).await?;
        chosen.held.extend(ledger::lock(&mut cx.tx, &[month]).await?);
    }
    let accounts: Vec<LedgerAccount> = chosen.held.iter().map(|held| held.account.clone()).collect();
    let shares = funds::share(&chosen.funds, payments)?;
    let owner = ledger::owner_id(&payer.id)?;
    let mut known = Some(chosen.held);
    let mut are_new = Vec::with_capacity(payments.len());
    for (at, payment) in payments.iter().enumerate() {
        let is_free = payment.money.is_zero() && payment.benefits.iter().all(|(_, amount)| amount.is_zero());
        if is_free {
            are_new.push(true);
            continue;
        }
        // Balances as the payment before left them.
        let held = match known.take() {
            Some(held) => held,
            None => ledger::lock(&mut cx.tx, &accounts).await?,
        };
        let (money, tax) = (payment.money, paid[at].tax);
        let spending = Spending { benefits: payment.benefits, funds: &shares[at], money, tax };
        let journal = Journal::pay_order(&owner, &orders[at], &spending, payer.currency)
            .map_err(|error| defect(&error))?;
        let entry = Entry { journal: &journal, gives_back: None };
        match ledger::post_held(&mut cx.tx, cx.ids.as_mut(), cx.now, &entry, &held).await {
            Ok(posted) if posted.is_new => {
                funds::note_debts(cx, payment, &shares[at], chosen.due_at).await?;
                are_new.push(true);
            }
            Ok(_) => are_new.push(false),
            Err(PostError::Insufficient(_)) => return Err(insufficient(payment, payer)),
            Err(PostError::Db(error)) => return Err(error.into()),
        }
    }
    Ok(are_new)
}
