//! The queue, and what reviewers do with it.

use super::{
    Id, Instant, Json, agent_versions, api_keys, categories, deployments, feedback, people,
    review_items,
};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    queue (item_id) {
        item_id -> Id,
        deployment_id -> Id,
        state -> Text,
        is_urgent -> Bool,
        waiting_at -> Instant,
        feedback_id -> Nullable<Id>,
        verdict -> Nullable<Text>,
        severity -> Text,
        category_id -> Nullable<Id>,
        version_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    claims (item_id, slot) {
        item_id -> Id,
        slot -> BigInt,
        person_id -> Nullable<Id>,
        key_id -> Nullable<Id>,
        claimed_at -> Instant,
        claimed_until -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    reviews (id) {
        id -> Id,
        act_id -> Id,
        item_id -> Id,
        round -> BigInt,
        slot -> BigInt,
        person_id -> Nullable<Id>,
        key_id -> Nullable<Id>,
        decision -> Text,
        label -> Nullable<Text>,
        reason -> Nullable<Text>,
        duplicate_of -> Nullable<Id>,
        resolution_id -> Nullable<Id>,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    saved_filters (id) {
        id -> Id,
        person_id -> Id,
        name -> Text,
        query -> Text,
        created_at -> Instant,
    }
}

diesel::joinable!(queue -> review_items (item_id));
diesel::joinable!(queue -> deployments (deployment_id));
diesel::joinable!(queue -> feedback (feedback_id));
diesel::joinable!(queue -> agent_versions (version_id));
diesel::joinable!(queue -> categories (category_id));
diesel::joinable!(claims -> review_items (item_id));
diesel::joinable!(claims -> people (person_id));
diesel::joinable!(claims -> api_keys (key_id));
diesel::joinable!(reviews -> review_items (item_id));
diesel::joinable!(reviews -> people (person_id));
diesel::joinable!(reviews -> api_keys (key_id));
