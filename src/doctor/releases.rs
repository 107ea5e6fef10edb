//! Releases: whether the files of theirs that lie on this machine are what was released.

use super::Findings;
use crate::config::Config;
use crate::datasets::{Shelf, queries};
use crate::db::{self, Conn};

pub(super) fn examine(conn: &mut Conn, config: &Config, found: &mut Findings) {
    // A database of another version may not have the tables yet.
    if !db::is_current(conn).unwrap_or(false) {
        return;
    }
    let shelf = Shelf::in_data(&config.data_dir);
    match damaged(conn, &shelf) {
        Ok(damaged) if damaged.is_empty() => {
            found.ok("releases", "no file of a release is damaged on this machine");
        }
        Ok(damaged) => found.wrong(
            "releases",
            format!("damaged on this machine: {}", damaged.join(", ")),
            "remove those files; they are made again, and compared, when somebody asks for one",
        ),
        Err(error) => found.wrong("releases", format!("can't be looked at: {error}"), "try again"),
    }
}

/// Files that are there and are not what was released. One that isn't there is made when asked for.
fn damaged(conn: &mut Conn, shelf: &Shelf) -> anyhow::Result<Vec<String>> {
    let mut damaged = Vec::new();
    for (name, release) in queries::all_ready(conn)? {
        for file in queries::files(conn, release.id)? {
            let path = shelf.path(release.id, &file.name);
            if path.exists() && shelf.hash(release.id, &file.name)? != file.sha256 {
                damaged.push(format!("{name} {}: {}", release.number, path.display()));
            }
        }
    }
    Ok(damaged)
}
