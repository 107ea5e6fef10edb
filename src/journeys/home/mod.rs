//! `/`: what this person should do next. A part for each role they have, the most pressing first;
//! whoever is not signed in reads what this is.

mod admin;
mod champion;
mod engineer;
mod escalations;
mod manager;
mod member;
mod questions;

use crate::accounts::{Anyone, Who};
use crate::clock;
use crate::db::{Conn, Db, Instant};
use crate::error::AppResult;
use crate::web::{PageContext, Site, page};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

#[derive(Template)]
#[template(path = "journeys/landing.html")]
struct LandingPage {
    ctx: PageContext,
}

#[derive(Template)]
#[template(path = "journeys/home.html")]
struct HomePage {
    ctx: PageContext,
    name: String,
    parts: Parts,
}

/// What the page is made of; a part is there for who has its role.
struct Parts {
    /// How to begin, for an admin of an installation that has no interactions.
    first_steps: Option<admin::FirstSteps>,
    champion: Option<champion::Part>,
    escalations: Option<escalations::Part>,
    questions: Option<questions::Part>,
    manager: Option<manager::Part>,
    engineer: Option<engineer::Part>,
    member: member::Part,
    admin: Option<admin::Part>,
}

/// `GET /`
pub(super) async fn show(by: Anyone, db: Data<Db>, site: Data<Site>) -> AppResult<HttpResponse> {
    let ctx = by.ctx();
    let Some(who) = by.who else { return page(StatusCode::OK, &LandingPage { ctx }) };
    let name = who.person.name.clone();
    let url = site.public_url.clone();
    let parts = db.read(move |conn| gather(conn, &who, &url, clock::now())).await?;
    page(StatusCode::OK, &HomePage { ctx, name, parts })
}

fn gather(conn: &mut Conn, who: &Who, url: &str, now: Instant) -> AppResult<Parts> {
    Ok(Parts {
        first_steps: admin::first_steps(conn, who, url)?,
        champion: champion::gather(conn, who, now)?,
        escalations: escalations::gather(conn, who, now)?,
        questions: questions::gather(conn, who, now)?,
        manager: manager::gather(conn, who, now)?,
        engineer: engineer::gather(conn, who, url)?,
        member: member::gather(conn, who, now)?,
        admin: admin::gather(conn, who)?,
    })
}
