//! The operations of subscriptions.

pub(super) mod provisioning;
pub(super) mod query;
pub(super) mod quotas;
pub(super) mod renew;
pub(super) mod renew_price;
pub(super) mod unsubscribe;
