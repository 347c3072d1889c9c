//! Access keys, in the own API. A secret key is told once: by the answer that creates it.

use platform::input;
use platform::op::{
    ACCOUNT, ApiError, Audit, Json, Limit, Method, Mode, Operation, Right, Sites, Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::identity::members::{self, ListedKey};

input! {
    /// Whose key.
    pub struct CreateAccessKeyInput {
        /// The account.
        pub domain_id: String = path("domain_id"),
        /// The user; left out: the caller in its own account, else the account's first user.
        pub user_id: Option<String> = body("user_id")
    }

    /// Which account's keys.
    pub struct ListAccessKeysInput {
        /// The account.
        pub domain_id: String = path("domain_id")
    }

    /// A key's new state.
    pub struct UpdateAccessKeyInput {
        /// The account.
        pub domain_id: String = path("domain_id"),
        /// The public half of the key.
        pub access_key: String = path("access_key"),
        /// Whether requests may be signed with it.
        pub is_active: bool = body("is_active")
    }

    /// Which key.
    pub struct DeleteAccessKeyInput {
        /// The account.
        pub domain_id: String = path("domain_id"),
        /// The public half of the key.
        pub access_key: String = path("access_key")
    }
}

/// A new key with its secret.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NewKeyAnswer {
    access_key: String,
    secret_key: String,
    user_id: String,
    user_name: String,
    domain_id: String,
    is_active: bool,
    created_at: String,
}

/// A key without its secret.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KeyAnswer {
    access_key: String,
    user_id: String,
    is_active: bool,
    created_at: String,
}

impl KeyAnswer {
    fn of(key: ListedKey) -> Self {
        Self {
            access_key: key.access_key,
            user_id: key.user_id,
            is_active: key.is_active,
            created_at: key.created_at.to_wire(),
        }
    }
}

/// Keys without their secrets.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KeysAnswer {
    access_keys: Vec<KeyAnswer>,
}

/// Makes an access key.
pub struct CreateAccessKey;

impl Operation<App> for CreateAccessKey {
    type Input = CreateAccessKeyInput;
    type Output = Json<NewKeyAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "CreateAccessKey",
        method: Method::Post,
        path: "/openbss/v1/accounts/{domain_id}/access-keys",
        about: "Makes an access key for a user; its secret is told by this answer and never again.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Write,
        audit: Audit::Event("access_key", "createAccessKey"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[&door::INVALID],
        is_secret: true,
        doc: "own API",
    };
    async fn run(cx: &mut Cx, input: CreateAccessKeyInput) -> Result<Json<NewKeyAnswer>, ApiError> {
        let account = super::subject(cx, &input.domain_id).await?;
        let user = members::get_key_user(cx, &account.id, input.user_id.as_deref()).await?;
        members::check_reach(cx, &account.id, &user).await?;
        let (key, secret_key) = members::create_access_key(cx, &account.id, &user).await?;
        cx.audited = Some((key.access_key.clone(), user.name.clone()));
        Ok(Json(NewKeyAnswer {
            access_key: key.access_key,
            secret_key,
            user_id: key.user_id,
            user_name: user.name,
            domain_id: account.id.clone(),
            is_active: key.is_active,
            created_at: key.created_at.to_wire(),
        }))
    }
}

/// Lists access keys.
pub struct ListAccessKeys;

impl Operation<App> for ListAccessKeys {
    type Input = ListAccessKeysInput;
    type Output = Json<KeysAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListAccessKeys",
        method: Method::Get,
        path: "/openbss/v1/accounts/{domain_id}/access-keys",
        about: "Lists the access keys of an account without their secrets.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };
    async fn run(cx: &mut Cx, input: ListAccessKeysInput) -> Result<Json<KeysAnswer>, ApiError> {
        let account = super::subject(cx, &input.domain_id).await?;
        let keys = members::list_access_keys(&mut cx.tx, &account.id).await?;
        Ok(Json(KeysAnswer { access_keys: keys.into_iter().map(KeyAnswer::of).collect() }))
    }
}

/// Switches an access key on or off.
pub struct UpdateAccessKey;

impl Operation<App> for UpdateAccessKey {
    type Input = UpdateAccessKeyInput;
    type Output = Json<KeyAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "UpdateAccessKey",
        method: Method::Put,
        path: "/openbss/v1/accounts/{domain_id}/access-keys/{access_key}",
        about: "Switches an access key on or off, at once.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Write,
        audit: Audit::Event("access_key", "updateAccessKey"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };
    async fn run(cx: &mut Cx, input: UpdateAccessKeyInput) -> Result<Json<KeyAnswer>, ApiError> {
        let account = super::subject(cx, &input.domain_id).await?;
        let key = members::set_access_key_active(cx, &account.id, &input.access_key, input.is_active).await?;
        cx.audited = Some((key.access_key.clone(), key.user_id.clone()));
        Ok(Json(KeyAnswer::of(key)))
    }
}

/// Deletes an access key.
pub struct DeleteAccessKey;

impl Operation<App> for DeleteAccessKey {
    type Input = DeleteAccessKeyInput;
    type Output = ();
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "DeleteAccessKey",
        method: Method::Delete,
        path: "/openbss/v1/accounts/{domain_id}/access-keys/{access_key}",
        about: "Deletes an access key, at once.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Write,
        audit: Audit::Event("access_key", "deleteAccessKey"),
        limit: Limit::PerSecond(10),
        success: 204,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };
    async fn run(cx: &mut Cx, input: DeleteAccessKeyInput) -> Result<(), ApiError> {
        let account = super::subject(cx, &input.domain_id).await?;
        members::delete_access_key(cx, &account.id, &input.access_key).await?;
        cx.audited = Some((input.access_key.clone(), account.name.clone()));
        Ok(())
    }
}
