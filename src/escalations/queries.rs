//! Every query on escalations.

use super::model::{Escalation, EscalationId, Event, NoticeKind, State};
use crate::accounts::{PersonId, TeamId, Who};
use crate::db::{Conn, Instant, MultiBackend};
use crate::feedback::FeedbackId;
use crate::interactions::JsonText;
use crate::schema::{
    agents, escalation_events, escalation_notices, escalations, feedback, interaction_bodies,
    interactions, memberships, people, signals, teams,
};
use crate::signals::model::ItemId;
use diesel::prelude::*;
use std::collections::HashMap;

/// How many events of one escalation are read.
const MOST_EVENTS: i64 = 1_000;
/// How many people a list to choose from has.
const MOST_PEOPLE: i64 = 500;

/// The escalation with this id; the caller knows who may see it.
pub fn find_by_id(conn: &mut Conn, id: EscalationId) -> QueryResult<Option<Escalation>> {
    escalations::table.find(id).select(escalations::all_columns).first(conn).optional()
}

/// The escalation, if this person may see it: whoever looks after its team, and whoever has it.
pub fn find_visible_to(
    conn: &mut Conn,
    who: &Who,
    id: EscalationId,
) -> QueryResult<Option<Escalation>> {
    let found = find_by_id(conn, id)?;
    Ok(found.filter(|row| who.leads(row.team_id) || row.assignee_id == Some(who.id())))
}

/// The newest escalation of an item.
pub fn newest_of(conn: &mut Conn, item: ItemId) -> QueryResult<Option<Escalation>> {
    escalations::table
        .filter(escalations::item_id.eq(item))
        .order(escalations::id.desc())
        .select(escalations::all_columns)
        .first(conn)
        .optional()
}

/// The escalations of these items that are not closed.
pub fn open_of(conn: &mut Conn, items: &[ItemId]) -> QueryResult<Vec<Escalation>> {
    escalations::table
        .filter(escalations::item_id.eq_any(items))
        .filter(escalations::state.ne(State::Closed))
        .select(escalations::all_columns)
        .load(conn)
}

/// Open escalations that are shown by these feedbacks.
pub fn open_shown_by(conn: &mut Conn, ids: &[FeedbackId]) -> QueryResult<Vec<Escalation>> {
    escalations::table
        .filter(escalations::feedback_id.eq_any(ids))
        .filter(escalations::state.ne(State::Closed))
        .select(escalations::all_columns)
        .load(conn)
}

/// A team's escalations that are not closed, after `after`, by id.
pub fn open_in(
    conn: &mut Conn,
    team: TeamId,
    after: EscalationId,
    limit: i64,
) -> QueryResult<Vec<Escalation>> {
    escalations::table
        .filter(escalations::team_id.eq(team))
        .filter(escalations::state.ne(State::Closed))
        .filter(escalations::id.gt(after))
        .order(escalations::id)
        .limit(limit)
        .select(escalations::all_columns)
        .load(conn)
}

/// The items that these feedbacks stand behind.
pub fn items_of(conn: &mut Conn, ids: &[FeedbackId]) -> QueryResult<HashMap<FeedbackId, ItemId>> {
    let rows: Vec<(FeedbackId, ItemId)> = signals::table
        .filter(signals::feedback_id.eq_any(ids))
        .select((signals::feedback_id, signals::item_id))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// The first who still stands behind an item.
pub fn stands_behind(conn: &mut Conn, item: ItemId) -> QueryResult<Option<FeedbackId>> {
    signals::table
        .inner_join(feedback::table)
        .filter(signals::item_id.eq(item))
        .filter(feedback::superseded_by.is_null())
        .order(signals::feedback_id)
        .select(signals::feedback_id)
        .first(conn)
        .optional()
}

/// Whether this person stands behind an item.
pub fn is_reporter(conn: &mut Conn, item: ItemId, person: PersonId) -> QueryResult<bool> {
    let found: Option<FeedbackId> = signals::table
        .inner_join(feedback::table)
        .filter(signals::item_id.eq(item))
        .filter(feedback::superseded_by.is_null())
        .filter(feedback::author_id.eq(person))
        .select(signals::feedback_id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

/// What happened, oldest first.
pub fn events_of(conn: &mut Conn, id: EscalationId) -> QueryResult<Vec<Event>> {
    escalation_events::table
        .filter(escalation_events::escalation_id.eq(id))
        .order(escalation_events::id)
        .limit(MOST_EVENTS)
        .select(escalation_events::all_columns)
        .load(conn)
}

/// What somebody was told of it.
pub fn notices_of(conn: &mut Conn, id: EscalationId) -> QueryResult<Vec<NoticeKind>> {
    escalation_notices::table
        .filter(escalation_notices::escalation_id.eq(id))
        .select(escalation_notices::kind)
        .load(conn)
}

/// Forgets that somebody was told of something, so that they are told again.
pub fn forget_notice(conn: &mut Conn, id: EscalationId, kind: NoticeKind) -> QueryResult<usize> {
    diesel::delete(escalation_notices::table.find((id, kind))).execute(conn)
}

/// The escalations of which somebody should be told by now.
pub fn to_be_told(conn: &mut Conn, now: Instant, limit: i64) -> QueryResult<Vec<Escalation>> {
    escalations::table
        .filter(escalations::notice_at.le(now))
        .order(escalations::notice_at)
        .limit(limit)
        .select(escalations::all_columns)
        .load(conn)
}

/// The names of these people.
pub fn names(conn: &mut Conn, ids: &[PersonId]) -> QueryResult<HashMap<PersonId, String>> {
    let rows: Vec<(PersonId, String)> = people::table
        .filter(people::id.eq_any(ids))
        .select((people::id, people::name))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Somebody mail can go to.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Addressed {
    pub id: PersonId,
    pub name: String,
    pub address: Option<String>,
    pub is_champion: bool,
    pub is_manager: bool,
}

/// The people of a team who can sign in, by name.
pub fn people_of(conn: &mut Conn, team: TeamId) -> QueryResult<Vec<Addressed>> {
    memberships::table
        .inner_join(people::table)
        .filter(memberships::team_id.eq(team))
        .filter(people::can_sign_in.eq(true))
        .filter(people::deactivated_at.is_null())
        .order((people::name, people::id))
        .limit(MOST_PEOPLE)
        .select((
            people::id,
            people::name,
            people::address,
            memberships::is_champion,
            memberships::is_manager,
        ))
        .load(conn)
}

/// Whoever sees every team, as people of none: engineers and admins, by name.
pub fn people_who_see_all(conn: &mut Conn) -> QueryResult<Vec<Addressed>> {
    let rows: Vec<Named> = people::table
        .filter(people::is_engineer.eq(true).or(people::is_admin.eq(true)))
        .filter(people::can_sign_in.eq(true))
        .filter(people::deactivated_at.is_null())
        .order((people::name, people::id))
        .limit(MOST_PEOPLE)
        .select((people::id, people::name, people::address))
        .load(conn)?;
    Ok(rows.into_iter().map(of_none).collect())
}

/// The admins, as people of no team, by name.
pub fn admins(conn: &mut Conn) -> QueryResult<Vec<Addressed>> {
    let rows: Vec<Named> = people::table
        .filter(people::is_admin.eq(true))
        .filter(people::can_sign_in.eq(true))
        .filter(people::deactivated_at.is_null())
        .order((people::name, people::id))
        .limit(MOST_PEOPLE)
        .select((people::id, people::name, people::address))
        .load(conn)?;
    Ok(rows.into_iter().map(of_none).collect())
}

type Named = (PersonId, String, Option<String>);

fn of_none((id, name, address): Named) -> Addressed {
    Addressed { id, name, address, is_champion: false, is_manager: false }
}

/// Somebody by id, as long as they can sign in.
pub fn find_person(conn: &mut Conn, id: PersonId) -> QueryResult<Option<Addressed>> {
    let row: Option<Named> = people::table
        .filter(people::id.eq(id))
        .filter(people::can_sign_in.eq(true))
        .filter(people::deactivated_at.is_null())
        .select((people::id, people::name, people::address))
        .first(conn)
        .optional()?;
    Ok(row.map(of_none))
}

/// What an escalation is about, in short.
#[derive(Debug, Clone, Queryable)]
pub struct About {
    pub feedback: FeedbackId,
    pub input: Option<JsonText>,
    pub agent: String,
    pub author: Option<PersonId>,
}

/// What these feedbacks are about.
pub fn about(conn: &mut Conn, ids: &[FeedbackId]) -> QueryResult<HashMap<FeedbackId, About>> {
    let rows: Vec<About> = feedback::table
        .inner_join(
            interactions::table.inner_join(agents::table).left_join(interaction_bodies::table),
        )
        .filter(feedback::id.eq_any(ids))
        .select((
            feedback::id,
            interaction_bodies::input.nullable(),
            agents::name,
            feedback::author_id,
        ))
        .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.feedback, row)).collect())
}

/// Whose escalations a list has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    All,
    Teams(Vec<TeamId>),
    Of(PersonId),
}

/// A place in a list: what it is sorted by, and the id.
pub type Place = (Instant, EscalationId);

/// Escalations in one state: open ones by when they are due, waiting ones by since when, closed
/// ones the newest first. One walk of an index a team, merged.
pub fn list(
    conn: &mut Conn,
    scope: &Scope,
    state: State,
    after: Option<Place>,
    limit: i64,
) -> QueryResult<Vec<Escalation>> {
    let all = || escalations::table.into_boxed();
    let mut rows = match scope {
        Scope::All => walk(conn, all(), state, after, limit)?,
        Scope::Of(person) => {
            walk(conn, all().filter(escalations::assignee_id.eq(*person)), state, after, limit)?
        }
        Scope::Teams(teams) => {
            let mut rows = Vec::new();
            for team in teams {
                let of_team = all().filter(escalations::team_id.eq(*team));
                rows.extend(walk(conn, of_team, state, after, limit)?);
            }
            rows
        }
    };
    rows.sort_by_key(|row| (row.order_at, row.id));
    if state == State::Closed {
        rows.reverse();
    }
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(rows)
}

type Rows<'a> = escalations::BoxedQuery<'a, MultiBackend, escalations::SqlType>;

/// One walk. Both bounds of a place are given, so that the index is entered there.
fn walk(
    conn: &mut Conn,
    query: Rows<'_>,
    state: State,
    after: Option<Place>,
    limit: i64,
) -> QueryResult<Vec<Escalation>> {
    let mut query = query.filter(escalations::state.eq(state)).limit(limit);
    let is_newest_first = state == State::Closed;
    if let Some((at, id)) = after {
        query = if is_newest_first {
            query
                .filter(escalations::order_at.le(at))
                .filter(escalations::order_at.lt(at).or(escalations::id.lt(id)))
        } else {
            query
                .filter(escalations::order_at.ge(at))
                .filter(escalations::order_at.gt(at).or(escalations::id.gt(id)))
        };
    }
    query = if is_newest_first {
        query.order((escalations::order_at.desc(), escalations::id.desc()))
    } else {
        query.order((escalations::order_at, escalations::id))
    };
    query.select(escalations::all_columns).load(conn)
}

/// How many there are in one state, up to `cap`.
pub fn count(conn: &mut Conn, scope: &Scope, state: State, cap: i64) -> QueryResult<i64> {
    let base = || escalations::table.filter(escalations::state.eq(state)).limit(cap);
    let ids: Vec<EscalationId> = match scope {
        Scope::All => base().select(escalations::id).load(conn)?,
        Scope::Of(person) => {
            base().filter(escalations::assignee_id.eq(person)).select(escalations::id).load(conn)?
        }
        Scope::Teams(teams) => {
            base().filter(escalations::team_id.eq_any(teams)).select(escalations::id).load(conn)?
        }
    };
    Ok(i64::try_from(ids.len()).unwrap_or(cap))
}

/// The names of these teams.
pub fn team_names(conn: &mut Conn, ids: &[TeamId]) -> QueryResult<HashMap<TeamId, String>> {
    let rows: Vec<(TeamId, String)> =
        teams::table.filter(teams::id.eq_any(ids)).select((teams::id, teams::name)).load(conn)?;
    Ok(rows.into_iter().collect())
}
