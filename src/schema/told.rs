//! What reporters are to be told.

use super::{Id, Instant, Json, people};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    news (id) {
        id -> Id,
        person_id -> Id,
        feedback_id -> Id,
        item_id -> Id,
        kind -> Text,
        body -> Nullable<Text>,
        due_at -> Instant,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    news_declined (person_id) {
        person_id -> Id,
        created_at -> Instant,
    }
}

diesel::joinable!(news -> people (person_id));
