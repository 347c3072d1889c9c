//! The operations of subscriptions.

pub(super) mod auto_renewal;
pub(super) mod change;
pub(super) mod commercial;
pub(super) mod freeze;
pub(super) mod on_demand;
pub(super) mod provisioning;
pub(super) mod query;
pub(super) mod quotas;
pub(super) mod renew;
pub(super) mod renew_config;
pub(super) mod renew_price;
pub(super) mod to_on_demand;
pub(super) mod to_on_demand_instantly;
pub(super) mod unsubscribe;
