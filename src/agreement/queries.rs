//! Every query on agreement. What is looked at is bounded, whatever is stored.

use crate::accounts::{PersonId, TeamId};
use crate::agents::{AgentId, CategoryId, DeploymentId};
use crate::db::{Conn, sql::Id};
use crate::feedback::Verdict;
use crate::interactions::{InteractionId, JsonText};
use crate::schema::{deployments, feedback, interaction_bodies, review_items, reviews, signals};
use crate::signals::SignalStatus;
use crate::signals::model::{ItemId, Outcome};
use crate::triage::model::{ReviewId, SETTLES};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::{HashMap, HashSet};

/// How many of the newest judgements, and of the newest second reviews, are looked at.
const NEWEST: i64 = 10_000;

/// The deployments of an agent, all or those of some teams.
pub(super) fn deployments_of(
    conn: &mut Conn,
    agent: AgentId,
    teams: Option<&[TeamId]>,
) -> QueryResult<Vec<DeploymentId>> {
    let all = deployments::table.filter(deployments::agent_id.eq(agent)).select(deployments::id);
    match teams {
        None => all.load(conn),
        Some(teams) => all.filter(deployments::team_id.eq_any(teams)).load(conn),
    }
}

/// The interactions of an agent's newest judgements, one for each, the newest first. Reads nothing
/// but the index (agent_id, interaction_id, feedback_id).
pub(super) fn newest_judged(conn: &mut Conn, agent: AgentId) -> QueryResult<Vec<InteractionId>> {
    signals::table
        .filter(signals::agent_id.eq(agent))
        .order((signals::interaction_id.desc(), signals::feedback_id.desc()))
        .limit(NEWEST)
        .select(signals::interaction_id)
        .load(conn)
}

/// What one person says of an interaction.
#[derive(Debug, Clone, Queryable)]
pub(super) struct Judged {
    pub interaction: InteractionId,
    pub author: Option<PersonId>,
    pub verdict: Verdict,
    pub correction: Option<JsonText>,
    pub category: Option<CategoryId>,
}

/// What people say now of these interactions, as far as they are of these deployments: each
/// person's newest word, whether they reported it or found it in a random audit, unless that was
/// taken back.
pub(super) fn judgements_of(
    conn: &mut Conn,
    interactions: &[InteractionId],
    deployments: &[DeploymentId],
) -> QueryResult<Vec<Judged>> {
    let stands = feedback::is_audit.eq(false).or(signals::status.eq(SignalStatus::Accepted));
    // Deployments are looked at here: asked for them, SQLite would walk all that is theirs.
    let rows: Vec<(DeploymentId, Judged)> = signals::table
        .inner_join(feedback::table)
        .filter(feedback::interaction_id.eq_any(interactions))
        .filter(feedback::superseded_by.is_null())
        .filter(stands)
        .order(feedback::id.desc())
        .select((
            feedback::deployment_id,
            (
                signals::interaction_id,
                feedback::author_id,
                feedback::verdict,
                feedback::correction,
                feedback::category_id,
            ),
        ))
        .load(conn)?;
    let mut heard = HashSet::new();
    let mut is_new =
        |row: &Judged| row.author.is_none_or(|author| heard.insert((row.interaction, author)));
    let ours = rows.into_iter().filter(|(place, _)| deployments.contains(place));
    Ok(ours.map(|(_, row)| row).filter(|row| is_new(row)).collect())
}

/// What the agent answered in these interactions; erased ones are left out.
pub(super) fn outputs_of(
    conn: &mut Conn,
    interactions: &[InteractionId],
) -> QueryResult<HashMap<InteractionId, JsonText>> {
    let rows: Vec<(InteractionId, Option<JsonText>)> = interaction_bodies::table
        .filter(interaction_bodies::interaction_id.eq_any(interactions))
        .select((interaction_bodies::interaction_id, interaction_bodies::output))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(id, output)| Some((id, output?))).collect())
}

/// One time that an item was decided by several: the item and the round.
pub(super) type Round = (ItemId, i64);

/// As text, for a bound value would hide from SQLite that the index of these serves.
fn second() -> SqlLiteral<Bool> {
    sql::<Bool>("reviews.slot > 0")
}

/// The agent of an item, so that no index serves it: SQLite would walk all items of the agent.
fn agent_looked_at() -> SqlLiteral<Id> {
    sql("coalesce(review_items.agent_id, NULL)")
}

/// The rounds of an agent's items in which a second reviewer decided, the newest first. Walks the
/// index of second reviews, which others write far fewer of than first ones.
pub(super) fn newest_rounds(
    conn: &mut Conn,
    agent: AgentId,
    teams: Option<&[TeamId]>,
    limit: i64,
) -> QueryResult<Vec<Round>> {
    // What all agents have is cut first, so that a rare agent doesn't cost a walk of everything.
    let from: Option<ReviewId> = reviews::table
        .filter(second())
        .order(reviews::id.desc())
        .offset(NEWEST)
        .select(reviews::id)
        .first(conn)
        .optional()?;
    let from = from.unwrap_or(ReviewId(uuid::Uuid::nil()));
    let query = reviews::table
        .inner_join(review_items::table)
        .filter(second())
        .filter(reviews::id.gt(from))
        // Until all are in, nobody is told of any; and who settles has seen the others.
        .filter(reviews::resolution_id.is_not_null())
        .filter(reviews::slot.lt(SETTLES))
        .filter(agent_looked_at().eq(agent))
        .order(reviews::id.desc())
        .limit(limit)
        .select((reviews::item_id, reviews::round));
    match teams {
        None => query.load(conn),
        Some(teams) => query.filter(review_items::team_id.eq_any(teams)).load(conn),
    }
}

/// What a reviewer decided of an item in a round.
#[derive(Debug, Clone, Queryable)]
pub(super) struct Decided {
    pub item: ItemId,
    pub round: i64,
    pub decision: Outcome,
    pub label: Option<JsonText>,
}

/// What was decided of these items, in all rounds.
pub(super) fn decisions_of(conn: &mut Conn, items: &[ItemId]) -> QueryResult<Vec<Decided>> {
    reviews::table
        .filter(reviews::item_id.eq_any(items))
        .filter(reviews::slot.lt(SETTLES))
        .select((reviews::item_id, reviews::round, reviews::decision, reviews::label))
        .load(conn)
}

/// What is wrong by the word of the first who reported each of these items.
pub(super) fn categories_of(
    conn: &mut Conn,
    items: &[ItemId],
) -> QueryResult<HashMap<ItemId, CategoryId>> {
    let mut found = HashMap::new();
    for item in items {
        let category: Option<Option<CategoryId>> = signals::table
            .inner_join(feedback::table)
            .filter(signals::item_id.eq(item))
            .order(signals::feedback_id)
            .select(feedback::category_id)
            .first(conn)
            .optional()?;
        if let Some(category) = category.flatten() {
            found.insert(*item, category);
        }
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::db::plans;

    #[test]
    fn rounds_are_found_by_walking_second_reviews_and_not_the_items_of_an_agent() {
        let asked = plans::of(|conn| Ok(newest_rounds(conn, AgentId::new(), None, 10)?)).unwrap();
        assert_eq!(asked.len(), 2);
        for steps in asked {
            assert!(
                steps[0].contains("reviews USING") && steps[0].contains("reviews_second"),
                "{steps:?}"
            );
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
        }
    }
}
