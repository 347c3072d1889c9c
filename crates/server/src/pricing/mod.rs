//! What things cost: the two price inquiries, and the prices that orders are placed at.
//!
//! ```text
//! inquiry line --catalog--> product on sale --version in force--> price --domain::rating--> Exact --cut--> answer
//! ```
//!
//! A miss is an error, never a price of zero (rule 3.1). Nothing is rounded: an inquiry shows up to six or ten
//! decimals, cut toward zero (rule 3.5), and an order rounds once what is payable. An inquiry reads memory only,
//! but for the first one of an account.
//!
//! Both inquiries show what the discounts of the payer make of the list price ([`discounts`]): yearly/monthly ones a
//! whole result per discount, since the customer chooses one when it pays; pay-per-use ones the price under the
//! discount that its bills will go by, and beside it what each would take off.
//!
//! A total is the sum of the amounts shown beside it, so that a caller who adds the lines finds the same number.

pub mod api;
pub mod discounts;
pub mod service;
pub mod shown;

use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature = Feature {
    name: "pricing",
    operations: |registry| {
        registry.add::<api::ListOnDemandResourceRatings>().add::<api::ListRateOnPeriodDetail>();
    },
    jobs: |_| {},
    checks: &[],
    statements: Vec::new,
};
