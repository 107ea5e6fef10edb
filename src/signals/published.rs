//! What happens to revisions, in an order that others can follow: it is noted in the transaction in
//! which it happens, and numbered afterwards by one publisher at a time. So whoever has read up to a
//! number has missed nothing before it, which the ids of rows can't promise.

use super::model::RevisionId;
use crate::db::Conn;
use crate::error::AppResult;
use crate::insert_rows;
use crate::schema::{followers, published, unpublished};
use diesel::prelude::*;

crate::text_enum!(
    /// What happened to a revision.
    Event {
        /// It was made.
        Made = "made",
        /// It was taken out of use.
        Retired = "retired",
    }
);

#[derive(Insertable)]
#[diesel(table_name = unpublished)]
struct Noted {
    revision_id: RevisionId,
    event: Event,
}

/// Something that happened, with its number, which leaves no gap.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = published)]
pub struct Published {
    pub sequence: i64,
    pub revision_id: RevisionId,
    pub event: Event,
}

/// Notes what happened to revisions; in the transaction in which it does.
pub(super) fn note(
    conn: &mut Conn,
    revisions: impl IntoIterator<Item = RevisionId>,
    event: Event,
) -> QueryResult<()> {
    let noted = revisions.into_iter().map(|revision_id| Noted { revision_id, event });
    let noted: Vec<Noted> = noted.collect();
    insert_rows!(conn, unpublished::table, noted.iter().collect::<Vec<_>>())
}

/// Whether something waits for its number.
pub fn is_due(conn: &mut Conn) -> QueryResult<bool> {
    let first: Option<RevisionId> =
        unpublished::table.select(unpublished::revision_id).first(conn).optional()?;
    Ok(first.is_some())
}

/// Numbers what waits, at most `limit`, and gives how much it was. Two publishers at once can't both
/// commit: the same number twice is refused, and one of them tries again.
pub fn publish(conn: &mut Conn, limit: i64) -> AppResult<usize> {
    let waiting: Vec<(RevisionId, Event)> = unpublished::table
        .order((unpublished::revision_id, unpublished::event))
        .limit(limit)
        .load(conn)?;
    let last = newest(conn)?;
    let rows = waiting.iter().zip(last + 1..);
    let rows: Vec<Published> = rows
        .map(|((revision_id, event), sequence)| Published {
            sequence,
            revision_id: *revision_id,
            event: *event,
        })
        .collect();
    for event in Event::ALL {
        let of_event = waiting.iter().filter(|(_, its)| its == event);
        let ids: Vec<RevisionId> = of_event.map(|(id, _)| *id).collect();
        diesel::delete(unpublished::table)
            .filter(unpublished::event.eq(*event))
            .filter(unpublished::revision_id.eq_any(ids))
            .execute(conn)?;
    }
    insert_rows!(conn, published::table, rows.iter().collect::<Vec<_>>())?;
    Ok(rows.len())
}

/// The highest number so far; 0 where there is none.
pub fn newest(conn: &mut Conn) -> QueryResult<i64> {
    let last = published::table.order(published::sequence.desc()).select(published::sequence);
    Ok(last.first(conn).optional()?.unwrap_or(0))
}

/// What was published after a number, up to another, in order.
pub fn between(conn: &mut Conn, after: i64, until: i64) -> QueryResult<Vec<Published>> {
    published::table
        .filter(published::sequence.gt(after))
        .filter(published::sequence.le(until))
        .order(published::sequence)
        .load(conn)
}

/// How far somebody is who follows: what is done, and up to where they are at it. Both are 0 for one
/// who begins.
pub fn followed(conn: &mut Conn, name: &str) -> QueryResult<(i64, i64)> {
    let row = followers::table.find(name).select((followers::sequence, followers::until));
    Ok(row.first(conn).optional()?.unwrap_or((0, 0)))
}

/// Notes how far somebody is who follows.
pub fn follow(conn: &mut Conn, name: &str, (done, until): (i64, i64)) -> QueryResult<()> {
    let set = (followers::sequence.eq(done), followers::until.eq(until));
    let changed = diesel::update(followers::table.find(name)).set(set).execute(conn)?;
    if changed == 0 {
        let row =
            (followers::name.eq(name), followers::sequence.eq(done), followers::until.eq(until));
        diesel::insert_into(followers::table).values(row).execute(conn)?;
    }
    Ok(())
}
