//! All SQL of accounts, users, groups, projects, access keys and tokens.
//!
//! What memory may keep is read together with the version of the row `identity` in `versions`, in one snapshot:
//! see [`super::cache`].

use domain::calendar::Instant;
use domain::money::Currency;
use domain::site::Tier;
use platform::db::{DbError, Row, Tx, Value};
use platform::op::AccountKind;
use platform::params;

use super::service::Account;

/// Most users of one account.
pub const USERS_MAX: i64 = 500;
/// Most groups of one account.
pub const GROUPS_MAX: i64 = 100;
/// Most projects of one account.
pub const PROJECTS_MAX: i64 = 100;
/// Most memberships in the groups of one account that are listed.
pub const MEMBERSHIPS_MAX: i64 = 10_000;
/// Most access keys of one account.
pub const ACCESS_KEYS_MAX: i64 = 500;
/// Most rows that one run of the expiry job deletes.
pub const EXPIRED_BATCH: i64 = 500;

platform::statements! {
    /// A new account; no row changes when the name or id is taken.
    pub const INSERT_ACCOUNT = "insert into accounts \
        (id, name, name_folded, kind, partner_id, association_type, has_direct_customers, master_id, accounting, \
        currency, frozen, country, created_at, tier, email) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $13, $14) on conflict do nothing";
    /// An account with the version of what memory may keep.
    pub const FIND_ACCOUNT = "select id, name, kind, partner_id, association_type, has_direct_customers, \
        master_id, accounting, currency, frozen, country, created_at, tier, email, \
        coalesce((select version from versions where name = 'identity'), 0) \
        from accounts where id = $1";
    /// How an account is frozen, locked.
    pub const LOCK_FROZEN = "select frozen from accounts where id = $1 {for_update}";
    /// How an account is frozen, and its tier.
    pub const FIND_STATE = "select frozen, tier from accounts where id = $1";
    /// How two accounts, or one, are frozen, and their countries.
    pub const LIST_STANDINGS = "select id, frozen, country from accounts where id in ($1, $2) order by id limit 2";
    /// Freezes or unfreezes an account.
    pub const SET_FROZEN = "update accounts set frozen = $2 where id = $1";
    /// Sets whose taxes an account pays.
    pub const SET_COUNTRY = "update accounts set country = $2 where id = $1";
    /// Sets an account's tier.
    pub const SET_TIER = "update accounts set tier = $2 where id = $1";
    /// Sets where an account's notices go.
    pub const SET_EMAIL = "update accounts set email = $2 where id = $1";
    /// An account by its folded name.
    pub const FIND_ACCOUNT_ID = "select id from accounts where name_folded = $1";
    /// A new user; no row changes when the name is taken.
    pub const INSERT_USER = "insert into users \
        (account_id, id, name, password_hash, rights, actions, is_owner, is_enabled, created_at) \
        values ($1, $2, $3, $4, $5, $6, $7, 1, $8) on conflict do nothing";
    /// How many users an account has.
    pub const COUNT_USERS = "select count(*) from users where account_id = $1";
    /// The users of an account, the first one first.
    pub const LIST_USERS = "select id, name, rights, actions, is_owner, is_enabled, created_at from users \
        where account_id = $1 order by is_owner desc, name limit $2";
    /// One user.
    pub const FIND_USER = "select id, name, rights, actions, is_owner, is_enabled, created_at from users \
        where account_id = $1 and id = $2";
    /// The account's first user.
    pub const FIND_OWNER = "select id, name, rights, actions, is_owner, is_enabled, created_at from users \
        where account_id = $1 and is_owner = 1 order by id limit 1";
    /// Changes a user's rights, permission items and state.
    pub const UPDATE_USER = "update users set rights = $3, actions = $4, is_enabled = $5 \
        where account_id = $1 and id = $2";
    /// Changes a user's password.
    pub const SET_PASSWORD = "update users set password_hash = $3 where account_id = $1 and id = $2";
    /// Who logs in by the account's and the user's name.
    pub const FIND_LOGIN_BY_NAME = "select u.account_id, u.id, u.password_hash \
        from accounts a join users u on u.account_id = a.id \
        where a.name_folded = $1 and u.name = $2 and u.is_enabled = 1";
    /// Who logs in by the account's id and the user's name.
    pub const FIND_LOGIN_BY_DOMAIN = "select u.account_id, u.id, u.password_hash from users u \
        where u.account_id = $1 and u.name = $2 and u.is_enabled = 1";
    /// Who logs in by the user's id.
    pub const FIND_LOGIN_BY_ID = "select u.account_id, u.id, u.password_hash from users u \
        where u.id = $1 and u.is_enabled = 1 order by u.account_id limit 1";
    /// The password hash of an enabled user, read again once it was verified.
    pub const FIND_PASSWORD = "select password_hash from users \
        where account_id = $1 and id = $2 and is_enabled = 1";
    /// A new group; no row changes when the name is taken.
    pub const INSERT_GROUP = "insert into user_groups (account_id, id, name, rights) \
        values ($1, $2, $3, $4) on conflict do nothing";
    /// How many groups an account has.
    pub const COUNT_GROUPS = "select count(*) from user_groups where account_id = $1";
    /// The groups of an account.
    pub const LIST_GROUPS = "select id, name, rights from user_groups \
        where account_id = $1 order by name limit $2";
    /// Who is in which group.
    pub const LIST_GROUP_MEMBERS = "select group_id, user_id from user_group_members \
        where account_id = $1 order by group_id, user_id limit $2";
    /// The rights that a user's groups give.
    pub const LIST_GROUP_RIGHTS = "select g.rights from user_group_members m \
        join user_groups g on g.account_id = m.account_id and g.id = m.group_id \
        where m.account_id = $1 and m.user_id = $2 order by g.id limit $3";
    /// The projects of an account.
    pub const LIST_PROJECTS = "select id, name from projects where account_id = $1 order by name limit $2";
    /// One project by its name.
    pub const FIND_PROJECT_BY_NAME = "select id, name from projects where account_id = $1 and name = $2";
    /// One project.
    pub const FIND_PROJECT = "select id, name from projects where account_id = $1 and id = $2";
    /// A new access key; no row changes when it exists.
    pub const INSERT_ACCESS_KEY = "insert into access_keys \
        (access_key, account_id, user_id, secret, is_active, created_at) \
        values ($1, $2, $3, $4, 1, $5) on conflict do nothing";
    /// How many access keys an account has.
    pub const COUNT_ACCESS_KEYS = "select count(*) from access_keys where account_id = $1";
    /// The access keys of an account, without their secrets.
    pub const LIST_ACCESS_KEYS = "select access_key, user_id, is_active, created_at from access_keys \
        where account_id = $1 order by access_key limit $2";
    /// One access key of an account, without its secret.
    pub const FIND_OWN_ACCESS_KEY = "select access_key, user_id, is_active, created_at from access_keys \
        where account_id = $1 and access_key = $2";
    /// Switches an access key on or off.
    pub const SET_ACCESS_KEY_ACTIVE = "update access_keys set is_active = $3 \
        where account_id = $1 and access_key = $2";
    /// Deletes an access key.
    pub const DELETE_ACCESS_KEY = "delete from access_keys where account_id = $1 and access_key = $2";
    /// An active access key with its user.
    pub const FIND_ACCESS_KEY = "select k.account_id, k.user_id, a.name, a.kind, u.name, u.rights, u.actions, \
        coalesce((select version from versions where name = 'identity'), 0), k.secret \
        from access_keys k join accounts a on a.id = k.account_id \
        join users u on u.account_id = k.account_id and u.id = k.user_id \
        where k.access_key = $1 and k.is_active = 1 and u.is_enabled = 1";
    /// An enabled user with its account.
    pub const FIND_PRINCIPAL = "select u.account_id, u.id, a.name, a.kind, u.name, u.rights, u.actions \
        from users u join accounts a on a.id = u.account_id \
        where u.account_id = $1 and u.id = $2 and u.is_enabled = 1";
    /// A new token.
    pub const INSERT_TOKEN = "insert into tokens \
        (token_hash, account_id, user_id, project_id, methods, issued_at, expires_at) \
        values ($1, $2, $3, $4, $5, $6, $7)";
    /// A token with its user.
    pub const FIND_TOKEN = "select t.account_id, t.user_id, a.name, a.kind, u.name, u.rights, u.actions, \
        coalesce((select version from versions where name = 'identity'), 0), t.project_id, t.expires_at, \
        t.issued_at, t.methods \
        from tokens t join accounts a on a.id = t.account_id \
        join users u on u.account_id = t.account_id and u.id = t.user_id \
        where t.token_hash = $1 and u.is_enabled = 1";
    /// Takes away a user's tokens.
    pub const DELETE_TOKENS_OF_USER = "delete from tokens where account_id = $1 and user_id = $2";
    /// The earliest expiry among tokens that have expired.
    pub const FIND_EXPIRED_TOKEN = "select expires_at from tokens where expires_at <= $1 \
        order by expires_at, token_hash limit 1";
    /// Deletes expired tokens, the oldest first.
    pub const DELETE_EXPIRED_TOKENS = "delete from tokens where token_hash in \
        (select token_hash from tokens where expires_at <= $1 order by expires_at, token_hash limit $2)";
    /// Marks what memory keeps of identities as outdated.
    pub const BUMP_VERSION = "insert into versions (name, version) values ('identity', 1) \
        on conflict (name) do update set version = versions.version + 1";
    /// The version of what memory may keep.
    pub const FIND_VERSION = "select version from versions where name = 'identity'";
}

const LIST_ACCOUNTS: &str = "select id, name, kind, partner_id, association_type, has_direct_customers, \
    master_id, accounting, currency, frozen, country, created_at, tier, email from accounts";
const COUNT_ACCOUNTS: &str = "select count(*) from accounts";
const PROJECTS_HEAD: &str = "insert into projects (account_id, id, name) values";
const MEMBERS_HEAD: &str = "insert into user_group_members (account_id, group_id, user_id) values";
const IF_NEW: &str = "on conflict do nothing";

/// Every statement text, combinations of optional filters included.
pub fn statements() -> Vec<String> {
    let mut texts: Vec<String> = STATEMENTS.iter().map(|(_, text)| (*text).to_owned()).collect();
    for (name, kind) in [(false, false), (true, false), (false, true), (true, true)] {
        let filter = AccountFilter { name: name.then_some("n"), kind: kind.then_some("k") };
        texts.extend([filter.page_text(), filter.count_text()]);
    }
    texts.push(format!("{PROJECTS_HEAD} ($1,$2,$3) {IF_NEW}"));
    texts.push(format!("{MEMBERS_HEAD} ($1,$2,$3) {IF_NEW}"));
    texts
}

/// Which accounts are listed.
#[derive(Debug, Clone, Copy)]
pub struct AccountFilter<'a> {
    /// The folded name, whole.
    pub name: Option<&'a str>,
    /// The kind.
    pub kind: Option<&'a str>,
}

impl<'a> AccountFilter<'a> {
    fn conditions(&self) -> (String, Vec<Value<'a>>) {
        let mut text = String::new();
        let mut values: Vec<Value<'a>> = Vec::new();
        for (column, value) in [("name_folded", self.name), ("kind", self.kind)] {
            if let Some(value) = value {
                values.push(value.into());
                let word = if values.len() == 1 { "where" } else { "and" };
                text.push_str(&format!(" {word} {column} = ${}", values.len()));
            }
        }
        (text, values)
    }

    fn count_text(&self) -> String {
        format!("{COUNT_ACCOUNTS}{}", self.conditions().0)
    }

    fn page_text(&self) -> String {
        let (conditions, values) = self.conditions();
        let (limit, offset) = (values.len() + 1, values.len() + 2);
        format!("{LIST_ACCOUNTS}{conditions} order by name_folded limit ${limit} offset ${offset}")
    }

    /// How many there are.
    pub async fn count(&self, tx: &mut Tx) -> Result<i64, DbError> {
        Ok(tx.one(&self.count_text(), &self.conditions().1).await?.int(0))
    }

    /// One page of them by name.
    pub async fn page(&self, tx: &mut Tx, offset: i64, limit: i64) -> Result<Vec<Account>, DbError> {
        let mut values = self.conditions().1;
        values.extend([limit.into(), offset.into()]);
        Ok(tx.all(&self.page_text(), &values).await?.into_iter().map(account_from_row).collect())
    }
}

/// Reads the columns of [`FIND_ACCOUNT`].
pub fn account_from_row(mut row: Row) -> Account {
    Account {
        kind: AccountKind::parse(row.text(2)).expect("only names of kinds are stored"),
        currency: Currency::ALL
            .into_iter()
            .find(|currency| currency.code() == row.text(8))
            .expect("only codes of currencies are stored"),
        id: row.take_text(0),
        name: row.take_text(1),
        partner_id: row.take_opt_text(3),
        association_type: row.opt_int(4),
        has_direct_customers: row.bool(5),
        master_id: row.take_opt_text(6),
        accounting: row.take_opt_text(7),
        frozen: row.int(9),
        country: row.take_opt_text(10),
        created_at: Instant::from_ms(row.int(11)),
        tier: Tier::parse(row.text(12)).expect("only names of tiers are stored"),
        email: row.take_opt_text(13),
    }
}

/// One user, without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub id: String,
    /// Name, unique in the account.
    pub name: String,
    /// Bits of [`platform::op::Right`], without those of the groups.
    pub rights: i64,
    /// Partner permission items; `None`: all.
    pub actions: Option<Vec<String>>,
    /// Whether this is the account's first user.
    pub is_owner: bool,
    /// Whether the user may do anything at all.
    pub is_enabled: bool,
    /// When it was created.
    pub created_at: Instant,
}

/// Reads the columns of [`FIND_USER`].
pub fn user_from_row(mut row: Row) -> User {
    User {
        id: row.take_text(0),
        name: row.take_text(1),
        rights: row.int(2),
        actions: row.opt_text(3).map(actions_from_text),
        is_owner: row.bool(4),
        is_enabled: row.bool(5),
        created_at: Instant::from_ms(row.int(6)),
    }
}

/// Permission items as they are stored: separated by commas, so that an empty text means none at all.
pub fn actions_to_text(actions: &[String]) -> String {
    actions.join(",")
}

/// Reads stored permission items.
pub fn actions_from_text(text: &str) -> Vec<String> {
    text.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// Adds projects; those that exist stay as they are.
pub async fn insert_projects(
    tx: &mut Tx,
    account: &str,
    projects: &[(String, &str)],
) -> Result<u64, DbError> {
    let rows: Vec<Vec<Value<'_>>> =
        projects.iter().map(|(id, name)| vec![account.into(), id.into(), (*name).into()]).collect();
    tx.insert_many(PROJECTS_HEAD, &rows, IF_NEW).await
}

/// Adds users to a group; those that are in it stay.
pub async fn insert_members(
    tx: &mut Tx,
    account: &str,
    group: &str,
    users: &[String],
) -> Result<u64, DbError> {
    let rows: Vec<Vec<Value<'_>>> =
        users.iter().map(|user| vec![account.into(), group.into(), user.into()]).collect();
    tx.insert_many(MEMBERS_HEAD, &rows, IF_NEW).await
}

/// The rights that the groups of a user give together.
pub async fn group_rights(tx: &mut Tx, account: &str, user: &str) -> Result<i64, DbError> {
    let rows = tx.all(LIST_GROUP_RIGHTS, params![account, user, GROUPS_MAX]).await?;
    Ok(rows.iter().fold(0, |rights, row| rights | row.int(0)))
}
