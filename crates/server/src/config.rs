//! Configuration of a production server: one TOML file. An unknown key is refused, since a misspelt limit that
//! is silently ignored is no limit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::site::Site;
use platform::op::http::DoorConfig;
use serde::Deserialize;

use crate::app::Provisioner;
use crate::codes;
use crate::notices::mailer::Mailer;

/// Bytes of a secret key.
const KEY_BYTES: usize = 32;

/// The configuration of a production server. Paths are meant from the folder of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: String,
    /// Site: `cn`, `intl` or `eu`. It is fixed once the database is filled.
    #[serde(deserialize_with = "site")]
    pub site: Site,
    /// The database.
    pub database: Database,
    /// Certificate and key; required unless `behind_proxy` is set.
    pub tls: Option<Tls>,
    /// Whether a proxy that speaks TLS stands in front: then plain HTTP is served, and `X-Forwarded-For` names
    /// the client.
    #[serde(default)]
    pub behind_proxy: bool,
    /// File with the secret key that seals secrets at rest; made at the first start.
    #[serde(default = "secret_key_file")]
    pub secret_key_file: PathBuf,
    /// Who provisions paid lines: `immediate` or `external` (the cloud, told by webhook).
    #[serde(default = "immediate", deserialize_with = "provisioner")]
    pub provisioner: Provisioner,
    /// Limits of requests.
    #[serde(default)]
    pub limits: Limits,
    /// What is logged and how.
    #[serde(default)]
    pub log: Log,
    /// The first operator, created in an empty database.
    #[serde(default)]
    pub operator: Operator,
    /// The mail server that notices go out by; without it none are sent.
    pub mail: Option<Mail>,
}

/// Where the data is: a SQLite file or a PostgreSQL database, one of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// SQLite file.
    pub path: Option<PathBuf>,
    /// URL of a PostgreSQL database.
    pub url: Option<String>,
    /// The most connections to PostgreSQL.
    #[serde(default = "pool_size")]
    pub pool_size: usize,
    /// PEM file of the authorities that PostgreSQL's certificate must come from; left out: those that the machine
    /// trusts.
    pub root_certificate: Option<PathBuf>,
}

/// Certificate and key as PEM files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// The mail server that notices go out by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// `smtps://user:password@host:465`; `smtp://host:587?tls=required` for STARTTLS; `smtp://host:25` in clear text.
    pub smtp_url: String,
    /// The sender of all mails: `Example Cloud <billing@example.com>`.
    pub from: String,
}

/// What a request beyond its limit is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ThrottleCode {
    /// The service's code.
    #[serde(rename = "CBC.0250")]
    Service,
    /// The gateway's code.
    #[serde(rename = "APIG.0308")]
    Gateway,
}

/// Limits of requests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Whether the published request limits apply.
    pub throttle: bool,
    /// Requests a second of operations whose limit is not the published one, by operation id.
    pub per_second: BTreeMap<String, u32>,
    /// The error code beyond a limit: `CBC.0250` or `APIG.0308`, both with status 429.
    pub code: ThrottleCode,
    /// Largest body of a signed request in bytes.
    pub signed_body_max: usize,
    /// Largest body of a request with a token in bytes.
    pub token_body_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let door = DoorConfig::default();
        Self {
            throttle: true,
            per_second: BTreeMap::new(),
            code: ThrottleCode::Service,
            signed_body_max: door.signed_body_max,
            token_body_max: door.token_body_max,
        }
    }
}

/// What is logged and how. Logs go to standard error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Level, or a filter such as `info,platform::job=debug`; the environment's `OPENBSS_LOG` comes first.
    pub level: String,
    /// `json` or `text`.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Json }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The first operator of an empty database.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Operator {
    /// Name of its account and user.
    pub name: String,
    /// File that its access key is written to, readable by its owner only.
    pub credentials_file: PathBuf,
}

impl Default for Operator {
    fn default() -> Self {
        Self { name: "operator".to_owned(), credentials_file: "openbss-operator.json".into() }
    }
}

fn secret_key_file() -> PathBuf {
    "openbss.key".into()
}

fn immediate() -> Provisioner {
    Provisioner::Immediate
}

fn pool_size() -> usize {
    20
}

fn site<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Site, D::Error> {
    parse_site(&String::deserialize(source)?).map_err(serde::de::Error::custom)
}

fn provisioner<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Provisioner, D::Error> {
    parse_provisioner(&String::deserialize(source)?).map_err(serde::de::Error::custom)
}

/// Reads the name of a site.
///
/// # Errors
/// What is allowed.
pub fn parse_site(text: &str) -> Result<Site, String> {
    Site::parse(text).ok_or_else(|| "the site must be cn, intl or eu".to_owned())
}

/// Reads who provisions.
///
/// # Errors
/// What is allowed.
pub fn parse_provisioner(text: &str) -> Result<Provisioner, String> {
    match text {
        "immediate" => Ok(Provisioner::Immediate),
        "external" => Ok(Provisioner::External),
        _ => Err("the provisioner must be immediate or external".to_owned()),
    }
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// One line that names the file, the line and what is wrong.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut config = Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let here = |path: &mut PathBuf| *path = folder.join(&path);
        here(&mut config.secret_key_file);
        here(&mut config.operator.credentials_file);
        config.database.path.iter_mut().for_each(here);
        config.database.root_certificate.iter_mut().for_each(here);
        if let Some(tls) = &mut config.tls {
            here(&mut tls.certificate);
            here(&mut tls.key);
        }
        Ok(config)
    }

    /// Reads the text of a configuration.
    ///
    /// # Errors
    /// One line that names the line and what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("line {line}: {}", error.message().replace('\n', " "))
        })?;
        match (&config.database.path, &config.database.url) {
            (Some(_), None) | (None, Some(_)) => {}
            (Some(_), Some(_)) => return Err("database: give path or url, not both".to_owned()),
            (None, None) => return Err("database: path (SQLite) or url (PostgreSQL) is required".to_owned()),
        }
        if config.database.pool_size == 0 {
            return Err("database.pool_size must be at least 1".to_owned());
        }
        if config.database.root_certificate.is_some() && config.database.url.is_none() {
            return Err(
                "database.root_certificate goes with url; a SQLite file has no certificate".to_owned()
            );
        }
        if let Some(mail) = &config.mail {
            Mailer::new(&mail.smtp_url, &mail.from).map_err(|error| format!("mail: {error}"))?;
        }
        if config.tls.is_none() && !config.behind_proxy {
            return Err(
                "tls: certificate and key are required; plain HTTP is served only behind a proxy that \
                        speaks TLS (behind_proxy = true)"
                    .to_owned(),
            );
        }
        Ok(config)
    }

    /// How the door behaves under this configuration.
    pub fn door(&self) -> DoorConfig {
        DoorConfig {
            throttle: self.limits.throttle,
            rates: self.limits.per_second.clone(),
            throttle_code: match self.limits.code {
                ThrottleCode::Service => &codes::THROTTLED,
                ThrottleCode::Gateway => &codes::GATEWAY_THROTTLED,
            },
            signed_body_max: self.limits.signed_body_max,
            token_body_max: self.limits.token_body_max,
            behind_proxy: self.behind_proxy,
            ..DoorConfig::default()
        }
    }
}

/// Reads 64 hexadecimal digits.
pub fn parse_key(text: &str) -> Option<[u8; KEY_BYTES]> {
    let text = text.trim();
    if text.len() != KEY_BYTES * 2 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str =
        "listen = \"127.0.0.1:0\"\nsite = \"eu\"\nbehind_proxy = true\n[database]\npath = \"a.db\"\n";

    #[test]
    fn the_example_in_the_documentation_is_a_configuration() {
        let text = include_str!("../../../docs/openbss.example.toml");
        let config = Config::parse(text).unwrap();
        assert_eq!(config.site, Site::Intl);
        assert!(config.tls.is_some());
    }

    #[test]
    fn limits_and_their_code_can_be_chosen() {
        let text =
            format!("{LEAST}[limits]\ncode = \"APIG.0308\"\nper_second = {{ ListCustomerOrders = 50 }}\n");
        let door = Config::parse(&text).unwrap().door();
        assert_eq!(door.throttle_code, &codes::GATEWAY_THROTTLED);
        assert_eq!(door.rates["ListCustomerOrders"], 50);
        assert!(Config::parse(&format!("{LEAST}[limits]\ncode = \"CBC.0100\"\n")).is_err());
    }

    #[test]
    fn what_is_left_out_has_a_safe_default() {
        let config = Config::parse(LEAST).unwrap();
        assert!(config.limits.throttle);
        assert_eq!(config.provisioner, Provisioner::Immediate);
        assert_eq!(config.log.format, LogFormat::Json);
        assert_eq!(config.door().signed_body_max, 12 * 1024 * 1024);
    }

    #[test]
    fn each_mistake_is_named() {
        let table = [
            (LEAST.replace("\"eu\"", "\"us\""), "line 2: the site must be cn, intl or eu"),
            (LEAST.replace("behind_proxy = true\n", ""), "tls: certificate and key are required"),
            (LEAST.replace("path = \"a.db\"", ""), "database: path (SQLite) or url (PostgreSQL) is required"),
            (format!("{LEAST}url = \"postgres://x/y\"\n"), "not both"),
            (format!("{LEAST}root_certificate = \"a.pem\"\n"), "goes with url"),
            (format!("{LEAST}\n[limits]\nthrotle = false\n"), "line 8: unknown field `throtle`"),
            (format!("{LEAST}\n[log]\nformat = \"xml\"\n"), "unknown variant `xml`"),
        ];
        for (text, reason) in table {
            let error = Config::parse(&text).unwrap_err();
            assert!(error.contains(reason), "{error} lacks {reason}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn paths_count_from_the_folder_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("openbss.toml");
        std::fs::write(&file, LEAST).unwrap();
        let config = Config::read(&file).unwrap();
        assert_eq!(config.database.path.unwrap(), folder.path().join("a.db"));
        assert_eq!(config.secret_key_file, folder.path().join("openbss.key"));
    }

    #[test]
    fn a_key_has_64_hexadecimal_digits() {
        assert_eq!(parse_key(&"0f".repeat(32)), Some([15; 32]));
        assert_eq!(parse_key(&format!("{}\n", "FF".repeat(32))), Some([255; 32]));
        assert_eq!(parse_key(&"0f".repeat(31)), None);
        assert_eq!(parse_key(&"+f".repeat(32)), None);
    }
}
