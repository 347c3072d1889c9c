//! Yearly/monthly resources: what a paid line becomes, and the seam to the cloud that provides it.
//!
//! ```text
//!  paid line ──immediate──────────────────────────────▶ 2 in use
//!      │                                                   ▲
//!      └──external──▶ 0 waits for the cloud ──/provisioned─┘
//!                          │
//!                          └──/failed──▶ -1 never there; its share of the line goes back by a refund order
//! ```
//!
//! With the immediate provisioner the paying transaction itself makes the resources, so they are there when the
//! answer arrives. With the external one it makes a task for each, tells the operator's webhooks, and the term begins
//! when the cloud reports (rule 1.1.6). What the cloud is told later, and may report, is in `service/cloud.rs`; how a
//! term ends and what follows, in `service/life.rs`; what keeps a resource from being used meanwhile, in
//! `service/holds.rs`.
//!
//! Before a payment [`quotas`] says which lines cannot be had: too many of a specification, or no longer sold.
//!
//! Invariants:
//! - A line of n subscriptions has n resources; an attached resource has its parent in the same order.
//! - A resource that waits or never was is shown to nobody (004 8.4.1: provisioned ones only).
//! - The shares of failed resources of a line sum to what was paid for it, whatever the number.
//! - The counter of an account's visible resources agrees with them (`subscriptions.counters`), so a query without a
//!   filter counts nothing; every total is exact.
//! - Of every charge of a resource as much was returned as completed refund orders say, and never more than was paid
//!   (`subscriptions.charges`).
//! - No account returns more resources within five days for nothing than the site allows in a year, and each that it
//!   did has its refund order (`subscriptions.five_days`).
//! - A report is harmless when repeated, and refused when it contradicts an earlier one.

mod api;
mod checks;
mod jobs;
mod quotas;
mod service;
mod store;

pub use service::{SUBSCRIPTIONS, Subscriptions};

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature = Feature {
    name: "subscriptions",
    operations: |registry| {
        registry
            .add::<api::query::ListPayPerUseCustomerResources>()
            .add::<api::auto_renewal::AutoRenewalResources>()
            .add::<api::auto_renewal::CancelAutoRenewalResources>()
            .add::<api::renew_config::SetResourcesRenewConfig>()
            .add::<api::renew::RenewalResources>()
            .add::<api::renew_price::ListRenewRateOnPeriod>()
            .add::<api::unsubscribe::CancelResourcesSubscription>()
            .add::<api::provisioning::ListProvisioning>()
            .add::<api::provisioning::ReportProvisioned>()
            .add::<api::provisioning::ReportFailed>()
            .add::<api::freeze::FreezeResource>()
            .add::<api::freeze::UnfreezeResource>()
            .add::<api::to_on_demand::UpdatePeriodToOnDemand>()
            .add::<api::quotas::SetQuota>()
            .add::<api::quotas::ListQuotas>()
            .add::<api::quotas::DeleteQuota>()
            .add::<api::change::ChangeResource>()
            .add::<api::commercial::MakeCommercial>()
            .add::<api::on_demand::RegisterOnDemand>()
            .add::<api::on_demand::ListOnDemand>()
            .add::<api::on_demand::ReleaseOnDemand>()
            .add::<api::on_demand::ConvertToPeriod>()
            .add::<api::to_on_demand_instantly::UpdatePeriodToOnDemandInstantly>();
    },
    jobs: |jobs| {
        jobs.add::<jobs::renew::Renew>();
        jobs.add::<jobs::live::Live>();
        jobs.add::<jobs::live_on_demand::LiveOnDemand>();
    },
    checks: &[&checks::Counters, &checks::States, &checks::Charges, &checks::FiveDays],
    statements: store::statements,
};
