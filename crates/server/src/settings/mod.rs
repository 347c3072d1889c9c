//! What a database keeps of its installation: which site it plays, whether it is a sandbox, where the sandbox
//! clock stands. Small facts by name that outlive the process; nothing of the business is among them.

pub mod store;

use domain::calendar::Instant;
use domain::site::Site;
use platform::db::{Db, DbError};

/// Name of the setting that holds the site.
pub const SITE: &str = "site";
/// Name of the setting that holds the first clock value of a sandbox.
pub const FIRST_NOW: &str = "first_now";
/// Name of the setting that holds the clock of a sandbox.
pub const NOW: &str = "now";
/// Name of the setting that holds where a sandbox clock is being moved to, while it moves.
pub const MOVING_TO: &str = "moving_to";
/// Name of the setting that says that the demo tenants are there: the database is a sandbox's.
pub const SEEDED: &str = "seeded";
/// Name of the setting that says that the first operator was created: the database is a production server's.
pub const OPERATOR: &str = "operator";
/// Name of the setting that tells the secret key which this database was sealed with from others.
pub const KEY_ID: &str = "key_id";

/// The settings of a database; all are absent in a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The site.
    pub site: Option<Site>,
    /// The clock of a sandbox.
    pub now: Option<Instant>,
    /// Whether it holds the demo tenants.
    pub is_sandbox: bool,
    /// Whether it holds the operator of a production server.
    pub is_production: bool,
    /// Tells the secret key.
    pub key_id: Option<String>,
}

/// Reads the settings.
///
/// # Errors
/// [`DbError`]; also where a setting holds what this program never writes.
pub async fn read(db: &Db) -> Result<Settings, DbError> {
    let mut tx = db.begin_read().await?;
    let site = match store::find(&mut tx, SITE).await? {
        None => None,
        Some(text) => {
            Some(Site::parse(&text).ok_or_else(|| DbError::Other(format!("the site {text} is unknown")))?)
        }
    };
    let settings = Settings {
        site,
        now: store::find_instant(&mut tx, NOW).await?,
        is_sandbox: store::find(&mut tx, SEEDED).await?.is_some(),
        is_production: store::find(&mut tx, OPERATOR).await?.is_some(),
        key_id: store::find(&mut tx, KEY_ID).await?,
    };
    tx.rollback().await;
    Ok(settings)
}
