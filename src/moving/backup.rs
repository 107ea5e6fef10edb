//! A consistent copy of an embedded database in one file, taken while servers and commands go on
//! writing: SQLite's online backup inside one read transaction, which holds nobody up.

use super::file::{self, APPLICATION_ID, Backup, Manifest};
use super::sqlite;
use crate::clock;
use crate::config::Secret;
use crate::db::{self, Hash, Target};
use anyhow::{Context, bail};
use rusqlite::Connection;
use rusqlite::backup::StepResult;
use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Pages copied between two words about progress: 4 MiB.
pub(super) const STEP: i32 = 1024;

/// Backs the database at `from` up into `to`: all of it under its final name, flushed to disk, or
/// nothing. `tell` hears of bytes done and bytes in all.
pub fn make(
    from: &Path,
    to: &Path,
    secret: Option<&Secret>,
    tell: &dyn Fn(u64, u64),
) -> anyhow::Result<Manifest> {
    may_write(from, to)?;
    let folder = folder_of(to);
    let room = tempfile::Builder::new()
        .prefix(".overrule-backup-")
        .tempdir_in(&folder)
        .with_context(|| format!("can't write in {}", folder.display()))?;
    let copy = room.path().join("copy.db");
    take(from, &copy, tell)?;
    let manifest = describe(&copy, secret)?;
    let done = std::cell::Cell::new(0);
    file::seal(&copy, &manifest, &|read| {
        done.set(done.get() + read);
        tell(done.get(), manifest.bytes);
    })?;
    // It holds the secret that signs links.
    std::fs::set_permissions(&copy, Permissions::from_mode(0o600))?;
    std::fs::rename(&copy, to).with_context(|| format!("can't write {}", to.display()))?;
    File::open(&folder)?.sync_all()?;
    Ok(manifest)
}

/// Refuses to write over anything that is not a backup, above all over the database itself.
fn may_write(from: &Path, to: &Path) -> anyhow::Result<()> {
    let source = std::fs::metadata(from)
        .with_context(|| format!("there is no database at {}", from.display()))?;
    let Ok(there) = std::fs::metadata(to) else { return Ok(()) };
    if (there.dev(), there.ino()) == (source.dev(), source.ino()) {
        bail!("{} is the database itself; name another file", to.display());
    }
    if there.len() > 0 && Backup::open(to).is_err() {
        bail!("{} is there already and is not a whole backup; name another file", to.display());
    }
    Ok(())
}

/// Copies page by page from one moment's view of the database.
fn take(from: &Path, to: &Path, tell: &dyn Fn(u64, u64)) -> anyhow::Result<()> {
    let source = sqlite::open(from)?;
    let version = sqlite::version(&source);
    version.with_context(|| format!("{} is not a database of Overrule", from.display()))?;
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")?;
    let mut copy = Connection::open(to)?;
    // Nobody else sees it, and it is flushed when it is whole.
    copy.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;")?;
    pages(&source, &mut copy, tell)?;
    let mode = format!("PRAGMA journal_mode = DELETE; PRAGMA application_id = {APPLICATION_ID};");
    copy.execute_batch(&mode)?;
    sqlite::check(&copy).context("the database is damaged, so no backup was made")?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Runs SQLite's online backup between two connections.
pub(super) fn pages(
    from: &Connection,
    to: &mut Connection,
    tell: &dyn Fn(u64, u64),
) -> anyhow::Result<()> {
    let page: u32 = from.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let page = u64::from(page);
    let backup = rusqlite::backup::Backup::new(from, to)?;
    loop {
        let step = backup.step(STEP)?;
        let progress = backup.progress();
        let (all, left) = (progress.pagecount as u64, progress.remaining as u64);
        tell((all - left) * page, all * page);
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ => bail!("the database is busy: another program writes to it; try again"),
        }
    }
}

fn describe(copy: &Path, secret: Option<&Secret>) -> anyhow::Result<Manifest> {
    let conn = sqlite::open(copy)?;
    Ok(Manifest {
        version: sqlite::version(&conn)?,
        software: software(),
        created_at: clock::now(),
        bytes: std::fs::metadata(copy)?.len(),
        rows: rows(&conn)?,
        secret_mark: secret.map(mark),
    })
}

/// Rows of each table.
pub(super) fn rows(conn: &Connection) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut rows = BTreeMap::new();
    for table in sqlite::tables(conn)? {
        let count = format!("SELECT count(*) FROM \"{table}\"");
        let count: i64 = conn.query_row(&count, [], |row| row.get(0))?;
        rows.insert(table, count.unsigned_abs());
    }
    Ok(rows)
}

/// Enough of a hash to know a secret again, and too little to be one.
pub(super) fn mark(secret: &Secret) -> String {
    hex::encode(&Hash::of(&[b"overrule backup", secret.0.as_bytes()]).0[..8])
}

/// The name and version of this program.
pub fn software() -> String {
    format!("overrule {}", env!("CARGO_PKG_VERSION"))
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The command that does for PostgreSQL what `backup` does here; without the password, which
/// `pg_dump` asks for or takes from `PGPASSWORD`.
pub fn dump_command(target: &Target, file: &Path) -> String {
    format!("pg_dump --format=custom --file={} '{}'", quoted(file), db::without_password(target))
}

/// The command that reads such a dump back.
pub fn load_command(target: &Target, file: &Path) -> String {
    let url = db::without_password(target);
    format!("pg_restore --clean --if-exists --no-owner --dbname='{url}' {}", quoted(file))
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
