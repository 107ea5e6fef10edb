//! `GET /api/v1/agents/{slug}/error-rates`: how often an agent is really wrong, for programs.

use super::estimate::Interval;
use super::report::{Figures, figures};
use crate::accounts::LimitedKey;
use crate::accounts::extract::scope::Read;
use crate::agents::{Environment, queries as agents};
use crate::capture::queries::used_in;
use crate::clock;
use crate::db::Db;
use crate::error::{AppError, AppResult};
use crate::web::problem::Problem;
use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

/// `/api/v1/agents/{slug}/error-rates`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(show);
}

/// How often an agent is wrong in one team and environment, of its last 13 weeks that were drawn.
#[derive(Serialize, ToSchema)]
pub struct ErrorRate {
    /// Slug of the team.
    pub team: String,
    pub environment: Environment,
    /// Interactions of the weeks that were drawn.
    pub interactions: i64,
    /// How many of them somebody overrode when they were drawn.
    pub overridden: i64,
    /// The share of these, from 0 to 1; null where there is none yet.
    pub override_rate: Option<f64>,
    /// How many interactions are drawn each week of those that nobody overrode.
    pub weekly_audits: i64,
    /// Weeks and judgements of which the estimates are made.
    pub weeks: i64,
    pub judged: i64,
    /// How many of all interactions are wrong, with a 95 % interval; null while too little is
    /// known.
    pub error_rate: Option<Interval>,
    /// How many of the wrong ones somebody overrides; null where nothing wrong was found.
    pub flagged_share: Option<Interval>,
}

/// The figures of each team and environment that uses an agent.
#[derive(Serialize, ToSchema)]
pub struct ErrorRates {
    pub items: Vec<ErrorRate>,
}

fn out(figures: Figures) -> ErrorRate {
    let found = figures.estimate;
    ErrorRate {
        interactions: figures.counted,
        overridden: figures.flagged,
        override_rate: figures.override_rate(),
        weekly_audits: figures.used.deployment.weekly_audits,
        weeks: found.map_or(0, |found| found.weeks),
        judged: found.map_or(0, |found| found.judged),
        error_rate: found.map(|found| found.error_rate),
        flagged_share: found.and_then(|found| found.flagged_share),
        environment: figures.used.deployment.environment,
        team: figures.used.team_slug,
    }
}

/// How often an agent is really wrong.
///
/// Estimated from what reviewers said of overridden interactions and of a weekly random sample of
/// the others, for each team and environment.
#[utoipa::path(
    tag = "agents",
    operation_id = "error_rates",
    params(("slug" = String, Path, description = "The agent's name in programs")),
    responses(
        (status = 200, description = "The figures", body = ErrorRates),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `read`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such agent", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't be reached", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/agents/{slug}/error-rates")]
pub async fn show(
    by: LimitedKey<Read>,
    db: Data<Db>,
    slug: Path<String>,
) -> AppResult<HttpResponse> {
    let slug = slug.into_inner();
    let items = db
        .read(move |conn| {
            agents::find_reached_by(conn, &by.reach, &slug)?.ok_or(AppError::NotFound)?;
            let mut used = used_in(conn, None)?;
            used.retain(|used| {
                used.agent_slug == slug && by.reach.has(&used.agent_slug, &used.team_slug)
            });
            Ok(figures(conn, used, clock::now())?.into_iter().map(out).collect())
        })
        .await?;
    Ok(HttpResponse::Ok().json(ErrorRates { items }))
}
