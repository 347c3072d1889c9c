//! Hashing and verifying passwords: slow on purpose, so off the async threads, outside transactions and only a
//! few at a time.

use std::sync::{Arc, OnceLock};

use platform::auth::secrets::{PasswordCost, hash_password, verify_password};
use platform::op::{ApiError, Refusal};

use crate::app::App;
use crate::codes;

/// The shortest password that is accepted, in characters.
pub const LENGTH_MIN: usize = 8;
/// The longest one.
pub const LENGTH_MAX: usize = 128;

/// Hashes a new password. Codes: CBC.0100 (too short), CBC.0250 (too many at once).
pub async fn hash(app: &Arc<App>, password: &str) -> Result<String, ApiError> {
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&password.chars().count()) {
        return Err(Refusal::because(
            "password",
            format!("must have {LENGTH_MIN} to {LENGTH_MAX} characters"),
            format!("长度必须为 {LENGTH_MIN} 到 {LENGTH_MAX} 个字符"),
        )
        .into());
    }
    let mut salt = [0; 16];
    app.fill_random(&mut salt);
    let password = password.to_owned();
    in_turn(app, move || hash_password(&password, salt, PasswordCost::Human)).await?.map_err(|error| {
        tracing::error!(%error, "a password could not be hashed");
        codes::INTERNAL.error()
    })
}

/// Hashes the password if there is one.
pub async fn hash_given(app: &Arc<App>, password: Option<&String>) -> Result<Option<String>, ApiError> {
    match password {
        Some(password) => hash(app, password).await.map(Some),
        None => Ok(None),
    }
}

/// Whether `password` is the one of `phc`. Without a hash to compare with it takes as long and is wrong, so that
/// the time does not tell which users exist.
pub async fn is_right(app: &Arc<App>, password: String, phc: Option<String>) -> Result<bool, ApiError> {
    in_turn(app, move || match phc {
        Some(phc) => verify_password(&password, &phc),
        None => {
            verify_password(&password, nobody());
            false
        }
    })
    .await
}

/// The hash that unknown users are compared with.
fn nobody() -> &'static str {
    static NOBODY: OnceLock<String> = OnceLock::new();
    NOBODY.get_or_init(|| hash_password("nobody", [0; 16], PasswordCost::Human).unwrap_or_default())
}

async fn in_turn<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let _place = app.identity.waiting.try_acquire().map_err(|_| codes::THROTTLED.error())?;
    let _turn = app.identity.hashing.acquire().await.map_err(|_| codes::INTERNAL.error())?;
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "hashing a password ended early");
        codes::INTERNAL.error()
    })
}
