//! What a paid order line means, by kind of product. `orders` owns this seam; higher floors register with it.

use std::future::Future;
use std::pin::Pin;

use platform::op::ApiError;

use crate::Cx;

/// A boxed future, so that fulfilments can be collected.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Facts of a paid line that fulfilment needs.
#[derive(Debug, Clone)]
pub struct PaidLine {
    /// The customer.
    pub account: String,
    /// The order.
    pub order: String,
    /// Line number from 1.
    pub line_no: i64,
}

/// Whether a line is already finished when the paying transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fulfilled {
    /// Done at once.
    Done,
    /// The cloud will report.
    Waiting,
}

/// One kind of product.
pub trait Fulfilment: Send + Sync {
    /// A line was paid.
    fn paid<'a>(&'a self, cx: &'a mut Cx, line: &'a PaidLine) -> Boxed<'a, Result<Fulfilled, ApiError>>;
}
