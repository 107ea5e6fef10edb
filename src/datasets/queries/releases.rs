//! Releases, their files, and who builds them.

use crate::datasets::model::{
    Dataset, DatasetId, LeaseId, Release, ReleaseFile, ReleaseId, Stage, State,
};
use crate::db::{Conn, Instant};
use crate::schema::{datasets, people, release_files, releases};
use diesel::prelude::*;

/// A release by its dataset's name and its number.
pub fn find_release(
    conn: &mut Conn,
    name: &str,
    number: i64,
) -> QueryResult<Option<(Dataset, Release)>> {
    datasets::table
        .inner_join(releases::table)
        .filter(datasets::name.eq(name))
        .filter(releases::number.eq(number))
        .select((datasets::all_columns, releases::all_columns))
        .first(conn)
        .optional()
}

/// A release; it must exist.
pub fn release(conn: &mut Conn, id: ReleaseId) -> QueryResult<Release> {
    releases::table.find(id).first(conn)
}

/// The newest releases of a dataset, those before `before` where it is given.
pub fn list_releases(
    conn: &mut Conn,
    dataset: DatasetId,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<Release>> {
    let mut query = releases::table
        .filter(releases::dataset_id.eq(dataset))
        .order(releases::number.desc())
        .limit(limit)
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(releases::number.lt(before));
    }
    query.load(conn)
}

/// The newest release of a dataset before `before` that can be fetched.
pub fn newest_ready(
    conn: &mut Conn,
    dataset: DatasetId,
    before: i64,
) -> QueryResult<Option<Release>> {
    releases::table
        .filter(releases::dataset_id.eq(dataset))
        .filter(releases::state.eq(State::Ready))
        .filter(releases::number.lt(before))
        .order(releases::number.desc())
        .first(conn)
        .optional()
}

/// The files of a release, by name.
pub fn files(conn: &mut Conn, release: ReleaseId) -> QueryResult<Vec<ReleaseFile>> {
    release_files::table
        .filter(release_files::release_id.eq(release))
        .order(release_files::name)
        .load(conn)
}

/// The name of whoever asked for a release.
pub fn asked_by(conn: &mut Conn, release: &Release) -> QueryResult<Option<String>> {
    let Some(person) = release.person_id else { return Ok(None) };
    people::table.find(person).select(people::name).first(conn).optional()
}

/// The release that has waited longest for somebody to build it, among those nobody builds.
pub fn next_to_build(conn: &mut Conn, now: Instant) -> QueryResult<Option<Release>> {
    releases::table
        .filter(releases::state.eq(State::Building))
        .filter(releases::next_try_at.le(now))
        .filter(releases::leased_until.is_null().or(releases::leased_until.le(Some(now))))
        .order(releases::next_try_at)
        .first(conn)
        .optional()
}

/// Takes or prolongs the lease. False where somebody else has it, or nobody should build it.
pub fn renew(
    conn: &mut Conn,
    (id, lease): (ReleaseId, LeaseId),
    until: Instant,
    (stage, done, total): (Stage, i64, i64),
) -> QueryResult<bool> {
    let rows = diesel::update(releases::table.find(id))
        .filter(releases::lease_id.eq(Some(lease)))
        .filter(releases::state.eq(State::Building))
        .set((
            releases::leased_until.eq(Some(until)),
            releases::stage.eq(stage),
            releases::done.eq(done),
            releases::total.eq(total),
        ))
        .execute(conn)?;
    Ok(rows == 1)
}

/// Every release whose files should be there.
pub fn all_ready(conn: &mut Conn) -> QueryResult<Vec<(String, Release)>> {
    releases::table
        .inner_join(datasets::table)
        .filter(releases::state.eq(State::Ready))
        .order((datasets::name, releases::number))
        .select((datasets::name, releases::all_columns))
        .load(conn)
}

/// The name of a dataset; it must exist.
pub fn name_of(conn: &mut Conn, id: DatasetId) -> QueryResult<String> {
    datasets::table.find(id).select(datasets::name).first(conn)
}
