//! `/escalations/{id}`: one escalation, what happened to it, and what can be done.

use super::list::outcome;
use crate::accounts::{SignedIn, Who, languages};
use crate::capture::shown::{self, Audience, View};
use crate::capture::words::{self, Badge, When};
use crate::clock;
use crate::db::{Conn, Db, Instant};
use crate::error::{AppError, AppResult, Mistakes};
use crate::escalations::model::{Escalation, Event, EventKind, NoticeKind, State};
use crate::escalations::queries;
use crate::escalations::{Clock, EscalationId};
use crate::hours;
use crate::interactions::queries as interactions;
use crate::triage::queries::{Said, said_of};
use crate::web::{PageContext, page};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;
use std::collections::HashMap;

/// What a browser sends of this page's forms.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    pub person: String,
    pub message: String,
    /// `answer`, `ask` or `note`.
    pub kind: String,
    pub outcome: String,
    pub minutes: String,
    pub result: String,
    pub why: String,
}

/// A time that runs.
struct Due {
    what: &'static str,
    when: When,
    /// `late`, `soon` or nothing.
    how: &'static str,
}

/// One thing that happened.
struct Row {
    title: String,
    text: String,
    when: When,
    for_reporter: bool,
}

#[derive(Template)]
#[template(path = "triage/escalation.html")]
struct ShowPage {
    ctx: PageContext,
    id: EscalationId,
    title: &'static str,
    state: Badge,
    is_closed: bool,
    is_waiting: bool,
    is_urgent: bool,
    is_mine: bool,
    dues: Vec<Due>,
    who: String,
    reporters: Vec<String>,
    comment: String,
    spent: String,
    view: View,
    rows: Vec<Row>,
    /// How much of it the reader did: what they type next is kept under this number.
    written: usize,
    people: Vec<(String, String)>,
    /// The report, for who may decide it while it waits for a decision.
    item: String,
    me: String,
    form: Sent,
    mistakes: Mistakes,
    notice: Option<String>,
}

/// What is read for the page.
struct Facts {
    row: Escalation,
    events: Vec<Event>,
    dues: Vec<(&'static str, Instant, Instant)>,
    shown: interactions::Shown,
    said: Vec<Said>,
    names: HashMap<crate::accounts::PersonId, String>,
    people: Vec<queries::Addressed>,
    is_undecided: bool,
}

fn read(conn: &mut Conn, who: &Who, id: EscalationId) -> AppResult<Facts> {
    let row = queries::find_visible_to(conn, who, id)?.ok_or(AppError::NotFound)?;
    let events = queries::events_of(conn, id)?;
    let feedback = crate::feedback::queries::find_by_id(conn, row.feedback_id)?;
    let feedback = feedback.ok_or(AppError::NotFound)?;
    let shown = interactions::find_by_id(conn, feedback.interaction_id)?;
    let ids: Vec<_> = (events.iter().flat_map(|event| [event.person_id, event.assignee_id]))
        .chain([row.assignee_id])
        .flatten()
        .collect();
    let mut people = queries::people_of(conn, row.team_id)?;
    for one in queries::people_who_see_all(conn)? {
        if people.iter().all(|other| other.id != one.id) {
            people.push(one);
        }
    }
    let waiting = crate::signals::queries::find_waiting(conn, row.item_id)?;
    Ok(Facts {
        shown: shown.ok_or(AppError::NotFound)?,
        said: said_of(conn, row.item_id)?,
        names: queries::names(conn, &ids)?,
        is_undecided: waiting.is_some() && who.reviews(row.team_id),
        dues: dues(conn, &row, &events)?,
        people,
        events,
        row,
    })
}

/// What is due, when, and from when on it is due soon.
fn dues(
    conn: &mut Conn,
    row: &Escalation,
    events: &[Event],
) -> AppResult<Vec<(&'static str, Instant, Instant)>> {
    if row.state == State::Closed {
        return Ok(Vec::new());
    }
    let calendars = hours::calendars(conn, &[row.team_id])?;
    let (calendar, clock) = (calendars.of(row.team_id), Clock::of(events));
    let notices = clock.notices(calendar);
    let soon = |wanted: NoticeKind, due: Instant| {
        notices.iter().find(|(kind, _)| *kind == wanted).map_or(due, |(_, at)| *at)
    };
    let answer = clock.answer_due(calendar);
    let answer = answer.map(|due| ("First answer", due, soon(NoticeKind::AnswerSoon, due)));
    let end = clock.resolution_due(calendar);
    let end = end.map(|due| ("Done", due, soon(NoticeKind::ResolutionSoon, due)));
    Ok(answer.into_iter().chain(end).collect())
}

/// `GET /escalations/{id}`
pub(super) async fn show(
    by: SignedIn,
    db: Data<Db>,
    id: Path<EscalationId>,
) -> AppResult<HttpResponse> {
    let nothing = (Sent::default(), Mistakes::default(), None);
    again(StatusCode::OK, &by, &db, id.into_inner(), nothing).await
}

/// The page as it comes back: with what was typed, what is wrong with it, or who was faster.
pub(super) async fn again(
    status: StatusCode,
    by: &SignedIn,
    db: &Data<Db>,
    id: EscalationId,
    (form, mistakes, notice): (Sent, Mistakes, Option<String>),
) -> AppResult<HttpResponse> {
    let who = by.who.clone();
    let facts = db.read(move |conn| read(conn, &who, id)).await?;
    let mut page_of = make(by, facts, clock::now());
    (page_of.form, page_of.mistakes, page_of.notice) = (form, mistakes, notice);
    page(status, &page_of)
}

fn make(by: &SignedIn, facts: Facts, now: Instant) -> ShowPage {
    let Facts { row, events, dues, shown, said, names, people, is_undecided } = facts;
    let reporter = |said: &Said| {
        let Some(name) = &said.author else { return "Somebody without an account".to_owned() };
        match said.language.as_deref().and_then(languages::name) {
            Some(language) => format!("{name}, who likes to be answered in {language}"),
            None => name.clone(),
        }
    };
    let mut reporters: Vec<String> = said.iter().map(reporter).collect();
    reporters.dedup();
    let comments = said.iter().filter_map(|said| said.feedback.comment.as_deref());
    let name = row.assignee_id.and_then(|id| names.get(&id).cloned());
    let is_mine = row.assignee_id == Some(by.who.id());
    let people = people.into_iter().map(|one| (one.id.to_string(), one.name));
    ShowPage {
        ctx: by.ctx(),
        id: row.id,
        title: title(&row),
        state: state(&row),
        is_closed: row.state == State::Closed,
        is_waiting: row.state == State::Waiting,
        is_urgent: row.is_urgent,
        is_mine,
        dues: dues.into_iter().map(|(what, at, soon)| due(what, at, soon, now)).collect(),
        who: if is_mine { "You".to_owned() } else { name.unwrap_or_default() },
        reporters,
        comment: comments.collect::<Vec<_>>().join("\n\n"),
        spent: row.minutes.map(|minutes| words::count(minutes, "minute")).unwrap_or_default(),
        view: shown::view(&shown, Audience::Team, now),
        written: events.iter().filter(|one| one.person_id == Some(by.who.id())).count(),
        rows: events.iter().map(|event| happened(event, &names, now)).collect(),
        people: std::iter::once((String::new(), "Nobody".to_owned())).chain(people).collect(),
        item: if is_undecided { format!("/triage/{}", row.item_id) } else { String::new() },
        me: by.who.id().to_string(),
        form: Sent::default(),
        mistakes: Mistakes::default(),
        notice: None,
    }
}

fn due(what: &'static str, at: Instant, soon: Instant, now: Instant) -> Due {
    let how = match (at < now, soon <= now) {
        (true, _) => "late",
        (false, true) => "soon",
        (false, false) => "",
    };
    Due { what, when: words::when(at, now), how }
}

fn title(row: &Escalation) -> &'static str {
    match row.state {
        State::Open if row.assignee_id.is_none() => "Somebody is needed here",
        State::Open => "Being looked after",
        State::Waiting => "Waiting for the reporter",
        State::Closed => "Closed",
    }
}

fn state(row: &Escalation) -> Badge {
    match row.state {
        State::Open => Badge { kind: "escalated", text: "Open" },
        State::Waiting => Badge { kind: "pending", text: "The reporter was asked" },
        State::Closed => outcome(row.outcome),
    }
}

/// What happened, in words.
fn happened(
    event: &Event,
    names: &HashMap<crate::accounts::PersonId, String>,
    now: Instant,
) -> Row {
    let name = |id: Option<crate::accounts::PersonId>| id.and_then(|id| names.get(&id)).cloned();
    let who = name(event.person_id).unwrap_or_else(|| match event.key_id {
        Some(_) => "A program".to_owned(),
        None => "Somebody".to_owned(),
    });
    Row {
        title: said(event, &who, name(event.assignee_id)),
        text: event.body.clone().unwrap_or_default(),
        when: words::when(event.created_at, now),
        for_reporter: event.kind.is_for_reporter() && event.body.is_some(),
    }
}

/// What happened, as a sentence; `to` is who has it from then on.
fn said(event: &Event, who: &str, to: Option<String>) -> String {
    let is_by_hand = event.person_id.is_some() || event.key_id.is_some();
    match event.kind {
        EventKind::Opened | EventKind::Again if is_by_hand => format!("{who} passed it on"),
        EventKind::Opened => "Somebody asked for a person".to_owned(),
        EventKind::Again => "Somebody else asked for a person".to_owned(),
        EventKind::Urgent => "It became urgent".to_owned(),
        EventKind::Assigned => match to {
            Some(to) if event.person_id == event.assignee_id => format!("{to} took it"),
            Some(to) => format!("{who} gave it to {to}"),
            None => format!("{who} gave it back to the team"),
        },
        EventKind::Note => format!("{who} noted"),
        EventKind::Answer => format!("{who} answered"),
        EventKind::Asked => format!("{who} asked the reporter; the clock stopped"),
        EventKind::Replied => "The reporter answered".to_owned(),
        EventKind::Resumed => format!("{who} let the clock run again"),
        EventKind::Resolved => {
            let what = outcome(event.outcome).text.to_lowercase();
            let minutes = words::count(event.minutes.unwrap_or(0), "minute");
            format!("{who} closed it: {what}, {minutes} spent")
        }
        EventKind::Reopened => format!("{who} opened it again"),
        EventKind::Withdrawn => "Whoever asked for a person took it back".to_owned(),
        EventKind::Settled => format!("{who} decided the report, so this was settled"),
    }
}
