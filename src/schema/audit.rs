//! The audit log: events, seals, and what commitments stand for.

use super::{Id, Instant, Json};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    audit_events (id) {
        id -> Id,
        actor_kind -> Text,
        actor_id -> Nullable<Id>,
        action -> Text,
        subject -> Text,
        detail -> Json,
        created_at -> Instant,
        origin_hash -> Nullable<Binary>,
        seal -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    audit_seals (number) {
        number -> BigInt,
        events -> BigInt,
        hash -> Binary,
        sealed_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    audit_origins (event_id) {
        event_id -> Id,
        salt -> Binary,
        address -> Text,
    }
}

diesel::joinable!(audit_origins -> audit_events (event_id));
