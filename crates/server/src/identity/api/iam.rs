//! What IAM clients and the official SDKs call: tokens, and the caller's domain and projects.

use http::{HeaderName, HeaderValue};
use platform::input;
use platform::op::{
    ACCOUNT, ANYONE, ApiError, Audit, Json, Limit, Method, Mode, Operation, Refusal, Right, Sites, Spec,
    WithHeader, door,
};
use platform::params;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::identity::store;
use crate::identity::tokens::{self, Domain, Scope, Told, Who};

input! {
    /// An account by name or id.
    pub struct DomainInput {
        /// Its id; counts before the name.
        pub id: Option<String> = body("id"),
        /// Its name, whatever the case.
        pub name: Option<String> = body("name")
    }

    /// A user with its password.
    pub struct UserInput {
        /// Its id; then no name and domain are needed.
        pub id: Option<String> = body("id"),
        /// Its name.
        pub name: Option<String> = body("name"),
        /// Its password.
        pub password: String = body("password").null(Refused).length(128),
        /// The account it belongs to.
        pub domain: Option<DomainInput> = body("domain")
    }

    /// The password method.
    pub struct PasswordInput {
        /// The user.
        pub user: UserInput = body("user")
    }

    /// How the user is recognised.
    pub struct IdentityInput {
        /// The methods: password.
        pub methods: Vec<String> = body("methods").one_of(&["password"]).items(1, 1),
        /// The password method's data.
        pub password: PasswordInput = body("password")
    }

    /// A project by name or id.
    pub struct ProjectInput {
        /// Its id; counts before the name.
        pub id: Option<String> = body("id"),
        /// Its name: the code of a region.
        pub name: Option<String> = body("name"),
        /// The account it belongs to: the user's own.
        pub domain: Option<DomainInput> = body("domain")
    }

    /// What the token is good for: exactly one of the two.
    pub struct ScopeInput {
        /// An account: the user's own.
        pub domain: Option<DomainInput> = body("domain"),
        /// A project.
        pub project: Option<ProjectInput> = body("project")
    }

    /// Who wants a token for what.
    pub struct AuthInput {
        /// How the user is recognised.
        pub identity: IdentityInput = body("identity"),
        /// What the token is good for; left out: the user's account.
        pub scope: Option<ScopeInput> = body("scope")
    }

    /// A request for a token.
    pub struct CreateTokenInput {
        /// Given with any value: leave the catalog out of the answer.
        pub nocatalog: Option<String> = query("nocatalog").empty(Value).null(Value).quotes(Value),
        /// Who wants a token for what.
        pub auth: AuthInput = body("auth")
    }

    /// A token to look at.
    pub struct ValidateTokenInput {
        /// Given with any value: leave the catalog out of the answer.
        pub nocatalog: Option<String> = query("nocatalog").empty(Value).null(Value).quotes(Value),
        /// The token.
        pub subject_token: String = header("X-Subject-Token").length(4096)
    }

    /// Filters of the caller's projects.
    pub struct ListProjectsInput {
        /// The account; only the caller's own has any.
        pub domain_id: Option<String> = query("domain_id"),
        /// The name: the code of a region.
        pub name: Option<String> = query("name"),
        /// The parent, which is the account.
        pub parent_id: Option<String> = query("parent_id"),
        /// Whether they can be used; all can.
        pub enabled: Option<bool> = query("enabled"),
        /// Whether they are domains; none is.
        pub is_domain: Option<bool> = query("is_domain"),
        /// Page, from 1.
        pub page: i64 = query("page").range(1, 10_000).default("1"),
        /// Projects on a page.
        pub per_page: i64 = query("per_page").range(1, 5_000).default("5000")
    }
}

impl DomainInput {
    fn read(self, field: &str) -> Result<Domain, Refusal> {
        match (self.id, self.name) {
            (Some(id), _) => Ok(Domain::Id(id)),
            (None, Some(name)) => Ok(Domain::Name(name)),
            (None, None) => Err(Refusal::because(field, "needs an id or a name", "必须包含 id 或 name")),
        }
    }
}

impl UserInput {
    fn read(self) -> Result<(Who, String), Refusal> {
        const FIELD: &str = "auth.identity.password.user";
        let who = match (self.id, self.name, self.domain) {
            (Some(id), _, _) => Who::Id(id),
            (None, Some(name), Some(domain)) => Who::Named(domain.read(&format!("{FIELD}.domain"))?, name),
            (None, Some(_), None) => {
                let (en, zh) = ("needs a domain beside the name", "使用 name 时必须包含 domain");
                return Err(Refusal::because(FIELD, en, zh));
            }
            (None, None, _) => {
                let (en, zh) = ("needs an id, or a name and a domain", "必须包含 id，或 name 和 domain");
                return Err(Refusal::because(FIELD, en, zh));
            }
        };
        Ok((who, self.password))
    }
}

impl ScopeInput {
    fn read(self) -> Result<Scope, Refusal> {
        match (self.domain, self.project) {
            (Some(domain), None) => Ok(Scope::Domain(domain.read("auth.scope.domain")?)),
            (None, Some(project)) if project.id.is_none() && project.name.is_none() => {
                Err(Refusal::because("auth.scope.project", "needs an id or a name", "必须包含 id 或 name"))
            }
            (None, Some(project)) => {
                let domain =
                    project.domain.map(|domain| domain.read("auth.scope.project.domain")).transpose()?;
                Ok(Scope::Project { id: project.id, name: project.name, domain })
            }
            (Some(_), Some(_)) | (None, None) => Err(Refusal::because(
                "auth.scope",
                "must have exactly one of domain and project",
                "必须且只能包含 domain 和 project 之一",
            )),
        }
    }
}

/// A name with its id.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Named {
    id: String,
    name: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct TokenProject {
    id: String,
    name: String,
    domain: Named,
}

#[derive(Debug, Serialize, JsonSchema)]
struct TokenUser {
    id: String,
    name: String,
    domain: Named,
    /// Passwords do not expire here, which IAM writes as an empty text.
    password_expires_at: String,
}

/// What a token stands for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Token {
    methods: Vec<String>,
    issued_at: String,
    expires_at: String,
    user: TokenUser,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<TokenProject>,
    roles: Vec<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog: Option<Vec<Named>>,
}

/// A token's body.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenAnswer {
    token: Token,
}

impl TokenAnswer {
    fn of(told: Told, nocatalog: bool) -> Self {
        let Told { principal, project, methods, issued_at, expires_at } = told;
        let account = || Named { id: principal.account.clone(), name: principal.account_name.clone() };
        let project = project.map(|it| TokenProject { id: it.id, name: it.name, domain: account() });
        // The names by which 004 11.4 tells an administrator of the tenant from a guest.
        let role = if principal.has(Right::Operate) { "te_admin" } else { "readonly" };
        Self {
            token: Token {
                methods,
                issued_at: issued_at.to_wire_micros(),
                expires_at: expires_at.to_wire_micros(),
                domain: project.is_none().then(account),
                project,
                user: TokenUser {
                    id: principal.user.clone(),
                    name: principal.user_name.clone(),
                    domain: account(),
                    password_expires_at: String::new(),
                },
                roles: vec![Named { id: "0".to_owned(), name: role.to_owned() }],
                catalog: (!nocatalog).then(Vec::new),
            },
        }
    }
}

const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

fn with_token(token: &str, answer: TokenAnswer) -> Result<WithHeader<Json<TokenAnswer>>, ApiError> {
    let value = HeaderValue::from_str(token).map_err(|_| door::INTERNAL.error())?;
    Ok(WithHeader(SUBJECT_TOKEN, value, Json(answer)))
}

/// Logs in by password.
pub struct KeystoneCreateToken;

impl Operation<App> for KeystoneCreateToken {
    type Input = CreateTokenInput;
    type Output = WithHeader<Json<TokenAnswer>>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "KeystoneCreateToken",
        method: Method::Post,
        path: "/v3/auth/tokens",
        about: "Logs a user in by password; the token stands in the header X-Subject-Token.",
        sites: Sites::All,
        callers: ANYONE,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::Event("token", "createToken"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[],
        is_secret: true,
        doc: "004 3.1.2, 11.4",
    };
    async fn run(cx: &mut Cx, input: CreateTokenInput) -> Result<Self::Output, ApiError> {
        let (who, password) = input.auth.identity.password.user.read()?;
        let scope = input.auth.scope.map_or(Ok(Scope::Own), ScopeInput::read)?;
        let (token, told) = tokens::log_in(cx, &Self::SPEC, &who, password, &scope).await?;
        with_token(&token, TokenAnswer::of(told, input.nocatalog.is_some()))
    }
}

/// Tells what a token stands for.
pub struct KeystoneValidateToken;

impl Operation<App> for KeystoneValidateToken {
    type Input = ValidateTokenInput;
    type Output = WithHeader<Json<TokenAnswer>>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "KeystoneValidateToken",
        method: Method::Get,
        path: "/v3/auth/tokens",
        about: "Tells what a token of the own account stands for and how long it lives.",
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
        is_secret: true,
        doc: "004 3.1.2",
    };
    async fn run(cx: &mut Cx, input: ValidateTokenInput) -> Result<Self::Output, ApiError> {
        let told = tokens::validate(cx, &input.subject_token).await?;
        with_token(&input.subject_token, TokenAnswer::of(told, input.nocatalog.is_some()))
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct SelfLink {
    #[serde(rename = "self")]
    itself: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PageLinks {
    #[serde(rename = "self")]
    itself: String,
    previous: Option<String>,
    next: Option<String>,
}

impl PageLinks {
    fn of(path: &str) -> Self {
        Self { itself: path.to_owned(), previous: None, next: None }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct DomainAnswer {
    id: String,
    name: String,
    enabled: bool,
    description: String,
    links: SelfLink,
}

/// The caller's domains: one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DomainsAnswer {
    domains: Vec<DomainAnswer>,
    links: PageLinks,
}

/// The caller's account.
pub struct KeystoneListAuthDomains;

impl Operation<App> for KeystoneListAuthDomains {
    type Input = ();
    type Output = Json<DomainsAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "KeystoneListAuthDomains",
        method: Method::Get,
        path: "/v3/auth/domains",
        about: "The account of the caller: SDKs ask for its id before their first request.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "IAM v3",
    };
    async fn run(cx: &mut Cx, (): ()) -> Result<Json<DomainsAnswer>, ApiError> {
        let domain = DomainAnswer {
            id: cx.principal.account.clone(),
            name: cx.principal.account_name.clone(),
            enabled: true,
            description: String::new(),
            links: SelfLink { itself: format!("/v3/domains/{}", cx.account()) },
        };
        Ok(Json(DomainsAnswer { domains: vec![domain], links: PageLinks::of(Self::SPEC.path) }))
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct ProjectAnswer {
    id: String,
    name: String,
    domain_id: String,
    enabled: bool,
    is_domain: bool,
    parent_id: String,
    description: String,
    links: SelfLink,
}

/// The caller's projects.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProjectsAnswer {
    projects: Vec<ProjectAnswer>,
    links: PageLinks,
}

async fn projects(cx: &mut Cx, path: &str) -> Result<ProjectsAnswer, ApiError> {
    let account = cx.principal.account.clone();
    let rows = cx.tx.all(store::LIST_PROJECTS, params![&account, store::PROJECTS_MAX]).await?;
    let answer = |mut row: platform::db::Row| {
        let id = row.take_text(0);
        ProjectAnswer {
            links: SelfLink { itself: format!("/v3/projects/{id}") },
            id,
            name: row.take_text(1),
            domain_id: account.clone(),
            enabled: true,
            is_domain: false,
            parent_id: account.clone(),
            description: String::new(),
        }
    };
    Ok(ProjectsAnswer { projects: rows.into_iter().map(answer).collect(), links: PageLinks::of(path) })
}

/// The caller's projects.
pub struct KeystoneListAuthProjects;

impl Operation<App> for KeystoneListAuthProjects {
    type Input = ();
    type Output = Json<ProjectsAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "KeystoneListAuthProjects",
        method: Method::Get,
        path: "/v3/auth/projects",
        about: "The projects of the caller's account.",
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
        doc: "IAM v3",
    };
    async fn run(cx: &mut Cx, (): ()) -> Result<Json<ProjectsAnswer>, ApiError> {
        projects(cx, Self::SPEC.path).await.map(Json)
    }
}

/// The caller's projects, filtered.
pub struct KeystoneListProjects;

impl Operation<App> for KeystoneListProjects {
    type Input = ListProjectsInput;
    type Output = Json<ProjectsAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "KeystoneListProjects",
        method: Method::Get,
        path: "/v3/projects",
        about: "The projects of the caller's account by name: SDKs ask for a region's project id.",
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
        doc: "IAM v3",
    };
    async fn run(cx: &mut Cx, input: ListProjectsInput) -> Result<Json<ProjectsAnswer>, ApiError> {
        let mut answer = projects(cx, Self::SPEC.path).await?;
        let account = cx.account();
        let is_own = |given: &Option<String>| given.as_deref().is_none_or(|id| id == account);
        let shows_any = is_own(&input.domain_id)
            && is_own(&input.parent_id)
            && input.enabled != Some(false)
            && input.is_domain != Some(true);
        answer
            .projects
            .retain(|project| shows_any && input.name.as_ref().is_none_or(|name| *name == project.name));
        let per_page = usize::try_from(input.per_page).unwrap_or(usize::MAX);
        let before = usize::try_from(input.page - 1).unwrap_or(usize::MAX).saturating_mul(per_page);
        answer.projects = answer.projects.into_iter().skip(before).take(per_page).collect();
        Ok(Json(answer))
    }
}
