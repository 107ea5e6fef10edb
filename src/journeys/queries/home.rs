//! What the home page counts and lists. Every count stops at a cap, so that no page's cost grows
//! with the number of rows.

use crate::accounts::{TeamId, Who};
use crate::agents::model::Deployment;
use crate::agents::{AgentId, DeploymentId, Environment, OutputKind};
use crate::db::{Conn, Instant, sql};
use crate::schema::{agents, deployments, interactions, teams};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

/// How far interactions and feedback are counted, of one deployment in one week.
pub const WEEK_CAP: i64 = 10_000;
/// How many of an agent's newest signals are looked at.
pub const SIGNAL_CAP: i64 = 10_000;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// A deployment with the names it is shown by.
#[derive(Debug, Clone, Queryable)]
pub struct Used {
    pub deployment: Deployment,
    pub agent: String,
    pub team: String,
}

/// The deployments of these teams, by agent's name; all teams' where none are named.
pub fn deployments_of(conn: &mut Conn, wanted: Option<&[TeamId]>) -> QueryResult<Vec<Used>> {
    let query = deployments::table
        .inner_join(agents::table)
        .inner_join(teams::table)
        .order((agents::name, deployments::id))
        .select((deployments::all_columns, agents::name, teams::name));
    match wanted {
        Some(wanted) => query.filter(deployments::team_id.eq_any(wanted)).load(conn),
        None => query.load(conn),
    }
}

/// How many interactions a deployment had in a span of time, up to one more than the cap. Walks
/// the index (deployment_id, occurred_at).
pub fn count_interactions(
    conn: &mut Conn,
    deployment: DeploymentId,
    since: Instant,
    until: Instant,
) -> QueryResult<i64> {
    let text = "SELECT count(*) AS number FROM (SELECT 1 AS one FROM interactions \
        WHERE deployment_id = $1 AND occurred_at >= $2 AND occurred_at < $3 LIMIT $4) AS counted";
    counted(conn, text, deployment, since, until)
}

/// How many overrides that still count a deployment got in a span of time, up to one more than
/// the cap; what audits found is none. Walks the index (deployment_id, occurred_at).
pub fn count_overrides(
    conn: &mut Conn,
    deployment: DeploymentId,
    since: Instant,
    until: Instant,
) -> QueryResult<i64> {
    let text = "SELECT count(*) AS number FROM \
        (SELECT verdict, superseded_by, is_audit FROM feedback \
        WHERE deployment_id = $1 AND occurred_at >= $2 AND occurred_at < $3 LIMIT $4) AS counted \
        WHERE verdict <> 'confirmed' AND superseded_by IS NULL AND NOT is_audit";
    counted(conn, text, deployment, since, until)
}

fn counted(
    conn: &mut Conn,
    text: &str,
    deployment: DeploymentId,
    since: Instant,
    until: Instant,
) -> QueryResult<i64> {
    let count: Count = diesel::sql_query(text)
        .bind::<sql::Id, _>(deployment)
        .bind::<sql::Instant, _>(since)
        .bind::<sql::Instant, _>(until)
        .bind::<BigInt, _>(WEEK_CAP + 1)
        .get_result(conn)?;
    Ok(count.number)
}

/// How an agent's signals stand.
#[derive(QueryableByName, Debug, Clone, Copy)]
pub struct SignalCounts {
    #[diesel(sql_type = BigInt)]
    pub accepted: i64,
    #[diesel(sql_type = BigInt)]
    pub pending: i64,
    /// How many were looked at, up to one more than the cap.
    #[diesel(sql_type = BigInt)]
    pub looked_at: i64,
}

/// How an agent's newest signals stand. Walks the index (agent_id, interaction_id, …).
pub fn count_signals(conn: &mut Conn, agent: AgentId) -> QueryResult<SignalCounts> {
    diesel::sql_query(
        "SELECT count(CASE WHEN status = 'accepted' THEN 1 END) AS accepted, \
         count(CASE WHEN status = 'pending' THEN 1 END) AS pending, count(*) AS looked_at \
         FROM (SELECT status FROM signals WHERE agent_id = $1 \
         ORDER BY interaction_id DESC LIMIT $2) AS counted",
    )
    .bind::<sql::Id, _>(agent)
    .bind::<BigInt, _>(SIGNAL_CAP + 1)
    .get_result(conn)
}

/// How many people can sign in, up to one more than the cap, and how many teams there are.
pub fn count_people_and_teams(conn: &mut Conn) -> QueryResult<(i64, i64)> {
    let people: Count = diesel::sql_query(
        "SELECT count(*) AS number FROM (SELECT 1 FROM people \
         WHERE can_sign_in AND deactivated_at IS NULL LIMIT $1) AS counted",
    )
    .bind::<BigInt, _>(WEEK_CAP + 1)
    .get_result(conn)?;
    let teams: Count =
        diesel::sql_query("SELECT count(*) AS number FROM teams").get_result(conn)?;
    Ok((people.number, teams.number))
}

/// Whether anything was ever logged.
pub fn has_interactions(conn: &mut Conn) -> QueryResult<bool> {
    let first: Option<crate::interactions::InteractionId> =
        interactions::table.select(interactions::id).limit(1).first(conn).optional()?;
    Ok(first.is_some())
}

/// All agents by name, with the team that owns each.
pub fn list_agents(conn: &mut Conn) -> QueryResult<Vec<(AgentId, String, String, OutputKind)>> {
    agents::table
        .order(agents::name)
        .select((agents::id, agents::name, agents::slug, agents::kind))
        .load(conn)
}

/// The teams a person is manager of.
pub fn teams_led(who: &Who) -> Vec<TeamId> {
    who.memberships.iter().filter(|m| m.is_manager).map(|m| m.team_id).collect()
}

/// Whether a deployment's numbers belong in a report to managers.
pub fn counts_for_managers(used: &Used) -> bool {
    used.deployment.environment == Environment::Production
}
