//! `/c/{token}`: the form for whoever holds the signed link under an answer, without an account.
//! Opening it only reads, since mail scanners open links too.

use super::form::{self, Chosen, FormPart, SEVERITIES, Subject};
use crate::accounts::{Anyone, actions as accounts};
use crate::agents::pinned::Pinned;
use crate::capture::forms::FeedbackForm;
use crate::capture::links;
use crate::capture::shown::{self, Audience, View};
use crate::capture::submit::Author;
use crate::clock;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::feedback::queries as feedback;
use crate::interactions::{InteractionId, queries as interactions};
use crate::web::budgets::{self, Caller};
use crate::web::limits::Limits;
use crate::web::token::{Purpose, Refused};
use crate::web::{PageContext, Site, form as body_form, page, see_other};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

#[derive(Template)]
#[template(path = "capture/link.html")]
struct LinkPage {
    ctx: PageContext,
    view: View,
    part: FormPart,
    severities: [(&'static str, &'static str); 4],
    pinned: Vec<Pinned>,
}

/// The interaction that the token allows to judge.
fn allowed(site: &Site, token: &str) -> AppResult<InteractionId> {
    match site.signer.check(Purpose::Feedback, token, clock::now()) {
        Ok(id) => Ok(InteractionId(id)),
        Err(Refused::Expired) => Err(AppError::Gone(format!(
            "A link to judge an answer works for {} days. Ask again, and judge the new answer.",
            site.link_valid_days
        ))),
        Err(Refused::Forged) => Err(AppError::NotFound),
    }
}

fn read(conn: &mut Conn, id: InteractionId) -> AppResult<Subject> {
    let shown = interactions::find_by_id(conn, id)?.ok_or(AppError::NotFound)?;
    if shown.body.is_none() {
        let why = "The texts of this conversation were erased, so there is nothing left to judge.";
        return Err(AppError::Gone(why.into()));
    }
    let mine = feedback::find_current_by(conn, id, accounts::link_holder(id.0))?;
    Subject::of(conn, shown, mine)
}

/// `GET /c/{token}`
pub(super) async fn show(
    by: Anyone,
    request: HttpRequest,
    limits: Data<Limits>,
    site: Data<Site>,
    db: Data<Db>,
    token: Path<String>,
    query: Query<Chosen>,
) -> AppResult<HttpResponse> {
    limits.links.check(&request)?;
    let id = allowed(&site, &token)?;
    budgets::spend(&request, Caller::Link(id.0))?;
    let subject = db.read(move |conn| read(conn, id)).await?;
    let part = subject.blank(by.ctx().path, &query.verdict, clock::now());
    render(StatusCode::OK, by.ctx(), &subject, part)
}

/// `POST /c/{token}`
pub(super) async fn create(
    by: Anyone,
    request: HttpRequest,
    limits: Data<Limits>,
    site: Data<Site>,
    db: Data<Db>,
    token: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    limits.links.check(&request)?;
    let sent: FeedbackForm = body_form::read(&body)?;
    let id = allowed(&site, &token)?;
    budgets::spend(&request, Caller::Link(id.0))?;
    let subject = db.read(move |conn| read(conn, id)).await?;
    let stored = match sent.check(&subject.about, accounts::link_holder(id.0).0) {
        Err(mistakes) => Err(AppError::Invalid(mistakes)),
        Ok(draft) => {
            let work = move |conn: &mut Conn| {
                let author = Author::Link(accounts::claim_link_holder(conn, id.0)?);
                form::store(conn, id, &draft, author)
            };
            db.write(work).await
        }
    };
    match stored {
        Ok(feedback) => Ok(see_other(&links::receipt_path(&site, feedback))),
        Err(AppError::Invalid(mistakes)) => again(by.ctx(), &subject, sent, mistakes),
        Err(other) => Err(other),
    }
}

fn again(
    ctx: PageContext,
    subject: &Subject,
    sent: FeedbackForm,
    mistakes: Mistakes,
) -> AppResult<HttpResponse> {
    let part = subject.with(ctx.path.clone(), sent, mistakes, clock::now());
    render(StatusCode::UNPROCESSABLE_ENTITY, ctx, subject, part)
}

fn render(
    status: StatusCode,
    ctx: PageContext,
    subject: &Subject,
    part: FormPart,
) -> AppResult<HttpResponse> {
    let view = shown::view(&subject.shown, Audience::EndUser, clock::now());
    let pinned = subject.pinned.clone();
    page(status, &LinkPage { ctx, view, part, severities: SEVERITIES, pinned })
}
