//! The users, groups, projects and access keys of an account.

use domain::calendar::Instant;
use domain::id::hex32;
use platform::db::Tx;
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
