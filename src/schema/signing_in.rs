//! Sessions, and the ways to start one.

use super::{Id, Instant};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant};
    sessions (token_hash) {
        token_hash -> Binary,
        person_id -> Id,
        created_at -> Instant,
        expires_at -> Instant,
        how -> Text,
        last_seen_at -> Instant,
        browser -> Text,
        address -> Text,
        id_token -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant};
    sign_in_links (token_hash) {
        token_hash -> Binary,
        person_id -> Id,
        is_reusable -> Bool,
        created_at -> Instant,
        expires_at -> Instant,
        used_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant};
    passwords (person_id) {
        person_id -> Id,
        hash -> Text,
        set_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant};
    identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        person_id -> Id,
        created_at -> Instant,
        last_used_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant};
    sign_in_tries (bucket) {
        bucket -> Binary,
        failures -> BigInt,
        wait_until -> Instant,
        forget_at -> Instant,
    }
}
