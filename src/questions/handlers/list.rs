//! `/questions`: what was asked, what waits longest first.

use crate::accounts::SignedIn;
use crate::capture::words;
use crate::clock;
use crate::db::{Conn, Db, Instant};
use crate::error::AppResult;
use crate::questions::model::{Question, State};
use crate::questions::pages::{Pace, Row, paces, rows};
use crate::questions::queries::{self, Place, Scope};
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
    /// `answered` or `settled`; what is open otherwise.
    state: String,
    /// `1`: what the reader asked.
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
        if query.is_empty() { "/questions".to_owned() } else { format!("/questions?{query}") }
    }
}

/// A state to look at.
struct Tab {
    href: String,
    label: &'static str,
    count: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "questions/index.html")]
struct IndexPage {
    ctx: PageContext,
    tabs: Vec<Tab>,
    state: &'static str,
    mine: (String, bool),
    rows: Vec<Row>,
    is_first: bool,
    next: String,
    /// Whether there is a team that the reader can ask.
    can_ask: bool,
    paces: Vec<Pace>,
}

/// `GET /questions`
pub(super) async fn index(
    by: SignedIn,
    db: Data<Db>,
    asked: Query<Asked>,
) -> AppResult<HttpResponse> {
    let (ctx, asked, now, who) = (by.ctx(), asked.into_inner(), clock::now(), by.who);
    let can_ask = who.sees_all() || !who.memberships.is_empty();
    let is_mine = asked.mine == "1";
    let scope = if is_mine { Scope::By(who.id()) } else { Scope::of(&who) };
    let (state, after) = (asked.state(), asked.after());
    let read = move |conn: &mut Conn| {
        let found = queries::list(conn, &scope, state, after, PAGE_ROWS + 1)?;
        let at = |row: &Question| format!("{}.{}", row.order_at.as_micros(), row.id);
        let found = Page::cut(found, PAGE_ROWS, at);
        let open = words::capped(queries::count(conn, &scope, State::Open, CAP + 1)?, CAP);
        let paces = paces(conn, &who)?;
        Ok((rows(conn, &found.items, now)?, found.next, open, paces))
    };
    let (rows, next, open, paces) = db.read(read).await?;
    let mine = asked.mine.as_str();
    let word = if state == State::Open { "" } else { state.as_str() };
    let page_of = IndexPage {
        ctx,
        tabs: tabs(state, mine, open),
        state: state.as_str(),
        mine: (Asked::path(word, if is_mine { "" } else { "1" }, ""), is_mine),
        rows,
        is_first: after.is_none(),
        next: next.map(|next| Asked::path(word, mine, &next)).unwrap_or_default(),
        can_ask,
        paces,
    };
    page(StatusCode::OK, &page_of)
}

fn tabs(current: State, mine: &str, open: String) -> Vec<Tab> {
    let tab = |state: State, word: &str, label, count| Tab {
        href: Asked::path(word, mine, ""),
        label,
        count,
        is_current: state == current,
    };
    vec![
        tab(State::Open, "", "Waiting for an answer", open),
        tab(State::Answered, "answered", "Answered", String::new()),
        tab(State::Settled, "settled", "Settled", String::new()),
    ]
}
