//! Who is behind an access key or a token: from memory, or read once.

use std::sync::Arc;

use domain::calendar::Instant;
use platform::auth::secrets;
use platform::db::{DbError, Row, Tx};
use platform::op::{AccessKey, AccountKind, ApiError, Host, Principal};
use platform::params;

use crate::app::App;
use crate::codes;
use crate::identity::cache::KnownToken;
use crate::identity::store;

/// The longest access key id, token and name that is looked up at all.
const ACCESS_KEY_LENGTH_MAX: usize = 64;
const TOKEN_LENGTH_MAX: usize = 4096;

/// The key's secret and user, if the key is known and active: from memory, or read once.
pub async fn find_access_key(app: &App, access_key: &str) -> Result<Option<Arc<AccessKey>>, ApiError> {
    if let Some(key) = app.identity.access_key(access_key) {
        return Ok(Some(key));
    }
    if access_key.len() > ACCESS_KEY_LENGTH_MAX {
        return Ok(None);
    }
    let mut tx = app.db().begin_read().await?;
    let Some(row) = tx.opt(store::FIND_ACCESS_KEY, params![access_key]).await? else { return Ok(None) };
    let secret = open_secret(app, access_key, row.bytes(8))?;
    let version = row.int(7);
    let principal = principal(&mut tx, row, Some(access_key.to_owned()), None).await?;
    let key = Arc::new(AccessKey { secret, principal: Arc::new(principal) });
    app.identity.keep_access_key(version, access_key, key.clone());
    Ok(Some(key))
}

/// The user of a token, if it is known and has not expired by the commercial clock: from memory, or read once.
pub async fn find_token(app: &App, token: &str) -> Result<Option<Arc<Principal>>, ApiError> {
    if token.len() > TOKEN_LENGTH_MAX {
        return Ok(None);
    }
    let now = app.clock().now();
    let hash = secrets::token_hash(token);
    if let Some(known) = app.identity.token(&hash) {
        if now < known.expires_at {
            return Ok(Some(known.principal));
        }
        app.identity.drop_token(&hash);
        return Ok(None);
    }
    let mut tx = app.db().begin_read().await?;
    let Some(row) = tx.opt(store::FIND_TOKEN, params![&hash]).await? else { return Ok(None) };
    let (version, expires_at) = (row.int(7), Instant::from_ms(row.int(9)));
    if expires_at <= now {
        return Ok(None);
    }
    let principal = Arc::new(token_principal(&mut tx, row).await?);
    app.identity.keep_token(version, hash, KnownToken { principal: principal.clone(), expires_at });
    Ok(Some(principal))
}

/// The user of a row of [`store::FIND_TOKEN`].
pub(in crate::identity) async fn token_principal(tx: &mut Tx, mut row: Row) -> Result<Principal, DbError> {
    let project = row.take_opt_text(8);
    principal(tx, row, None, project).await
}

/// An enabled user with everything it may do.
pub(in crate::identity) async fn find_user_principal(
    tx: &mut Tx,
    account: &str,
    user: &str,
) -> Result<Option<Principal>, DbError> {
    match tx.opt(store::FIND_PRINCIPAL, params![account, user]).await? {
        Some(row) => principal(tx, row, None, None).await.map(Some),
        None => Ok(None),
    }
}

/// Reads the columns that the statements about a user share. What a user may do is what
/// it was given itself and through any of its groups.
async fn principal(
    tx: &mut Tx,
    mut row: Row,
    access_key: Option<String>,
    project: Option<String>,
) -> Result<Principal, DbError> {
    let (account, user) = (row.take_text(0), row.take_text(1));
    let through_groups = store::group_rights(tx, &account, &user).await?;
    Ok(Principal {
        account,
        account_name: row.take_text(2),
        kind: AccountKind::parse(row.text(3)).expect("only names of kinds are stored"),
        user,
        user_name: row.take_text(4),
        rights: row.int(5) | through_groups,
        actions: row.opt_text(6).map(store::actions_from_text),
        access_key,
        via: None,
        project,
    })
}

/// What a secret key is sealed for, so that a sealed value copied to another key's row does not open.
pub(in crate::identity) fn seal_context(access_key: &str) -> String {
    format!("access_keys/{access_key}/secret")
}

fn open_secret(app: &App, access_key: &str, sealed: &[u8]) -> Result<String, ApiError> {
    let plain = app.vault.open(sealed, &seal_context(access_key)).map_err(|error| {
        tracing::error!(access_key, %error, "a stored secret key does not open: is the server's key the right one?");
        codes::INTERNAL.error()
    })?;
    String::from_utf8(plain).map_err(|_| codes::INTERNAL.error())
}
