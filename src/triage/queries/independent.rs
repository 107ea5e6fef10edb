//! Queries on independent reviews.

use super::MOST;
use crate::accounts::model::Team;
use crate::accounts::{PersonId, TeamId};
use crate::db::Conn;
use crate::schema::{api_keys, deployments, people, queue, reviews, teams};
use crate::signals::model::{ItemId, QueueState, Reviewer};
use crate::triage::model::Review;
use diesel::prelude::*;

/// What waits, how many independent reviews it needs, and for what it waits.
pub type Need = (ItemId, i64, QueueState);

/// What of these items waits, each by itself.
pub fn needs_of(conn: &mut Conn, items: &[ItemId]) -> QueryResult<Vec<Need>> {
    queue::table
        .inner_join(deployments::table)
        .filter(queue::item_id.eq_any(items))
        .select((queue::item_id, deployments::reviews_needed, queue::state))
        .load(conn)
}

/// How many independent reviews what is decided together needs, and whether any of it is to be
/// settled.
pub fn needs(conn: &mut Conn, items: &[ItemId]) -> QueryResult<(i64, Option<QueueState>)> {
    Ok(together_need(&needs_of(conn, items)?))
}

/// The same, of what was read.
pub fn together_need(needs: &[Need]) -> (i64, Option<QueueState>) {
    let needed = needs.iter().map(|(_, needed, _)| *needed).max().unwrap_or(1);
    let is_settled = needs.iter().any(|(_, _, state)| *state == QueueState::Adjudication);
    (needed, is_settled.then_some(QueueState::Adjudication))
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

/// The team with this id; it must exist.
pub fn team(conn: &mut Conn, id: TeamId) -> QueryResult<Team> {
    teams::table.find(id).select(teams::all_columns).first(conn)
}
