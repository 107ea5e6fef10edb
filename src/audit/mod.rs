//! Who changed what, when and from where: one append-only row a change, written in its
//! transaction. Nothing erasable and no secret goes in: ids, names of settings and counts, not
//! texts. What could have to be erased stands beside the row, and the row holds a salted hash.

mod chain;
pub mod queries;

pub use chain::{Broken, Head, seal, verify};

use crate::clock;
use crate::db::{self, Conn, Hash, Instant, Json};
use crate::error::{AppError, AppResult};
use crate::schema::{audit_events, audit_origins};
use diesel::prelude::*;

crate::id_type!(
    /// The id of an audit event.
    AuditEventId
);

crate::id_type!(
    /// The id of whoever did it: of a person or of a key.
    ActorId
);

crate::text_enum!(
    /// The kinds of those who do something.
    ActorKind {
        /// A person who was signed in.
        Person = "person",
        /// A program with an API key.
        Key = "key",
        /// Someone at the machine, with the command line.
        CommandLine = "command_line",
        /// The installation by itself.
        System = "system",
    }
);

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

impl Actor {
    /// The kind, and the id where there is one.
    fn parts(self) -> (ActorKind, Option<ActorId>) {
        match self {
            Self::Person(id) => (ActorKind::Person, Some(ActorId(id))),
            Self::Key(id) => (ActorKind::Key, Some(ActorId(id))),
            Self::CommandLine => (ActorKind::CommandLine, None),
            Self::System => (ActorKind::System, None),
        }
    }
}

/// A row of the log.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
pub struct Event {
    pub id: AuditEventId,
    pub actor_kind: ActorKind,
    pub actor_id: Option<ActorId>,
    /// A thing and what was done to it, such as `agent.set`.
    pub action: String,
    /// On what, such as `agent:billing`.
    pub subject: String,
    pub detail: Json,
    pub created_at: Instant,
    /// What the origin in `audit_origins` hashes to; none where it came from no request.
    pub origin_hash: Option<Hash>,
    /// The number of the seal that covers it; none until the job comes by.
    pub seal: Option<i64>,
}

/// From where an event came: what its `origin_hash` stands for.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = audit_origins)]
pub struct Origin {
    pub event_id: AuditEventId,
    /// Random, so that nobody finds the address by trying all.
    pub salt: Vec<u8>,
    pub address: String,
}

impl Origin {
    fn of(event_id: AuditEventId, origin: db::origin::Origin) -> AppResult<Self> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|e| AppError::internal(anyhow::anyhow!("{e}")))?;
        Ok(Self { event_id, salt: salt.to_vec(), address: origin.address.to_string() })
    }

    /// What the event keeps of it.
    pub fn commitment(&self) -> Hash {
        Hash::of(&[b"audit origin", &self.salt, self.address.as_bytes()])
    }
}

/// Records that `actor` did `action` (such as `agent.set`) to `subject` (such as `agent:billing`).
pub fn record(
    conn: &mut Conn,
    actor: Actor,
    action: &str,
    subject: &str,
    detail: serde_json::Value,
) -> AppResult<()> {
    let id = AuditEventId::new();
    let origin = db::origin::current().map(|origin| Origin::of(id, origin)).transpose()?;
    let (actor_kind, actor_id) = actor.parts();
    let event = Event {
        id,
        actor_kind,
        actor_id,
        action: action.into(),
        subject: subject.into(),
        detail: Json(detail),
        created_at: clock::now(),
        origin_hash: origin.as_ref().map(Origin::commitment),
        seal: None,
    };
    diesel::insert_into(audit_events::table).values(&event).execute(conn)?;
    if let Some(origin) = origin {
        diesel::insert_into(audit_origins::table).values(&origin).execute(conn)?;
    }
    Ok(())
}
