//! The way to the identity provider and back.

use super::session::signed_in;
use super::sign_in::{Next, with_next};
use crate::accounts::oidc::{Attempt, Back, Proved, Provider, Refused};
use crate::accounts::sessions::How;
use crate::accounts::{Anyone, Door, identities};
use crate::clock;
use crate::db::Db;
use crate::error::{AppError, AppResult};
use crate::web::limits::Limits;
use crate::web::{PageContext, Site, page, see_other};
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

/// The cookie that keeps an attempt until the browser is back.
const ATTEMPT_COOKIE: &str = "overrule_attempt";
/// Where the provider sends the browser back to.
const BACK: &str = "/sign-in/oidc/back";

#[derive(Template)]
#[template(path = "accounts/refused.html")]
struct RefusedPage {
    ctx: PageContext,
    title: &'static str,
    sentence: String,
    again: String,
    other: String,
    has_other: bool,
}

/// Sends the browser to the provider.
pub(super) async fn start(
    by: Anyone,
    request: HttpRequest,
    limits: Data<Limits>,
    site: Data<Site>,
    door: Data<Door>,
    query: Query<Next>,
) -> AppResult<HttpResponse> {
    limits.sign_ins.check(&request)?;
    let provider = door.provider.as_ref().ok_or(AppError::NotFound)?;
    match provider.start(&redirect(&site), &query.next).await {
        Ok((url, attempt)) => {
            let mut answer = see_other(url.as_str());
            let cookie = cookie(attempt.seal(&site.signer), 10, &site);
            answer.add_cookie(&cookie).map_err(AppError::internal)?;
            Ok(answer)
        }
        Err(why) => refused(&by, &door, &site, &why, &query.next),
    }
}

/// Takes the browser back from the provider. What came along counts in the browser that asked, and
/// there once.
#[allow(clippy::too_many_arguments)] // One for each thing it works with.
pub(super) async fn back(
    by: Anyone,
    request: HttpRequest,
    limits: Data<Limits>,
    site: Data<Site>,
    door: Data<Door>,
    db: Data<Db>,
    query: Query<Back>,
) -> AppResult<HttpResponse> {
    limits.sign_ins.check(&request)?;
    let provider = door.provider.as_ref().ok_or(AppError::NotFound)?;
    let back = query.into_inner();
    let cookie = request.cookie(ATTEMPT_COOKIE);
    let cookie = cookie.as_ref().map(Cookie::value).unwrap_or_default();
    let attempt = match Attempt::open(&site.signer, cookie, &back.state, clock::now()) {
        Ok(attempt) => attempt,
        Err(why) => return refused(&by, &door, &site, &why, "/"),
    };
    match let_in(&request, provider, &site, &door, &db, &attempt, back).await? {
        Ok(token) => {
            let mut answer = signed_in(token, &door, &site, &attempt.next)?;
            answer
                .add_cookie(&self::cookie(String::new(), 0, &site))
                .map_err(AppError::internal)?;
            Ok(answer)
        }
        Err(why) => refused(&by, &door, &site, &why, &attempt.next),
    }
}

/// The token of a session for whoever the provider vouches for.
async fn let_in(
    request: &HttpRequest,
    provider: &Provider,
    site: &Site,
    door: &Door,
    db: &Db,
    attempt: &Attempt,
    back: Back,
) -> AppResult<Result<String, Refused>> {
    let proved: Proved = match provider.finish(&redirect(site), attempt, back).await {
        Ok(proved) => proved,
        Err(why) => return Ok(Err(why)),
    };
    let (token, mut new) = door.open(request, How::Oidc);
    new.id_token = Some(proved.id_token.clone());
    let settings = door.oidc.clone();
    let found = db.write(move |conn| identities::sign_in(conn, &settings, &proved, &new)).await?;
    Ok(found.map(|_| token))
}

fn redirect(site: &Site) -> String {
    format!("{}{BACK}", site.public_url)
}

/// The attempt's cookie; with 0 minutes the browser forgets it.
fn cookie(value: String, minutes: i64, site: &Site) -> Cookie<'static> {
    Cookie::build(ATTEMPT_COOKIE, value)
        .path("/sign-in/oidc")
        .http_only(true)
        // Lax, for the way back begins at another site.
        .same_site(SameSite::Lax)
        .secure(site.secure_cookies)
        .max_age(time::Duration::minutes(minutes))
        .finish()
}

/// Says in words why somebody isn't let in; what exactly was wrong is for the log.
fn refused(
    by: &Anyone,
    door: &Door,
    site: &Site,
    why: &Refused,
    next: &str,
) -> AppResult<HttpResponse> {
    tracing::warn!(cause = %why, "single sign-on was refused");
    let (status, title, sentence) = words(why, &door.oidc.name);
    let shown = RefusedPage {
        ctx: by.ctx(),
        title,
        sentence,
        again: with_next("/sign-in/oidc", next),
        other: with_next("/sign-in", next),
        has_other: door.sign_in.password || door.sign_in.mail,
    };
    let mut answer = page(status, &shown)?;
    answer.add_cookie(&cookie(String::new(), 0, site)).map_err(AppError::internal)?;
    Ok(answer)
}

fn words(why: &Refused, name: &str) -> (StatusCode, &'static str, String) {
    match why {
        Refused::Provider(_) => (
            StatusCode::BAD_GATEWAY,
            "The way over there is closed just now",
            format!(
                "We got no answer from {name} that we could use. Please try again in a moment."
            ),
        ),
        Refused::Attempt(_) => (
            StatusCode::BAD_REQUEST,
            "Please start again",
            "This sign-in took too long, was begun in another browser, or was used already.".into(),
        ),
        other => {
            let (title, sentence) = words_to_somebody(other, name);
            (StatusCode::FORBIDDEN, title, sentence)
        }
    }
}

/// The words to somebody who came back from the provider and may not come in.
fn words_to_somebody(why: &Refused, name: &str) -> (&'static str, String) {
    match why {
        Refused::Denied(_) => {
            ("You were not signed in", format!("It was stopped over there, at {name}."))
        }
        Refused::NoAddress => (
            "We need your e-mail address",
            format!("There is no usable one among what {name} told us about you."),
        ),
        Refused::Unverified => {
            ("Your e-mail address is not verified", format!("Verify it at {name}, then come back."))
        }
        Refused::Unknown => (
            "You have not been added yet",
            "Whoever looks after Overrule in your organisation can add you.".into(),
        ),
        Refused::Deactivated => (
            "You can't sign in any more",
            "Whoever looks after Overrule in your organisation can say why.".into(),
        ),
        Refused::OtherAccount => (
            "Your address belongs to another account",
            format!(
                "Another account of {name} signed in with it before. Sign in by a link that we \
                 mail you, and unlink that account on your profile; then come back."
            ),
        ),
        Refused::Token(_) | Refused::Provider(_) | Refused::Attempt(_) => (
            "We can't trust this answer",
            format!("What {name} told us about you doesn't hold. Nobody was signed in."),
        ),
    }
}
