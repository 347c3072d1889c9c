//! The users, groups, projects and access keys of an account.

use domain::calendar::Instant;
use domain::id::hex32;
use platform::db::{Row, Tx};
use platform::op::{AccountKind, ApiError, Principal, Refusal};
use platform::params;

use super::service::{NewProject, changed, check_name, seal_context};
use super::store::{self, User};
use crate::app::App;
use crate::{Cx, codes};

/// Letters and digits of an access key id.
const ACCESS_KEY_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const ACCESS_KEY_LENGTH: usize = 20;
/// Letters and digits of a secret key: 40 of them are 238 random bits.
const SECRET_KEY_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SECRET_KEY_LENGTH: usize = 40;

/// A new user.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Name, unique in the account.
    pub name: String,
    /// PHC string made before the transaction began; `None`: it cannot log in by password.
    pub password_hash: Option<String>,
    /// Bits of [`platform::op::Right`].
    pub rights: i64,
    /// Partner permission items; `None`: all.
    pub actions: Option<Vec<String>>,
    /// Whether this is the account's first user.
    pub is_owner: bool,
}

/// Creates a user. Codes: CBC.0100 (name, too many), CBC.0101 (name taken).
pub async fn create_user(cx: &mut Cx, account: &str, new: &NewUser) -> Result<User, ApiError> {
    check_name("name", &new.name)?;
    under_limit(&mut cx.tx, store::COUNT_USERS, account, store::USERS_MAX, "users", "用户").await?;
    let user = User {
        id: hex32(cx.ids.as_mut()),
        name: new.name.clone(),
        rights: new.rights,
        actions: new.actions.clone(),
        is_owner: new.is_owner,
        is_enabled: true,
        created_at: cx.now,
    };
    let inserted = cx
        .tx
        .exec(
            store::INSERT_USER,
            params![
                account,
                &user.id,
                &user.name,
                new.password_hash.as_deref(),
                user.rights,
                user.actions.as_deref().map(store::actions_to_text),
                user.is_owner,
                user.created_at.ms()
            ],
        )
        .await?;
    if inserted == 0 { Err(taken("user", "用户", &user.name)) } else { Ok(user) }
}

/// Adds projects by the names of their regions; those that exist stay as they are.
pub async fn add_projects(cx: &mut Cx, account: &str, new: &[NewProject]) -> Result<(), ApiError> {
    if i64::try_from(new.len()).is_ok_and(|count| count > store::PROJECTS_MAX) {
        return Err(too_many(store::PROJECTS_MAX, "projects", "项目"));
    }
    new.iter().try_for_each(|project| check_name("projects", &project.name))?;
    let projects: Vec<(String, &str)> = new
        .iter()
        .map(|project| (project.id.clone().unwrap_or_else(|| hex32(cx.ids.as_mut())), project.name.as_str()))
        .collect();
    store::insert_projects(&mut cx.tx, account, &projects).await?;
    Ok(())
}

/// Stores an access key whose halves are given, its secret sealed.
pub async fn insert_access_key(
    cx: &mut Cx,
    account: &str,
    user: &str,
    access_key: &str,
    secret_key: &str,
) -> Result<(), ApiError> {
    let mut nonce = [0; 12];
    cx.app.fill_random(&mut nonce);
    let sealed = cx.app.vault.seal(secret_key.as_bytes(), &seal_context(access_key), nonce);
    let values = params![access_key, account, user, &sealed, cx.now.ms()];
    match cx.tx.exec(store::INSERT_ACCESS_KEY, values).await? {
        0 => Err(taken("access key", "访问密钥", access_key)),
        _ => Ok(()),
    }
}

/// An access key as it is listed: without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The public half.
    pub access_key: String,
    /// Its user.
    pub user_id: String,
    /// Whether requests may be signed with it.
    pub is_active: bool,
    /// When it was created.
    pub created_at: Instant,
}

/// Makes an access key for a user; the secret half is told this once.
pub async fn create_access_key(
    cx: &mut Cx,
    account: &str,
    user: &User,
) -> Result<(ListedKey, String), ApiError> {
    let max = store::ACCESS_KEYS_MAX;
    under_limit(&mut cx.tx, store::COUNT_ACCESS_KEYS, account, max, "access keys", "访问密钥").await?;
    let access_key = random_text(&cx.app, ACCESS_KEY_ALPHABET, ACCESS_KEY_LENGTH);
    let secret_key = random_text(&cx.app, SECRET_KEY_ALPHABET, SECRET_KEY_LENGTH);
    insert_access_key(cx, account, &user.id, &access_key, &secret_key).await?;
    let key = ListedKey { access_key, user_id: user.id.clone(), is_active: true, created_at: cx.now };
    Ok((key, secret_key))
}

/// Text of random characters, each as likely as the other.
fn random_text(app: &App, alphabet: &[u8], length: usize) -> String {
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while text.len() < length {
        app.fill_random(&mut bytes);
        let letters = bytes.iter().map(|&byte| usize::from(byte)).filter(|&byte| byte < fair);
        text.extend(
            letters.take(length - text.len()).map(|byte| char::from(alphabet[byte % alphabet.len()])),
        );
    }
    text
}

async fn under_limit(
    tx: &mut Tx,
    count: &str,
    account: &str,
    max: i64,
    en: &str,
    zh: &str,
) -> Result<(), ApiError> {
    if tx.one(count, params![account]).await?.int(0) >= max {
        return Err(too_many(max, en, zh));
    }
    Ok(())
}

fn too_many(max: i64, en: &str, zh: &str) -> ApiError {
    codes::INVALID_PARAMETER
        .because(format!("An account has at most {max} {en}."), format!("一个账号最多有 {max} 个{zh}。"))
}

fn taken(en: &str, zh: &str, name: &str) -> ApiError {
    codes::INVALID_VALUE.because(format!("There is already a {en} {name}."), format!("{zh} {name} 已存在。"))
}

/// Refuses a caller who gives in its own account what it does not have: rights, or partner permission items.
/// The operator may give anything in other accounts. Code: 403 CBC.0151.
pub fn check_giving(
    caller: &Principal,
    account: &str,
    rights: i64,
    actions: Option<&[String]>,
) -> Result<(), ApiError> {
    let gives_more_rights = rights & !caller.rights != 0;
    let gives_more_actions = match (&caller.actions, actions) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(own), Some(given)) => given.iter().any(|item| !own.contains(item)),
    };
    if caller.account == account && (gives_more_rights || gives_more_actions) {
        return Err(codes::ACCESS_DENIED.because(
            "A user cannot give rights, or use the keys of a user with rights, that it does not have itself.",
            "用户不能授予自己没有的权限，也不能使用权限高于自己的用户的密钥。",
        ));
    }
    Ok(())
}

/// Refuses a caller who would act through, or change, a user that may do more than itself. Code: 403 CBC.0151.
pub async fn check_reach(cx: &mut Cx, account: &str, user: &User) -> Result<(), ApiError> {
    let through_groups = store::group_rights(&mut cx.tx, account, &user.id).await?;
    check_giving(&cx.principal, account, user.rights | through_groups, user.actions.as_deref())
}

/// A user of an account. Code: CBC.0100 naming `user_id`.
pub async fn get_user(cx: &mut Cx, account: &str, user_id: &str) -> Result<User, ApiError> {
    let row = cx.tx.opt(store::FIND_USER, params![account, user_id]).await?;
    row.map(store::user_from_row)
        .ok_or_else(|| Refusal::because("user_id", "is not a user of the account", "不是该账号的用户").into())
}

/// Whose access keys are meant: the user named, else the caller in its own account, else the account's first user.
pub async fn get_key_user(cx: &mut Cx, account: &str, user_id: Option<&str>) -> Result<User, ApiError> {
    let own = (cx.principal.account == account).then(|| cx.principal.user.clone());
    match user_id.map(str::to_owned).or(own) {
        Some(user) => get_user(cx, account, &user).await,
        None => {
            let row = cx.tx.opt(store::FIND_OWNER, params![account]).await?;
            row.map(store::user_from_row).ok_or_else(|| {
                Refusal::because("user_id", "is required: the account has no first user", "必须填写").into()
            })
        }
    }
}

/// What shall change about a user.
#[derive(Debug, Clone)]
pub struct UserChange {
    /// New rights.
    pub rights: Option<i64>,
    /// New permission items.
    pub actions: Option<Vec<String>>,
    /// Whether it may do anything at all.
    pub is_enabled: Option<bool>,
    /// The hash of its new password.
    pub password_hash: Option<String>,
}

/// Changes a user. One that is disabled or gets another password loses its tokens at once. Codes: CBC.0100,
/// 403 CBC.0151.
pub async fn update_user(
    cx: &mut Cx,
    account: &str,
    user_id: &str,
    change: &UserChange,
) -> Result<User, ApiError> {
    let mut user = get_user(cx, account, user_id).await?;
    check_reach(cx, account, &user).await?;
    user.rights = change.rights.unwrap_or(user.rights);
    user.actions = change.actions.clone().or(user.actions);
    user.is_enabled = change.is_enabled.unwrap_or(user.is_enabled);
    check_giving(&cx.principal, account, user.rights, user.actions.as_deref())?;
    let is_lessened = !user.is_enabled || user.rights != platform::op::Right::ALL || user.actions.is_some();
    if user.is_owner && is_lessened && cx.principal.kind != AccountKind::Operator {
        // Or an account could lock itself out, and only the operator could open it again.
        return Err(Refusal::because(
            "user_id",
            "is the account's first user, which keeps all rights; only the operator can change that",
            "是该账号的首个用户，须保留全部权限，只有运营方可以更改",
        )
        .into());
    }
    let actions = user.actions.as_deref().map(store::actions_to_text);
    let values = params![account, user_id, user.rights, actions, user.is_enabled];
    cx.tx.exec(store::UPDATE_USER, values).await?;
    if let Some(hash) = &change.password_hash {
        cx.tx.exec(store::SET_PASSWORD, params![account, user_id, hash]).await?;
    }
    if change.password_hash.is_some() || !user.is_enabled {
        cx.tx.exec(store::DELETE_TOKENS_OF_USER, params![account, user_id]).await?;
    }
    changed(cx).await?;
    Ok(user)
}

/// A group with the ids of its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Group id.
    pub id: String,
    /// Name, unique in the account.
    pub name: String,
    /// Bits of [`platform::op::Right`] that its users have through it.
    pub rights: i64,
    /// Ids of its users.
    pub users: Vec<String>,
}

/// Creates a group of users, by their names. Codes: CBC.0100 (name, too many, unknown user), CBC.0101 (name taken),
/// 403 CBC.0151.
pub async fn create_group(
    cx: &mut Cx,
    account: &str,
    name: &str,
    rights: i64,
    user_names: &[String],
) -> Result<Group, ApiError> {
    check_name("name", name)?;
    check_giving(&cx.principal, account, rights, Some(&[]))?;
    under_limit(&mut cx.tx, store::COUNT_GROUPS, account, store::GROUPS_MAX, "groups", "用户组").await?;
    let members = list_users(&mut cx.tx, account).await?;
    let id_of = |name: &String| {
        members.iter().find(|user| user.name == *name).map(|user| user.id.clone()).ok_or_else(|| {
            Refusal::because(
                "users",
                format!("names no user {name} of the account"),
                format!("用户 {name} 不存在"),
            )
        })
    };
    let users = user_names.iter().map(id_of).collect::<Result<Vec<_>, _>>()?;
    let group = Group { id: hex32(cx.ids.as_mut()), name: name.to_owned(), rights, users };
    if cx.tx.exec(store::INSERT_GROUP, params![account, &group.id, name, rights]).await? == 0 {
        return Err(taken("group", "用户组", name));
    }
    store::insert_members(&mut cx.tx, account, &group.id, &group.users).await?;
    // Memory holds what these users could do before.
    changed(cx).await?;
    Ok(group)
}

/// The users of an account, the first one first.
pub async fn list_users(tx: &mut Tx, account: &str) -> Result<Vec<User>, platform::db::DbError> {
    let rows = tx.all(store::LIST_USERS, params![account, store::USERS_MAX]).await?;
    Ok(rows.into_iter().map(store::user_from_row).collect())
}

/// The groups of an account by name.
pub async fn list_groups(tx: &mut Tx, account: &str) -> Result<Vec<Group>, platform::db::DbError> {
    let rows = tx.all(store::LIST_GROUPS, params![account, store::GROUPS_MAX]).await?;
    let read = |mut row: Row| Group {
        id: row.take_text(0),
        name: row.take_text(1),
        rights: row.int(2),
        users: Vec::new(),
    };
    let mut groups: Vec<Group> = rows.into_iter().map(read).collect();
    for mut row in tx.all(store::LIST_GROUP_MEMBERS, params![account, store::MEMBERSHIPS_MAX]).await? {
        if let Some(group) = groups.iter_mut().find(|group| group.id == row.text(0)) {
            group.users.push(row.take_text(1));
        }
    }
    Ok(groups)
}

/// The projects of an account by name: id and name.
pub async fn list_projects(
    tx: &mut Tx,
    account: &str,
) -> Result<Vec<(String, String)>, platform::db::DbError> {
    let rows = tx.all(store::LIST_PROJECTS, params![account, store::PROJECTS_MAX]).await?;
    Ok(rows.into_iter().map(|mut row| (row.take_text(0), row.take_text(1))).collect())
}

/// The access keys of an account, without their secrets.
pub async fn list_access_keys(tx: &mut Tx, account: &str) -> Result<Vec<ListedKey>, platform::db::DbError> {
    let rows = tx.all(store::LIST_ACCESS_KEYS, params![account, store::ACCESS_KEYS_MAX]).await?;
    Ok(rows.into_iter().map(key_from_row).collect())
}

fn key_from_row(mut row: Row) -> ListedKey {
    ListedKey {
        access_key: row.take_text(0),
        user_id: row.take_text(1),
        is_active: row.bool(2),
        created_at: Instant::from_ms(row.int(3)),
    }
}

/// Switches a key on or off, at once. Codes: CBC.0100 (unknown), 403 CBC.0151.
pub async fn set_access_key_active(
    cx: &mut Cx,
    account: &str,
    access_key: &str,
    is_active: bool,
) -> Result<ListedKey, ApiError> {
    let key = get_access_key(cx, account, access_key).await?;
    cx.tx.exec(store::SET_ACCESS_KEY_ACTIVE, params![account, access_key, is_active]).await?;
    changed(cx).await?;
    Ok(ListedKey { is_active, ..key })
}

/// Deletes a key, at once. Codes: CBC.0100 (unknown), 403 CBC.0151.
pub async fn delete_access_key(cx: &mut Cx, account: &str, access_key: &str) -> Result<(), ApiError> {
    get_access_key(cx, account, access_key).await?;
    cx.tx.exec(store::DELETE_ACCESS_KEY, params![account, access_key]).await?;
    changed(cx).await?;
    Ok(())
}

/// A key of the account that the caller may change.
async fn get_access_key(cx: &mut Cx, account: &str, access_key: &str) -> Result<ListedKey, ApiError> {
    let Some(row) = cx.tx.opt(store::FIND_OWN_ACCESS_KEY, params![account, access_key]).await? else {
        let (en, zh) = ("is not an access key of the account", "不是该账号的访问密钥");
        return Err(Refusal::because("access_key", en, zh).into());
    };
    let key = key_from_row(row);
    let user = get_user(cx, account, &key.user_id).await?;
    check_reach(cx, account, &user).await?;
    Ok(key)
}
