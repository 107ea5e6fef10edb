//! Every query on feedback.

use super::model::{Feedback, FeedbackId};
use crate::accounts::PersonId;
use crate::agents::DeploymentId;
use crate::agents::model::{Agent, Deployment};
use crate::db::{Conn, Hash, one_of};
use crate::interactions::InteractionId;
use crate::interactions::model::{Body, Interaction};
use crate::schema::{
    agent_versions, agents, deployments, feedback, interaction_bodies, interactions,
};
use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// An interaction as the subject of a judgement.
#[derive(Debug, Clone)]
pub struct Subject {
    pub row: Interaction,
    pub body: Body,
    /// The name of the agent's version.
    pub version: String,
    pub agent: Arc<Agent>,
    pub deployment: Arc<Deployment>,
}

/// The interactions with these ids whose bodies are still there. What many of them share is read
/// once, not with each.
pub fn subjects(conn: &mut Conn, ids: &[InteractionId]) -> QueryResult<Vec<Subject>> {
    let rows: Vec<(Interaction, Body, String)> = interactions::table
        .inner_join(interaction_bodies::table)
        .inner_join(agent_versions::table)
        .filter(one_of(interactions::id, ids))
        .select((interactions::all_columns, interaction_bodies::all_columns, agent_versions::name))
        .load(conn)?;
    let used: BTreeSet<DeploymentId> = rows.iter().map(|(row, ..)| row.deployment_id).collect();
    let used: HashMap<DeploymentId, (Arc<Deployment>, Arc<Agent>)> = deployments::table
        .inner_join(agents::table)
        .filter(one_of(deployments::id, &used.into_iter().collect::<Vec<_>>()))
        .select((deployments::all_columns, agents::all_columns))
        .load_iter::<(Deployment, Agent), DefaultLoadingMode>(conn)?
        .map(|row| row.map(|(used, agent)| (used.id, (Arc::new(used), Arc::new(agent)))))
        .collect::<QueryResult<_>>()?;
    let subject = |(row, body, version): (Interaction, Body, String)| {
        let (deployment, agent) = used.get(&row.deployment_id)?.clone();
        Some(Subject { row, body, version, agent, deployment })
    };
    Ok(rows.into_iter().filter_map(subject).collect())
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
    pub is_audit: bool,
}

/// All feedback on these interactions, oldest first.
pub fn earlier(conn: &mut Conn, ids: &[InteractionId]) -> QueryResult<Vec<Earlier>> {
    feedback::table
        .filter(one_of(feedback::interaction_id, ids))
        .order(feedback::id)
        .select((
            feedback::id,
            feedback::interaction_id,
            feedback::author_id,
            feedback::known_by,
            feedback::verdict,
            feedback::dedup_key,
            feedback::superseded_by,
            feedback::is_audit,
        ))
        .load(conn)
}

/// The feedback with this id.
pub fn find_by_id(conn: &mut Conn, id: FeedbackId) -> QueryResult<Option<Feedback>> {
    feedback::table.find(id).select(feedback::all_columns).first(conn).optional()
}

/// A person's own current feedback on an interaction, for a form that starts from it. What they
/// decided in a random audit is changed there.
pub fn find_current_by(
    conn: &mut Conn,
    interaction: InteractionId,
    author: PersonId,
) -> QueryResult<Option<Feedback>> {
    feedback::table
        .filter(feedback::interaction_id.eq(interaction))
        .filter(feedback::author_id.eq(author))
        .filter(feedback::superseded_by.is_null())
        .filter(feedback::is_audit.eq(false))
        .order(feedback::id.desc())
        .select(feedback::all_columns)
        .first(conn)
        .optional()
}

/// What this person says now of these interactions, as one who uses the agent.
pub fn verdicts_by(
    conn: &mut Conn,
    author: PersonId,
    ids: &[InteractionId],
) -> QueryResult<Vec<(InteractionId, super::model::Verdict)>> {
    feedback::table
        .filter(one_of(feedback::interaction_id, ids))
        .filter(feedback::author_id.eq(author))
        .filter(feedback::superseded_by.is_null())
        .filter(feedback::is_audit.eq(false))
        .select((feedback::interaction_id, feedback::verdict))
        .load(conn)
}
