//! `/datasets`

use super::show::{self, Told};
use crate::accounts::Engineer;
use crate::datasets::Question;
use crate::datasets::queries;
use crate::db::Db;
use crate::error::AppResult;
use crate::web::paging::{PAGE_ROWS, Page, with_cursor};
use crate::web::{PageContext, page};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

struct Row {
    name: String,
    question: String,
    format: String,
    newest: Option<Told>,
    changed: (String, String, String),
}

#[derive(Template)]
#[template(path = "datasets/index.html")]
struct IndexPage {
    ctx: PageContext,
    rows: Vec<Row>,
    next: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Paging {
    cursor: String,
}

/// `GET /datasets`
pub(super) async fn index(
    by: Engineer,
    db: Data<Db>,
    request: HttpRequest,
    paging: Query<Paging>,
) -> AppResult<HttpResponse> {
    let after = paging.into_inner().cursor;
    let found = db
        .read(move |conn| {
            let found = queries::list_after(conn, &after, PAGE_ROWS + 1)?;
            let found = Page::cut(found, PAGE_ROWS, |dataset| dataset.name.clone());
            let mut rows = Vec::new();
            for dataset in found.items {
                let newest = queries::list_releases(conn, dataset.id, None, 1)?;
                let question = Question::of(&dataset.question).ok();
                let at = dataset.updated_at;
                rows.push(Row {
                    question: question.as_ref().map(show::in_words).unwrap_or_default(),
                    format: question.map(|q| q.format.to_string()).unwrap_or_default(),
                    newest: newest.into_iter().next().map(|release| Told::of(&release)),
                    changed: (at.to_string(), at.ago(), at.exact()),
                    name: dataset.name,
                });
            }
            Ok((rows, found.next))
        })
        .await?;
    let (rows, next) = found;
    let next = next.map(|next| with_cursor(&request, &next)).unwrap_or_default();
    page(StatusCode::OK, &IndexPage { ctx: by.ctx(), rows, next })
}
