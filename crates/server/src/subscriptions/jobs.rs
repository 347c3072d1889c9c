//! What falls due on resources: automatic renewal, and the steps of their life.

pub(super) mod live;
pub(super) mod renew;
