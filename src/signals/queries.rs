//! Every query on review items, resolutions, signals and revisions.

use super::model::{Item, ItemId, ItemKind, QueueState, Resolution, Signal, SignalId, Waiting};
use crate::agents::OutputKind;
use crate::agents::VersionId;
use crate::db::{Conn, Hash, Instant, one_of};
use crate::feedback::model::{Severity, Urgency};
use crate::feedback::{Feedback, FeedbackId, Verdict};
use crate::interactions::model::{Body, Interaction};
use crate::interactions::{InteractionId, JsonText};
use crate::schema::{
    agent_versions, agents, feedback, interaction_bodies, interactions, queue, resolutions,
    review_items, signal_revisions, signals,
};
use diesel::prelude::*;
use std::collections::HashMap;

/// The items with these cluster hashes.
pub fn items_by_cluster(conn: &mut Conn, clusters: &[Hash]) -> QueryResult<Vec<Item>> {
    review_items::table
        .filter(one_of(review_items::cluster_hash, clusters))
        .select(review_items::all_columns)
        .load(conn)
}

/// The resolution that counts of each item that has one.
pub fn standing(conn: &mut Conn, items: &[ItemId]) -> QueryResult<HashMap<ItemId, Resolution>> {
    let rows: Vec<Resolution> = resolutions::table
        .filter(one_of(resolutions::item_id, items))
        .order(resolutions::number)
        .select(resolutions::all_columns)
        .load(conn)?;
    // In order of number, so the last of an item stays.
    Ok(rows.into_iter().map(|resolution| (resolution.item_id, resolution)).collect())
}

/// The signals that stand for these feedbacks.
pub fn signals_of_feedback(conn: &mut Conn, ids: &[FeedbackId]) -> QueryResult<Vec<Signal>> {
    signals::table.filter(one_of(signals::feedback_id, ids)).select(signals::all_columns).load(conn)
}

/// A signal with all that its revision copies.
pub struct Source {
    pub signal: Signal,
    /// Of its item.
    pub item_kind: ItemKind,
    pub verdict: Verdict,
    pub correction: Option<JsonText>,
    pub kind: OutputKind,
    pub row: Interaction,
    pub body: Option<Body>,
    pub version: String,
}

/// Signals of these interactions that still count, though their feedback was superseded.
pub fn signals_of_superseded(
    conn: &mut Conn,
    interactions: &[InteractionId],
) -> QueryResult<Vec<Signal>> {
    signals::table
        .inner_join(feedback::table)
        .filter(one_of(feedback::interaction_id, interactions))
        .filter(signals::status.ne(super::SignalStatus::Declined))
        .filter(feedback::superseded_by.is_not_null())
        .select(signals::all_columns)
        .load(conn)
}

/// The signals of these items whose feedback is current, with all that their revisions copy.
pub fn sources_of_items(conn: &mut Conn, items: &[ItemId]) -> QueryResult<Vec<Source>> {
    type Said = (Signal, ItemKind, Verdict, Option<JsonText>);
    type Row = (Said, OutputKind, Interaction, Option<Body>, String);
    let rows: Vec<Row> = signals::table
        .inner_join(feedback::table)
        .inner_join(agents::table)
        .inner_join(review_items::table)
        .inner_join(
            interactions::table
                .inner_join(agent_versions::table)
                .left_join(interaction_bodies::table),
        )
        .filter(one_of(signals::item_id, items))
        .filter(feedback::superseded_by.is_null())
        .order(signals::id)
        .select((
            (signals::all_columns, review_items::kind, feedback::verdict, feedback::correction),
            agents::kind,
            interactions::all_columns,
            interaction_bodies::all_columns.nullable(),
            agent_versions::name,
        ))
        .load(conn)?;
    let source = |((signal, item_kind, verdict, correction), kind, row, body, version)| Source {
        signal,
        item_kind,
        verdict,
        correction,
        kind,
        row,
        body,
        version,
    };
    Ok(rows.into_iter().map(source).collect())
}

/// The signal of an audited item, which has one at most.
pub fn signal_of_audit(conn: &mut Conn, item: ItemId) -> QueryResult<Option<Signal>> {
    signals::table
        .filter(signals::item_id.eq(item))
        .order(signals::id)
        .select(signals::all_columns)
        .first(conn)
        .optional()
}

/// The items of confirmations of these interactions that stand accepted.
pub fn items_confirming(
    conn: &mut Conn,
    interactions: &[InteractionId],
) -> QueryResult<Vec<ItemId>> {
    signals::table
        .inner_join(feedback::table)
        .filter(one_of(feedback::interaction_id, interactions))
        .filter(signals::status.eq(super::SignalStatus::Accepted))
        .filter(feedback::verdict.eq(Verdict::Confirmed))
        .select(signals::item_id)
        .distinct()
        .load(conn)
}

/// The highest revision number of each of these signals.
pub fn last_numbers(conn: &mut Conn, ids: &[SignalId]) -> QueryResult<HashMap<SignalId, i64>> {
    let rows: Vec<(SignalId, i64)> = signal_revisions::table
        .filter(one_of(signal_revisions::signal_id, ids))
        .order((signal_revisions::signal_id, signal_revisions::number))
        .select((signal_revisions::signal_id, signal_revisions::number))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// An item as it stands in the queue: shown by its first feedback, as urgent and as severe as the
/// newest 100 who stand behind it say.
pub fn as_waiting(
    conn: &mut Conn,
    item: ItemId,
    first: FeedbackId,
    state: QueueState,
    waiting_at: Instant,
) -> QueryResult<Waiting> {
    let (feedback, version_id): (Feedback, VersionId) = feedback::table
        .inner_join(interactions::table)
        .filter(feedback::id.eq(first))
        .select((feedback::all_columns, interactions::version_id))
        .first(conn)?;
    let said: Vec<(Urgency, Severity)> = signals::table
        .inner_join(feedback::table)
        .filter(signals::item_id.eq(item))
        .filter(feedback::superseded_by.is_null())
        .order(signals::feedback_id.desc())
        .limit(100)
        .select((feedback::urgency, feedback::severity))
        .load(conn)?;
    let severity = said.iter().map(|(_, severity)| *severity).max();
    Ok(Waiting {
        item_id: item,
        deployment_id: feedback.deployment_id,
        state,
        is_urgent: said.iter().any(|(urgency, _)| *urgency == Urgency::Urgent),
        waiting_at,
        feedback_id: Some(feedback.id),
        verdict: Some(feedback.verdict),
        severity: severity.unwrap_or(feedback.severity),
        category_id: feedback.category_id,
        version_id,
    })
}

/// An item as it waits; none once it is decided.
pub fn find_waiting(conn: &mut Conn, item: ItemId) -> QueryResult<Option<Waiting>> {
    queue::table.find(item).select(queue::all_columns).first(conn).optional()
}
