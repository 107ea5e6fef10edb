//! `/admin/people/{id}`: one person: name, roles, teams, and their way in.

use super::people::standing;
use super::{Done, session_of, ticked};
use crate::accounts::model::{Membership, Person, Team};
use crate::accounts::people::{self, PersonChange, Roles};
use crate::accounts::{Admin, PersonId, queries, roll};
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::mail::Nudge;
use crate::web::{PageContext, Site, form, page, see_other};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bytes::Bytes;
use serde::Deserialize;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/admin/people/{id}", get().to(edit))
        .route("/admin/people/{id}", post().to(update))
        .route("/admin/people/{id}/teams", post().to(join))
        .route("/admin/people/{id}/invite", post().to(invite))
        .route("/admin/people/{id}/deactivate", post().to(deactivate))
        .route("/admin/people/{id}/activate", post().to(activate));
}

/// A person as a browser sends them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct PersonForm {
    name: String,
    is_engineer: String,
    is_admin: String,
}

/// A team to put them into.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct JoinForm {
    team: String,
    is_champion: String,
    is_manager: String,
}

#[derive(Template)]
#[template(path = "admin/person.html")]
struct PersonPage {
    ctx: PageContext,
    person: Person,
    address: String,
    standing: (&'static str, &'static str),
    is_me: bool,
    form: PersonForm,
    join: JoinForm,
    places: Vec<(Membership, Team)>,
    teams: Vec<(String, String)>,
    mistakes: Mistakes,
}

fn found(id: &str) -> AppResult<PersonId> {
    id.parse().map_err(|_| AppError::NotFound)
}

/// What the page shows of a person.
fn load(conn: &mut Conn, id: PersonId) -> AppResult<Around> {
    let person = roll::find_account(conn, id)?.ok_or(AppError::NotFound)?;
    let places = roll::teams_of(conn, &[id])?;
    Ok(Around { person, places, teams: queries::list_teams(conn)? })
}

struct Around {
    person: Person,
    places: Vec<(Membership, Team)>,
    teams: Vec<Team>,
}

impl Around {
    fn page(self, by: &Admin, ctx: PageContext, mistakes: Mistakes) -> PersonPage {
        let mark = |is: bool| if is { "1".to_owned() } else { String::new() };
        PersonPage {
            ctx,
            address: self.person.address.clone().unwrap_or_default(),
            standing: standing(&self.person),
            is_me: self.person.id == by.who.id(),
            form: PersonForm {
                name: self.person.name.clone(),
                is_engineer: mark(self.person.is_engineer),
                is_admin: mark(self.person.is_admin),
            },
            join: JoinForm::default(),
            places: self.places,
            teams: self.teams.into_iter().map(|team| (team.slug, team.name)).collect(),
            person: self.person,
            mistakes,
        }
    }
}

async fn edit(
    by: Admin,
    db: Data<Db>,
    id: Path<String>,
    done: Query<Done>,
) -> AppResult<HttpResponse> {
    let id = found(&id)?;
    let around = db.read(move |conn| load(conn, id)).await?;
    page(StatusCode::OK, &around.page(&by, done.tell(by.ctx()), Mistakes::default()))
}

async fn update(
    by: Admin,
    db: Data<Db>,
    id: Path<String>,
    request: HttpRequest,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (id, me, keep) = (found(&id)?, by.who.id(), session_of(&request));
    let form: PersonForm = form::read(&body)?;
    let change = PersonChange {
        name: form.name.clone(),
        is_engineer: ticked(&form.is_engineer),
        is_admin: ticked(&form.is_admin),
    };
    let saved = db.write(move |conn| people::change(conn, me, id, &change, keep)).await;
    let typed = |shown: &mut PersonPage| shown.form = form;
    answer(&by, &db, id, saved, "saved", typed).await
}

async fn join(
    by: Admin,
    request: HttpRequest,
    db: Data<Db>,
    id: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (id, me, keep) = (found(&id)?, by.who.id(), session_of(&request));
    let form: JoinForm = form::read(&body)?;
    let (slug, roles) = (form.team.trim().to_owned(), form.roles());
    let saved = db
        .write(move |conn| {
            let team = queries::find_team(conn, &slug)?;
            let team =
                team.ok_or_else(|| AppError::invalid("team", "is no team; make it first"))?;
            people::set_roles(conn, me, &team, id, roles, keep)
        })
        .await;
    let typed = |shown: &mut PersonPage| shown.join = form;
    answer(&by, &db, id, saved, "saved", typed).await
}

impl JoinForm {
    fn roles(&self) -> Roles {
        Roles { is_champion: ticked(&self.is_champion), is_manager: ticked(&self.is_manager) }
    }
}

async fn invite(
    by: Admin,
    db: Data<Db>,
    site: Data<Site>,
    nudge: Data<Nudge>,
    id: Path<String>,
) -> AppResult<HttpResponse> {
    let (id, me) = (found(&id)?, by.who.id());
    db.write(move |conn| people::invite_again(conn, &site, me, id)).await?;
    nudge.mail();
    Ok(see_other(&format!("/admin/people/{id}?done=invited")))
}

async fn deactivate(by: Admin, db: Data<Db>, id: Path<String>) -> AppResult<HttpResponse> {
    let (id, me) = (found(&id)?, by.who.id());
    let saved = db.write(move |conn| people::deactivate(conn, me, id)).await;
    answer(&by, &db, id, saved, "deactivated", |_| {}).await
}

async fn activate(by: Admin, db: Data<Db>, id: Path<String>) -> AppResult<HttpResponse> {
    let (id, me) = (found(&id)?, by.who.id());
    let saved = db.write(move |conn| people::activate(conn, me, id)).await;
    answer(&by, &db, id, saved, "activated", |_| {}).await
}

/// Back to the page, which says what was done; with a mistake it keeps what was `typed`.
async fn answer(
    by: &Admin,
    db: &Db,
    id: PersonId,
    saved: AppResult<()>,
    done: &str,
    typed: impl FnOnce(&mut PersonPage),
) -> AppResult<HttpResponse> {
    match saved {
        Ok(()) => Ok(see_other(&format!("/admin/people/{id}?done={done}"))),
        Err(AppError::Invalid(mistakes)) => {
            let around = db.read(move |conn| load(conn, id)).await?;
            let mut shown = around.page(by, by.ctx(), mistakes);
            typed(&mut shown);
            page(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
        Err(other) => Err(other),
    }
}
