//! The own API: the tier of an account, on which it depends how long what expired is kept (rule 1.3).

use domain::site::Tier;
use platform::input;
use platform::op::{
    ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Right, Sites, Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::identity::service;

input! {
    /// The tier of an account.
    pub struct SetAccountTierInput: strict {
        /// Domain id of a customer or partner.
        pub domain_id: String = path("domain_id"),
        /// V0 to V5.
        pub tier: String = body("tier").one_of(&["V0", "V1", "V2", "V3", "V4", "V5"]),
    }
}

/// The tier of an account now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TierOutput {
    /// Domain id.
    domain_id: String,
    /// V0 to V5.
    tier: &'static str,
}

/// Sets the tier of an account.
pub struct SetAccountTier;

impl Operation<App> for SetAccountTier {
    type Input = SetAccountTierInput;
    type Output = Json<TierOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "SetAccountTier",
        method: Method::Put,
        path: "/openbss/v1/accounts/{domain_id}/tier",
        about: "Sets the tier of an account, on which it depends how long what expires from now on is kept.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Write,
        audit: Audit::Event("account", "setAccountTier"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API; rule 1.3",
    };

    async fn run(cx: &mut Cx, input: SetAccountTierInput) -> Result<Json<TierOutput>, ApiError> {
        let tier = Tier::parse(&input.tier).expect("decoding admits names of tiers only");
        let account = service::set_tier(cx, &input.domain_id, tier).await?;
        cx.audited = Some((account.id.clone(), account.name.clone()));
        Ok(Json(TierOutput { domain_id: account.id.clone(), tier: tier.text() }))
    }
}
