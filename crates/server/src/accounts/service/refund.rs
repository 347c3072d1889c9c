//! Money of an order goes back.

use domain::ledger::{Cause, Journal, JournalKind, LedgerAccount, Spending};
use domain::money::Charge;
use platform::db::DbError;

use super::funds::is_owed;
use super::{Refund, expiry, order_id, too_large};
use crate::Cx;
use crate::accounts::errors::defect;
use crate::accounts::store::debts::{self, OpenDebt};
use crate::accounts::{limits, taxes};
use crate::ledger::service::{self as ledger, Entry, Fund, PostError};

impl Refund<'_> {
    /// Nothing goes back to balances, coupons or cards; limits may still be measured at list price.
    fn is_empty(&self) -> bool {
        self.money.is_zero() && self.benefits.iter().all(|(_, amount)| amount.is_zero())
    }

    /// Once for each order that a refund order gives money of back.
    fn cause(&self) -> Cause {
        Cause::new(JournalKind::RefundOrder.code(), self.refund_order, self.base_order)
    }
}

/// Gives money of orders back to where it came from, by one refund order, and reverses the tax in it: of each order
/// that of all that has gone back so far, rounded half up to cents, less that of what went back before; so refunds of a
/// whole payment reverse the whole tax. Answers the taxes that go back, above zero. Of what cost nothing only limits
/// are lowered, which are measured at list price. The same refund order twice gives back once, and answers no tax the
/// second time.
///
/// # Errors
/// A [`DbError::Other`] where an order was never paid, or would get back more than was paid for it: whoever
/// decided the amounts must not have let that happen.
pub async fn refund_orders(cx: &mut Cx, backs: &[Refund<'_>]) -> Result<Vec<Charge>, DbError> {
    let mut payments: Vec<Option<String>> = Vec::with_capacity(backs.len());
    let mut uses = Vec::with_capacity(backs.len());
    for back in backs {
        let payment = if back.is_empty() { None } else { unreturned(cx, back).await? };
        if payment.is_some() || back.is_empty() {
            let Refund { payer, base_order, list, money, projects, .. } = *back;
            uses.push(limits::Back { payer, base_order, list, money, projects });
        }
        payments.push(payment);
    }
    // Limits, then accounts of the ledger, then debts: whoever locks debts holds the owner's cash.
    limits::take_back(cx, &uses).await?;
    if payments.iter().flatten().count() > 1 {
        let mut cash = Vec::new();
        for back in backs {
            cash.push(LedgerAccount::cash(&ledger::owner_id(back.payer)?));
        }
        let known: Vec<String> = payments.iter().flatten().cloned().collect();
        ledger::lock_all_funds(&mut cx.tx, &known, &cash).await?;
    }
    let mut taxes = Vec::with_capacity(backs.len());
    for (back, payment) in backs.iter().zip(payments) {
        taxes.push(match payment {
            Some(payment) => post_back(cx, back, &payment).await?,
            None => Charge::ZERO,
        });
    }
    Ok(taxes)
}

/// The journal of the payment that is to be given back; `None`: it was given back by this refund order before.
async fn unreturned(cx: &mut Cx, back: &Refund<'_>) -> Result<Option<String>, DbError> {
    let paid = Cause::new(JournalKind::PayOrder.code(), back.base_order, "");
    let Some(payment) = ledger::find_journal(&mut cx.tx, &paid).await? else {
        return Err(DbError::Other(format!("order {} was not paid and cannot be refunded", back.base_order)));
    };
    let is_done = ledger::find_journal(&mut cx.tx, &back.cause()).await?.is_some();
    Ok((!is_done).then_some(payment))
}

/// Posts what goes back of one payment, and answers the tax in it.
async fn post_back(cx: &mut Cx, back: &Refund<'_>, payment: &str) -> Result<Charge, DbError> {
    let Refund { payer, base_order, refund_order, money, benefits, .. } = *back;
    let (owner, refund, base) = (ledger::owner_id(payer)?, order_id(refund_order)?, order_id(base_order)?);
    let cash = LedgerAccount::cash(&owner);
    let (mut held, funds) = ledger::lock_funds(&mut cx.tx, payment, std::slice::from_ref(&cash)).await?;
    let owed = debts::lock_of_order(&mut cx.tx, payer, base_order).await?;
    let cause = back.cause();
    if ledger::find_journal(&mut cx.tx, &cause).await?.is_some() {
        return Err(DbError::Retryable(format!("{cause} was posted meanwhile")));
    }
    let Some(shares) = give_back(&funds, money).filter(|_| fit(&funds, benefits)) else {
        return Err(DbError::Other(format!(
            "refund order {refund_order} of {money} exceeds what is left of the payment of {base_order}"
        )));
    };
    let (shares, repaid) = to_cash(&shares, &owed, &cash)?;
    let currency = held.first().map(|held| held.currency).expect("a payment has at least one fund");
    if !held.iter().any(|held| held.account == cash) && shares.iter().any(|(account, _)| *account == cash) {
        ledger::ensure_account(&mut cx.tx, &cash, currency, Charge::ZERO, cx.now).await?;
        held.extend(ledger::lock(&mut cx.tx, &[cash]).await?);
    }
    let tax = tax_of(back, &funds)?;
    let spending = Spending { benefits, funds: &shares, money, tax };
    let journal =
        Journal::refund_order(&owner, &refund, &base, &spending, currency).map_err(|error| defect(&error))?;
    let entry = Entry { journal: &journal, gives_back: Some(payment) };
    match ledger::post_held(&mut cx.tx, cx.ids.as_mut(), cx.now, &entry, &held).await {
        Ok(_) => {}
        Err(PostError::Insufficient(account)) => {
            return Err(DbError::Other(format!("{account} fell below its floor where money came in")));
        }
        Err(PostError::Db(error)) => return Err(error),
    }
    for (debt, left) in &repaid {
        debts::update_left(&mut cx.tx, payer, &debt.id, *left).await?;
    }
    expiry::after_end(cx, &owner, &shares).await?;
    Ok(tax)
}

/// Balances of a payment, as against its coupons and cards.
fn balances(funds: &[Fund]) -> impl Iterator<Item = &Fund> {
    funds.iter().filter(|fund| !fund.account.kind().is_benefit())
}

/// What each balance gets back, in the order of `funds`; `None`: less was taken than is to be given back. What went
/// back before is taken to have gone back in the same order, even where it became cash because it was repaid.
fn give_back(funds: &[Fund], amount: Charge) -> Option<Vec<(LedgerAccount, Charge)>> {
    let mut before = Charge::sum(balances(funds).map(|fund| fund.given_back))?;
    let mut due = amount;
    let mut shares = Vec::new();
    for fund in balances(funds) {
        let gone = fund.taken.min(before);
        before = before.checked_sub(gone)?;
        let share = fund.taken.checked_sub(gone)?.min(due);
        if share.is_positive() {
            shares.push((fund.account.clone(), share));
            due = due.checked_sub(share)?;
        }
    }
    (due.is_zero() && before.is_zero()).then_some(shares)
}

/// Whether each coupon and card gets back no more than is left of what was taken from it.
fn fit(funds: &[Fund], benefits: &[(LedgerAccount, Charge)]) -> bool {
    benefits.iter().all(|(account, amount)| {
        let fund = funds.iter().find(|fund| fund.account == *account);
        let left = fund.and_then(|fund| fund.taken.checked_sub(fund.given_back));
        left.is_some_and(|left| *amount <= left)
    })
}

/// Accounts with what they get.
type Shares = Vec<(LedgerAccount, Charge)>;
/// Debts with what is left of them then.
type Repaid<'a> = Vec<(&'a OpenDebt, Charge)>;

/// What was owed for the order and has been repaid meanwhile comes back as cash; what is still owed is owed no longer.
fn to_cash<'a>(
    shares: &[(LedgerAccount, Charge)],
    owed: &'a [OpenDebt],
    cash: &LedgerAccount,
) -> Result<(Shares, Repaid<'a>), DbError> {
    let mut to = Vec::new();
    let mut repaid = Vec::new();
    let mut as_cash = Charge::ZERO;
    for (account, share) in shares {
        if account == cash {
            as_cash = as_cash.checked_add(*share).ok_or_else(too_large)?;
            continue;
        }
        if !is_owed(account.kind()) {
            to.push((account.clone(), *share));
            continue;
        }
        let (id, mut rest) = (account.id(), *share);
        for debt in owed.iter().filter(|debt| debt.fund == id) {
            let paid = debt.left.min(rest);
            if paid.is_positive() {
                repaid.push((debt, debt.left.checked_sub(paid).ok_or_else(too_large)?));
                rest = rest.checked_sub(paid).ok_or_else(too_large)?;
            }
        }
        let restored = share.checked_sub(rest).ok_or_else(too_large)?;
        if restored.is_positive() {
            to.push((account.clone(), restored));
        }
        as_cash = as_cash.checked_add(rest).ok_or_else(too_large)?;
    }
    if as_cash.is_positive() {
        to.push((cash.clone(), as_cash));
    }
    Ok((to, repaid))
}

/// The tax in what goes back now.
fn tax_of(back: &Refund<'_>, funds: &[Fund]) -> Result<Charge, DbError> {
    let Some(rate) = back.tax_rate else { return Ok(Charge::ZERO) };
    let before = Charge::sum(balances(funds).map(|fund| fund.given_back)).ok_or_else(too_large)?;
    let after = before.checked_add(back.money).ok_or_else(too_large)?;
    let tax = |money| taxes::part_of(money, rate).map_err(|_| too_large());
    tax(after)?.checked_sub(tax(before)?).ok_or_else(too_large)
}

#[cfg(test)]
mod tests {
    use domain::calendar::Instant;
    use domain::id::DomainId;
    use domain::ledger::AccountKind;
    use domain::money::Scaled;

    use super::*;

    fn account(name: &str) -> LedgerAccount {
        let owner = DomainId::parse("a").unwrap();
        match name.split_once(':') {
            None => LedgerAccount::single(&owner, AccountKind::from_code(name).unwrap()),
            Some((kind, piece)) => {
                LedgerAccount::piece_of(&owner, AccountKind::from_code(kind).unwrap(), piece)
            }
        }
    }

    fn written(shares: &[(LedgerAccount, Charge)]) -> String {
        let text = |(account, share): &(LedgerAccount, Charge)| format!("{account} {}", share.units());
        shares.iter().map(text).collect::<Vec<_>>().join(", ")
    }

    /// Funds as `name taken given_back`, amount to give back, shares in cents or `-` for a refusal.
    const GIVE_BACK: &[(&str, i64, &str)] = &[
        ("cash 100 0", 100, "a:cash 100"),
        ("cash 100 40", 60, "a:cash 60"),
        ("cash 100 40", 61, "-"),
        ("credit:x 50 0, cash 100 0", 30, "a:credit:x 30"),
        ("credit:x 50 0, cash 100 0", 80, "a:credit:x 50, a:cash 30"),
        ("credit:x 50 50, cash 100 0", 80, "a:cash 80"),
        ("credit:x 50 50, cash 100 10", 90, "a:cash 90"),
        ("credit:x 50 50, cash 100 10", 91, "-"),
        ("credit:x 50 20, bonus 10 0, cash 100 0", 130, "a:credit:x 30, a:bonus 10, a:cash 90"),
        // It was repaid, and 40 of it came back as cash.
        ("credit:x 50 0, cash 0 40", 10, "a:credit:x 10"),
        ("credit:x 50 0, cash 0 40", 11, "-"),
        ("credit:x 50 10, cash 20 30", 30, "a:credit:x 10, a:cash 20"),
        // A coupon gets nothing of what balances paid.
        ("cash 100 0, coupon:c 30 0", 100, "a:cash 100"),
        ("cash 100 0, coupon:c 30 0", 101, "-"),
        ("settlement:202601 80 0", 80, "a:settlement:202601 80"),
        ("cash 50 60", 1, "-"),
    ];

    #[test]
    fn money_goes_back_to_the_last_fund_first_and_never_exceeds_what_was_taken() {
        for (funds, amount, wanted) in GIVE_BACK {
            let funds: Vec<Fund> = funds
                .split(", ")
                .map(|text| {
                    let words: Vec<&str> = text.split(' ').collect();
                    let cents = |word: &str| Charge::cents(word.parse().unwrap());
                    Fund { account: account(words[0]), taken: cents(words[1]), given_back: cents(words[2]) }
                })
                .collect();
            let found =
                give_back(&funds, Charge::cents(*amount)).map_or("-".to_owned(), |shares| written(&shares));
            assert_eq!(found, *wanted, "{funds:?} {amount}");
        }
    }

    /// What is owed of credit `x`, shares of credit `x` and of cash; what they become, and what is owed then.
    const TO_CASH: &[(i64, i64, i64, &str, i64)] = &[
        (50, 50, 0, "a:credit:x 50", 0),
        (50, 30, 0, "a:credit:x 30", 20),
        (20, 50, 0, "a:credit:x 20, a:cash 30", 0),
        (0, 50, 10, "a:cash 60", 0),
        (20, 50, 10, "a:credit:x 20, a:cash 40", 0),
    ];

    #[test]
    fn what_was_repaid_comes_back_as_cash() {
        let (credit, cash) = (account("credit:x"), account("cash"));
        for (left, of_credit, of_cash, wanted, left_then) in TO_CASH {
            let debt = OpenDebt {
                id: "d".to_owned(),
                fund: credit.id(),
                left: Charge::cents(*left),
                at: Instant::from_ms(0),
            };
            let mut shares = vec![(credit.clone(), Charge::cents(*of_credit))];
            if *of_cash > 0 {
                shares.push((cash.clone(), Charge::cents(*of_cash)));
            }
            let owed = if *left > 0 { vec![debt] } else { Vec::new() };
            let (shares, repaid) = to_cash(&shares, &owed, &cash).unwrap();
            assert_eq!(written(&shares), *wanted);
            let then = repaid.first().map_or(*left, |(_, left)| left.units());
            assert_eq!(then, *left_then, "{wanted}");
        }
    }

    #[test]
    fn a_coupon_gets_back_no_more_than_it_gave() {
        let coupon = account("coupon:c");
        let fund = Fund { account: coupon.clone(), taken: Charge::cents(30), given_back: Charge::cents(10) };
        let back = |cents| [(coupon.clone(), Charge::cents(cents))];
        assert!(fit(std::slice::from_ref(&fund), &back(20)));
        assert!(!fit(std::slice::from_ref(&fund), &back(21)));
        assert!(!fit(&[fund], &[(account("coupon:other"), Charge::cents(1))]));
    }
}
