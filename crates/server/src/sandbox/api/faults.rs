//! Injecting faults into operations.

use platform::input;
use platform::op::{
    ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Right, Sites, Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::DOC;
use crate::Cx;
use crate::app::App;
use crate::sandbox::{ActiveFault, NewFault, service};

/// The most calls that one fault hits.
const TIMES_MAX: i64 = 1_000_000;
/// The longest wait that can be injected.
const LATENCY_MAX_MS: i64 = 60_000;

input! {
    /// A fault.
    pub struct CreateFaultInput {
        /// Id of the operation, as in the OpenAPI document.
        pub operation: String = body("operation").length(128),
        /// How many calls it hits.
        pub times: i64 = body("times").range(1, TIMES_MAX).default("1"),
        /// HTTP status to answer; that of the error code where it is left out.
        pub status: Option<i64> = body("status").range(400, 599),
        /// Error code to answer; CBC.0999 where it is left out.
        pub error_code: Option<String> = body("error_code"),
        /// Milliseconds to wait first; with neither status nor error_code the call then goes on as usual.
        pub latency_ms: Option<i64> = body("latency_ms").range(0, LATENCY_MAX_MS),
    }
}

/// A fault that is still to come.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FaultAnswer {
    /// Id of the operation.
    pub operation: String,
    /// How many more calls it hits.
    pub times: i64,
    /// HTTP status that they are answered with; null where they only wait.
    pub status: Option<u16>,
    /// Error code that they are answered with; null where they only wait.
    pub error_code: Option<String>,
    /// Milliseconds that they wait first.
    pub latency_ms: u64,
}

impl From<ActiveFault> for FaultAnswer {
    fn from(active: ActiveFault) -> Self {
        let error = active.fault.error;
        Self {
            operation: active.operation,
            times: active.left,
            status: error.as_ref().map(|error| error.status),
            error_code: error.map(|error| error.code.code.to_owned()),
            latency_ms: active.fault.latency_ms,
        }
    }
}

/// Faults that are still to come.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FaultList {
    /// How many faults.
    pub total_count: usize,
    /// The faults, oldest first: of one operation the oldest hits first.
    pub items: Vec<FaultAnswer>,
}

/// `POST /openbss/v1/sandbox/faults`.
pub struct CreateFault;

impl Operation<App> for CreateFault {
    type Input = CreateFaultInput;
    type Output = Json<FaultAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "CreateSandboxFault",
        method: Method::Post,
        path: "/openbss/v1/sandbox/faults",
        about: "Lets the next calls of an operation fail or wait",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[],
        is_secret: false,
        doc: DOC,
    };

    async fn run(cx: &mut Cx, input: CreateFaultInput) -> Result<Self::Output, ApiError> {
        let CreateFaultInput { operation, times, status, error_code, latency_ms } = input;
        let fault = NewFault { operation, times, status, error_code, latency_ms }.check()?;
        service::sandbox_of(&cx.app)?.add_fault(fault.clone());
        Ok(Json(FaultAnswer::from(fault)))
    }
}

/// `GET /openbss/v1/sandbox/faults`.
pub struct ListFaults;

impl Operation<App> for ListFaults {
    type Input = ();
    type Output = Json<FaultList>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListSandboxFaults",
        method: Method::Get,
        path: "/openbss/v1/sandbox/faults",
        about: "The injected faults that are still to come",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: DOC,
    };

    async fn run(cx: &mut Cx, (): ()) -> Result<Self::Output, ApiError> {
        let faults = service::sandbox_of(&cx.app)?.list_faults();
        Ok(Json(FaultList {
            total_count: faults.len(),
            items: faults.into_iter().map(FaultAnswer::from).collect(),
        }))
    }
}

/// `DELETE /openbss/v1/sandbox/faults`.
pub struct DeleteFaults;

impl Operation<App> for DeleteFaults {
    type Input = ();
    type Output = ();
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "DeleteSandboxFaults",
        method: Method::Delete,
        path: "/openbss/v1/sandbox/faults",
        about: "Forgets every injected fault",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 204,
        errors: &[],
        is_secret: false,
        doc: DOC,
    };

    async fn run(cx: &mut Cx, (): ()) -> Result<(), ApiError> {
        service::sandbox_of(&cx.app)?.clear_faults();
        Ok(())
    }
}
