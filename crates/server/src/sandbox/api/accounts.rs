//! The list of demo tenants.

use domain::site::Site;
use platform::op::{ANYONE, ApiError, Audit, Json, Limit, Method, Mode, Operation, Right, Sites, Spec, door};
use schemars::JsonSchema;
use serde::Serialize;

use super::DOC;
use crate::Cx;
use crate::app::App;
use crate::sandbox::demo;

/// A demo tenant with everything it takes to act as it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DemoAccount {
    /// Name of the tenant.
    pub name: String,
    /// Kind of the account: operator, customer, distributor, reseller or solution_provider.
    pub kind: String,
    /// Domain id of the account.
    pub domain_id: String,
    /// Domain name of the account.
    pub domain_name: String,
    /// Name of its user.
    pub user_name: String,
    /// Password of the user.
    pub password: String,
    /// Access key of the user.
    pub access_key: String,
    /// Secret key of the access key.
    pub secret_key: String,
    /// Project of the site's default region.
    pub project_id: String,
    /// Name of the partner it belongs to; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
}

impl DemoAccount {
    fn of(site: Site, tenant: &demo::Tenant) -> Self {
        let demo = demo::credentials_on(site, tenant.name);
        Self {
            name: demo.name,
            kind: demo.kind,
            domain_id: demo.domain_id,
            domain_name: demo.domain_name,
            user_name: demo.user_name,
            password: demo.password,
            access_key: demo.access_key,
            secret_key: demo.secret_key,
            project_id: demo.project_id,
            partner: demo.partner,
        }
    }
}

/// `GET /openbss/v1/sandbox/accounts`.
pub struct ListDemoAccounts;

impl Operation<App> for ListDemoAccounts {
    type Input = ();
    type Output = Json<Vec<DemoAccount>>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListDemoAccounts",
        method: Method::Get,
        path: "/openbss/v1/sandbox/accounts",
        about: "The demo tenants with their keys and passwords",
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
        is_secret: true,
        doc: DOC,
    };

    async fn run(cx: &mut Cx, (): ()) -> Result<Self::Output, ApiError> {
        Ok(Json(demo::TENANTS.iter().map(|tenant| DemoAccount::of(cx.site, tenant)).collect()))
    }
}
