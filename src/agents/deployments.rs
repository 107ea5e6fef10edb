//! Deployments for programs: `/api/v1/agents/{slug}/deployments`, and what the command line shares
//! with it. An agent as one team uses it in one environment, made on first sight or here.

use super::actions::{self, DeploymentChange};
use super::directory::{Directory, Unknown};
use super::model::{Deployment, Environment, MOST_AUDITS, MOST_REVIEWS, ReviewPolicy, Visibility};
use super::queries;
use crate::accounts::extract::scope::{Admin, Read};
use crate::accounts::{ApiKey, LimitedKey};
use crate::audit::Actor;
use crate::db::{Conn, Db, Instant};
use crate::error::{AppError, AppResult, Mistakes};
use crate::web::json;
use crate::web::paging::{self, Page};
use crate::web::problem::Problem;
use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, put};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `/api/v1/agents/{slug}/deployments…`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(update);
}

/// What one team and environment has of its own; what is left out stays as it is.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeploymentInput {
    /// `none`, `trusted` or `required`.
    pub review: Option<ReviewPolicy>,
    /// `team` or `own`.
    pub visibility: Option<Visibility>,
    /// Minutes until someone should have looked.
    pub normal_due_minutes: Option<i64>,
    /// The same where it is urgent.
    pub urgent_due_minutes: Option<i64>,
    /// Minutes until what was asked of a person should be done with.
    pub normal_resolution_minutes: Option<i64>,
    /// The same where it is urgent.
    pub urgent_resolution_minutes: Option<i64>,
    /// How many must decide an item, each without knowing of the others: 1 to 9, 1 at first.
    pub reviews_needed: Option<i64>,
    /// How many interactions of each week that nobody overrode are drawn and looked at, so that the
    /// true error rate can be estimated: 0 to 500, 0 at first.
    pub weekly_audits: Option<i64>,
}

/// A deployment as programs read it.
#[derive(Serialize, ToSchema)]
#[schema(as = Deployment)]
pub struct DeploymentOut {
    /// What `cursor` counts by.
    #[serde(skip)]
    id: String,
    /// Slug of the agent.
    agent: String,
    /// Slug of the team that uses it.
    team: String,
    environment: Environment,
    review: ReviewPolicy,
    visibility: Visibility,
    normal_due_minutes: i64,
    urgent_due_minutes: i64,
    normal_resolution_minutes: i64,
    urgent_resolution_minutes: i64,
    reviews_needed: i64,
    weekly_audits: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
}

fn out(agent: &str, team: String, row: &Deployment) -> DeploymentOut {
    DeploymentOut {
        id: row.id.to_string(),
        agent: agent.to_owned(),
        team,
        environment: row.environment,
        review: row.review,
        visibility: row.visibility,
        normal_due_minutes: row.normal_due_minutes,
        urgent_due_minutes: row.urgent_due_minutes,
        normal_resolution_minutes: row.normal_resolution_minutes,
        urgent_resolution_minutes: row.urgent_resolution_minutes,
        reviews_needed: row.reviews_needed,
        weekly_audits: row.weekly_audits,
        created_at: row.created_at,
    }
}

/// Makes or changes the deployment of an agent that is there; also says whether it is new. The
/// team is made if it isn't there.
pub fn set(
    conn: &mut Conn,
    by: Actor,
    (agent, team, environment): (&str, &str, Environment),
    input: DeploymentInput,
) -> AppResult<(Deployment, bool)> {
    let agent = queries::find_by_slug(conn, agent)?.ok_or(AppError::NotFound)?;
    let mut directory = Directory::default();
    let team = directory.team(conn, team, Unknown::Make(by))?;
    let is_new = queries::find_deployment_of(conn, agent.id, team, environment)?.is_none();
    let old = directory.deployment(conn, &agent, team, environment)?;
    let change = DeploymentChange {
        review: input.review.unwrap_or(old.review),
        visibility: input.visibility.unwrap_or(old.visibility),
        normal_due_minutes: input.normal_due_minutes.unwrap_or(old.normal_due_minutes),
        urgent_due_minutes: input.urgent_due_minutes.unwrap_or(old.urgent_due_minutes),
        normal_resolution_minutes: input
            .normal_resolution_minutes
            .unwrap_or(old.normal_resolution_minutes),
        urgent_resolution_minutes: input
            .urgent_resolution_minutes
            .unwrap_or(old.urgent_resolution_minutes),
        reviews_needed: input.reviews_needed.unwrap_or(old.reviews_needed),
        weekly_audits: input.weekly_audits.unwrap_or(old.weekly_audits),
    };
    check(change)?;
    actions::set_deployment(conn, by, old.id, change)?;
    Ok((queries::find_deployment(conn, old.id)?, is_new))
}

fn check(change: DeploymentChange) -> Result<(), Mistakes> {
    let mut mistakes = Mistakes::default();
    for (pointer, minutes) in [
        ("/normal_due_minutes", change.normal_due_minutes),
        ("/urgent_due_minutes", change.urgent_due_minutes),
        ("/normal_resolution_minutes", change.normal_resolution_minutes),
        ("/urgent_resolution_minutes", change.urgent_resolution_minutes),
    ] {
        if !(1..=525_600).contains(&minutes) {
            mistakes.add(pointer, "is a number of minutes from 1 to 525,600 (a year)");
        }
    }
    if !(1..=MOST_REVIEWS).contains(&change.reviews_needed) {
        mistakes.add("/reviews_needed", "is a number from 1 to 9");
    }
    if !(0..=MOST_AUDITS).contains(&change.weekly_audits) {
        mistakes.add("/weekly_audits", "is a number from 0 to 500");
    }
    mistakes.or(())
}

/// Make a deployment of an agent, or change one.
#[utoipa::path(
    tag = "agents",
    operation_id = "set_deployment",
    params(
        ("slug" = String, Path, description = "The agent's name in programs"),
        ("team" = String, Path, description = "Slug of the team, made if it isn't there"),
        ("environment" = Environment, Path),
    ),
    request_body = DeploymentInput,
    responses(
        (status = 200, description = "Changed", body = DeploymentOut),
        (status = 201, description = "Made", body = DeploymentOut),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `admin`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such agent or environment", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "More than 10 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON by its type", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not valid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't write now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[put("/api/v1/agents/{slug}/deployments/{team}/{environment}")]
pub async fn update(
    by: ApiKey<Admin>,
    db: Data<Db>,
    request: HttpRequest,
    path: Path<(String, String, String)>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (agent, team, environment) = path.into_inner();
    let environment: Environment = environment.parse().map_err(|_| AppError::NotFound)?;
    let input: DeploymentInput = json::body(&request, &body)?;
    let actor = Actor::Key(by.key.id.0);
    let (deployment, is_new) = db
        .write(move |conn| {
            let (row, is_new) = set(conn, actor, (&agent, &team, environment), input)?;
            Ok((out(&agent, team.clone(), &row), is_new))
        })
        .await?;
    let mut response = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(deployment))
}

#[derive(Deserialize)]
struct Paging {
    limit: Option<i64>,
    cursor: Option<String>,
}

/// The deployments of an agent, newest first.
#[utoipa::path(
    tag = "agents",
    operation_id = "list_deployments",
    params(
        ("slug" = String, Path, description = "The agent's name in programs"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 500, description = "Default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page, with a `Link` header when there is more", body = Page<DeploymentOut>),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `read`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such agent", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not valid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't be reached", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/agents/{slug}/deployments")]
pub async fn list(
    by: LimitedKey<Read>,
    db: Data<Db>,
    request: HttpRequest,
    slug: Path<String>,
) -> AppResult<HttpResponse> {
    let paging = Query::<Paging>::from_query(request.query_string())
        .map_err(|_| AppError::invalid("/limit", "is a number from 1 to 500"))?
        .into_inner();
    let (limit, slug) = (paging::limit(paging.limit)?, slug.into_inner());
    let before = paging::before(paging.cursor.as_deref())?;
    let rows: Vec<DeploymentOut> = db
        .read(move |conn| {
            let found = queries::find_reached_by(conn, &by.reach, &slug)?;
            let (agent, _) = found.ok_or(AppError::NotFound)?;
            let rows = queries::list_deployments_of(conn, agent.id, &by.reach, before, limit + 1)?;
            Ok(rows.into_iter().map(|(row, team)| out(&slug, team, &row)).collect())
        })
        .await?;
    Page::cut(rows, limit, |row| row.id.clone()).respond(&request)
}
