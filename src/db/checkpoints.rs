//! SQLite's log is folded back into the database beside the writer. Done by the writer itself, as
//! SQLite does unless told otherwise, everybody who sends something waits while thousands of pages
//! are copied and flushed.

use super::{Conn, Target, open_connection, page_cache};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// From how many pages on the log is folded back: 32 MiB.
const PAGES: i32 = 8_000;
/// What the writer leaves to this thread. Should that lag behind or fail, the writer does it.
const LEFT_BY_WRITER: &str = "PRAGMA wal_autocheckpoint = 32000";
/// How often that is done before the writer does the rest: each time less was written meanwhile.
const ROUNDS: usize = 3;
/// How often it is looked at, at most.
const PAUSE: Duration = Duration::from_millis(20);
/// For how long it is left alone after an error, as on a full disk.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// The thread that folds the log back, as the writer knows it.
pub(super) struct Checkpoints {
    committed: Option<SyncSender<()>>,
    told_at: Instant,
    is_nearly_done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread, with a connection of its own to the file that is there now.
    pub(super) fn start(target: &Target) -> anyhow::Result<Self> {
        let conn = open_connection(target, false)?;
        let file = opened(target)?;
        let (committed, commits) = sync_channel(1);
        let is_nearly_done = Arc::new(AtomicBool::new(false));
        let nearly_done = is_nearly_done.clone();
        let thread = std::thread::Builder::new()
            .name("checkpoints".into())
            .spawn(move || run(conn, file, &commits, &nearly_done))?;
        let committed = Some(committed);
        Ok(Self { committed, told_at: Instant::now(), is_nearly_done, thread: Some(thread) })
    }

    /// Sets up the writer's connection.
    pub(super) fn leave_to_us(writer: &mut Conn) -> QueryResult<()> {
        writer.batch_execute(LEFT_BY_WRITER)?;
        page_cache::fit(writer)
    }

    /// The writer says so after each commit. Where little is left to be folded back it does that:
    /// as nobody writes meanwhile, the log can then begin anew.
    pub(super) fn after_commit(&mut self, writer: &mut Conn) {
        if self.is_nearly_done.swap(false, Ordering::AcqRel) {
            note(writer.batch_execute("PRAGMA wal_checkpoint(PASSIVE)"));
            // The file may be larger now.
            note(page_cache::fit(writer));
        } else if self.told_at.elapsed() >= PAUSE {
            self.told_at = Instant::now();
            // A full queue means that it was told already.
            let _ = self.committed.as_ref().map(|committed| committed.try_send(()));
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.committed.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The database file, to flush it. It is never closed: that would end every lock which connections
/// of this process hold on it, as POSIX has it.
fn opened(target: &Target) -> std::io::Result<Option<&'static File>> {
    match target {
        Target::Sqlite(path) => Ok(Some(Box::leak(Box::new(File::open(path)?)))),
        Target::Postgres(_) => Ok(None),
    }
}

fn run(mut conn: Conn, file: Option<&File>, commits: &Receiver<()>, is_nearly_done: &AtomicBool) {
    let mut failed_at: Option<Instant> = None;
    while commits.recv().is_ok() {
        if failed_at.is_some_and(|at| at.elapsed() < AFTER_FAILURE) {
            continue;
        }
        match fold(&mut conn, file) {
            Ok(nearly_done) => is_nearly_done.store(nearly_done, Ordering::Release),
            Err(error) => {
                note(Err(error));
                failed_at = Some(Instant::now());
            }
        }
    }
}

/// What SQLite says of the log.
#[derive(QueryableByName)]
struct Log {
    #[diesel(sql_type = Integer)]
    log: i32,
}

/// Folds a long log back, and then what was written meanwhile. Says whether it did.
///
/// SQLite flushes the database only once it has folded back everything, which the writer will do:
/// so that little is left to flush then, it is done here.
fn fold(conn: &mut Conn, file: Option<&File>) -> QueryResult<bool> {
    let state: Log = diesel::sql_query("PRAGMA wal_checkpoint(NOOP)").get_result(conn)?;
    if state.log < PAGES {
        return Ok(false);
    }
    for _ in 0..ROUNDS {
        conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?;
        // An error shows in the writer's own flush.
        let _ = file.map(File::sync_data);
    }
    Ok(true)
}

/// Nothing is lost: the log only grows.
fn note(done: QueryResult<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the database's log can't be folded back now");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::db::Db;
    use diesel::sql_query;

    #[test]
    fn the_log_begins_anew_while_much_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("much.db");
        let db = Db::open(&Target::Sqlite(file.clone())).unwrap();
        let write = |text: &'static str| {
            db.write_now(move |conn| Ok(sql_query(text).execute(conn)?)).unwrap();
        };
        write("CREATE TABLE much (id INTEGER PRIMARY KEY, bytes BLOB)");
        // 160 MiB, which is more than the writer would fold back itself.
        for _ in 0..640 {
            write("REPLACE INTO much VALUES (1, randomblob(262144))");
        }
        let log = std::fs::metadata(folder.path().join("much.db-wal")).unwrap().len();
        assert!(log < 100 << 20, "the log has {log} bytes");
        db.close();
    }
}
