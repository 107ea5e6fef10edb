//! What people do with an escalation.

use super::happen;
use crate::accounts::{PersonId, Who};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::escalations::mails;
use crate::escalations::model::{
    Escalation, EscalationId, Event, EventKind, MAX_MINUTES, MAX_TEXT, NoticeKind, Outcome, State,
};
use crate::escalations::queries;
use crate::news::actions as news;
use crate::news::model::NewsKind;
use crate::web::Site;
use serde_json::json;

/// What somebody does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Gives it to somebody, or back to the team.
    Assign(Option<PersonId>),
    /// Writes for the team.
    Note(String),
    /// Writes to the reporter.
    Answer(String),
    /// Asks the reporter; the clock stops.
    Ask(String),
    /// Lets the clock run again.
    Resume,
    /// Says what came of it, in how many minutes.
    Resolve { outcome: Outcome, minutes: i64, text: String },
    /// It was not done after all.
    Reopen(String),
}

/// Does something with an escalation that this person may see.
pub fn act(
    conn: &mut Conn,
    site: &Site,
    who: &Who,
    id: EscalationId,
    act: &Act,
) -> AppResult<Escalation> {
    let row = queries::find_visible_to(conn, who, id)?.ok_or(AppError::NotFound)?;
    let mut event = Event { person_id: Some(who.id()), ..event(&row, act)? };
    if let Act::Assign(to) = act {
        event.assignee_id = assignee(conn, &row, *to)?;
    }
    must_be_in_state(conn, &row, act)?;
    let (kind, body) = (event.kind, event.body.clone());
    if kind == EventKind::Asked {
        // The next answer is told anew.
        queries::forget_notice(conn, id, NoticeKind::Replied)?;
    }
    let row = happen(conn, row, &[event])?;
    if let Some(told) = told(act) {
        news::tell(conn, row.item_id, Some(who.id()), told, body.as_deref())?;
    }
    if let Act::Assign(Some(to)) = act
        && *to != who.id()
    {
        mails::assigned(conn, site, &row, *to, &who.person.name)?;
    }
    let detail = json!({ "what": kind, "outcome": row.outcome, "assignee": row.assignee_id });
    let subject = format!("escalation:{id}");
    audit::record(conn, Actor::Person(who.id().0), "escalation.change", &subject, detail)?;
    Ok(row)
}

/// What the reporter is told of it by mail.
fn told(act: &Act) -> Option<NewsKind> {
    match act {
        Act::Answer(_) => Some(NewsKind::Answered),
        Act::Ask(_) => Some(NewsKind::Asked),
        Act::Resolve { .. } => Some(NewsKind::Closed),
        Act::Assign(_) | Act::Note(_) | Act::Resume | Act::Reopen(_) => None,
    }
}

fn event(row: &Escalation, act: &Act) -> AppResult<Event> {
    let plain = |kind| Event::plain(row.id, kind, clock::now());
    let with = |kind, text: &str, is_needed, field| {
        let body = checked(text, is_needed, field)?;
        Ok::<_, AppError>(Event { body, ..plain(kind) })
    };
    match act {
        Act::Assign(_) => Ok(plain(EventKind::Assigned)),
        Act::Note(text) => with(EventKind::Note, text, true, "message"),
        Act::Answer(text) => with(EventKind::Answer, text, true, "message"),
        Act::Ask(text) => with(EventKind::Asked, text, true, "message"),
        Act::Resume => Ok(plain(EventKind::Resumed)),
        Act::Reopen(text) => with(EventKind::Reopened, text, false, "why"),
        Act::Resolve { outcome, minutes, text } => {
            let event = with(EventKind::Resolved, text, false, "result")?;
            if !(0..=MAX_MINUTES).contains(minutes) {
                return Err(AppError::invalid("minutes", "is a number from 0 to 525,600."));
            }
            Ok(Event { outcome: Some(*outcome), minutes: Some(*minutes), ..event })
        }
    }
}

fn checked(text: &str, is_needed: bool, field: &str) -> AppResult<Option<String>> {
    let text = text.trim();
    if text.is_empty() && is_needed {
        return Err(AppError::invalid(field, "Write something first."));
    }
    if text.chars().count() > MAX_TEXT {
        let why = "It has more than 5,000 characters. Please shorten it.";
        return Err(AppError::invalid(field, why));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// Only somebody of the team, or who sees every team, can have it.
fn assignee(
    conn: &mut Conn,
    row: &Escalation,
    to: Option<PersonId>,
) -> AppResult<Option<PersonId>> {
    let Some(to) = to else { return Ok(None) };
    let team = queries::people_of(conn, row.team_id)?;
    let is_there = team.iter().chain(&queries::people_who_see_all(conn)?).any(|one| one.id == to);
    if is_there {
        return Ok(Some(to));
    }
    Err(AppError::invalid("person", "Choose somebody of the team who can sign in."))
}

/// An error that says who was faster, where it can't be done any more.
fn must_be_in_state(conn: &mut Conn, row: &Escalation, act: &Act) -> AppResult<()> {
    let why = match (act, row.state) {
        (Act::Note(_) | Act::Answer(_), _) => return Ok(()),
        (Act::Reopen(_), State::Closed) | (Act::Resume, State::Waiting) => return Ok(()),
        (Act::Reopen(_), _) => "This is open already.",
        (Act::Ask(_), State::Waiting) => "The reporter was asked already, and has not answered.",
        (Act::Resume, State::Open) => "The clock runs already.",
        (_, State::Open | State::Waiting) => return Ok(()),
        (_, State::Closed) => return Err(AppError::Conflict(closed_by(conn, row)?)),
    };
    Err(AppError::Conflict(why.to_owned()))
}

fn closed_by(conn: &mut Conn, row: &Escalation) -> AppResult<String> {
    let events = queries::events_of(conn, row.id)?;
    let last = events.iter().rev().find(|event| event.kind.closes());
    let Some(last) = last else { return Ok("This was closed meanwhile.".to_owned()) };
    let who: Vec<PersonId> = last.person_id.into_iter().collect();
    let name = queries::names(conn, &who)?.into_values().next();
    let name = name.unwrap_or_else(|| "The reporter".to_owned());
    let when = clock::relative(last.created_at, clock::now());
    let why = last.body.as_deref().map(|why| format!(" “{why}”")).unwrap_or_default();
    Ok(format!("{name} closed this {when}.{why}"))
}

/// The reporter answers, and the clock runs again where it stood for that.
pub fn reply(conn: &mut Conn, who: &Who, id: EscalationId, text: &str) -> AppResult<Escalation> {
    let row = queries::find_by_id(conn, id)?.ok_or(AppError::NotFound)?;
    if !queries::is_reporter(conn, row.item_id, who.id())? {
        return Err(AppError::NotFound);
    }
    let body = checked(text, true, "reply")?;
    if row.state == State::Closed {
        return Err(AppError::Conflict(closed_by(conn, &row)?));
    }
    let plain = Event::plain(row.id, EventKind::Replied, clock::now());
    let event = Event { person_id: Some(who.id()), body, ..plain };
    happen(conn, row, &[event])
}
