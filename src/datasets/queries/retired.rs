//! Rows of releases whose revision was taken out of use since.

use crate::datasets::model::{ReleaseId, ReleaseRow};
use crate::db::Conn;
use crate::on_backend;
use crate::schema::{release_retired, release_rows, releases, signal_revisions};
use crate::signals::model::{RevisionId, SignalId};
use diesel::prelude::*;

/// Marks rows of a release, each once, and counts them there.
pub fn mark_retired(conn: &mut Conn, id: ReleaseId, positions: &[i64]) -> QueryResult<()> {
    if positions.is_empty() {
        return Ok(());
    }
    let row = |position: &i64| {
        (release_retired::release_id.eq(id), release_retired::position.eq(*position))
    };
    let rows: Vec<_> = positions.iter().map(row).collect();
    let new = on_backend!(conn, |c| diesel::insert_into(release_retired::table)
        .values(&rows)
        .on_conflict_do_nothing()
        .execute(c))?;
    diesel::update(releases::table.find(id))
        .set(releases::retired.eq(releases::retired + new as i64))
        .execute(conn)?;
    Ok(())
}

/// The rows, in any release, that are made of these revisions.
pub fn rows_made_of(
    conn: &mut Conn,
    revisions: &[RevisionId],
) -> QueryResult<Vec<(ReleaseId, i64)>> {
    // By the signal, for which there is an index.
    let signals: Vec<SignalId> = signal_revisions::table
        .filter(signal_revisions::id.eq_any(revisions))
        .select(signal_revisions::signal_id)
        .load(conn)?;
    release_rows::table
        .filter(release_rows::signal_id.eq_any(signals))
        .filter(release_rows::revision_id.eq_any(revisions))
        .filter(release_rows::reason.is_null())
        .select((release_rows::release_id, release_rows::position))
        .order((release_rows::release_id, release_rows::position))
        .load(conn)
}

/// Rows of a release that were marked, after a position.
pub fn list_retired(
    conn: &mut Conn,
    id: ReleaseId,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<ReleaseRow>> {
    release_retired::table
        .inner_join(
            release_rows::table.on(release_rows::release_id
                .eq(release_retired::release_id)
                .and(release_rows::position.eq(release_retired::position))),
        )
        .filter(release_retired::release_id.eq(id))
        .filter(release_retired::position.gt(after))
        .order(release_retired::position)
        .limit(limit)
        .select(release_rows::all_columns)
        .load(conn)
}
