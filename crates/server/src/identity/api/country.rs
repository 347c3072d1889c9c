//! The own API: whose taxes an account pays.

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
    /// Whose taxes an account pays.
    pub struct SetAccountCountryInput {
        /// Domain id of a customer or partner.
        pub domain_id: String = path("domain_id"),
        /// ISO 3166-1 alpha-2 in capitals, such as DE; left out or null: none, so that no tax applies.
        pub country: Option<String> = body("country"),
    }
}

/// Whose taxes an account pays now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CountryOutput {
    /// Domain id.
    domain_id: String,
    /// ISO 3166-1 alpha-2; null: no tax applies.
    country: Option<String>,
}

/// Sets whose taxes an account pays.
pub struct SetAccountCountry;

impl Operation<App> for SetAccountCountry {
    type Input = SetAccountCountryInput;
    type Output = Json<CountryOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "SetAccountCountry",
        method: Method::Put,
        path: "/openbss/v1/accounts/{domain_id}/country",
        about: "Sets the country whose taxes an account pays.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Write,
        audit: Audit::Event("account", "setAccountCountry"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: SetAccountCountryInput) -> Result<Json<CountryOutput>, ApiError> {
        let account = service::set_country(cx, &input.domain_id, input.country.as_deref()).await?;
        cx.audited = Some((account.id.clone(), account.name.clone()));
        Ok(Json(CountryOutput { domain_id: account.id.clone(), country: input.country }))
    }
}
