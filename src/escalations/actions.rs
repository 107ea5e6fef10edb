//! What changes an escalation: each thing that happens is an event, and the row follows.

mod act;
mod open;

pub use act::{Act, act, reply};
pub use open::{passed_on, report, settled};

use super::Clock;
use super::model::{Escalation, EscalationId, Event};
use super::queries;
use crate::accounts::TeamId;
use crate::db::Conn;
use crate::error::AppResult;
use crate::hours::{self, Calendar};
use crate::on_backend;
use crate::schema::{escalation_events, escalations};
use diesel::prelude::*;

/// Writes down what happened, and lets the row follow.
fn happen(conn: &mut Conn, row: Escalation, events: &[Event]) -> AppResult<Escalation> {
    if !events.is_empty() {
        on_backend!(conn, |c| diesel::insert_into(escalation_events::table)
            .values(events)
            .execute(c))?;
    }
    let calendars = hours::calendars(conn, &[row.team_id])?;
    let team = row.team_id;
    refresh(conn, row, calendars.of(team))
}

/// Works out anew what follows from the events.
pub(super) fn refresh(
    conn: &mut Conn,
    mut row: Escalation,
    calendar: &Calendar,
) -> AppResult<Escalation> {
    let events = queries::events_of(conn, row.id)?;
    let told = queries::notices_of(conn, row.id)?;
    Clock::of(&events).project(&mut row, calendar, &told);
    diesel::update(escalations::table.find(row.id)).set(&row).execute(conn)?;
    Ok(row)
}

/// After a team changed its hours: everything open is due at other times.
pub fn refresh_team(conn: &mut Conn, team: TeamId) -> AppResult<()> {
    const AT_ONCE: i64 = 500;
    let calendars = hours::calendars(conn, &[team])?;
    let mut after = EscalationId(uuid::Uuid::nil());
    loop {
        let rows = queries::open_in(conn, team, after, AT_ONCE)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        for row in rows {
            refresh(conn, row, calendars.of(team))?;
        }
    }
}
