//! Follows what is published of revisions, and marks the rows of releases whose revision was taken
//! out of use. Safe on several machines: how far it is, is written with the marks.

use super::model::ReleaseId;
use super::queries;
use crate::db::Conn;
use crate::error::AppResult;
use crate::signals::model::RevisionId;
use crate::signals::published::{self, Event, Published};
use std::collections::BTreeMap;

/// The name under which it follows.
const NAME: &str = "release rows";
/// Events looked at in one go.
const BATCH: i64 = 200;

/// Whether something was published that was not looked at.
pub fn is_due(conn: &mut Conn) -> AppResult<bool> {
    Ok(published::followed(conn, NAME)?.0 < published::newest(conn)?)
}

/// Looks at the next events; gives how many there were.
pub fn run(conn: &mut Conn) -> AppResult<usize> {
    let (done, _) = published::followed(conn, NAME)?;
    let events = published::between(conn, done, done + BATCH)?;
    let Some(last) = events.last() else { return Ok(0) };
    for (release, positions) in rows_of(conn, &events)? {
        for positions in positions.chunks(1_000) {
            queries::mark_retired(conn, release, positions)?;
        }
    }
    published::follow(conn, NAME, (last.sequence, last.sequence))?;
    Ok(events.len())
}

/// The rows, by release, of revisions that were taken out of use after a number.
pub(super) fn retired_after(
    conn: &mut Conn,
    mut number: i64,
) -> AppResult<BTreeMap<ReleaseId, Vec<i64>>> {
    let mut rows: BTreeMap<ReleaseId, Vec<i64>> = BTreeMap::new();
    loop {
        let events = published::between(conn, number, number + BATCH)?;
        let Some(last) = events.last() else { return Ok(rows) };
        number = last.sequence;
        for (release, positions) in rows_of(conn, &events)? {
            rows.entry(release).or_default().extend(positions);
        }
    }
}

/// The rows of revisions that these events took out of use.
fn rows_of(conn: &mut Conn, events: &[Published]) -> AppResult<BTreeMap<ReleaseId, Vec<i64>>> {
    let retired = events.iter().filter(|each| each.event == Event::Retired);
    let retired: Vec<RevisionId> = retired.map(|each| each.revision_id).collect();
    let mut rows: BTreeMap<ReleaseId, Vec<i64>> = BTreeMap::new();
    if !retired.is_empty() {
        for (release, position) in queries::rows_made_of(conn, &retired)? {
            rows.entry(release).or_default().push(position);
        }
    }
    Ok(rows)
}
