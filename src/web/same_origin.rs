//! Refuses writes that another site's page made a browser send. Programs with a key are no
//! browsers and pass.

use crate::error::AppError;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;

/// The middleware.
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if request.method().is_safe() || request.path().starts_with("/api/") || is_ours(&request) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let error = AppError::Forbidden("This form was sent from another site.".into());
    Ok(request.error_response(error))
}

/// `Sec-Fetch-Site` where the browser sends it, else `Origin` against `Host`.
fn is_ours(request: &ServiceRequest) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = header("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match header(header::ORIGIN.as_str()) {
        None => true,
        Some(origin) => {
            let host = request.connection_info().host().to_owned();
            origin.split_once("://").is_some_and(|(_, origin)| origin == host)
        }
    }
}
