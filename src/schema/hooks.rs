//! Programs elsewhere that are told what happened.

use super::{Id, Instant};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant};
    webhooks (id) {
        id -> Id,
        url -> Text,
        secret -> Text,
        created_at -> Instant,
        ended_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant};
    webhook_calls (id) {
        id -> Id,
        webhook_id -> Id,
        event -> Text,
        body -> Text,
        created_at -> Instant,
        next_try_at -> Instant,
        leased_until -> Nullable<Instant>,
        tries -> BigInt,
        delivered_at -> Nullable<Instant>,
        last_error -> Nullable<Text>,
    }
}

diesel::joinable!(webhook_calls -> webhooks (webhook_id));
