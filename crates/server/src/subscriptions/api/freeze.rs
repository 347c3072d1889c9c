//! The own API: freezing and unfreezing a resource for security.

use platform::input;
use platform::op::{ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Right, Sites, Spec};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::subscriptions::service::{Resource, holds};

input! {
    /// What to freeze, and why.
    pub struct FreezeResourceInput: strict {
        /// Its id, ours or the cloud's.
        pub id: String = path("id"),
        /// Why; the audit trail keeps it.
        pub reason: String = body("reason").length(255),
    }

    /// What to unfreeze.
    pub struct UnfreezeResourceInput: strict {
        /// Its id, ours or the cloud's.
        pub id: String = path("id"),
    }
}

/// What was frozen or unfrozen.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct FreezeResourceOutput {
    /// Whose it is.
    customer_id: String,
    /// The resource that was named, then what is attached to it.
    resources: Vec<FrozenResource>,
}

/// One resource.
#[derive(Debug, Serialize, JsonSchema)]
struct FrozenResource {
    /// Ours.
    id: String,
    resource_id: Option<String>,
    /// 2 in use, 4 frozen, 5 in its grace period.
    status: i64,
}

fn answer(members: Vec<Resource>) -> Json<FreezeResourceOutput> {
    let customer_id = members.first().map_or_else(String::new, |first| first.account.clone());
    let shown = |resource: Resource| FrozenResource {
        id: resource.id,
        resource_id: resource.resource_id,
        status: resource.status,
    };
    Json(FreezeResourceOutput { customer_id, resources: members.into_iter().map(shown).collect() })
}

/// `POST /openbss/v1/resources/{id}/freeze`.
pub(in crate::subscriptions) struct FreezeResource;

impl Operation<App> for FreezeResource {
    type Input = FreezeResourceInput;
    type Output = Json<FreezeResourceOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "FreezeResource",
        method: Method::Post,
        path: "/openbss/v1/resources/{id}/freeze",
        about: "Freezes a resource, and what is attached to it, for security: it cannot be used, and its term runs on.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("resource", "freezeResource"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::RESOURCE_ID_NOT_FOUND, &codes::ALREADY_FROZEN, &codes::INVALID_VALUE],
        is_secret: false,
        doc: "own API; rule 1.2",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        cx.audited = Some((input.id.clone(), input.id.clone()));
        Ok(answer(holds::secure(cx, &input.id).await?))
    }
}

/// `POST /openbss/v1/resources/{id}/unfreeze`.
pub(in crate::subscriptions) struct UnfreezeResource;

impl Operation<App> for UnfreezeResource {
    type Input = UnfreezeResourceInput;
    type Output = Json<FreezeResourceOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "UnfreezeResource",
        method: Method::Post,
        path: "/openbss/v1/resources/{id}/unfreeze",
        about: "Lifts the freeze for security of a resource, and of what is attached to it.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("resource", "unfreezeResource"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::RESOURCE_ID_NOT_FOUND, &codes::INVALID_VALUE],
        is_secret: false,
        doc: "own API; rule 1.2",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        cx.audited = Some((input.id.clone(), input.id.clone()));
        Ok(answer(holds::unsecure(cx, &input.id).await?))
    }
}
