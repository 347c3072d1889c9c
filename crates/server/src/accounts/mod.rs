//! The money of customers and partners: what came in, what they may spend, what was spent and given back.
//!
//! ```text
//!  operator ── top_up ─┬─▶ debts, the oldest first
//!                      └─▶ cash, bonus ───┐        (a deposit repays nothing and pays nothing)
//!                                         ├── pay_orders ─▶ (revenue, tax) ── refund_order ──▶ the funds that paid
//!  operator ── grant_credit ─▶ credit line┤   cash, bonus, then the lines by their expiry
//!  operator ── terms ─▶ month of settlement   alone, where the payer has such terms
//!  cash ── settle_due ─▶ month of settlement  when it is due, as far as the cash goes
//! ```
//!
//! Every movement is a journal of the ledger; this feature decides between which accounts, and keeps what the
//! ledger does not know: the caller's transaction ids and the terms of credit lines. A credit line is a ledger
//! account whose balance is what is left of it; at its expiry `accounts.expire_credit` takes that back, what was
//! taken stays owed, and what is repaid of it or refunded later is taken back at once. What a payment takes from a line
//! or a month is a debt, which names its order; a month's debts are due on a day of the next month. Then
//! `accounts.settle_due` repays them from cash, the oldest first; who is overdue after that buys nothing. Both jobs
//! leave an audit row.
//!
//! What limits spending besides balances is the business of [`limits`], the tax that a payment contains that of
//! [`taxes`].
//!
//! Invariants: an order is charged once, whoever asks how often. Orders that are paid together are
//! looked at as a whole, and count as one payment. A refund goes back to the funds that paid, the
//! last one first, what was owed and has been repaid meanwhile as cash; all refunds of an order together never exceed
//! its payment. The open debts of a credit line are what was granted less what is left and what was taken back, and
//! those of a month what its account is below zero. The same `trans_id` is the same top-up. A frozen payer buys nothing,
//! and nothing is bought for a frozen customer; what is owed is repaid from cash all the same.
//!
//! Locks: limits, then accounts of the ledger, then debts; only a top-up and a settlement, which learn from the debts
//! which accounts to lock, hold cash, then debts, then those. Whoever locks debts holds the owner's cash.

mod api;
mod checks;
mod errors;
mod jobs;
mod limits;
pub mod service;
mod store;
mod taxes;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature = Feature {
    name: "accounts",
    operations: api::operations,
    jobs: |jobs| {
        jobs.add::<jobs::ExpireCredit>().add::<jobs::SettleDue>();
    },
    checks: &[&checks::MONEY_IN, &checks::OWED, &checks::LIMITS],
    statements,
};

fn statements() -> Vec<String> {
    let lists = [store::STATEMENTS, store::debts::STATEMENTS];
    let own = lists.into_iter().flatten().map(|(_, text)| (*text).to_owned());
    own.chain(store::limits::statements()).chain(store::taxes::statements()).collect()
}
