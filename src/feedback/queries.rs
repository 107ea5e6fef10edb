//! Every query on feedback.

use super::model::{Feedback, FeedbackId};
use crate::accounts::PersonId;
use crate::agents::model::{Agent, Deployment};
use crate::agents::{AgentId, DeploymentId, VersionId};
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
    pub version: Arc<str>,
    pub agent: Arc<Agent>,
    pub deployment: Arc<Deployment>,
}

/// The interactions with these ids whose bodies are still there. What many of them share is read
/// once, not with each.
pub fn subjects(conn: &mut Conn, ids: &[InteractionId]) -> QueryResult<Vec<Subject>> {
    let rows: Vec<(Interaction, Body)> = interactions::table
        .inner_join(interaction_bodies::table)
        .filter(one_of(interactions::id, ids))
        .select((interactions::all_columns, interaction_bodies::all_columns))
        .load(conn)?;
    let versions: HashMap<VersionId, Arc<str>> = agent_versions::table
        .filter(one_of(agent_versions::id, &distinct(&rows, |row| row.version_id)))
        .select((agent_versions::id, agent_versions::name))
        .load_iter::<(VersionId, String), DefaultLoadingMode>(conn)?
        .map(|row| row.map(|(id, name)| (id, name.into())))
        .collect::<QueryResult<_>>()?;
    let agents: HashMap<AgentId, Arc<Agent>> = agents::table
        .filter(one_of(agents::id, &distinct(&rows, |row| row.agent_id)))
        .select(agents::all_columns)
        .load_iter::<Agent, DefaultLoadingMode>(conn)?
        .map(|agent| agent.map(|agent| (agent.id, Arc::new(agent))))
        .collect::<QueryResult<_>>()?;
    let deployments: HashMap<DeploymentId, Arc<Deployment>> = deployments::table
        .filter(one_of(deployments::id, &distinct(&rows, |row| row.deployment_id)))
        .select(deployments::all_columns)
        .load_iter::<Deployment, DefaultLoadingMode>(conn)?
        .map(|deployment| deployment.map(|d| (d.id, Arc::new(d))))
        .collect::<QueryResult<_>>()?;
    let subject = |(row, body): (Interaction, Body)| {
        Some(Subject {
            version: versions.get(&row.version_id)?.clone(),
            agent: agents.get(&row.agent_id)?.clone(),
            deployment: deployments.get(&row.deployment_id)?.clone(),
            row,
            body,
        })
    };
    Ok(rows.into_iter().filter_map(subject).collect())
}

fn distinct<T: Ord + Copy>(rows: &[(Interaction, Body)], of: impl Fn(&Interaction) -> T) -> Vec<T> {
    let all: BTreeSet<T> = rows.iter().map(|(row, _)| of(row)).collect();
    all.into_iter().collect()
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
