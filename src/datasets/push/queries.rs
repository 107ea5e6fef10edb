//! Pushes, and who is at them.

use super::model::{Push, PushState};
use crate::datasets::model::{LeaseId, Release, ReleaseId, State};
use crate::db::{Conn, Instant, Json};
use crate::schema::{datasets, pushes, releases};
use diesel::prelude::*;

/// The push of a release.
pub fn find(conn: &mut Conn, release: ReleaseId) -> QueryResult<Option<Push>> {
    pushes::table.find(release).first(conn).optional()
}

/// The push that has waited longest, among those that nobody is at.
pub fn next(conn: &mut Conn, now: Instant) -> QueryResult<Option<Push>> {
    pushes::table
        .filter(pushes::state.eq(PushState::Waiting))
        .filter(pushes::next_try_at.le(now))
        .filter(pushes::leased_until.is_null().or(pushes::leased_until.le(Some(now))))
        .order(pushes::next_try_at)
        .first(conn)
        .optional()
}

/// Writes a push, in place of one that is there.
pub fn put(conn: &mut Conn, push: &Push) -> QueryResult<()> {
    let changed = diesel::update(pushes::table.find(push.release_id)).set(push).execute(conn)?;
    if changed == 0 {
        diesel::insert_into(pushes::table).values(push).execute(conn)?;
    }
    Ok(())
}

/// The push, where this lease holds it.
pub fn held(conn: &mut Conn, (release, lease): (ReleaseId, LeaseId)) -> QueryResult<Option<Push>> {
    pushes::table
        .find(release)
        .filter(pushes::lease_id.eq(Some(lease)))
        .filter(pushes::state.eq(PushState::Waiting))
        .first(conn)
        .optional()
}

/// Prolongs the lease and notes how far it is. False where somebody else has it, nobody should push
/// it any more, or its release is no longer one that can be fetched.
pub fn renew(
    conn: &mut Conn,
    (release, lease): (ReleaseId, LeaseId),
    until: Instant,
    (done, total): (i64, i64),
) -> QueryResult<bool> {
    let state: State = releases::table.find(release).select(releases::state).first(conn)?;
    if state != State::Ready {
        return Ok(false);
    }
    let rows = diesel::update(pushes::table.find(release))
        .filter(pushes::lease_id.eq(Some(lease)))
        .filter(pushes::state.eq(PushState::Waiting))
        .set((pushes::leased_until.eq(Some(until)), pushes::done.eq(done), pushes::total.eq(total)))
        .execute(conn)?;
    Ok(rows == 1)
}

/// Notes the file that is put in parts, or that there is none; as `renew`, only by who holds it.
pub fn note_upload(
    conn: &mut Conn,
    (release, lease): (ReleaseId, LeaseId),
    upload: Option<Json>,
) -> QueryResult<bool> {
    let rows = diesel::update(pushes::table.find(release))
        .filter(pushes::lease_id.eq(Some(lease)))
        .filter(pushes::state.eq(PushState::Waiting))
        .set(pushes::upload.eq(upload))
        .execute(conn)?;
    Ok(rows == 1)
}

/// A release with the name of its dataset; it must exist.
pub fn release(conn: &mut Conn, id: ReleaseId) -> QueryResult<(String, Release)> {
    releases::table
        .inner_join(datasets::table)
        .filter(releases::id.eq(id))
        .select((datasets::name, releases::all_columns))
        .first(conn)
}
