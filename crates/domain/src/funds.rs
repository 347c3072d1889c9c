//! Which balances pay what coupons and cards have left of an order, and how much each of them pays.
//!
//! ```text
//! monthly settlement (or what a partner is billed for) ── alone, where the payer has it
//! else  cash ─▶ bonus ─▶ credit, the piece that expires first ─▶ … ─▶ short: nothing is taken
//! ```
//!
//! Invariants: what is drawn sums to what is due, to the cent; no fund gives more than is available, and none gives
//! anything while an earlier one has money left; deposits, coupons and cards are never drawn here (rules 4.1, 4.2).

use crate::calendar::Instant;
use crate::ledger::{AccountKind, LedgerAccount};
use crate::money::Charge;

/// A balance that may pay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fund {
    /// The account of the ledger.
    pub account: LedgerAccount,
    /// How much it can give: of cash what is there, of a settlement month what may still be owed. Below zero counts
    /// as nothing.
    pub available: Charge,
    /// First instant at which it pays no longer; None: never.
    pub expires_at: Option<Instant>,
}

/// The funds that pay an order at `now`, in the order in which they do (rule 4.1): monthly settlement, or the
/// partner's due of a reseller model customer, alone; else cash, bonus, and credit by expiry, the piece without one
/// last, and then by id. Expired funds are left out.
pub fn order_of_funds(funds: &[Fund], now: Instant) -> Vec<&Fund> {
    let is_postpaid =
        |fund: &Fund| matches!(fund.account.kind(), AccountKind::Settlement | AccountKind::PartnerDue);
    let pays_alone = funds.iter().any(is_postpaid);
    let mut paying: Vec<(u8, &Fund)> = Vec::with_capacity(funds.len());
    for fund in funds {
        let turn = match fund.account.kind() {
            AccountKind::Settlement | AccountKind::PartnerDue => 0,
            AccountKind::Cash => 1,
            AccountKind::Bonus => 2,
            AccountKind::Credit => 3,
            AccountKind::Deposit
            | AccountKind::Coupon
            | AccountKind::Flexi
            | AccountKind::Card
            | AccountKind::Revenue
            | AccountKind::Clearing
            | AccountKind::CreditIssued
            | AccountKind::CouponsIssued
            | AccountKind::Tax => continue,
        };
        if pays_alone == is_postpaid(fund) && fund.expires_at.is_none_or(|end| now < end) {
            paying.push((turn, fund));
        }
    }
    paying.sort_by(|(turn, a), (other, b)| {
        let never_last = |fund: &Fund| (fund.expires_at.is_none(), fund.expires_at);
        turn.cmp(other).then(never_last(a).cmp(&never_last(b))).then_with(|| a.account.cmp(&b.account))
    });
    paying.into_iter().map(|(_, fund)| fund).collect()
}

/// How much each fund pays of what is due, the first as much as it can; None where all together are short of it.
///
/// # Panics
/// When less than nothing is due: that is a refund, which goes back to where the money came from.
pub fn draw(due: Charge, available: &[Charge]) -> Option<Vec<Charge>> {
    assert!(!due.is_negative(), "less than nothing is not paid");
    let mut left = due;
    let mut drawn = Vec::with_capacity(available.len());
    for available in available {
        let part = left.min(*available).max(Charge::ZERO);
        left = left.checked_sub(part).expect("a part of what is left");
        drawn.push(part);
    }
    left.is_zero().then_some(drawn)
}
