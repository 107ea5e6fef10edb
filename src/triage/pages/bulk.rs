//! `/triage/bulk`: the same decision on many items: first what it would decide, then one
//! resolution each.

use super::act::Along;
use super::view::{self, Row};
use crate::accounts::Reviewer;
use crate::clock;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::signals::model::{ItemId, Reviewer as By};
use crate::signals::queries as signals;
use crate::triage::actions::{self, AT_ONCE, Bulk};
use crate::triage::filter::{Filter, Wanted, reviewed_by};
use crate::triage::model::{ActId, Choice, MAX_REASON, Verb};
use crate::triage::queue;
use crate::web::{PageContext, form as body_form, page, see_other};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The most items that are decided at once.
const MOST: i64 = 200;

#[derive(Template)]
#[template(path = "triage/bulk.html")]
struct BulkPage {
    ctx: PageContext,
    query: String,
    back: String,
    rows: Vec<(Row, i64, bool)>,
    /// Whether more fit the filter than are shown.
    is_cut: bool,
    is_filtered: bool,
    decision: String,
    reason: String,
    mistakes: Mistakes,
}

/// What was sent.
#[derive(Debug, Clone, Default)]
struct BulkForm {
    decision: String,
    reason: String,
    along: Along,
    items: Vec<(ItemId, i64)>,
}

impl BulkForm {
    /// Boxes of one name come several times, which no struct of fields can hold.
    fn read(body: &[u8]) -> AppResult<Self> {
        let pairs: Vec<(String, String)> = body_form::read(body)?;
        let mut sent = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "decision" => sent.decision = value,
                "reason" => sent.reason = value,
                "filter" => sent.along.filter = value,
                "item" => {
                    let pair = value
                        .split_once(':')
                        .and_then(|(id, round)| Some((id.parse().ok()?, round.parse().ok()?)));
                    let wrong = || AppError::BadRequest("An item is its id and its round.".into());
                    sent.items.push(pair.ok_or_else(wrong)?);
                }
                _ => {}
            }
        }
        Ok(sent)
    }

    fn check(&self) -> Result<Choice, Mistakes> {
        let mut mistakes = Mistakes::default();
        let verb: Option<Verb> = self.decision.parse().ok();
        let verb = verb.filter(|verb| matches!(verb, Verb::Accepted | Verb::Declined));
        if verb.is_none() {
            mistakes.add("decision", "Choose what you decide.");
        }
        let reason = self.reason.trim();
        if verb == Some(Verb::Declined) && reason.is_empty() {
            mistakes.add("reason", "Say why: each reporter reads it.");
        }
        if reason.chars().count() > MAX_REASON {
            mistakes.add("reason", "It has more than 2,000 characters. Please shorten it.");
        }
        if self.items.is_empty() {
            mistakes.add("", "Choose at least one item.");
        }
        if self.items.len() > usize::try_from(MOST).unwrap_or(usize::MAX) {
            mistakes.add("", "At most 200 items are decided at once.");
        }
        let reason = Some(reason.to_owned()).filter(|why| !why.is_empty());
        mistakes.or(Choice { reason, ..Choice::plain(verb.unwrap_or(Verb::Accepted)) })
    }
}

/// `GET /triage/bulk`: what the filter keeps, to be looked over.
pub(super) async fn new(
    by: Reviewer,
    db: Data<Db>,
    filter: Query<Filter>,
) -> AppResult<HttpResponse> {
    let (ctx, filter) = (by.ctx(), filter.into_inner());
    let sent = BulkForm::default();
    show(StatusCode::OK, ctx, &db, Arc::new(by.0.who), filter, sent, Mistakes::default()).await
}

/// `POST /triage/bulk`: decides those that were chosen.
pub(super) async fn create(by: Reviewer, db: Data<Db>, body: Bytes) -> AppResult<HttpResponse> {
    let sent = BulkForm::read(&body)?;
    let (ctx, who, filter) = (by.ctx(), Arc::new(by.0.who), sent.along.filter());
    let choice = match sent.check() {
        Ok(choice) => choice,
        Err(mistakes) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return show(status, ctx, &db, who, filter, sent, mistakes).await;
        }
    };
    let (act, mut left) = (ActId::new(), 0);
    for items in sent.items.chunks(AT_ONCE) {
        let bulk = Bulk { act, items: items.to_vec(), choice: choice.clone() };
        let who = who.clone();
        let (_, some) = db.write(move |conn| actions::decide_many(conn, &who, &bulk)).await?;
        left += some;
    }
    let (act, left) = (act.to_string(), left.to_string());
    Ok(see_other(&filter.path("/triage", &[("done", &act), ("left", &left)])))
}

/// Rows with their round, and whether more fit.
fn read(
    conn: &mut Conn,
    who: &crate::accounts::Who,
    filter: &Filter,
) -> AppResult<(Vec<(Row, i64)>, bool)> {
    let now = clock::now();
    let used = reviewed_by(conn, who)?;
    let wanted = Wanted::for_person(conn, who, &used, filter, now)?;
    let mut placed = queue::walk(conn, &wanted, now, None, None, MOST + 1)?;
    let is_cut = placed.len() > usize::try_from(MOST).unwrap_or(usize::MAX);
    placed.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
    let ids: Vec<ItemId> = placed.iter().map(|each| each.row.item_id).collect();
    let standing = signals::standing(conn, &ids)?;
    let rounds: HashMap<ItemId, i64> =
        standing.into_iter().map(|(id, standing)| (id, standing.number)).collect();
    let rows = view::rows(conn, &placed, filter, By::Person(who.id()), now)?;
    let round = |row: &Row| rounds.get(&row.id).copied().unwrap_or(0);
    Ok((rows.into_iter().map(|row| (round(&row), row)).map(|(n, row)| (row, n)).collect(), is_cut))
}

async fn show(
    status: StatusCode,
    ctx: PageContext,
    db: &Data<Db>,
    who: Arc<crate::accounts::Who>,
    filter: Filter,
    sent: BulkForm,
    mistakes: Mistakes,
) -> AppResult<HttpResponse> {
    let wanted = filter.clone();
    let (rows, is_cut) = db.read(move |conn| read(conn, &who, &wanted)).await?;
    let chosen: HashSet<ItemId> = sent.items.iter().map(|(id, _)| *id).collect();
    let came_back = !mistakes.is_empty();
    let ticked = |row: &Row| if came_back { chosen.contains(&row.id) } else { true };
    let query = filter.query();
    let page_of = BulkPage {
        ctx,
        back: filter.path("/triage", &[]),
        is_filtered: !query.is_empty(),
        query,
        rows: rows
            .into_iter()
            .map(|(row, round)| {
                let ticked = ticked(&row);
                (row, round, ticked)
            })
            .collect(),
        is_cut,
        decision: sent.decision,
        reason: sent.reason,
        mistakes,
    };
    page(status, &page_of)
}
