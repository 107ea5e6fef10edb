//! What changes a push, each inside one write.

use super::model::{Push, PushState};
use super::queries;
use crate::audit::{self, Actor};
use crate::clock;
use crate::datasets::actions::{lease_end, subject};
use crate::datasets::deliver;
use crate::datasets::model::{LeaseId, Release, ReleaseId};
use crate::db::{Conn, Instant};
use crate::error::{AppError, AppResult};
use serde_json::json;

/// How often a push is tried, and how long it waits after the first try; twice as long after each.
const MOST_TRIES: i64 = 8;
const PAUSE_SECONDS: i64 = 10;

/// What is said where there is nowhere to push to.
pub const NO_STORE: &str =
    "No object store is set up: `store.url` says where releases are pushed to.";

/// Asks for the push of a release, also once more: what is at the store already is left there. With
/// a lease, the caller pushes it; otherwise the next worker that is free does, at once.
pub fn ask(
    conn: &mut Conn,
    actor: Actor,
    (name, number): (&str, i64),
    store: &str,
    lease: Option<LeaseId>,
) -> AppResult<(Release, Push)> {
    let found = crate::datasets::queries::find_release(conn, name, number)?;
    let (_, release) = found.ok_or(AppError::NotFound)?;
    deliver::is_ready(&release)?;
    let now = clock::now();
    let before = queries::find(conn, release.id)?;
    if let Some(before) = before.as_ref().filter(|before| before.is_held(now)) {
        return match lease {
            None => Ok((release, before.clone())),
            Some(_) => Err(AppError::Conflict(format!(
                "Release {number} is being pushed by another process just now."
            ))),
        };
    }
    let push = Push {
        lease_id: lease,
        leased_until: lease.map(|_| lease_end(now)),
        upload: before.and_then(|before| before.upload),
        ..Push::new(release.id, Some(store.to_owned()), now)
    };
    queries::put(conn, &push)?;
    let detail = json!({"number": number, "store": store});
    audit::record(conn, actor, "dataset.push", &subject(name), detail)?;
    Ok((release, push))
}

/// A release that is ready waits for its push, as its dataset's question says.
pub fn offer(conn: &mut Conn, release: ReleaseId) -> AppResult<()> {
    Ok(queries::put(conn, &Push::new(release, None, clock::now()))?)
}

/// Takes the push that has waited longest, for one worker on one machine.
pub fn claim(conn: &mut Conn, lease: LeaseId, store: &str) -> AppResult<Option<Push>> {
    let now = clock::now();
    let Some(found) = queries::next(conn, now)? else { return Ok(None) };
    let push = Push {
        store: Some(store.to_owned()),
        lease_id: Some(lease),
        leased_until: Some(lease_end(now)),
        ..found
    };
    queries::put(conn, &push)?;
    Ok(Some(push))
}

/// Ends a lease without an outcome: another worker may go on at once, or, after trouble, in a
/// while. After too many tries the push fails.
pub fn give_back(
    conn: &mut Conn,
    of: (ReleaseId, LeaseId),
    trouble: Option<&str>,
) -> AppResult<()> {
    let Some(push) = queries::held(conn, of)? else { return Ok(()) };
    let tries = push.tries + i64::from(trouble.is_some());
    if let Some(trouble) = trouble.filter(|_| tries >= MOST_TRIES) {
        return fail(conn, of, &format!("{trouble} It was tried {tries} times."));
    }
    let pause = trouble.map_or(0, |_| PAUSE_SECONDS << (tries - 1));
    let free = Push {
        tries,
        next_try_at: Instant::from_micros(clock::now().as_micros() + pause * 1_000_000),
        lease_id: None,
        leased_until: None,
        error: trouble.map(str::to_owned).or(push.error),
        ..push
    };
    Ok(queries::put(conn, &free)?)
}

/// The push can't be done, and says why.
pub fn fail(conn: &mut Conn, of: (ReleaseId, LeaseId), why: &str) -> AppResult<()> {
    let Some(push) = queries::held(conn, of)? else { return Ok(()) };
    ended(conn, Push { error: Some(why.to_owned()), ..push }, PushState::Failed)
}

/// Every file is at the store.
pub fn finish(conn: &mut Conn, of: (ReleaseId, LeaseId), files: i64) -> AppResult<bool> {
    let Some(push) = queries::held(conn, of)? else { return Ok(false) };
    let push = Push { done: files, total: files, upload: None, error: None, ..push };
    ended(conn, push, PushState::Done)?;
    Ok(true)
}

/// Writes down how it ended.
fn ended(conn: &mut Conn, push: Push, state: PushState) -> AppResult<()> {
    let (name, release) = queries::release(conn, push.release_id)?;
    let detail = json!({"number": release.number, "store": push.store, "files": push.done});
    let finished_at = Some(clock::now());
    queries::put(conn, &Push { state, finished_at, lease_id: None, leased_until: None, ..push })?;
    let action = format!("dataset.push.{state}");
    audit::record(conn, Actor::System, &action, &subject(&name), detail)
}

/// Stops a push that is not done; whoever is at it notices. What is at the store stays there.
pub fn cancel(conn: &mut Conn, actor: Actor, name: &str, number: i64) -> AppResult<()> {
    let found = crate::datasets::queries::find_release(conn, name, number)?;
    let (_, release) = found.ok_or(AppError::NotFound)?;
    let push = queries::find(conn, release.id)?;
    let Some(push) = push.filter(|push| push.state == PushState::Waiting) else {
        return Err(AppError::Conflict(format!("Release {number} is not being pushed.")));
    };
    let cancelled = Push {
        state: PushState::Cancelled,
        lease_id: None,
        leased_until: None,
        error: None,
        finished_at: Some(clock::now()),
        ..push
    };
    queries::put(conn, &cancelled)?;
    let detail = json!({"number": number});
    audit::record(conn, actor, "dataset.push.cancelled", &subject(name), detail)
}
