//! Every query on the audit log.

use super::chain::Seal;
use super::{ActorId, AuditEventId, Event, Origin};
use crate::db::{Conn, Instant};
use crate::schema::{audit_events, audit_origins, audit_seals};
use diesel::prelude::*;

/// What a list of events is cut down to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub actor: Option<ActorId>,
    /// The whole action, such as `agent.set`.
    pub action: Option<String>,
    /// The whole subject, such as `agent:billing`.
    pub subject: Option<String>,
    /// When it happened, or later.
    pub since: Option<Instant>,
    /// Before it happened.
    pub until: Option<Instant>,
}

/// Events with their origins where those are still there, newest first, before `before`.
pub fn list_before(
    conn: &mut Conn,
    filter: &Filter,
    before: Option<AuditEventId>,
    limit: i64,
) -> QueryResult<Vec<(Event, Option<Origin>)>> {
    let mut query = audit_events::table
        .left_join(audit_origins::table)
        .select((audit_events::all_columns, audit_origins::all_columns.nullable()))
        .order(audit_events::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(actor) = filter.actor {
        query = query.filter(audit_events::actor_id.eq(actor));
    }
    if let Some(action) = &filter.action {
        query = query.filter(audit_events::action.eq(action));
    }
    if let Some(subject) = &filter.subject {
        query = query.filter(audit_events::subject.eq(subject));
    }
    // An id begins with its time, so that one index serves filter and order.
    if let Some(since) = filter.since {
        query = query.filter(audit_events::id.ge(first_at(since)));
    }
    if let Some(until) = filter.until {
        query = query.filter(audit_events::id.lt(first_at(until)));
    }
    if let Some(before) = before {
        query = query.filter(audit_events::id.lt(before));
    }
    query.load(conn)
}

/// The lowest id that can have been made at this instant or later, to the millisecond.
fn first_at(at: Instant) -> AuditEventId {
    let millis = u64::try_from(at.as_micros() / 1_000).unwrap_or_default();
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6] = 0x70;
    bytes[8] = 0x80;
    AuditEventId(uuid::Uuid::from_bytes(bytes))
}

/// Every action that ever happened: one step of the index for each, however many events there are.
pub fn list_actions(conn: &mut Conn) -> QueryResult<Vec<String>> {
    let (mut found, mut after) = (Vec::new(), String::new());
    // PostgreSQL sorts by the database's collation unless told otherwise; the list is short.
    loop {
        let next: Option<String> = audit_events::table
            .filter(audit_events::action.gt(&after))
            .order(audit_events::action)
            .select(audit_events::action)
            .first(conn)
            .optional()?;
        let Some(next) = next else { return Ok(found) };
        found.push(next.clone());
        after = next;
    }
}

pub(super) fn list_open(conn: &mut Conn, limit: i64) -> QueryResult<Vec<Event>> {
    audit_events::table
        .filter(audit_events::seal.is_null())
        .order(audit_events::id)
        .limit(limit)
        .select(audit_events::all_columns)
        .load(conn)
}

/// Whether anything waits to be sealed.
pub fn has_open(conn: &mut Conn) -> QueryResult<bool> {
    Ok(!list_open(conn, 1)?.is_empty())
}

pub(super) fn count_open(conn: &mut Conn) -> QueryResult<i64> {
    audit_events::table.filter(audit_events::seal.is_null()).count().get_result(conn)
}

pub(super) fn count_sealed(conn: &mut Conn) -> QueryResult<i64> {
    audit_events::table.filter(audit_events::seal.is_not_null()).count().get_result(conn)
}

pub(super) fn last_seal(conn: &mut Conn) -> QueryResult<Option<Seal>> {
    audit_seals::table
        .order(audit_seals::number.desc())
        .select(audit_seals::all_columns)
        .first(conn)
        .optional()
}

pub(super) fn seals_after(conn: &mut Conn, number: i64, limit: i64) -> QueryResult<Vec<Seal>> {
    audit_seals::table
        .filter(audit_seals::number.gt(number))
        .order(audit_seals::number)
        .limit(limit)
        .select(audit_seals::all_columns)
        .load(conn)
}

pub(super) fn sealed_by(conn: &mut Conn, number: i64) -> QueryResult<Vec<Event>> {
    audit_events::table
        .filter(audit_events::seal.eq(number))
        .order(audit_events::id)
        .select(audit_events::all_columns)
        .load(conn)
}

/// The first event under this seal whose origin is not what the event committed to.
pub(super) fn wrong_origin(conn: &mut Conn, seal: i64) -> QueryResult<Option<AuditEventId>> {
    let rows: Vec<(Event, Origin)> = audit_events::table
        .inner_join(audit_origins::table)
        .filter(audit_events::seal.eq(seal))
        .select((audit_events::all_columns, audit_origins::all_columns))
        .load(conn)?;
    let wrong = |(event, origin): &&(Event, Origin)| event.origin_hash != Some(origin.commitment());
    Ok(rows.iter().find(wrong).map(|(event, _)| event.id))
}
