//! What falls due on resources: automatic renewal, the steps of their life, and the end of holds.

pub(super) mod live;
pub(super) mod live_on_demand;
pub(super) mod renew;
