//! `/admin/teams`: all teams, for admins; `/teams`: those that somebody looks after.

use crate::accounts::model::Team;
use crate::accounts::{Admin, Leader, people, roll};
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::web::paging::{self, PAGE_ROWS, Page};
use crate::web::{PageContext, form, page, see_other};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bytes::Bytes;
use serde::Deserialize;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/admin/teams", get().to(index))
        .route("/admin/teams", post().to(create))
        .route("/teams", get().to(mine));
}

#[derive(Debug, Default, Deserialize)]
struct Cursor {
    #[serde(default)]
    cursor: String,
}

/// A team as a browser sends it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct TeamForm {
    slug: String,
    name: String,
}

#[derive(Template)]
#[template(path = "admin/teams.html")]
struct IndexPage {
    ctx: PageContext,
    teams: Vec<(Team, i64)>,
    older: String,
    form: TeamForm,
    mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "admin/my_teams.html")]
struct MinePage {
    ctx: PageContext,
    teams: Vec<Team>,
}

async fn index(
    by: Admin,
    db: Data<Db>,
    request: HttpRequest,
    after: Query<Cursor>,
) -> AppResult<HttpResponse> {
    let (after, form) = (after.into_inner().cursor, TeamForm::default());
    show(&by, &db, &request, StatusCode::OK, after, form, Mistakes::default()).await
}

async fn create(
    by: Admin,
    db: Data<Db>,
    request: HttpRequest,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (me, form) = (by.who.id(), form::read::<TeamForm>(&body)?);
    let (slug, name) = (form.slug.trim().to_owned(), form.name.clone());
    let made = db.write(move |conn| people::create_team(conn, me, &slug, &name)).await;
    match made {
        Ok(team) => Ok(see_other(&format!("/teams/{}?done=saved", team.slug))),
        Err(AppError::Invalid(mistakes)) => {
            let (status, start) = (StatusCode::UNPROCESSABLE_ENTITY, String::new());
            show(&by, &db, &request, status, start, form, mistakes).await
        }
        Err(other) => Err(other),
    }
}

async fn show(
    by: &Admin,
    db: &Db,
    request: &HttpRequest,
    status: StatusCode,
    after: String,
    form: TeamForm,
    mistakes: Mistakes,
) -> AppResult<HttpResponse> {
    let teams =
        db.read(move |conn| Ok(roll::list_teams_after(conn, &after, PAGE_ROWS + 1)?)).await?;
    let teams = Page::cut(teams, PAGE_ROWS, |(team, _)| team.slug.clone());
    let next = teams.next.as_deref();
    let older = next.map(|cursor| paging::with_cursor(request, cursor)).unwrap_or_default();
    page(status, &IndexPage { ctx: by.ctx(), teams: teams.items, older, form, mistakes })
}

/// With one team there is nothing to choose.
async fn mine(by: Leader, db: Data<Db>) -> AppResult<HttpResponse> {
    let who = by.who.clone();
    let teams = db.read(move |conn| Ok(roll::teams_looked_after_by(conn, &who)?)).await?;
    if let [team] = &teams[..] {
        return Ok(see_other(&format!("/teams/{}", team.slug)));
    }
    page(StatusCode::OK, &MinePage { ctx: by.ctx(), teams })
}
