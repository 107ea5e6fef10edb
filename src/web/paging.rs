//! Keyset pages: the cursor is the last id of the page before, newest first.

use crate::error::{AppError, AppResult};
use actix_web::HttpResponse;
use actix_web::http::header;
use serde::Serialize;

/// The most items one API page may have.
pub const MAX_LIMIT: i64 = 500;
/// How many rows a page in the browser has.
pub const PAGE_ROWS: i64 = 50;

/// A page of a list: `{"items": […], "next": cursor|null}`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Give this as `cursor` to get the next page; null on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of `limit + 1` rows: the extra row only tells that there is more.
    pub fn cut(mut rows: Vec<T>, limit: i64, id: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(id) } else { None };
        Self { items: rows, next }
    }

    /// The same page of other things.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

impl<T: Serialize> Page<T> {
    /// As JSON, with a `Link: <…>; rel="next"` header when there is more.
    pub fn respond(&self, request: &actix_web::HttpRequest) -> AppResult<HttpResponse> {
        let body = serde_json::to_string(self).map_err(AppError::internal)?;
        let mut response = HttpResponse::Ok();
        response.content_type("application/json");
        if let Some(next) = &self.next {
            response.insert_header((
                header::LINK,
                format!("<{}>; rel=\"next\"", with_cursor(request, next)),
            ));
        }
        Ok(response.body(body))
    }
}

/// The id that `cursor` names, or what is wrong with it.
pub fn before<T: std::str::FromStr>(cursor: Option<&str>) -> AppResult<Option<T>> {
    let id = cursor.map(str::parse).transpose();
    id.map_err(|_| AppError::invalid("/cursor", "is not `next` of an earlier page"))
}

/// This request's path and query with another cursor.
pub fn with_cursor(request: &actix_web::HttpRequest, cursor: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
        if key != "cursor" {
            query.append_pair(&key, &value);
        }
    }
    query.append_pair("cursor", cursor);
    format!("{}?{}", request.path(), query.finish())
}

/// `limit` as asked: 1 to 500, 50 when not given.
pub fn limit(asked: Option<i64>) -> AppResult<i64> {
    match asked {
        None => Ok(PAGE_ROWS),
        Some(n) if (1..=MAX_LIMIT).contains(&n) => Ok(n),
        Some(_) => Err(AppError::invalid("/limit", format!("is a number from 1 to {MAX_LIMIT}"))),
    }
}
