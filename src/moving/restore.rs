//! A backup put back: checked, brought up to date and counted beside the database first, then
//! written over it in one transaction of SQLite, so that a stop at any moment leaves the old
//! database or the new one.

use super::backup::{self, mark};
use super::file::{Backup, Manifest};
use super::sqlite;
use crate::config::Secret;
use crate::db::{self, Holder, Migrated, Target};
use anyhow::{Context, bail};
use rusqlite::{Connection, ErrorCode};
use std::fs::{File, Permissions};
use std::io::BufWriter;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What was put back, and what there is to say of it.
#[derive(Debug)]
pub struct Restored {
    pub manifest: Manifest,
    /// From the backup's version to this program's.
    pub migrated: Migrated,
    /// The server's secret is not the one that signed the links in it.
    pub lost_secret: bool,
    /// Where a database that could not be read went.
    pub set_aside: Option<PathBuf>,
}

/// Restores the backup `from` into the database at `to`; over one that holds data only where
/// `replace` says so. `tell` hears of bytes done and bytes in all.
pub fn restore(
    from: &Path,
    to: &Path,
    replace: bool,
    secret: Option<&Secret>,
    tell: &dyn Fn(u64, u64),
) -> anyhow::Result<Restored> {
    let mut backup = Backup::open(from)?;
    let all = backup.manifest.bytes;
    let done = std::cell::Cell::new(0);
    let count = |read| {
        done.set(done.get() + read);
        tell(done.get(), all);
    };
    // Read twice: nothing is made, not even a folder, before the file is known to be whole.
    backup.extract(&mut std::io::sink(), &count)?;
    let target = Target::Sqlite(to.to_owned());
    let _lock = db::lock(&target, Holder::Restore)?;
    let found = look(to)?;
    may_replace(found, replace, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let room = tempfile::Builder::new().prefix(".overrule-restore-").tempdir_in(folder)?;
    let ready = room.path().join("ready.db");
    done.set(0);
    let migrated = prepare(&mut backup, &ready, &count)?;
    let set_aside = install(&ready, to, found, tell)?;
    File::open(folder)?.sync_all()?;
    let manifest = backup.manifest;
    let lost_secret = manifest.secret_mark != secret.map(mark);
    Ok(Restored { manifest, migrated, lost_secret, set_aside })
}

fn may_replace(found: Found, replace: bool, to: &Path) -> anyhow::Result<()> {
    match found {
        Found::Data if !replace => bail!(
            "{} holds data; give `--replace` to put the backup in its place, or `--data-dir` \
             another place",
            to.display()
        ),
        Found::Damaged if !replace => bail!(
            "{} can't be read as a database; give `--replace` to set it aside and put the backup \
             in its place",
            to.display()
        ),
        _ => Ok(()),
    }
}

/// What is at the place of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    /// A database without data, such as one that was only migrated.
    Empty,
    Data,
    Damaged,
}

fn look(path: &Path) -> anyhow::Result<Found> {
    if !path.exists() {
        return Ok(Found::Nothing);
    }
    match holds_data(path) {
        Ok(true) => Ok(Found::Data),
        Ok(false) => Ok(Found::Empty),
        Err(error) if is_damage(&error) => Ok(Found::Damaged),
        Err(error) => Err(error),
    }
}

/// The installation's own values don't count: a server that nobody used has made some.
fn holds_data(path: &Path) -> anyhow::Result<bool> {
    let conn = sqlite::open(path)?;
    for table in sqlite::tables(&conn)? {
        let any = format!("SELECT EXISTS (SELECT 1 FROM \"{table}\")");
        if table != "installation" && conn.query_row(&any, [], |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_damage(error: &anyhow::Error) -> bool {
    let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// Makes the database of the backup ready to be put in place, under another name.
fn prepare(backup: &mut Backup, ready: &Path, count: &dyn Fn(u64)) -> anyhow::Result<Migrated> {
    let mut out = BufWriter::new(File::create(ready)?);
    backup.extract(&mut out, count)?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    let conn = sqlite::open(ready)?;
    sqlite::check(&conn).context("the database in the backup is damaged")?;
    if backup::rows(&conn)? != backup.manifest.rows {
        bail!("the backup is damaged: it has not the rows it says");
    }
    conn.execute_batch("PRAGMA application_id = 0")?;
    drop(conn);
    db::migrate(&Target::Sqlite(ready.to_owned())).context("can't bring the backup up to date")
}

/// Puts `ready` in place; gives where a damaged database went that was there.
fn install(
    ready: &Path,
    to: &Path,
    found: Found,
    tell: &dyn Fn(u64, u64),
) -> anyhow::Result<Option<PathBuf>> {
    if found != Found::Damaged {
        put(ready, to, found != Found::Nothing, tell)?;
        return Ok(None);
    }
    let aside = set_aside(to)?;
    if let Err(error) = put(ready, to, false, tell) {
        rename_all(&aside, to)?;
        return Err(error);
    }
    Ok(Some(aside))
}

/// Writes the pages of `ready` over the database in one transaction. Opened for itself alone: a
/// program that has it open would go on writing what it believes to be there.
fn put(ready: &Path, to: &Path, is_there: bool, tell: &dyn Fn(u64, u64)) -> anyhow::Result<()> {
    let source = sqlite::open(ready)?;
    let mut target = Connection::open(to)?;
    target.busy_timeout(std::time::Duration::from_secs(5))?;
    if is_there {
        let alone = "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT;";
        target.execute_batch(alone).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => anyhow::anyhow!(
                "another program has {} open, such as an import or a shell; end it first",
                to.display()
            ),
            _ => error.into(),
        })?;
    } else {
        std::fs::set_permissions(to, Permissions::from_mode(0o600))?;
    }
    target.execute_batch("PRAGMA synchronous = FULL")?;
    backup::pages(&source, &mut target, tell)?;
    target.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    target.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Renames what can't be read.
fn set_aside(path: &Path) -> anyhow::Result<PathBuf> {
    let at = crate::clock::now().0.strftime("%Y%m%dT%H%M%SZ").to_string();
    let aside = with_ending(path, &format!(".damaged-{at}"));
    rename_all(path, &aside)?;
    Ok(aside)
}

/// Renames a database with what belongs to it: its log must not meet another database.
fn rename_all(from: &Path, to: &Path) -> anyhow::Result<()> {
    for part in ["", "-wal", "-shm", "-journal"] {
        match std::fs::rename(with_ending(from, part), with_ending(to, part)) {
            Err(error) if !part.is_empty() && error.kind() == std::io::ErrorKind::NotFound => {}
            other => other.with_context(|| format!("can't rename {}", from.display()))?,
        }
    }
    Ok(())
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
