//! The ledger: double entry, append only, one door.
//!
//! ```text
//! feature ── Journal (balanced by construction) ──▶ service::post
//!    lock accounts by kind and id → check floors → journal (cause is unique) → postings → running balances
//! ```
//!
//! A customer's account keeps a running balance, and its postings are numbered without gaps; an account of the
//! house is the sum of its postings and has no row, so that no row is hot across customers. What the credit lines of
//! an owner hold together is numbered and summed beside them, so that their changes are listed as those of one.
//!
//! Invariants: the postings of a journal sum to zero. A balance equals the sum of the account's postings, and
//! each posting carries the balance after it. No payment takes an account below its floor. The same cause
//! twice is the same journal. Nothing is updated but running balances; nothing is deleted. A journal gives back
//! no more than the journal it refers to has taken: of each coupon and card, and of all balances together.
//!
//! Whoever posts holds the locks of what it decided by. The order of locks across features is an invariant of
//! ARCHITECTURE.md; here accounts are locked by [`domain::ledger::AccountKind::lock_rank`] and id, then what sums an
//! owner's accounts of a kind.

mod checks;
pub mod service;
mod store;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "ledger", operations: |_| {}, jobs: |_| {}, checks: &[&checks::BOOKS], statements };

fn statements() -> Vec<String> {
    let texts = store::STATEMENTS.iter().map(|(_, text)| (*text).to_owned());
    let checks = store::checks::STATEMENTS.iter().map(|(_, text)| (*text).to_owned());
    let changes = store::changes::STATEMENTS.iter().map(|(_, text)| (*text).to_owned());
    let receipts = store::receipts::STATEMENTS.iter().map(|(_, text)| (*text).to_owned());
    let totals = store::totals::STATEMENTS.iter().map(|(_, text)| (*text).to_owned());
    texts
        .chain(totals)
        .chain(checks)
        .chain(changes)
        .chain(receipts)
        .chain([store::insert_posting()])
        .collect()
}
