//! SQLite as `backup` and `restore` need it: through rusqlite, which has the online backup that
//! diesel leaves out, on the same library.

use anyhow::{Context, bail};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Opens a database that must be there, changing nothing about it.
pub(crate) fn open(path: &Path) -> anyhow::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)
        .with_context(|| format!("can't open {}", path.display()))?;
    conn.busy_timeout(Duration::from_secs(5))?;
    Ok(conn)
}

/// The version of the database; an error where it has none.
pub(crate) fn version(conn: &Connection) -> anyhow::Result<String> {
    let newest = "SELECT version FROM __diesel_schema_migrations ORDER BY version DESC LIMIT 1";
    Ok(conn.query_row(newest, [], |row| row.get(0))?)
}

/// The tables that hold data of Overrule, by name.
pub(crate) fn tables(conn: &Connection) -> anyhow::Result<Vec<String>> {
    let mut statement = conn.prepare(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '__diesel_schema_migrations' \
         ORDER BY name",
    )?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// An error with the first fault that SQLite finds, if any.
pub(crate) fn check(conn: &Connection) -> anyhow::Result<()> {
    let said: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        bail!("{}", said.lines().collect::<Vec<_>>().join(" "));
    }
    Ok(())
}
