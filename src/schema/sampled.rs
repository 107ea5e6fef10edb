//! What was drawn at random, to be looked at.

use super::{Id, Instant, Json, deployments, interactions, review_items};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    audit_draws (id) {
        id -> Id,
        deployment_id -> Id,
        week_at -> Instant,
        size -> BigInt,
        after -> Nullable<Id>,
        counted -> BigInt,
        flagged -> BigInt,
        is_drawn -> Bool,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    audit_picks (draw_id, interaction_id) {
        draw_id -> Id,
        interaction_id -> Id,
        rank -> Binary,
        is_flagged -> Bool,
        item_id -> Nullable<Id>,
    }
}

diesel::joinable!(audit_draws -> deployments (deployment_id));
diesel::joinable!(audit_picks -> audit_draws (draw_id));
diesel::joinable!(audit_picks -> interactions (interaction_id));
diesel::joinable!(audit_picks -> review_items (item_id));
