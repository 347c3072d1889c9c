//! To pay-per-use at once; China only. The documents do not tell it, the SDK does.

use platform::input;
use platform::op::{ApiError, Audit, CUSTOMER, Json, Limit, Method, Mode, Operation, Right, Sites, Spec};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::subscriptions::service::conversions::{self, Instantly};

input! {
    /// What is to turn pay-per-use.
    pub struct PeriodToOnDemandInstantlyInput {
        /// Primary resources, at most 10; what is attached to them follows.
        pub resource_ids: Vec<String> = body("resource_ids").items(1, 10).length(64),
    }
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct PeriodToOnDemandInstantlyOutput {
    /// One entry for each resource.
    to_ondemand_service_results: Vec<ServiceResult>,
}

/// What came of one resource.
#[derive(Debug, Serialize, JsonSchema)]
struct ServiceResult {
    /// Its resource id.
    resource_id: String,
    /// `SUCCESS` or `FAIL`.
    result: &'static str,
    /// Why not.
    error_code: Option<&'static str>,
    /// The same in words.
    error_msg: Option<String>,
    /// The refund order.
    order_id: Option<String>,
}

fn answer(cx: &Cx, one: Instantly) -> ServiceResult {
    let Instantly { named: resource_id, outcome } = one;
    match outcome {
        Ok(order) => ServiceResult {
            resource_id,
            result: "SUCCESS",
            error_code: None,
            error_msg: None,
            order_id: Some(order.id),
        },
        Err(error) => ServiceResult {
            resource_id,
            result: "FAIL",
            error_code: Some(error.code.code),
            error_msg: Some(error.message(cx.request.language).to_owned()),
            order_id: None,
        },
    }
}

/// `POST /v2/orders/subscriptions/resources/to-on-demand/instantly`, under the name the SDK gives it.
pub(in crate::subscriptions) struct UpdatePeriodToOnDemandInstantly;

impl Operation<App> for UpdatePeriodToOnDemandInstantly {
    type Input = PeriodToOnDemandInstantlyInput;
    type Output = Json<PeriodToOnDemandInstantlyOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "UpdatePeriodToOnDemandInstantly",
        method: Method::Post,
        path: "/v2/orders/subscriptions/resources/to-on-demand/instantly",
        about: "Turns yearly/monthly resources pay-per-use at once, and gives back what is left of their terms.",
        sites: Sites::Cn,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "periodToOnDemandInstantly"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::CONVERSION_BLOCKED_BY_FROZEN_ACCOUNT],
        is_secret: false,
        doc: "SDK; rule 1.7",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let (account, user_name) = (cx.account().to_owned(), cx.principal.user_name.clone());
        let first = input.resource_ids.first().cloned().unwrap_or_default();
        cx.audited = Some((first.clone(), first));
        let done = conversions::instantly(cx, &account, &user_name, &input.resource_ids).await?;
        let results = done.into_iter().map(|one| answer(cx, one)).collect();
        Ok(Json(PeriodToOnDemandInstantlyOutput { to_ondemand_service_results: results }))
    }
}
