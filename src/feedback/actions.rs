//! Storing feedback: a fixed few statements, however much there is.

use super::model::{Feedback, FeedbackId, KnownBy, Verdict};
use super::queries;
use crate::accounts::PersonId;
use crate::db::{Conn, Hash};
use crate::error::AppResult;
use crate::insert_rows;
use crate::interactions::InteractionId;
use crate::schema::feedback;
use diesel::prelude::*;
use std::collections::{HashMap, HashSet};

/// What became of one feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is new, and may have taken the place of the author's earlier one: of the one that was
    /// stored before this call, even where others of this call came in between.
    Created { id: FeedbackId, supersedes: Option<FeedbackId> },
    /// It was sent before.
    Duplicate(FeedbackId),
}

/// What was stored, and what else is known of the interactions it is about.
pub struct Outcome {
    /// Of each, in order.
    pub recorded: Vec<Recorded>,
    /// Of what was stored here, what is superseded already by a later one stored here.
    pub superseded_at_once: HashSet<FeedbackId>,
    /// Interactions that somebody overrode and nobody took back. An audit overrides nothing.
    pub overridden: HashSet<InteractionId>,
    /// Interactions that somebody confirmed before, whether or not they took it back.
    pub confirmed: HashSet<InteractionId>,
}

/// Stores what is new. The order of `new` is the order in which authors changed their minds.
pub fn record(conn: &mut Conn, new: &[Feedback]) -> AppResult<Outcome> {
    let ids: HashSet<InteractionId> = new.iter().map(|f| f.interaction_id).collect();
    let ids: Vec<InteractionId> = ids.into_iter().collect();
    let (mut seen, mut confirmed) = (Seen::default(), HashSet::new());
    for earlier in queries::earlier(conn, &ids)? {
        if earlier.verdict == Verdict::Confirmed {
            confirmed.insert(earlier.interaction_id);
        }
        seen.by_key.insert((earlier.interaction_id, earlier.dedup_key), earlier.id);
        if earlier.superseded_by.is_none() {
            seen.current.entry(earlier.interaction_id).or_default().push(Current {
                id: earlier.id,
                author_id: earlier.author_id,
                known_by: earlier.known_by,
                verdict: earlier.verdict,
                is_audit: earlier.is_audit,
            });
        }
    }
    let stored_before: HashSet<FeedbackId> =
        seen.current.values().flatten().map(|c| c.id).collect();
    let mut recorded = Vec::with_capacity(new.len());
    let mut rows: Vec<Feedback> = Vec::new();
    let mut replaced: HashMap<FeedbackId, FeedbackId> = HashMap::new();
    let mut origins: HashMap<FeedbackId, FeedbackId> = HashMap::new();
    for each in new {
        let key = (each.interaction_id, each.dedup_key);
        if let Some(id) = seen.by_key.get(&key) {
            recorded.push(Recorded::Duplicate(*id));
            continue;
        }
        seen.by_key.insert(key, each.id);
        let supersedes = seen.take_place_of(each);
        for old in &supersedes {
            replaced.insert(*old, each.id);
        }
        let origin = supersedes.iter().rev().find_map(|old| match stored_before.get(old) {
            Some(old) => Some(*old),
            None => origins.get(old).copied(),
        });
        origins.extend(origin.map(|origin| (each.id, origin)));
        recorded.push(Recorded::Created { id: each.id, supersedes: origin });
        rows.push(each.clone());
    }
    // Superseded within this call: known before the row is written.
    for row in &mut rows {
        row.superseded_by = replaced.get(&row.id).copied();
    }
    // The later first: an earlier one points to what took its place.
    if !replaced.is_empty() {
        rows.reverse();
    }
    insert_rows!(conn, feedback::table, rows.iter().collect::<Vec<_>>())?;
    for (old, new) in replaced.iter().filter(|(old, _)| stored_before.contains(old)) {
        diesel::update(feedback::table.find(old))
            .set(feedback::superseded_by.eq(Some(*new)))
            .execute(conn)?;
    }
    Ok(Outcome {
        recorded,
        superseded_at_once: replaced.into_keys().filter(|id| !stored_before.contains(id)).collect(),
        overridden: seen
            .current
            .iter()
            .filter(|(_, all)| all.iter().any(Current::overrides))
            .map(|(interaction, _)| *interaction)
            .collect(),
        confirmed,
    })
}

#[derive(Default)]
struct Seen {
    by_key: HashMap<(InteractionId, Hash), FeedbackId>,
    current: HashMap<InteractionId, Vec<Current>>,
}

struct Current {
    id: FeedbackId,
    author_id: Option<PersonId>,
    known_by: KnownBy,
    verdict: Verdict,
    is_audit: bool,
}

impl Current {
    fn overrides(&self) -> bool {
        self.verdict != Verdict::Confirmed && !self.is_audit
    }
}

impl Seen {
    /// Notes `new` as current and gives what it supersedes: the same author's earlier feedback on
    /// the same interaction. What was sent under somebody's name never supersedes what they sent
    /// themselves while signed in. An interaction is audited once, so the newest audit supersedes,
    /// whoever's it was; but never what somebody said as one who uses the agent, nor the reverse:
    /// a flag is not taken back by an audit.
    fn take_place_of(&mut self, new: &Feedback) -> Vec<FeedbackId> {
        let mut taken = Vec::new();
        let current = self.current.entry(new.interaction_id).or_default();
        current.retain(|old| {
            let same = match (new.is_audit, old.is_audit) {
                (true, true) => true,
                (false, false) => {
                    new.author_id.is_some()
                        && old.author_id == new.author_id
                        && (new.known_by == KnownBy::Session || old.known_by != KnownBy::Session)
                }
                _ => false,
            };
            if same {
                taken.push(old.id);
            }
            !same
        });
        current.push(Current {
            id: new.id,
            author_id: new.author_id,
            known_by: new.known_by,
            verdict: new.verdict,
            is_audit: new.is_audit,
        });
        taken
    }
}
