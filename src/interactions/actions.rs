//! Storing interactions: a fixed few statements, however many there are.

use super::model::{Body, Interaction, InteractionId};
use crate::agents::{AgentId, DeploymentId, Environment};
use crate::db::{Conn, Hash, Instant, one_of};
use crate::error::AppResult;
use crate::insert_rows;
use crate::schema::{interaction_bodies, interactions};
use diesel::prelude::*;
use std::collections::HashMap;

/// An interaction to be stored.
pub struct NewInteraction {
    pub row: Interaction,
    pub body: Body,
    /// Whether the sender named the team; if not, any team's row is the same interaction.
    pub names_team: bool,
    /// Whether the sender said when; if not, any time's row is the same interaction.
    pub names_time: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is new.
    Created(InteractionId),
    /// The same key with the same content is there.
    Duplicate(InteractionId),
    /// The same key with other content is there; nothing was changed.
    Conflict(InteractionId),
}

impl Recorded {
    /// The interaction with this key, new or old.
    pub fn id(self) -> InteractionId {
        match self {
            Self::Created(id) | Self::Duplicate(id) | Self::Conflict(id) => id,
        }
    }
}

type Key = (AgentId, Environment, String);

/// What is compared when the key is taken.
struct Stored {
    id: InteractionId,
    content_hash: Hash,
    deployment_id: DeploymentId,
    occurred_at: Instant,
}

/// Stores what is new and says of each what became of it, in order.
pub fn record(conn: &mut Conn, new: &[NewInteraction]) -> AppResult<Vec<Recorded>> {
    let mut stored = stored_with_keys_of(conn, new)?;
    let mut outcomes = Vec::with_capacity(new.len());
    let (mut rows, mut bodies) = (Vec::new(), Vec::new());
    for each in new {
        let key = key(&each.row);
        if let Some(old) = key.as_ref().and_then(|key| stored.get(key)) {
            outcomes.push(compare(each, old));
            continue;
        }
        if let Some(key) = key {
            stored.insert(key, Stored::of(&each.row));
        }
        outcomes.push(Recorded::Created(each.row.id));
        rows.push(&each.row);
        bodies.push(&each.body);
    }
    insert_rows!(conn, interactions::table, rows)?;
    insert_rows!(conn, interaction_bodies::table, bodies)?;
    Ok(outcomes)
}

fn compare(new: &NewInteraction, old: &Stored) -> Recorded {
    let same = new.row.content_hash == old.content_hash
        && (!new.names_team || new.row.deployment_id == old.deployment_id)
        && (!new.names_time || new.row.occurred_at == old.occurred_at);
    if same { Recorded::Duplicate(old.id) } else { Recorded::Conflict(old.id) }
}

impl Stored {
    fn of(row: &Interaction) -> Self {
        Self {
            id: row.id,
            content_hash: row.content_hash,
            deployment_id: row.deployment_id,
            occurred_at: row.occurred_at,
        }
    }
}

fn key(row: &Interaction) -> Option<Key> {
    Some((row.agent_id, row.environment, row.external_id.clone()?))
}

fn stored_with_keys_of(
    conn: &mut Conn,
    new: &[NewInteraction],
) -> QueryResult<HashMap<Key, Stored>> {
    // Few agents and environments, many external ids: one query for each of the few.
    let mut wanted: HashMap<(AgentId, Environment), Vec<String>> = HashMap::new();
    for each in new {
        if let Some(external_id) = &each.row.external_id {
            let key = (each.row.agent_id, each.row.environment);
            wanted.entry(key).or_default().push(external_id.clone());
        }
    }
    let mut stored = HashMap::new();
    for ((agent, environment), external_ids) in wanted {
        let rows: Vec<(Option<String>, InteractionId, Hash, DeploymentId, Instant)> =
            interactions::table
                .filter(interactions::agent_id.eq(agent))
                .filter(interactions::environment.eq(environment))
                .filter(one_of(interactions::external_id, &external_ids))
                .select((
                    interactions::external_id,
                    interactions::id,
                    interactions::content_hash,
                    interactions::deployment_id,
                    interactions::occurred_at,
                ))
                .load(conn)?;
        for (external_id, id, content_hash, deployment_id, occurred_at) in rows {
            if let Some(external_id) = external_id {
                let old = Stored { id, content_hash, deployment_id, occurred_at };
                stored.insert((agent, environment, external_id), old);
            }
        }
    }
    Ok(stored)
}
