//! Ordinary writes. On SQLite one thread owns the only write connection and runs all
//! waiting closures in one transaction, each in its own savepoint, so that many callers
//! share one flush to disk. On PostgreSQL each is a serializable transaction of its own.

use super::checkpoints::Checkpoints;
use super::rest::Rest;
use super::{Conn, Either, Given, Plans, Target, Writing, open_connection};
use crate::error::{AppError, AppResult, is_unavailable};
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// How many writes may wait before the next is answered 503.
const QUEUE: usize = 4096;
/// How many writes share one commit at most.
const GROUP: usize = 512;
/// How often a write that lost a race is tried before the caller hears of it.
const TRIES: u32 = 12;

/// Tells the caller, once it is known whether the commit is on disk.
type Reply = Box<dyn FnOnce(Result<(), String>)>;
/// Runs in the group's transaction, which it may have for itself alone.
type Job = Box<dyn FnOnce(&mut Conn, Company) -> (Reply, Outcome) + Send>;

/// Whether a job shares its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Company {
    /// It needs no savepoint: its error is the transaction's.
    Alone,
    /// Others must not hear of its error.
    WithOthers,
}

/// What a job leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Something to commit, or nothing any more.
    Fine,
    /// What it did must be rolled back with the transaction.
    Failed,
    /// The database gave up, which on SQLite may have rolled back the whole group.
    GaveUp,
}

pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    pub(super) rest: Rest,
}

impl Writer {
    pub(super) fn start(target: Target) -> anyhow::Result<Self> {
        let conn = open_writer(&target)?;
        let checkpoints = Checkpoints::start(&target)?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || run(conn, &target, checkpoints, jobs))?;
        let (queue, thread) = (Mutex::new(Some(queue)), Mutex::new(Some(thread)));
        Ok(Self { queue, thread, rest: Rest::default() })
    }

    /// Hands `work` to the writer; what it gives back arrives after the commit.
    pub(super) fn submit(&self, work: Writing) -> AppResult<oneshot::Receiver<AppResult<Given>>> {
        self.rest.note();
        let (answer, receiver) = oneshot::channel();
        let job: Job = Box::new(move |conn, company| {
            let result = match company {
                Company::Alone => caught(conn, &work),
                Company::WithOthers => in_savepoint(conn, &work),
            };
            let outcome = match (&result, company) {
                (Err(AppError::Database(e)), _) if is_unavailable(e) => Outcome::GaveUp,
                (Err(_), Company::Alone) => Outcome::Failed,
                _ => Outcome::Fine,
            };
            let reply: Reply = Box::new(move |commit| {
                let _ = answer.send(match commit {
                    Ok(()) => result,
                    Err(cause) => Err(not_durable(&cause)),
                });
            });
            (reply, outcome)
        });
        let queue = self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => Ok(receiver),
            _ => {
                metrics::counter!("overrule_queue_full_total", "queue" => "writer").increment(1);
                Err(AppError::Busy("Too many writes are waiting. Nothing was written.".into()))
            }
        }
    }

    pub(super) fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take());
        let thread = self.thread.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// The writer dropped the job: its group failed, or the server is stopping.
pub(super) fn lost() -> AppError {
    AppError::Busy("The database can't write now. Nothing was written.".into())
}

fn not_durable(cause: &str) -> AppError {
    tracing::error!(cause, "a commit failed");
    AppError::Busy("The database can't write now. Nothing was written.".into())
}

fn open_writer(target: &Target) -> Result<Conn, ConnectionError> {
    let mut conn = open_connection(target, false)?;
    Checkpoints::leave_to_us(&mut conn).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

fn run(conn: Conn, target: &Target, mut checkpoints: Checkpoints, mut queue: mpsc::Receiver<Job>) {
    let mut conn = Some(conn);
    let mut jobs = Vec::with_capacity(GROUP);
    let mut replies: Vec<Reply> = Vec::with_capacity(GROUP);
    while queue.blocking_recv_many(&mut jobs, GROUP) > 0 {
        let outcome = commit_group(&mut conn, target, &mut jobs, &mut replies);
        if outcome.is_err() {
            // After a failed commit the connection's idea of its transaction is not to be trusted.
            conn = None;
        }
        for reply in replies.drain(..) {
            reply(outcome.clone());
        }
        // Jobs that never ran: their callers hear `lost` when the answer's sender is dropped.
        jobs.clear();
        if let Some(conn) = conn.as_mut() {
            checkpoints.after_commit(conn);
        }
    }
}

fn commit_group(
    conn: &mut Option<Conn>,
    target: &Target,
    jobs: &mut Vec<Job>,
    replies: &mut Vec<Reply>,
) -> Result<(), String> {
    if conn.is_none() {
        *conn = Some(open_writer(target).map_err(|e| e.to_string())?);
    }
    let Some(conn) = conn.as_mut() else { return Err("no connection".into()) };
    begin(conn, Plans::ForValues).map_err(|e| e.to_string())?;
    let company = if jobs.len() == 1 { Company::Alone } else { Company::WithOthers };
    for job in jobs.drain(..) {
        let (reply, outcome) = job(conn, company);
        replies.push(reply);
        match outcome {
            Outcome::Fine => {}
            Outcome::Failed => {
                return <Conn as TransactionManager<Conn>>::rollback_transaction(conn)
                    .map_err(|e| e.to_string());
            }
            Outcome::GaveUp => return Err("the database gave up in the middle of a group".into()),
        }
    }
    <Conn as TransactionManager<Conn>>::commit_transaction(conn).map_err(|e| e.to_string())
}

/// `BEGIN IMMEDIATE` on SQLite: a transaction that starts by reading and then wants to write
/// fails there when another wrote meanwhile, whatever the busy timeout.
fn begin(conn: &mut Conn, plans: Plans) -> QueryResult<()> {
    match (conn.either(), plans) {
        (Either::Sqlite(c), _) => {
            AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")
        }
        (Either::Postgres(c), Plans::ForValues) => {
            AnsiTransactionManager::begin_transaction_sql(c, SERIALIZABLE)
        }
        (Either::Postgres(c), Plans::Kept) => {
            AnsiTransactionManager::begin_transaction_sql(c, WITH_KEPT_PLANS)
        }
    }
}

const SERIALIZABLE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";
/// One round trip as well. PostgreSQL would plan "is one of these" anew each time, for it takes an
/// array it does not know for a long one.
const WITH_KEPT_PLANS: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE; \
     SET LOCAL plan_cache_mode = force_generic_plan";

/// Runs `work` in a savepoint: its error, or its panic, is its own and nobody else's.
fn in_savepoint(conn: &mut Conn, work: &Writing) -> AppResult<Given> {
    <Conn as TransactionManager<Conn>>::begin_transaction(conn)?;
    match caught(conn, work) {
        Ok(value) => {
            <Conn as TransactionManager<Conn>>::commit_transaction(conn)?;
            Ok(value)
        }
        Err(error) => {
            <Conn as TransactionManager<Conn>>::rollback_transaction(conn)?;
            Err(error)
        }
    }
}

/// Runs `work`; its panic is an error.
fn caught(conn: &mut Conn, work: &Writing) -> AppResult<Given> {
    catch_unwind(AssertUnwindSafe(|| work(conn)))
        .unwrap_or_else(|_| Err(AppError::internal(anyhow::anyhow!("a write panicked"))))
}

/// A serializable transaction on PostgreSQL, tried again when it lost a race.
pub(super) fn serializable(conn: &mut Conn, work: &Writing, plans: Plans) -> AppResult<Given> {
    let mut tries = 0;
    loop {
        tries += 1;
        match once(conn, work, plans) {
            Err(AppError::Database(error)) if lost_a_race(&error) => {
                if tries == TRIES {
                    tracing::warn!(%error, "gave up a contended write");
                    return Err(AppError::Busy(
                        "Others were changing the same thing. Nothing was written.".into(),
                    ));
                }
                std::thread::sleep(std::time::Duration::from_millis(backoff_ms(tries)));
            }
            Err(AppError::Database(error)) if is_unavailable(&error) => {
                return Err(not_durable(&error.to_string()));
            }
            other => return other,
        }
    }
}

/// 1 to 64 ms and some more, different for every caller so that they don't meet again.
fn backoff_ms(tries: u32) -> u64 {
    let spread = uuid::Uuid::now_v7().as_bytes()[15];
    (1u64 << tries.min(6)) + u64::from(spread) / 16
}

fn once(conn: &mut Conn, work: &Writing, plans: Plans) -> AppResult<Given> {
    begin(conn, plans)?;
    match caught(conn, work) {
        Ok(value) => {
            <Conn as TransactionManager<Conn>>::commit_transaction(conn)?;
            Ok(value)
        }
        Err(error) => {
            // The first error is the one to tell; a rollback fails only on a dead connection.
            let _ = <Conn as TransactionManager<Conn>>::rollback_transaction(conn);
            Err(error)
        }
    }
}

/// Serialization failures and deadlocks (SQLSTATE 40001 and 40P01), and a unique key taken by a
/// transaction this one could not see yet: the next try sees it.
fn lost_a_race(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => true,
        DieselError::DatabaseError(_, info) => info.message().contains("deadlock detected"),
        _ => false,
    }
}
