//! What happens to revisions, in an order that others can follow: it is noted in the transaction in
//! which it happens, and numbered afterwards by one publisher at a time. So whoever has read up to
//! a number has missed nothing before it, which the ids of rows can't promise.

use super::model::RevisionId;
use crate::db::Conn;
use crate::error::AppResult;
use crate::insert_rows;
use crate::schema::{followers, published, unpublished};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

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
#[derive(Debug, Clone, Queryable)]
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

/// Takes the next that wait, after the last number.
const NUMBER: &str = "
    INSERT INTO published (sequence, revision_id, event)
    SELECT $1 + row_number() OVER (ORDER BY revision_id, event), revision_id, event
    FROM (SELECT revision_id, event FROM unpublished ORDER BY revision_id, event LIMIT $2) next";
/// Removes what has a number after that one.
const REMOVE: &str = "
    DELETE FROM unpublished WHERE (revision_id, event) IN
    (SELECT revision_id, event FROM published WHERE sequence > $1)";

/// Numbers what waits, at most `limit`, and gives how much it was. Two publishers at once can't
/// both commit: the same number twice is refused, and one of them tries again.
pub fn publish(conn: &mut Conn, limit: i64) -> AppResult<usize> {
    let last = newest(conn)?;
    let number = sql_query(NUMBER).bind::<BigInt, _>(last).bind::<BigInt, _>(limit);
    let count = number.execute(conn)?;
    if count > 0 {
        sql_query(REMOVE).bind::<BigInt, _>(last).execute(conn)?;
    }
    Ok(count)
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

/// How far somebody is who follows: what is done, and up to where they are at it. Both are 0 for
/// one who begins.
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
