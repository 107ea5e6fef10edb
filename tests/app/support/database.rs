//! A database of its own for each test: a copy of one that was migrated once in this process.

use super::settings::{Backend, backend, postgres_url};
use diesel::{Connection, PgConnection, RunQueryDsl};
use overrule::db::{Target, migrate};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

/// A database that is gone once this is.
pub struct Database {
    target: Target,
    /// The name to drop, on PostgreSQL.
    name: Option<String>,
}

impl Database {
    /// One with every table and no row. On SQLite it is `overrule.db` in `folder`.
    pub fn new(folder: &Path) -> Self {
        match backend() {
            Backend::Sqlite => {
                let file = folder.join("overrule.db");
                std::fs::copy(sqlite_template(), &file).unwrap();
                Self { target: Target::Sqlite(file), name: None }
            }
            Backend::Postgres => Self::postgres(&format!("TEMPLATE {}", postgres_template())),
        }
    }

    /// One without tables: on SQLite not even a file.
    pub fn empty(folder: &Path) -> Self {
        match backend() {
            Backend::Sqlite => {
                Self { target: Target::Sqlite(folder.join("overrule.db")), name: None }
            }
            Backend::Postgres => Self::postgres("TEMPLATE template0"),
        }
    }

    fn postgres(from: &str) -> Self {
        let name = new_name("test");
        as_owner(&format!("CREATE DATABASE {name} {from}"));
        Self { target: Target::Postgres(url_of(&name)), name: Some(name) }
    }

    /// One that somebody else made and will remove.
    pub fn at(target: Target) -> Self {
        Self { target, name: None }
    }

    /// What the settings call `database.url`.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The URL, where the default would not find it.
    pub fn url(&self) -> Option<&str> {
        match &self.target {
            Target::Sqlite(_) => None,
            Target::Postgres(url) => Some(url),
        }
    }
}

impl Database {
    /// On PostgreSQL: ends every connection and lets nobody in, as when the server is away.
    pub fn close_to_all(&self) {
        let name = self.name.as_ref().expect("a database on PostgreSQL");
        as_owner(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
        let all = format!("FROM pg_stat_activity WHERE datname = '{name}'");
        as_owner(&format!("SELECT pg_terminate_backend(pid) {all}"));
    }

    /// Lets everybody in again.
    pub fn open_to_all(&self) {
        let name = self.name.as_ref().expect("a database on PostgreSQL");
        as_owner(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            as_owner(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// Runs one statement on the cluster itself.
pub fn as_owner(statement: &str) {
    // One connection for all: PostgreSQL has but so many, and making one takes longer than this.
    static OWNER: Mutex<Option<PgConnection>> = Mutex::new(None);
    let mut owner = OWNER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let conn = owner.get_or_insert_with(|| PgConnection::establish(&postgres_url()).unwrap());
    diesel::sql_query(statement).execute(conn).unwrap();
}

fn new_name(kind: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("overrule_{kind}_{}_{number}", std::process::id())
}

fn url_of(database: &str) -> String {
    let mut url = url::Url::parse(&postgres_url()).unwrap();
    url.set_path(database);
    url.into()
}

fn sqlite_template() -> &'static PathBuf {
    static TEMPLATE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_folder, file) = TEMPLATE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("template.db");
        migrate(&Target::Sqlite(file.clone())).unwrap();
        (folder, file)
    });
    file
}

fn postgres_template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = new_name("template");
        as_owner(&format!("CREATE DATABASE {name} TEMPLATE template0"));
        migrate(&Target::Postgres(url_of(&name))).unwrap();
        name
    })
}
