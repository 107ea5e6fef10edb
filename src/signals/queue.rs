//! The queue follows what happens to items: who joins it, who leaves it, and why one comes back.

use super::actions::Candidate;
use super::model::{Item, ItemId, QueueState, SignalStatus, Waiting};
use super::{audits, queries};
use crate::clock;
use crate::db::{Conn, Instant, one_of};
use crate::error::AppResult;
use crate::feedback::FeedbackId;
use crate::feedback::model::{Severity, Urgency};
use crate::insert_rows;
use crate::schema::{feedback, queue, signals};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Lets new feedback join: an item that is not in the queue yet comes in, one that is there
/// becomes as urgent and as severe as the newest says, and one whose reporter was asked comes back.
/// Those of `fresh` were made just now.
pub(super) fn join<'a>(
    conn: &mut Conn,
    candidates: &[Candidate],
    item_of: impl Fn(usize) -> Option<&'a Item>,
    fresh: &HashSet<ItemId>,
) -> AppResult<()> {
    let now = clock::now();
    let mut joining: BTreeMap<ItemId, Waiting> = BTreeMap::new();
    for (n, candidate) in candidates.iter().enumerate() {
        let Some(item) = item_of(n).filter(|item| item.status == SignalStatus::Pending) else {
            continue;
        };
        let new = waiting(candidate, item.id, now);
        let (urgent, severity) = (new.is_urgent, new.severity);
        let row = joining.entry(item.id).or_insert(new);
        row.is_urgent |= urgent;
        row.severity = row.severity.max(severity);
    }
    let known: Vec<ItemId> = joining.keys().filter(|id| !fresh.contains(id)).copied().collect();
    let there = if known.is_empty() { HashMap::new() } else { standing(conn, &known)? };
    let (old, new): (Vec<Waiting>, Vec<Waiting>) =
        joining.into_values().partition(|row| there.contains_key(&row.item_id));
    insert_rows!(conn, queue::table, new.iter().collect::<Vec<_>>())?;
    for row in &old {
        if let Some(before) = there.get(&row.item_id) {
            raise(conn, row, *before, now)?;
        }
    }
    Ok(())
}

/// What of an item in the queue more feedback may raise.
type Standing = (QueueState, bool, Severity);

fn standing(conn: &mut Conn, items: &[ItemId]) -> QueryResult<HashMap<ItemId, Standing>> {
    let rows: Vec<(ItemId, Standing)> = queue::table
        .filter(one_of(queue::item_id, items))
        .select((queue::item_id, (queue::state, queue::is_urgent, queue::severity)))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

fn waiting(candidate: &Candidate, item_id: ItemId, waiting_at: Instant) -> Waiting {
    let feedback = &candidate.feedback;
    Waiting {
        item_id,
        deployment_id: feedback.deployment_id,
        state: QueueState::Waiting,
        is_urgent: feedback.urgency == Urgency::Urgent,
        waiting_at,
        feedback_id: Some(feedback.id),
        verdict: Some(feedback.verdict),
        severity: feedback.severity,
        category_id: feedback.category_id,
        version_id: candidate.subject.row.version_id,
    }
}

fn raise(conn: &mut Conn, new: &Waiting, old: Standing, now: Instant) -> AppResult<()> {
    let (state, is_urgent, severity) = old;
    let item = queue::table.find(new.item_id);
    if state == QueueState::Asked {
        diesel::update(item)
            .set((queue::state.eq(QueueState::Waiting), queue::waiting_at.eq(now)))
            .execute(conn)?;
    }
    let raised = (is_urgent || new.is_urgent, severity.max(new.severity));
    if raised != (is_urgent, severity) {
        diesel::update(item)
            .set((queue::is_urgent.eq(raised.0), queue::severity.eq(raised.1)))
            .execute(conn)?;
    }
    Ok(())
}

/// Takes decided items out.
pub(super) fn leave(conn: &mut Conn, items: &[ItemId]) -> AppResult<()> {
    if !items.is_empty() {
        diesel::delete(queue::table.filter(one_of(queue::item_id, items))).execute(conn)?;
    }
    Ok(())
}

/// After authors changed their mind: an item that nobody stands behind any more leaves, and one
/// that others stand behind is shown by what they said.
pub(super) fn follow(conn: &mut Conn, items: &[ItemId]) -> AppResult<()> {
    if items.is_empty() {
        return Ok(());
    }
    let stands = signals::table
        .inner_join(feedback::table)
        .filter(signals::item_id.eq(queue::item_id))
        .filter(feedback::superseded_by.is_null());
    diesel::delete(queue::table.filter(one_of(queue::item_id, items)))
        .filter(not(exists(stands)))
        .execute(conn)?;
    let is_taken_back = exists(
        feedback::table
            .filter(feedback::id.nullable().eq(queue::feedback_id))
            .filter(feedback::superseded_by.is_not_null()),
    );
    let orphans: Vec<ItemId> = queue::table
        .filter(one_of(queue::item_id, items))
        .filter(is_taken_back)
        .select(queue::item_id)
        .load(conn)?;
    for item in orphans {
        if let Some(first) = first_of(conn, item)? {
            diesel::update(queue::table.find(item))
                .set(queue::feedback_id.eq(Some(first)))
                .execute(conn)?;
        }
    }
    Ok(())
}

fn first_of(conn: &mut Conn, item: ItemId) -> QueryResult<Option<FeedbackId>> {
    signals::table
        .inner_join(feedback::table)
        .filter(signals::item_id.eq(item))
        .filter(feedback::superseded_by.is_null())
        .order(signals::feedback_id)
        .select(signals::feedback_id)
        .first(conn)
        .optional()
}

/// Moves items that are in the queue to another state there; they keep their age.
pub fn set_state(conn: &mut Conn, items: &[ItemId], state: QueueState) -> AppResult<()> {
    let moved = queue::table.filter(one_of(queue::item_id, items));
    diesel::update(moved).set(queue::state.eq(state)).execute(conn)?;
    Ok(())
}

/// Puts an item into the queue, or into another state there. It waits from now on.
pub(super) fn put(conn: &mut Conn, item: ItemId, state: QueueState) -> AppResult<()> {
    let now = clock::now();
    let moved = diesel::update(queue::table.find(item))
        .set((queue::state.eq(state), queue::waiting_at.eq(now)))
        .execute(conn)?;
    if moved > 0 {
        return Ok(());
    }
    let row = match (audits::as_waiting(conn, item, state, now)?, first_of(conn, item)?) {
        (Some(drawn), _) => Some(drawn),
        (None, Some(first)) => Some(queries::as_waiting(conn, item, first, state, now)?),
        (None, None) => None,
    };
    if let Some(row) = row {
        diesel::insert_into(queue::table).values(&row).execute(conn)?;
    }
    Ok(())
}
