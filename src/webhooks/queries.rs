//! Every query on webhooks and their calls.

use super::model::{Call, CallId, Webhook, WebhookId};
use crate::db::{Conn, Either, Instant};
use crate::schema::{webhook_calls, webhooks};
use diesel::prelude::*;

/// Those who are told, oldest first. There are few.
pub fn list(conn: &mut Conn) -> QueryResult<Vec<Webhook>> {
    webhooks::table
        .filter(webhooks::ended_at.is_null())
        .order(webhooks::id)
        .limit(super::actions::MOST)
        .select((webhooks::id, webhooks::url, webhooks::secret))
        .load(conn)
}

/// One who is told.
pub fn find(conn: &mut Conn, id: WebhookId) -> QueryResult<Option<Webhook>> {
    webhooks::table
        .find(id)
        .filter(webhooks::ended_at.is_null())
        .select((webhooks::id, webhooks::url, webhooks::secret))
        .first(conn)
        .optional()
}

/// The newest calls of one.
pub fn newest_calls(conn: &mut Conn, id: WebhookId, limit: i64) -> QueryResult<Vec<Call>> {
    webhook_calls::table
        .filter(webhook_calls::webhook_id.eq(id))
        .order(webhook_calls::id.desc())
        .limit(limit)
        .load(conn)
}

/// Whether a call should leave.
pub fn is_due(conn: &mut Conn, now: Instant, tries: i64) -> QueryResult<bool> {
    let any: Option<CallId> = due(now, tries).select(webhook_calls::id).first(conn).optional()?;
    Ok(any.is_some())
}

#[diesel::dsl::auto_type(no_type_alias)]
fn due(now: Instant, tries: i64) -> _ {
    webhook_calls::table
        .filter(webhook_calls::delivered_at.is_null())
        .filter(webhook_calls::next_try_at.le(now))
        .filter(webhook_calls::tries.lt(tries))
        .filter(webhook_calls::leased_until.is_null().or(webhook_calls::leased_until.lt(now)))
}

/// Takes the next calls that are due, for one sender until `until`.
pub fn lease(
    conn: &mut Conn,
    (now, until): (Instant, Instant),
    tries: i64,
    limit: i64,
) -> QueryResult<Vec<Call>> {
    let next = due(now, tries)
        .order(webhook_calls::next_try_at)
        .limit(limit)
        .select(webhook_calls::all_columns);
    let calls: Vec<Call> = match conn.either() {
        Either::Postgres(c) => next.for_update().skip_locked().load(c)?,
        Either::Sqlite(c) => next.load(c)?,
    };
    let ids: Vec<CallId> = calls.iter().map(|call| call.id).collect();
    diesel::update(webhook_calls::table.filter(webhook_calls::id.eq_any(ids)))
        .set((
            webhook_calls::leased_until.eq(Some(until)),
            webhook_calls::tries.eq(webhook_calls::tries + 1),
        ))
        .execute(conn)?;
    Ok(calls)
}

/// It arrived.
pub fn delivered(conn: &mut Conn, id: CallId, now: Instant) -> QueryResult<()> {
    diesel::update(webhook_calls::table.find(id))
        .set((
            webhook_calls::delivered_at.eq(Some(now)),
            webhook_calls::leased_until.eq(None::<Instant>),
            webhook_calls::last_error.eq(None::<String>),
        ))
        .execute(conn)?;
    Ok(())
}

/// It did not arrive, and is tried again at `next`.
pub fn failed(conn: &mut Conn, id: CallId, why: &str, next: Instant) -> QueryResult<()> {
    diesel::update(webhook_calls::table.find(id))
        .set((
            webhook_calls::next_try_at.eq(next),
            webhook_calls::leased_until.eq(None::<Instant>),
            webhook_calls::last_error.eq(Some(why)),
        ))
        .execute(conn)?;
    Ok(())
}
