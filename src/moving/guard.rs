//! What keeps a copy from harm: nobody else at either side, a target that holds nothing.

use super::content::count;
use super::copy::mark;
use super::layout::Layout;
use crate::db::{self, Conn, Either, Holder, Target, installation, open_connection};
use anyhow::{Context, bail};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::fs::File;
use std::time::Duration;

/// Any number, the same in every process: whoever copies into a PostgreSQL database holds it.
const LOCK: i64 = 0x6f76_6572_636f_7079;

#[derive(QueryableByName)]
struct Yes {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// Opens what is to be copied: a whole installation, up to date, that nobody serves.
pub(super) fn source(from: &Target) -> anyhow::Result<(Conn, Option<File>)> {
    if let Target::Sqlite(path) = from
        && !path.exists()
    {
        bail!("there is no database at {}", path.display());
    }
    let lock = db::lock(from, Holder::Copy)?;
    if db::pending(from)? {
        bail!("{from} is not up to date; run `overrule migrate` first");
    }
    let mut conn = open_connection(from, false).with_context(|| format!("can't open {from}"))?;
    alone(&mut conn, from)?;
    if installation::find(&mut conn, installation::COPYING)?.is_some() {
        bail!("{from} holds half a copy itself; complete that first");
    }
    Ok((conn, lock))
}

/// Opens what is to be filled: empty, or with the beginning of a copy of the installation `id`,
/// and for this copy alone.
/// Nothing is written yet.
pub(super) fn target(
    to: &Target,
    source: &Layout,
    id: Option<&str>,
) -> anyhow::Result<(Conn, Option<File>)> {
    let lock = db::lock(to, Holder::Copy)?;
    let mut conn = open_connection(to, false).with_context(|| format!("can't open {to}"))?;
    if let Either::Postgres(c) = conn.either() {
        let try_lock = format!("SELECT pg_try_advisory_lock({LOCK}) AS yes");
        if !diesel::sql_query(try_lock).get_result::<Yes>(c)?.yes {
            bail!("another copy into {to} is running; let it end first");
        }
    }
    alone(&mut conn, to)?;
    let there = Layout::read(&mut conn)
        .with_context(|| format!("{to} is not empty, and not a database of Overrule"))?;
    if let Some(stranger) = there.names().difference(&source.names()).next() {
        bail!("{to} is not empty: it has a table `{stranger}`, which Overrule does not know");
    }
    refuse_rows(&mut conn, &there, to, id)?;
    Ok((conn, lock))
}

/// On PostgreSQL, where no file can be locked, refuses when another Overrule is connected.
pub(super) fn alone(conn: &mut Conn, target: &Target) -> anyhow::Result<()> {
    let Either::Postgres(c) = conn.either() else { return Ok(()) };
    let others = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = \
         current_database() AND application_name = 'overrule' AND pid <> pg_backend_pid()) AS yes";
    // A connection that was just closed is listed for a moment yet.
    for _ in 0..20 {
        if !diesel::sql_query(others).get_result::<Yes>(c)?.yes {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("a server, a worker or another command is connected to {target}; stop it first")
}

/// Refuses a target that has rows, unless they are the beginning of a copy of the installation
/// with this id.
fn refuse_rows(
    conn: &mut Conn,
    there: &Layout,
    to: &Target,
    id: Option<&str>,
) -> anyhow::Result<()> {
    if there.table("installation").is_some()
        && let Some(mark) = mark(conn)?
    {
        if id == Some(&mark.source) {
            return Ok(());
        }
        bail!("{to} is not empty: it holds the beginning of a copy of another installation");
    }
    for table in &there.0 {
        let rows = count(conn, &table.name)?;
        if rows > 0 {
            bail!("{to} is not empty: `{}` has {rows} rows; name an empty database", table.name);
        }
    }
    Ok(())
}
