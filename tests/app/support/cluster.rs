//! A PostgreSQL cluster of a test's own, which may be stopped, killed and filled up.

use super::{Database, settings};
use diesel::{Connection, PgConnection, RunQueryDsl};
use overrule::db::{Target, migrate};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A running cluster; it is gone once this is.
pub struct Cluster {
    url: String,
    directory: String,
}

impl Cluster {
    /// Starts one.
    pub fn start() -> Self {
        let lines = script(&["start"]);
        let (url, directory) = lines.trim().split_once('\n').expect("a URL and a directory");
        Self { url: url.to_owned(), directory: directory.to_owned() }
    }

    /// The URL of its first database, which has no tables.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it speaks TLS, and nothing else.
    pub fn require_tls(&self) {
        script(&["tls", &self.directory]);
    }

    /// What it proves itself with, once it speaks TLS.
    pub fn certificate(&self) -> PathBuf {
        Path::new(&self.directory).join("server.crt")
    }

    /// Its first database, with every table and no row.
    pub fn database(&self) -> Database {
        let target = Target::Postgres(self.url.clone());
        migrate(&target).unwrap();
        Database::at(target)
    }

    /// Puts the tables of its first database into this folder from now on; its log stays.
    pub fn put_tables_into(&self, folder: &Path) {
        let place = folder.join("tables");
        std::fs::create_dir(&place).unwrap();
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o777)).unwrap();
        // PostgreSQL wants the folder to be its own; it does not run as root.
        let _ = Command::new("chown").arg("postgres").arg(&place).status();
        let mut conn = PgConnection::establish(&self.url).unwrap();
        let make = format!("CREATE TABLESPACE small LOCATION '{}'", place.display());
        diesel::sql_query(make).execute(&mut conn).unwrap();
        let put = "ALTER ROLE postgres SET default_tablespace = 'small'";
        diesel::sql_query(put).execute(&mut conn).unwrap();
    }

    /// The ids of its processes: the first, and one for each connection and task.
    pub fn processes(&self) -> Vec<u32> {
        let first: u32 = script(&["process", &self.directory]).trim().parse().unwrap();
        let mut all = vec![first];
        for entry in std::fs::read_dir("/proc").unwrap() {
            let name = entry.unwrap().file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            // A process may be gone by now.
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            if status.lines().any(|line| line == format!("PPid:\t{first}")) {
                all.push(id);
            }
        }
        all
    }

    /// Kills every process of it at once.
    pub fn kill(&self) {
        script(&["kill", &self.directory]);
    }

    /// Stops it as an administrator does, and leaves its data.
    pub fn halt(&self) {
        script(&["halt", &self.directory]);
    }

    /// Starts it again on the same data and port.
    pub fn resume(&self) {
        script(&["resume", &self.directory]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        script(&["stop", &self.directory]);
    }
}

/// Runs `scripts/postgres`; what it printed.
fn script(arguments: &[&str]) -> String {
    let script = settings::root().join("scripts/postgres");
    let output = Command::new(script).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "scripts/postgres {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
