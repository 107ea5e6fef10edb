//! `/interactions/{id}`: what the agent said, and the form to say what one thinks of it.

use super::form::{self, Chosen, FormPart, SEVERITIES, SaidRow, Subject};
use crate::accounts::{SignedIn, Who};
use crate::agents::pinned::Pinned;
use crate::capture::forms::FeedbackForm;
use crate::capture::queries;
use crate::capture::shown::{self, Audience, View};
use crate::capture::submit::Author;
use crate::capture::words::{self, When};
use crate::clock;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::feedback::queries as feedback;
use crate::interactions::{InteractionId, queries as interactions};
use crate::web::{PageContext, form as body_form, page, see_other};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "capture/interaction.html")]
struct ShowPage {
    ctx: PageContext,
    view: View,
    part: FormPart,
    severities: [(&'static str, &'static str); 4],
    /// For who looks after the team: what everybody said.
    said: Vec<SaidRow>,
    turns: Vec<Turn>,
    pinned: Vec<Pinned>,
    /// Where the reader asks the team's champions about this.
    ask: String,
    /// The page about the agent.
    agent: String,
}

/// Another interaction of the same conversation.
struct Turn {
    href: String,
    question: String,
    when: When,
    is_this: bool,
}

/// What is read for the page.
struct Facts {
    subject: Subject,
    said: Vec<queries::Said>,
    turns: Vec<interactions::Turn>,
}

fn read(conn: &mut Conn, who: &Who, id: InteractionId) -> AppResult<Facts> {
    let shown = interactions::find_visible_to(conn, who, id)?.ok_or(AppError::NotFound)?;
    let leads = who.leads(shown.deployment.team_id);
    let said = if leads { queries::said_of(conn, id)? } else { Vec::new() };
    let turns = interactions::list_conversation(conn, &shown.row)?;
    let mine = feedback::find_current_by(conn, id, who.id())?;
    Ok(Facts { subject: Subject::of(conn, shown, mine)?, said, turns })
}

/// `GET /interactions/{id}`
pub(super) async fn show(
    by: SignedIn,
    db: Data<Db>,
    id: Path<InteractionId>,
    query: Query<Chosen>,
) -> AppResult<HttpResponse> {
    let (id, ctx, who) = (id.into_inner(), by.ctx(), by.who);
    let facts = db.read(move |conn| read(conn, &who, id)).await?;
    let part = facts.subject.blank(path(id), &query.verdict, clock::now());
    render(StatusCode::OK, ctx, facts, part)
}

/// `POST /interactions/{id}`
pub(super) async fn create(
    by: SignedIn,
    db: Data<Db>,
    id: Path<InteractionId>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let sent: FeedbackForm = body_form::read(&body)?;
    let (id, ctx, who) = (id.into_inner(), by.ctx(), Arc::new(by.who));
    let reader = who.clone();
    let facts = db.read(move |conn| read(conn, &reader, id)).await?;
    let stored = match sent.check(&facts.subject.about, who.id().0) {
        Err(mistakes) => Err(AppError::Invalid(mistakes)),
        Ok(draft) => {
            let author = Author::SignedIn(who);
            db.write(move |conn| form::store(conn, id, &draft, author.clone())).await
        }
    };
    match stored {
        Ok(feedback) => Ok(see_other(&format!("/feedback/{feedback}"))),
        Err(AppError::Invalid(mistakes)) => again(ctx, facts, sent, mistakes, id),
        Err(other) => Err(other),
    }
}

fn again(
    ctx: PageContext,
    facts: Facts,
    sent: FeedbackForm,
    mistakes: Mistakes,
    id: InteractionId,
) -> AppResult<HttpResponse> {
    let part = facts.subject.with(path(id), sent, mistakes, clock::now());
    render(StatusCode::UNPROCESSABLE_ENTITY, ctx, facts, part)
}

fn path(id: InteractionId) -> String {
    format!("/interactions/{id}")
}

fn render(
    status: StatusCode,
    ctx: PageContext,
    facts: Facts,
    part: FormPart,
) -> AppResult<HttpResponse> {
    let now = clock::now();
    let this = facts.subject.shown.row.id;
    let turns = facts.turns.into_iter().map(|turn| Turn {
        href: path(turn.id),
        question: words::question(turn.input.as_ref()),
        when: words::when(turn.occurred_at, now),
        is_this: turn.id == this,
    });
    let page_of = ShowPage {
        ctx,
        view: shown::view(&facts.subject.shown, Audience::Team, now),
        part,
        severities: SEVERITIES,
        said: facts.said.into_iter().map(|said| form::said_row(said, now)).collect(),
        turns: turns.collect(),
        pinned: facts.subject.pinned,
        ask: format!("/questions/new?interaction={this}"),
        agent: format!("/agents/{}", facts.subject.shown.agent.slug),
    };
    page(status, &page_of)
}
