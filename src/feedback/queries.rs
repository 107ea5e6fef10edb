//! Every query on feedback.

use super::model::{Feedback, FeedbackId};
use crate::accounts::PersonId;
use crate::agents::model::{Agent, Deployment};
use crate::db::{Conn, Hash};
use crate::interactions::InteractionId;
use crate::interactions::model::{Body, Interaction};
use crate::schema::{
    agent_versions, agents, deployments, feedback, interaction_bodies, interactions,
};
use diesel::prelude::*;

/// An interaction as the subject of a judgement.
#[derive(Debug, Clone)]
pub struct Subject {
    pub row: Interaction,
    pub body: Body,
    pub version: String,
    pub agent: Agent,
    pub deployment: Deployment,
}

/// The interactions with these ids whose bodies are still there.
pub fn subjects(conn: &mut Conn, ids: &[InteractionId]) -> QueryResult<Vec<Subject>> {
    let rows: Vec<(Interaction, Body, String, Agent, Deployment)> = interactions::table
        .inner_join(interaction_bodies::table)
        .inner_join(agent_versions::table)
        .inner_join(agents::table)
        .inner_join(deployments::table)
        .filter(interactions::id.eq_any(ids))
        .select((
            interactions::all_columns,
            interaction_bodies::all_columns,
            agent_versions::name,
            agents::all_columns,
            deployments::all_columns,
        ))
        .load(conn)?;
    let subject =
        |(row, body, version, agent, deployment)| Subject { row, body, version, agent, deployment };
    Ok(rows.into_iter().map(subject).collect())
}

/// What is compared when more feedback comes for the same interactions.
#[derive(Debug, Clone, Queryable)]
pub struct Earlier {
    pub id: FeedbackId,
    pub interaction_id: InteractionId,
    pub author_id: Option<PersonId>,
    pub known_by: super::model::KnownBy,
    pub verdict: super::model::Verdict,
    pub dedup_key: Hash,
    pub superseded_by: Option<FeedbackId>,
}

/// All feedback on these interactions, oldest first.
pub fn earlier(conn: &mut Conn, ids: &[InteractionId]) -> QueryResult<Vec<Earlier>> {
    feedback::table
        .filter(feedback::interaction_id.eq_any(ids))
        .order(feedback::id)
        .select((
            feedback::id,
            feedback::interaction_id,
            feedback::author_id,
            feedback::known_by,
            feedback::verdict,
            feedback::dedup_key,
            feedback::superseded_by,
        ))
        .load(conn)
}

/// The feedback with this id.
pub fn find_by_id(conn: &mut Conn, id: FeedbackId) -> QueryResult<Option<Feedback>> {
    feedback::table.find(id).select(feedback::all_columns).first(conn).optional()
}

/// A person's own current feedback on an interaction, for a form that starts from it.
pub fn find_current_by(
    conn: &mut Conn,
    interaction: InteractionId,
    author: PersonId,
) -> QueryResult<Option<Feedback>> {
    feedback::table
        .filter(feedback::interaction_id.eq(interaction))
        .filter(feedback::author_id.eq(author))
        .filter(feedback::superseded_by.is_null())
        .order(feedback::id.desc())
        .select(feedback::all_columns)
        .first(conn)
        .optional()
}

/// What this person says now of these interactions.
pub fn verdicts_by(
    conn: &mut Conn,
    author: PersonId,
    ids: &[InteractionId],
) -> QueryResult<Vec<(InteractionId, super::model::Verdict)>> {
    feedback::table
        .filter(feedback::interaction_id.eq_any(ids))
        .filter(feedback::author_id.eq(author))
        .filter(feedback::superseded_by.is_null())
        .select((feedback::interaction_id, feedback::verdict))
        .load(conn)
}
