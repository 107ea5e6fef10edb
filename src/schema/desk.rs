//! What a person was asked to take over, and what happened then.

use super::{Id, Instant, Json, deployments, feedback, people, review_items, teams};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    escalations (id) {
        id -> Id,
        item_id -> Id,
        deployment_id -> Id,
        team_id -> Id,
        feedback_id -> Id,
        origin -> Text,
        state -> Text,
        is_urgent -> Bool,
        assignee_id -> Nullable<Id>,
        opened_at -> Instant,
        answered_at -> Nullable<Instant>,
        due_at -> Nullable<Instant>,
        order_at -> Instant,
        notice_at -> Nullable<Instant>,
        outcome -> Nullable<Text>,
        minutes -> Nullable<BigInt>,
        closed_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    escalation_events (id) {
        id -> Id,
        escalation_id -> Id,
        kind -> Text,
        person_id -> Nullable<Id>,
        key_id -> Nullable<Id>,
        assignee_id -> Nullable<Id>,
        body -> Nullable<Text>,
        outcome -> Nullable<Text>,
        minutes -> Nullable<BigInt>,
        answer_minutes -> Nullable<BigInt>,
        resolution_minutes -> Nullable<BigInt>,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    escalation_notices (escalation_id, kind) {
        escalation_id -> Id,
        kind -> Text,
        created_at -> Instant,
    }
}

diesel::joinable!(escalations -> review_items (item_id));
diesel::joinable!(escalations -> deployments (deployment_id));
diesel::joinable!(escalations -> teams (team_id));
diesel::joinable!(escalations -> feedback (feedback_id));
diesel::joinable!(escalations -> people (assignee_id));
diesel::joinable!(escalation_events -> escalations (escalation_id));
diesel::joinable!(escalation_notices -> escalations (escalation_id));
