//! Whether an order line can be had, and what a paid one means, by kind of product. `orders` owns this seam; higher floors
//! register with it.

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

/// Why a line cannot be had now (`auth_result`, 004 table 8-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthResult {
    /// The quota of its customer does not suffice.
    Quota,
    /// The capacity of its region does not suffice.
    Capacity,
    /// Its specification is no longer sold.
    Specification,
    /// What it is attached to is no longer sold.
    Relation,
    /// Anything else.
    Other,
}

impl AuthResult {
    /// The number on the wire.
    pub fn code(self) -> i64 {
        match self {
            Self::Quota => 1,
            Self::Capacity => 2,
            Self::Specification => 3,
            Self::Relation => 4,
            Self::Other => 99,
        }
    }
}

/// A line that cannot be had now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortage {
    /// Its index in the lines that were asked about.
    pub line: usize,
    /// Why.
    pub auth_result: AuthResult,
}

/// One kind of product.
pub trait Fulfilment: Send + Sync {
    /// Whether lines like this one are its business.
    fn claims(&self, line: &Line) -> bool;

    /// Locks the resources that lines are about, before coupons and whatever is locked after them; what is attached
    /// after its primary, and primaries in the order of their ids. Lines that buy new ones mean nothing here.
    fn lock<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<(), ApiError>>;

    /// Whether lines that are to be paid now can be had: which of `lines` cannot, and why. What it found stays so until
    /// the transaction ends, so that room for one is not promised to two.
    fn admit<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<Vec<Shortage>, ApiError>>;

    /// An order waits for payment: the resources that its lines are about are held, so that no other order is about
    /// them meanwhile. Lines that buy new ones mean nothing here.
    fn held<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<(), ApiError>>;

    /// An order that gives money back is carried out, at once or when it was approved: what its lines are about ends, or
    /// changes. Coupons have their money back, balances not yet.
    fn returned<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<(), ApiError>>;

    /// An order that waited was cancelled: the resources that its lines are about are let go.
    fn let_go<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<(), ApiError>>;

    /// Lines were paid, in the paying transaction; the answer has one entry for each of `lines`, in their order.
    /// A primary line and what is attached to it come together.
    fn paid<'a>(
        &'a self,
        cx: &'a mut Cx,
        order: &'a Order,
        lines: &'a [Line],
    ) -> Boxed<'a, Result<Vec<Fulfilled>, ApiError>>;
}
