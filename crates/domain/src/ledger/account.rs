//! Accounts of the ledger: whose, what for, and which piece of it.

use std::fmt;

use crate::id::DomainId;

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

    /// The place of the kind in the one order in which accounts are locked: by this first, then by id. It is the
    /// order in which a payment looks at them (rules 4.1, 4.2), so that it locks no more than it needs.
    pub fn lock_rank(self) -> u8 {
        match self {
            Self::Coupon | Self::Flexi | Self::Card => 0,
            Self::Cash => 1,
            Self::Bonus => 2,
            Self::Credit => 3,
            Self::Settlement | Self::PartnerDue => 4,
            Self::Deposit => 5,
            Self::Revenue | Self::Clearing | Self::CreditIssued | Self::CouponsIssued | Self::Tax => 6,
        }
    }

    /// An owner has several accounts of the kind, which are shown as one: the changes of all of them together are
    /// numbered and have running balances too.
    pub fn is_summed(self) -> bool {
        self == Self::Credit
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
