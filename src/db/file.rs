//! The file of an embedded database, watched: SQLite goes on writing to a file that was removed,
//! and what it writes is lost with the process.

use super::Target;
use crate::error::{AppError, AppResult};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// The file as it was when it was opened.
pub(super) struct Watched {
    path: PathBuf,
    identity: (u64, u64),
}

impl Watched {
    /// Nothing to watch on PostgreSQL.
    pub(super) fn start(target: &Target) -> std::io::Result<Option<Self>> {
        let Target::Sqlite(path) = target else { return Ok(None) };
        let identity = identity(&std::fs::metadata(path)?);
        Ok(Some(Self { path: path.clone(), identity }))
    }

    /// An error while the file is not where it was. One look at the folder, about a microsecond.
    pub(super) fn check(&self) -> AppResult<()> {
        match std::fs::metadata(&self.path) {
            Ok(found) if identity(&found) == self.identity => Ok(()),
            _ => {
                let file = self.path.display();
                tracing::error!(%file, "the database file was removed or replaced; put it back, or start again");
                Err(AppError::Busy("The database is not there. Nothing was written.".into()))
            }
        }
    }
}

fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}
