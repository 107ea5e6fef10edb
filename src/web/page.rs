//! Rendering a page, and what the layout needs to know.

use crate::clock;
use crate::error::{AppError, AppResult};
use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use askama::Template;

/// What the layout shows around every page.
#[derive(Debug, Clone, Default)]
pub struct PageContext {
    /// Who is signed in.
    pub person: Option<Viewer>,
    /// The path of this page, so that the navigation can mark it.
    pub path: String,
    /// Whether this is the demo.
    pub demo: bool,
    /// A sentence about what was just done.
    pub notice: Option<String>,
}

/// Who is signed in, as far as the navigation cares.
#[derive(Debug, Clone)]
pub struct Viewer {
    pub name: String,
    pub email: String,
    pub is_admin: bool,
    pub is_engineer: bool,
    pub is_champion: bool,
    pub is_manager: bool,
    /// The time zone they chose; empty where the browser's is good.
    pub time_zone: String,
}

/// A page of HTML.
pub fn page(status: StatusCode, template: &impl Template) -> AppResult<HttpResponse> {
    Ok(html(status, template.render().map_err(AppError::internal)?))
}

/// Rendered HTML as an answer. Pages are personal: nobody in between may keep them.
pub fn html(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

/// Sends the browser to `path` after a form was taken.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

/// The middleware in which times are told in the reader's time zone.
pub async fn in_a_zone(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    clock::in_a_zone(next.call(request)).await
}
