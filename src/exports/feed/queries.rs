//! Revisions as the feed tells them, in the order in which they were published.

use crate::agents::Environment;
use crate::db::{Conn, Instant};
use crate::feedback::Verdict;
use crate::interactions::{InteractionId, JsonText};
use crate::schema::{
    agents, deployments, interactions, published, signal_revisions, signals, teams,
};
use crate::signals::model::{RevisionId, SignalId};
use crate::signals::published::Event;
use diesel::prelude::*;

/// What is told of one event.
#[derive(Queryable)]
pub struct Told {
    pub what: (i64, Event, RevisionId, SignalId, i64),
    pub about: (InteractionId, Instant, Environment, String, String, String),
    pub texts: (JsonText, Option<JsonText>, Option<JsonText>, Option<JsonText>),
    pub more: (Verdict, Option<String>, Instant, Option<Instant>),
}

macro_rules! columns {
    () => {
        (
            (
                published::sequence,
                published::event,
                signal_revisions::id,
                signal_revisions::signal_id,
                signal_revisions::number,
            ),
            (
                signals::interaction_id,
                interactions::occurred_at,
                interactions::environment,
                agents::slug,
                signal_revisions::version,
                teams::slug,
            ),
            (
                signal_revisions::prompt,
                signal_revisions::tools,
                signal_revisions::output,
                signal_revisions::label,
            ),
            (
                signal_revisions::verdict,
                signal_revisions::conversation_id,
                signal_revisions::created_at,
                signal_revisions::retired_at,
            ),
        )
    };
}

/// The events after a number, up to another; `limit` at most.
pub fn told(conn: &mut Conn, after: i64, until: i64, limit: i64) -> QueryResult<Vec<Told>> {
    published::table
        .inner_join(signal_revisions::table)
        .inner_join(signals::table.on(signals::id.eq(signal_revisions::signal_id)))
        .inner_join(interactions::table.on(interactions::id.eq(signals::interaction_id)))
        .inner_join(agents::table.on(agents::id.eq(signals::agent_id)))
        .inner_join(deployments::table.on(deployments::id.eq(signals::deployment_id)))
        .inner_join(teams::table.on(teams::id.eq(deployments::team_id)))
        .filter(published::sequence.gt(after))
        .filter(published::sequence.le(until))
        .order(published::sequence)
        .limit(limit)
        .select(columns!())
        .load(conn)
}
