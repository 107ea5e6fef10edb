//! What is wrong with an installation, and how to mend it: each finding is one line of each. It
//! looks at what a server would meet, and changes nothing.

mod database;
mod mail;
mod postgres;
mod provider;
mod releases;
mod settings;
mod sqlite;
mod store;

use crate::config::Config;
use crate::db::{Target, open_connection};
use std::path::Path;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What it is about, in one word.
    pub about: &'static str,
    pub ok: bool,
    /// One line: what was found.
    pub what: String,
    /// One line: how to mend it, where something is wrong.
    pub mend: Option<String>,
}

/// Findings while they are gathered.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, about: &'static str, what: impl Into<String>) {
        self.0.push(Finding { about, ok: true, what: one_line(what), mend: None });
    }

    fn wrong(&mut self, about: &'static str, what: impl Into<String>, mend: impl Into<String>) {
        let mend = Some(one_line(mend));
        self.0.push(Finding { about, ok: false, what: one_line(what), mend });
    }
}

fn one_line(text: impl Into<String>) -> String {
    text.into().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Examines everything. `file` is the settings file, if there is one.
pub async fn examine(config: &Config, file: Option<&Path>) -> Vec<Finding> {
    let mut found = Findings::default();
    settings::examine(config, file, &mut found);
    mail::examine(config, &mut found).await;
    provider::examine(config, &mut found).await;
    store::examine(config, &mut found).await;
    match config.target() {
        Ok(target) => examine_database(config, &target, &mut found),
        Err(error) => found.wrong("database", format!("{error:#}"), "set `database.url`"),
    }
    found.0
}

fn examine_database(config: &Config, target: &Target, found: &mut Findings) {
    let sound = match target {
        Target::Sqlite(path) => sqlite::examine(path, found),
        Target::Postgres(_) => true,
    };
    if !sound {
        return;
    }
    let mut conn = match open_connection(target, false) {
        Ok(conn) => conn,
        Err(error) => {
            found.wrong("database", format!("can't open {target}: {error}"), database::REACH);
            return;
        }
    };
    postgres::examine(&mut conn, found);
    database::examine(&mut conn, target, found);
    releases::examine(&mut conn, config, found);
}

/// A settings file that can't be read, as a finding.
pub fn unreadable(error: &crate::config::ConfigError) -> Finding {
    Finding {
        about: "settings",
        ok: false,
        what: one_line(error.to_string()),
        mend: Some("write what is allowed, or take the key out".into()),
    }
}
