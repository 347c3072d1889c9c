//! What a paid order line means, by kind of product. `orders` owns this seam; higher floors register with it.

use domain::calendar::Instant;
use platform::op::ApiError;

use super::model::{Line, Order};
pub use crate::Boxed;
use crate::Cx;

/// How far a line is when the paying transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fulfilled {
    /// Done at once, with its term.
    Done {
        /// Begin of the term.
        effective_at: Instant,
        /// End of the term.
        expires_at: Instant,
    },
    /// The cloud will report.
    Waiting,
}

/// One kind of product.
pub trait Fulfilment: Send + Sync {
    /// Whether lines like this one are its business.
    fn claims(&self, line: &Line) -> bool;

    /// Lines were paid, in the paying transaction; the answer has one entry for each of `lines`, in their order.
    /// A primary line and what is attached to it come together.
    fn paid<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<Vec<Fulfilled>, ApiError>>;
}
