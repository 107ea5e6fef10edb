//! `/admin/keys`: what programs come in with. A key is shown once, when it is made.

use super::{Done, ticked};
use crate::accounts::keys::{self, Made, NewKey};
use crate::accounts::model::Key;
use crate::accounts::{Admin, KeyId, Scope, people, queries, roll};
use crate::agents::queries as agents;
use crate::audit::Actor;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::web::paging::{self, PAGE_ROWS, Page};
use crate::web::{PageContext, form, page, see_other};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bytes::Bytes;
use serde::Deserialize;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/admin/keys", get().to(index))
        .route("/admin/keys", post().to(create))
        .route("/admin/keys/new", get().to(new))
        .route("/admin/keys/{id}", get().to(show))
        .route("/admin/keys/{id}/rotate", post().to(rotate))
        .route("/admin/keys/{id}/revoke", post().to(revoke));
}

/// Makes a key for agents and teams that are there; one that is mistyped is a mistake.
pub fn make(conn: &mut Conn, actor: Actor, new: &NewKey) -> AppResult<Made> {
    let mut mistakes = Mistakes::default();
    let mut compare = |field: &str, named: &[String], there: Vec<String>| {
        for slug in named.iter().filter(|slug| !there.contains(slug)) {
            mistakes.add(field, format!("`{slug}` is not there"));
        }
        if named.is_empty() {
            mistakes.add(field, "names none; leave it out for all");
        }
    };
    if let Some(named) = &new.agents {
        compare("agents", named, agents::slugs_of(conn, named)?);
    }
    if let Some(named) = &new.teams {
        compare("teams", named, roll::slugs_of(conn, named)?);
    }
    mistakes.or(())?;
    keys::create(conn, actor, new)
}

/// A key as a browser sends it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct KeyForm {
    name: String,
    ingest: String,
    feedback: String,
    triage: String,
    export: String,
    read: String,
    admin: String,
    agents: String,
    teams: String,
    valid_days: String,
}

impl KeyForm {
    /// Whether a scope's box is ticked.
    fn has(&self, scope: Scope) -> bool {
        ticked(match scope {
            Scope::Ingest => &self.ingest,
            Scope::Feedback => &self.feedback,
            Scope::Triage => &self.triage,
            Scope::Export => &self.export,
            Scope::Read => &self.read,
            Scope::Admin => &self.admin,
        })
    }

    fn check(&self) -> Result<NewKey, Mistakes> {
        let days = match self.valid_days.trim() {
            "" => None,
            text => Some(text.parse().map_err(|_| {
                let why = format!("is a number of days from 1 to {}, or empty", keys::MAX_DAYS);
                Mistakes::one("valid_days", why)
            })?),
        };
        Ok(NewKey {
            name: self.name.clone(),
            scopes: Scope::ALL.iter().copied().filter(|scope| self.has(*scope)).collect(),
            agents: slugs(&self.agents),
            teams: slugs(&self.teams),
            valid_days: days,
        })
    }
}

/// Slugs with commas or spaces between; none where there are none.
fn slugs(text: &str) -> Option<Vec<String>> {
    let apart = |letter: char| letter == ',' || letter.is_whitespace();
    let mut slugs: Vec<String> =
        text.split(apart).filter(|slug| !slug.is_empty()).map(str::to_owned).collect();
    slugs.sort();
    slugs.dedup();
    (!slugs.is_empty()).then_some(slugs)
}

/// A key for the page.
struct Row {
    key: Key,
    standing: (&'static str, &'static str),
}

impl Row {
    fn of(key: Key) -> Self {
        let standing = match &key {
            Key { revoked_at: Some(_), .. } => ("declined", "revoked"),
            key if !key.is_good() => ("superseded", "over"),
            Key { replaced_by: Some(_), .. } => ("pending", "being replaced"),
            _ => ("accepted", "works"),
        };
        Self { key, standing }
    }

    /// What it is for, in words.
    fn reach(&self) -> String {
        let list = |text: &Option<String>| text.as_deref().map(|list| list.replace(' ', ", "));
        match (list(&self.key.agents), list(&self.key.teams)) {
            (None, None) => "all agents and teams".to_owned(),
            (Some(agents), None) => agents,
            (None, Some(teams)) => format!("all agents of {teams}"),
            (Some(agents), Some(teams)) => format!("{agents}, of {teams}"),
        }
    }
}

#[derive(Template)]
#[template(path = "admin/keys.html")]
struct IndexPage {
    ctx: PageContext,
    rows: Vec<Row>,
    older: String,
}

#[derive(Template)]
#[template(path = "admin/key_new.html")]
struct NewPage {
    ctx: PageContext,
    form: KeyForm,
    mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "admin/key.html")]
struct KeyPage {
    ctx: PageContext,
    row: Row,
    /// The token, on the one page that shows it.
    token: String,
    overlap: String,
    mistakes: Mistakes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    cursor: String,
}

async fn index(
    by: Admin,
    db: Data<Db>,
    request: HttpRequest,
    asked: Query<Asked>,
) -> AppResult<HttpResponse> {
    let before: Option<KeyId> = asked.cursor.parse().ok();
    let keys = db.read(move |conn| Ok(queries::list_keys(conn, before, PAGE_ROWS + 1)?)).await?;
    let keys = Page::cut(keys, PAGE_ROWS, |key| key.id.to_string()).map(Row::of);
    let next = keys.next.as_deref();
    let older = next.map(|cursor| paging::with_cursor(&request, cursor)).unwrap_or_default();
    page(StatusCode::OK, &IndexPage { ctx: by.ctx(), rows: keys.items, older })
}

async fn new(by: Admin) -> AppResult<HttpResponse> {
    let (form, mistakes) = (KeyForm::default(), Mistakes::default());
    page(StatusCode::OK, &NewPage { ctx: by.ctx(), form, mistakes })
}

async fn create(by: Admin, db: Data<Db>, body: Bytes) -> AppResult<HttpResponse> {
    let (me, form) = (by.who.id(), form::read::<KeyForm>(&body)?);
    let made = match form.check() {
        Err(mistakes) => Err(AppError::Invalid(mistakes)),
        Ok(new) => {
            db.write(move |conn| {
                people::still_admin(conn, me)?;
                let made = make(conn, Actor::Person(me.0), &new)?;
                Ok((found(conn, made.id)?, made.token))
            })
            .await
        }
    };
    match made {
        Ok((key, token)) => shown_once(&by, key, token),
        Err(AppError::Invalid(mistakes)) => {
            let shown = NewPage { ctx: by.ctx(), form, mistakes };
            page(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
        Err(other) => Err(other),
    }
}

/// The answer to making a key is the page itself: an address for it would show the key again.
fn shown_once(by: &Admin, key: Key, token: String) -> AppResult<HttpResponse> {
    let (overlap, mistakes) = (String::new(), Mistakes::default());
    let shown = KeyPage { ctx: by.ctx(), row: Row::of(key), token, overlap, mistakes };
    page(StatusCode::CREATED, &shown)
}

fn found(conn: &mut Conn, id: KeyId) -> AppResult<Key> {
    queries::find_key_by_id(conn, id)?.ok_or(AppError::NotFound)
}

async fn show(
    by: Admin,
    db: Data<Db>,
    id: Path<String>,
    done: Query<Done>,
) -> AppResult<HttpResponse> {
    let id: KeyId = id.parse().map_err(|_| AppError::NotFound)?;
    let key = db.read(move |conn| found(conn, id)).await?;
    let (token, overlap, mistakes) = (String::new(), "24".to_owned(), Mistakes::default());
    let ctx = done.tell(by.ctx());
    page(StatusCode::OK, &KeyPage { ctx, row: Row::of(key), token, overlap, mistakes })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RotateForm {
    overlap_hours: String,
}

async fn rotate(by: Admin, db: Data<Db>, id: Path<String>, body: Bytes) -> AppResult<HttpResponse> {
    let id: KeyId = id.parse().map_err(|_| AppError::NotFound)?;
    let (me, form) = (by.who.id(), form::read::<RotateForm>(&body)?);
    // What is no number is out of range, too.
    let overlap = form.overlap_hours.trim().parse().unwrap_or(-1);
    let made = db
        .write(move |conn| {
            people::still_admin(conn, me)?;
            let made = keys::rotate(conn, Actor::Person(me.0), id, overlap)?;
            Ok((found(conn, made.id)?, made.token))
        })
        .await;
    match made {
        Ok((key, token)) => shown_once(&by, key, token),
        Err(AppError::Invalid(mistakes)) => {
            let row = Row::of(db.read(move |conn| found(conn, id)).await?);
            let (token, overlap) = (String::new(), form.overlap_hours);
            let shown = KeyPage { ctx: by.ctx(), row, token, overlap, mistakes };
            page(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
        Err(other) => Err(other),
    }
}

async fn revoke(by: Admin, db: Data<Db>, id: Path<String>) -> AppResult<HttpResponse> {
    let id: KeyId = id.parse().map_err(|_| AppError::NotFound)?;
    let me = by.who.id();
    db.write(move |conn| {
        people::still_admin(conn, me)?;
        keys::revoke(conn, Actor::Person(me.0), id)
    })
    .await?;
    Ok(see_other(&format!("/admin/keys/{id}?done=revoked")))
}
