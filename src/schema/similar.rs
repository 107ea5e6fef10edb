//! The index of past overrides.

use super::{Id, Instant, Json, agents, review_items, teams};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    past_overrides (number) {
        number -> BigInt,
        item_id -> Id,
        agent_id -> Id,
        team_id -> Id,
        words -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    override_words (word) {
        word -> Text,
        overrides -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    override_passes (name) {
        name -> Text,
        after -> Id,
    }
}

diesel::joinable!(past_overrides -> review_items (item_id));
diesel::joinable!(past_overrides -> agents (agent_id));
diesel::joinable!(past_overrides -> teams (team_id));
