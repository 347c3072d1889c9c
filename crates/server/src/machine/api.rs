//! Probes, counters and the OpenAPI document.

use platform::db::DbError;
use platform::op::output::JSON;
use platform::op::{
    ANYONE, Answer, ApiError, Audit, Json, Limit, Method, Mode, Operation, Raw, Right, Sites, Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{openapi_page, store};
use crate::Cx;
use crate::app::App;

/// The content type of the text format of Prometheus.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The answer of a probe.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Status {
    /// `ok`.
    pub status: &'static str,
}

/// `GET /healthz`: the process lives.
pub struct ShowHealth;

impl Operation<App> for ShowHealth {
    type Input = ();
    type Output = Json<Status>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ShowHealth",
        method: Method::Get,
        path: "/healthz",
        about: "Whether the process lives",
        sites: Sites::All,
        callers: ANYONE,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::None,
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "Own API, machine surface",
    };

    async fn run(_: &mut Cx, (): ()) -> Result<Self::Output, ApiError> {
        Ok(Json(Status { status: "ok" }))
    }
}

/// `GET /readyz`: the database answers.
pub struct ShowReadiness;

impl Operation<App> for ShowReadiness {
    type Input = ();
    type Output = Json<Status>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ShowReadiness",
        method: Method::Get,
        path: "/readyz",
        about: "Whether requests can be served: the database answers",
        sites: Sites::All,
        callers: ANYONE,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::None,
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "Own API, machine surface",
    };

    async fn run(cx: &mut Cx, (): ()) -> Result<Self::Output, ApiError> {
        store::ping(&mut cx.tx).await?;
        Ok(Json(Status { status: "ok" }))
    }
}

/// `GET /metrics`: counters in the text format of Prometheus.
pub struct ShowMetrics;

impl Operation<App> for ShowMetrics {
    type Input = ();
    type Output = Raw;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ShowMetrics",
        method: Method::Get,
        path: "/metrics",
        about: "Counters in the text format of Prometheus, with the call success rate",
        sites: Sites::All,
        callers: ANYONE,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::None,
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "Own API, machine surface; the success rate is that of 004 11.8",
    };

    async fn run(cx: &mut Cx, (): ()) -> Result<Self::Output, ApiError> {
        let page = cx.app.metrics.page().map_err(|error| DbError::Other(error.to_string()))?;
        Ok(Raw(Answer::of(METRICS, page)))
    }
}

/// `GET /openapi.json`: every operation of this program.
pub struct ShowOpenapi;

impl Operation<App> for ShowOpenapi {
    type Input = ();
    type Output = Raw;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ShowOpenapi",
        method: Method::Get,
        path: "/openapi.json",
        about: "The OpenAPI 3.1 document of every operation, those of the sandbox included",
        sites: Sites::All,
        callers: ANYONE,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::None,
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "Own API, machine surface",
    };

    async fn run(_: &mut Cx, (): ()) -> Result<Self::Output, ApiError> {
        Ok(Raw(Answer::of(JSON, openapi_page())))
    }
}
