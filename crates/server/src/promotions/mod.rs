//! Benefits: discounts, coupons and stored-value cards of an account, and what happened to them.
//!
//! ```text
//!            hold (order placed)         spend (order paid)
//!  2 to be used ──▶ 2 held by an order ──────────▶ 2 with a smaller balance, or 3 used
//!       │  ▲            │ release (cancelled)          │
//!       │  └────────────┘          ◀── give_back ──────┘ (what failed; a used one becomes usable again, one for a
//!       │                                                 single payment only when all of it is back)
//!       ├── withdraw ──▶ 5 withdrawn        4 expired follows from the time alone
//!       └── freeze ⇄ unfreeze
//! ```
//!
//! What a benefit does to an order is decided in [`domain::promotion`]; this feature keeps them, and shows them.
//! Discounts are rows without money, kept in memory ([`cache`]) because every price inquiry looks at them.
//! The money of coupons and cards lies in the ledger: the payment's journal takes it, and the rows here say the same.
//!
//! Invariants: a coupon's balance is that of its ledger account, and its face value is balance + used − returned
//! (+ what was withdrawn); nothing expired, frozen, withdrawn or held by another order pays.

mod api;
pub mod cache;
mod checks;
pub mod service;
mod store;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature = Feature {
    name: "promotions",
    operations: api::operations,
    jobs: |_| {},
    checks: &[&checks::BENEFITS],
    statements: store::statements,
};
