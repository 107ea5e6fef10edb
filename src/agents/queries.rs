//! Every query on agents, labels, categories and deployments.

use super::model::{
    Agent, AgentId, Category, CategoryId, Deployment, DeploymentId, Environment, Label, Version,
    VersionId,
};
use crate::accounts::{Reach, TeamId, Who};
use crate::db::Conn;
use crate::schema::{agent_versions, agents, categories, deployments, labels};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};

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
    query.filter(deployments::team_id.eq_any(who.teams())).load(conn)
}

/// Whether the agent has interactions: whether any of its deployments has.
pub fn has_interactions(conn: &mut Conn, agent: AgentId) -> QueryResult<bool> {
    use crate::schema::interactions;
    diesel::select(diesel::dsl::exists(
        interactions::table.filter(interactions::agent_id.eq(agent)),
    ))
    .get_result(conn)
}

/// The deployments of an agent made before `before`, newest first, with their teams' slugs: those
/// of the teams that a key with this reach is for.
pub fn list_deployments_of(
    conn: &mut Conn,
    agent: AgentId,
    reach: &Reach,
    before: Option<DeploymentId>,
    limit: i64,
) -> QueryResult<Vec<(Deployment, String)>> {
    let mut query = deployments::table
        .inner_join(crate::schema::teams::table)
        .filter(deployments::agent_id.eq(agent))
        .order(deployments::id.desc())
        .limit(limit)
        .select((deployments::all_columns, crate::schema::teams::slug))
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(deployments::id.lt(before));
    }
    if let Some(slugs) = &reach.teams {
        query = query.filter(crate::schema::teams::slug.eq_any(slugs.clone()));
    }
    query.load(conn)
}

/// Agents after `after` by slug, with their teams' slugs.
pub fn list_after(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<(Agent, String)>> {
    agents::table
        .inner_join(crate::schema::teams::table)
        .filter(agents::slug.gt(after))
        .order(agents::slug)
        .limit(limit)
        .select((agents::all_columns, crate::schema::teams::slug))
        .load(conn)
}

/// The newest versions of an agent, at most 50.
pub fn list_versions(conn: &mut Conn, agent: AgentId) -> QueryResult<Vec<Version>> {
    agent_versions::table
        .filter(agent_versions::agent_id.eq(agent))
        .order(agent_versions::id.desc())
        .limit(50)
        .select(agent_versions::all_columns)
        .load(conn)
}

/// The deployments of an agent, with their teams' slugs.
pub fn list_deployments(conn: &mut Conn, agent: AgentId) -> QueryResult<Vec<(Deployment, String)>> {
    use crate::schema::teams;
    deployments::table
        .inner_join(teams::table)
        .filter(deployments::agent_id.eq(agent))
        .order((teams::slug, deployments::environment))
        .select((deployments::all_columns, teams::slug))
        .load(conn)
}

/// The categories in use as a tree.
pub fn category_tree(conn: &mut Conn, agent: AgentId) -> QueryResult<Vec<super::tree::Node>> {
    let rows: Vec<Category> = list_categories(conn, agent)?
        .into_iter()
        .filter(|c| c.retired_at.is_none() && c.merged_into.is_none())
        .collect();
    Ok(under(&rows, None))
}

fn under(rows: &[Category], parent: Option<super::CategoryId>) -> Vec<super::tree::Node> {
    // A category whose parent was retired stands at the top.
    let is_child = |row: &&Category| match row.parent_id {
        Some(id) if rows.iter().any(|r| r.id == id) => parent == Some(id),
        _ => parent.is_none(),
    };
    rows.iter()
        .filter(is_child)
        .map(|row| super::tree::Node {
            slug: row.slug.clone(),
            name: Some(row.name.clone()),
            children: under(rows, Some(row.id)),
        })
        .collect()
}

/// The agent with this slug, and its owning team's slug.
pub fn find_with_team(conn: &mut Conn, slug: &str) -> QueryResult<Option<(Agent, String)>> {
    agents::table
        .inner_join(crate::schema::teams::table)
        .filter(agents::slug.eq(slug))
        .select((agents::all_columns, crate::schema::teams::slug))
        .first(conn)
        .optional()
}

/// The slug as which a category counts: that of what it was merged into, or its own. For queries
/// that join `categories`.
pub fn survivor_slug() -> SqlLiteral<Nullable<Text>> {
    sql("COALESCE((SELECT survivor.slug FROM categories survivor \
        WHERE survivor.id = categories.merged_into), categories.slug)")
}

/// The name of what a category counts as, in the same way.
pub fn survivor_name() -> SqlLiteral<Nullable<Text>> {
    sql("COALESCE((SELECT survivor.name FROM categories survivor \
        WHERE survivor.id = categories.merged_into), categories.name)")
}

/// The categories that count as the one with this slug, of these agents or of all: itself, or what
/// it was merged into, with all that was merged into that.
pub fn categories_named(
    conn: &mut Conn,
    of: Option<&[AgentId]>,
    slug: &str,
) -> QueryResult<Vec<CategoryId>> {
    let mut query = categories::table
        .filter(categories::slug.eq(slug))
        .select((categories::id, categories::merged_into))
        .into_boxed();
    if let Some(of) = of {
        query = query.filter(categories::agent_id.eq_any(of.to_vec()));
    }
    let named: Vec<(CategoryId, Option<CategoryId>)> = query.load(conn)?;
    let mut all: Vec<CategoryId> = named.into_iter().map(|(id, into)| into.unwrap_or(id)).collect();
    let merged: Vec<CategoryId> = categories::table
        .filter(categories::merged_into.eq_any(all.clone()))
        .select(categories::id)
        .load(conn)?;
    all.extend(merged);
    Ok(all)
}

/// The versions with this name of these agents.
pub fn versions_named(conn: &mut Conn, of: &[AgentId], name: &str) -> QueryResult<Vec<VersionId>> {
    agent_versions::table
        .filter(agent_versions::agent_id.eq_any(of))
        .filter(agent_versions::name.eq(name))
        .select(agent_versions::id)
        .load(conn)
}

/// Which agents a team uses where: its deployments with the agents' slugs and names.
pub fn deployments_of_team(
    conn: &mut Conn,
    team: TeamId,
) -> QueryResult<Vec<(Deployment, String, String)>> {
    deployments::table
        .inner_join(agents::table)
        .filter(deployments::team_id.eq(team))
        .order((agents::name, deployments::environment))
        .select((deployments::all_columns, agents::slug, agents::name))
        .load(conn)
}

/// Those of these slugs that are agents.
pub fn slugs_of(conn: &mut Conn, slugs: &[String]) -> QueryResult<Vec<String>> {
    agents::table.filter(agents::slug.eq_any(slugs)).select(agents::slug).load(conn)
}

/// Agents made before `before`, newest first, that a key with this reach is for, with their teams'
/// slugs: those that its teams own or use.
pub fn list_reached_by(
    conn: &mut Conn,
    reach: &Reach,
    before: Option<AgentId>,
    limit: i64,
) -> QueryResult<Vec<(Agent, String)>> {
    use crate::schema::teams;
    let mut query = agents::table
        .inner_join(teams::table)
        .order(agents::id.desc())
        .limit(limit)
        .select((agents::all_columns, teams::slug))
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(agents::id.lt(before));
    }
    if let Some(slugs) = &reach.agents {
        query = query.filter(agents::slug.eq_any(slugs.clone()));
    }
    if let Some(slugs) = &reach.teams {
        let ids: Vec<TeamId> =
            teams::table.filter(teams::slug.eq_any(slugs)).select(teams::id).load(conn)?;
        let used = deployments::table
            .filter(deployments::team_id.eq_any(ids.clone()))
            .select(deployments::agent_id);
        query = query.filter(agents::team_id.eq_any(ids).or(agents::id.eq_any(used)));
    }
    query.load(conn)
}

/// The agent with this slug, and its owning team's slug, if a key with this reach is for it.
pub fn find_reached_by(
    conn: &mut Conn,
    reach: &Reach,
    slug: &str,
) -> QueryResult<Option<(Agent, String)>> {
    if !reach.has_agent(slug) {
        return Ok(None);
    }
    let one = Reach { agents: Some(vec![slug.to_owned()]), teams: reach.teams.clone() };
    Ok(list_reached_by(conn, &one, None, 1)?.pop())
}

/// The deployments of an agent that a key with this reach is for.
pub fn deployments_reached_by(
    conn: &mut Conn,
    reach: &Reach,
    agent: &str,
) -> QueryResult<Vec<DeploymentId>> {
    use crate::schema::teams;
    let mut query = deployments::table
        .inner_join(agents::table)
        .inner_join(teams::table)
        .filter(agents::slug.eq(agent))
        .select(deployments::id)
        .into_boxed();
    if let Some(slugs) = &reach.teams {
        query = query.filter(teams::slug.eq_any(slugs));
    }
    query.load(conn)
}

/// The agents that these teams own.
pub fn owned_by(conn: &mut Conn, teams: &[TeamId]) -> QueryResult<Vec<AgentId>> {
    agents::table.filter(agents::team_id.eq_any(teams)).select(agents::id).load(conn)
}
