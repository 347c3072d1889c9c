//! The own API: what waits for the cloud, and what the cloud reports.

use domain::calendar::Instant;
use platform::input;
use platform::op::{ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Right, Sites, Spec};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::subscriptions::service::cloud::{
    self, Action, Report, Reported, Subject, Task, TaskState, Verdict,
};

input! {
    /// A page of what waits.
    pub struct ListProvisioningInput {
        /// Index of the first record.
        pub offset: i64 = query("offset").range(0, 2_147_483_647).default("0"),
        /// The most records to answer.
        pub limit: i64 = query("limit").range(1, 500).default("100"),
    }

    /// The cloud has done what it was asked for.
    pub struct ReportProvisionedInput {
        /// The id that provisioning lists.
        pub id: String = path("id"),
        /// The cloud's own id of it; left out: ours. Once it is known, no report may name another.
        pub resource_id: Option<String> = body("resource_id"),
        /// The task that is done; left out: the oldest of the resource that waits.
        pub task_id: Option<String> = body("task_id"),
    }

    /// The cloud could not do what it was asked for.
    pub struct ReportFailedInput {
        /// The id that provisioning lists.
        pub id: String = path("id"),
        /// Why.
        pub reason: String = body("reason").length(1000),
        /// The task that failed; left out: the oldest of the resource that waits.
        pub task_id: Option<String> = body("task_id"),
    }
}

/// A page of what waits for the cloud.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct ListProvisioningOutput {
    /// How much waits.
    total_count: i64,
    /// The page, what has waited longest first.
    items: Vec<ProvisioningItem>,
}

/// Something that the cloud has to do.
#[derive(Debug, Serialize, JsonSchema)]
struct ProvisioningItem {
    /// Of the resource: reports name it.
    id: String,
    /// The cloud's id of it, once it is known.
    resource_id: Option<String>,
    /// Of the task.
    task_id: String,
    /// The order that waits for it, or that bought the resource; null of what is pay-per-use.
    order_id: Option<String>,
    customer_id: String,
    /// create, freeze, unfreeze, delete or change.
    action: String,
    /// Why it could not be done so far.
    reason: Option<String>,
    /// Id of the primary resource that it is attached to.
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
    /// Null of what is pay-per-use.
    period_type: Option<i64>,
    period_num: Option<i64>,
    create_time: String,
}

fn item(task: Task) -> ProvisioningItem {
    ProvisioningItem {
        id: task.id,
        resource_id: task.resource_id,
        task_id: task.task_id,
        order_id: task.order,
        customer_id: task.account,
        action: task.action,
        reason: task.reason,
        parent_id: task.parent,
        resource_name: task.resource_name,
        cloud_service_type: task.service_type_code,
        resource_type: task.resource_type_code,
        resource_spec: task.resource_spec_code,
        region: task.region_code,
        available_zone: task.available_zone,
        resource_size: task.spec_size,
        size_measure_id: task.spec_size_measure_id,
        project_id: task.project_id,
        enterprise_project_id: task.enterprise_project_id,
        period_type: task.period_type,
        period_num: task.period_num,
        create_time: task.created_at.to_wire(),
    }
}

/// What came of a report; the same again for a repeated one.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct ReportOutput {
    /// Of the resource, ours.
    id: String,
    /// The cloud's.
    resource_id: Option<String>,
    /// The order that waited for it, or that bought the resource; null of what is pay-per-use.
    order_id: Option<String>,
    customer_id: String,
    /// The task; null where none was needed.
    task_id: Option<String>,
    /// create, freeze, unfreeze, delete or change.
    action: &'static str,
    /// `provisioned`: it is done; `failed`: it will not be done, and its money goes back; `waiting`: the cloud is to
    /// go on trying.
    state: &'static str,
    /// The begin of its term, or since when it is pay-per-use.
    effective_time: Option<String>,
    /// The end of its term, or since when it no longer is pay-per-use.
    expire_time: Option<String>,
    /// Why it failed, as it was reported.
    reason: Option<String>,
    /// The order that gave its money back.
    refund_order_id: Option<String>,
}

fn answer(reported: Reported) -> Json<ReportOutput> {
    let Reported { subject, task } = reported;
    let state = match task.as_ref().map(|task| task.state) {
        Some(TaskState::Waiting) => "waiting",
        Some(TaskState::Failed) => "failed",
        Some(TaskState::Done) | None => "provisioned",
    };
    let action = task.as_ref().map_or(Action::Create, |task| task.action).name();
    let (reason, refund) = task.as_ref().map(|task| (task.reason.clone(), task.refund_order.clone())).unzip();
    let (task_id, order) = task.map(|task| (task.id, task.order)).unzip();
    let (refund_order_id, reason) = (refund.flatten(), reason.flatten());
    Json(match subject {
        Subject::Period(resource) => ReportOutput {
            id: resource.id,
            resource_id: resource.resource_id,
            order_id: order.flatten().or(Some(resource.order)),
            customer_id: resource.account,
            task_id,
            action,
            state,
            effective_time: resource.effective_at.map(Instant::to_wire),
            expire_time: resource.expires_at.map(Instant::to_wire),
            reason,
            refund_order_id,
        },
        Subject::OnDemand(resource) => ReportOutput {
            id: resource.id,
            resource_id: Some(resource.resource_id),
            order_id: order.flatten(),
            customer_id: resource.account,
            task_id,
            action,
            state,
            effective_time: Some(resource.began_at.to_wire()),
            expire_time: resource.ended_at.map(Instant::to_wire),
            reason,
            refund_order_id,
        },
    })
}

/// `GET /openbss/v1/provisioning`.
pub(in crate::subscriptions) struct ListProvisioning;

impl Operation<App> for ListProvisioning {
    type Input = ListProvisioningInput;
    type Output = Json<ListProvisioningOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListProvisioning",
        method: Method::Get,
        path: "/openbss/v1/provisioning",
        about: "Lists what waits for the cloud, what has waited longest first.",
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
        let (total_count, tasks) = cloud::waiting(&mut cx.tx, input.offset, input.limit).await?;
        Ok(Json(ListProvisioningOutput { total_count, items: tasks.into_iter().map(item).collect() }))
    }
}

/// `POST /openbss/v1/resources/{id}/provisioned`.
pub(in crate::subscriptions) struct ReportProvisioned;

impl Operation<App> for ReportProvisioned {
    type Input = ReportProvisionedInput;
    type Output = Json<ReportOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ReportProvisioned",
        method: Method::Post,
        path: "/openbss/v1/resources/{id}/provisioned",
        about: "Reports that the cloud has done what it was asked for; the term of a resource that was created begins.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("resource", "reportProvisioned"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::RESOURCE_ID_NOT_FOUND, &codes::INVALID_VALUE],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        cx.audited = Some((input.id.clone(), input.id.clone()));
        let report = Report {
            id: &input.id,
            task: input.task_id.as_deref(),
            named: input.resource_id.as_deref(),
            verdict: Verdict::Done,
        };
        Ok(answer(cloud::report(cx, &report).await?))
    }
}

/// `POST /openbss/v1/resources/{id}/failed`.
pub(in crate::subscriptions) struct ReportFailed;

impl Operation<App> for ReportFailed {
    type Input = ReportFailedInput;
    type Output = Json<ReportOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ReportFailed",
        method: Method::Post,
        path: "/openbss/v1/resources/{id}/failed",
        about: "Reports that the cloud could not do what it was asked for: what was paid for a creation or a change goes back.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("resource", "reportFailed"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::RESOURCE_ID_NOT_FOUND, &codes::INVALID_VALUE],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        cx.audited = Some((input.id.clone(), input.id.clone()));
        let verdict = Verdict::Failed(&input.reason);
        let report = Report { id: &input.id, task: input.task_id.as_deref(), named: None, verdict };
        Ok(answer(cloud::report(cx, &report).await?))
    }
}
