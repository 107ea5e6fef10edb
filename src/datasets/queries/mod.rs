//! Every query on datasets, releases and the sides of groups.

mod compare;
mod lineage;
mod read;
mod retired;
mod releases;
mod rows;

pub use compare::{Differences, differences};
pub use lineage::*;
pub use read::{Read, newest, newest_from, reads, total};
pub use releases::*;
pub use retired::*;
pub use rows::*;

use super::model::{Dataset, GroupBy, Side};
use super::split::Key;
use crate::accounts::TeamId;
use crate::agents::AgentId;
use crate::db::{Conn, Portable};
use crate::on_backend;
use crate::schema::{agents, datasets, split_groups, split_rules, teams};
use diesel::prelude::*;
use std::collections::HashMap;

/// The dataset with this name.
pub fn find_by_name(conn: &mut Conn, name: &str) -> QueryResult<Option<Dataset>> {
    datasets::table.filter(datasets::name.eq(name)).first(conn).optional()
}

/// Datasets after `after` by name.
pub fn list_after(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<Dataset>> {
    datasets::table.filter(datasets::name.gt(after)).order(datasets::name).limit(limit).load(conn)
}

/// Slugs, names and kinds of agents, by slug; the first 500.
pub fn list_agents(conn: &mut Conn) -> QueryResult<Vec<(String, String)>> {
    agents::table.order(agents::slug).limit(500).select((agents::slug, agents::name)).load(conn)
}

/// The team with this slug.
pub fn find_team(conn: &mut Conn, slug: &str) -> QueryResult<Option<TeamId>> {
    teams::table.filter(teams::slug.eq(slug)).select(teams::id).first(conn).optional()
}

/// What an agent's interactions are grouped by, once it was in a release.
pub fn find_rule(conn: &mut Conn, agent: AgentId) -> QueryResult<Option<GroupBy>> {
    split_rules::table.find(agent).select(split_rules::group_by).first(conn).optional()
}

/// Sets what an agent is grouped by where nobody did, and gives what holds.
pub fn fix_rule(conn: &mut Conn, agent: AgentId, group_by: GroupBy) -> QueryResult<GroupBy> {
    let row = (
        split_rules::agent_id.eq(agent),
        split_rules::group_by.eq(group_by),
        split_rules::created_at.eq(crate::clock::now()),
    );
    Portable(diesel::insert_into(split_rules::table).values(row).on_conflict_do_nothing())
        .execute(conn)?;
    split_rules::table.find(agent).select(split_rules::group_by).first(conn)
}

/// Gives these keys their sides where they have none yet, and says which they have.
pub fn give_sides(conn: &mut Conn, wanted: &[(Key, Side)]) -> QueryResult<HashMap<Key, Side>> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<Vec<u8>> = wanted.iter().map(|(key, _)| key.to_vec()).collect();
    let rows: Vec<_> = wanted
        .iter()
        .map(|(key, side)| {
            (split_groups::group_hash.eq(key.to_vec()), split_groups::side.eq(*side))
        })
        .collect();
    on_backend!(conn, |c| diesel::insert_into(split_groups::table)
        .values(&rows)
        .on_conflict_do_nothing()
        .execute(c))?;
    let found: Vec<(Vec<u8>, Side)> =
        split_groups::table.filter(split_groups::group_hash.eq_any(keys)).load(conn)?;
    Ok(found.into_iter().filter_map(|(key, side)| Some((key.try_into().ok()?, side))).collect())
}

/// The sides these keys have so far; nothing is given.
pub fn sides_of(conn: &mut Conn, keys: &[Key]) -> QueryResult<HashMap<Key, Side>> {
    let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
    let found: Vec<(Vec<u8>, Side)> =
        split_groups::table.filter(split_groups::group_hash.eq_any(keys)).load(conn)?;
    Ok(found.into_iter().filter_map(|(key, side)| Some((key.try_into().ok()?, side))).collect())
}
