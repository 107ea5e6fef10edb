//! Bodies of JSON with one object, read strictly: a mistake says where it is.

use crate::error::{AppError, AppResult};
use actix_web::HttpRequest;
use serde::de::DeserializeOwned;

/// Reads a body as `T`: 415 for another content type, 400 for what is not JSON, 422 with a
/// pointer for what is not valid.
pub fn body<T: DeserializeOwned>(request: &HttpRequest, body: &[u8]) -> AppResult<T> {
    let kind = request.headers().get("content-type").and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(AppError::MediaType("Send `application/json`.".into()));
    }
    let text = std::str::from_utf8(body)
        .map_err(|_| AppError::BadRequest("The body is not valid UTF-8.".into()))?;
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|error| AppError::BadRequest(format!("The body is not JSON: {error}.")))?;
    super::strict::unfit(text)?;
    Ok(super::strict::read(text)?)
}
