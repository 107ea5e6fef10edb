//! `/escalations/hours…`: when a team works, which is when its clocks run.

use super::list::led_by;
use crate::accounts::model::Team;
use crate::accounts::queries as accounts;
use crate::accounts::{SignedIn, Who};
use crate::audit::Actor;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::escalations::actions as escalations;
use crate::hours::forms::HoursForm;
use crate::hours::settings::Hours;
use crate::hours::{actions, queries};
use crate::web::{PageContext, form, page, see_other};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use askama::Template;

/// A team, and its hours in short.
struct Row {
    href: String,
    name: String,
    hours: String,
}

#[derive(Template)]
#[template(path = "triage/hours_index.html")]
struct IndexPage {
    ctx: PageContext,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "triage/hours.html")]
struct EditPage {
    ctx: PageContext,
    slug: String,
    team: String,
    has_hours: bool,
    zones: Vec<(String, String)>,
    form: HoursForm,
    mistakes: Mistakes,
}

/// The teams whose hours this person sets.
fn teams_of(conn: &mut Conn, who: &Who) -> AppResult<Vec<Team>> {
    let led = led_by(who);
    if led.as_ref().is_some_and(Vec::is_empty) {
        let why = "Champions and managers set the hours of their team.";
        return Err(AppError::Forbidden(why.into()));
    }
    let all = accounts::list_teams(conn)?.into_iter();
    Ok(all.filter(|team| led.as_ref().is_none_or(|led| led.contains(&team.id))).collect())
}

/// The team, if this person sets its hours.
fn team_of(conn: &mut Conn, who: &Who, slug: &str) -> AppResult<Team> {
    let team = accounts::find_team(conn, slug)?.ok_or(AppError::NotFound)?;
    if who.leads(team.id) { Ok(team) } else { Err(AppError::NotFound) }
}

/// `GET /escalations/hours`
pub(super) async fn index(by: SignedIn, db: Data<Db>) -> AppResult<HttpResponse> {
    let ctx = by.ctx();
    let rows = db
        .read(move |conn| {
            let mut rows = Vec::new();
            for team in teams_of(conn, &by.who)? {
                let hours = match queries::find(conn, team.id)? {
                    Some(hours) => format!("Its own hours, {}", hours.zone),
                    None => "Every hour counts".to_owned(),
                };
                let href = format!("/escalations/hours/{}", team.slug);
                rows.push(Row { href, name: team.name, hours });
            }
            Ok(rows)
        })
        .await?;
    page(StatusCode::OK, &IndexPage { ctx, rows })
}

/// `GET /escalations/hours/{team}`
pub(super) async fn edit(
    by: SignedIn,
    db: Data<Db>,
    slug: Path<String>,
) -> AppResult<HttpResponse> {
    let (ctx, slug) = (by.ctx(), slug.into_inner());
    let (team, hours) = find(&db, by.who, slug).await?;
    let form = HoursForm::of(hours.as_ref());
    page(StatusCode::OK, &edit_page(ctx, team, hours.is_some(), form, Mistakes::default()))
}

async fn find(db: &Db, who: Who, slug: String) -> AppResult<(Team, Option<Hours>)> {
    db.read(move |conn| {
        let team = team_of(conn, &who, &slug)?;
        let hours = queries::find(conn, team.id)?;
        Ok((team, hours))
    })
    .await
}

fn edit_page(
    ctx: PageContext,
    team: Team,
    has_hours: bool,
    form: HoursForm,
    mistakes: Mistakes,
) -> EditPage {
    let zones = jiff::tz::db().available().map(|name| (name.to_string(), String::new()));
    let Team { slug, name, .. } = team;
    EditPage { ctx, slug, team: name, has_hours, zones: zones.collect(), form, mistakes }
}

/// `POST /escalations/hours/{team}`
pub(super) async fn update(
    by: SignedIn,
    db: Data<Db>,
    slug: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let form: HoursForm = form::read(&body)?;
    let (ctx, who) = (by.ctx(), by.who);
    let (team, before) = find(&db, who.clone(), slug.into_inner()).await?;
    let hours = match form.check() {
        Ok(hours) => hours,
        Err(mistakes) => {
            let page_of = edit_page(ctx, team, before.is_some(), form, mistakes);
            return page(StatusCode::UNPROCESSABLE_ENTITY, &page_of);
        }
    };
    set(&db, who, team, Some(hours)).await
}

/// `POST /escalations/hours/{team}/always`: every hour counts again.
pub(super) async fn always(
    by: SignedIn,
    db: Data<Db>,
    slug: Path<String>,
) -> AppResult<HttpResponse> {
    let who = by.who;
    let (team, _) = find(&db, who.clone(), slug.into_inner()).await?;
    set(&db, who, team, None).await
}

async fn set(db: &Db, who: Who, team: Team, hours: Option<Hours>) -> AppResult<HttpResponse> {
    let id = team.id;
    db.write(move |conn| {
        actions::set(conn, Actor::Person(who.id().0), id, hours.as_ref())?;
        escalations::refresh_team(conn, id)
    })
    .await?;
    Ok(see_other(&format!("/escalations/hours/{}", team.slug)))
}
