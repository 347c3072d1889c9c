//! The operations: IAM's, and those of the own API on accounts.

mod access_keys;
mod accounts;
mod contact;
mod country;
mod freeze;
mod iam;
mod tier;
mod users;

use platform::op::{AccountKind, Registry};

use crate::Cx;
use crate::app::App;

/// Registers the operations.
pub fn register(registry: &mut Registry<App>) {
    registry
        .add::<iam::KeystoneCreateToken>()
        .add::<iam::KeystoneValidateToken>()
        .add::<iam::KeystoneListAuthDomains>()
        .add::<iam::KeystoneListAuthProjects>()
        .add::<iam::KeystoneListProjects>()
        .add::<accounts::CreateAccount>()
        .add::<accounts::ListAccounts>()
        .add::<accounts::ShowAccount>()
        .add::<country::SetAccountCountry>()
        .add::<contact::SetAccountContact>()
        .add::<tier::SetAccountTier>()
        .add::<freeze::FreezeAccount>()
        .add::<freeze::UnfreezeAccount>()
        .add::<users::CreateUser>()
        .add::<users::UpdateUser>()
        .add::<users::CreateGroup>()
        .add::<users::CreateProjects>()
        .add::<access_keys::CreateAccessKey>()
        .add::<access_keys::ListAccessKeys>()
        .add::<access_keys::UpdateAccessKey>()
        .add::<access_keys::DeleteAccessKey>();
}

/// The account that a request is about: the caller's own, or any if the operator asks. Another account's id is
/// answered as an unknown one.
async fn subject(
    cx: &mut Cx,
    domain_id: &str,
) -> Result<std::sync::Arc<super::service::Account>, platform::op::ApiError> {
    let app = cx.app.clone();
    let may = cx.principal.kind == AccountKind::Operator || cx.account() == domain_id;
    let found = if may { super::service::find_account(&app, &mut cx.tx, domain_id).await? } else { None };
    found.ok_or_else(|| {
        platform::op::Refusal::because(
            "domain_id",
            "is not the id of an account that you may see",
            "不是您可以访问的账号 ID",
        )
        .into()
    })
}
