//! Datasets, their releases, and the sides that groups were given.

use super::{Id, Instant, Json, people};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    datasets (id) {
        id -> Id,
        name -> Text,
        question -> Json,
        last_number -> BigInt,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    releases (id) {
        id -> Id,
        dataset_id -> Id,
        number -> BigInt,
        state -> Text,
        question -> Json,
        frame -> Json,
        redaction_key -> Binary,
        person_id -> Nullable<Id>,
        key_id -> Nullable<Id>,
        created_at -> Instant,
        stage -> Text,
        done -> BigInt,
        total -> BigInt,
        tries -> BigInt,
        next_try_at -> Instant,
        lease_id -> Nullable<Id>,
        leased_until -> Nullable<Instant>,
        finished_at -> Nullable<Instant>,
        error -> Nullable<Text>,
        figures -> Nullable<Json>,
        manifest -> Nullable<Text>,
        card -> Nullable<Text>,
        retired -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    release_files (release_id, name) {
        release_id -> Id,
        name -> Text,
        row_count -> BigInt,
        bytes -> BigInt,
        sha256 -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    release_parts (release_id, position) {
        release_id -> Id,
        position -> BigInt,
        agent_id -> Id,
        last_id -> Id,
        ids -> Binary,
        facts -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    release_left (release_id, reason, position) {
        release_id -> Id,
        reason -> Text,
        position -> BigInt,
        row_count -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    release_agents (agent_id, release_id) {
        agent_id -> Id,
        release_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    release_retired (release_id, position) {
        release_id -> Id,
        position -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    pushes (release_id) {
        release_id -> Id,
        state -> Text,
        store -> Nullable<Text>,
        done -> BigInt,
        total -> BigInt,
        tries -> BigInt,
        next_try_at -> Instant,
        lease_id -> Nullable<Id>,
        leased_until -> Nullable<Instant>,
        upload -> Nullable<Json>,
        error -> Nullable<Text>,
        finished_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    split_groups (group_hash) {
        group_hash -> Binary,
        side -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    split_rules (agent_id) {
        agent_id -> Id,
        group_by -> Text,
        created_at -> Instant,
    }
}

diesel::joinable!(releases -> datasets (dataset_id));
diesel::joinable!(releases -> people (person_id));
diesel::joinable!(release_files -> releases (release_id));
diesel::joinable!(pushes -> releases (release_id));
