//! `/api/v1/review-items`: the queue for programs. A program is named by its key, and may hold many
//! items at once.

mod items;

pub use items::{CandidateOut, ReviewItem, ReviewOut};
use items::{describe, describe_many, must_reach, takes};

use super::actions::{self, Follows};
use super::filter::{Filter, Wanted};
use super::judge::Judge;
use super::model::{ActId, Choice, Verb};
use super::queue::{self, Place};
use crate::accounts::extract::scope::Triage;
use crate::accounts::{LimitedKey, Reach};
use crate::clock;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::feedback::Verdict;
use crate::feedback::model::Severity;
use crate::interactions::JsonText;
use crate::signals::SignalStatus;
use crate::signals::model::{ItemId, QueueState, ResolutionId, Reviewer};
use crate::web::json;
use crate::web::paging::{self, Page};
use crate::web::problem::Problem;
use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::str::FromStr;
use utoipa::ToSchema;

/// `/api/v1/review-items…`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(claim).service(decide).service(release);
}

/// Which item is claimed: this one, or the next of this agent and team.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimInput {
    /// Slug of an agent.
    agent: Option<String>,
    /// Slug of a team.
    team: Option<String>,
    item: Option<ItemId>,
}

/// A claimed item.
#[derive(Serialize, ToSchema)]
pub struct Claimed {
    item: ReviewItem,
}

/// A decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionInput {
    decision: Verb,
    /// The right output: with `accepted_with_edits`, and with `accepted` on a conflict.
    #[serde(default)]
    #[schema(value_type = serde_json::Value, required = false)]
    label: Option<Box<RawValue>>,
    /// Why, or the question; the reporter reads it. Required with `declined` and `needs_info`.
    #[serde(default)]
    reason: Option<String>,
    /// With `duplicate`: the item that says the same.
    #[serde(default)]
    duplicate_of: Option<ItemId>,
}

/// What became of a decision.
#[derive(Serialize, ToSchema)]
pub struct DecisionOut {
    /// Null where it does not stand yet.
    resolution: Option<ResolutionId>,
    /// Where the item's feedback stands now.
    status: SignalStatus,
    /// `reviews`: others decide it, too, without knowing of this; `adjudication`: the reviewers
    /// differ, and somebody else settles it; null where it stands.
    waits_for: Option<&'static str>,
    /// How many reviews are still awaited.
    reviews_missing: i64,
}

/// What waits, in the order in which it is looked at: urgent items by when they are due, then late
/// ones, then the newest.
#[utoipa::path(
    tag = "triage",
    params(
        ("agent" = Option<String>, Query, description = "Slug of an agent"),
        ("team" = Option<String>, Query, description = "Slug of a team"),
        ("version" = Option<String>, Query, description = "Name of a version"),
        ("verdict" = Option<Verdict>, Query),
        ("category" = Option<String>, Query, description = "Slug of a category"),
        ("severity" = Option<Severity>, Query),
        ("person" = Option<String>, Query, description = "Address of somebody who reported it"),
        ("state" = Option<QueueState>, Query, description = "`waiting` (default), `asked`, `escalated`, `adjudication` (reviewers differ) or `between_teams` (teams differ, for the team that owns the agent)"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 500, description = "Default 50"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page, with a `Link` header when there is more", body = Page<ReviewItem>),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `triage`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A filter that is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't be reached", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/review-items")]
pub async fn list(
    by: LimitedKey<Triage>,
    db: Data<Db>,
    request: HttpRequest,
) -> AppResult<HttpResponse> {
    let (filter, after, limit) = question(request.query_string())?;
    let page = db
        .read(move |conn| {
            let now = clock::now();
            let used = takes(conn, &by.reach, filter.state())?;
            let wanted = Wanted::of(conn, &used, &filter)?;
            let placed = queue::walk(conn, &wanted, now, after, None, limit + 1)?;
            let placed = Page::cut(placed, limit, |each| each.place.to_string());
            let ids: Vec<ItemId> = placed.items.iter().map(|each| each.row.item_id).collect();
            let items = describe_many(conn, Judge::Key(by.key.id, &by.reach), &ids, now)?;
            Ok(Page { items, next: placed.next })
        })
        .await?;
    page.respond(&request)
}

fn question(query: &str) -> Result<(Filter, Option<Place>, i64), Mistakes> {
    let (mut filter, mut after, mut limit) = (Filter::default(), None, paging::PAGE_ROWS);
    let mut mistakes = Mistakes::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let value = value.into_owned();
        let m = &mut mistakes;
        match name.as_ref() {
            "agent" => filter.agent = value,
            "team" => filter.team = value,
            "version" => filter.version = value,
            "category" => filter.category = value,
            "person" => filter.person = value,
            "verdict" => filter.verdict = word::<Verdict>(m, "/verdict", value),
            "severity" => filter.severity = word::<Severity>(m, "/severity", value),
            "state" => filter.state = word::<QueueState>(m, "/state", value),
            "cursor" => match value.parse() {
                Ok(place) => after = Some(place),
                Err(why) => m.add("/cursor", why),
            },
            "limit" => match value.parse().ok().filter(|n| (1..=paging::MAX_LIMIT).contains(n)) {
                Some(n) => limit = n,
                None => m.add("/limit", format!("is a number from 1 to {}", paging::MAX_LIMIT)),
            },
            other => m.add(format!("/{other}"), "is no filter here"),
        }
    }
    mistakes.or((filter, after, limit))
}

fn word<T: FromStr<Err = String>>(mistakes: &mut Mistakes, at: &str, value: String) -> String {
    if let Err(why) = value.parse::<T>() {
        mistakes.add(at, why);
    }
    value
}

/// Claim the next item, or a given one, for fifteen minutes.
///
/// With an item's id it is that one: claimed again by the same key, the claim lasts longer. A
/// conflict is claimed as a whole.
#[utoipa::path(
    tag = "triage",
    request_body = ClaimInput,
    responses(
        (status = 200, description = "Claimed", body = Claimed),
        (status = 204, description = "Nothing waits that nobody has"),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `triage`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such item", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Somebody else has the item, or it is decided", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not valid", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't write now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[post("/api/v1/review-items/claim")]
pub async fn claim(
    by: LimitedKey<Triage>,
    db: Data<Db>,
    request: HttpRequest,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let input: ClaimInput =
        if body.is_empty() { ClaimInput::default() } else { json::body(&request, &body)? };
    let filter = Filter {
        agent: input.agent.unwrap_or_default(),
        team: input.team.unwrap_or_default(),
        ..Filter::default()
    };
    let claimed = db
        .write(move |conn| {
            let judge = Judge::Key(by.key.id, &by.reach);
            let found = match input.item {
                Some(item) => {
                    must_reach(conn, by.key.id, &by.reach, item)?;
                    match actions::claim(conn, judge, item)? {
                        Ok(_) => Some(item),
                        Err(why) => return Ok(Err(why)),
                    }
                }
                None => next(conn, judge, &by.reach, &filter)?,
            };
            match found {
                Some(item) => Ok(Ok(describe(conn, judge, item, clock::now())?)),
                None => Ok(Ok(None)),
            }
        })
        .await?
        .map_err(AppError::Conflict)?;
    match claimed {
        Some(item) => Ok(HttpResponse::Ok().json(Claimed { item })),
        None => Ok(HttpResponse::NoContent().finish()),
    }
}

/// Claims the next: first what is to be settled, for it holds others up.
fn next(
    conn: &mut Conn,
    judge: Judge<'_>,
    reach: &Reach,
    filter: &Filter,
) -> AppResult<Option<ItemId>> {
    for state in [QueueState::Adjudication, QueueState::BetweenTeams, QueueState::Waiting] {
        let used = takes(conn, reach, state)?;
        let wanted = Wanted::of(conn, &used, &filter.with_state(state.as_str()))?;
        if let Some((item, _)) = actions::claim_next(conn, judge, &wanted, None)? {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

/// Decide an item.
///
/// It need not be claimed, but may not be claimed by another. On a conflict `accepted` names its
/// `label`: what agrees with it is accepted, what contradicts it is declined; `declined` declines
/// all of it. Where several reviews are needed it stands once all say the same; where they
/// differ, somebody else settles it. On an `audit` item `accepted` says that the output was right,
/// `accepted_with_edits` gives the right one, and `declined` says that it was wrong.
#[utoipa::path(
    tag = "triage",
    params(("id" = ItemId, Path)),
    request_body = DecisionInput,
    responses(
        (status = 201, description = "Decided", body = DecisionOut),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `triage`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such item", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is decided, by whom and how, or somebody else has it", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not valid", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't write now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[post("/api/v1/review-items/{id}/decisions")]
pub async fn decide(
    by: LimitedKey<Triage>,
    db: Data<Db>,
    request: HttpRequest,
    id: Path<ItemId>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let input: DecisionInput = json::body(&request, &body)?;
    let (id, act) = (id.into_inner(), ActId::new());
    let choice = Choice {
        verb: input.decision,
        label: input.label.map(JsonText::from),
        candidate: None,
        reason: input.reason.filter(|why| !why.trim().is_empty()),
        duplicate_of: input.duplicate_of,
    };
    let decided = db
        .write(move |conn| {
            must_reach(conn, by.key.id, &by.reach, id)?;
            actions::decide(conn, Judge::Key(by.key.id, &by.reach), act, id, None, &choice)
        })
        .await?;
    let (waits_for, reviews_missing) = match decided.follows {
        Follows::Nothing => (None, 0),
        Follows::Reviews(missing) => (Some("reviews"), missing),
        Follows::Adjudication => (Some("adjudication"), 0),
        Follows::HandedOver(why) => return Err(AppError::Conflict(why)),
    };
    let (resolution, status) = (decided.resolution, decided.status);
    Ok(HttpResponse::Created().json(DecisionOut { resolution, status, waits_for, reviews_missing }))
}

/// Give a claimed item back.
#[utoipa::path(
    tag = "triage",
    params(("id" = ItemId, Path)),
    responses(
        (status = 204, description = "Nobody has it now, or nobody had it"),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `triage`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such item", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Somebody else has it", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't write now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[delete("/api/v1/review-items/{id}/claim")]
pub async fn release(
    by: LimitedKey<Triage>,
    db: Data<Db>,
    id: Path<ItemId>,
) -> AppResult<HttpResponse> {
    let (me, id) = (Reviewer::Key(by.key.id), id.into_inner());
    db.write(move |conn| {
        must_reach(conn, by.key.id, &by.reach, id)?;
        actions::give_back(conn, me, id)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
