//! Values of the installation itself, shared by all its processes.

use super::Conn;
use crate::db::Portable;
use crate::schema::installation;
use diesel::prelude::*;

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
