//! Every query on agents, labels, categories and deployments.

use super::model::{
    Agent, AgentId, Category, Deployment, DeploymentId, Environment, Label, Version,
};
use crate::accounts::{TeamId, Who};
use crate::db::Conn;
use crate::schema::{agent_versions, agents, categories, deployments, labels};
use diesel::prelude::*;

/// The agent with this slug.
pub fn find_by_slug(conn: &mut Conn, slug: &str) -> QueryResult<Option<Agent>> {
    agents::table.filter(agents::slug.eq(slug)).select(agents::all_columns).first(conn).optional()
}

/// The agent with this id; it must exist.
pub fn find(conn: &mut Conn, id: AgentId) -> QueryResult<Agent> {
    agents::table.find(id).select(agents::all_columns).first(conn)
}

/// All labels of an agent in their order, retired ones too.
pub fn list_labels(conn: &mut Conn, agent: AgentId) -> QueryResult<Vec<Label>> {
    labels::table
        .filter(labels::agent_id.eq(agent))
        .order(labels::position)
        .select(labels::all_columns)
        .load(conn)
}

/// All categories of an agent in their order, retired ones too.
pub fn list_categories(conn: &mut Conn, agent: AgentId) -> QueryResult<Vec<Category>> {
    categories::table
        .filter(categories::agent_id.eq(agent))
        .order((categories::position, categories::slug))
        .select(categories::all_columns)
        .load(conn)
}

/// The version of an agent with this name.
pub fn find_version(conn: &mut Conn, agent: AgentId, name: &str) -> QueryResult<Option<Version>> {
    agent_versions::table
        .filter(agent_versions::agent_id.eq(agent))
        .filter(agent_versions::name.eq(name))
        .select(agent_versions::all_columns)
        .first(conn)
        .optional()
}

/// The deployment with this id; it must exist.
pub fn find_deployment(conn: &mut Conn, id: DeploymentId) -> QueryResult<Deployment> {
    deployments::table.find(id).select(deployments::all_columns).first(conn)
}

/// The deployment of an agent in a team and environment.
pub fn find_deployment_of(
    conn: &mut Conn,
    agent: AgentId,
    team: TeamId,
    environment: Environment,
) -> QueryResult<Option<Deployment>> {
    deployments::table
        .filter(deployments::agent_id.eq(agent))
        .filter(deployments::team_id.eq(team))
        .filter(deployments::environment.eq(environment))
        .select(deployments::all_columns)
        .first(conn)
        .optional()
}

/// The deployments a person may know of: those of their teams, or all for who sees all.
pub fn deployments_visible_to(conn: &mut Conn, who: &Who) -> QueryResult<Vec<Deployment>> {
    let query = deployments::table.select(deployments::all_columns).order(deployments::id);
    if who.sees_all() {
        return query.load(conn);
    }
    let teams: Vec<TeamId> = who.memberships.iter().map(|m| m.team_id).collect();
    query.filter(deployments::team_id.eq_any(teams)).load(conn)
}
