//! Coupons and stored-value cards: held, spent, given back.

use domain::ledger::LedgerAccount;
use domain::money::Charge;
use domain::promotion::{Card, Coupon, ModifierType};
use platform::db::DbError;

use crate::Cx;

/// What an order takes from one coupon or card, or gets back from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// Id of the coupon or card.
    pub id: String,
    /// 300 discount coupon, 301 cash coupon, 302 flexi-purchase coupon, 303 stored-value card.
    pub kind: ModifierType,
    /// How much; above zero. Of a discount coupon what it saved: its ledger account does not exist.
    pub amount: Charge,
}

impl Spent {
    /// The ledger account that holds the money of it; `None` for a discount coupon, which holds none.
    pub fn account(&self, owner: &domain::id::DomainId) -> Option<LedgerAccount> {
        use domain::ledger::AccountKind;
        let kind = match self.kind {
            ModifierType::CashCoupon => AccountKind::Coupon,
            ModifierType::FlexiCoupon => AccountKind::Flexi,
            ModifierType::StoredValueCard => AccountKind::Card,
            _ => return None,
        };
        Some(LedgerAccount::piece_of(owner, kind, &self.id))
    }
}

/// Coupons of an account, locked for this transaction in the order of their ids; unknown ids are left out.
pub async fn lock_coupons(cx: &mut Cx, owner: &str, ids: &[String]) -> Result<Vec<Coupon>, DbError> {
    let _ = (cx, owner, ids);
    Ok(Vec::new())
}

/// Stored-value cards of an account, locked likewise.
pub async fn lock_cards(cx: &mut Cx, owner: &str, ids: &[String]) -> Result<Vec<Card>, DbError> {
    let _ = (cx, owner, ids);
    Ok(Vec::new())
}

/// Coupons of an account that could be spent now (status 2, valid, not frozen, not held by an order), locked, the
/// earliest to expire first; at most a bounded number.
pub async fn usable_coupons(cx: &mut Cx, owner: &str) -> Result<Vec<Coupon>, DbError> {
    let _ = (cx, owner);
    Ok(Vec::new())
}

/// Stored-value cards that could be spent now, likewise.
pub async fn usable_cards(cx: &mut Cx, owner: &str) -> Result<Vec<Card>, DbError> {
    let _ = (cx, owner);
    Ok(Vec::new())
}

/// An order that was placed holds coupons until it is paid or cancelled. The caller has locked and checked them.
pub async fn hold(cx: &mut Cx, owner: &str, ids: &[String], order: &str) -> Result<(), DbError> {
    let _ = (cx, owner, ids, order);
    Ok(())
}

/// An order no longer holds coupons: it was cancelled, or paid with others.
pub async fn release(cx: &mut Cx, owner: &str, ids: &[String], order: &str) -> Result<(), DbError> {
    let _ = (cx, owner, ids, order);
    Ok(())
}

/// Notes what an order takes from coupons and cards: balance, uses, status, orders, a change row each; a coupon is
/// no longer held. The money itself moves with the order's payment journal ([`Spent::account`]). `orders` are the
/// ids as table 8-3 writes them: one, or the sub-orders and the combined order.
pub async fn spend(
    cx: &mut Cx,
    owner: &str,
    order: &str,
    orders: &str,
    spent: &[Spent],
) -> Result<(), DbError> {
    let _ = (cx, owner, order, orders, spent);
    Ok(())
}

/// Notes what goes back to coupons and cards by a refund order; the money moves with the refund's journal. A coupon
/// that was used up becomes usable again; one that has meanwhile expired gets its money and stays expired.
pub async fn give_back(
    cx: &mut Cx,
    owner: &str,
    refund_order: &str,
    returned: &[Spent],
) -> Result<(), DbError> {
    let _ = (cx, owner, refund_order, returned);
    Ok(())
}
