//! Logging in by password, and what a token stands for (004 3.1.2, `rules.md` 12).
//!
//! A token is 256 random bits in hexadecimal; only its hash is stored. It lives 24 hours of commercial time, and a
//! new one does not revoke those before it. It dies early when its user is disabled or gets another password.

use std::net::IpAddr;

use domain::calendar::Instant;
use platform::auth::secrets::{hex, token_hash};
use platform::clock::machine_now;
use platform::db::{DbError, Tx};
use platform::op::{ApiError, Host, Principal, Refusal};
use platform::params;

use super::own_write::{self, ATTEMPTS_MAX};
use super::{passwords, service, store};
use crate::{Cx, codes};

/// How long a token lives.
const LIFE_HOURS: i64 = 24;

/// An account, as a client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// By its id.
    Id(String),
    /// By its name, whatever the case.
    Name(String),
}

/// A user, as a client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// By its id.
    Id(String),
    /// By its name in an account.
    Named(Domain, String),
}

impl Who {
    /// What failed attempts are counted by.
    fn key(&self) -> String {
        match self {
            Self::Id(id) => format!("id/{id}"),
            Self::Named(Domain::Id(domain), name) => format!("domain/{domain}/{name}"),
            Self::Named(Domain::Name(domain), name) => format!("name/{}/{name}", domain.to_lowercase()),
        }
    }
}

/// What a token shall be good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The user's account.
    Own,
    /// An account, which must be the user's.
    Domain(Domain),
    /// A project by its id or name, with the account it is in where that was said.
    Project {
        /// Its id.
        id: Option<String>,
        /// Its name.
        name: Option<String>,
        /// Its account.
        domain: Option<Domain>,
    },
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Project id.
    pub id: String,
    /// The region's code.
    pub name: String,
}

/// What is told about a token.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its user.
    pub principal: Principal,
    /// Its project, where it is scoped to one.
    pub project: Option<Project>,
    /// How the user was recognised.
    pub methods: Vec<String>,
    /// When it was made.
    pub issued_at: Instant,
    /// When it ends.
    pub expires_at: Instant,
}

/// Logs in. Codes: 401 CBC.0154 (which part was wrong is not said), 400 CBC.0100 (no such project), 403 CBC.0151
/// (the scope is another account's), 429 CBC.0250 (too many failures).
pub async fn log_in(
    cx: &mut Cx,
    spec: &platform::op::Spec,
    who: &Who,
    password: String,
    scope: &Scope,
) -> Result<(String, Told), ApiError> {
    let source = cx.request.source;
    let (account, user, phc) = verified(cx, who, password, source).await?;
    let mut bytes = [0; 32];
    cx.app.fill_random(&mut bytes);
    let token = hex(&bytes);
    let mut attempt = 1;
    let told = loop {
        own_write::begin(cx).await?;
        let principal = service::find_user_principal(&mut cx.tx, &account, &user).await?;
        // Between the check and now the user may have been disabled or given another password.
        let still = cx.tx.opt(store::FIND_PASSWORD, params![&account, &user]).await?;
        let is_same = still.is_some_and(|row| row.opt_text(0) == Some(phc.as_str()));
        let (Some(principal), true) = (principal, is_same) else { return Err(refused()) };
        cx.audited = Some((user.clone(), principal.user_name.clone()));
        let outcome = issue(cx, &principal, &token, scope).await;
        match own_write::finish(cx, spec, &principal, outcome).await {
            Err(error) if error.is_retryable() && attempt < ATTEMPTS_MAX => attempt += 1,
            done => break done?,
        }
    };
    Ok((token, told))
}

/// Finds the user and checks the password; failures are counted by user and address.
async fn verified(
    cx: &mut Cx,
    who: &Who,
    password: String,
    source: IpAddr,
) -> Result<(String, String, String), ApiError> {
    let key = who.key();
    if !cx.app.identity.admits_login(&key, source, machine_now()) {
        let refused = codes::THROTTLED.because(
            "Too many failed logins of this user from this address; try again in 15 minutes.",
            "该用户从该地址登录失败次数过多，请 15 分钟后重试。",
        );
        return Err(ApiError { retry_after_s: Some(15 * 60), ..refused });
    }
    let mut tx = cx.app.db().begin_read().await?;
    let found = find_login(&mut tx, who).await;
    tx.rollback().await;
    let found = found?;
    let phc = found.as_ref().and_then(|(_, _, phc)| phc.clone());
    let is_right = passwords::is_right(&cx.app, password, phc).await?;
    match found {
        Some((account, user, Some(phc))) if is_right => {
            cx.app.identity.login_succeeded(&key, source);
            Ok((account, user, phc))
        }
        Some(_) | None => {
            cx.app.identity.login_failed(&key, source, machine_now());
            tracing::info!(%source, "a login failed");
            Err(refused())
        }
    }
}

fn refused() -> ApiError {
    codes::TOKEN_INVALID.because(
        "The account name, user name or password is wrong, or the user is disabled.",
        "账号名、用户名或密码错误，或用户已停用。",
    )
}

type Found = (String, String, Option<String>);

async fn find_login(tx: &mut Tx, who: &Who) -> Result<Option<Found>, DbError> {
    let row = match who {
        Who::Id(id) => tx.opt(store::FIND_LOGIN_BY_ID, params![id]).await?,
        Who::Named(Domain::Id(domain), name) => {
            tx.opt(store::FIND_LOGIN_BY_DOMAIN, params![domain, name]).await?
        }
        Who::Named(Domain::Name(domain), name) => {
            tx.opt(store::FIND_LOGIN_BY_NAME, params![domain.to_lowercase(), name]).await?
        }
    };
    Ok(row.map(|mut row| (row.take_text(0), row.take_text(1), row.take_opt_text(2))))
}

/// Stores a token of a verified user.
async fn issue(cx: &mut Cx, principal: &Principal, token: &str, scope: &Scope) -> Result<Told, ApiError> {
    let project = scoped_project(cx, principal, scope).await?;
    let told = Told {
        principal: principal.clone(),
        project,
        methods: vec!["password".to_owned()],
        issued_at: cx.now,
        expires_at: cx.now.plus_hours(LIFE_HOURS),
    };
    let project_id = told.project.as_ref().map(|project| project.id.as_str());
    let (hash, methods) = (token_hash(token), told.methods.join(","));
    let (issued, expires) = (told.issued_at.ms(), told.expires_at.ms());
    let (account, user) = (&principal.account, &principal.user);
    cx.tx
        .exec(store::INSERT_TOKEN, params![&hash, account, user, project_id, &methods, issued, expires])
        .await?;
    Ok(told)
}

async fn scoped_project(
    cx: &mut Cx,
    principal: &Principal,
    scope: &Scope,
) -> Result<Option<Project>, ApiError> {
    let account = &principal.account;
    match scope {
        Scope::Own => Ok(None),
        Scope::Domain(domain) => check_own(principal, domain).map(|()| None),
        Scope::Project { id, name, domain } => {
            if let Some(domain) = domain {
                check_own(principal, domain)?;
            }
            let row = match (id, name) {
                (Some(id), _) => cx.tx.opt(store::FIND_PROJECT, params![account, id]).await?,
                (None, Some(name)) => cx.tx.opt(store::FIND_PROJECT_BY_NAME, params![account, name]).await?,
                (None, None) => None,
            };
            let project = row.map(|mut row| Project { id: row.take_text(0), name: row.take_text(1) });
            project.map(Some).ok_or_else(|| {
                Refusal::because(
                    "auth.scope.project",
                    "is not a project of the user's account",
                    "不是该用户所属账号的项目",
                )
                .into()
            })
        }
    }
}

fn check_own(principal: &Principal, domain: &Domain) -> Result<(), ApiError> {
    let is_own = match domain {
        Domain::Id(id) => *id == principal.account,
        Domain::Name(name) => name.to_lowercase() == principal.account_name.to_lowercase(),
    };
    if is_own {
        return Ok(());
    }
    Err(codes::ACCESS_DENIED.because(
        "auth.scope names another account than the user's own.",
        "auth.scope 指定的账号不是该用户所属的账号。",
    ))
}

/// What a token stands for, told to users of the same account and to the operator. Code: 401 CBC.0154, also for
/// tokens of others.
pub async fn validate(cx: &mut Cx, token: &str) -> Result<Told, ApiError> {
    let hash = token_hash(token);
    let told = match cx.tx.opt(store::FIND_TOKEN, params![&hash]).await? {
        Some(row) => {
            let (issued_at, expires_at) = (Instant::from_ms(row.int(10)), Instant::from_ms(row.int(9)));
            let methods = row.text(11).split(',').map(str::to_owned).collect();
            let principal = service::token_principal(&mut cx.tx, row).await?;
            let project = match &principal.project {
                Some(id) => cx.tx.opt(store::FIND_PROJECT, params![&principal.account, id]).await?,
                None => None,
            };
            let project = project.map(|mut row| Project { id: row.take_text(0), name: row.take_text(1) });
            Some(Told { principal, project, methods, issued_at, expires_at })
        }
        None => None,
    };
    let caller = &cx.principal;
    let sees = |told: &Told| {
        told.expires_at > cx.now
            && (told.principal.account == caller.account
                || caller.kind == platform::op::AccountKind::Operator)
    };
    told.filter(sees).ok_or_else(|| {
        codes::TOKEN_INVALID.because(
            "The token in X-Subject-Token is invalid or has expired.",
            "X-Subject-Token 中的 Token 无效或已过期。",
        )
    })
}
