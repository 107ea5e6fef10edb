//! The tables, one text for both back ends; `migrations/` has each in its own SQL.

use crate::db::sql::{Id, Instant, Json};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    installation (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    outbox (id) {
        id -> Id,
        kind -> Text,
        recipient -> Text,
        subject -> Text,
        body_text -> Text,
        body_html -> Text,
        created_at -> Instant,
        next_try_at -> Instant,
        leased_until -> Nullable<Instant>,
        tries -> BigInt,
        delivered_at -> Nullable<Instant>,
        last_error -> Nullable<Text>,
        unsubscribe -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    people (id) {
        id -> Id,
        address -> Nullable<Text>,
        name -> Text,
        can_sign_in -> Bool,
        is_engineer -> Bool,
        is_admin -> Bool,
        verified_at -> Nullable<Instant>,
        deactivated_at -> Nullable<Instant>,
        created_at -> Instant,
        time_zone -> Nullable<Text>,
        language -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    teams (id) {
        id -> Id,
        slug -> Text,
        name -> Text,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    memberships (person_id, team_id) {
        person_id -> Id,
        team_id -> Id,
        is_champion -> Bool,
        is_manager -> Bool,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    api_keys (id) {
        id -> Id,
        name -> Text,
        token_hash -> Binary,
        scopes -> Text,
        created_at -> Instant,
        revoked_at -> Nullable<Instant>,
        hint -> Text,
        agents -> Nullable<Text>,
        teams -> Nullable<Text>,
        expires_at -> Nullable<Instant>,
        last_used_at -> Nullable<Instant>,
        replaced_by -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    agents (id) {
        id -> Id,
        slug -> Text,
        name -> Text,
        kind -> Text,
        team_id -> Id,
        review -> Text,
        visibility -> Text,
        good_at -> Text,
        not_for -> Text,
        json_schema -> Nullable<Text>,
        out_of_scope_label -> Nullable<Text>,
        normal_due_minutes -> BigInt,
        urgent_due_minutes -> BigInt,
        created_at -> Instant,
        updated_at -> Instant,
        normal_resolution_minutes -> BigInt,
        urgent_resolution_minutes -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    agent_versions (id) {
        id -> Id,
        agent_id -> Id,
        name -> Text,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    labels (id) {
        id -> Id,
        agent_id -> Id,
        position -> BigInt,
        name -> Text,
        retired_at -> Nullable<Instant>,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    categories (id) {
        id -> Id,
        agent_id -> Id,
        parent_id -> Nullable<Id>,
        slug -> Text,
        name -> Text,
        position -> BigInt,
        retired_at -> Nullable<Instant>,
        merged_into -> Nullable<Id>,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    deployments (id) {
        id -> Id,
        agent_id -> Id,
        team_id -> Id,
        environment -> Text,
        review -> Text,
        visibility -> Text,
        normal_due_minutes -> BigInt,
        urgent_due_minutes -> BigInt,
        created_at -> Instant,
        normal_resolution_minutes -> BigInt,
        urgent_resolution_minutes -> BigInt,
        reviews_needed -> BigInt,
        weekly_audits -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    interactions (id) {
        id -> Id,
        deployment_id -> Id,
        agent_id -> Id,
        version_id -> Id,
        environment -> Text,
        external_id -> Nullable<Text>,
        content_hash -> Binary,
        input_hash -> Binary,
        source -> Text,
        conversation_id -> Nullable<Text>,
        end_user_id -> Nullable<Id>,
        occurred_at -> Instant,
        confidence -> Nullable<Double>,
        model -> Nullable<Text>,
        latency_ms -> Nullable<BigInt>,
        input_tokens -> Nullable<BigInt>,
        output_tokens -> Nullable<BigInt>,
        cost_nano_usd -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    interaction_bodies (interaction_id) {
        interaction_id -> Id,
        input -> Text,
        tools -> Nullable<Text>,
        output -> Nullable<Text>,
        error -> Nullable<Text>,
        sources -> Nullable<Text>,
        metadata -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    feedback (id) {
        id -> Id,
        interaction_id -> Id,
        deployment_id -> Id,
        author_id -> Nullable<Id>,
        known_by -> Text,
        verdict -> Text,
        correction -> Nullable<Text>,
        category_id -> Nullable<Id>,
        severity -> Text,
        comment -> Nullable<Text>,
        urgency -> Text,
        occurred_at -> Instant,
        external_id -> Nullable<Text>,
        dedup_key -> Binary,
        superseded_by -> Nullable<Id>,
        is_audit -> Bool,
    }
}

mod asked;
mod audit;
mod desk;
mod hooks;
mod hours;
mod judged;
mod sampled;
mod sets;
mod signing_in;
mod similar;
mod told;
mod triage;

pub use asked::{pinned_answers, question_mentions, question_messages, questions};
pub use audit::{audit_events, audit_origins, audit_seals};
pub use desk::{escalation_events, escalation_notices, escalations};
pub use hooks::{webhook_calls, webhooks};
pub use hours::team_hours;
pub use judged::{
    followers, published, resolutions, review_items, signal_revisions, signals, unpublished,
};
pub use sampled::{audit_draws, audit_picks};
pub use sets::*;
pub use signing_in::{identities, passwords, sessions, sign_in_links, sign_in_tries};
pub use similar::{override_passes, override_words, past_overrides};
pub use told::{news, news_declined};
pub use triage::{claims, queue, reviews, saved_filters};

diesel::allow_tables_to_appear_in_same_query!(
    installation,
    outbox,
    audit_events,
    audit_origins,
    audit_seals,
    people,
    teams,
    memberships,
    sessions,
    sign_in_links,
    passwords,
    identities,
    sign_in_tries,
    api_keys,
    agents,
    agent_versions,
    labels,
    categories,
    deployments,
    interactions,
    interaction_bodies,
    feedback,
    review_items,
    resolutions,
    signals,
    signal_revisions,
    unpublished,
    published,
    followers,
    team_hours,
    news,
    news_declined,
    queue,
    escalations,
    escalation_events,
    escalation_notices,
    claims,
    reviews,
    saved_filters,
    audit_draws,
    audit_picks,
    past_overrides,
    override_words,
    override_passes,
    datasets,
    releases,
    release_files,
    release_parts,
    release_left,
    release_agents,
    release_retired,
    pushes,
    split_groups,
    split_rules,
    pinned_answers,
    questions,
    question_messages,
    question_mentions,
    webhooks,
    webhook_calls,
);

diesel::joinable!(memberships -> people (person_id));
diesel::joinable!(memberships -> teams (team_id));
diesel::joinable!(sessions -> people (person_id));
diesel::joinable!(sign_in_links -> people (person_id));
diesel::joinable!(passwords -> people (person_id));
diesel::joinable!(identities -> people (person_id));
diesel::joinable!(agents -> teams (team_id));
diesel::joinable!(agent_versions -> agents (agent_id));
diesel::joinable!(labels -> agents (agent_id));
diesel::joinable!(categories -> agents (agent_id));
diesel::joinable!(deployments -> agents (agent_id));
diesel::joinable!(deployments -> teams (team_id));
diesel::joinable!(interactions -> deployments (deployment_id));
diesel::joinable!(interactions -> agents (agent_id));
diesel::joinable!(interactions -> agent_versions (version_id));
diesel::joinable!(interactions -> people (end_user_id));
diesel::joinable!(interaction_bodies -> interactions (interaction_id));
diesel::joinable!(feedback -> interactions (interaction_id));
diesel::joinable!(feedback -> deployments (deployment_id));
diesel::joinable!(feedback -> people (author_id));
diesel::joinable!(feedback -> categories (category_id));
