//! Switching the mails off and on: signed in on `/feedback`, or by the link in each mail.

use super::{actions, queries};
use crate::accounts::{Anyone, PersonId, SignedIn};
use crate::clock;
use crate::db::Db;
use crate::error::{AppError, AppResult};
use crate::web::limits::Limits;
use crate::web::token::Purpose;
use crate::web::{PageContext, Site, form, page, see_other};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

/// `/feedback/mail` and `/unsubscribe/…`
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/feedback/mail", post().to(switch))
        .route("/unsubscribe/{token}", get().to(ask))
        .route("/unsubscribe/{token}", post().to(unsubscribe));
}

#[derive(Template)]
#[template(path = "news/unsubscribe.html")]
struct AskPage {
    ctx: PageContext,
    token: String,
    is_off: bool,
}

/// `on` or `off`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Switch {
    mail: String,
}

/// `POST /feedback/mail`
async fn switch(by: SignedIn, db: Data<Db>, body: Bytes) -> AppResult<HttpResponse> {
    let sent: Switch = form::read(&body)?;
    let on = match sent.mail.as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(AppError::invalid("mail", "is `on` or `off`")),
    };
    let me = by.who.id();
    db.write(move |conn| actions::switch(conn, me, on)).await?;
    Ok(see_other("/feedback#mail"))
}

fn person_of(site: &Site, token: &str) -> AppResult<PersonId> {
    let id = site.signer.check(Purpose::Unsubscribe, token, clock::now());
    id.map(PersonId).map_err(|_| AppError::NotFound)
}

/// `GET /unsubscribe/{token}`: a button, as programs that look at mails follow links.
async fn ask(
    by: Anyone,
    db: Data<Db>,
    site: Data<Site>,
    limits: Data<Limits>,
    request: HttpRequest,
    token: Path<String>,
) -> AppResult<HttpResponse> {
    limits.links.check(&request)?;
    let token = token.into_inner();
    let person = person_of(&site, &token)?;
    let is_off = db.read(move |conn| Ok(queries::is_declined(conn, person)?)).await?;
    page(StatusCode::OK, &AskPage { ctx: by.ctx(), token, is_off })
}

/// `POST /unsubscribe/{token}`: by the button, or by a mail program on its own (RFC 8058).
async fn unsubscribe(
    by: Anyone,
    db: Data<Db>,
    site: Data<Site>,
    limits: Data<Limits>,
    request: HttpRequest,
    token: Path<String>,
) -> AppResult<HttpResponse> {
    limits.links.check(&request)?;
    let token = token.into_inner();
    let person = person_of(&site, &token)?;
    db.write(move |conn| actions::switch(conn, person, false)).await?;
    page(StatusCode::OK, &AskPage { ctx: by.ctx(), token, is_off: true })
}
