//! An order is paid.

use domain::id::OrderId;
use domain::ledger::{Cause, Journal, JournalKind, Spending};
use domain::money::Charge;
use platform::db::DbError;

use super::funds::{self, Choice, Chosen};
use super::{Paid, PayError, Payment, domain_id, order_id};
use crate::Cx;
use crate::accounts::errors::defect;
use crate::accounts::{limits, taxes};
use crate::identity::service::{Account, find_account};
use crate::ledger::service::{self as ledger, Entry, PostError};

/// Pays an order: benefits first, then the payer's funds (rules 4.1, 4.2), after every check of rule 4.11 that is not
/// the order's own. A payment of nothing by nobody posts nothing. The cause of the journal is the order, so an order
/// is charged once: a second payment of it succeeds and takes nothing.
///
/// # Errors
/// [`PayError`]; nothing was changed then.
pub async fn pay_order(cx: &mut Cx, payment: &Payment<'_>) -> Result<Paid, PayError> {
    let Some(account) = find_account(&cx.app, &mut cx.tx, payment.payer).await? else {
        return Err(DbError::Other(format!("the payer {} is no account", payment.payer)).into());
    };
    let order = order_id(payment.order)?;
    let passed = limits::check_amounts(cx, payment).await?;
    let paid = taxes::contained(cx, &account, payment.money).await?;
    let chosen = match funds::choose(cx, &account, payment).await? {
        Choice::Chosen(chosen) => chosen,
        // What was paid once needs no money to be paid again.
        Choice::Insufficient if was_paid(cx, &order).await? => return Ok(paid),
        Choice::Arrears(_) | Choice::OverLimit(_) if was_paid(cx, &order).await? => return Ok(paid),
        Choice::Insufficient => return Err(insufficient(payment, &account)),
        Choice::OverLimit(short) => return Err(PayError::MonthlyLimit(short)),
        Choice::Arrears(overdue) => return Err(PayError::Arrears(overdue)),
    };
    if account.frozen != 0 {
        return Err(PayError::Frozen);
    }
    if let Some(late) = payment.late {
        return Err(PayError::Late(late));
    }
    limits::check_numbers(cx, payment, &passed).await?;
    if take(cx, payment, &account, &order, chosen, paid.tax).await? {
        limits::count(cx, payment, passed).await?;
    }
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

async fn was_paid(cx: &mut Cx, order: &OrderId) -> Result<bool, DbError> {
    let cause = Cause::new(JournalKind::PayOrder.code(), order.as_str(), "");
    Ok(ledger::find_journal(&mut cx.tx, &cause).await?.is_some())
}

/// Takes the money; `false`: the order had been paid before.
async fn take(
    cx: &mut Cx,
    payment: &Payment<'_>,
    payer: &Account,
    order: &OrderId,
    mut chosen: Chosen,
    tax: Charge,
) -> Result<bool, PayError> {
    let is_free = payment.money.is_zero() && payment.benefits.iter().all(|(_, amount)| amount.is_zero());
    if is_free {
        return Ok(true);
    }
    if let Some(month) = chosen.missing.take() {
        ledger::ensure_account(&mut cx.tx, &month, payer.currency, funds::OWED_FLOOR, cx.now).await?;
        chosen.held.extend(ledger::lock(&mut cx.tx, &[month]).await?);
    }
    let owner = domain_id(payment.payer)?;
    let spending = Spending { benefits: payment.benefits, funds: &chosen.funds, money: payment.money, tax };
    let journal =
        Journal::pay_order(&owner, order, &spending, payer.currency).map_err(|error| defect(&error))?;
    let entry = Entry { journal: &journal, gives_back: None };
    match ledger::post_held(&mut cx.tx, cx.ids.as_mut(), cx.now, &entry, &chosen.held).await {
        Ok(posted) if posted.is_new => {
            funds::note_debts(cx, payment, &chosen).await?;
            Ok(true)
        }
        Ok(_) => Ok(false),
        Err(PostError::Insufficient(_)) => Err(insufficient(payment, payer)),
        Err(PostError::Db(error)) => Err(error.into()),
    }
}
