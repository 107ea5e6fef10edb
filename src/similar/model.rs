//! Rows of the index.

use crate::accounts::TeamId;
use crate::agents::AgentId;
use crate::schema::past_overrides;
use crate::signals::model::ItemId;
use diesel::prelude::*;

/// What somebody overrode, as it is looked for: the words of what was asked.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = past_overrides)]
pub struct Entry {
    /// Counts up from 1: the index of SQLite wants a number.
    pub number: i64,
    pub item_id: ItemId,
    pub agent_id: AgentId,
    pub team_id: TeamId,
    /// Different words with spaces between.
    pub words: String,
}

/// How many of the rarest words are looked for.
pub const RAREST: usize = 6;
/// Words that more overrides have than this are not looked for: what is common tells nothing
/// apart, and would cost as much as there are.
pub const COMMON: i64 = 10_000;
/// How many that were found are compared.
pub const COMPARED: i64 = 50;
/// How much of the words that are asked for, rare ones counting more, must be in what was found.
pub const LEAST: f64 = 0.2;
