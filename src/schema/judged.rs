//! What must be judged, what was decided, and what follows from it.

use super::{Id, Instant, Json, agents, api_keys, deployments, feedback, interactions, people};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    review_items (id) {
        id -> Id,
        kind -> Text,
        agent_id -> Id,
        team_id -> Id,
        input_hash -> Binary,
        cluster_hash -> Binary,
        status -> Text,
        created_at -> Instant,
        interaction_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    resolutions (id) {
        id -> Id,
        item_id -> Id,
        number -> BigInt,
        outcome -> Text,
        label -> Nullable<Text>,
        how -> Text,
        person_id -> Nullable<Id>,
        reason -> Nullable<Text>,
        created_at -> Instant,
        key_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    signals (id) {
        id -> Id,
        feedback_id -> Id,
        interaction_id -> Id,
        deployment_id -> Id,
        agent_id -> Id,
        item_id -> Id,
        status -> Text,
        revision_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    signal_revisions (id) {
        id -> Id,
        signal_id -> Id,
        number -> BigInt,
        resolution_id -> Id,
        feedback_id -> Id,
        verdict -> Text,
        prompt -> Text,
        tools -> Nullable<Text>,
        output -> Nullable<Text>,
        label -> Nullable<Text>,
        version -> Text,
        conversation_id -> Nullable<Text>,
        end_user_id -> Nullable<Id>,
        input_hash -> Binary,
        created_at -> Instant,
        retired_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    unpublished (revision_id, event) {
        revision_id -> Id,
        event -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    published (sequence) {
        sequence -> BigInt,
        revision_id -> Id,
        event -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    followers (name) {
        name -> Text,
        sequence -> BigInt,
        until -> BigInt,
    }
}

diesel::joinable!(published -> signal_revisions (revision_id));
diesel::joinable!(review_items -> agents (agent_id));
diesel::joinable!(review_items -> interactions (interaction_id));
diesel::joinable!(resolutions -> review_items (item_id));
diesel::joinable!(signals -> feedback (feedback_id));
diesel::joinable!(signals -> interactions (interaction_id));
diesel::joinable!(signals -> deployments (deployment_id));
diesel::joinable!(signals -> review_items (item_id));
diesel::joinable!(signals -> agents (agent_id));
diesel::joinable!(signal_revisions -> resolutions (resolution_id));
diesel::joinable!(resolutions -> people (person_id));
diesel::joinable!(resolutions -> api_keys (key_id));
