//! Queries on items that were drawn at random.

use super::Details;
use crate::db::Conn;
use crate::interactions::{InteractionId, JsonText};
use crate::schema::{agent_versions, agents, interaction_bodies, interactions, review_items};
use crate::signals::model::ItemId;
use diesel::prelude::*;
use std::collections::HashMap;

/// What rows of the queue say that were drawn at random.
pub fn details_of_audits(
    conn: &mut Conn,
    items: &[ItemId],
) -> QueryResult<HashMap<ItemId, Details>> {
    if items.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(ItemId, Option<JsonText>, String, String)> = review_items::table
        .inner_join(
            interactions::table
                .inner_join(agents::table)
                .inner_join(agent_versions::table)
                .left_join(interaction_bodies::table),
        )
        .filter(review_items::id.eq_any(items))
        .select((
            review_items::id,
            interaction_bodies::input.nullable(),
            agents::name,
            agent_versions::name,
        ))
        .load(conn)?;
    let details = |(item, input, agent, version)| {
        (item, Details { known_by: None, input, agent, version, category: None })
    };
    Ok(rows.into_iter().map(details).collect())
}

/// What the agent said in this interaction; nothing where it failed, or its text was erased.
pub fn output_of(conn: &mut Conn, id: InteractionId) -> QueryResult<Option<JsonText>> {
    let output: Option<Option<JsonText>> = interaction_bodies::table
        .find(id)
        .select(interaction_bodies::output)
        .first(conn)
        .optional()?;
    Ok(output.flatten())
}
