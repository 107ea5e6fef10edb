//! An embedded database: the file, who may touch it, and whether it is whole.

use super::Findings;
use crate::db::lock_path;
use crate::moving::sqlite;
use rusqlite::{Connection, ErrorCode};
use std::fs::{File, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// Less than this is little for a database of any size: 256 MiB.
const LITTLE: u64 = 256 * 1024 * 1024;
/// How long to wait for somebody else's write to end; a group commit takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);
const RESTORE: &str = "stop the server and run `overrule restore FILE --replace` with the newest \
     backup";

/// Whether the file is sound enough to be asked more.
pub(super) fn examine(path: &Path, found: &mut Findings) -> bool {
    let shown = path.display();
    if !path.exists() {
        found.wrong(
            "database",
            format!("there is no database at {shown}"),
            "start `overrule serve`, which makes one, or name the place with `--data-dir`",
        );
        return false;
    }
    readers(path, found);
    space(path, found);
    lock(path, found);
    let conn = match sqlite::open(path).and_then(|conn| {
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(conn)
    }) {
        Ok(conn) => conn,
        Err(error) => {
            found.wrong("database", format!("{shown} can't be read: {error:#}"), RESTORE);
            return false;
        }
    };
    if let Err(error) = sqlite::check(&conn) {
        found.wrong("database", format!("{shown} is damaged: {error:#}"), RESTORE);
        return false;
    }
    // Opened as a server opens it, the next look would set the journal mode right.
    journal(&conn, found) && writes(&conn, path, found)
}

fn readers(path: &Path, found: &mut Findings) {
    let mode = |path: &Path| std::fs::metadata(path).map_or(0, |it| it.permissions().mode());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if mode(path) & 0o004 != 0 && mode(folder) & 0o001 != 0 {
        found.wrong(
            "permissions",
            format!("everybody on this machine can read {}", path.display()),
            format!("run `chmod 700 {}`", folder.display()),
        );
    } else {
        found.ok("permissions", "others on this machine can't read the database");
    }
}

fn space(path: &Path, found: &mut Findings) {
    let Ok(disk) = rustix::fs::statvfs(path) else { return };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let size = std::fs::metadata(path).map_or(0, |it| it.len());
    let shown = format!("{} MiB are free for {}", free / 1024 / 1024, path.display());
    if is_little(free, size) {
        found.wrong("disk", format!("only {shown}"), "make room, or move `--data-dir`");
    } else {
        found.ok("disk", shown);
    }
}

/// Whether a database of `size` bytes will soon have no room.
fn is_little(free: u64, size: u64) -> bool {
    free < LITTLE.max(size / 10)
}

fn lock(path: &Path, found: &mut Findings) {
    let name = lock_path(path);
    if !name.exists() {
        return found.ok("lock", "no server is running on it");
    }
    match File::options().read(true).write(true).open(&name).map(|file| file.try_lock()) {
        Ok(Ok(())) => found.ok("lock", "no server is running on it"),
        Ok(Err(TryLockError::WouldBlock)) => found.ok("lock", "a server is running on it"),
        Ok(Err(TryLockError::Error(error))) => found.wrong(
            "lock",
            format!("{} can't be locked: {error}", name.display()),
            "keep the database on a local disk: network file systems can't protect it",
        ),
        Err(error) => found.wrong(
            "lock",
            format!("{} can't be opened, so no server can start: {error}", name.display()),
            format!("give {} to the server's user", name.display()),
        ),
    }
}

fn journal(conn: &Connection, found: &mut Findings) -> bool {
    match conn.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0)) {
        Ok(mode) if mode == "wal" => {
            found.ok("journal", "write-ahead log");
            return true;
        }
        Ok(mode) => found.wrong(
            "journal",
            format!("the journal mode is {mode}, not wal: readers would wait for writers"),
            "start `overrule serve`, which sets it right; if it stays, the file is on a network \
             file system: move it to a local disk",
        ),
        Err(error) => found.wrong("journal", format!("can't be read: {error}"), RESTORE),
    }
    false
}

/// Takes and gives back the write lock.
fn writes(conn: &Connection, path: &Path, found: &mut Findings) -> bool {
    let result =
        conn.busy_timeout(PATIENCE).and_then(|()| conn.execute_batch("BEGIN IMMEDIATE; ROLLBACK;"));
    let Err(error) = result else { return true };
    if let Some(ErrorCode::DatabaseBusy) = error.sqlite_error_code() {
        let what = format!("another program holds {} for writing and does not end", path.display());
        found.wrong("writing", what, "end it: an `sqlite3` left in a transaction does this");
    } else {
        let what = format!("{} can't be written: {error}", path.display());
        found.wrong("writing", what, "give the file and its folder to the server's user");
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_one_that_the_database_will_soon_fill() {
        const GIB: u64 = 1024 * 1024 * 1024;
        assert!(is_little(100 * 1024 * 1024, 0));
        assert!(!is_little(GIB, GIB));
        assert!(is_little(GIB, 20 * GIB));
    }
}
