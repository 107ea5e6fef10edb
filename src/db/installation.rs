//! Values of the installation itself, shared by all its processes.

use super::Conn;
use crate::db::Portable;
use crate::schema::installation;
use diesel::prelude::*;

/// Names the installation, wherever its data go.
pub const ID: &str = "id";
/// Signs links, where the settings don't say otherwise.
pub const SECRET: &str = "secret";
/// How far a copy into this database is; gone once it is complete.
pub const COPYING: &str = "copying";

/// There where a demo filled the data.
pub const DEMO: &str = "demo";
/// Where the last server that started is reached: what links in mails start with.
pub const PUBLIC_URL: &str = "public_url";

/// The value called `name`; `make` gives it when nobody has made it yet.
pub fn ensure(conn: &mut Conn, name: &str, make: impl Fn() -> String) -> QueryResult<String> {
    if let Some(value) = find(conn, name)? {
        return Ok(value);
    }
    let row = (installation::name.eq(name), installation::value.eq(make()));
    Portable(diesel::insert_into(installation::table).values(row).on_conflict_do_nothing())
        .execute(conn)?;
    // Another process may have been first; what is stored counts.
    installation::table.find(name).select(installation::value).first(conn)
}

/// The value called `name`, if there is one.
pub fn find(conn: &mut Conn, name: &str) -> QueryResult<Option<String>> {
    installation::table.find(name).select(installation::value).first(conn).optional()
}

/// Sets the value called `name`, inside the caller's transaction.
pub fn set(conn: &mut Conn, name: &str, value: &str) -> QueryResult<()> {
    let row = (installation::name.eq(name), installation::value.eq(value));
    let insert = diesel::insert_into(installation::table).values(row);
    let set = insert.on_conflict(installation::name).do_update().set(installation::value.eq(value));
    Portable(set).execute(conn)?;
    Ok(())
}

/// Removes the value called `name`.
pub fn remove(conn: &mut Conn, name: &str) -> QueryResult<()> {
    diesel::delete(installation::table.find(name)).execute(conn)?;
    Ok(())
}
