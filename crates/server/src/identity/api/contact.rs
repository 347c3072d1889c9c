//! The own API: where the notices of an account go.

use platform::input;
use platform::op::{
    ACCOUNT, ApiError, Audit, Json, Limit, Method, Mode, Operation, Right, Sites, Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::identity::service;

input! {
    /// Where the notices of an account go.
    pub struct SetAccountContactInput: strict {
        /// Domain id: the caller's own, or any where the operator calls.
        pub domain_id: String = path("domain_id"),
        /// A mail address; null: no notices are sent.
        pub email: Option<String> = body("email").length(254),
    }
}

/// Where the notices of an account go now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ContactOutput {
    /// Domain id.
    domain_id: String,
    /// The mail address; null: no notices are sent.
    email: Option<String>,
}

/// Sets where the notices of an account go.
pub struct SetAccountContact;

impl Operation<App> for SetAccountContact {
    type Input = SetAccountContactInput;
    type Output = Json<ContactOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "SetAccountContact",
        method: Method::Put,
        path: "/openbss/v1/accounts/{domain_id}/contact",
        about: "Sets the mail address that notices of an account go to.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Write,
        audit: Audit::Event("account", "setAccountContact"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: SetAccountContactInput) -> Result<Json<ContactOutput>, ApiError> {
        let account = super::subject(cx, &input.domain_id).await?;
        cx.audited = Some((account.id.clone(), account.name.clone()));
        service::set_email(cx, &account.id, input.email.as_deref()).await?;
        Ok(Json(ContactOutput { domain_id: account.id.clone(), email: input.email }))
    }
}
