//! Who changed what, and when: one append-only row a change, written in its transaction.
//! Nothing erasable and no secret goes in: ids, names of settings and counts, not texts.

use crate::clock;
use crate::db::{Conn, Json};
use crate::error::AppResult;
use crate::schema::audit_events;
use diesel::prelude::*;

crate::id_type!(
    /// The id of an audit event.
    AuditEventId
);

/// Who did it.
#[derive(Debug, Clone, Copy)]
pub enum Actor {
    /// A person who was signed in.
    Person(uuid::Uuid),
    /// A program with an API key.
    Key(uuid::Uuid),
    /// Someone at the machine, with the command line.
    CommandLine,
    /// The installation by itself.
    System,
}

#[derive(Insertable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
struct NewEvent {
    id: AuditEventId,
    actor_kind: &'static str,
    actor_id: Option<AuditEventId>,
    action: String,
    subject: String,
    detail: Json,
    created_at: crate::db::Instant,
}

/// Records that `actor` did `action` (such as `agent.set`) to `subject` (such as `agent:billing`).
pub fn record(
    conn: &mut Conn,
    actor: Actor,
    action: &str,
    subject: &str,
    detail: serde_json::Value,
) -> AppResult<()> {
    let (actor_kind, actor_id) = match actor {
        Actor::Person(id) => ("person", Some(AuditEventId(id))),
        Actor::Key(id) => ("key", Some(AuditEventId(id))),
        Actor::CommandLine => ("command_line", None),
        Actor::System => ("system", None),
    };
    let event = NewEvent {
        id: AuditEventId::new(),
        actor_kind,
        actor_id,
        action: action.into(),
        subject: subject.into(),
        detail: Json(detail),
        created_at: clock::now(),
    };
    diesel::insert_into(audit_events::table).values(event).execute(conn)?;
    Ok(())
}
