//! The chain of seals. A seal's hash covers its number, every event in it, and the seal before, so
//! that an event which was changed, added or taken out breaks the chain from there on. Whoever can
//! write to the database could make the whole chain anew; a head noted elsewhere tells.

use super::queries;
use super::{AuditEventId, Event};
use crate::clock;
use crate::db::{Conn, Hash, Instant};
use crate::error::{AppError, AppResult};
use crate::schema::{audit_events, audit_seals};
use diesel::prelude::*;
use sha2::{Digest, Sha256};

/// How many events one seal covers at most.
const BATCH: i64 = 500;
/// How many seals are read at a time.
const PAGE: i64 = 200;

/// A seal.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = audit_seals)]
pub(super) struct Seal {
    pub(super) number: i64,
    pub(super) events: i64,
    pub(super) hash: Hash,
    pub(super) sealed_at: Instant,
}

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last seal; 0 where there is none.
    pub number: i64,
    pub hash: Hash,
    /// How many events all seals cover.
    pub events: i64,
    /// How many wait for the next seal.
    pub open: i64,
}

impl Head {
    /// As people note it down: number and hash.
    pub fn short(&self) -> String {
        format!("{}:{:?}", self.number, self.hash)
    }
}

/// Where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The seal.
    pub number: i64,
    /// What is wrong with it.
    pub why: String,
}

/// Seals what is open, a batch at most, and says how many events that were. Of two machines that do
/// it at once one is told that the number is taken, and looks again.
pub fn seal(conn: &mut Conn) -> AppResult<usize> {
    let events: Vec<Event> = queries::list_open(conn, BATCH)?;
    if events.is_empty() {
        return Ok(0);
    }
    let last = queries::last_seal(conn)?;
    let (number, before) = last.map_or((1, start()), |seal| (seal.number + 1, seal.hash));
    let hash = hash_of(number, before, &events)?;
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let seal = Seal { number, events: count, hash, sealed_at: clock::now() };
    diesel::insert_into(audit_seals::table).values(&seal).execute(conn)?;
    let ids: Vec<AuditEventId> = events.iter().map(|event| event.id).collect();
    diesel::update(audit_events::table.filter(audit_events::id.eq_any(ids)))
        .set(audit_events::seal.eq(Some(number)))
        .execute(conn)?;
    tracing::info!(seal = number, events = count, hash = ?hash, "sealed a part of the audit log");
    Ok(events.len())
}

/// Follows the whole chain and looks at every event; takes as long as the log is.
pub fn verify(conn: &mut Conn) -> AppResult<Result<Head, Broken>> {
    let mut head = Head { number: 0, hash: start(), events: 0, open: queries::count_open(conn)? };
    loop {
        let seals = queries::seals_after(conn, head.number, PAGE)?;
        if seals.is_empty() {
            break;
        }
        for seal in seals {
            let broken = |why: String| Ok(Err(Broken { number: seal.number, why }));
            if seal.number != head.number + 1 {
                return broken(format!("seal {} is missing", head.number + 1));
            }
            let events = queries::sealed_by(conn, seal.number)?;
            let found = i64::try_from(events.len()).unwrap_or(i64::MAX);
            if found != seal.events {
                return broken(format!("it covers {} events, {found} are there", seal.events));
            }
            if hash_of(seal.number, head.hash, &events)? != seal.hash {
                return broken("an event in it, or the chain before it, was changed".into());
            }
            if let Some(id) = queries::wrong_origin(conn, seal.number)? {
                return broken(format!("the origin of event {id} was changed"));
            }
            head = Head {
                number: seal.number,
                hash: seal.hash,
                events: head.events + found,
                open: head.open,
            };
        }
    }
    let sealed = queries::count_sealed(conn)?;
    if sealed != head.events {
        let (number, covered) = (head.number, head.events);
        let why = format!("{sealed} events say that they are sealed, the seals cover {covered}");
        return Ok(Err(Broken { number, why }));
    }
    Ok(Ok(head))
}

/// What the first seal follows.
fn start() -> Hash {
    Hash::of(&[b"audit chain"])
}

fn hash_of(number: i64, before: Hash, events: &[Event]) -> AppResult<Hash> {
    let mut sha = Sha256::new();
    sha.update(before.0);
    sha.update(number.to_be_bytes());
    for event in events {
        sha.update(event_hash(event)?.0);
    }
    Ok(Hash(sha.finalize().into()))
}

/// The detail as RFC 8785 has it, for `jsonb` keeps no order of keys.
fn event_hash(event: &Event) -> AppResult<Hash> {
    let detail = serde_json_canonicalizer::to_vec(&event.detail.0).map_err(AppError::internal)?;
    let actor = event.actor_id.map(|id| id.0.into_bytes().to_vec()).unwrap_or_default();
    let origin = event.origin_hash.map(|hash| hash.0.to_vec()).unwrap_or_default();
    Ok(Hash::of(&[
        event.id.0.as_bytes(),
        event.actor_kind.as_str().as_bytes(),
        &actor,
        event.action.as_bytes(),
        event.subject.as_bytes(),
        &detail,
        &event.created_at.as_micros().to_be_bytes(),
        &origin,
    ]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::audit::{ActorId, ActorKind};
    use crate::db::Json;

    fn event() -> Event {
        Event {
            id: AuditEventId::new(),
            actor_kind: ActorKind::Person,
            actor_id: Some(ActorId(uuid::Uuid::now_v7())),
            action: "agent.set".into(),
            subject: "agent:a".into(),
            detail: Json(serde_json::json!({"b": 1, "a": [true]})),
            created_at: clock::now(),
            origin_hash: None,
            seal: None,
        }
    }

    #[test]
    fn every_part_of_an_event_is_in_the_hash_and_the_order_of_keys_is_not() {
        let one = event();
        let hash = |event: &Event| event_hash(event).unwrap();
        let same = Event { detail: Json(serde_json::json!({"a": [true], "b": 1})), ..one.clone() };
        assert_eq!(hash(&one), hash(&same));
        let other = event();
        let origin_hash = Some(Hash::of(&[b"x"]));
        for changed in [
            Event { id: other.id, ..one.clone() },
            Event { actor_kind: ActorKind::Key, ..one.clone() },
            Event { actor_id: other.actor_id, ..one.clone() },
            Event { actor_id: None, ..one.clone() },
            Event { action: "agent.sets".into(), ..one.clone() },
            Event { subject: "agent:b".into(), ..one.clone() },
            Event { detail: Json(serde_json::json!({"b": 2, "a": [true]})), ..one.clone() },
            Event { created_at: one.created_at.plus_minutes(1), ..one.clone() },
            Event { origin_hash, ..one.clone() },
        ] {
            assert_ne!(hash(&one), hash(&changed), "{changed:?}");
        }
        assert_ne!(
            hash_of(2, start(), std::slice::from_ref(&one)).unwrap(),
            hash_of(1, start(), std::slice::from_ref(&one)).unwrap()
        );
    }
}
