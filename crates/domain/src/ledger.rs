//! Journals that balance by construction.
//!
//! Double entry, append only. A journal moves money between accounts: its postings have one currency and sum
//! to zero. It can be made only by a named constructor, so there is no way to write an unbalanced one, and a
//! correction is a [`Journal::reverse`].
//!
//! Signs: a customer's cash account holds what the customer may spend, a credit account what is left of the
//! line. A top-up posts +amount to cash and −amount to the clearing account of the house; a payment posts
//! −amount to cash and +amount to revenue. House accounts ([`AccountKind::is_house`]) keep no running
//! balance, so that no row is hot across customers.
//!
//! ```text
//!                  top_up                     pay_order
//! clearing ──────────────▶ cash, bonus ────────────────────▶ revenue
//!          └─ what is owed ─▶ credit:piece ────────────────▶ tax, the part of it that is contained
//!                             settlement:month ────────────▶  │
//! credit_issued ◀───────▶ credit:piece                       │
//! coupons_issued ────────▶ coupon, flexi, card ────────────▶  │
//!                             ◀───────────────────────────────┘
//!                                      refund_order
//! ```
//!
//! A month of settlement is an account that only falls: what is below zero is owed, and a top-up raises it again
//! before any cash. On its due date `settle_debts` raises it out of the cash that is there.
//!
//! Every journal names its [`Cause`]; the same cause twice is the same journal, which is what makes money
//! idempotent.

mod account;
mod cause;

use crate::calendar::Instant;
use crate::id::{DomainId, OrderId};
use crate::money::{Charge, Currency};

pub use account::{AccountKind, HOUSE, LedgerAccount};
pub use cause::Cause;

/// What a journal records.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum JournalKind {
    /// Money came in.
    TopUp,
    /// A credit line, or a piece of it, was granted.
    GrantCredit,
    /// What was left of a credit line at its end, or came back to it later, was taken back.
    ExpireCredit,
    /// An order was paid.
    PayOrder,
    /// Money of an order went back.
    RefundOrder,
    /// Another journal was undone.
    Reversal,
    /// A coupon or card was issued.
    IssueBenefit,
    /// What was left of a coupon or card was taken back.
    WithdrawBenefit,
    /// Cash repaid what monthly settlement owed on its due date.
    SettleDebts,
}

impl JournalKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::TopUp,
        Self::GrantCredit,
        Self::ExpireCredit,
        Self::PayOrder,
        Self::RefundOrder,
        Self::Reversal,
        Self::IssueBenefit,
        Self::WithdrawBenefit,
        Self::SettleDebts,
    ];

    /// The text under which the kind is stored; it never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::GrantCredit => "grant_credit",
            Self::ExpireCredit => "expire_credit",
            Self::PayOrder => "pay_order",
            Self::RefundOrder => "refund_order",
            Self::Reversal => "reversal",
            Self::IssueBenefit => "issue_benefit",
            Self::WithdrawBenefit => "withdraw_benefit",
            Self::SettleDebts => "settle_debts",
        }
    }

    /// The kind of a stored text.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// A change of one account.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Posting {
    /// Which account.
    pub account: LedgerAccount,
    /// By how much; never zero.
    pub amount: Charge,
}

/// Why there is no such journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Nothing would move; the caller has no journal to post.
    #[error("no money moves")]
    NothingMoves,
    /// An amount that a constructor takes is below zero.
    #[error("an amount is negative")]
    Negative,
    /// The parts do not sum to the whole.
    #[error("the parts sum to {parts} and the whole is {whole}")]
    PartsDiffer {
        /// The sum of the parts.
        parts: Charge,
        /// What they ought to sum to.
        whole: Charge,
    },
    /// The contained tax exceeds what contains it.
    #[error("the tax of {tax} exceeds the money of {money} that contains it")]
    TaxExceeds {
        /// The tax.
        tax: Charge,
        /// What balances pay.
        money: Charge,
    },
    /// A debt that is to be settled is no month of the owner's.
    #[error("{0} is no month of settlement of the owner")]
    NoMonth(String),
    /// Among benefits is an account that is none, or among funds one that is a benefit.
    #[error("{0} stands on the wrong side of benefits and funds")]
    WrongSide(String),
    /// The money comes from, or goes to, an account of the house.
    #[error("{0} is an account of the house and holds no customer's money")]
    HouseFund(String),
    /// One account appears twice.
    #[error("{0} appears twice")]
    DuplicateAccount(String),
    /// The postings read from a store do not sum to zero.
    #[error("the postings sum to {0} and not to zero")]
    Unbalanced(Charge),
    /// A sum exceeds what an amount can hold.
    #[error("the amount exceeds the upper limit")]
    TooLarge,
}

/// Money that moves, balanced. See the module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Journal {
    kind: JournalKind,
    cause: Cause,
    owner: DomainId,
    currency: Currency,
    postings: Vec<Posting>,
}

/// What an order takes, or gives back: positive amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spending<'a> {
    /// What coupons and cards pay.
    pub benefits: &'a [(LedgerAccount, Charge)],
    /// What balances pay, in the order in which they were taken.
    pub funds: &'a [(LedgerAccount, Charge)],
    /// What balances pay in all: the sum of the funds.
    pub money: Charge,
    /// The tax contained in it.
    pub tax: Charge,
}

impl Spending<'_> {
    /// Refuses what contradicts itself, and answers the whole.
    fn check(&self) -> Result<Charge, JournalError> {
        for (side, is_benefit) in [(self.benefits, true), (self.funds, false)] {
            if let Some((account, _)) = side.iter().find(|(account, _)| account.is_house()) {
                return Err(JournalError::HouseFund(account.id()));
            }
            if let Some((account, _)) = side.iter().find(|(a, _)| a.kind().is_benefit() != is_benefit) {
                return Err(JournalError::WrongSide(account.id()));
            }
            if side.iter().any(|(_, amount)| amount.is_negative()) {
                return Err(JournalError::Negative);
            }
        }
        if self.money.is_negative() || self.tax.is_negative() {
            return Err(JournalError::Negative);
        }
        let sum = |side: &[(LedgerAccount, Charge)]| {
            Charge::sum(side.iter().map(|(_, amount)| *amount)).ok_or(JournalError::TooLarge)
        };
        let parts = sum(self.funds)?;
        if parts != self.money {
            return Err(JournalError::PartsDiffer { parts, whole: self.money });
        }
        if self.tax > self.money {
            return Err(JournalError::TaxExceeds { tax: self.tax, money: self.money });
        }
        sum(self.benefits)?.checked_add(self.money).ok_or(JournalError::TooLarge)
    }
}

/// What every journal has besides its postings.
struct Head<'a> {
    kind: JournalKind,
    cause: Cause,
    owner: &'a DomainId,
    currency: Currency,
}

impl Journal {
    /// Money comes in: +amount to each account of the owner's that gets some of it: those that are owed first, then
    /// a balance. One for each `trans_id` of the owner.
    ///
    /// # Errors
    /// [`JournalError::Negative`], [`JournalError::NothingMoves`], [`JournalError::DuplicateAccount`],
    /// [`JournalError::TooLarge`].
    pub fn top_up(
        owner: &DomainId,
        parts: &[(LedgerAccount, Charge)],
        currency: Currency,
        trans_id: &str,
    ) -> Result<Self, JournalError> {
        let kind = JournalKind::TopUp;
        let cause = Cause::new(kind.code(), owner.as_str(), trans_id);
        let amount = Charge::sum(parts.iter().map(|(_, part)| *part)).ok_or(JournalError::TooLarge)?;
        let head = Head { kind, cause, owner, currency };
        Self::to_customer(head, parts, amount, AccountKind::Clearing)
    }

    /// A piece of a credit line is granted: +amount to it. One for each `trans_id` of the owner.
    ///
    /// # Errors
    /// [`JournalError::Negative`], [`JournalError::NothingMoves`], [`JournalError::TooLarge`].
    pub fn grant_credit(
        owner: &DomainId,
        piece: &str,
        amount: Charge,
        currency: Currency,
        trans_id: &str,
    ) -> Result<Self, JournalError> {
        let kind = JournalKind::GrantCredit;
        let cause = Cause::new(kind.code(), owner.as_str(), trans_id);
        let funds = [(LedgerAccount::credit(owner, piece), amount)];
        let head = Head { kind, cause, owner, currency };
        Self::to_customer(head, &funds, amount, AccountKind::CreditIssued)
    }

    /// What is left of a credit line that has ended is taken back: −amount from it. At its end the period is the
    /// piece; money that comes back later is taken at once, each time with a period of its own.
    ///
    /// # Errors
    /// [`JournalError::Negative`], [`JournalError::NothingMoves`], [`JournalError::TooLarge`].
    pub fn expire_credit(
        owner: &DomainId,
        piece: &str,
        amount: Charge,
        currency: Currency,
        period: &str,
    ) -> Result<Self, JournalError> {
        let kind = JournalKind::ExpireCredit;
        let cause = Cause::new(kind.code(), owner.as_str(), period);
        let head = Head { kind, cause, owner, currency };
        let funds = [(LedgerAccount::credit(owner, piece), amount)];
        let given = Self::to_customer(head, &funds, amount, AccountKind::CreditIssued)?;
        Ok(Self { postings: mirrored(&given.postings)?, ..given })
    }

    /// An order is paid: −amount from each benefit and each fund, the whole to revenue but for the tax, which goes to
    /// the house's tax. They may belong to another account than the owner of the order, where a master pays
    /// (rule 4.10). An order is paid once.
    ///
    /// # Errors
    /// [`JournalError`]; [`JournalError::NothingMoves`] for an order that costs nothing.
    pub fn pay_order(
        owner: &DomainId,
        order: &OrderId,
        spending: &Spending<'_>,
        currency: Currency,
    ) -> Result<Self, JournalError> {
        let kind = JournalKind::PayOrder;
        let cause = Cause::new(kind.code(), order.as_str(), "");
        let given = Self::of_order(Head { kind, cause, owner, currency }, spending)?;
        Ok(Self { postings: mirrored(&given.postings)?, ..given })
    }

    /// The money of a refund order goes back: +amount to each benefit and each fund, from revenue and the house's
    /// tax. Amounts are positive; the refund order, and not the paid one, is the cause, so a paid order can have
    /// several. A refund order may give back the money of several orders: once of each, which is the period.
    ///
    /// # Errors
    /// [`JournalError`]; [`JournalError::NothingMoves`] when nothing goes back.
    pub fn refund_order(
        owner: &DomainId,
        refund_order: &OrderId,
        base_order: &OrderId,
        spending: &Spending<'_>,
        currency: Currency,
    ) -> Result<Self, JournalError> {
        let kind = JournalKind::RefundOrder;
        let cause = Cause::new(kind.code(), refund_order.as_str(), base_order.as_str());
        Self::of_order(Head { kind, cause, owner, currency }, spending)
    }

    /// +amount to each benefit, then to each fund; −(whole − tax) from revenue and −tax from the house's tax.
    fn of_order(head: Head<'_>, spending: &Spending<'_>) -> Result<Self, JournalError> {
        let whole = spending.check()?;
        let earned = whole.checked_sub(spending.tax).ok_or(JournalError::TooLarge)?;
        let sides = spending.benefits.iter().chain(spending.funds);
        let mut postings: Vec<Posting> =
            sides.map(|(account, amount)| Posting { account: account.clone(), amount: *amount }).collect();
        for (house, amount) in [(AccountKind::Revenue, earned), (AccountKind::Tax, spending.tax)] {
            let amount = amount.checked_neg().ok_or(JournalError::TooLarge)?;
            postings.push(Posting { account: LedgerAccount::house(house), amount });
        }
        postings.retain(|posting| !posting.amount.is_zero());
        Self::balanced(head, postings)
    }

    /// A coupon or card is issued: +amount to it. One for each account that holds one.
    ///
    /// # Errors
    /// [`JournalError::Negative`], [`JournalError::NothingMoves`], [`JournalError::TooLarge`].
    pub fn issue_benefit(
        owner: &DomainId,
        benefit: &LedgerAccount,
        amount: Charge,
        currency: Currency,
    ) -> Result<Self, JournalError> {
        let kind = JournalKind::IssueBenefit;
        let cause = Cause::new(kind.code(), owner.as_str(), benefit.piece().unwrap_or_default());
        let head = Head { kind, cause, owner, currency };
        Self::to_customer(head, &[(benefit.clone(), amount)], amount, AccountKind::CouponsIssued)
    }

    /// What is left of a coupon or card is taken back: −amount from it. Once for each `change` that notes it: a refund
    /// can put money into one that was withdrawn, which is then taken back as well.
    ///
    /// # Errors
    /// [`JournalError::Negative`], [`JournalError::NothingMoves`], [`JournalError::TooLarge`].
    pub fn withdraw_benefit(
        owner: &DomainId,
        benefit: &LedgerAccount,
        change: &str,
        amount: Charge,
        currency: Currency,
    ) -> Result<Self, JournalError> {
        let kind = JournalKind::WithdrawBenefit;
        let period = format!("{}/{change}", benefit.piece().unwrap_or_default());
        let cause = Cause::new(kind.code(), owner.as_str(), &period);
        let head = Head { kind, cause, owner, currency };
        let given =
            Self::to_customer(head, &[(benefit.clone(), amount)], amount, AccountKind::CouponsIssued)?;
        Ok(Self { postings: mirrored(&given.postings)?, ..given })
    }

    /// Cash repays months of settlement: +amount to each of them, −the sum from cash, and nothing of the house. The
    /// cause names when the earliest of them was due, and which change of cash this is (`cash_seq`): months of one due
    /// date may be repaid in several journals, as cash comes in.
    ///
    /// # Errors
    /// [`JournalError::NoMonth`], [`JournalError::Negative`], [`JournalError::NothingMoves`],
    /// [`JournalError::DuplicateAccount`], [`JournalError::TooLarge`].
    pub fn settle_debts(
        owner: &DomainId,
        months: &[(LedgerAccount, Charge)],
        currency: Currency,
        due_at: Instant,
        cash_seq: i64,
    ) -> Result<Self, JournalError> {
        let is_month =
            |month: &LedgerAccount| month.kind() == AccountKind::Settlement && month.owner() == Some(owner);
        if let Some((account, _)) = months.iter().find(|(account, _)| !is_month(account)) {
            return Err(JournalError::NoMonth(account.id()));
        }
        if months.iter().any(|(_, amount)| amount.is_negative()) {
            return Err(JournalError::Negative);
        }
        let total = Charge::sum(months.iter().map(|(_, amount)| *amount)).ok_or(JournalError::TooLarge)?;
        let taken = total.checked_neg().ok_or(JournalError::TooLarge)?;
        let cash = Posting { account: LedgerAccount::cash(owner), amount: taken };
        let repaid =
            months.iter().map(|(account, amount)| Posting { account: account.clone(), amount: *amount });
        let mut postings: Vec<Posting> = std::iter::once(cash).chain(repaid).collect();
        postings.retain(|posting| !posting.amount.is_zero());
        let kind = JournalKind::SettleDebts;
        let cause = Cause::new(kind.code(), owner.as_str(), &format!("{}/{cash_seq}", due_at.ms()));
        Self::balanced(Head { kind, cause, owner, currency }, postings)
    }

    /// The journal that undoes another; nothing is ever updated or deleted.
    ///
    /// # Errors
    /// [`JournalError::TooLarge`], when an amount has no counterpart.
    pub fn reverse(original: &Self, cause: Cause) -> Result<Self, JournalError> {
        let head =
            Head { kind: JournalKind::Reversal, cause, owner: &original.owner, currency: original.currency };
        Self::balanced(head, mirrored(&original.postings)?)
    }

    /// A journal as a store has kept it, refused unless it balances.
    ///
    /// # Errors
    /// [`JournalError::Unbalanced`], [`JournalError::NothingMoves`], [`JournalError::DuplicateAccount`],
    /// [`JournalError::TooLarge`].
    pub fn from_stored(
        kind: JournalKind,
        cause: Cause,
        owner: &DomainId,
        currency: Currency,
        postings: Vec<Posting>,
    ) -> Result<Self, JournalError> {
        Self::balanced(Head { kind, cause, owner, currency }, postings)
    }

    /// +amount to each fund, −total from an account of the house.
    fn to_customer(
        head: Head<'_>,
        funds: &[(LedgerAccount, Charge)],
        total: Charge,
        house: AccountKind,
    ) -> Result<Self, JournalError> {
        if let Some((account, _)) = funds.iter().find(|(account, _)| account.is_house()) {
            return Err(JournalError::HouseFund(account.id()));
        }
        if total.is_negative() || funds.iter().any(|(_, amount)| amount.is_negative()) {
            return Err(JournalError::Negative);
        }
        let parts = Charge::sum(funds.iter().map(|(_, amount)| *amount)).ok_or(JournalError::TooLarge)?;
        if parts != total {
            return Err(JournalError::PartsDiffer { parts, whole: total });
        }
        let posting = |(account, amount): &(LedgerAccount, Charge)| Posting {
            account: account.clone(),
            amount: *amount,
        };
        let mut postings: Vec<_> =
            funds.iter().filter(|(_, amount)| !amount.is_zero()).map(posting).collect();
        if !total.is_zero() {
            let amount = total.checked_neg().ok_or(JournalError::TooLarge)?;
            postings.push(Posting { account: LedgerAccount::house(house), amount });
        }
        Self::balanced(head, postings)
    }

    /// The one place where a journal comes into being.
    fn balanced(head: Head<'_>, postings: Vec<Posting>) -> Result<Self, JournalError> {
        if postings.is_empty() || postings.iter().any(|posting| posting.amount.is_zero()) {
            return Err(JournalError::NothingMoves);
        }
        for (index, posting) in postings.iter().enumerate() {
            if postings[..index].iter().any(|earlier| earlier.account == posting.account) {
                return Err(JournalError::DuplicateAccount(posting.account.id()));
            }
        }
        let sum = Charge::sum(postings.iter().map(|posting| posting.amount)).ok_or(JournalError::TooLarge)?;
        if !sum.is_zero() {
            return Err(JournalError::Unbalanced(sum));
        }
        let Head { kind, cause, owner, currency } = head;
        Ok(Self { kind, cause, owner: owner.clone(), currency, postings })
    }

    /// What the journal records.
    pub fn kind(&self) -> JournalKind {
        self.kind
    }

    /// Why the money moved.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// On whose behalf.
    pub fn owner(&self) -> &DomainId {
        &self.owner
    }

    /// The currency of every posting.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The changes; they sum to zero.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}

fn mirrored(postings: &[Posting]) -> Result<Vec<Posting>, JournalError> {
    let mirror = |posting: &Posting| {
        let amount = posting.amount.checked_neg().ok_or(JournalError::TooLarge)?;
        Ok(Posting { account: posting.account.clone(), amount })
    };
    postings.iter().map(mirror).collect()
}

/// A customer's account would fall below its floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the balance would be {balance_after} and must not fall below {floor}")]
pub struct InsufficientFunds {
    /// What would be left.
    pub balance_after: Charge,
    /// What must be left.
    pub floor: Charge,
}

/// Refuses a balance below the floor of its account.
///
/// # Errors
/// [`InsufficientFunds`].
pub fn check_floor(balance_after: Charge, floor: Charge) -> Result<(), InsufficientFunds> {
    if balance_after < floor { Err(InsufficientFunds { balance_after, floor }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
