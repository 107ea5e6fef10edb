//! `/admin/people`: everybody with an account, and inviting somebody.

use super::{Done, ticked};
use crate::accounts::model::{Membership, Person, Team};
use crate::accounts::people::{self, Roles};
use crate::accounts::roll::{self, Standing};
use crate::accounts::{Admin, NewPerson, PersonId, TeamRole, queries};
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::mail::Nudge;
use crate::web::paging::{self, PAGE_ROWS, Page};
use crate::web::{PageContext, Site, form, page, see_other};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bytes::Bytes;
use serde::Deserialize;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/admin/people", get().to(index))
        .route("/admin/people", post().to(create))
        .route("/admin/people/new", get().to(new));
}

/// Which people, as the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    q: String,
    standing: String,
    cursor: String,
    done: String,
}

impl Filter {
    fn standing(&self) -> Standing {
        self.standing.parse().unwrap_or(Standing::All)
    }

    /// The address of the list with another standing.
    fn with(&self, standing: Standing) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        if standing != Standing::All {
            query.append_pair("standing", standing.as_str());
        }
        match query.finish() {
            query if query.is_empty() => "/admin/people".to_owned(),
            query => format!("/admin/people?{query}"),
        }
    }
}

/// A person on the list.
struct Row {
    standing: (&'static str, &'static str),
    person: Person,
    teams: String,
}

/// Where somebody stands: kind and words of a badge.
pub(super) fn standing(person: &Person) -> (&'static str, &'static str) {
    match person {
        Person { deactivated_at: Some(_), .. } => ("declined", "deactivated"),
        Person { verified_at: None, .. } => ("pending", "invited"),
        _ => ("accepted", "active"),
    }
}

#[derive(Template)]
#[template(path = "admin/people.html")]
struct IndexPage {
    ctx: PageContext,
    q: String,
    standing: &'static str,
    filters: Vec<(String, &'static str, bool)>,
    rows: Vec<Row>,
    is_filtered: bool,
    older: String,
}

async fn index(
    by: Admin,
    db: Data<Db>,
    request: HttpRequest,
    filter: Query<Filter>,
) -> AppResult<HttpResponse> {
    let filter = filter.into_inner();
    let (standing, part) = (filter.standing(), filter.q.trim().to_owned());
    let before: Option<PersonId> = filter.cursor.parse().ok();
    let (people, places) = db
        .read(move |conn| {
            let people = roll::list_accounts(conn, standing, &part, before, PAGE_ROWS + 1)?;
            let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
            Ok((people, roll::teams_of(conn, &ids)?))
        })
        .await?;
    let people = Page::cut(people, PAGE_ROWS, |person| person.id.to_string());
    let row = |person: Person| Row {
        standing: self::standing(&person),
        teams: teams_in_words(&places, person.id),
        person,
    };
    let filters = [
        (Standing::All, "All"),
        (Standing::Admin, "Admins"),
        (Standing::Engineer, "Engineers"),
        (Standing::Invited, "Invited"),
        (Standing::Deactivated, "Deactivated"),
    ];
    let shown = IndexPage {
        filters: filters.map(|(one, label)| (filter.with(one), label, one == standing)).into(),
        is_filtered: standing != Standing::All || !filter.q.trim().is_empty(),
        standing: if standing == Standing::All { "" } else { standing.as_str() },
        older: people.next.as_deref().map(|c| paging::with_cursor(&request, c)).unwrap_or_default(),
        rows: people.items.into_iter().map(row).collect(),
        ctx: Done { done: filter.done }.tell(by.ctx()),
        q: filter.q,
    };
    page(StatusCode::OK, &shown)
}

/// `Support (champion), Sales`
fn teams_in_words(places: &[(Membership, Team)], id: PersonId) -> String {
    let mine = places.iter().filter(|(place, _)| place.person_id == id);
    let words: Vec<String> = mine
        .map(|(place, team)| match roles_in_words(place) {
            "" => team.name.clone(),
            roles => format!("{} ({roles})", team.name),
        })
        .collect();
    words.join(", ")
}

/// What somebody is in a team beside a member.
pub(super) fn roles_in_words(place: &Membership) -> &'static str {
    match (place.is_champion, place.is_manager) {
        (true, true) => "champion and manager",
        (true, false) => "champion",
        (false, true) => "manager",
        (false, false) => "",
    }
}

/// An invitation as a browser sends it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct InviteForm {
    email: String,
    name: String,
    is_engineer: String,
    is_admin: String,
    team: String,
    is_champion: String,
    is_manager: String,
}

impl InviteForm {
    fn person(&self) -> NewPerson {
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let roles =
            Roles { is_champion: ticked(&self.is_champion), is_manager: ticked(&self.is_manager) };
        NewPerson {
            email: self.email.clone(),
            name: filled(&self.name),
            is_engineer: ticked(&self.is_engineer),
            is_admin: ticked(&self.is_admin),
            teams: filled(&self.team).map(|team| team_role(team, roles)).into_iter().collect(),
        }
    }
}

fn team_role(team: String, roles: Roles) -> TeamRole {
    TeamRole { team, is_champion: roles.is_champion, is_manager: roles.is_manager }
}

#[derive(Template)]
#[template(path = "admin/invite.html")]
struct InvitePage {
    ctx: PageContext,
    form: InviteForm,
    teams: Vec<(String, String)>,
    mistakes: Mistakes,
}

async fn new(by: Admin, db: Data<Db>) -> AppResult<HttpResponse> {
    show(&by, &db, StatusCode::OK, InviteForm::default(), Mistakes::default()).await
}

async fn create(
    by: Admin,
    db: Data<Db>,
    site: Data<Site>,
    nudge: Data<Nudge>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let form: InviteForm = form::read(&body)?;
    let (me, new) = (by.who.id(), form.person());
    let invited = db
        .write(move |conn| {
            // A team that is mistyped here would be a new one.
            for team in &new.teams {
                if queries::find_team(conn, &team.team)?.is_none() {
                    return Err(AppError::invalid("team", "is no team; make it first"));
                }
            }
            people::invite(conn, &site, me, &new)
        })
        .await;
    match invited {
        Ok(person) => {
            nudge.mail();
            Ok(see_other(&format!("/admin/people/{}?done=invited", person.id)))
        }
        Err(AppError::Invalid(mistakes)) => {
            show(&by, &db, StatusCode::UNPROCESSABLE_ENTITY, form, mistakes).await
        }
        Err(other) => Err(other),
    }
}

async fn show(
    by: &Admin,
    db: &Db,
    status: StatusCode,
    form: InviteForm,
    mistakes: Mistakes,
) -> AppResult<HttpResponse> {
    let teams = db.read(|conn| Ok(queries::list_teams(conn)?)).await?;
    let teams = teams.into_iter().map(|team| (team.slug, team.name)).collect();
    page(status, &InvitePage { ctx: by.ctx(), form, teams, mistakes })
}
