//! What a person reported, and what became of it.

use crate::accounts::PersonId;
use crate::accounts::model::Team;
use crate::agents::model::{Agent, Deployment};
use crate::datasets;
use crate::datasets::model::State;
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::feedback::{Feedback, FeedbackId, Verdict};
use crate::interactions::JsonText;
use crate::interactions::model::{Body, Interaction};
use crate::journeys::receipt::Takeover;
use crate::schema::{
    agent_versions, agents, categories, deployments, feedback, interaction_bodies, interactions,
    people, queue, signals, teams,
};
use crate::signals::SignalStatus;
use crate::signals::model::{ItemId, Resolution, Signal, Waiting};
use diesel::prelude::*;

/// One row of what somebody reported, or found in a random audit.
#[derive(Debug, Clone, Queryable)]
pub struct Listed {
    pub id: FeedbackId,
    pub verdict: Verdict,
    pub occurred_at: Instant,
    pub superseded_by: Option<FeedbackId>,
    pub status: Option<SignalStatus>,
    pub input: Option<JsonText>,
    pub agent: String,
    pub version: String,
    pub is_audit: bool,
}

/// What a person reported, or found in random audits, newest first. Walks the index
/// (author_id, id).
pub fn list_by_author(
    conn: &mut Conn,
    author: PersonId,
    before: Option<FeedbackId>,
    limit: i64,
) -> QueryResult<Vec<Listed>> {
    let before = before.unwrap_or(FeedbackId(uuid::Uuid::max()));
    feedback::table
        .inner_join(
            interactions::table
                .inner_join(agents::table)
                .inner_join(agent_versions::table)
                .left_join(interaction_bodies::table),
        )
        .left_join(signals::table)
        .filter(feedback::author_id.eq(author))
        .filter(feedback::id.lt(before))
        .order(feedback::id.desc())
        .limit(limit)
        .select((
            feedback::id,
            feedback::verdict,
            feedback::occurred_at,
            feedback::superseded_by,
            signals::status.nullable(),
            interaction_bodies::input.nullable(),
            agents::name,
            agent_versions::name,
            feedback::is_audit,
        ))
        .load(conn)
}

/// One feedback with all that its receipt says.
#[derive(Debug, Clone)]
pub struct Found {
    pub feedback: Feedback,
    pub author: Option<String>,
    pub category: Option<String>,
    /// None while superseded: the signal follows the newer feedback.
    pub signal: Option<(SignalStatus, ItemId)>,
    pub row: Interaction,
    /// None once retention or erasure took it.
    pub body: Option<Body>,
    pub version: String,
    pub agent: Agent,
    pub deployment: Deployment,
    pub team: Team,
}

type Row = (
    Feedback,
    Option<String>,
    Option<String>,
    (Option<SignalStatus>, Option<ItemId>),
    Interaction,
    Option<Body>,
    String,
    Agent,
    Deployment,
    Team,
);

/// The feedback with this id; the caller knows who may see it. Primary keys only.
pub fn find(conn: &mut Conn, id: FeedbackId) -> QueryResult<Option<Found>> {
    let row: Option<Row> = feedback::table
        .inner_join(
            interactions::table
                .inner_join(agents::table)
                .inner_join(agent_versions::table)
                .left_join(interaction_bodies::table),
        )
        .inner_join(deployments::table.inner_join(teams::table))
        .left_join(people::table)
        .left_join(categories::table)
        .left_join(signals::table)
        .filter(feedback::id.eq(id))
        .select((
            feedback::all_columns,
            people::name.nullable(),
            crate::agents::queries::survivor_name(),
            (signals::status.nullable(), signals::item_id.nullable()),
            interactions::all_columns,
            interaction_bodies::all_columns.nullable(),
            agent_versions::name,
            agents::all_columns,
            deployments::all_columns,
            teams::all_columns,
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(found))
}

fn found(row: Row) -> Found {
    let (feedback, author, category, signal, row, body, version, agent, deployment, team) = row;
    let signal = signal.0.zip(signal.1);
    Found { feedback, author, category, signal, row, body, version, agent, deployment, team }
}

/// The decisions on an item that count and led there, oldest first: the newest 20, each with the
/// name of who decided. Walks the unique key (item_id, number).
pub fn decisions(conn: &mut Conn, item: ItemId) -> QueryResult<Vec<(Resolution, Option<String>)>> {
    let rows = crate::triage::queries::history(conn, item)?;
    let named = |decided: crate::triage::queries::Decided| {
        let by = decided.by().map(str::to_owned);
        (decided.resolution, by)
    };
    Ok(rows.into_iter().map(named).collect())
}

/// What an item waits for and since when, while it waits, and who looks at it now.
pub fn waiting(
    conn: &mut Conn,
    item: ItemId,
    now: Instant,
) -> QueryResult<(Option<Waiting>, Option<String>)> {
    let row: Option<Waiting> =
        queue::table.find(item).select(queue::all_columns).first(conn).optional()?;
    let held = crate::triage::queries::claims_on(conn, &[item], now)?.into_iter().next();
    Ok((row, held.and_then(|(_, person, key)| person.or(key))))
}

/// A release that holds what somebody said: the dataset's name, its number, and since when.
#[derive(Debug, Clone, Queryable)]
pub struct Released {
    pub dataset: String,
    pub number: i64,
    pub at: Option<Instant>,
}

/// The newest release that holds this feedback, among the newest hundred about its agent.
pub fn release_of(conn: &mut Conn, id: FeedbackId) -> AppResult<Option<Released>> {
    let signal: Option<Signal> =
        signals::table.filter(signals::feedback_id.eq(id)).first(conn).optional()?;
    let Some(signal) = signal else { return Ok(None) };
    let held = datasets::queries::held_by(conn, &signal)?.into_iter();
    let mut held = held.filter(|held| held.state == State::Ready && held.reason.is_none());
    Ok(held.next().map(|held| Released {
        dataset: held.dataset,
        number: held.number,
        at: held.finished_at,
    }))
}

/// The newest escalation of an item, with what happened to it.
pub fn takeover(conn: &mut Conn, item: ItemId) -> QueryResult<Option<Takeover>> {
    use crate::escalations::queries as escalations;
    let Some(row) = escalations::newest_of(conn, item)? else { return Ok(None) };
    let events = escalations::events_of(conn, row.id)?;
    let ids: Vec<PersonId> = (events.iter().flat_map(|event| [event.person_id, event.assignee_id]))
        .chain([row.assignee_id])
        .flatten()
        .collect();
    let names = escalations::names(conn, &ids)?;
    Ok(Some(Takeover { row, events, names }))
}
