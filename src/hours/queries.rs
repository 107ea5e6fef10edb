//! Every query on teams' hours.

use super::Calendar;
use super::settings::{Hours, TeamHours};
use crate::accounts::TeamId;
use crate::agents::model::Deployment;
use crate::db::{Conn, Instant};
use crate::schema::team_hours;
use diesel::prelude::*;
use std::collections::HashMap;

/// The calendars of some teams.
#[derive(Debug, Clone, Default)]
pub struct Calendars(HashMap<TeamId, Calendar>);

static ALWAYS: Calendar = Calendar::ALWAYS;

impl Calendars {
    /// A team's calendar.
    pub fn of(&self, team: TeamId) -> &Calendar {
        self.0.get(&team).unwrap_or(&ALWAYS)
    }

    /// By when what waits in a deployment since `since` should have been looked at.
    pub fn due(&self, deployment: &Deployment, is_urgent: bool, since: Instant) -> Instant {
        self.of(deployment.team_id).add(since, deployment.due_minutes(is_urgent))
    }

    /// What waits in a deployment since before this is due before `due`.
    pub fn late_before(&self, deployment: &Deployment, is_urgent: bool, due: Instant) -> Instant {
        self.of(deployment.team_id).late_before(due, deployment.due_minutes(is_urgent))
    }
}

/// The calendars of these teams.
pub fn calendars(conn: &mut Conn, teams: &[TeamId]) -> QueryResult<Calendars> {
    let rows: Vec<TeamHours> = team_hours::table
        .filter(team_hours::team_id.eq_any(teams))
        .select(team_hours::all_columns)
        .load(conn)?;
    let calendar = |row: TeamHours| Some((row.team_id, Hours::of(&row)?.calendar()));
    Ok(Calendars(rows.into_iter().filter_map(calendar).collect()))
}

/// The calendars of the teams of these deployments.
pub fn calendars_of<'a>(
    conn: &mut Conn,
    deployments: impl IntoIterator<Item = &'a Deployment>,
) -> QueryResult<Calendars> {
    let mut teams: Vec<TeamId> = deployments.into_iter().map(|d| d.team_id).collect();
    teams.sort_unstable();
    teams.dedup();
    calendars(conn, &teams)
}

/// A team's hours, if it named any.
pub fn find(conn: &mut Conn, team: TeamId) -> QueryResult<Option<Hours>> {
    let row: Option<TeamHours> =
        team_hours::table.find(team).select(team_hours::all_columns).first(conn).optional()?;
    Ok(row.as_ref().and_then(Hours::of))
}
