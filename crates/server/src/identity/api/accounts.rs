//! Accounts, in the own API.

use std::sync::Arc;

use platform::input;
use platform::op::{
    ACCOUNT, AccountKind, ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Right, Sites,
    Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::users::{GroupAnswer, GroupInput, ProjectAnswer, UserAnswer, UserInput, rights_from_names};
use crate::Cx;
use crate::app::App;
use crate::identity::members::{self, NewUser};
use crate::identity::own_write::{self, ATTEMPTS_MAX};
use crate::identity::service::{self, Account, NewAccount, NewProject};
use crate::identity::{passwords, store};

/// The association of a partner's customer that names none: the reseller model.
const RESELLER_MODEL: i64 = 3;
const INDEPENDENT: &str = "independent";

input! {
    /// The account's first user.
    pub struct FirstUserInput {
        /// Its name; left out: the account's name.
        pub name: Option<String> = body("name"),
        /// Its password; without one it can only sign with access keys.
        pub password: Option<String> = body("password").length(128)
    }

    /// A new account.
    pub struct CreateAccountInput {
        /// Its name, unique whatever the case: letters, digits, underscores and hyphens.
        pub name: String = body("name"),
        /// Its kind.
        pub kind: String = body("kind")
            .one_of(&["customer", "distributor", "reseller", "solution_provider"]),
        /// The partner that it belongs to: resellers, and customers of partners.
        pub partner_id: Option<String> = body("partner_id"),
        /// Customers of partners: 1 referral, 3 reseller model (which is meant where it is left out).
        pub association_type: Option<i64> = body("association_type").one_of(&["1", "3"]),
        /// Whether a distributor may have customers of its own.
        pub has_direct_customers: bool = body("has_direct_customers").default("false"),
        /// The enterprise master of a member.
        pub master_id: Option<String> = body("master_id"),
        /// How a member is accounted: independent (which is meant where it is left out) or unified.
        pub accounting: Option<String> = body("accounting").one_of(&["independent", "unified"]),
        /// Whose taxes it pays: ISO 3166-1 alpha-2 in capitals, such as DE; without it, no tax applies.
        pub country: Option<String> = body("country"),
        /// The mail address that its notices go to; without it, none are sent.
        pub email: Option<String> = body("email").length(254),
        /// Its first user, which has all rights.
        pub user: Option<FirstUserInput> = body("user"),
        /// Further users.
        pub users: Option<Vec<UserInput>> = body("users"),
        /// Groups of users.
        pub groups: Option<Vec<GroupInput>> = body("groups"),
        /// Its projects: codes of regions.
        pub projects: Option<Vec<String>> = body("projects")
    }

    /// Which accounts to list.
    pub struct ListAccountsInput {
        /// The whole name, whatever the case.
        pub name: Option<String> = query("name"),
        /// The kind.
        pub kind: Option<String> = query("kind")
            .one_of(&["operator", "customer", "distributor", "reseller", "solution_provider"]),
        /// Index of the first.
        pub offset: i64 = query("offset").range(0, 100_000_000).default("0"),
        /// How many at most.
        pub limit: i64 = query("limit").range(1, 1000).default("100")
    }

    /// Which account.
    pub struct ShowAccountInput {
        /// Its id.
        pub domain_id: String = path("domain_id")
    }
}

/// An account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccountAnswer {
    domain_id: String,
    name: String,
    kind: String,
    partner_id: Option<String>,
    association_type: Option<i64>,
    has_direct_customers: bool,
    master_id: Option<String>,
    accounting: Option<String>,
    currency: String,
    /// Whose taxes it pays; null: no tax applies.
    country: Option<String>,
    /// Where its notices go; null: nowhere.
    email: Option<String>,
    /// V0 to V5: how long what expires is kept, on the China site.
    tier: String,
    /// 0 not frozen, 1 the account, 2 the account and its resources.
    is_frozen: i64,
    created_at: String,
}

impl AccountAnswer {
    fn of(account: &Account) -> Self {
        Self {
            domain_id: account.id.clone(),
            name: account.name.clone(),
            kind: account.kind.as_str().to_owned(),
            partner_id: account.partner_id.clone(),
            association_type: account.association_type,
            has_direct_customers: account.has_direct_customers,
            master_id: account.master_id.clone(),
            accounting: account.accounting.clone(),
            currency: account.currency.code().to_owned(),
            country: account.country.clone(),
            email: account.email.clone(),
            tier: account.tier.text().to_owned(),
            is_frozen: account.frozen,
            created_at: account.created_at.to_wire(),
        }
    }
}

/// An account with its users, groups and projects.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WholeAccountAnswer {
    #[serde(flatten)]
    account: AccountAnswer,
    users: Vec<UserAnswer>,
    groups: Vec<GroupAnswer>,
    projects: Vec<ProjectAnswer>,
}

async fn whole(cx: &mut Cx, account: &Account) -> Result<WholeAccountAnswer, ApiError> {
    let users = members::list_users(&mut cx.tx, &account.id).await?;
    let groups = members::list_groups(&mut cx.tx, &account.id).await?;
    let projects = members::list_projects(&mut cx.tx, &account.id).await?;
    Ok(WholeAccountAnswer {
        account: AccountAnswer::of(account),
        users: users.iter().map(UserAnswer::of).collect(),
        groups: groups.into_iter().map(GroupAnswer::of).collect(),
        projects: projects.into_iter().map(ProjectAnswer::of).collect(),
    })
}

/// Accounts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccountsAnswer {
    total_count: i64,
    accounts: Vec<AccountAnswer>,
}

/// A new account with everything that belongs to it; passwords are hashed.
struct Prepared {
    account: NewAccount,
    users: Vec<NewUser>,
    groups: Vec<GroupInput>,
}

async fn prepare(app: &Arc<App>, input: CreateAccountInput) -> Result<Prepared, ApiError> {
    let first = input.user.as_ref();
    let account = NewAccount {
        kind: AccountKind::parse(&input.kind).expect("decoding admits names of kinds only"),
        association_type: match (input.kind.as_str(), &input.partner_id) {
            ("customer", Some(_)) => Some(input.association_type.unwrap_or(RESELLER_MODEL)),
            _ => input.association_type,
        },
        accounting: match &input.master_id {
            Some(_) => Some(input.accounting.unwrap_or_else(|| INDEPENDENT.to_owned())),
            None => input.accounting,
        },
        country: input.country,
        email: input.email,
        partner_id: input.partner_id,
        has_direct_customers: input.has_direct_customers,
        master_id: input.master_id,
        id: None,
        user_name: first.and_then(|user| user.name.clone()).unwrap_or_else(|| input.name.clone()),
        password_hash: passwords::hash_given(app, first.and_then(|user| user.password.as_ref())).await?,
        access_key: None,
        projects: input.projects.unwrap_or_default().into_iter().map(NewProject::named).collect(),
        name: input.name,
    };
    let mut users = Vec::new();
    for user in input.users.unwrap_or_default() {
        users.push(user.prepare(app).await?);
    }
    Ok(Prepared { account, users, groups: input.groups.unwrap_or_default() })
}

async fn create(cx: &mut Cx, new: &Prepared) -> Result<WholeAccountAnswer, ApiError> {
    let account = service::create_account(cx, &new.account).await?;
    cx.audited = Some((account.id.clone(), account.name.clone()));
    for user in &new.users {
        members::create_user(cx, &account.id, user).await?;
    }
    for group in &new.groups {
        let names = group.users.as_deref().unwrap_or_default();
        members::create_group(cx, &account.id, &group.name, rights_from_names(&group.rights), names).await?;
    }
    whole(cx, &account).await
}

/// Creates an account.
pub struct CreateAccount;

impl Operation<App> for CreateAccount {
    type Input = CreateAccountInput;
    type Output = Json<WholeAccountAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "CreateAccount",
        method: Method::Post,
        path: "/openbss/v1/accounts",
        about: "Creates a customer or partner with its users, groups and projects.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::Event("account", "createAccount"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[&door::INVALID],
        is_secret: true,
        doc: "own API",
    };
    async fn run(cx: &mut Cx, input: CreateAccountInput) -> Result<Self::Output, ApiError> {
        let new = prepare(&cx.app, input).await?;
        let caller = cx.principal.clone();
        let mut attempt = 1;
        loop {
            own_write::begin(cx).await?;
            let outcome = create(cx, &new).await;
            match own_write::finish(cx, &Self::SPEC, &caller, outcome).await {
                Err(error) if error.is_retryable() && attempt < ATTEMPTS_MAX => attempt += 1,
                done => return done.map(Json),
            }
        }
    }
}

/// Lists accounts.
pub struct ListAccounts;

impl Operation<App> for ListAccounts {
    type Input = ListAccountsInput;
    type Output = Json<AccountsAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListAccounts",
        method: Method::Get,
        path: "/openbss/v1/accounts",
        about: "Lists accounts by name.",
        sites: Sites::All,
        callers: OPERATOR,
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
    async fn run(cx: &mut Cx, input: ListAccountsInput) -> Result<Json<AccountsAnswer>, ApiError> {
        let name = input.name.map(|name| name.to_lowercase());
        let filter = store::AccountFilter { name: name.as_deref(), kind: input.kind.as_deref() };
        let total_count = filter.count(&mut cx.tx).await?;
        let page = filter.page(&mut cx.tx, input.offset, input.limit).await?;
        Ok(Json(AccountsAnswer { total_count, accounts: page.iter().map(AccountAnswer::of).collect() }))
    }
}

/// Shows an account.
pub struct ShowAccount;

impl Operation<App> for ShowAccount {
    type Input = ShowAccountInput;
    type Output = Json<WholeAccountAnswer>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ShowAccount",
        method: Method::Get,
        path: "/openbss/v1/accounts/{domain_id}",
        about: "Shows an account with its users, groups and projects: any to the operator, else the caller's own.",
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
    async fn run(cx: &mut Cx, input: ShowAccountInput) -> Result<Json<WholeAccountAnswer>, ApiError> {
        let account = super::subject(cx, &input.domain_id).await?;
        whole(cx, &account).await.map(Json)
    }
}
