//! What `verify` recomputes of orders.

use std::collections::{BTreeMap, HashMap};

use domain::ledger::{Cause, JournalKind};
use domain::money::{Charge, Scaled};
use domain::promotion::Modifier;
use platform::db::{DbError, Tx};

use super::store::checks::{self as store, Paid, Reduced, Sides};
use super::store::returns;
use crate::Boxed;
use crate::ledger::service::{self as ledger, CAUSES_AT_ONCE, Moved};
use crate::promotions::service as promotions;
use crate::verify::{Check, FINDINGS_MAX, Identity};

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

/// Every paid order has one journal of its amount and of its tax, and every refund order one for each order whose money
/// it gives back, of what its rows say; no journal is without its order.
pub(super) struct Postings;

impl Check for Postings {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move { Ok(postings(tx).await?.into()) })
    }
}

/// What refund orders say of themselves: lines and rows agree.
pub(super) struct Returns;

impl Check for Returns {
    fn identities<'a>(&'a self, tx: &'a mut Tx) -> Boxed<'a, Result<Vec<Identity>, DbError>> {
        Box::pin(async move {
            let (lines, rows, broken) = returns::sums(tx, FINDINGS_MAX).await?;
            Ok(vec![Identity::of("orders.returns", lines, rows, &broken)])
        })
    }
}

fn kind_of(is_refund: bool) -> JournalKind {
    if is_refund { JournalKind::RefundOrder } else { JournalKind::PayOrder }
}

/// A journal that must stand in the books.
struct Due {
    cause: Cause,
    /// What balances, coupons and cards paid; below zero where it goes back.
    amount: Charge,
    /// The payment that it gives back.
    gives_back: Option<String>,
}

impl Due {
    /// Whether this journal is the one.
    fn agrees(&self, moved: &Moved) -> bool {
        // What the customer's accounts lost is what the order cost; a refund order costs less than nothing.
        moved.amount.checked_neg() == Some(self.amount) && moved.gives_back == self.gives_back
    }
}

/// The journals that an order must have.
async fn due(tx: &mut Tx, order: &Paid) -> Result<Vec<Due>, DbError> {
    if !order.is_refund {
        let cause = Cause::new(kind_of(false).code(), &order.id, "");
        return Ok(vec![Due { cause, amount: order.amount, gives_back: None }]);
    }
    let mut by_base: BTreeMap<String, Charge> = BTreeMap::new();
    for row in returns::of_named(tx, &order.account, &order.id).await? {
        // A fee is above zero: less goes back.
        let benefits = Charge::sum(row.benefits.iter().map(|benefit| benefit.amount));
        let amount = benefits.and_then(|benefits| row.amount.checked_sub(benefits)).ok_or_else(overflow)?;
        let sum = by_base.entry(row.base_order).or_insert(Charge::ZERO);
        *sum = sum.checked_add(amount).ok_or_else(overflow)?;
    }
    let journal = |(base, amount): (String, Charge)| Due {
        cause: Cause::new(kind_of(true).code(), &order.id, &base),
        amount,
        gives_back: Some(Cause::new(kind_of(false).code(), &base, "").to_string()),
    };
    Ok(by_base.into_iter().filter(|(_, amount)| !amount.is_zero()).map(journal).collect())
}

/// The journals that stand in the books for those that must.
async fn moved_by(tx: &mut Tx, due: &[Due]) -> Result<HashMap<String, Moved>, DbError> {
    let mut found = HashMap::new();
    for page in due.chunks(CAUSES_AT_ONCE) {
        let causes: Vec<Cause> = page.iter().map(|due| due.cause.clone()).collect();
        let moved = ledger::moved(tx, &causes).await?;
        found.extend(moved.into_iter().map(|moved| (moved.cause.clone(), moved)));
    }
    Ok(found)
}

/// Both sides of the identities of postings and of taxes, as far as orders were looked at.
struct Moving {
    of_orders: Charge,
    journals: i64,
    taxes: Charge,
    taxes_posted: Charge,
    broken: Vec<String>,
    broken_taxes: Vec<String>,
}

impl Moving {
    /// Adds an order with the journals that it must have and those that there are.
    fn add(&mut self, order: &Paid, due: &[Due], moved: &HashMap<String, Moved>) -> Option<()> {
        let name = |broken: &mut Vec<String>| {
            if broken.len() < NAMED_MAX {
                broken.push(order.id.clone());
            }
        };
        let mut is_right = Charge::sum(due.iter().map(|due| due.amount))? == order.amount;
        let mut tax = Charge::ZERO;
        for due in due {
            let journal = moved.get(&due.cause.to_string());
            // Where a discount left nothing to pay, no money moved.
            is_right &= journal.map_or(due.amount.is_zero(), |moved| due.agrees(moved));
            tax = tax.checked_add(journal.map_or(Charge::ZERO, |moved| moved.tax))?;
            self.journals += i64::from(!due.amount.is_zero());
        }
        if !is_right {
            name(&mut self.broken);
        }
        if tax != order.tax {
            name(&mut self.broken_taxes);
        }
        self.of_orders = self.of_orders.checked_add(order.amount)?;
        self.taxes = self.taxes.checked_add(order.tax)?;
        self.taxes_posted = self.taxes_posted.checked_add(tax)?;
        Some(())
    }
}

async fn postings(tx: &mut Tx) -> Result<[Identity; 2], DbError> {
    let mut both = Moving {
        of_orders: Charge::ZERO,
        journals: 0,
        taxes: Charge::ZERO,
        taxes_posted: Charge::ZERO,
        broken: Vec::new(),
        broken_taxes: Vec::new(),
    };
    let mut last = String::new();
    loop {
        let page = store::paid_after(tx, &last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last.clone_from(&end.id);
        let mut journals: Vec<Due> = Vec::new();
        let mut ends = Vec::with_capacity(page.len());
        for order in &page {
            journals.extend(due(tx, order).await?);
            ends.push(journals.len());
        }
        let moved = moved_by(tx, &journals).await?;
        let mut begin = 0;
        for (order, end) in page.iter().zip(ends) {
            both.add(order, &journals[begin..end], &moved).ok_or_else(overflow)?;
            begin = end;
        }
    }
    let (paid, spent) = ledger::totals(tx, JournalKind::PayOrder).await?;
    let (refunded, given_back) = ledger::totals(tx, JournalKind::RefundOrder).await?;
    let right = spent.checked_add(given_back).and_then(Charge::checked_neg).ok_or_else(overflow)?;
    let (journals, count) = (paid + refunded, both.journals);
    // Causes are unique: where every order has its journals and the numbers agree, every journal has its order.
    if journals != count || !both.broken.is_empty() {
        for is_refund in [false, true] {
            name_orphans(tx, is_refund, &mut both.broken).await?;
        }
    }
    if journals != count {
        both.broken.push(format!("{count} journals are due and there are {journals}"));
    }
    Ok([
        Identity::of("orders.postings", both.of_orders, right, &both.broken),
        Identity::of("orders.taxes", both.taxes, both.taxes_posted, &both.broken_taxes),
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
