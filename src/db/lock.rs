//! One server at a time on an embedded database, and nothing that replaces or moves its data
//! meanwhile: whoever holds the lock file beside it.

use super::Target;
use anyhow::{Context, bail};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Who holds an embedded database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// `serve` or `demo`.
    Server,
    /// `restore`.
    Restore,
    /// `copy`, on either side.
    Copy,
}

impl Holder {
    const fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Restore => "restore",
            Self::Copy => "copy",
        }
    }
}

/// Keeps every other holder off an embedded database, for as long as the file is held. On
/// PostgreSQL there is nothing to hold: any number of servers share it.
pub fn lock(target: &Target, holder: Holder) -> anyhow::Result<Option<File>> {
    let Target::Sqlite(path) = target else { return Ok(None) };
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let name = lock_path(path);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let open = options.open(&name);
    let mut file = open.with_context(|| format!("can't open {}", name.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut other = String::new();
            // The word is for people; the lock holds without it.
            let _ = file.read_to_string(&mut other);
            bail!("{} is running on {}; {NEXT}", who(&other, holder), path.display());
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("can't lock {}", name.display()));
        }
    }
    file.set_len(0)?;
    file.write_all(holder.word().as_bytes())?;
    Ok(Some(file))
}

const NEXT: &str = "stop it first, or give `--data-dir` another place";

fn who(other: &str, holder: Holder) -> String {
    let other = if other.is_empty() { "server" } else { other.trim() };
    let article = if other == holder.word() { "another" } else { "a" };
    format!("{article} {other}")
}

/// The file that is locked for the database at `path`.
pub fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Makes the file of an embedded database where it isn't there, for its owner only: SQLite would
/// let everybody read it, and gives the files beside it the same mode.
pub fn make_file(path: &Path) -> anyhow::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("can't make {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Makes a folder for data, with those above it, where it isn't there; a new one is for its
/// owner only, since the database holds the secret that signs links.
pub fn make_folder(folder: &Path) -> anyhow::Result<()> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(folder).with_context(|| format!("can't make the folder {}", folder.display()))
}
