//! What `verify` recomputes of orders.

use std::collections::{BTreeMap, HashMap};

use domain::ledger::{Cause, JournalKind};
use domain::money::{Charge, Scaled};
use domain::promotion::Modifier;
use platform::db::{DbError, Tx};

use super::store::checks::{self as store, Paid, Reduced, Sides};
use crate::Boxed;
use crate::ledger::service::{self as ledger, Moved};
use crate::promotions::service as promotions;
use crate::verify::{Check, Identity};

/// How many orders are compared with their journals at a time: as many causes as the ledger looks up at once.
const PAGE: i64 = 20;
/// How many broken orders are named.
const NAMED_MAX: usize = 20;

fn identity(name: &'static str, sides: Sides, write: fn(i64) -> String) -> Identity {
    Identity {
        name,
        left: write(sides.left),
        right: write(sides.right),
        holds: sides.left == sides.right && sides.broken.is_empty(),
        detail: (!sides.broken.is_empty()).then(|| sides.broken.join(", ")),
    }
}

/// An order's amounts are the sums of its lines, and no line is without its order.
pub(super) struct Lines;

impl Check for Lines {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let sides = store::sums(tx).await?;
            Ok(vec![identity("orders.lines", sides, |cents| Charge::from_units(cents).to_string())])
        })
    }
}

/// List price = what reduced it + what balances pay, on every order and line, and an order's modifiers are the sums of
/// its lines'.
pub(super) struct Amounts;

impl Check for Amounts {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move { Ok(vec![amounts(tx).await?]) })
    }
}

fn sum_of(modifiers: &[Modifier]) -> Option<Charge> {
    Charge::sum(modifiers.iter().map(|modifier| modifier.amount))
}

/// Whether the parts of an amount add up. What a refund order gave to coupons is beside its amount.
fn adds_up(amounts: &Reduced, is_refund: bool) -> bool {
    let reduced = if is_refund { Some(Charge::ZERO) } else { sum_of(&amounts.modifiers) };
    reduced.and_then(|reduced| reduced.checked_add(amounts.payable)) == Some(amounts.official)
}

/// The modifiers of some lines, by what they come from.
fn by_source<'a>(lines: impl IntoIterator<Item = &'a Reduced>) -> Option<BTreeMap<(i64, &'a str), Charge>> {
    let mut sums = BTreeMap::new();
    for modifier in lines.into_iter().flat_map(|line| &line.modifiers) {
        let sum = sums.entry((modifier.kind.code(), modifier.source.as_str())).or_insert(Charge::ZERO);
        *sum = sum.checked_add(modifier.amount)?;
    }
    Some(sums)
}

async fn amounts(tx: &mut Tx) -> Result<Identity, DbError> {
    let (list, payable, mut broken) = store::plain(tx).await?;
    let mut reduced = Charge::ZERO;
    let mut last = String::new();
    loop {
        let page = store::reduced_after(tx, &last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last.clone_from(&end.id);
        for order in &page {
            let lines = store::reduced_lines(tx, &order.account, &order.id).await?;
            let is_right = adds_up(&order.whole, order.is_refund)
                && lines.iter().all(|line| adds_up(line, order.is_refund))
                && by_source([&order.whole]).is_some()
                && by_source([&order.whole]) == by_source(&lines);
            if !is_right && broken.len() < NAMED_MAX {
                broken.push(order.id.clone());
            }
            if !order.is_refund {
                let sum = sum_of(&order.whole.modifiers).and_then(|sum| reduced.checked_add(sum));
                reduced = sum.ok_or_else(overflow)?;
            }
        }
    }
    let right = payable.checked_add(reduced).ok_or_else(overflow)?;
    Ok(Identity::of("orders.amounts", list, right, &broken))
}

/// Every coupon that is held is held by an order of its owner's to pay that waits for payment and was placed with it.
pub(super) struct HeldCoupons;

impl Check for HeldCoupons {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move { Ok(vec![held_coupons(tx).await?]) })
    }
}

async fn held_coupons(tx: &mut Tx) -> Result<Identity, DbError> {
    let (mut held, mut waiting, mut broken) = (0_i64, 0_i64, Vec::new());
    let mut last = String::new();
    loop {
        let page = promotions::held_after(tx, &last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last.clone_from(&end.id);
        let orders: Vec<String> = page.iter().map(|coupon| coupon.order.clone()).collect();
        let holders = store::waiting_among(tx, &orders).await?;
        for coupon in &page {
            held += 1;
            let is_held = holders.iter().any(|holder| {
                holder.id == coupon.order && holder.payer == coupon.owner && holder.names(&coupon.id)
            });
            if is_held {
                waiting += 1;
            } else if broken.len() < NAMED_MAX {
                broken.push(coupon.id.clone());
            }
        }
    }
    let sides = Sides { left: held, right: waiting, broken };
    Ok(identity("orders.held_coupons", sides, |number| number.to_string()))
}

/// The counters of orders agree with the orders, and every customer who has ordered has one.
pub(super) struct Counters;

impl Check for Counters {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let sides = store::counters(tx).await?;
            Ok(vec![identity("orders.counters", sides, |number| number.to_string())])
        })
    }
}

/// The status of an order agrees with what the row says of its payment, deadline and open lines, and the number
/// of those with the lines.
pub(super) struct States;

impl Check for States {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let sides = store::states(tx).await?;
            Ok(vec![identity("orders.states", sides, |number| number.to_string())])
        })
    }
}

/// Every paid order, and every refund order, has one journal of its amount and of its tax; a refund gives back the
/// payment of the order it is for; no journal is without its order.
pub(super) struct Postings;

impl Check for Postings {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move { Ok(postings(tx).await?.into()) })
    }
}

fn kind_of(is_refund: bool) -> JournalKind {
    if is_refund { JournalKind::RefundOrder } else { JournalKind::PayOrder }
}

/// Whether the journal of an order is the one that it must have.
fn agrees(order: &Paid, moved: &Moved) -> bool {
    // What the customer's accounts lost is what the order cost; a refund order costs less than nothing.
    let is_amount = moved.amount.checked_neg() == Some(order.amount);
    let payment = |base: &String| Cause::new(JournalKind::PayOrder.code(), base, "").to_string();
    let gives_back = order.base_order.as_ref().map(payment).filter(|_| order.is_refund);
    is_amount && moved.gives_back == gives_back
}

/// Taxes of orders, and what their journals posted to the house's account of tax.
struct Taxes {
    of_orders: Charge,
    posted: Charge,
    broken: Vec<String>,
}

impl Taxes {
    fn compare(&mut self, order: &Paid, journal: Option<&Moved>) -> Option<()> {
        let posted = journal.map_or(Charge::ZERO, |moved| moved.tax);
        self.of_orders = self.of_orders.checked_add(order.tax)?;
        self.posted = self.posted.checked_add(posted)?;
        if posted != order.tax && self.broken.len() < NAMED_MAX {
            self.broken.push(order.id.clone());
        }
        Some(())
    }
}

async fn postings(tx: &mut Tx) -> Result<[Identity; 2], DbError> {
    let (mut sum, mut count, mut broken) = (Charge::ZERO, 0_i64, Vec::new());
    let mut taxes = Taxes { of_orders: Charge::ZERO, posted: Charge::ZERO, broken: Vec::new() };
    let mut last = String::new();
    loop {
        let page = store::paid_after(tx, &last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last.clone_from(&end.id);
        let cause = |order: &Paid| Cause::new(kind_of(order.is_refund).code(), &order.id, "");
        let causes: Vec<Cause> = page.iter().map(cause).collect();
        let moved: HashMap<String, Moved> =
            ledger::moved(tx, &causes).await?.into_iter().map(|moved| (moved.cause.clone(), moved)).collect();
        for (order, cause) in page.iter().zip(&causes) {
            let journal = moved.get(&cause.to_string());
            // Where a discount left nothing to pay, no money moved.
            let is_right = journal.map_or(order.amount.is_zero(), |moved| agrees(order, moved));
            if !is_right && broken.len() < NAMED_MAX {
                broken.push(order.id.clone());
            }
            taxes.compare(order, journal).ok_or_else(overflow)?;
            sum = sum.checked_add(order.amount).ok_or_else(overflow)?;
            count += i64::from(!order.amount.is_zero());
        }
    }
    let (paid, spent) = ledger::totals(tx, JournalKind::PayOrder).await?;
    let (refunded, given_back) = ledger::totals(tx, JournalKind::RefundOrder).await?;
    let right = spent.checked_add(given_back).and_then(Charge::checked_neg).ok_or_else(overflow)?;
    let journals = paid + refunded;
    // Causes are unique: where every order has its journal and the numbers agree, every journal has its order.
    if journals != count || !broken.is_empty() {
        for is_refund in [false, true] {
            name_orphans(tx, is_refund, &mut broken).await?;
        }
    }
    if journals != count {
        broken.push(format!("{count} orders have {journals} journals"));
    }
    Ok([
        Identity::of("orders.postings", sum, right, &broken),
        Identity::of("orders.taxes", taxes.of_orders, taxes.posted, &taxes.broken),
    ])
}

/// Names journals without an order for which money moved, as many as may still be named.
async fn name_orphans(tx: &mut Tx, is_refund: bool, broken: &mut Vec<String>) -> Result<(), DbError> {
    let kind = kind_of(is_refund);
    let mut last = String::new();
    while broken.len() < NAMED_MAX {
        let page = ledger::causes_after(tx, kind, &last, PAGE).await?;
        let Some((end, _)) = page.last() else { break };
        last.clone_from(end);
        let ids: Vec<String> = page.iter().map(|(_, cause)| order_of(cause).to_owned()).collect();
        let known = store::paid_among(tx, &ids).await?;
        for (_, cause) in &page {
            let order = (order_of(cause).to_owned(), is_refund);
            if !known.contains(&order) && broken.len() < NAMED_MAX {
                broken.push(format!("{cause} has no order"));
            }
        }
    }
    Ok(())
}

/// The order that the text of a cause names: `pay_order/CS2601151600ABCDEFGHJK/`.
fn order_of(cause: &str) -> &str {
    cause.split('/').nth(1).unwrap_or_default()
}

fn overflow() -> DbError {
    DbError::Other("the orders overflow".to_owned())
}
