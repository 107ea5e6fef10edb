//! What past overrides are shown with.

use crate::db::{Conn, Hash, Instant};
use crate::feedback::Verdict;
use crate::interactions::JsonText;
use crate::schema::{feedback, interaction_bodies, interactions, review_items, signals};
use crate::signals::model::{ItemId, Resolution};
use crate::signals::{SignalStatus, queries as decisions};
use diesel::prelude::*;

/// An override, as it is shown beside another.
#[derive(Debug, Clone, Queryable)]
pub struct Past {
    pub item: ItemId,
    pub input_hash: Hash,
    pub status: SignalStatus,
    pub verdict: Verdict,
    pub correction: Option<JsonText>,
    pub input: Option<JsonText>,
    pub occurred_at: Instant,
}

/// Each of these items by what its first reporter said, with the decision that counts; those that
/// nobody stands behind any more are left out. They are few.
pub fn past(conn: &mut Conn, items: &[ItemId]) -> QueryResult<Vec<(Past, Option<Resolution>)>> {
    let mut standing = decisions::standing(conn, items)?;
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        let found: Option<Past> = signals::table
            .inner_join(
                feedback::table
                    .inner_join(interactions::table.left_join(interaction_bodies::table)),
            )
            .inner_join(review_items::table)
            .filter(signals::item_id.eq(item))
            .filter(feedback::superseded_by.is_null())
            .order(signals::feedback_id)
            .select((
                signals::item_id,
                review_items::input_hash,
                review_items::status,
                feedback::verdict,
                feedback::correction,
                interaction_bodies::input.nullable(),
                feedback::occurred_at,
            ))
            .first(conn)
            .optional()?;
        all.extend(found.map(|found| (found, standing.remove(item))));
    }
    Ok(all)
}
