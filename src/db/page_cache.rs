//! How many pages of SQLite's file the writer keeps in memory.

use super::Conn;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::sync::atomic::{AtomicU32, Ordering};

static MIB: AtomicU32 = AtomicU32::new(64);

/// What is kept of a small file.
const SMALL_MIB: u32 = 4;
/// From how many pages on a file is large: 1 GiB.
///
/// SQLite numbers a page so for a moment when it sorts pages of an index. At the commit it then
/// looks through all pages that it keeps for those beyond the end of the file, which for a small
/// file took a fifth of the writer's time.
const LARGE_PAGES: i64 = (1 << 30) / 4096 + 1;

/// From now on whoever writes to SQLite keeps so many MiB of pages in memory.
pub fn keep_pages(mib: u32) {
    MIB.store(mib, Ordering::Relaxed);
}

/// The setting for a connection that writes.
pub(super) fn setting() -> String {
    cache_size(MIB.load(Ordering::Relaxed))
}

#[derive(QueryableByName)]
struct Pages {
    #[diesel(sql_type = BigInt)]
    page_count: i64,
}

/// Keeps as much as is good for a file of this size, which grows.
pub(super) fn fit(writer: &mut Conn) -> QueryResult<()> {
    let Pages { page_count } = diesel::sql_query("PRAGMA page_count").get_result(writer)?;
    let wanted = MIB.load(Ordering::Relaxed);
    let mib = if page_count < LARGE_PAGES { wanted.min(SMALL_MIB) } else { wanted };
    writer.batch_execute(&cache_size(mib))
}

fn cache_size(mib: u32) -> String {
    format!("PRAGMA cache_size = -{};", mib * 1024)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::db::{Target, open_connection};

    #[derive(QueryableByName)]
    struct Kept {
        #[diesel(sql_type = BigInt)]
        cache_size: i64,
    }

    #[test]
    fn little_is_kept_of_a_small_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = Target::Sqlite(folder.path().join("small.db"));
        let mut conn = open_connection(&file, false).unwrap();
        let kept = |conn: &mut Conn| -> i64 {
            let kept: Kept = diesel::sql_query("PRAGMA cache_size").get_result(conn).unwrap();
            -kept.cache_size / 1024
        };
        assert_eq!(kept(&mut conn), 64);
        fit(&mut conn).unwrap();
        assert_eq!(kept(&mut conn), 4);
    }
}
