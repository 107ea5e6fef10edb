//! SQLite's log is folded back into the database beside the writer. Done by the writer itself, as
//! SQLite does unless told otherwise, everybody who sends something waits while thousands of pages
//! are copied and flushed.

use super::{Conn, Target, open_connection};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// From how many pages on the log is folded back: 32 MiB.
const PAGES: i32 = 8_000;
/// What the writer leaves to this thread. Should that lag behind or fail, the writer does it.
const LEFT_BY_WRITER: &str = "PRAGMA wal_autocheckpoint = 32000";
/// How often it is looked at, at most.
const PAUSE: Duration = Duration::from_millis(20);

/// The thread that folds the log back, as the writer knows it.
pub(super) struct Checkpoints {
    committed: Option<SyncSender<()>>,
    told_at: Instant,
    is_nearly_done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub(super) fn start(target: &Target) -> std::io::Result<Self> {
        let (committed, commits) = sync_channel(1);
        let (target, is_nearly_done) = (target.clone(), Arc::new(AtomicBool::new(false)));
        let nearly_done = is_nearly_done.clone();
        let thread = std::thread::Builder::new()
            .name("checkpoints".into())
            .spawn(move || run(&target, &commits, &nearly_done))?;
        let committed = Some(committed);
        Ok(Self { committed, told_at: Instant::now(), is_nearly_done, thread: Some(thread) })
    }

    /// Sets up the writer's connection.
    pub(super) fn leave_to_us(writer: &mut Conn) -> QueryResult<()> {
        writer.batch_execute(LEFT_BY_WRITER)
    }

    /// The writer says so after each commit. Where little is left to be folded back it does that:
    /// as nobody writes meanwhile, the log can then begin anew.
    pub(super) fn after_commit(&mut self, writer: &mut Conn) {
        if self.is_nearly_done.swap(false, Ordering::AcqRel) {
            note(writer.batch_execute("PRAGMA wal_checkpoint(PASSIVE)"));
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

fn run(target: &Target, commits: &Receiver<()>, is_nearly_done: &AtomicBool) {
    let mut conn = None;
    while commits.recv().is_ok() {
        if conn.is_none() {
            conn = open_connection(target, false).ok();
        }
        match conn.as_mut().map(fold) {
            Some(Ok(nearly_done)) => is_nearly_done.store(nearly_done, Ordering::Release),
            Some(Err(error)) => {
                note(Err(error));
                conn = None;
            }
            None => {}
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
fn fold(conn: &mut Conn) -> QueryResult<bool> {
    let state: Log = diesel::sql_query("PRAGMA wal_checkpoint(NOOP)").get_result(conn)?;
    if state.log < PAGES {
        return Ok(false);
    }
    conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE); PRAGMA wal_checkpoint(PASSIVE)")?;
    Ok(true)
}

/// Nothing is lost: the log only grows.
fn note(done: QueryResult<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the database's log can't be folded back now");
    }
}
