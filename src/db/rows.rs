//! Storing many rows of one table, with statements that stay prepared.

use diesel::connection::{DefaultLoadingMode, LoadConnection};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Untyped;

/// Stores rows, which are a `Vec` of references: in few statements on PostgreSQL, where each is a
/// round trip; one after the other on SQLite, where a statement of many rows would be parsed anew
/// for each number of them.
#[macro_export]
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let rows = $rows;
        match $conn.either() {
            $crate::db::Either::Postgres(c) => {
                $crate::db::powers_of_two(&rows).try_for_each(|some| {
                    $crate::db::keep(c, diesel::insert_into($table).values(some.to_vec()))
                })
            }
            $crate::db::Either::Sqlite(c) => rows
                .into_iter()
                .try_for_each(|row| diesel::insert_into($table).values(row).execute(c).map(drop)),
        }
    }};
}

/// The most rows of one statement.
const MOST_ROWS: usize = 64;

/// Rows in groups of 64, 32, 16, 8, 4, 2 and 1, the larger first: so a statement that stores a
/// group has one of seven texts.
pub fn powers_of_two<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let count = MOST_ROWS.min(1 << rest.len().checked_ilog2()?);
        let (some, more) = rest.split_at(count);
        rest = more;
        Some(some)
    })
}

/// Sends a statement that gives no rows, and lets PostgreSQL keep it prepared, found by its text,
/// though diesel takes it for one that seldom comes again.
pub fn keep(conn: &mut PgConnection, statement: impl QueryFragment<Pg>) -> QueryResult<()> {
    // Not `execute`, which asks diesel anew whether to keep it.
    LoadConnection::<DefaultLoadingMode>::load(conn, Kept(statement)).map(drop)
}

struct Kept<T>(T);

impl<T: QueryFragment<Pg>> QueryFragment<Pg> for Kept<T> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}
impl<T> QueryId for Kept<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<T> Query for Kept<T> {
    type SqlType = Untyped;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_stored_in_groups_of_few_sizes_and_in_their_order() {
        for count in [0, 1, 3, 31, 32, 100, 501] {
            let rows: Vec<usize> = (0..count).collect();
            let groups: Vec<&[usize]> = powers_of_two(&rows).collect();
            assert_eq!(groups.concat(), rows);
            assert!(groups.iter().all(|group| group.len().is_power_of_two()));
            assert!(groups.len() <= count / MOST_ROWS + 6, "{count} rows");
        }
    }
}
