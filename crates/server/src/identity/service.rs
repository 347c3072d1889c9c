//! Accounts, and who may act for them: what the door and the other features call.

mod credentials;

use std::sync::Arc;

use domain::calendar::Instant;
use domain::id::{DomainId, hex32};
use domain::money::Currency;
use domain::site::Tier;
use platform::db::{DbError, Tx};
use platform::op::{AccountKind, ApiError, Host, Refusal, Right};
use platform::params;

pub use self::credentials::{find_access_key, find_token};
pub(super) use self::credentials::{find_user_principal, seal_context, token_principal};
use super::members::{self, NewUser};
use super::store;
use crate::Cx;
use crate::app::App;
use crate::codes;

/// The longest mail address that mail servers pass on.
const EMAIL_LENGTH_MAX: usize = 254;

/// Facts of an account that other features need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Domain id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: AccountKind,
    /// The partner it belongs to.
    pub partner_id: Option<String>,
    /// Customers of partners: 1 referral, 3 reseller model.
    pub association_type: Option<i64>,
    /// Distributors that may have customers of their own.
    pub has_direct_customers: bool,
    /// Enterprise master of a member.
    pub master_id: Option<String>,
    /// Members: `independent` or `unified`.
    pub accounting: Option<String>,
    /// Currency.
    pub currency: Currency,
    /// 0 no, 1 account, 2 account and resources.
    pub frozen: i64,
    /// Whose taxes it pays: ISO 3166-1 alpha-2; `None`: no tax applies.
    pub country: Option<String>,
    /// When it was created.
    pub created_at: Instant,
    /// Its tier: how long what expired is kept on the China site (rule 1.3).
    pub tier: Tier,
    /// Where its notices go; `None`: nowhere.
    pub email: Option<String>,
}

/// Whose money and benefits an account uses: its own, or those of its enterprise master where it is a unified
/// accounting member (rule 4.10).
pub fn payer_of(account: &Account) -> &str {
    let master = account.master_id.as_deref().filter(|_| account.accounting.as_deref() == Some("unified"));
    master.unwrap_or(&account.id)
}

/// A new account with its first user; secrets are given (demo) or made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Name, unique without regard to case.
    pub name: String,
    /// Kind.
    pub kind: AccountKind,
    /// Partner id.
    pub partner_id: Option<String>,
    /// 1 referral, 3 reseller model.
    pub association_type: Option<i64>,
    /// Distributors only.
    pub has_direct_customers: bool,
    /// Enterprise master id.
    pub master_id: Option<String>,
    /// `independent` or `unified`.
    pub accounting: Option<String>,
    /// Whose taxes it pays: ISO 3166-1 alpha-2; `None`: no tax applies.
    pub country: Option<String>,
    /// Where its notices go; `None`: nowhere.
    pub email: Option<String>,
    /// Domain id, where it is fixed (demo); else made.
    pub id: Option<String>,
    /// First user: name, password hash if it has a password.
    pub user_name: String,
    /// PHC string made before the transaction began.
    pub password_hash: Option<String>,
    /// Access key and secret, where they are fixed (demo); else none is made.
    pub access_key: Option<(String, String)>,
    /// Projects.
    pub projects: Vec<NewProject>,
}

/// A new project.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Id, where it is fixed (demo); else made.
    pub id: Option<String>,
    /// A region's code.
    pub name: String,
}

impl NewProject {
    /// A project whose id is made.
    pub fn named(name: String) -> Self {
        Self { id: None, name }
    }
}

/// Creates an account with its first user (all rights), projects and key. Codes: CBC.0100 / CBC.0101 (name taken).
pub async fn create_account(cx: &mut Cx, new: &NewAccount) -> Result<Account, ApiError> {
    check_name("name", &new.name)?;
    if let Some(country) = &new.country {
        check_country("country", country)?;
    }
    if let Some(email) = &new.email {
        check_email("email", email)?;
    }
    check_parents(cx, new).await?;
    let id = match &new.id {
        Some(id) => DomainId::parse(id)
            .map_err(|_| Refusal::because("domain_id", "is not an id", "不是合法的 ID"))?
            .into(),
        None => hex32(cx.ids.as_mut()),
    };
    let account = Account {
        id,
        name: new.name.clone(),
        kind: new.kind,
        partner_id: new.partner_id.clone(),
        association_type: new.association_type,
        has_direct_customers: new.has_direct_customers,
        master_id: new.master_id.clone(),
        accounting: new.accounting.clone(),
        currency: cx.site.profile().currency,
        frozen: 0,
        country: new.country.clone(),
        created_at: cx.now,
        tier: Tier::V0,
        email: new.email.clone(),
    };
    insert_account(cx, &account).await?;
    let first = NewUser {
        name: new.user_name.clone(),
        password_hash: new.password_hash.clone(),
        rights: Right::ALL,
        actions: None,
        is_owner: true,
    };
    let user = members::create_user(cx, &account.id, &first).await?;
    members::add_projects(cx, &account.id, &new.projects).await?;
    if let Some((access_key, secret_key)) = &new.access_key {
        members::insert_access_key(cx, &account.id, &user.id, access_key, secret_key).await?;
    }
    Ok(account)
}

async fn insert_account(cx: &mut Cx, account: &Account) -> Result<(), ApiError> {
    let inserted = cx
        .tx
        .exec(
            store::INSERT_ACCOUNT,
            params![
                &account.id,
                &account.name,
                account.name.to_lowercase(),
                account.kind.as_str(),
                account.partner_id.as_deref(),
                account.association_type,
                account.has_direct_customers,
                account.master_id.as_deref(),
                account.accounting.as_deref(),
                account.currency.code(),
                account.country.as_deref(),
                account.created_at.ms(),
                account.tier.text(),
                account.email.as_deref(),
            ],
        )
        .await?;
    if inserted == 0 {
        let name = &account.name;
        return Err(codes::INVALID_VALUE.because(
            format!("There is already an account of the name {name} (upper and lower case are the same)."),
            format!("账号名 {name} 已存在（不区分大小写）。"),
        ));
    }
    Ok(())
}

/// Checks a name of an account, user, group or project: 1 to 64 letters, digits, `_` and `-`.
pub(super) fn check_name(field: &str, name: &str) -> Result<(), Refusal> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if fits {
        return Ok(());
    }
    Err(Refusal::because(
        field,
        "must have 1 to 64 letters, digits, underscores and hyphens",
        "必须由 1 到 64 个字母、数字、下划线或连字符组成",
    ))
}

/// Checks the form of a country: ISO 3166-1 alpha-2, in capitals.
///
/// # Errors
/// A refusal that names `field`.
pub fn check_country(field: &str, country: &str) -> Result<(), Refusal> {
    if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(Refusal::because(
        field,
        "must be the two capital letters of a country, such as DE",
        "必须为两位大写字母的国家代码，例如 DE",
    ))
}

/// Checks the form of a mail address.
fn check_email(field: &str, email: &str) -> Result<(), Refusal> {
    // As the mailer reads it; a mail server on the way need not understand more than ASCII.
    if email.is_ascii() && email.len() <= EMAIL_LENGTH_MAX && email.parse::<lettre::Address>().is_ok() {
        return Ok(());
    }
    Err(Refusal::because(
        field,
        "must be a mail address, such as billing@example.com",
        "必须为邮箱地址，例如 billing@example.com",
    ))
}

/// Checks that an account of this kind may stand where the new one shall: resellers under a distributor; customers
/// alone, under a partner that may have customers, or as member of an enterprise.
async fn check_parents(cx: &mut Cx, new: &NewAccount) -> Result<(), ApiError> {
    let is_customer = new.kind == AccountKind::Customer;
    let only = |field: &str, given: bool, allowed: bool, en: &str, zh: &str| {
        if given && !allowed { Err(Refusal::because(field, en, zh)) } else { Ok(()) }
    };
    only(
        "partner_id",
        new.partner_id.is_some(),
        new.kind == AccountKind::Reseller || (is_customer && new.master_id.is_none()),
        "is for resellers and for customers that are no enterprise members only",
        "仅适用于经销商和非企业成员的客户",
    )?;
    only(
        "association_type",
        new.association_type.is_some(),
        is_customer && new.partner_id.is_some(),
        "is for customers of a partner only",
        "仅适用于伙伴的客户",
    )?;
    only(
        "has_direct_customers",
        new.has_direct_customers,
        new.kind == AccountKind::Distributor,
        "is for distributors only",
        "仅适用于总经销商",
    )?;
    only("master_id", new.master_id.is_some(), is_customer, "is for customers only", "仅适用于客户")?;
    only(
        "accounting",
        new.accounting.is_some(),
        new.master_id.is_some(),
        "is for members of an enterprise only",
        "仅适用于企业成员账号",
    )?;
    if new.kind == AccountKind::Reseller && new.partner_id.is_none() {
        return Err(Refusal::because("partner_id", "is required for a reseller", "经销商必须填写").into());
    }
    if let Some(partner) = &new.partner_id {
        check_partner(cx, new.kind, partner).await?;
    }
    if let Some(master) = &new.master_id {
        check_master(cx, master).await?;
    }
    Ok(())
}

async fn check_partner(cx: &mut Cx, kind: AccountKind, partner: &str) -> Result<(), ApiError> {
    let refuse = |en, zh| Err(Refusal::because("partner_id", en, zh).into());
    let app = cx.app.clone();
    let Some(partner) = find_account(&app, &mut cx.tx, partner).await? else {
        return refuse("is not the id of an account", "不是已有账号的 ID");
    };
    match (kind, partner.kind) {
        (AccountKind::Reseller, AccountKind::Distributor) => Ok(()),
        (AccountKind::Reseller, _) => refuse("must be a distributor", "必须为总经销商"),
        (_, AccountKind::Reseller | AccountKind::SolutionProvider) => Ok(()),
        (_, AccountKind::Distributor) if partner.has_direct_customers => Ok(()),
        (_, AccountKind::Distributor) => {
            refuse("is a distributor without customers of its own", "该总经销商不能拥有直接客户")
        }
        (_, AccountKind::Operator | AccountKind::Customer) => refuse("must be a partner", "必须为伙伴账号"),
    }
}

async fn check_master(cx: &mut Cx, master: &str) -> Result<(), ApiError> {
    let refuse = |en, zh| Err(Refusal::because("master_id", en, zh).into());
    let app = cx.app.clone();
    match find_account(&app, &mut cx.tx, master).await? {
        None => refuse("is not the id of an account", "不是已有账号的 ID"),
        Some(account) if account.kind != AccountKind::Customer => {
            refuse("must be a customer", "必须为客户账号")
        }
        Some(account) if account.master_id.is_some() => {
            refuse("is itself a member of an enterprise", "该账号本身是企业成员账号")
        }
        Some(_) => Ok(()),
    }
}

/// An account by id, from memory; it may be up to a second old where another process changed it.
pub async fn find_account(app: &App, tx: &mut Tx, id: &str) -> Result<Option<Arc<Account>>, DbError> {
    if let Some(account) = app.identity.account(id) {
        return Ok(Some(account));
    }
    let Some(row) = tx.opt(store::FIND_ACCOUNT, params![id]).await? else { return Ok(None) };
    let version = row.int(14);
    let account = Arc::new(store::account_from_row(row));
    // A writing transaction may see rows that are not committed yet; memory must not.
    if tx.is_read_only() {
        app.identity.keep_account(version, account.clone());
    }
    Ok(Some(account))
}

/// What decides whether an account may pay, and with which tax, as the database knows it at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The payer or the customer is frozen.
    pub is_frozen: bool,
    /// The payer's country.
    pub country: Option<String>,
}

/// How a payer and the customer it pays for stand; they may be the same. Not from memory: what another process has
/// frozen must not pay a second longer.
///
/// # Errors
/// [`DbError::Other`] where there is no such payer.
pub async fn standing(tx: &mut Tx, payer: &str, customer: &str) -> Result<Standing, DbError> {
    let rows = tx.all(store::LIST_STANDINGS, params![payer, customer]).await?;
    let is_frozen = rows.iter().any(|row| row.int(1) != 0);
    let row = rows.into_iter().find(|row| row.text(0) == payer);
    let mut row = row.ok_or_else(|| DbError::Other(format!("the payer {payer} is no account")))?;
    Ok(Standing { is_frozen, country: row.take_opt_text(2) })
}

/// The tier of an account, as the database knows it at this moment: what another process has set holds at once.
///
/// # Errors
/// [`DbError`] where there is no such account.
pub async fn tier_of(tx: &mut Tx, id: &str) -> Result<Tier, DbError> {
    let row = tx.one(store::FIND_STATE, params![id]).await?;
    Ok(Tier::parse(row.text(1)).expect("only names of tiers are stored"))
}

/// Sets the tier of an account; what has expired before keeps the ends that it was given then.
///
/// # Errors
/// A refusal that names the field.
pub async fn set_tier(cx: &mut Cx, id: &str, tier: Tier) -> Result<Arc<Account>, ApiError> {
    let account = commercial_account(cx, id).await?;
    cx.tx.exec(store::SET_TIER, params![id, tier.text()]).await?;
    changed(cx).await?;
    Ok(account)
}

/// The id of the account with this name, whatever the case of its letters.
pub async fn find_account_id(tx: &mut Tx, name: &str) -> Result<Option<String>, DbError> {
    let row = tx.opt(store::FIND_ACCOUNT_ID, params![name.to_lowercase()]).await?;
    Ok(row.map(|mut row| row.take_text(0)))
}

/// The id of an account's project of this name (a region's code).
pub async fn find_project_id(tx: &mut Tx, account: &str, name: &str) -> Result<Option<String>, DbError> {
    let row = tx.opt(store::FIND_PROJECT_BY_NAME, params![account, name]).await?;
    Ok(row.map(|mut row| row.take_text(0)))
}

/// Whether the account has a project with this id. Only callers that send X-Project-Id pay for the look.
pub async fn owns_project(app: &App, account: &str, project: &str) -> Result<bool, ApiError> {
    let mut tx = app.db().begin_read().await?;
    let is_own = has_project(&mut tx, account, project).await?;
    tx.rollback().await;
    Ok(is_own)
}

/// The same, in a transaction that is there.
pub async fn has_project(tx: &mut Tx, account: &str, project: &str) -> Result<bool, DbError> {
    Ok(tx.opt(store::FIND_PROJECT, params![account, project]).await?.is_some())
}

/// Sets whose taxes an account pays; `None`: nobody's.
///
/// # Errors
/// A refusal that names the field.
pub async fn set_country(cx: &mut Cx, id: &str, country: Option<&str>) -> Result<Arc<Account>, ApiError> {
    if let Some(country) = country {
        check_country("country", country)?;
    }
    let account = commercial_account(cx, id).await?;
    cx.tx.exec(store::SET_COUNTRY, params![id, country]).await?;
    changed(cx).await?;
    Ok(account)
}

/// Sets where the notices of an account go; `None`: nowhere.
///
/// # Errors
/// A refusal that names the field.
pub async fn set_email(cx: &mut Cx, id: &str, email: Option<&str>) -> Result<(), ApiError> {
    if let Some(email) = email {
        check_email("email", email)?;
    }
    cx.tx.exec(store::SET_EMAIL, params![id, email]).await?;
    Ok(changed(cx).await?)
}

/// An account that buys or sells: any but the operator's.
///
/// # Errors
/// CBC.0100 naming `domain_id`.
pub async fn commercial_account(cx: &mut Cx, id: &str) -> Result<Arc<Account>, ApiError> {
    let account = find_account(&cx.app, &mut cx.tx, id).await?;
    account.filter(|account| account.kind != AccountKind::Operator).ok_or_else(|| {
        Refusal::because(
            "domain_id",
            "must be the domain id of a customer or partner of this site",
            "必须是本站点客户或伙伴的账号 ID",
        )
        .into()
    })
}

/// Marks what memory keeps as outdated, in the transaction of the change; memory is emptied once it is durable.
pub async fn changed(cx: &mut Cx) -> Result<(), DbError> {
    cx.tx.exec(store::BUMP_VERSION, &[]).await?;
    let version = version(&mut cx.tx).await?;
    cx.after_commit(move |app| app.identity.see(version));
    Ok(())
}

async fn version(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(tx.opt(store::FIND_VERSION, &[]).await?.map_or(0, |row| row.int(0)))
}

/// Learns of changes that other processes committed. A server calls it once a second.
pub async fn refresh(app: &App) -> Result<(), DbError> {
    let mut tx = app.db().begin_read().await?;
    let version = version(&mut tx).await?;
    tx.rollback().await;
    app.identity.see(version);
    Ok(())
}
