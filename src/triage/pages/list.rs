//! `/triage`: what waits for a decision.

use super::choices::Choices;
use super::view::{self, Done, Row};
use crate::accounts::{Reviewer, Who};
use crate::capture::words;
use crate::clock;
use crate::db::{Conn, Db, Instant};
use crate::error::AppResult;
use crate::signals::model::{QueueState, Reviewer as By};
use crate::triage::facets::{But, CAP, Facets};
use crate::triage::filter::{Filter, Wanted, reviewed_by, seen_by};
use crate::triage::model::{ActId, SavedFilter};
use crate::triage::queries;
use crate::triage::queue::{self, Place};
use crate::web::paging::{PAGE_ROWS, Page, with_cursor};
use crate::web::{PageContext, page};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

/// How far new arrivals are counted.
const NEWS_CAP: i64 = 100;

/// What the address says besides the filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct More {
    cursor: String,
    /// What was just done.
    done: Option<ActId>,
    left: usize,
    /// Whether `next` found nothing.
    none: String,
    /// Of `/triage/new`: microseconds since 1970.
    since: i64,
}

/// One of the three states of what waits.
struct Tab {
    href: String,
    label: &'static str,
    count: String,
    is_current: bool,
}

/// A filter with a name.
struct Saved {
    id: String,
    name: String,
    href: String,
}

#[derive(Template)]
#[template(path = "triage/index.html")]
struct IndexPage {
    ctx: PageContext,
    filter: Filter,
    query: String,
    tabs: Vec<Tab>,
    choices: Choices,
    rows: Vec<Row>,
    /// Whether there may be something to take.
    has_next: bool,
    saved: Vec<Saved>,
    done: Option<Done>,
    is_filtered: bool,
    found_none: bool,
    older: String,
    /// Where the page asks whether there is more, and where it leads then.
    news: String,
    here: String,
}

/// What is read for the page.
struct Read {
    tabs: Vec<Tab>,
    choices: Choices,
    rows: Vec<Row>,
    next: Option<String>,
    saved: Vec<SavedFilter>,
    done: Option<Done>,
}

/// `GET /triage`
pub(super) async fn index(
    by: Reviewer,
    db: Data<Db>,
    request: HttpRequest,
    filter: Query<Filter>,
    more: Query<More>,
) -> AppResult<HttpResponse> {
    let (ctx, filter, more) = (by.ctx(), filter.into_inner(), more.into_inner());
    let (wanted, now, found_none) = (filter.clone(), clock::now(), more.none == "1");
    let read = db.read(move |conn| read(conn, &by.who, &wanted, &more, now)).await?;
    let since = now.as_micros().to_string();
    let query = filter.query();
    let saved = read.saved.into_iter().map(|saved| Saved {
        id: saved.id.to_string(),
        name: saved.name,
        href: format!("/triage?{}", saved.query),
    });
    let page_of = IndexPage {
        ctx,
        has_next: !read.rows.is_empty() || read.tabs.len() > 3,
        tabs: read.tabs,
        choices: read.choices,
        rows: read.rows,
        saved: saved.collect(),
        done: read.done,
        is_filtered: !query.is_empty(),
        found_none,
        older: read.next.map(|next| with_cursor(&request, &next)).unwrap_or_default(),
        news: filter.path("/triage/new", &[("since", &since)]),
        here: filter.path("/triage", &[]),
        query,
        filter,
    };
    page(StatusCode::OK, &page_of)
}

fn read(conn: &mut Conn, who: &Who, filter: &Filter, more: &More, now: Instant) -> AppResult<Read> {
    let used = seen_by(conn, who, filter.state())?;
    let wanted = Wanted::for_person(conn, who, &used, filter, now)?;
    let after: Option<Place> = more.cursor.parse().ok();
    let placed = queue::walk(conn, &wanted, now, after, None, PAGE_ROWS + 1)?;
    let placed = Page::cut(placed, PAGE_ROWS, |each| each.place.to_string());
    let deployments: Vec<_> = used.iter().map(|used| used.deployment.clone()).collect();
    let facets = Facets::count(conn, &deployments, &wanted.calendars, wanted.state, now)?;
    let tabs = tabs(conn, who, filter, &wanted, &facets, now)?;
    let me = By::Person(who.id());
    Ok(Read {
        tabs,
        choices: Choices::gather(conn, &used, &wanted, &facets)?,
        rows: view::rows(conn, &placed.items, filter, me, now)?,
        next: placed.next,
        saved: queries::saved_filters_of(conn, who.id())?,
        done: view::done(conn, who, &used, more.done, more.left)?,
    })
}

/// The states, each with how much is in it. What is to be settled shows only where there is some.
fn tabs(
    conn: &mut Conn,
    who: &Who,
    filter: &Filter,
    wanted: &Wanted,
    facets: &Facets,
    now: Instant,
) -> AppResult<Vec<Tab>> {
    let mut tabs = Vec::new();
    for (state, word, label) in [
        (QueueState::Waiting, "", "Waiting"),
        (QueueState::Adjudication, "adjudication", "Reviewers differ"),
        (QueueState::BetweenTeams, "between_teams", "Teams differ"),
        (QueueState::Asked, "asked", "Asked back"),
        (QueueState::Escalated, "escalated", "Passed on"),
    ] {
        let is_current = state == wanted.state;
        let count = match (is_current, &wanted.items) {
            (_, Some(_)) => String::new(),
            (true, None) => total(facets, wanted),
            (false, None) => {
                let used = seen_by(conn, who, state)?;
                let there = Wanted::of(conn, &used, &filter.with_state(word))?;
                let all: Vec<_> = used.into_iter().map(|used| used.deployment).collect();
                total(&Facets::count(conn, &all, &there.calendars, state, now)?, &there)
            }
        };
        let is_rare = matches!(state, QueueState::Adjudication | QueueState::BetweenTeams);
        if is_rare && !is_current && (count == "0" || count.is_empty()) {
            continue;
        }
        let href = filter.with_state(word).path("/triage", &[]);
        tabs.push(Tab { href, label, count, is_current });
    }
    Ok(tabs)
}

fn total(facets: &Facets, wanted: &Wanted) -> String {
    let number = facets.number(wanted, But::Nothing, |_| true);
    if facets.is_capped() {
        format!("{}+", words::grouped(number.min(CAP)))
    } else {
        words::grouped(number)
    }
}

/// `GET /triage/new`: how many came since the page was made, for a page that is open.
pub(super) async fn news(
    by: Reviewer,
    db: Data<Db>,
    filter: Query<Filter>,
    more: Query<More>,
) -> AppResult<HttpResponse> {
    let (filter, since) = (filter.into_inner(), Instant::from_micros(more.since.max(0)));
    let count = db
        .read(move |conn| {
            let used = reviewed_by(conn, &by.who)?;
            let wanted = Wanted::for_person(conn, &by.who, &used, &filter, clock::now())?;
            Ok(queue::count_new(conn, &wanted, since, NEWS_CAP)?)
        })
        .await?;
    let text = match count {
        0 => String::new(),
        NEWS_CAP.. => format!("{NEWS_CAP} or more new, show them"),
        1 => "1 new, show it".to_owned(),
        n => format!("{n} new, show them"),
    };
    Ok(HttpResponse::Ok()
        .insert_header((actix_web::http::header::CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({"count": count, "text": text})))
}
