//! Facts about the behaviour of the whole application, on both databases.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the verdict")]

mod accounts;
mod catalog;
mod combined;
mod contract;
mod coupons;
mod credit;
mod discounts;
mod explain;
mod freeze;
mod funds;
mod harness;
mod hostile;
mod identity;
mod jobs;
mod ledger;
mod limits;
mod machine;
mod money_races;
mod order_coupons;
mod order_lists;
mod orders;
mod paying;
mod paying_codes;
mod placed_with;
mod postgres;
mod pricing;
mod quotas;
mod sandbox;
mod settle_due;
mod statements;
mod subscriptions;
mod taxes;
mod tidy_repo;
mod verify;
mod webhooks;
