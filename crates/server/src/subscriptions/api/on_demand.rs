//! The own API: the register of pay-per-use resources, and how one becomes yearly/monthly.

use domain::calendar::Instant;
use platform::input;
use platform::op::{
    AccountKind, ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, OPERATOR_OR_CUSTOMER, Operation,
    Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::change::{ORDER_ERRORS, OrderedOutput};
use super::commercial::term;
use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::subscriptions::service::conversions::{self, WantedTerm};
use crate::subscriptions::service::on_demand::{self, NewOnDemand, OnDemand};
use crate::subscriptions::service::ordering::check_right_to_pay;

input! {
    /// A pay-per-use resource that a customer has in the cloud.
    pub struct RegisterOnDemandInput: strict {
        /// The customer.
        pub customer_id: String = body("customer_id"),
        /// As the cloud names it; left out: an id of ours.
        pub resource_id: Option<String> = body("resource_id").length(64),
        /// Service code.
        pub cloud_service_type: String = body("cloud_service_type"),
        /// Resource type code.
        pub resource_type: String = body("resource_type"),
        /// Specification.
        pub resource_spec: String = body("resource_spec").length(128),
        /// Region.
        pub region: String = body("region"),
        /// Zone.
        pub available_zone: Option<String> = body("available_zone"),
        /// Size of a linear product.
        pub resource_size: Option<i64> = body("resource_size").range(1, 2_147_483_647),
        /// Unit of the size.
        pub size_measure_id: Option<i64> = body("size_measure_id").range(0, 2_147_483_647),
        /// Name of the resource.
        pub resource_name: Option<String> = body("resource_name").length(256),
        /// Project of the resource.
        pub project_id: Option<String> = body("project_id"),
        /// Enterprise project of the resource.
        pub enterprise_project_id: Option<String> = body("enterprise_project_id"),
    }

    /// Which pay-per-use resources to list.
    pub struct ListOnDemandInput {
        /// Of which customer; a customer sees its own, and the operator those of all where it is left out.
        pub customer_id: Option<String> = query("customer_id"),
        /// Index of the first.
        pub offset: i64 = query("offset").range(0, 2_147_483_647).default("0"),
        /// How many at most.
        pub limit: i64 = query("limit").range(1, 500).default("100"),
    }

    /// Which pay-per-use resource is gone.
    pub struct ReleaseOnDemandInput {
        /// The resource, as the cloud or we name it.
        pub id: String = path("id"),
    }

    /// The term that a pay-per-use resource is to have.
    pub struct ConvertToPeriodInput {
        /// The resource, as the cloud or we name it.
        pub id: String = path("id"),
        /// 2 month, 3 year.
        pub period_type: i64 = body("period_type").one_of(&["2", "3"]),
        /// How many.
        pub period_num: i64 = body("period_num").range(1, 60),
        /// Pay it now, with the discount that takes off most and fitting coupons.
        pub auto_pay: bool = body("auto_pay").default("false"),
        /// Renew it automatically.
        pub auto_renew: bool = body("auto_renew").default("false"),
    }
}

/// A pay-per-use resource.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct OnDemandOutput {
    /// Ours.
    id: String,
    /// As the cloud names it.
    resource_id: String,
    /// Whose it is.
    customer_id: String,
    /// Our id of the pay-per-use resource that it is attached to.
    parent_id: Option<String>,
    resource_name: Option<String>,
    cloud_service_type: String,
    resource_type: String,
    resource_spec: String,
    region: String,
    available_zone: Option<String>,
    resource_size: Option<i64>,
    size_measure_id: Option<i64>,
    project_id: Option<String>,
    enterprise_project_id: Option<String>,
    /// Our id of the yearly/monthly resource that it was.
    origin_id: Option<String>,
    /// 2 in use, 4 frozen with its account.
    status: i64,
    /// The order that turns it yearly/monthly and waits for payment.
    open_order_id: Option<String>,
    /// Since when it is pay-per-use.
    begin_time: String,
    /// Since when it no longer is.
    end_time: Option<String>,
}

impl OnDemandOutput {
    fn of(one: OnDemand) -> Self {
        Self {
            status: one.shown().code(),
            id: one.id,
            resource_id: one.resource_id,
            customer_id: one.account,
            parent_id: one.parent,
            resource_name: one.resource_name,
            cloud_service_type: one.service_type_code,
            resource_type: one.resource_type_code,
            resource_spec: one.resource_spec_code,
            region: one.region_code,
            available_zone: one.available_zone,
            resource_size: one.spec_size,
            size_measure_id: one.spec_size_measure_id,
            project_id: one.project_id,
            enterprise_project_id: one.enterprise_project_id,
            origin_id: one.origin,
            open_order_id: one.open_order,
            begin_time: one.began_at.to_wire(),
            end_time: one.ended_at.map(Instant::to_wire),
        }
    }
}

/// Pay-per-use resources.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct ListOnDemandOutput {
    /// How many there are.
    total_count: i64,
    /// The page, by customer, the oldest first.
    resources: Vec<OnDemandOutput>,
}

/// `POST /openbss/v1/on-demand-resources`.
pub(in crate::subscriptions) struct RegisterOnDemand;

impl Operation<App> for RegisterOnDemand {
    type Input = RegisterOnDemandInput;
    type Output = Json<OnDemandOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "RegisterOnDemand",
        method: Method::Post,
        path: "/openbss/v1/on-demand-resources",
        about: "Registers a pay-per-use resource that a customer has in the cloud.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "registerOnDemandResource"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[&codes::PRODUCT_NOT_FOUND],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let new = NewOnDemand {
            customer: input.customer_id,
            resource_id: input.resource_id,
            cloud_service_type: input.cloud_service_type,
            resource_type: input.resource_type,
            resource_spec: input.resource_spec,
            region: input.region,
            available_zone: input.available_zone,
            resource_size: input.resource_size,
            size_measure_id: input.size_measure_id,
            resource_name: input.resource_name,
            project_id: input.project_id,
            enterprise_project_id: input.enterprise_project_id,
        };
        let one = on_demand::register(cx, new).await?;
        cx.audited = Some((one.id.clone(), one.resource_id.clone()));
        Ok(Json(OnDemandOutput::of(one)))
    }
}

/// `GET /openbss/v1/on-demand-resources`.
pub(in crate::subscriptions) struct ListOnDemand;

impl Operation<App> for ListOnDemand {
    type Input = ListOnDemandInput;
    type Output = Json<ListOnDemandOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListOnDemand",
        method: Method::Get,
        path: "/openbss/v1/on-demand-resources",
        about: "Lists the pay-per-use resources that are there.",
        sites: Sites::All,
        callers: OPERATOR_OR_CUSTOMER,
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
        let own = cx.account().to_owned();
        let whose = match (cx.principal.kind, input.customer_id) {
            (AccountKind::Operator, named) => named,
            (_, Some(other)) if other != own => {
                return Err(codes::ACCESS_DENIED.because(
                    "customer_id: a customer sees its own resources only.",
                    "customer_id：客户只能查询自己的资源。",
                ));
            }
            (_, _) => Some(own),
        };
        let (total_count, page) =
            on_demand::list(&mut cx.tx, whose.as_deref(), input.offset, input.limit).await?;
        Ok(Json(ListOnDemandOutput {
            total_count,
            resources: page.into_iter().map(OnDemandOutput::of).collect(),
        }))
    }
}

/// `DELETE /openbss/v1/on-demand-resources/{id}`.
pub(in crate::subscriptions) struct ReleaseOnDemand;

impl Operation<App> for ReleaseOnDemand {
    type Input = ReleaseOnDemandInput;
    type Output = ();
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ReleaseOnDemand",
        method: Method::Delete,
        path: "/openbss/v1/on-demand-resources/{id}",
        about: "A pay-per-use resource, with what is attached to it, was released in the cloud.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "releaseOnDemandResource"),
        limit: Limit::PerSecond(10),
        success: 204,
        errors: &[
            &codes::RESOURCE_ID_NOT_FOUND,
            &codes::RESOURCE_IN_UNPAID_ORDER,
            &codes::ORDER_IN_PROGRESS,
            &codes::INVALID_VALUE,
        ],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<(), ApiError> {
        let released = on_demand::release(cx, &input.id).await?;
        cx.audited = Some((released.id, released.resource_id));
        Ok(())
    }
}

/// `POST /openbss/v1/on-demand-resources/{id}/to-period`.
pub(in crate::subscriptions) struct ConvertToPeriod;

impl Operation<App> for ConvertToPeriod {
    type Input = ConvertToPeriodInput;
    type Output = Json<OrderedOutput>;
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "ConvertToPeriod",
        method: Method::Post,
        path: "/openbss/v1/on-demand-resources/{id}/to-period",
        about: "Orders that a pay-per-use resource, with what is attached to it, becomes yearly/monthly.",
        sites: Sites::All,
        callers: OPERATOR_OR_CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "convertToPeriod"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: ORDER_ERRORS,
        is_secret: false,
        doc: "own API; rule 1.7",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, OrderError> {
        check_right_to_pay(cx, input.auto_pay)?;
        let wanted = WantedTerm {
            term: term(input.period_type, input.period_num),
            auto_pay: input.auto_pay,
            auto_renew: input.auto_renew,
        };
        let placed = conversions::to_period(cx, &input.id, &wanted).await?;
        cx.audited = Some((input.id, placed.id.clone()));
        Ok(Json(OrderedOutput::of_placed(cx, &placed)))
    }
}
