//! The demo tenants.

/// What the list of demo tenants shows of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Name of the tenant.
    pub name: String,
    /// Kind of the account.
    pub kind: String,
    /// Domain id.
    pub domain_id: String,
    /// Domain name.
    pub domain_name: String,
    /// User name.
    pub user_name: String,
    /// Password.
    pub password: String,
    /// Access key.
    pub access_key: String,
    /// Secret key.
    pub secret_key: String,
    /// Project of the default region.
    pub project_id: String,
    /// Name of the partner.
    pub partner: Option<String>,
}

/// The credentials of a demo tenant.
pub fn credentials(_name: &str) -> Credentials {
    todo!()
}
