//! Asking for the push of a release, for programs; how far it is stands in the release.

use super::api::{ReleaseOut, numbered, release_out};
use super::push::actions;
use super::push::model::{Push, PushState};
use crate::accounts::ApiKey;
use crate::accounts::extract::scope::Export;
use crate::audit::Actor;
use crate::db::{Db, Instant};
use crate::error::{AppError, AppResult};
use crate::web::Site;
use crate::web::problem::Problem;
use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpResponse, post};
use serde::Serialize;
use utoipa::ToSchema;

/// `/api/v1/datasets/{name}/releases/{number}/push`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(push);
}

/// A release's way to the object store.
#[derive(Serialize, ToSchema)]
#[schema(as = Push)]
pub struct PushOut {
    pub state: PushState,
    /// What all names there begin with, such as `s3://training/overrule`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Files at the store so far, and how many there are.
    pub done: i64,
    pub total: i64,
    /// Why it failed, or what the last try met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Instant>,
}

impl From<Push> for PushOut {
    fn from(row: Push) -> Self {
        let Push { state, store, done, total, error, finished_at, .. } = row;
        Self { state, store, done, total, error, finished_at }
    }
}

/// Push a release to the object store, in the background. What is there already stays.
#[utoipa::path(
    tag = "datasets",
    params(("name" = String, Path, description = "A slug"), ("number" = i64, Path)),
    responses(
        (status = 202, description = "It is pushed as soon as a worker is free; `push` says how far it is", body = ReleaseOut),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `export`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not there", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "No store is set up, or the release is being built", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The release was withdrawn", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't write now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[post("/api/v1/datasets/{name}/releases/{number}/push")]
pub async fn push(
    by: ApiKey<Export>,
    db: Data<Db>,
    site: Data<Site>,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let ((name, number), actor) = (numbered(path.into_inner())?, Actor::Key(by.key.id.0));
    let store = site.store.clone();
    let release = db
        .write(move |conn| {
            let found = super::queries::find_release(conn, &name, number)?;
            found.ok_or(AppError::NotFound)?;
            let store = store.as_deref();
            let store = store.ok_or_else(|| AppError::Conflict(actions::NO_STORE.into()))?;
            let (release, _) = actions::ask(conn, actor, (&name, number), store, None)?;
            release_out(conn, release)
        })
        .await?;
    Ok(HttpResponse::Accepted().json(release))
}
