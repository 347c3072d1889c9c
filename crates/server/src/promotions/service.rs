//! What other features ask of benefits.

mod coupons;
mod discounts;
mod issue;
mod limits;
mod offered;

pub use super::store::checks::{Held, held_after};
pub use super::store::coupons::StoredCoupon;
pub use super::store::discounts::written;
pub(super) use coupons::account_of;
pub use coupons::{
    Spent, give_back, hold, lock_cards, lock_chosen, lock_coupons, release, spend, usable_cards,
    usable_coupons,
};
pub use discounts::{
    Granted, NewDiscount, changed, find_discount, grant, list_discounts, list_granted, refresh, withdraw,
};
pub use issue::{
    NewCard, NewCoupon, Validity, Worth, issue, issue_card, list, list_cards, list_changes, set_frozen,
    withdraw_card, withdraw_coupon,
};
pub use offered::{UseLimit, offered_coupons, use_limits};
