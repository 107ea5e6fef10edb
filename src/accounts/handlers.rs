//! The pages to sign in and out.

use super::actions::{self};
use super::extract::{Anyone, SESSION_COOKIE};
use super::{model, queries};
use crate::clock;
use crate::db::{Db, Hash};
use crate::error::{AppError, AppResult};
use crate::web::limits::Limits;
use crate::web::{self, PageContext, Site, form, page, see_other, token};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bytes::Bytes;
use serde::Deserialize;

/// `/sign-in` and `/sign-out`
pub fn routes(cfg: &mut ServiceConfig) {
    use actix_web::web::{get, post};
    cfg.route("/sign-in", get().to(new))
        .route("/sign-in", post().to(ask))
        .route("/sign-in/{token}", get().to(show))
        .route("/sign-in/{token}", post().to(create))
        .route("/sign-out", post().to(destroy));
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct AskForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
struct AskPage {
    ctx: PageContext,
    email: String,
    next: String,
    mistake: &'static str,
}

#[derive(Template)]
#[template(path = "accounts/sent.html")]
struct SentPage {
    ctx: PageContext,
    minutes: i64,
}

#[derive(Template)]
#[template(path = "accounts/link.html")]
struct LinkPage {
    ctx: PageContext,
    /// None where the link is no good.
    name: Option<String>,
    action: String,
    next: String,
}

async fn new(by: Anyone, query: Query<Next>) -> AppResult<HttpResponse> {
    let next = form::local_path(&query.next).to_owned();
    if by.who.is_some() {
        return Ok(see_other(&next));
    }
    page(StatusCode::OK, &AskPage { ctx: by.ctx(), email: String::new(), next, mistake: "" })
}

async fn ask(
    by: Anyone,
    db: Data<Db>,
    site: Data<Site>,
    limits: Data<Limits>,
    request: HttpRequest,
    body: Bytes,
) -> AppResult<HttpResponse> {
    limits.sign_ins.check(&request)?;
    let AskForm { email, next } = form::read(&body)?;
    let next = form::local_path(&next).to_owned();
    if model::normal_address(&email).parse::<lettre::Address>().is_err() {
        let mistake = "Give an address like name@example.com.";
        let again = AskPage { ctx: by.ctx(), email, next, mistake };
        return page(StatusCode::UNPROCESSABLE_ENTITY, &again);
    }
    let public_url = site.public_url.clone();
    db.write(move |conn| actions::ask_for_link(conn, &email, &public_url, &next)).await?;
    page(StatusCode::OK, &SentPage { ctx: by.ctx(), minutes: actions::MAILED_MINUTES })
}

/// Shows a button and changes nothing: mail scanners follow links.
async fn show(
    by: Anyone,
    db: Data<Db>,
    limits: Data<Limits>,
    request: HttpRequest,
    token: Path<String>,
    query: Query<Next>,
) -> AppResult<HttpResponse> {
    limits.sign_ins.check(&request)?;
    let hash = token::hash(&token);
    let person =
        db.read(move |conn| Ok(queries::find_by_usable_link(conn, hash, clock::now())?)).await?;
    let status = if person.is_some() { StatusCode::OK } else { StatusCode::GONE };
    let next = form::local_path(&query.next).to_owned();
    let name = person.map(|person| person.name);
    page(status, &LinkPage { ctx: by.ctx(), name, action: request.path().to_owned(), next })
}

async fn create(
    by: Anyone,
    db: Data<Db>,
    site: Data<Site>,
    limits: Data<Limits>,
    request: HttpRequest,
    token: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    limits.sign_ins.check(&request)?;
    let Next { next } = form::read(&body)?;
    let (hash, earlier) = (token::hash(&token), session_of(&request));
    let used = db.write(move |conn| actions::use_link(conn, hash, earlier)).await?;
    let Some((_, session)) = used else {
        let action = request.path().to_owned();
        return page(StatusCode::GONE, &LinkPage { ctx: by.ctx(), name: None, action, next });
    };
    let mut response = see_other(form::local_path(&next));
    let days = Duration::days(30);
    response.add_cookie(&cookie(&site, session, days)).map_err(AppError::internal)?;
    Ok(response)
}

async fn destroy(
    _by: Anyone,
    db: Data<Db>,
    site: Data<Site>,
    request: HttpRequest,
) -> AppResult<HttpResponse> {
    if let Some(session) = session_of(&request) {
        db.write(move |conn| actions::end_session(conn, session)).await?;
    }
    let mut response = web::see_other("/");
    let gone = cookie(&site, String::new(), Duration::ZERO);
    response.add_cookie(&gone).map_err(AppError::internal)?;
    Ok(response)
}

fn session_of(request: &HttpRequest) -> Option<Hash> {
    request.cookie(SESSION_COOKIE).map(|cookie| token::hash(cookie.value()))
}

fn cookie(site: &Site, value: String, age: Duration) -> Cookie<'static> {
    Cookie::build(SESSION_COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(site.secure_cookies)
        .max_age(age)
        .finish()
}
