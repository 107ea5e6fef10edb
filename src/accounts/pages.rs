//! Signing in and out. Opening a link only reads, since mail scanners open links too; pressing
//! its button uses it.

use super::actions::check_address;
use super::extract::{Anyone, SESSION_COOKIE};
use super::links::{self, MAILED_MINUTES, SESSION_DAYS, Used};
use super::model::LinkState;
use super::queries;
use crate::clock;
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::mail::Nudge;
use crate::web::form::{self, local_path};
use crate::web::limits::Limits;
use crate::web::{PageContext, Site, page, see_other, token};
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use std::time::Duration;

/// `/sign-in…` and `/sign-out`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sign-in", web::get().to(new))
        .route("/sign-in", web::post().to(create))
        .route("/sign-in/sent", web::get().to(sent))
        .route("/sign-in/{token}", web::get().to(show))
        .route("/sign-in/{token}", web::post().to(use_link))
        .route("/sign-out", web::post().to(sign_out));
}

#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
struct SignInPage {
    ctx: PageContext,
    email: String,
    next: String,
    mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "accounts/sign_in_sent.html")]
struct SentPage {
    ctx: PageContext,
    minutes: i64,
    again: String,
}

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

/// Where to go after signing in.
#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    next: String,
}

/// The path of a sign-in link.
pub(super) fn link_path(token: &str, next: &str) -> String {
    with_next(&format!("/sign-in/{token}"), next)
}

fn with_next(path: &str, next: &str) -> String {
    match local_path(next) {
        "/" => path.to_owned(),
        next => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            format!("{path}?{}", query.append_pair("next", next).finish())
        }
    }
}

async fn new(by: Anyone, query: Query<Next>) -> AppResult<HttpResponse> {
    let next = local_path(&query.next).to_owned();
    if by.who.is_some() {
        return Ok(see_other(&next));
    }
    let (email, mistakes) = (String::new(), Mistakes::default());
    page(StatusCode::OK, &SignInPage { ctx: by.ctx(), email, next, mistakes })
}

async fn create(
    by: Anyone,
    request: HttpRequest,
    limits: Data<Limits>,
    site: Data<Site>,
    db: Data<Db>,
    nudge: Data<Nudge>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    limits.sign_ins.check(&request)?;
    let SignInForm { email, next } = form::read(&body)?;
    let next = local_path(&next).to_owned();
    let address = match check_address("email", &email) {
        Ok(address) => address,
        Err(mistakes) => {
            let again = SignInPage { ctx: by.ctx(), email, next, mistakes };
            return page(StatusCode::UNPROCESSABLE_ENTITY, &again);
        }
    };
    let answer = see_other(&with_next("/sign-in/sent", &next));
    // The answer takes as long for an address that nobody has.
    let write = db.write(move |conn| links::mail_sign_in_link(conn, &site, &address, &next));
    let (written, ()) = tokio::join!(write, tokio::time::sleep(SAME_TIME));
    written?;
    nudge.mail();
    Ok(answer)
}

/// Longer than the write takes on a healthy database.
const SAME_TIME: Duration = Duration::from_millis(150);

async fn sent(by: Anyone, query: Query<Next>) -> AppResult<HttpResponse> {
    let again = with_next("/sign-in", &query.next);
    page(StatusCode::OK, &SentPage { ctx: by.ctx(), minutes: MAILED_MINUTES, again })
}

async fn show(
    by: Anyone,
    db: Data<Db>,
    token: Path<String>,
    query: Query<Next>,
) -> AppResult<HttpResponse> {
    let hash = token::hash(&token);
    let found = db.read(move |conn| Ok(queries::find_link(conn, hash)?)).await?;
    let (state, name) = match &found {
        Some((link, person)) => (link.state(person, clock::now()), person.name.as_str()),
        None => (LinkState::Unknown, ""),
    };
    link_page(by.ctx(), state, name, &query.next)
}

async fn use_link(
    by: Anyone,
    request: HttpRequest,
    limits: Data<Limits>,
    site: Data<Site>,
    db: Data<Db>,
    token: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    limits.sign_ins.check(&request)?;
    let Next { next } = form::read(&body)?;
    let (link, session) = (token::hash(&token), token::random());
    let (new, old) = (token::hash(&session), session_of(&request));
    match db.write(move |conn| links::use_link(conn, link, new, old)).await? {
        Used::Refused(state) => link_page(by.ctx(), state, "", &next),
        Used::SignedIn => {
            let mut answer = see_other(local_path(&next));
            answer
                .add_cookie(&cookie(session, SESSION_DAYS, site.secure_cookies))
                .map_err(AppError::internal)?;
            Ok(answer)
        }
    }
}

async fn sign_out(
    _by: Anyone,
    request: HttpRequest,
    site: Data<Site>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    if let Some(session) = session_of(&request) {
        db.write(move |conn| links::sign_out(conn, session)).await?;
    }
    let mut answer = see_other("/sign-in");
    answer
        .add_cookie(&cookie(String::new(), 0, site.secure_cookies))
        .map_err(AppError::internal)?;
    Ok(answer)
}

fn session_of(request: &HttpRequest) -> Option<crate::db::Hash> {
    request.cookie(SESSION_COOKIE).map(|cookie| token::hash(cookie.value()))
}

/// The session's cookie; with 0 days the browser forgets it.
fn cookie(value: String, days: i64, secure: bool) -> Cookie<'static> {
    Cookie::build(SESSION_COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .max_age(time::Duration::days(days))
        .finish()
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
