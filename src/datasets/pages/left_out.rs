//! What a release leaves out for one reason.

use crate::accounts::Engineer;
use crate::datasets::api::numbered;
use crate::datasets::model::ReleaseRow;
use crate::datasets::{queries, reason};
use crate::db::Db;
use crate::error::{AppError, AppResult};
use crate::web::paging::{PAGE_ROWS, Page, with_cursor};
use crate::web::{PageContext, page};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LeftQuery {
    reason: String,
    cursor: Option<i64>,
}

struct LeftRow {
    href: String,
    signal: String,
    category: String,
}

#[derive(Template)]
#[template(path = "datasets/left_out.html")]
struct LeftPage {
    ctx: PageContext,
    name: String,
    number: i64,
    sentence: &'static str,
    rows: Vec<LeftRow>,
    next: String,
}

/// `GET /datasets/{name}/releases/{number}/left-out?reason=…`
pub(super) async fn left_out(
    by: Engineer,
    db: Data<Db>,
    request: HttpRequest,
    path: Path<(String, String)>,
    query: Query<LeftQuery>,
) -> AppResult<HttpResponse> {
    let (name, number) = numbered(path.into_inner())?;
    let (asked, query) = (name.clone(), query.into_inner());
    let (why, after) = (query.reason.clone(), query.cursor.unwrap_or(-1));
    let rows = db
        .read(move |conn| {
            let found = queries::find_release(conn, &asked, number)?.ok_or(AppError::NotFound)?;
            queries::list_left(conn, found.1.id, &why, after, PAGE_ROWS as usize + 1)
        })
        .await?;
    let rows = Page::cut(rows, PAGE_ROWS, |row| row.position.to_string());
    let row = |row: ReleaseRow| LeftRow {
        href: format!("/interactions/{}", row.interaction_id),
        signal: row.signal_id.to_string(),
        category: row.category.unwrap_or_default(),
    };
    let page_of = LeftPage {
        ctx: by.ctx(),
        name,
        number,
        sentence: reason::sentence(&query.reason),
        next: rows.next.map(|next| with_cursor(&request, &next)).unwrap_or_default(),
        rows: rows.items.into_iter().map(row).collect(),
    };
    page(StatusCode::OK, &page_of)
}
