//! `/api/v1/agents`: what the pages of agents do, for programs.

use super::actions::{self, AgentChange};
use super::model::{Agent, ReviewPolicy, Visibility};
use super::tree::Node;
use super::{OutputKind, queries};
use crate::accounts::extract::scope::{Admin, Read};
use crate::accounts::{ApiKey, LimitedKey};
use crate::audit::Actor;
use crate::db::{Conn, Db, Instant};
use crate::error::{AppError, AppResult};
use crate::web::json;
use crate::web::paging::{self, Page};
use crate::web::problem::Problem;
use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, put};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// `/api/v1/agents…`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(show).service(update);
}

/// An agent's settings as programs send them; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentInput {
    #[serde(default)]
    name: Option<String>,
    /// `text`, `label`, `json` or `message`.
    #[serde(default)]
    kind: Option<OutputKind>,
    /// Slug of the owning team, made if it isn't there.
    #[serde(default)]
    team: Option<String>,
    /// `none`, `trusted` or `required`.
    #[serde(default)]
    review: Option<ReviewPolicy>,
    /// `team` or `own`.
    #[serde(default)]
    visibility: Option<Visibility>,
    /// What it is good at, for end users.
    #[serde(default)]
    good_at: Option<String>,
    /// What it is not for, for end users.
    #[serde(default)]
    not_for: Option<String>,
    /// All labels in use, in order; those left out are retired.
    #[serde(default)]
    labels: Option<Vec<String>>,
    /// A JSON Schema; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = serde_json::Value, required = false)]
    schema: Option<Option<Box<RawValue>>>,
    /// The label of what is out of scope; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    out_of_scope_label: Option<Option<String>>,
    /// The whole tree of categories; those left out are retired.
    #[serde(default)]
    categories: Option<Vec<Node>>,
    /// Minutes until someone should have looked.
    #[serde(default)]
    normal_due_minutes: Option<i64>,
    /// The same where it is urgent.
    #[serde(default)]
    urgent_due_minutes: Option<i64>,
    /// Minutes until what was asked of a person should be done with.
    #[serde(default)]
    normal_resolution_minutes: Option<i64>,
    /// The same where it is urgent.
    #[serde(default)]
    urgent_resolution_minutes: Option<i64>,
}

/// Tells `null` from what was left out.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    input: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(input).map(Some)
}

/// An agent as programs read it.
#[derive(Serialize, ToSchema)]
#[schema(as = Agent)]
pub struct AgentOut {
    /// What `cursor` counts by.
    #[serde(skip)]
    id: String,
    pub slug: String,
    pub name: String,
    pub kind: OutputKind,
    pub team: String,
    pub review: ReviewPolicy,
    pub visibility: Visibility,
    pub good_at: String,
    pub not_for: String,
    pub labels: Vec<LabelOut>,
    #[schema(value_type = serde_json::Value)]
    pub schema: Option<Box<RawValue>>,
    pub out_of_scope_label: Option<String>,
    pub categories: Vec<Node>,
    pub normal_due_minutes: i64,
    pub urgent_due_minutes: i64,
    pub normal_resolution_minutes: i64,
    pub urgent_resolution_minutes: i64,
    /// The newest 50.
    pub versions: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Instant,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Instant,
}

/// A label and its place in the list, which never changes.
#[derive(Serialize, ToSchema)]
#[schema(as = Label)]
pub struct LabelOut {
    pub id: i64,
    pub name: String,
    pub retired: bool,
}

fn out(conn: &mut Conn, agent: Agent, team: String) -> AppResult<AgentOut> {
    let labels = queries::list_labels(conn, agent.id)?;
    let versions = queries::list_versions(conn, agent.id)?;
    Ok(AgentOut {
        id: agent.id.to_string(),
        categories: queries::category_tree(conn, agent.id)?,
        schema: agent.json_schema.and_then(|text| RawValue::from_string(text).ok()),
        labels: labels
            .into_iter()
            .map(|l| LabelOut { id: l.position, name: l.name, retired: l.retired_at.is_some() })
            .collect(),
        versions: versions.into_iter().map(|version| version.name).collect(),
        slug: agent.slug,
        name: agent.name,
        kind: agent.kind,
        team,
        review: agent.review,
        visibility: agent.visibility,
        good_at: agent.good_at,
        not_for: agent.not_for,
        out_of_scope_label: agent.out_of_scope_label,
        normal_due_minutes: agent.normal_due_minutes,
        urgent_due_minutes: agent.urgent_due_minutes,
        normal_resolution_minutes: agent.normal_resolution_minutes,
        urgent_resolution_minutes: agent.urgent_resolution_minutes,
        created_at: agent.created_at,
        updated_at: agent.updated_at,
    })
}

/// Make an agent, or change one.
#[utoipa::path(
    tag = "agents",
    params(("slug" = String, Path, description = "The agent's name in programs")),
    request_body = AgentInput,
    responses(
        (status = 200, description = "Changed", body = AgentOut),
        (status = 201, description = "Made", body = AgentOut),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `admin`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "More than 10 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON by its type", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not valid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't write now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[put("/api/v1/agents/{slug}")]
pub async fn update(
    by: ApiKey<Admin>,
    db: Data<Db>,
    request: HttpRequest,
    slug: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let input: AgentInput = json::body(&request, &body)?;
    let (slug, actor, change) = (slug.into_inner(), Actor::Key(by.key.id.0), change(input));
    let (agent, is_new) = db
        .write(move |conn| {
            let (_, is_new) = actions::set(conn, actor, &slug, &change)?;
            let (agent, team) = queries::find_with_team(conn, &slug)?.ok_or(AppError::NotFound)?;
            Ok((out(conn, agent, team)?, is_new))
        })
        .await?;
    let mut response = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(agent))
}

fn change(input: AgentInput) -> AgentChange {
    AgentChange {
        name: input.name,
        kind: input.kind,
        team: input.team,
        review: input.review,
        visibility: input.visibility,
        good_at: input.good_at,
        not_for: input.not_for,
        labels: input.labels,
        schema: input.schema.map(|schema| schema.map(|raw| raw.get().to_owned())),
        out_of_scope_label: input.out_of_scope_label,
        categories: input.categories,
        normal_due_minutes: input.normal_due_minutes,
        urgent_due_minutes: input.urgent_due_minutes,
        normal_resolution_minutes: input.normal_resolution_minutes,
        urgent_resolution_minutes: input.urgent_resolution_minutes,
    }
}

/// One agent.
#[utoipa::path(
    tag = "agents",
    params(("slug" = String, Path, description = "The agent's name in programs")),
    responses(
        (status = 200, description = "The agent", body = AgentOut),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `read`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not there", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't be reached", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/agents/{slug}")]
pub async fn show(
    by: LimitedKey<Read>,
    db: Data<Db>,
    slug: Path<String>,
) -> AppResult<HttpResponse> {
    let slug = slug.into_inner();
    let agent = db
        .read(move |conn| {
            let found = queries::find_reached_by(conn, &by.reach, &slug)?;
            let (agent, team) = found.ok_or(AppError::NotFound)?;
            out(conn, agent, team)
        })
        .await?;
    Ok(HttpResponse::Ok().json(agent))
}

#[derive(Deserialize)]
struct Paging {
    limit: Option<i64>,
    cursor: Option<String>,
}

/// All agents, newest first.
#[utoipa::path(
    tag = "agents",
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 500, description = "Default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page, with a `Link` header when there is more", body = Page<AgentOut>),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `read`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not valid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't be reached", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/agents")]
pub async fn list(
    by: LimitedKey<Read>,
    db: Data<Db>,
    request: HttpRequest,
) -> AppResult<HttpResponse> {
    let paging = Query::<Paging>::from_query(request.query_string())
        .map_err(|_| AppError::invalid("/limit", "is a number from 1 to 500"))?
        .into_inner();
    let limit = paging::limit(paging.limit)?;
    let before = paging::before(paging.cursor.as_deref())?;
    let agents = db
        .read(move |conn| {
            let rows = queries::list_reached_by(conn, &by.reach, before, limit + 1)?;
            rows.into_iter().map(|(agent, team)| out(conn, agent, team)).collect()
        })
        .await?;
    let agents: Vec<AgentOut> = agents;
    Page::cut(agents, limit, |agent| agent.id.clone()).respond(&request)
}
