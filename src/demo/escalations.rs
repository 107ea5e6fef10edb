//! What people were asked to take over in the demo: the old is closed, of the new some is in hand.

use super::people;
use super::random::Random;
use crate::accounts::Who;
use crate::audit::Actor;
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::escalations::actions;
use crate::escalations::model::{Escalation, Event, EventKind, Outcome};
use crate::hours;
use crate::hours::settings::{Holiday, Hours};
use crate::schema::{escalation_events, escalations, feedback, teams};
use diesel::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// What was answered, what came of it and in how many minutes.
const ENDS: [(&str, Outcome, i64, &str); 4] = [
    ("I looked it up and wrote to her.", Outcome::HandledByHand, 12, "She has her answer."),
    ("I put it right by hand.", Outcome::HandledByHand, 25, "It is done."),
    ("You are right, the rule was missing.", Outcome::AgentFixed, 40, "The agent knows it now."),
    ("That is how it is meant to be.", Outcome::NoAction, 5, "Nothing had to be done."),
];

/// Lets the demo's escalations be as old as what they are about.
pub fn make(conn: &mut Conn, cast: &HashMap<String, Arc<Who>>, now: Instant) -> AppResult<()> {
    office(conn)?;
    let mut random = Random::new(91);
    let rows: Vec<(Escalation, Instant, String)> = escalations::table
        .inner_join(feedback::table)
        .inner_join(teams::table)
        .order((feedback::occurred_at, escalations::id))
        .select((escalations::all_columns, feedback::occurred_at, teams::slug))
        .load(conn)?;
    // Rows come by age; the two newest of each team are still to be done, whatever day it is.
    let mut left: HashMap<String, usize> = HashMap::new();
    for (_, _, team) in &rows {
        *left.entry(team.clone()).or_default() += 1;
    }
    for (row, at, team) in rows {
        diesel::update(escalations::table.find(row.id))
            .set(escalations::opened_at.eq(at))
            .execute(conn)?;
        diesel::update(escalation_events::table)
            .filter(escalation_events::escalation_id.eq(row.id))
            .set(escalation_events::created_at.eq(at))
            .execute(conn)?;
        let Some(champion) = cast.get(&people::champion(&team)) else { continue };
        let left = left.entry(team).or_default();
        *left = left.saturating_sub(1);
        let events = match *left {
            0 => Vec::new(),
            1 => vec![taken(&row, champion, at)],
            _ => told(&mut random, &row, champion, at, now),
        };
        for event in events.into_iter().filter(|event| event.created_at < now) {
            diesel::insert_into(escalation_events::table).values(&event).execute(conn)?;
        }
    }
    let all: Vec<crate::accounts::TeamId> = teams::table.select(teams::id).load(conn)?;
    for team in all {
        actions::refresh_team(conn, team)?;
    }
    Ok(())
}

/// A champion has it in hand and did not answer yet.
fn taken(row: &Escalation, champion: &Who, at: Instant) -> Event {
    let event = Event::plain(row.id, EventKind::Assigned, at.plus_minutes(11));
    Event { person_id: Some(champion.id()), assignee_id: Some(champion.id()), ..event }
}

/// What a champion did with one: nothing yet, if it is fresh.
fn told(
    random: &mut Random,
    row: &Escalation,
    champion: &Who,
    at: Instant,
    now: Instant,
) -> Vec<Event> {
    let by = |kind, minutes: i64, body: Option<&str>| Event {
        person_id: Some(champion.id()),
        body: body.map(str::to_owned),
        ..Event::plain(row.id, kind, at.plus_minutes(minutes))
    };
    let hours = (now.as_micros() - at.as_micros()) / 3_600_000_000;
    if hours < 8 {
        return Vec::new();
    }
    let taken = random.between(4, 50);
    let assigned =
        Event { assignee_id: Some(champion.id()), ..by(EventKind::Assigned, taken, None) };
    if hours < 40 && random.percent(40.0) {
        let question = "Which order is it about?";
        return vec![assigned, by(EventKind::Asked, taken + 9, Some(question))];
    }
    let which = usize::try_from(random.between(0, 4)).unwrap_or(0) % ENDS.len();
    let (answer, outcome, minutes, result) = ENDS[which];
    let mut events = vec![assigned, by(EventKind::Answer, taken + 6, Some(answer))];
    if hours > 30 {
        let end = by(EventKind::Resolved, taken + 6 + minutes, Some(result));
        events.push(Event { outcome: Some(outcome), minutes: Some(minutes), ..end });
    }
    events
}

/// One team keeps office hours.
fn office(conn: &mut Conn) -> AppResult<()> {
    let Some(team) = crate::accounts::queries::find_team(conn, "finance")? else { return Ok(()) };
    let day = || vec![(9 * 60, 17 * 60)];
    let holiday = |month, day, name: &str| Holiday {
        on: jiff::civil::Date::constant(2026, month, day),
        name: name.to_owned(),
    };
    let hours = Hours {
        zone: "Europe/Amsterdam".to_owned(),
        week: [day(), day(), day(), day(), day(), Vec::new(), Vec::new()],
        holidays: vec![holiday(12, 25, "Christmas Day"), holiday(12, 26, "Second Christmas Day")],
    };
    hours::actions::set(conn, Actor::System, team.id, Some(&hours))
}
