//! The rows of releases, a part at a time: what is in, what was left out, and what files are made
//! of.

use crate::accounts::PersonId;
use crate::agents::{AgentId, Environment};
use crate::datasets::model::{ReleaseId, ReleaseRow};
use crate::datasets::parts::Part;
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::exports::queries::{Example, right_as_said};
use crate::feedback::model::Severity;
use crate::feedback::{FeedbackId, Verdict};
use crate::interactions::{InteractionId, JsonText};
use crate::on_backend;
use crate::schema::{
    agent_versions, feedback, interaction_bodies, interactions, release_agents, release_left,
    release_parts, release_retired, signal_revisions,
};
use crate::signals::model::RevisionId;
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Stores parts, and how many rows of each were left out, by reason.
pub fn insert_parts(conn: &mut Conn, parts: &[Part], left: &[Left]) -> QueryResult<()> {
    crate::insert_rows!(conn, release_parts::table, parts.iter().collect::<Vec<_>>())?;
    crate::insert_rows!(conn, release_left::table, left.iter().collect::<Vec<_>>())
}

/// Rows of a part that were left out for one reason.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = release_left)]
pub struct Left {
    pub release_id: ReleaseId,
    pub reason: String,
    /// The part's.
    pub position: i64,
    pub row_count: i64,
}

/// Says that a release is about these agents.
pub fn insert_agents(conn: &mut Conn, id: ReleaseId, agents: &[AgentId]) -> QueryResult<()> {
    let row =
        |agent: &AgentId| (release_agents::agent_id.eq(*agent), release_agents::release_id.eq(id));
    let rows: Vec<_> = agents.iter().map(row).collect();
    on_backend!(conn, |c| diesel::insert_into(release_agents::table).values(&rows).execute(c))?;
    Ok(())
}

/// Removes parts of a release that is begun anew, at most `limit`; gives how many there were.
pub fn delete_parts(conn: &mut Conn, id: ReleaseId, limit: i64) -> QueryResult<usize> {
    let first: Vec<i64> = release_parts::table
        .filter(release_parts::release_id.eq(id))
        .order(release_parts::position)
        .limit(limit)
        .select(release_parts::position)
        .load(conn)?;
    let Some(last) = first.last() else { return Ok(0) };
    diesel::delete(release_retired::table)
        .filter(release_retired::release_id.eq(id))
        .execute(conn)?;
    diesel::delete(release_left::table)
        .filter(release_left::release_id.eq(id))
        .filter(release_left::position.le(*last))
        .execute(conn)?;
    diesel::delete(release_parts::table)
        .filter(release_parts::release_id.eq(id))
        .filter(release_parts::position.le(*last))
        .execute(conn)
}

/// The parts of a release after the one at a position.
pub fn list_parts(
    conn: &mut Conn,
    id: ReleaseId,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<Part>> {
    release_parts::table
        .filter(release_parts::release_id.eq(id))
        .filter(release_parts::position.gt(after))
        .order(release_parts::position)
        .limit(limit)
        .load(conn)
}

/// Rows that were left out for a reason, after a position. Reads no part that has none of them.
pub fn list_left(
    conn: &mut Conn,
    id: ReleaseId,
    reason: &str,
    after: i64,
    limit: usize,
) -> AppResult<Vec<ReleaseRow>> {
    let begun: Option<i64> = release_parts::table
        .filter(release_parts::release_id.eq(id))
        .filter(release_parts::position.le(after.max(0)))
        .select(diesel::dsl::max(release_parts::position))
        .first(conn)?;
    let mut rows = Vec::new();
    let mut next = begun.unwrap_or(0);
    while rows.len() < limit {
        let parts: Vec<Part> = release_left::table
            .inner_join(
                release_parts::table.on(release_parts::release_id
                    .eq(release_left::release_id)
                    .and(release_parts::position.eq(release_left::position))),
            )
            .filter(release_left::release_id.eq(id))
            .filter(release_left::reason.eq(reason))
            .filter(release_left::position.ge(next))
            .order(release_left::position)
            .limit(20)
            .select(release_parts::all_columns)
            .load(conn)?;
        let Some(last) = parts.last() else { break };
        next = last.position + 1;
        for part in &parts {
            let left = part.rows()?.into_iter();
            let left =
                left.filter(|row| row.position > after && row.reason.as_deref() == Some(reason));
            rows.extend(left);
        }
    }
    rows.truncate(limit);
    Ok(rows)
}

/// What the records of a row are made of.
pub struct Texts {
    pub occurred_at: Instant,
    pub author: Option<PersonId>,
    pub example: Example,
}

type Said = (FeedbackId, Verdict, Option<JsonText>, Severity, Option<PersonId>);
type About = (Environment, Instant, String);
/// What was sent: of which interaction, input, tools and output.
pub(super) type Sent = (InteractionId, Option<JsonText>, Option<JsonText>, Option<JsonText>);
type Revised =
    (RevisionId, Verdict, JsonText, Option<JsonText>, Option<JsonText>, Option<JsonText>, String);

/// The texts of these rows, in their order; none where the text was erased.
pub fn texts(conn: &mut Conn, rows: &[&ReleaseRow]) -> QueryResult<Vec<Option<Texts>>> {
    let mut said = said(conn, rows)?;
    let mut revised = revised(conn, rows)?;
    let undecided = rows.iter().filter(|row| row.revision_id.is_none());
    let sent = sent(conn, undecided.map(|row| row.interaction_id).collect())?;
    let texts = |row: &&ReleaseRow| {
        let ((_, verdict, correction, severity, author), about) = said.remove(&row.feedback_id)?;
        let (environment, occurred_at, version) = about;
        let (verdict, prompt, tools, output, label, version) = match row.revision_id {
            Some(id) => {
                let (_, verdict, prompt, tools, output, label, version) = revised.remove(&id)?;
                (verdict, prompt, tools, output, label, version)
            }
            None => {
                let (_, input, tools, output) = sent.get(&row.interaction_id)?.clone();
                let label = right_as_said(verdict, &output, correction);
                (verdict, input?, tools, output, label, version)
            }
        };
        let (signal_id, at) = (row.signal_id, (row.interaction_id, row.feedback_id));
        let category = row.category.clone();
        let example = Example {
            signal_id,
            at,
            verdict,
            category,
            severity,
            environment,
            version,
            prompt,
            tools,
            output,
            label,
        };
        Some(Texts { occurred_at, author, example })
    };
    Ok(rows.iter().map(texts).collect())
}

fn said(conn: &mut Conn, rows: &[&ReleaseRow]) -> QueryResult<HashMap<FeedbackId, (Said, About)>> {
    let ids: Vec<FeedbackId> = rows.iter().map(|row| row.feedback_id).collect();
    let found: Vec<(Said, About)> = feedback::table
        .inner_join(interactions::table.inner_join(agent_versions::table))
        .filter(feedback::id.eq_any(ids))
        .select((
            (
                feedback::id,
                feedback::verdict,
                feedback::correction,
                feedback::severity,
                feedback::author_id,
            ),
            (interactions::environment, interactions::occurred_at, agent_versions::name),
        ))
        .load(conn)?;
    Ok(found.into_iter().map(|each| (each.0.0, each)).collect())
}

fn revised(conn: &mut Conn, rows: &[&ReleaseRow]) -> QueryResult<HashMap<RevisionId, Revised>> {
    let ids: Vec<RevisionId> = rows.iter().filter_map(|row| row.revision_id).collect();
    let found: Vec<Revised> = signal_revisions::table
        .filter(signal_revisions::id.eq_any(ids))
        .select((
            signal_revisions::id,
            signal_revisions::verdict,
            signal_revisions::prompt,
            signal_revisions::tools,
            signal_revisions::output,
            signal_revisions::label,
            signal_revisions::version,
        ))
        .load(conn)?;
    Ok(found.into_iter().map(|each| (each.0, each)).collect())
}

/// What was sent of these interactions.
pub(super) fn sent(
    conn: &mut Conn,
    ids: Vec<InteractionId>,
) -> QueryResult<HashMap<InteractionId, Sent>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<Sent> = interaction_bodies::table
        .filter(interaction_bodies::interaction_id.eq_any(ids))
        .select((
            interaction_bodies::interaction_id,
            interaction_bodies::input.nullable(),
            interaction_bodies::tools.nullable(),
            interaction_bodies::output.nullable(),
        ))
        .load(conn)?;
    Ok(found.into_iter().map(|each| (each.0, each)).collect())
}

/// How many rows were left out, by reason.
pub fn count_left(rows: &[ReleaseRow]) -> BTreeMap<&str, i64> {
    let mut counts = BTreeMap::new();
    for reason in rows.iter().filter_map(|row| row.reason.as_deref()) {
        *counts.entry(reason).or_default() += 1;
    }
    counts
}
