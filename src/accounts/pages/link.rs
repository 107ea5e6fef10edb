//! Signing in by a link. Opening it only reads, since mail scanners open links too; pressing its
//! button uses it.

use super::session::signed_in;
use super::sign_in::with_next;
use crate::accounts::links::{self, Used};
use crate::accounts::model::LinkState;
use crate::accounts::sessions::How;
use crate::accounts::{Anyone, Door, queries};
use crate::clock;
use crate::db::Db;
use crate::error::AppResult;
use crate::web::form::{self, local_path};
use crate::web::limits::Limits;
use crate::web::{PageContext, Site, page, token};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

#[derive(Template)]
#[template(path = "accounts/sign_in_link.html")]
struct LinkPage {
    ctx: PageContext,
    is_good: bool,
    title: String,
    sentence: &'static str,
    button: String,
    path: String,
    next: String,
    again: String,
}

/// The path of a sign-in link.
pub(in crate::accounts) fn link_path(token: &str, next: &str) -> String {
    with_next(&format!("/sign-in/{token}"), next)
}

pub(super) async fn show(
    by: Anyone,
    db: Data<Db>,
    token: Path<String>,
    query: Query<super::sign_in::Next>,
) -> AppResult<HttpResponse> {
    let hash = token::hash(&token);
    let found = db.read(move |conn| Ok(queries::find_link(conn, hash)?)).await?;
    let (state, name) = match &found {
        Some((link, person)) => (link.state(person, clock::now()), person.name.as_str()),
        None => (LinkState::Unknown, ""),
    };
    link_page(by.ctx(), state, name, &query.next)
}

#[allow(clippy::too_many_arguments)] // One for each thing it works with.
pub(super) async fn use_link(
    by: Anyone,
    request: HttpRequest,
    limits: Data<Limits>,
    site: Data<Site>,
    door: Data<Door>,
    db: Data<Db>,
    link: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    limits.sign_ins.check(&request)?;
    let super::sign_in::Next { next } = form::read(&body)?;
    let link = token::hash(&link);
    let (session, new) = door.open(&request, How::Link);
    match db.write(move |conn| links::use_link(conn, link, &new)).await? {
        Used::Refused(state) => link_page(by.ctx(), state, "", &next),
        Used::SignedIn => signed_in(session, &door, &site, &next),
    }
}

fn link_page(
    ctx: PageContext,
    state: LinkState,
    name: &str,
    next: &str,
) -> AppResult<HttpResponse> {
    let (status, title, sentence) = match state {
        LinkState::Good => (StatusCode::OK, "Welcome to Overrule", ""),
        LinkState::Used => (
            StatusCode::GONE,
            "This link was used already",
            "A link signs in once. If it was not you who used it, tell whoever looks after Overrule.",
        ),
        LinkState::Expired => (
            StatusCode::GONE,
            "This link is too old",
            "For your safety a link works for a while only.",
        ),
        LinkState::Unknown => (
            StatusCode::NOT_FOUND,
            "We don't know this link",
            "Perhaps a part of it is missing: some mail programs break long links.",
        ),
    };
    let link = LinkPage {
        is_good: state == LinkState::Good,
        title: title.into(),
        sentence,
        button: format!("Sign in as {name}"),
        path: ctx.path.clone(),
        next: local_path(next).to_owned(),
        again: with_next("/sign-in", next),
        ctx,
    };
    page(status, &link)
}
