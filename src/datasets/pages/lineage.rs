//! Where a row came from and what became of what somebody said; and the rows of a release that are
//! out of use by now.

use crate::accounts::Engineer;
use crate::datasets::api::numbered;
use crate::datasets::lineage::{self, InRelease, Trace};
use crate::datasets::model::ReleaseRow;
use crate::datasets::{Shelf, queries, reason};
use crate::db::{Db, Instant};
use crate::error::{AppError, AppResult};
use crate::web::paging::{PAGE_ROWS, Page, with_cursor};
use crate::web::{PageContext, Site, page};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Of {
    of: String,
}

#[derive(Template)]
#[template(path = "datasets/lineage.html")]
struct LineagePage {
    ctx: PageContext,
    name: String,
    of: String,
    traces: Vec<Trace>,
    command: String,
    call: String,
}

impl LineagePage {
    fn time(&self, at: &Instant) -> (String, String, String) {
        (at.to_string(), at.ago(), at.exact())
    }
    /// What a release did with it.
    fn told(&self, held: &InRelease) -> String {
        match (&held.left_out, held.side) {
            (Some(why), _) => format!("left out with those that {}", reason::sentence(why)),
            (None, Some(side)) if held.weight > 1 => {
                format!("in {side}, for {} that say the same", held.weight)
            }
            (None, Some(side)) => format!("in {side}"),
            (None, None) => "being built".to_owned(),
        }
    }
}

/// `GET /datasets/{name}/lineage?of=…`
pub(super) async fn show(
    by: Engineer,
    db: Data<Db>,
    shelf: Data<Shelf>,
    site: Data<Site>,
    name: Path<String>,
    query: Query<Of>,
) -> AppResult<HttpResponse> {
    let (name, of) = (name.into_inner(), query.into_inner().of.trim().to_owned());
    let (asked, wanted) = (name.clone(), of.clone());
    let found = actix_web::web::block(move || lineage::follow(&db, &shelf, &asked, &wanted));
    let traces = found.await.map_err(AppError::internal)??;
    let shown = if of.is_empty() { "3/train/12" } else { &of };
    let encoded: String = url::form_urlencoded::byte_serialize(shown.as_bytes()).collect();
    let url = &site.public_url;
    let key = "-H \"Authorization: Bearer $OVERRULE_KEY\"";
    let page_of = LineagePage {
        ctx: by.ctx(),
        command: format!("overrule dataset lineage {name} '{}'", shown.replace('\'', "'\\''")),
        call: format!("curl {key} '{url}/api/v1/datasets/{name}/lineage?of={encoded}'"),
        name,
        of,
        traces,
    };
    page(StatusCode::OK, &page_of)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct After {
    cursor: Option<i64>,
}

struct RetiredRow {
    signal: String,
    side: String,
    category: String,
}

#[derive(Template)]
#[template(path = "datasets/retired.html")]
struct RetiredPage {
    ctx: PageContext,
    name: String,
    number: i64,
    rows: Vec<RetiredRow>,
    next: String,
}

/// `GET /datasets/{name}/releases/{number}/retired`
pub(super) async fn retired(
    by: Engineer,
    db: Data<Db>,
    request: HttpRequest,
    path: Path<(String, String)>,
    query: Query<After>,
) -> AppResult<HttpResponse> {
    let (name, number) = numbered(path.into_inner())?;
    let (asked, after) = (name.clone(), query.cursor.unwrap_or(-1));
    let rows = db
        .read(move |conn| {
            let found = queries::find_release(conn, &asked, number)?.ok_or(AppError::NotFound)?;
            queries::list_retired(conn, found.1.id, after, PAGE_ROWS + 1)
        })
        .await?;
    let rows = Page::cut(rows, PAGE_ROWS, |row| row.position.to_string());
    let row = |row: ReleaseRow| RetiredRow {
        signal: row.signal_id.to_string(),
        side: row.side.map(|side| side.to_string()).unwrap_or_default(),
        category: row.category.unwrap_or_default(),
    };
    let page_of = RetiredPage {
        ctx: by.ctx(),
        name,
        number,
        next: rows.next.map(|next| with_cursor(&request, &next)).unwrap_or_default(),
        rows: rows.items.into_iter().map(row).collect(),
    };
    page(StatusCode::OK, &page_of)
}
