//! What a person may report on.

use crate::accounts::Who;
use crate::db::Conn;
use crate::schema::{agents, deployments, teams};
use diesel::prelude::*;

/// An agent in a team, as something a person may report on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub struct Reportable {
    pub agent: String,
    pub team: String,
    pub agent_slug: String,
    pub team_slug: String,
    pub agent_id: crate::agents::AgentId,
}

impl Reportable {
    /// `AGENT/TEAM`, by their slugs.
    pub fn key(&self) -> String {
        format!("{}/{}", self.agent_slug, self.team_slug)
    }
}

/// What this person may report on, by name: the agents that their teams own or use; all of them
/// for who sees all.
pub fn reportable_by(conn: &mut Conn, who: &Who) -> QueryResult<Vec<Reportable>> {
    let columns = (agents::name, teams::name, agents::slug, teams::slug, agents::id);
    let owned = agents::table.inner_join(teams::table).select(columns);
    let used = deployments::table
        .inner_join(agents::table)
        .inner_join(teams::table)
        .select(columns)
        .distinct();
    let (mut all, more): (Vec<Reportable>, Vec<Reportable>) = if who.sees_all() {
        (owned.load(conn)?, used.load(conn)?)
    } else {
        (
            owned.filter(agents::team_id.eq_any(who.teams())).load(conn)?,
            used.filter(deployments::team_id.eq_any(who.teams())).load(conn)?,
        )
    };
    all.extend(more);
    all.sort_unstable();
    all.dedup();
    Ok(all)
}
