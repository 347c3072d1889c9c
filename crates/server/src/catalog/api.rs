//! The operations of the catalogue.

use platform::op::Registry;

use crate::app::App;

/// Registers them.
pub fn register(_registry: &mut Registry<App>) {}
