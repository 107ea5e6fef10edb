//! `/api/v1/datasets/{name}/lineage`

use super::Shelf;
use super::lineage::{Trace, follow};
use crate::accounts::ApiKey;
use crate::accounts::extract::scope::Export;
use crate::db::Db;
use crate::error::{AppError, AppResult};
use crate::web::problem::Problem;
use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, get};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `/api/v1/datasets/{name}/lineage`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(lineage);
}

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Of {
    of: String,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub struct Lineage {
    pub items: Vec<Trace>,
}

/// From an interaction to the releases that hold what was said of it, or back from a row.
#[utoipa::path(
    tag = "datasets",
    params(
        ("name" = String, Path, description = "A slug"),
        ("of" = String, Query, description = "The id of an interaction, feedback, signal or revision; an external id of one of the dataset's agents; or a row of a release's file, counted from 0, such as `3/train/12`"),
    ),
    responses(
        (status = 200, description = "A signal each; none where nothing is called so", body = Lineage),
        (status = 400, description = "A question that can't be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `export`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not there", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The row's file is not on this machine, and can't be made again", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The row's file can't be made now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/datasets/{name}/lineage")]
pub async fn lineage(
    _by: ApiKey<Export>,
    db: Data<Db>,
    shelf: Data<Shelf>,
    name: Path<String>,
    of: Query<Of>,
) -> AppResult<HttpResponse> {
    let (name, of) = (name.into_inner(), of.into_inner().of);
    let found = actix_web::web::block(move || follow(&db, &shelf, &name, &of));
    let items = found.await.map_err(AppError::internal)??;
    Ok(HttpResponse::Ok().json(Lineage { items }))
}
