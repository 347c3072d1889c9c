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
//!            top_up                    pay_order
//! clearing ──────────▶ cash ───────────────────────▶ revenue
//! credit_issued ─────▶ credit[:piece] ─────────────▶    │
//!            grant_credit        ◀──────────────────────┘
//!                                     refund_order
//! ```
//!
//! Every journal names its [`Cause`]; the same cause twice is the same journal, which is what makes money
//! idempotent.

use std::fmt;

use crate::id::{DomainId, OrderId};
use crate::money::{Charge, Currency};

/// How the house is written in ledger account ids; no account can have this id.
pub const HOUSE: &str = "house";

/// What an account of the ledger is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AccountKind {
    /// A customer's cash balance (account type 1 on the wire).
    Cash,
    /// What is left of a customer's credit line, one account for each piece (account type 2).
    Credit,
    /// A customer's bonus balance (account type 5, legacy).
    Bonus,
    /// A customer's deposit, which pays nothing (account type 7, legacy).
    Deposit,
    /// What a monthly settlement customer owes for a month, below zero; one account for each month.
    Settlement,
    /// What a reseller model customer bought in a month and its partner is billed for, below zero.
    PartnerDue,
    /// What is left of a cash coupon; one account for each.
    Coupon,
    /// What is left of a flexi-purchase coupon; one account for each.
    Flexi,
    /// What is left of a stored-value card; one account for each.
    Card,
    /// House: what was earned.
    Revenue,
    /// House: money that came in from outside and went out again.
    Clearing,
    /// House: credit lines that were granted.
    CreditIssued,
    /// House: coupons that were issued.
    CouponsIssued,
    /// House: the tax contained in what was earned.
    Tax,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Cash,
        Self::Credit,
        Self::Bonus,
        Self::Deposit,
        Self::Settlement,
        Self::PartnerDue,
        Self::Coupon,
        Self::Flexi,
        Self::Card,
        Self::Revenue,
        Self::Clearing,
        Self::CreditIssued,
        Self::CouponsIssued,
        Self::Tax,
    ];

    /// The text under which the kind is stored; it never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Credit => "credit",
            Self::Bonus => "bonus",
            Self::Deposit => "deposit",
            Self::Settlement => "settlement",
            Self::PartnerDue => "partner_due",
            Self::Coupon => "coupon",
            Self::Flexi => "flexi",
            Self::Card => "card",
            Self::Revenue => "revenue",
            Self::Clearing => "clearing",
            Self::CreditIssued => "credit_issued",
            Self::CouponsIssued => "coupons_issued",
            Self::Tax => "tax",
        }
    }

    /// The kind of a stored text.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// It is a coupon or card, and not a balance: it pays before balances do (rule 4.2).
    pub fn is_benefit(self) -> bool {
        matches!(self, Self::Coupon | Self::Flexi | Self::Card)
    }

    /// Belongs to the house: no running balance, no floor, no lock.
    pub fn is_house(self) -> bool {
        match self {
            Self::Cash
            | Self::Credit
            | Self::Bonus
            | Self::Deposit
            | Self::Settlement
            | Self::PartnerDue
            | Self::Coupon
            | Self::Flexi
            | Self::Card => false,
            Self::Revenue | Self::Clearing | Self::CreditIssued | Self::CouponsIssued | Self::Tax => true,
        }
    }
}

/// An account of the ledger: whose, what for, and which piece of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LedgerAccount {
    owner: Option<DomainId>,
    kind: AccountKind,
    piece: Option<String>,
}

impl LedgerAccount {
    /// A customer's cash account.
    pub fn cash(owner: &DomainId) -> Self {
        Self { owner: Some(owner.clone()), kind: AccountKind::Cash, piece: None }
    }

    /// A piece of a customer's credit line, named for example by its expiry.
    pub fn credit(owner: &DomainId, piece: &str) -> Self {
        Self { owner: Some(owner.clone()), kind: AccountKind::Credit, piece: Some(piece.to_owned()) }
    }

    /// An account of a customer that is the only one of its kind: cash, bonus or deposit.
    ///
    /// # Panics
    /// For another kind.
    pub fn single(owner: &DomainId, kind: AccountKind) -> Self {
        assert!(
            matches!(kind, AccountKind::Cash | AccountKind::Bonus | AccountKind::Deposit),
            "accounts of other kinds have pieces"
        );
        Self { owner: Some(owner.clone()), kind, piece: None }
    }

    /// One of several accounts of a kind: the month `202601` of settlement or partner due, the id of a coupon or card.
    ///
    /// # Panics
    /// For a kind of the house, or one without pieces.
    pub fn piece_of(owner: &DomainId, kind: AccountKind, piece: &str) -> Self {
        assert!(
            !kind.is_house()
                && !matches!(kind, AccountKind::Cash | AccountKind::Bonus | AccountKind::Deposit),
            "accounts of this kind have no pieces"
        );
        Self { owner: Some(owner.clone()), kind, piece: Some(piece.to_owned()) }
    }

    /// An account of the house.
    ///
    /// # Panics
    /// For a kind that belongs to customers.
    pub fn house(kind: AccountKind) -> Self {
        assert!(kind.is_house(), "a customer's account has an owner");
        Self { owner: None, kind, piece: None }
    }

    /// Reads an id that [`LedgerAccount::id`] has written.
    pub fn parse(id: &str) -> Option<Self> {
        let mut parts = id.splitn(3, ':');
        let (owner, kind) = (parts.next()?, AccountKind::from_code(parts.next()?)?);
        let piece = parts.next().map(str::to_owned);
        let owner = if owner == HOUSE { None } else { Some(DomainId::parse(owner).ok()?) };
        (owner.is_none() == kind.is_house()).then_some(Self { owner, kind, piece })
    }

    /// The id: `{owner}:{kind}` or `{owner}:{kind}:{piece}`, the same for the same account, always.
    pub fn id(&self) -> String {
        let owner = self.owner.as_ref().map_or(HOUSE, DomainId::as_str);
        match &self.piece {
            Some(piece) => format!("{owner}:{}:{piece}", self.kind.code()),
            None => format!("{owner}:{}", self.kind.code()),
        }
    }

    /// The customer; None for the house.
    pub fn owner(&self) -> Option<&DomainId> {
        self.owner.as_ref()
    }

    /// What the account is for.
    pub fn kind(&self) -> AccountKind {
        self.kind
    }

    /// Which piece of several of its kind.
    pub fn piece(&self) -> Option<&str> {
        self.piece.as_deref()
    }

    /// Belongs to the house.
    pub fn is_house(&self) -> bool {
        self.kind.is_house()
    }
}

impl fmt::Display for LedgerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

/// What a journal records.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum JournalKind {
    /// Money came in.
    TopUp,
    /// A credit line, or a piece of it, was granted.
    GrantCredit,
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
}

impl JournalKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::TopUp,
        Self::GrantCredit,
        Self::PayOrder,
        Self::RefundOrder,
        Self::Reversal,
        Self::IssueBenefit,
        Self::WithdrawBenefit,
    ];

    /// The text under which the kind is stored; it never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::GrantCredit => "grant_credit",
            Self::PayOrder => "pay_order",
            Self::RefundOrder => "refund_order",
            Self::Reversal => "reversal",
            Self::IssueBenefit => "issue_benefit",
            Self::WithdrawBenefit => "withdraw_benefit",
        }
    }

    /// The kind of a stored text.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Why money moved: kind, subject and period. The same cause twice is the same journal.
///
/// The text form is `{kind}/{subject}/{period}`; only the period may contain a slash.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cause {
    kind: &'static str,
    subject: String,
    period: String,
}

impl Cause {
    /// A cause; the period is empty for what happens once.
    ///
    /// # Panics
    /// When the kind or the subject contains a slash: two causes could then have one text.
    pub fn new(kind: &'static str, subject: &str, period: &str) -> Self {
        assert!(
            !kind.contains('/') && !subject.contains('/'),
            "only the period of a cause may contain a slash"
        );
        Self { kind, subject: subject.to_owned(), period: period.to_owned() }
    }

    /// What happened.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// To what it happened.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Which time of several; empty for what happens once.
    pub fn period(&self) -> &str {
        &self.period
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.subject, self.period)
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

/// What every journal has besides its postings.
struct Head<'a> {
    kind: JournalKind,
    cause: Cause,
    owner: &'a DomainId,
    currency: Currency,
}

impl Journal {
    /// Money comes in: +amount to the owner's cash. One for each `trans_id` of the owner.
    ///
    /// # Errors
    /// [`JournalError::Negative`], [`JournalError::NothingMoves`], [`JournalError::TooLarge`].
    pub fn top_up(
        owner: &DomainId,
        amount: Charge,
        currency: Currency,
        trans_id: &str,
    ) -> Result<Self, JournalError> {
        let kind = JournalKind::TopUp;
        let cause = Cause::new(kind.code(), owner.as_str(), trans_id);
        let funds = [(LedgerAccount::cash(owner), amount)];
        let head = Head { kind, cause, owner, currency };
        Self::to_customer(head, &funds, amount, AccountKind::Clearing)
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

    /// An order is paid: −amount from each fund, +total to revenue. The funds may belong to another account
    /// than the owner of the order, where a master pays (rule 4.10). An order is paid once.
    ///
    /// # Errors
    /// [`JournalError`]; [`JournalError::NothingMoves`] for an order that costs nothing.
    pub fn pay_order(
        owner: &DomainId,
        order: &OrderId,
        funds: &[(LedgerAccount, Charge)],
        total: Charge,
        currency: Currency,
    ) -> Result<Self, JournalError> {
        let kind = JournalKind::PayOrder;
        let cause = Cause::new(kind.code(), order.as_str(), "");
        let paid =
            Self::to_customer(Head { kind, cause, owner, currency }, funds, total, AccountKind::Revenue)?;
        Ok(Self { postings: mirrored(&paid.postings)?, ..paid })
    }

    /// The money of a refund order goes back: +amount to each fund, −total from revenue. Amounts are
    /// positive; the refund order, and not the paid one, is the cause, so a paid order can have several.
    ///
    /// # Errors
    /// [`JournalError`]; [`JournalError::NothingMoves`] when nothing goes back.
    pub fn refund_order(
        owner: &DomainId,
        refund_order: &OrderId,
        funds: &[(LedgerAccount, Charge)],
        total: Charge,
        currency: Currency,
    ) -> Result<Self, JournalError> {
        let kind = JournalKind::RefundOrder;
        let cause = Cause::new(kind.code(), refund_order.as_str(), "");
        Self::to_customer(Head { kind, cause, owner, currency }, funds, total, AccountKind::Revenue)
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

    /// What is left of a coupon or card is taken back: −amount from it. Once for each.
    ///
    /// # Errors
    /// [`JournalError::Negative`], [`JournalError::NothingMoves`], [`JournalError::TooLarge`].
    pub fn withdraw_benefit(
        owner: &DomainId,
        benefit: &LedgerAccount,
        amount: Charge,
        currency: Currency,
    ) -> Result<Self, JournalError> {
        let kind = JournalKind::WithdrawBenefit;
        let cause = Cause::new(kind.code(), owner.as_str(), benefit.piece().unwrap_or_default());
        let head = Head { kind, cause, owner, currency };
        let given =
            Self::to_customer(head, &[(benefit.clone(), amount)], amount, AccountKind::CouponsIssued)?;
        Ok(Self { postings: mirrored(&given.postings)?, ..given })
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
