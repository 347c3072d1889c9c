//! Opens the database and the application of a server or a task.

use std::path::Path;
use std::sync::Arc;

use domain::calendar::Instant;
use domain::site::Site;
use platform::auth::secrets::{Vault, derive};
use platform::clock::{Clock, machine_now};
use platform::db::{Db, PgOptions, SqliteOptions, Sync};

use super::Failure;
use crate::app::{App, AppConfig, MIGRATIONS, Provisioner};
use crate::settings::{self, Settings};

/// Name of the database file in a folder.
pub const FILE: &str = "openbss.db";
/// The most connections of a sandbox to PostgreSQL.
const SANDBOX_POOL_SIZE: usize = 20;
/// The secret key of every sandbox: what it seals is published anyway.
const SANDBOX_KEY: &[u8] = b"openbss sandbox: nothing here is secret";

/// Which database to open.
#[derive(Debug, Clone, Copy)]
pub enum Home<'a> {
    /// A SQLite file.
    File(&'a Path),
    /// A PostgreSQL database: URL, the most connections, and the authorities of its certificate.
    Url(&'a str, usize, Option<&'a Path>),
}

impl<'a> Home<'a> {
    /// The PostgreSQL database of a sandbox.
    pub fn sandbox_url(url: &'a str) -> Self {
        Self::Url(url, SANDBOX_POOL_SIZE, None)
    }
}

/// Opens a database and brings its schema up to date.
pub async fn database(home: Home<'_>) -> Result<Db, Failure> {
    let db = match home {
        Home::File(path) => {
            let readers = std::thread::available_parallelism().map_or(4, std::num::NonZero::get).max(4);
            Db::open_sqlite(path, SqliteOptions { readers, sync: Sync::Full })
                .await
                .map_err(|error| format!("the database {} cannot be opened: {error}", path.display()))?
        }
        Home::Url(url, pool_size, root) => {
            let options = PgOptions { pool_size, root_certificate: root.map(Path::to_owned) };
            Db::open_postgres(url, options)
                .await
                .map_err(|error| format!("the PostgreSQL database cannot be opened: {error}"))?
        }
    };
    db.migrate(MIGRATIONS, machine_now().ms())
        .await
        .map_err(|error| format!("the schema cannot be brought up to date: {error}"))?;
    Ok(db)
}

/// Reads what the database remembers of its installation.
pub async fn settings(db: &Db) -> Result<Settings, Failure> {
    settings::read(db).await.map_err(|error| format!("the settings cannot be read: {error}"))
}

/// The application of a sandbox.
pub async fn sandbox(
    db: Db,
    site: Site,
    now: Instant,
    provisioner: Provisioner,
) -> Result<Arc<App>, Failure> {
    application(AppConfig {
        db,
        clock: Clock::sandbox(now),
        site,
        vault: Vault::from_key_bytes(derive(SANDBOX_KEY, "vault")),
        provisioner,
        is_sandbox: true,
        seed: None,
    })
    .await
}

/// Opens an application.
pub async fn application(config: AppConfig) -> Result<Arc<App>, Failure> {
    App::open(config).await.map_err(|error| format!("the data cannot be loaded: {error}"))
}
