//! Every query on datasets, releases and the sides of groups.

mod compare;
mod lineage;
mod read;
mod retired;
mod releases;
mod rows;

pub use compare::{Differences, differences};
pub use lineage::*;
pub use read::*;
pub use releases::*;
pub use retired::*;
pub use rows::*;

use super::model::{Dataset, GroupBy, Side};
use super::split::Key;
use crate::accounts::TeamId;
use crate::agents::AgentId;
use crate::db::{Conn, Either, Portable, one_of};
use crate::schema::{agents, datasets, split_groups, split_rules, teams};
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Text};

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

/// Gives these keys their sides where they have none yet; says how many had none. Each key comes
/// once. Keys in ascending order are quickest, and never wait in a circle for those that another
/// build gives.
pub fn give_sides(conn: &mut Conn, wanted: &[(Key, Side)]) -> QueryResult<usize> {
    match conn.either() {
        Either::Postgres(conn) => {
            let keys: Vec<&[u8]> = wanted.iter().map(|(key, _)| key.as_slice()).collect();
            let sides: Vec<&str> = wanted.iter().map(|(_, side)| side.as_str()).collect();
            diesel::sql_query(GIVE_POSTGRES)
                .bind::<Array<Binary>, _>(keys)
                .bind::<Array<Text>, _>(sides)
                .execute(conn)
        }
        Either::Sqlite(conn) => {
            diesel::sql_query(GIVE_SQLITE).bind::<Text, _>(as_json(wanted)).execute(conn)
        }
    }
}

/// The sides that were given between two keys, those included, in order; at most `limit`.
pub fn sides_between(
    conn: &mut Conn,
    (first, last): (&Key, &Key),
    limit: i64,
) -> QueryResult<Vec<(Key, Side)>> {
    let found = split_groups::table
        .filter(split_groups::group_hash.between(first.as_slice(), last.as_slice()))
        .order(split_groups::group_hash)
        .limit(limit)
        .load(conn)?;
    Ok(by_key(found))
}

/// The sides that these keys have.
pub fn sides_of(conn: &mut Conn, keys: &[Key]) -> QueryResult<Vec<(Key, Side)>> {
    let found = split_groups::table.filter(one_of(split_groups::group_hash, keys)).load(conn)?;
    Ok(by_key(found))
}

fn by_key(found: Vec<(Vec<u8>, Side)>) -> Vec<(Key, Side)> {
    let key = |(key, side): (Vec<u8>, Side)| Some((key.try_into().ok()?, side));
    found.into_iter().filter_map(key).collect()
}

const GIVE_POSTGRES: &str = "
    INSERT INTO split_groups (group_hash, side) SELECT * FROM unnest($1, $2)
    ON CONFLICT DO NOTHING";
// `WHERE true` tells SQLite that `ON` does not belong to a join.
const GIVE_SQLITE: &str = "
    INSERT INTO split_groups (group_hash, side)
    SELECT unhex(substr(value, 2)), CASE substr(value, 1, 1)
        WHEN 'r' THEN 'train' WHEN 'v' THEN 'validation' ELSE 'test' END
    FROM json_each($1) WHERE true
    ON CONFLICT DO NOTHING";

/// A list of texts: a letter for the side, and the key in hexadecimal digits.
fn as_json(wanted: &[(Key, Side)]) -> String {
    let mut json = String::with_capacity(wanted.len() * 36 + 2);
    json.push('[');
    for (key, side) in wanted {
        json.push_str(if json.len() > 1 { ",\"" } else { "\"" });
        json.push(match side {
            Side::Train => 'r',
            Side::Validation => 'v',
            Side::Test => 't',
        });
        json.push_str(&hex::encode(key));
        json.push('"');
    }
    json.push(']');
    json
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::db::{Db, Target, migrate};

    #[test]
    fn who_gives_a_side_first_decides() {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::Sqlite(folder.path().join("sides.db"));
        migrate(&target).unwrap();
        let key = |n: u8| [n; 16];
        let given = Db::open(&target).unwrap().write_now(move |conn| {
            let first: Vec<(Key, Side)> = (0..9).map(|n| (key(n), Side::Test)).collect();
            assert_eq!(give_sides(conn, &first)?, 9);
            let second = [(key(3), Side::Train), (key(9), Side::Validation)];
            assert_eq!(give_sides(conn, &second)?, 1);
            Ok((
                sides_of(conn, &[key(3), key(9), key(10)])?,
                sides_between(conn, (&key(2), &key(8)), 3)?,
            ))
        });
        let (mut of, between) = given.unwrap();
        of.sort_unstable();
        assert_eq!(of, [(key(3), Side::Test), (key(9), Side::Validation)]);
        assert_eq!(between, [2, 3, 4].map(|n| (key(n), Side::Test)));
    }
}
