//! The own API: quotas of resources, and the capacity of regions.

use platform::input;
use platform::op::{ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Right, Sites, Spec};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::subscriptions::quotas::{self, Quota, Shelved};

/// The largest quota.
const QUOTA_MAX: i64 = 1_000_000_000;
/// The longest code of a specification.
const SPEC_MAX: usize = 128;

input! {
    /// How many resources of a specification may be in a region.
    pub struct SetQuotaInput: strict {
        /// Of which customer; left out: of all together, the capacity of the region.
        pub customer_id: Option<String> = body("customer_id"),
        /// Region.
        pub region: String = body("region"),
        /// Specification.
        pub resource_spec: String = body("resource_spec").length(SPEC_MAX),
        /// The most; those that wait for the cloud, are in use, frozen or expired count.
        pub quota: i64 = body("quota").range(0, QUOTA_MAX),
    }

    /// Which quotas to list.
    pub struct ListQuotasInput {
        /// Of which customer; left out: of all, and the capacities first.
        pub customer_id: Option<String> = query("customer_id"),
        /// Index of the first.
        pub offset: i64 = query("offset").range(0, 2_147_483_647).default("0"),
        /// How many at most.
        pub limit: i64 = query("limit").range(1, 500).default("100"),
    }

    /// Which quota to delete.
    pub struct DeleteQuotaInput {
        /// Of which customer; left out: the capacity.
        pub customer_id: Option<String> = query("customer_id"),
        /// Region.
        pub region: String = query("region"),
        /// Specification.
        pub resource_spec: String = query("resource_spec").length(SPEC_MAX),
    }
}

/// A quota, or the capacity of a region.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct QuotaOutput {
    /// Whose; null: of all together, the capacity of the region.
    customer_id: Option<String>,
    /// Region.
    region: String,
    /// Specification.
    resource_spec: String,
    /// The most.
    quota: i64,
    /// When it was set (UTC).
    update_time: String,
}

impl QuotaOutput {
    fn of(quota: Quota) -> Self {
        Self {
            customer_id: (!quota.account.is_empty()).then_some(quota.account),
            region: quota.region,
            resource_spec: quota.spec,
            quota: quota.quota,
            update_time: quota.updated_at.to_wire(),
        }
    }
}

/// Quotas.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct ListQuotasOutput {
    /// How many there are.
    total_count: i64,
    /// The page: capacities, then quotas by customer; each by region and specification.
    quotas: Vec<QuotaOutput>,
}

/// `PUT /openbss/v1/quotas`.
pub(in crate::subscriptions) struct SetQuota;

impl Operation<App> for SetQuota {
    type Input = SetQuotaInput;
    type Output = Json<QuotaOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "SetQuota",
        method: Method::Put,
        path: "/openbss/v1/quotas",
        about: "Sets how many resources of a specification may be in a region: of a customer, or of all.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("quota", "setQuota"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API; rule 4.11",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let customer = input.customer_id.as_deref();
        let named = Shelved { customer, region: &input.region, spec: &input.resource_spec };
        let quota = quotas::set(cx, &named, input.quota).await?;
        cx.audited = Some((quota.spec.clone(), quota.spec.clone()));
        Ok(Json(QuotaOutput::of(quota)))
    }
}

/// `GET /openbss/v1/quotas`.
pub(in crate::subscriptions) struct ListQuotas;

impl Operation<App> for ListQuotas {
    type Input = ListQuotasInput;
    type Output = Json<ListQuotasOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListQuotas",
        method: Method::Get,
        path: "/openbss/v1/quotas",
        about: "Lists quotas of resources, and the capacity of regions.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let (total_count, quotas) =
            quotas::list(cx, input.customer_id.as_deref(), input.offset, input.limit).await?;
        Ok(Json(ListQuotasOutput { total_count, quotas: quotas.into_iter().map(QuotaOutput::of).collect() }))
    }
}

/// `DELETE /openbss/v1/quotas`.
pub(in crate::subscriptions) struct DeleteQuota;

impl Operation<App> for DeleteQuota {
    type Input = DeleteQuotaInput;
    type Output = ();
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "DeleteQuota",
        method: Method::Delete,
        path: "/openbss/v1/quotas",
        about: "Deletes a quota or capacity, so that any number of resources may be there.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("quota", "deleteQuota"),
        limit: Limit::PerSecond(10),
        success: 204,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<(), ApiError> {
        let customer = input.customer_id.as_deref();
        let named = Shelved { customer, region: &input.region, spec: &input.resource_spec };
        quotas::delete(cx, &named).await?;
        cx.audited = Some((input.resource_spec.clone(), input.resource_spec));
        Ok(())
    }
}
