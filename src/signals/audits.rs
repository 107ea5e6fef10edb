//! Items about an interaction that nobody reported: it was drawn at random, to be looked at. What
//! is decided of one is the reviewer's own feedback, and the one signal that the item has.

use super::model::{
    Item, ItemId, ItemKind, Outcome, QueueState, Resolution, Signal, SignalId, SignalStatus,
    Waiting,
};
use super::queries;
use super::settle::replace;
use crate::agents::{DeploymentId, VersionId};
use crate::clock;
use crate::db::{Conn, Hash, Instant};
use crate::error::AppResult;
use crate::feedback::model::{KnownBy, Severity, Urgency};
use crate::feedback::queries::{Subject, subjects};
use crate::feedback::{Feedback, FeedbackId, Verdict, actions as feedback};
use crate::interactions::InteractionId;
use crate::schema::{deployments, interactions, queue, review_items, signals};
use diesel::prelude::*;

/// An interaction is audited once, whoever draws it.
pub(super) fn cluster_of(interaction: InteractionId) -> Hash {
    Hash::of(&[b"audit", interaction.0.as_bytes()])
}

/// What a decision on an audit says of the output; nothing where it is taken back.
fn verdict_of(outcome: Outcome) -> Option<Verdict> {
    match outcome {
        Outcome::Accepted => Some(Verdict::Confirmed),
        Outcome::AcceptedWithEdits => Some(Verdict::Corrected),
        Outcome::Declined | Outcome::Duplicate => Some(Verdict::Rejected),
        Outcome::NeedsInfo | Outcome::Escalated | Outcome::Reopened => None,
    }
}

/// The decision on an audit in which somebody says this of the output.
pub(super) fn outcome_of(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Confirmed => Outcome::Accepted,
        Verdict::Corrected => Outcome::AcceptedWithEdits,
        Verdict::Rejected | Verdict::Escalated => Outcome::Declined,
    }
}

/// Lets whoever decided an audit say what they found: it is their feedback, and takes the place of
/// what an earlier decision on the item said. The signal that stands for it is made, or kept, and
/// follows the decision next. Says whether there is anything that can follow: of texts that were
/// erased, and of an answer that never came and is right, there is no example.
pub(super) fn speak(conn: &mut Conn, item: &Item, resolution: &Resolution) -> AppResult<bool> {
    let Some(verdict) = verdict_of(resolution.outcome) else { return Ok(true) };
    let ids: Vec<InteractionId> = item.interaction_id.into_iter().collect();
    let Some(subject) = subjects(conn, &ids)?.pop() else { return Ok(false) };
    if verdict == Verdict::Confirmed && subject.body.output.is_none() {
        return Ok(false);
    }
    let said = said(&subject, verdict, resolution);
    let id = said.id;
    feedback::record(conn, &[said])?;
    match queries::signal_of_audit(conn, item.id)? {
        Some(before) => replace(conn, &Signal { feedback_id: id, ..before })?,
        None => {
            let signal = Signal {
                id: SignalId::new(),
                feedback_id: id,
                interaction_id: subject.row.id,
                deployment_id: subject.row.deployment_id,
                agent_id: subject.row.agent_id,
                item_id: item.id,
                status: SignalStatus::Pending,
                revision_id: None,
            };
            diesel::insert_into(signals::table).values(&signal).execute(conn)?;
        }
    }
    Ok(true)
}

/// What the reviewer said, as feedback: their reason is its comment.
fn said(subject: &Subject, verdict: Verdict, resolution: &Resolution) -> Feedback {
    Feedback {
        id: FeedbackId::new(),
        interaction_id: subject.row.id,
        deployment_id: subject.row.deployment_id,
        author_id: resolution.person_id,
        known_by: if resolution.key_id.is_some() { KnownBy::Key } else { KnownBy::Session },
        verdict,
        correction: resolution.label.clone().filter(|_| verdict == Verdict::Corrected),
        category_id: None,
        severity: Severity::Medium,
        comment: resolution.reason.clone(),
        urgency: Urgency::Normal,
        occurred_at: resolution.created_at,
        external_id: None,
        dedup_key: Hash::of(&[b"audit", resolution.id.0.as_bytes()]),
        superseded_by: None,
        is_audit: true,
    }
}

/// Puts an interaction into the queue to be looked at; gives its item, which may be there already.
pub fn open(conn: &mut Conn, interaction: InteractionId) -> AppResult<ItemId> {
    let cluster_hash = cluster_of(interaction);
    if let Some(there) = queries::items_by_cluster(conn, &[cluster_hash])?.first() {
        return Ok(there.id);
    }
    let (agent_id, team_id, input_hash) = interactions::table
        .inner_join(deployments::table)
        .filter(interactions::id.eq(interaction))
        .select((interactions::agent_id, deployments::team_id, interactions::input_hash))
        .first(conn)?;
    let item = Item {
        id: ItemId::new(),
        kind: ItemKind::Audit,
        agent_id,
        team_id,
        input_hash,
        cluster_hash,
        status: SignalStatus::Pending,
        created_at: clock::now(),
        interaction_id: Some(interaction),
    };
    diesel::insert_into(review_items::table).values(&item).execute(conn)?;
    if let Some(row) = as_waiting(conn, item.id, QueueState::Waiting, item.created_at)? {
        diesel::insert_into(queue::table).values(&row).execute(conn)?;
    }
    Ok(item.id)
}

/// An audited item as it stands in the queue; nothing where the item is about feedback.
pub(super) fn as_waiting(
    conn: &mut Conn,
    item_id: ItemId,
    state: QueueState,
    waiting_at: Instant,
) -> QueryResult<Option<Waiting>> {
    let found: Option<(DeploymentId, VersionId)> = review_items::table
        .inner_join(interactions::table)
        .filter(review_items::id.eq(item_id))
        .filter(review_items::kind.eq(ItemKind::Audit))
        .select((interactions::deployment_id, interactions::version_id))
        .first(conn)
        .optional()?;
    Ok(found.map(|(deployment_id, version_id)| Waiting {
        item_id,
        deployment_id,
        state,
        is_urgent: false,
        waiting_at,
        feedback_id: None,
        verdict: None,
        severity: Severity::Medium,
        category_id: None,
        version_id,
    }))
}
