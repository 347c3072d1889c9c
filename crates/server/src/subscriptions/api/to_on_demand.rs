//! 004 8.4.6: to pay-per-use on expiry, set up and cancelled.

use platform::input;
use platform::op::{
    ApiError, Audit, CUSTOMER, Json, Language, Limit, Method, Mode, Operation, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::subscriptions::service::to_on_demand::{self, Wish};

const SET_UP: &str = "SET_UP";

input! {
    /// 004 8.4.6.
    pub struct PeriodToOnDemandInput {
        /// SET_UP or CANCEL.
        pub operation: String = body("operation").length(64).one_of(&["SET_UP", "CANCEL"]),
        /// Primary resources, at most 100; what is attached to them follows.
        pub resource_ids: Vec<String> = body("resource_ids").items(1, 100).length(64),
    }
}

/// What could not be done.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct PeriodToOnDemandOutput {
    /// One entry for each resource that was not changed; empty: all were.
    error_details: Vec<ErrorDetail>,
}

/// Why a resource was not changed (004 table 8-34).
#[derive(Debug, Serialize, JsonSchema)]
struct ErrorDetail {
    /// Its resource id.
    id: String,
    error_code: &'static str,
    error_msg: String,
}

/// 004 8.4.6, under the name the SDKs give it.
pub(in crate::subscriptions) struct UpdatePeriodToOnDemand;

impl Operation<App> for UpdatePeriodToOnDemand {
    type Input = PeriodToOnDemandInput;
    type Output = Json<PeriodToOnDemandOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "UpdatePeriodToOnDemand",
        method: Method::Post,
        path: "/v2/orders/subscriptions/resources/to-on-demand",
        about: "Sets up, or cancels, that resources become pay-per-use when their term is over.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "updatePeriodToOnDemand"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[
            &codes::PRODUCT_NOT_CONVERTIBLE,
            &codes::PACKAGE_NOT_CONVERTIBLE,
            &codes::RESOURCE_ID_NOT_FOUND,
            &codes::SOLUTION_NOT_CONVERTIBLE,
            &codes::CONVERSION_BLOCKED_BY_ORDER,
            &codes::CONVERSION_BLOCKED_BY_SECURITY_FREEZE,
            &codes::CONVERSION_BLOCKED_BY_FROZEN_ACCOUNT,
            &codes::GRACE_OR_RETENTION_NOT_CONVERTIBLE,
        ],
        is_secret: false,
        doc: "004 8.4.6",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let wish = if input.operation == SET_UP { Wish::SetUp } else { Wish::Cancel };
        let account = cx.account().to_owned();
        let first = input.resource_ids.first().cloned().unwrap_or_default();
        cx.audited = Some((first.clone(), first));
        let expired = to_on_demand::set(cx, &account, &input.resource_ids, wish).await?;
        let code = &codes::GRACE_OR_RETENTION_NOT_CONVERTIBLE;
        let text = match cx.request.language {
            Language::EnUs => code.en,
            Language::ZhCn => code.zh,
        };
        let detail = |id| ErrorDetail { id, error_code: code.code, error_msg: text.to_owned() };
        Ok(Json(PeriodToOnDemandOutput { error_details: expired.into_iter().map(detail).collect() }))
    }
}
