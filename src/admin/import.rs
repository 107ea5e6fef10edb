//! `/admin/people/import`: a list of people as CSV. First it is shown what the list would do; then
//! it is taken as a whole, or not at all.

use super::ticked;
use crate::accounts::roster::{self, Bad, Fate, Listed, Outlook, Roster};
use crate::accounts::{Admin, PersonId};
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::mail::Nudge;
use crate::web::{PageContext, Site, form, page, see_other};
use actix_multipart::Multipart;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload, ServiceConfig, get, post};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use askama::Template;
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Deserialize;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/admin/people/import", get().to(new))
        .route("/admin/people/import", post().to(create))
        .route("/admin/people/import/preview", post().to(preview));
}

/// A list as a browser sends it once it was looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ImportForm {
    csv: String,
    invites: String,
}

#[derive(Template)]
#[template(path = "admin/import.html")]
struct ImportPage {
    ctx: PageContext,
    csv: String,
    mistakes: Mistakes,
    /// What was read; none before anything was sent.
    looked: Option<Looked>,
}

/// What a list would do, for the page.
struct Looked {
    rows: Vec<Row>,
    bad: Vec<Bad>,
    ignored: String,
    new_teams: String,
    count: usize,
    new: usize,
    changed: usize,
    same: usize,
}

struct Row {
    line: u64,
    email: String,
    name: String,
    role: String,
    teams: String,
    fate: (&'static str, &'static str),
}

/// How many lines of a list are shown.
const SHOWN: usize = 200;

async fn new(by: Admin) -> AppResult<HttpResponse> {
    let (csv, mistakes) = (String::new(), Mistakes::default());
    page(StatusCode::OK, &ImportPage { ctx: by.ctx(), csv, mistakes, looked: None })
}

async fn preview(
    by: Admin,
    db: Data<Db>,
    request: HttpRequest,
    payload: Payload,
) -> AppResult<HttpResponse> {
    match sent(&request, payload).await? {
        Ok(csv) => look(&by, &db, StatusCode::OK, csv).await,
        Err(mistakes) => wrong(&by, String::new(), mistakes),
    }
}

async fn create(
    by: Admin,
    db: Data<Db>,
    site: Data<Site>,
    nudge: Data<Nudge>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let form: ImportForm = form::read(&body)?;
    let roster = match roster::read(&form.csv) {
        Ok(roster) => roster,
        Err(mistakes) => return wrong(&by, form.csv, mistakes),
    };
    if !roster.bad.is_empty() || roster.people.is_empty() {
        return look(&by, &db, StatusCode::UNPROCESSABLE_ENTITY, form.csv).await;
    }
    let (me, invites): (PersonId, bool) = (by.who.id(), ticked(&form.invites));
    let people: Vec<Listed> = roster.people;
    let taken =
        db.write(move |conn| roster::apply(conn, &site, me, &people, invites).map(drop)).await;
    match taken {
        Ok(()) => {
            nudge.mail();
            Ok(see_other("/admin/people?done=imported"))
        }
        Err(AppError::Invalid(_)) => {
            look(&by, &db, StatusCode::UNPROCESSABLE_ENTITY, form.csv).await
        }
        Err(other) => Err(other),
    }
}

fn wrong(by: &Admin, csv: String, mistakes: Mistakes) -> AppResult<HttpResponse> {
    let shown = ImportPage { ctx: by.ctx(), csv, mistakes, looked: None };
    page(StatusCode::UNPROCESSABLE_ENTITY, &shown)
}

/// Shows what the list would do. With a line that is not right it can't be taken yet.
async fn look(by: &Admin, db: &Db, status: StatusCode, csv: String) -> AppResult<HttpResponse> {
    let roster = match roster::read(&csv) {
        Ok(roster) => roster,
        Err(mistakes) => return wrong(by, csv, mistakes),
    };
    let people = roster.people.clone();
    let outlook = db.read(move |conn| roster::look(conn, &people)).await?;
    let mut mistakes = Mistakes::default();
    if roster.people.is_empty() && roster.bad.is_empty() {
        mistakes.add("csv", "names nobody: below the first line there is nothing");
    }
    let looked = looked(roster, outlook);
    let is_good = looked.bad.is_empty() && mistakes.is_empty();
    let status = if is_good { status } else { StatusCode::UNPROCESSABLE_ENTITY };
    page(status, &ImportPage { ctx: by.ctx(), csv, mistakes, looked: Some(looked) })
}

fn looked(roster: Roster, outlook: Outlook) -> Looked {
    let (new, changed) = (outlook.count(Fate::New), outlook.count(Fate::Changed));
    let same = outlook.count(Fate::Same);
    let count = roster.people.len();
    let rows = roster.people.into_iter().zip(outlook.fates).take(SHOWN).map(row).collect();
    let mut bad = roster.bad;
    bad.extend(outlook.bad);
    bad.sort_by_key(|bad| bad.line);
    Looked {
        rows,
        bad,
        ignored: roster.ignored.join(", "),
        new_teams: outlook.new_teams.join(", "),
        count,
        new,
        changed,
        same,
    }
}

fn row((listed, fate): (Listed, Fate)) -> Row {
    let Listed { line, person } = listed;
    let roles = [(person.is_admin, "admin"), (person.is_engineer, "engineer")];
    let roles: Vec<_> = roles.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
    let team = |team: &crate::accounts::TeamRole| {
        let roles = [(team.is_champion, ":champion"), (team.is_manager, ":manager")];
        let roles: String = roles.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
        format!("{}{roles}", team.team)
    };
    Row {
        line,
        email: person.email,
        name: person.name.unwrap_or_default(),
        role: roles.join(", "),
        teams: person.teams.iter().map(team).collect::<Vec<_>>().join(", "),
        fate: match fate {
            Fate::New => ("accepted", "new"),
            Fate::Changed => ("corrected", "changed"),
            Fate::Same => ("superseded", "no change"),
        },
    }
}

/// The list that a browser sent: a file, or the text that was pasted where there is no file.
async fn sent(request: &HttpRequest, payload: Payload) -> AppResult<Result<String, Mistakes>> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let mut payload = payload.into_inner();
    if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
        let body = Bytes::from_request(request, &mut payload).await;
        let body = body.map_err(|error| AppError::BadRequest(error.to_string()))?;
        return Ok(Ok(form::read::<ImportForm>(&body)?.csv));
    }
    let (mut file, mut text) = (Vec::new(), Vec::new());
    let mut parts = Multipart::new(request.headers(), payload);
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(broken)?;
        let into = match part.name() {
            Some("file") => &mut file,
            Some("csv") => &mut text,
            _ => continue,
        };
        while let Some(chunk) = part.next().await {
            into.extend_from_slice(&chunk.map_err(broken)?);
            if into.len() > roster::MAX_BYTES {
                return Ok(Err(Mistakes::one("csv", "may have 1 MiB at most")));
            }
        }
    }
    Ok(roster::decode(if file.is_empty() { &text } else { &file }))
}

fn broken(error: actix_multipart::MultipartError) -> AppError {
    AppError::BadRequest(format!("The form is broken: {error}"))
}
