//! Every query on what reporters are to be told.

use super::model::{News, NewsId, NewsKind};
use crate::accounts::PersonId;
use crate::db::{Conn, Instant};
use crate::feedback::FeedbackId;
use crate::interactions::JsonText;
use crate::schema::{
    agents, feedback, interaction_bodies, interactions, news, news_declined, people, signals,
};
use crate::signals::model::ItemId;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use std::collections::HashMap;

/// How much one mail tells.
const MOST: i64 = 100;

/// Who stands behind an item and can be told by mail, with what they said, after a feedback. Who
/// decided an audit reported nothing, and is told nothing.
pub fn reporters_of(
    conn: &mut Conn,
    item: ItemId,
    after: FeedbackId,
    limit: i64,
) -> QueryResult<Vec<(FeedbackId, PersonId)>> {
    let declined = news_declined::table.filter(news_declined::person_id.eq(people::id));
    signals::table
        .inner_join(feedback::table.inner_join(people::table))
        .filter(signals::item_id.eq(item))
        .filter(signals::feedback_id.gt(after))
        .filter(feedback::superseded_by.is_null())
        .filter(feedback::is_audit.eq(false))
        .filter(people::can_sign_in.eq(true))
        .filter(people::deactivated_at.is_null())
        .filter(not(exists(declined)))
        .order(signals::feedback_id)
        .limit(limit)
        .select((signals::feedback_id, people::id))
        .load(conn)
}

/// Which of these feedbacks have a decision that is still to be told.
pub fn to_be_told(conn: &mut Conn, ids: &[FeedbackId]) -> QueryResult<Vec<FeedbackId>> {
    news::table
        .filter(news::feedback_id.eq_any(ids))
        .filter(news::kind.eq(NewsKind::Decided))
        .select(news::feedback_id)
        .load(conn)
}

/// Whoever is to be told something by now.
pub fn people_due(conn: &mut Conn, now: Instant, limit: i64) -> QueryResult<Vec<PersonId>> {
    let mut ids: Vec<PersonId> = news::table
        .filter(news::due_at.le(now))
        .order(news::due_at)
        .limit(limit)
        .select(news::person_id)
        .load(conn)?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// All that somebody is to be told, oldest first.
pub fn all_for(conn: &mut Conn, person: PersonId) -> QueryResult<Vec<News>> {
    news::table
        .filter(news::person_id.eq(person))
        .order(news::id)
        .limit(MOST)
        .select(news::all_columns)
        .load(conn)
}

/// Forgets what was told.
pub fn forget(conn: &mut Conn, ids: &[NewsId]) -> QueryResult<usize> {
    diesel::delete(news::table.filter(news::id.eq_any(ids))).execute(conn)
}

/// Somebody's name and address, where mail may go there.
pub fn address_of(
    conn: &mut Conn,
    person: PersonId,
) -> QueryResult<Option<(String, Option<String>)>> {
    people::table
        .find(person)
        .filter(people::can_sign_in.eq(true))
        .filter(people::deactivated_at.is_null())
        .select((people::name, people::address))
        .first(conn)
        .optional()
}

/// Whether somebody wants no mail.
pub fn is_declined(conn: &mut Conn, person: PersonId) -> QueryResult<bool> {
    diesel::select(exists(news_declined::table.find(person))).get_result(conn)
}

/// What these feedbacks are about: the question and the agent's name.
pub fn about(
    conn: &mut Conn,
    ids: &[FeedbackId],
) -> QueryResult<HashMap<FeedbackId, (Option<JsonText>, String)>> {
    let rows: Vec<(FeedbackId, Option<JsonText>, String)> = feedback::table
        .inner_join(
            interactions::table.inner_join(agents::table).left_join(interaction_bodies::table),
        )
        .filter(feedback::id.eq_any(ids))
        .select((feedback::id, interaction_bodies::input.nullable(), agents::name))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, input, agent)| (id, (input, agent))).collect())
}
