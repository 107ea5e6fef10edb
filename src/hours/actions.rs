//! Setting a team's hours.

use super::settings::{Hours, TeamHours};
use crate::accounts::TeamId;
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Json};
use crate::error::{AppError, AppResult};
use crate::schema::team_hours;
use diesel::prelude::*;
use serde_json::json;

/// Stores a team's hours; with none, every hour counts again.
pub fn set(conn: &mut Conn, by: Actor, team: TeamId, hours: Option<&Hours>) -> AppResult<()> {
    diesel::delete(team_hours::table.find(team)).execute(conn)?;
    if let Some(hours) = hours {
        let json =
            |value: Result<_, serde_json::Error>| value.map(Json).map_err(AppError::internal);
        let row = TeamHours {
            team_id: team,
            zone: hours.zone.clone(),
            week: json(serde_json::to_value(&hours.week))?,
            holidays: json(serde_json::to_value(&hours.holidays))?,
            updated_at: clock::now(),
        };
        diesel::insert_into(team_hours::table).values(&row).execute(conn)?;
    }
    let detail = match hours {
        Some(hours) => json!({ "zone": hours.zone, "holidays": hours.holidays.len() }),
        None => json!({ "always": true }),
    };
    audit::record(conn, by, "team.hours", &format!("team:{team}"), detail)
}
