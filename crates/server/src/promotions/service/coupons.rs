//! Coupons and stored-value cards: held, spent, given back.

use domain::calendar::Instant;
use domain::id::hex32;
use domain::ledger::LedgerAccount;
use domain::money::Charge;
use domain::promotion::{Card, Choice, Coupon, CouponType, ModifierType, Unusable};
use platform::db::DbError;

use super::offered::offered_coupons;
use crate::Cx;
use crate::promotions::store::cards::{self, StoredCard};
use crate::promotions::store::changes::{self, Change, ChangeKind};
use crate::promotions::store::coupons::{self, CouponStatus, StoredCoupon};

/// The most payments that a coupon names, the newest ones: more fit into no answer.
const PAYMENTS_NAMED_MAX: usize = 100;
/// The order of who holds no coupon yet.
const NO_ORDER: &str = "";

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
        account_of(owner, self.kind, &self.id)
    }
}

/// The ledger account that holds the money of a coupon or card; `None` for a discount coupon.
pub(in crate::promotions) fn account_of(
    owner: &domain::id::DomainId,
    kind: ModifierType,
    id: &str,
) -> Option<LedgerAccount> {
    use domain::ledger::AccountKind;
    let kind = match kind {
        ModifierType::CashCoupon => AccountKind::Coupon,
        ModifierType::FlexiCoupon => AccountKind::Flexi,
        ModifierType::StoredValueCard => AccountKind::Card,
        // What else reduces an amount is no money.
        _ => return None,
    };
    Some(LedgerAccount::piece_of(owner, kind, id))
}

/// Ids in the order in which rows are locked, each once.
fn in_order(ids: &[String]) -> Vec<&String> {
    let mut ids: Vec<&String> = ids.iter().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Coupons of an account, locked for this transaction in the order of their ids; unknown ids are left out.
pub async fn lock_coupons(cx: &mut Cx, owner: &str, ids: &[String]) -> Result<Vec<Coupon>, DbError> {
    let mut locked = Vec::with_capacity(ids.len());
    for id in in_order(ids) {
        locked.extend(coupons::lock(&mut cx.tx, owner, id).await?.map(|stored| stored.coupon));
    }
    Ok(locked)
}

/// Stored-value cards of an account, locked likewise.
pub async fn lock_cards(cx: &mut Cx, owner: &str, ids: &[String]) -> Result<Vec<Card>, DbError> {
    let mut locked = Vec::with_capacity(ids.len());
    for id in in_order(ids) {
        locked.extend(cards::lock(&mut cx.tx, owner, id).await?.map(|stored| stored.card));
    }
    Ok(locked)
}

/// Coupons of an account that could be spent now (status 2, valid, not frozen, not held by an order), the earliest to
/// expire first; at most a bounded number. Nothing is locked: of so many few are chosen, by [`lock_chosen`].
pub async fn usable_coupons(cx: &mut Cx, owner: &str) -> Result<Vec<Coupon>, DbError> {
    let offered = offered_coupons(&mut cx.tx, owner, NO_ORDER, cx.now).await?;
    Ok(offered.into_iter().map(|offered| offered.coupon).collect())
}

/// Stored-value cards that could be spent now, likewise.
pub async fn usable_cards(cx: &mut Cx, owner: &str) -> Result<Vec<Card>, DbError> {
    let now = cx.now;
    let stored = cards::list_usable(&mut cx.tx, owner, now).await?;
    Ok(stored.into_iter().map(|stored| stored.card).filter(|card| card.check_usable(now).is_ok()).collect())
}

/// Locks what was chosen among [`usable_coupons`] and [`usable_cards`], and answers it as it is then, without what can
/// no longer be spent. Where that differs from `chosen` something changed before the locks were held, and the choice
/// is made again among what is answered; more is not locked, since locks have an order.
pub async fn lock_chosen(cx: &mut Cx, owner: &str, chosen: &Choice) -> Result<Choice, DbError> {
    let coupon_ids: Vec<String> = chosen.coupons.iter().map(|coupon| coupon.id.clone()).collect();
    let card_ids: Vec<String> = chosen.cards.iter().map(|card| card.id.clone()).collect();
    let now = cx.now;
    let mut coupons = lock_coupons(cx, owner, &coupon_ids).await?;
    coupons.retain(|coupon| coupon.check_usable(NO_ORDER, now).is_ok());
    // As they were chosen, so that an unchanged choice is equal to what it was.
    coupons.sort_by_key(|coupon| coupon_ids.iter().position(|id| *id == coupon.id));
    let mut cards = lock_cards(cx, owner, &card_ids).await?;
    cards.retain(|card| card.check_usable(now).is_ok());
    cards.sort_by_key(|card| card_ids.iter().position(|id| *id == card.id));
    Ok(Choice { discount: chosen.discount.clone(), coupons, cards })
}

/// An order that was placed holds coupons until it is paid or cancelled. The caller has locked and checked them.
pub async fn hold(cx: &mut Cx, owner: &str, ids: &[String], order: &str) -> Result<(), DbError> {
    for id in in_order(ids) {
        coupons::hold(&mut cx.tx, owner, id, order).await?;
    }
    Ok(())
}

/// An order no longer holds coupons: it was cancelled, or paid with others.
pub async fn release(cx: &mut Cx, owner: &str, ids: &[String], order: &str) -> Result<(), DbError> {
    for id in in_order(ids) {
        coupons::release(&mut cx.tx, owner, id, order).await?;
    }
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
    for spent in by_id(spent) {
        let balance_after = if spent.kind == ModifierType::StoredValueCard {
            let mut stored = card_of(cx, owner, &spent.id).await?;
            stored.card.balance = less(stored.card.balance, spent)?;
            cards::update(&mut cx.tx, &stored).await?;
            stored.card.balance
        } else {
            let mut stored = coupon_of(cx, owner, &spent.id).await?;
            use_up(&mut stored, spent, cx.now)?;
            stored.order_ids = with_payment(&stored.order_ids, orders);
            coupons::update(&mut cx.tx, &stored).await?;
            stored.coupon.balance
        };
        let taken =
            spent.amount.checked_neg().ok_or_else(|| defect(spent, "exceeds what an amount holds"))?;
        let change = Noted { kind: ChangeKind::Used, order: Some(order), amount: taken, balance_after };
        note(cx, owner, (&spent.id, spent.kind), change).await?;
    }
    Ok(())
}

/// Notes what goes back to coupons and cards by a refund order; the money moves with the refund's journal. A coupon
/// that was used up becomes usable again, one for a single payment only when all that it paid is back; one that has
/// meanwhile expired, or was withdrawn, gets its money and stays what it is. Discount coupons hold no money, and what
/// they saved does not come back.
pub async fn give_back(
    cx: &mut Cx,
    owner: &str,
    refund_order: &str,
    returned: &[Spent],
) -> Result<(), DbError> {
    for returned in by_id(returned) {
        let balance_after = if returned.kind == ModifierType::StoredValueCard {
            let mut stored = card_of(cx, owner, &returned.id).await?;
            stored.card.balance = more(stored.card.balance, returned)?;
            cards::update(&mut cx.tx, &stored).await?;
            stored.card.balance
        } else {
            let mut stored = coupon_of(cx, owner, &returned.id).await?;
            return_to(&mut stored, returned)?;
            coupons::update(&mut cx.tx, &stored).await?;
            stored.coupon.balance
        };
        let change = Noted {
            kind: ChangeKind::Returned,
            order: Some(refund_order),
            amount: returned.amount,
            balance_after,
        };
        note(cx, owner, (&returned.id, returned.kind), change).await?;
    }
    Ok(())
}

/// Rows are locked in the order of their ids, coupons before cards.
fn by_id(spent: &[Spent]) -> Vec<&Spent> {
    let mut spent: Vec<&Spent> = spent.iter().collect();
    spent.sort_unstable_by_key(|spent| (spent.kind == ModifierType::StoredValueCard, &spent.id));
    spent
}

async fn coupon_of(cx: &mut Cx, owner: &str, id: &str) -> Result<StoredCoupon, DbError> {
    let found = coupons::lock(&mut cx.tx, owner, id).await?;
    found.ok_or_else(|| DbError::Other(format!("{owner} has no coupon {id}")))
}

async fn card_of(cx: &mut Cx, owner: &str, id: &str) -> Result<StoredCard, DbError> {
    let found = cards::lock(&mut cx.tx, owner, id).await?;
    found.ok_or_else(|| DbError::Other(format!("{owner} has no card {id}")))
}

/// Whoever decides the amounts has locked and checked what they come from, so this is a defect of the program.
fn defect(spent: &Spent, what: &str) -> DbError {
    DbError::Other(format!("{} of coupon or card {} {what}", spent.amount, spent.id))
}

fn less(balance: Charge, spent: &Spent) -> Result<Charge, DbError> {
    let left = balance.checked_sub(spent.amount).filter(|left| !left.is_negative());
    left.ok_or_else(|| defect(spent, &format!("is more than the {balance} that it has")))
}

fn more(balance: Charge, returned: &Spent) -> Result<Charge, DbError> {
    balance.checked_add(returned.amount).ok_or_else(|| defect(returned, "exceeds what an amount holds"))
}

/// What a payment leaves of a coupon.
fn use_up(stored: &mut StoredCoupon, spent: &Spent, now: Instant) -> Result<(), DbError> {
    let coupon = &mut stored.coupon;
    if spent.kind != ModifierType::DiscountCoupon {
        coupon.balance = less(coupon.balance, spent)?;
    }
    coupon.uses += 1;
    coupon.lock_order = None;
    stored.used_at = Some(now);
    stored.status = match coupon.check_usable("", now) {
        Err(Unusable::Spent | Unusable::UsedOnce) => CouponStatus::Used,
        Ok(()) => CouponStatus::ToBeUsed,
        Err(reason) => return Err(defect(spent, &format!("was paid although {reason}"))),
    };
    Ok(())
}

/// What a refund makes of a coupon.
fn return_to(stored: &mut StoredCoupon, returned: &Spent) -> Result<(), DbError> {
    let coupon = &mut stored.coupon;
    if coupon.kind == CouponType::Discount {
        return Err(defect(returned, "is no money that could go back"));
    }
    coupon.balance = more(coupon.balance, returned)?;
    // Its one payment still stands while a part of it is not back.
    if coupon.is_once() && coupon.balance == stored.face_value {
        coupon.uses = 0;
    }
    let is_usable = !(coupon.is_once() && coupon.uses > 0);
    if stored.status == CouponStatus::Used && is_usable {
        stored.status = CouponStatus::ToBeUsed;
    }
    Ok(())
}

/// The orders of one more payment: payments are separated by semicolons, orders of one payment by commas.
fn with_payment(known: &str, orders: &str) -> String {
    let mut payments: Vec<&str> = known.split(';').filter(|payment| !payment.is_empty()).collect();
    payments.push(orders);
    let from = payments.len().saturating_sub(PAYMENTS_NAMED_MAX);
    payments[from..].join(";")
}

/// What is noted of a change.
pub(super) struct Noted<'a> {
    /// What happened.
    pub(super) kind: ChangeKind,
    /// By which order.
    pub(super) order: Option<&'a str>,
    /// By how much the balance changed.
    pub(super) amount: Charge,
    /// What is left.
    pub(super) balance_after: Charge,
}

/// Writes down what happened to a coupon or card, given as its id and what an order calls it; the id of the change.
pub(super) async fn note(
    cx: &mut Cx,
    owner: &str,
    (coupon, benefit): (&str, ModifierType),
    noted: Noted<'_>,
) -> Result<String, DbError> {
    let change = Change {
        account: owner.to_owned(),
        id: hex32(cx.ids.as_mut()),
        coupon: coupon.to_owned(),
        benefit,
        kind: noted.kind,
        order: noted.order.map(str::to_owned),
        amount: noted.amount,
        balance_after: noted.balance_after,
        at: cx.now,
    };
    changes::insert(&mut cx.tx, &change).await?;
    Ok(change.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_are_named_as_table_8_3_writes_them_and_the_oldest_are_dropped() {
        assert_eq!(with_payment("", "CS1"), "CS1");
        assert_eq!(with_payment("CS1,CS2,CS3", "CSB"), "CS1,CS2,CS3;CSB");
        let full = vec!["CS1"; PAYMENTS_NAMED_MAX].join(";");
        let after = with_payment(&full, "CS2");
        assert_eq!(after.split(';').count(), PAYMENTS_NAMED_MAX);
        assert!(after.ends_with(";CS2"), "{after}");
    }
}
