//! Linear products: disks, bandwidth and others whose price is per unit of size (rule 3.6).

use crate::money::{Exact, Overflow};

/// The amount for a size; an amount of a product without size is left as it is.
pub(super) fn times_size(amount: Exact, size: Option<i64>) -> Result<Exact, Overflow> {
    match size {
        Some(size) => amount.times_int(size),
        None => Ok(amount),
    }
}
