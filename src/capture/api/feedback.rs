//! `POST /api/v1/feedback` and `GET /api/v1/feedback`

use super::body::{self, Items};
use crate::accounts::LimitedKey;
use crate::accounts::extract::scope::{Feedback as FeedbackScope, Read};
use crate::agents::Environment;
use crate::capture::draft::{self, Draft, Sent, time};
use crate::capture::queries::{self, FeedbackFilter, FeedbackOut, StatusFilter};
use crate::capture::submit::{Answer, Author, Row, Target};
use crate::capture::{Permit, Queues, links};
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::feedback::{FeedbackId, Verdict};
use crate::web::Site;
use crate::web::paging::{self, Page};
use crate::web::problem::{Problem, ProblemMistake};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use bytes::Bytes;
use serde::Serialize;
use std::str::FromStr;
use utoipa::ToSchema;

/// What became of one feedback.
#[derive(Serialize, ToSchema)]
pub struct FeedbackAnswer {
    /// With many: the place of the item in the body, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    /// The feedback's id; null where the item is invalid.
    id: Option<FeedbackId>,
    /// `created`, `duplicate` or `invalid`.
    result: &'static str,
    /// A link to what becomes of it, ready to show to the author.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_url: Option<String>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemMistake>,
}

/// The answer to many.
#[derive(Serialize, ToSchema)]
pub struct FeedbackAnswers {
    items: Vec<FeedbackAnswer>,
}

/// Send feedback on interactions that are there: an object, an array, or NDJSON.
///
/// One object is answered 201, or 200 where the same was sent before. Many are answered 200 with
/// a result for each. An answer means that it is on disk.
#[utoipa::path(
    tag = "feedback",
    request_body(content(
        (Sent = "application/json"),
        (String = "application/x-ndjson"),
    )),
    responses(
        (status = 200, description = "Many, or one that was sent before", body = FeedbackAnswers),
        (status = 201, description = "One, stored", body = FeedbackAnswer),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `feedback`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "One, on an interaction that is not there", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "More than 10 MiB, or a correction of more than 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Neither JSON nor NDJSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "One that is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't write now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[post("/api/v1/feedback")]
pub async fn create(
    by: LimitedKey<FeedbackScope>,
    queues: Data<Queues>,
    site: Data<Site>,
    request: HttpRequest,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let permit = Permit::of_key(&by.key);
    let rows = |sent: Vec<(Target, Draft)>| {
        sent.into_iter().map(|(target, draft)| row(target, draft, permit.clone())).collect()
    };
    match body::read(&request, body, draft::read_with_target).await? {
        Items::One(sent) => {
            let answers = queues.feedback.submit(rows(vec![sent.map_err(body::refused)?])).await?;
            match answers.into_iter().next() {
                Some(answer @ Answer::Created(_)) => {
                    Ok(HttpResponse::Created().json(describe(&site, Ok(answer), None)))
                }
                Some(answer @ Answer::Duplicate(_)) => {
                    Ok(HttpResponse::Ok().json(describe(&site, Ok(answer), None)))
                }
                Some(Answer::Invalid(mistakes)) => Err(AppError::Invalid(mistakes)),
                Some(Answer::NotFound) | None => Err(AppError::NotFound),
            }
        }
        Items::Many(items) => {
            let answers =
                body::store_each(items, |sent| queues.feedback.submit(rows(sent))).await?;
            let items = (answers.into_iter().enumerate())
                .map(|(n, answer)| describe(&site, answer, Some(n)))
                .collect();
            Ok(HttpResponse::Ok().json(FeedbackAnswers { items }))
        }
    }
}

fn row(target: Target, draft: Draft, permit: Permit) -> Row {
    Row { target, draft, author: Author::Claimed, permit, at: String::new() }
}

fn describe(site: &Site, answer: Result<Answer, Mistakes>, index: Option<usize>) -> FeedbackAnswer {
    let (result, id, mistakes) = match answer {
        Ok(Answer::Created(id)) => ("created", Some(id), Mistakes::default()),
        Ok(Answer::Duplicate(id)) => ("duplicate", Some(id), Mistakes::default()),
        Ok(Answer::Invalid(mistakes)) | Err(mistakes) => ("invalid", None, mistakes),
        Ok(Answer::NotFound) => {
            ("invalid", None, Mistakes::one("/interaction", "is not there, or its texts are gone"))
        }
    };
    FeedbackAnswer {
        index,
        id,
        result,
        receipt_url: id.map(|id| links::receipt_url(site, id)),
        errors: mistakes.0.iter().map(ProblemMistake::from).collect(),
    }
}

/// Feedback, newest first.
///
/// That is by when it came in, or with `since` or `until` by when it was given.
#[utoipa::path(
    tag = "feedback",
    params(
        ("agent" = Option<String>, Query, description = "Slug of an agent"),
        ("team" = Option<String>, Query, description = "Slug of a team"),
        ("verdict" = Option<Verdict>, Query),
        ("status" = Option<StatusFilter>, Query),
        ("category" = Option<String>, Query, description = "Slug of a category"),
        ("environment" = Option<Environment>, Query),
        ("since" = Option<String>, Query, description = "RFC 3339 or a day: when it was given, or later"),
        ("until" = Option<String>, Query, description = "RFC 3339 or a day: before it was given"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 500, description = "Default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page, with a `Link` header when there is more", body = Page<FeedbackOut>),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `read`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A filter that is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't be reached", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/feedback")]
pub async fn list(
    by: LimitedKey<Read>,
    db: Data<Db>,
    request: HttpRequest,
) -> AppResult<HttpResponse> {
    let (mut filter, limit) = filter(request.query_string())?;
    filter.reach = by.reach;
    let wanted = filter.clone();
    let rows = db.read(move |conn| Ok(queries::list_feedback(conn, &wanted, limit + 1)?)).await?;
    Page::cut(rows, limit, |row| filter.place_of(row).to_string()).respond(&request)
}

fn filter(query: &str) -> Result<(FeedbackFilter, i64), Mistakes> {
    let mut filter = FeedbackFilter::default();
    let mut limit = paging::PAGE_ROWS;
    let mut mistakes = Mistakes::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let (name, value) = (name.as_ref(), value.as_ref());
        let m = &mut mistakes;
        match name {
            "agent" => filter.agent = Some(value.to_owned()),
            "team" => filter.team = Some(value.to_owned()),
            "category" => filter.category = Some(value.to_owned()),
            "verdict" => filter.verdict = word(m, name, value),
            "status" => filter.status = word(m, name, value),
            "environment" => filter.environment = word(m, name, value),
            "since" => filter.since = when(m, name, value),
            "until" => filter.until = when(m, name, value),
            "cursor" => match value.parse() {
                Ok(place) => filter.after = Some(place),
                Err(why) => m.add("/cursor", why),
            },
            "limit" => match value.parse().ok().filter(|n| (1..=paging::MAX_LIMIT).contains(n)) {
                Some(n) => limit = n,
                None => m.add("/limit", format!("is a number from 1 to {}", paging::MAX_LIMIT)),
            },
            _ => m.add(format!("/{name}"), "is no filter here"),
        }
    }
    if !filter.has_its_place() {
        mistakes.add("/cursor", "is not `next` of an earlier page of this list");
    }
    mistakes.or((filter, limit))
}

fn word<T: FromStr<Err = String>>(mistakes: &mut Mistakes, name: &str, value: &str) -> Option<T> {
    value.parse().map_err(|why| mistakes.add(format!("/{name}"), why)).ok()
}

fn when(mistakes: &mut Mistakes, name: &str, value: &str) -> Option<crate::db::Instant> {
    time(value, &format!("/{name}")).map_err(|more| mistakes.0.extend(more.0)).ok()
}
