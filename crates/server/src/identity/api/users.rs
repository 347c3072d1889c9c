//! Users, groups and projects of an account, in the own API.

use std::sync::Arc;

use platform::input;
use platform::op::{
    ACCOUNT, ApiError, Audit, Json, Limit, Method, Mode, Operation, Refusal, Right, Sites, Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::identity::members::{self, Group, NewUser, UserChange};
use crate::identity::own_write::{self, ATTEMPTS_MAX};
use crate::identity::passwords;
use crate::identity::service::NewProject;
use crate::identity::store::User;

/// The names of the rights.
pub const RIGHTS: &[&str] = &["read", "operate", "pay"];

/// The bits of rights given by their names.
pub fn rights_from_names(names: &[String]) -> i64 {
    let bit = |name: &String| match name.as_str() {
        "read" => Right::Read.bit(),
        "operate" => Right::Operate.bit(),
        "pay" => Right::Pay.bit(),
        other => unreachable!("decoding admits names of rights only, not {other}"),
    };
    names.iter().fold(0, |bits, name| bits | bit(name))
}

fn rights_to_names(bits: i64) -> Vec<String> {
    let has = |(name, right): (&&str, Right)| (bits & right.bit() != 0).then(|| (*name).to_owned());
    RIGHTS.iter().zip([Right::Read, Right::Operate, Right::Pay]).filter_map(has).collect()
}

input! {
    /// A new user of a new account.
    pub struct UserInput {
        /// Its name, unique in the account: letters, digits, underscores and hyphens.
        pub name: String = body("name"),
        /// Its password; without one it can only sign with access keys.
        pub password: Option<String> = body("password").length(128),
        /// What it may do; left out: read.
        pub rights: Option<Vec<String>> = body("rights").one_of(RIGHTS).items(1, 3),
        /// A partner's permission items that it has; left out: all, an empty list: none.
        pub actions: Option<Vec<String>> = body("actions").empty(Value)
    }

    /// A new group.
    pub struct GroupInput {
        /// Its name, unique in the account: letters, digits, underscores and hyphens.
        pub name: String = body("name"),
        /// What its users may do through it.
        pub rights: Vec<String> = body("rights").one_of(RIGHTS).items(1, 3),
        /// Names of its users.
        pub users: Option<Vec<String>> = body("users")
    }

    /// A new user of an account.
    pub struct CreateUserInput {
        /// The account.
        pub domain_id: String = path("domain_id"),
        /// Its name, unique in the account: letters, digits, underscores and hyphens.
        pub name: String = body("name"),
        /// Its password; without one it can only sign with access keys.
        pub password: Option<String> = body("password").length(128),
        /// What it may do; left out: read.
        pub rights: Option<Vec<String>> = body("rights").one_of(RIGHTS).items(1, 3),
        /// A partner's permission items that it has; left out: all, an empty list: none.
        pub actions: Option<Vec<String>> = body("actions").empty(Value)
    }

    /// What shall change about a user; what is left out stays.
    pub struct UpdateUserInput {
        /// The account.
        pub domain_id: String = path("domain_id"),
        /// The user.
        pub user_id: String = path("user_id"),
        /// A new password; the user's tokens end.
        pub password: Option<String> = body("password").length(128),
        /// What it may do.
        pub rights: Option<Vec<String>> = body("rights").one_of(RIGHTS).items(1, 3),
        /// A partner's permission items that it has; an empty list: none.
        pub actions: Option<Vec<String>> = body("actions").empty(Value),
        /// Whether it may do anything at all; a disabled user's tokens end.
        pub is_enabled: Option<bool> = body("is_enabled")
    }

    /// A new group of an account.
    pub struct CreateGroupInput {
        /// The account.
        pub domain_id: String = path("domain_id"),
        /// Its name, unique in the account: letters, digits, underscores and hyphens.
        pub name: String = body("name"),
        /// What its users may do through it.
        pub rights: Vec<String> = body("rights").one_of(RIGHTS).items(1, 3),
        /// Names of its users.
        pub users: Option<Vec<String>> = body("users")
    }

    /// Further projects.
    pub struct CreateProjectsInput {
        /// The account.
        pub domain_id: String = path("domain_id"),
        /// Codes of regions; projects that exist stay.
        pub projects: Vec<String> = body("projects").items(1, 100)
    }
}

impl UserInput {
    /// Hashes the password, and fills what was left out.
    pub async fn prepare(self, app: &Arc<App>) -> Result<NewUser, ApiError> {
        let rights = self.rights.as_deref().map_or(Right::Read.bit(), rights_from_names);
        let password_hash = passwords::hash_given(app, self.password.as_ref()).await?;
        check_actions(self.actions.as_deref())?;
        Ok(NewUser { name: self.name, password_hash, rights, actions: self.actions, is_owner: false })
    }
}

/// Checks permission items: they are stored with commas between them.
fn check_actions(actions: Option<&[String]>) -> Result<(), Refusal> {
    let is_item = |item: &String| !item.is_empty() && !item.contains(',');
    if actions.is_none_or(|items| items.iter().all(is_item)) {
        return Ok(());
    }
    Err(Refusal::because("actions", "must hold permission items without commas", "权限项不能为空或包含逗号"))
}

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserAnswer {
    user_id: String,
    name: String,
    rights: Vec<String>,
    actions: Option<Vec<String>>,
    is_owner: bool,
    is_enabled: bool,
    created_at: String,
}

impl UserAnswer {
    /// Tells about a user.
    pub fn of(user: &User) -> Self {
        Self {
            user_id: user.id.clone(),
            name: user.name.clone(),
            rights: rights_to_names(user.rights),
            actions: user.actions.clone(),
            is_owner: user.is_owner,
            is_enabled: user.is_enabled,
            created_at: user.created_at.to_wire(),
        }
    }
}

/// A group with the ids of its users.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GroupAnswer {
    group_id: String,
    name: String,
    rights: Vec<String>,
    user_ids: Vec<String>,
}

impl GroupAnswer {
    /// Tells about a group.
    pub fn of(group: Group) -> Self {
        Self {
            group_id: group.id,
            name: group.name,
            rights: rights_to_names(group.rights),
            user_ids: group.users,
        }
    }
}

/// A project.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProjectAnswer {
    project_id: String,
    name: String,
}

impl ProjectAnswer {
    /// Tells about a project: id and name.
    pub fn of((project_id, name): (String, String)) -> Self {
        Self { project_id, name }
    }
}

/// Projects.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProjectsAnswer {
    projects: Vec<ProjectAnswer>,
}

/// Creates a user.
pub struct CreateUser;

impl Operation<App> for CreateUser {
    type Input = CreateUserInput;
    type Output = Json<UserAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "CreateUser",
        method: Method::Post,
        path: "/openbss/v1/accounts/{domain_id}/users",
        about: "Creates a user, in any account for the operator, else in the caller's own.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::Event("user", "createUser"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[&door::INVALID],
        is_secret: true,
        doc: "own API",
    };
    async fn run(cx: &mut Cx, input: CreateUserInput) -> Result<Json<UserAnswer>, ApiError> {
        let CreateUserInput { domain_id, name, password, rights, actions } = input;
        let new = UserInput { name, password, rights, actions }.prepare(&cx.app).await?;
        let caller = cx.principal.clone();
        let mut attempt = 1;
        loop {
            own_write::begin(cx).await?;
            let outcome = create(cx, &domain_id, &new).await;
            match own_write::finish(cx, &Self::SPEC, &caller, outcome).await {
                Err(error) if error.is_retryable() && attempt < ATTEMPTS_MAX => attempt += 1,
                done => return done.map(|user| Json(UserAnswer::of(&user))),
            }
        }
    }
}

async fn create(cx: &mut Cx, domain_id: &str, new: &NewUser) -> Result<User, ApiError> {
    let account = super::subject(cx, domain_id).await?;
    members::check_giving(&cx.principal, &account.id, new.rights, new.actions.as_deref())?;
    let user = members::create_user(cx, &account.id, new).await?;
    cx.audited = Some((user.id.clone(), user.name.clone()));
    Ok(user)
}

/// Changes a user.
pub struct UpdateUser;

impl Operation<App> for UpdateUser {
    type Input = UpdateUserInput;
    type Output = Json<UserAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "UpdateUser",
        method: Method::Put,
        path: "/openbss/v1/accounts/{domain_id}/users/{user_id}",
        about: "Changes a user's rights, permission items, state or password.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::Event("user", "updateUser"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: true,
        doc: "own API",
    };
    async fn run(cx: &mut Cx, input: UpdateUserInput) -> Result<Json<UserAnswer>, ApiError> {
        check_actions(input.actions.as_deref())?;
        let change = UserChange {
            rights: input.rights.as_deref().map(rights_from_names),
            actions: input.actions,
            is_enabled: input.is_enabled,
            password_hash: passwords::hash_given(&cx.app, input.password.as_ref()).await?,
        };
        let caller = cx.principal.clone();
        let mut attempt = 1;
        loop {
            own_write::begin(cx).await?;
            let outcome = update(cx, &input.domain_id, &input.user_id, &change).await;
            match own_write::finish(cx, &Self::SPEC, &caller, outcome).await {
                Err(error) if error.is_retryable() && attempt < ATTEMPTS_MAX => attempt += 1,
                done => return done.map(|user| Json(UserAnswer::of(&user))),
            }
        }
    }
}

async fn update(cx: &mut Cx, domain_id: &str, user_id: &str, change: &UserChange) -> Result<User, ApiError> {
    let account = super::subject(cx, domain_id).await?;
    let user = members::update_user(cx, &account.id, user_id, change).await?;
    cx.audited = Some((user.id.clone(), user.name.clone()));
    Ok(user)
}

/// Creates a group.
pub struct CreateGroup;

impl Operation<App> for CreateGroup {
    type Input = CreateGroupInput;
    type Output = Json<GroupAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "CreateGroup",
        method: Method::Post,
        path: "/openbss/v1/accounts/{domain_id}/groups",
        about: "Creates a group, whose users have its rights beside their own.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Write,
        audit: Audit::Event("group", "createGroup"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[&door::INVALID],
        is_secret: false,
        doc: "own API",
    };
    async fn run(cx: &mut Cx, input: CreateGroupInput) -> Result<Json<GroupAnswer>, ApiError> {
        let account = super::subject(cx, &input.domain_id).await?;
        let (rights, users) = (rights_from_names(&input.rights), input.users.unwrap_or_default());
        let group = members::create_group(cx, &account.id, &input.name, rights, &users).await?;
        cx.audited = Some((group.id.clone(), group.name.clone()));
        Ok(Json(GroupAnswer::of(group)))
    }
}

/// Adds projects.
pub struct CreateProjects;

impl Operation<App> for CreateProjects {
    type Input = CreateProjectsInput;
    type Output = Json<ProjectsAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "CreateProjects",
        method: Method::Post,
        path: "/openbss/v1/accounts/{domain_id}/projects",
        about: "Adds a project for each region named; the answer lists all projects of the account.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Write,
        audit: Audit::Event("project", "createProjects"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };
    async fn run(cx: &mut Cx, input: CreateProjectsInput) -> Result<Json<ProjectsAnswer>, ApiError> {
        let account = super::subject(cx, &input.domain_id).await?;
        let projects: Vec<NewProject> = input.projects.into_iter().map(NewProject::named).collect();
        members::add_projects(cx, &account.id, &projects).await?;
        cx.audited = Some((account.id.clone(), account.name.clone()));
        let projects = members::list_projects(&mut cx.tx, &account.id).await?;
        Ok(Json(ProjectsAnswer { projects: projects.into_iter().map(ProjectAnswer::of).collect() }))
    }
}
