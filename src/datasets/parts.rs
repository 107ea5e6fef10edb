//! Rows of releases, some 250 in one row of the database: a release of a million signals is four
//! thousand rows there, with two index entries each. They are in the order of the files: by agent,
//! interaction and feedback. All rows of an interaction are in one part.

use super::model::{ReleaseId, ReleaseRow, Side};
use crate::agents::AgentId;
use crate::error::{AppError, AppResult};
use crate::feedback::FeedbackId;
use crate::interactions::InteractionId;
use crate::schema::release_parts;
use crate::signals::model::{RevisionId, SignalId};
use diesel::prelude::*;
use std::borrow::Cow;
use uuid::Uuid;

/// How many rows a part has at least, unless it is an agent's last.
pub const ROWS: usize = 250;
/// Bytes of the ids of one row: interaction, feedback, signal, revision.
const IDS: usize = 64;

/// Some rows of a release, all of one agent.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, QueryableByName)]
#[diesel(table_name = release_parts)]
pub struct Part {
    pub release_id: ReleaseId,
    /// The position of the first row.
    pub position: i64,
    pub agent_id: AgentId,
    /// The interaction of the last row, which no other part has.
    pub last_id: InteractionId,
    /// 64 bytes a row; zeros where there is no revision.
    pub ids: Vec<u8>,
    /// A list a row, in JSON: side, weight, category, reason.
    pub facts: String,
}

type Facts<'t> = (Option<Side>, i64, Option<Cow<'t, str>>, Option<Cow<'t, str>>);

impl Part {
    /// Packs rows that follow one another; none where there are no rows.
    pub fn pack(
        release_id: ReleaseId,
        agent_id: AgentId,
        rows: &[ReleaseRow],
    ) -> AppResult<Option<Self>> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
        let mut ids = Vec::with_capacity(rows.len() * IDS);
        for row in rows {
            let revision = row.revision_id.map_or(Uuid::nil(), |id| id.0);
            for id in [row.interaction_id.0, row.feedback_id.0, row.signal_id.0, revision] {
                ids.extend_from_slice(id.as_bytes());
            }
        }
        fn fact(row: &ReleaseRow) -> Facts<'_> {
            let (category, reason) = (row.category.as_deref(), row.reason.as_deref());
            (row.side, row.weight, category.map(Cow::Borrowed), reason.map(Cow::Borrowed))
        }
        let facts: Vec<Facts<'_>> = rows.iter().map(fact).collect();
        let facts = serde_json::to_string(&facts).map_err(AppError::internal)?;
        let (position, last_id) = (first.position, last.interaction_id);
        Ok(Some(Self { release_id, position, agent_id, last_id, ids, facts }))
    }

    /// The rows.
    pub fn rows(&self) -> AppResult<Vec<ReleaseRow>> {
        let facts: Vec<Facts<'_>> = serde_json::from_str(&self.facts).map_err(broken)?;
        let (ids, rest) = self.ids.as_chunks::<IDS>();
        if facts.len() != ids.len() || !rest.is_empty() {
            return Err(broken("its ids and facts differ in number"));
        }
        let row = |(place, (ids, facts)): (usize, (&[u8; IDS], Facts<'_>))| {
            let (side, weight, category, reason) = facts;
            let (ids, _) = ids.as_chunks::<16>();
            let id = |at: usize| Uuid::from_bytes(ids[at]);
            ReleaseRow {
                position: self.position + place as i64,
                interaction_id: InteractionId(id(0)),
                feedback_id: FeedbackId(id(1)),
                signal_id: SignalId(id(2)),
                revision_id: Some(id(3)).filter(|id| !id.is_nil()).map(RevisionId),
                side,
                weight,
                category: category.map(Cow::into_owned),
                reason: reason.map(Cow::into_owned),
            }
        };
        Ok(ids.iter().zip(facts).enumerate().map(row).collect())
    }
}

fn broken(why: impl std::fmt::Display) -> AppError {
    AppError::internal(anyhow::anyhow!("a part of a release can't be read: {why}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Said = (u128, Option<u128>, Option<usize>, i64, Option<String>, Option<String>);

    fn row(position: i64, (id, revision, side, weight, category, reason): Said) -> ReleaseRow {
        ReleaseRow {
            position,
            interaction_id: InteractionId(Uuid::from_u128(id)),
            feedback_id: FeedbackId(Uuid::from_u128(id ^ 1)),
            signal_id: SignalId(Uuid::from_u128(id ^ 2)),
            revision_id: revision.map(|id| RevisionId(Uuid::from_u128(id.max(1)))),
            side: side.map(|place| Side::ALL[place % Side::ALL.len()]),
            weight,
            category,
            reason,
        }
    }

    proptest! {
        #[test]
        fn rows_come_out_as_they_were_packed(
            said in proptest::collection::vec(any::<Said>(), 1..20),
            first in 0_i64..1_000_000,
        ) {
            let rows = said.into_iter().enumerate();
            let rows: Vec<_> = rows.map(|(n, said)| row(first + n as i64, said)).collect();
            let (release, agent) = (ReleaseId::new(), AgentId::new());
            let part = Part::pack(release, agent, &rows).unwrap().unwrap();
            prop_assert_eq!(part.last_id, rows.last().unwrap().interaction_id);
            prop_assert_eq!(part.rows().unwrap(), rows);
        }
    }

    #[test]
    fn a_part_that_was_cut_is_not_read() {
        let rows = [row(7, (5, None, Some(0), 1, None, None))];
        let part = Part::pack(ReleaseId::new(), AgentId::new(), &rows).unwrap().unwrap();
        assert!(Part { ids: part.ids[..63].to_vec(), ..part.clone() }.rows().is_err());
        assert!(Part { facts: "[]".into(), ..part }.rows().is_err());
        assert_eq!(Part::pack(ReleaseId::new(), AgentId::new(), &[]).unwrap(), None);
    }
}
