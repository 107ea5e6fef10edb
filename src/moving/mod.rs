//! An installation as a whole: kept in a file, put back, moved to another database. It learns the
//! tables from the database itself, so it knows every table and no rule of any slice, and a new
//! table is kept and moved from its first day.

pub mod backup;
mod cell;
mod content;
pub mod copy;
pub mod file;
mod guard;
pub mod layout;
pub mod restore;
mod rows;
pub(crate) mod sqlite;
