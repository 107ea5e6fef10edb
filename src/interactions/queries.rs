//! Every query on interactions. A deployment is the unit of what a person may see, so every list
//! walks the index of its deployments, newest first.

use super::model::{Body, Interaction, InteractionId};
use crate::accounts::{PersonId, Who};
use crate::agents::model::{Agent, Deployment, Visibility};
use crate::agents::{AgentId, DeploymentId, Environment};
use crate::db::{Conn, one_of};
use crate::schema::{
    agent_versions, agents, deployments, interaction_bodies, interactions, people, teams,
};
use diesel::prelude::*;

/// An interaction with all that a page or an answer says of it.
#[derive(Debug, Clone)]
pub struct Shown {
    pub row: Interaction,
    /// None once retention or erasure took it.
    pub body: Option<Body>,
    pub version: String,
    pub agent: Agent,
    pub deployment: Deployment,
    pub team: String,
    pub end_user: Option<String>,
}

type ShownRow = (Interaction, Option<Body>, String, Agent, Deployment, String, Option<String>);

impl From<ShownRow> for Shown {
    fn from((row, body, version, agent, deployment, team, end_user): ShownRow) -> Self {
        Self { row, body, version, agent, deployment, team, end_user }
    }
}

macro_rules! shown {
    () => {
        interactions::table
            .left_join(interaction_bodies::table)
            .inner_join(agent_versions::table)
            .inner_join(agents::table)
            .inner_join(deployments::table.inner_join(teams::table))
            .left_join(people::table)
            .select((
                interactions::all_columns,
                interaction_bodies::all_columns.nullable(),
                agent_versions::name,
                agents::all_columns,
                deployments::all_columns,
                teams::slug,
                people::address.nullable(),
            ))
    };
}

/// An interaction by id, whoever asks: for programs with a key and for checked links.
pub fn find_by_id(conn: &mut Conn, id: InteractionId) -> QueryResult<Option<Shown>> {
    let row: Option<ShownRow> = shown!().filter(interactions::id.eq(id)).first(conn).optional()?;
    Ok(row.map(Shown::from))
}

/// Interactions by their ids, in any order, whoever asks.
pub fn find_by_ids(conn: &mut Conn, ids: &[InteractionId]) -> QueryResult<Vec<Shown>> {
    let rows: Vec<ShownRow> = shown!().filter(one_of(interactions::id, ids)).load(conn)?;
    Ok(rows.into_iter().map(Shown::from).collect())
}

/// An interaction by id, if this person may see it.
pub fn find_visible_to(
    conn: &mut Conn,
    who: &Who,
    id: InteractionId,
) -> QueryResult<Option<Shown>> {
    let shown = find_by_id(conn, id)?;
    Ok(shown.filter(|shown| may_see(who, &shown.deployment, shown.row.end_user_id)))
}

/// A deployment's visibility: the team's, or one's own as the end user; leads see all.
pub fn may_see(who: &Who, deployment: &Deployment, end_user: Option<PersonId>) -> bool {
    if who.leads(deployment.team_id) {
        return true;
    }
    who.in_team(deployment.team_id)
        && (deployment.visibility == Visibility::Team || end_user == Some(who.id()))
}

/// The id of an interaction by its key.
pub fn find_id_by_key(
    conn: &mut Conn,
    agent: AgentId,
    environment: Environment,
    external_id: &str,
) -> QueryResult<Option<InteractionId>> {
    interactions::table
        .filter(interactions::agent_id.eq(agent))
        .filter(interactions::environment.eq(environment))
        .filter(interactions::external_id.eq(external_id))
        .select(interactions::id)
        .first(conn)
        .optional()
}

/// One row of a list.
#[derive(Debug, Clone, Queryable)]
pub struct Listed {
    pub id: InteractionId,
    pub agent: String,
    pub agent_slug: String,
    pub version: String,
    pub team: String,
    pub environment: Environment,
    pub occurred_at: crate::db::Instant,
    pub confidence: Option<f64>,
    pub input: Option<super::JsonText>,
    pub output: Option<super::JsonText>,
    pub error: Option<String>,
}

/// Whose interactions a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// All that the person may see.
    All,
    /// What the person asked themselves.
    Own,
}

/// The newest interactions this person may see, in deployments that `wanted` keeps.
pub fn list_visible_to(
    conn: &mut Conn,
    who: &Who,
    whose: Whose,
    wanted: impl Fn(&Deployment) -> bool,
    before: Option<InteractionId>,
    limit: i64,
) -> QueryResult<Vec<Listed>> {
    let ids = ids_visible_to(conn, who, whose, wanted, before, limit)?;
    interactions::table
        .left_join(interaction_bodies::table)
        .inner_join(agent_versions::table)
        .inner_join(agents::table)
        .inner_join(deployments::table.inner_join(teams::table))
        .filter(interactions::id.eq_any(ids))
        .order(interactions::id.desc())
        .select((
            interactions::id,
            agents::name,
            agents::slug,
            agent_versions::name,
            teams::name,
            interactions::environment,
            interactions::occurred_at,
            interactions::confidence,
            interaction_bodies::input.nullable(),
            interaction_bodies::output.nullable(),
            interaction_bodies::error.nullable(),
        ))
        .load(conn)
}

/// One short walk of an index for each deployment, then the newest of them all: the cost is that
/// of the page, however many rows there are.
fn ids_visible_to(
    conn: &mut Conn,
    who: &Who,
    whose: Whose,
    wanted: impl Fn(&Deployment) -> bool,
    before: Option<InteractionId>,
    limit: i64,
) -> QueryResult<Vec<InteractionId>> {
    let before = before.unwrap_or(InteractionId(uuid::Uuid::max()));
    let (mut ids, mut own) = (Vec::new(), Vec::new());
    for deployment in crate::agents::queries::deployments_visible_to(conn, who)? {
        if !wanted(&deployment) {
            continue;
        }
        let hides_others =
            deployment.visibility == Visibility::Own && !who.leads(deployment.team_id);
        if whose == Whose::Own || hides_others {
            own.push(deployment.id);
            continue;
        }
        ids.extend(ids_of(conn, deployment.id, before, limit)?);
    }
    if !own.is_empty() {
        ids.extend(ids_of_end_user(conn, who.id(), &own, before, limit)?);
    }
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(ids)
}

fn ids_of(
    conn: &mut Conn,
    deployment: DeploymentId,
    before: InteractionId,
    limit: i64,
) -> QueryResult<Vec<InteractionId>> {
    interactions::table
        .filter(interactions::deployment_id.eq(deployment))
        .filter(interactions::id.lt(before))
        .order(interactions::id.desc())
        .limit(limit)
        .select(interactions::id)
        .load(conn)
}

fn ids_of_end_user(
    conn: &mut Conn,
    person: PersonId,
    deployments: &[DeploymentId],
    before: InteractionId,
    limit: i64,
) -> QueryResult<Vec<InteractionId>> {
    interactions::table
        .filter(interactions::end_user_id.eq(person))
        .filter(interactions::deployment_id.eq_any(deployments))
        .filter(interactions::id.lt(before))
        .order(interactions::id.desc())
        .limit(limit)
        .select(interactions::id)
        .load(conn)
}

/// One interaction of a conversation.
#[derive(Debug, Clone, Queryable)]
pub struct Turn {
    pub id: InteractionId,
    pub occurred_at: crate::db::Instant,
    pub input: Option<super::JsonText>,
}

/// The conversation an interaction belongs to, oldest first, at most 50; empty where it stands by
/// itself. Only of the same deployment, so that whoever sees the one may see the others; where a
/// member sees only their own, only of the same end user.
pub fn list_conversation(conn: &mut Conn, of: &Interaction) -> QueryResult<Vec<Turn>> {
    let Some(conversation) = &of.conversation_id else { return Ok(Vec::new()) };
    let query = interactions::table
        .left_join(interaction_bodies::table)
        .filter(interactions::agent_id.eq(of.agent_id))
        .filter(interactions::conversation_id.eq(conversation))
        .filter(interactions::deployment_id.eq(of.deployment_id))
        .order(interactions::id)
        .limit(50)
        .select((
            interactions::id,
            interactions::occurred_at,
            interaction_bodies::input.nullable(),
        ));
    match of.end_user_id {
        Some(person) => query.filter(interactions::end_user_id.eq(person)).load(conn),
        None => query.filter(interactions::end_user_id.is_null()).load(conn),
    }
}

/// The team whose interaction this is.
pub fn team_of(conn: &mut Conn, id: InteractionId) -> QueryResult<crate::accounts::TeamId> {
    interactions::table
        .inner_join(deployments::table)
        .filter(interactions::id.eq(id))
        .select(deployments::team_id)
        .first(conn)
}
