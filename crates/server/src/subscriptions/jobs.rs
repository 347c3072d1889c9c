//! What falls due on resources.

pub(super) mod renew;
