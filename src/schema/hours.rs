//! When teams work.

use super::{Id, Instant, Json, teams};

diesel::table! {
    use diesel::sql_types::*;
    use super::{Id, Instant, Json};
    team_hours (team_id) {
        team_id -> Id,
        zone -> Text,
        week -> Json,
        holidays -> Json,
        updated_at -> Instant,
    }
}

diesel::joinable!(team_hours -> teams (team_id));
