//! Orders: what was bought, at which price, and whether it was paid.
//!
//! ```text
//!  place ─▶ 6 pending payment ──pay──▶ 3 processing ──every line done or failed──▶ 5 completed
//!                  │                        ▲                    │ a failed line
//!                  ├─ cancel, time over     │                    ▼
//!                  ▼                   auto_pay, or        a refund order of its own:
//!             4 cancelled              it costs nothing    type 4, source 8, status 5, negative
//! ```
//!
//! The machine itself is [`domain::order`]. What a paid line means is the business of a [`fulfilment::Fulfilment`]
//! that a higher floor registers; with the immediate provisioner the paying transaction walks through 3 to 5.
//!
//! A unified member's order is its enterprise master's to pay: auto_pay takes the master's money at once, and what
//! the member pays by hand is accepted, charges nobody and waits for the master (004 8.3.3, rule 4.10); a second time
//! it is in progress (CBC.99000088). Only the customer who placed an order cancels it.
//!
//! Totals of lists are exact: from counters without a filter (of completed orders, or purchases, the few others are
//! counted and subtracted), and otherwise counted in the one index that serves the filter.
//!
//! Invariants:
//! - List prices are fixed when the order is placed. Each line is settled to cents once, half up; an order's amounts
//!   are the sums of its lines (`orders.lines`). What reduces them is fixed by the payment: one by hand uses what it
//!   names and nothing of what the order was placed with, automatic payment that and what else fits.
//! - A paid order has exactly one pay journal of its payable amount and of what coupons and cards gave, or none where
//!   that is nothing; a refund order one refund journal for each order whose payment it gives back (`orders.postings`),
//!   and rows that say what of it, which sum to its lines (`orders.returns`). An order is locked before any account of
//!   the ledger.
//! - A large refund waits for approval (1) with the amounts of its request; nothing has moved for it until then.
//! - Coupons are held by orders that wait for payment and were placed with them, by nothing else
//!   (`orders.held_coupons`).
//! - From `pay_before` on an order cannot be paid; `orders.cancel_unpaid` cancels it and leaves an audit row.
//! - A status agrees with payment, deadline and open lines (`orders.states`); counters agree (`orders.counters`).
//!
//! Never: an order of another tenant shown or changed; a list price changed after placing, or any amount after payment.

mod api;
mod checks;
pub mod errors;
pub mod fulfilment;
mod jobs;
pub mod model;
pub mod service;
mod store;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature = Feature {
    name: "orders",
    operations: |registry| {
        registry
            .add::<api::place::PlaceOrder>()
            .add::<api::list::ListCustomerOrders>()
            .add::<api::details::ShowCustomerOrderDetails>()
            .add::<api::order_coupons::ListOrderCouponsByOrderId>()
            .add::<api::order_discounts::ListOrderDiscounts>()
            .add::<api::pay::PayOrders>()
            .add::<api::pay::CancelCustomerOrder>()
            .add::<api::refund_orders::ShowRefundOrderDetails>()
            .add::<api::approvals::ApproveOrder>()
            .add::<api::approvals::RejectOrder>()
            .add::<api::approvals::SetOrderInvoice>()
            .add::<api::adjust::AdjustOrder>()
            .add::<api::explain::ExplainAmounts>();
    },
    jobs: |jobs| {
        jobs.add::<jobs::CancelUnpaid>();
    },
    checks: &[
        &checks::Lines,
        &checks::Amounts,
        &checks::Returns,
        &checks::States,
        &checks::Counters,
        &checks::Postings,
        &checks::HeldCoupons,
    ],
    statements: store::statements,
};
