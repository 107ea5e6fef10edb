//! Items about an interaction that nobody reported: it was drawn at random, to be looked at.

use super::model::{Item, ItemId, ItemKind, QueueState, SignalStatus, Waiting};
use super::queries;
use crate::agents::{DeploymentId, VersionId};
use crate::clock;
use crate::db::{Conn, Hash, Instant};
use crate::error::AppResult;
use crate::feedback::model::Severity;
use crate::interactions::InteractionId;
use crate::schema::{deployments, interactions, queue, review_items};
use diesel::prelude::*;

/// Puts an interaction into the queue to be looked at; gives its item, which may be there already.
pub fn open(conn: &mut Conn, interaction: InteractionId) -> AppResult<ItemId> {
    let cluster_hash = Hash::of(&[b"audit", interaction.0.as_bytes()]);
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
