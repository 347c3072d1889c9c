//! The operations of subscriptions.

pub(super) mod freeze;
pub(super) mod provisioning;
pub(super) mod query;
pub(super) mod quotas;
pub(super) mod to_on_demand;
pub(super) mod renew;
pub(super) mod renew_price;
