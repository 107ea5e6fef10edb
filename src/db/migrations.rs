//! Bringing a database up to date; safe when several processes start at once.

use super::{Conn, Either, Target, open_connection};
use crate::error::AppResult;
use anyhow::Context;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::migration::{Migration, MigrationSource};
use diesel::{RunQueryDsl, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::collections::HashSet;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// Any number, the same in every process: it guards migrations on PostgreSQL.
const LOCK: i64 = 0x6f76_6572_7275_6c65;

/// From which version to which; `from` is `None` for a new database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The version before.
    pub from: Option<String>,
    /// The version now.
    pub to: String,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Brings the database up to date. A database made by a newer Overrule is refused.
pub fn migrate(target: &Target) -> anyhow::Result<Migrated> {
    if let Target::Sqlite(path) = target {
        if let Some(folder) = path.parent() {
            super::make_folder(folder)?;
        }
        super::make_file(path)?;
    }
    let mut conn =
        open_connection(target, false).with_context(|| format!("can't open {target}"))?;
    let migrated = match conn.either() {
        Either::Sqlite(c) => {
            c.batch_execute("PRAGMA busy_timeout = 600000;")?;
            alone(c)
        }
        Either::Postgres(c) => {
            c.batch_execute(&format!("SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK})"))?;
            let result = up(c, POSTGRES);
            c.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})"))?;
            result
        }
    };
    migrated.map_err(|e| anyhow::anyhow!("can't bring {target} up to date: {e}"))
}

/// All migrations in one transaction. Of two processes that start at once, the second waits for
/// the write lock, then finds nothing to do; one that is stopped leaves the database as it was.
fn alone(conn: &mut SqliteConnection) -> Result<Migrated, Failure> {
    AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?;
    let result = up(conn, SQLITE);
    match &result {
        Ok(_) => AnsiTransactionManager::commit_transaction(conn)?,
        Err(_) => AnsiTransactionManager::rollback_transaction(conn)?,
    }
    result
}

/// Whether the database needs `migrate` before it can be served.
pub fn pending(target: &Target) -> anyhow::Result<bool> {
    let mut conn =
        open_connection(target, false).with_context(|| format!("can't open {target}"))?;
    let pending = match conn.either() {
        Either::Sqlite(c) => c.has_pending_migration(SQLITE),
        Either::Postgres(c) => c.has_pending_migration(POSTGRES),
    };
    pending.map_err(|e| anyhow::anyhow!("can't read the version of {target}: {e}"))
}

#[derive(diesel::QueryableByName)]
struct Applied {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

/// Whether every migration is applied: what `pending` says, by one read on an open connection.
pub fn is_current(conn: &mut Conn) -> AppResult<bool> {
    let source = match conn.either() {
        Either::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
        Either::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES),
    };
    let known = source.map_err(|e| anyhow::anyhow!("can't read the migrations: {e}"))?;
    let applied: Vec<Applied> =
        diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load(conn)?;
    let applied: HashSet<String> = applied.into_iter().map(|row| row.version).collect();
    Ok(known.is_subset(&applied))
}

/// The version this build brings databases up to.
pub fn newest() -> anyhow::Result<String> {
    let known = versions::<diesel::sqlite::Sqlite>(&SQLITE);
    let known = known.map_err(|e| anyhow::anyhow!("can't read the migrations: {e}"))?;
    Ok(known.into_iter().max().unwrap_or_default())
}

/// The version a database is at, or nothing where it has none.
pub fn version(conn: &mut Conn) -> Option<String> {
    let newest = "SELECT version FROM __diesel_schema_migrations ORDER BY version DESC LIMIT 1";
    let row: Applied = diesel::sql_query(newest).get_result(conn).ok()?;
    Some(row.version)
}

fn versions<DB>(source: &EmbeddedMigrations) -> Result<HashSet<String>, Failure>
where
    DB: diesel::backend::Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let all: Vec<Box<dyn Migration<DB>>> = source.migrations()?;
    Ok(all.iter().map(|migration| migration.name().version().to_string()).collect())
}

fn up<C, DB>(conn: &mut C, source: EmbeddedMigrations) -> Result<Migrated, Failure>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB> + diesel::Connection<Backend = DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known = versions::<DB>(&source)?;
    let applied = conn.applied_migrations()?;
    if let Some(newer) = applied.iter().find(|version| !known.contains(&version.to_string())) {
        return Err(format!("it has version {newer}, made by a newer Overrule").into());
    }
    let from = applied.iter().map(ToString::to_string).max();
    conn.run_pending_migrations(source)?;
    let to = conn.applied_migrations()?.iter().map(ToString::to_string).max();
    Ok(Migrated { from, to: to.unwrap_or_default() })
}
