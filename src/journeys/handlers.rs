//! What became of what I reported: the list, one receipt, and the receipt by its link.

use super::queries::reports;
use super::receipt::{Facts, Reader, Receipt};
use crate::accounts::{Anyone, SignedIn, queries as accounts};
use crate::capture::words::{self, Badge, When};
use crate::clock;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult};
use crate::feedback::FeedbackId;
use crate::hours;
use crate::web::budgets::{self, Caller};
use crate::web::limits::Limits;
use crate::web::paging::{PAGE_ROWS, Page};
use crate::web::token::Purpose;
use crate::web::{PageContext, Site, page};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

/// One row of the list.
pub(super) struct Row {
    pub href: String,
    pub question: String,
    pub agent: String,
    pub verdict: Badge,
    pub state: Badge,
    pub when: When,
    /// Found by a random audit that the reader decided.
    pub is_audit: bool,
}

#[derive(Template)]
#[template(path = "journeys/feedback.html")]
struct IndexPage {
    ctx: PageContext,
    rows: Vec<Row>,
    is_first: bool,
    older: String,
    /// Whether the reader is told by mail.
    is_mailed: bool,
}

#[derive(Template)]
#[template(path = "journeys/receipt.html")]
struct ReceiptPage {
    ctx: PageContext,
    receipt: Receipt,
}

/// Where the list goes on.
#[derive(Deserialize)]
pub(super) struct Cursor {
    cursor: Option<FeedbackId>,
}

/// `GET /feedback`: what this person reported, newest first.
pub(super) async fn index(
    by: SignedIn,
    db: Data<Db>,
    query: Query<Cursor>,
) -> AppResult<HttpResponse> {
    let (me, before, now) = (by.who.id(), query.cursor, clock::now());
    let (found, is_mailed) = db
        .read(move |conn| {
            let found = reports::list_by_author(conn, me, before, PAGE_ROWS + 1)?;
            Ok((found, !crate::news::queries::is_declined(conn, me)?))
        })
        .await?;
    let found = Page::cut(found, PAGE_ROWS, |row| row.id.to_string());
    let older = found.next.as_ref().map(|next| format!("/feedback?cursor={next}"));
    let rows = found.items.into_iter().map(|listed| row(listed, now)).collect();
    let (is_first, older) = (before.is_none(), older.unwrap_or_default());
    page(StatusCode::OK, &IndexPage { ctx: by.ctx(), rows, is_first, older, is_mailed })
}

/// A report as a row of a list.
pub(super) fn row(listed: reports::Listed, now: crate::db::Instant) -> Row {
    let is_superseded = listed.superseded_by.is_some();
    Row {
        href: format!("/feedback/{}", listed.id),
        question: words::question(listed.input.as_ref()),
        agent: words::agent(&listed.agent, &listed.version),
        verdict: words::verdict(listed.verdict),
        state: match listed.is_audit {
            true => words::audit_state(is_superseded, listed.status),
            false => words::state(is_superseded, listed.status, true),
        },
        when: words::when(listed.occurred_at, now),
        is_audit: listed.is_audit,
    }
}

/// `GET /feedback/{id}`: the receipt, for its author and for who looks after the team.
pub(super) async fn show(
    by: SignedIn,
    db: Data<Db>,
    id: Path<FeedbackId>,
) -> AppResult<HttpResponse> {
    let (id, ctx, who) = (id.into_inner(), by.ctx(), by.who);
    let facts = db
        .read(move |conn| {
            let found = reports::find(conn, id)?.ok_or(AppError::NotFound)?;
            let reader = match found.feedback.author_id {
                Some(author) if author == who.id() => Reader::Author,
                _ if who.leads(found.deployment.team_id) => Reader::Lead,
                _ => return Err(AppError::NotFound),
            };
            facts(conn, found, reader)
        })
        .await?;
    show_facts(ctx, &facts)
}

/// `GET /r/{token}`: the same for whoever holds the receipt, without the names of others.
pub(super) async fn show_by_token(
    by: Anyone,
    db: Data<Db>,
    site: Data<Site>,
    limits: Data<Limits>,
    request: HttpRequest,
    token: Path<String>,
) -> AppResult<HttpResponse> {
    limits.links.check(&request)?;
    let id = site
        .signer
        .check(Purpose::Receipt, &token, clock::now())
        .map_err(|_| AppError::NotFound)?;
    budgets::spend(&request, Caller::Link(id))?;
    let facts = db
        .read(move |conn| {
            let found = reports::find(conn, FeedbackId(id))?.ok_or(AppError::NotFound)?;
            facts(conn, found, Reader::Holder)
        })
        .await?;
    show_facts(by.ctx(), &facts)
}

/// The receipt, with its times in the reader's zone where that is known, else in the team's.
fn show_facts(ctx: PageContext, facts: &Facts) -> AppResult<HttpResponse> {
    clock::set_zone_of(facts.calendars.of(facts.found.deployment.team_id).zone());
    page(StatusCode::OK, &ReceiptPage { ctx, receipt: facts.receipt() })
}

fn facts(conn: &mut Conn, found: reports::Found, reader: Reader) -> AppResult<Facts> {
    let now = clock::now();
    let (decisions, (waiting, looks)) = match found.signal {
        Some((_, item)) => (reports::decisions(conn, item)?, reports::waiting(conn, item, now)?),
        None => (Vec::new(), (None, None)),
    };
    let champions = accounts::champion_names(conn, found.deployment.team_id)?;
    let calendars = hours::calendars(conn, &[found.deployment.team_id])?;
    let takeover = match found.signal {
        Some((_, item)) => reports::takeover(conn, item)?,
        None => None,
    };
    let release = reports::release_of(conn, found.feedback.id)?;
    Ok(Facts {
        found,
        decisions,
        waiting,
        looks,
        champions,
        calendars,
        takeover,
        release,
        reader,
        now,
    })
}
