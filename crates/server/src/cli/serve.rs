//! `openbss serve`.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use platform::auth::secrets::{Random as _, SystemRandom, Vault, derive, hex};
use platform::clock::Clock;
use platform::db::Db;
use platform::listen;
use platform::op::{AccountKind, ApiError};

use super::run::{FolderLock, Ready, bind, block_on, start_logging};
use super::{Failure, open};
use crate::app::{App, AppConfig};
use crate::config::{Config, parse_key};
use crate::identity::service::{NewAccount, create_account};
use crate::notices::mailer::Mailer;
use crate::settings;

/// Runs the production server of a configuration file until it is told to stop.
pub fn serve(path: &Path) -> Result<(), Failure> {
    let config = Config::read(path)?;
    start_logging(&config.log.level, config.log.format);
    block_on(run(config))
}

async fn run(config: Config) -> Result<(), Failure> {
    let tls = match &config.tls {
        Some(tls) => Some(listen::tls(&tls.certificate, &tls.key).map_err(|error| format!("tls: {error}"))?),
        None => None,
    };
    let listener = bind(&config.listen).await?;
    // The folder of the file is locked, not the file: SQLite has locks of its own on that.
    let _lock = match &config.database.path {
        Some(path) => Some(FolderLock::take(path.parent().unwrap_or(Path::new("")))?),
        None => None,
    };
    let app = open_app(&config).await?;
    if let Some(mail) = &config.mail {
        let mailer = Mailer::new(&mail.smtp_url, &mail.from).map_err(|error| format!("mail: {error}"))?;
        assert!(app.mailer.set(mailer).is_ok(), "a new application has no mailer");
    }
    create_operator(&app, &config).await?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let ready = Ready { app, listener, tls, door: config.door() };
    let hello = format!("openbss ready on {scheme}://{}\n", ready.address()?);
    ready.serve(hello).await
}

/// Opens the application of a configuration.
pub async fn open_app(config: &Config) -> Result<Arc<App>, Failure> {
    let home = match (&config.database.path, &config.database.url) {
        (Some(path), _) => open::Home::File(path),
        (None, Some(url)) => {
            open::Home::Url(url, config.database.pool_size, config.database.root_certificate.as_deref())
        }
        (None, None) => unreachable!("a configuration without a database is refused when it is read"),
    };
    let db = open::database(home).await?;
    let known = open::settings(&db).await?;
    if known.is_sandbox {
        return Err("the database belongs to a sandbox, whose secrets are public; use another".to_owned());
    }
    if let Some(site) = known.site.filter(|site| *site != config.site) {
        return Err(format!(
            "the database belongs to the site {site}; the configuration says {}",
            config.site
        ));
    }
    let key = secret_key(&config.secret_key_file, known.key_id.as_deref())?;
    remember(&db, config, &key).await.map_err(|error| format!("the settings cannot be written: {error}"))?;
    // Read again: of two servers that meet a new database at the same time only one has made its key.
    let known = open::settings(&db).await?;
    if known.site != Some(config.site) || known.key_id != Some(key_id(&key)) {
        return Err("another server has just set up this database with another site or secret key; \
                    give this one the same"
            .to_owned());
    }
    open::application(AppConfig {
        db,
        clock: Clock::Machine,
        site: config.site,
        vault: Vault::from_key_bytes(key),
        provisioner: config.provisioner,
        is_sandbox: false,
        seed: None,
    })
    .await
}

/// Tells a secret key from others without giving it away.
fn key_id(key: &[u8; 32]) -> String {
    hex(&derive(key, "key id")[..16])
}

/// The key of the file, which is made where there is none and no database waits for it.
fn secret_key(path: &Path, known: Option<&str>) -> Result<[u8; 32], Failure> {
    let shown = path.display();
    let key = match std::fs::read_to_string(path) {
        Ok(text) => parse_key(&text)
            .ok_or_else(|| format!("{shown} must hold a secret key: 64 hexadecimal digits"))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && known.is_none() => {
            let mut key = [0; 32];
            SystemRandom.fill(&mut key);
            write_secret(path, &hex(&key))?;
            key
        }
        Err(error) => return Err(format!("the secret key file {shown} cannot be read: {error}")),
    };
    if known.is_some_and(|known| known != key_id(&key)) {
        return Err(format!("the key in {shown} is not the one that the database was sealed with"));
    }
    Ok(key)
}

/// Writes a file that only its owner can read, and waits until it is on the disk.
fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::File::options();
    let file = options.create(true).truncate(true).write(true).mode(0o600).open(path);
    file.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    })
    .map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

async fn remember(db: &Db, config: &Config, key: &[u8; 32]) -> Result<(), platform::db::DbError> {
    let mut tx = db.begin_write().await?;
    settings::store::claim(&mut tx, settings::SITE, config.site.text()).await?;
    settings::store::claim(&mut tx, settings::KEY_ID, &key_id(key)).await?;
    tx.commit().await
}

/// Creates the first operator of an empty database and hands its access key over in a file.
async fn create_operator(app: &Arc<App>, config: &Config) -> Result<(), Failure> {
    let failed = |error: ApiError| {
        let detail = error.source.map_or(error.en, |source| source.to_string());
        format!("the operator cannot be created: {detail}")
    };
    let mut cx = platform::job::context(app, "serve.operator").await.map_err(|error| failed(error.into()))?;
    let claimed = settings::store::claim(&mut cx.tx, settings::OPERATOR, &config.operator.name).await;
    if !claimed.map_err(|error| failed(error.into()))? {
        return Ok(());
    }
    let secret = (random_text(app, UPPER_AND_DIGITS, 20), random_text(app, LETTERS_AND_DIGITS, 40));
    let name = &config.operator.name;
    let new = NewAccount {
        name: name.clone(),
        kind: AccountKind::Operator,
        partner_id: None,
        association_type: None,
        has_direct_customers: false,
        master_id: None,
        accounting: None,
        country: None,
        email: None,
        id: None,
        user_name: name.clone(),
        password_hash: None,
        access_key: Some(secret.clone()),
        projects: Vec::new(),
    };
    let account = create_account(&mut cx, &new).await.map_err(failed)?;
    let credentials = serde_json::json!({
        "domain_id": account.id, "domain_name": name, "user_name": name,
        "access_key": secret.0, "secret_key": secret.1,
    });
    // Before the commit: a key that stands in the database but in no file would be lost for ever.
    write_secret(&config.operator.credentials_file, &credentials.to_string())?;
    let tx = cx.tx.take().expect("the context was made with a transaction and nothing else takes it");
    tx.commit().await.map_err(|error| failed(error.into()))?;
    for hook in cx.take_hooks() {
        hook(app);
    }
    tracing::info!(operator = name, file = %config.operator.credentials_file.display(), "the operator was created");
    Ok(())
}

const UPPER_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Random characters, each as likely as the others.
fn random_text(app: &App, alphabet: &[u8], length: usize) -> String {
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut byte = [0];
        app.fill_random(&mut byte);
        let byte = usize::from(byte[0]);
        if byte < fair {
            text.push(char::from(alphabet[byte % alphabet.len()]));
        }
    }
    text
}
