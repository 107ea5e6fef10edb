//! What a signal came from and where it went. Every list has an end.

use crate::accounts::PersonId;
use crate::agents::{AgentId, Environment};
use crate::datasets::model::{ReleaseId, Side, State};
use crate::datasets::parts::Part;
use crate::db::{Conn, Instant, sql};
use crate::error::AppResult;
use crate::feedback::{FeedbackId, Verdict};
use crate::interactions::{InteractionId, JsonText};
use crate::schema::{
    agent_versions, agents, api_keys, categories, datasets, feedback, interaction_bodies,
    interactions, people, release_parts, releases, resolutions, signal_revisions, signals,
};
use crate::signals::model::{How, Outcome, ResolutionId, RevisionId, Signal, SignalId};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

/// How many steps of one kind are told.
pub const MOST_STEPS: i64 = 100;
/// How many signals are told at once.
const MOST_SIGNALS: i64 = 20;

/// The signals with this id, of this feedback, or of this interaction.
pub fn signals_by_id(conn: &mut Conn, id: uuid::Uuid) -> QueryResult<Vec<Signal>> {
    let found = signals::table.find(SignalId(id)).load(conn)?;
    if !found.is_empty() {
        return Ok(found);
    }
    let found =
        signals::table.filter(signals::feedback_id.eq(FeedbackId(id))).load::<Signal>(conn)?;
    if !found.is_empty() {
        return Ok(found);
    }
    let revised = signals::table
        .inner_join(signal_revisions::table.on(signal_revisions::signal_id.eq(signals::id)))
        .filter(signal_revisions::id.eq(RevisionId(id)))
        .select(signals::all_columns)
        .load::<Signal>(conn)?;
    if !revised.is_empty() {
        return Ok(revised);
    }
    // Also by a word of the author that was taken back: the interaction it is about.
    let interaction = feedback::table
        .find(FeedbackId(id))
        .select(feedback::interaction_id)
        .first(conn)
        .optional()?;
    signals_of(conn, interaction.unwrap_or(InteractionId(id)))
}

/// The signals of an interaction.
fn signals_of(conn: &mut Conn, id: InteractionId) -> QueryResult<Vec<Signal>> {
    signals::table
        .inner_join(feedback::table)
        .filter(feedback::interaction_id.eq(id))
        .order(signals::id)
        .limit(MOST_SIGNALS)
        .select(signals::all_columns)
        .load(conn)
}

/// The signals of what these agents' senders call by this id, in any environment.
pub fn signals_by_external_id(
    conn: &mut Conn,
    agents: &[AgentId],
    external_id: &str,
) -> QueryResult<Vec<Signal>> {
    let found: Vec<InteractionId> = interactions::table
        .filter(interactions::agent_id.eq_any(agents))
        .filter(interactions::environment.eq_any(Environment::ALL))
        .filter(interactions::external_id.eq(external_id))
        .select(interactions::id)
        .limit(MOST_SIGNALS)
        .load(conn)?;
    signals::table
        .inner_join(feedback::table)
        .filter(feedback::interaction_id.eq_any(found))
        .order(signals::id)
        .limit(MOST_SIGNALS)
        .select(signals::all_columns)
        .load(conn)
}

/// An interaction: its external id, agent, version, environment, time and input.
pub type Origin = (Option<String>, String, String, Environment, Instant, Option<JsonText>);

/// What a signal is about.
pub fn origin(conn: &mut Conn, id: InteractionId) -> QueryResult<Origin> {
    interactions::table
        .inner_join(agents::table)
        .inner_join(agent_versions::table)
        .left_join(interaction_bodies::table)
        .filter(interactions::id.eq(id))
        .select((
            interactions::external_id,
            agents::slug,
            agent_versions::name,
            interactions::environment,
            interactions::occurred_at,
            interaction_bodies::input.nullable(),
        ))
        .first(conn)
}

/// One revision of a signal.
#[derive(Queryable)]
pub struct Revised {
    pub id: RevisionId,
    pub number: i64,
    pub resolution_id: ResolutionId,
    pub feedback_id: FeedbackId,
    pub verdict: Verdict,
    pub created_at: Instant,
    pub retired_at: Option<Instant>,
}

/// The revisions of a signal, newest first.
pub fn revisions_of(conn: &mut Conn, id: SignalId) -> QueryResult<Vec<Revised>> {
    signal_revisions::table
        .filter(signal_revisions::signal_id.eq(id))
        .order(signal_revisions::number.desc())
        .limit(MOST_STEPS)
        .select((
            signal_revisions::id,
            signal_revisions::number,
            signal_revisions::resolution_id,
            signal_revisions::feedback_id,
            signal_revisions::verdict,
            signal_revisions::created_at,
            signal_revisions::retired_at,
        ))
        .load(conn)
}

/// One feedback: id, verdict, category, time, what its author said instead, and whether a random
/// audit found it.
pub type Said = (FeedbackId, Verdict, Option<String>, Instant, Option<FeedbackId>, bool);

/// What was said, oldest first.
pub fn said(conn: &mut Conn, ids: &[FeedbackId]) -> QueryResult<Vec<Said>> {
    feedback::table
        .left_join(categories::table)
        .filter(feedback::id.eq_any(ids))
        .order(feedback::id)
        .select((
            feedback::id,
            feedback::verdict,
            categories::slug.nullable(),
            feedback::occurred_at,
            feedback::superseded_by,
            feedback::is_audit,
        ))
        .load(conn)
}

/// One decision: id, number, outcome, how, reason, time, and who by name of person or key.
pub type Decided = (
    (ResolutionId, i64, Outcome, How, Option<String>, Instant),
    (Option<PersonId>, Option<String>, Option<String>),
);

/// The decisions on a signal's item, and those that its revisions follow, oldest first.
pub fn decided(
    conn: &mut Conn,
    signal: &Signal,
    revisions: &[Revised],
) -> QueryResult<Vec<Decided>> {
    let ids: Vec<ResolutionId> = revisions.iter().map(|each| each.resolution_id).collect();
    let load = |conn: &mut Conn, by_item: bool| {
        let mut query = resolutions::table
            .left_join(people::table)
            .left_join(api_keys::table)
            .order((resolutions::created_at, resolutions::number))
            .limit(MOST_STEPS)
            .select((
                (
                    resolutions::id,
                    resolutions::number,
                    resolutions::outcome,
                    resolutions::how,
                    resolutions::reason,
                    resolutions::created_at,
                ),
                (resolutions::person_id, people::name.nullable(), api_keys::name.nullable()),
            ))
            .into_boxed();
        query = match by_item {
            true => query.filter(resolutions::item_id.eq(signal.item_id)),
            false => query.filter(resolutions::id.eq_any(&ids)),
        };
        query.load::<Decided>(conn)
    };
    let mut all = load(conn, true)?;
    let others = load(conn, false)?;
    let others = others.into_iter().filter(|other| all.iter().all(|each| each.0.0 != other.0.0));
    all.extend(others.collect::<Vec<_>>());
    all.sort_by_key(|each| (each.0.5, each.0.1));
    Ok(all)
}

/// One release that looked at a signal.
pub struct Held {
    pub dataset: String,
    pub number: i64,
    pub state: State,
    pub finished_at: Option<Instant>,
    pub revision_id: Option<RevisionId>,
    pub side: Option<Side>,
    pub weight: i64,
    pub reason: Option<String>,
}

/// The releases, of any dataset, that looked at a signal, newest first, among the newest
/// `MOST_STEPS` that are about its agent.
pub fn held_by(conn: &mut Conn, signal: &Signal) -> AppResult<Vec<Held>> {
    let parts = holding(conn, signal.agent_id, signal.interaction_id, MOST_STEPS)?;
    let ids: Vec<ReleaseId> = parts.iter().map(|part| part.release_id).collect();
    type About = (ReleaseId, String, i64, State, Option<Instant>);
    let about: Vec<About> = releases::table
        .inner_join(datasets::table)
        .filter(releases::id.eq_any(ids))
        .select((
            releases::id,
            datasets::name,
            releases::number,
            releases::state,
            releases::finished_at,
        ))
        .load(conn)?;
    let mut held = Vec::new();
    for part in parts {
        let row = part.rows()?.into_iter().find(|row| row.signal_id == signal.id);
        let about = about.iter().find(|each| each.0 == part.release_id);
        let (Some(row), Some((_, dataset, number, state, finished_at))) = (row, about) else {
            continue;
        };
        held.push(Held {
            dataset: dataset.clone(),
            number: *number,
            state: *state,
            finished_at: *finished_at,
            revision_id: row.revision_id,
            side: row.side,
            weight: row.weight,
            reason: row.reason,
        });
    }
    Ok(held)
}

/// Of each release about the agent, newest first, the part that has the interaction, if one has.
/// Both databases walk an index to each of them. SQLite numbers what is bound as it appears.
const HOLDING: &str = "
    SELECT p.release_id, p.position, p.agent_id, p.last_id, p.ids, p.facts
    FROM release_agents a
    JOIN release_parts p ON p.release_id = a.release_id AND p.position = (
        SELECT q.position FROM release_parts q
        WHERE q.agent_id = a.agent_id AND q.release_id = a.release_id AND q.last_id >= $1
        ORDER BY q.last_id LIMIT 1)
    WHERE a.agent_id = $2 ORDER BY a.release_id DESC LIMIT $3";

/// The parts, of the newest `most` releases, that hold an interaction if their release does.
pub(super) fn holding(
    conn: &mut Conn,
    agent: AgentId,
    interaction: InteractionId,
    most: i64,
) -> QueryResult<Vec<Part>> {
    diesel::sql_query(HOLDING)
        .bind::<sql::Id, _>(interaction)
        .bind::<sql::Id, _>(agent)
        .bind::<BigInt, _>(most)
        .load(conn)
}

/// The part of a release that has the row at a position.
pub(super) fn part_of(conn: &mut Conn, id: ReleaseId, position: i64) -> QueryResult<Option<Part>> {
    release_parts::table
        .filter(release_parts::release_id.eq(id))
        .filter(release_parts::position.le(position))
        .order(release_parts::position.desc())
        .first(conn)
        .optional()
}
