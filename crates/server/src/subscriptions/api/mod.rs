//! The operations of subscriptions.

pub(super) mod provisioning;
pub(super) mod query;
pub(super) mod quotas;
