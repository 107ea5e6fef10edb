//! What changed between two releases: counted by signal, whatever else the releases are about. Both
//! are read once, side by side, a part at a time.

use crate::agents::AgentId;
use crate::datasets::model::{ReleaseId, ReleaseRow};
use crate::datasets::parts::Part;
use crate::db::Conn;
use crate::error::AppResult;
use crate::interactions::InteractionId;
use crate::schema::{release_agents, release_parts};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Signals that are in one release and not, or otherwise, in another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Differences {
    /// In the newer one only.
    pub added: i64,
    /// In both, by another revision.
    pub changed: i64,
    /// In the older one only, by the reason why they are not in the newer one; `not_asked_for`
    /// where its question does not reach them.
    pub removed: BTreeMap<String, i64>,
}

/// Parts read at a time.
const PARTS: i64 = 20;

/// The rows of one agent in a release, an interaction at a time.
struct Walk {
    release: ReleaseId,
    agent: AgentId,
    /// The interaction of the last row that was read.
    after: Option<InteractionId>,
    rows: VecDeque<ReleaseRow>,
    is_done: bool,
}

impl Walk {
    fn new(release: ReleaseId, agent: AgentId) -> Self {
        Self { release, agent, after: None, rows: VecDeque::new(), is_done: false }
    }

    /// The next interaction.
    fn next(&mut self, conn: &mut Conn) -> AppResult<Option<InteractionId>> {
        if self.rows.is_empty() && !self.is_done {
            self.fill(conn)?;
        }
        Ok(self.rows.front().map(|row| row.interaction_id))
    }

    fn fill(&mut self, conn: &mut Conn) -> AppResult<()> {
        let mut query = release_parts::table
            .filter(release_parts::agent_id.eq(self.agent))
            .filter(release_parts::release_id.eq(self.release))
            .order(release_parts::last_id)
            .limit(PARTS)
            .into_boxed();
        if let Some(after) = self.after {
            query = query.filter(release_parts::last_id.gt(after));
        }
        let parts: Vec<Part> = query.load(conn)?;
        self.is_done = parts.len() < PARTS as usize;
        self.after = parts.last().map(|part| part.last_id).or(self.after);
        for part in &parts {
            self.rows.extend(part.rows()?);
        }
        Ok(())
    }

    /// The rows of an interaction, where it is the next.
    fn take(&mut self, interaction: InteractionId) -> Vec<ReleaseRow> {
        let mut taken = Vec::new();
        while let Some(row) = self.rows.pop_front_if(|row| row.interaction_id == interaction) {
            taken.push(row);
        }
        taken
    }
}

/// Compares two releases. Reads every row of both once.
pub fn differences(conn: &mut Conn, newer: ReleaseId, older: ReleaseId) -> AppResult<Differences> {
    let agents: Vec<AgentId> = release_agents::table
        .filter(release_agents::release_id.eq_any([newer, older]))
        .select(release_agents::agent_id)
        .load(conn)?;
    let mut found = Differences::default();
    for agent in agents.into_iter().collect::<BTreeSet<_>>() {
        let (mut new, mut old) = (Walk::new(newer, agent), Walk::new(older, agent));
        loop {
            let (a, b) = (new.next(conn)?, old.next(conn)?);
            // An interaction that is missing counts as later than any.
            let Some(next) = a.into_iter().chain(b).min() else { break };
            found.see(&new.take(next), &old.take(next));
        }
    }
    Ok(found)
}

impl Differences {
    /// Compares the rows of one interaction.
    fn see(&mut self, new: &[ReleaseRow], old: &[ReleaseRow]) {
        let same = |row: &ReleaseRow, others: &[ReleaseRow]| -> Option<ReleaseRow> {
            others.iter().find(|other| other.signal_id == row.signal_id).cloned()
        };
        for row in new.iter().filter(|row| row.reason.is_none()) {
            match same(row, old).filter(|before| before.reason.is_none()) {
                None => self.added += 1,
                Some(before) => {
                    let is_same = (before.feedback_id, before.revision_id)
                        == (row.feedback_id, row.revision_id);
                    self.changed += i64::from(!is_same);
                }
            }
        }
        for row in old.iter().filter(|row| row.reason.is_none()) {
            let reason = match same(row, new) {
                Some(now) if now.reason.is_none() => continue,
                Some(now) => now.reason.unwrap_or_default(),
                None => "not_asked_for".to_owned(),
            };
            *self.removed.entry(reason).or_default() += 1;
        }
    }
}
