//! Where the data is, and what is kept of it in memory.

use super::Secret;

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`. Default: `overrule.db` in the data directory.
    pub url: Option<Secret>,
    /// MiB of pages that the one who writes to SQLite keeps in memory. Default 64.
    pub cache_mib: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, cache_mib: 64 }
    }
}
