//! The clock, and the way back to its first value.

use domain::calendar::{CalendarError, Instant, add_iso_duration};
use platform::input;
use platform::job::Ran;
use platform::op::{
    ANYONE, ApiError, Audit, Host, Json, Limit, Method, Mode, OPERATOR, Operation, Refusal, Right, Sites,
    Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::DOC;
use crate::Cx;
use crate::app::App;
use crate::sandbox::service;

/// The most runs that one move lists: four years of monthly renewals of a thousand subscriptions.
const RAN_MAX: usize = 50_000;

/// The clock of the sandbox.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClockAnswer {
    /// Sandbox time, UTC.
    pub now: String,
}

/// What a move of the clock did.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Moved {
    /// Sandbox time, UTC, after the move.
    pub now: String,
    /// The jobs that ran on the way, in order of their due instants; the first 50,000 of them.
    pub ran: Vec<RanJob>,
    /// How many ran.
    pub ran_count: i64,
}

/// One run of a job.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RanJob {
    /// Name of the job.
    pub job: String,
    /// The instant it was due.
    pub at: String,
    /// What it worked on.
    pub subject: String,
    /// What came of it; it begins with `failed` where nothing was done.
    pub outcome: String,
}

impl From<Ran> for RanJob {
    fn from(ran: Ran) -> Self {
        Self { job: ran.job.to_owned(), at: ran.at.to_wire(), subject: ran.subject, outcome: ran.outcome }
    }
}

/// `GET /openbss/v1/sandbox/clock`.
pub struct ShowClock;

impl Operation<App> for ShowClock {
    type Input = ();
    type Output = Json<ClockAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ShowSandboxClock",
        method: Method::Get,
        path: "/openbss/v1/sandbox/clock",
        about: "Sandbox time",
        sites: Sites::All,
        callers: ANYONE,
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
        Ok(Json(ClockAnswer { now: cx.now.to_wire() }))
    }
}

input! {
    /// Where to move the clock: one of the two.
    pub struct MoveClockInput {
        /// Instant to move to, RFC 3339.
        pub to: Option<String> = body("to"),
        /// Duration to move by, ISO 8601, for example P1M or PT36H.
        pub by: Option<String> = body("by"),
    }
}

impl MoveClockInput {
    /// The instant that is meant.
    fn target(&self, now: Instant) -> Result<Instant, Refusal> {
        let (field, read) = match (&self.to, &self.by) {
            (Some(to), None) => ("to", Instant::parse_rfc3339(to)),
            (None, Some(by)) => ("by", add_iso_duration(now, by)),
            (Some(_), Some(_)) => {
                return Err(Refusal::because(
                    "by",
                    "must not stand beside to; give one of the two",
                    "不能与 to 同时指定",
                ));
            }
            (None, None) => {
                return Err(Refusal::because(
                    "to",
                    "is required, or by; give one of the two",
                    "与 by 必须指定其一",
                ));
            }
        };
        let target = read.map_err(|error| refusal(field, error))?;
        if target < now {
            return Err(Refusal::because(
                field,
                format!("leads back to {target}, but the clock stands at {now} and only moves forward"),
                format!("早于沙箱当前时间 {now}，时钟只能向前移动"),
            ));
        }
        Ok(target)
    }
}

fn refusal(field: &str, error: CalendarError) -> Refusal {
    let (form, form_zh) = match field {
        "to" => ("RFC 3339, for example 2026-02-15T08:00:00Z", "RFC 3339 格式，例如 2026-02-15T08:00:00Z"),
        _ => ("a positive ISO 8601 duration, for example P1M", "ISO 8601 正时长，例如 P1M"),
    };
    Refusal::because(field, format!("{error}; give {form}"), format!("无效，应为 {form_zh}"))
}

/// `POST /openbss/v1/sandbox/clock`.
pub struct MoveClock;

impl Operation<App> for MoveClock {
    type Input = MoveClockInput;
    type Output = Json<Moved>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "MoveSandboxClock",
        method: Method::Post,
        path: "/openbss/v1/sandbox/clock",
        about: "Moves sandbox time forward and runs every job that falls due on the way",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        // Each job has a transaction of its own on the way.
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: DOC,
    };

    async fn run(cx: &mut Cx, input: MoveClockInput) -> Result<Self::Output, ApiError> {
        let app = cx.app.clone();
        to_the_end(async move {
            let _turn = service::sandbox_of(&app)?.turn().await;
            let to = input.target(app.clock().now())?;
            let ran = service::move_clock(&app, to).await?;
            let ran_count = i64::try_from(ran.len()).expect("memory holds fewer");
            let ran = ran.into_iter().take(RAN_MAX).map(RanJob::from).collect();
            Ok(Json(Moved { now: to.to_wire(), ran, ran_count }))
        })
        .await
    }
}

/// `POST /openbss/v1/sandbox/reset`.
pub struct ResetSandbox;

impl Operation<App> for ResetSandbox {
    type Input = ();
    type Output = Json<ClockAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ResetSandbox",
        method: Method::Post,
        path: "/openbss/v1/sandbox/reset",
        about: "Back to the state of a new data folder",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        // A transaction of its own: an audit row of the reset would not be in a new data folder.
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: DOC,
    };

    async fn run(cx: &mut Cx, (): ()) -> Result<Self::Output, ApiError> {
        let app = cx.app.clone();
        to_the_end(async move {
            let _turn = service::sandbox_of(&app)?.turn().await;
            service::reset(&app).await?;
            Ok(Json(ClockAnswer { now: app.clock().now().to_wire() }))
        })
        .await
    }
}

/// Runs in a task of its own, so that a client that hangs up does not leave the work half done.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::spawn(work).await.map_err(|error| {
        tracing::error!(%error, "an operation's task ended early");
        door::INTERNAL.error()
    })?
}
