//! The subscriptions feature.

use platform::op::ApiError;

use crate::Cx;
use crate::app::Feature;
use crate::orders::fulfilment::{Boxed, Fulfilled, Fulfilment, PaidLine};

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "subscriptions", operations: |_| {}, jobs: |_| {}, checks: &[], statements: Vec::new };

/// Yearly/monthly resources.
pub struct Subscriptions;
/// The fulfilment of yearly/monthly resources.
pub const SUBSCRIPTIONS: Subscriptions = Subscriptions;

impl Fulfilment for Subscriptions {
    fn paid<'a>(&'a self, _cx: &'a mut Cx, _line: &'a PaidLine) -> Boxed<'a, Result<Fulfilled, ApiError>> {
        todo!()
    }
}
