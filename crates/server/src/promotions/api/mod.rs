//! The operations of benefits.

mod cards;
mod coupons;
mod discounts;
mod issue;
mod limits;
mod records;

use platform::op::Registry;

use crate::app::App;

/// Adds the operations.
pub fn operations(registry: &mut Registry<App>) {
    coupons::operations(registry);
    cards::operations(registry);
    records::operations(registry);
    issue::operations(registry);
    discounts::operations(registry);
}
