//! The session's cookie, signing out, and ending sessions elsewhere.

use crate::accounts::door::session_of;
use crate::accounts::extract::SESSION_COOKIE;
use crate::accounts::{Anyone, Door, PersonId, SignedIn, sessions};
use crate::audit::Actor;
use crate::db::{Conn, Db, Hash};
use crate::error::{AppError, AppResult};
use crate::web::form::{self, local_path};
use crate::web::{PageContext, Site, page, see_other};
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

/// Sends a browser whose session has just started to `next`.
pub(super) fn signed_in(
    token: String,
    door: &Door,
    site: &Site,
    next: &str,
) -> AppResult<HttpResponse> {
    let mut answer = see_other(local_path(next));
    let days = i64::from(door.sign_in.session_days);
    answer.add_cookie(&cookie(token, days, site.secure_cookies)).map_err(AppError::internal)?;
    Ok(answer)
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

#[derive(Template)]
#[template(path = "accounts/signed_out.html")]
struct SignedOutPage {
    ctx: PageContext,
    url: String,
    name: String,
}

/// Signs out here and, where the session began there, at the provider. A form may only be answered
/// by a page of ours (`form-action`), so a page leads on.
pub(super) async fn sign_out(
    by: Anyone,
    request: HttpRequest,
    site: Data<Site>,
    door: Data<Door>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let ended = match session_of(&request) {
        Some(session) => db.write(move |conn| sessions::sign_out(conn, session)).await?,
        None => None,
    };
    let id_token = ended.and_then(|session| session.id_token);
    if let (Some(provider), Some(id_token)) = (&door.provider, id_token) {
        let back = format!("{}/sign-in", site.public_url);
        if let Some(url) = provider.sign_out_url(&id_token, &back).await {
            let ctx = PageContext { person: None, ..by.ctx() };
            let (url, name) = (url.to_string(), door.oidc.name.clone());
            let answer = page(StatusCode::OK, &SignedOutPage { ctx, url, name })?;
            return forgetting(answer, &site);
        }
    }
    signed_out(&door, &site)
}

/// The answer to a browser whose session has ended.
fn signed_out(door: &Door, site: &Site) -> AppResult<HttpResponse> {
    forgetting(see_other(door.proxy.sign_out_url.as_deref().unwrap_or("/sign-in")), site)
}

/// The answer after which the browser has no session.
fn forgetting(mut answer: HttpResponse, site: &Site) -> AppResult<HttpResponse> {
    let forget = cookie(String::new(), 0, site.secure_cookies);
    answer.add_cookie(&forget).map_err(AppError::internal)?;
    Ok(answer)
}

#[derive(Deserialize)]
struct EndForm {
    #[serde(default)]
    session: String,
}

/// Ends one session of one's own.
pub(super) async fn end(by: SignedIn, db: Data<Db>, body: Bytes) -> AppResult<HttpResponse> {
    let EndForm { session } = form::read(&body)?;
    let mut hash = [0; 32];
    hex::decode_to_slice(&session, &mut hash).map_err(|_| AppError::NotFound)?;
    let person = by.who.id();
    db.write(move |conn| sessions::end_one_of(conn, person, Hash(hash))).await?;
    Ok(see_other("/profile?done=session"))
}

/// Ends every session of one's own but this one.
pub(super) async fn end_others(
    by: SignedIn,
    request: HttpRequest,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let (person, this) = (by.who.id(), session_of(&request));
    db.write(move |conn| end_all_but(conn, person, this)).await?;
    Ok(see_other("/profile?done=sessions"))
}

/// Signs out everywhere, here too.
pub(super) async fn end_all(
    by: SignedIn,
    site: Data<Site>,
    door: Data<Door>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let person = by.who.id();
    db.write(move |conn| end_all_but(conn, person, None)).await?;
    signed_out(&door, &site)
}

/// Somebody may hold a link as well as a session.
fn end_all_but(conn: &mut Conn, person: PersonId, this: Option<Hash>) -> AppResult<()> {
    sessions::void_links(conn, person)?;
    sessions::end_others_of(conn, Actor::Person(person.0), person, this)?;
    Ok(())
}
