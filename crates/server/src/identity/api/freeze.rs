//! The own API: freezing and unfreezing any account, as partners do it for their customers (rule 10.6).

use platform::input;
use platform::op::{
    ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Right, Sites, Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::identity::freezing::{self, Scope};

input! {
    /// What to freeze, and why.
    pub struct FreezeAccountInput: strict {
        /// Domain id of a customer or partner.
        pub domain_id: String = path("domain_id"),
        /// The account alone, or its resources too.
        pub freeze_type: String = body("freeze_type").one_of(&["ACCOUNT", "ACCOUNT_AND_RESOURCE"])
            .default("ACCOUNT"),
        /// Why; the audit trail keeps it.
        pub reason: String = body("reason").length(255),
    }

    /// What to unfreeze.
    pub struct UnfreezeAccountInput: strict {
        /// Domain id of a customer or partner.
        pub domain_id: String = path("domain_id"),
        /// What was frozen; left out: whatever was.
        pub freeze_type: Option<String> = body("freeze_type").one_of(&["ACCOUNT", "ACCOUNT_AND_RESOURCE"]),
        /// Why; the audit trail keeps it.
        pub reason: Option<String> = body("reason").length(255),
    }
}

/// How an account is frozen now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FreezeOutput {
    /// Domain id.
    domain_id: String,
    /// 0 not frozen, 1 the account, 2 the account and its resources.
    is_frozen: i64,
    /// What was frozen or unfrozen.
    freeze_type: &'static str,
    /// When (UTC).
    time: String,
}

fn scope(name: &str) -> Scope {
    Scope::from_name(name).expect("decoding admits names of scopes only")
}

/// Freezes an account.
pub struct FreezeAccount;

impl Operation<App> for FreezeAccount {
    type Input = FreezeAccountInput;
    type Output = Json<FreezeOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "FreezeAccount",
        method: Method::Post,
        path: "/openbss/v1/accounts/{domain_id}/freeze",
        about: "Freezes an account, alone or with its resources: it pays for nothing until it is unfrozen.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Write,
        audit: Audit::Event("account", "freezeAccount"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[
            &codes::ALREADY_FROZEN,
            &codes::single::ALREADY_FROZEN_IN_OTHER_SCOPE,
            &codes::INVALID_VALUE,
        ],
        is_secret: false,
        doc: "own API; rule 10.6",
    };

    async fn run(cx: &mut Cx, input: FreezeAccountInput) -> Result<Json<FreezeOutput>, ApiError> {
        let scope = scope(&input.freeze_type);
        let account = freezing::freeze(cx, &input.domain_id, scope).await?;
        cx.audited = Some((account.id.clone(), account.name.clone()));
        Ok(Json(FreezeOutput {
            domain_id: account.id.clone(),
            is_frozen: scope.code(),
            freeze_type: scope.name(),
            time: cx.now.to_wire(),
        }))
    }
}

/// Unfreezes an account.
pub struct UnfreezeAccount;

impl Operation<App> for UnfreezeAccount {
    type Input = UnfreezeAccountInput;
    type Output = Json<FreezeOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "UnfreezeAccount",
        method: Method::Post,
        path: "/openbss/v1/accounts/{domain_id}/unfreeze",
        about: "Unfreezes an account, of the scope with which it was frozen.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Write,
        audit: Audit::Event("account", "unfreezeAccount"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::single::UNFREEZE_SCOPE_MISMATCH],
        is_secret: false,
        doc: "own API; rule 10.6",
    };

    async fn run(cx: &mut Cx, input: UnfreezeAccountInput) -> Result<Json<FreezeOutput>, ApiError> {
        let wanted = input.freeze_type.as_deref().map(scope);
        let (account, was) = freezing::unfreeze(cx, &input.domain_id, wanted).await?;
        cx.audited = Some((account.id.clone(), account.name.clone()));
        Ok(Json(FreezeOutput {
            domain_id: account.id.clone(),
            is_frozen: 0,
            freeze_type: was.name(),
            time: cx.now.to_wire(),
        }))
    }
}
