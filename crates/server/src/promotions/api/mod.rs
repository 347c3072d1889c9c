//! The operations of benefits.

use platform::op::Registry;

use crate::app::App;

/// Adds the operations.
pub fn operations(_: &mut Registry<App>) {}
