//! `POST /api/v1/interactions` and `GET /api/v1/interactions/{id}`

use super::body::{self, Items};
use crate::accounts::LimitedKey;
use crate::accounts::extract::scope::{Ingest, Read};
use crate::capture::intake::{Answer, Row};
use crate::capture::line::{self, Line};
use crate::capture::submit::Answer as FeedbackAnswer;
use crate::capture::{Permit, Queues, links, queries};
use crate::clock;
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::interactions::InteractionId;
use crate::interactions::actions::Recorded;
use crate::web::Site;
use crate::web::problem::{Problem, ProblemMistake};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

/// What became of one interaction.
#[derive(Serialize, ToSchema)]
pub struct InteractionAnswer {
    /// With many: the place of the item in the body, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    /// The interaction's id; null where the item is invalid.
    id: Option<InteractionId>,
    /// `created`, `duplicate`, `conflict` or `invalid`.
    result: &'static str,
    /// The page that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// A signed link to give feedback on it, ready to show to the end user.
    #[serde(skip_serializing_if = "Option::is_none")]
    correct_url: Option<String>,
    /// What is wrong with the item, or with feedback inside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemMistake>,
}

/// The answer to many.
#[derive(Serialize, ToSchema)]
pub struct InteractionAnswers {
    items: Vec<InteractionAnswer>,
}

/// Send interactions: an object, an array, or NDJSON.
///
/// One object is answered 201, or 200 where the same was sent before, or 409 where its key is
/// taken by other content. Many are answered 200 with a result for each. An answer means that it
/// is on disk.
#[utoipa::path(
    tag = "interactions",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Makes sending the same again safe where there is no `external_id`")),
    request_body(content(
        (line::Sent = "application/json"),
        (String = "application/x-ndjson"),
    )),
    responses(
        (status = 200, description = "Many, or one that was sent before", body = InteractionAnswers),
        (status = 201, description = "One, stored", body = InteractionAnswer),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `ingest`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The key is taken by other content", body = InteractionAnswer),
        (status = 413, description = "More than 10 MiB, or one of more than 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Neither JSON nor NDJSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "One that is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't write now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[post("/api/v1/interactions")]
pub async fn create(
    by: LimitedKey<Ingest>,
    queues: Data<Queues>,
    site: Data<Site>,
    request: HttpRequest,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let permit = Permit::of_key(&by.key);
    let idempotency = idempotency_key(&request)?;
    let rows = |lines: Vec<Line>| {
        lines.into_iter().map(|line| Row::logged(line, permit.clone())).collect()
    };
    match body::read(&request, body, line::read).await? {
        Items::One(line) => {
            let mut line = line.map_err(body::refused)?;
            if line.external_id.is_none() {
                line.external_id = idempotency;
            }
            let answers = queues.lines.submit(rows(vec![line])).await?;
            let answer = answers.into_iter().next().ok_or_else(no_answer)?;
            one(&site, answer)
        }
        Items::Many(mut items) => {
            number(&mut items, idempotency.as_deref());
            let answers = body::store_each(items, |lines| queues.lines.submit(rows(lines))).await?;
            let items = (answers.into_iter().enumerate())
                .map(|(n, answer)| describe(&site, answer, Some(n)))
                .collect();
            Ok(HttpResponse::Ok().json(InteractionAnswers { items }))
        }
    }
}

fn one(site: &Site, answer: Answer) -> AppResult<HttpResponse> {
    let mut response = match &answer.interaction {
        Ok(Recorded::Created(_)) => HttpResponse::Created(),
        Ok(Recorded::Duplicate(_)) => HttpResponse::Ok(),
        Ok(Recorded::Conflict(_)) => HttpResponse::Conflict(),
        Err(mistakes) => return Err(AppError::Invalid(mistakes.clone())),
    };
    Ok(response.json(describe(site, Ok(answer), None)))
}

fn describe(
    site: &Site,
    answer: Result<Answer, Mistakes>,
    index: Option<usize>,
) -> InteractionAnswer {
    let (interaction, feedback) = match answer {
        Ok(answer) => (answer.interaction, answer.feedback),
        Err(mistakes) => (Err(mistakes), Vec::new()),
    };
    let (result, id, mut errors) = match interaction {
        Ok(Recorded::Created(id)) => ("created", Some(id), Vec::new()),
        Ok(Recorded::Duplicate(id)) => ("duplicate", Some(id), Vec::new()),
        Ok(Recorded::Conflict(id)) => ("conflict", Some(id), Vec::new()),
        Err(mistakes) => ("invalid", None, mistakes.0.iter().map(ProblemMistake::from).collect()),
    };
    for answer in feedback {
        if let FeedbackAnswer::Invalid(mistakes) = answer {
            errors.extend(mistakes.0.iter().map(ProblemMistake::from));
        }
    }
    InteractionAnswer {
        index,
        id,
        result,
        url: id.map(|id| format!("{}/interactions/{id}", site.public_url)),
        correct_url: id.map(|id| links::correct_url(site, id, clock::now())),
        errors,
    }
}

fn no_answer() -> AppError {
    AppError::internal(anyhow::anyhow!("the queue gave no answer"))
}

/// `Idempotency-Key`, as an external id.
fn idempotency_key(request: &HttpRequest) -> AppResult<Option<String>> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=200).contains(&key.len()) => Ok(Some(format!("idempotency:{key}"))),
        _ => Err(AppError::BadRequest("`Idempotency-Key` has 1 to 200 ASCII characters.".into())),
    }
}

/// One key for many items: each gets its place with it.
fn number(items: &mut [Result<Line, Mistakes>], key: Option<&str>) {
    let Some(key) = key else { return };
    for (n, item) in items.iter_mut().enumerate() {
        if let Ok(line) = item
            && line.external_id.is_none()
        {
            line.external_id = Some(format!("{key}:{n}"));
        }
    }
}

/// One interaction with its feedback.
#[utoipa::path(
    tag = "interactions",
    params(("id" = String, Path, description = "The interaction's id")),
    responses(
        (status = 200, description = "The interaction", body = queries::InteractionOut),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `read`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not there", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't be reached", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/interactions/{id}")]
pub async fn show(by: LimitedKey<Read>, db: Data<Db>, id: Path<String>) -> AppResult<HttpResponse> {
    let id: InteractionId = id.parse().map_err(|_| AppError::NotFound)?;
    let found = db.read(move |conn| Ok(queries::interaction(conn, id)?)).await?;
    let found = found.filter(|found| by.reach.has(&found.agent, &found.team));
    Ok(HttpResponse::Ok().json(found.ok_or(AppError::NotFound)?))
}
