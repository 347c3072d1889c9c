//! The operations of subscriptions.

pub(super) mod change;
pub(super) mod commercial;
pub(super) mod on_demand;
pub(super) mod provisioning;
pub(super) mod query;
pub(super) mod quotas;
pub(super) mod renew;
pub(super) mod renew_price;
