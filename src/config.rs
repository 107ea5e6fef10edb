//! Settings: where each comes from, what it means, what is allowed.
//!
//! `overrule.toml` first, then `OVERRULE_SECTION__KEY` in the environment, then `DATABASE_URL`,
//! then the command line. The only place that reads the environment.

mod database;
mod limits;
mod oidc;
mod sign_in;
mod store;

pub use database::Database;
pub use limits::Limits;
pub use oidc::{Grant, Oidc, Outgoing};
pub use sign_in::{Proxy, SignIn};
pub use store::Store;

use crate::db::Target;
use std::path::{Path, PathBuf};

/// All settings of one process.
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub mail: Mail,
    pub links: Links,
    pub limits: Limits,
    pub log: Log,
    pub sign_in: SignIn,
    pub proxy: Proxy,
    pub oidc: Oidc,
    pub outgoing: Outgoing,
    pub store: Store,
    /// Where the embedded database and mail go; `--data-dir`, never in the file.
    pub data_dir: PathBuf,
}

/// How the server is reached.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address and port to listen on; port 0 picks a free one. Default `127.0.0.1:8080`.
    pub listen: String,
    /// What links in mails and API answers start with, such as `https://overrule.example.com`.
    /// Default: `http://` and the address really bound.
    pub public_url: Option<String>,
    /// Signs links; at least 32 characters. Default: made once and kept in the database, so that
    /// all machines on one database share it.
    pub secret: Option<Secret>,
    /// Threads that answer requests. Default: one for each processor.
    pub threads: Option<usize>,
}

/// How mail leaves.
#[derive(Debug, Clone)]
pub struct Mail {
    /// `smtp://USER:PASSWORD@HOST:PORT`, or `smtps://…` for TLS from the first byte;
    /// `?tls=required` asks for STARTTLS. Default: mails are files in `mail` in the data directory.
    pub smtp_url: Option<Secret>,
    /// The sender of every mail. Default `Overrule <overrule@localhost>`.
    pub from: String,
}

/// Signed links.
#[derive(Debug, Clone)]
pub struct Links {
    /// Days for which a link to give feedback works, 1 to 3650. Default 30.
    pub valid_days: u32,
}

/// What is written to standard error.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// `text`, `json` or `auto`: text on a terminal, JSON otherwise. Default `auto`.
    pub format: LogFormat,
    /// Which events, such as `info` or `overrule=debug`. Default `info`.
    pub filter: Option<String>,
}

/// The shape of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Auto,
    Text,
    Json,
}

/// A setting that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".into(), public_url: None, secret: None, threads: None }
    }
}
impl Default for Mail {
    fn default() -> Self {
        Self { smtp_url: None, from: "Overrule <overrule@localhost>".into() }
    }
}
impl Default for Links {
    fn default() -> Self {
        Self { valid_days: 30 }
    }
}
/// Every key that the file or the environment may set, with what is allowed.
const KEYS: &[(&str, &str)] = &[
    ("server.listen", "ADDRESS:PORT"),
    ("server.public_url", "a URL that starts with http:// or https://"),
    ("server.secret", "at least 32 characters"),
    ("server.threads", "a number from 1 to 1024"),
    ("database.url", "`sqlite:PATH` or `postgres://…`"),
    ("database.cache_mib", "a number from 1 to 16384"),
    ("mail.smtp_url", "`smtp://…` or `smtps://…`"),
    ("mail.from", "a mail address, such as `Overrule <overrule@example.com>`"),
    ("links.valid_days", "a number from 1 to 3650"),
    ("log.format", "`auto`, `text` or `json`"),
    ("log.filter", "a tracing filter, such as `info` or `overrule=debug`"),
];

fn keys() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    KEYS.iter().chain(limits::KEYS).chain(sign_in::KEYS).chain(oidc::KEYS).chain(store::KEYS)
}

/// A setting that can't be honoured, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Config {
    /// Reads the settings: `file` if given (it must exist), else `overrule.toml` in the working
    /// directory if there is one.
    pub fn load(file: Option<&Path>, data_dir: Option<&Path>) -> Result<Self, ConfigError> {
        let text = match file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|e| ConfigError(format!("can't read {}: {e}", path.display())))?,
            None => match std::fs::read_to_string("overrule.toml") {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
                read => read.map_err(|e| ConfigError(format!("can't read overrule.toml: {e}")))?,
            },
        };
        let name = file.map_or("overrule.toml".into(), |path| path.display().to_string());
        Self::from_text(&text, &name, &environment(), data_dir)
    }

    fn from_text(
        text: &str,
        name: &str,
        environment: &[(String, String)],
        data_dir: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut table: toml::Table =
            toml::from_str(text).map_err(|e| ConfigError(not_toml(text, name, &e)))?;
        check_keys(&table, name)?;
        for (key, value) in environment {
            set(&mut table, key, value);
        }
        let mut config = Self::default();
        for (key, allowed) in keys() {
            let Some(value) = get(&table, key) else { continue };
            config.apply(key, value).map_err(|()| {
                ConfigError(format!(
                    "{key} = {} is not allowed: it takes {allowed}",
                    shown(key, value)
                ))
            })?;
        }
        if let Some(what) = config.contradiction() {
            return Err(ConfigError(what));
        }
        config.data_dir = data_dir.unwrap_or(Path::new("overrule-data")).to_owned();
        Ok(config)
    }

    /// Sets one key; the error is told by the caller, who knows the key's rule.
    fn apply(&mut self, key: &str, value: &toml::Value) -> Result<(), ()> {
        let text = || value.as_str().map(str::to_owned).ok_or(());
        match key {
            "server.listen" => {
                self.server.listen = text()?;
                let (host, port) = self.server.listen.rsplit_once(':').ok_or(())?;
                port.parse::<u16>().map_err(drop)?;
                if host.is_empty() {
                    return Err(());
                }
            }
            "server.public_url" => {
                let url = url::Url::parse(&text()?).map_err(drop)?;
                if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
                    return Err(());
                }
                self.server.public_url = Some(url.as_str().trim_end_matches('/').to_owned());
            }
            "server.secret" => {
                let secret = text()?;
                if secret.len() < 32 {
                    return Err(());
                }
                self.server.secret = Some(Secret(secret));
            }
            "server.threads" => self.server.threads = Some(number(value, 1, 1024)? as usize),
            "database.url" => {
                let url = text()?;
                Target::parse(&url).map_err(drop)?;
                self.database.url = Some(Secret(url));
            }
            "database.cache_mib" => self.database.cache_mib = number(value, 1, 16_384)? as u32,
            "mail.smtp_url" => {
                let smtp = text()?;
                if !smtp.starts_with("smtp://") && !smtp.starts_with("smtps://") {
                    return Err(());
                }
                lettre::AsyncSmtpTransport::<lettre::Tokio1Executor>::from_url(&smtp)
                    .map_err(drop)?;
                self.mail.smtp_url = Some(Secret(smtp));
            }
            "mail.from" => {
                text()?.parse::<lettre::message::Mailbox>().map_err(drop)?;
                self.mail.from = text()?;
            }
            "links.valid_days" => self.links.valid_days = number(value, 1, 3650)? as u32,
            key if key.starts_with("limits.") => {
                let (limit, most) = self.limits.of(key).ok_or(())?;
                *limit = number(value, 1, most)? as u32;
            }
            "log.format" => {
                self.log.format = match text()?.as_str() {
                    "auto" => LogFormat::Auto,
                    "text" => LogFormat::Text,
                    "json" => LogFormat::Json,
                    _ => return Err(()),
                };
            }
            "log.filter" => {
                text()?.parse::<tracing_subscriber::EnvFilter>().map_err(drop)?;
                self.log.filter = Some(text()?);
            }
            _ => return self.apply_sign_in(key, value),
        }
        Ok(())
    }

    /// The database these settings mean.
    pub fn target(&self) -> anyhow::Result<Target> {
        match &self.database.url {
            Some(url) => Target::parse(&url.0),
            None => Ok(Target::Sqlite(self.data_dir.join("overrule.db"))),
        }
    }
}

/// `OVERRULE_SECTION__KEY` for each known key, and `DATABASE_URL`. Others are not ours.
#[allow(clippy::disallowed_methods)]
fn environment() -> Vec<(String, String)> {
    let mut found: Vec<_> = keys()
        .filter_map(|(key, _)| {
            let name = format!("OVERRULE_{}", key.replace('.', "__").to_uppercase());
            Some(((*key).to_owned(), std::env::var(name).ok()?))
        })
        .collect();
    if let Ok(url) = std::env::var("DATABASE_URL") {
        found.push(("database.url".into(), url));
    }
    found
}

fn check_keys(table: &toml::Table, name: &str) -> Result<(), ConfigError> {
    for (section, value) in table {
        let Some(inner) = value.as_table() else {
            return Err(unknown(name, section, value));
        };
        for (key, value) in inner {
            let full = format!("{section}.{key}");
            if !keys().any(|(known, _)| *known == full) {
                return Err(unknown(name, &full, value));
            }
        }
    }
    Ok(())
}

fn unknown(name: &str, key: &str, value: &toml::Value) -> ConfigError {
    let known: Vec<_> = keys().map(|(key, _)| *key).collect();
    ConfigError(format!(
        "{name}: {key} = {} is not a setting; the settings are {}",
        shown(key, value),
        known.join(", ")
    ))
}

fn get<'t>(table: &'t toml::Table, key: &str) -> Option<&'t toml::Value> {
    let (section, key) = key.split_once('.')?;
    table.get(section)?.as_table()?.get(key)
}

fn set(table: &mut toml::Table, key: &str, value: &str) {
    if let Some((section, key)) = key.split_once('.') {
        let section = table.entry(section).or_insert_with(|| toml::Table::new().into());
        if let Some(section) = section.as_table_mut() {
            section.insert(key.to_owned(), toml::Value::String(value.to_owned()));
        }
    }
}

/// A number from the file, or its digits from the environment.
fn number(value: &toml::Value, least: i64, most: i64) -> Result<i64, ()> {
    let number = match value {
        toml::Value::Integer(number) => *number,
        toml::Value::String(text) => text.parse().map_err(drop)?,
        _ => return Err(()),
    };
    if (least..=most).contains(&number) { Ok(number) } else { Err(()) }
}

/// What is no TOML, with its line and the key there; the value may be a secret.
fn not_toml(text: &str, name: &str, error: &toml::de::Error) -> String {
    let said = one_line(error.message());
    let Some(span) = error.span() else { return format!("{name} is not TOML: {said}") };
    let before = text.get(..span.start).unwrap_or(text);
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default();
    // Without a key the line may be the rest of a value.
    let at = line.split_once('=').map(|(key, _)| format!(", at `{}`", key.trim()));
    format!("{name} is not TOML: line {number}{}: {said}", at.unwrap_or_default())
}

/// The value in a message; a secret prints as `***`, and so does the password in a URL.
fn shown(key: &str, value: &toml::Value) -> String {
    if ["secret", "password", "token"].iter().any(|word| key.contains(word)) {
        return "***".into();
    }
    let text = one_line(&value.to_string());
    match (text.split_once("://"), text.rfind('@')) {
        (Some((scheme, _)), Some(at)) if key.ends_with("url") && at > scheme.len() => {
            format!("{scheme}://***{}", &text[at..])
        }
        _ => text,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let environment: Vec<_> =
            environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Config::from_text(text, "overrule.toml", &environment, None).map_err(|e| e.to_string())
    }

    #[test]
    fn a_typo_names_key_value_and_what_is_allowed() {
        let said = load("[server]\nlisten_on = \"x\"", &[]).unwrap_err();
        assert!(said.contains("server.listen_on = \"x\" is not a setting"), "{said}");
        assert!(said.contains("server.listen"), "{said}");
        assert!(!said.contains('\n'));
        let said = load("[links]\nvalid_days = 0", &[]).unwrap_err();
        assert_eq!(said, "links.valid_days = 0 is not allowed: it takes a number from 1 to 3650");
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let config = load("[links]\nvalid_days = 3", &[("links.valid_days", "7")]).unwrap();
        assert_eq!(config.links.valid_days, 7);
    }

    #[test]
    fn secrets_are_never_printed() {
        let said = load("[database]\nurl = \"postgre://u:pw@h/d\"", &[]).unwrap_err();
        assert!(said.contains("postgre://***@h/d") && !said.contains("pw"), "{said}");
        let said = load("[server]\nsecret = \"hidden\nx\"", &[]).unwrap_err();
        assert!(said.contains("is not TOML: line") && !said.contains("hidden"), "{said}");
        let said = load("[links]\nvalid_days = 1 2", &[]).unwrap_err();
        assert!(said.contains("line 2, at `valid_days`"), "{said}");
        let said = load("[server]\nsecret = \"short\"", &[]).unwrap_err();
        assert!(!said.contains("short"), "{said}");
        let config = load("[database]\nurl = \"postgres://u:pw@h/d\"", &[]).unwrap();
        assert!(!format!("{config:?}").contains("pw"));
        assert!(!config.target().unwrap().to_string().contains("pw"));
    }
}
