//! Rows of releases whose revision was taken out of use since.

use super::{holding, part_of};
use crate::agents::AgentId;
use crate::datasets::model::{ReleaseId, ReleaseRow};
use crate::db::Conn;
use crate::error::AppResult;
use crate::interactions::InteractionId;
use crate::on_backend;
use crate::schema::{release_retired, releases, signal_revisions, signals};
use crate::signals::model::RevisionId;
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
pub fn rows_made_of(conn: &mut Conn, revisions: &[RevisionId]) -> AppResult<Vec<(ReleaseId, i64)>> {
    let found: Vec<(RevisionId, AgentId, InteractionId)> = signal_revisions::table
        .inner_join(signals::table.on(signals::id.eq(signal_revisions::signal_id)))
        .filter(signal_revisions::id.eq_any(revisions))
        .select((signal_revisions::id, signals::agent_id, signals::interaction_id))
        .load(conn)?;
    let mut made = Vec::new();
    for (revision, agent, interaction) in found {
        for part in holding(conn, agent, interaction, i64::MAX)? {
            let of = |row: &ReleaseRow| row.revision_id == Some(revision) && row.reason.is_none();
            let rows = part.rows()?.into_iter().filter(of);
            made.extend(rows.map(|row| (part.release_id, row.position)));
        }
    }
    made.sort_unstable();
    Ok(made)
}

/// Rows of a release that were marked, after a position.
pub fn list_retired(
    conn: &mut Conn,
    id: ReleaseId,
    after: i64,
    limit: i64,
) -> AppResult<Vec<ReleaseRow>> {
    let positions: Vec<i64> = release_retired::table
        .filter(release_retired::release_id.eq(id))
        .filter(release_retired::position.gt(after))
        .order(release_retired::position)
        .limit(limit)
        .select(release_retired::position)
        .load(conn)?;
    let mut rows: Vec<ReleaseRow> = Vec::with_capacity(positions.len());
    let mut part: Vec<ReleaseRow> = Vec::new();
    for position in positions {
        if part.last().is_none_or(|last| last.position < position) {
            part = part_of(conn, id, position)?.map_or(Ok(Vec::new()), |part| part.rows())?;
        }
        rows.extend(part.iter().find(|row| row.position == position).cloned());
    }
    Ok(rows)
}
