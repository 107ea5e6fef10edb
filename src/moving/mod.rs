//! An installation as a whole: kept in a file, put back, moved to another database. It learns the
//! tables from the database itself, so it knows every table and no rule of any slice, and a new
//! table is kept and moved from its first day.

pub mod backup;
pub mod file;
pub mod restore;
pub(crate) mod sqlite;
