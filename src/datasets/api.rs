//! `/api/v1/datasets…`: what the pages of datasets do, for programs.

use super::model::{Dataset, Release, State};
use super::push_api::PushOut;
use super::question::Question;
use super::{Shelf, actions, deliver, push, queries};
use crate::accounts::ApiKey;
use crate::accounts::extract::scope::Export;
use crate::audit::Actor;
use crate::db::{Conn, Db, Instant};
use crate::error::{AppError, AppResult};
use crate::web::json;
use crate::web::paging::{self, Page};
use crate::web::problem::Problem;
use actix_web::http::header;
use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// `/api/v1/datasets…`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(update)
        .service(show)
        .service(create_release)
        .service(list_releases)
        .service(show_release)
        .service(cancel)
        .service(download);
}

/// A dataset as programs read it.
#[derive(Serialize, ToSchema)]
#[schema(as = SavedDataset)]
pub struct DatasetOut {
    pub name: String,
    pub question: Question,
    /// The number of the newest release; 0 where there is none.
    pub last_release: i64,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Instant,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Instant,
}

/// A release as programs read it.
#[derive(Serialize, ToSchema)]
#[schema(as = Release)]
pub struct ReleaseOut {
    pub number: i64,
    pub state: State,
    /// Empty until it is ready.
    pub files: Vec<FileOut>,
    /// How many signals were left out, by reason.
    pub excluded: BTreeMap<String, i64>,
    pub progress: Progress,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Instant>,
    /// How far it is on its way to the object store; left out where nobody asked for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push: Option<PushOut>,
}

/// How far a release is.
#[derive(Serialize, ToSchema)]
pub struct Progress {
    /// `waiting`, `reading`, `settling`, `writing` or `done`.
    pub stage: super::model::Stage,
    /// Signals so far, and how many there are.
    pub done: i64,
    pub total: i64,
}

/// A file of a release.
#[derive(Serialize, ToSchema)]
#[schema(as = ReleaseFile)]
pub struct FileOut {
    pub name: String,
    pub rows: i64,
    pub bytes: i64,
    pub sha256: String,
}

fn out(dataset: Dataset) -> AppResult<DatasetOut> {
    Ok(DatasetOut {
        question: Question::of(&dataset.question).map_err(AppError::internal)?,
        name: dataset.name,
        last_release: dataset.last_number,
        created_at: dataset.created_at,
        updated_at: dataset.updated_at,
    })
}

/// A release with its files.
pub fn release_out(conn: &mut Conn, release: Release) -> AppResult<ReleaseOut> {
    let files = queries::files(conn, release.id)?.into_iter().map(|file| FileOut {
        name: file.name,
        rows: file.row_count,
        bytes: file.bytes,
        sha256: hex::encode(file.sha256.0),
    });
    let push = push::queries::find(conn, release.id)?.map(PushOut::from);
    let figures = release.figures.map(|json| json.0).unwrap_or_default();
    let excluded = serde_json::from_value(figures["left"].clone()).unwrap_or_default();
    Ok(ReleaseOut {
        number: release.number,
        state: release.state,
        files: files.collect(),
        excluded,
        progress: Progress { stage: release.stage, done: release.done, total: release.total },
        error: release.error,
        created_at: release.created_at,
        finished_at: release.finished_at,
        push,
    })
}

/// Make a dataset, or change its question.
#[utoipa::path(
    tag = "datasets",
    params(("name" = String, Path, description = "A slug")),
    request_body = Question,
    responses(
        (status = 200, description = "Changed", body = DatasetOut),
        (status = 201, description = "Made", body = DatasetOut),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `export`", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON by its type", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not valid: a name that is not there, or filters that leave nothing", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't write now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[put("/api/v1/datasets/{name}")]
pub async fn update(
    by: ApiKey<Export>,
    db: Data<Db>,
    request: HttpRequest,
    name: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let question: Question = json::body(&request, &body)?;
    let (name, actor) = (name.into_inner(), Actor::Key(by.key.id.0));
    let (dataset, is_new) =
        db.write(move |conn| actions::set(conn, actor, &name, &question)).await?;
    let mut response = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(out(dataset)?))
}

/// One dataset.
#[utoipa::path(
    tag = "datasets",
    params(("name" = String, Path, description = "A slug")),
    responses(
        (status = 200, description = "The dataset", body = DatasetOut),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `export`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/datasets/{name}")]
pub async fn show(
    _by: ApiKey<Export>,
    db: Data<Db>,
    name: Path<String>,
) -> AppResult<HttpResponse> {
    let found = db.read(move |conn| Ok(queries::find_by_name(conn, &name)?)).await?;
    Ok(HttpResponse::Ok().json(out(found.ok_or(AppError::NotFound)?)?))
}

#[derive(Deserialize)]
struct Paging {
    limit: Option<i64>,
    cursor: Option<String>,
}

fn paging(request: &HttpRequest) -> AppResult<(i64, String)> {
    let paging = Query::<Paging>::from_query(request.query_string())
        .map_err(|_| AppError::invalid("/limit", "is a number from 1 to 500"))?
        .into_inner();
    Ok((paging::limit(paging.limit)?, paging.cursor.unwrap_or_default()))
}

/// All datasets, by name.
#[utoipa::path(
    tag = "datasets",
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 500, description = "Default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page, with a `Link` header when there is more", body = Page<DatasetOut>),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `export`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not valid", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/datasets")]
pub async fn list(
    _by: ApiKey<Export>,
    db: Data<Db>,
    request: HttpRequest,
) -> AppResult<HttpResponse> {
    let (limit, after) = paging(&request)?;
    let rows = db.read(move |conn| Ok(queries::list_after(conn, &after, limit + 1)?)).await?;
    let rows: Vec<DatasetOut> = rows.into_iter().map(out).collect::<AppResult<_>>()?;
    Page::cut(rows, limit, |dataset| dataset.name.clone()).respond(&request)
}

/// Release a dataset: frozen, numbered, built in the background.
#[utoipa::path(
    tag = "datasets",
    params(("name" = String, Path, description = "A slug")),
    responses(
        (status = 202, description = "It is being built; `Location` is where to look", body = ReleaseOut),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `export`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not there", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The question can't be answered any more", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't write now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[post("/api/v1/datasets/{name}/releases")]
pub async fn create_release(
    by: ApiKey<Export>,
    db: Data<Db>,
    name: Path<String>,
) -> AppResult<HttpResponse> {
    let (name, actor) = (name.into_inner(), Actor::Key(by.key.id.0));
    let asked = name.clone();
    let release = db
        .write(move |conn| {
            let release = actions::release(conn, actor, &asked, None)?;
            release_out(conn, release)
        })
        .await?;
    let place = format!("/api/v1/datasets/{name}/releases/{}", release.number);
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, place)).json(release))
}

/// The releases of a dataset, newest first.
#[utoipa::path(
    tag = "datasets",
    params(
        ("name" = String, Path, description = "A slug"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 500, description = "Default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page, with a `Link` header when there is more", body = Page<ReleaseOut>),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `export`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not there", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not valid", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/datasets/{name}/releases")]
pub async fn list_releases(
    _by: ApiKey<Export>,
    db: Data<Db>,
    request: HttpRequest,
    name: Path<String>,
) -> AppResult<HttpResponse> {
    let (limit, cursor) = paging(&request)?;
    let before = paging::before(Some(cursor.as_str()).filter(|cursor| !cursor.is_empty()))?;
    let rows = db
        .read(move |conn| {
            let dataset = queries::find_by_name(conn, &name)?.ok_or(AppError::NotFound)?;
            let rows = queries::list_releases(conn, dataset.id, before, limit + 1)?;
            rows.into_iter().map(|row| release_out(conn, row)).collect::<AppResult<Vec<_>>>()
        })
        .await?;
    Page::cut(rows, limit, |release| release.number.to_string()).respond(&request)
}

/// One release: how far it is, and its files once it is ready.
#[utoipa::path(
    tag = "datasets",
    params(("name" = String, Path, description = "A slug"), ("number" = i64, Path)),
    responses(
        (status = 200, description = "The release", body = ReleaseOut),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `export`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/datasets/{name}/releases/{number}")]
pub async fn show_release(
    _by: ApiKey<Export>,
    db: Data<Db>,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let (name, number) = numbered(path.into_inner())?;
    let release = db
        .read(move |conn| {
            let found = queries::find_release(conn, &name, number)?.ok_or(AppError::NotFound)?;
            release_out(conn, found.1)
        })
        .await?;
    Ok(HttpResponse::Ok().json(release))
}

/// A number in an address; what is none is not there.
pub fn numbered((name, number): (String, String)) -> AppResult<(String, i64)> {
    Ok((name, number.parse().map_err(|_| AppError::NotFound)?))
}

/// Cancel a release that is being built.
#[utoipa::path(
    tag = "datasets",
    params(("name" = String, Path, description = "A slug"), ("number" = i64, Path)),
    responses(
        (status = 200, description = "It is cancelled", body = ReleaseOut),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `export`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not there", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not being built", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[post("/api/v1/datasets/{name}/releases/{number}/cancel")]
pub async fn cancel(
    by: ApiKey<Export>,
    db: Data<Db>,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let ((name, number), actor) = (numbered(path.into_inner())?, Actor::Key(by.key.id.0));
    let release = db
        .write(move |conn| {
            let release = actions::cancel(conn, actor, &name, number)?;
            release_out(conn, release)
        })
        .await?;
    Ok(HttpResponse::Ok().json(release))
}

/// A file of a release, with `ETag` (its SHA-256) and `Range`.
#[utoipa::path(
    tag = "datasets",
    params(
        ("name" = String, Path, description = "A slug"),
        ("number" = i64, Path),
        ("file" = String, Path, description = "Such as `train.jsonl`"),
    ),
    responses(
        (status = 200, description = "All of it", body = String, content_type = "application/octet-stream"),
        (status = 206, description = "The range that was asked for", body = String, content_type = "application/octet-stream"),
        (status = 304, description = "It is what the caller has"),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `export`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not there", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The release is being built", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The release was withdrawn", body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "A range that is not in it"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/datasets/{name}/releases/{number}/files/{file}")]
pub async fn download(
    by: ApiKey<Export>,
    db: Data<Db>,
    shelf: Data<Shelf>,
    request: HttpRequest,
    path: Path<(String, String, String)>,
) -> AppResult<HttpResponse> {
    let (name, number, file) = path.into_inner();
    let (name, number) = numbered((name, number))?;
    let by = Actor::Key(by.key.id.0);
    deliver::file(&request, &db, &shelf, by, (name, number, file)).await
}
