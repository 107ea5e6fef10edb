//! `/escalations`: what people were asked to take over, what is due first on top.

use crate::accounts::{SignedIn, TeamId, Who};
use crate::capture::words::{self, Badge, When};
use crate::clock;
use crate::db::{Conn, Db, Instant};
use crate::error::AppResult;
use crate::escalations::model::{Escalation, Outcome, State};
use crate::escalations::queries::{self, Place, Scope};
use crate::web::paging::{PAGE_ROWS, Page};
use crate::web::{PageContext, page};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

/// How far is counted.
const CAP: i64 = 1_000;

/// What the address says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// `waiting` or `closed`; what is open otherwise.
    state: String,
    /// `1`: what the reader has.
    mine: String,
    /// Where the list goes on.
    after: String,
}

impl Asked {
    fn state(&self) -> State {
        self.state.parse().unwrap_or(State::Open)
    }
    fn after(&self) -> Option<Place> {
        let (at, id) = self.after.split_once('.')?;
        Some((Instant::from_micros(at.parse().ok()?), id.parse().ok()?))
    }
    fn path(state: &str, mine: &str, after: &str) -> String {
        let given = [("state", state), ("mine", mine), ("after", after)];
        let given = given.into_iter().filter(|(_, value)| !value.is_empty());
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
        if query.is_empty() { "/escalations".to_owned() } else { format!("/escalations?{query}") }
    }
}

/// A state to look at.
struct Tab {
    href: String,
    label: &'static str,
    count: String,
    is_current: bool,
}

/// One row.
pub struct Row {
    pub href: String,
    pub question: String,
    pub agent: String,
    pub team: String,
    pub who: String,
    pub is_urgent: bool,
    /// What is due next, in a word.
    pub what: &'static str,
    pub when: When,
    pub is_late: bool,
    pub outcome: Option<Badge>,
}

#[derive(Template)]
#[template(path = "triage/escalations.html")]
struct IndexPage {
    ctx: PageContext,
    tabs: Vec<Tab>,
    state: &'static str,
    mine: Option<(String, bool)>,
    rows: Vec<Row>,
    is_first: bool,
    next: String,
    /// Whether the reader sets the hours of a team.
    leads: bool,
}

/// The teams this person looks after; none is every team.
pub(super) fn led_by(who: &Who) -> Option<Vec<TeamId>> {
    if who.sees_all() {
        return None;
    }
    let led = who.memberships.iter().filter(|m| m.is_champion || m.is_manager);
    Some(led.map(|m| m.team_id).collect())
}

/// What a person sees: what their teams have, or, for whoever looks after none, their own.
pub fn scope(who: &Who, only_mine: bool) -> Scope {
    match led_by(who) {
        _ if only_mine => Scope::Of(who.id()),
        None => Scope::All,
        Some(teams) if teams.is_empty() => Scope::Of(who.id()),
        Some(teams) => Scope::Teams(teams),
    }
}

/// `GET /escalations`
pub(super) async fn index(
    by: SignedIn,
    db: Data<Db>,
    asked: Query<Asked>,
) -> AppResult<HttpResponse> {
    let (ctx, asked, now) = (by.ctx(), asked.into_inner(), clock::now());
    let leads = led_by(&by.who).is_none_or(|teams| !teams.is_empty());
    let scope = scope(&by.who, asked.mine == "1");
    let (state, after) = (asked.state(), asked.after());
    let read = move |conn: &mut Conn| {
        let found = queries::list(conn, &scope, state, after, PAGE_ROWS + 1)?;
        let at = |row: &Escalation| format!("{}.{}", row.order_at.as_micros(), row.id);
        let found = Page::cut(found, PAGE_ROWS, at);
        let mut counts = Vec::new();
        for state in State::ALL {
            counts.push(match state {
                State::Closed => String::new(),
                _ => words::capped(queries::count(conn, &scope, *state, CAP + 1)?, CAP),
            });
        }
        Ok((rows(conn, &found.items, now)?, found.next, counts))
    };
    let (rows, next, counts) = db.read(read).await?;
    let mine = asked.mine.as_str();
    let word = if state == State::Open { "" } else { state.as_str() };
    let next = next.map(|next| Asked::path(word, mine, &next)).unwrap_or_default();
    let tabs = tabs(state, mine, counts);
    let other = if mine == "1" { "" } else { "1" };
    let mine = leads.then(|| (Asked::path(word, other, ""), mine == "1"));
    let is_first = after.is_none();
    page(
        StatusCode::OK,
        &IndexPage { ctx, tabs, state: state.as_str(), mine, rows, is_first, next, leads },
    )
}

fn tabs(current: State, mine: &str, counts: Vec<String>) -> Vec<Tab> {
    let all = [
        (State::Open, "", "Open"),
        (State::Waiting, "waiting", "Waiting for the reporter"),
        (State::Closed, "closed", "Closed"),
    ];
    let tab = |((state, word, label), count): ((State, &str, &'static str), String)| Tab {
        href: Asked::path(word, mine, ""),
        label,
        count,
        is_current: state == current,
    };
    all.into_iter().zip(counts).map(tab).collect()
}

/// Escalations as rows of a list, in the order they have.
pub fn rows(conn: &mut Conn, found: &[Escalation], now: Instant) -> AppResult<Vec<Row>> {
    let shown: Vec<_> = found.iter().map(|row| row.feedback_id).collect();
    let about = queries::about(conn, &shown)?;
    let people: Vec<_> = found.iter().filter_map(|row| row.assignee_id).collect();
    let names = queries::names(conn, &people)?;
    let teams: Vec<_> = found.iter().map(|row| row.team_id).collect();
    let teams = queries::team_names(conn, &teams)?;
    let row = |each: &Escalation| {
        let about = about.get(&each.feedback_id);
        let (what, at) = next_of(each);
        let who = each.assignee_id.and_then(|id| names.get(&id).cloned());
        Row {
            href: format!("/escalations/{}", each.id),
            question: words::question(about.and_then(|about| about.input.as_ref())),
            agent: about.map(|about| about.agent.clone()).unwrap_or_default(),
            team: teams.get(&each.team_id).cloned().unwrap_or_default(),
            who: who.unwrap_or_else(|| "Nobody yet".to_owned()),
            is_urgent: each.is_urgent,
            what,
            when: words::when(at, now),
            is_late: each.due_at.is_some_and(|due| due < now),
            outcome: each.closed_at.map(|_| outcome(each.outcome)),
        }
    };
    Ok(found.iter().map(row).collect())
}

/// What comes next, and when; or what came last.
fn next_of(row: &Escalation) -> (&'static str, Instant) {
    match (row.state, row.due_at) {
        (State::Open, Some(due)) if row.answered_at.is_none() => ("First answer", due),
        (State::Open | State::Waiting, Some(due)) => ("Done", due),
        (State::Closed, _) => ("Closed", row.order_at),
        _ => ("Asked", row.order_at),
    }
}

/// What came of it, as a badge.
pub(super) fn outcome(outcome: Option<Outcome>) -> Badge {
    let (kind, text) = match outcome {
        Some(Outcome::HandledByHand) => ("accepted", "Handled by hand"),
        Some(Outcome::AgentFixed) => ("accepted", "Agent fixed"),
        Some(Outcome::ProcessChanged) => ("accepted", "Process changed"),
        Some(Outcome::NoAction) => ("declined", "No action"),
        None => ("superseded", "No longer asked for"),
    };
    Badge { kind, text }
}
