//! The database: one way to read, two ways to write.
//!
//! `read` borrows a pooled connection on a blocking thread. `write` is for what a
//! person does; it answers once the change is on disk. `Batch` is for the two hot
//! appends: the rows of all who wait become one transaction.

mod backend;
mod batch;
mod checkpoints;
mod connection;
mod file;
pub mod installation;
mod lock;
mod migrations;
mod one_of;
pub mod origin;
mod page_cache;
#[cfg(test)]
pub mod plans;
mod pool;
mod rest;
mod rows;
mod text_enum;
mod writer;

pub use backend::{Hash, Instant, Json, Portable, sql};
pub use batch::Batch;
pub use connection::{Conn, Either, MultiBackend};
pub use lock::{Holder, lock, lock_path, make_file, make_folder};
pub use migrations::{Migrated, is_current, migrate, newest, pending, version};
pub use one_of::{Element, one_of, write_hex};
pub use page_cache::keep_pages;
pub use pool::{Target, open_connection, without_password};
pub use rows::{keep, powers_of_two};

use crate::error::{AppError, AppResult};
use diesel::connection::SimpleConnection;
use pool::Pool;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

/// How long a request waits for the database before its caller hears that it does not answer.
/// Longer than three in a row wait for a lock, and than a connection is waited for: those have
/// errors of their own, which say that nothing was written.
const ANSWER: Duration = Duration::from_secs(20);
/// How long a patient write goes on, and how long it waits between tries.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

/// What work gives, whatever that is: the machinery around it is compiled once, and not for each
/// of some hundred pieces of work.
type Given = Box<dyn Any + Send>;
type Reading = Box<dyn FnOnce(&mut Conn) -> AppResult<Given> + Send>;
type Writing = Box<dyn Fn(&mut Conn) -> AppResult<Given> + Send>;

fn typed<T: 'static>(given: Given) -> AppResult<T> {
    let typed = given.downcast().map(|given| *given);
    typed.map_err(|_| AppError::internal(anyhow::anyhow!("work gave something else")))
}

/// How PostgreSQL plans the statements of a transaction.
#[derive(Debug, Clone, Copy)]
enum Plans {
    /// For the values they are about, where it thinks that this pays.
    ForValues,
    /// Once for all values: right where every statement finds its rows by a key.
    Kept,
}

struct Inner {
    target: Target,
    pool: Pool,
    writer: Option<writer::Writer>,
    file: Option<file::Watched>,
}

impl Db {
    /// Opens the database that `target` names. On SQLite this starts the one writer.
    pub fn open(target: &Target) -> anyhow::Result<Self> {
        let pool = Pool::open(target)?;
        let writer = match target {
            Target::Sqlite(_) => Some(writer::Writer::start(target.clone())?),
            Target::Postgres(_) => None,
        };
        let file = file::Watched::start(target)?;
        Ok(Self(Arc::new(Inner { target: target.clone(), pool, writer, file })))
    }

    /// Where the data is.
    pub fn target(&self) -> &Target {
        &self.0.target
    }

    /// Runs queries that change nothing.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        let work = origin::carry_once(work);
        self.read_any(Box::new(move |conn| Ok(Box::new(work(conn)?)))).await.and_then(typed)
    }

    async fn read_any(&self, work: Reading) -> AppResult<Given> {
        let db = self.clone();
        unblock(move || db.read_now(work)).await
    }

    /// As `read`, on the calling thread; for commands and jobs.
    pub fn read_now<T>(&self, work: impl FnOnce(&mut Conn) -> AppResult<T>) -> AppResult<T> {
        self.check_file()?;
        self.0.pool.lend(work)
    }

    /// After a commit it tells whether what was written is where it will be looked for.
    fn check_file(&self) -> AppResult<()> {
        self.0.file.as_ref().map_or(Ok(()), file::Watched::check)
    }

    /// Runs `work` in a transaction and answers once it is durable. An error rolls back what
    /// `work` did and nothing else. `work` may run more than once, so it has no effect outside.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Conn) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        let work = origin::carry(work);
        self.write_any(Box::new(move |conn| Ok(Box::new(work(conn)?)))).await.and_then(typed)
    }

    async fn write_any(&self, work: Writing) -> AppResult<Given> {
        match &self.0.writer {
            Some(writer) => {
                let done = in_time(writer.submit(work)?).await?.map_err(|_| writer::lost())?;
                self.check_file()?;
                done
            }
            None => {
                let db = self.clone();
                unblock(move || db.write_any_now(work, Plans::ForValues)).await
            }
        }
    }

    /// As `write`, on the calling thread, which must not be one that runs async tasks.
    pub fn write_now<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Conn) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        let work: Writing = Box::new(move |conn| Ok(Box::new(work(conn)?)));
        self.write_any_now(work, Plans::ForValues).and_then(typed)
    }

    /// As `write_now`, for a batch: its few statements come again and again.
    fn write_batch<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Conn) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        let work: Writing = Box::new(move |conn| Ok(Box::new(work(conn)?)));
        self.write_any_now(work, Plans::Kept).and_then(typed)
    }

    fn write_any_now(&self, work: Writing, plans: Plans) -> AppResult<Given> {
        match &self.0.writer {
            Some(writer) => {
                let done = writer.submit(work)?.blocking_recv().map_err(|_| writer::lost())?;
                self.check_file()?;
                done
            }
            None => self.0.pool.lend(|conn| writer::serializable(conn, &work, plans)),
        }
    }

    /// As `write_now`, but goes on for a minute where others are in the way; for commands that
    /// write much and have nobody waiting for the answer.
    pub fn write_patiently<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Conn) -> AppResult<T> + Send + Sync + 'static,
    ) -> AppResult<T> {
        let (work, start) = (Arc::new(work), std::time::Instant::now());
        loop {
            let again = work.clone();
            match self.write_now(move |conn| again(conn)) {
                Err(AppError::Busy(why)) if start.elapsed() < PATIENCE => {
                    tracing::debug!(why, "waiting for others");
                    std::thread::sleep(PAUSE);
                }
                other => return other,
            }
        }
    }

    /// Where nothing was written since the last call, gives back what the writer keeps in memory.
    pub async fn rest(&self) -> AppResult<()> {
        let Some(writer) = &self.0.writer else { return Ok(()) };
        if writer.rest.is_due() {
            self.write(|conn| Ok(conn.batch_execute("PRAGMA shrink_memory")?)).await?;
            writer.rest.rested();
        }
        Ok(())
    }

    /// How many writes were asked for so far, where one writer serves all.
    pub fn writes(&self) -> Option<u64> {
        self.0.writer.as_ref().map(|writer| writer.rest.writes())
    }

    /// Finishes what was accepted and stops the writer.
    pub fn close(&self) {
        if let Some(writer) = &self.0.writer {
            writer.close();
        }
    }
}

/// Runs blocking work beside the async threads.
async fn unblock<T: Send + 'static>(
    work: impl FnOnce() -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    in_time(tokio::task::spawn_blocking(work)).await?.unwrap_or_else(|panic| {
        Err(AppError::internal(anyhow::anyhow!("the work panicked: {panic}")))
    })
}

/// What a future gives, unless the database hangs. The work goes on by itself and may yet be done.
async fn in_time<T>(work: impl Future<Output = T>) -> AppResult<T> {
    tokio::time::timeout(ANSWER, work).await.map_err(|_| {
        tracing::error!("the database does not answer");
        AppError::Busy(
            "The database does not answer. What was sent may be stored later; to send it again \
             does no harm."
                .into(),
        )
    })
}
