//! What follows from a decision: an accepting one makes a revision of each signal, a later one
//! takes it out of use.

use super::model::{
    Decision, Item, ItemId, ItemKind, Outcome, QueueState, Resolution, ResolutionId, Reviewer,
    Revision, RevisionId, Signal, SignalStatus,
};
use super::published::{self, Event};
use super::queries::{self, Source};
use super::{audits, queue};
use crate::clock;
use crate::db::Conn;
use crate::error::AppResult;
use crate::feedback::{Verdict, rules};
use crate::insert_rows;
use crate::interactions::JsonText;
use crate::schema::{resolutions, review_items, signal_revisions, signals};
use diesel::prelude::*;
use std::collections::HashMap;

/// Records a decision on an item and lets its signals, and the queue, follow. For reviewers, and
/// for decisions that no longer stand.
pub fn resolve(conn: &mut Conn, item: ItemId, decision: Decision) -> AppResult<Resolution> {
    let last = queries::standing(conn, &[item])?.remove(&item).map_or(0, |r| r.number);
    let resolution = Resolution {
        id: ResolutionId::new(),
        item_id: item,
        number: last + 1,
        outcome: decision.outcome,
        label: decision.label,
        how: decision.how,
        person_id: decision.by.and_then(Reviewer::person),
        reason: decision.reason,
        created_at: clock::now(),
        key_id: decision.by.and_then(Reviewer::key),
    };
    diesel::insert_into(resolutions::table).values(&resolution).execute(conn)?;
    let decided: Item = diesel::update(review_items::table.find(item))
        .set(review_items::status.eq(resolution.outcome.status()))
        .returning(review_items::all_columns)
        .get_result(conn)?;
    if decided.kind == ItemKind::Feedback || audits::speak(conn, &decided, &resolution)? {
        settle(conn, &[item], &HashMap::from([(item, resolution.clone())]))?;
    }
    match resolution.outcome {
        Outcome::NeedsInfo => queue::put(conn, item, QueueState::Asked)?,
        Outcome::Escalated => queue::put(conn, item, QueueState::Escalated)?,
        Outcome::Reopened => queue::put(conn, item, QueueState::Waiting)?,
        _ => queue::leave(conn, &[item])?,
    }
    Ok(resolution)
}

/// Takes the signal's revision out of use, and gives the highest number it had.
pub(super) fn retire(conn: &mut Conn, signal: &Signal) -> AppResult<i64> {
    if let Some(revision) = signal.revision_id {
        diesel::update(signal_revisions::table.find(revision))
            .set(signal_revisions::retired_at.eq(Some(clock::now())))
            .execute(conn)?;
        published::note(conn, [revision], Event::Retired)?;
    }
    Ok(queries::last_numbers(conn, &[signal.id])?.get(&signal.id).copied().unwrap_or(0))
}

/// Stores what changed of a signal.
pub(super) fn replace(conn: &mut Conn, signal: &Signal) -> AppResult<()> {
    diesel::update(signals::table.find(signal.id))
        .set((
            signals::feedback_id.eq(signal.feedback_id),
            signals::item_id.eq(signal.item_id),
            signals::status.eq(signal.status),
            signals::revision_id.eq(signal.revision_id),
        ))
        .execute(conn)?;
    Ok(())
}

/// Lets the signals of decided items follow the decision.
pub(super) fn settle(
    conn: &mut Conn,
    items: &[ItemId],
    standing: &HashMap<ItemId, Resolution>,
) -> AppResult<()> {
    if items.is_empty() {
        return Ok(());
    }
    let mut revisions = Vec::new();
    for source in queries::sources_of_items(conn, items)? {
        let Some(resolution) = standing.get(&source.signal.item_id) else { continue };
        let status = source.item_kind.after(resolution.outcome);
        let follows = source.signal.status == status
            && (status != SignalStatus::Accepted || resolution.label.is_none())
            && source.signal.revision_id.is_some() == (status == SignalStatus::Accepted);
        if follows {
            continue;
        }
        let number = retire(conn, &source.signal)? + 1;
        let mut signal = source.signal.clone();
        signal.status = status;
        signal.revision_id = None;
        if status == SignalStatus::Accepted {
            let revision = revision(&source, resolution, number);
            signal.revision_id = Some(revision.id);
            revisions.push(revision);
        }
        replace(conn, &signal)?;
    }
    insert_revisions(conn, &revisions)
}

/// Stores new revisions.
pub(super) fn insert_revisions(conn: &mut Conn, revisions: &[Revision]) -> AppResult<()> {
    insert_rows!(conn, signal_revisions::table, revisions.iter().collect::<Vec<_>>())?;
    Ok(published::note(conn, revisions.iter().map(|revision| revision.id), Event::Made)?)
}

/// The snapshot: what a training file says stays true whatever happens to the rest.
pub(super) fn revision(source: &Source, resolution: &Resolution, number: i64) -> Revision {
    let body = source.body.as_ref();
    let output = body.and_then(|body| body.output.clone());
    let said = match source.verdict {
        Verdict::Confirmed => output.clone(),
        Verdict::Corrected => source.correction.clone(),
        Verdict::Rejected | Verdict::Escalated => None,
    };
    // Whoever gives another label says what is right, whatever the reporter said.
    let verdict = match (&resolution.label, &output) {
        (None, _) => source.verdict,
        (Some(label), Some(output)) if rules::same_output(source.kind, output, label) => {
            Verdict::Confirmed
        }
        (Some(_), _) => Verdict::Corrected,
    };
    Revision {
        id: RevisionId::new(),
        signal_id: source.signal.id,
        number,
        resolution_id: resolution.id,
        feedback_id: source.signal.feedback_id,
        verdict,
        prompt: body.map_or_else(|| JsonText::string(""), |body| body.input.clone()),
        tools: body.and_then(|body| body.tools.clone()),
        output,
        label: resolution.label.clone().or(said),
        version: source.version.clone(),
        conversation_id: source.row.conversation_id.clone(),
        end_user_id: source.row.end_user_id,
        input_hash: source.row.input_hash,
        created_at: clock::now(),
        retired_at: None,
    }
}
