//! Where the data is, and the pool of connections that read it.

use super::{Conn, installation, origin, page_cache};
use crate::error::{AppError, AppResult};
use anyhow::{Context, bail};
use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::r2d2::{self, ManageConnection, R2D2Connection};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Which database, as `database.url` says.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// The file of an embedded database.
    Sqlite(PathBuf),
    /// The URL of a PostgreSQL server.
    Postgres(String),
}

impl Target {
    /// Reads `sqlite:PATH` or `postgres://…`; anything else is an error that says so.
    pub fn parse(url: &str) -> anyhow::Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                bail!("`{url}` names no file; write `sqlite:PATH`");
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let wants_tls = ["sslmode=require", "sslmode=verify-"].iter().any(|m| url.contains(m));
            if wants_tls && !cfg!(feature = "pg-tls") {
                bail!("this build can't speak TLS to PostgreSQL; build with `--features pg-tls`");
            }
            return Ok(Self::Postgres(url.to_owned()));
        }
        bail!("a database is `sqlite:PATH` or `postgres://…`")
    }
}

impl std::fmt::Display for Target {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => match url::Url::parse(url) {
                Ok(mut url) => {
                    if url.password().is_some() {
                        let _ = url.set_password(Some("***"));
                    }
                    url.set_query(None);
                    write!(f, "{url}")
                }
                Err(_) => f.write_str("postgres://…"),
            },
        }
    }
}

/// The URL of a server without the password, for a command that a person runs.
pub fn without_password(target: &Target) -> String {
    match target {
        Target::Sqlite(_) => target.to_string(),
        Target::Postgres(text) => match url::Url::parse(text) {
            Ok(mut url) => {
                let _ = url.set_password(None);
                url.to_string()
            }
            Err(_) => target.to_string(),
        },
    }
}

/// Pages of SQLite are kept in memory, 16 MiB of them for whoever reads. The one that writes goes
/// to a place of its own in each index with every row, so it keeps more.
const READER: &str = "PRAGMA cache_size = -16384; PRAGMA query_only = ON;";

/// A connection set up as every connection must be, whose statements are counted.
pub fn open_connection(target: &Target, read_only: bool) -> Result<Conn, ConnectionError> {
    let start = Instant::now();
    // SQLite does not wait by itself where another is just making the file one with a log.
    let mut conn = loop {
        match connect(target, read_only) {
            Err(error) if is_locked(&error) && start.elapsed() < LOCKED => {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => break other?,
        }
    };
    conn.set_instrumentation(|event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            let by = if origin::current().is_some() { "request" } else { "itself" };
            metrics::counter!("overrule_statements_total", "by" => by).increment(1);
        }
    });
    Ok(conn)
}

/// For how long it is tried to open a file that another has locked.
const LOCKED: Duration = Duration::from_secs(5);

fn is_locked(error: &ConnectionError) -> bool {
    error.to_string().contains("database is locked")
}

fn connect(target: &Target, read_only: bool) -> Result<Conn, ConnectionError> {
    match target {
        Target::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
            conn.batch_execute(
                "PRAGMA busy_timeout = 2500; PRAGMA journal_mode = WAL; \
                 PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                 PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 8000;",
            )
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
            let writer = page_cache::setting();
            conn.batch_execute(if read_only { READER } else { &writer })
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn.into())
        }
        Target::Postgres(url) => {
            let mut conn = PgConnection::establish(&impatient(url))?;
            // Every query has its index. Without statistics, as in a new database, PostgreSQL
            // takes tables for tiny, and keeps the plan that reads them whole while they grow.
            conn.batch_execute(
                "SET TIME ZONE 'UTC'; SET jit = off; SET lock_timeout = '2500ms'; \
                 SET enable_seqscan = off; \
                 SET max_parallel_workers_per_gather = 0; SET application_name = 'overrule';",
            )
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn.into())
        }
    }
}

/// What libpq is told unless the URL says otherwise: a server that can't be reached, or that went
/// away without a word, is an error after some seconds rather than never.
const IMPATIENCE: &[(&str, &str)] = &[
    ("connect_timeout", "5"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "15000"),
];

/// The URL with what it does not say itself.
fn impatient(url: &str) -> String {
    let mut all = url.to_owned();
    for (name, value) in IMPATIENCE {
        if !url.contains(&format!("{name}=")) {
            all.push(if all.contains('?') { '&' } else { '?' });
            all.push_str(&format!("{name}={value}"));
        }
    }
    all
}

/// For how long a connection that worked is believed to work, without asking it: that is a round
/// trip.
const BELIEVED: Duration = Duration::from_secs(1);

struct Manager(Target);

/// A connection of the pool, and when it last did what it was asked.
struct Lent {
    conn: Conn,
    worked_at: Option<Instant>,
}

impl ManageConnection for Manager {
    type Connection = Lent;
    type Error = r2d2::Error;
    fn connect(&self) -> Result<Lent, r2d2::Error> {
        let read_only = matches!(self.0, Target::Sqlite(_));
        let conn = open_connection(&self.0, read_only).map_err(r2d2::Error::ConnectionError)?;
        Ok(Lent { conn, worked_at: None })
    }
    fn is_valid(&self, lent: &mut Lent) -> Result<(), r2d2::Error> {
        match lent.worked_at {
            Some(at) if at.elapsed() < BELIEVED => Ok(()),
            _ => lent.conn.ping().map_err(r2d2::Error::QueryError),
        }
    }
    fn has_broken(&self, lent: &mut Lent) -> bool {
        lent.conn.is_broken()
    }
}

pub(super) struct Pool(r2d2::Pool<Manager>);

impl Pool {
    pub(super) fn open(target: &Target) -> anyhow::Result<Self> {
        // A connection of an embedded database is soon made anew, and keeps pages until it ends.
        let (size, idle) = match target {
            Target::Sqlite(_) => (8, Duration::from_secs(60)),
            Target::Postgres(_) => (16, Duration::from_secs(600)),
        };
        // Connections are made when first asked for, so that a command starts fast; the first
        // is made here, so that a wrong URL is said at once.
        let mut conn =
            open_connection(target, false).with_context(|| format!("can't open {target}"))?;
        // A database that was never migrated has no such table; that is for others to say.
        if let Ok(Some(_)) = installation::find(&mut conn, installation::COPYING) {
            bail!("{target} holds half a copy; run the same `overrule copy` again to complete it");
        }
        let pool = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .idle_timeout(Some(idle))
            .test_on_check_out(matches!(target, Target::Postgres(_)))
            .connection_timeout(Duration::from_secs(5))
            .error_handler(Box::new(LogFailure))
            .build_unchecked(Manager(target.clone()));
        Ok(Self(pool))
    }

    /// Lends `work` a connection.
    pub(super) fn lend<T>(&self, work: impl FnOnce(&mut Conn) -> AppResult<T>) -> AppResult<T> {
        let mut lent = self.0.get().map_err(|error| {
            tracing::warn!(%error, "no database connection");
            AppError::Busy("The database can't be reached. Nothing was written.".into())
        })?;
        lent.worked_at = None;
        let done = work(&mut lent.conn);
        lent.worked_at = done.is_ok().then(Instant::now);
        done
    }
}

/// Failed connections go to our log, not to r2d2's.
#[derive(Debug)]
struct LogFailure;

impl r2d2::HandleError<r2d2::Error> for LogFailure {
    fn handle_error(&self, error: r2d2::Error) {
        tracing::warn!(%error, "a database connection failed");
    }
}
