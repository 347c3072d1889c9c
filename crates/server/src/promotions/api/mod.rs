//! The operations of benefits.

mod discounts;

use platform::op::Registry;

use crate::app::App;

/// Adds the operations.
pub fn operations(registry: &mut Registry<App>) {
    discounts::operations(registry);
}
