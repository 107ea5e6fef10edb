//! What people asked the champions of their team, and which answers everybody reads.

use super::{Id, Instant, Json, agents, people, teams};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    pinned_answers (id) {
        id -> Id,
        agent_id -> Id,
        team_id -> Id,
        question -> Text,
        answer -> Text,
        pinned_by -> Nullable<Id>,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    questions (id) {
        id -> Id,
        team_id -> Id,
        agent_id -> Nullable<Id>,
        interaction_id -> Nullable<Id>,
        author_id -> Id,
        is_private -> Bool,
        state -> Text,
        order_at -> Instant,
        asked_at -> Instant,
        answered_at -> Nullable<Instant>,
        answered_by -> Nullable<Id>,
        answer_minutes -> Nullable<BigInt>,
        pinned_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    question_messages (id) {
        id -> Id,
        question_id -> Id,
        kind -> Text,
        person_id -> Id,
        body -> Text,
        nonce -> Text,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    question_mentions (message_id, person_id) {
        message_id -> Id,
        person_id -> Id,
    }
}

diesel::joinable!(pinned_answers -> agents (agent_id));
diesel::joinable!(pinned_answers -> teams (team_id));
diesel::joinable!(questions -> teams (team_id));
diesel::joinable!(questions -> agents (agent_id));
diesel::joinable!(questions -> people (author_id));
diesel::joinable!(question_messages -> questions (question_id));
diesel::joinable!(question_messages -> people (person_id));
diesel::joinable!(question_mentions -> question_messages (message_id));
diesel::joinable!(question_mentions -> people (person_id));
