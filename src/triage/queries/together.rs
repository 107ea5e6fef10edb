//! Queries on items and what was said of their questions, of one item or of many at once.

use super::{Found, MOST, Said};
use crate::agents::AgentId;
use crate::agents::queries::survivor_name;
use crate::db::{Conn, Hash, one_of};
use crate::schema::{
    agent_versions, agents, categories, feedback, interaction_bodies, interactions, people, queue,
    review_items, signals, teams,
};
use crate::signals::model::{Item, ItemId};
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// The item with this id; the caller knows who may see it.
pub fn find_item(conn: &mut Conn, id: ItemId) -> QueryResult<Option<Found>> {
    Ok(find_items(conn, &[id])?.pop())
}

/// The items with these ids, in any order.
pub fn find_items(conn: &mut Conn, ids: &[ItemId]) -> QueryResult<Vec<Found>> {
    review_items::table
        .inner_join(agents::table)
        .inner_join(teams::table.on(teams::id.eq(review_items::team_id)))
        .left_join(queue::table)
        .filter(one_of(review_items::id, ids))
        .select((
            review_items::all_columns,
            agents::all_columns,
            teams::slug,
            queue::all_columns.nullable(),
        ))
        .load(conn)
}

/// All items about the same input in the same agent and team, this one among them: oldest first,
/// at most 50. Walks the index (agent_id, input_hash, team_id).
pub fn same_input(conn: &mut Conn, item: &Item) -> QueryResult<Vec<Item>> {
    review_items::table
        .filter(review_items::agent_id.eq(item.agent_id))
        .filter(review_items::team_id.eq(item.team_id))
        .filter(review_items::input_hash.eq(item.input_hash))
        .order(review_items::id)
        .limit(MOST)
        .select(review_items::all_columns)
        .load(conn)
}

/// What other teams say of the same question of the same agent: oldest first, at most 50. Walks
/// the index (agent_id, input_hash, team_id).
fn same_question_elsewhere(conn: &mut Conn, item: &Item) -> QueryResult<Vec<Item>> {
    review_items::table
        .filter(review_items::agent_id.eq(item.agent_id))
        .filter(review_items::input_hash.eq(item.input_hash))
        .filter(review_items::team_id.ne(item.team_id))
        .order(review_items::id)
        .limit(MOST)
        .select(review_items::all_columns)
        .load(conn)
}

/// What else was said of the question of an item: by its own team, itself included, and
/// by others.
#[derive(Debug, Default)]
pub struct Same {
    pub own: Vec<Item>,
    pub elsewhere: Vec<Item>,
}

/// What else was said of the question of each of these items, oldest first, at most 50 each of its
/// own team and of others. Walks the index (agent_id, input_hash, team_id).
pub fn same_questions(conn: &mut Conn, items: &[&Item]) -> QueryResult<HashMap<ItemId, Same>> {
    let mut by_agent: BTreeMap<AgentId, Vec<&Item>> = BTreeMap::new();
    for item in items {
        by_agent.entry(item.agent_id).or_default().push(item);
    }
    let mut found = HashMap::new();
    for (agent, items) in by_agent {
        let most = items.len() * usize::try_from(MOST).unwrap_or(0);
        let all = match items.as_slice() {
            [_] => None,
            _ => Some(all_about(conn, agent, &items, most)?).filter(|all| all.len() <= most),
        };
        for item in items {
            let same = match &all {
                Some(all) => among(all, item),
                None => Same {
                    own: same_input(conn, item)?,
                    elsewhere: same_question_elsewhere(conn, item)?,
                },
            };
            found.insert(item.id, same);
        }
    }
    Ok(found)
}

/// Items about any of these questions of one agent, oldest first; where there are more than
/// `most`, one more than that, whichever they are.
fn all_about(
    conn: &mut Conn,
    agent: AgentId,
    items: &[&Item],
    most: usize,
) -> QueryResult<Vec<Item>> {
    let hashes: Vec<Hash> = items.iter().map(|item| item.input_hash).collect();
    let mut all: Vec<Item> = review_items::table
        .filter(review_items::agent_id.eq(agent))
        .filter(one_of(review_items::input_hash, &hashes))
        .limit(i64::try_from(most + 1).unwrap_or(i64::MAX))
        .select(review_items::all_columns)
        .load(conn)?;
    all.sort_unstable_by_key(|item| item.id);
    Ok(all)
}

fn among(all: &[Item], item: &Item) -> Same {
    let same = all.iter().filter(|each| each.input_hash == item.input_hash);
    let (mut own, mut elsewhere): (Vec<Item>, Vec<Item>) =
        same.cloned().partition(|each| each.team_id == item.team_id);
    let most = usize::try_from(MOST).unwrap_or(0);
    own.truncate(most);
    elsewhere.truncate(most);
    Same { own, elsewhere }
}

/// What people said, from a signal on.
macro_rules! said {
    () => {
        signals::table
            .inner_join(
                feedback::table
                    .inner_join(
                        interactions::table
                            .inner_join(agent_versions::table)
                            .left_join(interaction_bodies::table),
                    )
                    .left_join(people::table)
                    .left_join(categories::table),
            )
            .filter(feedback::superseded_by.is_null())
            .order(signals::feedback_id)
            .select((
                signals::item_id,
                (
                    feedback::all_columns,
                    people::name.nullable(),
                    survivor_name(),
                    interaction_bodies::output.nullable(),
                    agent_versions::name,
                    people::language.nullable(),
                ),
            ))
    };
}

/// What people said that stands behind an item: the oldest 50.
pub fn said_of(conn: &mut Conn, item: ItemId) -> QueryResult<Vec<Said>> {
    let rows: Vec<(ItemId, Said)> =
        said!().filter(signals::item_id.eq(item)).limit(MOST).load(conn)?;
    Ok(rows.into_iter().map(|(_, said)| said).collect())
}

/// The same of many items, given how many say so of each.
pub fn said_of_each(
    conn: &mut Conn,
    items: &[ItemId],
    weights: &HashMap<ItemId, i64>,
) -> QueryResult<HashMap<ItemId, Vec<Said>>> {
    let is_few = |item: &&ItemId| weights.get(item).is_none_or(|weight| *weight <= MOST);
    let (few, many): (Vec<&ItemId>, Vec<&ItemId>) = items.iter().partition(is_few);
    let few: Vec<ItemId> = few.into_iter().copied().collect();
    let rows: Vec<(ItemId, Said)> = said!().filter(one_of(signals::item_id, &few)).load(conn)?;
    let mut all: HashMap<ItemId, Vec<Said>> = HashMap::new();
    for (item, said) in rows {
        all.entry(item).or_default().push(said);
    }
    for item in many {
        all.insert(*item, said_of(conn, *item)?);
    }
    Ok(all)
}
