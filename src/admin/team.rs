//! `/teams/{slug}`: a team for those who look after it: its members, and which agents it uses. Its
//! champions and managers add members and take them out; what somebody is in it is for admins.

use super::people::roles_in_words;
use super::{Done, session_of, ticked};
use crate::accounts::model::{Membership, Person, Team};
use crate::accounts::people::{self, Roles};
use crate::accounts::{Admin, Leader, PersonId, Who, queries, roll};
use crate::agents::model::Deployment;
use crate::agents::queries as agents;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::web::paging::{self, Page};
use crate::web::{PageContext, form, page, see_other};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bytes::Bytes;
use serde::Deserialize;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/teams/{slug}", get().to(show))
        .route("/teams/{slug}", post().to(rename))
        .route("/teams/{slug}/members", post().to(add))
        .route("/teams/{slug}/members/{id}", post().to(set_roles))
        .route("/teams/{slug}/members/{id}/remove", post().to(remove));
}

/// Members on one page.
const MEMBERS: i64 = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    cursor: String,
    done: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct MemberForm {
    email: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct NameForm {
    name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct RolesForm {
    is_champion: String,
    is_manager: String,
}

/// A member on the list.
struct Row {
    id: PersonId,
    name: String,
    address: String,
    role: &'static str,
    is_champion: bool,
    is_manager: bool,
    standing: (&'static str, &'static str),
    /// Whether the reader may take them out.
    is_removable: bool,
}

#[derive(Template)]
#[template(path = "admin/team.html")]
struct TeamPage {
    ctx: PageContext,
    slug: String,
    name: String,
    is_admin: bool,
    rows: Vec<Row>,
    more: String,
    deployments: Vec<(Deployment, String, String)>,
    email: String,
    new_name: String,
    mistakes: Mistakes,
}

/// The team, for those who look after it; there is none for others.
fn looked_after_by(conn: &mut Conn, who: &Who, slug: &str) -> AppResult<Team> {
    let team = queries::find_team(conn, slug)?.filter(|team| who.looks_after(team.id));
    team.ok_or(AppError::NotFound)
}

fn load(conn: &mut Conn, who: &Who, slug: &str, after: Option<PersonId>) -> AppResult<TeamPage> {
    let team = looked_after_by(conn, who, slug)?;
    let members = roll::members_after(conn, team.id, after, MEMBERS + 1)?;
    let members = Page::cut(members, MEMBERS, |(person, _)| person.id.to_string());
    let is_admin = who.person.is_admin;
    Ok(TeamPage {
        ctx: PageContext::default(),
        is_admin,
        rows: members.items.into_iter().map(|member| row(member, is_admin)).collect(),
        more: members.next.unwrap_or_default(),
        deployments: agents::deployments_of_team(conn, team.id)?,
        new_name: team.name.clone(),
        name: team.name,
        slug: team.slug,
        email: String::new(),
        mistakes: Mistakes::default(),
    })
}

fn row((person, place): (Person, Membership), by_admin: bool) -> Row {
    let role = match roles_in_words(&place) {
        "" => "member",
        role => role,
    };
    Row {
        id: person.id,
        standing: super::people::standing(&person),
        name: person.name,
        address: person.address.unwrap_or_default(),
        role,
        is_champion: place.is_champion,
        is_manager: place.is_manager,
        is_removable: by_admin || role == "member",
    }
}

async fn show(
    by: Leader,
    db: Data<Db>,
    request: HttpRequest,
    slug: Path<String>,
    asked: Query<Asked>,
) -> AppResult<HttpResponse> {
    let (who, slug, Asked { cursor, done }) =
        (by.who.clone(), slug.into_inner(), asked.into_inner());
    let after = cursor.parse().ok();
    let mut shown = db.read(move |conn| load(conn, &who, &slug, after)).await?;
    shown.ctx = Done { done }.tell(by.ctx());
    if !shown.more.is_empty() {
        shown.more = paging::with_cursor(&request, &shown.more);
    }
    page(StatusCode::OK, &shown)
}

async fn rename(
    by: Admin,
    db: Data<Db>,
    slug: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (me, slug, form) = (by.who.id(), slug.into_inner(), form::read::<NameForm>(&body)?);
    let (team, name) = (slug.clone(), form.name.clone());
    let saved = db.write(move |conn| people::rename_team(conn, me, &team, &name)).await;
    let who = by.who.clone();
    answer(who, by.ctx(), &db, slug, saved, "saved", |shown| shown.new_name = form.name).await
}

async fn add(by: Leader, db: Data<Db>, slug: Path<String>, body: Bytes) -> AppResult<HttpResponse> {
    let (who, slug, form) = (by.who.clone(), slug.into_inner(), form::read::<MemberForm>(&body)?);
    let (me, team, email) = (who.clone(), slug.clone(), form.email.clone());
    let saved = db
        .write(move |conn| {
            let team = looked_after_by(conn, &me, &team)?;
            people::add_member(conn, me.id(), &team, &email)
        })
        .await;
    answer(who, by.ctx(), &db, slug, saved, "added", |shown| shown.email = form.email).await
}

async fn remove(by: Leader, db: Data<Db>, path: Path<(String, String)>) -> AppResult<HttpResponse> {
    let (slug, id) = path.into_inner();
    let id: PersonId = id.parse().map_err(|_| AppError::NotFound)?;
    let (who, me, team) = (by.who.clone(), by.who.clone(), slug.clone());
    let saved = db
        .write(move |conn| {
            let team = looked_after_by(conn, &me, &team)?;
            people::remove_member(conn, me.id(), &team, id)
        })
        .await;
    answer(who, by.ctx(), &db, slug, saved, "removed", |_| {}).await
}

async fn set_roles(
    by: Admin,
    request: HttpRequest,
    db: Data<Db>,
    path: Path<(String, String)>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (slug, id) = path.into_inner();
    let id: PersonId = id.parse().map_err(|_| AppError::NotFound)?;
    let form: RolesForm = form::read(&body)?;
    let roles =
        Roles { is_champion: ticked(&form.is_champion), is_manager: ticked(&form.is_manager) };
    let (who, me, team) = (by.who.clone(), by.who.clone(), slug.clone());
    let keep = session_of(&request);
    let saved = db
        .write(move |conn| {
            let team = looked_after_by(conn, &me, &team)?;
            people::set_roles(conn, me.id(), &team, id, roles, keep)
        })
        .await;
    answer(who, by.ctx(), &db, slug, saved, "saved", |_| {}).await
}

/// Back to the page, which says what was done; with a mistake it keeps what was `typed`.
async fn answer(
    who: Who,
    ctx: PageContext,
    db: &Db,
    slug: String,
    saved: AppResult<()>,
    done: &str,
    typed: impl FnOnce(&mut TeamPage),
) -> AppResult<HttpResponse> {
    match saved {
        Ok(()) => Ok(see_other(&format!("/teams/{slug}?done={done}"))),
        Err(AppError::Invalid(mistakes)) => {
            let mut shown = db.read(move |conn| load(conn, &who, &slug, None)).await?;
            (shown.ctx, shown.mistakes) = (ctx, mistakes);
            typed(&mut shown);
            page(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
        Err(other) => Err(other),
    }
}
