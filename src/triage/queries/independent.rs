//! Queries on independent reviews.

use super::MOST;
use crate::accounts::model::Team;
use crate::accounts::{PersonId, TeamId};
use crate::db::Conn;
use crate::schema::{api_keys, deployments, people, queue, review_items, reviews, teams};
use crate::signals::model::{Item, ItemId, QueueState, Reviewer};
use crate::triage::model::Review;
use diesel::prelude::*;

/// How many independent reviews what is decided together needs, and whether any of it is to be
/// settled.
pub fn needs(conn: &mut Conn, items: &[ItemId]) -> QueryResult<(i64, Option<QueueState>)> {
    let rows: Vec<(i64, QueueState)> = queue::table
        .inner_join(deployments::table)
        .filter(queue::item_id.eq_any(items))
        .select((deployments::reviews_needed, queue::state))
        .load(conn)?;
    let needed = rows.iter().map(|(needed, _)| *needed).max().unwrap_or(1);
    let is_settled = rows.iter().any(|(_, state)| *state == QueueState::Adjudication);
    Ok((needed, is_settled.then_some(QueueState::Adjudication)))
}

/// The reviews of these items that have not led to a decision.
pub fn open_reviews(conn: &mut Conn, items: &[ItemId]) -> QueryResult<Vec<Review>> {
    reviews::table
        .filter(reviews::item_id.eq_any(items))
        .filter(reviews::resolution_id.is_null())
        .order(reviews::id)
        .select(reviews::all_columns)
        .load(conn)
}

/// Which of these items this reviewer decided, while others are awaited.
pub fn reviewed_by(conn: &mut Conn, items: &[ItemId], by: Reviewer) -> QueryResult<Vec<ItemId>> {
    let open = open_reviews(conn, items)?;
    Ok(open.into_iter().filter(|review| review.is_of(by)).map(|review| review.item_id).collect())
}

/// Whether this person decided this item at any time.
pub fn has_reviewed(conn: &mut Conn, item: ItemId, person: PersonId) -> QueryResult<bool> {
    let own = reviews::table
        .filter(reviews::item_id.eq(item))
        .filter(reviews::person_id.eq(person))
        .select(reviews::id);
    diesel::select(diesel::dsl::exists(own)).get_result(conn)
}

/// A review, with the name of the person or of the key.
#[derive(Debug, Clone, Queryable)]
pub struct Reviewed {
    pub review: Review,
    person: Option<String>,
    key: Option<String>,
}

impl Reviewed {
    /// Who it was.
    pub fn by(&self) -> &str {
        self.person.as_deref().or(self.key.as_deref()).unwrap_or("Somebody")
    }
}

/// The reviews of one round of an item, in the order in which they came; at most 50.
pub fn reviews_of_round(conn: &mut Conn, item: ItemId, round: i64) -> QueryResult<Vec<Reviewed>> {
    reviews::table
        .left_join(people::table)
        .left_join(api_keys::table)
        .filter(reviews::item_id.eq(item))
        .filter(reviews::round.eq(round))
        .order(reviews::slot)
        .limit(MOST)
        .select((reviews::all_columns, people::name.nullable(), api_keys::name.nullable()))
        .load(conn)
}

/// The round of the review that led to a decision last; none where no review did.
pub fn last_decided_round(conn: &mut Conn, item: ItemId) -> QueryResult<Option<i64>> {
    reviews::table
        .filter(reviews::item_id.eq(item))
        .filter(reviews::resolution_id.is_not_null())
        .order(reviews::round.desc())
        .select(reviews::round)
        .first(conn)
        .optional()
}

/// What other teams say of the same question of the same agent: oldest first, at most 50. Walks
/// the index (agent_id, input_hash, team_id).
pub fn same_question_elsewhere(conn: &mut Conn, item: &Item) -> QueryResult<Vec<Item>> {
    review_items::table
        .filter(review_items::agent_id.eq(item.agent_id))
        .filter(review_items::input_hash.eq(item.input_hash))
        .filter(review_items::team_id.ne(item.team_id))
        .order(review_items::id)
        .limit(MOST)
        .select(review_items::all_columns)
        .load(conn)
}

/// The team with this id; it must exist.
pub fn team(conn: &mut Conn, id: TeamId) -> QueryResult<Team> {
    teams::table.find(id).select(teams::all_columns).first(conn)
}
